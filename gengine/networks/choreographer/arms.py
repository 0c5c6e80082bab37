"""Arms from wrist paths: clavicles, two-bone inverse kinematics with elbow swivel, forearm roll and wrists.

Arrays of both arms have shape ``(T, 2, ...)``, left first. Rest pose: arms along +X (left) and -X (right), palms
down, so the elbow bends forward about the vertical and the palm's normal is -Y. Closed form, no iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.constraints import two_bone_ik
from gengine.constraints.body_limits import soft_clip, soft_floor, soft_range
from gengine.core import rotation
from gengine.core.quintic import smoothstep
from gengine.core.skeleton import Skeleton

Array = NDArray[np.float64]

SIDE = np.array([1.0, -1.0])
"""Sign of the X axis for (left, right)."""

# A T-pose holds the shoulders higher and further forward than standing people do (medians of real clips).
_LOWERED, _DRAWN_BACK = np.radians(-6.0), np.radians(-15.0)

# Heights of hand and elbow over the shoulder, arm lengths: as high as an elbow goes without looking hung up.
_HAND_HEIGHT = np.array([-0.95, -0.60, -0.30, 0.0, 0.4])
_ELBOW_HEIGHT = np.array([-0.40, -0.37, -0.27, -0.07, 0.15])


@dataclass(frozen=True)
class ArmSpec:
    """Lengths of one skeleton's arms, metres."""

    clavicle_root: Array
    clavicle: float
    upper: float
    fore: float

    @classmethod
    def of(cls, skeleton: Skeleton) -> ArmSpec:
        """Read from BEAT's joint names."""
        offset = {name: skeleton.offsets[skeleton.index(name)] for name in
                  ("LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand")}  # fmt: skip
        return cls(
            offset["LeftShoulder"],
            float(np.linalg.norm(offset["LeftArm"])),
            float(np.linalg.norm(offset["LeftForeArm"])),
            float(np.linalg.norm(offset["LeftHand"])),
        )

    @property
    def middle(self) -> Array:
        """Mid-shoulder in the chest's frame while standing easy, metres: the origin of the plans."""
        return self.clavicle_root + self.clavicle * np.array([0.0, np.sin(_LOWERED), np.sin(_DRAWN_BACK)])

    @property
    def length(self) -> float:
        """Shoulder to wrist, metres: the unit AL of the plans."""
        return self.upper + self.fore


def clavicles(chest: Array, root: Array, spec: ArmSpec, wrists: Array, shrug: Array, forward: Array) -> Array:
    """Local rotations ``(T, 2, 4)`` of the clavicles.

    They follow the arms: up .19 deg per deg of humerus elevation beyond hanging and forward about 13 deg from arm
    down to arm forward (real clips .10-.18 and 7-12, with movement of their own that is missing here); ``shrug`` and
    ``forward`` (T, 2) rad add to it.
    """
    local = rotation.rotate(rotation.conjugate(chest)[:, None], wrists - root[:, None])
    shoulder = np.array([[spec.clavicle, 0, 0], [-spec.clavicle, 0, 0]])
    direction = (local - shoulder) / spec.length
    reach = np.clip(np.linalg.norm(direction, axis=-1), 0.35, 1.0)
    # A bent elbow hangs below the line to the wrist, so the humerus rises less than that line.
    elevation = np.arctan2(
        np.hypot(direction[..., 0], direction[..., 2]) * 0.9, -direction[..., 1] + 1.1 * (1 - reach) + 0.05
    )
    up = 0.19 * np.maximum(elevation - 0.25, -0.2) + shrug
    ahead = np.radians(13.0) * np.clip(direction[..., 2], -0.3, 1.0) + forward
    up, ahead = soft_range(up, "clavicle_up", 0.06), soft_range(ahead, "clavicle_forward")
    lift = rotation.from_axis_angle([0.0, 0.0, 1.0], (up + _LOWERED) * SIDE)
    swing = rotation.from_axis_angle([0.0, 1.0, 0.0], -(ahead + _DRAWN_BACK) * SIDE)
    return rotation.multiply(lift, swing)


