"""The eighteen emotions in other tools' sets of labels, and back: BEAT 8, Ekman 6, Audio2Face 10, VRM 5, TalkingHead 8.

Each row of ``data/label_sets.csv`` says what a label stands for in the emotion grammar, and how far each of the
eighteen counts as it. The numbers are judgement; both ways are monotone: a stronger emotion never makes a label weaker.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.constants import read_table
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.emotion.parse import parse_state
from gengine.emotion.plan import EmotionState
from gengine.errors import unknown


@cache
def _sets() -> dict[str, dict[str, tuple[str, NDArray[np.float64]]]]:
    """By set and label what it stands for, and the shares ``(18,)`` that count as it."""
    sets: dict[str, dict[str, tuple[str, NDArray[np.float64]]]] = {}
    for row in read_table("gengine.emotion", "label_sets"):
        shares = np.zeros(len(EMOTIONS))
        for part in row["from"].split():
            name, _, share = part.partition(":")
            shares[EMOTION_INDEX[name]] = float(share)
        sets.setdefault(row["set"], {})[row["name"]] = row["emotion"], shares
    return sets


def label_sets() -> dict[str, tuple[str, ...]]:
    """Every set and its labels."""
    return {name: tuple(labels) for name, labels in _sets().items()}


def label_shares(name: str) -> dict[str, NDArray[np.float64]]:
    """By label of the set ``name`` how far each of the eighteen ``(18,)`` counts as it."""
    return {label: shares for label, (_, shares) in _labels(name).items()}


def to_set(weights: ArrayLike, name: str) -> dict[str, NDArray[np.float64]]:
    """Strengths 0..1 ``(…)`` of each label of the set ``name``, of strengths ``(…, 18)``: the most that counts as it.

    GengineError for an unknown set.
    """
    values = np.asarray(weights, float)
    return {label: (values * shares).max(axis=-1) for label, (_, shares) in _labels(name).items()}


def from_set(strengths: dict[str, float], name: str) -> EmotionState:
    """The mixture that labels of the set ``name`` stand for at ``strengths`` 0..1; GengineError for an unknown one."""
    labels = _labels(name)
    for label in strengths:
        if label not in labels:
            raise unknown(f"label of {name}:", label, labels)
    total = EmotionState.neutral().vector()
    for label, strength in strengths.items():
        total = total + strength * parse_state(labels[label][0]).vector()
    return EmotionState(np.clip(total[: len(EMOTIONS)], 0, 1), np.clip(total[len(EMOTIONS) : -1], -1, 1))


def _labels(name: str) -> dict[str, tuple[str, NDArray[np.float64]]]:
    if name not in _sets():
        raise unknown("set of labels:", name, _sets())
    return _sets()[name]
