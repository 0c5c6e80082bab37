"""Emotion from what is said: 28 categories of GoEmotions, several at once, and the words that told them.

Demszky et al. 2020, "GoEmotions: A Dataset of Fine-Grained Emotions": English comments. A small transformer
(``text_network``) beside a linear model of hashed TF-IDF (``text_linear``); the card says how well they read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.words import Word, sentences
from gengine.emotion.tags import span
from gengine.emotion.text_labels import labels, states
from gengine.emotion.text_linear import LinearReader
from gengine.emotion.text_network import MOST_PIECES, TextNetwork
from gengine.errors import FormatError

if TYPE_CHECKING:
    from gengine.emotion.embedding import EmotionEmbedding

CHECKPOINT = "text-emotion-v2"

LANGUAGE = "en"
"""The only language that it has learned."""

TOLD = 0.8
"""Strength of an emotion that words tell beyond doubt. Judgement."""

FADE = 0.6
"""Seconds in which what a sentence tells sets in and goes, centred on its start and end. Judgement."""


@dataclass(frozen=True, eq=False)
class Said:
    """A sentence from ``start`` to ``end`` s: its ``text``, the 28 ``chances``, the strongest ``label`` where it
    outweighs neutral, else None, and the ``words`` that told it, the most telling first."""

    start: float
    end: float
    text: str
    chances: NDArray[np.float64]
    words: tuple[str, ...]
    label: str | None


class TextReader:
    """Chances of the 28 labels for texts; ``thresholds (28,)`` are those of the best F1 on held-out training texts.

    A linear reader alone, or a small transformer beside one: their scores are added up by the checkpoint's ``share``.
    """

    def __init__(self, checkpoint: str | Path = CHECKPOINT) -> None:
        config, tensors = shared_checkpoint(checkpoint)
        if config.get("kind") != "text emotion" or tuple(config.get("labels", ())) != labels():
            raise FormatError(f"checkpoint '{checkpoint}': not a reader of these 28 labels")
        self._network: TextNetwork | None = None
        with fitting(checkpoint):
            self._share = float(config.get("share", 1.0))
            if "linear" in config:
                self._network = TextNetwork(tensors)
                self._linear = LinearReader(*shared_checkpoint(config["linear"]))
            else:
                self._linear = LinearReader(config, tensors)
            self.thresholds = tensors["thresholds"].astype(float).reshape(len(labels()))

    def chances(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities ``(N, 28)``, each label for itself."""
        return 1 / (1 + np.exp(-self.scores(texts)))

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Log odds ``(N, 28)``."""
        linear = self._linear.scores(texts)
        if self._network is None or not len(texts):
            return linear
        return self._share * linear + (1 - self._share) * self._network.scores(texts)

    def saliency(self, text: str) -> list[tuple[str, NDArray[np.float64]]]:
        """What each word of ``text`` adds to the scores, ``(28,)`` in log odds.

        Of the linear reader exactly, pairs adding to both words equally; of the network what is lost without the word
        (Li, Monroe & Jurafsky 2016, "Understanding neural networks through representation erasure").
        """
        told = self._linear.saliency(text)
        if self._network is None:
            return told
        words = [word for word, _ in told]
        seen = range(min(len(words), MOST_PIECES))  # those beyond are not looked at
        scores = self._network.scores([" ".join(words), *(" ".join(words[:k] + words[k + 1 :]) for k in seen)])
        lost = np.zeros((len(words), len(labels())))
        lost[: len(seen)] = scores[0] - scores[1:]
        return [
            (word, self._share * added + (1 - self._share) * gone)
            for (word, added), gone in zip(told, lost, strict=True)
        ]

    def read(self, words: Sequence[Word]) -> list[Said]:
        """What the sentences of words with times tell."""
        found, parts = [], sentences(words)
        texts = [" ".join(w.text for w in part) for part in parts]
        for part, text, chances in zip(parts, texts, self.chances(texts), strict=True):
            label, best = None, ()
            if self.felt(chances)[1] > 0:
                top = int(np.argmax(np.where(chances[:-1] >= self.thresholds[:-1], chances[:-1], 0)))
                label, best = labels()[top], self._telling(text, top)
            found.append(Said(part[0].start, part[-1].end, text, chances, best, label))
        return found

    def _telling(self, text: str, label: int) -> tuple[str, ...]:
        """The words that add most to a label's score, three at most."""
        added = sorted(((float(a[label]), w) for w, a in self.saliency(text) if w[0].isalnum()), reverse=True)
        return tuple(dict.fromkeys(w for a, w in added if a > max(added[0][0], 0) / 3))[:3]

    def felt(self, chances: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Strengths and VAD ``(21,)`` of the labels that are told, and the gate 0..1: how far they outweigh neutral.

        A label at its threshold is felt half, at twice it in full.
        """
        other = chances[:-1]
        told = np.where(other >= self.thresholds[:-1], np.minimum(other / (2 * self.thresholds[:-1]), 1), 0)
        top = float(other[told > 0].max(initial=0.0))
        gate = max(0.0, 1 - float(chances[-1]) / top) if top else 0.0
        state = TOLD * (told[:, None] * states()[:-1]).sum(axis=0)
        most = state[:-3].max(initial=0.0)
        return state / max(most / TOLD, 1.0), gate


class SaidEmotion:
    """What words with times tell, laid over what the voice tells.

    Strengths add up as those of independent witnesses, 1 - (1 - v)(1 - w): a neutral or missing one changes nothing,
    and two of different minds both show. It comes and goes over ``FADE`` and ``smoothing`` s. With an ``embedding``
    the words are also told in its space.
    """

    def __init__(self, smoothing: float = 0.0, embedding: EmotionEmbedding | None = None) -> None:
        self._embedding = embedding
        self._fade = FADE + smoothing
        self._reader = TextReader()
        self._told: list[tuple[float, float, NDArray[np.float64]]] = []

    def add(self, words: Sequence[Word], earliest: float = 0.0) -> None:
        """Further words, in order of time; they are felt from ``earliest`` s on."""
        for said in self._reader.read(words):
            state, gate = self._reader.felt(said.chances)
            if gate > 0:
                if self._embedding is not None:
                    odds = np.log(said.chances) - np.log1p(-said.chances)
                    state = np.concatenate([state, self._embedding.project("words", odds)])
                self._told.append((max(said.start, earliest), said.end, gate * state))

    def over(self, track: EmotionTrack, start: float, share: NDArray[np.float64]) -> EmotionTrack:
        """``track``, which begins at ``start`` s, with the words in it; ``share (T,)`` is how far they count."""
        times = (round(start * track.fps) + np.arange(len(track))) / track.fps
        width = len(EMOTIONS)
        weights, vad = track.weights.astype(float), track.vad.astype(float)
        changed = False
        for told in self._shares(times, share):
            weights = 1 - (1 - weights) * (1 - told[:, :width])
            vad, changed = vad + told[:, width : width + 3], True
        return replace(track, weights=weights, vad=np.clip(vad, -1, 1)) if changed else track

    def embedded(self, times: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the words add in the embedding's space at ``times (T,)`` s, ``(T, D)``."""
        found = np.zeros((len(times), 0 if self._embedding is None else self._embedding.width))
        for told in self._shares(times, share):
            found = found + told[:, len(EMOTIONS) + 3 :]
        return found

    def _shares(self, times: NDArray[np.float64], share: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        """Of each sentence that is near what it tells at ``times``, ``(T, 21 + D)``."""
        for begin, end, state in self._told:
            if len(times) and begin - self._fade < times[-1] and end + self._fade > times[0]:
                yield (share * span(times, begin, end, self._fade))[:, None] * state
