"""Hair as tapering locks combed over the scalp, on a cap that fills the gaps between them.

A style is a comb: for every root it gives the lock's length, how far it stands off and where it is drawn next.
Locks grow step by step, kept off head and shoulders; they follow the head, and the neck and shoulders below the jaw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree

from gengine.avatars.bodies import Body, piece_index
from gengine.avatars.bodies import body as baked
from gengine.avatars.looks import Color, Look
from gengine.avatars.skin import hair_depth
from gengine.avatars.surface import Surface, joined, skin_from
from gengine.core.avatar import Material, Part

BALD = ("rim", "bald")
"""Styles that leave the skull bare."""

BANDS = 8
"""Different locks side by side in the texture."""


@dataclass(frozen=True, eq=False)
class Scalp:
    """The head that hair grows on: its surface, every vertex's depth inside the hairline (mm), and a frame.

    Points in "head coordinates" are mm: x to the left, y over the eyes, z before the ears.
    """

    body: Body
    skin: Surface
    normals: NDArray[np.float64]
    depth: NDArray[np.float64]
    tree: KDTree
    origin: NDArray[np.float64]

    def local(self, points: NDArray) -> NDArray[np.float64]:
        return (points - self.origin) * 1e3 / self.body.face_scale


def scalp(body: Body, look: Look) -> Scalp:
    """Prepare a head for a look's hair."""
    skin = body.piece("body")
    middle = baked("middle").vertices[piece_index("body")]
    depth = hair_depth(middle, look.hair, look.recede)
    eye, head = body.joint("LeftEye"), body.joint("Head")
    depth[middle[:, 1] < baked("middle").joint("Neck")[1] + 0.02] = -100.0
    depth[_inner(body)] = -100.0
    origin = np.array([0.0, eye[1], head[2] + 0.012])
    return Scalp(body, skin, skin.normals(), depth, KDTree(skin.vertices), origin)


def _inner(body: Body) -> NDArray[np.int64]:
    """Vertices that no hair grows on: ears, mouth and sockets."""
    from gengine.avatars.bodies import shared
    from gengine.avatars.layout import layout

    ears = np.flatnonzero(shared()["mask_ears"][piece_index("body")] > 90)
    return np.unique(np.concatenate([ears, layout().mouth.ravel(), layout().sockets.ravel()]))


def hair(body: Body, look: Look) -> list[Part]:
    """The parts of a look's hair."""
    if look.hair == "bald":
        return []
    head = scalp(body, look)
    rng = np.random.default_rng(look.seed + 100)
    style = STYLES[look.hair]
    pieces, cap = style(head, rng)
    image = strands(look.hair_color, look.seed, style in (_fade, _afro))
    parts = []
    if cap is not None:
        parts.append(cap.part("hair_cap", Material("hair_cap", "hair", (0.78, 0.78, 0.78, 1.0), 0.75, image, True)))
    if pieces:
        parts.append(joined(pieces).part("hair", Material("hair", "hair", (1.0, 1.0, 1.0, 1.0), 0.62, image, True)))
    return parts


