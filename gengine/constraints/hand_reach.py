"""Hands outside the body, fingers within their ranges: what a learned network draws is off by as much as it errs."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from gengine.constraints import two_bone_ik
from gengine.constraints.body_limits import RANGES_DEG, WRIST_CLEARANCE, BodySpace, soft_clip
from gengine.core import rotation
from gengine.core.quintic import smoothstep
from gengine.core.skeleton import Skeleton

Array = NDArray[np.float64]

_TRUNK = ("Hips", "Spine", "Spine1", "Spine2", "Spine3", "Neck", "Neck1", "Head")
_ARM = ("Shoulder", "Arm", "ForeArm", "Hand")
_LEG = ("UpLeg", "Leg")
_FINGER = re.compile("Hand(Thumb|Index|Middle|Ring|Pinky)([123])")
_SHORTEST = 1.05
"""How far an arm folds, x the difference of its bones. Judgement."""
_NECK, _SKULL = (0, 0.14, 0), (0, 0.08, 0.02)
"""Top of the torso's capsule from Spine3 and middle of the skull from Head, m (BEAT's skeleton)."""
_KNEE = np.radians(8.0)
"""A finger or a palm begins to slow down this far from the end of its range."""
_HINGED = (15.0, 25.0)
"""Degrees of an elbow's bend over which its hinge begins to say how a palm is turned (judgement)."""


