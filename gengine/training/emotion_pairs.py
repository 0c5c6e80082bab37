"""What the emotion embedding learns from: voices and words that show one emotion.

No recording here has both, so a pair is a clip of EMO-DB and a comment of GoEmotions of the same category; a voice's
posterior and its dimensions are of one clip, words and the strengths that their label stands for of one comment.
Voices are read by heads that never met their speaker, words by a reader that never learned the comment: what is
learned is how they err.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.emotion.text import TextReader
from gengine.emotion.text_labels import ekman, labels, states
from gengine.emotion.voice import CATEGORIES, SHOWN, VoiceHead
from gengine.encoders.speech_encoder import SpeechEncoder
from gengine.training import voice_clips, voice_head
from gengine.training.text_emotion import held_out, read_tsv
from gengine.training.voice_head import Recipe, Vectors

Array = NDArray[np.float64]

SHARED = (*CATEGORIES, "surprise")
"""Categories that tell which modalities belong together: the voice's seven, and surprise, which words alone tell."""
NAMES = {"joy": "happiness"}
"""GoEmotions' groups where they are called otherwise."""


@dataclass(frozen=True, eq=False)
class Voices:
    """Vectors of EMO-DB's clips as they are and disturbed, ordinary speech, and how emotions occur together."""

    sets: Sequence[Vectors]
    ordinary: Vectors
    matrix: Array
    recipe: Recipe = Recipe()
    heads: dict[frozenset[str], VoiceHead] = field(default_factory=dict)
    """Those that were made, by the speakers that each never met."""

    @classmethod
    def of(cls, folder: Path) -> Voices:
        """All clips are looked at: three minutes of a core."""
        recipe, encoder, clips = Recipe(), SpeechEncoder(), list(voice_clips.emodb(folder))
        kinds = ("clean", *(f"aug{k}" for k in range(recipe.copies)))
        sets = [voice_head.vectors(clips, kind, encoder) for kind in kinds]
        ordinary = [voice_head.spoken_vectors(folder, *item, encoder) for item in voice_head.ORDINARY.items()]
        matrix = voice_head.co_occurrence(folder / voice_head.VOTES)
        return cls(sets, voice_head.joined(ordinary), matrix, recipe)

    @property
    def speakers(self) -> NDArray[np.str_]:
        """Of every clip."""
        return self.sets[0].speakers

    def read(self, chosen: NDArray[np.bool_], without: Sequence[str] = (), sets: int | None = None) -> VoiceReadings:
        """The ``chosen (N,)`` clips, as they are and disturbed (so many ``sets``, None: all), by heads that met neither
        their speaker nor those ``without``."""
        found = []
        for speaker in sorted(set(self.speakers[chosen])):
            head, there = self._head(frozenset([speaker, *without])), chosen & (self.speakers == speaker)
            for examples in self.sets[:sets]:
                found.append((*head(examples.x[there], head.home), examples.labels[there]))
        return VoiceReadings(*(np.concatenate(part) for part in zip(*found, strict=True)))

    def _head(self, without: frozenset[str]) -> VoiceHead:
        """One that learned from the other speakers."""
        if without not in self.heads:
            known = ~np.isin(self.speakers, list(without))
            tensors = voice_head.train([v[known] for v in self.sets], self.ordinary, self.recipe, self.matrix)
            self.heads[without] = voice_head.head_of(tensors, self.recipe)
        return self.heads[without]


@dataclass(frozen=True, eq=False)
class VoiceReadings:
    """``posterior (N, 7)``, ``dimensions (N, 4)`` and the true ``category (N,)`` by ``SHARED``."""

    posterior: Array
    dimensions: Array
    category: NDArray[np.int64]

    def shuffled(self, rng: np.random.Generator) -> VoiceReadings:
        """With the category of another clip."""
        return replace(self, category=rng.permutation(self.category))


@dataclass(frozen=True, eq=False)
class WordReadings:
    """Comments of one label: log odds ``scores (N, 28)``, ``label (N,)`` and ``category (N,)`` by ``SHARED``."""

    scores: Array
    label: NDArray[np.int64]
    category: NDArray[np.int64]

    @classmethod
    def of(cls, folder: Path, name: str, reader: TextReader) -> WordReadings:
        """Those of ``name`` (train: the tenth that no reader learned from)."""
        texts, truth = read_tsv(folder / f"{name}.tsv")
        kept = held_out(len(texts), np.random.default_rng(0))[0] if name == "train" else np.arange(len(texts))
        kept = kept[truth[kept].sum(axis=1) == 1]
        label = truth[kept].argmax(axis=1)
        return cls(reader.scores([texts[k] for k in kept]), label, group_of()[label])


def group_of() -> NDArray[np.int64]:
    """The category of each of the 28 labels ``(28,)``."""
    found = np.zeros(len(labels()), int)
    for name, members in ekman().items():
        found[list(members)] = SHARED.index(NAMES.get(name, name))
    return found


def state_of(category: int) -> Array:
    """Strengths ``(18,)`` of a category; none of neutral."""
    found = np.zeros(len(EMOTIONS))
    if category:
        found[EMOTION_INDEX[SHOWN.get(SHARED[category], SHARED[category])]] = 1
    return found


def state_of_label(label: int) -> Array:
    """Strengths ``(18,)`` that one of the 28 labels stands for."""
    found = states()[label, : len(EMOTIONS)].copy()
    found[0] = 0
    return found
