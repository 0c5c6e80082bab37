"""A whole batch: its folder is claimed, what was killed is cleared away, every entry is made, the summary written."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gengine.batch.entry import Entry
from gengine.batch.listing import Listing
from gengine.batch.summary import SUMMARY, write_summary
from gengine.batch.worker import Outcome
from gengine.core.placing import settle, sweep
from gengine.errors import GengineError

Hear = Callable[[int, Outcome], None]
Share = Callable[[int, float], None]


def run_all(
    listing: Listing,
    out: Path,
    jobs: int | None = None,
    *,
    cluster: str | None = None,
    hear: Hear = lambda number, outcome: None,
    share: Share = lambda number, done: None,
) -> list[Outcome]:
    """Make every entry of a listing below ``out`` and return what became of each, in the listing's order.

    ``jobs`` is the number of processes (None: one a core); with ``cluster`` they are actors of the Ray cluster of that
    address, "" for one here.
    Entries that are finished there with the same options and inputs are kept. ``hear(number, outcome)`` is called as
    each ends, ``share(number, done)`` with the part of an entry that is done, and with (-1, 0) now and then.
    ``summary.csv`` of ``out`` tells of all. Raises ``GengineError`` where ``out`` cannot be written, where another
    batch is writing there, and where there is no cluster.
    """
    if jobs is not None and jobs < 1:
        raise GengineError(f"--jobs {jobs}: expected a number of processes, at least 1")
    entries, found = listing.entries, {}
    with _claimed(out):
        _clear(out, entries)
        (out / SUMMARY).unlink(missing_ok=True)
        with closing(_outcomes(entries, out, jobs, cluster, share)) as outcomes:
            for number, outcome in outcomes:
                found[number] = outcome
                hear(number, outcome)
        ordered = [found[number] for number in range(len(entries))]
        write_summary(ordered, out)
    return ordered


def _outcomes(
    entries: list[Entry], out: Path, jobs: int | None, cluster: str | None, share: Share
) -> Generator[tuple[int, Outcome], None, None]:
    if cluster is not None:
        from gengine.batch.ray_workers import outcomes

        return outcomes([entry.absolute() for entry in entries], out.absolute(), jobs, cluster or None, share)
    from gengine.batch.local_workers import cores, outcomes

    return outcomes(entries, out, jobs or cores(), share)


@contextmanager
def _claimed(out: Path) -> Iterator[None]:
    """``out`` exists and is this batch's alone: the claim ends with the process, however it ends."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GengineError(f"--out {out}: cannot be made ({error.strerror}); choose another folder") from None
    try:
        import fcntl
    except ImportError:  # Windows: two batches in one folder are the user's to avoid
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GengineError(f"--out {out}: another batch is writing there; wait for it, or choose another") from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)


def _clear(out: Path, entries: list[Entry]) -> None:
    """Remove what runs had begun when they were killed, and finish what they had begun to move."""
    for place in {(out / entry.name).parent for entry in entries} | {out / entry.name for entry in entries}:
        sweep(place)
        settle(place)
