"""Lips as a viewer sees them: rendered portraits speak a real man's sentences, and both films are read alike.

    python benchmarks/rendered_lips.py [--sentences 2] [--names anna,ben] [--emotion neutral] [--captured anna,hugo]
    python benchmarks/rendered_lips.py --sentences 8 --names ''          the curves alone, on more sentences

Needs GRID's clips of one man (GENGINE_DATA) and the extras render and vision. Every preset is animated from a
sentence's sound and words and drawn by its portrait camera at the middle of the film's exposures; gengine.vision reads
478 points in its frames and in the film. The gap between the inner lips is in mm of an iris of 11.7 mm.

Rows: what the reader finds in the pictures (the 50th, 90th and 99th percentile of the gap, the 90th as a share of the
man's, r with his gap frame by frame); what is drawn there, counted in the samples that show the inside of the mouth
(its 90th percentile, that as a share of the man's, r with his gap, and r of the reader with it: below 1 the reader
errs, whom films of people taught); P B M in whose middle any sample of the picture shows a tooth.
Controls: the man's own gap in his other sentences, read as if they were these; the curves without a mesh or a picture,
which no preset can pass in r; and, with ``--captured``, presets driven by the weights that ``gengine capture`` finds in
his film: what his own lips come to when an avatar shows them.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import real_clips
from numpy.typing import NDArray

import gengine
from gengine.avatars import avatar_names, load_avatar
from gengine.core.avatar import Avatar
from gengine.core.lips import SealModel
from gengine.core.performance import Performance
from gengine.renderers.avatar.renderer import AvatarRenderer
from gengine.vision import load_faces
from gengine.vision.faces import Faces
from gengine.vision.fit import LOWER_LIP, UPPER_LIP

IRIS_MM = 11.7
RIMS = ((469, 471), (474, 476))
"""Points at both ends of each iris."""
FPS = 25.0
MIDDLE = 0.5 / FPS
"""Seconds from a film's frame to the middle of what it was exposed to."""
SIDE = 256
"""Of a frame, px: GRID's crops are as large."""
CLOSURES = ("P", "B", "M")
SAMPLES = 4
"""That a pixel of the renderer has."""


def mm_per_pixel(points: NDArray) -> float:
    iris = np.nanmedian([np.linalg.norm(points[:, a, :2] - points[:, b, :2], axis=1) for a, b in RIMS])
    return float(IRIS_MM / iris)


def read(faces: Faces, frames: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gap of the inner lips ``(T,)`` mm, NaN where no face is seen, and the points ``(T, 478, 3)`` px."""
    points = faces.read(frames)[0].landmarks.astype(float)
    return np.linalg.norm(points[:, UPPER_LIP] - points[:, LOWER_LIP], axis=1) * mm_per_pixel(points), points


def gap_of(faces: Faces, frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Gap of the inner lips ``(T,)`` mm; NaN where no face is seen."""
    return read(faces, frames)[0]


def film(path: Path) -> NDArray[np.uint8]:
    with av.open(str(path)) as clip:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]).astype(np.uint8)


def words_of(path: Path) -> str:
    """A sentence's words; single letters are spelled."""
    said = [line.split()[2] for line in path.read_text().splitlines()]
    return " ".join(word.upper() if len(word) == 1 else word for word in said if word not in ("sil", "sp"))


def drawn(avatar: Avatar, performance: Performance) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]:
    """The portrait's frames ``(T, H, W, 3)``, how much of each column's pixels shows the inside of the mouth
    ``(T, W)`` px, and how many samples of each frame show a tooth ``(T,)``."""
    renderer = AvatarRenderer(avatar, (SIDE, SIDE), "portrait", backend="soft")
    backend = renderer._backend  # which triangle is seen is nobody else's business
    kinds = [mesh.part.material.kind for mesh in backend._meshes]  # type: ignore[attr-defined]
    tooth = np.array([kind == "teeth" for kind in kinds])
    inside = tooth | np.array([kind == "mouth" for kind in kinds])
    frames, open_, teeth = [], [], []
    shifted = replace(performance.slice(MIDDLE, performance.duration), start=0.0)
    for frame in renderer.frames(shifted, FPS):
        frames.append(frame)
        ident = backend._ident  # type: ignore[attr-defined]
        part = backend._part[np.maximum(ident, 0)]  # type: ignore[attr-defined]
        open_.append(((ident >= 0) & inside[part]).sum((0, 2)) / SAMPLES)
        teeth.append(int(((ident >= 0) & tooth[part]).sum()))
    renderer.close()
    return np.stack(frames), np.array(open_, np.float32), np.array(teeth)


