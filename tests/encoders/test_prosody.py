"""Prosody: the same whatever the chunking, right on known sounds, calm on bad ones."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import soxr

from gengine.core.conditions import Prosody
from gengine.encoders.prosody import ProsodyEncoder
from gengine.errors import AudioError

RATE = 16_000


def encode(samples, chunks=(16_000,)) -> Prosody:
    encoder, parts, at, i = ProsodyEncoder(), [], 0, 0
    while at < len(samples):
        size = chunks[i % len(chunks)]
        parts.append(encoder.push(samples[at : at + size]))
        at, i = at + size, i + 1
    parts.append(encoder.flush())
    return Prosody(**{k: np.concatenate([getattr(p, k) for p in parts]) for k in parts[0].__dict__})


def voice(seconds: float, hertz: float = 140.0, gain: float = 0.2, rate: float = 4.0) -> np.ndarray:
    """Harmonics with ``rate`` syllables per second: a stand-in for speech whose pitch and beats are known."""
    t = np.arange(int(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, 20))
    syllables = 0.02 + 0.98 * np.sin(np.pi * rate * t) ** 2
    return (gain * tone * syllables).astype(np.float32)


def noise(seconds: float, rms: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, rms, int(seconds * RATE)).astype(np.float32)


def test_any_chunking_gives_the_same_bits():
    sound = np.concatenate(
        [noise(0.7, 1e-3), voice(2.0) + noise(2.0, 1e-3), np.zeros(3000, np.float32), noise(0.5, 0.05)]
    )
    whole = encode(sound, (len(sound),))
    rng = np.random.default_rng(1)
    for largest in (40, 800, 9000):
        parts = encode(sound, tuple(rng.integers(1, largest, 50).tolist()))
        for name, curve in whole.__dict__.items():
            assert np.array_equal(curve, getattr(parts, name)), (largest, name)


@pytest.mark.parametrize("count", [0, 1, 159, 160, 161, 1599, 16_000])
def test_frames_cover_the_recording(count):
    assert len(encode(noise(1.0, 0.01)[:count])) == int(np.ceil(count / 160))


def test_latency_is_kept():
    sound = voice(3.0)
    encoder = ProsodyEncoder()
    settled = 0
    for at in range(0, len(sound), 400):
        settled += len(encoder.push(sound[at : at + 400]))
        known = min(at + 400, len(sound)) / RATE
        assert settled >= np.floor((known - ProsodyEncoder.LATENCY) * 100) - 1e-6
    assert ProsodyEncoder.LATENCY <= 0.15


@pytest.mark.parametrize("hertz", [75, 110, 180, 260, 380])
def test_pitch_of_a_known_voice(hertz):
    """A step of four semitones in the middle is seen as four semitones, and no octave is missed."""
    low, high = voice(3.0, hertz), voice(1.0, hertz * 2 ** (4 / 12))
    curve = encode(np.concatenate([low, high]))
    voiced = (curve.voicing > 0.6) & (np.arange(len(curve)) > 20)
    before, after = voiced[:290], voiced[305:]
    assert before.mean() > 0.5
    assert np.abs(curve.pitch[:290][before]).max() < 0.3
    assert np.median(curve.pitch[305:][after]) == pytest.approx(4.0, abs=0.3)


def test_level_and_activity_do_not_depend_on_the_gain():
    quiet, usual, loud = (encode(np.concatenate([noise(0.5, g * 1e-3), g * (voice(3.0) + noise(3.0, 1e-3))]))
                          for g in (0.012, 0.3, 1.0))  # fmt: skip
    for other in (quiet, loud):
        assert np.mean(other.speech == usual.speech) > 0.9
        peaks = [c.level[150:].reshape(-1, 25).max(1) for c in (other, usual)]
        assert np.abs(peaks[0] - peaks[1]).max() < 0.15
    peaks = usual.level[150:].reshape(-1, 25).max(1)
    assert 0.85 < peaks.mean() < 1.25


def test_energy_is_in_decibel_of_full_scale():
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    assert encode(tone.astype(np.float32)).energy[50] == pytest.approx(-9.03, abs=0.05)


def test_steady_noise_is_not_speech_for_long():
    hiss = encode(noise(4.0, 0.02))
    assert hiss.speech[60:].sum() == 0
    assert hiss.level[60:].max() < 0.3
    mixed = encode(np.concatenate([noise(2.0, 0.01), voice(2.0, gain=0.15) + noise(2.0, 0.01), noise(2.0, 0.01)]))
    assert mixed.speech[210:390].mean() > 0.8
    assert mixed.speech[60:195].sum() == 0 and mixed.speech[440:].sum() == 0


def test_whisper_is_speech_without_pitch():
    rng = np.random.default_rng(3)
    t = np.arange(3 * RATE) / RATE
    whisper = rng.normal(0, 0.02, len(t)) * (0.02 + np.sin(np.pi * 4 * t) ** 2)
    curve = encode(np.concatenate([noise(0.5, 1e-4), whisper.astype(np.float32)]))
    assert curve.speech[60:].mean() > 0.9
    assert (curve.pitch != 0).mean() < 0.05


def test_short_gaps_close_and_long_ones_stay():
    burst = voice(0.6, rate=0.8) + noise(0.6, 0.02)
    floor = noise(1.0, 1e-4)
    for gap, closed in ((0.09, True), (0.4, False)):
        sound = np.concatenate([floor, burst, floor[: int(gap * RATE)], burst, floor])
        speech = encode(sound).speech
        middle = speech[165 : 155 + int(gap * 100)]
        assert bool((middle == 1).all()) is closed


def test_a_hiss_is_sibilant_and_a_vowel_is_not():
    rng = np.random.default_rng(5)
    spectrum = np.fft.rfft(rng.normal(0, 1, RATE // 2))
    spectrum[: int(0.5 * 4500)] = 0
    hiss = 0.1 * np.fft.irfft(spectrum).astype(np.float32)
    curve = encode(np.concatenate([noise(0.5, 1e-4), voice(1.0), hiss, noise(0.3, 1e-4)]))
    assert curve.sibilance[170:190].min() > 0.8
    assert curve.sibilance[60:140].max() < 0.1
    assert curve.sibilance[:40].max() == 0


def test_digital_silence_is_all_zeros():
    curve = encode(np.zeros(2 * RATE, np.float32))
    assert (curve.energy == -90).all()
    for name in ("level", "speech", "pitch", "voicing", "sibilance"):
        assert not getattr(curve, name).any(), name


def test_clipped_and_offset_sound_stays_finite():
    sound = np.clip(voice(2.0) * 50, -1, 1) + np.float32(0.3)
    for curve in encode(sound).__dict__.values():
        assert np.isfinite(curve).all()
    assert encode(np.full(RATE, 0.5, np.float32)).speech[10:-10].sum() == 0


def test_bad_samples_are_refused():
    with pytest.raises(AudioError, match="mono"):
        ProsodyEncoder().push(np.zeros((10, 2)))
    with pytest.raises(AudioError, match="NaN"):
        ProsodyEncoder().push([0.0, float("nan")])
    encoder = ProsodyEncoder()
    encoder.flush()
    with pytest.raises(AudioError, match="flush"):
        encoder.push([0.0])


@pytest.mark.data
def test_real_speech_is_active_where_words_are(reference_data):
    samples, rate = soundfile.read(reference_data / "ljspeech/flac/LJ001-0002.flac", dtype="float32")
    curve = encode(soxr.resample(samples, rate, RATE).astype(np.float32), (5000, 123))
    assert curve.speech.mean() > 0.8
    assert 0.9 < np.percentile(curve.level, 90) < 1.2
