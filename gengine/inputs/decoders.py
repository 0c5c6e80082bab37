"""PocketSphinx's English dictionary and decoders: a chain of known words is found in a sound, then its phones."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.errors import GengineError
from gengine.inputs.letters import spell_english

FRAME_RATE = 100
"""Frames per second of PocketSphinx's acoustic model (its default ``frate``)."""

PAD = 0.2
"""Quiet put before and after what the decoders hear, seconds: it gives the models of silence a place. Judgement."""

FORGETTING = 0.3
"""Length of the quiet utterance after which a decoder is as it always is, seconds. Judgement: equal results tested."""

QUIET_WORD = "a"
"""What is sought in that utterance: any word of the dictionary."""

SKIP = 1e-9
"""Prior of a written word not being said: an extra word is left out, of 678 said words of LJ Speech one is."""

PATIENCE = 1e-250
"""Beam of the decoder for hard recordings, so wide that noise leaves a path through the right words.

PocketSphinx's own 1e-48 drops them: of read sentences with white noise 10 dB under the voice 59 % of the words were
given up with it alone, 14 % are with this second look (``python benchmarks/alignment.py robustness``).
"""

PATIENT_SKIP = 1e-18
"""``SKIP`` for hard recordings, in which noise makes every word costlier."""

FILLERS = "<[+("
"""First letters of the names that the dictionary gives to silences and noises."""

QUIET = np.array([3, -2, 1, -3, 2, 0, -1], np.int16)
"""Samples of the quiet, repeated: below any recording's floor, but not the zeros that log-energies stumble over."""

Heard = tuple[int, int, int]
"""A word found: its index, its first sample and the one after its last."""


class Pcm:
    """Sound as PocketSphinx takes it, 16-bit, made of floats ``samples (N,)`` in [-1, 1] where it is read.

    A copy of an hour takes 115 MB. A slice is such a sound too; ``np.asarray`` reads it.
    """

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, part: slice) -> Pcm:
        return Pcm(self._samples[part])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return (np.clip(self._samples, -1, 1) * 32767).astype(np.int16).astype(dtype or np.int16, copy=False)


class AlignmentFailed(Exception):
    """The words could not be found in the sound; callers fall back to an estimate."""


@dataclass(frozen=True)
class Spoken:
    """One spoken word for the aligner: its dictionary ``name``, or its ``sounds`` where it has its own.

    PocketSphinx takes ARPAbet's; ``gengine.inputs.ear`` any of ``gengine.inputs.sounds``.
    """

    name: str
    sounds: tuple[str, ...] = ()


