"""The preview's figure: a soft mannequin posed by the skeleton, on a floor, in front of a three-quarter camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.renderers.preview import capsules
from gengine.renderers.preview.mannequin import Mannequin, build_mannequin

AZIMUTH, ELEVATION = -0.42, 0.09
"""Where the camera stands, rad round to the character's left and up: a three-quarter view shows depth (judgement)."""
SHOWN = 2.12
"""Metres of scene that the panel's height shows: a standing figure with a hand up."""
LOOK_AT = 0.955
"""Height of the target, m: about the hips of BEAT's skeleton."""
CENTRE_ROW = 0.49
"""Where the target lies in the picture, share of its height from above."""
NEAREST = 0.5
"""Metres before the camera within which perspective grows no more."""
HORIZON = 0.35
"""How steeply a ray must look down to see the floor, m at the figure: beyond lies the wall."""

# the floor (judgement): brightness is sRGB 0-255
FLOOR_FADE = 2.2
"""Square metres over which the lit patch of floor fades (a Gaussian's denominator)."""
FLOOR_LIGHT, LINE_LIGHT = 26.0, 34.0
LINES_A_METRE, LINE_WIDTH = 2.0, 0.007
"""A line every half metre, so that sliding feet show, and half its width in m."""

# contact shadows (judgement), heights and sizes in m
BODY_SHADOW, BODY_DARKNESS = 0.7, 0.32
"""Size and strength of the one under the hips."""
NEAR_FLOOR = 0.3
"""Height below which a limb throws one."""
LIMB_SHADOW, LIMB_SPREAD, LIMB_DARKNESS, LIMB_FADE = 0.15, 1.0, 0.5, 14
"""Size on the floor, growth and strength of a limb's, and how fast that falls a metre of height."""
FLATTENED = 0.4
"""Depth of a shadow on screen as a share of its width, seen at this elevation."""
DARKEST = 0.62
MIN_RADIUS = 0.6
"""Pixels: thinner capsules would flicker."""
MIN_SOFT = 0.05
"""Pixels over which capsules melt at least; it divides."""

# the wall (judgement): sRGB 0-255, and centre and size of its glow as shares of the picture
WALL, GLOW = (27, 29, 34), (25, 26, 29)
GLOW_CENTRE, GLOW_SIZE = (0.5, 0.42), (0.55, 0.62)


class FollowCamera:
    """A slight long lens in front of the figure, ``azimuth`` (rad) round to the character's left.

    It stands while the hips sway about one place, so that swaying shows and the floor need not be drawn anew, and
    follows as a slow spring does where they walk off. World metres become pixels (x right, y down) and depth in pixels
    towards the viewer.
    """

    distance = 6.5
    """Metres to the figure."""
    lag = 0.6
    """Time constant of the critically damped spring that follows, seconds (judgement)."""
    stay, arrived = 0.2, 0.02
    """How far from its target the hips may be before it follows, and how near it then comes, m (judgement)."""

    def __init__(self, width: int, height: int, azimuth: float = AZIMUTH, elevation: float = ELEVATION) -> None:
        self.width, self.height = width, height
        ca, sa, ce, se = np.cos(azimuth), np.sin(azimuth), np.cos(elevation), np.sin(elevation)
        self.axes = np.array([[ca, 0.0, -sa], [-sa * se, ce, -ca * se], [sa * ce, se, ca * ce]])
        """Rows: right, up, towards the viewer."""
        self.zoom = height / SHOWN
        """Pixels per metre at the target."""
        self.look_at = LOOK_AT
        self._target: NDArray[np.float64] | None = None
        self._speed = np.zeros(3)
        self._following = False

    def follow(self, hips: NDArray, seconds: float) -> NDArray[np.float64]:
        """The point on the floor looked at, ``(3,)`` m, ``seconds`` after the last call."""
        ground = np.array([hips[0], 0.0, hips[2]])
        target = ground if self._target is None else self._target
        off = target - ground
        if not self._following:
            self._following = bool(off @ off > self.stay**2)
        if self._following:
            pull = (self._speed + off / self.lag) * seconds
            left = np.exp(-seconds / self.lag)
            target = ground + (off + pull) * left
            self._speed = (self._speed - pull / self.lag) * left
            if off @ off < self.arrived**2:
                self._following, self._speed = False, np.zeros(3)
        self._target = target
        return target

    def project(self, points: NDArray, target: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """World ``points (…, 3)`` → pixels and depth ``(…, 3)``, and pixels per metre there ``(…,)``."""
        relative = points - target - np.array([0.0, self.look_at, 0.0])
        right, up, near = np.moveaxis(relative @ self.axes.T, -1, 0)
        scale = self.zoom * self.distance / np.maximum(self.distance - near, NEAREST)
        xyz = np.stack(
            [self.width / 2 + right * scale, self.height * CENTRE_ROW - up * scale, near * self.zoom], axis=-1
        )
        return xyz.astype(np.float32), scale.astype(np.float32)

    def floor(self) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
        """Floor offsets from the target (x and z, m) seen by every pixel from row ``top`` down."""
        c, r = np.meshgrid(np.arange(self.width), np.arange(self.height))
        right = (c - self.width / 2) / self.zoom
        up = (self.height * CENTRE_ROW - r) / self.zoom
        ray = np.stack([right, up, np.full_like(right, -self.distance)], axis=-1) @ self.axes
        eye = self.axes[2] * self.distance + np.array([0.0, self.look_at, 0.0])
        top = int(np.searchsorted(-ray[:, 0, 1], HORIZON))
        t = -eye[1] / ray[top:, :, 1]
        return (eye[0] + t * ray[top:, :, 0]).astype(np.float32), (eye[2] + t * ray[top:, :, 2]).astype(np.float32), top


@dataclass(frozen=True, eq=False)
class BodyPoses:
    """A body of ``T`` frames ready to be drawn: where the camera looks ``(T, 3)`` m, capsules, and shadows ``(T, B)``.

    Of a shadow there is the middle on screen (x, y), half its width and depth there in pixels, the middle on the floor
    (x, z) from where the camera looks, m, its size, m, and how much it darkens; 0 is no shadow.
    """

    target: NDArray[np.float64]
    capsules: capsules.PlacedCapsules
    shadows: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.target)


