"""Judge the emotion embedding on speakers that nothing met: does a voice find words of its emotion, and does reading
both in one space beat the pools?

    python benchmarks/emotion_embedding.py                   # all (needs the reference data, GENGINE_DATA)
    python benchmarks/emotion_embedding.py --cache vectors   # keeps the vectors of clips, as emotion_voice.py does

Protocol: two of EMO-DB's ten speakers are left out at a time. The head that reads them, the heads that read the others
(each without the one it reads) and the embedding never met them; comments are those of GoEmotions dev with one label,
which no reader learned. No recording here has voice and words, so a pair is a clip and a comment of one category:
how voice and words go together in real speech is not measured. What has to be chosen (how far words count, from when
an emotion outweighs neutral) is chosen for every row alike, on pairs of the other speakers with training comments.
Intervals are of pairs of speakers drawn again.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import emotion_voice
import numpy as np
import real_clips
from numpy.typing import NDArray

from gengine.checkpoint import load_checkpoint
from gengine.core.emotion import EMOTIONS
from gengine.core.noise import generator
from gengine.emotion.embedding import EmotionEmbedding, embedding, pooled
from gengine.emotion.label_sets import label_shares
from gengine.emotion.text import TextReader
from gengine.emotion.text_labels import ekman
from gengine.emotion.voice import Reading, shown
from gengine.encoders.speech_encoder import SpeechEncoder
from gengine.training import voice_clips, voice_head
from gengine.training.emotion_embedding_task import EmotionEmbeddingTraining
from gengine.training.emotion_pairs import NAMES, SHARED, VoiceReadings, Voices, WordReadings, state_of
from gengine.training.text_emotion import grouped

Array = NDArray[np.float64]
Pairs = list[tuple[NDArray, NDArray]]
"""Of each pair of speakers what is true and what was told."""

SIX = ("neutral", "anger", "happiness", "sadness", "fear", "disgust")
"""What voices and words both tell."""
GALLERY = 40
"""Comments of each of the six that a voice chooses among."""
COMMENTS = 4
"""Comments that each clip is paired with."""
SHARES = (0.5, 1.0, 2.0)
"""How far words count, tried."""
LIMITS = np.linspace(-1, 1, 81)
"""What is added to neutral, tried."""
DRAWN = 1000
CASES = ("agreeing", "neutral words", "no words")

KEPT = np.array([SHARED.index(name) for name in SIX])


class Words:
    """What readers make of comments of the six: log odds, chances of the six, the pool's state and gate."""

    def __init__(self, found: WordReadings, reader: TextReader) -> None:
        there = np.isin(found.category, KEPT)
        self.scores, self.category = found.scores[there], np.searchsorted(KEPT, found.category[there])
        chances = 1 / (1 + np.exp(-self.scores))
        groups = grouped(chances, False)
        names = [NAMES.get(name, name) for name in ekman()]
        order = [names.index(name) for name in SIX]
        usual = np.bincount(self.category, minlength=len(SIX)) / len(self.category)
        six = groups[:, order] / usual  # a comment's chance beside how common its kind is
        self.six = six / six.sum(axis=1, keepdims=True)
        felt = [reader.felt(row) for row in chances]
        self.state, self.gate = np.array([s for s, _ in felt]), np.array([g for _, g in felt])

    def like(self, wanted: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Numbers of comments of the ``wanted`` categories."""
        of = [np.flatnonzero(self.category == k) for k in range(len(SIX))]
        return np.array([rng.choice(of[k]) for k in wanted])


class Heard:
    """What the head makes of clips of the six."""

    def __init__(self, found: VoiceReadings) -> None:
        there = np.isin(found.category, KEPT)
        self.posterior, self.dimensions = found.posterior[there], found.dimensions[there]
        self.category = np.searchsorted(KEPT, found.category[there])
        self.six = self.posterior[:, KEPT] / self.posterior[:, KEPT].sum(axis=1, keepdims=True)
        read = zip(self.posterior, self.dimensions, strict=True)
        self.shown = np.array([shown(Reading(0, posterior, dimensions, 1.0)) for posterior, dimensions in read])

    def again(self, times: int) -> NDArray[np.int64]:
        """Numbers of all clips, each so often."""
        return np.repeat(np.arange(len(self.category)), times)


def of_voice(space: EmotionEmbedding, heard: Heard, i: NDArray) -> Array:
    """What clips add, neutral or not."""
    return (space.project("voice", heard.posterior[i]) + space.project("tone", heard.dimensions[i])) / 2


Fusion = Callable[[Heard, NDArray, Words, NDArray, Array, float], Array]
"""Scores ``(N, 6)`` of pairs: clips and their numbers, comments and theirs, how far words count for each and at all."""


def by_embedding(space: EmotionEmbedding) -> Fusion:
    """Nearness to what a state of each of the six is in the space."""
    aims = space.project("state", np.array([state_of(int(k)) for k in KEPT]))

    def scores(heard: Heard, i: NDArray, words: Words, j: NDArray, known: Array, share: float) -> Array:
        said = space.project("words", words.scores[j])
        return (of_voice(space, heard, i) + (share * known * words.gate[j])[:, None] * said) @ aims.T

    return scores


def by_pool(heard: Heard, i: NDArray, words: Words, j: NDArray, known: Array, share: float) -> Array:
    """The shipped pool: independent witnesses' strengths; neutral is what the threshold says."""
    told = np.clip(share * (known * words.gate[j])[:, None] * words.state[j, : len(EMOTIONS)], 0, 1)
    strengths = 1 - (1 - heard.shown[i, : len(EMOTIONS)]) * (1 - told)
    shares = label_shares("ekman")
    return np.stack([np.zeros(len(i)), *((strengths * shares[name]).max(axis=1) for name in SIX[1:])], axis=1)


def by_product(heard: Heard, i: NDArray, words: Words, j: NDArray, known: Array, share: float) -> Array:
    """Chances multiplied, those of words to the power of their gate; neutral words have no vote."""
    told = words.six[j].copy()
    told[:, 0] = told[:, 1:].mean(axis=1)
    told /= told.sum(axis=1, keepdims=True)
    return np.log(heard.six[i] + 1e-6) + share * (known * words.gate[j])[:, None] * np.log(told + 1e-6)


def recall(truth: NDArray, told: NDArray) -> float:
    """Unweighted, of those of the six that there are."""
    return float(np.mean([(told[truth == k] == k).mean() for k in range(len(SIX)) if (truth == k).any()]))


def tuned(fusion: Fusion, heard: Heard, words: Words, rng: np.random.Generator) -> tuple[float, float]:
    """How far words count and what is added to neutral: the best recall over pairs that agree and pairs with neutral
    words."""
    i = heard.again(2)
    truth, best = heard.category[i], (-1.0, 1.0, 0.0)
    wanted = np.where(np.arange(len(i)) % 2, truth, 0)
    j, known = words.like(wanted, rng), np.ones(len(i))
    for share in SHARES:
        scores = fusion(heard, i, words, j, known, share)
        spread = scores.std()
        for limit in LIMITS * 4 * spread:
            value = recall(truth, (scores + limit * np.eye(len(SIX))[0]).argmax(axis=1))
            best = max(best, (value, share, float(limit)))
    return best[1], best[2]


def precision(similar: Array, right: NDArray[np.bool_]) -> float:
    """Mean average precision: rows rank columns."""
    order = np.argsort(-similar, axis=1, kind="stable")
    hits = np.take_along_axis(right, order, axis=1)
    rate = hits.cumsum(axis=1) / np.arange(1, hits.shape[1] + 1)
    return float(((rate * hits).sum(axis=1) / np.maximum(hits.sum(axis=1), 1)).mean())


def found(voice: Array, tone: Array, said: Array, truth: NDArray, told: NDArray) -> Array:
    """Average precision of voice → words, words → voice, tone → words, voice → tone (of the same category)."""
    right = truth[:, None] == told
    same = truth[:, None] == truth
    return np.array([
        precision(voice @ said.T, right), precision(said @ voice.T, right.T), precision(tone @ said.T, right),
        precision(voice @ tone.T, same),
    ])  # fmt: skip


def divergence(a: Array, b: Array) -> Array:
    """Jensen and Shannon's, of rows."""
    middle = (a + b) / 2
    return sum((p * np.log((p + 1e-9) / (middle + 1e-9))).sum(axis=1) for p in (a, b)) / 2  # type: ignore[return-value]


def area(yes: Array, no: Array) -> float:
    """Chance that one of ``yes`` is above one of ``no``."""
    return float((yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="keep the vectors of clips in this folder")
    kept = emotion_voice.keeper(parser.parse_args().cache)
    data, encoder, recipe, reader = real_clips.data_folder(), SpeechEncoder(), voice_head.Recipe(), TextReader()
    kinds = ("clean", *(f"aug{k}" for k in range(recipe.copies)))
    sets = [
        kept(f"emodb {kind}", lambda kind=kind: voice_head.vectors(voice_clips.emodb(data), kind, encoder))
        for kind in kinds
    ]
    ordinary = voice_head.joined([
        kept(name, lambda item=(name, windows): voice_head.spoken_vectors(data, *item, encoder))
        for name, windows in voice_head.ORDINARY.items()
    ])  # fmt: skip
    voices = Voices(sets, ordinary, voice_head.co_occurrence(data / voice_head.VOTES))
    learned = WordReadings.of(data / "goemotions", "train", reader)
    train_words, dev = Words(learned, reader), Words(WordReadings.of(data / "goemotions", "dev", reader), reader)
    rows: dict[str, dict[str, Pairs]] = {}
    retrieved: dict[str, list[Array]] = {}
    conflicts: dict[str, list[tuple[Array, Array]]] = {}
    moved = 0.0
    everybody = sorted(set(voices.speakers))
    for pair in (everybody[k : k + 2] for k in range(0, len(everybody), 2)):
        there = np.isin(voices.speakers, pair)
        heard = voices.read(~there, without=pair)
        asked = Heard(voices.read(there, without=pair, sets=1))
        spaces = {}
        for name, shuffled in (("the embedding", False), ("  learned from shuffled pairs", True)):
            with tempfile.TemporaryDirectory() as folder:
                training = EmotionEmbeddingTraining.model_validate({"shuffled": shuffled, "threads": 1})
                spaces[name] = EmotionEmbedding(*load_checkpoint(training.learn(heard, learned, Path(folder))))
        rng = generator(0, "pairs", *pair)
        gallery = np.concatenate([dev.like(np.full(GALLERY, k), rng) for k in range(len(SIX))])
        told = dev.category[gallery]
        for name, space in spaces.items():
            vectors = [space.project(*pair) for pair in (
                ("voice", asked.posterior), ("tone", asked.dimensions), ("words", dev.scores[gallery]),
            )]  # fmt: skip
            retrieved.setdefault(name, []).append(found(vectors[0], vectors[1], vectors[2], asked.category, told))
        plain = found(asked.six, np.full((len(asked.six), 6), np.nan), dev.six[gallery], asked.category, told)
        retrieved.setdefault("unlearned: chances of the six", []).append(np.r_[plain[:2], np.nan, np.nan])
        voice, tone, said = (rng.standard_normal((n, 8)) for n in (len(asked.six), len(asked.six), len(told)))
        retrieved.setdefault("chance", []).append(found(voice, tone, said, asked.category, told))
        space = spaces["the embedding"]
        fusions: dict[str, Fusion] = {
            "the shipped pool": by_pool, "gated product of chances": by_product, "the embedding": by_embedding(space),
            "  learned from shuffled pairs": by_embedding(spaces["  learned from shuffled pairs"]),
        }  # fmt: skip
        i = asked.again(COMMENTS)
        truth = asked.category[i]
        other = np.array([rng.choice([k for k in range(1, len(SIX)) if k != c]) for c in truth])
        agree, neutral, against = (dev.like(w, rng) for w in (truth, np.zeros_like(truth), other))
        cases = dict(zip(CASES, ((agree, 1.0), (neutral, 1.0), (neutral, 0.0)), strict=True))
        clean = Heard(voices.read(~there, without=pair, sets=1))
        for name, fusion in fusions.items():
            share, limit = tuned(fusion, clean, train_words, generator(1, "pairs", *pair))
            for case, (j, known) in cases.items():
                scores = fusion(asked, i, dev, j, np.full(len(i), known), share)
                told_by = (scores + limit * np.eye(len(SIX))[0]).argmax(axis=1)
                rows.setdefault(name, {}).setdefault(case, []).append((truth, told_by))
        words_alone = dev.six[agree].argmax(axis=1)
        rows.setdefault("words alone", {}).setdefault("agreeing", []).append((truth, words_alone))
        felt = truth > 0
        voice = of_voice(space, asked, i)
        apart: dict[str, Callable[[NDArray], Array]] = {
            "the embedding": lambda j: -(voice * space.project("words", dev.scores[j])).sum(axis=1),  # noqa: B023
            "divergence of chances": lambda j: divergence(asked.six[i], dev.six[j]),  # noqa: B023
        }
        for name, distance in apart.items():
            conflicts.setdefault(name, []).append((distance(against)[felt], distance(agree)[felt]))
        by_voice = space.of_voice(asked.posterior[i], asked.dimensions[i])
        quiet = dev.gate[neutral] == 0
        both = pooled(by_voice + dev.gate[neutral][:, None] * space.project("words", dev.scores[neutral]))
        moved = max(moved, float(np.abs(both - pooled(by_voice))[quiet].max(initial=0)))
    report(retrieved, rows, conflicts)
    shipped = embedding()
    nothing = float(np.abs(shipped.of_voice(np.eye(7)[0], np.zeros(4))).max())
    print(f"\nwords that tell nothing move the pooled vector by {moved:.4f} at most, a neutral voice by {nothing:.4f}")


def report(retrieved: dict[str, list[Array]], rows: dict[str, dict[str, Pairs]], conflicts: dict[str, Any]) -> None:
    print("EMO-DB, two of ten speakers left out at a time; GoEmotions dev, comments of one label\n")
    ways = ("voice>words", "words>voice", "tone>words", "voice>tone")
    print(f"{'mean average precision of the six':<34}" + "".join(f" {way:>12}" for way in ways))
    for name, values in retrieved.items():
        print(f"{name:<34}" + "".join(f" {v:12.3f}" for v in np.mean(values, axis=0)))
    print(f"\n{'unweighted recall of the six (.167)':<34}" + "".join(f" {case:>24}" for case in CASES))
    for name, cells in rows.items():
        print(f"{name:<34}" + "".join(f" {interval(pairs):>24}" for pairs in cells.values()))
    for old in ("the shipped pool", "gated product of chances"):
        for case in CASES:
            print(f"the embedding less {old}, {case}: {gain(rows['the embedding'][case], rows[old][case])}")
    print("\nvoice and words that disagree told from those that agree, area under the curve (.5)")
    for name, values in conflicts.items():
        print(f"{name:<34} {np.mean([area(*pair) for pair in values]):.3f}")


def interval(pairs: Pairs) -> str:
    """Recall over all speakers, and its interval over their pairs drawn again."""
    low, high = np.percentile(drawn(pairs), [2.5, 97.5])
    return f"{_of(pairs, range(len(pairs))):.3f} [{low:.3f}, {high:.3f}]"


def gain(new: Pairs, old: Pairs) -> str:
    """Mean gain, and its interval over pairs of speakers drawn again."""
    low, high = np.percentile(drawn(new) - drawn(old), [2.5, 97.5])
    return f"{_of(new, range(len(new))) - _of(old, range(len(old))):+.3f} [{low:+.3f}, {high:+.3f}]"


def drawn(pairs: Pairs) -> Array:
    rng = generator(0, "speakers")
    return np.array([_of(pairs, rng.integers(len(pairs), size=len(pairs))) for _ in range(DRAWN)])


def _of(pairs: Pairs, chosen: object) -> float:
    truth, told = (np.concatenate([pairs[k][part] for k in chosen]) for part in (0, 1))  # type: ignore[attr-defined]
    return recall(truth, told)


if __name__ == "__main__":
    main()
