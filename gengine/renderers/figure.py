"""The preview's figure: a soft mannequin posed by the skeleton, on a floor, in front of a three-quarter camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.renderers import capsules

Point = tuple[str, float, float, float]
"""A joint and an offset in its frame, metres."""

BODY = (214, 208, 199)
LEFT = (233, 164, 118)
RIGHT = (120, 168, 216)
LEFT_PALM = (250, 209, 176)
RIGHT_PALM = (184, 213, 243)
LEFT_LEG = (206, 182, 167)
RIGHT_LEG = (170, 182, 197)
SHOE = (92, 95, 104)
SKIN = (226, 205, 186)
HAIR = (74, 68, 70)
DARK = (48, 44, 48)


@dataclass(frozen=True)
class Part:
    """A capsule of the body from ``start`` to ``end`` (radii in metres)."""

    start: Point
    end: Point
    start_radius: float
    end_radius: float
    color: tuple[int, int, int]
    soft: float = 0.012
    """Depth over which it melts into its neighbours, metres."""
    wide: float = 1.0
    """How many times wider than deep its section is, along ``side``; the radii are the short ones."""
    side: tuple[float, float, float] = (0.1, 0.0, 0.0)
    """Direction of the width in the start joint's frame."""


def _side(side: str) -> list[Part]:
    """Limbs of one side; ``side`` is Left or Right."""
    m = 1.0 if side == "Left" else -1.0
    limb, palm, leg = (LEFT, LEFT_PALM, LEFT_LEG) if side == "Left" else (RIGHT, RIGHT_PALM, RIGHT_LEG)
    j = side + "{}"
    arm, fore, hand = j.format("Arm"), j.format("ForeArm"), j.format("Hand")
    up, low, foot, toe = j.format("UpLeg"), j.format("Leg"), j.format("Foot"), j.format("ToeBase")
    parts = [
        Part(("Neck", m * 0.01, -0.015, 0.004), (arm, m * -0.03, -0.004, 0.004), 0.052, 0.046, BODY, 0.03),
        Part((arm, m * -0.008, -0.006, 0.0), (arm, m * 0.03, -0.004, 0.0), 0.055, 0.054, limb, 0.01),
        Part((arm, m * 0.015, -0.004, 0.0), (fore, 0.0, 0.0, 0.0), 0.053, 0.039, limb, 0.03),
        Part((fore, 0.0, 0.0, 0.0), (fore, m * 0.07, 0.0, 0.0), 0.039, 0.041, limb),
        Part((fore, m * 0.07, 0.0, 0.0), (hand, 0.0, 0.0, 0.0), 0.041, 0.026, limb),
        Part((up, 0.0, 0.0, 0.0), (low, 0.0, 0.0, 0.0), 0.086, 0.055, leg, 0.05),
        Part((low, 0.0, 0.0, 0.0), (low, 0.0, -0.13, -0.014), 0.054, 0.055, leg),
        Part((low, 0.0, -0.13, -0.014), (foot, 0.0, 0.03, -0.005), 0.055, 0.036, leg),
        Part((foot, 0.0, 0.0, -0.012), (foot, 0.0, -0.008, 0.03), 0.038, 0.034, SHOE, 0.006),
        Part((foot, 0.0, -0.011, -0.03), (toe, 0.0, 0.026, 0.012), 0.034, 0.026, SHOE, 0.006, 1.3),
    ]
    # the hand: a flat back and a paler palm, so that its turning can be seen, then every bone of the fingers
    middle, across = f"{side}HandMiddle1", (0.0, 0.0, 0.1)
    parts += [
        Part((hand, m * 0.005, 0.0, 0.0), (hand, m * 0.03, 0.001, 0.0), 0.0215, 0.0165, limb, 0.008, 1.45, across),
        Part(
            (hand, m * 0.03, 0.002, 0.0), (middle, m * -0.004, 0.001, -0.004), 0.0135, 0.0125, limb, 0.004, 2.9, across
        ),
        Part(
            (hand, m * 0.03, -0.007, 0.0), (middle, m * -0.012, -0.005, -0.004), 0.012, 0.0105, palm, 0.003, 2.9, across
        ),
    ]
    for finger, radius in (("Index", 0.0125), ("Middle", 0.013), ("Ring", 0.0125), ("Pinky", 0.011)):
        knuckle, one, two, three = (f"{side}Hand{finger}{n}" for n in (1, 2, 3, 4))
        r = radius * 0.9
        parts += [
            Part((knuckle, 0.0, 0.0, 0.0), (one, 0.0, 0.0, 0.0), r, r * 0.92, limb, 0.004),
            Part((one, 0.0, 0.0, 0.0), (two, 0.0, 0.0, 0.0), r * 0.92, r * 0.84, limb, 0.004),
            Part((two, 0.0, 0.0, 0.0), (three, 0.0, 0.0, 0.0), r * 0.84, r * 0.72, palm, 0.004),
        ]
    thumb = [f"{side}HandThumb{n}" for n in (1, 2, 3, 4)]
    parts += [
        Part((thumb[0], 0.0, 0.0, 0.0), (thumb[1], 0.0, 0.0, 0.0), 0.018, 0.015, limb),
        Part((thumb[1], 0.0, 0.0, 0.0), (thumb[2], 0.0, 0.0, 0.0), 0.014, 0.0125, limb, 0.004),
        Part((thumb[2], 0.0, 0.0, 0.0), (thumb[3], 0.0, 0.0, 0.0), 0.0125, 0.0105, palm, 0.004),
    ]
    return parts


