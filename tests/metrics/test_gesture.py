"""The body measures: known motions give known numbers, real clips give the published ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import GengineError
from gengine.formats.bvh_reader import read_bvh
from gengine.metrics.gesture import describe, measure
from gengine.metrics.limbs import Body, find_rig
from gengine.metrics.units import UNIT_RATE, find_units, holds, stretches


def still(seconds: float = 4.0, fps: float = 60.0) -> Motion:
    """A T-pose that stands still."""
    frames = round(seconds * fps)
    rotations = np.zeros((frames, 75, 4))
    rotations[..., 0] = 1
    return Motion(beat_skeleton(), rotations, np.tile([0, 0.93, 0], (frames, 1)), fps)


def waving(degrees: float = 30.0, hertz: float = 1.0, seconds: float = 12.0, fps: float = 60.0) -> Motion:
    """Both upper arms hang and swing forward and back in a sine."""
    motion = still(seconds, fps)
    times = np.arange(len(motion)) / fps
    swing = np.radians(degrees) * np.sin(2 * np.pi * hertz * times)
    local = motion.rotations.astype(float)
    for side, down in (("Left", -90.0), ("Right", 90.0)):
        hang = rotation.from_axis_angle(np.array([0.0, 0, 1]), np.radians(down))
        forward = rotation.from_axis_angle(np.array([1.0, 0, 0]), -swing)
        local[:, motion.skeleton.index(f"{side}Arm")] = rotation.multiply(forward, hang)
    return Motion(motion.skeleton, local, motion.root, fps)


def test_a_swinging_arm_has_the_speed_reach_and_unit_rate_of_its_sine() -> None:
    found = measure(waving(30, 1.0))
    arm = 29.35 + 27.02
    peak = arm * np.radians(30) * 2 * np.pi  # cm/s at the sine's steepest point
    assert found["speed_max_left"] == pytest.approx(peak, rel=0.05)
    assert found["unit_rate"] == pytest.approx(2.0, abs=0.2)  # one forward and one back a second
    assert found["unit_peak_over_mean"] == pytest.approx(np.pi / 2, rel=0.05)
    assert found["unit_time_to_peak"] == pytest.approx(0.5, abs=0.05)
    assert found["reversal_share"] == 1.0
    assert found["left_right_correlation"] == pytest.approx(1.0, abs=0.01)
    assert found["two_hand_share"] == 1.0
    assert found["reach_p50_left"] == pytest.approx(1.0, abs=0.01)
    assert found["elbow_p90_left"] < 1.0
    assert found["one_hand_alone_share"] == 0.0


def test_a_still_body_has_no_speed_and_no_units() -> None:
    found = measure(still())
    assert found["speed_p90_left"] == pytest.approx(0, abs=1e-6)
    assert found["unit_rate"] == 0
    assert found["below_5"] == 1.0
    assert found["hold_share"] == pytest.approx(1.0, abs=0.02)
    assert math.isnan(found["unit_peak_p50"])
    assert found["outward_p50_left"] > 1.0  # T-pose: an arm length beyond the shoulder


def test_units_are_the_same_read_at_30_60_and_120_hz() -> None:
    rates = [measure(waving(25, 0.8, fps=fps)) for fps in (30.0, 60.0, 120.0)]
    for key in ("unit_rate", "unit_peak_p50", "unit_duration_p50", "acceleration"):
        values = [r[key] for r in rates]
        assert max(values) - min(values) < 0.06 * abs(np.mean(values)), key


def test_world_turning_does_not_change_body_measures() -> None:
    motion = waving()
    turn = rotation.from_axis_angle(np.array([0.0, 1, 0]), 2.0)
    local = motion.rotations.astype(float)
    local[:, 0] = rotation.multiply(turn, local[:, 0])
    turned = measure(Motion(motion.skeleton, local, motion.root, motion.fps))
    before = measure(motion)
    for key in ("speed_max_right", "height_p50_left", "forward_p50_left", "outward_p50_left", "wrist_std_forward"):
        assert turned[key] == pytest.approx(before[key], abs=1e-3), key


def test_find_units_splits_two_bumps_at_their_valley() -> None:
    times = np.arange(0, 2, 1 / UNIT_RATE)
    speed = 100 * np.abs(np.sin(np.pi * times))
    position = np.zeros((len(times), 3))
    position[:, 0] = np.cumsum(speed) / UNIT_RATE
    units = find_units(position, speed)
    assert len(units) == 2
    assert units.peak_time == pytest.approx([0.5, 1.5], abs=0.02)
    assert units.end[0] == pytest.approx(1.0, abs=0.05)
    assert units.chord[0] == pytest.approx(100 * 2 / np.pi, rel=0.03)


def test_holds_need_their_least_length() -> None:
    speed = np.full(120, 50.0)
    speed[10:15] = 1.0  # 0.08 s
    speed[40:70] = 1.0  # 0.5 s
    assert holds(speed) == pytest.approx([0.5])
    assert stretches(np.array([True, True, False, True]), 1.0).tolist() == [2.0, 1.0]


def test_every_row_has_a_meaning() -> None:
    assert [k for k in measure(waving()) if not describe(k)[1]] == []


@pytest.mark.parametrize("problem", ["short", "nan", "foreign"])
def test_what_cannot_be_measured_is_said(problem: str) -> None:
    motion = still()
    if problem == "short":
        motion = motion[:30]
    elif problem == "nan":
        broken = motion.rotations.copy()
        broken[3, 4] = np.nan
        motion = Motion(motion.skeleton, broken, motion.root, motion.fps)
    else:
        skeleton = Skeleton(("a", "b"), np.array([-1, 0]), np.zeros((2, 3)))
        motion = Motion(skeleton, np.tile([1.0, 0, 0, 0], (200, 2, 1)), np.zeros((200, 3)), 60.0)
    with pytest.raises(GengineError, match="expected|known"):
        measure(motion)


@pytest.mark.data
@pytest.mark.filterwarnings("ignore")
def test_real_clips_give_the_published_numbers(reference_data) -> None:
    zeggs = measure(read_bvh(next((reference_data / "bvh_misc").glob("zeggs*.bvh"))))
    for key, value in {
        "unit_rate": 1.62, "unit_duration_p50": 0.37, "unit_chord_p50": 21, "hold_share": 0.29,
        "speed_p50_right": 28.2, "speed_p90_right": 131, "acceleration": 450, "height_p50_right": -0.327,
        "left_right_correlation": 0.573, "wrist_std_up": 0.34, "head_yaw_std": 14.1, "swivel_p50_right": 66,
        "palm_up": 0.41, "reversal_share": 0.40, "pelvis_std_side": 8.9, "feet_moving_share": 0.07,
    }.items():  # fmt: skip
        assert zeggs[key] == pytest.approx(value, rel=0.07), key
    own = reference_data / "beat" / "2_scott_0_1_1" / "2_scott_0_1_1.bvh"
    beat = measure(read_bvh(own, fps=15.0)[1:957])
    for key, value in {
        "joint_upper_arm_speed": 70, "joint_forearm_rms": 40.4, "joint_hand_rms": 11.7, "finger_synergy": 0.85,
        "palm_in": 0.69, "height_p50_left": -0.775, "speed_p50_left": 43.0, "reach_p50_right": 0.80,
    }.items():  # fmt: skip
        assert beat[key] == pytest.approx(value, rel=0.06), key


@pytest.mark.data
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("folder", "pattern", "rig"),
    [("mocap_mpi", "000.bvh", "mpi"), ("mocap_styles", "*walk_normal*.bvh", "bandai"), ("bvh_misc", "zeggs*", "beat")],
)
def test_rigs_are_told_apart(reference_data, folder: str, pattern: str, rig: str) -> None:
    motion = read_bvh(sorted((reference_data / folder).glob(pattern))[0])
    assert find_rig(motion.skeleton)[0] == rig
    body = Body(motion)
    assert 40 < body.arm_length.mean() < 65
    assert (body.at("head") - body.at("hips"))[:, 1].mean() > 30
    left = body.seen(body.both("shoulder"))
    assert (left[:, 0, 0] > 0).all()
    assert (left[:, 1, 0] < 0).all()
