"""Hair as tapering locks combed over the scalp, on a cap that fills the gaps between them.

A style is a comb: for every root it gives the lock's length, how far it stands off and where it is drawn next.
Locks grow step by step, kept off head and shoulders; they follow the head, and the neck and shoulders below the jaw.
Hair that hangs has a surface of its own, on which its locks are laid (``hair_hull``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from gengine.avatars.making.appearances import Appearance
from gengine.avatars.making.body_mesh import BodyMesh
from gengine.avatars.making.hair_cards import (
    Scalp,
    cap,
    down,
    edged,
    grow,
    ribbons,
    roots,
    scalp,
    scattered,
    strands,
    unit,
)
from gengine.avatars.making.hair_hull import Hull
from gengine.avatars.making.skinned_mesh import SkinnedMesh, joined
from gengine.core.avatar import Material, Part

BALD = ("rim", "bald")
"""Styles that leave the skull bare."""
BETWEEN = 0.78
"""How dark the cap is between locks, as a share of their colour."""


def hair(body: BodyMesh, look: Appearance) -> list[Part]:
    """The parts of a look's hair."""
    if look.hair == "bald":
        return []
    head = scalp(body, look)
    rng = np.random.default_rng(look.seed + 100)
    style = STYLES[look.hair]
    pieces, shell = style(head, rng)
    image = strands(look.hair_color, look.seed, style in (_fade, _afro))
    parts = []
    if shell is not None:
        shade = 1.0 if look.hair in BALD else BETWEEN  # the cap of a bald man's rim is most of his hair
        parts.append(
            shell.part("hair_cap", Material("hair_cap", "hair", (shade, shade, shade, 1.0), 0.75, image, True))
        )
    if pieces:
        parts.append(joined(pieces).part("hair", Material("hair", "hair", (1.0, 1.0, 1.0, 1.0), 0.62, image, True)))
    return parts


# --- styles ----------------------------------------------------------------------------------------------------------


def _top(root: NDArray) -> NDArray[np.float64]:
    """How much a root belongs to the top of the head, 0-1."""
    return np.clip((root[:, 1] - 42) / 34, 0, 1)


def _short(head: Scalp, rng: np.random.Generator) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    start, normal, depth = roots(head, rng, 7.2)
    root = head.local(start)
    top = _top(root)
    length = 20 + 30 * top + 10 * top * np.clip(root[:, 2] / 60, 0, 1) + rng.normal(0, 2.5, len(root))
    length *= np.clip(0.45 + depth / 30, 0, 1)
    swirl = rng.normal(0, 0.10, (len(root), 3))

    def pull(p: NDArray, r: NDArray, t: float) -> NDArray:
        up = np.stack(
            [-0.35 + 0 * p[:, 0], 0.55 - 1.1 * t + 0.45 * np.clip(r[:, 2] / 70, -0.5, 1), 1.0 + 0 * p[:, 0]], axis=1
        )
        down = np.stack([0 * p[:, 0], -1 + 0 * p[:, 0], -0.35 * np.sign(p[:, 2] + 20)], axis=1)
        return unit(top[:, None] * up + (1 - top)[:, None] * down) + swirl

    def lift(t: float) -> NDArray:
        return (2.0 + 9.5 * top * np.sin(np.pi * min(t, 0.75) / 1.1) + 3.0 * t) * np.clip(depth / 12, 0.25, 1)

    path, out = grow(head, start, normal, length, lift, pull, 6, 0.55)
    width = rng.uniform(5.0, 8.5, len(root)) * np.clip(0.5 + depth / 20, 0, 1)
    return [ribbons(head, path, out, width, rng, 1.0, 0.06)], cap(
        head, lambda p, d: np.clip(0.25 * d, 0, 2.5) + 5 * _top(p)
    )


