"""The emotion timeline that drives everything: named strengths and valence-arousal-dominance over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core import resampling
from gengine.core.timing import check_frame_rate
from gengine.errors import GengineError

BEAT_EMOTIONS: tuple[str, ...] = (
    "neutral", "happiness", "anger", "sadness", "contempt", "surprise", "fear", "disgust",
)  # fmt: skip
"""BEAT's eight labels in BEAT's id order."""

BEAT_VAD: tuple[tuple[float, float, float], ...] = (
    (0.0, 0.0, 0.0), (0.81, 0.51, 0.46), (-0.51, 0.59, 0.25), (-0.63, -0.27, -0.33), (-0.23, 0.31, 0.18),
    (0.40, 0.67, -0.13), (-0.64, 0.60, -0.43), (-0.60, 0.35, 0.11),
)  # fmt: skip
"""Valence, arousal, dominance of BEAT's eight emotions (Russell & Mehrabian 1977)."""

EMOTIONS: tuple[str, ...] = (
    *BEAT_EMOTIONS,
    "amused", "proud", "bored", "tired", "anxious", "confused", "tender", "sarcastic", "pained", "determined",
)  # fmt: skip
"""The eighteen named emotions with a face and a body of their own; BEAT's eight come first."""

EMOTION_INDEX: dict[str, int] = {name: i for i, name in enumerate(EMOTIONS)}


@dataclass(frozen=True, eq=False)
class EmotionTrack:
    """``weights (T, 18)`` strengths in [0, 1] by ``EMOTIONS``; ``vad (T, 3)`` in [-1, 1]; ``fps`` Hz.

    A weight is a strength, not a probability: ``happiness`` 0.5 is a half-strength smile, and all zeros is
    as neutral as ``neutral`` 1. ``vad`` is valence, arousal, dominance around 0 = neutral.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("weights", "vad")
    """Fields that hold one row a frame."""

    weights: NDArray[np.floating]
    vad: NDArray[np.floating]
    fps: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", np.asarray(self.weights, np.float32))
        object.__setattr__(self, "vad", np.asarray(self.vad, np.float32))
        check_frame_rate("EmotionTrack.fps", self.fps)
        frames = len(self.weights)
        for field, width in (("weights", len(EMOTIONS)), ("vad", 3)):
            shape = getattr(self, field).shape
            if shape != (frames, width):
                raise GengineError(f"EmotionTrack.{field}: shape {shape}, expected ({frames}, {width})")

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / self.fps

    def __getitem__(self, frames: slice) -> EmotionTrack:
        return replace(self, weights=self.weights[frames], vad=self.vad[frames])

    def resample(self, fps: float) -> EmotionTrack:
        """The same timeline at another rate (Hz): linear."""
        return resampling.resample(self, fps)


def beat_ids(weights: NDArray, vad: NDArray) -> NDArray[np.int64]:
    """The one of BEAT's eight emotions, ids 0-7 ``(T,)``, that strengths ``(T, 18)`` and VAD ``(T, 3)`` say most.

    That is the strongest of the eight, or, where an emotion beyond them is stronger, the nearest of the eight in
    valence, arousal and dominance. What is weaker than 0.15 is neutral.
    """
    own, others = weights[:, 1 : len(BEAT_EMOTIONS)], weights[:, len(BEAT_EMOTIONS) :]
    strength, beyond = own.max(axis=1, initial=0.0), others.max(axis=1, initial=0.0)
    away = np.linalg.norm(vad[:, None] - np.array(BEAT_VAD), axis=-1)
    ids = np.where(beyond > strength, away.argmin(axis=1), 1 + own.argmax(axis=1))
    return np.where(np.maximum(strength, beyond) < 0.15, 0, ids)
