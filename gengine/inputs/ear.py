"""Words found in a sound by the phones that are heard in it: for any language, and where a first look failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.words import Phone, Word
from gengine.encoders.phones import RATE, PhoneEncoder
from gengine.inputs.phone_path import FILLER, FLOOR, LEAST_FRAMES, Path, Span, best_path, ratios
from gengine.inputs.phone_symbols import SILENCE
from gengine.inputs.pronounce import variants
from gengine.inputs.sounds import sound
from gengine.inputs.stretch import AlignedPart, Said

WINDOW = 60.0
"""Words of a long recording are found window by window of this length, seconds."""

LAST_WINDOW = 15.0
"""A window that would leave less than this, seconds, reaches to the recording's end."""

DOUBTED_END = 5.0
"""The words in the last so many seconds of a window are sought again: it may end within speech."""

WORDS_COMPARED = 12
"""Of so many words before that the longest pause is where the next window begins."""

MOST_SOUNDS = 22.0
"""Sounds per second that nobody exceeds over a window."""

PART = 6.0
"""Belief is judged over parts of about this length, cut at pauses, seconds."""

PAUSE = 0.15
"""A silence between words from which a part may be cut, seconds."""

OTHER_TEXT = -1.3
"""What another text of the same language scores on the middle."""

DOUBT = 0.3
"""Seconds of ``OTHER_TEXT`` that every part has to outweigh: a short word fits somewhere by chance."""

OTHER_WINDOW = -1.0
"""Mean ratio over a window of a long recording below which its words are sought further on: they are not said there."""

ELSEWHERE = 0.5
"""Speech between two words that the text does not tell, from which it is no pause but a text left out, seconds."""

BELIEVED = -0.8
"""Mean log likelihood ratio of a part's speech from which it is believed.

Of right texts, in fourteen languages of espeak-ng's voices and EMO-DB's, 99 % score above -0.61, of other sentences of
the same language 99 % below -0.85 (``python benchmarks/languages.py belief``).
"""

BELIEVED_LATE = -0.7
"""``BELIEVED`` for what another aligner did not find before: it is more often another text."""

LISTENED = 0.12
"""Speech between two words that the text does not tell, from which its phones are those heard, seconds. Judgement."""

SAME = 1e-6
"""Times so near to each other, seconds, are one."""

HEAR = ("phones-v2", "phones-v1")
"""Who hears together: ``BELIEVED`` and its like were set on what they make of texts, right and wrong.

The first hears English and worse sound far better, the second learned more languages: with texts of six of them they
close the lips at .92 to 1.00 together, the first alone at .88 to 1.00 (``benchmarks/languages.py``).
"""

EARLY = 0.5
"""A frame stands for the sound around its time: borders lie half a frame before the first of a sound."""


BLOCK = 30 * SAMPLE_RATE
"""Samples that are listened to at once."""

LEAST_LIKELY = np.float32(1e-9)
"""A posterior below this is no smaller."""


