"""What a body cannot do: joint ranges (AAOS, rounded) and the spaces that hands keep out of."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
