from __future__ import annotations

import numpy as np
import pytest

from gengine.encoders import logmel
from gengine.training import disturbances


def _tones(hertz: float, seconds: float = 2.0) -> np.ndarray:
    t = np.arange(int(16000 * seconds)) / 16000
    return (0.3 * np.sin(2 * np.pi * hertz * t) * (np.sin(2 * np.pi * 2 * t) > 0)).astype(np.float32)


@pytest.mark.parametrize("ratio", [0.85, 1.0, 1.5])
def test_a_shifted_voice_is_higher_in_the_same_tempo(ratio):
    frames, wanted = disturbances.shifted(_tones(800), ratio), disturbances.mel_powers(_tones(800 * ratio))
    assert frames.shape == wanted.shape
    loud = wanted.sum(axis=1) > 0.5 * wanted.sum(axis=1).max()
    assert abs(int(frames[loud].mean(axis=0).argmax()) - int(wanted[loud].mean(axis=0).argmax())) <= 1
    assert frames[loud].max(axis=1).min() > frames[~loud].max(axis=1).mean() + 20  # silent where it was silent


def test_a_whisper_has_no_voice_bar_and_keeps_its_hiss():
    rng = np.random.default_rng(0)
    voiced = np.linspace(-20, -70, logmel.BANDS) + np.zeros((200, 1))
    hiss = np.linspace(-80, -30, logmel.BANDS) + np.zeros((200, 1))
    change = disturbances.whispered(voiced.astype(np.float32), rng) - voiced
    assert change[:, :4].mean() < change[:, 20:].mean() - 5
    np.testing.assert_allclose(disturbances.whispered(hiss.astype(np.float32), rng), hiss, atol=8)


def test_music_is_made_once_and_repeats(monkeypatch):
    monkeypatch.setattr(disturbances, "MUSIC_SECONDS", 20)
    disturbances.music.cache_clear()
    first = disturbances.music(3)
    disturbances.music.cache_clear()
    np.testing.assert_array_equal(first, disturbances.music(3))
    disturbances.music.cache_clear()
    assert first.sum(axis=1).mean() == pytest.approx(1, abs=1e-3) and np.isfinite(first).all()


def test_a_spoilt_stretch_is_finite_and_often_clean(monkeypatch):
    monkeypatch.setattr(disturbances, "MUSIC_SECONDS", 20)
    disturbances.music.cache_clear()
    x = np.random.default_rng(1).uniform(-80, -20, (300, logmel.BANDS)).astype(np.float32)
    spoilt = [disturbances.spoil(x, np.random.default_rng(seed)) for seed in range(40)]
    disturbances.music.cache_clear()
    assert all(np.isfinite(s).all() and s.shape == x.shape for s in spoilt)
    same = [np.ptp((s - x)[x > -35]) < 3 for s in spoilt]  # only louder or softer
    assert 5 < sum(same) < 30
