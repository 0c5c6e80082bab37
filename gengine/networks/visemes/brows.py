"""Brows: raised on about half the focal accents and through questions, frowning with effort, never quite still."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Conditions
from gengine.core.face import ARKIT_INDEX
from gengine.core.noise import SmoothNoise, generator
from gengine.core.speaker import Traits
from gengine.networks.visemes.cues import FACE_CUES
from gengine.networks.visemes.pulses import Pulses

_INNER = ARKIT_INDEX["browInnerUp"]
_OUTER = [ARKIT_INDEX["browOuterUpLeft"], ARKIT_INDEX["browOuterUpRight"]]
_DOWN = [ARKIT_INDEX["browDownLeft"], ARKIT_INDEX["browDownRight"]]


class Brows:
    """Brow motion of one recording, to be added to the expression."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._seed, self._readiness = seed, traits.brow
        self._pulses = Pulses(3)  # inner up, outer up, down
        self._noise = SmoothNoise(3, 0.9, seed, "brows")
        self._seen: dict[tuple[str, float], None] = {}
        self._last = -10.0

    def plan(self, conditions: Conditions) -> None:
        """Take in accents and cues that the look-ahead has brought."""
        horizon, start = conditions.hop_end + 0.3, conditions.hop_start
        self._pulses.forget(start)
        for cue in conditions.cues:
            move = FACE_CUES.get(cue.kind)
            if move and move.brow and cue.accent < horizon and self._new(cue.kind, cue.start):
                rng = generator(self._seed, "brow cue", cue.kind, round(cue.start * 1000))
                chance, size, hold = rng.random(), rng.random(), rng.random()
                if chance < (0.4 + 0.6 * move.chance) * self._readiness:
                    long = 0.7 if cue.kind in ("question", "uncertainty", "word_search") else 0.15
                    self._move(cue.accent, move.brow * (0.6 + 0.6 * size), long + 0.3 * hold, start)
        for syllable in conditions.syllables:
            if syllable.prominence >= 0.5 and syllable.onset < horizon and self._new("accent", syllable.onset):
                rng = generator(self._seed, "brow", round(syllable.onset * 1000))
                chance, size = rng.random(), rng.random()
                if chance < self._readiness * (0.15 + 0.6 * (syllable.prominence - 0.5)):
                    self._move(syllable.onset, 0.5 + 0.7 * size, 0.1, start)
        if len(self._seen) > 400:
            for key in list(self._seen)[:200]:
                del self._seen[key]

    def _new(self, kind: str, at: float) -> bool:
        key = (kind, at)
        fresh = key not in self._seen
        self._seen[key] = None
        return fresh

    def _move(self, accent: float, size: float, hold: float, earliest: float) -> None:
        if accent - self._last < 0.5:
            return
        self._last = accent
        values = [0.29 * size, 0.24 * size, 0.0] if size > 0 else [0.0, 0.0, -0.28 * size]
        self._pulses.add(max(accent - 0.14, earliest), 0.2, hold, 0.3, values)

    def add(self, weights: NDArray[np.float64], times: NDArray, pitch: NDArray, gain: NDArray) -> None:
        """Add to ``weights (T, 52)`` in place; ``pitch (T,)`` semitones nudges the brows, ``gain (T,)`` scales."""
        moves = self._pulses(times) * gain[:, None]
        wander = self._noise(times) * (0.022, 0.016, 0.014)
        lift = moves[:, 0] + wander[:, 0] + np.clip(0.006 * pitch, -0.02, 0.04)
        weights[:, _INNER] += lift
        outer = moves[:, 1] + wander[:, 1]
        side = 0.008 * self._noise(times + 300.0)[:, 0]
        weights[:, _OUTER] += np.stack([outer + side, outer - side], axis=1)
        weights[:, _DOWN] += (moves[:, 2] + wander[:, 2])[:, None]