def _side(head: Scalp, rng: np.random.Generator) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    start, normal, depth = roots(head, rng, 7.4)
    root = head.local(start)
    top = np.clip((root[:, 1] - 45) / 26, 0, 1)
    over = np.where(root[:, 0] > 34, 1.0, -1.0)  # the parting lies over the left eye
    length = (18 + 46 * top) * np.clip(0.45 + depth / 30, 0, 1) + rng.normal(0, 3, len(root))
    length = np.where(root[:, 0] > 34, np.minimum(length, 34), length)
    swirl = rng.normal(0, 0.10, (len(root), 3))

    def pull(p: NDArray, r: NDArray, t: float) -> NDArray:
        sweep = np.stack([over, 0.42 - 1.0 * t + 0 * over, -0.30 - 0.35 * np.clip(r[:, 2] / 70, -1, 1)], axis=1)
        down = np.stack([0 * over, -1 + 0 * over, -0.45 + 0 * over], axis=1)
        return unit(top[:, None] * sweep + (1 - top)[:, None] * down) + swirl

    near = np.exp(-(((root[:, 0] - 34) / 9) ** 2))

    def lift(t: float) -> NDArray:
        high = 3.0 + 10.0 * top * np.sin(np.pi * min(t + 0.12, 0.8) / 1.15) * (1 - 0.6 * near) + 2.0 * t
        return high * np.clip(depth / 12, 0.3, 1)

    path, out = grow(head, start, normal, length, lift, pull, 7, 0.6)
    width = rng.uniform(7, 11.5, len(root)) * np.clip(0.5 + depth / 20, 0, 1)
    return [ribbons(head, path, out, width, rng, 0.8)], cap(head, lambda p, d: np.clip(0.25 * d, 0, 3) + 4 * _top(p))


def _hanging(
    head: Scalp,
    rng: np.random.Generator,
    end: float,
    parting: float,
    volume: float,
    wave: float,
    inward: float,
    spacing: float,
) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    """Hair that falls from a parting: ``end`` mm over the eyes where it stops, ``volume`` mm off the head."""
    start, normal, depth = edged(head, rng, spacing)
    root = head.local(start)
    count = len(root)
    top = np.clip((root[:, 1] - 30) / 45, 0, 1)
    over = np.where(root[:, 0] > parting, 1.0, -1.0)
    limit = end + rng.normal(0, 5 + 0.02 * abs(end), count)
    length = (root[:, 1] - limit) * 1.0 + 62 + 30 * top
    phase, swing = rng.uniform(0, 6.28, count), rng.normal(0, 0.06, (count, 3))
    front = np.clip((root[:, 2] - 25) / 45, 0, 1)
    crown = top * (1 - front)
    parted = 0.25 * np.clip((root[:, 2] + 30) / 60, 0, 1) + front  # behind the crown it falls all one way

    def pull(p: NDArray, r: NDArray, t: float) -> NDArray:
        side = np.clip((78 - np.abs(p[:, 0])) / 30, 0, 1) * np.clip((p[:, 1] + 5) / 50, 0, 1)
        back = -0.38 * front * np.clip((p[:, 1] + 45) / 70, 0, 1) * np.clip(1.25 - t, 0, 1)
        sweep = np.stack(
            [over * side * parted, 0.25 * top * (1 - 3 * t), back - 0.9 * crown * max(0.0, 1 - 1.6 * t)], axis=1
        )
        sweep[:, 0] += wave * np.sin(phase + 9 * t)
        sweep[:, 2] += 0.6 * wave * np.cos(phase + 9 * t)
        hang = (
            np.clip((t - 0.06) * 3.2, 0.1, 1)[..., None] * down(p)
            if np.ndim(t)
            else max(0.1, min(1.0, 3.2 * (t - 0.06))) * down(p)
        )
        tuck = np.zeros_like(p)
        if t > 0.72 and inward:
            tuck = -inward * unit(p * [1, 0, 1]) * (t - 0.72) * 4
        return sweep + hang + tuck + swing

    thick = volume * (0.65 + 0.5 * rng.random(count)) * (1 - 0.35 * front)

    def lift(t: float) -> NDArray:
        rise = np.clip(t * 4.0, 0, 1)
        return (1.5 + thick * rise) * np.clip(depth / 16, 0.15, 1) ** (1 - rise * 0.8)

    path, out = grow(head, start, normal, length, lift, pull, 10, 0.12, limit)
    width = rng.uniform(10, 16, count) * np.clip(0.45 + depth / 30, 0, 1)
    full = cap(head, lambda p, d: np.clip(0.22 * (d - 5), 0, 0.38 * volume), 5.0)
    hull = Hull(head, path, end)
    held = hull.held(path)
    locks = ribbons(head, hull.laid(path[held]), out[held], width[held], rng, 0.55, 0.10, tilt=0.06)
    return [hull.mesh(), locks], full


