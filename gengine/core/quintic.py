"""Curves made of quintic pieces: through via points with any velocity, or from stop to stop."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Rows: position, velocity x T, acceleration x T^2 at s = 0, then at s = 1; columns: powers s^0..s^5.
# The unique quintic with these six end conditions is the minimum-jerk path between them (Flash & Hogan 1985).
_HERMITE = np.array(
    [
        [1, 0, 0, -10, 15, -6],
        [0, 1, 0, -6, 8, -3],
        [0, 0, 0.5, -1.5, 1.5, -0.5],
        [0, 0, 0, 10, -15, 6],
        [0, 0, 0, -4, 7, -3],
        [0, 0, 0, 0.5, -1, 0.5],
    ]
)
# A bow of height 1 at mid-path that leaves position, velocity and acceleration at both ends alone.
_BOW = 64.0 * np.array([0, 0, 0, 1, -3, 3, -1])


def smoothstep(s: ArrayLike) -> Array:
    """Minimum-jerk progress 10s^3 - 15s^4 + 6s^5, clipped to [0, 1]."""
    s = np.minimum(np.maximum(s, 0.0), 1.0)
    return s**3 * (10 + s * (6 * s - 15))


class QuinticSpline:
    """A growing curve of ``dim`` channels over seconds: constant before its start and after its end.

    Twice continuously differentiable, because each piece starts with the position, velocity and
    acceleration in which the last one ended.
    """

    def __init__(self, value: ArrayLike, time: float) -> None:
        self.value = np.array(value, float)
        self.velocity = np.zeros_like(self.value)
        self.acceleration = np.zeros_like(self.value)
        self.end = float(time)
        first = np.zeros((7, len(self.value)))
        first[0] = self.value
        self._starts = [-np.inf]
        self._spans = [1.0]
        self._pieces = [first]

    def __deepcopy__(self, memo: dict[int, Any]) -> QuinticSpline:
        twin = copy(self)  # pieces never change
        twin._starts, twin._spans, twin._pieces = list(self._starts), list(self._spans), list(self._pieces)
        return twin

    def to(
        self,
        time: float,
        value: ArrayLike,
        velocity: ArrayLike | None = None,
        acceleration: ArrayLike | None = None,
        bow: ArrayLike | None = None,
    ) -> None:
        """Append a piece that reaches ``value`` at ``time`` with the given derivatives (zero by default)."""
        span = time - self.end
        if span <= 1e-6:
            return
        value = np.asarray(value, float)
        zero = np.zeros(len(self.value))
        velocity = zero if velocity is None else np.asarray(velocity, float)
        acceleration = zero if acceleration is None else np.asarray(acceleration, float)
        ends = np.empty((6, len(self.value)))
        ends[0], ends[1], ends[2] = self.value, self.velocity * span, self.acceleration * span**2
        ends[3], ends[4], ends[5] = value, velocity * span, acceleration * span**2
        piece = np.empty((7, len(self.value)))
        piece[:6], piece[6] = _HERMITE.T @ ends, 0
        if bow is not None:
            piece += _BOW[:, None] * np.asarray(bow, float)
        self._starts.append(self.end)
        self._spans.append(span)
        self._pieces.append(piece)
        self.end, self.value, self.velocity, self.acceleration = float(time), value, velocity, acceleration

    def hold(self, time: float) -> None:
        """Stay at the present value until ``time`` (any velocity left is brought to zero on the way)."""
        self.to(time, self.value)

    def cut(self, time: float) -> None:
        """Forget what lies after ``time`` seconds: the next piece goes on from the state there, as smoothly."""
        if time >= self.end:
            return
        while len(self._starts) > 1 and self._starts[-1] >= time:
            del self._starts[-1], self._spans[-1], self._pieces[-1]
        piece, span = self._pieces[-1], self._spans[-1]
        s = (time - self._starts[-1]) / span if np.isfinite(self._starts[-1]) else 0.0
        slope = piece[1:] * np.arange(1, 7)[:, None]
        bend = slope[1:] * np.arange(1, 6)[:, None]
        powers = s ** np.arange(7)
        self.value, self.velocity = powers @ piece, powers[:6] @ slope / span
        self.acceleration = powers[:5] @ bend / span**2
        self.end = float(time)

    def trim(self, before: float) -> None:
        """Forget pieces that end before ``before`` seconds, so that memory stays flat."""
        keep = 0
        while keep + 1 < len(self._starts) and self._starts[keep + 1] < before:
            keep += 1
        del self._starts[:keep], self._spans[:keep], self._pieces[:keep]

    def at(self, times: ArrayLike) -> Array:
        """Values ``(T, dim)`` at ``times (T,)`` seconds."""
        times = np.minimum(np.asarray(times, float), self.end)
        if not len(times):
            return np.zeros((0, len(self.value)))
        first, last = (max(bisect_right(self._starts, t) - 1, 0) for t in (times.min(), times.max()))
        starts, spans = np.array(self._starts[first : last + 1]), np.array(self._spans[first : last + 1])
        index = np.maximum(np.searchsorted(starts, times, "right") - 1, 0)
        if starts[0] == -math.inf:  # what was before the first piece does not move
            starts[0], spans[0] = 0.0, math.inf
        s = ((times - starts[index]) / spans[index])[:, None]
        if first == last:  # a short hop mostly lies within one piece
            return _polynomial(self._pieces[first], s)
        return _polynomial(np.array(self._pieces[first : last + 1])[index].transpose(1, 0, 2), s)


def read_all(curves: Sequence[QuinticSpline], times: Array) -> list[Array]:
    """Each curve's values ``(T, dim)`` at rising ``times (T,)`` s: those that a short hop reads within one of their
    pieces all at once, because calls cost more than arithmetic."""
    first, last = float(times[0]), float(times[-1])
    begins, spans, pieces, together = [], [], [], []
    out: list[Any] = [None] * len(curves)
    for i, curve in enumerate(curves):
        starts = curve._starts
        k = max(bisect_right(starts, first) - 1, 0)
        if last > curve.end or (k + 1 < len(starts) and last >= starts[k + 1]):
            out[i] = curve.at(times)
            continue
        constant = starts[k] == -math.inf
        begins.append(0.0 if constant else starts[k])
        spans.append(math.inf if constant else curve._spans[k])
        pieces.append(curve._pieces[k])
        together.append(i)
    if together:
        widths = [piece.shape[1] for piece in pieces]
        s = ((times[:, None] - begins) / spans).repeat(widths, axis=1)
        values, at = _polynomial(np.concatenate(pieces, axis=1), s), 0
        for i, width in zip(together, widths, strict=True):
            out[i] = values[:, at : at + width]
            at += width
    return out


def _polynomial(powers: Array, s: Array) -> Array:
    """``powers (7, …)`` of ``s (T, 1)`` or ``(T, dim)``, from s^0 on."""
    out = powers[6] * s
    for power in range(5, 0, -1):
        out += powers[power]
        out *= s
    out += powers[0]
    return out
