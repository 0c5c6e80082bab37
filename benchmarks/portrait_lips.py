"""Whether a portrait's lips meet on P, B and M, whoever paints the mouth and whatever is felt.

    python benchmarks/portrait_lips.py [--photo face.jpg] [--renderers warp,regressor] [--emotions neutral,anger]

One recording is spoken under each emotion; the middle of every P, B and M is drawn, and of every open vowel as a
control. gengine.vision reads the gap of the inner lips in the drawn picture, in % of the distance of the eyes' outer
corners; lips are closed where it is no more than ``SHUT`` above what is read in the photo, whose lips are. "drawn" is
the widest gap of the warped mesh's own lips at those moments: what is read beyond it is the reader's error.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from avatar_sheet import SHOWN
from portrait import FPS, SPEECH, avatars_portrait

import gengine
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.metrics.portrait_films import opening
from gengine.portraits import points
from gengine.portraits.photo import fit_photo
from gengine.portraits.renderers import mouth_renderer
from gengine.portraits.warp import PortraitWarp
from gengine.vision import load_faces

CLOSED, OPEN = ("P", "B", "M"), ("AA", "AE", "AH", "AO", "AW", "AY")
BEFORE = (0, 2)
"""Frames before each moment that are drawn too: for the warp, and for renderers that go by their own last frames."""
SHUT = 1.0
"""% of the eyes' distance, .9 mm (judgement: what the reader errs by)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path)
    parser.add_argument("--renderers", default="warp,regressor,diffusion")
    parser.add_argument("--emotions", default=",".join(("neutral", *SHOWN)))
    parser.add_argument("--size", type=int, default=384)
    args = parser.parse_args()
    text, faces = SPEECH.with_suffix(".txt"), load_faces()
    with tempfile.TemporaryDirectory() as place:
        fitted = fit_photo(args.photo or avatars_portrait(Path(place)), args.size)
    warp = PortraitWarp(fitted)

    def gap(frame: np.ndarray) -> float:
        seen = faces.read(frame)
        return 100 * float(opening(seen[0].landmarks[:, :, :2], points.OUTER_EYES)[0]) if seen else float("nan")

    def drawn(mesh: np.ndarray) -> float:
        apart = mesh[list(points.LOWER_LIP), 1] - mesh[list(points.UPPER_LIP), 1]
        return 100 * float(apart.max() / np.linalg.norm(np.subtract(*mesh[list(points.OUTER_EYES)])))

    rest = gap(fitted.rgb)
    print(f"the photo's lips: {rest:.1f} %")
    for emotion in dict.fromkeys(args.emotions.split(",")):
        speech = gengine.animate(SPEECH, emotion=emotion, text=text)
        assert speech.face is not None
        face = speech.face.resample(FPS)
        told = np.zeros(len(EMOTIONS), np.float32)
        told[EMOTION_INDEX[emotion]] = 1
        moments: dict[bool, list[int]] = {}
        for phone in speech.words.shift(-speech.start).phones:
            name = phone.symbol.rstrip("012")
            if name in CLOSED + OPEN:
                at = min(round((phone.start + phone.end) / 2 * FPS), len(face) - 1)
                moments.setdefault(name in CLOSED, []).append(at)
        for name in args.renderers.split(","):
            painter = mouth_renderer(name, warp)
            painter.hear(speech.audio, last=True)
            found: dict[bool, list[float]] = {True: [], False: []}
            meshes: list[float] = []
            for closed, frames in moments.items():
                for t in frames:
                    frame = fitted.rgb
                    for k in range(max(t - BEFORE[name != "warp"], 0), t + 1):
                        pose = warp.pose(face.weights[k], face.head[k], face.gaze[k])
                        frame = warp.draw(pose)
                        painter.paint(frame, pose, k / FPS, told)
                    found[closed].append(gap(frame) - rest)
                    meshes += [drawn(pose.mesh)] if closed else []
            shut = np.array(found[True])
            said = f"closed {(shut <= SHUT).sum()} of {len(shut)} P B M, widest {shut.max():.1f} %"
            said += f" (drawn {max(meshes):.1f} %)"
            print(f"{emotion:10s} {name:10s} {said}; open vowels {np.nanmedian(found[False]):.1f} %", flush=True)


if __name__ == "__main__":
    main()
