"""Words with their times: subtitles (.srt), and words and phones (.json). ``--text`` reads both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gengine.core.words import Word
from gengine.formats.speech_file import SpeechFile, as_json

LONGEST_LINE = 42
"""Characters of a subtitle's line, and two lines at most: the usual guideline (BBC, Netflix)."""

LONGEST_CUE = 7.0
"""Seconds that a subtitle stands at most: the same guidelines."""

PAUSE = 0.6
"""A pause of this length, seconds, begins another subtitle. Judgement."""

ENDS = ".!?…。！？"
"""Signs that end a sentence, and so a subtitle."""


class SrtExporter(SpeechFile):
    """Subtitles: the words in cues of at most two lines and seven seconds; empty where no words are known."""

    suffix: ClassVar[str] = ".srt"
    default_name: ClassVar[str] = "words.srt"

    def _text(self) -> str:
        import pysubs2

        file = pysubs2.SSAFile()
        for cue in _cues(list(self.words)):
            event = pysubs2.SSAEvent(start=round(cue[0].start * 1000), end=round(cue[-1].end * 1000))
            event.plaintext = _lines([w.text for w in cue])
            file.append(event)
        return file.to_string("srt")


class WordsExporter(SpeechFile):
    """Words and phones with their times in seconds as JSON: ``language``, ``source`` (where the times come from),
    ``words`` (word, start, end) and ``phones`` (phone, start, end, and stress 0 to 2 where known)."""

    suffix: ClassVar[str] = ".json"
    default_name: ClassVar[str] = "words.json"

    def _text(self) -> str:
        return as_json({**self.about, **self.words_and_phones()})


def _cues(words: list[Word]) -> Iterator[list[Word]]:
    """Runs of words that stand together: cut at pauses and ends of sentences, and where they grow too long."""
    cue: list[Word] = []
    for word in words:
        if cue and (
            word.start - cue[-1].end > PAUSE
            or cue[-1].text.rstrip("\"'”»)")[-1:] in ENDS
            or word.end - cue[0].start > LONGEST_CUE
            or len(" ".join(w.text for w in [*cue, word])) > 2 * LONGEST_LINE
        ):
            yield cue
            cue = []
        cue.append(word)
    if cue:
        yield cue


def _lines(texts: list[str]) -> str:
    """One line, or two of about the same length."""
    whole = " ".join(texts)
    if len(whole) <= LONGEST_LINE:
        return whole
    cut = min(range(1, len(texts)), key=lambda k: abs(2 * len(" ".join(texts[:k])) - len(whole)), default=0)
    return "\n".join(filter(None, (" ".join(texts[:cut]), " ".join(texts[cut:]))))
