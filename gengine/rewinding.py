"""A session's recent past: copies of what it remembers, to which it can go back when its speech is broken off."""

from __future__ import annotations

import copy
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.windows import CurveBuffer

EVERY = 0.5
"""Seconds of sound between two copies: going back means to hear so much anew at most. Judgement."""

REACH = 2.5
"""Seconds of sound that are kept: who plays the sound may have been given so much of it ahead. Judgement."""


class Past:
    """Copies of a session's memory by the number of samples that had been pushed, and the sound since the oldest."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._copies: deque[tuple[int, dict[str, Any]]] = deque()
        self._sound = CurveBuffer()

    def keep(self, pushed: int, memory: dict[str, Any], now: bool = False) -> None:
        """Remember a copy of ``memory`` if the last is old, or it was changed from outside (``now``)."""
        if not now and self._copies and pushed - self._copies[-1][0] < EVERY * self._rate:
            return
        if self._copies and self._copies[-1][0] == pushed:
            self._copies.pop()
        self._copies.append((pushed, copy.deepcopy(memory)))
        while len(self._copies) > 1 and self._copies[1][0] <= pushed - REACH * self._rate:
            self._copies.popleft()
        self._sound.drop(self._copies[0][1]["_heard"])

    def hear(self, samples: NDArray[np.float32]) -> None:
        """Remember the sound that was pushed next."""
        self._sound.append({"samples": samples})

    def back(self, pushed: int) -> tuple[dict[str, Any], NDArray[np.float32]] | None:
        """The memory before ``pushed`` samples, and the sound from there up to them; what came later is forgotten.

        None where the past does not reach so far back.
        """
        while self._copies and self._copies[-1][0] > pushed:
            self._copies.pop()
        if not self._copies:
            return None
        first, memory = self._copies[-1]
        sound = self._sound.read(first, pushed)["samples"]
        self._sound = self._sound.until(memory["_heard"])
        return copy.deepcopy(memory), sound
