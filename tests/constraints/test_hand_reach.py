"""Hands are brought out of the body, and left alone where they are outside it."""

from __future__ import annotations

import numpy as np

from gengine import Performance
from gengine.constraints.hand_reach import HandReach
from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.metrics.joint_limits import joint_angles
from gengine.metrics.limbs import Body
from gengine.metrics.safety import inspect, penetration


def test_hands_pushed_into_the_body_come_out_of_it(teacher: Performance) -> None:
    motion = teacher.motion
    assert motion is not None
    for turns in ([0.0, -0.9, 0.0], [0.0, -0.5, -0.5]):
        rotations = np.array(motion.rotations, float)
        for side, sign in (("Left", 1.0), ("Right", -1.0)):  # both arms swing inward across the chest
            arm = motion.skeleton.index(f"{side}Arm")
            swing = rotation.from_rotvec(sign * np.array(turns))
            rotations[:, arm] = rotation.multiply(rotation.normalize(swing), rotations[:, arm])
        inside = penetration(Body(Motion(motion.skeleton, rotations, motion.root, motion.fps)))
        assert max(inside["trunk"].max(), inside["hands"].max()) > 3
        HandReach(motion.skeleton).clear(rotations, np.asarray(motion.root, float))
        cleared = penetration(Body(Motion(motion.skeleton, rotations, motion.root, motion.fps)))
        assert cleared["trunk"].max() < 1.0 and cleared["head"].max() < 1.0 and cleared["hands"].max() < 4.5


def test_hands_outside_stay_where_they_are(teacher: Performance) -> None:
    motion = teacher.motion
    assert motion is not None
    rotations = np.array(motion.rotations, float)
    HandReach(motion.skeleton).clear(rotations, np.asarray(motion.root, float))
    after = Motion(motion.skeleton, rotations, motion.root, motion.fps)
    moved = np.linalg.norm(after.forward()[0] - motion.forward()[0], axis=-1)
    assert np.median(moved) < 0.002 and moved.max() < 0.03
    assert inspect(after).summary()["limits_beyond"] == 0


def test_fingers_bend_no_further_than_they_can(teacher: Performance) -> None:
    motion = teacher.motion
    assert motion is not None
    reach, before = HandReach(motion.skeleton), np.array(motion.rotations, float)
    fingers = rotation.to_rotvec(before[:, reach.fingers])
    size = np.linalg.norm(fingers, axis=-1, keepdims=True)
    turns = before.copy()
    turns[:, reach.fingers] = rotation.from_rotvec(fingers / np.maximum(size, 1e-9) * (size + np.radians(70.0)))
    turns[::2] *= -1  # the same turns, written the other way
    reach.curl(turns)
    angle = rotation.angle(turns[:, reach.fingers])
    assert (angle <= reach.most + 1e-6).all() and (angle > reach.most - np.radians(8.0)).any()
    others = np.setdiff1d(np.arange(len(motion.skeleton)), reach.fingers)
    np.testing.assert_array_equal(np.abs(turns[:, others]), np.abs(before[:, others]))
    same = before.copy()
    reach.curl(same)
    easy = rotation.angle(before[:, reach.fingers]) < reach.most - np.radians(8.0)
    np.testing.assert_array_equal(same[:, reach.fingers][easy], before[:, reach.fingers][easy])


def test_palms_turn_no_further_than_they_can(teacher: Performance) -> None:
    motion = teacher.motion
    assert motion is not None
    for turn in (-2.0, 2.0):
        rotations = np.array(motion.rotations, float)
        for side in ("Left", "Right"):
            hand = motion.skeleton.index(f"{side}Hand")
            rotations[:, hand] = rotation.multiply(rotation.from_rotvec(np.array([turn, 0.0, 0.0])), rotations[:, hand])

        before = _pronation(motion, rotations)
        HandReach(motion.skeleton).pronate(rotations)
        after = _pronation(motion, rotations)
        beyond = {side: np.maximum(-angle, angle - 180) for side, angle in before.items()}
        assert max(b.max() for b in beyond.values()) > 20
        for side, angle in after.items():
            far = beyond[side] > 5
            assert np.maximum(-angle, angle - 180)[far].max(initial=0) < 1
            easy = beyond[side] < -10
            np.testing.assert_allclose(angle[easy], before[side][easy], atol=1e-6)


def _pronation(motion: Motion, rotations: np.ndarray) -> dict[str, np.ndarray]:
    angles = joint_angles(Body(Motion(motion.skeleton, rotations, motion.root, motion.fps)))
    return {side: angles[f"{side}_pronation"] for side in ("left", "right")}
