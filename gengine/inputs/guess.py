"""Times of a text's words before anything of it is heard: by how many letters they have."""

from __future__ import annotations

import re

from gengine.core.words import Word, WordTrack
from gengine.inputs.estimate import Token
from gengine.inputs.tag_times import timed_tags
from gengine.inputs.transcript import checked_language, untimed

SOUND = 0.075
"""Seconds that a sound takes (LJ Speech: 0.078 in the mean)."""

COMMA, STOP = 0.2, 0.5
"""Pauses at commas and at the ends of sentences, seconds. Judgement."""


BREAKS = {"none": 0.0, "x-weak": 0.25, "weak": 0.5, "medium": 0.75, "strong": 1.0, "x-strong": 1.25,
          "short": 0.25, "brief": 0.25, "pause": 0.75, "silence": 0.75, "long": 1.25}  # fmt: skip
"""Seconds of SSML's breaks by strength, as Azure speaks them, and of remarks such as [long pause]."""

LONGEST_BREAK = 20.0
"""Seconds; synthesisers speak no longer ones."""


def guessed(text: str, language: str = "en") -> WordTrack:
    """The words of ``text`` as a plain voice would speak them, from second 0 on, with its breaks and tags; no phones.

    ``TextError`` for a text without words.
    """
    transcript = untimed(text, checked_language(language), "text")
    words: list[Word] = []
    breaks = {d.first: seconds_of_break(d.value) for d in transcript.directions if d.kind == "pause"}
    at = 0.0
    for number, text_word in enumerate(transcript.words):
        if number in breaks:  # a break takes the place of the pause that a comma would make
            at = (words[-1].end if words else 0.0) + breaks[number]
        end = at + SOUND * Token(text_word, ()).weight
        words.append(Word(text_word, at, end))
        at = end + (STOP if text_word[-1] in ".!?…" else COMMA if text_word[-1] in ",;:" else 0)
    tags = timed_tags(transcript, [(word.start, word.end) for word in words])
    return WordTrack(tuple(words), (), transcript.language, "estimated", tags=tags)


def seconds_of_break(said: str) -> float:
    """How long ``<break time="500ms"/>``, ``strength="weak"`` or ``[long pause]`` lasts, from its value."""
    text = said.strip().lower()
    if time := re.fullmatch(r"\+?(\d{1,6}(?:\.\d{1,6})?)\s*(ms|s)", text):
        return min(float(time[1]) / (1000 if time[2] == "ms" else 1), LONGEST_BREAK)
    return next((BREAKS[word] for word in text.split() if word in BREAKS), BREAKS["medium"])