class Ear:
    """What is heard in ``samples`` ``(N,)`` at 16 kHz, listened to when it is first asked for."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self._samples = samples

    @cached_property
    def _heard(self) -> tuple[tuple[Phone, ...], NDArray[np.float32]]:
        """Phones by the first of ``HEAR``, and log posteriors ``(T, K)``: those of their mixture in equal shares."""
        heard = [_listen(name, self._samples) for name in HEAR]
        count = min(len(frames) for _, frames in heard)
        mixed = np.mean([frames[:count] for _, frames in heard], axis=0)
        return heard[0][0], np.log(np.maximum(mixed, LEAST_LIKELY))

    def phones(self, start: float, end: float) -> list[Phone]:
        """Phones heard in [start, end] s, cut there."""
        inside = [p for p in self._heard[0] if p.end > start and p.start < end]
        return [Phone(p.symbol, max(p.start, start), min(p.end, end)) for p in inside]

    def find(
        self, stretch: Sequence[Said], start: float, end: float, language: str, believed: float = BELIEVED
    ) -> list[AlignedPart]:
        """Alignment of ``stretch`` inside [start, end] s, part by part in order.

        A part whose ``fit`` is less than ``believed`` is not ``found``: its phones are those heard, its words lie where
        they fit best.
        """
        first, last = round(start * RATE), round(end * RATE)
        frames = self._heard[1][first:last]
        if not len(frames) or not stretch:
            return [AlignedPart(stretch, start, end, phones=self.phones(start, end))]
        said = [_Words(item) for item in stretch]
        path = _path(frames, said)
        changed = False
        for k, words in enumerate(said):
            changed |= words.choose(frames, [s for s in path.spans if s.word == k], language)
        if changed:
            path = _path(frames, said)
        return self._parts(stretch, said, path, first, believed)

    def _parts(
        self, stretch: Sequence[Said], said: Sequence[_Words], path: Path, first: int, believed: float
    ) -> list[AlignedPart]:
        spans = _by_word(path.spans, len(said))
        parts = []
        for a, b, i, j in _cuts(spans, path.untold):
            part = AlignedPart(stretch[i:j], (first + a) / RATE, (first + b) / RATE)
            part.fit = _fit(said[i:j], spans[i:j], path, a, b)
            part.found = i == j or part.fit >= believed
            part.unheard = sum(not s and bool(w.names) for s, w in zip(spans[i:j], said[i:j], strict=True))
            self._place(part, said[i:j], spans[i:j], path, first)
            parts.append(part)
        if 2 * sum(len(p.said) for p in parts if p.found) < len(stretch):
            for part in parts:  # among so much that does not fit, another text's words fit by chance
                part.found = False
        for part in parts:
            if not part.found or not part.said:
                part.phones = self.phones(part.start, part.end)
        return parts

    def _place(
        self, part: AlignedPart, said: Sequence[_Words], spans: Sequence[Sequence[Span]], path: Path, first: int
    ) -> None:
        """Times of a part's words and sounds; what the text does not tell is taken from the ear."""
        until = at = part.start
        for (token, _), words, own in zip(part.said, said, spans, strict=True):
            for span in own:
                begin, end = ((first + f - EARLY) / RATE for f in (span.first, span.last))
                begin, end = max(begin, at), min(max(end, at), part.end)
                part.phones += self._between(part, at, begin, path, first)
                name, stress = words.sounds[span.index]
                symbol = sound(name).symbol
                part.phones += [Phone(symbol, begin, end, stress)] if symbol else self.phones(begin, end)
                at = end
            begin = (first + own[0].first - EARLY) / RATE if own else until
            begin = min(max(begin, until), part.end)
            until = at if own else until
            part.words.append(Word(token.text, begin, max(until, begin)))
        part.phones += self._between(part, at, part.end, path, first)

    def _between(self, part: AlignedPart, start: float, end: float, path: Path, first: int) -> list[Phone]:
        """Silence, or speech that is not in the text: heard, or where it is short a longer sound before it."""
        if end - start < SAME:
            return []
        a, b = round(start * RATE) - first, round(end * RATE) - first
        untold = int(path.untold[max(a, 0) : max(b, a + 1)].sum())
        if untold >= LISTENED * RATE:
            return self.phones(start, end)
        if untold and part.phones and part.phones[-1].symbol != SILENCE:
            part.phones[-1] = replace(part.phones[-1], end=end)
            return []
        return [Phone(SILENCE, start, end)]


def _listen(checkpoint: str, samples: NDArray[np.float32]) -> tuple[tuple[Phone, ...], NDArray[np.float32]]:
    """Phones and posteriors ``(T, K)`` of a recording, block by block."""
    encoder = PhoneEncoder(checkpoint, keep_frames=True)
    phones: list[Phone] = []
    frames: list[NDArray[np.float32]] = []
    for first in range(0, len(samples), BLOCK):
        phones += encoder.push(samples[first : first + BLOCK])
        frames.append(encoder.take_frames().posteriors)
    phones += encoder.flush()
    frames.append(encoder.take_frames().posteriors)
    return tuple(phones), np.concatenate(frames)


class _Words:
    """The sounds of one written word as they are looked for."""

    def __init__(self, said: Said) -> None:
        token, spoken = said
        names = [name for word in spoken for name in word.sounds] or [symbol for symbol, _ in token.sounds]
        self.sounds = tuple(zip(names, (stress for _, stress in token.sounds), strict=True))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.sounds]

    def choose(self, frames: NDArray[np.float32], spans: Sequence[Span], language: str) -> bool:
        """Take the variant that fits best where the word was found; whether that is another than before."""
        others = variants(self.sounds, language) if spans else []
        before = self.sounds
        best, here = -np.inf, frames[spans[0].first : spans[-1].last] if spans else frames[:0]
        for sounds in (before, *others) if others else ():
            alone = _Alone(sounds)
            score = _path(here, [alone]).score
            if score > best:
                best, self.sounds = score, sounds
        return self.sounds != before


class _Alone(_Words):
    def __init__(self, sounds: tuple[tuple[str, int], ...]) -> None:
        self.sounds = sounds


