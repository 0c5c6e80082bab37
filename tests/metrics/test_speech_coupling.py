"""Coupling tells motion on the accents from the same motion moved in time."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import beat_skeleton
from gengine.core.words import Phone
from gengine.errors import GengineError
from gengine.metrics.limbs import Body
from gengine.metrics.speech_coupling import (
    coupling,
    onset_response,
    pauses,
    silence_motion,
    stressed_onsets,
    unit_times,
)

ONSETS = np.cumsum(np.random.default_rng(3).uniform(0.9, 2.2, 30))


def strokes(onsets: np.ndarray, seconds: float, lead: float = 0.05) -> Motion:
    """Hanging arms that swing in alternating directions, fastest ``lead`` seconds before each onset."""
    fps = 60.0
    times = np.arange(round(seconds * fps)) / fps
    angle = np.zeros(len(times))
    for i, onset in enumerate(onsets):
        angle += (-1) ** i * 0.35 * (1 + np.tanh((times - onset + lead) / 0.12))
    local = np.zeros((len(times), 75, 4))
    local[..., 0] = 1
    skeleton = beat_skeleton()
    for side, down in (("Left", -90.0), ("Right", 90.0)):
        hang = rotation.from_axis_angle(np.array([0.0, 0, 1]), np.radians(down))
        swing = rotation.from_axis_angle(np.array([1.0, 0, 0]), -angle)
        local[:, skeleton.index(f"{side}Arm")] = rotation.multiply(swing, hang)
    return Motion(skeleton, local, np.tile([0, 0.93, 0], (len(times), 1)), fps)


def test_strokes_on_accents_beat_chance_and_show_their_lead() -> None:
    motion = strokes(ONSETS, ONSETS[-1] + 2)
    found = coupling(Body(motion), ONSETS)
    assert found["coupling_share"] > 0.95
    assert found["coupling_share"] > found["coupling_chance"] + 0.4
    assert found["coupling_p"] < 0.02
    assert found["coupling_lag"] == pytest.approx(-0.05, abs=0.02)


def test_strokes_at_other_times_sit_at_chance() -> None:
    motion = strokes(ONSETS, ONSETS[-1] + 2)
    other = np.sort(np.random.default_rng(8).uniform(0, ONSETS[-1], 30))
    found = coupling(Body(motion), other)
    assert abs(found["coupling_gain"]) < 0.2


def test_the_response_peaks_before_the_onset() -> None:
    motion = strokes(ONSETS, ONSETS[-1] + 2, lead=0.1)
    lags, ratio = onset_response(Body(motion), ONSETS)
    assert lags[np.argmax(ratio)] == pytest.approx(-0.1, abs=0.05)
    with pytest.raises(GengineError, match="no onset"):
        onset_response(Body(motion), [900.0])


def test_too_little_to_say_says_nothing() -> None:
    assert coupling(Body(strokes(ONSETS[:2], 6)), ONSETS[:2]) == {}


def test_stress_comes_from_symbol_or_field_and_function_words_drop_out() -> None:
    phones = [Phone("DH", 0, 0.1), Phone("AH1", 0.1, 0.2), Phone("B", 0.2, 0.3), Phone("IH", 0.3, 0.4, 1)]
    assert stressed_onsets(phones) == [0.1, 0.3]
    assert stressed_onsets(phones, [("the", 0, 0.2), ("big", 0.2, 0.5)]) == [0.3]


def test_pauses_and_motion_in_them() -> None:
    speech = np.ones(600)
    speech[200:400] = 0
    speech[500:550] = 0
    assert pauses(speech, 100) == [(2.0, 4.0)]
    moving = strokes(np.arange(0.5, 10, 0.7), 10.0)
    quiet = strokes(np.array([0.5, 1.2, 7.0, 8.0, 9.0]), 10.0)
    assert silence_motion(moving, [(3.0, 6.0)])["silence_share"] > 0.6
    assert silence_motion(quiet, [(3.0, 6.0)])["silence_share"] < 0.05
    assert silence_motion(quiet, []) == {}


def test_unit_times_are_the_strokes() -> None:
    times = unit_times(strokes(ONSETS[:6], ONSETS[5] + 2, lead=0.0))
    assert len(times) == 12  # both hands
    assert np.abs(times[::2] - ONSETS[:6]).max() < 0.03


@pytest.mark.data
@pytest.mark.filterwarnings("ignore")
def test_a_real_speaker_is_coupled_to_stressed_words(reference_data) -> None:
    from gengine.formats.bvh_reader import read_bvh
    from gengine.inputs.text import read_text

    clip = reference_data / "beat" / "2_scott_0_1_1"
    motion = read_bvh(clip / "2_scott_0_1_1.bvh", fps=15.0)[1:957]
    words = read_text(clip / "2_scott_0_1_1.TextGrid").track
    assert words is not None
    onsets = stressed_onsets(words.phones, [(w.text, w.start, w.end) for w in words.words])
    found = coupling(Body(motion), onsets)
    assert 0.05 < found["coupling_gain"] < 0.25
    assert found["coupling_p"] < 0.02
    moved = coupling(Body(motion), (np.array(onsets) + 7.0) % motion.duration)
    assert moved["coupling_gain"] < found["coupling_gain"] - 0.05
