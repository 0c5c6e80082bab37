"""A face beside the recorded face of the same speech: what of the one is in the other, as plain numbers.

Both are read at ``RATE``. Millimetres are those of an 87 mm head (``core.lips``), whose lips FACEGOOD's curves and a
captured face's weights move alike. A positive lag means that the made lips come late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.lips import ICT_REST, SealModel
from gengine.errors import GengineError
from gengine.metrics.face_upper import blinks

Array = NDArray[np.float64]

RATE = 30.0
"""Frames a second at which faces are compared, Hz."""
LAGS = range(-6, 7)
"""Frames that are tried for the best correlation: .2 s to both sides."""
TOUCH = ICT_REST + 0.4
"""Lips meet below this gap, mm: curves that people made leave closed lips as they rest (judgement)."""
BRIEF, PARTED = 0.35, 2.0
"""A closing of the lips is no longer, s (else the mouth rests), and parts them by so much on both sides, mm
(judgement; people hold P B M 80 to 150 ms)."""
NEAR = 0.04
"""Seconds by which the others may meet before or after."""
QUIET = 0.5
"""Share of speech below which a frame counts as silent."""

LIPS = np.array([i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("jaw", "mouth"))])
"""Curves of jaw and mouth."""

FACE_METRICS: dict[str, tuple[str, str, str]] = {
    "lip_r": ("r", "higher", "correlation of the lips' gap with the recorded face's"),
    "lip_error": ("mm", "lower", "mean error of the lips' gap"),
    "lip_spread": ("mm", "truth", "deviation of the lips' gap"),
    "lip_lag": ("ms", "zero", "lag of the gap's best correlation; positive is late"),
    "jaw_r": ("r", "higher", "correlation of jawOpen with the recorded face's"),
    "lbe": ("weight", "lower", "LBE: mean error of the weights of jaw and mouth"),
    "lve": ("mm", "lower", "LVE: mean over frames of the largest error of a vertex of the avatars' lips"),
    "closures": ("share", "higher", "closings of the recorded lips in which these meet within 40 ms"),
    "closures_false": ("share", "lower", "closings of these lips in which the recorded ones stay apart"),
    "silent_gap": ("mm", "truth", "the lips' gap where nobody speaks"),
    "blinks": ("1/min", "truth", "blinks"),
    "brow_spread": ("weight", "truth", "deviation of the brows' height"),
    "head_spread": ("deg", "truth", "the head's mean angle to its mean"),
    "head_speed": ("deg/s", "truth", "mean angular speed of the head"),
}
"""Unit, better direction and meaning, as ``evaluate.METRICS`` has them."""


@dataclass(frozen=True, eq=False)
class FacePair:
    """``face`` of a system and ``reference``, the recording's own; ``speech (T,)`` tells per frame of ``RATE`` how much
    is spoken, 0 to 1, ``level (T,)`` how loud. All are brought to ``RATE`` and one length."""

    name: str
    face: FaceTrack
    reference: FaceTrack
    speech: Array
    level: Array

    def __post_init__(self) -> None:
        face, reference = (f if f.fps == RATE else f.resample(RATE) for f in (self.face, self.reference))
        count = min(len(face), len(reference), len(self.speech), len(self.level))
        if count < 2:
            raise GengineError(f"face {self.name}: {count} frames, expected at least 2")
        for name, value in (("face", face), ("reference", reference), ("speech", self.speech), ("level", self.level)):
            object.__setattr__(self, name, value[:count])

    def __len__(self) -> int:
        return len(self.face)

    def of(self, face: FaceTrack) -> FacePair:
        """Another face beside the same reference; frames that it lacks are begun anew from its first."""
        index = np.arange(len(self)) % len(face)
        turned = {name: getattr(face, name)[index] for name in FaceTrack.ARRAYS}
        return replace(self, face=FaceTrack(**turned, fps=RATE))


def gap_of(face: FaceTrack) -> Array:
    """Gap of the lips ``(T,)`` mm; lips that press on each other are closed."""
    return np.maximum(SealModel.ict().gap_mm(face.weights), 0)


def compare(pairs: Sequence[FacePair]) -> dict[str, tuple[float, int, str]]:
    """Value, count and what was counted of every row of ``FACE_METRICS``, pooled over ``pairs``; NaN where nothing can
    be measured (a face that does not move correlates with none)."""
    if not pairs:
        raise GengineError("compare: no faces were given, expected at least one")
    gaps = [(gap_of(p.face), gap_of(p.reference)) for p in pairs]
    made, true = (np.concatenate(side) for side in zip(*gaps, strict=True))
    ours, theirs = (np.concatenate([getattr(p, side).weights for p in pairs]).astype(float)
                    for side in ("face", "reference"))  # fmt: skip
    jaw = ARKIT_INDEX["jawOpen"]
    met, of, false, closings = np.sum([(*_met(b, a), *_met(a, b)) for a, b in gaps], 0)
    silent = np.concatenate([p.speech for p in pairs]) < QUIET
    frames = len(made)
    movement = lips_movement()
    off = np.concatenate([_farthest(part @ movement) for part in np.array_split(ours - theirs, len(ours) // 500 + 1)])
    values: dict[str, tuple[float, int, str]] = {
        "lip_r": (correlation(made, true), frames, "frames"),
        "lip_error": (float(np.abs(made - true).mean()), frames, "frames"),
        "lip_spread": (float(made.std()), frames, "frames"),
        "lip_lag": (_lag(gaps), frames, "frames"),
        "jaw_r": (correlation(ours[:, jaw], theirs[:, jaw]), frames, "frames"),
        "lbe": (float(np.abs(ours - theirs)[:, LIPS].mean()), frames, "frames"),
        "lve": (float(off.mean()), frames, "frames"),
        "closures": (met / of if of else np.nan, int(of), "closings"),
        "closures_false": (1 - false / closings if closings else np.nan, int(closings), "closings"),
        "silent_gap": (float(made[silent].mean()) if silent.any() else np.nan, int(silent.sum()), "frames"),
    }
    return values | _upper(pairs, frames)


def _upper(pairs: Sequence[FacePair], frames: int) -> dict[str, tuple[float, int, str]]:
    """What lids, brows and head do, whatever the reference does."""
    minutes = sum(p.face.duration for p in pairs) / 60
    winks = sum(len(blinks(p.face)) for p in pairs)
    brows, spread, speed = [], [], []
    for p in pairs:
        f = p.face
        brow = f.channel("browInnerUp") - (f.channel("browDownLeft") + f.channel("browDownRight")) / 2
        brows.append(brow - brow.mean())
        head = rotation.continuous(f.head.astype(float))
        mean = rotation.normalize(head.mean(0))
        spread.append(rotation.angle(rotation.multiply(rotation.conjugate(mean), head)))
        speed.append(rotation.angle(rotation.multiply(rotation.conjugate(head[:-1]), head[1:])) * RATE)
    return {
        "blinks": (winks / minutes, winks, "blinks"),
        "brow_spread": (float(np.concatenate(brows).std()), frames, "frames"),
        "head_spread": (float(np.degrees(np.concatenate(spread).mean())), frames, "frames"),
        "head_speed": (float(np.degrees(np.concatenate(speed).mean())), frames, "frames"),
    }


def correlation(a: Array, b: Array) -> float:
    """Pearson's r; NaN where one does not move."""
    return float(np.corrcoef(a, b)[0, 1]) if min(a.std(), b.std()) > 1e-6 else np.nan


