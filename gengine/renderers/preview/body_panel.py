"""The preview's figure: a soft mannequin posed by the skeleton, on a floor, in front of a three-quarter camera."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.renderers.preview import capsules
from gengine.renderers.preview.mannequin import Mannequin, build_mannequin


class FollowCamera:
    """A slight long lens in front of the figure, ``azimuth`` (rad) round to the character's left.

    It follows the hips across the floor as a slow spring does, so that pacing stays in view and swaying
    stays visible. World metres become pixels (x right, y down) and depth in pixels towards the viewer.
    """

    distance = 6.5
    """Metres to the figure."""
    lag = 1.2
    """Time constant of following, seconds."""

    def __init__(self, width: int, height: int, azimuth: float = -0.42, elevation: float = 0.09) -> None:
        self.width, self.height = width, height
        ca, sa, ce, se = np.cos(azimuth), np.sin(azimuth), np.cos(elevation), np.sin(elevation)
        self.axes = np.array([[ca, 0.0, -sa], [-sa * se, ce, -ca * se], [sa * ce, se, ca * ce]])
        """Rows: right, up, towards the viewer."""
        self.zoom = height / 2.12
        """Pixels per metre at the target."""
        self.look_at = 0.955
        self._target: NDArray[np.float64] | None = None

    def follow(self, hips: NDArray, seconds: float) -> NDArray[np.float64]:
        """The point on the floor looked at, ``(3,)`` m, ``seconds`` after the last call."""
        ground = np.array([hips[0], 0.0, hips[2]])
        target = ground if self._target is None else self._target
        target = target + (ground - target) * (1.0 - np.exp(-seconds / self.lag))
        self._target = target
        return target

    def project(self, points: NDArray, target: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """World ``points (P, 3)`` → pixels and depth ``(P, 3)``, and pixels per metre there ``(P,)``."""
        relative = points - target - np.array([0.0, self.look_at, 0.0])
        right, up, near = (relative @ self.axes.T).T
        scale = self.zoom * self.distance / np.maximum(self.distance - near, 0.5)
        xyz = np.stack([self.width / 2 + right * scale, self.height * 0.49 - up * scale, near * self.zoom], axis=1)
        return xyz.astype(np.float32), scale.astype(np.float32)

    def floor(self) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
        """Floor offsets from the target (x and z, m) seen by every pixel from row ``top`` down."""
        c, r = np.meshgrid(np.arange(self.width), np.arange(self.height))
        right = (c - self.width / 2) / self.zoom
        up = (self.height * 0.49 - r) / self.zoom
        ray = np.stack([right, up, np.full_like(right, -self.distance)], axis=-1) @ self.axes
        eye = self.axes[2] * self.distance + np.array([0.0, self.look_at, 0.0])
        top = int(np.searchsorted(-ray[:, 0, 1], 0.35))
        t = -eye[1] / ray[top:, :, 1]
        return (eye[0] + t * ray[top:, :, 0]).astype(np.float32), (eye[2] + t * ray[top:, :, 2]).astype(np.float32), top


class BodyPanel:
    """Draws a body, frame after frame, into images of ``width`` x ``height`` pixels."""

    def __init__(self, width: int, height: int, background: NDArray[np.float32]) -> None:
        self.camera = FollowCamera(width, height)
        self.background = background.astype(np.float32)
        """``(height, width, 3)`` 0..255, without the floor."""
        self._x, self._z, self._top = self.camera.floor()
        fade = np.exp(-(self._x**2 + self._z**2) / 2.2)
        self._fade = fade.astype(np.float32)
        self._ground: tuple[tuple[float, ...], NDArray[np.float32], NDArray[np.uint8]] | None = None
        self._skeleton: Skeleton | None = None
        self._parts: Mannequin | None = None

    def pose(self, motion: Motion) -> tuple[NDArray, NDArray]:
        """Capsule points ``(T, P, 3)`` and hips ``(T, 3)`` of every frame, world metres."""
        if self._skeleton is None or self._skeleton != motion.skeleton:
            self._skeleton, self._parts = motion.skeleton, build_mannequin(motion.skeleton)
        parts = self._parts
        assert parts is not None
        positions, world = motion.forward()
        offsets = np.broadcast_to(parts.offset, (len(motion), *parts.offset.shape))
        points = positions[:, parts.joint] + rotation.rotate(world[:, parts.joint], offsets)
        return points, positions[:, 0]

    def draw(self, out: NDArray[np.uint8], points: NDArray, hips: NDArray, seconds: float) -> None:
        """Paint one pose ``points (P, 3)`` into ``out (H, W, 3)``, ``seconds`` after the frame before."""
        parts = self._parts
        assert parts is not None
        target = self.camera.follow(hips, seconds)
        ground, ready = self._floor(target)
        out[:] = ready
        xyz, scale = self.camera.project(points, target)
        radius = np.maximum(parts.radius * np.stack([scale[parts.start], scale[parts.end]], 1), 0.6)
        blobs = self._blobs(points, target)
        reach = np.concatenate([xyz[:, :2], *(np.array([[x - w, y - d], [x + w, y + d]]) for x, y, w, d, *_ in blobs)])
        low = np.clip(np.floor(reach.min(0) - radius.max()).astype(int), 0, (self.camera.width, self.camera.height))
        high = np.clip(np.ceil(reach.max(0) + radius.max()).astype(int), low, (self.camera.width, self.camera.height))
        (x0, y0), (x1, y1) = low.tolist(), high.tolist()
        if x1 <= x0 or y1 <= y0:
            return
        canvas = capsules.blank(ground[y0:y1, x0:x1])
        self._shadow(canvas, blobs, x0, y0)
        xyz[:, :2] -= low.astype(np.float32)
        shapes = capsules.ScreenCapsules(
            xyz[parts.start], xyz[parts.end], radius[:, 0], radius[:, 1], parts.color,
            np.maximum(parts.soft * np.float32(self.camera.zoom), 0.05), parts.wide, xyz[parts.side] - xyz[parts.start],
            parts.cap,
        )  # fmt: skip
        capsules.draw(canvas, shapes)
        np.copyto(out[y0:y1, x0:x1], canvas[..., :3], casting="unsafe")

    def _floor(self, target: NDArray) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Background and a lit patch of floor with lines every half metre, so that sliding feet show."""
        key = (round(float(target[0]), 3), round(float(target[2]), 3))
        if self._ground is None or self._ground[0] != key:
            image = self.background.copy()
            lines = np.zeros_like(self._fade)
            for value, offset in ((self._x, key[0]), (self._z, key[1])):
                at = (value + np.float32(offset)) * 2.0
                off = np.abs(at - np.round(at)) * 0.5
                lines = np.maximum(lines, np.clip(1.0 - off / 0.007, 0.0, 1.0))
            image[self._top :] += (self._fade * (26.0 + 34.0 * lines))[..., None]
            self._ground = (key, image, image.astype(np.uint8))
        return self._ground[1:]

    def _blobs(self, points: NDArray, target: NDArray) -> list[tuple[float, ...]]:
        """Contact shadows, feet most: screen x, y, half width and depth, then floor x, z, size and strength."""
        parts = self._parts
        assert parts is not None
        middle = 0.5 * (points[parts.start] + points[parts.end])
        low = np.flatnonzero(middle[:, 1] < 0.3)
        centre = np.concatenate([points[parts.start[:1]], middle[low]])
        height = np.maximum(middle[low, 1], 0.0)
        size = np.concatenate([[0.7], 0.15 + 1.0 * height])
        strength = np.concatenate([[0.32], 0.5 / (1 + 14 * height)])
        screen, scale = self.camera.project(centre * [1.0, 0.0, 1.0], target)
        floor = centre - target
        wide = size * scale
        return list(
            zip(screen[:, 0], screen[:, 1], wide, 0.4 * wide, floor[:, 0], floor[:, 2], size, strength, strict=True)
        )

    def _shadow(self, canvas: NDArray[np.float32], blobs: list[tuple[float, ...]], left: int, top: int) -> None:
        """Darken the floor in ``canvas``, which begins at column ``left`` and row ``top`` of the image."""
        first = max(self._top - top, 0)
        shade = np.zeros((max(canvas.shape[0] - first, 0), canvas.shape[1]), np.float32)
        for x, y, wide, deep, fx, fz, size, strength in blobs:
            x0, x1 = max(left, int(x - wide)), min(left + shade.shape[1], int(x + wide) + 1)
            base = top + first
            y0, y1 = max(base, int(y - deep)), min(base + shade.shape[0], int(y + deep) + 1)
            if x1 > x0 and y1 > y0:
                rows, columns = slice(y0 - self._top, y1 - self._top), slice(x0, x1)
                dx, dz = self._x[rows, columns] - np.float32(fx), self._z[rows, columns] - np.float32(fz)
                fall = np.maximum(1.0 - (dx * dx + dz * dz) * np.float32(1.0 / size**2), 0.0)
                shade[y0 - base : y1 - base, x0 - left : x1 - left] += np.float32(strength) * fall * fall * fall
        canvas[first:, :, :3] *= (1.0 - np.minimum(shade, 0.62))[..., None]


@cache
def backdrop(width: int, height: int) -> NDArray[np.float32]:
    """A dark neutral wall ``(H, W, 3)`` 0..255, a little lighter behind the figure."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x / width - 0.5) / 0.55) ** 2) - ((y / height - 0.42) / 0.62) ** 2)
    base, light = np.array([27, 29, 34], np.float32), np.array([25, 26, 29], np.float32)
    return base + glow[..., None] * light
