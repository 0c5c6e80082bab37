"""The 28 categories of emotion in words, and what each stands for (``data/text_labels.csv``)."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from gengine.emotion.parse import parse_state


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
def states() -> NDArray[np.float64]:
    """Strengths and VAD ``(28, 21)`` that each label stands for."""
    return np.array([parse_state(row["emotion"]).vector()[:-1] for row in _rows()])