def between_lips(open_: NDArray, points: NDArray) -> NDArray[np.float64]:
    """What is drawn open ``(T,)`` mm in the three columns around the middle of the lips that the reader found."""
    middle = np.nan_to_num(points[:, [UPPER_LIP, LOWER_LIP], 0].mean(1), nan=SIDE / 2).round().astype(int)
    middle = middle.clip(1, open_.shape[1] - 2)
    rows = np.arange(len(open_))
    return np.mean([open_[rows, middle + k] for k in (-1, 0, 1)], axis=0) * mm_per_pixel(points)


def r(a: NDArray, b: NDArray) -> float:
    both = ~np.isnan(a) & ~np.isnan(b)
    return float(np.corrcoef(a[both], b[both])[0, 1])


def curves(performance: Performance, count: int) -> NDArray[np.float64]:
    """Gap ``(count,)`` mm that the weights mean on the head of ``core.lips``, at the film's frames."""
    face = performance.face
    assert face is not None
    gap = np.maximum(SealModel.ict().gap_mm(face.weights), 0)
    return np.interp(np.arange(count) / FPS + MIDDLE, np.arange(len(gap)) / face.fps, gap)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=2)
    parser.add_argument("--names", default=",".join(avatar_names()))
    parser.add_argument("--emotion", default="neutral")
    parser.add_argument("--captured", default="", help="presets that the man's captured weights drive too")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    clips = sorted((real_clips.data_folder() / "grid_s1").glob("*.mkv"))
    clips = clips[:: max(len(clips) // options.sentences, 1)][: options.sentences]
    faces = load_faces()
    real = [gap_of(faces, film(path)) for path in clips]
    man = np.concatenate(real)
    wide = float(np.nanpercentile(man, 90))
    print(f"{'':12s}{'p50':>6s}{'p90':>6s}{'p99':>6s}{'of his':>8s}{'r':>6s}"
          f"{'drawn p90':>11s}{'of his':>8s}{'r':>6s}{'reader r':>10s}   P B M that show teeth")  # fmt: skip

    def row(gap: NDArray) -> str:
        return "".join(f"{v:6.1f}" for v in np.nanpercentile(gap, [50, 90, 99]))

    print(f"{'the man':12s}{row(man)}", flush=True)
    other = np.concatenate(real[1:] + real[:1])[: len(man)]
    if len(real) > 1:
        print(f"{'… other':12s}{row(other)}{np.nanpercentile(other, 90) / wide:8.2f}{r(other, man[: len(other)]):6.2f}")
    made = [gengine.animate(path, options.emotion, text=words_of(path.with_suffix(".align"))) for path in clips]
    bare = np.concatenate([curves(p, len(his)) for p, his in zip(made, real, strict=True)])
    print(f"{'the curves':12s}{row(bare)}{np.nanpercentile(bare, 90) / wide:8.2f}{r(bare, man):6.2f}", flush=True)

    def shown(label: str, name: str, performances: list[Performance]) -> None:
        avatar = load_avatar(name)
        found: list[tuple[NDArray, ...]] = []
        slips = closures = 0
        for performance, his in zip(performances, real, strict=True):
            frames, open_, teeth = drawn(avatar, performance)
            count = min(len(frames), len(his))
            gap, points = read(faces, frames[:count])
            found.append((gap, between_lips(open_[:count], points), his[:count]))
            for phone in performance.words.phones:
                if phone.symbol.rstrip("012") in CLOSURES:
                    closures += 1
                    at = ((phone.start + phone.end) / 2 - MIDDLE) * FPS
                    slips += teeth[min(max(round(at), 0), len(teeth) - 1)] > 0
        gap, seen, his = (np.concatenate(column) for column in zip(*found, strict=True))
        print(f"{label:12s}{row(gap)}{np.nanpercentile(gap, 90) / wide:8.2f}{r(gap, his):6.2f}"
              f"{np.percentile(seen, 90):11.1f}{np.percentile(seen, 90) / wide:8.2f}{r(seen, his):6.2f}"
              f"{r(gap, seen):10.2f}   {slips} of {closures}", flush=True)  # fmt: skip

    for name in options.names.split(",") if options.names else ():
        shown(name, name, made)
    captured = [gengine.capture(path)[0] for path in clips] if options.captured else []
    for name in options.captured.split(",") if captured else ():
        shown(f"{name}, his", name, captured)


if __name__ == "__main__":
    main()
