"""Words whose times are given get the sounds that they lack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.words import Phone, Word, WordTrack
from gengine.inputs.ear import BELIEVED, BELIEVED_LATE, Ear
from gengine.inputs.forced import Aligner
from gengine.inputs.intervals import gap_free, within
from gengine.inputs.phone_symbols import SILENCE, UNKNOWN
from gengine.inputs.stretch import Said, align_stretch

PHRASE_GAP = 0.3
"""Words with given times are aligned together up to a gap of this length, seconds..."""

LONGEST_PHRASE = 8
"""... or up to a phrase of this length, seconds."""

PHRASE_MARGIN = 0.15
"""Sound before and after a phrase that is searched with it, seconds."""

AGREES = 0.25
"""A word aligned so near to its given times, seconds, says where its sounds lie; else they are those heard in it."""


def complete(track: WordTrack, duration: float) -> WordTrack:
    """A track with phones, made gap-free; "spoken noise" gets a neutral vowel."""
    phones = [replace(p, symbol="AH") if p.symbol == UNKNOWN else p for p in track.phones]
    return replace(track, words=within(track.words, duration), phones=gap_free(phones, duration))


def fill(
    track: WordTrack, samples: NDArray[np.float32], said: list[Said], tool: Aligner, ear: Ear, duration: float
) -> WordTrack:
    """Phones inside words whose times are given: aligned phrase by phrase, else heard.

    English is aligned by ``tool`` (take its lock before), other languages by ``ear``.
    """
    words = within(track.words, duration)
    phones: list[Phone] = []
    pairs = list(zip(words, said, strict=False))
    run: list[tuple[Word, Said]] = []
    for k, pair in enumerate(pairs):
        run.append(pair)
        following = pairs[k + 1][0].start if k + 1 < len(pairs) else duration
        if (
            following - pair[0].end > PHRASE_GAP
            or pair[0].end - run[0][0].start > LONGEST_PHRASE
            or k + 1 == len(pairs)
        ):
            phones += _phrase(run, samples, tool, ear, track.language, duration)
            run = []
    return WordTrack(words, gap_free(phones, duration) if phones else (), track.language, "given")


def _phrase(
    run: list[tuple[Word, Said]], samples: NDArray[np.float32], tool: Aligner, ear: Ear, language: str, duration: float
) -> list[Phone]:
    start, end = max(run[0][0].start - PHRASE_MARGIN, 0.0), min(run[-1][0].end + PHRASE_MARGIN, duration)
    said = [one for _, one in run]
    parts = align_stretch(tool, samples, said, start, end) if language == "en" else []
    phones = _agreeing(run, [part for part in parts if part.found])
    missing = [pair for pair, own in zip(run, phones, strict=True) if not own and pair[0].end > pair[0].start]
    if missing and (language != "en" or len(missing) > len(run) / 2):
        believed = BELIEVED_LATE if language == "en" else BELIEVED
        second = _agreeing(run, [part for part in ear.find(said, start, end, language, believed) if part.found])
        phones = [own or other for own, other in zip(phones, second, strict=True)]
    result: list[Phone] = []
    for (word, _), own in zip(run, phones, strict=True):
        result += own or (ear.phones(word.start, word.end) if word.end > word.start else [])
    return result


def _agreeing(run: list[tuple[Word, Said]], parts: list) -> list[list[Phone]]:
    """Of every word the aligned phones, where they lie at about its given times."""
    placed = {id(token): word for part in parts for (token, _), word in zip(part.said, part.words, strict=True)}
    heard = [p for part in parts for p in part.phones if p.symbol != SILENCE]
    result = []
    for word, (token, _) in run:
        at = placed.get(id(token))
        if at is None or abs(at.start - word.start) >= AGREES or abs(at.end - word.end) >= AGREES:
            result.append([])
        else:
            result.append([p for p in heard if at.start <= p.start + 1e-6 and p.end <= at.end + 1e-6])
    return result
