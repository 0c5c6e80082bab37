"""The speech gate: as its original, the same in any chunks, closed on noise and open on speech."""

from __future__ import annotations

import time

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.encoders.phones import PhoneEncoder
from gengine.encoders.speech_gate import AHEAD, BLOCK, CHUNK, CONTEXT, HANG, RATE, SpeechGate
from gengine.errors import FormatError
from gengine.inputs.audio import load_audio

ORIGINAL = [
    0.00167,
    0.75459,
    0.99578,
    0.98225,
    0.00595,
    0.99996,
    0.99981,
    0.99992,
    0.99993,
    0.99999,
    0.99997,
    0.00915,
    0.9999,
    0.99956,
    0.03571,
    0.99971,
    0.99995,
    0.99988,
    0.00353,
    0.99999,
    0.99996,
    0.04322,
    0.03258,
    0.99999,
    1.0,
    0.99998,
    0.99959,
    0.9999,
    0.99997,
    0.0291,
]
"""Chances of Silero VAD 6.2.3 (its own silero_vad.jit run by torch) for every tenth chunk of the first 9.6 s of
demos/speech.wav."""


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return load_audio("demos/speech.wav").samples


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (10 ** (level / 20) * rng.standard_normal(int(16000 * seconds))).astype(np.float32)


def hum(seconds: float, level: float) -> np.ndarray:
    t = np.arange(int(16000 * seconds)) / 16000
    return (10 ** (level / 20) * sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 8))).astype(np.float32)


def gated(samples: np.ndarray, cuts: list[int] | None = None):
    encoder, phones, jaws = PhoneEncoder(keep_frames=True, gate=SpeechGate()), [], []
    for part in np.split(samples, cuts or []):
        phones += encoder.push(part)
        jaws.append(encoder.take_frames().jaw)
    phones += encoder.flush()
    frames = encoder.take_frames()
    return phones, np.concatenate([*jaws, frames.jaw])


def test_chances_are_those_of_the_original(speech):
    gate, step = SpeechGate(), BLOCK * CHUNK
    sound = np.concatenate([np.zeros(CONTEXT, np.float32), speech[: 512 * 300]])
    found = [c for k in range(100) for c in gate._network.step(sound[k * step : k * step + CONTEXT + step])]
    np.testing.assert_allclose(found[::10], ORIGINAL, atol=2e-5)


def test_quiet_speech_opens_the_gate_like_loud_speech(speech):
    loud, quiet = (SpeechGate().push(np.float32(gain) * speech) for gain in (1.0, 0.01))
    assert loud.mean() > 0.5 and np.mean(loud != quiet) < 0.02


def test_raising_does_not_depend_on_the_cuts(speech):
    whole = SpeechGate().chances(0.01 * speech)
    gate, parts = SpeechGate(), []
    for part in np.array_split(0.01 * speech, 37):
        parts += gate.chances(part)
    assert parts == whole


@pytest.mark.parametrize("seed", [0, 1])
def test_chunks_do_not_matter(speech, seed):
    samples = np.concatenate([noise(1, -40), speech[:50000], noise(2, -40, 1)])
    cuts = sorted(np.random.default_rng(seed).integers(0, len(samples), 60).tolist())
    gate = SpeechGate()
    np.testing.assert_array_equal(
        np.concatenate([gate.push(part) for part in np.split(samples, cuts)]), SpeechGate().push(samples)
    )
    whole, chunked = gated(samples), gated(samples, cuts)
    assert whole[0] == chunked[0]
    np.testing.assert_array_equal(whole[1], chunked[1])


@pytest.mark.parametrize("sound", [noise(4, -70), noise(4, -50), noise(4, -30), hum(4, -50), hum(4, -30)])
def test_nothing_is_said_in_noise_and_hum(sound, speech):
    silence = np.zeros_like(sound)
    alone, _ = gated(np.concatenate([silence, speech[:32000]]))
    phones, jaw = gated(np.concatenate([sound, speech[:32000]]))
    first = next(p.start for p in alone if p.symbol != "sil")
    begun = next(p.start for p in phones if p.symbol != "sil")
    assert begun == pytest.approx(first, abs=0.05)  # a soft H
    assert not jaw[:350].any()
    bare = PhoneEncoder(keep_frames=True)
    bare.push(sound)
    assert bare.take_frames().jaw.any(), "the recogniser by itself moves the jaw"


def test_speech_passes_whole(speech):
    encoder = PhoneEncoder()
    bare = [*encoder.push(speech), *encoder.flush()]
    phones, _ = gated(speech)
    spoken = [p for p in bare if p.symbol != "sil"]
    assert len(set(spoken) - set(phones)) <= 0.02 * len(spoken)


def test_the_gate_opens_before_speech_and_closes_after_it(speech):
    silence = np.zeros(16000, np.float32)
    stretch = speech[8000:24000]
    is_open = SpeechGate().push(np.concatenate([silence, stretch, silence, silence]))
    edges = np.flatnonzero(np.diff(is_open.astype(int))) / RATE
    chances = np.array(SpeechGate().chances(np.concatenate([silence, stretch, silence])))
    heard = np.flatnonzero(chances > 0.5) * 0.032
    assert heard[0] - AHEAD - 0.05 < edges[0] < heard[0] - AHEAD + 0.05
    assert heard[-1] + HANG < edges[-1] < heard[-1] + HANG + 0.3


def test_frames_are_settled_in_time(speech):
    gate, settled = SpeechGate(), 0
    for at in range(0, 64000, 160):
        settled += len(gate.push(speech[at : at + 160]))
        assert settled / RATE >= (at + 160) / 16000 - gate.latency - 0.011
    assert gate.latency < 0.25


def test_a_foreign_checkpoint_is_refused(tmp_path):
    with pytest.raises(FormatError, match="not a speech gate"):
        SpeechGate("phones-v1")
    config, tensors = load_checkpoint("speech-gate-v1")
    del tensors["lstm.weight_hh"]
    with pytest.raises(FormatError, match="lstm.weight_hh"):
        SpeechGate(save_checkpoint(tmp_path, config, tensors))


def test_it_costs_little(speech):
    gate = SpeechGate()
    gate.push(speech[:16000])
    began = time.process_time()
    gate.push(speech)
    assert len(speech) / 16000 / (time.process_time() - began) > 60  # 200 and more on a free core


@pytest.mark.parametrize(
    ("chances", "opens"),
    [
        ([0.30, 0.31, 0.10, 0.02], False),  # a hum of 120 Hz that sets in
        ([0.02] * 31 + [0.70, 0.17, 0.05, 0.02], False),  # a loud chord that is struck
        ([0.02] * 31 + [0.76, 0.55, 0.54, 0.25], True),  # a chord that is held for long is like a voice
        ([0.25, 0.30, 0.40, 0.90], True),
        ([0.02] * 40 + [0.30, 0.30, 0.30, 0.30], False),  # not at the beginning
    ],
)
def test_three_chunks_must_agree_before_it_opens(chances: list[float], opens: bool) -> None:
    gate = SpeechGate()
    assert any(frame for chance in [*chances, *[0.01] * 8] for frame in gate._settle(chance)) == opens
