"""Skeletons and forward kinematics."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.skeleton import BEAT_HIP_HEIGHT, Skeleton, beat_skeleton
from gengine.errors import GengineError

ARM = Skeleton(("shoulder", "elbow", "wrist"), np.array([-1, 0, 1]), np.array([[0, 0, 0], [1, 0, 0], [0, -1, 0.0]]))


def test_forward_is_what_a_loop_over_joints_gives(make_motion):
    motion = make_motion(5, size=1.5)
    positions, world = motion.forward()
    matrices = rotation.to_matrix(motion.rotations)
    for t in range(5):
        place, turn = [motion.root[t].astype(float)], [matrices[t, 0]]
        for j in range(1, 75):
            above = motion.skeleton.parents[j]
            place.append(place[above] + turn[above] @ motion.skeleton.offsets[j])
            turn.append(turn[above] @ matrices[t, j])
        assert np.allclose(positions[t], place, atol=1e-6)
        assert np.allclose(rotation.to_matrix(world[t]), turn, atol=1e-5)


def test_a_bent_elbow():
    quarter = rotation.from_rotvec([0, 0, np.pi / 2])
    positions, _ = ARM.forward(np.stack([rotation.IDENTITY, quarter, rotation.IDENTITY])[None], np.array([[0, 2, 0.0]]))
    assert np.allclose(positions[0], [[0, 2, 0], [1, 2, 0], [2, 2, 0]])


def test_beat_is_a_standing_person_in_t_pose():
    beat = beat_skeleton()
    assert len(beat) == 75
    rest = np.tile(rotation.IDENTITY, (1, 75, 1))
    positions = beat.forward(rest, np.array([[0, BEAT_HIP_HEIGHT, 0]]))[0][0]
    at = {name: positions[beat.index(name)] for name in beat.names}
    assert abs(positions[:, 1].min()) < 0.001  # the soles stand on the ground
    assert 1.7 < positions[:, 1].max() < 1.9
    assert at["LeftHand"][0] > 0.7  # the character's left is +X
    assert at["RightHand"][0] < -0.7
    assert abs(at["LeftHand"][1] - at["LeftArm"][1]) < 0.01
    assert at["LeftToeBase"][2] > 0.1  # it faces +Z


@pytest.mark.data
def test_beat_is_the_published_table(reference_data):
    with (reference_data / "tables" / "beat_skeleton.csv").open() as file:
        rows = list(csv.DictReader(file))
    beat = beat_skeleton()
    assert [r["name"] for r in rows] == list(beat.names)
    assert [r["parent"] for r in rows[1:]] == [beat.names[p] for p in beat.parents[1:]]
    offsets = [[float(r[c]) / 100 for c in ("ox_cm", "oy_cm", "oz_cm")] for r in rows]
    assert np.allclose(beat.offsets, offsets)


def test_levels_are_depths():
    assert [list(level) for level in ARM.levels] == [[0], [1], [2]]
    assert sum(len(level) for level in beat_skeleton().levels) == 75


def test_equality_is_by_value():
    same = Skeleton(list(ARM.names), ARM.parents.tolist(), ARM.offsets.tolist())
    assert same == ARM
    assert Skeleton(ARM.names, ARM.parents, ARM.offsets * 2) != ARM
    assert ARM != "arm"


@pytest.mark.parametrize(
    ("parents", "offsets", "message"),
    [
        ([-1, 0], np.zeros((3, 3)), "parents"),
        ([-1, 0, 1], np.zeros((3, 2)), "offsets"),
        ([0, 0, 1], np.zeros((3, 3)), "only root"),
        ([-1, -1, 1], np.zeros((3, 3)), "only root"),
        ([-1, 2, 1], np.zeros((3, 3)), "precede"),
    ],
)
def test_broken_trees_are_errors(parents, offsets, message):
    with pytest.raises(GengineError, match=message):
        Skeleton(("a", "b", "c"), parents, offsets)


def test_unknown_joints_are_errors():
    assert ARM.index("wrist") == 2
    with pytest.raises(GengineError, match="joint 'hand' is unknown; choose from shoulder"):
        ARM.index("hand")
