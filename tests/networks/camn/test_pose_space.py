"""The pose space: what goes in comes out, on few axes."""

from __future__ import annotations

import numpy as np
import pytest

from gengine import Performance
from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import GengineError
from gengine.networks.camn.pose_space import PoseSpace, centred, finger_joints


@pytest.fixture(scope="module")
def motion(teacher: Performance) -> Motion:
    assert teacher.motion is not None
    return teacher.motion


def test_a_motion_survives_its_coordinates(motion: Motion) -> None:
    space = PoseSpace.of(motion.rotations, motion.root)
    body, hands = space.encode(motion.rotations, motion.root)
    assert body.shape[1] < 60 and hands.shape[1] < 45
    np.testing.assert_allclose(body.std(0), 1, atol=0.05)
    rotations, root = space.decode(body, hands)
    assert np.percentile(np.degrees(rotation.angle(rotations, motion.rotations)), 99.9) < 3
    assert np.degrees(rotation.angle(rotations, motion.rotations)).max() < 6
    assert np.degrees(rotation.angle(rotations, motion.rotations)).mean() < 0.3
    assert np.abs(root - motion.root).max() < 0.01
    there, _ = motion.skeleton.forward(motion.rotations, motion.root)
    back, _ = motion.skeleton.forward(rotations, root)
    assert np.linalg.norm(back - there, axis=-1).max() < 0.02


def test_it_survives_a_checkpoint(motion: Motion) -> None:
    space = PoseSpace.of(motion.rotations, motion.root)
    again = PoseSpace.from_tensors(space.tensors())
    for a, b in zip(
        space.encode(motion.rotations, motion.root), again.encode(motion.rotations, motion.root), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-3)


def test_fingers_are_all_below_the_hands() -> None:
    names = [beat_skeleton().names[j] for j in finger_joints(beat_skeleton())]
    assert len(names) == 46 and "LeftHandIndex2" in names and "LeftHand" not in names


def test_a_turned_and_moved_motion_is_brought_back(motion: Motion) -> None:
    turn = rotation.from_axis_angle([0, 1, 0], 2.1)
    rotations = np.array(motion.rotations, float)
    rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
    moved = Motion(motion.skeleton, rotations, rotation.rotate(turn, motion.root) + [3, 0, -2], motion.fps)
    a, b = centred(motion), centred(moved)
    np.testing.assert_allclose(a.root, b.root, atol=1e-4)
    assert np.degrees(rotation.angle(a.rotations, b.rotations)).max() < 0.1


def test_other_joints_are_refused() -> None:
    other = Skeleton(("Hips", "Spine"), np.array([-1, 0]), np.zeros((2, 3)))
    with pytest.raises(GengineError, match="moves BEAT's 75"):
        centred(Motion(other, np.tile([1.0, 0, 0, 0], (4, 2, 1)), np.zeros((4, 3)), 30.0))
