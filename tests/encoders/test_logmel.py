from __future__ import annotations

import numpy as np
import pytest

from gengine.encoders import logmel


def _tone(hertz: float, seconds: float = 1.0, gain: float = 1.0) -> np.ndarray:
    t = np.arange(int(seconds * 16000)) / 16000
    return (gain * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


@pytest.mark.parametrize("hertz", [200, 1000, 4000, 7000])
def test_a_tone_is_loudest_in_its_own_band(hertz):
    power = np.concatenate(logmel.MelBlocks().push(_tone(hertz)))
    centres = np.argmax(logmel.mel_filters(), axis=0) * 16000 / 512
    band = int(power[20].argmax())
    assert abs(centres[band] - hertz) <= np.diff(centres)[min(band, 38)]


def test_full_scale_is_about_zero_decibels():
    level = logmel.loudness(np.concatenate(logmel.MelBlocks().push(_tone(1000))))
    assert abs(level[20:60].mean()) < 3


def test_frames_are_centred_on_their_time():
    samples = np.zeros(16000, np.float32)
    samples[5000 - 80 : 5000 + 80] = 1  # a click around 0.3125 s
    level = logmel.loudness(np.concatenate(logmel.MelBlocks().push(samples)))
    assert int(level.argmax()) in (31, 32)


def test_chunks_do_not_matter():
    rng = np.random.default_rng(0)
    samples = rng.standard_normal(20000).astype(np.float32)
    whole = np.concatenate(logmel.MelBlocks().push(samples))
    blocks, mel = [], logmel.MelBlocks()
    for cut in np.split(samples, np.sort(rng.integers(0, 20000, 50))):
        blocks.extend(mel.push(cut))
    np.testing.assert_array_equal(whole, np.concatenate(blocks))


def test_level_jumps_up_and_falls_slowly():
    loud = np.full(300, -60, np.float32)
    loud[100] = -20
    level = logmel.running_level(loud, -70.0)
    assert level[99] == pytest.approx(-60, abs=0.05)
    assert level[100] == pytest.approx(-20, abs=0.05)
    assert level[200] == pytest.approx(-20 - logmel.DECAY, abs=0.05)


def test_level_carries_over_blocks():
    rng = np.random.default_rng(1)
    loud = rng.uniform(-60, 0, 160).astype(np.float32)
    before, parts = -70.0, []
    for block in loud.reshape(-1, 8):
        parts.append(logmel.running_level(block, before))
        before = float(parts[-1][-1])
    np.testing.assert_allclose(np.concatenate(parts), logmel.running_level(loud, -70.0), atol=1e-4)


def test_gain_leaves_the_relative_bands():
    x = _tone(500) * np.linspace(0.2, 1, 16000, dtype=np.float32)

    def bands(samples):
        power = np.concatenate(logmel.MelBlocks().push(samples))
        level = logmel.running_level(logmel.loudness(power), logmel.START_LEVEL)
        return logmel.relative(logmel.power_to_db(power), level)

    np.testing.assert_allclose(bands(x)[5:], bands(x * 0.05)[5:], atol=0.02)
