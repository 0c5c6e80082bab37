"""BEAT's 75 joints onto the joints of common humanoid rigs, all in T-pose with identity rest rotations.

BEAT's rest is the identity in T-pose, which is what VRM calls a normalised humanoid, so local rotations carry
over as they are. Only joints without a partner (Spine2, Neck1, ForeFoot, the metacarpals, the tips) need care.
"""

from __future__ import annotations

import numpy as np

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.errors import GengineError
from gengine.retarget.joint_names import joint_names


def to_humanoid(motion: Motion, rig: str) -> Motion:
    """The same movement on a skeleton that has only the joints of ``rig``, under their names there.

    ``motion`` has BEAT's joints; ``rig`` is one of ``names.RIGS`` (``"beat"`` returns the motion itself). A
    joint without a partner hands its offset and its rotation to the next mapped joints below it (VRM 1.0, pose
    transfer). Where it stood alone between two mapped joints, the upper one also turns towards where the lower
    one was, so a bend in between moves nothing but the bone's length.

    World rotations of all joints are kept except in those turned ones; positions are kept exactly while the
    joints without a partner rest, and to a few millimetres while they bend.
    """
    if rig.lower() == "beat":
        return motion
    source = motion.skeleton
    partners = joint_names(rig)
    missing = [name for name in partners if name not in source.names]
    if missing:
        raise GengineError(f"to_humanoid: the motion has no joint {', '.join(missing[:4])}; expected BEAT's joints")
    kept = [j for j, name in enumerate(source.names) if name in partners]
    place = {j: k for k, j in enumerate(kept)}

    chains: list[list[int]] = []  # joints without a partner between a kept joint and the kept one above it
    parents = np.full(len(kept), -1)
    for k, j in enumerate(kept):
        chain, above = [], int(source.parents[j])
        while above >= 0 and above not in place:
            chain.insert(0, above)
            above = int(source.parents[above])
        chains.append(chain)
        parents[k] = place.get(above, -1)
    offsets = np.array([source.offsets[[*chain, j]].sum(0) for chain, j in zip(chains, kept, strict=True)])
    children = np.bincount(parents[1:], minlength=len(kept))

    local = motion.rotations[:, kept].astype(float)
    for k, (chain, j) in enumerate(zip(chains, kept, strict=True)):
        if not chain:
            continue
        bend, end = rotation.IDENTITY, source.offsets[chain[0]]
        for joint, below in zip(chain, [*chain[1:], j], strict=True):
            bend = rotation.multiply(bend, motion.rotations[:, joint])
            end = end + rotation.rotate(bend, np.broadcast_to(source.offsets[below], (len(motion), 3)))
        if children[parents[k]] == 1:
            aim = rotation.between(offsets[k], end)
            local[:, parents[k]] = rotation.multiply(local[:, parents[k]], aim)
            bend = rotation.multiply(rotation.conjugate(aim), bend)
        local[:, k] = rotation.multiply(bend, local[:, k])

    skeleton = Skeleton(tuple(partners[source.names[j]] for j in kept), parents, offsets)
    return Motion(skeleton, local.astype(np.float32), motion.root, motion.fps)
