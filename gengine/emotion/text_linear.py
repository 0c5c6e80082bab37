"""The linear half of the reader of emotion in words: logistic regressions of hashed TF-IDF (``text_features``).

What a word adds is known exactly. ``gengine.training.text_emotion`` trains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.emotion.text_features import BUCKETS, counts, terms, tokens, weighted
from gengine.emotion.text_labels import labels
from gengine.errors import FormatError


class LinearReader:
    """Scores of the 28 labels for texts, from a checkpoint's config and tensors."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> None:
        if config.get("kind") != "text emotion" or "features" not in tensors:
            raise FormatError("not a linear reader of emotion in words")
        index = tensors["features"].astype(np.int64)
        self._weights = tensors["weights"]
        self._scale = tensors["scale"].astype(float).reshape(1, len(labels()))
        self._bias = tensors["bias"].astype(float).reshape(len(labels()))
        self._row = np.full(2 * BUCKETS, -1, np.int32)
        self._row[index] = np.arange(len(self._weights))
        self._idf = np.zeros(2 * BUCKETS, np.float32)
        self._idf[index] = tensors["idf"]

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Log odds ``(N, 28)``."""
        return np.array([self._scores(text) for text in texts]).reshape(len(texts), len(labels()))

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
