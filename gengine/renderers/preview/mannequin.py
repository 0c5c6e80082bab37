"""The mannequin: a body of tapered capsules hung on a skeleton's joints.

Offsets and radii are metres, fitted by eye to BEAT's skeleton with a grown-up's proportions (judgement).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.skeleton import Skeleton

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
"""Colours of the parts, sRGB: warm on the character's left, cool on its right, so that the two are told apart."""
BEAT_HEIGHT = 1.718
"""Metres from sole to head tip of BEAT's skeleton, to which the parts below are fitted."""
ROD_START, ROD_END = 0.022, 0.016
"""Radii of a foreign skeleton's rods as shares of its largest extent (judgement)."""


@dataclass(frozen=True)
class BodyCapsule:
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
    cap: float = 1.0
    """How much of the round ends is drawn, 0..1."""


def _side(side: str) -> list[BodyCapsule]:
    """Limbs of one side; ``side`` is Left or Right."""
    m = 1.0 if side == "Left" else -1.0
    limb, palm, leg = (LEFT, LEFT_PALM, LEFT_LEG) if side == "Left" else (RIGHT, RIGHT_PALM, RIGHT_LEG)
    j = side + "{}"
    arm, fore, hand = j.format("Arm"), j.format("ForeArm"), j.format("Hand")
    up, low, foot, toe = j.format("UpLeg"), j.format("Leg"), j.format("Foot"), j.format("ToeBase")
    parts = [
        BodyCapsule(("Neck", m * 0.01, -0.015, 0.004), (arm, m * -0.03, -0.004, 0.004), 0.052, 0.046, BODY, 0.03),
        BodyCapsule((arm, m * -0.008, -0.006, 0.0), (arm, m * 0.03, -0.004, 0.0), 0.055, 0.054, limb, 0.01),
        BodyCapsule((arm, m * 0.015, -0.004, 0.0), (fore, 0.0, 0.0, 0.0), 0.053, 0.039, limb, 0.03),
        BodyCapsule((fore, 0.0, 0.0, 0.0), (fore, m * 0.07, 0.0, 0.0), 0.039, 0.041, limb),
        BodyCapsule((fore, m * 0.07, 0.0, 0.0), (hand, 0.0, 0.0, 0.0), 0.041, 0.026, limb),
        BodyCapsule((up, 0.0, 0.0, 0.0), (low, 0.0, 0.0, 0.0), 0.086, 0.055, leg, 0.05),
        BodyCapsule((low, 0.0, 0.0, 0.0), (low, 0.0, -0.13, -0.014), 0.054, 0.055, leg),
        BodyCapsule((low, 0.0, -0.13, -0.014), (foot, 0.0, 0.03, -0.005), 0.055, 0.036, leg),
        BodyCapsule((foot, 0.0, 0.0, -0.012), (foot, 0.0, -0.008, 0.03), 0.038, 0.034, SHOE, 0.006),
        BodyCapsule((foot, 0.0, -0.011, -0.03), (toe, 0.0, 0.026, 0.012), 0.034, 0.026, SHOE, 0.006, 1.3),
    ]
    # the hand: a flat back and a paler palm, so that its turning can be seen, then every bone of the fingers
    middle, across = f"{side}HandMiddle1", (0.0, 0.0, 0.1)
    parts += [
        BodyCapsule(
            (hand, m * 0.005, 0.0, 0.0), (hand, m * 0.03, 0.001, 0.0), 0.0215, 0.0165, limb, 0.008, 1.45, across
        ),
        BodyCapsule(
            (hand, m * 0.03, 0.002, 0.0), (middle, m * -0.004, 0.001, -0.004), 0.0135, 0.0125, limb, 0.004, 2.9, across
        ),
        BodyCapsule(
            (hand, m * 0.03, -0.007, 0.0), (middle, m * -0.012, -0.005, -0.004), 0.012, 0.0105, palm, 0.003, 2.9, across
        ),
    ]
    for finger, radius in (("Index", 0.0125), ("Middle", 0.013), ("Ring", 0.0125), ("Pinky", 0.011)):
        knuckle, one, two, three = (f"{side}Hand{finger}{n}" for n in (1, 2, 3, 4))
        r = radius * 0.9
        parts += [
            BodyCapsule((knuckle, 0.0, 0.0, 0.0), (one, 0.0, 0.0, 0.0), r, r * 0.92, limb, 0.004),
            BodyCapsule((one, 0.0, 0.0, 0.0), (two, 0.0, 0.0, 0.0), r * 0.92, r * 0.84, limb, 0.004),
            BodyCapsule((two, 0.0, 0.0, 0.0), (three, 0.0, 0.0, 0.0), r * 0.84, r * 0.72, palm, 0.004),
        ]
    thumb = [f"{side}HandThumb{n}" for n in (1, 2, 3, 4)]
    parts += [
        BodyCapsule((thumb[0], 0.0, 0.0, 0.0), (thumb[1], 0.0, 0.0, 0.0), 0.018, 0.015, limb),
        BodyCapsule((thumb[1], 0.0, 0.0, 0.0), (thumb[2], 0.0, 0.0, 0.0), 0.014, 0.0125, limb, 0.004),
        BodyCapsule((thumb[2], 0.0, 0.0, 0.0), (thumb[3], 0.0, 0.0, 0.0), 0.0125, 0.0105, palm, 0.004),
    ]
    return parts