class HandReach:
    """Both arms of one skeleton. ``clear`` moves wrists out of trunk, head, thighs and each other; elbows follow.
    ``pronate`` keeps palms and ``curl`` fingers within their ranges."""

    def __init__(self, skeleton: Skeleton) -> None:
        limbs = [f"{side}{part}" for side in ("Left", "Right") for part in (*_ARM, *_LEG)]
        self.joints = sorted(skeleton.index(n) for n in (*_TRUNK, *limbs))
        names = tuple(skeleton.names[j] for j in self.joints)
        parents = [self.joints.index(p) if (p := skeleton.parents[j]) >= 0 else -1 for j in self.joints]
        self.frame = Skeleton(names, np.array(parents), skeleton.offsets[self.joints])
        self.arms = [[names.index(f"{s}{p}") for p in _ARM] for s in ("Left", "Right")]
        self.legs = [[names.index(f"{s}{p}") for p in _LEG] for s in ("Left", "Right")]
        self.chest, self.head = names.index("Spine3"), names.index("Head")
        left = [skeleton.offsets[skeleton.index(f"Left{p}")] for p in ("ForeArm", "Hand", "Leg")]
        self.upper, self.fore, self.thigh = (float(np.linalg.norm(offset)) for offset in left)

        found = [(j, m.group(2)) for j, name in enumerate(skeleton.names) if (m := _FINGER.search(name))]
        most = {number: RANGES_DEG[name][1] for number, name in (("1", "mcp"), ("2", "pip"), ("3", "dip"))}
        self.fingers = np.array([j for j, _ in found])
        self.most = np.radians([most[number] for _, number in found])

    def curl(self, rotations: Array) -> None:
        """Write the fingers of ``rotations (T, J, 4)`` that turn further than they can bend."""
        turns = rotations[:, self.fingers]
        size = np.linalg.norm(turns[..., 1:], axis=-1)
        angle = 2 * np.arctan2(size, np.abs(turns[..., 0]))
        far = angle > self.most - _KNEE
        if not far.any():
            return
        most = np.broadcast_to(self.most, far.shape)[far]
        half = soft_clip(angle[far], -np.inf, most, _KNEE) / 2
        axis = turns[far][:, 1:] * np.where(turns[far][:, :1] < 0, -1, 1) / size[far][:, None]
        turns[far] = np.concatenate([np.cos(half)[:, None], axis * np.sin(half)[:, None]], -1)
        rotations[:, self.fingers] = turns

    def pronate(self, rotations: Array) -> None:
        """Write the hands of ``rotations (T, J, 4)`` whose palms turn further about the forearm than they can.

        The angle is ``joint_limits``' pronation: 0 with the palm towards the upper arm, of which the hinge of the
        elbow is the reference, so it counts where the elbow bends.
        """
        for (_, arm, fore, hand), sign in zip(self.arms, (1.0, -1.0), strict=True):
            arm, fore, hand = self.joints[arm], self.joints[fore], self.joints[hand]
            elbow = rotations[:, fore]
            along = np.broadcast_to([sign, 0.0, 0.0], (len(elbow), 3))
            lower = rotation.rotate(elbow, along)
            straight = (lower * along).sum(-1)
            share = smoothstep(
                (np.degrees(np.arccos(np.clip(straight, -1, 1))) - _HINGED[0]) / (_HINGED[1] - _HINGED[0])
            )
            _, roll = rotation.swing_twist(rotations[:, hand], np.array([1.0, 0.0, 0.0]))
            palm = rotation.rotate(rotation.multiply(elbow, roll), np.broadcast_to([0.0, -1.0, 0.0], along.shape))
            supine = -along + straight[:, None] * lower
            turn = sign * np.arctan2((np.cross(supine, palm) * lower).sum(-1), (supine * palm).sum(-1))
            turn = (turn + np.pi / 2) % (2 * np.pi) - np.pi / 2
            excess = share * (soft_clip(turn, 0.0, np.pi, _KNEE) - turn)
            if excess.any():
                back = rotation.from_axis_angle([1.0, 0.0, 0.0], excess)
                rotations[:, hand] = rotation.multiply(back, rotations[:, hand])

    def clear(self, rotations: Array, root: Array) -> None:
        """Write the arms of ``rotations (T, J, 4)``; hands keep their angle to the forearm."""
        at, world = self.frame.forward(rotations[:, self.joints], root)
        side = np.stack([at[:, arm] for arm in self.arms], 1)  # (T, 2, 4, 3)
        shoulder, elbow, wrist = side[:, :, 1], side[:, :, 2], side[:, :, 3]
        space = self._space(at, world, root)
        goal = space.off_trunk(wrist, WRIST_CLEARANCE * (self.upper + self.fore))
        goal = space.clear(goal, goal, (wrist - elbow) / self.fore)
        reached, bent = self._bend(shoulder, elbow, goal)
        turns = np.stack([world[:, arm] for arm in self.arms], 1)
        upper = rotation.multiply(rotation.between(elbow - shoulder, bent - shoulder), turns[:, :, 1])
        fore = rotation.multiply(rotation.between(wrist - elbow, reached - bent), turns[:, :, 2])
        for k, arm in enumerate(self.arms):
            joints = [self.joints[j] for j in arm]
            rotations[:, joints[1]] = rotation.multiply(rotation.conjugate(turns[:, k, 0]), upper[:, k])
            rotations[:, joints[2]] = rotation.multiply(rotation.conjugate(upper[:, k]), fore[:, k])

    def _space(self, at: Array, world: Array, root: Array) -> BodySpace:
        def beyond(joint: int, offset: tuple[float, ...]) -> Array:
            return at[:, joint] + rotation.rotate(world[:, joint], np.broadcast_to(offset, root.shape))

        ahead = rotation.rotate(world[:, self.chest], np.broadcast_to([0, 0, 1], root.shape)) * [1, 0, 1]
        thighs = np.stack([np.stack([at[:, leg[k]] for leg in self.legs], 1) for k in (0, 1)])
        return BodySpace(
            root, beyond(self.chest, _NECK), beyond(self.head, _SKULL), thighs, self.thigh,
            ahead / np.linalg.norm(ahead, axis=-1, keepdims=True),
        )  # fmt: skip

    def _bend(self, shoulder: Array, elbow: Array, goal: Array) -> tuple[Array, Array]:
        """Wrists and elbows ``(T, 2, 3)`` of arms that reach for ``goal``, bent in the plane they were bent in."""
        ahead, distance = two_bone_ik.towards(shoulder, goal)
        shortest, longest = abs(self.upper - self.fore) * _SHORTEST, two_bone_ik.STRETCH * (self.upper + self.fore)
        arm = two_bone_ik.TwoBones.lay(shoulder, ahead, np.clip(distance, shortest, longest), self.upper, self.fore)
        return arm.end, arm.middle(two_bone_ik.across(elbow - shoulder, ahead))
