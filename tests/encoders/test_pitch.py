"""Pitch candidates, the path through them and the usual pitch."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.audio import SAMPLE_RATE
from gengine.encoders.pitch import FFT, TAPER, WINDOW, PitchMedian, PitchPath, pitch_candidates


def candidates(sound: np.ndarray) -> list[tuple[float, float]]:
    """(Hz, strength) of the candidates of one frame, the strongest first."""
    power = np.abs(np.fft.rfft(sound[None, :WINDOW] * TAPER, FFT)) ** 2
    lags = pitch_candidates(power.astype(np.float32))
    return [(8000 / lag[0], strength[0]) for lag, strength in zip(lags[::2], lags[1::2], strict=True)]


def voice(hertz: float) -> np.ndarray:
    time = np.arange(WINDOW) / SAMPLE_RATE
    return sum(np.cos(2 * np.pi * hertz * k * time) / k for k in range(1, 7))


@pytest.mark.parametrize("hertz", [75.0, 110.0, 163.0, 220.0, 311.0, 440.0])
def test_the_strongest_candidate_is_the_fundamental(hertz):
    (found, strength), *others = candidates(voice(hertz))
    assert found == pytest.approx(hertz, rel=0.004)
    assert strength > 0.9 and all(s <= 1 for _, s in others)


def test_noise_is_weak_and_silence_has_no_candidates():
    rng = np.random.default_rng(0)
    noise = [candidates(rng.standard_normal(WINDOW))[0][1] for _ in range(30)]
    assert np.median(noise) < 0.5
    assert [s for _, s in candidates(np.zeros(WINDOW))] == [0, 0, 0]


def lag(semitones: float) -> float:
    return 8000 / 2 ** (semitones / 12)


def test_a_path_stays_near_the_last_voiced_frame_for_a_while():
    path = PitchPath()
    assert path.choose([(lag(80.0), 0.9)]) == pytest.approx((80.0, 0.9))
    # an octave higher and stronger by less than the jump costs: 12 * 0.02 less a bonus of 0.048
    octave = [(lag(92.0), 0.9 + 0.18), (lag(80.0), 0.9)]
    assert path.choose(octave)[0] == pytest.approx(80.0)
    assert path.choose([(lag(92.0), 0.9 + 0.2), (lag(80.0), 0.9)])[0] == pytest.approx(92.0)
    fresh = PitchPath()
    fresh.choose([(lag(80.0), 0.9)])
    for _ in range(7):
        fresh.choose([(lag(100.0), 0.4)])  # unvoiced
    assert fresh.choose(octave)[0] == pytest.approx(80.0)
    late = PitchPath()
    late.choose([(lag(80.0), 0.9)])
    for _ in range(8):
        late.choose([(lag(100.0), 0.4)])
    assert late.choose(octave)[0] == pytest.approx(92.0)


def test_of_equal_candidates_the_higher_is_chosen_and_none_is_zero():
    assert PitchPath().choose([(lag(80.0), 0.6), (lag(92.0), 0.6)])[0] == pytest.approx(92.0)
    assert PitchPath().choose([(lag(80.0), 0.0)]) == (0, 0)


def test_the_usual_pitch_is_the_median_of_the_clearly_voiced():
    median = PitchMedian()
    assert median.follow(80.0, 0.75) == 80.0  # not clear: nothing is known yet
    assert [median.follow(p, 0.9) for p in (90.0, 84.0, 86.0)] == [90.0, 90.0, 86.0]
    assert median.follow(20.0, 0.5) == 86.0
    for _ in range(1000):
        last = median.follow(70.0, 0.9)
    assert last == 70.0 and len(median._sorted) == 1000
