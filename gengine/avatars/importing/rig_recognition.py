"""Which node of an unknown figure is which joint: by a map, the VRM extension, well-known names, or its structure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.makehuman_rig import makehuman_rig
from gengine.core.skeleton import beat_skeleton
from gengine.errors import GengineError
from gengine.retarget.joint_names import joint_names
from gengine.retarget.rig_names import REQUIRED, Words, joint_key, recognise_names
from gengine.retarget.rig_structure import recognise_structure

_EYES = (
    "lefteye",
    "eyel",
    "lefteyesmplhf",
    "eyeleft",
    "jadjlfaceeye",
    "faciallefteye",
    "leye",
    "ccbaseleye",
    "defeyel",
)


def recognise(
    names: Sequence[str],
    extensions: dict[str, Any],
    parents: Sequence[int] = (),
    joints: Collection[int] = (),
) -> tuple[str, dict[str, int]]:
    """The rig's name and, for each BEAT joint found, the index of its node.

    ``names`` and ``parents`` are those of all nodes, ``extensions`` the document's, ``joints`` the nodes that skins
    name. A rig that is not known gives ``("", {})``.
    """
    vrm = _vrm(extensions)
    if vrm is not None:
        return vrm
    return recognise_names(names, parents or [-1] * len(names), joints, {"makehuman": _makehuman()})


def recognise_shape(
    parents: Sequence[int], world: NDArray, joints: Collection[int], used: Collection[int]
) -> dict[str, int]:
    """For each BEAT joint the node that structure shows; ``used`` are the ``joints`` that move a vertex.

    ``world (N, 4, 4)`` are all nodes at rest. What cannot be decided is a ``GengineError``.
    """
    nodes = sorted(joints)
    slot = {node: j for j, node in enumerate(nodes)}

    def above(node: int) -> int:
        node = parents[node]
        while node >= 0 and node not in slot:
            node = parents[node]
        return slot.get(node, -1)

    among = np.array([above(node) for node in nodes], np.int64)
    found = recognise_structure(among, world[nodes, :3, 3], {slot[n] for n in nodes if n not in used})
    return {beat: nodes[j] for beat, j in found.items()}


_TRUNK = ("Spine", "Spine1", "Spine2", "Spine3")
_BESIDES = ("Neck", "LeftShoulder", "RightShoulder", "LeftToeBase", "RightToeBase")
"""Joints that structure may tell where the names of a rig's limbs are known and these are not."""


def completed(bones: dict[str, int], shape: dict[str, int]) -> dict[str, int]:
    """``bones``, told by names, with spine, neck, shoulders and toes of ``shape``, told by structure, where they lack.

    Nothing is added where the two do not agree on hips, head and limbs.
    """
    if any(shape.get(joint) != bones[joint] for joint in REQUIRED):
        return bones
    made = dict(bones)
    if sum(joint in shape for joint in _TRUNK) > sum(joint in bones for joint in _TRUNK):
        for joint in _TRUNK:
            made.pop(joint, None)
    taken = set(made.values())
    lacking = (joint for joint in (*_TRUNK, *_BESIDES) if joint not in made and joint in shape)
    return made | {joint: shape[joint] for joint in lacking if shape[joint] not in taken}


def eye_nodes(names: Sequence[str], extensions: dict[str, Any]) -> tuple[int | None, int | None]:
    """Nodes of the left and the right eye, where the rig has them."""
    bones = _vrm_bones(extensions)
    found: list[int | None] = [bones.get("leftEye"), bones.get("rightEye")]
    right = [_mirrored(key) for key in _EYES]
    for i, name in enumerate(names):
        keys = {joint_key(name, k) for k in range(3)}
        for side, known in enumerate((_EYES, right)):
            if found[side] is None and keys & set(known):
                found[side] = i
    return found[0], found[1]


def _mirrored(key: str) -> str:
    if "left" in key:
        return key.replace("left", "right")
    return {"eyel": "eyer", "jadjlfaceeye": "jadjrfaceeye", "leye": "reye", "ccbaseleye": "ccbasereye"}.get(
        key, "defeyer"
    )


def _makehuman() -> Words:
    bones = makehuman_rig()
    main = zip(bones.names, bones.heads, strict=True)
    return {name: (joint_key(head),) for name, head in main if name in beat_skeleton().names}


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
    return (rig, found) if all(joint in found for joint in REQUIRED) else None


def refusal(names: Sequence[str], why: GengineError) -> str:
    """What is said of a rig that neither names nor structure tell."""
    shown = ", ".join(list(names)[:3])
    return (
        f"its rig is not known: the joints' names ({shown} …) are no tool's, and its structure does not tell ({why}); "
        "write a map with gengine avatar map, complete it and give it by --bones"
    )
