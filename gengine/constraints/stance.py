"""A body that begins in a given pose and keeps its stance.

How a character stands, no sound tells: a slouch, a wide stance, hips that a rig leans back. Networks draw the stance
they know; here the whole motion is moved over into the one that is given, as published networks are by the first
poses of a recording that they are handed (Yoon et al. 2020; BEAT's CaMN, arXiv:2203.05297).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.constraints.foot_planting import FootPlanting
from gengine.constraints.hand_reach import HandReach
from gengine.constraints.legs import LegSpec
from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.quintic import smoothstep
from gengine.core.skeleton import beat_skeleton
from gengine.errors import GengineError

Array = NDArray[np.float64]

LEAVES = 1.2
"""Seconds in which arms and hands leave the pose they began in. Judgement."""


class Stance:
    """Moves one recording's body, stretch after stretch, into the stance of ``pose``.

    ``pose`` is a motion of BEAT's joints whose first pose counts; where it faces and where it is do not. Trunk, neck,
    head, shoulders and legs keep their difference to the network's first pose for good, arms and hands let it fade.
    Feet are planted where the pose has them, and hands kept off the body, anew. Raises ``GengineError`` for other
    joints and for no pose.
    """

    def __init__(self, pose: Motion) -> None:
        if pose.skeleton.names != beat_skeleton().names:
            raise GengineError(f"stance: a pose of {len(pose.skeleton)} joints, expected BEAT's 75")
        if not len(pose) or not np.isfinite(pose.rotations[0]).all():
            raise GengineError("stance: holds no pose; give a motion of at least one frame")
        turns = rotation.normalize(np.asarray(pose.rotations[0], float))
        ahead = rotation.rotate(turns[0], np.array([0, 0, 1]))
        turns[0] = rotation.multiply(rotation.from_axis_angle([0, 1, 0], -np.arctan2(ahead[0], ahead[2])), turns[0])
        self._turns = turns
        self._leaving = np.array([j for j, n in enumerate(pose.skeleton.names) if "Arm" in n or "Hand" in n])
        self._frame = 0

    def apply(self, motion: Motion) -> Motion:
        """The next stretch of the body's motion, in this stance."""
        if not len(motion):
            return motion
        turns, root = np.asarray(motion.rotations, float), np.asarray(motion.root, float)
        if self._frame == 0:
            skeleton = motion.skeleton
            self._planting, self._reach = FootPlanting(skeleton), HandReach(skeleton)
            self._change = rotation.multiply(self._turns, rotation.conjugate(turns[0]))
            self._change *= np.where(self._change[:, :1] < 0, -1, 1)
            posed = skeleton.forward(self._turns[None], np.zeros((1, 3)))[0][0]
            feet = [posed[skeleton.index(name), 1] for name in ("LeftFoot", "RightFoot")]
            self._lift = LegSpec.of(skeleton).ankle - min(feet) - root[0, 1]
        since = (self._frame + np.arange(len(motion))) / motion.fps
        self._frame += len(motion)
        change = np.repeat(self._change[None], len(motion), axis=0)
        left = smoothstep(since / LEAVES)[:, None]
        change[:, self._leaving] = rotation.slerp(change[:, self._leaving], rotation.IDENTITY, left)
        turns = rotation.multiply(change, turns)
        root = self._planting.plant(turns, root + [0, self._lift, 0])
        self._reach.clear(turns, root)
        return Motion(motion.skeleton, turns, root, motion.fps)
