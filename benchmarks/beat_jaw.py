"""A real jaw that nobody learned from: BEAT's speaker 2, tracked in BEAT2's SMPL-X, beside ours from the same sound.

    python benchmarks/beat_jaw.py                          rules and a2m
    python benchmarks/beat_jaw.py --face runs/a2m/best     another checkpoint beside the rules
Needs the reference recordings (GENGINE_DATA), of which this one is only measured on.

Rows: r of jawOpen with the tracked jaw's angle, from sound alone and with the words of the corpus's TextGrid; lag (ms,
positive is late) of the best r. Controls: loudness, our jaw for another recording of the same speaker, ours five
seconds late. An angle has no unit in common with a weight, so sizes are not compared.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from human_lips import LAGS, LATE, RATE, loudness
from numpy.typing import NDArray

import gengine
from gengine.core.audio import AudioClip
from gengine.core.bounds import border
from gengine.inputs.audio import load_audio

NAME, OTHER = "2_scott_0_1_1", "2_scott_0_2_2"
JAW = slice(66, 69)
"""The jaw's axis times angle among SMPL-X's poses."""


def jaw_of(folder: Path) -> NDArray[np.float64]:
    """How far the tracked jaw turns from its most usual place ``(T,)``, rad, at ``RATE``."""
    path = folder / f"{NAME}_beat2_smplx.npz"
    with border(path, "restore the corpus"), np.load(path, allow_pickle=False) as file:
        turns = np.asarray(file["poses"][:, JAW], float)
    return turns[:, 0]  # about the axis from ear to ear: down is positive


def opened(sound: AudioClip, text: Path | None, face: str) -> NDArray[np.float64]:
    """Our jawOpen ``(T,)`` at ``RATE``."""
    made = gengine.animate(sound, text=text, words=None if text else "none", face=face, face_fps=RATE).face
    assert made is not None
    return made.channel("jawOpen").astype(float)


def show(name: str, made: NDArray, true: NDArray) -> None:
    count = min(len(made), len(true))
    a, b = made[:count], true[:count]
    fits = {k: np.corrcoef(a[max(k, 0) : count + min(k, 0)], b[max(-k, 0) : count - max(k, 0)])[0, 1] for k in LAGS}
    lag = max(fits, key=fits.__getitem__)
    print(f"  {name:34} {np.corrcoef(a, b)[0, 1]:6.2f} {lag / RATE * 1000:8.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("GENGINE_DATA", beside)))
    parser.add_argument("--face", default="a2m", help="the learned face: a name or a checkpoint's folder")
    args = parser.parse_args()
    folder = args.data / "beat"
    true = jaw_of(folder / NAME)
    sound, other = (load_audio(path) for path in (folder / NAME / f"{NAME}.flac", folder / f"{OTHER}.flac"))
    print(f"{NAME}: {len(true) / RATE:.0f} s                        r   lag ms")
    for face in ("visemes", args.face):
        for told in (None, folder / NAME / f"{NAME}.TextGrid"):
            jaw = opened(sound, told, face)
            show(f"{face[-20:]}, {'with words' if told else 'sound alone'}", jaw, true)
            if told is None:
                late = np.roll(jaw, round(LATE * RATE))
    show("… five seconds late", late, true)
    show("… for another recording", np.resize(opened(other, None, args.face), len(true)), true)
    show("loudness", loudness(sound, len(true)), true)


if __name__ == "__main__":
    main()
