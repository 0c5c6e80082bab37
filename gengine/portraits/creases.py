"""Lines that skin folds into: drawn along the mesh, as dark as an expression is strong. One photo does not show them,
and without them anger and sadness do not read (expression ratio images: Liu, Shan & Zhang 2001, with lines of one's own
in the place of a second photo)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.constants import read_table
from gengine.core.face import ARKIT_INDEX

Array = NDArray[np.float64]

SUBPIXEL = 4
"""Bits of a place in a picture below the pixel."""
HUE = (0.75, 1.0, 1.0)
"""How much of a shadow each colour takes: light that skin lets through is red (judgement)."""
FEWEST = 0.02
"""Darkness that nobody sees."""


@dataclass(frozen=True, eq=False)
class Crease:
    """A line: its corners are ``first + share * (second - first)`` of mesh points, ``channels`` fold it."""

    channels: tuple[int, ...]
    first: tuple[int, ...]
    second: tuple[int, ...]
    share: Array
    dark: float
    wide: float


def read_creases() -> list[Crease]:
    """``data/creases.csv``, see there for units and sources."""
    made = []
    for row in read_table("gengine.portraits", "creases"):
        sides = (row["side"],) if row["side"] else ("", "Left", "Right")
        names = [name + side for name in row["channels"].split() for side in sides]
        corners = [_corner(text) for text in row["path"].split()]
        first, second, share = zip(*corners, strict=True)
        channels = tuple(ARKIT_INDEX[n] for n in names if n in ARKIT_INDEX)
        made.append(Crease(channels, first, second, np.array(share), float(row["dark"]), float(row["wide"])))
    return made


def _corner(text: str) -> tuple[int, int, float]:
    pair, _, share = text.partition(":")
    first, _, second = pair.partition("+")
    return int(first), int(second or first), float(share or 0)


class Creases:
    """Draws them over one photo, whose own expression (``weights (52,)``) has folded its skin already; its face is
    ``wide`` px."""

    def __init__(self, weights: Array, wide: float) -> None:
        self.lines, self.own, self.wide = read_creases(), weights, wide

    def draw(self, picture: NDArray[np.float32], mesh: Array, weights: Array) -> None:
        """Darken ``picture (H, W, 3)`` along the lines of a ``mesh (468, 2)`` px under ``weights (52,)``, in place."""
        import cv2

        more = np.maximum(weights - self.own, 0)
        strengths = [line.dark * min(float(more[list(line.channels)].max()), 1.0) for line in self.lines]
        kept = [(line, s) for line, s in zip(self.lines, strengths, strict=True) if s > FEWEST]
        if not kept:
            return
        height, width = picture.shape[:2]
        low = np.clip(np.floor(mesh.min(0)).astype(int), 0, [width - 1, height - 1])
        high = np.clip(np.ceil(mesh.max(0)).astype(int) + 1, low + 1, [width, height])
        shade = np.zeros((high[1] - low[1], high[0] - low[0]), np.float32)
        for line, strength in kept:
            first, second = mesh[list(line.first)], mesh[list(line.second)]
            path = _smooth(first + line.share[:, None] * (second - first)) - low
            mask = np.zeros(shade.shape, np.uint8)
            soft = max(line.wide * self.wide / 2, 0.6)
            corners = np.round(path * (1 << SUBPIXEL)).astype(np.int32)
            cv2.polylines(mask, [corners], False, 255, max(round(soft), 1), cv2.LINE_AA, SUBPIXEL)
            x, y, w, h = cv2.boundingRect(cv2.findNonZero(mask)) if mask.any() else (0, 0, 0, 0)
            if not w:
                continue
            room = int(3 * soft) + 1
            part = np.s_[max(y - room, 0) : y + h + room, max(x - room, 0) : x + w + room]
            blurred = cv2.GaussianBlur(mask[part], (0, 0), soft).astype(np.float32)
            top = float(blurred.max())
            if top > 0:
                shade[part] = np.maximum(shade[part], strength / top * blurred)
        window = picture[low[1] : high[1], low[0] : high[0]]
        window *= 1 - shade[..., None] * np.array(HUE, np.float32)


def _smooth(corners: Array, count: int = 4) -> Array:
    """A line through the corners, ``count`` pieces between two (Catmull & Rom 1974), so that no corner shows."""
    ends = np.concatenate([2 * corners[:1] - corners[1:2], corners, 2 * corners[-1:] - corners[-2:-1]])
    a, b, c, d = ends[:-3, None], ends[1:-2, None], ends[2:-1, None], ends[3:, None]
    t = (np.arange(count) / count)[None, :, None]
    there = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([there.reshape(-1, 2), corners[-1:]])
