"""The moving picture of talking portraits in README: presets' photos say one sentence, each in two moods.

    python benchmarks/portrait_picture.py [docs/assets/portraits.webp]

The faces are rendered presets, drawn once as photos and then warped: nobody's likeness is shown.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import portrait_faces
from moving_picture import ROOT, labelled
from numpy.typing import NDArray

import gengine

CAST = (("clara", "happiness"), ("femi", "sadness"), ("clara", "anger"), ("femi", "surprise"))
SIDE, FPS, QUALITY = 256, 12.5, 60
"""Of one picture, px; Hz; of WebP, 0-100."""


def panel(photo: Path, emotion: str, options: argparse.Namespace) -> NDArray[np.uint8]:
    """Frames ``(T, H, W, 3)`` of one photo in one mood."""
    performance = gengine.animate(options.audio, emotion=emotion, seed=1).slice(options.start, options.end)
    frames: list[NDArray[np.uint8]] = []
    with tempfile.TemporaryDirectory() as folder:
        performance.export(
            Path(folder) / "film.mp4",
            "portrait",
            photo=photo,
            size=SIDE,
            fps=FPS,
            seen=lambda f: frames.append(f.copy()),
        )
    return np.stack([labelled(frame, emotion) for frame in frames])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "docs/assets/portraits.webp")
    parser.add_argument("--audio", default=str(ROOT / "demos/speech.wav"))
    parser.add_argument("--start", type=float, default=0.0, help="seconds")
    parser.add_argument("--end", type=float, default=2.8, help="seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        still = portrait_faces.still()
        names = {name for name, _ in CAST}
        photos = {name: portrait_faces.preset(name, Path(folder) / f"{name}.png", still) for name in sorted(names)}
        people = [panel(photos[name], emotion, options) for name, emotion in CAST]
    frames = np.concatenate(people, axis=2)
    iio.imwrite(options.out, frames, plugin="pillow", duration=1000 / FPS, loop=0, quality=QUALITY, method=4)
    print(f"{options.out}: {len(frames)} frames of {frames.shape[2]}x{frames.shape[1]}, {options.out.stat().st_size} B")


if __name__ == "__main__":
    main()
