"""How a plan moves from one emotion to the next: exact values over time."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.emotion import EMOTION_INDEX, EmotionTrack
from gengine.emotion.plan import DEFAULT_FADE, SHORTEST_FADE, EmotionPlan, EmotionState, check_intensity
from gengine.errors import EmotionError

HAPPY, SAD = EMOTION_INDEX["happiness"], EMOTION_INDEX["sadness"]


def state(voice: float = 0.0, vad: tuple[float, float, float] = (0.0, 0.0, 0.0), **strengths: float) -> EmotionState:
    weights = np.zeros(18)
    for name, value in strengths.items():
        weights[EMOTION_INDEX[name]] = value
    return EmotionState(weights, np.array(vad), voice)


def happy(plan: EmotionPlan, *times: float) -> list[float]:
    return plan(np.array(times))[0][:, HAPPY].tolist()


@pytest.mark.parametrize(("fade", "lasts"), [(DEFAULT_FADE, 0.8), (2.0, 2.0), (0.4, 0.4), (0.0, 0.25)])
def test_a_fade_is_a_smoothstep_around_its_keyframe(fade, lasts):
    plan = EmotionPlan.keyframes([0, 5], [state(), state(happiness=1.0, voice=0.6, vad=(0.5, -0.5, 1.0))], fade)
    share = np.array([-0.1, 0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.1])
    # 3 u^2 - 2 u^3: slow at both ends, unlike a straight line (0.125, 0.25, ...)
    expected = np.array([0, 0, 0.04296875, 0.15625, 0.5, 0.84375, 1, 1])
    weights, vad, voice = plan(5 + (share - 0.5) * lasts)
    assert weights[:, HAPPY] == pytest.approx(expected, abs=1e-12)
    assert vad == pytest.approx(expected[:, None] * [0.5, -0.5, 1.0], abs=1e-12)
    assert voice == pytest.approx(0.6 * expected, abs=1e-12)


def test_a_fade_is_no_longer_than_the_keyframes_around_it_are_apart():
    plan = EmotionPlan.keyframes([0, 2.0, 2.5], [state(), state(happiness=1.0), state(sadness=1.0)], 0.8)
    assert happy(plan, 1.74, 1.75, 2.0, 2.25) == pytest.approx([0, 0, 0.5, 1])  # 0.5 s, as the next is near
    weights = plan(np.array([2.25, 2.375, 2.5, 2.75]))[0]
    assert weights[:, SAD] == pytest.approx([0, 0.15625, 0.5, 1])
    near = EmotionPlan.keyframes([0, 2.0, 2.1], [state(), state(happiness=1.0), state(sadness=1.0)], 0.8)
    assert happy(near, 1.875, 1.95) == pytest.approx([0, 0.216])  # never less than the shortest fade
    assert near(np.array([1.974, 1.976, 2.225]))[0][:, SAD] == pytest.approx([0, 0, 1], abs=1e-3)
    assert SHORTEST_FADE == 0.25 and DEFAULT_FADE == 0.8


def test_the_first_state_holds_before_its_time_and_the_last_for_good():
    plan = EmotionPlan.keyframes([1.0, 3.0], [state(happiness=0.4), state(happiness=0.8)])
    assert happy(plan, -5.0, 1.0, 2.0, 100.0) == pytest.approx([0.4, 0.4, 0.4, 0.8])
    assert happy(EmotionPlan.constant(state(happiness=0.3)), 0.0, 50.0) == [0.3, 0.3]
    weights, vad, voice = plan(np.zeros(0))
    assert weights.shape == (0, 18) and vad.shape == (0, 3) and voice.shape == (0,)


def test_windows_late_in_a_long_plan_read_the_same():
    times = np.arange(50) * 0.7
    plan = EmotionPlan.keyframes(times, [state(happiness=(k % 3) / 2) for k in range(50)])
    whole = plan(np.arange(0, 35, 0.01))[0]
    for first in (0, 1234, 3300):
        part = plan(np.arange(0, 35, 0.01)[first : first + 50])[0]
        assert part == pytest.approx(whole[first : first + 50], abs=1e-12)


def test_a_track_is_read_straight_and_held_at_its_end():
    weights = np.zeros((3, 18))
    weights[:, HAPPY] = 0.0, 0.5, 0.25
    track = EmotionTrack(weights, np.array([[0.0, 0, 0], [0.8, 0, 0], [-0.8, 0, 0]]), 2.0)
    plan = EmotionPlan.from_track(track)
    assert happy(plan, 0.0, 0.125, 0.25, 0.5, 0.75, 9.0) == pytest.approx([0, 0.125, 0.25, 0.5, 0.375, 0.25])
    assert plan(np.array([0.75]))[1][0, 0] == pytest.approx(0, abs=1e-7)
    strong = EmotionPlan.from_track(track, 2.0)
    assert happy(strong, 0.5, 1.0) == pytest.approx([1, 0.5]) and not strong.listens
    assert strong(np.array([0.5, 1.0]))[1][:, 0] == pytest.approx([1, -1])
    nothing = EmotionPlan.from_track(track[:0])
    assert not np.concatenate([v.ravel() for v in nothing(np.arange(3.0))]).any()


def test_states_scale_within_what_is_allowed():
    scaled = state(happiness=0.6, voice=0.7, vad=(0.8, -0.8, 0.1)).scaled(2.0)
    assert scaled.weights[HAPPY] == 1 and scaled.voice == 1
    assert scaled.vad == pytest.approx([1, -1, 0.2])
    weak = state(happiness=0.6, voice=0.7, vad=(0.8, -0.8, 0.1)).scaled(0.5)
    assert (weak.weights[HAPPY], weak.voice) == (0.3, 0.35) and weak.vad == pytest.approx([0.4, -0.4, 0.05])
    assert state(voice=0.3, vad=(0.1, 0.2, 0.3)).vector().tolist() == [*[0.0] * 18, 0.1, 0.2, 0.3, 0.3]
    assert not EmotionState.neutral().vector().any()


@pytest.mark.parametrize("value", [0, 1, 2, "0.5", 2.0])
def test_intensities_within_0_and_2_are_numbers(value):
    assert check_intensity(value) == float(value)


@pytest.mark.parametrize("value", [-0.01, 2.01, "much", None, float("nan"), [1]])
def test_other_intensities_are_errors(value):
    with pytest.raises(EmotionError, match="here: .*expected a number from 0"):
        check_intensity(value, "here")


@pytest.mark.parametrize(
    ("times", "states", "fade", "said"),
    [
        ([0, 1], np.zeros((3, 22)), 0.8, r"states \(3, 22\) do not fit 2 times"),
        ([0, 1], np.zeros((2, 21)), 0.8, "do not fit"),
        ([], np.zeros((0, 22)), 0.8, "do not fit 0 times"),
        ([0, 0], np.zeros((2, 22)), 0.8, "finite and rising"),
        ([0, np.inf], np.zeros((2, 22)), 0.8, "finite and rising"),
        ([0, 1], np.zeros((2, 22)), -0.1, "fade -0.1, expected seconds"),
        ([0, 1], np.zeros((2, 22)), np.nan, "fade nan"),
    ],
)
def test_plans_that_make_no_sense_are_errors(times, states, fade, said):
    with pytest.raises(EmotionError, match=said):
        EmotionPlan(np.array(times, float), states, fade)


def test_a_plan_cannot_be_changed_and_listens_where_any_state_does():
    plan = EmotionPlan.keyframes([0, 1], [state(), state(voice=0.1)])
    assert plan.listens and not EmotionPlan.constant(state(happiness=1.0)).listens
    with pytest.raises(ValueError, match="read-only"):
        plan.states[0, 0] = 1.0
