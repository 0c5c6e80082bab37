"""What a transcript file gives: text, text with times, or words and phones with times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gengine.core.report import Report
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import TextError
from gengine.inputs.language import guess_language, split_words
from gengine.inputs.markup import Cleaned, Direction, clean
from gengine.inputs.turns import speakers, without

ALLOWED = "give the words themselves, or a .txt, .srt, .vtt, .ass, .sbv, .lrc, .TextGrid, .json, .ssml or .tsv file"

Row = tuple[str, float | None, float | None]
"""A word or cue with its start and end in seconds, where they are known."""

LATEST = 360_000.0
"""Times beyond this, seconds (100 hours), are no times of a recording."""


@dataclass(frozen=True)
class Segment:
    """A stretch of text; ``start`` and ``end`` in seconds, or None where the text carries none.

    A segment with a start alone reaches to the next one.
    """

    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Transcript:
    """What was said, and when as far as known.

    Either ``track`` is set (every word has its times, phones too where the file had them) or ``segments``
    hold the text: one without times, or several with. With a track, ``segments`` are its words, those that the file
    gave no times for without times. ``language`` is an ISO 639-1 code; ``name`` serves messages; ``directions`` are the
    pauses, emphases, styles and sounds that were written among the words; ``report`` says what was left out.
    """

    segments: tuple[Segment, ...]
    language: str
    track: WordTrack | None = None
    name: str = "text"
    directions: tuple[Direction, ...] = ()
    report: Report = Report()

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.segments)

    @property
    def words(self) -> tuple[str, ...]:
        """Words as written, punctuation attached; those of a track are its own."""
        if self.track is not None:
            return tuple(w.text for w in self.track.words)
        return tuple(w for s in self.segments for w in split_words(s.text))


def checked_language(language: str) -> str:
    """Two or three letters of "de", "de-AT" or "DE"; else ``TextError``."""
    code = language.strip().lower().replace("_", "-").split("-")[0]
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise TextError(f"language: '{language}', expected an ISO 639-1 code such as en, de or zh; or leave it out")
    return code


def untimed(text: str, language: str | None, name: str) -> Transcript:
    """Words without times; tags and remarks that nobody speaks are taken out."""
    said, named = _unnamed([text])
    found = clean(said[0])
    found.labels = named
    if not split_words(found.text):
        said = f"'{text.strip()[:40]}'" if text.strip() else "nothing"
        raise TextError(f"text: {said} holds no words; {ALLOWED}")
    return _of((Segment(found.text),), found, language, name)


def cued(cues: Iterable[Row], language: str | None, name: str) -> Transcript:
    """Cues with times, in any order; tags, speakers' names and remarks are taken out, cues without words with them.

    A cue without an end reaches to the next one's start. ``TextError`` where none has words.
    """
    segments: list[Segment] = []
    found = Cleaned()
    listed = sorted(cues, key=lambda cue: cue[1] or 0.0)
    said, found.labels = _unnamed([text for text, *_ in listed])
    for text, (_, start, end) in zip(said, listed, strict=True):
        one = clean(text, cue=True)
        if segments and segments[-1].end is None:
            segments[-1] = Segment(segments[-1].text, segments[-1].start, start)
        # What holds no word may still hold a sound or a pause.
        one.text = one.text if one.words else ""
        found.add(one)
        if one.words:
            segments.append(Segment(one.text, start, end))
    if not segments:
        raise TextError(f"text: '{name}' line 1: holds no words; {ALLOWED}")
    return _of(tuple(segments), found, language, name)


def _unnamed(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Texts whose lines have lost the names of speakers that they begin with, and those names."""
    if not any(":" in text or "：" in text for text in texts):
        return list(texts), []
    names = speakers(line for text in texts for line in text.split("\n"))
    out, seen = [], dict[str, None]()
    for text in texts:
        lines = [without(line, names) for line in text.split("\n")]
        out.append("\n".join(line for line, _ in lines))
        seen |= {name: None for _, name in lines if name is not None}
    return out, list(seen)


def timed(
    rows: Sequence[Row], sounds: tuple[Phone, ...], language: str | None, name: str, report: Report | None = None
) -> Transcript:
    """Words with times, and phones where there are any; a word without times is put between its neighbours.

    Tags and remarks among the words, which may reach over several of them, are taken out.
    """
    found = Cleaned()
    if any(any(sign in text for sign in "<[(*{♪【（&") for text, *_ in rows) and len(rows) < _MARKED:
        found = clean("".join(f" {chr(_FIRST_MARK + k)}{text}" for k, (text, *_) in enumerate(rows)))
        pieces = _MARKED_WORD.findall(found.text)
        rows = [(" ".join(text.split()), *rows[ord(mark) - _FIRST_MARK][1:]) for mark, text in pieces]
    rows = [(" ".join(text.split()), start, end) for text, start, end in rows if split_words(text)]
    if not rows:
        raise TextError(f"text: '{name}' line 1: holds no words; {ALLOWED}")
    words = _filled(rows, name)
    order = sorted(range(len(rows)), key=lambda k: words[k].start)
    segments = tuple(Segment(*rows[k]) for k in order)
    made = _of(segments, found, language, name, report)
    track = WordTrack(tuple(words[k] for k in order), sounds, made.language, "given")
    return Transcript(segments, made.language, track, name, made.directions, made.report)


_FIRST_MARK, _MARKED = 0xF0000, 65_000
_MARKED_WORD = re.compile("([\U000f0000-\U000fffff])([^\U000f0000-\U000fffff]*)")
"""Characters for private use that number the words of a track while its markup is taken out."""


def _of(
    segments: tuple[Segment, ...], found: Cleaned, language: str | None, name: str, report: Report | None = None
) -> Transcript:
    if language is None and found.language and re.match(r"[A-Za-z]{2}(-|$)", found.language):
        language = checked_language(found.language)
    language = language or guess_language(" ".join(s.text for s in segments))
    return Transcript(segments, language, None, name, tuple(found.directions), (report or Report()) + found.report())


def _filled(rows: Sequence[Row], name: str) -> list[Word]:
    """Words with times; those without take equal parts of the room between their neighbours."""
    if all(start is None for _, start, _ in rows):
        raise TextError(f"text: '{name}' line 1: none of its words has times in seconds; {ALLOWED}")
    words: list[Word] = []
    following: list[int | None] = [None] * len(rows)
    for k in range(len(rows) - 2, -1, -1):
        following[k] = k + 1 if rows[k + 1][1] is not None else following[k + 1]
    for k, (text, start, end) in enumerate(rows):
        gap = following[k]
        right = rows[gap][1] if gap is not None else None
        if start is None:
            count = gap - k if gap is not None else 1
            start = words[-1].end if words else 0.0
            end = start + max((start if right is None else right) - start, 0.0) / count
        elif end is None:
            end = start if right is None else max(right, start)
        words.append(Word(text, start, end))
    return words


def ordered(start: object, end: object) -> bool:
    """Whether two values are times of a recording in seconds, the first not after the second."""
    numbers = [t for t in (start, end) if isinstance(t, int | float) and not isinstance(t, bool)]
    return len(numbers) == 2 and 0 <= numbers[0] <= numbers[1] <= LATEST
