"""What the face measures work on and what they return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from gengine.core.face import FaceTrack
from gengine.core.words import Phone
from gengine.errors import GengineError

Array = NDArray[np.float64]

SILENCE = frozenset(("sil", "", "sp"))


@dataclass(frozen=True, eq=False)
class FaceClip:
    """One face with what was said: ``phones`` and ``energy (N,)`` dBFS at 100 Hz share the face's clock."""

    face: FaceTrack
    phones: tuple[Phone, ...]
    energy: Array

    def __post_init__(self) -> None:
        if len(self.face) < 2:
            raise GengineError(f"FaceClip.face: {len(self.face)} frames, expected at least 2")
        if not np.isfinite(self.face.weights).all():
            raise GengineError("FaceClip.face: weights hold NaN or infinity, expected values in [0, 1]")

    @property
    def times(self) -> Array:
        return np.arange(len(self.face)) / self.face.fps

    def speaking(self) -> NDArray[np.bool_]:
        """Frames inside a phone that is not silence, ``(T,)``."""
        out = np.zeros(len(self.face), bool)
        for p in self.phones:
            if p.symbol not in SILENCE:
                out[round(p.start * self.face.fps) : round(p.end * self.face.fps)] = True
        return out

    def silences(self, least: float = 0.3) -> list[tuple[float, float]]:
        """Stretches (s) of at least ``least`` s without a phone."""
        quiet = ~self.speaking()
        edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
        spans = edges.reshape(-1, 2) / self.face.fps
        return [(float(a), float(b)) for a, b in spans if b - a >= least]


@dataclass(frozen=True)
class FaceRow:
    """What a row means: ``unit``, the limits ``low``..``high`` it must lie in, ``meaning``."""

    unit: str
    low: float
    high: float
    meaning: str


@dataclass(frozen=True)
class Measured:
    """One row's ``value`` over ``n`` items (closures, seconds, ...)."""

    value: float
    n: int

    def within(self, low: float, high: float) -> bool:
        """Whether the value lies in the limits; NaN does not."""
        return bool(low <= self.value <= high)


def quantile(values: Sequence[float] | Array, q: float = 50) -> Measured:
    return Measured(float(np.percentile(values, q)) if len(values) else float("nan"), len(values))


def share(hits: Sequence[bool] | NDArray[np.bool_]) -> Measured:
    return Measured(float(np.mean(hits)) if len(hits) else float("nan"), len(hits))


def power_above(curve: Array, fps: float, limit: float) -> tuple[float, float]:
    """Power above ``limit`` Hz and in all, of the curve around its mean."""
    frequency, density = welch(curve - curve.mean(), fps, nperseg=min(len(curve), round(4 * fps)))
    return float(density[frequency > limit].sum()) * len(curve), float(density.sum()) * len(curve)
