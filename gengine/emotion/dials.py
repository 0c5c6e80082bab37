"""Dials that shape an emotion after it was read: those of NVIDIA's Audio2Emotion, and how much each part shows of it.

strength=0.8,smoothing=1,contrast=2,most=2,prefer=happy:0.3,face=1,body=0.6,head=1
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.emotion.parse import parse_state
from gengine.errors import EmotionError, brief, unknown

LIMITS = {
    "strength": (0.0, 2.0), "smoothing": (0.0, 10.0), "contrast": (0.2, 5.0), "most": (1, len(EMOTIONS)),
    "face": (0.0, 2.0), "body": (0.0, 2.0), "head": (0.0, 2.0),
}  # fmt: skip


@dataclass(frozen=True)
class Dials:
    """What is made of an emotion: ``strength`` multiplies it (0 to 2), ``smoothing`` lets what is read come and go over
    so many seconds more, ``contrast`` above 1 drives strong emotions and weak ones apart, ``most`` emotions stay, and
    ``prefer`` (an expression of the grammar) is added. ``face``, ``body`` and ``head`` (0 to 2) multiply what each of
    them shows. Tags of the words are not shaped but by these three. ``EmotionError`` for a value out of range.
    """

    strength: float = 1.0
    smoothing: float = 0.0
    contrast: float = 1.0
    most: int = len(EMOTIONS)
    prefer: str | None = None
    face: float = 1.0
    body: float = 1.0
    head: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            fine = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
            if not fine or (name == "most" and value != int(value)):
                raise EmotionError(f"dial {name}: {brief(value)}, expected {low:g} to {high:g}")
        _ = self._preferred

    @cached_property
    def _preferred(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Strengths and VAD that are added."""
        if not self.prefer:
            return None
        state = parse_state(self.prefer, "dial prefer")
        return state.weights, state.vad

    def shape(self, track: EmotionTrack) -> EmotionTrack:
        """The track as the dials want it, every frame by itself (``smoothing`` is of those who read)."""
        weights, vad = track.weights.astype(float), track.vad.astype(float)
        if self.contrast != 1 and len(weights):
            top = np.maximum(weights.max(axis=1, keepdims=True), 1e-9)
            weights = top * (weights / top) ** self.contrast
        if self.most < len(EMOTIONS):
            order = np.argsort(-weights, axis=1, kind="stable")[:, int(self.most) :]
            np.put_along_axis(weights, order, 0, axis=1)
        weights, vad = weights * self.strength, vad * self.strength
        if self._preferred is not None:
            weights, vad = weights + self._preferred[0], vad + self._preferred[1]
        return replace(track, weights=np.clip(weights, 0, 1), vad=np.clip(vad, -1, 1))


def parse_dials(said: Any) -> Dials | None:
    """Dials from "strength=0.8,most=2", a dictionary, or themselves; None for None. ``EmotionError`` otherwise."""
    if said is None or isinstance(said, Dials):
        return said
    names = [f.name for f in fields(Dials)]
    if isinstance(said, str):
        pairs = [part.partition("=") for part in re.split(r",(?=\s*[a-z]+\s*=)", said) if part.strip()]
        said = {name.strip(): value.strip() if equals else None for name, equals, value in pairs}
    if not isinstance(said, dict):
        raise EmotionError(f"dials: {brief(said)}, expected text such as strength=0.8,most=2, or a dictionary")
    given: dict[str, Any] = {}
    for name, value in said.items():
        if name not in names:
            raise unknown("dial:", str(name), names)
        given[name] = value if name == "prefer" else _number(name, value)
    return Dials(**given)


def _number(name: str, value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise EmotionError(f"dial {name}: {brief(value)}, expected a number, as in strength=0.8,most=2") from None
        return int(value) if name == "most" and value == value // 1 else value
    return value
