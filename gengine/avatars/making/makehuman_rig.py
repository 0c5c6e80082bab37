"""MakeHuman's relaxed rest pose to the project's T-pose, joints named and oriented like BEAT's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.skeleton import beat_skeleton

SIDES = {"Left": "L", "Right": "R"}

_SPINE = {
    "Hips": ("root", "pelvis.L", "pelvis.R", "spine05"),
    "Spine": ("spine04",),
    "Spine1": ("spine03",),
    "Spine2": ("spine02",),
    "Spine3": ("spine01",),
    "Neck": ("neck01",),
    "Neck1": ("neck02", "neck03"),
    "Head": ("head",),
}
_LIMB = {
    "Shoulder": ("clavicle", "shoulder01"),
    "Arm": ("upperarm02",),
    "ArmTwist": ("upperarm01",),
    "ForeArm": (),
    "ForeArmElbow": ("lowerarm01",),
    "ForeArmWrist": ("lowerarm02",),
    "Hand": ("wrist", "metacarpal2"),
    "HandIndex": ("metacarpal1",),
    "HandRing": ("metacarpal3",),
    "HandPinky": ("metacarpal4",),
    "HandThumb1": ("finger1-1",), "HandThumb2": ("finger1-2",), "HandThumb3": ("finger1-3",),
    "HandIndex1": ("finger2-1",), "HandIndex2": ("finger2-2",), "HandIndex3": ("finger2-3",),
    "HandMiddle1": ("finger3-1",), "HandMiddle2": ("finger3-2",), "HandMiddle3": ("finger3-3",),
    "HandRing1": ("finger4-1",), "HandRing2": ("finger4-2",), "HandRing3": ("finger4-3",),
    "HandPinky1": ("finger5-1",), "HandPinky2": ("finger5-2",), "HandPinky3": ("finger5-3",),
    "UpLeg": ("upperleg01", "upperleg02"),
    "Leg": ("lowerleg01", "lowerleg02"),
    "Foot": ("foot",),
    "ToeBase": tuple(f"toe{toe}-{k}" for toe in range(1, 6) for k in range(1, 4 if toe > 1 else 3)),
    "Eye": ("eye",),
}  # fmt: skip
_HEAD_OF = {
    "Arm": "upperarm01", "ArmTwist": "upperarm01", "ForeArm": "lowerarm01", "ForeArmElbow": "lowerarm01",
    "ForeArmWrist": "lowerarm02", "Hand": "wrist", "ToeBase": "toe2-1", "UpLeg": "upperleg01", "Leg": "lowerleg01",
}  # fmt: skip
_PARENT = {
    "Hips": "", "Spine": "Hips", "Spine1": "Spine", "Spine2": "Spine1", "Spine3": "Spine2", "Neck": "Spine3",
    "Neck1": "Neck", "Head": "Neck1", "Shoulder": "Spine3", "Arm": "*Shoulder", "ArmTwist": "*Arm",
    "ForeArm": "*Arm", "ForeArmElbow": "*ForeArm", "ForeArmWrist": "*ForeArm", "Hand": "*ForeArm",
    "HandIndex": "*Hand", "HandRing": "*Hand", "HandPinky": "*HandRing", "HandThumb1": "*HandIndex",
    "HandThumb2": "*HandThumb1", "HandThumb3": "*HandThumb2", "HandMiddle1": "*Hand", "HandMiddle2": "*HandMiddle1",
    "HandMiddle3": "*HandMiddle2", "HandIndex1": "*HandIndex", "HandIndex2": "*HandIndex1",
    "HandIndex3": "*HandIndex2", "HandRing1": "*HandRing", "HandRing2": "*HandRing1", "HandRing3": "*HandRing2",
    "HandPinky1": "*HandPinky", "HandPinky2": "*HandPinky1", "HandPinky3": "*HandPinky2", "UpLeg": "Hips",
    "Leg": "*UpLeg", "Foot": "*Leg", "ToeBase": "*Foot", "Eye": "Head",
}  # fmt: skip

TWISTS = tuple(
    twist
    for side in SIDES
    for twist in (
        (f"{side}ArmTwist", f"{side}Arm", -0.7),
        (f"{side}ForeArmElbow", f"{side}ForeArm", -0.7),
        (f"{side}ForeArmWrist", f"{side}Hand", 0.5),
    )
)
"""Helper joints that take back (negative) or take over a share of a joint's twist, so that skin does not wring."""


@dataclass(frozen=True)
class MakeHumanRig:
    """Joints of the baked avatar: ``names``, ``parents (J,)``, and the MakeHuman bones each one gathers."""

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    bones: tuple[tuple[str, ...], ...]
    heads: tuple[str, ...]


