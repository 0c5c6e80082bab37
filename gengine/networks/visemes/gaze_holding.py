"""Eyes that hold their target in the world while head and trunk move, and a head that joins them when it is far.

The vestibulo-ocular reflex: an eye's rotation in the head is the way to its target in the world with the head's own
rotation in the world taken off, which is known only once the body is made. How much the head turns towards a target
is a share of what lies beyond comfortable eye rotation (Stahl 1999, Exp Brain Res 126:41; Goossens & Van Opstal 1997,
Exp Brain Res 114:542 for up and down).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.constraints.body_limits import soft_clip
from gengine.core import rotation
from gengine.core.conditions import MOTION_RATE
from gengine.core.face import WIDEST_CONVERGENCE
from gengine.core.look_at import EYE_SPACING, EYES_OF_HEAD, NEAREST, STANDING_EYES, LookAt
from gengine.core.motion import Motion
from gengine.networks.visemes.gaze import GAZE

Array = NDArray[np.float64]

_DEG = np.pi / 180
_LOWEST = np.array([-(GAZE.yaw_limit * _DEG), GAZE.pitch_limits.low * _DEG])
_HIGHEST = np.array([GAZE.yaw_limit * _DEG, GAZE.pitch_limits.high * _DEG])
"""Yaw and pitch that eyes reach, rad."""
_SETTLED = 1e-7
"""Rad; a head this near its goal has arrived."""


def direction(way: Array) -> Array:
    """(yaw left, pitch up) rad ``(T, 2)`` of ways ``(T, 3)``: x to the left, y up, z ahead."""
    return np.stack([np.arctan2(way[:, 0], way[:, 2]), np.arctan2(way[:, 1], np.hypot(way[:, 0], way[:, 2]))], axis=1)


def convergence(way: Array) -> Array:
    """How far each eye turns inward to look along ways ``(T, 3)`` m at their ends, rad ``(T,)``."""
    distance = np.maximum(np.linalg.norm(way, axis=1), NEAREST)
    return np.minimum(np.arctan(EYE_SPACING / 2 / distance), WIDEST_CONVERGENCE)


def in_range(gaze: Array) -> Array:
    """Rotation in the head ``(T, 2)`` rad bent into the eyes' range near its ends only."""
    return soft_clip(gaze, _LOWEST, _HIGHEST, GAZE.limit_knee * _DEG)


def spread_on(target: LookAt, time: float) -> float:
    """Size of the places that are looked at, against those of a face at ``listener_distance``."""
    if not target.face:
        return GAZE.point_spread
    distance = np.linalg.norm(target.at(np.array([time]))[0] - STANDING_EYES)
    return GAZE.listener_distance / max(float(distance), GAZE.listener_nearest)


class HeadFollowing:
    """The head's part in looking at a target: from frame to frame, a little behind it."""

    def __init__(self) -> None:
        self._at: Array | None = None
        self._before: Array | None = None
        self._share = 1 - np.exp(-1 / (MOTION_RATE * GAZE.head_lag))

    def turn(self, towards: Array) -> Array:
        """Angles ``(T, 3)`` rad (pitch down, yaw, roll) for a target at directions ``(T, 2)`` rad from it."""
        size = np.hypot(*towards.T) / _DEG
        amount = np.maximum(GAZE.head_beyond_share * (size - GAZE.head_beyond), size - GAZE.head_reach)
        goals = towards * (np.maximum(amount, 0) / np.maximum(size, GAZE.head_least))[:, None]
        turned = self._follow(goals)
        return np.stack([-turned[:, 1], turned[:, 0], GAZE.head_roll * turned[:, 0]], axis=1)

    def _follow(self, goals: Array) -> Array:
        """Two equal low-passes in a row; the first frame has arrived."""
        near = goals[0] if self._before is None or self._at is None else self._before
        at = goals[0] if self._at is None else self._at
        if max(np.abs(goals - near).max(), np.abs(at - near).max()) > _SETTLED:
            turned = np.empty_like(goals)
            for row, goal in zip(turned, goals, strict=True):
                near = near + self._share * (goal - near)
                at = at + self._share * (near - at)
                row[:] = at
        else:
            turned = np.broadcast_to(at, goals.shape)
        self._before, self._at = near, at
        return turned


class GazeHolding:
    """The eyes of one recording, hop by hop, once the body is known."""

    def __init__(self) -> None:
        self._last: Array | None = None

    def gaze(self, motion: Motion, target: Array, sight: Array) -> tuple[Array, Array]:
        """Rotation in the head ``(T, 2)`` rad and convergence ``(T,)`` rad of eyes on a target.

        ``motion`` has the frames of ``target (T, 3)`` m and ``sight (T, 2)`` rad, which is where the line of sight
        goes against the way to the target.
        """
        head, eyes = head_in_world(motion)
        way = target - eyes
        yaw, pitch = (direction(way) + sight).T
        ahead = np.stack([np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)], axis=1)
        wanted = in_range(direction(rotation.rotate(rotation.conjugate(head), ahead)))
        return self._no_faster(wanted), convergence(way)

    def _no_faster(self, wanted: Array) -> Array:
        """No eye turns faster than in the largest saccades: a target that leaps is caught up with."""
        step = GAZE.fastest * _DEG / MOTION_RATE
        last = wanted[0] if self._last is None else self._last
        moves = np.diff(wanted, axis=0, prepend=last[None])
        if np.hypot(*moves.T).max() > step:
            for row, goal in zip(moves, wanted, strict=True):
                way = goal - last
                far = float(np.hypot(*way))
                row[:] = last = goal if far <= step else last + way * (step / far)
            wanted = moves
        self._last = wanted[-1].copy()
        return wanted


def head_in_world(motion: Motion) -> tuple[Array, Array]:
    """World rotation ``(T, 4)`` of the joint Head and the middle of the eyes ``(T, 3)`` m."""
    skeleton = motion.skeleton
    chain = [skeleton.index("Head")]
    while (above := int(skeleton.parents[chain[-1]])) >= 0:
        chain.append(above)
    turns = np.asarray(motion.rotations, float)
    at, world = np.asarray(motion.root, float), turns[:, chain[-1]]
    for joint in chain[-2::-1]:
        at = at + rotation.rotate(world, skeleton.offsets[joint])
        world = rotation.multiply(world, turns[:, joint])
    return world, at + rotation.rotate(world, EYES_OF_HEAD)