def _path(frames: NDArray[np.float32], said: Sequence[_Words]) -> Path:
    """The best path, window by window where the recording is long."""
    names = sorted({n for words in said for n in words.names})
    column = {n: k for k, n in enumerate(names)}
    rows = [[column[n] for n in words.names] for words in said]
    silence = np.maximum(frames[:, 0] - frames.max(axis=1), FLOOR)
    sounds = [sound(n) for n in names] or [sound(SILENCE)]
    spans: list[Span] = []
    untold = np.zeros(len(frames), np.bool_)
    position = word = 0
    score = 0.0
    while position < len(frames):
        end = position + int(WINDOW * RATE)
        last = end + LAST_WINDOW * RATE >= len(frames)
        end = len(frames) if last else end
        count = min(len(rows) - word, max(_fitting(rows[word:], end - position), 1))
        here = slice(position, end)
        whole = last and word + count == len(rows)
        found = best_path(silence[here], ratios(frames[here], sounds), rows[word : word + count], whole)
        keep, until = (count, end - position) if last else _kept(found, end - position)
        own = [span for span in found.spans if span.word < keep]
        if not last and _fit(said[word : word + keep], _by_word(own, keep), found, 0, until) < OTHER_WINDOW:
            keep, own = 0, []  # the text begins later, or leaves out what is said here
            untold[position : position + until] = silence[position : position + until] < FILLER
        else:
            untold[position : position + until] = found.untold[:until]
        spans += [Span(s.word + word, s.index, s.first + position, s.last + position, s.score) for s in own]
        score += found.score
        position += until
        word += keep
    return Path(tuple(spans), untold, score)


def _by_word(spans: Sequence[Span], count: int) -> list[list[Span]]:
    """Spans of each of ``count`` words."""
    result: list[list[Span]] = [[] for _ in range(count)]
    for span in spans:
        result[span.word].append(span)
    return result


def _fitting(rows: Sequence[Sequence[int]], frames: int) -> int:
    """How many of the words can be said in so many frames at most."""
    total = np.cumsum([len(r) for r in rows])
    return int(np.searchsorted(total, MOST_SOUNDS * frames / RATE, side="right"))


def _kept(path: Path, frames: int) -> tuple[int, int]:
    """How many words of a window that goes on are kept, and the frame at which the next begins."""
    limit = frames - int(DOUBTED_END * RATE)
    ends: dict[int, tuple[int, int]] = {}
    for span in path.spans:
        ends[span.word] = (ends.get(span.word, (span.first, 0))[0], span.last)
    order = [(word, *times) for word, times in ends.items() if times[1] < limit]
    if len(order) < 2:
        return (order[0][0] + 1, order[0][2]) if order else (0, limit)
    pairs = list(zip(order, order[1:], strict=False))[-WORDS_COMPARED:]
    before, after = max(pairs, key=lambda pair: pair[1][1] - pair[0][2])
    return after[0], (before[2] + after[1] + 1) // 2


def _cuts(
    spans: Sequence[Sequence[Span]], untold: NDArray[np.bool_]
) -> list[tuple[int, int, int, int]]:  # fmt: skip
    """Parts (first frame, end frame, first word, end word) cut in pauses between words; together they hold all.

    Much speech that the text does not tell is a part of its own, without words.
    """
    cuts = [(0, 0)]
    last = 0
    for k, begin in [*((k, own[0].first) for k, own in enumerate(spans) if own), (len(spans), len(untold))]:
        if untold[last:begin].sum() >= ELSEWHERE * RATE:
            cuts += [(last, k), (begin, k)]
        elif begin - last >= PAUSE * RATE and last - cuts[-1][0] >= PART * RATE and cuts[-1][1] < k < len(spans):
            cuts.append(((last + begin) // 2, k))
        last = spans[k][-1].last if k < len(spans) else last
    cuts.append((len(untold), len(spans)))
    pairs = zip(cuts, cuts[1:], strict=False)
    return [(a, b, i, j) for (a, i), (b, j) in pairs if b > a or j > i]


def _fit(said: Sequence[_Words], spans: Sequence[Sequence[Span]], path: Path, first: int, last: int) -> float:
    """Mean ratio of the frames of speech in a part; what the text leaves out counts as ``FILLER``.

    Words that were passed over count like their least time of the poorest frames; sounds that are not known tell
    nothing, and a part of nothing else is not believed.
    """
    own = [(words.sounds[s.index][0], s) for words, found in zip(said, spans, strict=True) for s in found]
    told = [(s.score, s.last - s.first) for name, s in own if sound(name).symbol]
    missing = sum(not found and bool(w.names) for w, found in zip(said, spans, strict=True)) * 2 * LEAST_FRAMES
    untold = int(path.untold[first:last].sum())
    length = sum(n for _, n in told) + untold + missing
    if not told:
        return FLOOR
    doubt = DOUBT * RATE
    total = sum(score * n for score, n in told) + untold * FILLER + missing * FLOOR
    return (total + doubt * OTHER_TEXT) / (length + doubt)
