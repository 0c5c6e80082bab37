"""Given times of words are evidence: those that the sound contradicts are mended, those that fit it stay as they are.

Recognisers begin the first word after a pause too early and leave no pause between words (Whisper), lack times for
some words (WhisperX), or count from another moment (a cut recording). Times of hand or of a forced aligner are as
exact as ours: on LJ Speech's TextGrids our alignment differs from them by more than 80 ms for one word in thirty, and
nobody knows who errs; there the sound must speak plainly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gengine.core.words import Word
from gengine.inputs.stretch import AlignedPart

TOLERANCE = 0.08
"""Times this near to the sound's fit it, seconds: what an eye does not see (and twice the aligner's usual error)."""

PRECISE = 0.65
"""Where at least this share of a text's words fits, its times are exact, and only pauses contradict them.

LJ Speech's TextGrids reach 0.95; the same with Whisper's errors put in, 0.4.
"""

PLAIN = 0.15
"""A word of exact times that begins or ends so far within a pause, seconds, is plainly wrong: LJ Speech's are up to
0.13 s there."""

HABIT = 0.06
"""The same where another word is plainly wrong: who does not know pauses once knows none."""

SILENT = 0.75
"""Share of a stretch without speech from which it is a pause."""

HEARD = 0.02
"""Words shorter than this, seconds, were not heard by the aligner: they are no evidence."""

FEW = 0.5
"""Where fewer of the words were found in the sound, the alignment is no evidence either."""


@dataclass(frozen=True)
class Mended:
    """``words`` in order; how many were ``moved`` by more than ``TOLERANCE``, and ``estimated``: neither given times
    nor found in the sound. ``offset`` is what all given times were early (+) or late (-), seconds, about."""

    words: tuple[Word, ...]
    moved: int
    estimated: int
    offset: float


def mend(
    words: Sequence[Word], missing: Sequence[bool], found: Sequence[AlignedPart], speech: list[tuple[float, float]]
) -> Mended:
    """``words`` with given times beside the same words ``found`` in the sound, part by part in their order.

    ``missing`` says whose times were not given but filled in; ``speech`` are the stretches (start, end) s of speech.
    """
    aligned: list[Word | None] = []
    for part in found:
        for at in part.words if part.found else [None] * len(part.said):
            aligned.append(at if at is not None and at.end - at.start >= HEARD else None)
    if len(aligned) != len(words):
        aligned = [None] * len(words)
    pairs = [(w, a) for w, a, gone in zip(words, aligned, missing, strict=True) if a is not None and not gone]
    given = len(words) - sum(missing)
    if len(pairs) < FEW * max(given, 1):
        pairs = []
    fits = [abs(a.start - w.start) <= TOLERANCE and abs(a.end - w.end) <= TOLERANCE for w, a in pairs]
    starts = np.array([a.start - w.start for w, a in pairs])
    exact = bool(pairs) and np.mean(fits) >= PRECISE
    plain = [_overlap(w, a) and max(*_pauses(w, a, speech)) > PLAIN for w, a in pairs]
    limit = HABIT if any(plain) else PLAIN
    result: list[Word] = []
    estimated = 0
    for word, at, gone in zip(words, aligned, missing, strict=True):
        if gone:
            estimated += at is None
            result.append(Word(word.text, at.start, at.end) if at is not None else word)
        elif at is None or not pairs:
            result.append(word)
        elif exact and not _overlap(word, at):
            result.append(word)
        elif exact:
            early, late = _pauses(word, at, speech)
            start, end = at.start if early > limit else word.start, at.end if late > limit else word.end
            result.append(Word(word.text, start, end if end > start else at.end))
        elif abs(at.start - word.start) <= TOLERANCE / 2 and abs(at.end - word.end) <= TOLERANCE / 2:
            result.append(word)
        else:
            result.append(Word(word.text, at.start, at.end))
    result = _in_order(result)
    moved = sum(
        not gone and max(abs(a.start - b.start), abs(a.end - b.end)) > TOLERANCE
        for a, b, gone in zip(words, result, missing, strict=True)
    )
    offset = float(np.median(starts)) if len(starts) and not exact else 0.0
    spread = float(np.median(np.abs(starts - offset))) if len(starts) else 0.0
    return Mended(tuple(result), moved, estimated, offset if abs(offset) > 2 * spread + TOLERANCE else 0.0)


def _overlap(a: Word, b: Word) -> bool:
    """Whether two words lie at one moment: what was found far away belongs to another word."""
    return a.start < b.end and b.start < a.end


def _pauses(word: Word, at: Word, speech: list[tuple[float, float]]) -> tuple[float, float]:
    """Pauses of so many seconds at the beginning and at the end of a word, by where it was found."""
    return _pause(word.start, at.start, speech), _pause(at.end, word.end, speech)


def _pause(start: float, end: float, speech: list[tuple[float, float]]) -> float:
    """Seconds from ``start`` to ``end`` where nobody speaks between; 0 where it is the other way round."""
    if end <= start:
        return 0.0
    spoken = sum(max(min(end, b) - max(start, a), 0.0) for a, b in speech)
    return end - start if end - start - spoken >= SILENT * (end - start) else 0.0


def _in_order(words: list[Word]) -> list[Word]:
    """Words whose starts rise, none reaching into one that begins within it."""
    result: list[Word] = []
    for word in words:
        start = max(word.start, result[-1].start if result else 0.0)
        result.append(Word(word.text, start, max(word.end, start)))
    for k in range(len(result) - 1):
        word, following = result[k], result[k + 1].start
        if word.start < following < word.end:
            result[k] = Word(word.text, word.start, following)
    return result
