"""The grammar of emotion: what it accepts, what it means, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.emotion import EmotionPlan, look_up, parse_emotion
from gengine.emotion.vocabulary import prototypes
from gengine.errors import EmotionError

HAPPY, SURPRISED, SAD, NEUTRAL = (EMOTION_INDEX[n] for n in ("happiness", "surprise", "sadness", "neutral"))


def at(plan: EmotionPlan, time: float):
    weights, vad, voice = plan(np.array([time]))
    return weights[0], vad[0], voice[0]


def test_a_word_a_strength_and_a_mixture():
    for text, expected in (
        ("happy", {HAPPY: 1.0}),
        ("happy:0.6", {HAPPY: 0.6}),
        (" happy : .6 + surprised:0.3 ", {HAPPY: 0.6, SURPRISED: 0.3}),
        ("happy:0.6+sad", {HAPPY: 0.6, SAD: 1.0}),
        ({"happy": 0.6, "surprised": 0.3}, {HAPPY: 0.6, SURPRISED: 0.3}),
        ("happy:0.7+joy:0.7", {HAPPY: 1.0}),
        ("neutral", {NEUTRAL: 1.0}),
    ):
        weights, vad, voice = at(parse_emotion(text), 12.3)
        wanted = np.zeros(len(EMOTIONS))
        for i, w in expected.items():
            wanted[i] = w
        assert np.allclose(weights, wanted), text
        if text != "happy:0.7+joy:0.7":
            assert np.allclose(vad, np.clip(wanted @ prototypes()[0], -1, 1))
        assert voice == 0


def test_vad_points():
    weights, vad, _ = at(parse_emotion("vad:-0.6,-.3,-0.3"), 0)
    assert np.allclose(vad, [-0.6, -0.3, -0.3])
    assert weights.argmax() == SAD
    both = at(parse_emotion("vad:0.1,0.2,-0.1+happy:0.5"), 0)
    assert np.allclose(both[1], np.array([0.1, 0.2, -0.1]) + 0.5 * look_up("happy").vad)


def test_auto_is_a_share_of_the_voice():
    assert at(parse_emotion("auto"), 0)[2] == 1.0
    weights, _, voice = at(parse_emotion("auto:0.5+happy:0.3"), 0)
    assert voice == 0.5 and weights[HAPPY] == 0.3
    assert parse_emotion("auto").listens and not parse_emotion("happy").listens
    assert at(parse_emotion("auto", intensity=0.5), 0)[2] == 0.5


@pytest.mark.parametrize("name", EMOTIONS[1:])
def test_intensity_is_monotone_and_clipped(name):
    strengths = [at(parse_emotion(f"{name}:0.7", intensity=i), 0)[0][EMOTION_INDEX[name]] for i in np.linspace(0, 2, 9)]
    assert strengths[0] == 0 and strengths[-1] == 1.0
    below = [s for s in strengths if s < 1]
    assert (np.diff(below) > 0).all() and len(below) >= 5
    length = [np.linalg.norm(at(parse_emotion(name, intensity=i), 0)[1]) for i in (0, 0.5, 1)]
    assert length[0] < length[1] < length[2]
    with_strength = [at(parse_emotion(f"{name}:{s}"), 0)[0][EMOTION_INDEX[name]] for s in (0.1, 0.4, 0.9)]
    assert np.allclose(with_strength, (0.1, 0.4, 0.9))


def test_python_timelines():
    for value in (
        [(0, "happy"), (4, "sad:0.5")],
        {0: "happy", 4.0: "sad:0.5"},
        {"0": "happy", "0:04": "sad:0.5"},
        [{"time": 0, "emotion": "happy"}, {"time": "4", "emotion": {"sad": 0.5}}],
        [{"time": 0, "emotion": "happy", "intensity": 1}, {"time": 4, "emotion": "sad", "intensity": 0.5}],
    ):
        plan = parse_emotion(value)
        assert at(plan, 1)[0][HAPPY] == 1.0
        assert at(plan, 4)[0][HAPPY] == pytest.approx(0.5)
        assert at(plan, 6)[0][SAD] == pytest.approx(0.5) and at(plan, 6)[0][HAPPY] == pytest.approx(0)


def test_plans_and_tracks_pass_through():
    plan = parse_emotion("happy:0.4")
    assert parse_emotion(plan) is plan
    assert at(parse_emotion(plan, 2.0), 0)[0][HAPPY] == pytest.approx(0.8)
    weights = np.zeros((3, len(EMOTIONS)))
    weights[:, HAPPY] = (0, 1, 0.5)
    track = EmotionTrack(weights, np.zeros((3, 3)), 2.0)
    values = parse_emotion(track)(np.array([0, 0.25, 0.5, 9.0]))[0][:, HAPPY]
    assert np.allclose(values, (0, 0.5, 1, 0.5))


@pytest.mark.parametrize(("value", "message"), [
    ("hapy:0.5", "unknown word 'hapy'; did you mean 'happy'"),
    ("happy:1.5", "'happy:1.5' has strength '1.5', expected a number from 0 to 1"),
    ("happy:-0.2", "expected a number from 0 to 1"),
    ("happy:nan", "expected a number from 0 to 1"),
    ("happy:", "expected a number from 0 to 1"),
    ("happy:80%", "expected a number from 0 to 1"),
    ("happy+", "nothing beside a '\\+'"),
    ("+happy", "nothing beside a '\\+'"),
    (":0.5", "before a ':'"),
    ("", "empty"),
    ("vad:1,2", "each from -1 to 1"),
    ("vad:0,0,1.2", "each from -1 to 1"),
    ("vad:a,b,c", "valence,arousal,dominance"),
    (None, "expected text such as"),
    (7, "expected text such as"),
    ([], "at least one"),
    ([(1, "happy"), (1, "sad")], "keyframe 2: time 1 s does not come after 1 s"),
    ([(3, "happy"), (1, "sad")], "order the keyframes by time"),
    ([(-1, "happy")], "time -1, expected seconds from 0 on"),
    ([(float("nan"), "happy")], "expected seconds"),
    ([(0, "hapy")], "keyframe 1: unknown word 'hapy'"),
    ([0, 1], "expected a \\(time, emotion\\) pair"),
    ([{"time": 0}], "keyframe 1: lacks 'emotion'"),
    ([{"time": 0, "emotion": "sad", "strength": 1}], "unknown key 'strength'"),
    ([{"time": 0, "emotion": "sad", "intensity": 3}], "keyframe 1, intensity: 3, expected a number from 0"),
    ({"happy": 2}, "expected a number from 0 to 1"),
    ("missing.json", "missing.json: no such timeline"),
    (Path("timeline.txt"), "type .txt, expected .json, .csv"),
])  # fmt: skip
def test_what_is_wrong_is_said(value, message):
    with pytest.raises(EmotionError, match=message):
        parse_emotion(value)


@pytest.mark.parametrize("intensity", [-0.1, 2.1, float("nan"), "much", None])
def test_intensity_has_limits(intensity):
    with pytest.raises(EmotionError, match="intensity: .*expected a number from 0"):
        parse_emotion("happy", intensity)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="hapysd vad:+-.,0123456789auto\n", max_size=24))
def test_any_text_gives_a_plan_or_an_emotion_error(text):
    try:
        plan = parse_emotion(text)
    except EmotionError:
        return
    assert ((plan.states[:, :18] >= 0) & (plan.states[:, :18] <= 1)).all()
