"""What the user asked for, as a function of time: constant, keyframed, read from the voice, or any sum of these."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.errors import EmotionError

DEFAULT_FADE = 0.8
"""Seconds that one emotion takes to become another."""

SHORTEST_FADE = 0.25
"""Seconds; no face changes its expression faster without looking like a cut."""

STRONGEST = 2
"""Largest intensity: strengths are clipped at 1, so that only weak ones grow."""

_WIDTH = len(EMOTIONS) + 3 + 1


@dataclass(frozen=True, eq=False)
class EmotionState:
    """One mixture: ``weights (18,)`` in [0, 1], ``vad (3,)`` in [-1, 1], and ``voice`` in [0, 1].

    ``voice`` is the share of the emotion read from the voice that is added to the rest.
    """

    weights: NDArray[np.float64]
    vad: NDArray[np.float64]
    voice: float = 0.0

    @classmethod
    def neutral(cls) -> EmotionState:
        """Nothing felt, nothing listened to."""
        return cls(np.zeros(len(EMOTIONS)), np.zeros(3))

    def scaled(self, intensity: float) -> EmotionState:
        """Everything times ``intensity`` (0-2), clipped to what is allowed."""
        check_intensity(intensity)
        return EmotionState(
            np.minimum(self.weights * intensity, 1),
            np.clip(self.vad * intensity, -1, 1),
            min(self.voice * intensity, 1),
        )

    def vector(self) -> NDArray[np.float64]:
        """Weights, VAD and voice in a row, ``(22,)``."""
        return np.concatenate([self.weights, self.vad, [self.voice]])


def check_intensity(intensity: Any, where: str = "intensity") -> float:
    """``intensity`` as a float in [0, 2]; EmotionError otherwise."""
    try:
        value = float(intensity.replace(",", ".") if isinstance(intensity, str) else intensity)
    except (TypeError, ValueError):
        value = math.nan
    except OverflowError:
        value, intensity = math.inf, math.inf
    if not 0 <= value <= STRONGEST:
        raise EmotionError(f"{where}: {intensity!r:.60}, expected a number from 0 (none) to 2 (twice as strong)")
    return value


@dataclass(frozen=True, eq=False)
class EmotionPlan:
    """An emotion for every moment: ``states (K, 22)`` (weights, VAD, voice) that begin at ``times (K,)`` s.

    Before the first keyframe the first state holds. From one state to the next runs a smoothstep centred on
    the keyframe's time; it lasts ``fade`` seconds, less where keyframes are closer, never less than
    ``SHORTEST_FADE``. A ``linear`` plan runs straight from keyframe to keyframe instead. ``intensity``, by which the
    states have been scaled, is what tags of the words are to be scaled by too.
    """

    times: NDArray[np.float64]
    states: NDArray[np.float64]
    fade: float = DEFAULT_FADE
    linear: bool = False
    intensity: float = 1.0

    def __post_init__(self) -> None:
        for name in ("times", "states"):
            array = np.array(getattr(self, name), float)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if self.states.shape != (len(self.times), _WIDTH) or not len(self.times):
            raise EmotionError(f"EmotionPlan: states {self.states.shape} do not fit {len(self.times)} times")
        if not (np.isfinite(self.times).all() and (np.diff(self.times) > 0).all()):
            raise EmotionError("EmotionPlan: keyframe times must be finite and rising")
        if not (math.isfinite(self.fade) and self.fade >= 0):
            raise EmotionError(f"emotion timeline: fade {self.fade!r}, expected seconds, 0 or more")
        gaps = np.diff(self.times)
        before = np.concatenate([[np.inf], gaps])
        after = np.concatenate([gaps, [np.inf]])
        fades = np.maximum(np.minimum(np.minimum(before, after), self.fade), SHORTEST_FADE)
        object.__setattr__(self, "_fades", fades)

    def __deepcopy__(self, memo: dict[int, Any]) -> EmotionPlan:
        return self

    @classmethod
    def constant(cls, state: EmotionState) -> EmotionPlan:
        """One state for good."""
        return cls(np.zeros(1), state.vector()[None])

    @classmethod
    def keyframes(cls, times: ArrayLike, states: list[EmotionState], fade: float = DEFAULT_FADE) -> EmotionPlan:
        """States that begin at ``times (K,)`` (s, rising); each change lasts ``fade`` s.

        Raises EmotionError where times do not rise.
        """
        return cls(np.asarray(times, float), np.array([s.vector() for s in states]), fade)

    @classmethod
    def from_track(cls, track: EmotionTrack, intensity: float = 1) -> EmotionPlan:
        """A finished timeline, read linearly and held at its end; EmotionError for an intensity beyond 0-2."""
        check_intensity(intensity)
        if not len(track):
            return cls.constant(EmotionState.neutral())
        weights = np.clip(track.weights.astype(float) * intensity, 0, 1)
        vad = np.clip(track.vad.astype(float) * intensity, -1, 1)
        states = np.concatenate([weights, vad, np.zeros((len(track), 1))], axis=1)
        return cls(np.arange(len(track)) / track.fps, states, linear=True, intensity=intensity)

    @property
    def listens(self) -> bool:
        """Whether any part of the emotion is read from the voice."""
        return bool((self.states[:, -1] > 0).any())

    def __call__(self, times: ArrayLike) -> tuple[NDArray, NDArray, NDArray]:
        """``weights (T, 18)``, ``vad (T, 3)`` and ``voice (T,)`` at ``times (T,)`` s, rising."""
        t = np.asarray(times, float)
        values = self._linear(t) if self.linear else self._faded(t)
        return values[:, : len(EMOTIONS)], values[:, len(EMOTIONS) : -1], values[:, -1]

    def _linear(self, t: NDArray) -> NDArray:
        return np.stack([np.interp(t, self.times, column) for column in self.states.T], axis=1)

    def _faded(self, t: NDArray) -> NDArray:
        if not len(t):
            return np.zeros((0, _WIDTH))
        reach = max(self.fade, SHORTEST_FADE) / 2
        first = max(int(np.searchsorted(self.times, t[0] - reach)) - 1, 0)
        last = int(np.searchsorted(self.times, t[-1] + reach, side="right"))
        values = np.repeat(self.states[first][None], len(t), axis=0)
        fades: NDArray = self.__dict__["_fades"]
        for k in range(first + 1, last):
            x = np.clip((t - self.times[k]) / fades[k] + 1 / 2, 0, 1)
            values += (x * x * (3 - 2 * x))[:, None] * (self.states[k] - self.states[k - 1])
        return values
