"""Forced alignment by PocketSphinx and its English acoustic model."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.errors import GengineError
from gengine.inputs.estimate import speech_parts
from gengine.inputs.letters import spell_english
from gengine.inputs.phone_symbols import SILENCE

WINDOW = 30.0
"""Words of a long recording are first found window by window of this length, seconds."""

CHUNK = 6.0
"""Phones are aligned in chunks of about this length, cut at pauses, seconds: the search grows with its square."""

MOST_WORDS = 7.0
"""Words per second that nobody exceeds over a window."""

_PAD = 0.2
"""Quiet put before and after what the decoders hear, seconds."""

# Sounds that the English model lacks, by their nearest English one.
_NEAREST = {
    "y": "UW", "ø": "ER", "œ": "ER", "oː": "OW", "eː": "EY", "ç": "SH", "x": "HH", "ʁ": "R", "ɐ": "AH", "ɕ": "SH",
    "ʂ": "SH", "ɻ": "R", "ɿ": "IH", "ü": "UW", "ɤ": "AH", "uo": "AO", "a": "AA", "u": "UW", "ʊŋ": "OW",
}  # fmt: skip


SKIP = 1e-9
"""Prior of a written word not being said: an extra word is left out, of 678 said words of LJ Speech one is."""

PATIENCE = 1e-250
"""Beam of the decoder for hard recordings, so wide that noise leaves a path through the right words.

