"""Forced alignment of a stretch of words inside a window of time; what cannot be believed counts as not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.words import Phone, Word
from gengine.inputs.decoders import Spoken
from gengine.inputs.estimate import Token
from gengine.inputs.forced import Aligner, Chunk, Sound
from gengine.inputs.language import split_words
from gengine.inputs.stress import stresses
from gengine.inputs.transcript import Transcript

BIAS = 0.006
"""Added to every aligned time, seconds, so that borders are neither early nor late on the whole.

With it they differ by -3 to +2 ms from EMO-DB's hand-set labels and by 0 to +1 ms from BEAT's labels, and lie
evenly around the energy landmarks of S in LJ Speech. (LJ Speech's own labels are 14 ms late by the same
landmarks, ours seem 10 ms early against them: they set no standard here.) ``python benchmarks/alignment.py``.
"""

BELIEVED = -30.0
"""Mean score per frame, ``CONTRAST_COUNTS`` of its contrast added, from which a doubted chunk is believed.

The contrast is the lead over its words said backwards. Neither alone tells right from wrong: noise and accents
score as poorly as another text does, and short wrong texts happen to fit better one way round. Chosen on a part
of the recordings that ``python benchmarks/alignment.py robustness`` leaves out.
"""

CONTRAST_COUNTS = 0.8
"""Share of a chunk's contrast that is added to its score; chosen with ``BELIEVED``."""

SHORTEST_WINDOW = 0.1
"""Shortest stretch of sound in which words are sought, seconds: the least that can be animated."""

Said = tuple[Token, tuple[Spoken, ...]]
"""One word as it is written, and the one or several spoken words that the aligner takes for it."""


DICTIONARY = "dictionary"
"""Where the sounds of English words come from."""


def said_words(transcript: Transcript, tool: Aligner) -> tuple[list[Said], str]:
    """Every written word with its spoken words and its sounds, and where the sounds come from."""
    written: list[tuple[str, int]] = []
    for index, segment in enumerate(transcript.segments):
        # A word with times of its own is one word, whatever it looks like.
        texts = [segment.text] if transcript.track is not None else split_words(segment.text)
        written += [(text, index) for text in texts]
    if transcript.language == "en":
        return [_english(text, index, tool) for text, index in written], DICTIONARY
    from gengine.inputs.pronounce import pronounce
    from gengine.inputs.sounds import sound

    found, source = pronounce([text for text, _ in written], transcript.language)
    said: list[Said] = []
    for (text, index), sounds in zip(written, found, strict=True):
        symbols = tuple((sound(name).symbol, stress) for name, stress in sounds)
        said.append((Token(text, symbols, index), (Spoken("", tuple(n for n, _ in sounds)),) if sounds else ()))
    return said, source


def _english(text: str, index: int, tool: Aligner) -> Said:
    spoken = english_words(text, tool)
    said = [(w.name, tool.pronounce(w.name)) for w in spoken]
    sounds = (pair for name, own in said for pair in zip(own, stresses(name, own), strict=True))
    return Token(text, tuple(sounds), index), spoken


def english_words(text: str, tool: Aligner) -> tuple[Spoken, ...]:
    """What is said for one written English word, by the dictionary's names."""
    from gengine.inputs.spoken import spoken_words

    return tuple(Spoken(w) for w in spoken_words(text, lambda w: tool.lookup(w) is not None))


@dataclass
class AlignedPart:
    """Words of a stretch in [``start``, ``end``] s: aligned where ``found``; ``doubted`` at first, ``poor`` still.

    ``fit`` is its score where it was found by ear.
    """

    said: Sequence[Said]
    start: float
    end: float
    found: bool = False
    doubted: bool = False
    poor: bool = False
    unheard: int = 0
    fit: float = 0.0
    words: list[Word] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)


def align_stretch(
    tool: Aligner, samples: NDArray[np.float32], stretch: Sequence[Said], start: float, end: float
) -> list[AlignedPart]:
    """Alignment of ``stretch`` inside [start, end] s of ``samples`` ``(N,)`` at 16 kHz, part by part in order.

    What fails or is not believable is not ``found``. Take the aligner's lock before.
    """
    spoken = [w for _, words in stretch for w in words]
    if not spoken or end - start < SHORTEST_WINDOW:
        return [AlignedPart(stretch, start, end)]
    chunks = tool.align(samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)], spoken)
    found, token, at = [], 0, 0
    for chunk in chunks:
        # A written word may be spoken as several and so reach into the next chunk: it belongs where it begins.
        first, begin = token, at
        while token < len(stretch) and (at < chunk.last or chunk is chunks[-1]):
            at += len(stretch[token][1])
            token += 1
        said = stretch[first:token]
        if not said:
            continue
        part = AlignedPart(said, start + chunk.start, start + chunk.end)
        if believed(chunk) and begin >= chunk.first and at <= chunk.last:
            _place(part, chunk.sounds, begin, at, start + BIAS)
            part.found, part.unheard = True, chunk.unheard
            part.doubted, part.poor = chunk.contrast is not None, chunk.doubted
        found.append(part)
    if sum(_fit(c) * (c.last - c.first) for c in chunks) < BELIEVED * len(spoken):
        # Among so much that does not fit, another text's words fit by chance.
        return [AlignedPart(part.said, part.start, part.end) if part.doubted else part for part in found]
    return found


def _fit(chunk: Chunk) -> float:
    """What ``BELIEVED`` is compared with."""
    return chunk.score + CONTRAST_COUNTS * (chunk.contrast or 0.0) if chunk.sounds else 2 * BELIEVED


def believed(chunk: Chunk) -> bool:
    """Its phones were found, and fit well enough or clearly better than the same words said backwards."""
    return bool(chunk.sounds) and (chunk.contrast is None or _fit(chunk) >= BELIEVED)


def _place(part: AlignedPart, sounds: Sequence[Sound], first: int, last: int, shift: float) -> None:
    """Times for the words of ``part``, whose spoken words are ``first`` to ``last``."""
    spans: list[list[Sound]] = [[] for _ in range(last)]
    for sound in sounds:
        if first <= sound.word < last:
            spans[sound.word].append(sound)
    names = [w.name for _, words in part.said for w in words]
    stress = [-1] * len(sounds)
    for k, name in enumerate(names, first):
        if name and spans[k]:  # names are English words
            index = sounds.index(spans[k][0])
            stress[index : index + len(spans[k])] = stresses(name, [s.symbol for s in spans[k]])
    part.phones = [
        Phone(s.symbol, s.start + shift, s.end + shift, mark) for s, mark in zip(sounds, stress, strict=True)
    ]
    at, until = first, part.start
    for token, words in part.said:
        heard = [s for span in spans[at : at + len(words)] for s in span]
        at += len(words)
        begin = heard[0].start + shift if heard else until  # a sign that nobody says takes no time
        until = heard[-1].end + shift if heard else until
        part.words.append(Word(token.text, begin, until))