def _middle() -> list[Part]:
    """Trunk, neck and head."""

    def at(x: float, y: float, z: float) -> Point:
        return ("Head", x, y, z)

    profile: list[tuple[Point, float]] = [
        (("Hips", 0.0, -0.012, -0.012), 0.088),
        (("Hips", 0.0, 0.02, -0.012), 0.098),
        (("Spine1", 0.0, -0.02, 0.034), 0.087),
        (("Spine2", 0.0, 0.02, 0.044), 0.095),
        (("Spine3", 0.0, 0.01, 0.046), 0.105),
        (("Spine3", 0.0, 0.065, 0.043), 0.098),
        (("Spine3", 0.0, 0.115, 0.036), 0.072),
    ]
    parts = [Part(a, b, r, q, BODY, 0.0003, 1.62) for (a, r), (b, q) in zip(profile, profile[1:], strict=False)]
    parts += [
        Part(("Neck", 0.0, -0.01, 0.004), ("Head", 0.0, 0.03, 0.004), 0.055, 0.050, SKIN, 0.012),
        Part(at(0, 0.105, 0.012), at(0, 0.052, 0.046), 0.091, 0.066, SKIN, 0.004),
        Part(at(-0.010, 0.012, 0.062), at(0.010, 0.012, 0.062), 0.044, 0.044, SKIN, 0.02),
        Part(at(0, 0.134, -0.02), at(0, 0.09, -0.03), 0.100, 0.088, HAIR, 0.003),
        Part(at(0, 0.082, 0.106), at(0, 0.052, 0.124), 0.010, 0.015, SKIN, 0.008),
        Part(at(-0.016, 0.018, 0.1), at(0.016, 0.018, 0.1), 0.007, 0.007, (176, 112, 104), 0.006),
    ]
    for m in (-1.0, 1.0):
        parts += [
            Part(at(m * 0.034, 0.079, 0.092), at(m * 0.034, 0.084, 0.092), 0.0125, 0.0125, DARK, 0.004),
            Part(at(m * 0.024, 0.110, 0.098), at(m * 0.046, 0.109, 0.086), 0.006, 0.005, HAIR, 0.004),
            Part(at(m * 0.088, 0.075, 0.0), at(m * 0.088, 0.06, 0.004), 0.018, 0.014, SKIN, 0.01),
        ]
    return parts


