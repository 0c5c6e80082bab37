"""Draws without any graphics driver: a rasteriser compiled by numba, sharing a frame among the processor's cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar
from gengine.errors import MissingExtraError
from gengine.renderers.avatar.geometry import Prepared, prepare
from gengine.renderers.avatar.scene import KINDS, Lights, View

SHADOW = 512
"""Side of the shadow map in texels."""
MAX_THREADS = 8
_LEVELS = 8
_SEE_THROUGH = 0.5
"""Parts more transparent than this (a cornea over its iris) are left out: the eye carries the highlight."""


class SoftBackend:
    """One avatar, drawn by the processor: ``draw`` returns RGBA rows, background transparent."""

    def __init__(self, avatar: Avatar, width: int, height: int, threads: int | None = None) -> None:
        try:
            from gengine.renderers.avatar import soft_kernels
        except ImportError:
            raise MissingExtraError("drawing without OpenGL", "render") from None
        self._kernels: Any = soft_kernels
        self.size = (width, height)
        self._threads = max(1, min(MAX_THREADS, threads or _cores()))
        self._pool = ThreadPoolExecutor(self._threads)
        self._parts = [p for p in prepare(avatar) if p.part.material.color[3] >= _SEE_THROUGH]
        parts = [p.part for p in self._parts]
        starts = np.cumsum([0, *(len(p.vertices) for p in parts)])
        self._starts = starts
        self._rest = np.concatenate([np.hstack([p.part.vertices, p.normals]) for p in self._parts]).astype(np.float32)
        self._joints = np.concatenate([p.joints for p in parts]).astype(np.uint16)
        self._weights = np.concatenate([p.weights for p in parts])
        self._uv = np.concatenate([p.uv for p in parts])
        self._triangles = np.concatenate([p.triangles + s for p, s in zip(parts, starts, strict=False)])
        self._part = np.repeat(np.arange(len(parts)), [len(p.triangles) for p in parts]).astype(np.int16)
        self._kind = np.array([KINDS.get(p.material.kind, 0) for p in parts], np.int32)
        self._rough = np.array([p.material.roughness for p in parts], np.float32)
        self._color = np.array([p.material.color for p in parts], np.float32)
        self._two_sided = np.array([p.material.double_sided for p in parts])
        self._cut = np.array([_opacity(p) for p in self._parts], np.float32)
        self._images, self._table = _textures(self._parts)
        self._texels = _texel_edges(self._triangles, self._uv, self._part, self._table)
        self._casts = self._cut[self._part] == 1  # what light passes through throws no shadow
        count, faces = len(self._rest), len(self._triangles)
        self._world, self._screen = np.empty((count, 6), np.float32), np.empty((count, 4), np.float32)
        self._cast = np.empty((count, 3), np.float32)
        self._box, self._shadow_box = np.empty((faces, 4), np.int16), np.empty((faces, 4), np.int16)
        self._level = np.zeros(faces, np.float32)
        self._depth = np.empty((height, width, 4), np.float32)
        self._ident = np.empty((height, width, 4), np.int32)
        self._shadow = np.empty((SHADOW, SHADOW), np.float32)
        light = np.linspace(0, 1, 4096) ** 2
        self._curve = (255 * np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)).astype(
            np.float32
        )

    def draw(
        self, matrices: NDArray, weights: NDArray[np.float32], view: View, lights: Lights, feet: NDArray | None
    ) -> NDArray[np.uint8]:
        """RGBA ``(H, W, 4)`` of skin matrices ``(J, 3, 4)`` and ARKit weights ``(52,)``.

        ``feet (2, 3)`` m darken the floor where they touch; None draws no floor.
        """
        kernels, (width, height) = self._kernels, self.size
        for prepared, start in zip(self._parts, self._starts, strict=False):
            if len(prepared.moved):
                position, normal = prepared.morphed(weights)
                self._rest[start + prepared.moved, :3] = position
                self._rest[start + prepared.moved, 3:] = normal
        camera = view.matrix(width / height)
        light = lights.projection(view).astype(np.float32)[:3]
        rows = np.ascontiguousarray(matrices.reshape(len(matrices), 12), np.float32)
        shape = (np.float32(width), np.float32(height), np.float32(SHADOW))
        self._spread(
            len(self._rest), 1, kernels.skin, self._rest, self._joints, self._weights, rows,
            camera.astype(np.float32), light, *shape, self._world, self._screen, self._cast,
        )  # fmt: skip
        faces = (self._triangles, self._part, self._two_sided, self._texels)
        half, corner = np.float32(0.5), np.float32(0.125)
        self._spread(
            len(self._part), 1, kernels.setup, *faces, self._screen, True, corner, 1 - corner, width, height,
            self._box, self._level,
        )  # fmt: skip
        faces = (self._triangles, self._part, np.zeros_like(self._two_sided), self._texels)  # lit sides cast
        cast = np.column_stack([self._cast, self._cast[:, :1]])
        self._spread(
            len(self._part), 1, kernels.setup, *faces, cast, False, half, half, SHADOW, SHADOW,
            self._shadow_box, self._level,
        )  # fmt: skip
        order = np.flatnonzero((self._shadow_box[:, 3] >= 0) & self._casts).astype(np.int32)
        self._spread(SHADOW, 4, kernels.depth_map, order, self._triangles, cast, self._shadow_box, self._shadow)
        order = np.flatnonzero(self._box[:, 3] >= 0).astype(np.int32)
        texture = (self._table, self._images)
        self._spread(
            height, 4, kernels.visible, order, self._triangles, self._part, self._screen, self._box, self._level,
            self._uv, self._cut, *texture, self._depth, self._ident,
        )  # fmt: skip
        out = np.empty((height, width, 4), np.uint8)
        floor = np.zeros((3, 3)) if feet is None else _to_floor(camera, width, height)
        spots = np.zeros((2, 3)) if feet is None else feet
        self._spread(
            height, 4, kernels.shade, self._triangles, self._part, self._kind, self._rough, self._color, self._screen,
            self._world, self._uv, self._level, *texture, light, self._shadow, view.position.astype(np.float32),
            lights.table(), self._curve, self._ident, floor.astype(np.float32), np.asarray(spots, np.float32), out,
        )  # fmt: skip
        return out

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _spread(self, count: int, each: int, kernel: Callable[..., None], *rest: Any) -> None:
        """Run ``kernel(first, last, *rest)`` over ``count`` items, ``each`` ranges a thread."""
        ranges = self._threads * each if self._threads > 1 else 1
        edges = np.linspace(0, count, ranges + 1).astype(int)
        if ranges == 1:
            kernel(0, count, *rest)
            return
        jobs = [self._pool.submit(kernel, int(a), int(b), *rest) for a, b in zip(edges, edges[1:], strict=False)]
        for job in jobs:
            job.result()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _opacity(prepared: Prepared) -> float:
    """1 for solid parts, their alpha for see-through ones, and 1 more where the texture has holes."""
    material = prepared.part.material
    holes = material.texture is not None and material.texture.shape[-1] == 4 and material.texture[..., 3].min() < 250
    return material.color[3] + (1.0 if holes else 0.0)


def _textures(parts: list[Prepared]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All texels ``(N, 4)`` of all mip levels, and where each begins: ``(P, 8, 4)`` start, width, height, levels."""
    table = np.zeros((len(parts), _LEVELS, 4), np.int64)
    rows: list[NDArray[np.uint8]] = [np.zeros((1, 4), np.uint8)]
    start = 1
    known: dict[int, int] = {}
    for k, prepared in enumerate(parts):
        texture = prepared.part.material.texture
        if texture is None:
            continue
        if id(texture) in known:
            table[k] = table[known[id(texture)]]
            continue
        known[id(texture)] = k
        image: Any = np.full((*texture.shape[:2], 4), 255, np.uint8)
        image[..., : texture.shape[2]] = texture
        level = 0
        while True:
            height, width = image.shape[0], image.shape[1]
            table[k, level, :3] = start, width, height
            rows.append(image.reshape(-1, 4))
            start += width * height
            level += 1
            if level == _LEVELS or min(height, width) < 8:
                break
            even = image[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2, 4)
            image = (even.astype(np.uint16).sum(axis=(1, 3)) // 4).astype(np.uint8)
        table[k, :, 3] = level
    return np.concatenate(rows), table


def _texel_edges(triangles: NDArray, uv: NDArray, part: NDArray, table: NDArray) -> NDArray[np.float32]:
    """Two edges ``(F, 4)`` of every triangle in texels of its texture: u, v to its second and third corner."""
    a, b, c = (uv[triangles[:, k]] for k in range(3))
    size = table[part, 0, 1:3]
    return np.concatenate([(b - a) * size, (c - a) * size], axis=1).astype(np.float32)


def _to_floor(camera: NDArray, width: int, height: int) -> NDArray[np.float64]:
    """Pixels ``(x, y, 1)`` to the floor's ``(x w, z w, w)``: the inverse of how the camera sees the plane y = 0."""
    pixel = np.array([[width / 2, 0, 0, width / 2], [0, -height / 2, 0, height / 2], [0, 0, 0, 1.0]])
    seen = (pixel @ camera)[:, [0, 2, 3]]
    return np.linalg.inv(seen)
