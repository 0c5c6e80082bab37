"""Where hands may not be: exact distances, and nothing moves that is already outside."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.constraints.body_limits import (
    HEAD_RADIUS,
    PALM_AT,
    PALMS_APART,
    RANGES_DEG,
    TIP_AT,
    TORSO_RADIUS,
    WRISTS_APART,
    BodySpace,
    outside_capsule,
    outside_sphere,
    soft_clip,
    soft_floor,
    soft_range,
)  # fmt: skip

AHEAD = np.array([[0.0, 0.0, 1.0]])


def space(heading: np.ndarray = AHEAD) -> BodySpace:
    """A body 1.7 m high that faces ahead: pelvis at 0.95 m, neck at 1.45, head at 1.65, thighs hanging."""
    thighs = np.array([[[[0.1, 0.93, 0.0], [-0.1, 0.93, 0.0]]], [[[0.1, 0.5, 0.0], [-0.1, 0.5, 0.0]]]])
    low, top, skull = (np.array([[0.0, height, 0.0]]) for height in (0.95, 1.45, 1.65))
    return BodySpace(low, top, skull, thighs, 0.43, heading)


def hands(left: list[float], right: list[float], along: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> np.ndarray:
    """Wrists after clearing, with both hands pointing ``along``."""
    wrists = np.array([[left, right]])
    return space().clear(wrists, wrists, np.broadcast_to(along, (1, 2, 3)))[0]


@pytest.mark.parametrize("height", [1.0, 1.2])
def test_hands_that_meet_are_moved_apart(height: float) -> None:
    """Both hands at one place: the left one goes left and the right one right, by half of a palm's room each."""
    left, right = hands([0.0, height, 0.4], [0.0, height, 0.4])
    assert left[0] - right[0] == pytest.approx(PALMS_APART, abs=0.012) and left[0] - right[0] >= PALMS_APART
    assert left[0] == pytest.approx(-right[0])
    np.testing.assert_allclose(left[1:], [height, 0.4], atol=1e-9)


def test_crossed_hands_come_back_to_their_sides_and_pass_in_front() -> None:
    left, right = hands([-0.1, 1.1, 0.4], [0.1, 1.1, 0.4])
    assert left[0] - right[0] > WRISTS_APART
    over, under = hands([-0.02, 1.3, 0.45], [0.02, 1.05, 0.45])  # far above each other
    assert over[0] == pytest.approx(-0.02, abs=1e-3) and under[0] == pytest.approx(0.02, abs=1e-3)


def test_hands_apart_are_left_alone() -> None:
    left, right = hands([0.3, 1.1, 0.4], [-0.3, 1.1, 0.4])
    np.testing.assert_allclose(left, [0.3, 1.1, 0.4], atol=1e-6)
    np.testing.assert_allclose(right, [-0.3, 1.1, 0.4], atol=1e-6)


def test_separation_follows_the_body() -> None:
    """A body that faces +X has its left at -Z."""
    wrists = np.array([[[0.4, 1.1, 0.0], [0.4, 1.1, 0.0]]])
    turned = BodySpace(*(getattr(space(), n) for n in ("low", "top", "skull", "thighs", "thigh")), AHEAD[:, [2, 1, 0]])
    left, right = turned.clear(wrists, wrists, np.broadcast_to([1.0, 0.0, 0.0], (1, 2, 3)))[0]
    assert left[2] < right[2] - PALMS_APART + 1e-9


def test_wrists_keep_off_trunk_and_head() -> None:
    wrists = np.array([[[0.05, 1.2, 0.02], [0.0, 1.65, 0.1]]])
    out = space().off_trunk(wrists, 0.07)[0]
    assert np.hypot(out[0, 0], out[0, 2]) == pytest.approx(TORSO_RADIUS + 0.07, abs=0.01)
    assert out[0, 1] == pytest.approx(1.2)
    assert np.linalg.norm(out[1] - [0.0, 1.65, 0.0]) == pytest.approx(HEAD_RADIUS + 0.07, abs=0.012)
    far = np.array([[[0.5, 1.2, 0.3], [-0.5, 1.2, 0.3]]])
    np.testing.assert_allclose(space().off_trunk(far, 0.07), far, atol=1e-6)


def test_finger_tips_stay_out_of_trunk_and_thighs() -> None:
    """Hands before the belly that point at it are pulled back; hanging hands are put beside the thighs."""
    left, _ = hands([0.05, 1.2, 0.3], [-0.6, 1.2, 0.3], (0.0, 0.0, -1.0))
    assert np.hypot(left[0], left[2] - TIP_AT) >= TORSO_RADIUS + 0.032 - 1e-9
    left, right = hands([0.12, 0.85, 0.05], [-0.12, 0.85, 0.05], (0.0, -1.0, 0.0))
    assert left[0] - 0.1 == pytest.approx(0.137, abs=0.01) and right[0] == pytest.approx(-left[0])
    before, _ = hands([0.12, 0.85, 0.35], [-0.12, 0.85, 0.35], (0.0, -1.0, 0.0))
    assert before[0] == pytest.approx(0.12, abs=1e-3)
    high, _ = hands([0.12, 1.25, 0.3], [-0.12, 1.25, 0.3], (0.0, -1.0, 0.0))
    assert high[0] == pytest.approx(0.12, abs=2e-3)
    assert 0 < PALM_AT < TIP_AT


def test_capsule_and_sphere_push_straight_out() -> None:
    low, high = np.array([[0.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]])
    points = np.array([[0.1, 0.5, 0.0], [0.0, 1.2, 0.0], [0.0, -0.1, 0.1], [2.0, 0.5, 0.0]])
    out = outside_capsule(points, low, high, 0.3)
    np.testing.assert_allclose(out[0], [0.3, 0.5, 0.0], atol=1e-6)
    np.testing.assert_allclose(out[1], [0.0, 1.3, 0.0], atol=1e-5)
    np.testing.assert_allclose(out[2, 1] / out[2, 2], -1.0)
    np.testing.assert_allclose(out[3], points[3], atol=1e-9)
    np.testing.assert_allclose(outside_sphere(np.array([[0.0, 0.0, 0.1]]), low, 0.4), [[0.0, 0.0, 0.4]], atol=1e-6)


def test_soft_limits() -> None:
    x = np.linspace(-3, 3, 601)
    y = soft_clip(x, -1.0, 1.0, 0.25)
    assert (np.abs(y) <= 1).all() and (np.diff(y) >= 0).all()
    np.testing.assert_allclose(y[np.abs(x) <= 0.75], x[np.abs(x) <= 0.75], atol=1e-12)
    assert y[0] == pytest.approx(-1, abs=1e-5) and y[-1] == pytest.approx(1, abs=1e-5)
    assert soft_clip(1.0, -1.0, 1.0, 0.25) == pytest.approx(0.75 + 0.25 * np.tanh(1.0))
    assert soft_clip(-1.0, -1.0, 1.0, 0.25) == pytest.approx(-0.75 - 0.25 * np.tanh(1.0))
    floor = soft_floor(x, 0.5, 0.1)
    assert (floor > 0.5).all() and floor[-1] == pytest.approx(3.0) and floor[0] == pytest.approx(0.5)
    assert soft_floor(0.5, 0.5, 0.1) == pytest.approx(0.5 + 0.1 * np.log(2))
    low, high = np.radians(RANGES_DEG["wrist_radial"])
    assert (
        low <= soft_range(-2.0, "wrist_radial") < low + 0.02 and high >= soft_range(2.0, "wrist_radial") > high - 0.02
    )
    assert soft_range(0.0, "wrist_radial") == 0
