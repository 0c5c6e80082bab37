"""Praat TextGrid files, long and short text format."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gengine.core.words import Word
from gengine.errors import TextError
from gengine.inputs.language import guess_language, split_words
from gengine.inputs.phone_symbols import UNKNOWN, normalise, notation, phones_from
from gengine.inputs.transcript import ALLOWED, Segment, Transcript, timed

# Praat itself reads only free-standing numbers, quoted strings and <flags>; everything between is comment.
# That makes the long format a commented short one, and one reader enough.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(<\w+>)|(?<!\S)([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)')


WORDS_OF_UTTERANCE = 3
"""A label of more words than this is an utterance, and its tier one of utterances."""

PHONE_LETTERS = 3
"""Labels of phones are on average shorter than this, ..."""

READABLE = 0.8
"""... and at least this share of them is a symbol of some notation. Both judgement; the corpora's own tiers pass."""


@dataclass(frozen=True)
class Tier:
    """``intervals`` are (start s, end s, label); a point tier's have start = end."""

    name: str
    intervals: tuple[tuple[float, float, str], ...]


def parse_textgrid(text: str, name: str) -> list[Tier]:
    """All tiers of a TextGrid; ``name`` is the file's, for messages. ``TextError`` names the line."""
    tokens = _Tokens(text, name)
    if not tokens.string("file type").startswith("ooTextFile"):
        raise tokens.error("is not a Praat text file; save it in Praat as a TextGrid text file")
    kind = tokens.string("object class")
    if kind != "TextGrid":
        raise tokens.error(f"holds a Praat '{kind}', expected a 'TextGrid'")
    tokens.skip_range()
    if tokens.flag() != "<exists>":
        return []
    return [_tier(tokens) for _ in range(tokens.count("number of tiers"))]


def _tier(tokens: _Tokens) -> Tier:
    kind, name = tokens.string("tier class"), tokens.string("tier name")
    if kind not in ("IntervalTier", "TextTier"):
        raise tokens.error(f"tier class '{kind}', expected 'IntervalTier' or 'TextTier'")
    tokens.skip_range()
    intervals = []
    last = float("-inf")
    for _ in range(tokens.count("number of intervals")):
        start = tokens.number("xmin")
        end = tokens.number("xmax") if kind == "IntervalTier" else start
        if end < start:
            raise tokens.error(f"interval ends at {end} s before it starts at {start} s")
        if start < last - 1e-6:
            raise tokens.error(f"interval starts at {start} s before its neighbour's start {last} s")
        last = start
        intervals.append((start, end, tokens.string("label").strip()))
    return Tier(name, tuple(intervals))


class _Tokens:
    """The free-standing values of a file, one at a time, with their line for messages."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._matches = _TOKEN.finditer(text)
        self._at = 0

    def error(self, what: str) -> TextError:
        return TextError(f"text: '{self._name}' line {self._text.count(chr(10), 0, self._at) + 1}: {what}")

    def _next(self, group: int, kind: str, what: str) -> str:
        match = next(self._matches, None)
        if match is None:
            self._at = len(self._text.rstrip())
            raise self.error(f"the file ends where the {what} should be; it is cut off, export it again")
        self._at = match.start()
        value = match.group(group)
        if value is None:
            raise self.error(f"{match.group()[:40]} found where the {what} ({kind}) should be")
        return value

    def string(self, what: str) -> str:
        return self._next(1, "a quoted text", what).replace('""', '"')

    def flag(self) -> str:
        return self._next(2, "<exists> or <absent>", "tiers flag")

    def number(self, what: str) -> float:
        return float(self._next(3, "a number", what))

    def skip_range(self) -> None:
        """A file's or tier's xmin and xmax say nothing that its intervals do not."""
        self.number("xmin")
        self.number("xmax")

    def count(self, what: str) -> int:
        value = self.number(what)
        if value < 0 or value != int(value):
            raise self.error(f"{what} is {value}, expected a whole number")
        return int(value)


def read_textgrid(text: str, language: str | None, name: str) -> Transcript:
    """Words, and phones where there are any, of a TextGrid; its tiers are found by name, else by content."""
    tiers = [t for t in parse_textgrid(text, name) if any(label for _, _, label in t.intervals)]
    phone_tier = _find_tier(tiers, ("phone", "phon", "mau", "segment", "sounds"))
    words_tier = _find_tier([t for t in tiers if t is not phone_tier], ("word", "ort", "wort", "token", "transcript"))
    if phone_tier is None:
        rest = [t for t in tiers if t is not words_tier and _looks_like_phones(t)]
        phone_tier = rest[0] if rest else None
    if words_tier is None:
        rest = [t for t in tiers if t is not phone_tier and not _looks_like_phones(t)]
        words_tier = max(rest, key=lambda t: len(t.intervals)) if rest else None
    if words_tier is None:
        names = ", ".join(f"'{t.name}'" for t in tiers) or "none with labels"
        raise TextError(f"text: '{name}' line 1: no tier of words among its tiers ({names}); name one 'words'")
    spoken = [(a, b, label) for a, b, label in words_tier.intervals if not _is_pause(label)]
    if not spoken:
        raise TextError(f"text: '{name}' line 1: its tier '{words_tier.name}' holds no words; {ALLOWED}")
    if any(len(split_words(label)) > WORDS_OF_UTTERANCE for *_, label in spoken):  # whole utterances: align inside them
        segments = tuple(Segment(label, a, b) for a, b, label in spoken)
        return Transcript(segments, language or guess_language(" ".join(s[2] for s in spoken)), None, name)
    words = tuple(Word(label, a, b) for a, b, label in spoken)
    sounds = tuple(phones_from(phone_tier.intervals)) if phone_tier else ()
    return timed(words, sounds, language, name)


def _find_tier(tiers: list[Tier], names: tuple[str, ...]) -> Tier | None:
    for wanted in names:
        for tier in tiers:
            if wanted in tier.name.lower():
                return tier
    return None


def _is_pause(label: str) -> bool:
    return not split_words(label) or label.lower() in ("sil", "sp", "pau") or bool(re.fullmatch(r"<[^>]+>", label))


def _looks_like_phones(tier: Tier) -> bool:
    labels = [label for _, _, label in tier.intervals if label]
    kind = notation(labels)
    read = sum(normalise(s, kind)[0][0] != UNKNOWN for s in labels)
    return sum(map(len, labels)) < PHONE_LETTERS * len(labels) and read >= READABLE * len(labels)
