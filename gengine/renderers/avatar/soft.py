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
from gengine.renderers.avatar.materials import MATERIAL_IDS, PLAIN
from gengine.renderers.avatar.render_mesh import RenderMesh, render_meshes
from gengine.renderers.avatar.scene import Camera, Lights
from gengine.renderers.base import AvatarBackend

SHADOW, NEAR_SHADOW, COARSEST = 512, 256, 0.007
"""Sides of the shadow map in texels: the smaller serves where its texels are no longer than so many metres, for a large
map of what is near takes as long to draw as the picture."""
MAX_THREADS = 8
"""Beyond, the Python between the kernels is what takes time (judgement)."""
RANGES = 4
"""Ranges of rows a thread: rows differ in what they show, so a thread that is done takes another range."""
CURVE_STEPS = 4096
"""Entries of the table from the square root of light to sRGB; the kernels know it too."""
MAX_LEVELS, SMALLEST_LEVEL = 8, 8
"""Mip levels of a texture at most, and the side in texels below which none is made."""
HOLES = 250
"""A texture whose alpha (0-255) goes below this has holes."""
FIRST_SAMPLE, CENTRE = np.float32(0.125), np.float32(0.5)
"""Where the first of a pixel's four samples lies, and its middle, in pixels."""


class SoftBackend(AvatarBackend):
    """One avatar, drawn by the processor on ``threads`` threads (else as many as there are cores, up to 8)."""

    def __init__(self, avatar: Avatar, width: int, height: int, threads: int | None = None) -> None:
        try:
            from gengine.renderers.avatar import raster_kernels, shading_kernels
        except ImportError:
            raise MissingExtraError("drawing without OpenGL", "render") from None
        self._raster: Any = raster_kernels
        self._shading: Any = shading_kernels
        self.size = (width, height)
        self._threads = max(1, min(MAX_THREADS, threads or _cores()))
        self._pool = ThreadPoolExecutor(self._threads)
        self._meshes = render_meshes(avatar)
        self._join_meshes()
        self._describe_materials()
        self._make_buffers()
        light = np.linspace(0, 1, CURVE_STEPS) ** 2
        self._curve = (255 * to_srgb(light)).astype(np.float32)

    def _join_meshes(self) -> None:
        """All parts as one mesh."""
        parts = [m.part for m in self._meshes]
        starts = np.cumsum([0, *(len(p.vertices) for p in parts)])
        self._starts = starts
        self._rest = np.concatenate([np.hstack([m.part.vertices, m.normals]) for m in self._meshes]).astype(np.float32)
        self._joints = np.concatenate([p.joints for p in parts]).astype(np.uint16)
        self._weights = np.concatenate([p.weights for p in parts])
        self._uv = np.concatenate([p.uv for p in parts])
        self._triangles = np.concatenate([p.triangles + s for p, s in zip(parts, starts, strict=False)])
        self._part = np.repeat(np.arange(len(parts)), [len(p.triangles) for p in parts]).astype(np.int16)

    def _describe_materials(self) -> None:
        """One row a part."""
        materials = [m.part.material for m in self._meshes]
        self._kind = np.array([MATERIAL_IDS.get(m.kind, PLAIN) for m in materials], np.int32)
        self._rough = np.array([m.roughness for m in materials], np.float32)
        self._color = np.array([m.color for m in materials], np.float32)
        self._two_sided = np.array([m.double_sided for m in materials])
        self._one_sided = np.zeros_like(self._two_sided)
        self._cut = np.array([_opacity(m) for m in self._meshes], np.float32)
        self._images, self._table = _textures(self._meshes)
        self._texels = _texel_edges(self._triangles, self._uv, self._part, self._table)
        self._casts = self._cut[self._part] == 1  # what light passes through throws no shadow

    def _make_buffers(self) -> None:
        (width, height), count, faces = self.size, len(self._rest), len(self._triangles)
        self._world, self._screen = np.empty((count, 6), np.float32), np.empty((count, 4), np.float32)
        self._cast = np.empty((count, 3), np.float32)
        self._box, self._shadow_box = np.empty((faces, 4), np.int16), np.empty((faces, 4), np.int16)
        self._level = np.zeros(faces, np.float32)
        self._depth = np.empty((height, width, 4), np.float32)
        self._ident = np.empty((height, width, 4), np.int32)
        self._behind = np.empty((height, width), np.float32)
        self._shadow_maps = {}
        for side in (SHADOW, NEAR_SHADOW):
            blocks = np.empty((2, side // self._raster.BLOCK, side // self._raster.BLOCK), np.float32)
            self._shadow_maps[side] = np.empty((side, side), np.float32), blocks[0], blocks[1]
        self._side = SHADOW

    def draw(
        self, matrices: NDArray, weights: NDArray[np.float32], camera: Camera, lights: Lights, feet: NDArray | None
    ) -> NDArray[np.uint8]:
        """RGBA ``(H, W, 4)`` uint8 of a pose, as ``AvatarBackend`` says."""
        width, height = self.size
        to_screen = camera.matrix(width / height)
        to_light = lights.projection(camera).astype(np.float32)[:3]
        breadth = 2 / float(np.linalg.norm(to_light[0, :3]))
        self._side = NEAR_SHADOW if breadth <= NEAR_SHADOW * COARSEST else SHADOW
        self._shadow, self._least, self._most = self._shadow_maps[self._side]
        self._morph(weights)
        self._skin(matrices, to_screen.astype(np.float32), to_light)
        self._find_visible()
        self._draw_shadow()
        return self._shade(camera, lights, to_screen, to_light, feet)

    def _morph(self, weights: NDArray[np.float32]) -> None:
        for mesh, start in zip(self._meshes, self._starts, strict=False):
            if len(mesh.moved):
                position, normal = mesh.morphed(weights)
                self._rest[start + mesh.moved, :3] = position
                self._rest[start + mesh.moved, 3:] = normal

    def _skin(self, matrices: NDArray, to_screen: NDArray, to_light: NDArray) -> None:
        """Vertices in the world, in the picture and in the shadow map."""
        rows = np.ascontiguousarray(matrices.reshape(len(matrices), 12), np.float32)
        shape = (np.float32(self.size[0]), np.float32(self.size[1]), np.float32(self._side))
        self._spread(
            len(self._rest), 1, self._raster.skin, self._rest, self._joints, self._weights, rows, to_screen, to_light,
            *shape, self._world, self._screen, self._cast,
        )  # fmt: skip

    def _find_visible(self) -> None:
        """Which triangle each sample of the picture shows."""
        raster, (width, height) = self._raster, self.size
        faces = (self._triangles, self._part, self._two_sided, self._texels)
        self._spread(
            len(self._part), 1, raster.setup, *faces, self._screen, True, FIRST_SAMPLE, 1 - FIRST_SAMPLE, width,
            height, self._box, self._level,
        )  # fmt: skip
        faces = np.flatnonzero(self._box[:, 3] >= 0).astype(np.int32)
        near = np.empty(len(faces), np.uint8)
        nearest = np.float32(1) / self._screen[:, 3].max()
        self._spread(len(faces), 1, raster.nearness, faces, self._triangles, self._screen, nearest, near)
        order = faces[np.argsort(near, kind="stable")]
        self._spread(
            height, RANGES, raster.visible, order, self._triangles, self._part, self._screen, self._box, self._level,
            self._uv, self._cut, self._table, self._images, self._depth, self._ident, self._behind,
        )  # fmt: skip

    def _draw_shadow(self) -> None:
        """Depths as the key light sees them; lit sides cast, of two-sided parts too."""
        raster = self._raster
        faces = (self._triangles, self._part, self._one_sided, self._texels)
        points = np.column_stack([self._cast, self._cast[:, :1]])
        self._spread(
            len(self._part), 1, raster.setup, *faces, points, False, CENTRE, CENTRE, self._side, self._side,
            self._shadow_box, self._level,
        )  # fmt: skip
        order = np.flatnonzero((self._shadow_box[:, 3] >= 0) & self._casts).astype(np.int32)
        self._spread(
            self._side, RANGES, raster.depth_map, order, self._triangles, points, self._shadow_box, self._shadow
        )
        self._spread(len(self._least), 1, raster.extremes, self._shadow, self._least, self._most)

    def _shade(
        self, camera: Camera, lights: Lights, to_screen: NDArray, to_light: NDArray, feet: NDArray | None
    ) -> NDArray[np.uint8]:
        width, height = self.size
        out = np.empty((height, width, 4), np.uint8)
        floor = np.zeros((3, 3)) if feet is None else _to_floor(to_screen, width, height)
        spots = np.zeros((2, 3)) if feet is None else feet
        self._spread(
            height, RANGES, self._shading.shade, self._triangles, self._part, self._kind, self._rough, self._color,
            self._screen, self._world, self._uv, self._level, self._table, self._images, to_light, self._shadow,
            self._least, self._most, camera.position.astype(np.float32), lights.table(), self._curve, self._ident,
            floor.astype(np.float32), np.asarray(spots, np.float32), out,
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


def to_srgb(light: NDArray) -> NDArray:
    """Linear light 0-1 to sRGB 0-1 (IEC 61966-2-1)."""
    return np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _opacity(mesh: RenderMesh) -> float:
    """1 for solid parts, their alpha for see-through ones, and 1 more where the texture has holes."""
    material = mesh.part.material
    holes = material.texture is not None and material.texture.shape[-1] == 4 and material.texture[..., 3].min() < HOLES
    return material.color[3] + (1.0 if holes else 0.0)


def _textures(meshes: list[RenderMesh]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All texels ``(N, 4)`` of all mip levels, and where each begins: ``(P, 8, 4)`` start, width, height, levels."""
    table = np.zeros((len(meshes), MAX_LEVELS, 4), np.int64)
    rows: list[NDArray[np.uint8]] = [np.zeros((1, 4), np.uint8)]
    start = 1
    known: dict[int, int] = {}
    for k, mesh in enumerate(meshes):
        texture = mesh.part.material.texture
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
            if level == MAX_LEVELS or min(height, width) < SMALLEST_LEVEL:
                break
            even = image[: height // 2 * 2, : width // 2 * 2].astype(np.uint16)
            image = ((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) // 4).astype(np.uint8)
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
