"""Speed of every file format: writes and reads an hour of performance in one-minute stretches.

    python benchmarks/files.py [--minutes 60] [--folder runs]

Prints, per format, how many times faster than real time it was written and read, the file's size, and the growth
of the process's memory while writing.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from gengine.avatars.importing.gltf_figure import load_glb_avatar
from gengine.core import rotation
from gengine.core.archive import load_performance
from gengine.core.audio import AudioClip
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.skeleton import beat_skeleton
from gengine.core.words import WordTrack
from gengine.formats.beat_json import BeatJsonExporter, read_beat_json
from gengine.formats.bvh import BvhExporter
from gengine.formats.bvh_reader import read_bvh
from gengine.formats.glb import GlbExporter
from gengine.formats.livelink import LiveLinkExporter, read_livelink
from gengine.formats.npz import NpzExporter
from gengine.formats.smplx import SmplxExporter, read_smplx
from gengine.formats.vrma import VrmaExporter

FORMATS = (
    (BvhExporter, read_bvh),
    (LiveLinkExporter, read_livelink),
    (BeatJsonExporter, read_beat_json),
    (NpzExporter, load_performance),
    (GlbExporter, load_glb_avatar),
    (VrmaExporter, None),
    (SmplxExporter, read_smplx),
)


def minute(body_fps: int, face_fps: int) -> Performance:
    """A minute of smooth random motion with every track."""
    rng = np.random.default_rng(0)

    def turns(frames: int, joints: int) -> np.ndarray:
        return rotation.from_rotvec(np.cumsum(rng.standard_normal((frames, joints, 3)) * 0.01, axis=0))

    body, face, mood = 60 * body_fps, 60 * face_fps, 60 * 100
    return Performance(
        audio=AudioClip(rng.uniform(-0.3, 0.3, 60 * 16_000)),
        words=WordTrack(),
        emotion=EmotionTrack(rng.random((mood, 18)), rng.uniform(-1, 1, (mood, 3)), 100.0),
        motion=Motion(beat_skeleton(), turns(body, 75), rng.standard_normal((body, 3)), float(body_fps)),
        face=FaceTrack(rng.random((face, 52)), turns(face, 1)[:, 0], rng.standard_normal((face, 2)), float(face_fps)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--body-fps", type=int, default=30)
    parser.add_argument("--face-fps", type=int, default=60)
    parser.add_argument("--folder", type=Path, default=None, help="where the files are written for a while")
    args = parser.parse_args()
    stretch, seconds = minute(args.body_fps, args.face_fps), 60 * args.minutes
    print(f"{args.minutes} min, body {args.body_fps} fps, face {args.face_fps} fps")
    print(f"{'file':16}{'write':>10}{'read':>10}{'size':>10}{'memory':>10}")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for kind, read in FORMATS:
            path = Path(folder) / kind.default_name
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            began = time.perf_counter()
            with kind(path) as out:
                for k in range(args.minutes):
                    out.append(replace(stretch, start=60.0 * k))
            written = time.perf_counter() - began
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            began = time.perf_counter()
            if read is not None:
                read(path)
            speed = f"{seconds / (time.perf_counter() - began):.0f}x" if read is not None else "-"
            print(
                f"{kind.default_name:16}{seconds / written:>9.0f}x{speed:>10}"
                f"{path.stat().st_size / 1e6:>7.0f} MB{grown:>7.0f} MB"
            )
            path.unlink()


if __name__ == "__main__":
    main()