def bend(shoulder: Array, wrist: Array, swivel: Array, forward: Array, spec: ArmSpec) -> tuple[Array, Array, Array]:
    """Elbows for wrists: reachable wrists, elbow positions, hinge axes, each ``(T, 2, 3)``.

    ``swivel (T, 2)`` rad turns the elbow about the shoulder-wrist line: 0 hangs below it, positive is outward.
    ``forward (T, 3)`` is the body's heading, which settles where a hanging arm's elbow points: back.
    """
    direction, distance = two_bone_ik.towards(shoulder, wrist)
    longest = spec.length * 0.995
    distance = soft_clip(distance, spec.length * 0.32, longest, spec.length * 0.035)
    # The elbow of a hanging arm points back, that of a raised arm out: the reference turns with the arm, so that it
    # is never parallel to it.
    raised = direction[..., 1:2]
    left = np.stack([forward[:, 2], np.zeros(len(forward)), -forward[:, 0]], -1)
    down = [0.0, -1.0, 0.0] - 0.7 * np.clip(0.35 - raised, 0.0, 1.0) * forward[:, None]
    down = down + (0.12 + 0.6 * np.clip(raised, 0.0, 1.0) ** 2) * SIDE[:, None] * left[:, None]
    below = two_bone_ik.across(down, direction)
    out = rotation.cross(direction, below) * SIDE[:, None]
    arm = two_bone_ik.TwoBones.lay(shoulder, direction, distance, spec.upper, spec.fore)
    angle = _lowered(swivel, arm.along * direction, arm.height, below, out, distance * raised, spec.length)[..., None]
    pole = np.cos(angle) * below + np.sin(angle) * out
    return arm.end, arm.middle(pole), rotation.cross(pole, direction)


def _lowered(
    swivel: Array, along: Array, height: Array, below: Array, out: Array, hand: Array, length: float
) -> Array:  # fmt: skip
    """``swivel`` reduced so far that the elbow stays as low as people keep it under a hand of that height.

    On the elbow's circle its height is ``middle - radius cos(swivel - lowest)``; the bound is the 95th percentile of
    an orator who lifts elbows more than most.
    """
    fall, rise = below[..., 1], out[..., 1]
    radius = height[..., 0] * np.hypot(fall, rise) / length
    # Where the circle is nearly level (a hanging arm) every elbow is about as high, and the bound fades.
    lowest = np.arctan2(-rise, 0.3 - fall)
    bound = np.interp(hand[..., 0] / length, _HAND_HEIGHT, _ELBOW_HEIGHT)
    share = (along[..., 1] / length - bound) / np.hypot(radius, 0.12)
    most = lowest + np.arccos(soft_clip(share, -0.98, 0.98, 0.3)) + 1.2 * (1.0 - smoothstep(radius / 0.22))
    return most - soft_floor(most - swivel, 0.0, 0.10)


def _frame(x: Array, y: Array) -> Array:
    return rotation.from_matrix(np.stack([x, y, rotation.cross(x, y)], axis=-1))


def pose(
    chest: Array, clavicle: Array, shoulder: Array, elbow: Array, wrist: Array, hinge: Array, inward: Array, palm: Array
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Local rotations ``(T, 2, 4)`` of upper arms and forearms, forearm rolls ``(T, 2)`` and palm normals, world.

    ``palm (T, 2)`` rad is how far the palm is turned up from facing ``inward (T, 2, 3)``: 0 in, +90 deg up, -90 deg
    down where the forearm points ahead; the forearm turns as far as it can. An angle instead of a direction, so that
    no path of the hand can make the forearm flip to its other end.
    """
    upper = elbow - shoulder
    upper /= np.linalg.norm(upper, axis=-1, keepdims=True)
    fore = wrist - elbow
    fore /= np.linalg.norm(fore, axis=-1, keepdims=True)
    world_arm = _frame(upper * SIDE[:, None], -hinge * SIDE[:, None])
    above = rotation.multiply(chest[:, None], clavicle)
    arm = rotation.multiply(rotation.conjugate(above), world_arm)
    bend_angle = np.arccos(np.clip((upper * fore).sum(-1), -1.0, 1.0))
    bend_angle = soft_range(bend_angle, "elbow_flexion", 0.05)
    hinge_turn = rotation.from_axis_angle([0.0, 1.0, 0.0], -SIDE * bend_angle)
    # At roll r the palm faces -cos r Y - sin r Z of the unrolled forearm. ``inward`` is folded onto the half-plane
    # before the palm, which keeps the angle continuous where the forearm itself points inward.
    unrolled = rotation.multiply(world_arm, hinge_turn)
    wanted = rotation.rotate(rotation.conjugate(unrolled), inward)
    ahead, across = -wanted[..., 1], -wanted[..., 2]
    fold = 0.5 * (ahead + np.sqrt(ahead**2 + 0.12))
    roll = soft_range(np.arctan2(across, fold) - palm, "pronation", 0.08)
    fore_local = rotation.multiply(hinge_turn, rotation.from_axis_angle([1.0, 0.0, 0.0], roll))
    normal = np.stack([np.zeros_like(roll), -np.cos(roll), -np.sin(roll)], -1)
    return arm, fore_local, roll, rotation.rotate(unrolled, normal)


def wrist(flexion: Array, radial: Array) -> Array:
    """Local rotations ``(T, 2, 4)`` of the hands from ``flexion`` and ``radial`` deviation ``(T, 2)`` rad."""
    bent = rotation.from_axis_angle([0.0, 0.0, 1.0], -SIDE * soft_range(flexion, "wrist_flexion"))
    return rotation.multiply(
        bent, rotation.from_axis_angle([0.0, 1.0, 0.0], -SIDE * soft_range(radial, "wrist_radial"))
    )
