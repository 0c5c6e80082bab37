"""Forced alignment: the phones of known words in a recording of any length, chunk by chunk."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.inputs.decoders import (
    FILLERS,
    FRAME_RATE,
    PAD,
    PATIENT_SKIP,
    SKIP,
    AlignmentFailed,
    Decoders,
    Heard,
    Pcm,
    Spoken,
    find_phones,
    find_words,
)
from gengine.inputs.estimate import speech_parts
from gengine.inputs.phone_symbols import SILENCE

# Lengths without another source are judgement, checked as a whole by benchmarks/alignment.py.
WINDOW = 30.0
"""Words of a long recording are first found window by window of this length, seconds."""

CHUNK = 6.0
"""Phones are aligned in chunks of about this length, cut at pauses, seconds: the search grows with its square."""

UNCUT = 1.5
"""Up to so many ``CHUNK`` lengths a recording stays one chunk."""

SHORTEST_CHUNK = CHUNK / 3
"""A pause earlier than this after the last cut, seconds, is no place for the next."""

TAIL = 2
"""What lies further than this behind the last word heard, seconds, is cut off: nothing is known of it."""

DOUBTED_END = 3
"""Words in the last so many seconds of a window may be wrong where it cuts into speech; they are sought again."""

PAUSES_COMPARED = 12
"""Of so many words before that the longest pause is where the next window begins."""

LAST_WINDOW = 5
"""A window that would leave less than this, seconds, reaches to the recording's end."""

END_SOUGHT = 8
"""The end of a window is the longest pause within so many seconds."""

MOST_WORDS = 7.0
"""Words per second that nobody exceeds over a window."""

LEAST_HEARD = 4
"""One word of so many must be heard: a title that nobody reads may be most of a chunk, another text is more."""

DOUBTED = -32.0
"""Mean score per frame below which a chunk is searched again with patience, and compared to its control."""

SURE = -22.0
"""Mean score per frame from which a chunk that was searched again needs no control."""

UNHEARD = -30.0
"""What a whole chunk of unheard words would add to its score."""


@dataclass(frozen=True)
class Sound:
    """One aligned phone: ``start``, ``end`` s, ``score`` per frame (0 best), ``word`` index or -1 for silence."""

    symbol: str
    start: float
    end: float
    score: float
    word: int


@dataclass(frozen=True)
class Chunk:
    """Words ``first`` to ``last`` (excluded) found in [``start``, ``end``] s; ``sounds`` cover it or are empty."""

    start: float
    end: float
    first: int
    last: int
    sounds: tuple[Sound, ...]
    contrast: float | None = None
    """Score less that of the same words said backwards; measured where the score is doubted.

    Noise and accents lower both alike; for another text both are equally poor.
    """

    @property
    def doubted(self) -> bool:
        """Nothing was found, or what was found fits poorly."""
        return self.last > self.first and (not self.sounds or self.score < DOUBTED)

    @property
    def unheard(self) -> int:
        """Words for which no sound was found."""
        return self.last - self.first - len({s.word for s in self.sounds if s.word >= 0})

    @property
    def score(self) -> float:
        """Mean score of a frame of speech, 0 best; words not heard count like the poorest of frames."""
        voiced = [s for s in self.sounds if s.word >= 0]
        length = sum(s.end - s.start for s in voiced)
        if length <= 0:
            return 0.0
        heard = sum(s.score * (s.end - s.start) for s in voiced) / length
        return heard + UNHEARD * self.unheard / max(self.last - self.first, 1)


