"""A mood that lives: what an emotion shows of itself swells with the phrase and its accents, and a face is never still.

Captured faces that hold an emotion do not freeze in it: within a take of acted anger the brows' weights deviate by more
than a tenth. Here every group of an expression's channels is scaled by a curve of its own, and small movements of
single muscles come and go in every mood, the neutral one too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ACCENT, Conditions
from gengine.core.constants import Limits, read_constants
from gengine.core.noise import SmoothNoise
from gengine.networks.visemes.expression import arkit_indices
from gengine.networks.visemes.movements import PlannedEvents, TransientMoves


@dataclass(frozen=True)
class MoodConstants:
    """``data/mood.csv``, see there for units and sources."""

    look_ahead: float
    swing: float
    swing_arousal: float
    limits: Limits
    rate: float
    shares: tuple[float, ...]
    phrase_frames: int
    phrase_usual: float
    phrase_deviation: float
    phrase_limits: Limits
    accent_usual: float
    accent: tuple[float, ...]
    group_shares: tuple[float, ...]
    micro_rate: float
    micro: tuple[float, ...]
    micro_arousal: float
    micro_alone: float


MOOD = read_constants(MoodConstants, "gengine.networks.visemes", "mood")

_GROUPS = [
    arkit_indices("browInnerUp", "browOuterUp", "browDown"),
    arkit_indices("eyeWide", "eyeSquint"),
    arkit_indices("cheekSquint", "noseSneer"),
    arkit_indices("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress", "mouthShrugLower"),
]
"""Channels that swell together."""
_MICRO = (
    "eyeSquint", "cheekSquint", "noseSneer", "mouthSmile", "mouthDimple", "mouthFrown", "mouthPress", "mouthShrugUpper",
    "jawForward",
)  # fmt: skip
"""Channels of ``micro``."""
_PAIRS = [arkit_indices(name) for name in _MICRO]


class MoodMotion:
    """How the mood of one recording swells and what twitches beside it; ``plan`` first, then read."""

    def __init__(self, seed: int) -> None:
        self._breath = SmoothNoise(len(_GROUPS), MOOD.rate, seed, "mood")
        self._micro = SmoothNoise(3 * len(_MICRO), MOOD.micro_rate, seed, "micro-movements")
        self._accents = TransientMoves(1)
        self._events = PlannedEvents()

    def plan(self, conditions: Conditions) -> None:
        """Take in the accents that the look-ahead has brought."""
        lead, rise, hold, fall = MOOD.accent
        self._accents.forget(conditions.hop_start)
        for syllable in conditions.syllables:
            near = syllable.onset < conditions.hop_end + MOOD.look_ahead
            if near and syllable.prominence >= ACCENT and self._events.is_new("accent", syllable.onset):
                begin = max(syllable.onset - lead, conditions.hop_start)
                self._accents.add(begin, rise, hold, fall, syllable.prominence)
        self._events.forget()

    def swell(self, felt: NDArray[np.float64], times: NDArray, loudness: NDArray, arousal: NDArray) -> None:
        """Scale the expression ``felt (T, 52)`` in place at ``times (T,)`` s.

        ``loudness (T,)`` is the phrase's smoothed level, ``arousal (T,)`` -1..1: agitated moods swing further.
        """
        phrase = MOOD.phrase_limits.clip((loudness - MOOD.phrase_usual) / MOOD.phrase_deviation)
        accents = np.minimum(self._accents(times)[:, 0], 1) - MOOD.accent_usual
        by_noise, by_phrase, by_accent = MOOD.shares
        said = by_phrase * phrase + by_accent * accents
        size = np.maximum(MOOD.swing + MOOD.swing_arousal * arousal, 0)
        noise = self._breath(times)
        for k, (channels, share) in enumerate(zip(_GROUPS, MOOD.group_shares, strict=True)):
            felt[:, channels] *= MOOD.limits.clip(1 + share * size * (by_noise * noise[:, k] + said))[:, None]

    def twitch(self, weights: NDArray[np.float64], times: NDArray, arousal: NDArray) -> None:
        """Add single muscles' small movements to ``weights (T, 52)`` in place at ``times (T,)`` s."""
        noise = self._micro(times).reshape(len(times), 3, len(_MICRO))
        alone = MOOD.micro_alone
        sides = (1 - alone) * noise[:, :1] + alone * noise[:, 1:]
        move = np.maximum(sides, 0) * MOOD.micro * (1 + MOOD.micro_arousal * np.maximum(arousal, 0))[:, None, None]
        for k, channels in enumerate(_PAIRS):
            weights[:, channels] += move[:, : len(channels), k]
