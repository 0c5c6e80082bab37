"""Which joint of an unknown rig is which: by the VRM extension, or by the names of well-known rigs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gengine.avatars.making.makehuman_rig import makehuman_rig
from gengine.core.skeleton import beat_skeleton
from gengine.retarget.joint_names import RIGS, joint_names

REQUIRED = (
    "Hips", "Head", "LeftArm", "LeftForeArm", "LeftHand", "RightArm", "RightForeArm", "RightHand", "LeftUpLeg",
    "LeftLeg", "LeftFoot", "RightUpLeg", "RightLeg", "RightFoot",
)  # fmt: skip
"""BEAT joints without which a rig is no humanoid."""

_EYES = {
    "lefteye": 0, "eyel": 0, "lefteyesmplhf": 0, "eyeleft": 0, "jadjlfaceeye": 0, "faciallefteye": 0,
    "righteye": 1, "eyer": 1, "righteyesmplhf": 1, "eyeright": 1, "jadjrfaceeye": 1, "facialrighteye": 1,
}  # fmt: skip


def recognise(names: Sequence[str], extensions: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """The rig's name and, for each BEAT joint found, the index of its node.

    ``names`` are those of all nodes, ``extensions`` the document's. A rig that is not known gives ``("", {})``.
    """
    vrm = _vrm(extensions)
    if vrm is not None:
        return vrm
    keys: dict[str, int] = {}
    for i, name in enumerate(names):
        keys.setdefault(_key(name), i)
    best: tuple[str, dict[str, int]] = ("", {})
    for rig, table in _tables().items():
        found = {beat: keys[_key(theirs)] for beat, theirs in table.items() if _key(theirs) in keys}
        if rig == "ue5" and "Spine3" not in found and "Spine2" in found:  # Unreal 4 and MakeHuman's game rig
            found["Spine3"] = found.pop("Spine2")
        if rig == "beat" and "Spine3" not in found:  # Mixamo's names are BEAT's, but its Spine2 is our Spine3
            continue
        if all(joint in found for joint in REQUIRED) and len(found) > len(best[1]):
            best = (rig, found)
    return best


def eye_nodes(names: Sequence[str], extensions: dict[str, Any]) -> tuple[int | None, int | None]:
    """Nodes of the left and the right eye, where the rig has them."""
    found: list[int | None] = [None, None]
    bones = _vrm_bones(extensions)
    for side, name in enumerate(("leftEye", "rightEye")):
        found[side] = bones.get(name)
    for i, name in enumerate(names):
        side = _EYES.get(_key(name))
        if side is not None and found[side] is None:
            found[side] = i
    return found[0], found[1]


def _key(name: str) -> str:
    """A joint's name without namespace, case and separators."""
    name = re.sub(r"^mixamorig\d*", "", name.rpartition(":")[2].rpartition("|")[2], flags=re.IGNORECASE)
    return re.sub(r"[\s_.\-:]", "", name).casefold()


def _tables() -> dict[str, dict[str, str]]:
    tables = {"beat": {name: name for name in beat_skeleton().names}}
    tables |= {rig: joint_names(rig) for rig in RIGS}
    bones = makehuman_rig()
    main = {name: head for name, head in zip(bones.names, bones.heads, strict=True) if name in beat_skeleton().names}
    return tables | {"makehuman": main}


def _vrm_bones(extensions: dict[str, Any]) -> dict[str, int]:
    """Human bones of VRM 1.0 or 0.x: name to node."""
    if "VRMC_vrm" in extensions:
        bones = extensions["VRMC_vrm"]["humanoid"]["humanBones"]
        return {name: int(bone["node"]) for name, bone in bones.items()}
    if "VRM" in extensions:
        bones = extensions["VRM"]["humanoid"]["humanBones"]
        return {bone["bone"]: int(bone["node"]) for bone in bones if int(bone.get("node", -1)) >= 0}
    return {}


def _vrm(extensions: dict[str, Any]) -> tuple[str, dict[str, int]] | None:
    bones = _vrm_bones(extensions)
    if not bones:
        return None
    rig = "vrm" if "VRMC_vrm" in extensions else "vrm0"
    found = {beat: bones[theirs] for beat, theirs in joint_names(rig).items() if theirs in bones}
    return (rig, found) if all(joint in found for joint in REQUIRED) else ("", {})
