"""What a body cannot do: joint ranges (AAOS, rounded) and the spaces that hands keep out of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.quintic import smoothstep

Array = NDArray[np.float64]

RANGES_DEG: dict[str, tuple[float, float]] = {
    "elbow_flexion": (0.0, 145.0),
    "pronation": (-80.0, 80.0),
    "wrist_flexion": (-70.0, 80.0),
    "wrist_radial": (-30.0, 20.0),
    "clavicle_up": (-5.0, 45.0),
    "clavicle_forward": (-15.0, 15.0),
    "trunk_flexion": (-25.0, 60.0),
    "trunk_side": (-35.0, 35.0),
    "trunk_turn": (-45.0, 45.0),
    "neck_flexion": (-45.0, 45.0),
    "neck_side": (-45.0, 45.0),
    "neck_turn": (-80.0, 80.0),
    "mcp": (-45.0, 90.0),
    "pip": (0.0, 100.0),
    "dip": (0.0, 80.0),
    "spread": (-20.0, 20.0),
    "knee_flexion": (0.0, 135.0),
}
"""Ranges of motion, degrees. Flexion, pronation and radial deviation are positive."""

TORSO_RADIUS = 0.16
"""Radius of the capsule from pelvis to neck, metres."""
WRIST_CLEARANCE = 0.12
"""How far a wrist keeps off the torso capsule, arm lengths."""
HEAD_RADIUS = 0.115
"""Radius of the head's sphere, metres."""


def soft_range(value: ArrayLike, name: str, share: float = 0.12) -> Array:
    """``value`` (radians) bent smoothly into the range called ``name``: unchanged inside, never outside.

    The last ``share`` of the range on either side is where the bend happens.
    """
    low, high = (float(np.radians(end)) for end in RANGES_DEG[name])
    return soft_clip(value, low, high, share * (high - low))


def soft_clip(value: ArrayLike, low: float | Array, high: float | Array, knee: float) -> Array:
    """Identity well inside [low, high], saturating smoothly (slope continuous) towards the ends."""
    value = np.asarray(value, float)
    over = np.maximum(value - (high - knee), 0.0)
    under = np.maximum((low + knee) - value, 0.0)
    return value - over + knee * np.tanh(over / knee) + under - knee * np.tanh(under / knee)


def soft_floor(value: ArrayLike, floor: float | Array, width: float) -> Array:
    """Smooth ``max(value, floor)``, never below ``floor``; ``width`` is the size of the rounded corner."""
    value = np.asarray(value, float)
    return floor + width * np.logaddexp(0.0, (value - floor) / width)


def outside_capsule(points: Array, low: Array, high: Array, distance: float, width: float = 0.012) -> Array:
    """``points (T, ..., 3)`` pushed straight out to at least ``distance`` m from the segments ``low``-``high``."""
    axis = high - low
    along = ((points - low) * axis).sum(-1, keepdims=True) / np.maximum((axis * axis).sum(-1, keepdims=True), 1e-9)
    nearest = low + np.clip(along, 0.0, 1.0) * axis
    away = points - nearest
    length = np.linalg.norm(away, axis=-1, keepdims=True)
    return nearest + away / np.maximum(length, 1e-6) * soft_floor(length, distance, width)


def outside_sphere(points: Array, centre: Array, radius: float, width: float = 0.012) -> Array:
    """``points (T, ..., 3)`` pushed out to at least ``radius`` m from ``centre``."""
    away = points - centre
    length = np.linalg.norm(away, axis=-1, keepdims=True)
    return centre + away / np.maximum(length, 1e-6) * soft_floor(length, radius, width)


@dataclass(frozen=True, eq=False)
class BodySpace:
    """Where hands may not be: world places ``(T, 3)`` m of pelvis (``low``), neck (``top``) and ``skull``, the thighs'
    two ends ``(2, T, 2, 3)`` with their length, and the ``heading (T, 3)``. Wrists are ``(T, 2, 3)``, left first."""

    low: Array
    top: Array
    skull: Array
    thighs: Array
    thigh: float
    heading: Array

    def off_trunk(self, wrists: Array, clearance: float) -> Array:
        """Wrists outside trunk (by ``clearance`` m) and head."""
        wrists = outside_capsule(wrists, self.low[:, None], self.top[:, None], TORSO_RADIUS + clearance)
        return outside_sphere(wrists, self.skull[:, None], HEAD_RADIUS + 0.07)

    def clear(self, wrists: Array, reached: Array, fore: Array) -> Array:
        """Wrists so placed that hands from ``reached`` along ``fore (T, 2, 3)`` enter neither body nor each other."""
        low, top, skull, thighs = self.low[:, None], self.top[:, None], self.skull[:, None], self.thighs
        palm, tip = reached + 0.09 * fore, reached + 0.16 * fore
        freed = outside_sphere(outside_capsule(tip, low, top, TORSO_RADIUS + 0.032), skull, HEAD_RADIUS + 0.025)
        freed = freed + outside_sphere(palm, skull, HEAD_RADIUS + 0.045) - palm
        left = np.stack([self.heading[:, 2], np.zeros(len(self.heading)), -self.heading[:, 0]], -1)
        sideways = np.array([1.0, -1.0])[:, None] * left[:, None]
        beside = tip - thighs[0]
        along = np.clip((beside * (thighs[1] - thighs[0])).sum(-1) / self.thigh**2, 0.0, 1.0)
        lateral = ((beside - along[..., None] * (thighs[1] - thighs[0])) * sideways).sum(-1)
        under = np.clip((thighs[0, ..., 1] + 0.08 - tip[..., 1]) / 0.12, 0.0, 1.0)
        near = np.clip((0.20 - (beside * self.heading[:, None]).sum(-1)) / 0.07, 0.0, 1.0)
        room = (soft_floor(lateral, 0.137, 0.012) - lateral) * smoothstep(under) * smoothstep(near)
        wrists = wrists + (freed - tip) + room[..., None] * sideways
        # The left hand stays to the left of the right one, unless one passes clearly in front of or above the other.
        gaps = []
        pairs = ((wrists, wrists, 0.11), (palm, palm, 0.125), (tip, tip, 0.11), (palm, tip, 0.11), (tip, palm, 0.11))
        for lefts, rights, least in pairs:
            apart = lefts[:, 0] - rights[:, 1]
            across = (apart * left).sum(-1)
            clear = np.linalg.norm(apart - across[:, None] * left, axis=-1)
            needed = least - 1.6 * np.maximum(clear - 0.055, 0.0)
            gaps.append(soft_floor(across, needed, 0.01) - across)
        push = 0.5 * np.max(gaps, axis=0)[:, None] * left
        return wrists + np.stack([push, -push], 1)
