"""What a body cannot do: joint ranges (AAOS, rounded) and the spaces that hands keep out of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core import rotation
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
"""Radius of the capsule from pelvis to neck, metres (real ones .16-.18: gesture notes)."""
WRIST_CLEARANCE = 0.12
"""How far a wrist keeps off the torso capsule, arm lengths. Judgement."""
HEAD_RADIUS = 0.115
"""Radius of the head's sphere, metres (a head is 15 cm wide and 19 long)."""

CORNER = 0.012
"""Rounding of the surfaces that hands keep out of, m: hands glide along them. Judgement."""
SOFT_SHARE = 0.12
"""Part of a joint's range, at either end, within which it is slowed down. Judgement."""
PALM_AT, TIP_AT = 0.09, 0.16
"""Middle of the palm and finger tips of a relaxed hand, m from the wrist (hands are about 18 cm long)."""
HEAD_WRIST, HEAD_PALM, HEAD_TIP = 0.07, 0.045, 0.025
"""How far wrist, palm and tips keep off the head, m: half their thickness and a little. Judgement."""
TORSO_TIP = 0.032
"""How far the tips keep off the torso capsule, m. Judgement."""
THIGH_ROOM = 0.137
"""How far the tips of a hanging hand keep beside the middle of the thigh, m (its radius and half a hand)."""
THIGH_UNDER, THIGH_UNDER_OVER = 0.08, 0.12
"""The thighs count below so much (m) over the hip, and in full so much further down. Judgement."""
THIGH_FRONT, THIGH_FRONT_OVER = 0.20, 0.07
"""They count for hands nearer than this before them (m), and in full so much nearer. Judgement."""
WRISTS_APART, PALMS_APART, TIPS_APART = 0.11, 0.125, 0.11
"""Least distance sideways (m) of wrists, of palms, and of tips and whatever they meet. Judgement: two hands' width."""
_APART = np.array([[WRISTS_APART], [PALMS_APART], [TIPS_APART], [TIPS_APART], [TIPS_APART]])
"""Of wrists, palms, tips, and either palm with the other's tips."""
PASS_FROM, PASS_SLOPE = 0.055, 1.6
"""Hands further apart than this (m) in front of or above each other may be nearer sideways: so many m per m."""
HANDS_CORNER = 0.01
"""Rounding of that distance, m. Judgement."""
_LEAST, _LEAST_SQUARE = 1e-6, 1e-9
"""Shortest length (m) and least square of one by which is divided."""


def soft_range(value: ArrayLike, name: str | tuple[str, ...], share: float = SOFT_SHARE) -> Array:
    """``value`` (radians) bent smoothly into the range called ``name``: unchanged inside, never outside.

    Several names are those of the last axis.

    The last ``share`` of the range on either side is where the bend happens.
    """
    low, high = _radians(name)
    return soft_clip(value, low, high, share * (high - low))


@cache
def _radians(name: str | tuple[str, ...]) -> tuple[Array, Array]:
    low, high = np.radians([RANGES_DEG[one] for one in ((name,) if isinstance(name, str) else name)]).T
    return (low[0], high[0]) if isinstance(name, str) else (low, high)


def soft_clip(value: ArrayLike, low: float | Array, high: float | Array, knee: float | Array) -> Array:
    """Identity well inside [low, high], saturating smoothly (slope continuous) towards the ends."""
    value = np.asarray(value, float)
    over, under = value - (high - knee), (low + knee) - value
    if value.size and over.max() <= 0 >= under.max():  # mostly nothing is bent
        return value + 0.0
    over, under = np.maximum(over, 0), np.maximum(under, 0)
    return value - over + knee * np.tanh(over / knee) + under - knee * np.tanh(under / knee)


def soft_floor(value: ArrayLike, floor: float | Array, width: float) -> Array:
    """Smooth ``max(value, floor)``, never below ``floor``; ``width`` is the size of the rounded corner."""
    value = np.asarray(value, float)
    return floor + width * np.logaddexp(0, (value - floor) / width)


def outside_capsule(points: Array, low: Array, high: Array, distance: float, width: float = CORNER) -> Array:
    """``points (T, ..., 3)`` pushed straight out to at least ``distance`` m from the segments ``low``-``high``."""
    axis = high - low
    along = ((points - low) * axis).sum(-1, keepdims=True) / np.maximum(
        (axis * axis).sum(-1, keepdims=True), _LEAST_SQUARE
    )
    nearest = low + np.minimum(np.maximum(along, 0), 1) * axis
    away = points - nearest
    length = rotation.length(away)
    return nearest + away / np.maximum(length, _LEAST) * soft_floor(length, distance, width)


def outside_sphere(points: Array, centre: Array, radius: float, width: float = CORNER) -> Array:
    """``points (T, ..., 3)`` pushed out to at least ``radius`` m from ``centre``."""
    away = points - centre
    length = rotation.length(away)
    return centre + away / np.maximum(length, _LEAST) * soft_floor(length, radius, width)


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
        return outside_sphere(wrists, self.skull[:, None], HEAD_RADIUS + HEAD_WRIST)

    def clear(self, wrists: Array, reached: Array, fore: Array) -> Array:
        """Wrists so placed that hands from ``reached`` along ``fore (T, 2, 3)`` enter neither body nor each other."""
        low, top, skull, thighs = self.low[:, None], self.top[:, None], self.skull[:, None], self.thighs
        palm, tip = reached + PALM_AT * fore, reached + TIP_AT * fore
        freed = outside_sphere(outside_capsule(tip, low, top, TORSO_RADIUS + TORSO_TIP), skull, HEAD_RADIUS + HEAD_TIP)
        freed = freed + outside_sphere(palm, skull, HEAD_RADIUS + HEAD_PALM) - palm
        left = np.stack([self.heading[:, 2], np.zeros(len(self.heading)), -self.heading[:, 0]], -1)
        sideways = np.array([1, -1])[:, None] * left[:, None]
        beside = tip - thighs[0]
        along = np.minimum(np.maximum((beside * (thighs[1] - thighs[0])).sum(-1) / self.thigh**2, 0), 1)
        lateral = ((beside - along[..., None] * (thighs[1] - thighs[0])) * sideways).sum(-1)
        under = (thighs[0, ..., 1] + THIGH_UNDER - tip[..., 1]) / THIGH_UNDER_OVER
        near = (THIGH_FRONT - (beside * self.heading[:, None]).sum(-1)) / THIGH_FRONT_OVER
        room = (soft_floor(lateral, THIGH_ROOM, CORNER) - lateral) * smoothstep(under) * smoothstep(near)
        wrists = wrists + (freed - tip) + room[..., None] * sideways
        return self._apart(wrists, palm, tip, left)

    def _apart(self, wrists: Array, palm: Array, tip: Array, left: Array) -> Array:
        """``wrists`` moved apart so that the left hand stays to the left of the right one, unless one passes clearly in
        front of or above the other."""
        lefts = np.stack([wrists[:, 0], palm[:, 0], tip[:, 0], palm[:, 0], tip[:, 0]])
        rights = np.stack([wrists[:, 1], palm[:, 1], tip[:, 1], tip[:, 1], palm[:, 1]])
        apart = lefts - rights
        across = (apart * left).sum(-1)
        clear = rotation.length(apart - across[..., None] * left)[..., 0]
        needed = _APART - PASS_SLOPE * np.maximum(clear - PASS_FROM, 0)
        push = 0.5 * (soft_floor(across, needed, HANDS_CORNER) - across).max(axis=0)[:, None] * left
        return wrists + np.stack([push, -push], 1)
