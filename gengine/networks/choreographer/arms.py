"""Arms from wrist paths: clavicles, two-bone inverse kinematics with elbow swivel, forearm roll and wrists.

Arrays of both arms have shape ``(T, 2, ...)``, left first. Rest pose: arms along +X (left) and -X (right), palms
down, so the elbow bends forward about the vertical and the palm's normal is -Y. Closed form, no iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.skeleton import Skeleton
from gengine.networks.choreographer.limits import soft_clip, soft_range

Array = NDArray[np.float64]

SIDE = np.array([1.0, -1.0])
"""Sign of the X axis for (left, right)."""


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
    def length(self) -> float:
        """Shoulder to wrist, metres: the unit AL of the plans."""
        return self.upper + self.fore


def clavicles(chest: Array, root: Array, spec: ArmSpec, wrists: Array, shrug: Array, forward: Array) -> Array:
    """Local rotations ``(T, 2, 4)`` of the clavicles.

    They follow the arms: up .15 deg per deg of humerus elevation beyond hanging and forward about 9 deg from arm
    down to arm forward (measured couplings .10-.18 and 7-12); ``shrug`` and ``forward`` (T, 2) rad add to it.
    """
    local = rotation.rotate(rotation.conjugate(chest)[:, None], wrists - root[:, None])
    shoulder = np.array([[spec.clavicle, 0, 0], [-spec.clavicle, 0, 0]])
    direction = (local - shoulder) / spec.length
    reach = np.clip(np.linalg.norm(direction, axis=-1), 0.35, 1.0)
    # A bent elbow hangs below the line to the wrist, so the humerus rises less than that line.
    elevation = np.arctan2(
        np.hypot(direction[..., 0], direction[..., 2]) * 0.9, -direction[..., 1] + 1.1 * (1 - reach) + 0.05
    )
    up = 0.15 * np.maximum(elevation - 0.25, -0.2) + shrug
    ahead = np.radians(9.0) * np.clip(direction[..., 2], -0.3, 1.0) + forward
    up, ahead = soft_range(up, "clavicle_up", 0.06), soft_range(ahead, "clavicle_forward")
    lift = rotation.from_axis_angle([0.0, 0.0, 1.0], up * SIDE)
    swing = rotation.from_axis_angle([0.0, 1.0, 0.0], -ahead * SIDE)
    return rotation.multiply(lift, swing)


def bend(shoulder: Array, wrist: Array, swivel: Array, forward: Array, spec: ArmSpec) -> tuple[Array, Array, Array]:
    """Elbows for wrists: reachable wrists, elbow positions, hinge axes, each ``(T, 2, 3)``.

    ``swivel (T, 2)`` rad turns the elbow about the shoulder-wrist line: 0 hangs below it, positive is outward.
    ``forward (T, 3)`` is the body's heading, which settles where a hanging arm's elbow points: back.
    """
    line = wrist - shoulder
    length = np.linalg.norm(line, axis=-1, keepdims=True)
    direction = line / np.maximum(length, 1e-6)
    longest = spec.length * 0.995
    length = soft_clip(length, spec.length * 0.32, longest, spec.length * 0.035)
    down = np.array([0.0, -1.0, 0.0]) - 0.7 * forward[:, None]
    below = down - (down * direction).sum(-1, keepdims=True) * direction
    below /= np.maximum(np.linalg.norm(below, axis=-1, keepdims=True), 1e-6)
    out = np.cross(below, direction) * SIDE[:, None]
    angle = swivel[..., None]
    pole = np.cos(angle) * below + np.sin(angle) * out
    along = (spec.upper**2 - spec.fore**2 + length**2) / (2 * length)
    height = np.sqrt(np.maximum(spec.upper**2 - along**2, 1e-8))
    elbow = shoulder + along * direction + height * pole
    return shoulder + length * direction, elbow, np.cross(pole, direction)


def _frame(x: Array, y: Array) -> Array:
    return rotation.from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))


def pose(
    chest: Array, clavicle: Array, shoulder: Array, elbow: Array, wrist: Array, hinge: Array, palm: Array,
    flexion: Array, radial: Array,
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Local rotations ``(T, 2, 4)`` of upper arms, forearms and hands, and the forearms' roll ``(T, 2)`` rad.

    ``palm (T, 2, 3)`` is where the palm should face (world); the forearm turns towards it as far as it can.
    ``flexion`` and ``radial`` ``(T, 2)`` rad bend the wrist.
    """
    upper = elbow - shoulder
    upper /= np.linalg.norm(upper, axis=-1, keepdims=True)
    fore = wrist - elbow
    fore /= np.linalg.norm(fore, axis=-1, keepdims=True)
    side = SIDE[:, None]
    world_arm = _frame(upper * side, -hinge * side)
    above = rotation.multiply(chest[:, None], clavicle)
    arm = rotation.multiply(rotation.conjugate(above), world_arm)
    bend_angle = np.arccos(np.clip((upper * fore).sum(-1), -1.0, 1.0))
    bend_angle = soft_range(bend_angle, "elbow_flexion", 0.05)
    hinge_turn = rotation.from_axis_angle([0.0, 1.0, 0.0], -SIDE * bend_angle)
    # Palm at roll r faces -cos r Y - sin r Z of the unrolled forearm. Directions behind the reach of the forearm
    # are folded onto the near half-plane, so a target that swings around the back cannot make the roll jump.
    unrolled = rotation.multiply(world_arm, hinge_turn)
    wanted = rotation.rotate(rotation.conjugate(unrolled), palm)
    ahead, across = -wanted[..., 1], -wanted[..., 2]
    fold = 0.5 * (ahead + np.sqrt(ahead**2 + 0.09))
    roll = soft_range(np.arctan2(across, fold), "pronation")
    return arm, hinge_turn, *_wrist(roll, flexion, radial)


def _wrist(roll: Array, flexion: Array, radial: Array) -> tuple[Array, Array]:
    flexion = soft_range(flexion, "wrist_flexion")
    radial = soft_range(radial, "wrist_radial")
    bent = rotation.from_axis_angle([0.0, 0.0, 1.0], -SIDE * flexion)
    hand = rotation.multiply(bent, rotation.from_axis_angle([0.0, 1.0, 0.0], -SIDE * radial))
    return hand, roll


def forearm(hinge_turn: Array, roll: Array) -> Array:
    """Local forearm rotation ``(T, 2, 4)`` from its bend and its roll ``(T, 2)``: pronation is positive."""
    return rotation.multiply(hinge_turn, rotation.from_axis_angle([1.0, 0.0, 0.0], roll))
