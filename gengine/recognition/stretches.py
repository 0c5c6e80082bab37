"""A recording of any length as stretches of bounded length, cut in pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE

LONGEST = 28.0
"""Longest stretch, seconds: Whisper hears 30 s at once (Radford et al. 2022), the rest is room for its padding."""

CUT_SOUGHT = 12.0
"""A longer recording is cut in the longest pause within the last so many seconds of a stretch. Judgement."""

LEVEL_FRAME = 0.02
"""Of the level that pauses are sought in, seconds."""

QUIET = 0.15
"""Share of frames of the part searched that count as quiet: pauses take more of most speech. Judgement."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """``samples (N,)`` at 16 kHz that begin at ``start`` s of the recording."""

    start: float
    samples: NDArray[np.float32]

    @property
    def end(self) -> float:
        """Seconds of the recording."""
        return self.start + len(self.samples) / SAMPLE_RATE


def stretches(blocks: Iterable[NDArray[np.float32]]) -> Iterator[Stretch]:
    """Stretches of a recording that arrives as blocks ``(n,)`` at 16 kHz; they depend on the sound alone, not on how
    it is cut into blocks."""
    longest = round(LONGEST * SAMPLE_RATE)
    waiting, count, start = [], 0, 0
    for block in blocks:
        waiting.append(block)
        count += len(block)
        while count > longest:
            held = np.concatenate(waiting)
            cut = _cut(held[:longest])
            yield Stretch(start / SAMPLE_RATE, held[:cut])
            start, waiting, count = start + cut, [held[cut:]], len(held) - cut
    if count:
        yield Stretch(start / SAMPLE_RATE, np.concatenate(waiting))


def _cut(samples: NDArray[np.float32]) -> int:
    """The middle of the longest quiet run near the end of ``samples``, as a sample's number."""
    frame = round(LEVEL_FRAME * SAMPLE_RATE)
    first = len(samples) - round(CUT_SOUGHT * SAMPLE_RATE)
    frames = (len(samples) - first) // frame
    power = (samples[first : first + frames * frame].reshape(frames, frame).astype(float) ** 2).mean(axis=1)
    quiet = power <= np.quantile(power, QUIET)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
    begin, end = edges[::2], edges[1::2]
    longest = int(np.argmax(end - begin))
    return first + int((begin[longest] + end[longest]) // 2) * frame