@dataclass(frozen=True, eq=False)
class _Build:
    """A body fitted to one skeleton: points (joint, offset) and capsules between them."""

    joint: NDArray[np.int64]
    offset: NDArray[np.float64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    radius: NDArray[np.float32]
    color: NDArray[np.float32]
    soft: NDArray[np.float32]
    wide: NDArray[np.float32]
    side: NDArray[np.int64]
    """The point that lies to the side of each start."""


def _build(skeleton: Skeleton) -> _Build:
    """The mannequin on any skeleton that has BEAT's joints; plain rods on any other."""
    parts = [*_side("Right"), *_side("Left"), *_middle()]
    names = {name: i for i, name in enumerate(skeleton.names)}
    rest = skeleton.forward(np.tile(rotation.IDENTITY, (1, len(skeleton), 1)), np.zeros((1, 3)))[0][0]
    tall = float(np.ptp(rest[:, 1])) or 1.0
    if all(p.start[0] in names and p.end[0] in names for p in parts):
        scale = tall / 1.718  # of BEAT's skeleton, sole to head joint tip
    else:
        scale = 1.0
        children = np.arange(1, len(skeleton))
        joints = skeleton.names
        parts = [
            Part(
                (joints[skeleton.parents[c]], 0, 0, 0), (joints[c], 0, 0, 0), 0.022 * tall, 0.016 * tall,
                LEFT if "left" in joints[c].lower() else RIGHT if "right" in joints[c].lower() else BODY,
            )
            for c in children
        ]  # fmt: skip
    points: dict[Point, int] = {}
    for part in parts:
        for point in (part.start, part.end, _beside(part)):
            points.setdefault(point, len(points))
    return _Build(
        joint=np.array([names[p[0]] for p in points]),
        offset=np.array([p[1:] for p in points]) * scale,
        start=np.array([points[p.start] for p in parts]),
        end=np.array([points[p.end] for p in parts]),
        radius=np.array([(p.start_radius, p.end_radius) for p in parts], np.float32) * np.float32(scale),
        color=np.array([p.color for p in parts], np.float32),
        soft=np.array([p.soft for p in parts], np.float32) * np.float32(scale),
        wide=np.array([p.wide for p in parts], np.float32),
        side=np.array([points[_beside(p)] for p in parts]),
    )


def _beside(part: Part) -> Point:
    """A point to the side of a flat part's start; a round part needs none."""
    if part.wide == 1.0:
        return part.end
    joint, x, y, z = part.start
    return (joint, x + part.side[0], y + part.side[1], z + part.side[2])


class Camera:
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


class Figure:
    """Draws a body, frame after frame, into images of ``width`` x ``height`` pixels."""

    def __init__(self, width: int, height: int, background: NDArray[np.float32]) -> None:
        self.camera = Camera(width, height)
        self.background = background.astype(np.float32)
        """``(height, width, 3)`` 0..255, without the floor."""
        self._x, self._z, self._top = self.camera.floor()
        fade = np.exp(-(self._x**2 + self._z**2) / 2.2)
        self._fade = fade.astype(np.float32)
        self._ground: tuple[tuple[float, ...], NDArray[np.float32], NDArray[np.uint8]] | None = None
        self._skeleton: Skeleton | None = None
        self._parts: _Build | None = None

    def pose(self, motion: Motion) -> tuple[NDArray, NDArray]:
        """Capsule points ``(T, P, 3)`` and hips ``(T, 3)`` of every frame, world metres."""
        if self._skeleton is None or self._skeleton != motion.skeleton:
            self._skeleton, self._parts = motion.skeleton, _build(motion.skeleton)
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
        canvas = ground[y0:y1, x0:x1].copy()
        self._shadow(canvas, blobs, x0, y0)
        xyz[:, :2] -= low.astype(np.float32)
        shapes = capsules.Capsules(
            xyz[parts.start], xyz[parts.end], radius[:, 0], radius[:, 1], parts.color,
            np.maximum(parts.soft * np.float32(self.camera.zoom), 0.05), parts.wide, xyz[parts.side] - xyz[parts.start],
        )  # fmt: skip
        capsules.draw(canvas, np.full(canvas.shape[:2], -1e6, np.float32), shapes)
        np.copyto(out[y0:y1, x0:x1], canvas, casting="unsafe")

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
        canvas[first:] *= (1.0 - np.minimum(shade, 0.62))[..., None]


@cache
def backdrop(width: int, height: int) -> NDArray[np.float32]:
    """A dark neutral wall ``(H, W, 3)`` 0..255, a little lighter behind the figure."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x / width - 0.5) / 0.55) ** 2) - ((y / height - 0.42) / 0.62) ** 2)
    base, light = np.array([27, 29, 34], np.float32), np.array([25, 26, 29], np.float32)
    return base + glow[..., None] * light
