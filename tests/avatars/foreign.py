"""Makes someone else's avatar out of ours: other joint names, any rest rotations, an A-pose, another unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gengine.core import rotation
from gengine.core.avatar import Avatar, Morphs, Part, skinned
from gengine.core.skeleton import Skeleton
from gengine.formats.gltf import GlbBuilder
from gengine.formats.gltf_avatar import add_joints, add_meshes


def light(avatar: Avatar, morphs: tuple[str, ...]) -> Avatar:
    """The body and the eyes with a few morphs, so that files are quick."""
    parts = []
    for part in avatar.parts:
        if part.name == "body" or part.name.startswith("eye"):
            keep = [k for k, name in enumerate(part.morphs.names) if name in morphs]
            few = Morphs(*(tuple(getattr(part.morphs, f)[k] for k in keep) for f in ("names", "indices", "deltas")))
            parts.append(replace(part, morphs=few))
    return replace(avatar, parts=tuple(parts))


def few(avatar: Avatar, morphs: tuple[str, ...] = ("jawOpen", "eyeBlinkLeft", "mouthClose")) -> Avatar:
    """All parts with a few morphs."""
    parts = []
    for part in avatar.parts:
        keep = [k for k, name in enumerate(part.morphs.names) if name in morphs]
        kept = Morphs(*(tuple(getattr(part.morphs, f)[k] for k in keep) for f in ("names", "indices", "deltas")))
        parts.append(replace(part, morphs=kept))
    return replace(avatar, parts=tuple(parts))


def a_pose(avatar: Avatar, degrees: float = 45.0, bend: float = 15.0) -> np.ndarray:
    """Local rotations ``(1, J, 4)`` with arms hanging and elbows bent."""
    turns = np.tile(rotation.IDENTITY, (1, len(avatar.skeleton), 1))
    for side, sign in (("Left", -1.0), ("Right", 1.0)):
        turns[0, avatar.skeleton.index(f"{side}Arm")] = rotation.from_rotvec([0, 0, sign * np.radians(degrees)])
        turns[0, avatar.skeleton.index(f"{side}ForeArm")] = rotation.from_rotvec([0, sign * np.radians(bend), 0])
        turns[0, avatar.skeleton.index(f"{side}UpLeg")] = rotation.from_rotvec([0, 0, -sign * np.radians(6)])
    return turns


def foreign(
    avatar: Avatar, rename: Callable[[str], str], turns: np.ndarray | None = None, seed: int | None = 0
) -> Avatar:
    """``avatar`` resting in the pose of ``turns``, every joint's rest rotation random, joints renamed."""
    turns = np.tile(rotation.IDENTITY, (1, len(avatar.skeleton), 1)) if turns is None else turns
    root = np.array([[0.0, avatar.root_height, 0.0]])
    matrices = avatar.skin_matrices(turns, root)[0]
    positions = avatar.skeleton.forward(turns, root)[0][0]
    joints = len(avatar.skeleton)
    if seed is None:
        rest = np.tile(rotation.IDENTITY, (joints, 1))
    else:
        rest = rotation.normalize(np.random.default_rng(seed).normal(size=(joints, 4)))
    parents = avatar.skeleton.parents
    offsets = np.zeros((joints, 3))
    offsets[1:] = rotation.rotate(rotation.conjugate(rest[parents[1:]]), positions[1:] - positions[parents[1:]])

    def posed(part: Part) -> Part:
        blended = np.einsum("vk,vkab->vab", part.weights, matrices[part.joints])[..., :3]
        deltas = tuple(
            np.einsum("vab,vb->va", blended[i], d) for i, d in zip(part.morphs.indices, part.morphs.deltas, strict=True)
        )
        morphs = Morphs(part.morphs.names, part.morphs.indices, deltas)
        return replace(part, vertices=skinned(part, matrices), morphs=morphs)

    skeleton = Skeleton(tuple(rename(n) for n in avatar.skeleton.names), parents, offsets)
    return replace(avatar, skeleton=skeleton, parts=tuple(map(posed, avatar.parts)), rest=rest)


def save(
    avatar: Avatar,
    path: Path,
    scale: float = 1.0,
    yaw: float = 0.0,
    edit: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """A .glb of the figure under an Armature node that scales and turns it; ``edit`` changes the document."""
    builder = GlbBuilder(path.parent)
    joints = add_joints(builder, avatar)
    meshes = add_meshes(builder, avatar, joints, morph_normals=False)
    armature = builder.add("nodes", {
        "name": "Armature",
        "scale": [scale] * 3,
        "rotation": [0.0, float(np.sin(yaw / 2)), 0.0, float(np.cos(yaw / 2))],
        "children": [joints[0]],
    })  # fmt: skip
    builder.add("scenes", {"nodes": [armature, *(node for node, _ in meshes)]})
    if edit is not None:
        edit(builder.json)
    builder.save(path)
    builder.close()
    return path
