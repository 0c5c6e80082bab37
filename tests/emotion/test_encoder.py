"""The emotion track: frames, chunking, and the voice."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import soxr

from gengine.core.conditions import Prosody
from gengine.core.emotion import EMOTION_INDEX, EmotionTrack
from gengine.emotion import EmotionEncoder, parse_emotion
from gengine.encoders.prosody import ProsodyEncoder

HAPPY, ANGRY, SAD = (EMOTION_INDEX[n] for n in ("happiness", "anger", "sadness"))


def prosody(frames: int, seed: int = 0) -> Prosody:
    """Random but lawful curves."""
    rng = np.random.default_rng(seed)
    speech = (np.sin(np.arange(frames) / 70) > -0.6).astype(np.float32)
    voiced = (rng.uniform(size=frames) > 0.3) & (speech > 0)
    return Prosody(
        rng.uniform(-60, -10, frames).astype(np.float32), (rng.uniform(0, 1.1, frames) * speech).astype(np.float32),
        speech, (rng.normal(0, 3, frames) * voiced).astype(np.float32), rng.uniform(0, 1, frames).astype(np.float32),
        rng.uniform(0, 0.4, frames).astype(np.float32),
    )  # fmt: skip


def buzz(frames: int) -> np.ndarray:
    """Sound of as many frames, near enough to a voice to be read."""
    t = np.arange(frames * 160) / 16000
    return (0.05 * np.sign(np.sin(2 * np.pi * 150 * t + 9 * np.sin(9 * t))) * (1 + np.sin(20 * t))).astype(np.float32)


def encode(plan, curves, sizes=(10_000,), sound=None) -> EmotionTrack:
    encoder, parts, at, i = EmotionEncoder(plan), [], 0, 0
    sound = buzz(len(curves)) if sound is None else sound
    while at < len(curves):
        to = at + sizes[i % len(sizes)]
        parts.append(encoder.push(curves[at:to], sound[at * 160 : to * 160]))
        at, i = at + sizes[i % len(sizes)], i + 1
    parts.append(encoder.flush())
    return EmotionTrack(np.concatenate([p.weights for p in parts]), np.concatenate([p.vad for p in parts]), 100)


@pytest.mark.parametrize(
    "emotion", ["happy:0.4", [(0, "happy"), (1.3, "sad"), (1.5, "auto"), (4, "angry:0.5")], "auto"]
)
def test_any_chunking_gives_the_same_bits(emotion):
    plan, curves = parse_emotion(emotion), prosody(900)
    whole = encode(plan, curves)
    assert len(whole) == 900
    for sizes in ((1,), (3, 50, 0, 7), (128,)):
        parts = encode(plan, curves, sizes)
        assert np.array_equal(parts.weights, whole.weights) and np.array_equal(parts.vad, whole.vad)


def test_frame_k_is_the_plan_at_k_hundredths():
    plan = parse_emotion([(0, "happy"), (3, "sad")])
    track = encode(plan, prosody(600), (37,))
    assert np.allclose(track.weights, plan(np.arange(600) / 100)[0], atol=1e-6)
    assert track.weights[300, SAD] == pytest.approx(0.5)


def test_auto_adds_to_what_is_asked():
    curves = prosody(600)
    heard, both = encode(parse_emotion("auto"), curves), encode(parse_emotion("auto:0.5+happy:0.3"), curves)
    assert heard.weights.max() > 0.02  # a buzz is no neutral voice
    assert np.allclose(both.weights[:, ANGRY], 0.5 * heard.weights[:, ANGRY], atol=1e-6)
    assert both.weights[:, HAPPY].min() >= 0.3 - 1e-6


@pytest.mark.data
def test_an_angry_voice_is_told_from_a_sad_one(reference_data):
    """Another speaker and language than the reader was trained on."""

    def anger(name):
        samples, rate = soundfile.read(reference_data / "speech" / name, dtype="float32")
        samples = samples if samples.ndim == 1 else samples.mean(1)
        encoder = ProsodyEncoder()
        sound = soxr.resample(samples, rate, 16_000).astype(np.float32)
        return encode(parse_emotion("auto"), encoder.push(sound), sound=sound).weights[:, ANGRY].max()

    assert anger("nv_Claire_anger.wav") > 0.3 and anger("nv_Claire_sadness.wav") < 0.1