def _middle() -> list[BodyCapsule]:
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
    pairs = list(zip(profile, profile[1:], strict=False))
    parts = [
        BodyCapsule(a, b, r, q, BODY, 0.0003, 1.62, cap=0.3 if 0 < i < len(pairs) - 2 else 1.0)
        for i, ((a, r), (b, q)) in enumerate(pairs)
    ]
    parts += [
        BodyCapsule(("Neck", 0.0, -0.01, 0.004), ("Head", 0.0, 0.03, 0.004), 0.055, 0.050, SKIN, 0.012),
        BodyCapsule(at(0, 0.105, 0.012), at(0, 0.052, 0.046), 0.091, 0.066, SKIN, 0.004),
        BodyCapsule(at(-0.010, 0.012, 0.062), at(0.010, 0.012, 0.062), 0.044, 0.044, SKIN, 0.02),
        BodyCapsule(at(0, 0.134, -0.02), at(0, 0.09, -0.03), 0.100, 0.088, HAIR, 0.003),
        BodyCapsule(at(0, 0.082, 0.106), at(0, 0.052, 0.124), 0.010, 0.015, SKIN, 0.008),
        BodyCapsule(at(-0.016, 0.018, 0.1), at(0.016, 0.018, 0.1), 0.007, 0.007, (176, 112, 104), 0.006),
    ]
    for m in (-1.0, 1.0):
        parts += [
            BodyCapsule(at(m * 0.034, 0.079, 0.092), at(m * 0.034, 0.084, 0.092), 0.0125, 0.0125, DARK, 0.004),
            BodyCapsule(at(m * 0.024, 0.110, 0.098), at(m * 0.046, 0.109, 0.086), 0.006, 0.005, HAIR, 0.004),
            BodyCapsule(at(m * 0.088, 0.075, 0.0), at(m * 0.088, 0.06, 0.004), 0.018, 0.014, SKIN, 0.01),
        ]
    return parts


@dataclass(frozen=True, eq=False)
class Mannequin:
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
    cap: NDArray[np.float32]


def build_mannequin(skeleton: Skeleton) -> Mannequin:
    """The mannequin on any skeleton that has BEAT's joints; plain rods on any other."""
    parts = [*_side("Right"), *_side("Left"), *_middle()]
    names = {name: i for i, name in enumerate(skeleton.names)}
    rest = skeleton.forward(np.tile(rotation.IDENTITY, (1, len(skeleton), 1)), np.zeros((1, 3)))[0][0]
    tall = float(np.ptp(rest, axis=0).max()) or 1.0
    if all(p.start[0] in names and p.end[0] in names for p in parts):
        scale = float(np.ptp(rest[:, 1])) / BEAT_HEIGHT
    else:
        scale = 1.0
        children = np.arange(1, len(skeleton))
        joints = skeleton.names
        parts = [
            BodyCapsule(
                (joints[skeleton.parents[c]], 0, 0, 0), (joints[c], 0, 0, 0), ROD_START * tall, ROD_END * tall,
                _side_color(joints[c]),
            )
            for c in children
        ]  # fmt: skip
    points: dict[Point, int] = {}
    for part in parts:
        for point in (part.start, part.end, _beside(part)):
            points.setdefault(point, len(points))
    return Mannequin(
        joint=np.array([names[p[0]] for p in points]),
        offset=np.array([p[1:] for p in points]) * scale,
        start=np.array([points[p.start] for p in parts]),
        end=np.array([points[p.end] for p in parts]),
        radius=np.array([(p.start_radius, p.end_radius) for p in parts], np.float32) * np.float32(scale),
        color=np.array([p.color for p in parts], np.float32),
        soft=np.array([p.soft for p in parts], np.float32) * np.float32(scale),
        wide=np.array([p.wide for p in parts], np.float32),
        side=np.array([points[_beside(p)] for p in parts]),
        cap=np.array([p.cap for p in parts], np.float32),
    )


def _side_color(joint: str) -> tuple[int, int, int]:
    """The tint of a foreign joint, by the side its name tells."""
    for side, color in (("left", LEFT), ("right", RIGHT)):
        if re.search(rf"{side}|(^|[_.:]){side[0]}([_.]|$)", joint, re.IGNORECASE):
            return color
    return BODY


def _beside(part: BodyCapsule) -> Point:
    """A point to the side of a flat part's start; a round part needs none."""
    if part.wide == 1.0:
        return part.end
    joint, x, y, z = part.start
    return (joint, x + part.side[0], y + part.side[1], z + part.side[2])
