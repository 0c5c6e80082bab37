"""What a mouth hears: the last moments of sound before a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.encoders.logmel import BANDS, HOP, START_LEVEL, MelBlocks, block_levels, loudness, power_to_db, relative

TOKENS, FRAMES = 6, 2
"""Tokens of a frame's sound, each the mean of so many log-mel frames of 10 ms: 120 ms, a vowel (judgement)."""


class HeardSound:
    """Sound comes in stretches; ``at`` tells of the last moments before any second that has been heard."""

    def __init__(self) -> None:
        self._mel, self._level, self._resample = MelBlocks(), START_LEVEL, None
        self._bands = np.full((TOKENS * FRAMES, BANDS), -1, np.float32)  # silence stands before the beginning
        self._first = -TOKENS * FRAMES

    def push(self, sound: AudioClip, last: bool = False) -> None:
        """The next stretch."""
        samples: Any = sound.samples
        if sound.rate != SAMPLE_RATE:
            import soxr

            self._resample = self._resample or soxr.ResampleStream(sound.rate, SAMPLE_RATE, 1, dtype="float32")
            samples = self._resample.resample_chunk(samples, last=last)
        power = self._mel.push(np.asarray(samples, np.float32))
        if not len(power):
            return
        levels = block_levels(loudness(power), self._level)
        self._level = float(levels[-1, -1])
        new = relative(power_to_db(power), levels).reshape(-1, BANDS)
        self._bands = np.concatenate([self._bands, new])

    @property
    def until(self) -> float:
        """Second up to which ``at`` can tell."""
        return (self._first + len(self._bands) - 1) * HOP / SAMPLE_RATE

    def at(self, second: float) -> NDArray[np.float32]:
        """``(TOKENS, BANDS)`` before ``second``, about -1 to 1; seconds ascend, what lies before is let go."""
        end = int(second * SAMPLE_RATE / HOP + 1e-6) + 1 - self._first
        begin = end - TOKENS * FRAMES
        if begin > 0:
            self._bands, self._first = self._bands[begin:], self._first + begin
        rows = self._bands[: TOKENS * FRAMES]
        silence = np.full((TOKENS * FRAMES - len(rows), BANDS), -1, np.float32)  # what has not been heard
        return np.concatenate([rows, silence]).reshape(TOKENS, FRAMES, BANDS).mean(1)
