"""Whisper's first layers in numpy against the same in torch, and what they must not hear."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint
from gengine.encoders import speech_encoder
from gengine.encoders.speech_encoder import CHECKPOINT, SpeechEncoder


def speech(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    """A buzz with moving formants, near enough to speech for an encoder."""
    rng, t = np.random.default_rng(seed), np.arange(int(seconds * 16000)) / 16000
    pitch = 120 + 30 * np.sin(3 * t) + seed
    buzz = sum(np.sin(2 * np.pi * k * np.cumsum(pitch) / 16000) / k for k in range(1, 20))
    return (0.1 * buzz * (1 + np.sin(25 * t)) + 0.001 * rng.standard_normal(len(t))).astype(np.float32)


def test_equals_the_layers_in_torch():
    torch = pytest.importorskip("torch")
    from torch.nn import functional as F

    encoder = SpeechEncoder()
    config, tensors = load_checkpoint(CHECKPOINT)
    t = {name: torch.tensor(value.astype(np.float32)) for name, value in tensors.items()}
    x = torch.tensor(encoder.mel(speech())).T[None]
    x = F.gelu(F.conv1d(x, t["conv1.weight"], t["conv1.bias"], padding=1))
    x = F.gelu(F.conv1d(x, t["conv2.weight"], t["conv2.bias"], padding=1, stride=2)).transpose(1, 2)
    x = x + t["position"][: x.shape[1]]
    for i in range(config["layers"]):
        p = {name.removeprefix(f"layer{i}."): value for name, value in t.items() if name.startswith(f"layer{i}.")}
        y = F.layer_norm(x, x.shape[2:], p["attention_norm.weight"], p["attention_norm.bias"])
        q, k, v = (
            part.reshape(1, -1, config["heads"], 64).transpose(1, 2)
            for part in F.linear(y, p["qkv.weight"], p["qkv.bias"]).chunk(3, -1)
        )
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
        x = x + F.linear(y, p["out.weight"], p["out.bias"])
        y = F.layer_norm(x, x.shape[2:], p["mlp_norm.weight"], p["mlp_norm.bias"])
        x = x + F.linear(F.gelu(F.linear(y, p["up.weight"], p["up.bias"])), p["down.weight"], p["down.bias"])
    assert x.shape == (1, 100, 384)
    assert np.abs(encoder.states(speech()) - x[0].numpy()).max() < 0.03  # the faster gelu differs by .001 a layer


def test_the_spectrum_is_whispers_below_the_bandwidth_that_is_looked_at():
    torch = pytest.importorskip("torch")
    full = SpeechEncoder(highest=speech_encoder.EVERYTHING)
    x = torch.tensor(speech() * (0.05 / np.sqrt(np.mean(speech() ** 2))))
    power = torch.stft(x, 400, 160, window=torch.hann_window(400), return_complex=True)[:, :-1].abs() ** 2
    decades = torch.clamp(torch.tensor(speech_encoder.mel_filters(80, 8000.0)).T @ power, min=1e-10).log10()
    theirs = (torch.maximum(decades, decades.max() - 8) + 4) / 4
    assert np.abs(full.mel(speech()) - theirs.numpy().T).max() < 1e-3


def test_loudness_and_what_lies_above_the_bandwidth_say_nothing():
    encoder, x = SpeechEncoder(), speech()
    plain = encoder(x)
    assert np.abs(encoder(x * 0.01) - plain).max() < 1e-3
    hiss = 1e-3 * np.sin(2 * np.pi * 7000 * np.arange(len(x)) / 16000).astype(np.float32)
    assert np.abs(encoder(x + hiss) - plain).max() < 0.02 < np.abs(encoder(speech(seed=40)) - plain).max()


def test_triangles_of_equal_area():
    filters = speech_encoder.mel_filters(80)
    heard = filters.sum(axis=0)[:60]  # the highest are cut
    assert heard.max() / heard.min() < 1.7  # narrow ones fall between lines of the spectrum
    assert filters[round(6000 / 40) :].max() == 0
