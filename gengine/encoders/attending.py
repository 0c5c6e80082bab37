"""What somebody does who listens or thinks, as cues: nods where the other pauses and now and then, eyes that search.

Listeners nod most at the ends of the other's phrases (Dittmann & Llewellyn 1968); who thinks looks away and up
(Glenberg, Schroeder & Robertson 1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Cue
from gengine.core.constants import Span, read_constants
from gengine.core.noise import generator

LASTS = 0.3
"""Seconds of a cue."""


@dataclass(frozen=True)
class AttendingConstants:
    """``data/attending.csv``, see there for units and sources."""

    nod_after: float
    nod_pause: float
    nod_chance: float
    nod_lead: float
    nod_every: Span
    search_every: Span


ATTENDING = read_constants(AttendingConstants, "gengine.encoders", "attending")


class Attending:
    """Frames of what is heard in, cues of one who does not speak out; the same however the frames are cut.

    Several who hear the same differ by ``key``.
    """

    def __init__(self, *key: object) -> None:
        self._key = key
        self._spoke = self._silent = 0
        self._next = 0.0

    def push(self, speech: NDArray[np.floating], first: int, role: str) -> list[Cue]:
        """Cues of the next frames ``speech (N,)`` (0 or 1), of which the first is number ``first``."""
        cues = []
        for frame, heard in enumerate((np.asarray(speech) > 0.5).tolist(), first):
            now = frame / ANALYSIS_RATE
            self._silent = 0 if heard else self._silent + 1
            pauses = self._silent == round(ATTENDING.nod_pause * ANALYSIS_RATE)
            due = now >= self._next and (heard or role == "thinking")
            if due or (pauses and self._spoke >= ATTENDING.nod_after * ANALYSIS_RATE):
                cues += self._cue(role, frame, ATTENDING.nod_chance if pauses else 1.0)
            self._spoke = 0 if pauses else self._spoke + heard
        return cues

    def _cue(self, role: str, frame: int, chance: float) -> list[Cue]:
        chosen, lasts = generator("attending", role, frame, *self._key).random(2)
        every = ATTENDING.search_every if role == "thinking" else ATTENDING.nod_every
        at = frame / ANALYSIS_RATE + ATTENDING.nod_lead
        self._next = at + every.at(lasts)
        kind = "word_search" if role == "thinking" else "affirmation"
        return [Cue(kind, at, at + LASTS, at, "")] if chosen < chance else []
