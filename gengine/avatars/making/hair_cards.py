"""What every hair style is made with: the scalp, locks grown over it, and the cap that shows between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree

from gengine.avatars.making.appearances import Appearance, Color
from gengine.avatars.making.body_mesh import BodyMesh, baked_arrays, middle_body, piece_index
from gengine.avatars.making.skin_texture import hair_depth
from gengine.avatars.making.skinned_mesh import SkinnedMesh, skin_from
from gengine.avatars.making.uv_layout import uv_layout

BANDS = 8
"""Different locks side by side in the texture."""


@dataclass(frozen=True, eq=False)
class Scalp:
    """The head that hair grows on: its surface, every vertex's depth inside the hairline (mm), and a frame.

    Points in "head coordinates" are mm: x to the left, y over the eyes, z before the ears.
    """

    body: BodyMesh
    skin: SkinnedMesh
    normals: NDArray[np.float64]
    depth: NDArray[np.float64]
    tree: KDTree
    origin: NDArray[np.float64]

    def local(self, points: NDArray) -> NDArray[np.float64]:
        return (points - self.origin) * 1e3 / self.body.face_scale


def scalp(body: BodyMesh, look: Appearance) -> Scalp:
    """Prepare a head for a look's hair."""
    skin = body.piece("body")
    middle = middle_body().vertices[piece_index("body")]
    depth = hair_depth(middle, look.hair, look.recede)
    eye, head = body.joint("LeftEye"), body.joint("Head")
    depth[middle[:, 1] < middle_body().joint("Neck")[1] + 0.02] = -100.0
    depth[_inner(body)] = -100.0
    origin = np.array([0.0, eye[1], head[2] + 0.012])
    return Scalp(body, skin, skin.normals(), depth, KDTree(skin.vertices), origin)


def _inner(body: BodyMesh) -> NDArray[np.int64]:
    """Vertices that no hair grows on: ears, mouth and sockets."""
    ears = np.flatnonzero(baked_arrays()["mask_ears"][piece_index("body")] > 90)
    return np.unique(np.concatenate([ears, uv_layout().mouth.ravel(), uv_layout().sockets.ravel()]))


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


def edged(head: Scalp, rng: np.random.Generator, spacing: float) -> tuple[NDArray, NDArray, NDArray]:
    """Roots with three times as many along the hairline at the front, where gaps would be seen."""
    whole, edge = roots(head, rng, spacing), roots(head, rng, 0.55 * spacing)
    front = (edge[2] < 20) & (head.local(edge[0])[:, 2] > 15)
    return tuple(np.concatenate([a, b[front]]) for a, b in zip(whole, edge, strict=True))  # type: ignore[return-value]


def scattered(surface: SkinnedMesh, rng: np.random.Generator, spacing: float) -> tuple[NDArray, NDArray]:
    """Points ``(N, 3)`` on a surface about ``spacing`` mm apart, with their normals."""
    a, b, c = (surface.vertices[surface.triangles[:, k]] for k in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    want = int(area.sum() / (spacing * 1e-3) ** 2)
    chosen = rng.choice(len(area), want, p=area / area.sum())
    u, v = np.sqrt(rng.random(want)), rng.random(want)
    share = np.stack([1 - u, u * (1 - v), u * v], axis=1)
    corners = surface.triangles[chosen]
    normals = np.einsum("nk,nkd->nd", share, surface.normals()[corners])
    return np.einsum("nk,nkd->nd", share, surface.vertices[corners]), unit(normals)


def ribbons(
    head: Scalp,
    path: NDArray,
    normals: NDArray,
    width: NDArray,
    rng: np.random.Generator,
    taper: float = 1.0,
    body: float = 0.13,
    flat: bool = True,
    tilt: float = 0.18,
) -> SkinnedMesh:
    """Locks with three points across: rounded by ``body`` of their width, narrowing to their tips.

    ``tilt`` is how much they lean out of the surface, each to its side (standard deviation of the slope).
    """
    count, rows = path.shape[:2]
    run = np.gradient(path, axis=1)
    run /= np.maximum(np.linalg.norm(run, axis=2, keepdims=True), 1e-9)
    across = np.cross(run, normals)
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-9)
    up = np.cross(across, run)
    # by length: where a lock has stopped growing its points lie close, and would end in a blunt tuft
    t = np.concatenate([np.zeros((count, 1)), np.linalg.norm(np.diff(path, axis=1), axis=2).cumsum(1)], axis=1)
    t /= np.maximum(t[:, -1:], 1e-9)
    shape = np.clip(0.55 + 1.6 * t, 0, 1) * (1 - t**2.6).clip(0) ** (0.8 * taper) + 0.02
    half = 0.5e-3 * width[:, None] * shape
    across = across + rng.normal(0, tilt, (count, 1, 1)) * up
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
    v = np.broadcast_to(t[:, :, None], (count, rows, wide))
    uv = np.stack([np.broadcast_to(u, v.shape), v], axis=-1).reshape(-1, 2)
    return SkinnedMesh(vertices, triangles, follow(head, vertices), uv)


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
) -> SkinnedMesh:
    """The scalp itself lifted by ``thickness(head coordinates, depth)`` mm: what shows between locks."""
    t = head.skin.triangles[(head.depth[head.skin.triangles] > -15).any(1)]
    used = np.unique(t)
    shell = head.skin.take(t)
    depth = head.depth[used]
    normal = head.normals[used]
    if fine:
        grown = np.concatenate([depth[:, None], normal], axis=1)
        carrier = SkinnedMesh(shell.vertices, shell.triangles, grown.astype(np.float32), shell.uv).subdivided()
        shell, depth, normal = shell.subdivided(), carrier.skin[:, 0].astype(float), carrier.skin[:, 1:].astype(float)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    local = head.local(shell.vertices)
    high = thickness(local, depth) * 1e-3 * head.body.face_scale
    points = shell.vertices + normal * high[:, None]
    angle = np.arctan2(local[:, 0], local[:, 2]) / (2 * np.pi)
    uv = np.stack([angle * 6, 0.6 - local[:, 1] / 490], axis=1)
    lifted = SkinnedMesh(points, shell.triangles, shell.skin, uv)
    return lifted.clip(depth - least)


def unit(v: NDArray) -> NDArray[np.float64]:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def down(like: NDArray) -> NDArray[np.float64]:
    return np.broadcast_to([0.0, -1.0, 0.0], like.shape)
