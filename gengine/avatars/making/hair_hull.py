"""The body of hair that hangs: one closed-looking surface under the locks, so that nothing shows between them.

Seen from outside, loose hair is a surface with locks in relief. The surface is where most locks run, smoothed; the
locks are then laid on it, so that none stands off as a wire or leaves a strip of skin open, in motion too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from gengine.avatars.making.hair_cards import BANDS, Scalp, follow
from gengine.avatars.making.skinned_mesh import SkinnedMesh, sheet

POLE = np.array([0.0, 30.0, -12.0])
"""Middle of the skull, head coordinates (mm): hair lies around it above, and around a plumb line through it below."""
ROUND, STEP = 72, 6.0
"""Columns of the surface, and its rows' distance in mm."""
QUARTER = 90.0
"""Millimetres of a quarter circle over the top: rows from the pole to the height of the middle."""
QUARTER_ROW = int(QUARTER / STEP)
"""The row at the height of the middle."""
BROW, EDGE = 15.0, 40.0
"""Height over the eyes from which the hairline bounds the surface, and the millimetres that count as a density of 1."""
CROWN_ROW = 6
"""The row at which the surface begins."""
STRAY = 0.25
"""Share of a lock that may hang where there is no surface; one of which more does is left out."""
SMOOTH = 2.2
"""Columns and rows over which the surface is smoothed (a Gaussian's sigma)."""
COVERED = 0.3
"""Density of locks, as a share of the usual, at which the surface ends: the face's opening."""
OVERHANG = 14.0
"""Millimetres by which locks reach beyond the surface's lower edge."""
LOWEST, HIGHEST = 0.4, 4.5
"""Millimetres over the surface between which locks run."""
TUCKED = 0.12
"""Share of a lock's length in which it comes from its root to the surface."""


class Hull:
    """The surface of ``paths (N, K, 3)`` m (locks that hang), radius by direction and height around ``POLE``."""

    def __init__(self, head: Scalp, paths: NDArray, end: float) -> None:
        self.head, self.end = head, end
        around, down, radius = self._polar(paths[:, 1:].reshape(-1, 3))
        rows = int((QUARTER + POLE[1] - end) / STEP) + 2
        at = np.clip((down / STEP).round().astype(int), 0, rows - 1), (around * ROUND).round().astype(int) % ROUND
        count, total = np.zeros((rows, ROUND)), np.zeros((rows, ROUND))
        np.add.at(count, at, 1.0)
        np.add.at(total, at, radius)
        weight = _smoothed(count, SMOOTH)
        self.radius = _smoothed(total, SMOOTH) / np.maximum(weight, 1e-6)
        thin = weight < 0.02 * weight.max()
        self.radius[thin] = np.median(self.radius)
        self.radius = _smoothed(self.radius, SMOOTH / 2)
        # as many locks as are usual at a row's height and breadth; near the pole all directions are one place
        usual = np.quantile(weight[QUARTER_ROW:], 0.6)
        self.density = weight / usual - COVERED
        self.density[:CROWN_ROW] = -1.0  # all directions are one there: the cap shows between the locks

    def _polar(self, points: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Direction 0-1 from the back round, millimetres from the pole downwards, and radius (mm) of points (m)."""
        p = self.head.local(points) - POLE
        flat = np.hypot(p[:, 0], p[:, 2])
        above = p[:, 1] > 0
        down = np.where(above, QUARTER * (1 - np.arctan2(p[:, 1], flat) / (np.pi / 2)), QUARTER - p[:, 1])
        return (
            (np.arctan2(p[:, 0], p[:, 2]) / (2 * np.pi) + 0.5) % 1.0,
            down,
            np.where(above, np.hypot(flat, p[:, 1]), flat),
        )

    def _place(self, around: NDArray, down: NDArray, radius: NDArray) -> NDArray[np.float64]:
        """Points (m) of directions, ways down and radii."""
        turn = (around - 0.5) * 2 * np.pi
        lift = np.clip((QUARTER - down) / QUARTER, 0, 1) * (np.pi / 2)
        flat, high = radius * np.cos(lift), radius * np.sin(lift) - np.clip(down - QUARTER, 0, None)
        p = np.stack([flat * np.sin(turn), high, flat * np.cos(turn)], axis=-1) + POLE
        return p * 1e-3 * self.head.body.face_scale + self.head.origin

    def _at(self, around: NDArray, down: NDArray) -> NDArray[np.float64]:
        """Radius of the surface (mm), between its columns and rows."""
        x, y = around * ROUND, np.clip(down / STEP, 0, len(self.radius) - 1.001)
        i, j = np.floor(x).astype(int), np.floor(y).astype(int)
        fx, fy = x - i, y - j
        upper = self.radius[j, i % ROUND] * (1 - fx) + self.radius[j, (i + 1) % ROUND] * fx
        lower = self.radius[j + 1, i % ROUND] * (1 - fx) + self.radius[j + 1, (i + 1) % ROUND] * fx
        return upper * (1 - fy) + lower * fy

    def held(self, paths: NDArray) -> NDArray[np.bool_]:
        """Which locks ``(N,)`` hang with the others: single ones before cheeks and neck would look like wires."""
        around, down, _ = self._polar(paths.reshape(-1, 3))
        row = np.clip((down / STEP).astype(int), 0, len(self.density) - 1)
        bare = (self.density[row, (around * ROUND).astype(int) % ROUND] < 0) & (row > QUARTER_ROW)
        return bare.reshape(paths.shape[:2]).mean(1) <= STRAY

    def laid(self, paths: NDArray) -> NDArray[np.float64]:
        """The locks brought near to the surface, each at a height of its own; roots stay where they grow."""
        count, steps = paths.shape[:2]
        around, down, radius = self._polar(paths.reshape(-1, 3))
        off = radius - self._at(around, down)
        share = np.tile(np.clip(np.linspace(0, 1, steps) / TUCKED, 0, 1), count)
        near = np.clip(0.35 * off + 1.5, LOWEST, HIGHEST)
        return self._place(around, down, radius + (near - off) * share).reshape(paths.shape)

    def mesh(self) -> SkinnedMesh:
        """The surface, cut where there is no hair and a little above the locks' ends."""
        rows = len(self.radius)
        down, around = np.meshgrid(np.arange(rows) * STEP, np.arange(ROUND + 1) / ROUND, indexing="ij")
        down[0] = 0.5
        wrapped = np.concatenate([self.radius, self.radius[:, :1]], axis=1)
        points = self._place(around, down, wrapped - 0.5)
        uv = np.stack([around * BANDS * 3, 0.15 + 0.75 * down / down.max()], axis=-1)
        vertices, triangles, uv = sheet(points, uv)
        open_ = np.concatenate([self.density, self.density[:, :1]], axis=1)
        place = self.head.local(vertices)
        low = place[:, 1] - self.end - OVERHANG
        # over the forehead it ends where hair grows
        _, near = self.head.tree.query(vertices)
        line = np.where((place[:, 1] > BROW) & (place[:, 2] > 0), self.head.depth[near] / EDGE, 1.0)
        surface = SkinnedMesh(vertices, triangles, follow(self.head, vertices), uv)
        return surface.clip(np.minimum(np.minimum(open_.ravel(), line), low / EDGE))


def _smoothed(grid: NDArray, sigma: float) -> NDArray[np.float64]:
    """A grid that joins itself across, smoothed."""
    modes: Any = ("nearest", "wrap")
    return gaussian_filter(grid, sigma, mode=modes)
