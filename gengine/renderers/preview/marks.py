"""Marks of a drawing that moves: fills, strokes and discs of many frames, made of curves by name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

Color = tuple[int, int, int]

FAINTEST = 0.03
"""Strength of a fold below which it is too faint to be seen."""


def mix(a: Color, b: Color, t: float) -> Color:
    return tuple(round(x + (y - x) * t) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def mixed(a: Color, b: Color, t: NDArray) -> list[Color]:
    """A colour for each of ``t (T,)``."""
    colors = np.round(np.array(a) + (np.array(b) - a) * t[:, None]).astype(int)
    return list(map(tuple, colors.tolist()))


class Mark(NamedTuple):
    """One fill, stroke or disc of the drawing, the same in every frame but for its place, colour and being there.

    ``points (T, N, 2)`` are oversampled pixels, ``color`` one or one for each frame, ``shown (T,)`` says in which
    frames it is drawn (None: in all). ``width`` pixels make a stroke, ``radius`` pixels a disc.
    """

    points: NDArray[np.float32]
    color: Color | list[Color]
    shown: list[bool] | None = None
    width: int = 0
    radius: float = 0.0

    def draw(self, pen: ImageDraw.ImageDraw, i: int) -> None:
        if self.shown is not None and not self.shown[i]:
            return
        color = self.color[i] if isinstance(self.color, list) else self.color
        if self.width:
            pen.line(self.points[i], fill=color, width=self.width)  # type: ignore[arg-type]
        elif self.radius:
            x, y = self.points[i, 0].tolist()
            r = self.radius
            pen.ellipse((x - r, y - r, x + r, y + r), fill=color)
        else:
            pen.polygon(self.points[i], fill=color)  # type: ignore[arg-type]


def around(upper: NDArray, lower: NDArray) -> NDArray[np.float32]:
    """One closed outline ``(T, 2N, 2)`` from two curves drawn in the same direction."""
    return np.concatenate([upper, lower[:, ::-1]], axis=1).astype(np.float32)


class Pen:
    """Makes marks of curves by name, ``points (T, N, 2)`` oversampled pixels, and of folds' ``strength (T,)``."""

    def __init__(
        self, points: dict[str, NDArray], strength: dict[str, NDArray], scale: float, fold: tuple[Color, Color]
    ) -> None:
        """``scale`` is pixels a millimetre, ``fold`` the colour of smooth skin and that of the deepest fold."""
        self.points, self.strength = points, strength
        self._scale, self._fold = scale, fold

    def around(self, upper: str, lower: str) -> NDArray[np.float32]:
        return around(self.points[upper], self.points[lower])

    def ring(self, upper: str, lower: str, color: Color) -> Mark:
        """The filled space between two curves drawn in the same direction."""
        return Mark(self.around(upper, lower), color)

    def fill(self, name: str, color: Color, shown: list[bool] | None = None) -> Mark:
        return Mark(self.points[name].astype(np.float32), color, shown)

    def line(self, name: str, color: Color | list[Color], width_mm: float) -> Mark:
        return Mark(self.points[name].astype(np.float32), color, width=max(1, round(width_mm * self._scale)))

    def fold(self, name: str, width_mm: float, strength: str | None = None, dark: float = 1.0) -> Mark:
        """A fold of the skin, as ``dark`` as it is strong; one too faint to see is left out."""
        strong = self.strength[strength or name]
        mark = self.line(name, mixed(*self._fold, dark * strong), width_mm)
        return mark._replace(shown=(strong > FAINTEST).tolist())
