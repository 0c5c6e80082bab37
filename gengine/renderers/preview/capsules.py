"""Soft-shaded tapered capsules on a pixel grid: the one shape the preview figure is made of.

A capsule is a segment swept by a sphere whose radius runs from one end to the other. Seen along parallel
rays its front surface has a closed form, so every covered pixel gets an exact normal and depth, and its
edge an exact fraction of cover. Where the capsules of many frames lie is worked out at once; those of one
frame are then shaded in one pass over a flat list of pixels, and what lies behind others is left out before
the blending, which depends on order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Int = NDArray[np.int64]

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
EDGE = 0.5
"""Pixels beyond its radius that a capsule still covers in part."""


@dataclass(eq=False)
class ScreenCapsules:
    """``N`` capsules in each of ``F`` frames in pixels: x right, y down, depth towards the viewer.

    ``a, b (F, N, 3)`` ends, ``ra, rb (F, N)`` radii, ``color (N, 3)`` in 0..255 and ``soft (N,)``: the depth in
    pixels over which a capsule melts into what it touches. Where ``wide (N,)`` is above 1 the section is an
    ellipse that many times wider along ``side (F, N, 3)``, a direction in the axes of the ends; the radii are
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


class _Seen(NamedTuple):
    """``M = F * N`` capsules, frame after frame from near to far, as they look from here.

    On the screen a capsule runs from ``a`` to ``b (M, 3)`` along ``axis (M, 2)`` (unit), over ``flat (M,)`` of the
    ``length (M,)`` pixels it has in space. An elliptic section looks like a circle of radius ``ra``, ``rb (M,)``
    squeezed across by ``squash (M,)`` and sheared in depth by ``shear (M,)``.
    """

    a: Float
    b: Float
    ra: NDArray
    rb: NDArray
    axis: Float
    flat: Float
    length: Float
    squash: NDArray
    shear: NDArray


@dataclass(frozen=True, eq=False)
class PlacedCapsules:
    """Capsules of ``F`` frames ready to be drawn into pictures of ``width``.

    ``sizes (F, N)`` counts their pixels from near to far, ``shape (K, F, N)`` is what their pixels share (see
    ``_shape``), ``color (F, N, 3)`` and ``half_soft (F, N)``, half the depth in pixels that they melt over. They cover
    ``R`` rows of pixels; frame ``i`` has those from ``begin[i]`` to ``begin[i + 1]``, each with ``count (R,)`` pixels
    from ``first (R,)`` in the flat picture on, the column ``left (R,)``, and at column 0 ``along`` and ``across (R,)``
    in the capsule's frame.
    """

    width: int
    sizes: Int
    shape: Float
    color: Float
    half_soft: Float
    begin: Int
    first: Int
    left: Int
    count: Int
    along: Float
    across: Float


def place(shapes: ScreenCapsules, width: int, height: int) -> PlacedCapsules:
    """Where capsules lie in pictures of ``width`` x ``height`` pixels."""
    frames, number = shapes.ra.shape
    near = shapes.a[..., 2] + shapes.b[..., 2] + np.maximum(shapes.ra, shapes.rb)
    order = np.argsort(near, axis=1, kind="stable")[:, ::-1]
    seen = _seen(shapes, order)
    which, row, left, count = _spans(seen, shapes.cap[order].ravel(), width, height)
    y = row - seen.a[which, 1]
    x, (ax, ay) = seen.a[which, 0], seen.axis[which].T
    return PlacedCapsules(
        width=width,
        sizes=np.bincount(which, count, frames * number).astype(np.int64).reshape(frames, number),
        shape=_shape(seen).reshape(-1, frames, number),
        color=shapes.color[order],
        half_soft=0.5 * shapes.soft[order],
        begin=np.searchsorted(which, np.arange(frames + 1) * number),
        first=row * width + left,
        left=left,
        count=count,
        along=(y * ay - x * ax).astype(np.float32),
        across=(y * ax + x * ay).astype(np.float32),
    )


