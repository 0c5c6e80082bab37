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
from gengine.networks.choreographer.parameters import JOINTS

Array = NDArray[np.float64]

SIDE = np.array([1.0, -1.0])
"""Sign of the X axis for (left, right)."""

LEFT, UP, AHEAD = np.eye(3)
"""Axes of the world and of joints in the rest pose."""

_LOWERED, _DRAWN_BACK = np.radians(JOINTS.lowered), np.radians(JOINTS.drawn_back)


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
        return self.clavicle_root + self.clavicle * np.array([0, np.sin(_LOWERED), np.sin(_DRAWN_BACK)])

    @property
    def length(self) -> float:
        """Shoulder to wrist, metres: the unit AL of the plans."""
        return self.upper + self.fore


def clavicles(chest: Array, root: Array, spec: ArmSpec, wrists: Array, shrug: Array, forward: Array) -> Array:
    """Local rotations ``(T, 2, 4)`` of the clavicles.

    They follow the arms, up with the humerus and forward with the hand; ``shrug`` and ``forward`` ``(T, 2)`` rad
    add to it.
    """
    local = rotation.rotate(rotation.conjugate(chest)[:, None], wrists - root[:, None])
    shoulder = np.array([[spec.clavicle, 0, 0], [-spec.clavicle, 0, 0]])
    direction = (local - shoulder) / spec.length
    reach = np.clip(np.linalg.norm(direction, axis=-1), JOINTS.elevation_reach, 1)
    # A bent elbow hangs below the line to the wrist, so the humerus rises less than that line.
    elevation = np.arctan2(
        np.hypot(direction[..., 0], direction[..., 2]) * JOINTS.elevation_side,
        -direction[..., 1] + JOINTS.elevation_bend * (1 - reach) + JOINTS.elevation_base,
    )
    up = JOINTS.clavicle_up * np.maximum(elevation - JOINTS.clavicle_from, JOINTS.clavicle_least) + shrug
    ahead = np.radians(JOINTS.clavicle_forward) * np.clip(direction[..., 2], JOINTS.clavicle_behind, 1) + forward
    up, ahead = soft_range(up, "clavicle_up", JOINTS.clavicle_knee), soft_range(ahead, "clavicle_forward")
    lift = rotation.from_axis_angle(AHEAD, (up + _LOWERED) * SIDE)
    swing = rotation.from_axis_angle(UP, -(ahead + _DRAWN_BACK) * SIDE)
    return rotation.multiply(lift, swing)


def bend(shoulder: Array, wrist: Array, swivel: Array, forward: Array, spec: ArmSpec) -> tuple[Array, Array, Array]:
    """Elbows for wrists: reachable wrists, elbow positions, hinge axes, each ``(T, 2, 3)``.

    ``swivel (T, 2)`` rad turns the elbow about the shoulder-wrist line: 0 hangs below it, positive is outward.
    ``forward (T, 3)`` is the body's heading, which settles where a hanging arm's elbow points: back.
    """
    direction, distance = two_bone_ik.towards(shoulder, wrist)
    longest, shortest = spec.length * JOINTS.longest, spec.length * JOINTS.shortest
    distance = soft_clip(distance, shortest, longest, spec.length * JOINTS.length_knee)
    # The elbow of a hanging arm points back, that of a raised arm out: the reference turns with the arm, so that it
    # is never parallel to it.
    raised = direction[..., 1:2]
    left = np.stack([forward[:, 2], np.zeros(len(forward)), -forward[:, 0]], -1)
    down = -UP - JOINTS.back_lean * np.clip(JOINTS.back_below - raised, 0, 1) * forward[:, None]
    down = down + (JOINTS.out_base + JOINTS.out_raised * np.clip(raised, 0, 1) ** 2) * SIDE[:, None] * left[:, None]
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

    On the elbow's circle its height is ``middle - radius cos(swivel - lowest)``.
    """
    fall, rise = below[..., 1], out[..., 1]
    radius = height[..., 0] * np.hypot(fall, rise) / length
    # Where the circle is nearly level (a hanging arm) every elbow is about as high, and the bound fades.
    lowest = np.arctan2(-rise, JOINTS.level_bias - fall)
    bound = np.interp(hand[..., 0] / length, JOINTS.hand_heights, JOINTS.elbow_heights)
    share = (along[..., 1] / length - bound) / np.hypot(radius, JOINTS.level_radius)
    most = lowest + np.arccos(soft_clip(share, -JOINTS.circle_edge, JOINTS.circle_edge, JOINTS.circle_knee))
    most = most + JOINTS.free_turn * (1 - smoothstep(radius / JOINTS.free_radius))
    return most - soft_floor(most - swivel, 0, JOINTS.swivel_corner)


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
    upper /= rotation.length(upper)
    fore = wrist - elbow
    fore /= rotation.length(fore)
    world_arm = _frame(upper * SIDE[:, None], -hinge * SIDE[:, None])
    above = rotation.multiply(chest[:, None], clavicle)
    arm = rotation.multiply(rotation.conjugate(above), world_arm)
    bend_angle = np.arccos(np.clip((upper * fore).sum(-1), -1, 1))
    bend_angle = soft_range(bend_angle, "elbow_flexion", JOINTS.elbow_knee)
    hinge_turn = rotation.from_axis_angle(UP, -SIDE * bend_angle)
    # At roll r the palm faces -cos r Y - sin r Z of the unrolled forearm. ``inward`` is folded onto the half-plane
    # before the palm, which keeps the angle continuous where the forearm itself points inward.
    unrolled = rotation.multiply(world_arm, hinge_turn)
    wanted = rotation.rotate(rotation.conjugate(unrolled), inward)
    ahead, across = -wanted[..., 1], -wanted[..., 2]
    fold = 0.5 * (ahead + np.sqrt(ahead**2 + JOINTS.fold))
    roll = soft_range(np.arctan2(across, fold) - palm, "pronation", JOINTS.roll_knee)
    fore_local = rotation.multiply(hinge_turn, rotation.from_axis_angle(LEFT, roll))
    normal = np.stack([np.zeros_like(roll), -np.cos(roll), -np.sin(roll)], -1)
    return arm, fore_local, roll, rotation.rotate(unrolled, normal)


def wrist(flexion: Array, radial: Array) -> Array:
    """Local rotations ``(T, 2, 4)`` of the hands from ``flexion`` and ``radial`` deviation ``(T, 2)`` rad."""
    bent = rotation.from_axis_angle(AHEAD, -SIDE * soft_range(flexion, "wrist_flexion"))
    return rotation.multiply(bent, rotation.from_axis_angle(UP, -SIDE * soft_range(radial, "wrist_radial")))
