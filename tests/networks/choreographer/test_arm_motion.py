"""Small life of arms and hands: tremor, loose wrists, opening hands, elbows of low hands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core import rotation
from gengine.networks.choreographer import arm_motion, fingers

COUNT = 60


def planned(**changed: np.ndarray) -> arm_motion.PlannedHands:
    """Both hands before the body, still."""
    still = np.zeros((COUNT, 2, 3))
    path = np.tile([0.5, -0.3, 0.6], (COUNT, 2, 1))
    base = arm_motion.PlannedHands(path, path, still, still, np.zeros((COUNT, 2, 5)), np.zeros((COUNT, 2, 19)))
    return replace(base, **changed)


def life(**changed: np.ndarray) -> arm_motion.SmallLife:
    none = np.zeros(COUNT)
    emotion = dict.fromkeys(("open", "fist", "shoulder", "round"), none)
    base = arm_motion.SmallLife(np.zeros((COUNT, 2, 3)), np.zeros((COUNT, 10)), none, none, none, emotion, 1.0)
    return replace(base, **changed)


def torso() -> arm_motion.Torso:
    place = np.zeros((COUNT, 3))
    return arm_motion.Torso(place, np.zeros((2, COUNT, 2, 3)), np.tile(rotation.IDENTITY, (COUNT, 1)), place, place)


def test_tremor_shakes_five_to_eight_times_a_second() -> None:
    times = np.arange(0, 20, 0.001)
    shaking = arm_motion.tremor(times)
    crossings = (np.diff(np.sign(shaking)) > 0).sum() / 20
    assert crossings == pytest.approx(6.3, abs=0.1) and 0.9 < np.abs(shaking).max() <= 1.0
    assert np.abs(shaking[1000:]).max() > 0.9 and np.sqrt((shaking**2).mean()) == pytest.approx(0.55, abs=0.06)


def test_a_body_faces_where_its_chest_does() -> None:
    turned = replace(torso(), chest=np.tile(rotation.from_axis_angle([0.0, 1.0, 0.0], np.pi / 2), (COUNT, 1)))
    np.testing.assert_allclose(turned.heading[0], [1.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(turned.left[0], [0.0, 0.0, -1.0], atol=1e-12)
    np.testing.assert_allclose(torso().left[0], [1.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(turned.beyond((0.0, 0.2, 0.1))[0], [0.1, 0.2, 0.0], atol=1e-12)


def test_low_and_near_hands_carry_their_elbows_low() -> None:
    def swivel(*place: float, habit: float = 0.4) -> float:
        posture = np.zeros((COUNT, 2, 5))
        posture[..., 1] = habit
        return float(arm_motion._swivel(planned(path=np.tile(place, (COUNT, 2, 1)), posture=posture))[0, 0])

    assert swivel(0.5, -0.35, 0.85) == pytest.approx(0.4)  # an outstretched hand keeps the habit
    assert swivel(0.5, 0.2, 0.9) == pytest.approx(0.6 * 0.4)  # a raised one loses 40 %
    assert swivel(0.5, -0.36, 0.1) == pytest.approx(0.7 * 0.4)  # one near the shoulder 30 %
    wide = swivel(0.5, -0.75, 0.6, habit=1.2)
    assert wide == pytest.approx(np.radians(32.0), abs=0.06)  # low hands: at most so much


def test_loose_wrists_trail_along_the_palms_normal() -> None:
    facing = np.tile([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], (COUNT, 1, 1))  # palms inward
    trail = np.zeros((COUNT, 2, 3))
    trail[..., 0] = 0.3  # hands move outward
    hands = arm_motion._loose_wrists(planned(trail=trail), life(), torso(), facing)
    still = arm_motion._loose_wrists(planned(), life(), torso(), facing)
    assert np.degrees(rotation.angle(still)).max() < 1e-4
    assert np.degrees(rotation.angle(hands)) == pytest.approx(np.degrees(0.3), abs=0.01)
    up = np.zeros((COUNT, 2, 3))
    up[..., 1] = 0.3
    rising = arm_motion._loose_wrists(planned(trail=up), life(), torso(), facing)
    assert np.degrees(rotation.angle(rising)) == pytest.approx(np.degrees(0.55 * 0.3), abs=0.01)
    level = np.tile([0.0, 1.0, 0.0], (COUNT, 2, 1))  # palms up: all of it is flexion
    assert np.degrees(rotation.angle(arm_motion._loose_wrists(planned(trail=up), life(), torso(), level))) == (
        pytest.approx(np.degrees(0.3), abs=0.01)
    )


def test_hands_open_on_the_way_out_and_with_joy_and_close_in_anger() -> None:
    def curl(hands: arm_motion.PlannedHands, small: arm_motion.SmallLife) -> float:
        return float((arm_motion.finger_shapes(hands, small)[0, 0] / fingers.SYNERGY)[0])

    out = np.zeros((COUNT, 2, 3))
    out[..., 0], out[..., 1] = 1.0, 0.5
    assert curl(planned(), life()) == 0
    assert curl(planned(velocity=out), life()) == pytest.approx(-0.5 * np.tanh(0.65))
    assert curl(planned(velocity=-out), life()) == pytest.approx(0.5 * np.tanh(0.65))
    ones = np.ones(COUNT)
    joy = life(emotion={"open": ones, "fist": 0 * ones})
    rage = life(emotion={"open": 0 * ones, "fist": 2 * ones})
    assert curl(planned(), joy) == pytest.approx(-0.25) and curl(planned(), rage) == pytest.approx(0.15)
    noise = np.zeros((COUNT, 10))
    noise[:, 8] = 1.0
    assert curl(planned(), life(fine=noise)) == pytest.approx(0.5 * 0.35)
    assert curl(planned(), life(fine=noise, lively=ones)) == pytest.approx(0.5)
