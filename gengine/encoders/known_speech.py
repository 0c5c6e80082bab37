"""Speech that is known opens the gate for the prosody, whatever the gate makes of the sound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE
from gengine.core.words import Phone
from gengine.encoders.speech_gate import AHEAD, HANG


class KnownSpeech:
    """Where known phones say that someone speaks, whatever the gate makes of it."""

    def __init__(self, known: tuple[Phone, ...]) -> None:
        voiced = [p for p in known if p.symbol != "sil"]
        self._starts = np.array([p.start for p in voiced])
        self._ends = np.maximum.accumulate([p.end for p in voiced]) if voiced else np.zeros(0)
        self._frames = 0

    def opened(self, open_frames: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The gate's next frames ``(F,)``, open near known phones too: as long before and after as it would be."""
        times = np.arange(self._frames, self._frames + len(open_frames)) / ANALYSIS_RATE
        self._frames += len(open_frames)
        if not len(self._starts):
            return open_frames
        begun = np.searchsorted(self._starts, times + AHEAD, side="right")
        return open_frames | ((begun > 0) & (self._ends[np.maximum(begun - 1, 0)] >= times - HANG))
