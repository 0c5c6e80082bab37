"""How fast avatars are drawn and encoded: frames per second at 512 x 512, and a recording to avatar.mp4 from nothing.

``python benchmarks/render.py [--avatar anna] [--frames 60] [--audio speech.wav]`` prints wall-clock and processor
time; on a busy machine only the latter means much. "2 cores" is what the processor time leaves two idle cores.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import gengine
from gengine.avatars import load_avatar
from gengine.core.audio import AudioClip
from gengine.core.performance import Performance
from gengine.errors import GengineError
from gengine.renderers.avatar.renderer import AvatarRenderer
from gengine.renderers.avatar.scene import CAMERA_PRESETS
from gengine.renderers.avatar.video import AvatarVideoExporter

SIZE = (512, 512)


def speech(seconds: float) -> AudioClip:
    """Something with the rhythm of syllables, where no recording is given."""
    t = np.arange(round(seconds * 16_000)) / 16_000
    return AudioClip(0.3 * np.sin(2 * np.pi * 140 * t) * np.maximum(0, np.sin(2 * np.pi * 2.2 * t)), 16_000)


def clock() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def report(name: str, frames: int, began: tuple[float, float]) -> None:
    wall, cpu = (now - then for now, then in zip(clock(), began, strict=True))
    print(
        f"{name:<20} {frames / wall:6.1f} frames/s   {1e3 * cpu / frames:6.1f} ms CPU a frame   "
        f"2 cores {2 * frames / cpu:6.1f} frames/s"
    )


def measure(performance: Performance, avatar: str, backend: str, frames: int) -> None:
    person = load_avatar(avatar)
    stretch = performance.slice(0, frames / 30)
    for camera in CAMERA_PRESETS:
        renderer = AvatarRenderer(person, SIZE, camera, backend=backend)
        drawn = renderer.frames(stretch, 30.0)
        next(drawn)
        began = clock()
        count = sum(1 for _ in drawn)
        report(f"{backend} {camera}", count, began)
        renderer.close()
        with tempfile.TemporaryDirectory() as folder:
            began = clock()
            AvatarVideoExporter.write(
                stretch, Path(folder) / "avatar.mp4", avatar=person, camera=camera, size=SIZE, backend=backend
            )
            report(f"{backend} {camera} to mp4", count + 1, began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--avatar", default="anna")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--backends", default="soft,gl")
    arguments = parser.parse_args()
    performance = gengine.animate(arguments.audio or speech(10.0), "happy")
    for backend in arguments.backends.split(","):
        try:
            measure(performance, arguments.avatar, backend, arguments.frames)
        except GengineError as error:
            print(f"{backend}: {error}")
    if arguments.audio is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        import resource

        began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "gengine", "animate", str(arguments.audio), "--formats", "avatar"]
        subprocess.run([*command, "--out", folder], check=True, capture_output=True)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        print(f"{performance.duration:.1f} s of speech to avatar.mp4 in a new process:")
        print(f"{time.perf_counter() - began:.1f} s, {cpu:.1f} s CPU")


if __name__ == "__main__":
    main()
