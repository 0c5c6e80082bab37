"""Impossible bodies are named: bent-back elbows, hands in the trunk, sliding feet, jumps."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import beat_skeleton
from gengine.metrics.joint_limits import joint_angles, limit_excess
from gengine.metrics.limbs import Body
from gengine.metrics.safety import inspect, penetration

FRAMES, FPS = 90, 30.0


def pose(**turns: tuple[tuple[float, float, float], float]) -> Motion:
    """Hanging arms, then joints turned: ``LeftForeArm=((0, 1, 0), -90)`` in degrees about an axis."""
    skeleton = beat_skeleton()
    local = np.zeros((FRAMES, 75, 4))
    local[..., 0] = 1
    for side, down in (("Left", -80.0), ("Right", 80.0)):
        local[:, skeleton.index(f"{side}Arm")] = rotation.from_axis_angle(np.array([0.0, 0, 1]), np.radians(down))
    for joint, (axis, degrees) in turns.items():
        i = skeleton.index(joint)
        turn = rotation.from_axis_angle(np.array(axis, float), np.radians(degrees))
        local[:, i] = rotation.multiply(local[:, i], turn)
    return Motion(skeleton, local, np.tile([0, 0.93, 0], (FRAMES, 1)), FPS)


def test_hanging_arms_are_safe() -> None:
    found = inspect(pose())
    assert found.finite
    assert found.limits == []
    assert max(found.depth.values()) == 0
    assert found.jumps["joint_speed_max"] == 0
    assert found.sliding["slide_max"] == pytest.approx(0, abs=1e-6)


def test_anatomical_angles_have_their_signs() -> None:
    bent = joint_angles(Body(pose(LeftForeArm=((0, 1, 0), -90), RightForeArm=((0, 1, 0), 90))))
    for side in ("left", "right"):
        assert bent[f"{side}_elbow"] == pytest.approx(90, abs=0.1)
        assert bent[f"{side}_shoulder_rotation"] == pytest.approx(0, abs=12)  # forearms point forward
        assert bent[f"{side}_pronation"] == pytest.approx(90, abs=1)  # palms that faced the thighs face each other
    for side, sign in (("Left", -1), ("Right", 1)):
        wrist = joint_angles(Body(pose(**{f"{side}Hand": ((0, 0, 1), sign * 40)})))
        assert wrist[f"{side.lower()}_wrist_bend"] == pytest.approx(40, abs=0.1)
        curl = joint_angles(Body(pose(**{f"{side}HandIndex2": ((0, 0, 1), sign * 60)})))
        assert curl[f"{side.lower()}_Index_pip"] == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize(
    ("turns", "name"),
    [
        ({"LeftForeArm": ((0, 1, 0), 120)}, "left_shoulder_rotation"),  # an elbow that bends backwards
        ({"RightHand": ((0, 0, 1), -100)}, "right_wrist_bend"),
        ({"Head": ((0, 1, 0), 120)}, "neck_turn"),
        ({"LeftHandRing2": ((0, 0, 1), 40)}, "left_Ring_pip"),
        ({"RightLeg": ((1, 0, 0), -40)}, "right_knee"),
    ],
)
def test_a_joint_beyond_its_range_is_named(turns: dict, name: str) -> None:
    found = limit_excess(Body(pose(**turns)))
    assert name in [e.name for e in found]
    worst = next(e for e in found if e.name == name)
    assert worst.share == 1.0
    assert worst.worst > 5


def test_a_hand_in_the_belly_has_depth_and_in_front_of_it_none() -> None:
    skeleton = beat_skeleton()

    def depth_at(forward: float) -> float:
        motion = pose(RightForeArm=((0, 1, 0), 90))
        local = motion.rotations.astype(float)
        # Bring the forearm across the trunk: turn the upper arm about its own length.
        i = skeleton.index("RightArm")
        local[:, i] = rotation.multiply(
            rotation.from_axis_angle(np.array([1.0, 0, 0]), np.radians(-forward)),
            rotation.multiply(
                rotation.from_axis_angle(np.array([0.0, 0, 1]), np.radians(80)),
                rotation.from_axis_angle(np.array([1.0, 0, 0]), np.radians(80)),
            ),
        )
        return float(penetration(Body(Motion(skeleton, local, motion.root, FPS)))["trunk"].max())

    assert depth_at(-10) > 3
    assert depth_at(55) == 0


def test_a_popped_frame_is_found_at_its_time() -> None:
    motion = pose()
    local = motion.rotations.astype(float)
    local[45, motion.skeleton.index("LeftForeArm")] = rotation.from_axis_angle(np.array([0.0, 1, 0]), -0.8)
    found = inspect(Motion(motion.skeleton, local, motion.root, FPS))
    assert found.jumps["joint_acceleration_max"] > 20_000
    assert found.jump_time["joint_acceleration_max"] == pytest.approx(1.5, abs=0.07)
    assert found.jump_joint["joint_acceleration_max"] == "left_elbow"
    assert found.jumps["wrist_jump_max"] > 10


def test_a_body_that_glides_slides_and_one_that_stands_does_not() -> None:
    motion = pose()
    root = motion.root.copy()
    root[:, 0] = np.arange(FRAMES) / FPS * 0.2
    gliding = inspect(Motion(motion.skeleton, motion.rotations, root, FPS))
    assert gliding.sliding["slide_mean"] == pytest.approx(20, rel=0.02)


def test_nan_is_told_apart_from_motion() -> None:
    motion = pose()
    root = motion.root.copy()
    root[3] = np.nan
    assert not inspect(Motion(motion.skeleton, motion.rotations, root, FPS)).finite
