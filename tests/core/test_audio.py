"""Sound: what counts as samples, and clips of it."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.audio import FULL_SCALE, AudioClip, mono_samples
from gengine.errors import AudioError, GengineError


def test_integers_are_divided_by_their_full_scale():
    assert mono_samples(np.array([-32768, 0, 16384, 32767], np.int16), "x").tolist() == [-1, 0, 0.5, 32767 / 32768]
    assert mono_samples(np.array([-(2**31), 2**30], np.int32), "x").tolist() == [-1, 0.5]
    assert mono_samples(np.array([-16384, 1], ">i2"), "x").tolist() == [-0.5, 1 / 32768]
    assert mono_samples(np.array([0, 128, 192], np.uint8), "x").tolist() == [-1, 0, 0.5]
    assert {str(k): v for k, v in FULL_SCALE.items()} == {"int16": 32768, "int32": 2147483648}
    assert mono_samples(memoryview(np.array([16384], np.int16)), "x").tolist() == [0.5]


def test_floats_are_taken_as_they_are():
    given = np.array([0.25, -1.5], np.float32)
    assert np.shares_memory(mono_samples(given, "x"), given)
    assert mono_samples([0.25, -1.5], "x").dtype == np.float32 and len(mono_samples([], "x")) == 0


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (b"abc", r"^mic: 3 bytes, expected an even number: 16-bit PCM, little-endian, mono$"),
        ("ab", "^mic: str, expected"),
        ([[0.0], [0.0, 1.0]], "^mic: rows of different lengths"),
        (
            np.zeros((2, 300)),
            r"^mic: samples of shape \(2, 300\), expected \(N,\) mono or \(N, channels\); .*transposed",
        ),
        (np.zeros((3, 2, 1)), r"^mic: samples of shape \(3, 2, 1\)"),
        (np.array([0.0, 9000.0]), r"^mic: floats up to 9000, expected .-1, 1.; give 16-bit numbers as int16"),
        (np.zeros(3, np.int64), "^mic: samples of int64, expected floats in .-1, 1., int16, int32 or uint8"),
        ([0.0, 0.0, np.nan], "^mic: sample 2 is NaN or infinite"),
    ],
)
def test_anything_else_is_refused(samples, message):
    with pytest.raises(AudioError, match=message):
        mono_samples(samples, "mic")


def test_bytes_are_16_bit_and_channels_are_averaged():
    assert mono_samples(b"\x00\x40\x00\xc0", "x").tolist() == [0.5, -0.5]
    assert mono_samples(memoryview(bytearray(b"\x00\x40")), "x").tolist() == [0.5]
    assert mono_samples(np.array([[0.5], [0.25]]), "x").tolist() == [0.5, 0.25]
    assert mono_samples(np.array([[0.5, 0.0], [0.25, 0.25]]), "x").tolist() == [0.25, 0.25]


def test_clips_know_their_length():
    clip = AudioClip(np.arange(8) / 8, 4)
    assert (len(clip), clip.duration, clip.samples.dtype) == (8, 2.0, np.float32)
    part = clip[2:5]
    assert (part.samples.tolist(), part.rate) == ([0.25, 0.375, 0.5], 4)
    assert AudioClip(np.zeros(16000)).duration == 1.0


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros((2, 2)), 4, r"AudioClip.samples: shape \(2, 2\)"),
        (np.array([np.inf]), 4, "AudioClip.samples: holds NaN or infinity"),
        (np.zeros(2), 0, "AudioClip.rate: 0, expected a rate above 0 Hz"),
        (np.zeros(2), float("nan"), "AudioClip.rate: nan"),
        (np.zeros(2), "16k", "AudioClip.rate: '16k'"),
    ],
)
def test_impossible_clips_are_errors(samples, rate, message):
    with pytest.raises(GengineError, match=message):
        AudioClip(samples, rate)
