"""The moving picture of README and docs: four avatars say one sentence, each in another emotion.

``python benchmarks/moving_picture.py [docs/assets/speech.webp]`` animates ``demos/speech.wav`` four times and
writes an animated WebP that plays for ever; a name that ends in .gif gives a GIF of several times the size.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import gengine
from gengine.avatars import load_avatar
from gengine.renderers.avatar.renderer import AvatarRenderer

ROOT = Path(__file__).resolve().parent.parent
CAST = (
    ("grace", "happiness", (104, 84, 52)),
    ("hugo", "anger", (98, 56, 52)),
    ("emi", "surprise", (44, 88, 92)),
    ("ben", "sadness", (50, 66, 96)),
)
"""Who, how, and the wall behind (sRGB)."""
PANEL = (400, 300)
"""Width and height of one person's picture, pixels."""
FPS = 15.0
SHARPER = 2
"""Drawn this many times larger, then averaged: no stairs at edges."""
LETTERS = 17
"""Size of the words, pixels."""
QUALITY = 72
"""Of WebP, 0-100."""


def panel(avatar: str, emotion: str, wall: tuple[int, int, int], options: argparse.Namespace) -> np.ndarray:
    """Frames ``(T, H, W, 3)`` of one person."""
    performance = gengine.animate(options.audio, emotion=emotion).slice(options.start, options.end)
    size = (PANEL[0] * SHARPER, PANEL[1] * SHARPER)
    renderer = AvatarRenderer(load_avatar(avatar), size, options.camera, wall, backend=options.backend)
    frames = [np.asarray(Image.fromarray(f).reduce(SHARPER)) for f in renderer.frames(performance, FPS)]
    renderer.close()
    return np.stack([labelled(frame, emotion) for frame in frames])


def labelled(frame: np.ndarray, text: str) -> np.ndarray:
    """The frame with a word in its upper left corner."""
    picture = Image.fromarray(frame)
    ImageDraw.Draw(picture).text((LETTERS, LETTERS), text, font=ImageFont.load_default(LETTERS), fill=(240, 240, 240))
    return np.asarray(picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "docs/assets/speech.webp")
    parser.add_argument("--audio", default=str(ROOT / "demos/speech.wav"))
    parser.add_argument("--start", type=float, default=0.0, help="seconds")
    parser.add_argument("--end", type=float, default=3.6, help="seconds")
    parser.add_argument("--camera", default="upper")
    parser.add_argument("--backend", default="soft")
    options = parser.parse_args()
    people = [panel(*person, options) for person in CAST]
    frames = np.concatenate([np.concatenate(people[k : k + 2], axis=2) for k in (0, 2)], axis=1)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    how = {"quality": QUALITY, "method": 6} if options.out.suffix == ".webp" else {}
    iio.imwrite(options.out, frames, plugin="pillow", duration=1000 / FPS, loop=0, **how)
    print(f"{options.out}: {len(frames)} frames of {frames.shape[2]}x{frames.shape[1]}, {options.out.stat().st_size} B")


if __name__ == "__main__":
    main()
