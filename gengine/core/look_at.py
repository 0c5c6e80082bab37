"""Whom a performance looks at: a place in the world, still or moving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.errors import GengineError

EYES_OF_HEAD = np.array([0.0, 0.037, 0.080])
"""Middle of the eyes from the joint Head, m (measured: mean of the eight avatars, at BEAT's size)."""

EYE_SPACING = 0.062
"""Metres between the pupils (face.md section 3: each eye turns in by atan(31 mm / distance))."""

STANDING_EYES = np.array([0.0, 1.63, 0.11])
"""Where the eyes of a body that stands at rest are, m of the world: y up, z ahead, x to its left (measured)."""

PLACES = {"listener": 1.2, "camera": 2.5}
"""Metres ahead of ``STANDING_EYES``, at their height: where personal distance ends and social distance begins
(Hall 1966), and where a camera with a portrait's lens stands (judgement)."""

NOBODY = "none"
"""Says that nobody is looked at: the eyes go along with the head."""

FARTHEST = 1e4
"""Metres from the origin at most, and the least from the eyes is ``NEAREST``: bounds of sense (judgement)."""
NEAREST = 0.1

_EXPECTED = (
    'expected "listener", "camera", "none", a place "x,y,z" in metres (y up, z ahead, x to the character\'s left), '
    "rows of (seconds, x, y, z), or a function of the seconds"
)


@dataclass(frozen=True, eq=False)
class LookAt:
    """A target in the world, m: ``places (N, 3)`` at ``times (N,)`` s, straight from one to the next and held beyond.

    Where ``follow`` is given it is asked instead: a function of the seconds that returns (x, y, z). ``face`` says that
    a person's face is there, whose eyes and mouth are looked at in turn; else it is a point.
    """

    times: NDArray[np.float64]
    places: NDArray[np.float64]
    face: bool = False
    follow: Callable[[float], ArrayLike] | None = None

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the target is at ``times (T,)`` s, ``(T, 3)`` m; ``GengineError`` for what a function must not say."""
        if self.follow is None:
            if len(self.times) == 1:
                return self.places.repeat(len(times), axis=0)
            return np.stack([np.interp(times, self.times, axis) for axis in self.places.T], axis=-1)
        found = np.empty((len(times), 3))
        for place, time in zip(found, times.tolist(), strict=True):
            said = self.follow(time)
            place[:] = _checked(said, (3,), f"look_at at {time:.2f} s: {said!r:.60}", "expected (x, y, z) in metres")
        return found

    def shift(self, seconds: float) -> LookAt:
        """The same target on a clock that began ``seconds`` later."""
        follow = self.follow
        later = None if follow is None else lambda time: follow(time + seconds)
        return LookAt(self.times - seconds, self.places, self.face, later)


def parse_look_at(said: Any) -> LookAt | None:
    """A target from a name, "x,y,z", (x, y, z), rows ``(N, 4)`` of (seconds, x, y, z) or a function of the seconds.

    None where nobody is to be looked at. Raises ``GengineError`` for anything else.
    """
    if isinstance(said, LookAt):
        return said
    if callable(said):
        follow: Callable[[float], Any] = said
        return LookAt(np.zeros(1), STANDING_EYES[None] + [0, 0, PLACES["listener"]], follow=follow)
    what = f"look_at {said!r:.60}"
    if isinstance(said, str):
        name = said.strip().lower()
        if name == NOBODY:
            return None
        if name in PLACES:
            ahead = STANDING_EYES + [0, 0, PLACES[name]]
            return LookAt(np.zeros(1), ahead[None], face=name == "listener")
        said = name.split(",")
    try:
        rows = np.asarray(said, float)
    except (TypeError, ValueError):
        raise GengineError(f"{what}: {_EXPECTED}") from None
    if rows.shape == (3,):
        rows = np.concatenate([[0.0], rows])[None]
    rows = _checked(rows, (len(rows) if rows.ndim else 0, 4), what, _EXPECTED)
    if not len(rows) or (np.diff(rows[:, 0]) <= 0).any():
        raise GengineError(f"{what}: {'times that do not rise' if len(rows) else 'no row'}; {_EXPECTED}")
    return LookAt(rows[:, 0], rows[:, 1:])


def _checked(said: Any, shape: tuple[int, ...], what: str, expected: str) -> NDArray[np.float64]:
    """``said`` as numbers of this shape within ``FARTHEST``."""
    try:
        numbers = np.asarray(said, float)
    except (TypeError, ValueError):
        raise GengineError(f"{what}: {expected}") from None
    if numbers.shape != shape or not np.isfinite(numbers).all() or (np.abs(numbers[..., -3:]) > FARTHEST).any():
        raise GengineError(f"{what}: {expected}, at most {FARTHEST:g} m away")
    return numbers


LISTENER = parse_look_at("listener")
"""A person ahead at eye height, at a distance for talking."""
