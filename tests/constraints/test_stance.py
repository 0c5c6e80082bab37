"""A body in a given stance: it begins there, keeps the posture, and stands on its own feet."""

from __future__ import annotations

import numpy as np
import pytest

from gengine import Session
from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import GengineError
from gengine.metrics import safety
from gengine.metrics.limbs import Body

RATE = 16_000
TURNS = {
    "Hips": ([0, 1, 0], 70.0), "Spine1": ([1, 0, 0], 12.0), "Neck": ([1, 0, 0], -10.0),
    "LeftUpLeg": ([0, 0, 1], 12.0), "RightUpLeg": ([0, 0, 1], -12.0),
    "LeftArm": ([0, 0, 1], -70.0), "RightArm": ([0, 0, 1], 70.0),
}  # fmt: skip


def pose() -> Motion:
    """A slouch with feet apart and arms hanging, facing somewhere else."""
    skeleton = beat_skeleton()
    turns = np.tile(rotation.IDENTITY, (1, len(skeleton), 1))
    for name, (axis, degrees) in TURNS.items():
        turns[0, skeleton.index(name)] = rotation.from_axis_angle(np.array(axis, float), np.radians(degrees))
    return Motion(skeleton, turns, np.array([[3.0, 0.9, -2.0]]), 30.0)


def voice(seconds: float = 7.0) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    return (0.2 * np.sin(2 * np.pi * 150 * t) * np.clip(np.sin(2 * np.pi * 3.3 * t), 0, 1)).astype(np.float32)


def body(stance: Motion | None, block: int | None = None) -> Motion:
    session, sound = Session(seed=3, stance=stance), voice()
    cuts = [sound] if block is None else [sound[i : i + block] for i in range(0, len(sound), block)]
    parts = [*(session.push(cut) for cut in cuts), session.flush()]
    motions = [p.motion for p in parts if p is not None and p.motion is not None]
    return Motion(
        motions[0].skeleton, np.concatenate([m.rotations for m in motions]),
        np.concatenate([m.root for m in motions]), motions[0].fps,
    )  # fmt: skip


@pytest.fixture(scope="module")
def moved() -> Motion:
    return body(pose())


def off(a: Motion, b: np.ndarray, names: list[str]) -> np.ndarray:
    joints = [a.skeleton.index(n) for n in names]
    return np.degrees(rotation.angle(np.asarray(a.rotations[:, joints], float), b[joints]))


def test_it_begins_in_the_pose_and_faces_ahead(moved: Motion) -> None:
    wanted = np.asarray(pose().rotations[0], float)
    kept = ["Spine", "Spine1", "Neck", "Head", "LeftShoulder", "LeftArm", "RightArm", "LeftForeArm", "RightHand"]
    assert off(moved, wanted, kept)[0].max() < 0.5
    ahead = rotation.rotate(moved.rotations[0, 0], np.array([0.0, 0.0, 1.0]))
    assert abs(np.degrees(np.arctan2(ahead[0], ahead[2]))) < 0.5
    at = moved.forward()[0][0]
    apart = np.linalg.norm((at[moved.skeleton.index("LeftFoot")] - at[moved.skeleton.index("RightFoot")])[[0, 2]])
    own = body(None).forward()[0][0]
    usual = np.linalg.norm((own[moved.skeleton.index("LeftFoot")] - own[moved.skeleton.index("RightFoot")])[[0, 2]])
    assert apart > usual + 0.15


def test_trunk_keeps_its_difference_and_arms_leave_it(moved: Motion) -> None:
    own = body(None)
    late = slice(int(2 * own.fps), None)
    spine, arm = own.skeleton.index("Spine1"), own.skeleton.index("LeftForeArm")
    lean = rotation.multiply(moved.rotations[late, spine], rotation.conjugate(own.rotations[late, spine]))
    first = rotation.multiply(moved.rotations[0, spine], rotation.conjugate(own.rotations[0, spine]))
    assert np.degrees(rotation.angle(lean, first)).max() < 0.1
    assert np.degrees(rotation.angle(moved.rotations[late, arm], own.rotations[late, arm])).mean() < 3.0


def test_feet_stand_on_the_ground_and_nothing_jumps(moved: Motion) -> None:
    feet = safety.foot_sliding(Body(moved))
    assert feet["slide_mean"] < 0.5 and feet["planted_share"] > 0.8
    assert -0.005 < moved.forward()[0][..., 1].min() < 0.01
    own = np.linalg.norm(np.diff(body(None).forward()[0], axis=0), axis=-1).max()
    assert np.linalg.norm(np.diff(moved.forward()[0], axis=0), axis=-1).max() < 1.6 * own


def test_the_cut_of_the_sound_plays_no_part(moved: Motion) -> None:
    again = body(pose(), block=1731)
    assert np.array_equal(again.rotations, moved.rotations) and np.array_equal(again.root, moved.root)


def test_other_joints_and_no_pose_are_refused() -> None:
    given = pose()
    other = Skeleton(("a", *given.skeleton.names[1:]), given.skeleton.parents, given.skeleton.offsets)
    with pytest.raises(GengineError, match="BEAT's 75"):
        Session(stance=Motion(other, given.rotations, given.root, 30.0))
    with pytest.raises(GengineError, match="at least one frame"):
        Session(stance=given[:0])
    with pytest.raises(GengineError, match="at least one frame"):
        Session(stance=Motion(given.skeleton, given.rotations * np.nan, given.root, 30.0))