def strands(color: Color, seed: int, curly: bool) -> NDArray[np.uint8]:
    """Texture of locks ``(256, 512, 3)``: fine lengthwise strands, dark roots, lighter tips; 8 bands side by side."""
    rng = np.random.default_rng(seed)
    fine = gaussian_filter(rng.standard_normal((256, 512)), (3 if curly else 26, 0.6), mode="wrap")
    broad = gaussian_filter(rng.standard_normal((256, 512)), (5 if curly else 50, 3.0), mode="wrap")
    tone = 1 + (0.42 if curly else 0.22) * fine / fine.std() + 0.10 * broad / broad.std()
    band = np.repeat(rng.normal(1.0, 0.07, BANDS), 512 // BANDS)[None]
    along = np.linspace(0, 1, 256)[:, None]
    tone = tone * band * (0.78 + 0.22 * np.clip(along * 2.2, 0, 1))
    u = np.linspace(0, BANDS, 512, endpoint=False) % 1
    tone = tone * (0.84 + 0.16 * np.sin(np.pi * u) ** 0.5)[None]
    base = np.asarray(color)[None, None] * np.clip(tone, 0.25, 1.8)[..., None]
    warm = np.array([0.03, 0.015, 0.0]) * np.clip(tone - 1, 0, 1)[..., None]
    return np.round(np.clip(base + warm, 0, 1) * 255).astype(np.uint8)


# --- growing ---------------------------------------------------------------------------------------------------------


def roots(
    head: Scalp, rng: np.random.Generator, spacing: float, least: float = 0.0
) -> tuple[NDArray, NDArray, NDArray]:
    """Places ``(N, 3)`` about ``spacing`` mm apart where hair grows, their normals, and depths (mm)."""
    t = head.skin.triangles
    inside = (head.depth[t] > least).all(1)
    t = t[inside]
    a, b, c = (head.skin.vertices[t[:, k]] for k in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    want = int(area.sum() / (spacing * 1e-3) ** 2 * 4)
    chosen = rng.choice(len(t), want, p=area / area.sum())
    u, v = np.sqrt(rng.random(want)), rng.random(want)
    share = np.stack([1 - u, u * (1 - v), u * v], axis=1)
    points = np.einsum("nk,nkd->nd", share, head.skin.vertices[t[chosen]])
    kept = np.ones(want, bool)
    for i, j in sorted(KDTree(points).query_pairs(spacing * 0.8e-3)):
        if kept[i] and kept[j]:
            kept[j] = False
    normal = np.einsum("nk,nkd->nd", share, head.normals[t[chosen]])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    depth = np.einsum("nk,nk->n", share, head.depth[t[chosen]])
    return points[kept], normal[kept], depth[kept]


Pull = Callable[[NDArray, NDArray, float], NDArray]
"""Where locks are drawn: head coordinates of their points and of their roots (mm), share grown: directions."""


def grow(
    head: Scalp, start: NDArray, normal: NDArray, length: NDArray, lift: Callable[[float], NDArray], pull: Pull,
    steps: int = 8, stick: float = 0.0, end: NDArray | None = None,
) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Paths ``(N, steps + 1, 3)`` m and their outward normals.

    ``length (N,)`` mm; ``lift(t)`` mm over the skin at share t; ``stick`` 0-1 draws locks down to that height, not
    only up to it; ``end (N,)`` is the height over the eyes (mm) below which a lock does not hang.
    """
    scale = 1e-3 * head.body.face_scale
    root = head.local(start)
    point, out = start - normal * 0.0015, normal.copy()
    path, normals = [point], [out]
    for k in range(1, steps + 1):
        t = k / steps
        way = pull(head.local(point), root, t)
        way = way - 0.75 * out * np.clip((way * out).sum(1, keepdims=True), -1, 0)  # not into the head
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
        step = length * scale / steps
        if end is not None:
            low = head.local(point)[:, 1]
            step = step * np.clip((low - end) / 8.0, 0.02, 1.0)
        point = point + way * step[:, None]
        _, near = head.tree.query(point, k=4)
        skin, up = head.skin.vertices[near].mean(1), head.normals[near].mean(1)
        up /= np.linalg.norm(up, axis=1, keepdims=True)
        height = ((point - skin) * up).sum(1)
        miss = lift(t) * scale - height
        point = point + up * np.where(miss > 0, miss, stick * miss)[:, None]
        away = point - skin
        far = np.clip((height / scale - 20) / 30, 0, 1)[:, None]
        out = up * (1 - far) + far * away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
        path.append(point)
        normals.append(out)
    return np.stack(path, axis=1), np.stack(normals, axis=1)


def _edged(head: Scalp, rng: np.random.Generator, spacing: float) -> tuple[NDArray, NDArray, NDArray]:
    """Roots with three times as many along the hairline at the front, where gaps would be seen."""
    whole, edge = roots(head, rng, spacing), roots(head, rng, 0.55 * spacing)
    front = (edge[2] < 20) & (head.local(edge[0])[:, 2] > 15)
    return tuple(np.concatenate([a, b[front]]) for a, b in zip(whole, edge, strict=True))  # type: ignore[return-value]


def scattered(surface: Surface, rng: np.random.Generator, spacing: float) -> tuple[NDArray, NDArray]:
    """Points ``(N, 3)`` on a surface about ``spacing`` mm apart, with their normals."""
    a, b, c = (surface.vertices[surface.triangles[:, k]] for k in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    want = int(area.sum() / (spacing * 1e-3) ** 2)
    chosen = rng.choice(len(area), want, p=area / area.sum())
    u, v = np.sqrt(rng.random(want)), rng.random(want)
    share = np.stack([1 - u, u * (1 - v), u * v], axis=1)
    corners = surface.triangles[chosen]
    normals = np.einsum("nk,nkd->nd", share, surface.normals()[corners])
    return np.einsum("nk,nkd->nd", share, surface.vertices[corners]), _unit(normals)


def ribbons(
    head: Scalp,
    path: NDArray,
    normals: NDArray,
    width: NDArray,
    rng: np.random.Generator,
    taper: float = 1.0,
    body: float = 0.13,
    flat: bool = True,
) -> Surface:
    """Locks with three points across: rounded by ``body`` of their width, narrowing to their tips."""
    count, rows = path.shape[:2]
    run = np.gradient(path, axis=1)
    run /= np.maximum(np.linalg.norm(run, axis=2, keepdims=True), 1e-9)
    across = np.cross(run, normals)
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-9)
    up = np.cross(across, run)
    t = np.linspace(0, 1, rows)
    shape = np.clip(0.55 + 1.6 * t, 0, 1) * (1 - t**2.6) ** (0.8 * taper) + 0.02
    half = 0.5e-3 * width[:, None] * shape[None]
    tilt = rng.normal(0, 0.18, (count, 1, 1))
    across = across + tilt * up
    lean = half[..., None] * across
    crown = 2 * body * half[..., None] * up
    columns = [path - lean, path + lean] if flat else [path - lean, path + crown, path + lean]
    grid = np.stack(columns, axis=2)  # (N, R, C, 3)
    wide = len(columns)
    vertices = grid.reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(wide - 1), indexing="ij")
    a = (i * wide + j).ravel()
    quad = np.stack([a, a + 1, a + wide, a + wide + 1], axis=1)
    one = np.concatenate([quad[:, [0, 1, 2]], quad[:, [1, 3, 2]]])
    triangles = (one[None] + (np.arange(count) * rows * wide)[:, None, None]).reshape(-1, 3)
    band = rng.integers(0, BANDS, count)
    u = (band[:, None, None] + np.linspace(0.06, 0.94, wide)[None, None]) / BANDS
    v = np.broadcast_to(t[None, :, None], (count, rows, wide))
    uv = np.stack([np.broadcast_to(u, v.shape), v], axis=-1).reshape(-1, 2)
    return Surface(vertices, triangles, follow(head, vertices), uv)


def follow(head: Scalp, points: NDArray) -> NDArray[np.float32]:
    """Joint weights: the head's, giving way to the neck's and shoulders' below the jaw."""
    index = head.body.index("Head")
    chin, low = head.body.joint("Head")[1] - 0.035, head.body.joint("Neck")[1] - 0.005
    share = np.clip((chin - points[:, 1]) / (chin - low), 0, 1)
    share = 0.65 * share * share * (3 - 2 * share)
    out = np.zeros((len(points), head.skin.skin.shape[1]), np.float32)
    out[:, index] = 1 - share
    lower = share > 0
    if lower.any():
        out[lower] += share[lower, None].astype(np.float32) * skin_from(points[lower], head.skin, 8)
    return out


def cap(
    head: Scalp, thickness: Callable[[NDArray, NDArray], NDArray], least: float = 0.5, fine: bool = False
) -> Surface:
    """The scalp itself lifted by ``thickness(head coordinates, depth)`` mm: what shows between locks."""
    t = head.skin.triangles[(head.depth[head.skin.triangles] > -15).any(1)]
    used = np.unique(t)
    shell = head.skin.take(t)
    depth = head.depth[used]
    normal = head.normals[used]
    if fine:
        grown = np.concatenate([depth[:, None], normal], axis=1)
        carrier = Surface(shell.vertices, shell.triangles, grown.astype(np.float32), shell.uv).subdivided()
        shell, depth, normal = shell.subdivided(), carrier.skin[:, 0].astype(float), carrier.skin[:, 1:].astype(float)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    local = head.local(shell.vertices)
    high = thickness(local, depth) * 1e-3 * head.body.face_scale
    points = shell.vertices + normal * high[:, None]
    angle = np.arctan2(local[:, 0], local[:, 2]) / (2 * np.pi)
    uv = np.stack([angle * 6, -local[:, 1] / 220.0], axis=1)
    lifted = Surface(points, shell.triangles, shell.skin, uv)
    return lifted.clip(depth - least)


def _unit(v: NDArray) -> NDArray[np.float64]:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def _down(like: NDArray) -> NDArray[np.float64]:
    return np.broadcast_to([0.0, -1.0, 0.0], like.shape)


# --- styles ----------------------------------------------------------------------------------------------------------


def _top(root: NDArray) -> NDArray[np.float64]:
    """How much a root belongs to the top of the head, 0-1."""
    return np.clip((root[:, 1] - 42) / 34, 0, 1)


def _short(head: Scalp, rng: np.random.Generator) -> tuple[list[Surface], Surface | None]:
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
        return _unit(top[:, None] * up + (1 - top)[:, None] * down) + swirl

    def lift(t: float) -> NDArray:
        return (2.0 + 9.5 * top * np.sin(np.pi * min(t, 0.75) / 1.1) + 3.0 * t) * np.clip(depth / 12, 0.25, 1)

    path, out = grow(head, start, normal, length, lift, pull, 6, 0.55)
    width = rng.uniform(5.0, 8.5, len(root)) * np.clip(0.5 + depth / 20, 0, 1)
    return [ribbons(head, path, out, width, rng, 1.0, 0.06)], cap(
        head, lambda p, d: np.clip(0.25 * d, 0, 2.5) + 5 * _top(p)
    )


def _side(head: Scalp, rng: np.random.Generator) -> tuple[list[Surface], Surface | None]:
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
        return _unit(top[:, None] * sweep + (1 - top)[:, None] * down) + swirl

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
) -> tuple[list[Surface], Surface | None]:
    """Hair that falls from a parting: ``end`` mm over the eyes where it stops, ``volume`` mm off the head."""
    start, normal, depth = _edged(head, rng, spacing)
    root = head.local(start)
    count = len(root)
    top = np.clip((root[:, 1] - 30) / 45, 0, 1)
    over = np.where(root[:, 0] > parting, 1.0, -1.0)
    limit = end + rng.normal(0, 5 + 0.05 * abs(end), count)
    length = (root[:, 1] - limit) * 1.0 + 62 + 30 * top
    phase, swing = rng.uniform(0, 6.28, count), rng.normal(0, 0.06, (count, 3))
    front = np.clip((root[:, 2] - 25) / 45, 0, 1)
    crown = top * (1 - front)

    def pull(p: NDArray, r: NDArray, t: float) -> NDArray:
        side = np.clip((78 - np.abs(p[:, 0])) / 30, 0, 1) * np.clip((p[:, 1] + 5) / 50, 0, 1)
        back = -0.38 * front * np.clip((p[:, 1] + 45) / 70, 0, 1) * np.clip(1.25 - t, 0, 1)
        sweep = np.stack(
            [over * side * (0.25 + front), 0.25 * top * (1 - 3 * t), back - 0.9 * crown * max(0.0, 1 - 1.6 * t)], axis=1
        )
        sweep[:, 0] += wave * np.sin(phase + 9 * t)
        sweep[:, 2] += 0.6 * wave * np.cos(phase + 9 * t)
        hang = (
            np.clip((t - 0.06) * 3.2, 0.1, 1)[..., None] * _down(p)
            if np.ndim(t)
            else max(0.1, min(1.0, 3.2 * (t - 0.06))) * _down(p)
        )
        tuck = np.zeros_like(p)
        if t > 0.72 and inward:
            tuck = -inward * _unit(p * [1, 0, 1]) * (t - 0.72) * 4
        return sweep + hang + tuck + swing

    thick = volume * (0.65 + 0.5 * rng.random(count)) * (1 - 0.35 * front)

    def lift(t: float) -> NDArray:
        rise = np.clip(t * 4.0, 0, 1)
        return (1.5 + thick * rise) * np.clip(depth / 16, 0.15, 1) ** (1 - rise * 0.8)

    path, out = grow(head, start, normal, length, lift, pull, 10, 0.12, limit)
    width = rng.uniform(9, 14, count) * np.clip(0.45 + depth / 30, 0, 1)
    full = cap(head, lambda p, d: np.clip(0.22 * (d - 5), 0, 0.38 * volume), 5.0)
    return [ribbons(head, path, out, width, rng, 0.9, 0.10)], full


def _bob(head: Scalp, rng: np.random.Generator) -> tuple[list[Surface], Surface | None]:
    return _hanging(head, rng, -82, 26, 15, 0.05, 0.8, 7.8)


def _long(head: Scalp, rng: np.random.Generator) -> tuple[list[Surface], Surface | None]:
    return _hanging(head, rng, -235, 12, 13, 0.13, 0.0, 7.8)


def _bun(head: Scalp, rng: np.random.Generator) -> tuple[list[Surface], Surface | None]:
    start, normal, depth = _edged(head, rng, 8.2)
    root = head.local(start)
    knot = np.array([0.0, 62.0, -98.0])
    fringe = (root[:, 2] > 38) & (np.abs(root[:, 0]) < 52) & (depth < 20)
    reach = np.linalg.norm(root - knot, axis=1)
    length = np.where(fringe, root[:, 1] - 21 + 16 + rng.normal(0, 2, len(root)), reach * 1.12)
    limit = np.where(fringe, 21 + rng.normal(0, 2.0, len(root)) - 0.09 * np.abs(root[:, 0]), -300)

    def pull(p: NDArray, r: NDArray, t: float) -> NDArray:
        back = _unit(knot - p)
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
    axis = _unit(np.array([0.0, 0.55, -1.0]))
    first = _unit(np.cross(axis, [1.0, 0.0, 0.0]))
    second = np.cross(axis, first)
    turns, paths, outs = 90, [], []
    for _ in range(turns):
        begin, latitude = rng.uniform(0, 2 * np.pi), np.arcsin(rng.uniform(-0.75, 0.98))
        drift = rng.normal(0.25, 0.12)
        a = begin + np.linspace(0, 1.7, 11)
        b = latitude + drift * np.linspace(-0.5, 0.5, 11)
        flat = np.cos(a)[:, None] * first + np.sin(a)[:, None] * second
        unit = np.cos(b)[:, None] * flat + np.sin(b)[:, None] * axis * 0.86
        paths.append(centre + unit * radius * (1 + 0.05 * rng.random()))
        outs.append(unit)
    pieces.append(ribbons(head, np.array(paths), np.array(outs), rng.uniform(9, 13, turns), rng, 0.5, 0.2))
    return pieces, cap(head, lambda p, d: np.clip(0.3 * d, 0, 4.0))


def _rim(head: Scalp, rng: np.random.Generator) -> tuple[list[Surface], Surface | None]:
    start, normal, depth = roots(head, rng, 5.6, 1.0)
    root = head.local(start)
    length = (11 + 6 * rng.random(len(root))) * np.clip(0.4 + depth / 22, 0, 1)
    swirl = rng.normal(0, 0.16, (len(root), 3))

    def pull(p: NDArray, r: NDArray, t: float) -> NDArray:
        return np.stack([0 * p[:, 0], -1 + 0 * p[:, 0], -0.7 + 0 * p[:, 0]], axis=1) + swirl

    def lift(t: float) -> NDArray:
        return (1.0 + 3.0 * t) * np.clip(depth / 14, 0.2, 1)

    path, out = grow(head, start, normal, length, lift, pull, 4, 0.6)
    width = rng.uniform(4.5, 7.5, len(root)) * np.clip(0.35 + depth / 24, 0, 1)
    return [ribbons(head, path, out, width, rng, 1.0)], cap(head, lambda p, d: np.clip(0.16 * (d - 4), 0.2, 2.2), 5.0)


def _curls(
    head: Scalp, points: NDArray, normals: NDArray, size: NDArray, rng: np.random.Generator, width: float
) -> Surface:
    """Little arcs standing on a surface, for the outline of curly hair."""
    count = len(points)
    flat = _unit(np.cross(normals, rng.standard_normal((count, 3))))
    a = np.linspace(0, np.pi * 1.25, 5)
    radius = (size * 1e-3 * head.body.face_scale)[:, None, None]
    path = points[:, None] + radius * (
        np.sin(a)[None, :, None] * normals[:, None] + (1 - np.cos(a))[None, :, None] * 0.55 * flat[:, None]
    )
    out = _unit(path - points[:, None] - radius * 0.5 * flat[:, None] + 0.3 * radius * normals[:, None])
    return ribbons(head, path, out, np.full(count, width) * rng.uniform(0.7, 1.2, count), rng, 0.3, flat=True)


def _bumpy(points: NDArray, rng: np.random.Generator, size: float) -> NDArray[np.float64]:
    """Clumps of about ``size`` mm on head coordinates: 0 in the grooves, 1 on the clumps."""
    seeds = points[rng.choice(len(points), min(len(points), int(4 * 3.14 * 110**2 / size**2)), replace=False)]
    distance, _ = KDTree(seeds).query(points)
    return np.clip(1 - (distance / (0.75 * size)) ** 2, 0, 1)


def _fade(head: Scalp, rng: np.random.Generator) -> tuple[list[Surface], Surface | None]:
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


def _afro(head: Scalp, rng: np.random.Generator) -> tuple[list[Surface], Surface | None]:
    def thick(p: NDArray, d: NDArray) -> NDArray:
        full = 1 - np.exp(-np.clip(d, 0, None) / 20)
        target = 44 - 12 * np.clip((10 - p[:, 1]) / 70, 0, 1)
        return full * target + full * 7 * _bumpy(p * (1 + 44 / 95), rng, 20.0)

    shell = cap(head, thick, 0.5, True).smooth(1, 0.4)
    points, normals = scattered(shell, rng, 6.4)
    curls = _curls(head, points - normals * 0.003, normals, rng.uniform(3.5, 6.5, len(points)), rng, 3.0)
    return [curls], shell


STYLES: dict[str, Callable[[Scalp, np.random.Generator], tuple[list[Surface], Surface | None]]] = {
    "short": _short, "side": _side, "bob": _bob, "long": _long, "bun": _bun, "rim": _rim, "fade": _fade, "afro": _afro,
}  # fmt: skip
"""Comb of every style; "bald" has none."""