def draw(picture: NDArray[np.uint8], capsules: PlacedCapsules, frame: int) -> tuple[Int, Float]:
    """Blend the capsules of one ``frame`` into ``picture (H, W, 3)``, contiguous, changed in place.

    Returns the places in the flat picture that they cover and how near they are there, pixels, both ``(U,)``.
    """
    rows = slice(*capsules.begin[frame : frame + 2])
    sizes = capsules.sizes[frame]
    count, first = capsules.count[rows], capsules.first[rows]
    start = np.cumsum(count) - count
    place = np.arange(int(count.sum()))
    index = place + np.repeat(first - start, count)
    column = (place + np.repeat(capsules.left[rows] - start, count)).astype(np.float32)
    each = np.repeat(capsules.shape[:, frame], sizes, axis=1)
    along = np.repeat(capsules.along[rows], count) + column * each[0]
    across = np.repeat(capsules.across[rows], count) - column * each[1]
    cover, depth, light = _surface(along, across, each)
    half_soft = np.repeat(capsules.half_soft[frame], sizes)
    shown = _shown(index, cover, depth, half_soft, picture.shape[0] * picture.shape[1])
    which = np.repeat(np.arange(len(sizes)), sizes)[shown]
    light = light[shown]
    colors = [color[which] * light for color in capsules.color[frame].T]
    return _blend(picture, index[shown], cover[shown], depth[shown], half_soft[shown], colors)


def _seen(shapes: ScreenCapsules, order: Int) -> _Seen:
    def sorted_flat(values: Float) -> Float:
        """In the order of drawing; ``values`` is ``(N, …)`` or ``(F, N, …)``."""
        each = np.broadcast_to(values, order.shape) if values.ndim == 1 else values
        picked = np.take_along_axis(each, order.reshape(*order.shape, *(1,) * (each.ndim - 2)), axis=1)
        return picked.reshape(-1, *each.shape[2:])

    a, b, ra, rb = (sorted_flat(v) for v in (shapes.a, shapes.b, shapes.ra, shapes.rb))
    span = b - a
    flat = np.hypot(span[:, 0], span[:, 1])
    length = np.maximum(np.sqrt((span * span).sum(1)), np.float32(NO_LENGTH))
    axis = np.where(
        flat[:, None] > NO_LENGTH,
        span[:, :2] / np.maximum(flat, NO_LENGTH)[:, None],
        np.array([1.0, 0.0], np.float32),
    )
    wide, side = sorted_flat(shapes.wide), sorted_flat(shapes.side)
    sideways = side[:, 1] * axis[:, 0] - side[:, 0] * axis[:, 1]
    norm = np.hypot(sideways, side[:, 2])
    elliptic = (wide > 1.0) & (norm > NO_SIDE)
    cosine = np.where(elliptic, sideways / np.maximum(norm, NO_SIDE), np.float32(1.0))
    sine = np.where(elliptic, side[:, 2] / np.maximum(norm, NO_SIDE), np.float32(0.0))
    breadth = np.sqrt((wide * cosine) ** 2 + sine**2)
    squash = wide / breadth**2
    shear = (wide**2 - 1.0) * sine * cosine / breadth**2
    deep = wide / breadth  # half depth of the section, in short radii
    return _Seen(a, b, ra * deep, rb * deep, axis, flat, length, squash, shear)


def _shape(seen: _Seen) -> Float:
    """What the pixels of a capsule share, ``(12, M)``: its axis (2); radius at its beginning, its growth along the
    length, and the length (3); length over that on screen and the inverse (2); depth at its beginning and growth of
    depth (2); squash and shear (2); and the length on screen over that in space."""
    ax, ay = seen.axis.T
    stretch = seen.length / np.maximum(seen.flat, STEEPEST * seen.length)
    tilt = (seen.b[:, 2] - seen.a[:, 2]) / seen.length
    rows = (
        ax, ay, seen.ra, (seen.rb - seen.ra) / seen.length, seen.length, stretch, 1.0 / stretch, seen.a[:, 2], tilt,
        seen.squash, seen.shear, seen.flat / seen.length,
    )  # fmt: skip
    return np.stack(rows).astype(np.float32)


