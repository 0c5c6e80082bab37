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
AMBIENT, KEY, RIM = 0.42, 0.58, 0.20
"""Shares of steady, main and edge light; the first two add up to 1, so no colour leaves 0..255."""


@dataclass(eq=False)
class ScreenCapsules:
    """``N`` capsules of one frame in pixels: x right, y down, depth towards the viewer.

    ``a, b (N, 3)`` ends, ``ra, rb (N,)`` radii, ``color (N, 3)`` in 0..255 and ``soft (N,)``: the depth in
    pixels over which a capsule melts into what it touches. Where ``wide (N,)`` is above 1 the section is an
    ellipse that many times wider along ``side (N, 3)``, a direction in the axes of the ends; the radii are
    then its short ones. ``cap (N,)`` 0..1 is how much of its round ends is drawn: an end that lies inside a
    neighbour need not be.
    """

    a: Float
    b: Float
    ra: Float
    rb: Float
    color: Float
    soft: Float
    wide: Float
    side: Float
    cap: Float


def blank(picture: Float) -> Float:
    """A canvas ``(H, W, 4)`` of a picture ``(H, W, 3)`` 0..255: colour, and depth that everything is in front of."""
    canvas = np.empty((*picture.shape[:2], 4), np.float32)
    canvas[..., :3] = picture
    canvas[..., 3] = -1e6
    return canvas


def draw(canvas: Float, shapes: ScreenCapsules) -> None:
    """Blend capsules into ``canvas (H, W, 4)`` float32, colour 0..255 and depth in pixels, changed in place."""
    height, width = canvas.shape[:2]
    order = np.argsort(shapes.a[:, 2] + shapes.b[:, 2] + np.maximum(shapes.ra, shapes.rb), kind="stable")
    a, b, ra, rb = shapes.a[order], shapes.b[order], shapes.ra[order], shapes.rb[order]
    span = b - a
    flat = np.hypot(span[:, 0], span[:, 1])
    length = np.maximum(np.sqrt((span * span).sum(1)), np.float32(1e-4))
    axis = np.where(
        flat[:, None] > 1e-4, span[:, :2] / np.maximum(flat, 1e-4)[:, None], np.array([1.0, 0.0], np.float32)
    )
    # seen from here an elliptic section is a circle squeezed across (squash) and sheared in depth (shear)
    wide, side = shapes.wide[order], shapes.side[order]
    sideways = side[:, 1] * axis[:, 0] - side[:, 0] * axis[:, 1]
    norm = np.hypot(sideways, side[:, 2])
    flat_section = (wide > 1.0) & (norm > 1e-6)
    cosine = np.where(flat_section, sideways / np.maximum(norm, 1e-6), 1.0)
    sine = np.where(flat_section, side[:, 2] / np.maximum(norm, 1e-6), 0.0)
    breadth = np.sqrt((wide * cosine) ** 2 + sine**2)
    squash = wide / breadth**2
    shear = (wide**2 - 1.0) * sine * cosine / breadth**2
    deep = wide / breadth  # half depth of the section, in short radii
    ra, rb = ra * deep, rb * deep
    which, row, first, count = _spans(a, b, ra / squash, rb / squash, shapes.cap[order], axis, width, height)
    if not len(which):
        return

    # one entry per covered pixel, in the frame of its capsule: along the axis on screen (u) and across it (e)
    start = np.cumsum(count) - count
    pixel = np.arange(start[-1] + count[-1]) + np.repeat(row * width + first - start, count)
    y = row - a[which, 1]
    ax, ay = axis[which, 0], axis[which, 1]
    x = (pixel - np.repeat(row * width, count)).astype(np.float32) - np.repeat(a[which, 0], count)
    u = x * np.repeat(ax, count) + np.repeat((y * ay).astype(np.float32), count)
    e = np.repeat((y * ax).astype(np.float32), count) - x * np.repeat(ay, count)

    # where the ray meets the surface: s along the axis, the radius there, and how far the normal faces the viewer
    sizes = np.bincount(which, weights=count, minlength=len(order)).astype(np.int64)

    def each(values: NDArray) -> Float:
        return np.repeat(values.astype(np.float32), sizes)

    r0, taper, long = each(ra), each((rb - ra) / length), each(length)
    stretch, tilt = each(length / np.maximum(flat, 0.05 * length)), each(span[:, 2] / length)
    ratio, lean = each(squash), each(shear)
    off = e * lean
    e *= ratio
    across = e * e
    nearest = np.clip(u * stretch, 0.0, long)
    radius = r0 + taper * nearest
    beyond = u - nearest / stretch
    cover = np.clip(radius - np.sqrt(beyond * beyond + across) + 0.5, 0.0, 1.0)
    s = nearest
    for _ in range(2):  # the radius where the ray meets the surface, which depends on where that is
        s = np.clip((u + np.sqrt(np.maximum(radius * radius - across, 0.0)) * tilt) * stretch, 0.0, long)
        radius = r0 + taper * s
    along = u - s * each(flat / length)
    square = along * along + across
    facing = np.sqrt(np.maximum(1.0 - square / (radius * radius), 0.0))
    z = each(a[:, 2]) + s * tilt + facing * radius + off

    # the light in the same frame; y points down on screen
    lu = axis[:, 0] * KEY_LIGHT[0] - axis[:, 1] * KEY_LIGHT[1]
    le = -axis[:, 1] * KEY_LIGHT[0] - axis[:, 0] * KEY_LIGHT[1]
    normal = e * ratio - lean * facing * radius
    long = np.sqrt(normal * normal + along * along + (facing * radius) ** 2)
    lit = (along * each(lu) + normal * each(le) + facing * radius * KEY_LIGHT[2]) / np.maximum(long, 1e-3)
    lit = np.clip(0.42 + 0.58 * lit, 0.0, 1.0)
    edge = 1.0 - facing
    light = AMBIENT + KEY * lit * lit * (3.0 - 2.0 * lit) - RIM * edge * edge

    # a pixel's four numbers move as one, which gathers and scatters several times faster
    packed = canvas.view(np.complex128).reshape(-1)
    softness = 1.0 / shapes.soft[order]
    shaded = np.repeat(np.pad(shapes.color[order], ((0, 0), (0, 1))), sizes, axis=0) * light[:, None]
    end = 0
    for i, size in enumerate(sizes.tolist()):
        part = slice(end, end + size)
        end += size
        at, near = pixel[part], z[part]
        old = packed[at].view(np.float32).reshape(-1, 4)
        behind = old[:, 3].copy()
        weight = (near - behind) * softness[i] + 0.5
        np.maximum(weight, 0.0, out=weight)
        np.minimum(weight, 1.0, out=weight)
        weight *= cover[part]
        old += weight[:, None] * (shaded[part] - old)
        old[:, 3] = np.where(weight > 0.5, np.maximum(near, behind), behind)
        packed[at] = old.view(np.complex128)[:, 0]


