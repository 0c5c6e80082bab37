"""How fast the preview is drawn and encoded: CPU and wall milliseconds a frame, best of three runs.

On one core if taskset says so.

taskset -c 0 python benchmarks/preview_speed.py speech.wav --seconds 10
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import gengine
from gengine.core.performance import Performance
from gengine.renderers.preview.preview_renderer import PreviewRenderer
from gengine.renderers.preview.preview_video import FPS, HEIGHT, WIDTH, PreviewExporter


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of the best of three calls."""
    runs = []
    for _ in range(3):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        runs.append((time.process_time() - cpu, time.perf_counter() - wall))
    return min(r[0] for r in runs), min(r[1] for r in runs)


def measure(performance: Performance, fps: float, width: int, height: int) -> None:
    frames = performance.duration * fps
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.mp4"
        rows = {
            "draw": timed(lambda: sum(1 for _ in PreviewRenderer(width, height).frames(performance, fps))),
            "draw and encode": timed(
                lambda: PreviewExporter.write(performance, path, fps=fps, width=width, height=height)
            ),
        }
        size = path.stat().st_size
    print(
        f"{performance.duration:.1f} s at {fps:g} fps, {width}x{height}, {size / performance.duration / 1000:.0f} kB/s"
    )
    for name, (cpu, wall) in rows.items():
        print(
            f"{name:16} {1000 * cpu / frames:5.1f} ms CPU  {1000 * wall / frames:5.1f} ms wall  {frames / wall:5.0f}/s"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--fps", type=float, default=FPS)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--height", type=int, default=HEIGHT)
    options = parser.parse_args()
    performance = gengine.animate(options.recording, emotion="happiness")
    performance = performance.slice(0.0, min(options.seconds, performance.duration))
    measure(
        performance.slice(0.0, min(1.0, performance.duration)), options.fps, options.width, options.height
    )  # warm up
    measure(performance, options.fps, options.width, options.height)


if __name__ == "__main__":
    main()
