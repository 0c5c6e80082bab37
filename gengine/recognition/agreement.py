"""How well recognised words agree with the sounds that gengine's own phone recogniser hears where they are said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gengine.core.words import Phone, Word, WordTrack
from gengine.encoders.phones import CLASS_OF, PHONES, RATE, PhoneFrames
from gengine.inputs.phone_symbols import SILENCE

LEAST_PROBABILITY = 1e-3
"""Probabilities below this count as this: one sound that is heard otherwise shall not refute a whole word."""

PAUSE_WITHIN = 0.5
"""A silence up to this length between two believed words is believed too, seconds; what a longer one holds is heard.
Judgement."""


def agreements(track: WordTrack, frames: PhoneFrames) -> NDArray[np.float64]:
    """Of every word, the mean log probability of its sounds' lip classes, ``(W,)``, 0 best.

    ``frames`` begin at the track's second 0. A word whose sounds the recogniser does not know is 0, one without
    sounds or time -inf.
    """
    heard = np.log(np.maximum(frames.classes(), LEAST_PROBABILITY))
    result = np.full(len(track.words), -np.inf)
    for k, word in enumerate(track.words):
        sounds = phones_of(track.phones, word)
        scores = [heard[_span(p, len(heard)), CLASS_OF[PHONES.index(p.symbol)]] for p in sounds if p.symbol in PHONES]
        if sounds and word.end > word.start:
            result[k] = float(np.concatenate(scores).mean()) if scores else 0.0
    return result


def believed(track: WordTrack, trusted: Sequence[bool] | NDArray[np.bool_]) -> WordTrack:
    """The track with its ``trusted`` words and their sounds alone; short silences between them stay."""
    words, phones = [], []
    last: Word | None = None
    for word, good in zip(track.words, trusted, strict=True):
        if not good:
            last = None
            continue
        if last is not None and word.start - last.end <= PAUSE_WITHIN:
            phones += [p for p in track.phones if p.symbol == SILENCE and last.end <= p.start + 1e-6 <= word.start]
        phones += phones_of(track.phones, word)
        words.append(word)
        last = word
    return WordTrack(tuple(words), tuple(dict.fromkeys(phones)), track.language, "recognised", track.tags)


def phones_of(phones: Sequence[Phone], word: Word) -> list[Phone]:
    """The sounds inside a word's times."""
    return [p for p in phones if word.start <= p.start + 1e-6 and p.end <= word.end + 1e-6 and p.symbol != SILENCE]


def _span(phone: Phone, count: int) -> slice:
    """Frames of a sound, at least one of ``count``."""
    first = min(round(phone.start * RATE), count - 1)
    return slice(first, max(round(phone.end * RATE), first + 1))