def _bob(head: Scalp, rng: np.random.Generator) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    return _hanging(head, rng, -82, 26, 15, 0.05, 0.8, 10.2)


def _long(head: Scalp, rng: np.random.Generator) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    return _hanging(head, rng, -235, 12, 13, 0.13, 0.0, 10.2)


def _bun(head: Scalp, rng: np.random.Generator) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    start, normal, depth = edged(head, rng, 8.2)
    root = head.local(start)
    knot = np.array([0.0, 62.0, -98.0])
    fringe = (root[:, 2] > 38) & (np.abs(root[:, 0]) < 52) & (depth < 20)
    reach = np.linalg.norm(root - knot, axis=1)
    length = np.where(fringe, root[:, 1] - 36 + 16 + rng.normal(0, 2, len(root)), reach * 1.12)
    limit = np.where(fringe, 36 + rng.normal(0, 2.0, len(root)) - 0.09 * np.abs(root[:, 0]), -300)

    def pull(p: NDArray, r: NDArray, t: float) -> NDArray:
        back = unit(knot - p)
        fall = np.stack([0.006 * r[:, 0], -1 + 0 * r[:, 0], 0.35 * (1 - t) + 0 * r[:, 0]], axis=1)
        return np.where(fringe[:, None], fall, back)

    def lift(t: float) -> NDArray:
        return np.where(
            fringe, 4.0 + 3.5 * np.sin(np.pi * min(t, 0.8)), (2.5 + 3.5 * min(1.0, 3 * t)) * np.clip(depth / 9, 0.3, 1)
        )

    path, out = grow(head, start, normal, length, lift, pull, 8, 0.75, limit)
    width = np.where(fringe, rng.uniform(7, 10, len(root)), rng.uniform(10, 15, len(root)))
    pieces = [ribbons(head, path, out, width, rng, 0.45, 0.15)]
    scale = 1e-3 * head.body.face_scale
    centre, radius = head.origin + (knot + [0, 5, -4]) * scale, 31 * scale
    axis = unit(np.array([0.0, 0.55, -1.0]))
    first = unit(np.cross(axis, [1.0, 0.0, 0.0]))
    second = np.cross(axis, first)
    turns, paths, outs = 90, [], []
    for _ in range(turns):
        begin, latitude = rng.uniform(0, 2 * np.pi), np.arcsin(rng.uniform(-0.75, 0.98))
        drift = rng.normal(0.25, 0.12)
        a = begin + np.linspace(0, 1.7, 11)
        b = latitude + drift * np.linspace(-0.5, 0.5, 11)
        flat = np.cos(a)[:, None] * first + np.sin(a)[:, None] * second
        ball = np.cos(b)[:, None] * flat + np.sin(b)[:, None] * axis * 0.86
        paths.append(centre + ball * radius * (1 + 0.05 * rng.random()))
        outs.append(ball)
    pieces.append(ribbons(head, np.array(paths), np.array(outs), rng.uniform(9, 13, turns), rng, 0.5, 0.2))
    return pieces, cap(head, lambda p, d: np.clip(0.3 * d, 0, 4.0))


