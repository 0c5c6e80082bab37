"""What is said ahead of its sound, by a synthesiser for example: its phones and words stand in place of heard ones."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Syllable
from gengine.core.words import Phone, WordTrack, is_function_word
from gengine.encoders.syllables import is_vowel

PROMINENCE = {1: 0.75, 2: 0.45, 0: 0.2, -1: 0.55}
"""How prominent a vowel of a content word is expected to be by its lexical stress (-1: unknown), before it is heard.
Judgement: with primary stress an accent, without none."""

UNACCENTED = 0.35
"""... and one of a function word at most. Judgement."""

_OVERLAP = 0.01
"""Seconds by which a phone may overlap its word's borders."""


class SaidSpeech:
    """Utterances that were told: their phones, and the syllables to expect of them, among what is heard."""

    def __init__(self) -> None:
        self._phones: list[Phone] = []
        self._syllables: list[Syllable] = []
        self._spans: list[tuple[float, float]] = []
        self._hushed: list[tuple[float, float]] = []

    def __len__(self) -> int:
        return len(self._phones) + len(self._syllables) + len(self._spans) + len(self._hushed)

    def say(self, track: WordTrack) -> None:
        """An utterance with times (s of the stream); without phones the sound alone says what is spoken."""
        if not track.phones:
            return
        self._phones += track.phones
        self._spans.append((track.phones[0].start, track.phones[-1].end))
        weak = [(w.start, w.end) for w in track.words if is_function_word(w.text)]
        for phone in track.phones:
            if is_vowel(phone.symbol):
                most = 1.0
                if any(a <= phone.start + _OVERLAP and phone.end <= b + _OVERLAP for a, b in weak):
                    most = UNACCENTED
                self._syllables.append(Syllable(phone.start, phone.end, min(PROMINENCE[phone.stress], most)))

    def hush(self, at: float, until: float = math.inf) -> None:
        """Nothing is said between ``at`` and ``until`` s, whatever is heard there or was told of what follows."""
        self._phones = [replace(p, end=min(p.end, at)) for p in self._phones if p.start < at]
        self._syllables = [s for s in self._syllables if s.onset < at]
        self._spans = [(a, min(b, at)) for a, b in self._spans if a < at]
        self._hushed = [(a, min(b, at)) for a, b in self._hushed if a < at] + [(at, until)]

    def speak(self, at: float) -> None:
        """What is heard from ``at`` s on is said again."""
        self._hushed = [(a, min(b, at)) for a, b in self._hushed if a < at]

    def phones(self, heard: Iterable[Phone], first: float, last: float) -> tuple[Phone, ...]:
        """Told phones and silences between ``first`` and ``last`` s, and the ``heard`` phones outside of them, by
        time."""
        told = [p for p in self._phones if p.end > first and p.start < last]
        quiet = [Phone("sil", max(a, first), min(b, last)) for a, b in self._hushed if b > first and a < last]
        rest = [part for p in heard for part in self._outside(p)]
        return tuple(sorted([*told, *quiet, *rest], key=lambda p: p.start))

    def syllables(self, heard: Iterable[Syllable], first: float, last: float) -> tuple[Syllable, ...]:
        """The same of syllables."""
        told = [s for s in self._syllables if s.end > first and s.onset < last]
        rest = [s for s in heard if not any(a <= s.onset < b for a, b in (*self._spans, *self._hushed))]
        return tuple(sorted([*told, *rest], key=lambda s: s.onset))

    def said(self, curve: NDArray[np.float32], first: float) -> NDArray[np.float32]:
        """``curve`` ``(N,)`` of what is heard from ``first`` s on, zero where nothing is said."""
        times = first + np.arange(len(curve)) / ANALYSIS_RATE
        for a, b in self._hushed:
            curve = np.where((times >= a) & (times < b), np.float32(0), curve)
        return curve

    def drop(self, before: float) -> None:
        """Forget what ends at or before ``before`` s."""
        self._phones = [p for p in self._phones if p.end > before]
        self._syllables = [s for s in self._syllables if s.end > before]
        self._spans, self._hushed = ([x for x in spans if x[1] > before] for spans in (self._spans, self._hushed))

    def _outside(self, phone: Phone) -> list[Phone]:
        """What told utterances leave of a heard phone."""
        parts = [phone]
        for a, b in (*self._spans, *self._hushed):
            cut = []
            for p in parts:
                if p.end <= a or p.start >= b:
                    cut.append(p)
                    continue
                cut += [replace(p, end=a)] if p.start < a else []
                cut += [replace(p, start=b)] if p.end > b else []
            parts = cut
        return parts
