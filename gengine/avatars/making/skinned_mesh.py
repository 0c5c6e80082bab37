"""Meshes under construction: cut, offset, smoothed and joined before they become parts of an avatar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.spatial import KDTree

from gengine.core.avatar import INFLUENCES, Material, Morphs, Part, vertex_normals

Deltas = dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class SkinnedMesh:
    """A mesh under construction; every change gives a new one."""

    vertices: NDArray[np.float64]
    """Positions ``(V, 3)``, m."""
    triangles: NDArray[np.int64]
    """``(F, 3)``, counter-clockwise seen from outside."""
    skin: NDArray[np.float32]
    """Dense joint weights ``(V, J)``."""
    uv: NDArray[np.float64]
    """Texture coordinates ``(V, 2)``."""
    morphs: Deltas = field(default_factory=dict)
    """Sparse shapes: name to indices ``(n,)`` and deltas ``(n, 3)``, m."""

    def normals(self) -> NDArray[np.float64]:
        """Unit normals, smooth over vertices at the same place."""
        _, first, index = np.unique(np.round(self.vertices, 6), axis=0, return_index=True, return_inverse=True)
        seams = first[np.asarray(index).ravel()]
        return vertex_normals(self.vertices, seams[self.triangles])[seams].astype(float)

    def longest_edges(self) -> NDArray[np.float64]:
        """The longest edge of every triangle ``(F,)``, m."""
        corner = self.vertices[self.triangles]
        return np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=2).max(1)

    def take(self, triangles: NDArray) -> SkinnedMesh:
        """Only the given triangles ``(F, 3)`` and the vertices they use."""
        used = np.unique(triangles)
        new = np.full(len(self.vertices), -1)
        new[used] = np.arange(len(used))
        morphs: Deltas = {}
        for name, (index, delta) in self.morphs.items():
            kept = new[index] >= 0
            if kept.any():
                morphs[name] = (new[index[kept]], delta[kept])
        return SkinnedMesh(self.vertices[used], new[triangles], self.skin[used], self.uv[used], morphs)

    def clip(self, value: ArrayLike) -> SkinnedMesh:
        """The side where ``value (V,)`` is positive, cut cleanly along its zero line; morphs are dropped."""
        value = np.asarray(value, float)
        value = np.where(np.abs(value) < 1e-9, 1e-9, value)
        inside = value[self.triangles] > 0
        count = inside.sum(1)
        whole = self.triangles[count == 3]
        new: list[NDArray] = []
        points: list[tuple[int, int]] = []
        at: dict[tuple[int, int], int] = {}

        def cut(a: int, b: int) -> int:
            key = (a, b) if a < b else (b, a)
            if key not in at:
                at[key] = len(self.vertices) + len(points)
                points.append(key)
            return at[key]

        for triangle, flags in zip(self.triangles, inside, strict=True):
            n = int(flags.sum())
            if n in (0, 3):
                continue
            turn = int(np.argmax(flags)) if n == 1 else int(np.argmin(flags))
            a, b, c = (int(triangle[(turn + k) % 3]) for k in range(3))
            if n == 1:
                new.append(np.array([a, cut(a, b), cut(c, a)]))
            else:
                new += [np.array([cut(a, b), b, c]), np.array([cut(a, b), c, cut(c, a)])]
        if not points:
            return self.take(whole)
        pairs = np.array(points)
        share = value[pairs[:, 0]] / (value[pairs[:, 0]] - value[pairs[:, 1]])

        def grown(rows: NDArray) -> NDArray:
            extra = rows[pairs[:, 0]] * (1 - share[:, None]) + rows[pairs[:, 1]] * share[:, None]
            return np.concatenate([rows, extra])

        full = SkinnedMesh(grown(self.vertices), self.triangles, grown(self.skin), grown(self.uv))
        return full.take(np.concatenate([whole, np.array(new)]))

    def adjacency(self) -> csr_matrix:
        """Row-normalised neighbour matrix ``(V, V)``."""
        t = self.triangles
        i = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
        i = np.concatenate([i, i[:, ::-1]])
        graph = coo_matrix((np.ones(len(i)), (i[:, 0], i[:, 1])), shape=(len(self.vertices),) * 2).tocsr()
        graph.data[:] = 1.0
        total = np.maximum(np.asarray(graph.sum(1)).ravel(), 1)
        return csr_matrix(graph.multiply(1 / total[:, None]))

    def smooth(self, rounds: int, amount: ArrayLike = 0.5, pinned: NDArray | None = None) -> SkinnedMesh:
        """Laplacian smoothing of positions; ``amount`` is a number or one per vertex; ``pinned (V,)`` stay."""
        near = self.adjacency()
        share = np.broadcast_to(np.asarray(amount, float), len(self.vertices))[:, None]
        if pinned is not None:
            share = np.where(pinned[:, None], 0.0, share)
        points = self.vertices
        for _ in range(rounds):
            points = points + share * (near @ points - points)
        return replace(self, vertices=points)

    def border(self) -> list[NDArray[np.int64]]:
        """Open edges as loops of vertices, each in the order that keeps the surface on its left."""
        t = self.triangles
        edges = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
        key = edges[:, 0] * len(self.vertices) + edges[:, 1]
        back = edges[:, 1] * len(self.vertices) + edges[:, 0]
        following = dict(edges[~np.isin(key, back)])
        loops = []
        while following:
            start, here = next(iter(following.items()))
            del following[start]
            loop = [start]
            while here != start and here in following:
                loop.append(here)
                here = following.pop(here)
            loops.append(np.array(loop, np.int64))
        return loops

    def subdivided(self) -> SkinnedMesh:
        """Every triangle in four, new points in the middle of edges; morphs are dropped."""
        t = self.triangles
        edges = np.sort(np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]]), axis=1)
        pairs, index = np.unique(edges, axis=0, return_inverse=True)
        ab, bc, ca = np.asarray(index).reshape(3, -1) + len(self.vertices)
        a, b, c = t.T
        triangles = np.concatenate([np.stack(x, axis=1) for x in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])

        def grown(rows: NDArray) -> NDArray:
            return np.concatenate([rows, rows[pairs].mean(1)])

        return SkinnedMesh(grown(self.vertices), triangles, grown(self.skin), grown(self.uv))

    def rounded(self, chosen: NDArray) -> SkinnedMesh:
        """The ``chosen (F,)`` triangles in four, new points on the curve that the normals suggest (PN triangles).

        Triangles beside them are cut at the new points, where edges stay straight, so that no cracks open; morphs are
        kept.
        """
        t = self.triangles[chosen]
        edges = np.sort(np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]]), axis=1)
        pairs, count = np.unique(edges, axis=0, return_counts=True)
        (a, b), n = self.vertices[pairs].swapaxes(0, 1), self.normals()[pairs]
        lift = ((b - a) * n[:, 0]).sum(1, keepdims=True) * n[:, 0] + ((a - b) * n[:, 1]).sum(1, keepdims=True) * n[:, 1]
        middle = 0.5 * (a + b) - np.where(count[:, None] == 2, lift / 8, 0.0)
        morphs: Deltas = {}
        for name, (at, delta) in self.morphs.items():
            dense = np.zeros_like(self.vertices)
            dense[at] = delta
            extra = dense[pairs].mean(1)
            hit = np.flatnonzero(np.abs(extra).max(1) > 1e-6)
            morphs[name] = (np.concatenate([at, hit + len(self.vertices)]), np.concatenate([delta, extra[hit]]))
        return SkinnedMesh(
            np.concatenate([self.vertices, middle]),
            _cut(self.triangles, pairs, len(self.vertices)),
            np.concatenate([self.skin, self.skin[pairs].mean(1)]),
            np.concatenate([self.uv, self.uv[pairs].mean(1)]),
            morphs,
        )

    def part(self, name: str, material: Material) -> Part:
        """The finished part: four largest joint weights per vertex, morphs in 32 bits."""
        joints = np.argsort(-self.skin, axis=1)[:, : INFLUENCES + 1]
        weights = np.take_along_axis(self.skin, joints, axis=1)
        # less the fifth: neighbours that keep other joints would part in a pose
        joints, weights = joints[:, :INFLUENCES], weights[:, :INFLUENCES] - weights[:, INFLUENCES:]
        names = tuple(name for name, (index, _) in self.morphs.items() if len(index))
        return Part(
            name, self.vertices, self.triangles, self.uv, joints, weights / weights.sum(1, keepdims=True), material,
            Morphs(
                names,
                tuple(self.morphs[n][0].astype(np.int32) for n in names),
                tuple(self.morphs[n][1].astype(np.float32) for n in names),
            ),
        )  # fmt: skip


def _cut(triangles: NDArray, pairs: NDArray, first: int) -> NDArray[np.int64]:
    """Triangles ``(F, 3)`` cut at the middles of edges ``pairs (E, 2)`` (sorted), vertices ``first`` and following."""
    edges = np.sort(np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=-1), axis=-1)
    keys, wanted = pairs[:, 0] * first + pairs[:, 1], edges[..., 0] * first + edges[..., 1]
    order = np.argsort(keys)
    at = order[np.searchsorted(keys[order], wanted).clip(0, len(keys) - 1)] if len(keys) else np.zeros_like(wanted)
    split = keys[at] == wanted if len(keys) else np.zeros(wanted.shape, bool)
    count = split.sum(1)
    # turned so that of one or two cut edges the first is cut, and the last is not
    turn = np.where(count == 1, split.argmax(1), (split.argmin(1) + 1) % 3)
    column = (np.arange(3) + turn[:, None]) % 3
    (a, b, c), (ab, bc, ca) = (np.take_along_axis(x, column, 1).T for x in (triangles, at + first))

    def cut(number: int, *corners: tuple[NDArray, NDArray, NDArray]) -> list[NDArray]:
        chosen = count == number
        return [np.stack([x[chosen] for x in corner], axis=1) for corner in corners]

    return np.concatenate([
        *cut(0, (a, b, c)),
        *cut(1, (a, ab, c), (ab, b, c)),
        *cut(2, (ab, b, bc), (a, ab, c), (ab, bc, c)),
        *cut(3, (a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)),
    ])  # fmt: skip


def joined(surfaces: Sequence[SkinnedMesh]) -> SkinnedMesh:
    """Several surfaces as one; nothing is welded."""
    first = np.cumsum([0, *(len(s.vertices) for s in surfaces)])
    morphs: Deltas = {}
    for start, s in zip(first, surfaces, strict=False):
        for name, (index, delta) in s.morphs.items():
            old = morphs.get(name, (np.zeros(0, np.int64), np.zeros((0, 3))))
            morphs[name] = (np.concatenate([old[0], index + start]), np.concatenate([old[1], delta]))
    return SkinnedMesh(
        np.concatenate([s.vertices for s in surfaces]),
        np.concatenate([s.triangles + start for start, s in zip(first, surfaces, strict=False)]),
        np.concatenate([s.skin for s in surfaces]),
        np.concatenate([s.uv for s in surfaces]),
        morphs,
    )


def sheet(points: NDArray, uv: NDArray | None = None, closed: bool = False) -> tuple[NDArray, NDArray, NDArray]:
    """A grid ``(R, C, 3)`` of points as (vertices, triangles, uv), its rows running to the left of its columns.

    With ``closed`` the last column joins the first (give it once more for a seamless texture instead).
    """
    rows, columns = points.shape[:2]
    if uv is None:
        v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
        uv = np.stack([u, v], axis=-1)
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij")
    a = (i * columns + j).ravel()
    b = (i * columns + (j + 1) % columns).ravel()
    quads = np.stack([a, b, a + columns, b + columns], axis=1)
    triangles = np.concatenate([quads[:, [0, 2, 1]], quads[:, [1, 2, 3]]])
    return points.reshape(-1, 3), triangles, uv.reshape(-1, 2)


def nearest(points: NDArray, source: SkinnedMesh, neighbours: int = 6) -> tuple[NDArray, NDArray]:
    """Indices and inverse-distance weights ``(N, neighbours)`` of the closest vertices of ``source``."""
    distance, index = KDTree(source.vertices).query(points, k=neighbours)
    distance, index = distance.reshape(len(points), -1), index.reshape(len(points), -1)
    weight = 1.0 / np.maximum(distance, 1e-4) ** 2
    return index, weight / weight.sum(1, keepdims=True)


def skin_from(points: NDArray, source: SkinnedMesh, neighbours: int = 6) -> NDArray[np.float32]:
    """Dense joint weights for points, from the nearest vertices of a surface."""
    index, weight = nearest(points, source, neighbours)
    return np.einsum("nk,nkj->nj", weight, source.skin[index]).astype(np.float32)


def rigid(count: int, joint: int, joints: int) -> NDArray[np.float32]:
    """Dense weights of vertices that follow one joint."""
    out = np.zeros((count, joints), np.float32)
    out[:, joint] = 1.0
    return out
