"""What finishes a garment at the neck: knitted bands, shirt collars with placket and buttons, lapels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.body_mesh import BodyMesh
from gengine.avatars.making.skinned_mesh import SkinnedMesh, nearest, sheet, skin_from


def neckwear(body: BodyMesh, piece: SkinnedMesh, top: SkinnedMesh, neck: str, cloth: str) -> list[SkinnedMesh]:
    """Surfaces to add to a top whose neckline is "crew", "v", "collar" or "open"; ``top`` is what a collar lies on."""
    loop = _neckline(body, piece)
    if loop is None:
        return []
    if neck in ("crew", "v"):
        return [_band(piece, loop, {"knit": 0.017, "poplin": 0.006}.get(cloth, 0.012))]
    if neck == "open":
        return [_lapels(body, piece, loop)]
    return [_shirt_collar(body, piece, top, loop), *_placket(body, piece, cloth)]


def _neckline(body: BodyMesh, piece: SkinnedMesh) -> NDArray[np.int64] | None:
    top = body.joint("Neck")[1] - 0.08
    loops = [k for k in piece.border() if abs(piece.vertices[k, 0].mean()) < 0.03 and piece.vertices[k, 1].max() > top]
    return max(loops, key=len) if loops else None


def _band(piece: SkinnedMesh, loop: NDArray, wide: float) -> SkinnedMesh:
    """A doubled strip along the edge, turned up towards the neck."""
    edge, normal = piece.vertices[loop], piece.normals()[loop]
    inward = -inwards(piece, loop)
    rows = [
        edge - inward * 0.004 + normal * 0.0006, edge - inward * 0.002 + normal * 0.0024,
        edge + inward * 0.5 * wide + normal * 0.0030, edge + inward * wide + normal * 0.0012,
        edge + inward * (wide + 0.001) - normal * 0.002, edge + inward * 0.4 * wide - normal * 0.004,
    ]  # fmt: skip
    grid = np.stack([np.concatenate([row, row[:1]]) for row in rows])
    vertices, triangles, uv = sheet(grid)
    return SkinnedMesh(vertices, triangles[:, ::-1], skin_from(vertices, piece, 6), uv)


def inwards(piece: SkinnedMesh, loop: NDArray) -> NDArray[np.float64]:
    """Unit directions from the edge into the cloth, along its surface."""
    edge, normal = piece.vertices[loop], piece.normals()[loop]
    along = np.roll(edge, -2, axis=0) - np.roll(edge, 2, axis=0)
    side = np.cross(normal, along)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    index, _ = nearest(edge + 0.02 * side, piece, 1)
    other, _ = nearest(edge - 0.02 * side, piece, 1)
    plus = np.linalg.norm(piece.vertices[index[:, 0]] - edge - 0.02 * side, axis=1)
    minus = np.linalg.norm(piece.vertices[other[:, 0]] - edge + 0.02 * side, axis=1)
    side = side * np.sign(np.median(minus - plus))
    for _ in range(4):
        side = 0.5 * side + 0.25 * (np.roll(side, 1, axis=0) + np.roll(side, -1, axis=0))
    return side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)


def _laid(points: NDArray, piece: SkinnedMesh, over: NDArray | float, pull: float = 1.0) -> NDArray[np.float64]:
    """Points brought to ``over`` m above a surface; ``pull`` below 1 only pushes those that are under it fully."""
    shape = points.shape
    flat = points.reshape(-1, 3)
    normals = piece.normals()
    over = np.broadcast_to(np.asarray(over, float), shape[:-1]).reshape(-1)
    for _ in range(2):
        index, weight = nearest(flat, piece, 5)
        up = np.einsum("nk,nkd->nd", weight, normals[index])
        up /= np.linalg.norm(up, axis=1, keepdims=True)
        miss = over - np.einsum("nk,nkd,nd->n", weight, flat[:, None] - piece.vertices[index], up)
        flat = flat + up * (np.where(miss > 0, miss, pull * miss))[:, None]
    return flat.reshape(shape)


def _arc(edge: NDArray) -> NDArray[np.float64]:
    return np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))])


def _even(edge: NDArray, count: int, rounds: int = 6) -> NDArray[np.float64]:
    """An open line through ``count`` equal steps, smoothed."""
    at = _arc(edge)
    even = np.stack([np.interp(np.linspace(0, at[-1], count), at, edge[:, k]) for k in range(3)], axis=1)
    for _ in range(rounds):
        even[1:-1] = 0.5 * even[1:-1] + 0.25 * (even[:-2] + even[2:])
    return even


def _shirt_collar(body: BodyMesh, piece: SkinnedMesh, cloth: SkinnedMesh, loop: NDArray) -> SkinnedMesh:
    """Stand and leaf around the neck, open in front, its points lying on the chest."""
    neck, head = body.joint("Neck"), body.joint("Head")
    axis = (head - neck) / np.linalg.norm(head - neck)
    edge = piece.vertices[loop]
    base = neck[1] - 0.045
    front = int(np.argmin(edge[:, 1]))  # the bottom of the open slit
    edge = np.roll(edge, -front, axis=0)
    edge = edge[edge[:, 1] > base]
    if edge[0, 0] < 0:
        edge = edge[::-1]
    line = _even(edge, 61)
    centre = line.mean(0)
    out = line - centre
    out -= np.outer(out @ axis, axis)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    t = np.abs(np.linspace(-1, 1, len(line)))[:, None]  # 0 at the nape, 1 at the points
    stand = 0.030 - 0.014 * t**2
    fall = 0.042 + 0.016 * np.clip((t - 0.6) / 0.4, 0, 1) ** 1.5
    spread = np.sign(np.linspace(1, -1, len(line)))[:, None] * np.array([1.0, 0.0, 0.0])
    lean = np.clip((t - 0.75) / 0.25, 0, 1)
    top = line + axis * stand - out * 0.003
    under = top - axis * fall * 0.55 + out * 0.011
    tip = top - axis * fall + out * (0.016 + 0.004 * t) + spread * 0.012 * lean
    leaf = _laid(
        np.stack([under, tip]), cloth, np.array([[0.006], [0.0075]]) + (0.011 if cloth is not piece else 0.0), 0.0
    )
    for _ in range(8):  # cloth as stiff as a collar has no ripples
        leaf[:, 1:-1] = 0.5 * leaf[:, 1:-1] + 0.25 * (leaf[:, :-2] + leaf[:, 2:])
    rows = [
        line - axis * 0.006 - out * 0.001,
        line + axis * stand * 0.5 - out * 0.003,
        top,
        top + axis * 0.0025 + out * 0.003,
        top + out * 0.006,
        leaf[0],
        leaf[1],
        leaf[1] - out * 0.003 - axis * 0.001,
        leaf[0] - out * 0.004,
    ]
    vertices, triangles, uv = sheet(np.stack(rows))
    return SkinnedMesh(vertices, triangles, skin_from(vertices, piece, 8), uv)


def _placket(body: BodyMesh, piece: SkinnedMesh, cloth: str) -> list[SkinnedMesh]:
    """The buttoned strip down the front."""
    neck = body.joint("Neck")
    low = piece.vertices[:, 1].min() + 0.004 if cloth != "pique" else neck[1] - 0.20
    high = neck[1] - 0.078
    y = np.linspace(high, low, max(8, int((high - low) / 0.012)))
    x = np.array([-0.016, -0.014, 0.0, 0.014, 0.016])
    ys, xs = np.meshgrid(y, x, indexing="ij")
    near = piece.vertices[(np.abs(piece.vertices[:, 0]) < 0.06) & (piece.vertices[:, 2] > 0.0)]
    depth = np.interp(y, *_sorted(near[:, 1], near[:, 2]))
    points = np.stack([xs, ys, np.broadcast_to(depth[:, None], xs.shape)], axis=-1)
    points = _laid(points, piece, np.array([-0.001, 0.0016, 0.0018, 0.0016, -0.001])[None])
    vertices, triangles, uv = sheet(points)
    out = [SkinnedMesh(vertices, triangles, skin_from(vertices, piece, 8), uv)]
    around = np.linspace(0, 2 * np.pi, 11)
    for at in np.arange(high - 0.012, low + 0.03, -0.085):
        ring = np.stack(
            [0.0055 * np.cos(around), at + 0.0055 * np.sin(around), np.full(11, np.interp(at, y[::-1], depth[::-1]))],
            axis=1,
        )
        middle = np.tile([[0.0, at, ring[0, 2]]], (11, 1))
        disc = np.stack([_laid(ring, piece, 0.0012), _laid(ring, piece, 0.0038), _laid(middle, piece, 0.0042)])
        vertices, triangles, uv = sheet(disc)
        out.append(SkinnedMesh(vertices, triangles, skin_from(vertices, piece, 8), uv))
    return out


def _sorted(x: NDArray, z: NDArray) -> tuple[NDArray, NDArray]:
    order = np.argsort(x)
    return x[order], z[order]


def _lapels(body: BodyMesh, piece: SkinnedMesh, loop: NDArray) -> SkinnedMesh:
    """The front's edge folded back over the chest, running into a collar round the neck."""
    hips, neck = body.joint("LeftUpLeg"), body.joint("Neck")
    button = hips[1] + 0.12
    edge = piece.vertices[loop]
    start = int(np.argmin(edge[:, 1]))
    edge, into = np.roll(edge, -start, axis=0), np.roll(inwards(piece, loop), -start, axis=0)
    kept = edge[:, 1] > button - 0.005
    edge, into = edge[kept], into[kept]
    if edge[0, 0] < 0:
        edge, into = edge[::-1], into[::-1]
    count = 90
    line, way = _even(edge, count, 3), _even(edge + into, count, 3)
    way = way - line
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    y = line[:, 1]
    shoulder = neck[1] - 0.03
    wide = np.interp(
        y,
        [button, button + 0.14, shoulder - 0.085, shoulder - 0.07, shoulder - 0.055, shoulder, neck[1] + 0.03],
        [0.0, 0.052, 0.078, 0.080, 0.050, 0.048, 0.042],
    )
    rows = []
    for share, over in ((0.0, 0.0015), (0.02, 0.007), (0.3, 0.0065), (0.65, 0.005), (1.0, 0.0045), (1.0, 0.001)):
        rows.append(_laid(line + way * (wide * share)[:, None], piece, over))
    vertices, triangles, uv = sheet(np.stack(rows))
    return SkinnedMesh(vertices, triangles, skin_from(vertices, piece, 8), uv)
