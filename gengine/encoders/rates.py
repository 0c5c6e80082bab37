"""Sound of any rate at 16 kHz, piece by piece with a delay of ``EDGE``, for streams that may not wait for a filter's
blocks and are copied while they go on. What comes out depends, to rounding, on the pieces."""

from __future__ import annotations

import math

import numpy as np
import soxr
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE

EDGE = 0.01
"""Seconds at either end of a piece in which the filter would need what lies beyond (measured: 2e-5 of full scale)."""


class PieceResampler:
    """``push(samples)`` at ``rate`` returns samples at ``SAMPLE_RATE``, all but the last ``EDGE`` s."""

    def __init__(self, rate: int) -> None:
        self._rate, self._unit = rate, rate // math.gcd(rate, SAMPLE_RATE)
        self._first = self._made = 0  # of what is kept at its rate, and of the next sample out
        self._kept = np.zeros(0, np.float32)

    def push(self, samples: NDArray[np.float32], last: bool = False) -> NDArray[np.float32]:
        """The next samples ``(N,)``; with ``last`` the recording ends with them."""
        self._kept = np.concatenate([self._kept, samples])
        end = (self._first + len(self._kept)) / self._rate
        until = round(end * SAMPLE_RATE) if last else max(int((end - EDGE) * SAMPLE_RATE), self._made)
        begin = self._first * SAMPLE_RATE // self._rate
        out = soxr.resample(self._kept, self._rate, SAMPLE_RATE)[self._made - begin : until - begin]
        self._made = until
        first = max(int((until / SAMPLE_RATE - EDGE) * self._rate) // self._unit * self._unit, self._first)
        self._kept, self._first = self._kept[first - self._first :], first
        return np.asarray(out, np.float32)
