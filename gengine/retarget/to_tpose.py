"""Any humanoid's rest pose to the T-pose that motion is given for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.skeleton import beat_skeleton

_FINGERS = ("Index", "Middle", "Ring", "Pinky")


def t_pose_turns(
    heads: NDArray, parents: NDArray, joint_map: dict[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """World turns ``(J, 4)``, new joint positions ``(J, 3)`` and the largest turn (rad).

    ``heads (J, 3)`` are a standing figure's joints (+Y up, +Z forward), ``joint_map`` BEAT joint → index. Arms go to
    the sides with palms down, fingers straight, legs down; feet, trunk and head stay as they stand, and joints in
    between follow the one above.
    """
    goal: dict[int, NDArray] = {}

    def aim(joint: str, tip: str, target: NDArray, base: NDArray) -> NDArray:
        """``base``, turned further so that the bone to ``tip`` points to ``target``."""
        if joint not in joint_map or tip not in joint_map:
            return base
        bone = rotation.rotate(base, heads[joint_map[tip]] - heads[joint_map[joint]])
        turned = rotation.multiply(rotation.between(bone, target), base)
        goal[joint_map[joint]] = turned
        return turned

    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        x, down = np.array([sign, 0.0, 0.0]), np.array([0.0, -1.0, 0.0])
        upper = aim(f"{side}Arm", f"{side}ForeArm", x, rotation.IDENTITY)
        lower = aim(f"{side}ForeArm", f"{side}Hand", x, upper)
        hand = _hand(heads, joint_map, side, x, lower)
        if f"{side}Hand" in joint_map:
            goal[joint_map[f"{side}Hand"]] = hand
        for finger in _FINGERS:
            base = hand
            for k in (1, 2):
                base = aim(f"{side}Hand{finger}{k}", f"{side}Hand{finger}{k + 1}", _rest(side, finger, k), base)
            if f"{side}Hand{finger}3" in joint_map:
                goal[joint_map[f"{side}Hand{finger}3"]] = base
        thigh = aim(f"{side}UpLeg", f"{side}Leg", down, rotation.IDENTITY)
        aim(f"{side}Leg", f"{side}Foot", down, thigh)
        goal[joint_map[f"{side}Foot"]] = rotation.IDENTITY

    turn = np.tile(rotation.IDENTITY, (len(heads), 1))
    moved = np.array(heads, float)
    for j, parent in enumerate(parents):
        turn[j] = goal.get(j, turn[parent] if parent >= 0 else rotation.IDENTITY)
        if parent >= 0:
            moved[j] = moved[parent] + rotation.rotate(turn[parent], heads[j] - heads[parent])
    return turn, moved, float(rotation.angle(turn).max(initial=0.0))


def _hand(heads: NDArray, joint_map: dict[str, int], side: str, x: NDArray, lower: NDArray) -> NDArray[np.float64]:
    """A hand in line with its arm, thumb side forward and palm down; without fingers it follows the forearm."""
    names = [f"{side}Hand{part}" for part in ("", "Middle1", "Index1", "Pinky1")]
    if any(name not in joint_map for name in names):
        return lower
    wrist, middle, index, pinky = (heads[joint_map[name]] for name in names)
    hand = rotation.multiply(rotation.between(rotation.rotate(lower, middle - wrist), x), lower)
    across = rotation.rotate(hand, index - pinky)
    roll = rotation.from_axis_angle([1.0, 0.0, 0.0], np.arctan2(across[1], across[2]))
    return rotation.multiply(roll, hand)


def _rest(side: str, finger: str, k: int) -> NDArray[np.float64]:
    """Direction of a finger's bone in BEAT's T-pose."""
    beat = beat_skeleton()
    return beat.offsets[beat.index(f"{side}Hand{finger}{k + 1}")]
