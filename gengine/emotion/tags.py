"""Tags of a transcript as they are felt and acted: they override what is read, from their word on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Cue
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.words import Tag
from gengine.emotion.parse import parse_state
from gengine.inputs.tags import Meaning, meanings, sign_meaning

FADE = 0.25
"""Seconds in which a tag sets in, half of it before its word: nine tenths of it come within 0.1 s of the word."""

STROKE = 0.3
"""Seconds that an act's cue lasts: what its gesture must reach."""

EMPHASES = {"strong": 1.0, "moderate": 0.6, "reduced": 0.0, "none": 0.0}
"""How likely the words of SSML's levels of emphasis are acted: all or nothing from ``ACTED`` on. Judgement."""

ACTED = 0.5

PROSODY = {
    "volume": {"silent": -0.4, "x-soft": -0.4, "soft": -0.2, "loud": 0.25, "x-loud": 0.45},
    "rate": {"x-slow": -0.3, "slow": -0.2, "fast": 0.2, "x-fast": 0.3},
    "pitch": {"x-low": -0.2, "low": -0.1, "high": 0.15, "x-high": 0.25},
}
"""Arousal that SSML's named prosody adds. Judgement; the sound itself has been heard already."""


@dataclass(frozen=True, eq=False)
class _Layer:
    """From ``start`` to ``end`` s: ``emotion`` (weights and VAD ``(21,)``), which replaces what is felt, or None;
    ``shift (3,)`` is added to VAD."""

    start: float
    end: float
    emotion: NDArray[np.float64] | None
    shift: NDArray[np.float64]

    def beside(self, other: _Layer) -> _Layer:
        """Both at once."""
        felt = [one.emotion for one in (self, other) if one.emotion is not None]
        return replace(
            self, emotion=np.clip(np.sum(felt, axis=0), -1, 1) if felt else None, shift=self.shift + other.shift
        )


class TaggedEmotion:
    """What tags make of an emotion track, as a function of time alone; ``intensity`` scales them.

    Tags that stand together act together; one that holds until the next is ended by the next at another word.
    An element around words, an emoji's sentence and an act are felt on top of it.
    """

    def __init__(self, tags: Iterable[Tag] = (), intensity: float = 1.0) -> None:
        self.intensity = intensity
        self._lasting: list[_Layer] = []
        self._passing: list[_Layer] = []
        self.add(tags)

    def add(self, tags: Iterable[Tag], earliest: float = 0.0) -> None:
        """Further tags, in order of time; those before ``earliest`` s begin there."""
        for tag in tags:
            start = max(tag.start, earliest)
            asked = asked_for(tag)
            lasts = tag.end == math.inf and not any(m.seconds for m in asked)
            if (lasts and asked) or tag.kind == "end":
                self._lasting = [
                    replace(one, end=min(one.end, start + FADE)) if one.start < start else one for one in self._lasting
                ]
            if not asked:
                continue
            end = start + max(m.seconds for m in asked) if any(m.seconds for m in asked) else max(tag.end, start + FADE)
            layer = self._layer(start, end, asked)
            if lasts and self._lasting and self._lasting[-1].start == start:
                layer = self._lasting.pop().beside(layer)
            (self._lasting if lasts else self._passing).append(layer)

    def over(self, track: EmotionTrack, start: float) -> EmotionTrack:
        """``track``, which begins at ``start`` s, with the tags in it."""
        times = (round(start * track.fps) + np.arange(len(track))) / track.fps
        near = [
            one for one in (*self._lasting, *self._passing)
            if len(times) and one.start - FADE < times[-1] and one.end + FADE > times[0]
        ]  # fmt: skip
        if not near:
            return track
        felt = np.concatenate([track.weights, track.vad], axis=1).astype(float)
        shift = np.zeros((len(times), 3))
        for one in near:
            share = span(times, one.start, one.end, FADE)[:, None]
            if one.emotion is not None:
                felt += share * (one.emotion - felt)
            shift += share * one.shift
        width = len(EMOTIONS)
        vad = np.clip(felt[:, width:] + shift, -1, 1)
        return replace(track, weights=np.clip(felt[:, :width], 0, 1), vad=vad)

    def _layer(self, start: float, end: float, asked: tuple[Meaning, ...]) -> _Layer:
        felt = [
            parse_state(m.emotion, "tag").scaled(min(m.strength * self.intensity, 2)).vector()[:-1]
            for m in asked if m.emotion
        ]  # fmt: skip
        shift = np.sum([np.array(m.shift) * m.strength * self.intensity for m in asked], axis=0)
        return _Layer(start, end, np.clip(np.sum(felt, axis=0), -1, 1) if felt else None, shift)


def acts(tags: Iterable[Tag]) -> list[Cue]:
    """What head, hands and brows do at tags, as cues that begin with their words."""
    return [
        Cue(act, tag.start, tag.start + STROKE, tag.start, tag.written)
        for tag in tags
        for act in dict.fromkeys(act for m in asked_for(tag) for act in m.acts)
    ]


def asked_for(tag: Tag) -> tuple[Meaning, ...]:
    """What a tag asks for; nothing where it is of unknown meaning."""
    if tag.kind == "sign":
        meaning = sign_meaning(tag.written)
        return () if meaning is None else (meaning,)
    if tag.kind == "emphasis":
        return meanings("emphasis") if EMPHASES.get(tag.written, 1.0) >= ACTED else ()
    if tag.kind == "prosody":
        named = (pair.partition("=") for pair in tag.written.split())
        arousal = sum(PROSODY.get(name, {}).get(value, 0.0) for name, _, value in named)
        return (Meaning("", 1.0, (0.0, arousal, 0.0)),) if arousal else ()
    return () if tag.kind == "end" else meanings(tag.written, plainly=True)


def span(times: NDArray[np.float64], start: float, end: float, fade: float) -> NDArray[np.float64]:
    """1 at ``times`` from ``start`` to ``end`` s, else 0: smoothsteps of ``fade`` s centred on both."""
    share = np.clip(np.minimum(times - start, end - times) / fade + 1 / 2, 0, 1)
    return share * share * (3 - 2 * share)
