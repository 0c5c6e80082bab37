"""One space for what tells an emotion: a voice's posterior, its valence, arousal, dominance and strength, words, and
strengths that somebody asks for.

After SynchroRaMa (2025, "SynchroRaMa: Lip-Synchronized and Emotion-Aware Talking Face Generation via
Multi-Modal Emotion Embedding"): every modality has a small projection, and what shows the same emotion lies near
whatever shows it. ``gengine.training.emotion_embedding_task`` learns them, ``benchmarks/emotion_embedding.py`` judges
them. Modalities add up, each as far as it is beside neutral, and no sum is longer than 1: a neutral or missing one
changes nothing.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.core.emotion import EMOTIONS
from gengine.emotion.text_labels import labels
from gengine.emotion.voice import CATEGORIES, DIMENSIONS, DOUBT
from gengine.errors import FormatError

CHECKPOINT = "emotion-embedding-v1"
MODALITIES = {"voice": len(CATEGORIES), "tone": len(DIMENSIONS), "words": len(labels()), "state": len(EMOTIONS)}
"""Width of each modality: a voice's posterior, its dimensions, log odds of words, strengths of the eighteen."""
SURE = 0.01
"""Added to a voice's chances before their logarithms: what is beyond is noise. Judgement."""
ODDS = 3.0
"""Log odds of words are told in this unit. Judgement: about their deviation."""

Array = NDArray[np.float64]


def inputs(modality: str, values: ArrayLike) -> Array:
    """What a projection sees of a modality's ``values (…, width)``."""
    x = np.asarray(values, float)
    if modality == "voice":
        return np.log(x + SURE)
    return x / ODDS if modality == "words" else x


class EmotionEmbedding:
    """Vectors ``(…, width)`` of unit length for each modality by itself, and what they add up to."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> None:
        if config.get("kind") != "emotion embedding" or config["modalities"] != MODALITIES:
            raise FormatError("not an emotion embedding of this version of gengine")
        self._tensors = {name: value.astype(np.float64) for name, value in tensors.items()}
        self.width = int(config["width"])
        for name, wide in MODALITIES.items():
            if self.project(name, np.zeros(wide)).shape != (self.width,):
                raise FormatError(f"modality '{name}' is not projected to {self.width} numbers")

    def project(self, modality: str, values: ArrayLike) -> Array:
        """``values`` of one of ``MODALITIES``: chances, dimensions, log odds or strengths."""
        t = self._tensors
        x = inputs(modality, values)
        hidden = np.tanh(x @ t[f"{modality}.0.weight"].T + t[f"{modality}.0.bias"])
        out = hidden @ t[f"{modality}.2.weight"].T + t[f"{modality}.2.bias"]
        return out / np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-9)

    def of_voice(self, posterior: ArrayLike, dimensions: ArrayLike, presence: ArrayLike = 1.0) -> Array:
        """What a reading of the voice adds, by how far it is beside neutral and speech is there (``presence``)."""
        both = (self.project("voice", posterior) + self.project("tone", dimensions)) / 2
        return (np.asarray(presence) * beside_neutral(posterior))[..., None] * both

    def of_state(self, strengths: ArrayLike) -> Array:
        """What strengths ``(…, 18)`` that are asked for add: as much as the strongest."""
        strengths = np.asarray(strengths, float)
        return strengths[..., 1:].max(axis=-1)[..., None] * self.project("state", strengths)


def beside_neutral(posterior: ArrayLike) -> Array:
    """How much a voice's posterior ``(…, 7)`` tells, 0 to 1: its chance of any emotion beyond doubt."""
    return np.clip((1 - np.asarray(posterior, float)[..., 0] - DOUBT) / (1 - DOUBT), 0, 1)


def pooled(total: ArrayLike) -> Array:
    """A sum of modalities ``(…, width)``, shortened to 1 where it is longer."""
    total = np.asarray(total, float)
    return total / np.maximum(np.linalg.norm(total, axis=-1, keepdims=True), 1.0)


@cache
def embedding(checkpoint: str | Path = CHECKPOINT) -> EmotionEmbedding:
    """The bundled one; ``FormatError`` where the checkpoint is another thing."""
    config, tensors = shared_checkpoint(checkpoint)
    with fitting(checkpoint):
        return EmotionEmbedding(config, tensors)