class Decoders:
    """The dictionary and its three decoders: exact for phones, quick for words, patient for hard recordings.

    The last two are loaded when they are first asked for, and know the words that were named alone: the dictionary of
    134,000 words takes 16 MB and most of the time to load. ``GengineError`` where PocketSphinx is not installed.
    """

    def __init__(self) -> None:
        # Without bestpath the last frames may not be left to a one-frame "</s>", which phone alignment rejects.
        self.exact = _decoder()
        self._quick: Any = None
        self._patient: Any = None
        self._named = {QUIET_WORD: self._variants(QUIET_WORD)}

    @property
    def quick(self) -> Any:
        # Scoring every third frame is quicker yet, and loses the path over long pauses and room noise.
        self._quick = self._quick or self._load(ds=2, topn=2)
        return self._quick

    @property
    def patient(self) -> Any:
        self._patient = self._patient or self._load(beam=PATIENCE, wbeam=PATIENCE, pbeam=PATIENCE)
        return self._patient

    @property
    def _loaded(self) -> list[Any]:
        return [d for d in (self.exact, self._quick, self._patient) if d]

    def _load(self, **settings: Any) -> Any:
        """One more decoder, with all words that were named so far."""
        decoder = _decoder(dict=os.devnull, **settings)
        for variants in self._named.values():
            _teach(decoder, variants)
        _forget(decoder)
        return decoder

    def _variants(self, name: str) -> dict[str, str]:
        """Pronunciations of a word that the dictionary holds, by their names there: the, the(2) …"""
        variants = {}
        entry = name
        while sounds := self.exact.lookup_word(entry):
            variants[entry] = sounds
            entry = f"{name}({len(variants) + 1})"
        return variants

    def forget(self) -> None:
        """Decoders carry a little of one utterance into the next; after this they are as they always are."""
        for decoder in self._loaded:
            _forget(decoder)

    def lookup(self, word: str) -> list[str] | None:
        """Dictionary pronunciation in ARPAbet without stress; None where the word is not listed."""
        found = self.exact.lookup_word(word)
        return found.split() if found else None

    def pronounce(self, word: str) -> list[str]:
        """Pronunciation of any lower-case English word in ARPAbet without stress."""
        return self.lookup(word) or spell_english(word, self.lookup)

    def names(self, words: Sequence[Spoken]) -> list[str]:
        """Dictionary names of all words; unlisted ones are added to the dictionary, and all to every decoder."""
        names = []
        for word in words:
            if word.sounds:
                name = "=" + "-".join(word.sounds)
                sounds = word.sounds
            else:
                name, sounds = word.name, ()
            if name not in self._named:
                if self.exact.lookup_word(name) is None:
                    sounds = sounds or tuple(spell_english(name, self.lookup))
                    self.exact.add_word(name, " ".join(sounds), False)
                self._named[name] = self._variants(name)
                for decoder in self._loaded[1:]:
                    _teach(decoder, self._named[name])
            names.append(name)
        return names


def _decoder(**settings: Any) -> Any:
    try:
        from pocketsphinx import Decoder
    except ImportError:
        raise GengineError("alignment needs pocketsphinx: pip install 'pocketsphinx>=5.0.4'") from None
    return Decoder(lm=None, loglevel="FATAL", bestpath=False, **settings)


def _teach(decoder: Any, variants: dict[str, str]) -> None:
    for name, sounds in variants.items():
        decoder.add_word(name, sounds, False)


def _forget(decoder: Any) -> None:
    with suppress(AlignmentFailed):
        find_words(decoder, Pcm(np.zeros(int(FORGETTING * SAMPLE_RATE), np.float32)), [QUIET_WORD], False, 0.0)


def find_words(decoder: Any, pcm: Pcm, names: list[str], open_end: bool, skip: float) -> list[Heard]:
    """Where in ``pcm`` ``(N,)`` at 16 kHz a chain of words is said.

    Any word may be missing (prior ``skip``, 0 for none), and the chain may break off (``open_end``).
    ``AlignmentFailed`` where no path leads through it.
    """
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
    hop, shift = SAMPLE_RATE // FRAME_RATE, int(PAD * SAMPLE_RATE)
    heard, at = [], 0
    for word, first, end in segments:
        if word[0] in FILLERS:
            continue
        at = names.index(re.sub(r"\(\d+\)$", "", word), at)
        heard.append((at, *(min(max(frame * hop - shift, 0), len(pcm)) for frame in (first, end))))
        at += 1
    return heard


def find_phones(decoder: Any, pcm: Pcm) -> Any:
    """PocketSphinx's alignment of the words found last: entries of phones with frames and scores.

    Entries die with the alignment and with each step through it, so no list of them is made.
    """
    try:
        decoder.set_alignment()
        _hear(decoder, pcm)
        return decoder.get_alignment()
    except (RuntimeError, TypeError):
        raise AlignmentFailed("no path through the phones") from None


def _hear(decoder: Any, pcm: Pcm) -> None:
    """One whole utterance, quiet before and after it."""
    quiet = np.resize(QUIET, int(PAD * SAMPLE_RATE))
    decoder.start_utt()
    decoder.process_raw(np.concatenate([quiet, np.asarray(pcm), quiet]).tobytes(), full_utt=True)
    decoder.end_utt()
