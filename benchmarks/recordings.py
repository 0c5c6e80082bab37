"""Animate every reference recording and check that nothing is impossible. Counts and the worst offenders.

    python benchmarks/recordings.py                 speech, kathleen, emodb, beat
    python benchmarks/recordings.py --limit 20      the first 20 of each folder
    python benchmarks/recordings.py --emotion anger --speaker orator

Checks per recording: no error and no traceback; no NaN; ARKit weights in [0, 1]; joints inside their ranges
(5 degrees of tolerance); hands no deeper than 3 cm in trunk, head or thighs and 4 cm in one another (real
clips reach 4, 2, 6 and 4 cm in the 90th percentile of stories); planted feet slide slower than 2 cm/s; no
joint turns faster than 1000 degrees/s nor accelerates above 20,000 degrees/s² (real clips: 700, 13,000).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import real_clips

FOLDERS = ("speech", "kathleen", "emodb", "beat")
SOUNDS = (".wav", ".flac", ".mp3", ".ogg")

# measure -> (largest allowed value, unit)
LIMITS: dict[str, tuple[float, str]] = {
    "limits_worst": (0.0, "deg beyond a joint's range and tolerance"),
    "depth_trunk": (3.0, "cm in the trunk"),
    "depth_head": (3.0, "cm in the head"),
    "depth_thighs": (3.0, "cm in a thigh"),
    "depth_hands": (4.0, "cm in the other hand"),
    "slide_mean": (2.0, "cm/s of planted feet"),
    "joint_speed_max": (1000.0, "deg/s"),
    "joint_acceleration_max": (20_000.0, "deg/s2"),
    "wrist_jump_max": (6.0, "cm off course in a frame"),
    "arkit_outside": (0.0, "weights outside [0, 1]"),
}


def recordings(limit: int | None) -> Iterator[tuple[str, Path]]:
    """(folder, file) of every recording, ``limit`` of each folder spread evenly over it."""
    data = real_clips.data_folder()
    for folder in FOLDERS:
        files = sorted(p for p in (data / folder).rglob("*") if p.suffix in SOUNDS)
        if limit is not None and len(files) > limit:
            files = [files[round(i)] for i in np.linspace(0, len(files) - 1, limit)]
        yield from ((folder, p) for p in files)


def check(job: tuple[str, str, str, str, int, str | None]) -> dict[str, Any]:
    """Animate one recording and measure it; never raises."""
    folder, path, emotion, speaker, seed, body = job
    import gengine
    from gengine.errors import GengineError
    from gengine.metrics.safety import inspect

    warnings.simplefilter("ignore")
    result: dict[str, Any] = {"folder": folder, "path": path}
    began = time.perf_counter()
    try:
        p = gengine.animate(path, emotion, speaker=speaker, seed=seed, body=body)
        result["seconds"] = p.duration
        result["wall"] = time.perf_counter() - began
        assert p.motion is not None
        assert p.face is not None
        found = inspect(p.motion)
        weights = p.face.weights
        whole = [weights, p.face.head, p.face.gaze, p.motion.rotations, p.motion.root]
        result["finite"] = bool(found.finite and all(np.isfinite(x).all() for x in whole))
        result["lengths"] = abs(p.motion.duration - p.duration) < 0.1 and abs(p.face.duration - p.duration) < 0.1
        table = found.summary()
        table["arkit_outside"] = float(((weights < 0) | (weights > 1)).sum())
        result["table"] = {k: table.get(k, 0.0) for k in LIMITS}
        result["joints"] = dict(found.jump_joint)
        result["when"] = {**{f"depth_{k}": v for k, v in found.depth_time.items()}, **found.jump_time}
        if found.limits:
            worst = found.limits[0]
            result["when"]["limits_worst"] = worst.time
            result["joints"]["limits_worst"] = worst.name
            result["all_limits"] = [(e.name, round(e.worst, 1)) for e in found.limits]
    except GengineError as error:
        result["error"] = str(error)
    except Exception:  # noqa: BLE001 - a traceback is what this benchmark looks for
        result["crash"] = traceback.format_exc(limit=-3)
    return result


def show(results: list[dict[str, Any]], worst: int) -> int:
    """Print counts and the worst offenders; returns the number of failures."""
    crashed = [r for r in results if "crash" in r]
    refused = [r for r in results if "error" in r]
    done = [r for r in results if "table" in r]
    sound, wall = sum(r["seconds"] for r in done), sum(r["wall"] for r in done)
    speed = sound / max(wall, 1e-9)
    print(f"{len(results)} recordings, {sound / 60:.1f} min of sound, {speed:.1f} x real time per process")
    failed = len(crashed)
    for name, group in (("crashed", crashed), ("refused", refused)):
        print(f"{name}: {len(group)}")
        for r in group[:worst]:
            print(f"   {r['folder']}/{Path(r['path']).name}: {r.get('error') or r['crash'].strip().splitlines()[-1]}")
    for name in ("finite", "lengths"):
        bad = [r for r in done if not r[name]]
        failed += len(bad)
        print(f"not {name}: {len(bad)}")
    for key, (limit, unit) in LIMITS.items():
        values = np.array([r["table"][key] for r in done])
        if len(values) == 0:
            continue
        beyond = values > limit + 1e-9
        failed += int(beyond.sum())
        print(f"{key:24s} {int(beyond.sum()):4d} of {len(values)} above {limit:g}; median {np.median(values):.2f}, "
              f"p95 {np.percentile(values, 95):.2f}, max {values.max():.2f} {unit}")  # fmt: skip
        for i in np.argsort(-values)[:worst]:
            if beyond[i]:
                r = done[i]
                at = r["when"].get(key)
                what = f" {r['joints'].get(key, '')}"
                time_text = f" at {at:.2f} s" if at is not None else ""
                print(f"     {values[i]:9.2f}{what} {r['folder']}/{Path(r['path']).name}{time_text}")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, help="recordings per folder")
    parser.add_argument("--emotion", default="auto")
    parser.add_argument("--speaker", default="conversational")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--body", help="body network: choreographer, camn, or a checkpoint's folder")
    parser.add_argument("--worst", type=int, default=3, help="offenders printed per check")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    from gengine.errors import GengineError

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        files = list(recordings(options.limit))
    except GengineError as error:
        print(error, file=sys.stderr)
        return 2
    jobs = [(folder, str(p), options.emotion, options.speaker, options.seed, options.body) for folder, p in files]
    with ProcessPoolExecutor(max_workers=options.processes) as pool:
        results = list(pool.map(check, jobs, chunksize=4))
    failed = show(results, options.worst)
    print(f"\n{failed} FAIL" if failed else "\nall PASS")
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1), "utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
