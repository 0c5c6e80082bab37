"""Log-mel frames at 100 Hz, relative to a running speech level, in fixed blocks.

A frame's bands are read against the loudest sound of the last seconds (it falls by ``DECAY`` and rises at
once), so a quiet recording looks like a loud one from its first word on, and nothing depends on the whole
clip. Work is done in blocks of ``BLOCK`` frames that begin at fixed times: whatever the chunks in which sound
arrives, the same matrix products are formed, so the result is the same bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE

BLOCK = 8
"""Frames handled at once (80 ms)."""
HOP = 160
"""Samples between frames (10 ms)."""
WINDOW = 400
"""Samples of one frame's window, centred on the frame's time (25 ms)."""
BANDS = 40
"""Mel bands between 60 and 7600 Hz."""
DECAY = 2.0
"""How fast the running level falls, dB/s."""
START_LEVEL = -70.0
"""Running level before the first sound, dBFS; quieter recordings than this are not lifted."""
DEPTH = 60.0
"""What lies this far below the running level counts as silence, dB."""
_FFT = 512


def mel_filters() -> NDArray[np.float32]:
    """Triangular filters ``(257, BANDS)``, equally wide on the mel scale (HTK's formula)."""
    low, high = 2595 * np.log10(1 + np.array([60.0, 7600.0]) / 700)
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    frequency = np.arange(_FFT // 2 + 1) * SAMPLE_RATE / _FFT
    rise = (frequency[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - frequency[:, None]) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


def power_to_db(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decibels of band power, floor -120."""
    return np.float32(10) * np.log10(power + np.float32(1e-12), dtype=np.float32)


def running_level(loudness: NDArray[np.float32], before: float) -> NDArray[np.float32]:
    """Level ``(N,)`` dB that jumps up to ``loudness (N,)`` and falls by ``DECAY``, from ``before``."""
    fall = np.arange(1, len(loudness) + 1, dtype=np.float32) * np.float32(DECAY * HOP / SAMPLE_RATE)
    return np.maximum(np.maximum.accumulate(loudness + fall), np.float32(before)) - fall


def block_levels(loudness: NDArray[np.float32], before: float) -> NDArray[np.float32]:
    """``running_level`` of blocks ``(blocks, N)`` that follow each other, rounded as if each came by itself."""
    fall = np.arange(1, loudness.shape[1] + 1, dtype=np.float32) * np.float32(DECAY * HOP / SAMPLE_RATE)
    highest = np.maximum.accumulate(loudness + fall, axis=1)
    start, starts = np.float32(before), []
    for last in highest[:, -1]:
        starts.append(start)
        start = max(last, start) - fall[-1]
    return np.maximum(highest, np.array(starts, np.float32)[:, None]) - fall


def relative(decibels: NDArray[np.float32], level: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bands ``(..., BANDS)`` dB against ``level (...)``, limited to ``DEPTH`` and scaled to about -1..1."""
    bands = np.maximum(decibels - level[..., None], np.float32(-DEPTH)) / np.float32(DEPTH / 2)
    return (bands + np.float32(1)).astype(np.float32, copy=False)


def loudness(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum of the bands ``(..., BANDS)``, dB ``(...)``."""
    return power_to_db(power.sum(axis=-1))


class MelBlocks:
    """Sound in, mel band powers out: always whole blocks of ``block`` frames. Full scale sine = 0 dB."""

    def __init__(self, block: int = BLOCK) -> None:
        window = np.hanning(WINDOW + 1)[:-1]
        self._window = (window * 2 / window.sum()).astype(np.float32)
        self._filters = mel_filters()
        # Frame 0 is centred on the first sample, so half a window of silence stands before it.
        self._buffer = np.zeros(WINDOW // 2, np.float32)
        self._block = block

    @property
    def wants(self) -> int:
        """Samples without which no further block comes out."""
        return (self._block - 1) * HOP + WINDOW - len(self._buffer)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Band powers ``(blocks, block, BANDS)`` of the blocks that ``samples (N,)`` at 16 kHz complete."""
        buffer = np.concatenate([self._buffer, samples]) if len(samples) else self._buffer
        need, step = (self._block - 1) * HOP + WINDOW, self._block * HOP
        count = max(0, (len(buffer) - need) // step + 1)
        self._buffer = buffer[count * step :]
        if not count:
            return np.zeros((0, self._block, BANDS), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(buffer[: (count - 1) * step + need], WINDOW)[::HOP]
        # in double precision: numpy transforms single numbers more slowly, and loading scipy's takes .15 s
        spectrum = np.fft.rfft((frames * self._window).astype(float), _FFT, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        # one product a block, all of one size: the rounding of a product depends on the number of its rows
        return power.reshape(count, self._block, -1) @ self._filters
