"""Words and phones with their times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gengine.errors import GengineError

RECOGNISED = "recognised"
"""``WordTrack.source`` of words that a recogniser heard."""

_FUNCTION_WORDS = frozenset(
    "a an the and or but of to in on at by for with from as is are was were be been am do does did have has had i you "
    "he she it we they me him her us them my your his its our their this that these those there so if then than not no "
    "just like um uh will would can could shall should may might must into onto i'm it's there's 'em".split()
)


def is_function_word(text: str) -> bool:
    """Whether ``text`` is an English word that a sentence leaves unaccented, punctuation aside."""
    return text.lower().strip('.,;:!?"()[]…-') in _FUNCTION_WORDS


SENTENCE_PAUSE = 0.7
"""A pause of this length ends a sentence without a full stop too, seconds. Judgement."""

LONGEST_SENTENCE = 40
"""Words; more without a full stop are parted. Judgement."""


@dataclass(frozen=True)
class Phone:
    """One speech sound: ARPAbet ``symbol`` (``"sil"`` for silence), seconds; ``stress`` 0, 1, 2 or -1 unknown."""

    symbol: str
    start: float
    end: float
    stress: int = -1


@dataclass(frozen=True)
class Word:
    """One word with its times in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Tag:
    """What a transcript says of its words beside them: "[sighs]", a style, an emoji, as ``written`` without brackets.

    It begins with its word at ``start`` s; ``end`` (s) is that of the words it stands around or of its sentence,
    infinite for one that holds until the next. ``kind`` is "style", "sound", "end", "sign", "emphasis" or "prosody"
    (``gengine.inputs.markup.Direction``).
    """

    kind: str
    written: str
    start: float
    end: float = math.inf


@dataclass(frozen=True)
class WordTrack:
    """Words and, where known, phones, both sorted by time. ``source`` tells where the times come from.

    ``source`` is one of ``"given"`` (a timed transcript), ``"aligned"`` (forced alignment), ``"estimated"``
    (where it fits best, though it is not believed), ``"recognised"`` (words heard by a recogniser, then aligned;
    phones outside of them are heard), ``"heard"`` (units recognised from the sound alone) or ``"none"``.
    ``language`` is an ISO 639-1 code. ``tags``, sorted by start, say how the words are said.
    """

    words: tuple[Word, ...] = ()
    phones: tuple[Phone, ...] = ()
    language: str = "en"
    source: str = "none"
    tags: tuple[Tag, ...] = ()

    def __post_init__(self) -> None:
        for field in ("words", "phones", "tags"):
            items = tuple(getattr(self, field))
            object.__setattr__(self, field, items)
            for a in items:
                if not a.end >= a.start:
                    raise GengineError(f"WordTrack.{field}: {a} ends before it starts")
            for a, b in zip(items, items[1:], strict=False):
                if b.start < a.start:
                    raise GengineError(f"WordTrack.{field}: {b} starts before its neighbour {a}")

    def __deepcopy__(self, memo: dict[int, Any]) -> WordTrack:
        return self

    def between(self, start: float, end: float) -> WordTrack:
        """Words and phones that touch [start, end) seconds, times unchanged; without tags, which reach further."""
        return WordTrack(
            tuple(w for w in self.words if w.end > start and w.start < end),
            tuple(p for p in self.phones if p.end > start and p.start < end),
            self.language,
            self.source,
        )

    def shift(self, seconds: float) -> WordTrack:
        """The same track moved in time."""
        return WordTrack(
            tuple(Word(w.text, w.start + seconds, w.end + seconds) for w in self.words),
            tuple(Phone(p.symbol, p.start + seconds, p.end + seconds, p.stress) for p in self.phones),
            self.language,
            self.source,
            tuple(replace(t, start=t.start + seconds, end=t.end + seconds) for t in self.tags),
        )


def sentences(words: Sequence[Word]) -> list[list[Word]]:
    """Words by sentence: to a full stop, a pause, or ``LONGEST_SENTENCE`` words."""
    found: list[list[Word]] = []
    for word in words:
        last = found[-1] if found else None
        if (
            last is None
            or last[-1].text.rstrip("\"'”’)»").endswith(tuple(".!?…。！？"))
            or word.start - last[-1].end > SENTENCE_PAUSE
            or len(last) >= LONGEST_SENTENCE
        ):
            found.append([])
        found[-1].append(word)
    return found
