"""Feet that stay where they stand: what a learned network draws slides a little, soles do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.constraints import legs
from gengine.core import rotation
from gengine.core.conditions import MOTION_RATE
from gengine.core.quintic import smoothstep
from gengine.core.skeleton import Skeleton

Array = NDArray[np.float64]

STRAY = 0.05
"""How far (m) a drawn foot may stray from its place before it steps there."""
TWIST = np.radians(14.0)
"""How far it may turn."""
STEP = 0.42
"""Seconds that a step lasts."""
RISE = 0.15
"""Share of a step in which the foot rises before it travels, and comes down after it: soles do not scrape."""
LIFT = 0.035
"""Height of a step, m. All five: judgement, after real steps of .4-.6 s and feet that turn out 7-15 deg."""
BEND = 0.003
"""Share of its length by which the carrying leg is never straight. Judgement."""


@dataclass
class _PlantedFoot:
    place: Array
    """x, z (m) and yaw (rad) where it stands or comes from."""
    goal: Array | None = None
    since: int = 0


class FootPlanting:
    """Both feet of one recording. ``plant`` re-solves the legs so that each foot stands still or steps."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.spec = legs.LegSpec.of(skeleton)
        self.joints = [[skeleton.index(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot")]
                       for side in ("Left", "Right")]  # fmt: skip
        self.offsets = skeleton.offsets
        self.feet: list[_PlantedFoot] = []
        self.frame = 0

    def plant(self, rotations: Array, root: Array) -> Array:
        """Write the legs of ``rotations (T, J, 4)`` at 60 fps; returns the root ``(T, 3)``, low enough for them."""
        drawn = np.stack([self._foot(rotations, root, side) for side in (0, 1)], 1)
        ankles, yaw = np.empty((len(root), 2, 3)), np.empty((len(root), 2))
        if not self.feet:
            self.feet = [_PlantedFoot(drawn[0, side].copy()) for side in (0, 1)]
        for t in range(len(root)):
            for side, foot in enumerate(self.feet):
                other = self.feet[1 - side]
                if foot.goal is None and other.goal is None:
                    ahead = drawn[min(t + int(STEP * MOTION_RATE), len(root) - 1), side]
                    stray = drawn[t, side] - foot.place
                    if np.hypot(*stray[:2]) > STRAY or abs(stray[2]) > TWIST:
                        foot.goal, foot.since = ahead.copy(), self.frame + t
                place, lift = foot.place, 0.0
                if foot.goal is not None:
                    share = (self.frame + t - foot.since) / (STEP * MOTION_RATE)
                    travel = smoothstep((share - RISE) / (1 - 2 * RISE))
                    place = foot.place + (foot.goal - foot.place) * travel
                    lift = LIFT * float(np.sin(np.pi * smoothstep(share)))
                    if share >= 1:
                        foot.place, foot.goal = foot.goal, None
                ankles[t, side], yaw[t, side] = (place[0], self.spec.ankle + lift, place[1]), place[2]
        self.frame += len(root)
        hips = rotations[:, 0]
        low = legs.pelvis_height(root * [1, 0, 1], ankles, hips, self.spec, np.full(len(root), BEND))
        root = root.copy()
        root[:, 1] = np.minimum(root[:, 1], low)
        solved, _, _ = legs.solve(root, hips, ankles, yaw, self.spec)
        for side in (0, 1):
            rotations[:, self.joints[side]] = solved[:, side]
        return root

    def _foot(self, rotations: Array, root: Array, side: int) -> Array:
        """x, z and yaw ``(T, 3)`` of a foot as drawn."""
        world, at = rotations[:, 0], root
        for joint in self.joints[side]:
            at = at + rotation.rotate(world, np.broadcast_to(self.offsets[joint], at.shape))
            world = rotation.multiply(world, rotations[:, joint])
        ahead = rotation.rotate(world, np.broadcast_to([0, 0, 1], at.shape))
        return np.stack([at[:, 0], at[:, 2], np.arctan2(ahead[:, 0], ahead[:, 2])], -1)
