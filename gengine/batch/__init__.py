"""Many recordings become many runs: in parallel processes or on a Ray cluster, resumable, none stopping the others.

``listing`` makes entries of files, folders and manifests; ``run_all`` hands them to ``local_workers`` or
``ray_workers``, where ``worker`` makes each by ``run_options.make_run``, the very function of a single run;
``summary`` tells of them all.
"""
