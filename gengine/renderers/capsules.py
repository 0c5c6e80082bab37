"""Soft-shaded tapered capsules on a pixel grid: the one shape the preview figure is made of.

A capsule is a segment swept by a sphere whose radius runs from one end to the other. Seen along parallel
rays its front surface has a closed form, so every covered pixel gets an exact normal and depth, and its
edge an exact fraction of cover. All capsules of a frame are shaded in one pass over a flat list of pixels;
only the blending, which depends on order, walks from far to near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

KEY_LIGHT = np.array([-0.46, 0.62, 0.64], np.float32)
"""Direction to the main light in camera axes (right, up, towards the viewer), unit length."""
AMBIENT, KEY, RIM = 0.46, 0.62, 0.22


@dataclass(eq=False)
class Capsules:
    """``N`` capsules of one frame in pixels: x right, y down, depth towards the viewer.

    ``a, b (N, 3)`` ends, ``ra, rb (N,)`` radii, ``color (N, 3)`` in 0..255 and ``soft (N,)``: the depth in
    pixels over which a capsule melts into what it touches.
    """

    a: Float
    b: Float
    ra: Float
    rb: Float
    color: Float
    soft: Float


def draw(canvas: Float, depth: Float, shapes: Capsules) -> None:
    """Blend capsules into ``canvas (H, W, 3)`` float 0..255 and ``depth (H, W)``, both changed in place."""
    height, width = depth.shape
    order = np.argsort(shapes.a[:, 2] + shapes.b[:, 2] + np.maximum(shapes.ra, shapes.rb), kind="stable")
    a, b, ra, rb = shapes.a[order], shapes.b[order], shapes.ra[order], shapes.rb[order]
    reach = np.maximum(ra, rb) + 1.0
    low = np.floor(np.minimum(a[:, :2], b[:, :2]) - reach[:, None]).astype(np.int64)
    high = np.ceil(np.maximum(a[:, :2], b[:, :2]) + reach[:, None]).astype(np.int64) + 1
    low = np.clip(low, 0, (width, height))
    high = np.clip(high, 0, (width, height))
    size = np.maximum(high - low, 0)
    count = size[:, 0] * size[:, 1]
    if not count.any():
        return

    # one entry per capsule and pixel of its bounding box
    which = np.repeat(np.arange(len(order)), count)
    local = (np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)).astype(np.int32)
    columns = size[:, 0].astype(np.int32)[which]
    row = local // columns
    column = local - row * columns
    x = (column + low[:, 0].astype(np.int32)[which]).astype(np.float32)
    y = (row + low[:, 1].astype(np.int32)[which]).astype(np.float32)

    # the axis frame of each capsule: along the axis on screen (u) and across it (e)
    span = b - a
    flat = np.hypot(span[:, 0], span[:, 1])
    length = np.maximum(np.sqrt((span**2).sum(1)), 1e-4)
    axis = np.where(flat[:, None] > 1e-4, span[:, :2] / np.maximum(flat, 1e-4)[:, None], [1.0, 0.0])
    axis = axis.astype(np.float32)
    ax, ay = axis[which, 0], axis[which, 1]
    x -= a[which, 0]
    y -= a[which, 1]
    u = x * ax + y * ay
    e = y * ax - x * ay
    beyond = np.maximum(np.maximum(-u, u - flat.astype(np.float32)[which]), 0.0)
    inside = np.flatnonzero(beyond * beyond + e * e < (reach * reach).astype(np.float32)[which])
    which, u, e = which[inside], u[inside], e[inside]
    pixel = (y[inside] + a[which, 1] + 0.5).astype(np.int64) * width + (x[inside] + a[which, 0] + 0.5).astype(np.int64)

    # where the ray meets the surface: s along the axis (metres of the axis in pixels), n its normal
    per = np.stack(
        [ra, (rb - ra) / length, flat / length, span[:, 2] / length, length, length / np.maximum(flat, 0.05 * length)],
        axis=1,
    ).astype(np.float32)[which]
    r0, taper, cosine, sine, long, stretch = per.T
    radius = r0 + taper * np.clip(u * stretch, 0.0, long)
    bulge = np.sqrt(np.maximum(radius * radius - e * e, 0.0))
    s = np.clip((u + bulge * sine) * stretch, 0.0, long)
    radius = r0 + taper * s
    along = u - s * cosine
    square = along * along + e * e
    cover = np.clip(radius - np.sqrt(square) + 0.5, 0.0, 1.0)
    facing = np.sqrt(np.maximum(1.0 - square / (radius * radius), 0.0))
    z = a[which, 2] + s * sine + facing * radius

    # the light in the same frame; y points down on screen
    lu = axis[:, 0] * KEY_LIGHT[0] - axis[:, 1] * KEY_LIGHT[1]
    le = -axis[:, 1] * KEY_LIGHT[0] - axis[:, 0] * KEY_LIGHT[1]
    lit = (along * lu[which] + e * le[which]) / radius + facing * KEY_LIGHT[2]
    lit = np.clip(0.42 + 0.58 * lit, 0.0, 1.0)
    edge = 1.0 - facing
    light = AMBIENT + KEY * lit * lit * (3.0 - 2.0 * lit) - RIM * edge * edge
    shaded = shapes.color[order][which] * light[:, None]

    flat_canvas, flat_depth = canvas.reshape(-1, 3), depth.reshape(-1)
    softness = 1.0 / shapes.soft[order]
    ends = np.searchsorted(which, np.arange(len(order) + 1))
    for i in range(len(order)):
        part = slice(ends[i], ends[i + 1])
        at = pixel[part]
        behind = flat_depth[at]
        weight = np.clip((z[part] - behind) * softness[i] + 0.5, 0.0, 1.0) * cover[part]
        under = flat_canvas[at]
        flat_canvas[at] = under + weight[:, None] * (shaded[part] - under)
        flat_depth[at] = np.where(weight > 0.5, np.maximum(z[part], behind), behind)
