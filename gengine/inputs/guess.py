"""Times of a text's words before anything of it is heard: by how many letters they have."""

from __future__ import annotations

from gengine.core.words import Word, WordTrack
from gengine.inputs.estimate import Token
from gengine.inputs.transcript import checked_language

SOUND = 0.075
"""Seconds that a sound takes (LJ Speech: 0.078 in the mean)."""

COMMA, STOP = 0.2, 0.5
"""Pauses at commas and at the ends of sentences, seconds. Judgement."""


def guessed(text: str, language: str = "en") -> WordTrack:
    """The words of ``text`` as a plain voice would speak them, from second 0 on; no phones."""
    words: list[Word] = []
    at = 0.0
    for text_word in text.split():
        end = at + SOUND * Token(text_word, ()).weight
        words.append(Word(text_word, at, end))
        at = end + (STOP if text_word[-1] in ".!?…" else COMMA if text_word[-1] in ",;:" else 0)
    return WordTrack(tuple(words), (), checked_language(language), "estimated")
