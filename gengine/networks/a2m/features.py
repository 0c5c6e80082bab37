"""What the audio-to-motion network hears and what rules would do, one row a motion frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.encoders.logmel import BANDS, mel_filters
from gengine.networks.visemes import coarticulation, lip_contact
from gengine.networks.visemes.targets import MOUTH, viseme_targets

Array = NDArray[np.float64]

CURVES = ("level", "speech", "voicing", "sibilance", "pitch")
"""Prosody that is read."""
SHAPE = 10
"""Bands of the spectrum's shape: four of the recogniser's together."""
TAPS = (-12, -9, -6, -3, 0, 3, 6)
"""Frames around a moment that a row holds: .2 s of past, .1 s of future."""
FRAME = len(CURVES) + SHAPE + len(MOUTH) + 1
"""Numbers of a moment: curves, spectrum, the rules' mouth, and how far they close the lips."""
PHONES = slice(len(CURVES) + SHAPE, FRAME)
"""Those of them that come from phones."""
ROW = FRAME * len(TAPS)
_BACK, _AHEAD = -TAPS[0], TAPS[-1]
_WINDOW, _FFT = 400, 512
"""Samples of a spectrum (25 ms, the recogniser's) and of its transform."""
_FLOOR, _DEPTH, _OCTAVE = 1e-9, 20.0, 6.0
"""Least power of a band; dB and semitones that count as one."""


def rows_of(conditions: Conditions) -> NDArray[np.float32]:
    """Rows ``(T, ROW)`` of the frames of the hop at ``MOTION_RATE``."""
    c = conditions
    first, last = round(c.hop_start * MOTION_RATE), round(c.hop_end * MOTION_RATE)
    begin = max(first - _BACK, 0)
    wide = replace(c, hop_start=begin / MOTION_RATE, hop_end=(last + _AHEAD) / MOTION_RATE)
    times = np.arange(begin, last + _AHEAD) / MOTION_RATE
    segments = coarticulation.gather(wide, viseme_targets())
    mouth = coarticulation.mouth_curves(wide, segments, viseme_targets())
    closed = lip_contact.closure_curve(times, segments.closures, np.ones(len(times)))
    heard = np.stack([c.curve(name, times) for name in CURVES], 1)
    heard[:, CURVES.index("pitch")] /= _OCTAVE
    moments = np.concatenate([heard, _spectrum(c, times), mouth, closed[:, None]], 1)
    moments = np.pad(moments, ((begin - first + _BACK, 0), (0, 0)), mode="edge")
    count = last - first
    return np.concatenate([moments[_BACK + k : _BACK + k + count] for k in TAPS], 1).astype(np.float32)


def _spectrum(c: Conditions, times: Array) -> Array:
    """The shape of the spectrum ``(T, SHAPE)`` at ``times``, whatever its loudness: silence outside the sound."""
    assert c.sound is not None
    around = _WINDOW // 2
    at = np.round((times - c.start) * SAMPLE_RATE).astype(int)
    index = at[:, None] + np.arange(-around, around)
    inside = (index >= 0) & (index < len(c.sound))
    frames = np.where(inside, c.sound[np.clip(index, 0, max(len(c.sound) - 1, 0))], 0.0)
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW + 1)[:-1], _FFT)) ** 2 @ mel_filters()
    decibels = 10 * np.log10(power.reshape(len(times), SHAPE, BANDS // SHAPE).sum(2) + _FLOOR)
    return (decibels - decibels.max(1, keepdims=True)) / _DEPTH + 1
