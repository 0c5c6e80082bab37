"""The transformer half of the reader of emotion in words, in plain numpy: a small BERT with a head of 28 labels.

``gengine.training.text_network_task`` trains it. Weights are int8 with a scale for every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.emotion.text_features import tokens, turned
from gengine.emotion.wordpieces import WordPieces, split
from gengine.encoders.speech_encoder import gelu

MOST_PIECES = 48
"""Word pieces of a sentence that are looked at."""
HEADS = 12
"""Heads of attention."""
TOGETHER = 32
"""Texts that are looked at at once."""

MASKED = {"[NAME]": "name", "[RELIGION]": "religion"}
"""What GoEmotions wrote for names, in words."""

_NORM_FLOOR = np.float32(1e-12)
_SCALED = 127

Array = NDArray[np.float32]


class TextNetwork:
    """Scores ``(N, 28)``, log odds of every label for itself, of texts."""

    def __init__(self, tensors: dict[str, NDArray[Any]]) -> None:
        self._pieces = WordPieces(bytes(tensors["pieces"]).decode("utf-8").split("\n"))
        t = unpacked({name: value for name, value in tensors.items() if name != "pieces"})
        self._embedding, self._place = t["pieces.weight"], t["place"]
        self._norm = (t["norm.weight"], t["norm.bias"])
        self._head = (t["head.weight"].T.copy(), t["head.bias"])
        count = len({name.split(".")[1] for name in t if name.startswith("layers.")})
        self._layers = [
            {name.split(".", 2)[2]: value for name, value in t.items() if name.startswith(f"layers.{i}.")}
            for i in range(count)
        ]

    def scores(self, texts: Sequence[str]) -> Array:
        """Of whole texts, the first ``MOST_PIECES`` of each.

        What a word next to a negation tells ("no fear") counts half: the network learned few negations.
        """
        scores = self._scores([split(unmasked(text)) for text in texts])
        words = [tokens(unmasked(text)) for text in texts]
        negated = {k: found for k, w in enumerate(words) if any(found := turned(w, 1))}
        rest = [[w for w, gone in zip(words[k], found, strict=True) if not gone] for k, found in negated.items()]
        if rest:
            without = self._scores([split(" ".join(w)) for w in rest])
            own = scores[list(negated)]
            own[:, :-1] = np.minimum(own, (own + without) / 2)[:, :-1]
            scores[list(negated)] = own
        return scores

    def _scores(self, texts: Sequence[Sequence[str]]) -> Array:
        ids = [self._pieces.numbers(words, MOST_PIECES) for words in texts]
        order = sorted(range(len(ids)), key=lambda k: len(ids[k]))
        out = np.zeros((len(ids), len(self._head[1])), np.float32)
        for at in range(0, len(order), TOGETHER):
            chosen = order[at : at + TOGETHER]
            out[chosen] = self._together([ids[k] for k in chosen])
        return out

    def _together(self, ids: list[list[int]]) -> Array:
        length = max(map(len, ids))
        table = np.array([i + [self._pieces.pad] * (length - len(i)) for i in ids])
        mask = np.arange(length) < np.array([len(i) for i in ids])[:, None]
        x: Any = _normed(self._embedding[table] + self._place[:length], *self._norm)
        hidden = np.where(mask, np.float32(0), np.float32(-1e9))[:, None, None]
        for layer in self._layers:
            x = self._layer(layer, x, hidden)
        own = mask[..., None]
        mean = (x * own).sum(axis=1) / own.sum(axis=1)
        most = np.where(own, x, np.float32(-1e4)).max(axis=1)
        return np.concatenate([mean, most], axis=1) @ self._head[0] + self._head[1]

    def _layer(self, layer: dict[str, Array], x: Array, hidden: Array) -> Array:
        count, length, width = x.shape
        flat = x.reshape(-1, width)
        qkv = flat @ layer["qkv.weight"].T + layer["qkv.bias"]
        q, k, v = qkv.reshape(count, length, 3, HEADS, -1).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-1, -2) * np.float32((width / HEADS) ** -0.5) + hidden
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        mixed = mixed.swapaxes(1, 2).reshape(-1, width)
        flat = flat + mixed @ layer["out.weight"].T + layer["out.bias"]
        flat = _normed(flat, layer["attention_norm.weight"], layer["attention_norm.bias"])
        inner: Any = gelu(flat @ layer["up.weight"].T + layer["up.bias"])
        flat = flat + inner @ layer["down.weight"].T + layer["down.bias"]
        return _normed(flat, layer["mlp_norm.weight"], layer["mlp_norm.bias"]).reshape(x.shape)


def unmasked(text: str) -> str:
    """``text`` with words where GoEmotions hid names."""
    for mask, word in MASKED.items():
        text = text.replace(mask, word)
    return text


def packed(weights: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[Any]]:
    """Matrices as int8 and a float32 ``….scale`` for every row; the rest as float32, positions as float16."""
    found: dict[str, NDArray[Any]] = {}
    for name, value in weights.items():
        if name == "place":
            found[name] = value.astype(np.float16)
        elif value.ndim == 2:
            scale = np.maximum(np.abs(value).max(axis=1, keepdims=True), 1e-9) / _SCALED
            found[name] = np.rint(value / scale).astype(np.int8)
            found[f"{name}.scale"] = scale[:, 0].astype(np.float32)
        else:
            found[name] = value.astype(np.float32)
    return found


def unpacked(tensors: dict[str, NDArray[Any]]) -> dict[str, Array]:
    """What ``packed`` made, as float32."""
    return {
        name: value.astype(np.float32) * (tensors[f"{name}.scale"][:, None] if value.dtype == np.int8 else 1)
        for name, value in tensors.items()
        if not name.endswith(".scale")
    }


def _normed(x: Array, weight: Array, bias: Array) -> Array:
    """Layer normalisation of rows."""
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + _NORM_FLOOR)
    return x * weight + bias
