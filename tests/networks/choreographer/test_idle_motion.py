"""Weight, steps and breath: sizes, times and rates."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.conditions import Conditions
from gengine.core.speaker import STYLES, Speaker
from gengine.networks.choreographer.idle_motion import Breathing, WeightShift
from gengine.networks.choreographer.speech_context import SpeechContext
from gengine.networks.choreographer.style import MotionStyle

from .conftest import feeling, talk


def context(seconds: float, silences: tuple[tuple[float, float], ...] = (), **emotion: float) -> SpeechContext:
    prosody, syllables, _, _ = talk(seconds, silences)
    who = Speaker.named("conversational")
    conditions = Conditions(
        0.0, 0.0, seconds, seconds, True, prosody, (), (), syllables, (), feeling(seconds, **emotion), who
    )  # fmt: skip
    return SpeechContext(conditions, 1.5)


def shifts(style: str, seed: int = 0, silent: bool = False, seconds: float = 120.0) -> WeightShift:
    body = WeightShift(MotionStyle.of(STYLES[style]), seed)
    body.extend(context(seconds, ((0.0, seconds),) if silent else ()), seconds - 2.0)
    return body


def turns(body: WeightShift) -> int:
    """How often the weight changes its side."""
    at = body.weight.at(np.arange(0, 118, 0.05))[:, 0]
    return int((np.diff(np.sign(at - at.mean())) != 0).sum())


def test_standing_at_the_start() -> None:
    for seed in range(8):
        style = MotionStyle.of(STYLES["conversational"])
        body = WeightShift(style, seed)
        left, right = (foot.value for foot in body.feet)
        assert left[0] == style.stance / 2 and right[0] == -style.stance / 2
        assert abs(left[1]) == 0.015 and right[1] == -left[1]
        assert 8 <= np.degrees(left[2]) <= 13 and -13 <= np.degrees(right[2]) <= -8
        assert body.weight.value == pytest.approx([body.side * 0.6 * style.shift_size, 0])


def test_weight_shifts_mostly_in_speech_and_by_the_speakers_size() -> None:
    talking, silent = (
        np.mean([turns(shifts("conversational", s, quiet)) for s in range(4)]) for quiet in (False, True)
    )
    assert 20 < talking < 70 and silent < 0.75 * talking
    calm, lively = (
        np.std(shifts(name, 1).weight.at(np.arange(0, 118, 0.1))[:, 0]) for name in ("storyteller", "orator")
    )
    assert 0.01 < calm < 0.06 and calm < lively < 0.2


def test_steps_move_one_free_foot_to_a_possible_stance() -> None:
    body = shifts("orator", 3)
    times = np.arange(0, 118, 1 / 60)
    left, right = (foot.at(times) for foot in body.feet)
    lifts = np.concatenate([lift.at(times) for lift in body.lifts], 1)
    assert lifts.max() > 0.02 and lifts.min() > -1e-9 and lifts.max() < 0.12
    assert (lifts.min(1) < 1e-3).all()  # never both at once
    apart = left[:, 0] - right[:, 0]
    assert 0.15 < apart.min() and apart.max() < 0.40
    assert np.abs(left[:, 1] - right[:, 1]).max() < 0.18
    for foot, lift, yaw in ((left, lifts[:, 0], 1), (right, lifts[:, 1], -1)):
        speed = np.linalg.norm(np.diff(foot[:, :2], axis=0), axis=1) * 60
        assert speed[lift[1:] < 1e-6].max() < 0.12  # it travels in the air
        assert (yaw * np.degrees(foot[:, 2]) > 3).all() and (yaw * np.degrees(foot[:, 2]) < 20).all()
    assert (
        not np.ptp(np.concatenate([f.at(times) for f in shifts("storyteller", 0, True).feet], 1), axis=0).max() > 1e-9
    )


def test_breath_at_rest() -> None:
    """About 14 breaths a minute, in : out 1 : 1.2, between .2 and .75 of the lungs."""
    breath = Breathing(0)
    breath.extend(context(62.0, ((0.0, 62.0),)), 60.0)
    volume = breath.volume.at(np.arange(4, 60, 0.02))[:, 0]
    rising = np.diff(volume) > 1e-5
    starts = int((np.diff(rising.astype(int)) == 1).sum())
    assert 11 <= starts <= 16
    assert rising.mean() == pytest.approx(1 / 2.2, abs=0.06)
    assert 0.2 < volume.min() and volume.max() < 0.75


def test_breath_in_speech() -> None:
    """Speech lets air out slowly, a pause fills the lungs before the voice comes back."""
    breath = Breathing(1)
    breath.extend(context(12.0, ((5.0, 5.8),)), 10.0)
    at = dict(zip((1.0, 3.0, 4.9, 5.75, 9.5), breath.volume.at([1.0, 3.0, 4.9, 5.75, 9.5])[:, 0], strict=True))
    assert at[1.0] >= at[3.0] - 1e-6 and at[4.9] == pytest.approx(0.05, abs=0.01) and at[1.0] < 0.3
    assert at[5.75] > at[4.9] + 0.45 and at[9.5] < at[5.75]


def test_an_angry_stance_is_wide_and_a_fearful_one_narrow() -> None:
    """From the first frame on, and after steps; an emotion that comes later is stood in after the next steps."""
    wide = {}
    for emotion in ("neutral", "anger", "fear"):
        feet = []
        for seed in range(8):
            shift = WeightShift(MotionStyle.of(STYLES["conversational"]), seed)
            shift.extend(context(60.0, **({} if emotion == "neutral" else {emotion: 1.0})), 50.0)
            left, right = (foot.at(np.arange(0, 50, 0.5))[:, 0] for foot in shift.feet)
            feet.append(left - right)
        wide[emotion] = np.mean(feet, 0)
    first = {name: curve[0] for name, curve in wide.items()}
    assert first["anger"] > 1.15 * first["neutral"] > 1.3 * first["fear"]
    assert wide["anger"].mean() > 1.08 * wide["neutral"].mean() > 1.2 * wide["fear"].mean()
