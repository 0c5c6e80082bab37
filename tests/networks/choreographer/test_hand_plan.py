"""One hand: places within reach, units that turn, go on or hold, resting places, and speeds that arms have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core.speaker import STYLES
from gengine.networks.choreographer.fingers import shape
from gengine.networks.choreographer.gesture_forms import PALMS, HandPose
from gengine.networks.choreographer.hand_plan import SHOULDER_OUT, HandPlan, MovementUnit
from gengine.networks.choreographer.style import EmotionStyle, MotionStyle

CALM = EmotionStyle.at(np.zeros(18), np.zeros(3))
ARM_CM = 56.0


def hand(side: int = 1, style: str = "conversational", draw: float = 0.9) -> HandPlan:
    return HandPlan(side, MotionStyle.of(STYLES[style]), draw, ARM_CM)


def busy(style: str = "conversational", at: tuple[float, float, float] = (0.5, -0.4, 0.5)) -> HandPlan:
    """A hand that has come to ``at`` by 1 s."""
    made = hand(style=style)
    made.move(MovementUnit(1.0, np.array(at)), HandPose(at), CALM)
    return made


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((0.5, -0.4, 0.5), (0.5, -0.4, 0.5)),  # free places stay
        ((0.1, -0.3, 0.1), (0.1, -0.3, 0.30)),  # not in the trunk
        ((0.6, -0.3, -0.2), (0.6414, -0.3487, 0.0465)),  # not behind the back, and not too near the shoulder
        ((0.3, -0.8, 0.2), (0.47, -0.8, 0.2)),  # beside the thigh
        ((0.2, -0.8, 0.5), (0.2, -0.8, 0.5)),  # before it
        ((0.0, 0.1, 0.5), (0.42, 0.1, 0.5)),  # beside the face
    ],
)
def test_reachable_places(asked: tuple[float, ...], given: tuple[float, ...]) -> None:
    np.testing.assert_allclose(hand().reachable(np.array(asked)), given, atol=1e-3)


def test_places_are_within_the_arms_reach() -> None:
    places = np.random.default_rng(0).normal(0, 1.0, (2000, 3))
    made = hand().reachable(places)
    reach = np.linalg.norm(made - [SHOULDER_OUT, 0, 0], axis=1)
    assert reach.min() >= 0.46 - 1e-9 and reach.max() <= 0.955 + 1e-9
    assert (made[:, 2] > 0).all()


def test_forms_are_scaled_and_shifted_by_speaker_and_emotion() -> None:
    one = hand()
    middle = np.array([0.40, -0.40, 0.46])
    lift = 0.6 * (one.style.centre[1, 1] + 0.46)
    np.testing.assert_allclose(one.place(middle, CALM), middle + [0, lift, 0])
    size = 1.25  # the most that a speaker's chord makes of a form
    far = middle + [0.1, 0.2, 0.0]
    np.testing.assert_allclose(one.place(far, CALM) - one.place(middle, CALM), [0.1 * size, 0.2 * size, 0.0])
    moved = replace(CALM, out=0.1, height=0.2, ahead=-0.1)
    np.testing.assert_allclose(one.place(far, moved) - one.place(far, CALM), [0.07, 0.14, -0.07])
    small = one.place(far, replace(CALM, amp=0.5)) - one.place(middle, replace(CALM, amp=0.5))
    np.testing.assert_allclose(small[:2], np.sqrt(33 / 40) * 0.5**0.25 * np.array([0.1, 0.2]))
    huge = one.place(far, replace(CALM, amp=9.0)) - one.place(middle, replace(CALM, amp=9.0))
    np.testing.assert_allclose(huge[:2], 1.25 * np.array([0.1, 0.2]))


def test_resting_places() -> None:
    """Hands lie together, hang, or hang bent by the same draw; fear brings them before the breast."""
    share = 1.25 - 1.5 * 0.6
    assert hand(draw=share - 0.01).rest_name == "together" and hand(draw=share + 0.01).rest_name == "hang"
    assert hand(draw=0.5 + 0.5 * share + 0.01).rest_name == "ready"
    np.testing.assert_allclose(hand(draw=0.5).rest(CALM), [0.47, -0.945, 0.12], atol=0.02)
    left, right = (hand(side, draw=0.0).rest(CALM) for side in (0, 1))
    assert right[1] > left[1] and right[2] > left[2] + 0.05
    np.testing.assert_allclose(left[:2], [0.19, -0.62], atol=0.02)
    afraid = replace(CALM, tremor=1.0, self_touch=0.35)
    np.testing.assert_allclose(hand(0).rest(afraid), [0.17, -0.40, 0.47], atol=0.03)
    half = hand(0).rest(replace(CALM, tremor=0.5))
    assert -0.80 < half[1] < -0.45
    changed = hand(draw=0.5)
    names = set()
    for seed in range(10):
        changed.choose_rest(np.random.default_rng(seed))
        names.add(changed.rest_name)
    assert names == {"hang", "ready"}


def test_units_reverse_go_on_or_turn_as_measured() -> None:
    """52 % of neighbours reverse, 12 % go on in conversation."""
    intents = [busy()._intent(CALM, np.random.default_rng(s)) for s in range(1500)]
    style = hand().style
    assert intents.count("hold") / 1500 == pytest.approx(style.hold_share, abs=0.03)
    left = 1 - style.hold_share
    assert intents.count("reverse") / 1500 == pytest.approx(0.54 * left, abs=0.04)
    assert intents.count("through") / 1500 == pytest.approx(0.12 * left, abs=0.03)
    slow = replace(CALM, hold=2.0, rate=0.5)
    held = [busy()._intent(slow, np.random.default_rng(s)) for s in range(800)].count("hold") / 800
    assert held == pytest.approx(style.hold_share * 2**0.8 * 0.5**-0.7, abs=0.05)


@pytest.mark.parametrize(("intent", "sign"), [("reverse", -1), ("through", 1)])
def test_the_next_unit_goes_where_the_last_one_meant(intent: str, sign: int) -> None:
    cosines, lengths = [], []
    for seed in range(200):
        one = busy()
        one.intent, one.last = intent, np.array([0.0, 0.2, 0.1])
        unit = one.beat(1.5, 12.0, CALM, np.random.default_rng(seed))
        way = unit.at - one.wrist.value
        cosines.append(way @ one.last / np.linalg.norm(way) / np.linalg.norm(one.last))
        lengths.append(np.linalg.norm(way) * ARM_CM)
        assert unit.time == 1.5
    assert np.median(cosines) * sign > 0.7
    assert np.median(lengths) == pytest.approx(12.0, rel=0.25)


def test_the_other_hand_goes_alike() -> None:
    like, cosines = np.array([0.1, 0.25, 0.0]), []
    for seed in range(200):
        one = busy()
        way = one.beat(1.5, 12.0, CALM, np.random.default_rng(seed), like=like, alike=0.75).at - one.wrist.value
        cosines.append(way @ like / np.linalg.norm(way) / np.linalg.norm(like))
    assert np.median(cosines) > 0.5


def test_a_chop_goes_down_and_stops_then_up() -> None:
    one = busy()
    one.last = np.array([0.0, 0.2, 0.0])
    down = one.beat(1.4, 18.0, CALM, np.random.default_rng(0), chop=True)
    assert down.intent == "hold" and down.at[1] < one.wrist.value[1] - 0.2 and not down.velocity.any()
    one.last = np.array([0.0, -0.2, 0.0])
    up = one.beat(1.4, 18.0, CALM, np.random.default_rng(0), chop=True)
    assert up.intent == "reverse" and up.at[1] > one.wrist.value[1] + 0.2


def test_units_hand_over_with_speed() -> None:
    """Reversals leave aside and pull back, units that go on keep 55 % of the mean speed ahead."""
    one = busy()
    at = one.wrist.value + [0.0, 0.2, 0.1]
    way, speed = at - one.wrist.value, np.linalg.norm([0.0, 0.2, 0.1]) / 0.5
    back = one._finish(1.5, at, 0.5, CALM, np.random.default_rng(0), "reverse")
    assert back.acceleration @ way < 0 and abs(back.velocity @ way) < 1e-9
    np.testing.assert_allclose(back.acceleration, -0.75 * 4.6 * way / 0.25)
    assert 0.05 * speed <= np.linalg.norm(back.velocity) <= 0.9 * speed
    assert back.bow @ way == pytest.approx(0, abs=1e-12) and np.linalg.norm(back.bow) > 0.01
    assert back.bow @ back.velocity < 0  # the loop closes to the side that the arc bulged to
    on = one._finish(1.5, at, 0.5, CALM, np.random.default_rng(0), "through")
    np.testing.assert_allclose(on.velocity, 0.55 * way / 0.5)
    turn = one._finish(1.5, at, 0.5, CALM, np.random.default_rng(0), "turn")
    assert turn.velocity @ way > 0 and turn.velocity @ turn.bow < 0
    held = one._finish(1.5, at, 0.5, CALM, np.random.default_rng(0), "hold")
    assert not held.velocity.any() and not held.acceleration.any()


def test_hands_move_no_faster_than_hands_can() -> None:
    one = busy(at=(0.5, -0.5, 0.5))
    one.move(MovementUnit(1.05, np.array([0.6, 0.2, 0.6])), HandPose((0, 0, 0), "up", "fist", 30.0, 10.0, 5.0), CALM)
    way = np.linalg.norm([0.1, 0.7, 0.1]) * ARM_CM
    assert one.wrist.end == pytest.approx(1.0 + way / 165.0)
    np.testing.assert_allclose(one.last, [0.1, 0.7, 0.1])
    one.move(MovementUnit(0.0, one.wrist.value + 1e-4), HandPose((0, 0, 0)), CALM)
    assert one.wrist.end == pytest.approx(1.0 + way / 165.0 + 0.09)
    times = np.arange(0, one.palm.end, 1 / 60)
    assert np.degrees(np.abs(np.diff(one.palm.at(times)[:, 0])) * 60).max() < 1.9 * 265 + 5
    times = np.arange(0, one.fingers.end, 1 / 60)
    assert np.degrees(np.abs(np.diff(one.fingers.at(times), axis=0)) * 60).max() < 1.9 * 138 + 5


def test_poses_reach_palm_elbow_and_fingers() -> None:
    one = busy()
    one.turn(3.0, HandPose((0, 0, 0), "up", "fist", 20.0, -8.0, 10.0, 12.0), replace(CALM, elbow=5.0))
    swivel = one.style.swivel
    expected = [np.radians(84.0), np.radians(15.0) - 0.75 * swivel + swivel, *np.radians([20.0, -8.0, 12.0])]
    np.testing.assert_allclose(one.palm.value, expected)  # a forearm turns no further than 84 deg
    one.turn(6.0, HandPose((0, 0, 0), "in"), CALM)
    assert one.palm.value[:2] == pytest.approx([np.radians(PALMS["in"]), swivel])
    one.grip(6.0, 0.4, "fist")
    np.testing.assert_allclose(one.fingers.value, shape("fist"))
    assert one.fingers.at([5.6 - 1e-6])[0] == pytest.approx(shape("relaxed"), abs=1e-6)


def test_stillness_settles_drifts_and_goes_home() -> None:
    one = busy()
    one.wrist.to(1.4, one.wrist.value + 0.1, [0.5, 0.0, 0.0])
    one.stay(3.0)
    times = np.arange(1.4, 3.0, 0.01)
    path = one.wrist.at(times)
    assert np.ptp(path[30:], axis=0).max() < 1e-9 and 0.01 < path[-1, 0] - path[0, 0] < 0.1
    before = one.wrist.end
    one.stay(before + 0.01)
    assert one.wrist.end == before  # too short to count
    one.drift(4.0, 4.0, np.random.default_rng(0))
    assert 0.005 < np.linalg.norm(one.wrist.value - path[-1]) < 0.2 and one.wrist.end == 4.0
    one.go_home(4.1, CALM, np.random.default_rng(0))
    assert one.home and one.wrist.end == pytest.approx(4.3)  # no faster than .3 s
    assert np.linalg.norm(one.wrist.value - one.rest(CALM)) < 0.05
    one.yield_to(5.0, np.random.default_rng(0))
    assert np.ptp(one.wrist.at(np.arange(4.35, 5.0, 0.05)), axis=0).max() < 1e-9
    one.fill(7.0)
    assert one.wrist.end == one.palm.end == one.fingers.end == 7.0


def test_phrases_have_places_of_their_own() -> None:
    centres = []
    for seed in range(400):
        one = hand(1)
        one.new_phrase(np.random.default_rng(seed), replace(CALM, out=0.1))
        centres.append(one.centre)
    own = hand(1).style.centre[1] + [0.1, 0, 0]
    low = min(1.3 * float(hand(1).style.low[1]), 1)
    np.testing.assert_allclose(np.mean(centres, 0), own + low * np.array([-0.02, -0.26, -0.14]), atol=0.03)
    both = [hand(side) for side in (0, 1)]
    for one in both:
        one.new_phrase(np.random.default_rng(3), replace(CALM, symmetric=1.0))
    assert abs(both[0].centre[0] - both[1].centre[0]) < 0.021
    raised = hand(1)._low(replace(CALM, height=0.2))
    assert raised == pytest.approx(hand(1)._low(CALM) * np.exp(-1.0))
    assert hand(1)._low(replace(CALM, tremor=1.25)) == pytest.approx(0.1 * hand(1)._low(CALM))