@cache
def makehuman_rig() -> MakeHumanRig:
    """BEAT's joints without tips, plus twist helpers and eyes, parents first."""
    rows: list[tuple[str, str, tuple[str, ...], str]] = []
    for name, bones in _SPINE.items():
        rows.append((name, _PARENT[name], bones, bones[0]))
    for side, letter in SIDES.items():
        for part, bones in _LIMB.items():
            parent = _PARENT[part].replace("*", side)
            head = _HEAD_OF.get(part, bones[0] if bones else "")
            rows.append((side + part, parent, tuple(f"{b}.{letter}" for b in bones), f"{head}.{letter}"))
    ordered: list[tuple[str, str, tuple[str, ...], str]] = []
    while rows:  # parents first, otherwise in the order written
        done = {row[0] for row in ordered} | {""}
        ordered += [row for row in rows if row[1] in done]
        rows = [row for row in rows if row[1] not in done]
    names = tuple(row[0] for row in ordered)
    parents = np.array([names.index(row[1]) if row[1] else -1 for row in ordered])
    return MakeHumanRig(names, parents, tuple(row[2] for row in ordered), tuple(row[3] for row in ordered))


def to_t_pose(labels: list[str], parents: list[int], heads: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """World rotations ``(B, 4)`` and new heads ``(B, 3)`` that take MakeHuman's rest ``heads`` to the T-pose.

    Arms and fingers turn to BEAT's rest directions (palms down, thumbs forward), legs to the vertical with flat
    feet; trunk, clavicles and head stay.
    """
    at = {name: i for i, name in enumerate(labels)}
    beat = beat_skeleton()
    turn = np.tile(rotation.IDENTITY, (len(labels), 1))

    def aim(bone: str, tip: str, target: NDArray, base: NDArray) -> NDArray:
        direction = rotation.rotate(base, heads[at[tip]] - heads[at[bone]])
        return rotation.multiply(rotation.between(direction, target), base)

    def offset(joint: str) -> NDArray:
        return beat.offsets[beat.index(joint)]

    for side, letter in SIDES.items():
        sign = 1.0 if side == "Left" else -1.0
        x = np.array([sign, 0.0, 0.0])
        set_ = {}

        def put(bones: tuple[str, ...], q: NDArray, letter: str = letter, set_: dict = set_) -> None:
            for bone in bones:
                set_[f"{bone}.{letter}"] = q

        upper = aim(f"upperarm01.{letter}", f"lowerarm01.{letter}", x, rotation.IDENTITY)
        put(("upperarm01", "upperarm02"), upper)
        lower = aim(f"lowerarm01.{letter}", f"wrist.{letter}", x, upper)
        hand = aim(f"wrist.{letter}", f"finger3-1.{letter}", x, lower)
        across = rotation.rotate(hand, heads[at[f"finger2-1.{letter}"]] - heads[at[f"finger5-1.{letter}"]])
        roll = rotation.from_axis_angle([1.0, 0.0, 0.0], np.arctan2(across[1], across[2]))  # index side to +Z
        hand = rotation.multiply(roll, hand)
        half = rotation.slerp(rotation.IDENTITY, roll, 0.5)
        put(("lowerarm01",), lower)
        put(("lowerarm02",), rotation.multiply(half, lower))
        put(("wrist", *(f"metacarpal{k}" for k in range(1, 5))), hand)
        for finger, name in enumerate(("Thumb", "Index", "Middle", "Ring", "Pinky"), start=1):
            base = hand
            for k in (1, 2, 3):
                target = offset(f"{side}Hand{name}{k + 1}")
                if k < 3:
                    base = aim(f"finger{finger}-{k}.{letter}", f"finger{finger}-{k + 1}.{letter}", target, base)
                put((f"finger{finger}-{k}",), base)
        down = np.array([0.0, -1.0, 0.0])
        thigh = aim(f"upperleg01.{letter}", f"lowerleg01.{letter}", down, rotation.IDENTITY)
        put(("upperleg01", "upperleg02"), thigh)
        put(("lowerleg01", "lowerleg02"), aim(f"lowerleg01.{letter}", f"foot.{letter}", down, thigh))
        toe = heads[at[f"toe2-1.{letter}"]] - heads[at[f"foot.{letter}"]]
        yaw = rotation.from_axis_angle([0.0, 1.0, 0.0], -np.arctan2(toe[0], toe[2]))
        put(("foot", *_LIMB["ToeBase"]), yaw)
        for bone, q in set_.items():
            turn[at[bone]] = q

    moved = np.array(heads, float)
    for i, parent in enumerate(parents):
        if parent >= 0:
            moved[i] = moved[parent] + rotation.rotate(turn[parent], heads[i] - heads[parent])
    return turn, moved
