"""What the tags of a transcript ask for: "[excited]", "(whispers)", "*sighs*", a style of SSML, an emoji.

The forms stand in ``data/tags.csv``; where square brackets or markup make plain that a tag is meant, every word of the
emotion vocabulary (``gengine/emotion/data``) is one too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from gengine.core.constants import read_table

PLAIN = 0.8
"""Strength of a tag that gives none: ``[very happy]`` and ``styledegree="2"`` have room above it. Judgement."""

DEGREES = {
    "slightly": 0.4, "little": 0.4, "bit": 0.4, "faintly": 0.3, "mildly": 0.5, "somewhat": 0.5, "quite": 0.8,
    "very": 1.0, "extremely": 1.0, "really": 1.0, "deeply": 1.0, "super": 1.0, "so": 1.0, "truly": 1.0,
    "low": 0.4, "medium": 0.8, "high": 1.0, "etwas": 0.4, "sehr": 1.0, "très": 1.0, "un peu": 0.4, "muy": 1.0,
}  # fmt: skip
"""Strengths of words of degree. Judgement."""

LONGEST = 80
"""Characters; a longer remark is no tag."""

_FILLERS = frozenset(
    "a an the in with to at of and then is voice tone manner style mood way emotion expression face starts start "
    "starting begins beginning keeps still all again aloud louder hard harder heavily "
    "slowly quickly himself herself themselves out off away briefly long short big small small deep".split()
)
"""Words that change nothing about a tag."""

_KEY = re.compile(
    r"(?:emotion|emotions|emo|mood|style|tone|expression|feeling|voice|face|act)\s*[=:]\s*(.+)|(?:em|sfx) (.+)"
)
_NUMBER = re.compile(r"(.+?)\s*[:=]\s*((?:\d{1,2}|(?=[.,]))(?:[.,]\d{1,6})?|\d{1,3}\s*%)")
_PARTS = re.compile(r"\s*(?:[,;/|&+]|\band\b|\bund\b|\bet\b)\s*")
_LANGUAGES = re.compile(r"\s*\([a-z ]+\)$")


@dataclass(frozen=True)
class Meaning:
    """What a tag asks for: an ``emotion`` of the grammar ("" for none) felt at ``strength``, ``shift`` added to
    valence, arousal and dominance, ``acts`` of head, hands and brows, and ``seconds`` of length, 0 until the next one.
    """

    emotion: str = ""
    strength: float = PLAIN
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    acts: tuple[str, ...] = ()
    seconds: float = 0.0


@cache
def _table() -> tuple[dict[str, Meaning], dict[str, Meaning]]:
    """Meanings by written word, and by sign."""
    words: dict[str, Meaning] = {}
    signs: dict[str, Meaning] = {}
    for row in read_table("gengine.inputs", "tags"):
        valence, arousal, dominance = (float(row[c] or 0) for c in ("valence", "arousal", "dominance"))
        acts = (row["act"],) if row["act"] else ()
        meaning = Meaning(row["emotion"], PLAIN, (valence, arousal, dominance), acts, float(row["seconds"] or 0))
        for word in (row["tag"], *row["words"].split(";")):
            words.setdefault(_normal(_LANGUAGES.sub("", word)), meaning)
        for sign in row["signs"].split():
            signs.setdefault(_bare(sign), meaning)
    return words, signs


@cache
def _vocabulary() -> frozenset[str]:
    """Words of the emotion grammar: the data of that room is known here by name, its code is not."""
    tables = (("everyday", "word"), ("vad_russell_mehrabian_1977", "term"))
    return frozenset(_normal(row[column]) for name, column in tables for row in read_table("gengine.emotion", name))


def meanings(remark: str, plainly: bool = False) -> tuple[Meaning, ...]:
    """What ``remark``, without its brackets, asks for; nothing where a word of it is unknown.

    ``plainly`` where it can be nothing but a tag: then all words of the emotion vocabulary count, with numbers and
    keys ("emotion=happy:0.7", "em_grin:0.9"), and without it those of the table alone.

    >>> meanings("laughs nervously")[0].seconds
    1.6
    """
    text = _normal(remark)
    if not 0 < len(text) <= LONGEST:
        return ()
    if plainly and (key := _KEY.fullmatch(text)):
        text = key[1] or key[2]
    found: list[Meaning] = []
    for part in _PARTS.split(text):
        strength = None
        if plainly and (number := _NUMBER.fullmatch(part)):
            part, strength = number[1], _share(number[2])
            if strength is None:
                return ()
        if not (one := _part(part, strength, plainly)):
            return ()
        found += one
    return tuple(found)


def sign_meaning(sign: str) -> Meaning | None:
    """What an emoji or emoticon asks for; None for one without a meaning."""
    return _table()[1].get(_bare(sign))


def signs() -> tuple[str, ...]:
    """Emoji and emoticons with a meaning, without their variants, the longest first."""
    return tuple(sorted(_table()[1], key=len, reverse=True))


def _part(text: str, strength: float | None, plainly: bool) -> list[Meaning]:
    """Meanings of words that stand together; an act's manner lasts as long as the act."""
    words, found, at = text.split(), [], 0
    while at < len(words):
        size, meaning = next(
            ((n, m) for n in range(len(words), at, -1) if (m := _look_up(" ".join(words[at:n]), plainly))), (0, None)
        )
        if meaning is not None:
            found.append(meaning)
            at = size
            continue
        if words[at] in DEGREES:
            strength = DEGREES[words[at]] if strength is None else strength
        elif words[at] not in _FILLERS:
            return []
        at += 1
    seconds = max((m.seconds for m in found), default=0.0)
    strength = PLAIN if strength is None else strength
    return [replace(m, strength=strength, seconds=seconds) for m in found]


def _look_up(text: str, plainly: bool) -> Meaning | None:
    words = _table()[0]
    for form in _bases(text):
        if form in words:
            return words[form]
        # "(kind)" may be said aloud, "(kindly)" hardly
        if form in _vocabulary() and (plainly or form != text):
            return Meaning(form)
    return None


def _bases(text: str) -> list[str]:
    """A written form and the English words that it may be an inflection of: "laughing" is from "laugh"."""
    first, space, rest = text.partition(" ")
    if not first.isascii():
        return [text]
    stems = [first]
    for ending, others in _ENDINGS:
        if first.endswith(ending) and len(first) - len(ending) >= 2:
            stem = first[: -len(ending)]
            stems += [stem + other for other in others]
            if len(stem) > 3 and stem[-1] == stem[-2]:
                stems.append(stem[:-1])  # nodding
    return [stem + space + rest for stem in dict.fromkeys(stems)]


_ENDINGS = (
    ("ically", ("ic", "ical")), ("ingly", ("", "e", "ed", "ing")), ("ily", ("y",)), ("edly", ("ed", "")),
    ("ly", ("", "le")), ("iness", ("y",)), ("ness", ("",)), ("ing", ("", "e")), ("ies", ("y",)), ("ied", ("y",)),
    ("ed", ("", "e")), ("es", ("", "e")), ("s", ("",)),
)  # fmt: skip
"""Endings of English words and what may stand in their place."""


def _share(text: str) -> float | None:
    """A strength from 0 to 1 of "0.7", "0,7" or "70 %"; None for more."""
    value = float(text.rstrip(" %").replace(",", ".")) / (100 if "%" in text else 1)
    return value if value <= 1 else None


def _normal(text: str) -> str:
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").replace("’", "'").split()).strip(".!… ")


def _bare(sign: str) -> str:
    """A sign without its variants: colour of skin, way of drawing, joiners."""
    return re.sub("[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]", "", sign)
