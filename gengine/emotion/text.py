"""Emotion from what is said: 28 categories of GoEmotions, several at once, and the words that told them.

Demszky et al. 2020, "GoEmotions: A Dataset of Fine-Grained Emotions": English comments. A linear model of hashed
TF-IDF (``text_features``), so what a word adds is known exactly; its card says how well
it reads.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.words import Word, sentences
from gengine.emotion.parse import parse_state
from gengine.emotion.tags import span
from gengine.emotion.text_features import BUCKETS, counts, terms, tokens, weighted
from gengine.errors import FormatError

CHECKPOINT = "text-emotion-v1"

LANGUAGE = "en"
"""The only language that it has learned."""

TOLD = 0.8
"""Strength of an emotion that words tell beyond doubt. Judgement."""

FADE = 0.6
"""Seconds in which what a sentence tells sets in and goes, centred on its start and end. Judgement."""


@cache
def labels() -> tuple[str, ...]:
    """The 28 categories, "neutral" last, in the order of GoEmotions."""
    return tuple(row["label"] for row in _rows())


@cache
def _rows() -> list[dict[str, str]]:
    text = resources.files("gengine.emotion").joinpath("data/text_labels.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def ekman() -> dict[str, tuple[int, ...]]:
    """Ekman's six and neutral, and the numbers of the labels that are of each (GoEmotions' own grouping)."""
    groups: dict[str, list[int]] = {}
    for k, row in enumerate(_rows()):
        groups.setdefault(row["ekman"], []).append(k)
    return {name: tuple(members) for name, members in groups.items()}


@cache
def _states() -> NDArray[np.float64]:
    """Strengths and VAD ``(28, 21)`` that each label stands for."""
    return np.array([parse_state(row["emotion"]).vector()[:-1] for row in _rows()])


@dataclass(frozen=True, eq=False)
class Said:
    """A sentence from ``start`` to ``end`` s: its ``text``, the 28 ``chances``, and the ``words`` that told the
    strongest label beside neutral, the most telling first; ``label`` is that one where it outweighs neutral."""

    start: float
    end: float
    text: str
    chances: NDArray[np.float64]
    words: tuple[str, ...]
    label: str | None


class TextReader:
    """Chances of the 28 labels for texts; ``thresholds (28,)`` are those of the best F1 on held-out training texts."""

    def __init__(self, checkpoint: str | Path = CHECKPOINT) -> None:
        config, tensors = shared_checkpoint(checkpoint)
        if config.get("kind") != "text emotion" or tuple(config.get("labels", ())) != labels():
            raise FormatError(f"checkpoint '{checkpoint}': not a reader of these 28 labels")
        with fitting(checkpoint):
            index = tensors["features"].astype(np.int64)
            self._weights = tensors["weights"]
            self._scale = tensors["scale"].astype(float).reshape(1, len(labels()))
            self._bias = tensors["bias"].astype(float).reshape(len(labels()))
            self.thresholds = tensors["thresholds"].astype(float).reshape(len(labels()))
            self._row = np.full(2 * BUCKETS, -1, np.int32)
            self._row[index] = np.arange(len(self._weights))
            self._idf = np.zeros(2 * BUCKETS, np.float32)
            self._idf[index] = tensors["idf"]

    def chances(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities ``(N, 28)``, each label for itself."""
        return 1 / (1 + np.exp(-np.array([self._scores(text) for text in texts]).reshape(len(texts), len(labels()))))

    def _scores(self, text: str) -> NDArray[np.float64]:
        index, value = weighted(counts(text), self._idf)
        return self._bias + (value @ self._weights[self._row[index]].astype(np.float32)) * self._scale[0]

    def saliency(self, text: str) -> list[tuple[str, NDArray[np.float64]]]:
        """What each word of ``text`` adds to the scores, ``(28,)`` in log odds; pairs add to both words equally."""
        words = tokens(text)
        values = dict(zip(*weighted(counts(text), self._idf), strict=True))
        often = counts(text)
        added = np.zeros((len(words), len(labels())))
        for kind, bucket, members in terms(words):
            feature = kind * BUCKETS + bucket
            if feature in values:
                row = self._weights[self._row[feature]] * self._scale[0]
                added[list(members)] += values[feature] * row / often[feature] / len(members)
        return list(zip(words, added, strict=True))

    def read(self, words: Sequence[Word]) -> list[Said]:
        """What the sentences of words with times tell."""
        found = []
        for sentence in sentences(words):
            text = " ".join(w.text for w in sentence)
            chances = self.chances([text])[0]
            top = int(np.argmax(np.where(chances[:-1] >= self.thresholds[:-1], chances[:-1], 0)))
            telling = sorted(((float(a[top]), w) for w, a in self.saliency(text) if w[0].isalnum()), reverse=True)
            best = tuple(dict.fromkeys(w for a, w in telling if a > max(telling[0][0], 0) / 3))[:3]
            label = labels()[top] if self.felt(chances)[1] > 0 else None
            found.append(Said(sentence[0].start, sentence[-1].end, text, chances, best, label))
        return found

    def felt(self, chances: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Strengths and VAD ``(21,)`` of the labels that are told, and the gate 0..1: how far they outweigh neutral.

        A label at its threshold is felt half, at twice it in full.
        """
        other = chances[:-1]
        told = np.where(other >= self.thresholds[:-1], np.minimum(other / (2 * self.thresholds[:-1]), 1), 0)
        top = float(other[told > 0].max(initial=0.0))
        gate = max(0.0, 1 - float(chances[-1]) / top) if top else 0.0
        state = TOLD * (told[:, None] * _states()[:-1]).sum(axis=0)
        most = state[:-3].max(initial=0.0)
        return state / max(most / TOLD, 1.0), gate


class SaidEmotion:
    """What words with times tell, laid over what the voice tells.

    Strengths add up as those of independent witnesses, 1 - (1 - v)(1 - w): a neutral or missing one changes nothing,
    and two of different minds both show.
    """

    def __init__(self) -> None:
        self._reader = TextReader()
        self._told: list[tuple[float, float, NDArray[np.float64]]] = []

    def add(self, words: Sequence[Word], earliest: float = 0.0) -> None:
        """Further words, in order of time; they are felt from ``earliest`` s on."""
        for said in self._reader.read(words):
            state, gate = self._reader.felt(said.chances)
            if gate > 0:
                self._told.append((max(said.start, earliest), said.end, gate * state))

    def over(self, track: EmotionTrack, start: float, share: NDArray[np.float64]) -> EmotionTrack:
        """``track``, which begins at ``start`` s, with the words in it; ``share (T,)`` is how far they count."""
        times = (round(start * track.fps) + np.arange(len(track))) / track.fps
        near = [one for one in self._told if len(times) and one[0] - FADE < times[-1] and one[1] + FADE > times[0]]
        if not near:
            return track
        width = len(EMOTIONS)
        weights, vad = track.weights.astype(float), track.vad.astype(float)
        for begin, end, state in near:
            told = (share * span(times, begin, end, FADE))[:, None] * state
            weights = 1 - (1 - weights) * (1 - told[:, :width])
            vad = vad + told[:, width:]
        return replace(track, weights=weights, vad=np.clip(vad, -1, 1))
