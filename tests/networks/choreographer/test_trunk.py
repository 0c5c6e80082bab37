"""Pelvis and chest: what leans, turns and sways where, in degrees that the tables say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.speaker import STYLES
from gengine.networks.choreographer import trunk
from gengine.networks.choreographer.style import MotionStyle, body_expression

from .conftest import feeling, perform, talk

STYLE = MotionStyle.of(STYLES["conversational"])
TIMES = np.arange(120) / 60


def drive(**emotion: float) -> trunk.TrunkDrive:
    """A speaker who stands with hanging hands and feels ``emotion`` as the table's columns say."""
    plain = body_expression(np.zeros((len(TIMES), 18)), np.zeros((len(TIMES), 3)))
    feel = {name: values + emotion.get(name, 0.0) for name, values in plain.items()}
    still = np.zeros(len(TIMES))
    hands = np.tile([0.47, -0.9, 0.1], (len(TIMES), 2, 1))
    two = np.zeros((len(TIMES), 2))
    return trunk.TrunkDrive(feel, still, hands, two, two, two, np.zeros((len(TIMES), 5)), still, still, 56.0)


def angles(given: trunk.TrunkDrive) -> tuple[np.ndarray, np.ndarray, trunk.TrunkMotion]:
    """Pelvis and chest against pelvis in degrees of (yaw, pitch, roll) ``(T, 3)``, and the motion."""
    motion = trunk.pose(TIMES, trunk.TrunkNoise(0), STYLE, given)
    chest = motion.spine[:, 0]
    for k in (1, 2, 3):
        chest = rotation.multiply(chest, motion.spine[:, k])
    return tuple(np.degrees(rotation.to_euler(q, "YXZ")) for q in (motion.hips, chest)) + (motion,)  # type: ignore[return-value]


def change(**emotion: float) -> tuple[np.ndarray, np.ndarray, trunk.TrunkMotion, trunk.TrunkMotion]:
    """Mean change of pelvis and chest by an emotion, degrees, and the motions without and with it."""
    hips, chest, before = angles(drive())
    felt_hips, felt_chest, after = angles(drive(**emotion))
    return (felt_hips - hips).mean(0), (felt_chest - chest).mean(0), before, after


@pytest.mark.parametrize("lean", [8.0, -6.0])
def test_a_lean_tips_pelvis_and_chest_and_sets_the_pelvis_back(lean: float) -> None:
    """Positive leans forward: anger advances, fear retreats."""
    hips, chest, before, after = change(lean=lean)
    assert hips[1] == pytest.approx(0.55 * lean, abs=0.05)
    assert chest[1] == pytest.approx(0.45 * lean, abs=0.1)
    np.testing.assert_allclose(after.sideways[:, 2] - before.sideways[:, 2], -0.0022 * lean, atol=1e-9)
    np.testing.assert_allclose(after.sideways[:, :2], before.sideways[:, :2])


def test_a_bent_spine_bends_the_chest_alone() -> None:
    hips, chest, before, after = change(spine=10.0)
    assert chest[1] == pytest.approx(10.0, abs=0.2) and np.abs(hips).max() < 1e-9
    np.testing.assert_allclose(after.sideways[:, 2] - before.sideways[:, 2], -0.008, atol=1e-9)


def test_turning_away_is_shared_by_pelvis_and_chest() -> None:
    hips, chest, *_ = change(turn=5.0)
    away = trunk.TrunkNoise(0).away
    assert hips[0] == pytest.approx(3.0 * away, abs=0.02) and chest[0] == pytest.approx(3.0 * away, abs=0.1)


def test_hands_pull_the_chest() -> None:
    """Higher, further and more forward on one side: measured degrees per centimetre."""
    _, chest, _ = angles(drive())
    plain = drive()

    def moved(side: int, *step: float) -> np.ndarray:
        hands = plain.hands.copy()
        hands[:, side] += np.array(step) / plain.arm_cm
        return (angles(replace(plain, hands=hands))[1] - chest).mean(0)

    assert moved(0, 0, 20, 0)[2] == pytest.approx(3.6, abs=0.15)  # roll .18 deg per cm of extra height
    assert moved(1, 0, 20, 0)[2] == pytest.approx(-3.6, abs=0.15)
    assert moved(0, 0, 20, 0)[1] == pytest.approx(-0.8, abs=0.15)  # pitch -.08 per cm of mean height
    assert moved(0, 20, 0, 0)[0] == pytest.approx(2.8, abs=0.15)  # yaw .28 per cm of mean offset
    assert moved(1, 20, 0, 0)[0] == pytest.approx(-2.8, abs=0.15)
    assert moved(0, 0, 0, 20)[0] == pytest.approx(-3.6, abs=0.15)  # yaw -.18 per cm of lead


def test_weight_drops_the_free_hip_and_shoulders_stay_level() -> None:
    hips, chest, before = angles(drive())
    heavy = replace(drive(), weight=np.tile([0.06, 0.02], (len(TIMES), 1)))
    felt_hips, felt_chest, after = angles(heavy)
    assert (felt_hips - hips).mean(0)[2] == pytest.approx(-2.52, abs=0.05)
    assert (felt_hips - hips).mean(0)[1] == pytest.approx(-0.4, abs=0.05)
    assert (felt_chest - chest).mean(0)[2] == pytest.approx(0.6 * 2.52, abs=0.1)
    np.testing.assert_allclose(after.sideways - before.sideways, np.tile([0.06, 0.0, 0.02], (len(TIMES), 1)), atol=1e-9)