PocketSphinx's own 1e-48 drops them: of read sentences with white noise 10 dB under the voice 59 % of the words were
given up with it alone, 14 % are with this second look (``python benchmarks/alignment.py robustness``).
"""

PATIENT_SKIP = 1e-18
"""``SKIP`` for hard recordings, in which noise makes every word costlier."""

DOUBTED = -32.0
"""Mean score per frame below which a chunk is searched again with patience, and compared to its control."""

SURE = -22.0
"""Mean score per frame from which a chunk that was searched again needs no control."""

UNHEARD = -30.0
"""What a whole chunk of unheard words would add to its score."""

Heard = tuple[int, int, int]
"""A word found: its index, its first sample and the one after its last."""

_FILLERS = "<[+("
"""First letters of the names of silences and noises."""


class AlignmentFailed(Exception):
    """The words could not be found in the sound; callers fall back to an estimate."""


@dataclass(frozen=True)
class Spoken:
    """One spoken word for the aligner: its dictionary ``name``, or its ``sounds`` where it has its own."""

    name: str
    sounds: tuple[str, ...] = ()


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
    """PocketSphinx's dictionary and its decoders: a quick one for words, an exact one for phones, a patient one
    for both in hard recordings.

    One at a time may use it (``lock``); get it from ``aligner()``.
    """

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError:
            raise GengineError("alignment needs pocketsphinx: pip install 'pocketsphinx>=5.0.4'") from None
        self.lock = threading.Lock()
        # Without bestpath the last frames may not be left to a one-frame "</s>", which phone alignment rejects.
        self._exact = Decoder(lm=None, loglevel="FATAL", bestpath=False)
        self._quick: Any = None  # loaded for the first long recording
        self._patient: Any = None  # loaded for the first hard one
        self._own: dict[str, tuple[str, ...]] = {}

    def lookup(self, word: str) -> list[str] | None:
        """Dictionary pronunciation in ARPAbet without stress; None where the word is not listed."""
        found = self._exact.lookup_word(word)
        return found.split() if found else None

    def pronounce(self, word: str) -> list[str]:
        """Pronunciation of any lower-case English word."""
        return self.lookup(word) or spell_english(word, self.lookup)

    def _names(self, words: Sequence[Spoken]) -> list[str]:
        """Dictionary names of all words; unlisted ones are added to all decoders."""
        names = []
        for word in words:
            if word.sounds:
                name = "=" + "-".join(word.sounds)
                sounds = tuple(_NEAREST.get(s, s) for s in word.sounds)
            else:
                name, sounds = word.name, ()
            if name not in self._own and self._exact.lookup_word(name) is None:
                sounds = sounds or tuple(spell_english(name, self.lookup))
                for decoder in filter(None, (self._exact, self._quick, self._patient)):
                    decoder.add_word(name, " ".join(sounds), False)
                self._own[name] = sounds
            names.append(name)
        return names

    def align(self, samples: NDArray[np.float32], words: Sequence[Spoken]) -> list[Chunk]:
        """Find ``words`` in 16 kHz ``samples``, chunk by chunk.

        A chunk in which the phones do not fit has none, the others are not harmed.
        """
        names = self._names(words)
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        for decoder in filter(None, (self._exact, self._quick, self._patient)):
            self._forget(decoder)
        try:
            chunks = self._found(pcm, names, words, 0, len(pcm), 0, len(words))
        except AlignmentFailed:
            chunks = [Chunk(0.0, len(pcm) / SAMPLE_RATE, 0, len(words), ())]
        result: list[Chunk] = []
        for bad, run in _runs(chunks):
            result += self._again(pcm, names, words, run) if bad else run
        return result

    def _found(
        self, pcm: NDArray[np.int16], names: list[str], words: Sequence[Spoken], start: int, end: int,
        first: int, last: int, patient: bool = False,
    ) -> list[Chunk]:  # fmt: skip
        """Chunks of words ``first`` to ``last`` in samples ``start`` to ``end``."""
        chunks = []
        for a, b, i, j in self._chunks(pcm[start:end], names[first:last], patient):
            a, b, i, j = a + start, b + start, i + first, j + first
            try:
                sounds = self._phones(pcm, a, b, names, words, i, j, patient)
            except AlignmentFailed:
                sounds = []
            chunks.append(Chunk(a / SAMPLE_RATE, b / SAMPLE_RATE, i, j, tuple(sounds)))
        return chunks

    def _again(
        self, pcm: NDArray[np.int16], names: list[str], words: Sequence[Spoken], run: list[Chunk]
    ) -> list[Chunk]:  # fmt: skip
        """A run of doubted chunks, and the borders between them, searched anew with patience."""
        start, end = (round(t * SAMPLE_RATE) for t in (run[0].start, run[-1].end))
        self._patient = self._patient or self._load(beam=PATIENCE, wbeam=PATIENCE, pbeam=PATIENCE)
        try:
            again = self._found(pcm, names, words, start, end, run[0].first, run[-1].last, patient=True)
        except AlignmentFailed:
            return run
        return [replace(c, contrast=self._contrast(pcm, words, c)) if c.sounds and c.score < SURE else c for c in again]

    def _contrast(self, pcm: NDArray[np.int16], words: Sequence[Spoken], chunk: Chunk) -> float:
        """Score of ``chunk`` less that of its heard words said backwards, another text of the same sounds."""
        heard = [words[k] for k in sorted({s.word for s in chunk.sounds if s.word >= 0})]
        said = [w.sounds or tuple(self.pronounce(w.name)) for w in heard]
        backwards = [Spoken("", sounds[::-1]) for sounds in reversed(said) if sounds]
        start, end = (round(t * SAMPLE_RATE) for t in (chunk.start, chunk.end))
        names, count = self._names(backwards), len(backwards)
        try:
            sounds = self._phones(pcm[start:end], 0, end - start, names, backwards, 0, count, True, skips=False)
        except AlignmentFailed:
            return 0.0  # one that finds no path tells nothing
        return chunk.score - Chunk(chunk.start, chunk.end, 0, count, tuple(sounds)).score

    def _load(self, **settings: Any) -> Any:
        """One more decoder, with all words that were added so far."""
        from pocketsphinx import Decoder

        decoder = Decoder(lm=None, loglevel="FATAL", bestpath=False, **settings)
        for name, sounds in self._own.items():
            decoder.add_word(name, " ".join(sounds), False)
        self._forget(decoder)
        return decoder

    def _forget(self, decoder: Any) -> None:
        """Decoders carry a little of one utterance into the next; after this one it is always the same."""
        with suppress(AlignmentFailed):
            self._decode(decoder, np.zeros(int(0.3 * SAMPLE_RATE), np.int16), ["a"], False, 0.0)

    # ---- words, in windows

    def _chunks(self, pcm: NDArray[np.int16], names: list[str], patient: bool) -> list[tuple[int, int, int, int]]:
        """Cuts (first sample, end sample, first word, end word) at pauses, each about ``CHUNK`` long."""
        if len(pcm) <= 1.5 * CHUNK * SAMPLE_RATE:
            return [(0, len(pcm), 0, len(names))]
        heard = self._words(pcm, names, patient)
        if not heard:
            raise AlignmentFailed("no word was heard")
        cuts = [(0, 0)]
        best: tuple[int, int, int] | None = None
        for (_, _, before), (word, start, _) in zip(heard, heard[1:], strict=False):
            middle = (start + before) // 2
            age = (middle - cuts[-1][0]) / SAMPLE_RATE
            if age > CHUNK / 3 and (best is None or start - before > best[0]):
                best = (start - before, middle, word)
            if age > CHUNK and best is not None:
                cuts.append(best[1:])
                best = None
        tail = heard[-1][2] + 2 * SAMPLE_RATE
        if tail < len(pcm):  # nothing is known of what is said after the last word
            cuts.append((tail, len(names)))
        cuts.append((len(pcm), len(names)))
        return [(a, b, i, j) for (a, i), (b, j) in zip(cuts, cuts[1:], strict=False)]

    def _words(self, pcm: NDArray[np.int16], names: list[str], patient: bool) -> list[Heard]:
        """The words heard, found window by window so that time grows with length only."""
        # Scoring every third frame is quicker yet, and loses the path over long pauses and room noise.
        self._quick = self._quick or self._load(ds=2, topn=2)
        decoder, skip = (self._patient, PATIENT_SKIP) if patient else (self._quick, SKIP)
        found: list[Heard] = []
        word = position = 0
        while word < len(names) and position < len(pcm):
            end = self._window_end(pcm, position)
            last = end == len(pcm)
            count = len(names) - word
            if not last:
                count = min(count, int(MOST_WORDS * (end - position) / SAMPLE_RATE) + 1)
            heard = self._decode(decoder, pcm[position:end], names[word : word + count], not last, skip)
            keep = len(heard)
            if not last:
                # The last words may be wrong where the window cuts into speech: stop at an earlier pause.
                limit = end - position - 3 * SAMPLE_RATE
                early = [k for k in range(1, keep) if heard[k - 1][2] < limit][-12:]
                keep = max(early, key=lambda k: heard[k][1] - heard[k - 1][2], default=0)
            found += [(word + index, a + position, b + position) for index, a, b in heard[:keep]]
            if last:
                break
            if keep:
                position += (heard[keep - 1][2] + heard[keep][1]) // 2
                word += heard[keep][0]
            else:
                position = end - 3 * SAMPLE_RATE
        return found

    def _window_end(self, pcm: NDArray[np.int16], position: int) -> int:
        """Sample at the longest pause near the end of the window."""
        end = position + int(WINDOW * SAMPLE_RATE)
        if end + 5 * SAMPLE_RATE >= len(pcm):
            return len(pcm)
        tail = end - 8 * SAMPLE_RATE
        parts = speech_parts((pcm[tail:end] / 32768).astype(np.float32), SAMPLE_RATE)
        gaps = [(b[0] - a[1], (a[1] + b[0]) / 2) for a, b in zip(parts, parts[1:], strict=False)]
        return tail + int(max(gaps)[1] * SAMPLE_RATE) if gaps else end

    def _decode(
        self, decoder: Any, pcm: NDArray[np.int16], names: list[str], open_end: bool, skip: float
    ) -> list[Heard]:
        """Word pass over a chain of words: any may be missing (prior ``skip``), and it may break off (``open_end``)."""
        last = len(names)
        arcs: list[tuple] = [(k, k + 1, 1.0, name) for k, name in enumerate(names)]
        arcs += [(k, k + 1, skip) for k in range(last)] if skip else []
        arcs += [(k, last, 1.0) for k in range(last - 1)] if open_end else []
        decoder.add_fsg("words", decoder.create_fsg("words", 0, last, arcs))
        decoder.activate_search("words")
        try:
            _hear(decoder, pcm)
            segments = [(s.word, s.start_frame, s.end_frame + 1) for s in decoder.seg()]
        except (RuntimeError, TypeError):
            raise AlignmentFailed("no path through the words") from None
        hop, shift = SAMPLE_RATE // 100, int(_PAD * SAMPLE_RATE)
        heard, at = [], 0
        for word, first, end in segments:
            if word[0] in _FILLERS:
                continue
            at = names.index(re.sub(r"\(\d+\)$", "", word), at)
            heard.append((at, *(min(max(frame * hop - shift, 0), len(pcm)) for frame in (first, end))))
            at += 1
        return heard

    # ---- phones, in chunks

    def _phones(
        self, pcm: NDArray[np.int16], start: int, end: int, names: list[str], words: Sequence[Spoken],
        first: int, last: int, patient: bool = False, skips: bool = True,
    ) -> list[Sound]:  # fmt: skip
        decoder, chunk = self._patient if patient else self._exact, pcm[start:end]
        skip = (PATIENT_SKIP if patient else SKIP) if skips else 0.0
        at, length = start / SAMPLE_RATE, (end - start) / SAMPLE_RATE
        if first == last:
            return [Sound(SILENCE, at, at + length, 0.0, -1)]
        heard = self._decode(decoder, chunk, names[first:last], False, skip)
        # A title that nobody reads may be most of a chunk; what is heard then proves itself by its contrast.
        if 4 * len(heard) < last - first:
            raise AlignmentFailed("three quarters of the words were not heard")
        if len(heard) < last - first:  # skips leave empty entries that phone alignment stumbles over: once more without
            said = [names[first + index] for index, _, _ in heard]
            again = self._decode(decoder, chunk, said, False, 0.0)
            if len(again) < len(said):
                raise AlignmentFailed("words were lost")
        try:
            decoder.set_alignment()
            _hear(decoder, chunk)
            aligned = decoder.get_alignment()  # entries die with it and with each step: no list of them
        except (RuntimeError, TypeError):
            raise AlignmentFailed("no path through the phones") from None
        sounds, indices, word = [], iter(heard), -1
        for entry in aligned:
            silent = entry.name[0] in _FILLERS
            word = word if silent else first + next(indices)[0]
            own = () if silent else words[word].sounds
            for k, phone in enumerate(entry):
                a = min(max(phone.start / 100 - _PAD, 0.0), length)
                b = min(max((phone.start + phone.duration) / 100 - _PAD, 0.0), length)
                symbol = SILENCE if silent else own[k] if own else phone.name
                sounds.append(Sound(symbol, at + a, at + b, phone.score / phone.duration, -1 if silent else word))
        return sounds


def _runs(chunks: list[Chunk]) -> list[tuple[bool, list[Chunk]]]:
    """Runs of doubted chunks, their neighbours with them (the border between may be wrong), and of good ones."""
    doubted = [c.doubted for c in chunks]
    near = [any(doubted[max(k - 1, 0) : k + 2]) for k in range(len(chunks))]
    return [(bad, [chunks[k] for k in group]) for bad, group in groupby(range(len(chunks)), near.__getitem__)]


def _hear(decoder: Any, pcm: NDArray[np.int16]) -> None:
    """One whole utterance. A little quiet before and after it gives the silence models a place."""
    quiet = np.resize(np.array([3, -2, 1, -3, 2, 0, -1], np.int16), int(_PAD * SAMPLE_RATE))
    decoder.start_utt()
    decoder.process_raw(np.concatenate([quiet, pcm, quiet]).tobytes(), full_utt=True)
    decoder.end_utt()


@cache
def aligner() -> Aligner:
    """The process's aligner; loading takes about 0.1 s."""
    return Aligner()
