"""Compiled loops over triangles: where each pixel of a film comes from, and what stands inside a mouth."""

from __future__ import annotations

import numpy as np
from numba import njit

from gengine.renderers.avatar.raster_kernels import KERNEL

NOWHERE = -1e9
"""Depth, px, where nothing lies yet."""
EDGE = 1e-4
"""How far outside a triangle (share of it) a pixel still belongs to it: no seams between neighbours."""


@njit(**KERNEL)
def lay(points, depth, carried, triangles, nearest, out):
    """Write what triangles carry over the pixels they cover, the nearest on top.

    ``points (V, 2)`` px of the picture, ``depth (V,)`` larger is nearer, ``carried (V, C)``; ``nearest (H, W)`` and
    ``out (H, W, C)`` are changed in place. Triangles that face away are drawn too: a mesh's edge stays closed.
    """
    height, width = nearest.shape
    channels = carried.shape[1]
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay = points[a, 0], points[a, 1]
        ux, uy, vx, vy = points[b, 0] - ax, points[b, 1] - ay, points[c, 0] - ax, points[c, 1] - ay
        area = ux * vy - vx * uy
        if abs(area) < 1e-9:
            continue
        left = max(int(np.floor(min(ax, ax + ux, ax + vx))), 0)
        right = min(int(np.ceil(max(ax, ax + ux, ax + vx))), width - 1)
        top = max(int(np.floor(min(ay, ay + uy, ay + vy))), 0)
        bottom = min(int(np.ceil(max(ay, ay + uy, ay + vy))), height - 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                second = ((x - ax) * vy - vx * (y - ay)) / area
                third = (ux * (y - ay) - (x - ax) * uy) / area
                first = 1 - second - third
                if first < -EDGE or second < -EDGE or third < -EDGE:
                    continue
                near = first * depth[a] + second * depth[b] + third * depth[c]
                if near > nearest[y, x]:
                    nearest[y, x] = near
                    for k in range(channels):
                        out[y, x, k] = first * carried[a, k] + second * carried[b, k] + third * carried[c, k]
