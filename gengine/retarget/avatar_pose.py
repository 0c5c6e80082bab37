"""A performance onto an avatar: joint rotations, root path and morph weights of its own rig."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.avatar import Avatar
from gengine.core.face import ARKIT_NAMES, FaceTrack
from gengine.core.motion import Motion
from gengine.core.skeleton import BEAT_HIP_HEIGHT


@dataclass(frozen=True, eq=False)
class AvatarPose:
    """``rotations (T, J, 4)`` local on the avatar's skeleton, ``root (T, 3)`` m, ``morphs (T, 52)``, ``fps`` Hz."""

    rotations: NDArray[np.float64]
    root: NDArray[np.float64]
    morphs: NDArray[np.float32]
    fps: float

    def __len__(self) -> int:
        return len(self.rotations)


def to_avatar(avatar: Avatar, motion: Motion | None, face: FaceTrack | None, fps: float) -> AvatarPose:
    """Pose an avatar by a BEAT motion and a face, both read at ``fps``.

    Every mapped joint takes the world turn of its BEAT joint; an unmapped joint follows its parent, so spines of
    any length work. Rigs with another rest pose are handled by their rest rotations (VRM's pose transfer,
    formats.md section 3). The root path scales with the hip height. Without a motion only head and eyes move.
    """
    body = motion.resample(fps) if motion is not None else None
    head = face.resample(fps) if face is not None else None
    frames = min(len(t) for t in (body, head) if t is not None) if body or head else 0
    names = avatar.skeleton.names
    turns = np.tile(rotation.IDENTITY, (frames, len(names), 1))
    source = {target: beat for beat, target in avatar.joint_map.items()}
    world = body.forward()[1][:frames] if body is not None else None
    parents = avatar.skeleton.parents
    for j, name in enumerate(names):
        beat = source.get(name)
        if world is not None and body is not None and beat in body.skeleton.names:
            turns[:, j] = world[:, body.skeleton.index(beat)]
        elif body is None and head is not None and beat == "Head":
            turns[:, j] = head.head[:frames]
        elif j:
            turns[:, j] = turns[:, parents[j]]
    local = rotation.multiply(rotation.conjugate(turns[:, np.maximum(parents, 0)]), turns)
    local[:, 0] = turns[:, 0]
    _eyes(avatar, local, head, frames)
    _twists(avatar, local)
    if avatar.rest is not None:
        rest = avatar.rest
        upper = rest[np.maximum(parents, 0)]
        local = rotation.multiply(rotation.multiply(rotation.conjugate(upper), local), rest)
        local[:, 0] = rotation.multiply(turns[:, 0], rest[0])
    if body is not None:
        root = body.root[:frames].astype(float) * (avatar.root_height / BEAT_HIP_HEIGHT)
    else:
        root = np.tile([0.0, avatar.root_height, 0.0], (frames, 1))
    morphs = head.weights[:frames] if head is not None else np.zeros((frames, len(ARKIT_NAMES)), np.float32)
    return AvatarPose(local, root, morphs, fps)


def gaze_turns(face: FaceTrack, inward: float = 0.0) -> NDArray[np.float64]:
    """Rotations ``(T, 4)`` of the eyes in the head: yaw about +Y, then pitch, which is positive upwards, about +X.

    ``inward`` is 0 for the line of sight of both eyes together, -1 for the left and +1 for the right one, which
    converge on what they look at.
    """
    yaw, pitch = face.gaze[:, 0].astype(float), face.gaze[:, 1].astype(float)
    if inward:
        yaw = yaw + inward * face.convergence
    return rotation.from_euler(np.stack([yaw, -pitch, 0 * yaw], axis=-1), "YXZ")


def _eyes(avatar: Avatar, local: NDArray, face: FaceTrack | None, frames: int) -> None:
    """Gaze turns both eye joints, left and right, and they converge."""
    if face is None or not avatar.eyes:
        return
    for name, inward in zip(avatar.eyes, (-1.0, 1.0), strict=False):
        local[:, avatar.skeleton.index(name)] = gaze_turns(face, inward)[:frames]


def _twists(avatar: Avatar, local: NDArray) -> None:
    """Helper joints turn by a share of their source's twist about the bone."""
    skeleton = avatar.skeleton
    for name, source, share in avatar.twists:
        j, s = skeleton.index(name), skeleton.index(source)
        axis = skeleton.offsets[s] if share > 0 else _bone_axis(avatar, s)
        axis = axis / max(float(np.linalg.norm(axis)), 1e-9)
        _, twist = rotation.swing_twist(local[:, s], axis)
        local[:, j] = rotation.from_rotvec(share * rotation.to_rotvec(twist))


def _bone_axis(avatar: Avatar, joint: int) -> NDArray:
    """Direction of a joint's bone: towards its farthest child."""
    children = np.flatnonzero(avatar.skeleton.parents == joint)
    offsets = avatar.skeleton.offsets[children]
    return offsets[np.argmax(np.linalg.norm(offsets, axis=1))] if len(children) else avatar.skeleton.offsets[joint]