def _surface(along: Float, across: Float, each: Float) -> tuple[NDArray, NDArray, NDArray]:
    """Share of each pixel that is covered 0..1, depth in pixels and light 0..1 there, all ``(P,)``.

    The ray through a pixel meets the surface at ``s`` along the axis, where the radius depends on ``s`` in turn:
    two steps towards that place are enough, because radii change slowly along a limb.
    """
    ax, ay, r0, taper, long, stretch, shrink, start, tilt, ratio, lean, flat = each
    e = across * ratio
    square = e * e
    u = along * stretch
    s = np.minimum(np.maximum(u, 0.0), long)
    radius = r0 + taper * s
    beyond = along - s * shrink
    cover = np.clip(radius - np.sqrt(beyond * beyond + square) + EDGE, 0.0, 1.0)
    slope = tilt * stretch
    for _ in range(2):
        s = u + np.sqrt(np.maximum(radius * radius - square, 0.0)) * slope
        s = np.minimum(np.maximum(s, 0.0), long)
        radius = r0 + taper * s
    beyond = along - s * flat
    facing = np.sqrt(np.maximum(1.0 - (beyond * beyond + square) / (radius * radius), 0.0))
    near = facing * radius
    depth = start + s * tilt + near + across * lean
    # the light in the capsule's frame; y points down on screen
    sideways = e * ratio - lean * near
    size = np.sqrt(sideways * sideways + beyond * beyond + near * near)
    lit = beyond * (ax * KEY_LIGHT[0] - ay * KEY_LIGHT[1]) - sideways * (ay * KEY_LIGHT[0] + ax * KEY_LIGHT[1])
    lit = (lit + near * KEY_LIGHT[2]) / np.maximum(size, np.float32(1e-3))
    return cover, depth, _light(lit, facing)


def _light(cosine: Float, facing: Float) -> NDArray:
    """Light 0..1 of surfaces: a wrapped and smoothed key, steady light, and less of it at the edges."""
    lit = np.clip(WRAP_OFFSET + WRAP_SLOPE * cosine, 0.0, 1.0)
    edge = 1.0 - facing
    return AMBIENT + KEY * lit * lit * (3.0 - 2.0 * lit) - RIM * edge * edge


def _shown(index: Int, cover: Float, depth: Float, half_soft: Float, size: int) -> Int:
    """Which entries may be seen: not those that lie farther behind a wholly covered pixel than the two melt."""
    front = np.full(size, FARTHEST, np.float32)
    level = depth - half_soft + (cover - 1.0) * np.float32(-FARTHEST)  # what covers in part hides nothing
    np.maximum.at(front, index, level)
    return np.flatnonzero(depth + half_soft > front[index])


def _blend(
    picture: NDArray[np.uint8], index: Int, cover: Float, depth: Float, half_soft: Float, colors: list[Float]
) -> tuple[Int, Float]:
    """Paint entries ``(P,)``, sorted from near to far, of three ``colors (P,)``; where two nearly touch they melt.

    All pixels take their farthest entry at once, then those that have a second their second, and so on: most have one.
    Returns the pixels and their depth.
    """
    planes = picture.reshape(-1, 3).T
    owner = np.empty(planes.shape[1], np.int32)
    rest = np.arange(len(index))
    layer, rest = _farthest(index, rest, owner)
    touched, share, near = index[layer], cover[layer], depth[layer]
    painted = []
    for plane, color in zip(planes, colors, strict=True):
        under = plane[touched].astype(np.float32)
        painted.append(under + share * (color[layer] - under))
    near[share <= 0.5] = FARTHEST
    place = np.empty(len(owner), np.int32)
    place[touched] = np.arange(len(touched))
    while len(rest):
        layer, rest = _farthest(index, rest, owner)
        at = place[index[layer]]
        here, behind = depth[layer], near[at]
        share = (here - behind) * (0.5 / half_soft[layer]) + 0.5
        share = np.minimum(np.maximum(share, 0.0), 1.0) * cover[layer]
        for paint, color in zip(painted, colors, strict=True):
            under = paint[at]
            paint[at] = under + share * (color[layer] - under)
        near[at] = np.where(share > 0.5, np.maximum(here, behind), behind)
    for plane, paint in zip(planes, painted, strict=True):
        plane[touched] = paint.astype(np.uint8)
    return touched, near