class BodyPanel:
    """Draws a body, frame after frame, into images of ``width`` x ``height`` pixels."""

    def __init__(self, width: int, height: int, background: NDArray[np.float32]) -> None:
        self.camera = FollowCamera(width, height)
        self.background = background.astype(np.float32)
        """``(height, width, 3)`` 0..255, without the floor."""
        self._x, self._z, self._top = self.camera.floor()
        fade = np.exp(-(self._x**2 + self._z**2) / FLOOR_FADE)
        self._fade = fade.astype(np.float32)
        self._ground: tuple[tuple[float, ...], NDArray[np.float32], NDArray[np.uint8]] | None = None
        """Where the camera looks, and wall and floor as seen from there: the colours' planes, and a picture."""
        self._picture = np.empty((height, width, 3), np.uint8)
        self._skeleton: Skeleton | None = None
        self._parts: Mannequin | None = None

    def pose(self, motion: Motion, seconds: NDArray) -> BodyPoses:
        """Every frame of ``motion``, ``seconds (T,)`` after the one before, as the camera that follows it sees it."""
        if self._skeleton is None or self._skeleton != motion.skeleton:
            self._skeleton, self._parts = motion.skeleton, build_mannequin(motion.skeleton)
        parts = self._parts
        assert parts is not None
        positions, world = motion.forward()
        offsets = np.broadcast_to(parts.offset, (len(motion), *parts.offset.shape))
        points = positions[:, parts.joint] + rotation.rotate(world[:, parts.joint], offsets)
        pairs = zip(positions[:, 0], seconds.tolist(), strict=True)
        target = np.stack([self.camera.follow(hips, step) for hips, step in pairs])
        xyz, scale = self.camera.project(points, target[:, None])
        radius = np.maximum(parts.radius * np.stack([scale[:, parts.start], scale[:, parts.end]], -1), MIN_RADIUS)
        shapes = capsules.ScreenCapsules(
            xyz[:, parts.start], xyz[:, parts.end], radius[..., 0], radius[..., 1], parts.color,
            np.maximum(parts.soft * np.float32(self.camera.zoom), MIN_SOFT), parts.wide,
            xyz[:, parts.side] - xyz[:, parts.start], parts.cap,
        )  # fmt: skip
        placed = capsules.place(shapes, self.camera.width, self.camera.height)
        return BodyPoses(target, placed, self._shadows(points, target))

    def draw(self, out: NDArray[np.uint8], poses: BodyPoses, frame: int) -> None:
        """Paint one of the ``poses`` into ``out (H, W, 3)``."""
        planes, ready = self._floor(poses.target[frame])
        self._picture[:] = ready
        self._darken(planes, poses.shadows[frame])
        capsules.draw(self._picture, poses.capsules, frame)
        out[:] = self._picture

    def _floor(self, target: NDArray) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Background and a lit patch of floor with lines every half metre, so that sliding feet show."""
        key = (round(float(target[0]), 3), round(float(target[2]), 3))
        if self._ground is None or self._ground[0] != key:
            image = self.background.copy()
            lines = np.zeros_like(self._fade)
            for value, offset in ((self._x, key[0]), (self._z, key[1])):
                at = (value + np.float32(offset)) * LINES_A_METRE
                off = np.abs(at - np.round(at)) / LINES_A_METRE
                lines = np.maximum(lines, np.clip(1.0 - off / LINE_WIDTH, 0.0, 1.0))
            image[self._top :] += (self._fade * (FLOOR_LIGHT + LINE_LIGHT * lines))[..., None]
            self._ground = (key, np.ascontiguousarray(np.moveaxis(image, -1, 0)), image.astype(np.uint8))
        return self._ground[1:]

    def _shadows(self, points: NDArray, target: NDArray) -> NDArray[np.float32]:
        """Contact shadows ``(T, B, 8)`` of capsule points ``(T, P, 3)``, feet most; see ``BodyPoses``."""
        parts = self._parts
        assert parts is not None
        middle = 0.5 * (points[:, parts.start] + points[:, parts.end])
        low = np.flatnonzero((middle[..., 1] < NEAR_FLOOR).any(0))
        height = np.maximum(middle[:, low, 1], 0.0)
        centre = np.concatenate([points[:, parts.start[:1]], middle[:, low]], axis=1)
        body = np.ones((len(points), 1))
        size = np.concatenate([BODY_SHADOW * body, LIMB_SHADOW + LIMB_SPREAD * height], axis=1)
        limbs = np.where(height < NEAR_FLOOR, LIMB_DARKNESS / (1 + LIMB_FADE * height), 0.0)
        strength = np.concatenate([BODY_DARKNESS * body, limbs], axis=1)
        screen, scale = self.camera.project(centre * [1.0, 0.0, 1.0], target[:, None])
        floor, wide = centre - target[:, None], size * scale
        columns = (screen[..., 0], screen[..., 1], wide, FLATTENED * wide, floor[..., 0], floor[..., 2], size, strength)
        return np.stack(columns, axis=-1).astype(np.float32)

    def _darken(self, planes: NDArray[np.float32], shadows: NDArray[np.float32]) -> None:
        """Draw the floor of the ``planes (3, H, W)`` under ``shadows (B, 8)``.

        Shadows are soft: one pixel in four is worked out, and its neighbours are as dark.
        """
        shadows = shadows[shadows[:, -1] > 0]
        x, y, wide, deep = shadows[:, :4].T
        height, width = self._picture.shape[:2]
        top, bottom = (int(np.clip(v, self._top, height)) for v in ((y - deep).min(), (y + deep).max() + 2))
        left, right = (int(np.clip(v, 0, width)) for v in ((x - wide).min(), (x + wide).max() + 2))
        if top >= bottom or left >= right:
            return
        offset = slice(top - self._top, bottom - self._top, 2), slice(left, right, 2)
        floor_x, floor_z = self._x[offset], self._z[offset]
        shade = np.zeros(floor_x.shape, np.float32)
        for column, row, half, depth, fx, fz, size, strength in shadows.tolist():
            down = slice(max(int(row - depth - top) // 2, 0), max(int(row + depth + 2 - top) // 2, 0))
            across = slice(max(int(column - half - left) // 2, 0), max(int(column + half + 2 - left) // 2, 0))
            dx, dz = floor_x[down, across] - fx, floor_z[down, across] - fz
            fall = np.maximum(1.0 - (dx * dx + dz * dz) * (1.0 / size**2), 0.0)
            shade[down, across] += strength * fall * fall * fall
        light = (1.0 - np.minimum(shade, DARKEST)).repeat(2, axis=0).repeat(2, axis=1)
        box = slice(top, bottom), slice(left, right)
        light = light[: bottom - top, : right - left]
        for channel, plane in enumerate(planes):
            np.multiply(plane[box], light, out=self._picture[(*box, channel)], casting="unsafe")


@cache
def backdrop(width: int, height: int) -> NDArray[np.float32]:
    """A dark neutral wall ``(H, W, 3)`` 0..255, a little lighter behind the figure."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx, dy = (x / width - GLOW_CENTRE[0]) / GLOW_SIZE[0], (y / height - GLOW_CENTRE[1]) / GLOW_SIZE[1]
    glow = np.exp(-(dx**2) - dy**2)
    base, light = np.array(WALL, np.float32), np.array(GLOW, np.float32)
    return base + glow[..., None] * light
