"""Planned moves: pulses that come and go, and steps that stay. Both are read at any frame times."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ease(u: ArrayLike) -> NDArray[np.float64]:
    """Minimum-jerk way from 0 (``u`` <= 0) to 1 (``u`` >= 1)."""
    u = np.minimum(np.maximum(u, 0.0), 1.0)
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))


class Pulses:
    """Moves of ``width`` channels that rise from zero, hold and fall back to zero."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows: list[tuple[float, ...]] = []

    def add(self, start: float, rise: float, hold: float, fall: float, values: ArrayLike) -> None:
        """A pulse that starts at ``start`` s; ``values (width,)`` is its peak, the other three are seconds."""
        self._rows.append((start, rise, hold, fall, *np.atleast_1d(values)))

    def __len__(self) -> int:
        return len(self._rows)

    def forget(self, before: float) -> None:
        """Drop what has ended before ``before`` s."""
        if self._rows:
            self._rows = [r for r in self._rows if r[0] + r[1] + r[2] + r[3] > before]

    def shape(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Each pulse's height 0..1 ``(T, E)`` and peak values ``(E, width)``."""
        if not self._rows:
            return np.zeros((len(times), 0)), np.zeros((0, self.width))
        rows = np.array(self._rows)
        start, rise, hold, fall = rows[:, :4].T
        t = times[:, None] - start
        return ease(t / rise) - ease((t - rise - hold) / fall), rows[:, 4:]

    def __call__(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of all pulses ``(T, width)`` at ``times (T,)`` s."""
        height, values = self.shape(times)
        return height @ values


class Steps:
    """A position of ``width`` channels that moves by steps and stays where each of them ends."""

    def __init__(self, start: ArrayLike) -> None:
        self._base = np.array(start, float)
        self._rows: list[tuple[float, ...]] = []

    @property
    def goal(self) -> NDArray[np.float64]:
        """Where the position comes to rest."""
        return self._base + np.sum([r[2:] for r in self._rows], axis=0) if self._rows else self._base.copy()

    def to(self, start: float, duration: float, goal: ArrayLike) -> None:
        """Move to ``goal (width,)`` between ``start`` and ``start + duration`` s."""
        self._rows.append((start, duration, *(np.asarray(goal, float) - self.goal)))

    def forget(self, before: float) -> None:
        """Fold steps that have ended before ``before`` s into the resting position."""
        if self._rows:
            ended = [r for r in self._rows if r[0] + r[1] <= before]
            if ended:
                self._base = self._base + np.sum([r[2:] for r in ended], axis=0)
                self._rows = [r for r in self._rows if r[0] + r[1] > before]

    def __call__(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Position ``(T, width)`` at ``times (T,)`` s, none of them before the last ``forget``."""
        if not self._rows:
            return np.broadcast_to(self._base, (len(times), len(self._base)))
        rows = np.array(self._rows)
        return self._base + ease((times[:, None] - rows[:, 0]) / rows[:, 1]) @ rows[:, 2:]


def ramp_window(
    times: NDArray[np.float64], start: NDArray, end: NDArray, rise: float | NDArray, fall: float | NDArray
) -> NDArray[np.float64]:
    """1 inside the spans ``start``..``end`` ``(E,)`` s, rising before and falling after them; ``(T, E)``."""
    t = times[:, None]
    outside = np.maximum(np.maximum((start - t) / rise, (t - end) / fall), 0.0)
    u = np.minimum(outside, 1.0)
    return 1.0 - u * u * (3.0 - 2.0 * u)
