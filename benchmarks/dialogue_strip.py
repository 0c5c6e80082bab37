"""The film strip of docs/how-to/dialogue.md: six moments of the scene of ``dialogue.py``, both people side by side.

python benchmarks/dialogue_strip.py [docs/assets/dialogue.webp]         needs espeak-ng
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from dialogue_scene import write_scene
from PIL import Image, ImageDraw, ImageFont

from gengine.avatars import load_avatar
from gengine.conversing import prepare
from gengine.core.performance import Performance
from gengine.renderers.avatar.renderer import AvatarRenderer

ROOT = Path(__file__).resolve().parent.parent
CAST = (("anna", -38.0), ("ben", 38.0))
"""Who, and by how many degrees the camera stands aside: they face each other across the picture."""
TURNS = 12
"""Of the scene."""
SHOWN = (3, 4, 7, 8, 10, 11)
"""Turns of which a moment is shown, a little after their middle."""
PANEL, SHARPER, LETTERS = (280, 320), 2, 14
WALL = (70, 78, 90)
COLUMNS = 3
QUALITY = 82


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "docs/assets/dialogue.webp")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _, told = write_scene(Path(folder), TURNS)
        takes = prepare(Path(folder) / "talk.json").takes
    moments = [told[k]["start"] + 0.6 * (told[k]["end"] - told[k]["start"]) for k in SHOWN]
    halves = []
    for take, (avatar, yaw) in zip(takes, CAST, strict=True):
        performance = Performance.join(list(take))
        size = (PANEL[0] * SHARPER, PANEL[1] * SHARPER)
        renderer = AvatarRenderer(load_avatar(avatar), size, "upper", WALL, backend="soft", yaw=np.radians(yaw))
        frames = [next(iter(renderer.frames(performance.slice(t, t + 0.2), 10.0))) for t in moments]
        halves.append([np.asarray(Image.fromarray(frame).reduce(SHARPER)) for frame in frames])
        renderer.close()
    pictures = []
    for k, t, left, right in zip(SHOWN, moments, *halves, strict=True):
        picture = Image.fromarray(np.concatenate([left, right], axis=1))
        emotion = str(told[k]["emotion"]).partition(":")[0]
        said = f"{t:.0f} s   {str(told[k]['who']).title()} speaks, {emotion}"
        ImageDraw.Draw(picture).text((10, 8), said, font=ImageFont.load_default(LETTERS), fill=(240, 240, 240))
        pictures.append(np.asarray(picture))
    rows = [np.concatenate(pictures[k : k + COLUMNS], axis=1) for k in range(0, len(pictures), COLUMNS)]
    Image.fromarray(np.concatenate(rows)).save(options.out, quality=QUALITY, method=6)
    print(f"{options.out}: {options.out.stat().st_size} B")


if __name__ == "__main__":
    main()
