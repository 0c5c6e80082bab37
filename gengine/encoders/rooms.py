"""Late reverberation taken out of mel band powers where a room is heard.

What a room adds to speech decays at its own pace, and no sound can end faster than its tail. So how far bands fall in
80 and 160 ms of a loud frame tells a room from everything else: near a microphone the steepest falls are deep at once,
in noise they end at its floor, in a room they are shallow and go on. Where that is so, the tail that a plain
exponential model (Lebart, Boucher, Denbigh 2001, "A new method based on spectral subtraction for speech
dereverberation") expects after what was said is subtracted band by band; everywhere else nothing is touched.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from gengine.core.twins import flat_twin
from gengine.encoders import logmel

CHUNK = 32
"""Frames after which the room is judged anew: 0.32 s, whatever the blocks in which powers come."""
GROUPS = 4
"""Groups of neighbouring bands that are judged: ten bands together flutter less than each does."""
SHORT, LONG = 8, 16
"""Frames within which falls are measured."""
MEMORY = 20
"""Chunks that are remembered: 6.4 s (judgement)."""
LEAST = 80
"""Falls that must be remembered before a room is believed in: 0.8 s of loud frames."""
LOUD = 25.0
"""Frames at most so far below the loudest remembered are loud, dB (judgement)."""
STEEPEST = 0.95
"""Quantile that counts as the steepest fall."""
SHALLOW = 15.0
"""Fall within ``SHORT`` below which, in every group, a tail is heard, dB: at most 13.5 in a room of RT60 0.6 s, and in
some group from 16 on without one."""
GOES_ON = 2.0
"""Further fall until ``LONG`` above which, in every group, it is a tail and no floor of noise, dB: 5 to 7 in that room,
1 in noise."""
SPOKEN = 13.0
"""Fall within ``LONG`` above which it is speech whose tail is heard, dB: 14 to 19 in that room, less in noise alone."""
RT60 = 0.6
"""Reverberation time of the tail that is expected, s: 0.8 hears as much."""
SHARE = 1.0
"""Energy of that tail over the direct sound's: half and twice as much hear .03 and .01 less of the closures' F1."""
FLOOR = 0.1
"""What is left of a frame's power at least: .03 hears .01 less."""


class Room:
    """Judges and suppresses late reverberation in blocks of band powers, in order."""

    def __init__(self) -> None:
        self.heard = False
        self._levels = np.zeros((0, GROUPS), np.float32)  # dB of frames that are not judged yet, and LONG before them
        self._highest: deque[NDArray] = deque(maxlen=MEMORY)
        self._falls: deque[NDArray] = deque(maxlen=MEMORY)  # (n, 2, GROUPS) of each chunk, NaN where not loud
        self._counts: deque[tuple[NDArray, NDArray]] = deque(maxlen=MEMORY)  # of each chunk: loud falls, steep ones
        self._tail = np.zeros(logmel.BANDS, np.float32)
        self._decay = np.float32(10 ** (-6 * logmel.HOP / logmel.SAMPLE_RATE / RT60))
        self._gain = np.float32(SHARE) * (1 - self._decay)
        self._until = CHUNK

    __deepcopy__ = flat_twin

    def suppress(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """Band powers ``(blocks, block, BANDS)`` → the same without the tail of a room that was heard before them."""
        blocks, block, bands = power.shape
        frames, at, parts = power.reshape(-1, bands), 0, []
        while at < len(frames):
            part = frames[at : at + self._until]
            parts.append(self._without_tail(part) if self.heard else part)
            self._levels = np.concatenate([self._levels, _grouped(part)])
            at, self._until = at + len(part), self._until - len(part)
            if not self._until:
                self._judge()
                self._until = CHUNK
        return np.concatenate(parts).reshape(power.shape) if parts else power

    def _without_tail(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        out, tail = np.empty_like(frames), self._tail
        for i, frame in enumerate(frames):
            direct = np.maximum(frame - tail, np.float32(FLOOR) * frame, out=out[i])
            tail = self._decay * (tail + self._gain * direct)
        self._tail = tail
        return out

    def _judge(self) -> None:
        """Whether a room is heard in the last chunks."""
        levels = self._levels
        self._levels = levels[-LONG:]
        if len(levels) <= LONG:
            return
        self._highest.append(levels.max(axis=0))
        start = levels[:-LONG]
        falls = np.stack([start - levels[SHORT : SHORT - LONG], start - levels[LONG:]], axis=1)
        loud = start > np.max(self._highest, axis=0) - LOUD
        self._falls.append(np.where(loud[:, None], falls, np.nan))
        self._counts.append((loud.sum(axis=0), (loud & (falls[:, 0] >= SHALLOW)).sum(axis=0)))
        was, self.heard = self.heard, self._has_tail()
        if self.heard and not was:
            self._tail = np.zeros_like(self._tail)

    def _has_tail(self) -> bool:
        """Whether in every group the steepest of the remembered falls are a tail's."""
        count, steep = np.sum(self._counts, axis=0)
        steepest = (STEEPEST * (count - 1)).astype(int)
        if count.min() < LEAST or (steep > count - 1 - steepest).any():
            return False
        falls = np.sort(np.concatenate(self._falls), axis=0)  # NaN comes last
        short, long = (falls[steepest, k, np.arange(GROUPS)] for k in (0, 1))
        return bool((long - short).min() > GOES_ON and np.median(long) > SPOKEN)


def _grouped(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    return logmel.power_to_db(frames.reshape(len(frames), GROUPS, -1).sum(axis=2))