class Aligner:
    """PocketSphinx's decoders at work: words by the quick one, phones by the exact one, hard parts by the patient one.

    One at a time may use it (``lock``); get it from ``aligner()``.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._decoders = Decoders()
        self.lookup = self._decoders.lookup
        self.pronounce = self._decoders.pronounce

    def align(self, samples: NDArray[np.float32], words: Sequence[Spoken], skips: bool = True) -> list[Chunk]:
        """Find ``words`` in ``samples`` ``(N,)`` at 16 kHz, chunk by chunk; together the chunks cover both.

        A chunk in which the phones do not fit has none. Without ``skips`` every word is taken to be said.
        """
        names = self._decoders.names(words)
        pcm = Pcm(samples)
        self._decoders.forget()
        try:
            chunks = self._found(pcm, names, words, 0, len(pcm), 0, len(words), skips=skips)
        except AlignmentFailed:
            chunks = [Chunk(0.0, len(pcm) / SAMPLE_RATE, 0, len(words), ())]
        result: list[Chunk] = []
        for bad, run in _runs(chunks):
            result += self._again(pcm, names, words, run, skips) if bad else run
        return result

    def _found(
        self, pcm: Pcm, names: list[str], words: Sequence[Spoken], start: int, end: int,
        first: int, last: int, patient: bool = False, skips: bool = True,
    ) -> list[Chunk]:  # fmt: skip
        """Chunks of words ``first`` to ``last`` in samples ``start`` to ``end``."""
        chunks = []
        for a, b, i, j in self._chunks(pcm[start:end], names[first:last], patient):
            a, b, i, j = a + start, b + start, i + first, j + first
            try:
                sounds = self._phones(pcm, a, b, names, words, i, j, patient, skips)
            except AlignmentFailed:
                sounds = []
            chunks.append(Chunk(a / SAMPLE_RATE, b / SAMPLE_RATE, i, j, tuple(sounds)))
        return chunks

    def _again(
        self, pcm: Pcm, names: list[str], words: Sequence[Spoken], run: list[Chunk], skips: bool
    ) -> list[Chunk]:  # fmt: skip
        """A run of doubted chunks, and the borders between them, searched anew with patience."""
        start, end = (round(t * SAMPLE_RATE) for t in (run[0].start, run[-1].end))
        try:
            again = self._found(pcm, names, words, start, end, run[0].first, run[-1].last, True, skips)
        except AlignmentFailed:
            return run
        return [replace(c, contrast=self._contrast(pcm, words, c)) if c.sounds and c.score < SURE else c for c in again]

    def _contrast(self, pcm: Pcm, words: Sequence[Spoken], chunk: Chunk) -> float:
        """Score of ``chunk`` less that of its heard words said backwards, another text of the same sounds."""
        heard = [words[k] for k in sorted({s.word for s in chunk.sounds if s.word >= 0})]
        said = [w.sounds or tuple(self.pronounce(w.name)) for w in heard]
        backwards = [Spoken("", sounds[::-1]) for sounds in reversed(said) if sounds]
        start, end = (round(t * SAMPLE_RATE) for t in (chunk.start, chunk.end))
        names, count = self._decoders.names(backwards), len(backwards)
        try:
            sounds = self._phones(pcm[start:end], 0, end - start, names, backwards, 0, count, True, skips=False)
        except AlignmentFailed:
            return 0.0  # one that finds no path tells nothing
        return chunk.score - Chunk(chunk.start, chunk.end, 0, count, tuple(sounds)).score

    # ---- words, in windows

    def _chunks(self, pcm: Pcm, names: list[str], patient: bool) -> list[tuple[int, int, int, int]]:
        """Cuts (first sample, end sample, first word, end word) at pauses, each about ``CHUNK`` long."""
        if len(pcm) <= UNCUT * CHUNK * SAMPLE_RATE:
            return [(0, len(pcm), 0, len(names))]
        heard = self._words(pcm, names, patient)
        if not heard:
            raise AlignmentFailed("no word was heard")
        cuts = [(0, 0)]
        best: tuple[int, int, int] | None = None
        for (_, _, before), (word, start, _) in zip(heard, heard[1:], strict=False):
            middle = (start + before) // 2
            age = (middle - cuts[-1][0]) / SAMPLE_RATE
            if age > SHORTEST_CHUNK and (best is None or start - before > best[0]):
                best = (start - before, middle, word)
            if age > CHUNK and best is not None:
                cuts.append(best[1:])
                best = None
        tail = heard[-1][2] + TAIL * SAMPLE_RATE
        if tail < len(pcm):  # nothing is known of what is said after the last word
            cuts.append((tail, len(names)))
        cuts.append((len(pcm), len(names)))
        return [(a, b, i, j) for (a, i), (b, j) in zip(cuts, cuts[1:], strict=False)]

    def _words(self, pcm: Pcm, names: list[str], patient: bool) -> list[Heard]:
        """The words heard, found window by window so that time grows with length only."""
        decoder = self._decoders.patient if patient else self._decoders.quick
        skip = PATIENT_SKIP if patient else SKIP
        found: list[Heard] = []
        word = position = 0
        while word < len(names) and position < len(pcm):
            end = self._window_end(pcm, position)
            last = end == len(pcm)
            count = len(names) - word
            if not last:
                count = min(count, int(MOST_WORDS * (end - position) / SAMPLE_RATE) + 1)
            heard = find_words(decoder, pcm[position:end], names[word : word + count], not last, skip)
            keep = len(heard)
            if not last:
                # The last words may be wrong where the window cuts into speech: stop at an earlier pause.
                limit = end - position - DOUBTED_END * SAMPLE_RATE
                early = [k for k in range(1, keep) if heard[k - 1][2] < limit][-PAUSES_COMPARED:]
                keep = max(early, key=lambda k: heard[k][1] - heard[k - 1][2], default=0)
            found += [(word + index, a + position, b + position) for index, a, b in heard[:keep]]
            if last:
                break
            if keep:
                position += (heard[keep - 1][2] + heard[keep][1]) // 2
                word += heard[keep][0]
            else:
                position = end - DOUBTED_END * SAMPLE_RATE
        return found

    @staticmethod
    def _window_end(pcm: Pcm, position: int) -> int:
        """Sample at the longest pause near the end of the window."""
        end = position + int(WINDOW * SAMPLE_RATE)
        if end + LAST_WINDOW * SAMPLE_RATE >= len(pcm):
            return len(pcm)
        tail = end - END_SOUGHT * SAMPLE_RATE
        parts = speech_parts((np.asarray(pcm[tail:end]) / 32768).astype(np.float32), SAMPLE_RATE)
        gaps = [(b[0] - a[1], (a[1] + b[0]) / 2) for a, b in zip(parts, parts[1:], strict=False)]
        return tail + int(max(gaps)[1] * SAMPLE_RATE) if gaps else end

    # ---- phones, in chunks

    def _phones(
        self, pcm: Pcm, start: int, end: int, names: list[str], words: Sequence[Spoken],
        first: int, last: int, patient: bool = False, skips: bool = True,
    ) -> list[Sound]:  # fmt: skip
        decoder = self._decoders.patient if patient else self._decoders.exact
        chunk = pcm[start:end]
        skip = (PATIENT_SKIP if patient else SKIP) if skips else 0.0
        at, length = start / SAMPLE_RATE, (end - start) / SAMPLE_RATE
        if first == last:
            return [Sound(SILENCE, at, at + length, 0.0, -1)]
        heard = find_words(decoder, chunk, names[first:last], False, skip)
        # What is heard of so little proves itself by its contrast.
        if LEAST_HEARD * len(heard) < last - first:
            raise AlignmentFailed("three quarters of the words were not heard")
        if len(heard) < last - first:  # skips leave empty entries that phone alignment stumbles over: once more without
            said = [names[first + index] for index, _, _ in heard]
            again = find_words(decoder, chunk, said, False, 0.0)
            if len(again) < len(said):
                raise AlignmentFailed("words were lost")
        aligned = find_phones(decoder, chunk)
        sounds, indices, word = [], iter(heard), -1
        for entry in aligned:
            silent = entry.name[0] in FILLERS
            word = word if silent else first + next(indices)[0]
            own = () if silent else words[word].sounds
            for k, phone in enumerate(entry):
                a = min(max(phone.start / FRAME_RATE - PAD, 0.0), length)
                b = min(max((phone.start + phone.duration) / FRAME_RATE - PAD, 0.0), length)
                symbol = SILENCE if silent else own[k] if own else phone.name
                sounds.append(Sound(symbol, at + a, at + b, phone.score / phone.duration, -1 if silent else word))
        return sounds


def _runs(chunks: list[Chunk]) -> list[tuple[bool, list[Chunk]]]:
    """Runs of doubted chunks, their neighbours with them (the border between may be wrong), and of good ones."""
    doubted = [c.doubted for c in chunks]
    near = [any(doubted[max(k - 1, 0) : k + 2]) for k in range(len(chunks))]
    return [(bad, [chunks[k] for k in group]) for bad, group in groupby(range(len(chunks)), near.__getitem__)]


@cache
def aligner() -> Aligner:
    """The process's aligner; loading takes about 0.1 s."""
    return Aligner()