def closings(gap: Array) -> list[tuple[int, int]]:
    """First frame and the one after the last of every closing in a gap ``(T,)`` mm at ``RATE``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gap < TOUCH, [False]]).astype(int)))
    ends = [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
    between = zip([0, *(b for _, b in ends)], [*(a for a, _ in ends), len(gap)], strict=True)
    parted = [gap[a:b].max(initial=0) for a, b in between]
    brief = [b - a <= BRIEF * RATE for a, b in ends]
    return [e for k, e in enumerate(ends) if brief[k] and min(parted[k : k + 2]) >= PARTED]


def _met(reference: Array, gap: Array) -> tuple[int, int]:
    """In how many closings of ``reference`` the lips of ``gap`` meet too, and how many there are."""
    near, found = round(NEAR * RATE), closings(reference)
    return sum(bool(gap[max(a - near, 0) : b + near].min() < TOUCH) for a, b in found), len(found)


def _lag(gaps: list[tuple[Array, Array]]) -> float:
    """Lag (ms) of the best correlation of made with true gaps."""
    fits = {}
    for k in LAGS:
        pairs = [(a[max(k, 0) : len(a) + min(k, 0)], b[max(-k, 0) : len(b) - max(k, 0)]) for a, b in gaps]
        fits[k] = correlation(*(np.concatenate(side) for side in zip(*pairs, strict=True)))
    if not np.isfinite(list(fits.values())).all():
        return np.nan
    return 1000 * max(fits, key=fits.__getitem__) / RATE


@lru_cache(maxsize=1)
def lips_movement() -> Array:
    """``(52, V * 3)`` mm at weight 1 of the vertices of the avatars' lips."""
    from gengine.avatars.making.lip_seal import lips_movement

    movement = lips_movement()
    return movement.reshape(len(movement), -1)


def _farthest(moved: Array) -> Array:
    """The largest distance ``(T,)`` among vertices moved by ``(T, V * 3)``."""
    return np.linalg.norm(moved.reshape(len(moved), -1, 3), axis=-1).max(1)
