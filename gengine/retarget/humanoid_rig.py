"""Any humanoid's motion onto BEAT's joints, and BEAT's motion onto any humanoid's joints.

Both directions go through one T-pose: every joint's turn away from it, in the world, is what two rigs have in common,
whatever their rest poses, axes and sizes (the pose transfer of VRM 1.0's humanoid specification, with the T-pose
measured instead of given).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import GengineError
from gengine.retarget.rig_names import recognise_names
from gengine.retarget.rig_structure import recognise_structure
from gengine.retarget.to_tpose import t_pose_turns

_STANDS = 0.85
"""Cosine between trunk and legs from which on a rest pose is a standing figure (judgement: 32 degrees)."""
_TRIED = 400
"""Frames of a clip that are looked at for a standing pose."""
_TRUNK = ("Spine", "Spine1", "Spine2", "Spine3", "Neck", "Neck1", "Head")
_AXES = "XYZ"

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HumanoidRig:
    """Someone else's skeleton with what is known of it.

    ``joints`` maps BEAT joint → index; ``rest (J, 4)`` is each joint's world rotation while the figure, facing +Z,
    stands in T-pose; ``up (4,)`` turns the file's world to +Y up; ``size`` is BEAT's leg as a share of this one.
    """

    skeleton: Skeleton
    joints: dict[str, int]
    rest: Array
    up: Array
    size: float
    notes: tuple[str, ...] = ()
    """What had to be told, in words."""

    @classmethod
    def of(cls, motion: Motion, joints: Mapping[str, int] | None = None) -> HumanoidRig:
        """The rig of a motion: joints by name, else by structure; rest pose, up axis and size from what it shows.

        A skeleton that is no humanoid is a ``GengineError``.
        """
        skeleton, notes = motion.skeleton, []
        found = dict(joints) if joints is not None else _joints(skeleton, notes)
        still = np.tile(rotation.IDENTITY, (1, len(skeleton), 1))
        places, turns = skeleton.forward(still, np.zeros((1, 3)))
        places, turns, framed = places[0], turns[0], False
        if not _stands(places, found) and len(motion):
            places, turns = _standing_frame(motion, found)
            framed = True
            notes.append("its rest pose is no standing figure: a frame of the clip was taken for one")
        axis = _up_axis(motion, found, places)
        up = rotation.between(axis, np.array([0.0, 1.0, 0.0]))
        if axis[1] != 1:
            notes.append(f"{'-' if axis.sum() < 0 else '+'}{_AXES[int(np.argmax(np.abs(axis)))]} is up in it")
        upright = _upright(places, found, up if framed else None)
        heads = rotation.rotate(upright, places)
        turn, _, _ = t_pose_turns(heads, skeleton.parents, found)
        rest = rotation.multiply(turn, rotation.multiply(upright, turns))
        return cls(skeleton, found, rest, up, _leg(beat_skeleton()) / _leg(skeleton, found), tuple(notes))

    def to_beat(self, motion: Motion) -> Motion:
        """The motion on BEAT's skeleton, standing on y = 0; joints that the rig lacks lie between their neighbours."""
        beat = beat_skeleton()
        places, world = motion.forward()
        turns = rotation.multiply(rotation.multiply(self.up, world), rotation.conjugate(self.rest))
        known = {name: turns[:, j] for name, j in self.joints.items() if name in beat.names}
        out = np.zeros((len(motion), len(beat), 4))
        for j, name in enumerate(beat.names):
            if name in known:
                out[:, j] = known[name]
            elif name in _TRUNK:
                out[:, j] = _between(known, name)
            else:
                out[:, j] = out[:, beat.parents[j]]
        local = rotation.multiply(rotation.conjugate(out[:, np.maximum(beat.parents, 0)]), out)
        local[:, 0] = out[:, 0]
        root = rotation.rotate(self.up, places[:, self.joints["Hips"]]) * self.size
        moved = Motion(beat, rotation.normalize(local), root, motion.fps)
        lowest = float(moved.forward()[0][..., 1].min()) if len(moved) else 0.0
        return Motion(beat, moved.rotations, moved.root - np.array([0.0, lowest, 0.0], np.float32), motion.fps)

    def from_beat(self, motion: Motion) -> tuple[Array, Array]:
        """Local rotations ``(T, J, 4)`` of this rig and the world places ``(T, 3)`` m of its hips, in its own world.

        ``motion`` has BEAT's joints. Joints that BEAT lacks follow the one above; those above the hips stay as they
        are at rest.
        """
        world = motion.forward()[1]
        down = rotation.conjugate(self.up)
        parents, hips = self.skeleton.parents, self.joints["Hips"]
        source = {j: motion.skeleton.index(name) for name, j in self.joints.items() if name in motion.skeleton.names}
        turns = np.tile(rotation.IDENTITY, (len(motion), len(parents), 1))
        out = np.tile(rotation.IDENTITY, (len(motion), len(parents), 1))
        above = set()
        joint = int(parents[hips])
        while joint >= 0:
            above.add(joint)
            joint = int(parents[joint])
        for j, parent in enumerate(parents):
            if j in above:
                continue
            turns[:, j] = world[:, source[j]] if j in source else turns[:, parent]
            if j in source or self._below(j, hips):
                out[:, j] = rotation.multiply(down, rotation.multiply(turns[:, j], self.rest[j]))
            else:
                out[:, j] = out[:, parent]
        local = rotation.multiply(rotation.conjugate(out[:, np.maximum(parents, 0)]), out)
        local[:, 0] = out[:, 0]
        places = rotation.rotate(down, motion.root.astype(float) / self.size)
        return rotation.normalize(local), places

    def _below(self, joint: int, top: int) -> bool:
        while joint >= 0 and joint != top:
            joint = int(self.skeleton.parents[joint])
        return joint == top