def _spans(
    a: NDArray, b: NDArray, ra: NDArray, rb: NDArray, cap: NDArray, axis: NDArray, width: int, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of pixels that the capsules cover: capsule, row, first column and number of columns of each."""
    # the four corners of the straight part, a cut end included; a whole round end bounds itself
    whole = cap >= 1.0
    beyond = np.where(whole, 0.0, cap)[:, None] * axis
    across = np.stack([-axis[:, 1], axis[:, 0]], axis=1)
    corners = [
        end[:, :2] + side * across * (r + 1.0)[:, None] + way * beyond * (r + 1.0)[:, None]
        for end, r, way in ((a, ra, -1.0), (b, rb, 1.0))
        for side in (-1.0, 1.0)
    ]
    round_a, round_b = np.where(whole, ra + 1.0, 0.0), np.where(whole, rb + 1.0, 0.0)
    heights = np.stack([c[:, 1] for c in corners])
    top = np.minimum(heights.min(0), np.minimum(a[:, 1] - round_a, b[:, 1] - round_b))
    bottom = np.maximum(heights.max(0), np.maximum(a[:, 1] + round_a, b[:, 1] + round_b))
    low = np.clip(np.floor(top + 0.5).astype(np.int64), 0, height)
    rows = np.maximum(np.clip(np.ceil(bottom - 0.5).astype(np.int64) + 1, 0, height) - low, 0)
    which = np.repeat(np.arange(len(a)), rows)
    row = np.arange(len(which)) - np.repeat(np.cumsum(rows) - rows, rows) + low[which]
    y = row.astype(np.float32)
    left = np.full(len(which), np.inf, np.float32)
    right = -left
    for end, radius in ((a, round_a), (b, round_b)):
        off = radius[which] ** 2 - (y - end[which, 1]) ** 2
        half = np.sqrt(np.maximum(off, 0.0))
        left = np.where(off > 0, np.minimum(left, end[which, 0] - half), left)
        right = np.where(off > 0, np.maximum(right, end[which, 0] + half), right)
    for i, j in ((0, 2), (1, 3), (0, 1), (2, 3)):  # the two flanks and the two ends
        p, q = corners[i], corners[j]
        rise = q[:, 1] - p[:, 1]
        t = (y - p[which, 1]) / np.where(np.abs(rise) > 1e-3, rise, 1e-3)[which]
        x = p[which, 0] + t * (q[:, 0] - p[:, 0])[which]
        hit = (t >= 0) & (t <= 1)
        left = np.where(hit, np.minimum(left, x), left)
        right = np.where(hit, np.maximum(right, x), right)
    seen = right > left
    left, right = np.where(seen, left, 0.0), np.where(seen, right, -1.0)
    first = np.clip(np.floor(left).astype(np.int64), 0, width)
    count = np.maximum(np.clip(np.ceil(right).astype(np.int64) + 1, 0, width) - first, 0)
    keep = np.flatnonzero(count)
    return which[keep], row[keep], first[keep], count[keep]
