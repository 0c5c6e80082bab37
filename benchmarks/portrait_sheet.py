"""Nine faces under eight emotions at strength 1, to look at: identity, teeth, lids, jaw line, neck, hair, ground.

    python benchmarks/portrait_sheet.py --out runs/portrait_sheet.png [--renderer warp] [--size 512]

The faces are those of benchmarks/portrait_faces.py. Each picture says what the network of face-expression-v1 reads.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import portrait_faces
from avatar_sheet import SHOWN
from PIL import Image, ImageDraw, ImageFont

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.metrics.portrait_expression import shown
from gengine.portraits.photo import fit_photo
from gengine.portraits.renderers import mouth_renderer
from gengine.portraits.warp import PortraitWarp
from gengine.vision import load_faces
from gengine.vision.expression import EXPRESSIONS, Expression

TILE = 240
"""Side of a picture, px."""
ROOM = 1.5
"""Of it in the face's own size."""


def row(photo: Path, renderer: str, size: int) -> np.ndarray:
    """One face: the photo, then every emotion ``(TILE, 9 * TILE, 3)``."""
    fitted = fit_photo(photo, size)
    warp, faces, judge = PortraitWarp(fitted), load_faces(), Expression()
    painter = mouth_renderer(renderer, warp)
    painter.hear(AudioClip(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE), last=True)
    low, high = fitted.landmarks[:468].min(0), fitted.landmarks[:468].max(0)
    middle, half = (low + high) / 2, ROOM * float((high - low).max()) / 2
    box = tuple(int(v) for v in (*(middle - half), *(middle + half)))
    tiles = []
    for emotion in ("", *SHOWN):
        frame = fitted.rgb
        if emotion:
            pose = warp.pose(*shown(emotion, 1.0))
            frame = warp.draw(pose)
            told = np.zeros(len(EMOTIONS), np.float32)
            told[EMOTION_INDEX[emotion]] = 1
            painter.paint(frame, pose, 0.0, told)
        seen = faces.read(frame)
        chances = judge.of(frame, seen[0].landmarks[0]) if seen else np.zeros(len(EXPRESSIONS))
        read = f"{EXPRESSIONS[chances.argmax()]} {chances.max():.2f}" if seen else "no face"
        tile = Image.fromarray(frame).crop(box).resize((TILE, TILE))  # type: ignore[arg-type]
        text = f"{emotion or 'photo'}: {read}"
        ImageDraw.Draw(tile).text(
            (4, 3), text, (255, 255, 255), ImageFont.load_default(12), stroke_width=1, stroke_fill=0
        )
        tiles.append(np.asarray(tile))
    return np.concatenate(tiles, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/portrait_sheet.png"))
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--renderer", default="warp")
    parser.add_argument("--size", type=int, default=512)
    args = parser.parse_args()
    rows = [row(photo, args.renderer, args.size) for photo in portrait_faces.faces(args.faces)]
    Image.fromarray(np.concatenate(rows)).save(args.out)
    print(args.out)


if __name__ == "__main__":
    main()
