"""Noise floor, syllable peak and voice activity, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.encoders.loudness import LoudnessRange, NoiseFloor, SyllablePeak, VoiceActivity


def floor_after(*stretches: tuple[float, int, float]) -> NoiseFloor:
    """A floor that followed stretches of (loudness, frames, pitch strength)."""
    floor, first = NoiseFloor(), True
    for loudness, frames, strength in stretches:
        for _ in range(frames):
            floor.follow(loudness, strength, restarted=first)
            first = False
    return floor


def test_the_first_floor_is_low():
    assert floor_after((-70.0, 1, 0.0)).value == pytest.approx(-70.0)
    assert floor_after((-30.0, 1, 0.9)).value == -58.0


def test_a_steady_unvoiced_sound_is_noise_at_once_and_a_vowel_is_not():
    assert floor_after((-40.0, 90, 0.2)).value == pytest.approx(-40.0, abs=1.0)
    assert floor_after((-40.0, 90, 0.9)).value == -58.0


def test_the_floor_falls_by_halves_and_rises_slowly():
    floor = floor_after((-40.0, 200, 0.2))
    before = floor.value
    floor.follow(-60.0, 0.2, restarted=False)
    smooth = -40.0 + 0.4 * (-60.0 + 40.0)
    assert floor.value == pytest.approx(before + 0.5 * (smooth - before), abs=0.05)
    low = floor_after((-60.0, 300, 0.2), (-20.0, 200, 0.9))
    assert low.value == pytest.approx(-60.0, abs=0.5)  # the least of the last 2.5 s
    start = floor_after((-60.0, 300, 0.2), (-20.0, 276, 0.9)).value
    later = floor_after((-60.0, 300, 0.2), (-20.0, 286, 0.9)).value
    assert 0 < later - start <= 8.0 + 1e-9  # at most 0.8 dB a frame


def test_the_peak_starts_above_the_floor_and_settles_near_the_usual_syllable():
    peak = SyllablePeak()
    peak.follow(-60.0, -60.0)
    assert peak.value == pytest.approx(-36.0 - 0.002)
    for frame in range(600):
        peak.follow(-20.0 if frame % 20 < 8 else -35.0, -60.0)
    assert -24 < peak.value < -19


def test_the_peak_rises_by_its_rate_and_sinks_in_silence():
    peak = SyllablePeak()
    peak.follow(-20.0, -60.0)
    assert peak.value == pytest.approx(-36.0 + 16.0 / 3)
    before = peak.value
    peak.follow(-20.0, -60.0)
    assert peak.value == pytest.approx(before + (-20.0 - before) / 3.15)
    before = peak.value
    peak.follow(-54.5, -60.0)
    assert peak.value == pytest.approx(before - 0.002)
    before = peak.value
    peak.follow(-40.0, -60.0)
    fall = 0.07 + 0.4 * np.exp(-2 / 12)
    assert peak.value == pytest.approx(before - fall / 3.3 * (before + 40.0))
    peak.follow(-20.0, -30.0)
    assert peak.value >= -30.0 + 14.0


def test_what_is_far_below_the_peak_is_no_syllable_once_it_is_known():
    peak = SyllablePeak()
    for _ in range(60):
        peak.follow(-20.0, -80.0)
    before = peak.value
    peak.follow(-60.0, -80.0)
    assert peak.value == pytest.approx(before - 0.02)


def test_levels_lie_between_floor_and_peak():
    loudness = LoudnessRange(window=5)
    assert not loudness.known
    for _ in range(5):
        assert loudness.follow(-70.0, 0.0)
    assert not loudness.known  # windows that still hold what was before
    loudness.follow(-70.0, 0.0)
    assert loudness.known
    loudness.floor.value, loudness.peak.value = -60.0, -20.0
    assert loudness.level(-20.0) == 1 and loudness.level(-58.5) == 0
    assert loudness.level(-39.25) == pytest.approx(0.5)
    loudness.floor.value = -90.0
    assert loudness.level(-65.0) == 0  # 45 dB below the peak
    assert not loudness.follow(-88.0, 0.0)
    loudness.learning = False
    for _ in range(20):
        loudness.follow(-10.0, 0.0)
    assert (loudness.floor.value, loudness.peak.value) == (-90.0, -20.0)


def test_speech_starts_and_stops_at_different_levels():
    activity = VoiceActivity()
    levels = {0.5: False, 0.51: True, 0.4: True, 0.36: True, 0.35: False, 0.45: False}
    assert {level: activity.hear(level) for level in levels} == levels


def decisions(sounds: str) -> str:
    """What is decided of frames that sound (#) or do not (.), with ten frames in sight."""
    activity, flags = VoiceActivity(), [c == "#" for c in sounds] + [False] * 10
    return "".join("#" if activity.decide(flags[i], flags[i + 1 : i + 11]) else "." for i in range(len(sounds)))


def test_clicks_do_not_count_and_speech_hangs_over():
    assert decisions("..##......") == "." * 10
    assert decisions("..###" + "." * 10) == "..###" + "#" * 7 + "." * 3
    assert decisions("###...#...." + "." * 8) == "#" * 14 + "." * 5  # a click right after speech belongs to it


def test_gaps_that_end_in_sight_are_closed():
    assert decisions("###" + "." * 14 + "###") == "#" * 20
    assert decisions("###" + "." * 15 + "###") == "#" * 21
    assert decisions("###" + "." * 16 + "###") == "#" * 10 + "." * 9 + "###"
    assert decisions("###" + "." * 12 + "##.....") == "#" * 10 + "." * 12  # only a click comes
