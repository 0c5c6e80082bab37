"""Planted feet: the pelvis moves, the legs follow by two-bone inverse kinematics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.constraints import two_bone_ik
from gengine.core import rotation
from gengine.core.skeleton import Skeleton

Array = NDArray[np.float64]


CHANGE = 0.004
"""Rounding where the carrying leg changes, m. Judgement."""
_LEAST_HEIGHT = 0.25
"""Square of the least height (m) of a hip over its ankle that is reckoned with."""


@dataclass(frozen=True)
class LegSpec:
    """Lengths of one skeleton's legs, metres."""

    hip: Array
    thigh: float
    shank: float
    ankle: float

    @classmethod
    def of(cls, skeleton: Skeleton) -> LegSpec:
        """Read from BEAT's joint names."""
        at = {n: skeleton.offsets[skeleton.index(n)] for n in ("LeftUpLeg", "RightUpLeg", "LeftLeg", "LeftFoot")}
        fore = skeleton.offsets[skeleton.index("LeftForeFoot")]
        return cls(
            np.stack([at["LeftUpLeg"], at["RightUpLeg"]]),
            float(np.linalg.norm(at["LeftLeg"])),
            float(np.linalg.norm(at["LeftFoot"])),
            float(-fore[1]),
        )

    @property
    def length(self) -> float:
        """Hip to ankle, metres."""
        return self.thigh + self.shank


def pelvis_height(sideways: Array, ankles: Array, hips: Array, spec: LegSpec, bend: Array) -> Array:
    """Height ``(T,)`` m at which the longer leg is straight but for a ``bend`` (share of its length).

    ``sideways (T, 3)`` is the pelvis on the ground plane, ``hips (T, 4)`` its rotation.
    """
    joint = rotation.rotate(hips[:, None], np.broadcast_to(spec.hip, (len(hips), 2, 3)))
    across = ankles - sideways[:, None] - joint
    reach = spec.length * (1 - bend)[:, None]
    heights = ankles[..., 1] + np.sqrt(np.maximum(reach**2 - across[..., 0] ** 2 - across[..., 2] ** 2, _LEAST_HEIGHT))
    heights = heights - joint[..., 1]
    low, high = heights.min(-1), heights.max(-1)
    # A smooth minimum, so that the change of the carrying leg makes no corner.
    return low - CHANGE * np.log1p(np.exp(-(high - low) / CHANGE))


def level_height(stance: float, shift: float, spec: LegSpec) -> float:
    """Height (m) of an upright pelvis that can move ``shift`` m to either side of the middle of feet ``stance`` m
    apart with neither leg too short."""
    across = stance / 2 + shift - abs(float(spec.hip[0, 0]))
    return spec.ankle + float(np.sqrt(spec.length**2 - across**2) - spec.hip[0, 1])


def solve(root: Array, hips: Array, ankles: Array, yaw: Array, spec: LegSpec) -> tuple[Array, Array, Array]:
    """Local rotations ``(T, 2, 3, 4)`` of thigh, shank and foot that keep the feet flat at ``ankles (T, 2, 3)``;
    also the hips' and knees' places ``(T, 2, 3)``.

    ``yaw (T, 2)`` rad turns the feet about the vertical; knees bend where the toes point.
    """
    joint = root[:, None] + rotation.rotate(hips[:, None], np.broadcast_to(spec.hip, (len(hips), 2, 3)))
    direction, distance = two_bone_ik.towards(joint, ankles)
    distance = np.minimum(distance, spec.length * two_bone_ik.STRETCH)
    leg = two_bone_ik.TwoBones.lay(joint, direction, distance, spec.thigh, spec.shank)
    pole = two_bone_ik.across(np.stack([np.sin(yaw), np.zeros_like(yaw), np.cos(yaw)], -1), direction)
    upper, lower = leg.bones(pole)
    thigh, shank = upper / spec.thigh, lower / spec.shank
    hinge = rotation.cross(pole, direction)
    world_thigh = rotation.from_matrix(np.stack([hinge, -thigh, rotation.cross(hinge, -thigh)], -1))
    world_shank = rotation.from_matrix(np.stack([hinge, -shank, rotation.cross(hinge, -shank)], -1))
    world_foot = rotation.from_axis_angle([0, 1, 0], yaw)
    turns = np.stack(
        [
            rotation.multiply(rotation.conjugate(hips)[:, None], world_thigh),
            rotation.multiply(rotation.conjugate(world_thigh), world_shank),
            rotation.multiply(rotation.conjugate(world_shank), world_foot),
        ],
        axis=2,
    )
    return turns, joint, joint + spec.thigh * thigh