def test_the_pelvis_turns_with_the_weight_and_swings_with_strokes() -> None:
    hips, chest, before = angles(drive())
    count = (len(TIMES), 1)
    turned, _, _ = angles(replace(drive(), turn=np.tile([8.0, 3.0], count)))
    assert (turned - hips).mean(0) == pytest.approx([8.0, 3.0, 0.0], abs=0.05)
    swung, carried, after = angles(replace(drive(), swing=np.tile([4.0, 2.0, 1.0, 3.0, -2.0], count)))
    assert (swung - hips).mean(0) == pytest.approx([4.0, 2.0, 1.0], abs=0.1)
    assert (carried - chest).mean(0)[2] == pytest.approx(-0.6, abs=0.1)  # shoulders stay nearly level
    np.testing.assert_allclose(after.sideways - before.sideways, np.tile([0.03, 0.0, -0.02], count), atol=1e-9)


def test_the_neck_takes_back_most_of_what_the_trunk_does() -> None:
    """A face stays on its listener: of a turn of 20 deg a third is left, of a lean of 18 deg a seventh."""
    chest = rotation.from_euler(
        np.radians([[20.0, 3.0, 0.0], [0.0, 21.0, 0.0], [0.0, 3.0, 10.0], [0.0, 3.0, 0.0]]), "YXZ"
    )
    ahead = np.tile(rotation.IDENTITY, (4, 1))
    seen = rotation.multiply(chest, trunk.answer(chest, ahead))
    expected = [[7.0, 2.0, 0.0], [0.0, 4.7, 0.0], [0.0, 2.0, 4.0], [0.0, 2.0, 0.0]]
    np.testing.assert_allclose(np.degrees(rotation.to_euler(seen, "YXZ")), expected, atol=1e-6)
    nod = rotation.from_rotvec(np.radians([[12.0, 0.0, 0.0]]))
    nodded = rotation.multiply(chest[3:], trunk.answer(chest[3:], nod))
    assert np.degrees(rotation.to_euler(nodded, "YXZ"))[0, 1] == pytest.approx(14.0)


def test_breath_and_nods_pitch_the_chest() -> None:
    _, chest, _ = angles(drive())
    _, full, _ = angles(replace(drive(), breath=np.ones(len(TIMES))))
    _, nodding, _ = angles(replace(drive(), nod=np.full(len(TIMES), np.radians(3.0))))
    assert (full - chest)[:, 1].mean() == pytest.approx(-1.2, abs=0.02)
    assert (nodding - chest)[:, 1].mean() == pytest.approx(3.0, abs=0.05)


def test_standing_at_rest() -> None:
    """The pelvis tips 6 deg, the spine curves back by 4, and little moves."""
    hips, chest, motion = angles(drive())
    assert hips.mean(0)[1] == pytest.approx(6.0, abs=0.5) and chest.mean(0)[1] == pytest.approx(-4.0, abs=1.5)
    assert np.ptp(chest, axis=0).max() < 3 and np.abs(motion.dip).max() == 0
    lively = replace(drive(), liveliness=np.ones(len(TIMES)))
    _, talking, motion = angles(lively)
    assert np.ptp(talking, axis=0).max() > 1.5 * np.ptp(chest, axis=0).max()
    assert 0 < motion.dip.min() and motion.dip.max() < 0.0033


def test_the_neck_leans_and_the_head_is_exact() -> None:
    head = rotation.from_rotvec(np.radians([[10.0, 20.0, -5.0], [0.0, 0.0, 0.0]]))
    neck, neck1, skull = trunk.spread_head(head, head)
    whole = rotation.multiply(rotation.multiply(neck, neck1), skull)
    assert rotation.angle(whole, head).max() < 1e-7
    np.testing.assert_allclose(np.degrees(rotation.to_rotvec(neck[1])), [18.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(np.degrees(rotation.to_rotvec(neck1[1])), [6.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(np.degrees(rotation.to_rotvec(skull[1])), [-24.0, 0.0, 0.0], atol=1e-9)
    turned = rotation.multiply(neck[0], rotation.from_axis_angle([1.0, 0, 0], -np.radians(18.0)))
    np.testing.assert_allclose(rotation.to_rotvec(turned), 0.36 * np.radians([10.0, 20.0, -5.0]), atol=1e-9)


def test_an_angry_body_advances_and_a_fearful_one_retreats() -> None:
    """The whole body, as it is seen: the chest over the feet."""

    def lean(**emotion: float) -> float:
        motion = perform(talk(6.0), seed=1, emotion=feeling(6.0, **emotion))
        at, _ = motion.forward()
        find = motion.skeleton.index
        way = (at[:, find("Spine3")] - at[:, find("Hips")])[120:].mean(0)
        return float(np.degrees(np.arctan2(way[2], way[1])))

    plain = lean()
    assert lean(anger=1.0) > plain + 5 and lean(fear=1.0) < plain - 1
