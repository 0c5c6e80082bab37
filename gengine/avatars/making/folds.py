"""Folds of skin: grooves and ridges that the face's shapes press together, as geometry that every program shows.

Around the lines of ``data/folds.csv`` the skin's triangles are made finer, and the shapes that fold it there move these
new vertices in and out. A fold deepens with its shape's weight, in our renderer and in every export with morphs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.skinned_mesh import Deltas, SkinnedMesh
from gengine.core.constants import read_table
from gengine.core.face import ARKIT_INDEX

FINENESS = ((2.2, 3.4), (1.6, 1.9))
"""Rounds of refining: triangles nearer to a fold than this, with an edge longer than that, both in its widths."""
RIDGE, RIDGE_AT, RIDGE_WIDE = 0.45, 2.3, 1.2
"""Height of the ridges beside a groove as a share of its depth, where they lie and how wide they are (in widths)."""
TAPER = 0.3
"""Share of a fold's length over which each of its ends fades."""
FRONT = 50.0
"""Folds lie on skin at least this far (mm) before the origin of the middle face: not on the nape."""
LEAST = 1.5e-4
"""Metres: smaller moves of a fine vertex are left out of a shape."""
AGEING = 0.5
"""How much deeper, as a share, the oldest skin folds."""


@dataclass(frozen=True, eq=False)
class Fold:
    """A line ``points (N, 2)`` mm, ``depth`` and ``width`` mm, and shares of it by ``shapes``."""

    points: NDArray[np.float64]
    depth: float
    width: float
    shapes: dict[str, float]

    def distance(self, at: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far places ``(V, 2)`` mm lie from the line, and beside which share 0-1 of its length ``(V,)``."""
        a, b = self.points[:-1], self.points[1:]
        way = b - a
        length = np.linalg.norm(way, axis=1)
        share = np.clip(np.einsum("vsd,sd->vs", at[:, None] - a, way) / length**2, 0, 1)
        away = np.linalg.norm(at[:, None] - (a + share[..., None] * way), axis=2)
        near = away.argmin(1)
        before = np.concatenate([[0.0], np.cumsum(length)])
        row = np.arange(len(at))
        return away[row, near], (before[near] + share[row, near] * length[near]) / before[-1]

    def relief(self, at: NDArray) -> NDArray[np.float64]:
        """Height ``(V,)`` mm of the folded skin at places ``(V, 2)`` mm: below zero in the groove."""
        away, along = self.distance(at)
        groove = np.exp(-((away / self.width) ** 2))
        ridge = RIDGE * np.exp(-(((away / self.width - RIDGE_AT) / RIDGE_WIDE) ** 2))
        fade = np.clip(np.minimum(along, 1 - along) / TAPER, 0, 1)
        return self.depth * (ridge - groove) * fade * fade * (3 - 2 * fade)


@cache
def folds() -> tuple[Fold, ...]:
    """Both sides' folds."""
    out = []
    for row in read_table("gengine.avatars", "folds"):
        points = np.array([[float(v) for v in point.split(":")] for point in row["points"].split()])
        shapes = {name: float(share) for name, share in (item.split(":") for item in row["shapes"].split())}
        for side, sign in (("Left", 1.0), ("Right", -1.0)) if row["side"] else (("", 1.0),):
            out.append(
                Fold(
                    points * [sign, 1.0],
                    float(row["depth_mm"]),
                    float(row["width_mm"]),
                    {n if n in ARKIT_INDEX else n + side: share for n, share in shapes.items()},
                )  # fmt: skip
            )
    return tuple(out)


def folded(skin: SkinnedMesh, at: NDArray, age: float = 0.0, scale: float = 1.0) -> SkinnedMesh:
    """``skin`` with folds in its shapes.

    ``at (V, 3)`` is where its vertices lie on the middle face (mm, as ``skin_texture`` paints); ``age`` 0-1 deepens the
    folds, ``scale`` is the face's size.
    """
    carried = replace(skin, uv=np.hstack([skin.uv, at]))  # the places are refined along with the texture's
    for reach, longest in FINENESS:
        place = carried.uv[:, 2:]
        away, width = _nearest(place[:, :2])
        away = np.where(place[:, 2] > FRONT, away, np.inf)[carried.triangles]
        width = np.take_along_axis(width[carried.triangles], away.argmin(1)[:, None], 1)[:, 0]
        carried = carried.rounded((away.min(1) < reach) & (carried.longest_edges() * 1e3 > longest * width))
    place = carried.uv[:, 2:]
    normals = carried.normals()
    front = place[:, 2] > FRONT
    rise: dict[str, NDArray[np.float64]] = {}
    for fold in folds():
        height = np.zeros(len(place))
        height[front] = fold.relief(place[front, :2])
        for name, share in fold.shapes.items():
            rise[name] = rise.get(name, 0.0) + share * height
    morphs: Deltas = dict(carried.morphs)
    deepening = (1 + AGEING * age) * scale * 1e-3
    for name, height in rise.items():
        dense = np.zeros_like(carried.vertices)
        index, delta = carried.morphs[name]
        dense[index] = delta
        dense += normals * (height * deepening)[:, None]
        morphs[name] = (np.arange(len(dense)), dense)
    fine = np.arange(len(carried.vertices)) >= len(skin.vertices)
    for name, (index, delta) in morphs.items():
        kept = np.abs(delta).max(1) > np.where(fine[index], LEAST, 1e-6)
        morphs[name] = (index[kept], delta[kept])
    return replace(carried, uv=carried.uv[:, :2], morphs=morphs)


def _nearest(at: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of places ``(V, 2)`` mm to the fold that is nearest, in its widths, and its width (mm)."""
    away = np.array([fold.distance(at)[0] / fold.width for fold in folds()])
    width = np.array([fold.width for fold in folds()])
    return away.min(0), width[away.argmin(0)]