def _joints(skeleton: Skeleton, notes: list[str]) -> dict[str, int]:
    convention, found = recognise_names(skeleton.names, skeleton.parents.tolist())
    if found:
        return found
    still = np.tile(rotation.IDENTITY, (1, len(skeleton), 1))
    places = skeleton.forward(still, np.zeros((1, 3)))[0][0]
    try:
        found = recognise_structure(skeleton.parents, places)
    except GengineError as error:
        shown = ", ".join(skeleton.names[:3])
        raise GengineError(
            f"its joints ({shown} …) are no humanoid's: names are no tool's, and structure does not tell ({error})"
        ) from None
    notes.append(f"its joints' names are no tool's: {len(found)} joints were told by structure")
    return found


def _leg(skeleton: Skeleton, joints: Mapping[str, int] | None = None) -> float:
    """Length of the left leg, hip to ankle, m."""
    at = joints or {name: skeleton.index(name) for name in ("LeftUpLeg", "LeftFoot")}
    joint, length = at["LeftFoot"], 0.0
    while joint not in (at["LeftUpLeg"], -1):
        length += float(np.linalg.norm(skeleton.offsets[joint]))
        joint = int(skeleton.parents[joint])
    if length < 1e-6:
        raise GengineError("its legs have no length")
    return length


def _unit(v: Array) -> Array:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


def _upness(places: Array, joints: Mapping[str, int]) -> Array:
    """Cosines ``(...)`` between the trunk and the less straight of both legs, at places ``(..., J, 3)``."""
    hips, head = (places[..., joints[name], :] for name in ("Hips", "Head"))
    trunk = _unit(head - hips)
    legs = [_unit(places[..., joints[f"{s}UpLeg"], :] - places[..., joints[f"{s}Foot"], :]) for s in ("Left", "Right")]
    return np.minimum(*((trunk * leg).sum(-1) for leg in legs))


def _stands(places: Array, joints: Mapping[str, int]) -> bool:
    arms = np.linalg.norm(places[joints["LeftHand"]] - places[joints["RightHand"]])
    legs = np.linalg.norm(places[joints["Head"]] - places[joints["Hips"]])
    return bool(_upness(places, joints) > _STANDS and arms > 0.3 * legs)


def _standing_frame(motion: Motion, joints: Mapping[str, int]) -> tuple[Array, Array]:
    """Places and world rotations of the frame that stands straightest."""
    some = motion[:: max(1, len(motion) // _TRIED)]
    places, world = some.forward()
    best = int(np.argmax(_upness(places, joints)))
    return places[best], world[best]


def _up_axis(motion: Motion, joints: Mapping[str, int], places: Array) -> Array:
    """The signed axis of the file's world that bodies stand along, most of the time."""
    if len(motion):
        some = motion[:: max(1, len(motion) // _TRIED)].forward()[0]
        feet = 0.5 * (some[:, joints["LeftFoot"]] + some[:, joints["RightFoot"]])
        way = np.median(_unit(some[:, joints["Head"]] - feet), axis=0)
    else:
        way = places[joints["Head"]] - places[joints["Hips"]]
    axis = np.zeros(3)
    k = int(np.argmax(np.abs(way)))
    axis[k] = np.sign(way[k]) or 1.0
    return axis


def _upright(places: Array, joints: Mapping[str, int], up: Array | None) -> Array:
    """The turn of a standing figure to +Y up, +Z forward: by its own nearest axes, or with the ``up`` that is known."""
    at = {name: places[j] for name, j in joints.items()}
    left = (at["LeftArm"] - at["RightArm"]) + (at["LeftUpLeg"] - at["RightUpLeg"])
    if up is not None:
        x = rotation.rotate(up, left)
        return rotation.multiply(rotation.from_axis_angle([0.0, 1.0, 0.0], np.arctan2(x[2], x[0])), up)
    high = at["Head"] - at["Hips"]
    y, x = np.zeros(3), np.zeros(3)
    k = int(np.argmax(np.abs(high)))
    y[k] = np.sign(high[k])
    left = left * (y == 0)
    k = int(np.argmax(np.abs(left)))
    x[k] = np.sign(left[k])
    if not y.any() or not x.any():
        raise GengineError("its joints lie in one point; expected a figure with a size")
    return rotation.from_matrix(np.stack([x, y, np.cross(x, y)]))


def _between(known: Mapping[str, Array], name: str) -> Array:
    """The turn of a joint of the trunk that a rig lacks: on the way between those it has."""
    place = _TRUNK.index(name)
    below = next((k for k in range(place - 1, -1, -1) if _TRUNK[k] in known), None)
    above = next(k for k in range(place + 1, len(_TRUNK)) if _TRUNK[k] in known)
    start = known["Hips"] if below is None else known[_TRUNK[below]]
    first = -1 if below is None else below
    return rotation.slerp(start, known[_TRUNK[above]], (place - first) / (above - first))
