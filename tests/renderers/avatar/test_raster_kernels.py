"""Which triangle is seen, by the kernels and by looking at every triangle at every sample."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
from gengine.renderers.avatar import raster_kernels as raster

SIDE, COUNT = 37, 3 * raster.RENEWED


def test_what_lies_behind_full_squares_is_skipped_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    middle = rng.uniform(0, SIDE, (COUNT, 1, 2))
    points = np.ones((COUNT, 3, 4), np.float32)
    points[..., :2] = middle + rng.uniform(-3, 3, (COUNT, 3, 2))
    points[..., 2] = rng.uniform(0, 0.9, (COUNT, 1)) + rng.uniform(0, 0.05, (COUNT, 3))
    flat, triangles = points.reshape(-1, 4), np.arange(3 * COUNT, dtype=np.int32).reshape(-1, 3)
    part, texels = np.zeros(COUNT, np.int16), np.zeros((COUNT, 4), np.float32)
    box, level = np.empty((COUNT, 4), np.int16), np.zeros(COUNT, np.float32)
    first, last = raster._F(0.125), raster._F(0.875)
    both = np.array([True])
    raster.setup(0, COUNT, triangles, part, both, texels, flat, True, first, last, SIDE, SIDE, box, level)
    faces = np.flatnonzero(box[:, 3] >= 0).astype(np.int32)
    depth, ident = np.empty((SIDE, SIDE, 4), np.float32), np.empty((SIDE, SIDE, 4), np.int32)
    behind, table = np.empty((SIDE, SIDE), np.float32), np.zeros((1, 8, 4), np.int64)
    images, cut, uv = np.zeros((1, 4), np.uint8), np.ones(1, np.float32), np.zeros((3 * COUNT, 2), np.float32)
    for top, bottom in ((0, 13), (13, SIDE)):  # squares are counted from the top of each range of rows
        raster.visible(
            top, bottom, faces, triangles, part, flat, box, level, uv, cut, table, images, depth, ident, behind
        )
    y, x, s = np.meshgrid(*map(np.arange, (SIDE, SIDE, 4)), indexing="ij")
    px, py = x + raster.SAMPLE_X[s], y + raster.SAMPLE_Y[s]
    nearest = np.full(px.shape, 2.0)
    for a, b, c in points[faces].astype(float):
        low, high = (
            np.floor(np.min([a, b, c], 0)[:2]).astype(int).clip(0),
            np.ceil(np.max([a, b, c], 0)[:2]).astype(int),
        )
        window = np.s_[low[1] : high[1] + 1, low[0] : high[0] + 1]
        qx, qy = px[window] - c[0], py[window] - c[1]
        scale = (a[0] - c[0]) * (b[1] - c[1]) - (b[0] - c[0]) * (a[1] - c[1])
        u, v = ((b[1] - c[1]) * qx - (b[0] - c[0]) * qy) / scale, ((a[0] - c[0]) * qy - (a[1] - c[1]) * qx) / scale
        z = np.where((u >= 0) & (v >= 0) & (u + v <= 1), c[2] + u * (a[2] - c[2]) + v * (b[2] - c[2]), 2.0)
        nearest[window] = np.minimum(nearest[window], z)
    off = np.abs(depth - nearest) > 1e-3  # samples on an edge count on both sides of it
    assert off.mean() < 0.01 and (nearest < 2).mean() > 0.95
    far = np.full((SIDE // raster.SQUARE + 1, SIDE // raster.SQUARE + 1), -1, np.float32)
    raster.farthest(0, SIDE, behind, far)
    assert far[0, 0] == behind[:8, :8].max() and far[4, 4] == behind[32:, 32:].max() == depth[32:, 32:].max()
