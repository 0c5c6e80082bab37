"""What can be said of words and of speech before they are aligned: how long a word takes, and where someone speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME = 0.01
"""Hop of the loudness curve, seconds."""

FRAMES_AT_ONCE = 6000
"""Frames whose loudness is worked out together (one minute): doubles of an hour take 460 MB."""

PAUSE = 0.2
"""Shortest silence that counts as a pause, seconds: closures of stops last up to 0.15 s (judgement)."""

SHORTEST_SPEECH = 0.06
"""Shorter loud stretches are clicks, seconds. Judgement, as are the levels below."""

FLOOR, PEAK = 5, 95
"""Percentiles of the level that stand for the sound's floor and its peaks."""

LINE = 0.3
"""Speech is louder than this share of the way from floor to peak, in dB, ..."""

BELOW_PEAKS = 35
"""... and never quieter than so many dB below the peaks; this alone where there is no floor to speak of, ..."""

NO_FLOOR = 12
"""... floor and peaks being no more than so many dB apart."""

SILENT = -65
"""Sound whose peaks are below this, dB of full scale, holds no speech."""

SOUNDS_A_LETTER = 0.8
"""Sounds of a letter, for words whose sounds are not known; at least ``LEAST_SOUNDS`` of a word."""

LEAST_SOUNDS = 2.0


@dataclass(frozen=True)
class Token:
    """One written word: its text, its sounds (may be unknown: empty), and the ``Segment`` it stands in."""

    text: str
    sounds: tuple[tuple[str, int], ...]
    segment: int = 0

    @property
    def weight(self) -> float:
        """How long it takes to say, in sounds."""
        return float(len(self.sounds)) or max(LEAST_SOUNDS, SOUNDS_A_LETTER * len(self.text))


def speech_parts(samples: NDArray[np.float32], rate: int) -> list[tuple[float, float]]:
    """Stretches (start s, end s) of speech in ``samples`` ``(N,)`` at ``rate`` Hz.

    Speech is what is louder than a line between the sound's floor and its peaks.
    """
    hop = int(FRAME * rate)
    frames = len(samples) // hop
    if frames == 0:
        return []
    power = np.empty(frames)
    for first in range(0, frames, FRAMES_AT_ONCE):
        block = samples[first * hop : min(first + FRAMES_AT_ONCE, frames) * hop].reshape(-1, hop)
        power[first : first + FRAMES_AT_ONCE] = (block.astype(float) ** 2).mean(1)
    smooth = np.convolve(power, np.full(3, 1 / 3), "same")
    level = 10 * np.log10(smooth + 1e-9)
    floor, peak = np.percentile(level, FLOOR), np.percentile(level, PEAK)
    if peak < SILENT:
        return []
    line = peak - BELOW_PEAKS
    if peak - floor > NO_FLOOR:
        line = max(floor + LINE * (peak - floor), line)
    loud = level > line
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    parts = [(float(a * FRAME), float(b * FRAME)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    joined: list[tuple[float, float]] = []
    for start, end in parts:
        if joined and start - joined[-1][1] < PAUSE:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(a, b) for a, b in joined if b - a >= SHORTEST_SPEECH]