def _farthest(index: Int, entries: Int, owner: NDArray[np.int32]) -> tuple[Int, Int]:
    """The last of the ``entries`` on every pixel ``index``, and the others; ``owner`` is scratch."""
    here = index[entries]
    owner[here] = entries  # of several the one written last stays
    last = owner[here] == entries
    return entries[last], entries[~last]


def _spans(seen: _Seen, cap: Float, width: int, height: int) -> tuple[Int, Int, Int, Int]:
    """Rows of pixels that the capsules cover: capsule, row, first column and number of columns of each."""
    a, b = seen.a, seen.b
    ra, rb = ((r + EDGE) / seen.squash for r in (seen.ra, seen.rb))
    # the four corners of the straight part, a cut end included; a whole round end bounds itself
    whole = cap >= 1.0
    beyond = np.where(whole, np.float32(0.0), cap)[:, None] * seen.axis
    across = np.stack([-seen.axis[:, 1], seen.axis[:, 0]], axis=1)
    corners = [
        end[:, :2] + side * across * r[:, None] + way * beyond * r[:, None]
        for end, r, way in ((a, ra, -1.0), (b, rb, 1.0))
        for side in (-1.0, 1.0)
    ]
    round_a, round_b = np.where(whole, ra, np.float32(0.0)), np.where(whole, rb, np.float32(0.0))
    heights = np.stack([c[:, 1] for c in corners])
    top = np.minimum(heights.min(0), np.minimum(a[:, 1] - round_a, b[:, 1] - round_b))
    bottom = np.maximum(heights.max(0), np.maximum(a[:, 1] + round_a, b[:, 1] + round_b))
    low = np.clip(np.ceil(top).astype(np.int64), 0, height)
    rows = np.maximum(np.clip(np.floor(bottom).astype(np.int64) + 1, 0, height) - low, 0)
    which = np.repeat(np.arange(len(a)), rows)
    row = np.arange(len(which)) + np.repeat(low - np.cumsum(rows) + rows, rows)
    y = row.astype(np.float32)
    left = np.full(len(which), np.inf, np.float32)
    right = -left
    for end, radius in ((a, round_a), (b, round_b)):
        off = radius[which] ** 2 - (y - end[which, 1]) ** 2
        half, x = np.sqrt(np.maximum(off, 0.0)), end[which, 0]
        hit = off > 0
        np.minimum(left, x - half, out=left, where=hit)
        np.maximum(right, x + half, out=right, where=hit)
    for i, j in ((0, 2), (1, 3), (0, 1), (2, 3)):  # the two flanks and the two ends
        p, q = corners[i], corners[j]
        rise = q[:, 1] - p[:, 1]
        slope = (q[:, 0] - p[:, 0]) / np.where(np.abs(rise) > 1e-3, rise, np.float32(1e-3))
        low_end, high_end = np.minimum(p[:, 1], q[:, 1]), np.maximum(p[:, 1], q[:, 1])
        x = p[which, 0] + (y - p[which, 1]) * slope[which]
        hit = (y >= low_end[which]) & (y <= high_end[which])
        np.minimum(left, x, out=left, where=hit)
        np.maximum(right, x, out=right, where=hit)
    seen_here = right > left
    left, right = np.where(seen_here, left, 0.0), np.where(seen_here, right, -1.0)
    first = np.clip(np.ceil(left).astype(np.int64), 0, width)
    count = np.maximum(np.clip(np.floor(right).astype(np.int64) + 1, 0, width) - first, 0)
    keep = np.flatnonzero(count)
    return which[keep], row[keep], first[keep], count[keep]
