"""When lips close and touch, and how the gap is solved."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.conditions import Conditions
from gengine.core.emotion import EmotionTrack
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.core.speaker import Speaker
from gengine.networks.visemes.lip_contact import IdleLips, closure_curve, contact_curve, solve
from tests.networks.visemes.conftest import spell, voice

TIMES = np.arange(0, 1, 1 / 1000)
ONE = np.ones(len(TIMES))


def edges(curve: np.ndarray) -> list[float]:
    """Times in ms: last frame open, first and last fully closed, first open again."""
    closed, touched = np.flatnonzero(curve > 1 - 1e-9), np.flatnonzero(curve > 1e-9)
    return [touched[0] - 1, closed[0], closed[-1], touched[-1] + 1]


def test_a_closure_spans_its_phone():
    # an 80 ms P between two long vowels: closed from 8 ms after its start, at least 40 ms, parting within 110 ms
    curve = closure_curve(TIMES, np.array([[0.4, 0.48, 0.2, 0.2]]), ONE)
    assert edges(curve) == pytest.approx([400 + 8 - 9 - 52, 399, 439, 439 + 110], abs=1)
    assert curve[399 - 26] == pytest.approx(0.5, abs=0.03)


def test_a_long_closure_closes_late_and_a_short_one_borrows_from_its_neighbours():
    long = closure_curve(TIMES, np.array([[0.4, 0.6, 0.2, 0.2]]), ONE)
    assert edges(long)[1:3] == pytest.approx([550 - 75, 550], abs=1)
    # 60 ms: 42 ms are missing to 40 ms of hold, but short neighbours lend 40 % of themselves
    short = closure_curve(TIMES, np.array([[0.4, 0.46, 0.03, 0.05]]), ONE)
    assert edges(short)[1:3] == pytest.approx([408 - 12, 410 + 19], abs=1)


def test_a_short_vowel_before_a_closure_is_seen_open():
    curve = closure_curve(TIMES, np.array([[0.4, 0.48, 0.06, 0.2]]), ONE)
    first, closed, *_ = edges(curve)
    assert closed - first == pytest.approx(0.6 * 60, abs=2)
    hasty = closure_curve(TIMES, np.array([[0.4, 0.48, 0.01, 0.2]]), ONE)
    first, closed, *_ = edges(hasty)
    assert closed - first == pytest.approx(30, abs=2)


def test_wide_mouths_take_longer():
    closure, wide = np.array([[0.4, 0.48, 0.2, 0.2]]), 1.5 * ONE
    first, closed, parted, last = edges(closure_curve(TIMES, closure, wide))
    assert [closed - first, last - parted] == pytest.approx([78, 165], abs=2)
    first, closed, parted, last = edges(contact_curve(TIMES, closure, wide))
    assert [closed - first, last - parted] == pytest.approx([82.5, 127.5], abs=2)


def test_lips_that_are_far_apart_close_no_faster():
    closure, gap = np.array([[0.4, 0.48, 0.03, 0.2]]), np.full(len(TIMES), 16.0)
    hasty, paced = (closure_curve(TIMES, closure, ONE, *far) for far in ((), (gap,)))
    assert (np.diff(hasty).max() * 16 * 1000 > 600) and np.diff(paced).max() * 16 * 1000 == pytest.approx(280, rel=0.02)
    assert edges(paced)[1:] == edges(hasty)[1:]


def test_a_contact_holds_around_its_phones_centre():
    contact = contact_curve(TIMES, np.array([[0.4, 0.5, 1.0, 1.0]]), ONE)
    assert edges(contact) == pytest.approx([450 - 32 - 55, 450 - 32, 450 + 32, 450 + 32 + 85], abs=1)
    brief = contact_curve(TIMES, np.array([[0.4, 0.44, 1.0, 1.0]]), ONE)
    assert edges(brief)[1:3] == pytest.approx([420 - 25, 420 + 25], abs=1)


def test_of_several_contacts_the_nearest_counts_and_none_is_nothing():
    two = closure_curve(TIMES, np.array([[0.2, 0.28, 0.2, 0.2], [0.6, 0.68, 0.2, 0.2]]), ONE)
    assert two[[220, 620]].tolist() == [1.0, 1.0] and two[450] == 0.0
    assert not closure_curve(TIMES, np.zeros((0, 4)), ONE).any()
    assert not contact_curve(TIMES, np.zeros((0, 4)), ONE).any()


@pytest.fixture
def weights() -> np.ndarray:
    """A mouth with its jaw at 0.1 and upper lips raised by 0.1: a gap of 0.8 + 2.82 + 0.68 mm."""
    weights = np.zeros((1, 52))
    weights[0, ARKIT_INDEX["jawOpen"]] = 0.1
    weights[0, [ARKIT_INDEX["mouthUpperUpLeft"], ARKIT_INDEX["mouthUpperUpRight"]]] = 0.1
    return weights


def test_mouth_close_takes_exactly_what_the_gap_is(weights):
    model = SealModel.ict()
    assert model.gap_mm(weights)[0] == pytest.approx(4.3)
    half = weights.copy()
    solve(half, np.array([0.5]), np.zeros(1), model)
    assert half[0, ARKIT_INDEX["mouthClose"]] == pytest.approx(0.5 * 4.7 / 36.3)
    solve(weights, np.ones(1), np.zeros(1), model)
    assert model.gap_mm(weights)[0] == pytest.approx(-0.4)
    assert weights[0, ARKIT_INDEX["mouthClose"]] == pytest.approx(4.7 / 36.3)
    assert weights[0, ARKIT_INDEX["mouthUpperUpLeft"]] == 0.1


def test_beyond_the_jaw_lifted_lips_come_down_and_then_the_lower_one_up():
    model = SealModel.ict()
    lifted = np.zeros((1, 52))
    lifted[0, [ARKIT_INDEX["noseSneerLeft"], ARKIT_INDEX["noseSneerRight"]]] = 0.6
    gap = 0.8 + 2 * 0.6 * 3.1
    solve(lifted, np.ones(1), np.zeros(1), model)
    left = gap + 0.4 - 0.08 * 36.3  # mm that mouthClose, 0.08 beyond a shut jaw, cannot take
    assert lifted[0, ARKIT_INDEX["mouthClose"]] == pytest.approx(0.08)
    assert lifted[0, ARKIT_INDEX["noseSneerLeft"]] == pytest.approx(0.6 * (1 - left / (2 * 0.6 * 3.1)))
    assert model.gap_mm(lifted)[0] == pytest.approx(-0.4)
    stiff = SealModel(6.0, model.gap, model.width)
    flat = np.zeros((1, 52))
    solve(flat, np.ones(1), np.zeros(1), stiff)
    assert flat[0, ARKIT_INDEX["mouthShrugLower"]] == pytest.approx((6.4 - 0.08 * 36.3) / 6.2)
    assert stiff.gap_mm(flat)[0] == pytest.approx(-0.4)


def test_a_touch_rolls_the_lip_and_keeps_the_gap_between_its_limits(weights):
    model = SealModel.ict()
    solve(weights, np.zeros(1), np.ones(1), model)
    assert weights[0, ARKIT_INDEX["mouthRollLower"]] == pytest.approx(0.27)
    assert model.gap_mm(weights)[0] == pytest.approx(2.6)
    shut = np.zeros((1, 52))
    shut[0, ARKIT_INDEX["mouthRollLower"]] = 0.4
    solve(shut, np.zeros(1), np.ones(1), model)
    assert shut[0, ARKIT_INDEX["mouthRollLower"]] == 0.4
    assert model.gap_mm(shut)[0] == pytest.approx(1.3)
    assert shut[0, ARKIT_INDEX["mouthUpperUpLeft"]] == pytest.approx((1.3 - 0.8 + 0.96) / 6.8)


def test_a_seal_overrules_a_touch(weights):
    model = SealModel.ict()
    solve(weights, np.ones(1), np.ones(1), model)
    assert model.gap_mm(weights)[0] == pytest.approx(-0.4)
    assert weights[0, ARKIT_INDEX["mouthRollLower"]] == 0


def test_lips_press_on_each_other_half_a_millimetre_at_most():
    model = SealModel.ict()
    weights = np.zeros((1, 52))
    weights[0, ARKIT_INDEX["mouthClose"]] = 0.3
    solve(weights, np.zeros(1), np.zeros(1), model)
    assert model.gap_mm(weights)[0] == pytest.approx(-0.5)


def window(text: str, hop: float, length: float = 0.5) -> Conditions:
    phones = spell(text)
    end = phones[-1].end
    emotion = EmotionTrack(np.zeros((10, 18), np.float32), np.zeros((10, 3), np.float32), 100)
    return Conditions(
        0.0, hop, hop + length, end, True, voice(phones, end), phones, (), (), (), emotion, Speaker(), source="aligned"
    )


def idle(lips: IdleLips, at: float) -> np.ndarray:
    weights = np.zeros((1, 52))
    lips.add(weights, np.array([at]))
    return weights[0]


def test_lips_part_before_speech_but_not_before_a_bilabial():
    lips = IdleLips(0)
    lips.plan(window("sil:2 AA:0.5 sil:1", hop=1.5))
    parted = idle(lips, 1.95)  # they rise from 0.45 s before the speech for 0.35 s
    assert parted[ARKIT_INDEX["jawOpen"]] == pytest.approx(0.025)
    assert parted[ARKIT_INDEX["mouthLowerDownLeft"]] == pytest.approx(0.05)
    assert parted[ARKIT_INDEX["mouthLowerDownRight"]] == pytest.approx(0.05)
    assert not idle(lips, 2.31).any() and not idle(lips, 1.54).any()
    for text, hop in (
        ("sil:2 B:0.1 AA:0.5 sil:1", 1.5),  # a bilabial comes
        ("sil:0.5 AA:0.7 sil:0.8 AA:0.5 sil:1", 1.5),  # spoken 0.8 s before
        ("sil:4 AA:0.5 sil:1", 1.5),  # nothing comes yet
        ("sil:0.9 AA:0.5 sil:1", 0.4),  # too early in the recording
    ):
        closed = IdleLips(0)
        closed.plan(window(text, hop))
        assert not idle(closed, hop + 0.45).any(), text


@pytest.mark.parametrize("length", [0.1, 0.2, 0.5])
def test_lips_part_at_the_same_time_however_long_a_hop_is(length: float):
    lips, whole = IdleLips(0), IdleLips(0)
    times = np.arange(1.0, 6.5, 0.01)
    seen = []
    for hop in np.arange(1.0, 6.0, length):
        lips.plan(window("sil:2 AA:0.5 sil:1.5 S:0.2 AA:0.4 sil:2", float(hop), length))
        seen += [idle(lips, at) for at in times[(times >= hop - 1e-9) & (times < hop + length - 1e-9)]]
    whole.plan(window("sil:2 AA:0.5 sil:1.5 S:0.2 AA:0.4 sil:2", 1.0, 5.0))
    expected = [idle(whole, at) for at in times[: len(seen)]]
    np.testing.assert_allclose(seen, expected, atol=1e-12)
    parted = times[: len(seen)][np.array(expected)[:, ARKIT_INDEX["jawOpen"]] > 0.024]
    assert len(parted) > 10 and np.all((parted < 2.1) | (parted > 3.8))


def test_swallows_come_in_long_silences_only():
    def swallows(text: str) -> list[float]:
        lips, found = IdleLips(3), []
        end = spell(text)[-1].end
        for hop in np.arange(1.0, end - 1.5, 0.5):
            lips.plan(window(text, float(hop)))
            if idle(lips, hop + 0.35)[ARKIT_INDEX["mouthPressLeft"]] > 0.139:
                found.append(float(hop))
        return found

    times = swallows("sil:120 AA:0.2 sil:1")
    assert 8 <= times[0] <= 28.5
    assert all(20 <= b - a <= 45.5 for a, b in zip(times, times[1:], strict=False)) and len(times) >= 2
    assert swallows("AA:0.2 T AA:0.2 T " * 60) == []
