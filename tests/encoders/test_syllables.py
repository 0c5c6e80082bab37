"""Syllables: one per bump or vowel, accents where the voice is stronger, the same in any chunking."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import soxr

from gengine.core.conditions import Prosody
from gengine.core.words import Phone
from gengine.encoders.prosody import ProsodyEncoder
from gengine.encoders.syllables import SyllableEncoder, is_vowel

RATE = 16_000


def speech(strengths, hertz=None, lengths=None) -> np.ndarray:
    """Harmonic syllables 0.25 s apart with given amplitudes, pitches and lengths, after 0.5 s of quiet."""
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 1e-4, int((0.5 + 0.25 * len(strengths) + 0.5) * RATE))
    for i, strength in enumerate(strengths):
        length = lengths[i] if lengths else 0.12
        t = np.arange(int(length * RATE)) / RATE
        f = hertz[i] if hertz else 130.0
        tone = sum(np.sin(2 * np.pi * f * k * t) / k for k in range(1, 16)) * np.sin(np.pi * t / length) ** 0.5
        at = int((0.55 + 0.25 * i) * RATE)
        sound[at : at + len(t)] += 0.15 * strength * tone
    return sound.astype(np.float32)


def prosody_of(sound) -> Prosody:
    encoder = ProsodyEncoder()
    a, b = encoder.push(sound), encoder.flush()
    return Prosody(**{k: np.concatenate([getattr(a, k), getattr(b, k)]) for k in a.__dict__})


def syllables_of(prosody, phones=None, sizes=(10_000,)):
    """Push ``prosody`` in pieces, each phone with the piece in which it ends; also when each one came out."""
    encoder, found, at, i = SyllableEncoder(), [], 0, 0
    while at < len(prosody):
        last = at + sizes[i % len(sizes)]
        new = None if phones is None else tuple(p for p in phones if at < p.end * 100 <= last)
        found += [(s, min(last, len(prosody)) / 100) for s in encoder.push(prosody[at:last], new)]
        at, i = last, i + 1
    return found + [(s, np.inf) for s in encoder.flush()]


def test_every_bump_is_a_syllable():
    found = [s for s, _ in syllables_of(prosody_of(speech([1.0] * 12)))]
    assert len(found) == 12
    expected = 0.55 + 0.25 * np.arange(12)
    assert np.abs([s.onset for s in found] - expected).max() < 0.05
    assert all(0.04 <= s.end - s.onset <= 0.2 for s in found)


@pytest.mark.parametrize("cue", ["loudness", "pitch", "length"])
def test_the_stronger_syllable_is_the_accent(cue):
    strong = [i % 3 == 1 for i in range(24)]
    sound = speech(
        [1.0 if s or cue != "loudness" else 0.4 for s in strong],
        [170.0 if s and cue == "pitch" else 130.0 for s in strong],
        [0.2 if s and cue == "length" else 0.11 for s in strong],
    )
    found = [s for s, _ in syllables_of(prosody_of(sound))]
    assert len(found) == 24
    prominence = np.array([s.prominence for s in found])
    assert prominence[6:][strong[6:]].min() > prominence[6:][~np.array(strong[6:])].max()


def test_any_chunking_gives_the_same_syllables_and_latency_is_kept():
    prosody = prosody_of(speech(np.random.default_rng(1).uniform(0.3, 1, 30).tolist()))
    phones = tuple(
        Phone("AH" if i % 2 else "T", 0.5 + 0.125 * i, 0.5 + 0.125 * (i + 1), i % 3 if i % 2 else -1) for i in range(60)
    )
    for units in (None, phones):
        whole = [s for s, _ in syllables_of(prosody, units)]
        assert len(whole) == 30
        for sizes in ((1,), (7, 31, 2), (100,)):
            parts = syllables_of(prosody, units, sizes)
            assert [s for s, _ in parts] == whole
            assert all(a.onset <= b.onset for (a, _), (b, _) in zip(parts, parts[1:], strict=False))
        for s, known in syllables_of(prosody, units, (1,)):
            assert known == np.inf or known <= s.end + SyllableEncoder.LATENCY + 1e-6


def test_known_vowels_give_the_times_and_stress_counts():
    prosody = prosody_of(speech([1.0] * 8))
    phones = []
    for i in range(8):
        phones += [Phone("T", 0.5 + 0.25 * i, 0.56 + 0.25 * i), Phone("IY", 0.56 + 0.25 * i, 0.7 + 0.25 * i, i % 2)]
    found = [s for s, _ in syllables_of(prosody, tuple(phones))]
    assert [(s.onset, s.end) for s in found] == [(p.start, p.end) for p in phones if p.symbol == "IY"]
    prominence = np.array([s.prominence for s in found])
    assert prominence[1::2].min() > prominence[::2].max()


def test_silence_and_noise_have_no_syllables():
    assert syllables_of(prosody_of(np.zeros(RATE, np.float32))) == []
    hiss = np.random.default_rng(2).normal(0, 0.02, 4 * RATE).astype(np.float32)
    assert [s for s, _ in syllables_of(prosody_of(hiss)) if s.onset > 0.6] == []
    assert SyllableEncoder().flush() == []


def test_a_long_vowel_does_not_hold_up_the_stream():
    sound = np.random.default_rng(4).normal(0, 1e-4, 6 * RATE).astype(np.float32)
    t = np.arange(3 * RATE) / RATE
    sound[RATE : RATE + len(t)] += (0.1 * sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 16))).astype(
        np.float32
    )
    found = syllables_of(prosody_of(sound), None, (1,))
    assert found
    for s, known in found:
        assert known <= s.end + SyllableEncoder.LATENCY + 1e-6
        assert s.end - s.onset <= 0.46


@pytest.mark.parametrize(("symbol", "vowel"), [
    ("AH0", True), ("ER", True), ("OY1", True), ("S", False), ("sil", False), ("HH", False), ("aɪ", True),
    ("ˈøː", True), ("ʃ", False), ("b", False),
])  # fmt: skip
def test_vowels_are_known_by_name(symbol, vowel):
    assert is_vowel(symbol) is vowel


@pytest.mark.data
def test_real_speech_finds_most_vowels(reference_data):
    """Eight read clips against their aligned vowels: at least 85 % found, at most 10 % invented."""
    from gengine.inputs.textgrid import parse_textgrid

    found = hits = vowels = 0
    for grid in sorted((reference_data / "ljspeech/textgrid").glob("*.TextGrid"))[:8]:
        samples, rate = soundfile.read(reference_data / "ljspeech/flac" / f"{grid.stem}.flac", dtype="float32")
        prosody = prosody_of(soxr.resample(samples, rate, RATE).astype(np.float32))
        middles = np.array([(s.onset + s.end) / 2 for s, _ in syllables_of(prosody)])
        tier = next(t for t in parse_textgrid(grid.read_text(), grid.name) if t.name == "phones")
        real = np.array([(a, b) for a, b, text in tier.intervals if is_vowel(text)])
        inside = (middles[:, None] >= real[:, 0] - 0.08) & (middles[:, None] <= real[:, 1] + 0.08)
        found, vowels = found + len(middles), vowels + len(real)
        hits += int(min(inside.any(1).sum(), inside.any(0).sum()))
    assert hits / vowels > 0.85
    assert hits / found > 0.9
