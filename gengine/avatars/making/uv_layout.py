"""Where the skin lies in its texture: a cylinder map for the head, MakeHuman's map for the body below it.

The map is computed on the middle body and serves every other, so that all features are painted in the
millimetres of one face.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gengine.avatars.making.body_mesh import baked_arrays, middle_body, piece_index

WIDTH, HEAD_ROWS, BODY_ROWS = 1024, 1024, 512
_FRONT = 0.62
"""Share of texels moved from the back of the head to the face."""


Triangles = NDArray[np.int64]
"""Rows ``(F, 3)`` of vertices."""


@dataclass(frozen=True, eq=False)
class UvLayout:
    """Body triangles by what they are, as indices into ``BodyMesh.piece("body")``."""

    source: NDArray[np.int64]
    """Body vertices ``(V,)`` behind the skin's own vertices."""
    uv: NDArray[np.float64]
    """Texture coordinates ``(V, 2)`` of the skin."""
    triangles: Triangles
    """Its triangles ``(F, 3)``."""
    head: NDArray[np.bool_]
    """Which of them ``(F,)`` are the head."""
    inner_lips: NDArray[np.bool_]
    """Which of them ``(F,)`` lie behind where the lips meet: the ring that touches the mouth's inside."""
    mouth: Triangles
    """Triangles ``(M, 3)`` of the body piece inside the mouth."""
    sockets: Triangles
    """Triangles ``(S, 3)`` of the body piece behind the lids."""


@cache
def uv_layout() -> UvLayout:
    """The map (the same for every body)."""
    asset = baked_arrays()
    index = piece_index("body")
    triangles = np.searchsorted(index, asset["tri_body"].astype(np.int64))
    corner = asset["triangle_uv"].astype(np.int64)
    uv = asset["uv"].astype(float) / 65535 * [1, -1] + [0, 1]
    graph = coo_matrix(
        (np.ones(2 * len(corner)), np.concatenate([corner[:, :2], corner[:, 1:]]).T), shape=(len(uv),) * 2
    )
    _, island = connected_components(graph, directed=False)
    place = {k: uv[island == k].mean(0) for k in np.unique(island[corner])}

    def within(low: tuple[float, float], high: tuple[float, float]) -> NDArray[np.bool_]:
        hit = [k for k, (u, v) in place.items() if low[0] < u < high[0] and low[1] < v < high[1]]
        return np.isin(island[corner[:, 0]], hit)

    head = within((0.6, 0.15), (1.0, 0.87))
    mouth = within((0.75, 0.87), (1.0, 1.0))
    sockets = within((0.0, 0.3), (0.16, 0.5))
    points = middle_body().vertices[index]
    own = uv[corner] * [1.0, BODY_ROWS / (HEAD_ROWS + BODY_ROWS)] + [0.0, HEAD_ROWS / (HEAD_ROWS + BODY_ROWS)]
    own[head] = _around_head(points[triangles[head]])
    outside = ~(mouth | sockets)
    rows = np.concatenate([triangles[outside].reshape(-1, 1), np.round(own[outside].reshape(-1, 2) * 1e6)], axis=1)
    split, at = np.unique(rows, axis=0, return_inverse=True)
    return UvLayout(
        split[:, 0].astype(np.int64),
        (split[:, 1:] / 1e6).astype(np.float64),
        np.asarray(at).reshape(-1, 3),
        head[outside],
        np.asarray(np.isin(triangles[outside], triangles[mouth]).any(1)),
        triangles[mouth],
        triangles[sockets],
    )


def _around_head(points: NDArray) -> NDArray[np.float64]:
    """Cylinder coordinates ``(F, 3, 2)`` of triangles; u runs past 1 where one crosses the back."""
    figure = middle_body()
    ear = figure.joint("Head")[2] + 0.012
    eye = figure.joint("LeftEye")[1]
    x, y, z = points[..., 0], points[..., 1] - eye, points[..., 2] - ear
    angle = np.arctan2(x, z) / np.pi
    crossing = (np.ptp(angle, axis=1) > 1.0)[:, None]
    angle = np.where(crossing & (angle < 0), angle + 2.0, angle)
    near = np.clip(1 - np.abs(angle), -1, 1)
    spread = np.sign(angle) * ((1 - _FRONT) * np.abs(angle) + _FRONT * (1 - near**2))
    spread = np.where(np.abs(angle) > 1, 2 - ((1 - _FRONT) * (2 - np.abs(angle)) + _FRONT * (1 - near**2)), spread)
    # on top of the skull, arc length instead of height
    rise = np.where(y > 0, 0.1 * np.arctan2(y, np.maximum(np.hypot(x, z), 1e-6)), y)
    v = (0.16 - rise) / 0.285
    return np.stack([0.5 + 0.5 * spread, v * HEAD_ROWS / (HEAD_ROWS + BODY_ROWS)], axis=-1)


@dataclass(frozen=True, eq=False)
class TexelMap:
    """Which skin covers which texel: ``covered (H, W)``, ``triangle (H, W)`` and ``share (H, W, 3)`` of its corners."""

    covered: NDArray[np.bool_]
    triangle: NDArray[np.int32]
    share: NDArray[np.float32]

    def paint(self, values: NDArray) -> NDArray[np.float32]:
        """Values per skin vertex ``(V,)`` or ``(V, C)`` spread over the texture."""
        corners = uv_layout().triangles[self.triangle[self.covered]]
        rows = np.asarray(values, np.float32)[corners]
        mixed = np.einsum("nk...,nk->n...", rows, self.share[self.covered])
        out = np.zeros((*self.covered.shape, *mixed.shape[1:]), np.float32)
        out[self.covered] = mixed
        return out


@cache
def texel_map() -> TexelMap:
    """Rasterise the layout; where surfaces lie over each other (ears, lips) the outer one is seen."""
    flat = uv_layout()
    height = HEAD_ROWS + BODY_ROWS
    points = middle_body().vertices[piece_index("body")][flat.source]
    order = np.argsort((np.hypot(points[:, 0], points[:, 2]))[flat.triangles].mean(1))
    corners = (flat.uv * [WIDTH, height] - 0.5)[flat.triangles[order]]
    low = np.floor(corners.min(1)).astype(int) - 1
    span = np.ceil(corners.max(1)).astype(int) + 1 - low + 1
    count = span[:, 0] * span[:, 1]
    owner = np.repeat(np.arange(len(order)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    x = low[owner, 0] + step % span[owner, 0]
    y = low[owner, 1] + step // span[owner, 0]
    a, b, c = (corners[owner, k] for k in range(3))
    whole = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    whole = np.where(np.abs(whole) < 1e-9, 1e-9, whole)
    second = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / whole
    third = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / whole
    share = np.stack([1 - second - third, second, third], axis=1)
    worst = -share.min(1)
    covered = np.zeros((height, WIDTH), bool)
    triangle = np.zeros((height, WIDTH), np.int32)
    shares = np.zeros((height, WIDTH, 3), np.float32)
    # first a rim of one texel around every triangle, then what they really cover
    rim = 1.2 / np.sqrt(np.abs(whole))
    for limit in (rim, np.full(len(worst), 1e-6)):
        hit = (worst <= limit) & (y >= 0) & (y < height)
        at = (y[hit], x[hit] % WIDTH)
        covered[at], triangle[at], shares[at] = True, order[owner[hit]], np.clip(share[hit], 0, 1)
    return TexelMap(covered, triangle, shares / np.maximum(shares.sum(-1, keepdims=True), 1e-6))
