"""Planned movements: ones that come and go, and ones that stay where they end. Both are read at any frame times.

Every rise and fall is a minimum-jerk movement (Flash & Hogan 1985, J. Neurosci. 5:1688).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.twins import flat_twin


def minimum_jerk(u: ArrayLike) -> NDArray[np.float64]:
    """The smoothest way from 0 (``u`` <= 0) to 1 (``u`` >= 1), by its share ``u`` of the movement's time."""
    u = np.minimum(np.maximum(u, 0), 1)
    return u * u * u * (10 + u * (6 * u - 15))


def smoothstep(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """3 u^2 - 2 u^3: from 0 to 1 for ``u`` in [0, 1], level at both ends."""
    return u * u * (3 - 2 * u)


STEEPEST = 1.5
"""Slope of ``smoothstep`` half way."""


class TransientMoves:
    """Movements of ``width`` channels that rise from zero, hold and fall back to zero."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows: list[tuple[float, ...]] = []

    def add(self, start: float, rise: float, hold: float, fall: float, peak: ArrayLike) -> None:
        """A movement from ``start`` s; ``peak (width,)`` is its height, the other three are seconds."""
        self._rows.append((start, rise, hold, fall, *np.atleast_1d(peak)))

    def __len__(self) -> int:
        return len(self._rows)

    def forget(self, before: float) -> None:
        """Drop what has ended before ``before`` s."""
        if self._rows:
            self._rows = [r for r in self._rows if r[0] + r[1] + r[2] + r[3] > before]

    def shape(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Each movement's height 0..1 ``(T, E)`` at ``times (T,)`` s, and their peaks ``(E, width)``."""
        if not self._rows:
            return np.zeros((len(times), 0)), np.zeros((0, self.width))
        rows = np.array(self._rows)
        start, rise, hold, fall = rows[:, :4].T
        t = times[:, None] - start
        return minimum_jerk(t / rise) - minimum_jerk((t - rise - hold) / fall), rows[:, 4:]

    def __call__(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of all movements ``(T, width)`` at ``times (T,)`` s."""
        height, peaks = self.shape(times)
        return height @ peaks


class GoalMoves:
    """A position of ``width`` channels that moves from goal to goal and stays at each."""

    def __init__(self, start: ArrayLike) -> None:
        self._base = np.array(start, float)
        self._rows: list[tuple[float, ...]] = []

    @property
    def goal(self) -> NDArray[np.float64]:
        """Where the position comes to rest, ``(width,)``."""
        return self._base + np.sum([r[2:] for r in self._rows], axis=0) if self._rows else self._base.copy()

    def to(self, start: float, duration: float, goal: ArrayLike) -> None:
        """Move to ``goal (width,)`` between ``start`` and ``start + duration`` s."""
        self._rows.append((start, duration, *(np.asarray(goal, float) - self.goal)))

    def forget(self, before: float) -> None:
        """Fold movements that have ended before ``before`` s into the resting position."""
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
        return self._base + minimum_jerk((times[:, None] - rows[:, 0]) / rows[:, 1]) @ rows[:, 2:]


class PlannedEvents:
    """Which accents and cues have been taken in already; old ones are forgotten, so that memory stays flat."""

    _MOST = 400

    def __init__(self) -> None:
        self._seen: dict[tuple[str, float], None] = {}

    __deepcopy__ = flat_twin

    def is_new(self, kind: str, at: float) -> bool:
        """Whether the event of ``kind`` at ``at`` s is met for the first time."""
        key = (kind, at)
        if key in self._seen:
            return False
        self._seen[key] = None
        return True

    def forget(self) -> None:
        """Keep the newer half once there are more than is ever in a window."""
        if len(self._seen) > self._MOST:
            for key in list(self._seen)[: self._MOST // 2]:
                del self._seen[key]


def plateau(
    times: NDArray[np.float64], start: NDArray, end: NDArray, rise: float | NDArray, fall: float | NDArray
) -> NDArray[np.float64]:
    """1 inside the spans ``start``..``end`` ``(E,)`` s, rising before and falling after them; ``(T, E)``."""
    t = times[:, None]
    outside = np.maximum(np.maximum((start - t) / rise, (t - end) / fall), 0)
    return 1 - smoothstep(np.minimum(outside, 1))