def _rim(head: Scalp, rng: np.random.Generator) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    start, normal, depth = roots(head, rng, 5.6, 1.0)
    # locks that thin out hide the cap's edge; within it a few are enough
    kept = rng.random(len(depth)) < np.where(depth < 14, 0.3 + depth / 16, 0.3)
    start, normal, depth = start[kept], normal[kept], depth[kept]
    root = head.local(start)
    length = (11 + 6 * rng.random(len(root))) * np.clip(0.4 + depth / 22, 0, 1)
    swirl = rng.normal(0, 0.10, (len(root), 3))

    def pull(p: NDArray, r: NDArray, t: float) -> NDArray:
        return np.stack([0 * p[:, 0], -1 + 0 * p[:, 0], -0.7 + 0 * p[:, 0]], axis=1) + swirl

    def lift(t: float) -> NDArray:
        return (1.0 + 3.0 * t) * np.clip(depth / 14, 0.2, 1)

    path, out = grow(head, start, normal, length, lift, pull, 4, 0.6)
    width = rng.uniform(4.5, 7.5, len(root)) * np.clip(0.35 + depth / 24, 0, 1)
    return [ribbons(head, path, out, width, rng, tilt=0.05)], cap(
        head, lambda p, d: np.clip(0.25 * (d - 4), 0.2, 3.5), 7.0
    )


def _curls(
    head: Scalp, points: NDArray, normals: NDArray, size: NDArray, rng: np.random.Generator, width: float
) -> SkinnedMesh:
    """Little arcs standing on a surface, for the outline of curly hair."""
    count = len(points)
    flat = unit(np.cross(normals, rng.standard_normal((count, 3))))
    a = np.linspace(0, np.pi * 1.25, 4)
    radius = (size * 1e-3 * head.body.face_scale)[:, None, None]
    path = points[:, None] + radius * (
        np.sin(a)[None, :, None] * normals[:, None] + (1 - np.cos(a))[None, :, None] * 0.55 * flat[:, None]
    )
    out = unit(path - points[:, None] - radius * 0.5 * flat[:, None] + 0.3 * radius * normals[:, None])
    return ribbons(head, path, out, np.full(count, width) * rng.uniform(0.7, 1.2, count), rng, 0.3, flat=True)


def _bumpy(points: NDArray, rng: np.random.Generator, size: float) -> NDArray[np.float64]:
    """Clumps of about ``size`` mm on head coordinates: 0 in the grooves, 1 on the clumps."""
    seeds = points[rng.choice(len(points), min(len(points), int(4 * 3.14 * 110**2 / size**2)), replace=False)]
    distance, _ = KDTree(seeds).query(points)
    return np.clip(1 - (distance / (0.75 * size)) ** 2, 0, 1)


def _fade(head: Scalp, rng: np.random.Generator) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    def thick(p: NDArray, d: NDArray) -> NDArray:
        top = np.clip((p[:, 1] - 30) / 40, 0, 1)
        return np.clip(0.10 * d, 0, 0.8) + np.clip(d / 10, 0, 1) * top * (5.5 + 2.0 * _bumpy(p, rng, 9.0))

    shell = cap(head, thick, 1.0, True)
    points, normals = scattered(shell, rng, 4.8)
    high = head.local(points)[:, 1] > 40
    curls = _curls(
        head, points[high] - normals[high] * 0.0012, normals[high], rng.uniform(1.8, 3.0, high.sum()), rng, 2.6
    )
    return [curls], shell


def _afro(head: Scalp, rng: np.random.Generator) -> tuple[list[SkinnedMesh], SkinnedMesh | None]:
    def thick(p: NDArray, d: NDArray) -> NDArray:
        full = 1 - np.exp(-np.clip(d, 0, None) / 20)
        target = 44 - 12 * np.clip((10 - p[:, 1]) / 70, 0, 1)
        return full * target + full * 7 * _bumpy(p * (1 + 44 / 95), rng, 20.0)

    shell = cap(head, thick, 0.5, True).smooth(1, 0.4)
    points, normals = scattered(shell, rng, 7.2)
    curls = _curls(head, points - normals * 0.003, normals, rng.uniform(3.5, 6.5, len(points)), rng, 3.0)
    return [curls], shell


STYLES: dict[str, Callable[[Scalp, np.random.Generator], tuple[list[SkinnedMesh], SkinnedMesh | None]]] = {
    "short": _short, "side": _side, "bob": _bob, "long": _long, "bun": _bun, "rim": _rim, "fade": _fade, "afro": _afro,
}  # fmt: skip
"""Comb of every style; "bald" has none."""
