"""The phase of a voice as a vector, beside the amplitude that encoders hear: what PhysioSER adds as a second view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.encoders.speech_encoder import HOP, WINDOW, mel_filters

BANDS = 40


def phase_vector(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean and deviation over frames ``(4 * BANDS,)`` of group delay and instantaneous frequency in mel bands.

    Both are differences of the phase, over frequency and over time, less what a steady tone in the middle of its bin
    makes, weighted by amplitude within a band: radians from -pi to pi.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(float), WINDOW)[::HOP]
    spectrum = np.fft.rfft(frames * np.hanning(WINDOW), axis=1)
    bins = np.arange(spectrum.shape[1])
    delay = _wrapped(np.diff(np.angle(spectrum), axis=1, prepend=0) + np.pi)  # a centred frame turns by pi a bin
    turned = _wrapped(np.diff(np.angle(spectrum), axis=0) - 2 * np.pi * bins * HOP / WINDOW)
    filters = mel_filters(BANDS).astype(float)
    loud = np.abs(spectrum) @ filters + 1e-9
    views = [(np.abs(spectrum) * delay) @ filters / loud, (np.abs(spectrum[1:]) * turned) @ filters / loud[1:]]
    return np.concatenate([part for v in views for part in (v.mean(axis=0), v.std(axis=0))])


def _wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return (angle + np.pi) % (2 * np.pi) - np.pi
