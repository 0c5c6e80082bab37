"""What a transcript file gives: text, text with times, or words and phones with times."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import TextError
from gengine.inputs.language import guess_language, split_words

ALLOWED = "give the words themselves, or a .txt, .srt, .vtt, .ass, .ssa, .sbv, .TextGrid or .json file"

_LABEL = re.compile(r"(\d+(?:[.,]\d+)?)\t(\d+(?:[.,]\d+)?)\t(.*)")


@dataclass(frozen=True)
class Segment:
    """A stretch of text; ``start`` and ``end`` in seconds, or None where the text carries no times."""

    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Transcript:
    """What was said, and when as far as known.

    Either ``track`` is set (every word has its times, phones too where the file had them) or ``segments``
    hold the text: one without times, or several with. ``language`` is an ISO 639-1 code; ``name`` serves
    messages.
    """

    segments: tuple[Segment, ...]
    language: str
    track: WordTrack | None = None
    name: str = "text"

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.segments)

    @property
    def words(self) -> tuple[str, ...]:
        """Words as written, punctuation attached."""
        return tuple(w for s in self.segments for w in split_words(s.text))


def checked_language(language: str) -> str:
    """Two or three letters of "de", "de-AT" or "DE"; else ``TextError``."""
    code = language.strip().lower().replace("_", "-").split("-")[0]
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise TextError(f"language: '{language}', expected an ISO 639-1 code such as en, de or zh; or leave it out")
    return code


def untimed(text: str, language: str | None, name: str) -> Transcript:
    """Words without times."""
    if not split_words(text):
        said = f"'{text.strip()[:40]}'" if text.strip() else "nothing"
        raise TextError(f"text: {said} holds no words; {ALLOWED}")
    return Transcript((Segment(" ".join(text.split())),), language or guess_language(text), None, name)


def plain(text: str, language: str | None, name: str) -> Transcript:
    """A text file: words without times, or Audacity's labels, rows of start s, tab, end s, tab, words.

    Labels of one word each are words with given times, longer ones are aligned inside their times.
    """
    # A row that begins with a backslash holds the frequencies of the label above it.
    lines = [(n, r) for n, r in enumerate(text.splitlines(), 1) if r.strip() and not r.startswith("\\")]
    rows = [(n, _LABEL.fullmatch(row)) for n, row in lines]
    if not rows or not all(match for _, match in rows):
        return untimed(text, language, name)
    segments = []
    for number, match in rows:
        start, end = (float(t.replace(",", ".")) for t in match.groups()[:2]) if match else (0.0, 0.0)
        label = " ".join(match[3].split()) if match else ""
        if end < start:
            raise TextError(
                f"text: '{name}' line {number}: ends at {end:.3f} s before it starts at {start:.3f} s; "
                "put the start first"
            )
        if split_words(label):
            segments.append(Segment(label, start, end))
    if not segments:
        raise TextError(f"text: '{name}' line 1: its labels hold no words; {ALLOWED}")
    segments.sort(key=lambda s: s.start)
    if all(len(split_words(s.text)) == 1 for s in segments):
        return timed(tuple(Word(s.text, s.start, s.end) for s in segments), (), language, name)
    return Transcript(tuple(segments), language or guess_language(" ".join(s.text for s in segments)), None, name)


def timed(words: tuple[Word, ...], sounds: tuple[Phone, ...], language: str | None, name: str) -> Transcript:
    """Words with times, and phones where there are any."""
    language = language or guess_language(" ".join(w.text for w in words))
    track = WordTrack(words, sounds, language, "given")
    segments = tuple(Segment(w.text, w.start, w.end) for w in words)
    return Transcript(segments, language, track, name)
