"""Forced alignment on the recogniser's own posteriors: when each sound of known words is said, in any language.

A Viterbi path through the words in their order. Between two words there may be a pause, or speech that the text does
not tell; a word that nobody says is passed over at a price. What a frame says for a sound is measured against the
phone that is heard best there, so that zero is perfect and a recording's faults count alike for every text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.inputs.sounds import Sound

FLOOR = -5.0
"""Log likelihood ratio below which a frame says no more against a sound."""

FILLER = -2.2
"""Log likelihood ratio of a frame of speech between words: sounds that fit worse are rather not in the text."""

SKIPPED_WORD = -18.0
"""Price of passing over a word."""

SKIPPED_SOUND = -10.0
"""Price of passing over one sound inside a word."""

LEAVE = -0.3
"""Price of going on to the next sound, per frame against staying."""

LEAST_FRAMES = 2
"""Shortest sound, frames: what is shorter is passed over."""


@dataclass(frozen=True)
class Span:
    """Frames ``first`` to ``last`` (excluded) are sound ``index`` of ``word``; ``score`` is their mean ratio."""

    word: int
    index: int
    first: int
    last: int
    score: float


@dataclass(frozen=True, eq=False)
class Path:
    """Spans in order, and frames ``(T,)`` that are speech between words (True) or belong to a sound or a pause."""

    spans: tuple[Span, ...]
    untold: NDArray[np.bool_]
    score: float


def ratios(log_posteriors: NDArray[np.float32], sounds: Sequence[Sound]) -> NDArray[np.float32]:
    """How well each frame fits each sound ``(T, K)``: 0 like the best phone there, never below ``FLOOR``."""
    likely = np.exp(log_posteriors)
    best = likely.max(axis=1, keepdims=True)
    weights = np.stack([s.heard for s in sounds], axis=1)
    return np.maximum(np.log(np.maximum(likely @ weights / best, 1e-9)), FLOOR).clip(max=0).astype(np.float32)


class _Graph:
    """States in order: a gap, the sounds of a word (``LEAST_FRAMES`` states each), a gap, …, a last gap."""

    def __init__(self, words: Sequence[Sequence[int]]) -> None:
        emits, word_of, index_of, before = [0], [-1], [-1], [[0, 0, 0, 0]]
        price = [[0.0, -np.inf, -np.inf, -np.inf]]
        gap = 0
        self.ends = [0]
        for w, sounds in enumerate(words):
            exits: list[int] = []  # last states of the sounds so far
            for k, sound in enumerate(sounds):
                for part in range(LEAST_FRAMES):
                    here = len(emits)
                    emits.append(1 + sound)
                    word_of.append(w)
                    index_of.append(k)
                    stay = here if part == LEAST_FRAMES - 1 else here
                    stay_price = 0.0 if part == LEAST_FRAMES - 1 else -np.inf
                    if part:
                        before.append([stay, here - 1, 0, 0])
                        price.append([stay_price, 0.0, -np.inf, -np.inf])
                    elif k == 0:
                        left = self.ends[-1] if w else gap
                        before.append([stay, gap, left, 0])
                        price.append([stay_price, LEAVE, LEAVE if left != gap else -np.inf, -np.inf])
                    else:
                        skip = exits[-2] if k > 1 else gap
                        before.append([stay, exits[-1], skip, 0])
                        price.append([stay_price, LEAVE, LEAVE + SKIPPED_SOUND, -np.inf])
                exits.append(len(emits) - 1)
            here = len(emits)
            last = exits[-1] if exits else gap
            emits.append(0)
            word_of.append(-1)
            index_of.append(-1)
            before.append([here, last, gap, exits[-2] if len(exits) > 1 else 0])
            price.append([
                0.0, LEAVE if exits else 0.0, SKIPPED_WORD if exits else -np.inf,
                LEAVE + SKIPPED_SOUND if len(exits) > 1 else -np.inf,
            ])  # fmt: skip
            self.ends.append(last if exits else self.ends[-1])
            gap = here
        self.emits, self.word_of, self.index_of = map(np.array, (emits, word_of, index_of))
        self.before = np.array(before).T.copy()
        self.price = np.array(price, np.float32).T.copy()
        self.final = [len(emits) - 1, self.ends[-1]]
        self.gaps = self.word_of < 0


def best_path(
    silence: NDArray[np.float32], fits: NDArray[np.float32], words: Sequence[Sequence[int]], whole: bool = True
) -> Path:
    """The path of ``words`` (rows of ``fits`` columns) through ``fits (T, K)``; pauses fit by ``silence (T,)``.

    Where not ``whole`` the frames may end before the words do.
    """
    graph = _Graph(words)
    gap = np.maximum(silence, FILLER)
    count, frames = len(graph.emits), len(fits)
    score = np.full(count, -np.inf, np.float32)
    emission = np.concatenate([gap[:, None], fits], axis=1)
    back = np.zeros((frames, count), np.uint8)
    before, price, emits = graph.before, graph.price, graph.emits
    start = [0, *(j for j in np.flatnonzero((before[1] == 0) & ~graph.gaps) if graph.index_of[j] == 0)][:2]
    for t in range(frames):
        if t == 0:
            score[start] = 0
        else:
            options = score[before] + price
            choice = options.argmax(axis=0)
            back[t] = choice
            score = options[choice, np.arange(count)]
        score = score + emission[t, emits]
    ends = graph.final if whole else np.arange(count)
    state = int(max(ends, key=lambda j: score[j]))
    total = float(score[state])
    states = np.empty(frames, np.int64)
    for t in range(frames - 1, -1, -1):
        states[t] = state
        if t:
            state = int(before[back[t, state], state])
    return _read(graph, states, emission, silence, total)


def _read(
    graph: _Graph, states: NDArray[np.int64], emission: NDArray[np.float32], silence: NDArray[np.float32], total: float
) -> Path:
    frames = len(states)
    word, index = graph.word_of[states], graph.index_of[states]
    key = word * 10_000 + index
    cuts = np.flatnonzero(np.diff(key, prepend=key[0] - 1, append=key[-1] - 1))
    fit = emission[np.arange(frames), graph.emits[states]]
    spans = [
        Span(int(word[a]), int(index[a]), int(a), int(b), float(fit[a:b].mean()))
        for a, b in zip(cuts, cuts[1:], strict=False)
        if word[a] >= 0
    ]
    untold = (word < 0) & (silence < FILLER)
    return Path(tuple(spans), untold, total)
