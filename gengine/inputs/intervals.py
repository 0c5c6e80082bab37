"""Words and phones on the recording's time line: no gaps, no overlaps, nothing beyond its end."""

from __future__ import annotations

from collections.abc import Iterable

from gengine.core.words import Phone, Word
from gengine.inputs.phone_symbols import SILENCE

BRIDGED = 0.03
"""Gaps between two sounds up to this long are closed by the sound before, seconds: no pause is that short."""

SHORTEST = 0.005
"""Shorter sounds are dropped, seconds: half a frame of the aligner."""


def gap_free(phones: Iterable[Phone], duration: float) -> tuple[Phone, ...]:
    """Sorted phones that cover [0, duration] s without gap or overlap; the rest is ``"sil"``."""
    result: list[Phone] = []

    def put(symbol: str, start: float, end: float, stress: int) -> None:
        if symbol == SILENCE and result and result[-1].symbol == SILENCE:
            start = result.pop().start
        result.append(Phone(symbol, start, end, stress))

    at = 0.0
    for phone in sorted(phones, key=lambda p: p.start):
        start, end = max(phone.start, at), min(phone.end, duration)
        if end - start < SHORTEST:
            continue
        if start - at > BRIDGED or (start > at and (not result or result[-1].symbol == SILENCE)):
            put(SILENCE, at, start, -1)
        elif start > at:
            last = result.pop()
            put(last.symbol, last.start, start, last.stress)
        put(phone.symbol, start, end, phone.stress)
        at = end
    if duration - at > SHORTEST or not result:
        put(SILENCE, at, duration, -1)
    elif at != duration:
        last = result.pop()
        put(last.symbol, last.start, duration, last.stress)
    return tuple(result)


def within(words: Iterable[Word], duration: float) -> tuple[Word, ...]:
    """Words cut at ``duration`` s; those that start after it are gone."""
    return tuple(Word(w.text, w.start, min(w.end, duration)) for w in words if w.start < duration)
