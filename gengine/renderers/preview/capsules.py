"""Soft-shaded tapered capsules on a pixel grid: the one shape the preview figure is made of.

A capsule is a segment swept by a sphere whose radius runs from one end to the other. Seen along parallel
rays its front surface has a closed form, so every covered pixel gets an exact normal and depth, and its
edge an exact fraction of cover. All capsules of a frame are shaded in one pass over a flat list of pixels;
only the blending, which depends on order, walks from far to near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

KEY_LIGHT = np.array([-0.46, 0.62, 0.64], np.float32)
"""Direction to the main light in camera axes (right, up, towards the viewer), unit length."""
AMBIENT, KEY, RIM = 0.42, 0.58, 0.20
"""Shares of steady, main and edge light; the first two add up to 1, so no colour leaves 0..255 (judgement)."""
WRAP_OFFSET, WRAP_SLOPE = 0.42, 0.58
"""Half-Lambert: light by ``WRAP_OFFSET + WRAP_SLOPE * cosine``, so that it reaches past the terminator (judgement)."""
FARTHEST = -1e6
"""Depth in pixels of what everything is in front of."""
NO_LENGTH, NO_SIDE = 1e-4, 1e-6
"""Pixels: a capsule shorter on screen has no axis there, and a side shorter has no direction."""
STEEPEST = 0.05
"""Length on screen as a share of that in space, below which a capsule is drawn as if it leaned no more."""


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
    canvas[..., 3] = FARTHEST
    return canvas


def draw(canvas: Float, shapes: ScreenCapsules) -> None:
    """Blend capsules into ``canvas (H, W, 4)`` float32, colour 0..255 and depth in pixels, changed in place."""
    height, width = canvas.shape[:2]
    order = np.argsort(shapes.a[:, 2] + shapes.b[:, 2] + np.maximum(shapes.ra, shapes.rb), kind="stable")
    seen = _seen(shapes, order)
    pixels = _pixels(seen, shapes.cap[order], width, height)
    if pixels is None:
        return
    cover, depth, light = _surface(seen, pixels)
    _blend(canvas, pixels, cover, depth, light, shapes.color[order], 1.0 / shapes.soft[order])


class _Seen(NamedTuple):
    """``N`` capsules from far to near, as they look from here.

    On the screen a capsule runs from ``a`` to ``b (N, 3)`` along ``axis (N, 2)`` (unit), over ``flat (N,)`` of the
    ``length (N,)`` pixels it has in space. An elliptic section looks like a circle of radius ``ra``, ``rb (N,)``
    squeezed across by ``squash (N,)`` and sheared in depth by ``shear (N,)``.
    """

    a: Float
    b: Float
    ra: NDArray
    rb: NDArray
    axis: NDArray
    flat: NDArray
    length: NDArray
    squash: NDArray
    shear: NDArray


class _Pixels(NamedTuple):
    """One entry ``(P,)`` per covered pixel and capsule: ``index`` in the flat canvas, and the place in the frame of
    the capsule, ``along`` its axis on screen and ``across`` it; ``sizes (N,)`` says how many each capsule has."""

    index: NDArray[np.int64]
    along: Float
    across: Float
    sizes: NDArray[np.int64]


def _seen(shapes: ScreenCapsules, order: NDArray) -> _Seen:
    a, b = shapes.a[order], shapes.b[order]
    span = b - a
    flat = np.hypot(span[:, 0], span[:, 1])
    length = np.maximum(np.sqrt((span * span).sum(1)), np.float32(NO_LENGTH))
    axis = np.where(
        flat[:, None] > NO_LENGTH,
        span[:, :2] / np.maximum(flat, NO_LENGTH)[:, None],
        np.array([1.0, 0.0], np.float32),
    )
    wide, side = shapes.wide[order], shapes.side[order]
    sideways = side[:, 1] * axis[:, 0] - side[:, 0] * axis[:, 1]
    norm = np.hypot(sideways, side[:, 2])
    elliptic = (wide > 1.0) & (norm > NO_SIDE)
    cosine = np.where(elliptic, sideways / np.maximum(norm, NO_SIDE), 1.0)
    sine = np.where(elliptic, side[:, 2] / np.maximum(norm, NO_SIDE), 0.0)
    breadth = np.sqrt((wide * cosine) ** 2 + sine**2)
    squash = wide / breadth**2
    shear = (wide**2 - 1.0) * sine * cosine / breadth**2
    deep = wide / breadth  # half depth of the section, in short radii
    return _Seen(a, b, shapes.ra[order] * deep, shapes.rb[order] * deep, axis, flat, length, squash, shear)


def _pixels(seen: _Seen, cap: Float, width: int, height: int) -> _Pixels | None:
    """What the capsules cover of a canvas; None where that is nothing."""
    a, axis = seen.a, seen.axis
    which, row, first, count = _spans(a, seen.b, seen.ra / seen.squash, seen.rb / seen.squash, cap, axis, width, height)
    if not len(which):
        return None
    start = np.cumsum(count) - count
    index = np.arange(start[-1] + count[-1]) + np.repeat(row * width + first - start, count)
    y = row - a[which, 1]
    ax, ay = axis[which, 0], axis[which, 1]
    x = (index - np.repeat(row * width, count)).astype(np.float32) - np.repeat(a[which, 0], count)
    along = x * np.repeat(ax, count) + np.repeat((y * ay).astype(np.float32), count)
    across = np.repeat((y * ax).astype(np.float32), count) - x * np.repeat(ay, count)
    sizes = np.bincount(which, weights=count, minlength=len(a)).astype(np.int64)
    return _Pixels(index, along, across, sizes)


def _surface(seen: _Seen, pixels: _Pixels) -> tuple[NDArray, NDArray, NDArray]:
    """Share of each pixel that is covered 0..1, depth in pixels and light 0..1 there, all ``(P,)``.

    The ray through a pixel meets the surface at ``s`` along the axis, where the radius depends on ``s`` in turn:
    two steps towards that place are enough, because radii change slowly along a limb.
    """

    def each(values: NDArray) -> Float:
        return np.repeat(values.astype(np.float32), pixels.sizes)

    span, u = seen.b - seen.a, pixels.along
    r0, taper, long = each(seen.ra), each((seen.rb - seen.ra) / seen.length), each(seen.length)
    stretch = each(seen.length / np.maximum(seen.flat, STEEPEST * seen.length))
    tilt = each(span[:, 2] / seen.length)
    ratio, lean = each(seen.squash), each(seen.shear)
    off = pixels.across * lean
    e = pixels.across * ratio
    across = e * e
    nearest = np.clip(u * stretch, 0.0, long)
    radius = r0 + taper * nearest
    beyond = u - nearest / stretch
    cover = np.clip(radius - np.sqrt(beyond * beyond + across) + 0.5, 0.0, 1.0)
    s = nearest
    for _ in range(2):
        s = np.clip((u + np.sqrt(np.maximum(radius * radius - across, 0.0)) * tilt) * stretch, 0.0, long)
        radius = r0 + taper * s
    along = u - s * each(seen.flat / seen.length)
    square = along * along + across
    facing = np.sqrt(np.maximum(1.0 - square / (radius * radius), 0.0))
    depth = each(seen.a[:, 2]) + s * tilt + facing * radius + off
    normal = (along, e * ratio - lean * facing * radius, facing * radius)
    # the light in the same frame; y points down on screen
    x, y = seen.axis[:, 0], seen.axis[:, 1]
    to_light = (each(x * KEY_LIGHT[0] - y * KEY_LIGHT[1]), each(-y * KEY_LIGHT[0] - x * KEY_LIGHT[1]))
    return cover, depth, _light(normal, to_light, facing)


def _light(normal: tuple[NDArray, NDArray, NDArray], to_light: tuple[Float, Float], facing: NDArray) -> NDArray:
    """Light 0..1 of surfaces: a wrapped and smoothed key, steady light, and less of it at the edges."""
    along, across, near = normal
    size = np.sqrt(across * across + along * along + near**2)
    lit = (along * to_light[0] + across * to_light[1] + near * KEY_LIGHT[2]) / np.maximum(size, 1e-3)
    lit = np.clip(WRAP_OFFSET + WRAP_SLOPE * lit, 0.0, 1.0)
    edge = 1.0 - facing
    return AMBIENT + KEY * lit * lit * (3.0 - 2.0 * lit) - RIM * edge * edge


def _blend(
    canvas: Float, pixels: _Pixels, cover: NDArray, depth: NDArray, light: NDArray, color: Float, softness: Float
) -> None:
    """Paint capsules, far to near; where two nearly touch they melt over 1 / ``softness (N,)`` pixels.

    All pixels take their farthest capsule at once, then those that have a second their second, and so on: there are
    some ninety capsules in a frame, but hardly ever ten over one pixel. A pixel's four numbers move as one, which
    gathers and scatters several times faster.
    """
    packed = canvas.view(np.complex128).reshape(-1)
    layer = _layers(pixels, len(packed))
    which = np.repeat(np.arange(len(pixels.sizes)), pixels.sizes)
    colors = np.ascontiguousarray(color.T)
    for step in range(int(layer.max()) + 1):
        part = np.flatnonzero(layer == step)
        at, near, capsule, lit = pixels.index[part], depth[part], which[part], light[part]
        old = packed[at].view(np.float32).reshape(-1, 4)
        behind = old[:, 3].copy()
        weight = (near - behind) * softness[capsule] + 0.5
        np.maximum(weight, 0.0, out=weight)
        np.minimum(weight, 1.0, out=weight)
        weight *= cover[part]
        for channel in range(3):
            under = old[:, channel]
            under += weight * (colors[channel][capsule] * lit - under)
        old[:, 3] = np.where(weight > 0.5, np.maximum(near, behind), behind)
        packed[at] = old.view(np.complex128)[:, 0]


def _layers(pixels: _Pixels, size: int) -> NDArray[np.uint8]:
    """How many capsules lie behind each entry on its pixel of a canvas of ``size`` pixels, ``(P,)``."""
    behind, layer, end = np.zeros(size, np.uint8), np.empty(len(pixels.index), np.uint8), 0
    for count in pixels.sizes.tolist():
        at = pixels.index[end : end + count]
        here = behind[at]
        layer[end : end + count] = here
        behind[at] = here + np.uint8(1)
        end += count
    return layer


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
