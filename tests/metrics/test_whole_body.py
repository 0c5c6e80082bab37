"""Trunk and energy of a take: known motions give known numbers, real clips the published ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.metrics.limbs import Body
from gengine.metrics.whole_body import measure_whole_body
from tests.metrics.test_gesture import still, waving


def moved(
    motion: Motion,
    root: np.ndarray | None = None,
    yaw: np.ndarray | None = None,
    pitch: np.ndarray | None = None,
    joint: str = "Hips",
) -> dict[str, float]:
    """Rows of ``motion`` with the root displaced (m) and a joint turned by yaw and pitch (deg)."""
    turns = motion.rotations.astype(float)
    angles = np.zeros((len(motion), 3))
    for k, curve in enumerate((yaw, pitch)):
        if curve is not None:
            angles[:, k] = np.radians(curve)
    turns[:, motion.skeleton.index(joint)] = rotation.from_euler(angles, "YXZ")
    place = motion.root + (root if root is not None else 0)
    return measure_whole_body(Body(Motion(motion.skeleton, turns, place, motion.fps)))


TIMES = np.arange(round(16 * 60)) / 60


def test_a_turning_pelvis_counts_within_four_seconds() -> None:
    quick = moved(still(16.0), yaw=10 * np.sin(2 * np.pi * 0.5 * TIMES))
    assert quick["pelvis_yaw_std"] == pytest.approx(10 / np.sqrt(2), rel=0.03)
    slow = moved(still(16.0), yaw=10 * np.sin(2 * np.pi * TIMES / 64))
    assert slow["pelvis_yaw_std"] < 2.0
    assert moved(still(16.0))["pelvis_yaw_std"] == pytest.approx(0, abs=1e-6)


def test_the_way_of_the_pelvis_and_how_much_of_it_goes_up_and_down() -> None:
    wave = 0.05 * np.sin(2 * np.pi * 0.5 * TIMES)
    aside = moved(still(16.0), root=np.stack([wave, 0 * wave, 0 * wave], 1))
    assert aside["pelvis_travel"] == pytest.approx(4 * 5 * 0.5, rel=0.05) and aside["pelvis_vertical_share"] < 0.01
    both = moved(still(16.0), root=np.stack([wave, wave, 0 * wave], 1))
    assert both["pelvis_vertical_share"] == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_a_leaning_chest_has_speed_and_spread_wherever_it_leans_from() -> None:
    lean = 6 * np.sin(2 * np.pi * 0.5 * TIMES)
    for joint in ("Hips", "Spine1"):
        found = moved(still(16.0), pitch=lean, joint=joint)
        assert found["trunk_pitch_std"] == pytest.approx(6 / np.sqrt(2), rel=0.05)
        assert found["trunk_speed"] == pytest.approx(4 * 6 * 0.5, rel=0.1)


def test_nods_have_their_band() -> None:
    nod = moved(still(16.0), pitch=5 * np.sin(2 * np.pi * 0.75 * TIMES), joint="Head")
    slow = moved(still(16.0), pitch=5 * np.sin(2 * np.pi * 0.25 * TIMES), joint="Head")
    assert nod["head_pitch_power"] > 0.9 and slow["head_pitch_power"] < 0.1


def test_energy_that_comes_and_goes_varies() -> None:
    even = measure_whole_body(Body(waving(30, 1.0, 16.0)))
    motion = waving(30, 1.0, 16.0)
    calm = motion.rotations.copy()
    calm[480:] = calm[480:481]
    uneven = measure_whole_body(Body(replace(motion, rotations=calm)))
    assert even["energy_cv"] < 0.05 and uneven["energy_cv"] == pytest.approx(1.0, abs=0.1)
    assert even["speed_p99"] == pytest.approx(uneven["speed_p99"], rel=0.05)


def test_hands_that_swing_alike_mirror_each_other_and_never_hold() -> None:
    found = measure_whole_body(Body(waving(30, 1.0, 16.0)))
    assert found["mirrored_share"] == 1.0 and found["both_holds_per_min"] == 0
    resting = measure_whole_body(Body(still(16.0)))
    assert resting["both_holds_per_min"] == pytest.approx(60 / 16) and resting["pose_share"] == 1.0
    other = waving(30, 1.0, 16.0)
    turns = other.rotations.copy()
    left = other.skeleton.index("LeftArm")
    turns[30:, left] = turns[:-30, left]  # half a period later
    assert measure_whole_body(Body(replace(other, rotations=turns)))["mirrored_share"] < 0.1


def test_strokes_of_all_sizes_spread_more() -> None:
    seconds, fps = 24.0, 60.0
    sizes = np.repeat(np.random.default_rng(0).uniform(5, 60, 24), 60)
    motion = waving(30, 1.0, seconds, fps)
    mean = motion.rotations.mean(0)
    share = (sizes / 30)[:, None, None]
    turns = rotation.normalize(mean + share * (motion.rotations - mean))
    wide = measure_whole_body(Body(Motion(motion.skeleton, turns, motion.root, fps)))
    assert wide["stroke_log_std"] > measure_whole_body(Body(motion))["stroke_log_std"] + 0.2
