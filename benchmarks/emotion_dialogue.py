"""Emotion of dialogue turns on MELD dev: weighted F1 of seven, and what the turns before add.

    python benchmarks/emotion_dialogue.py                 all rows, two minutes of a core
    python benchmarks/emotion_dialogue.py --table FILE    count gengine/emotion/data/turn_emotions.csv again

Needs the reference data (GENGINE_DATA/meld). MELD is GPL-3.0: nothing that is learned here is shipped but the counts of
how often an emotion follows another. Everything is learned on MELD's train and chosen by five folds of its dialogues;
dev is judged once. Of the chances the largest is taken after they are divided by a power of how common an emotion is,
which the folds choose. Rows: the commonest emotion; TF-IDF of the turn; the project's reader of words, which never saw
MELD, mapped to the seven; both; *chain*, each with the counts of ``gengine.emotion.turns``; *context*, a
regression that also sees what the last turns of the speaker and of others were read as; *shuffled*, the same with other
dialogues' contexts. Gains are beside 95 % intervals over dialogues drawn again.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import real_clips
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack
from scipy.special import log_softmax, softmax

from gengine.core.noise import generator
from gengine.emotion.text import CHECKPOINT, TextReader
from gengine.emotion.text_features import BUCKETS, counts
from gengine.emotion.turns import CATEGORIES, counted
from gengine.training.text_emotion import sparse

Array = NDArray[np.float64]

NAMES = {"joy": "happiness"}
"""MELD's names where they differ."""
FOLDS = 5
LEAST = 3
"""Turns that a feature must be in."""
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
STRENGTHS = (0.3, 1.0, 3.0)
"""Weights of the examples against that of small weights, tried by folds."""
RARITIES = (0.0, 0.15, 0.3, 0.45, 0.6)
"""Powers of how common an emotion is, tried by folds."""
DRAWN = 1000


@dataclass
class Turns:
    """Turns in order: their texts, speakers, emotions ``(N,)`` and dialogues ``(N,)``."""

    texts: list[str]
    who: list[str]
    truth: NDArray[np.int64]
    dialogue: NDArray[np.int64]

    def parts(self) -> Iterator[NDArray[np.int64]]:
        """Numbers of the turns of every dialogue."""
        for number in np.unique(self.dialogue):
            yield np.flatnonzero(self.dialogue == number)


def reread(chances: NDArray, who: list, own_power: float = 1.0, other_power: float = 1.0) -> NDArray[np.float64]:
    """Chances ``(K, 7)`` of turns, each read by itself, as the turns before them make them likely.

    A forward pass of a skip chain: the belief of a turn is what is read, times how often its emotions follow the
    speaker's last turn and the last of another (each over how often they are met), to the powers given.
    """
    own, other, usual = counted()
    beliefs: dict[object, tuple[int, NDArray[np.float64]]] = {}
    out = np.empty_like(np.asarray(chances, float))
    for k, (read, speaker) in enumerate(zip(np.asarray(chances, float), who, strict=True)):
        belief = np.log(np.maximum(read, 1e-9))
        if speaker in beliefs:
            belief = belief + own_power * np.log(beliefs[speaker][1] @ own / usual)
        if others := [b for name, b in beliefs.items() if name != speaker]:
            belief = belief + other_power * np.log(max(others, key=lambda b: b[0])[1] @ other / usual)
        belief = np.exp(belief - belief.max())
        out[k] = belief / belief.sum()
        beliefs[speaker] = k, out[k]
    return out


def read(name: str) -> Turns:
    with (real_clips.data_folder() / "meld" / f"{name}_sent_emo.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda r: (int(r["Dialogue_ID"]), int(r["Utterance_ID"])))
    return Turns(
        [r["Utterance"].replace("’", "'").replace("\x92", "'") for r in rows], [r["Speaker"] for r in rows],
        np.array([CATEGORIES.index(NAMES.get(r["Emotion"], r["Emotion"])) for r in rows]),
        np.array([int(r["Dialogue_ID"]) for r in rows]),
    )  # fmt: skip


def weighted_f1(truth: Array, told: Array) -> float:
    scores, sizes = [], []
    for k in range(len(CATEGORIES)):
        hits = ((truth == k) & (told == k)).sum()
        scores.append(2 * hits / max((truth == k).sum() + (told == k).sum(), 1))
        sizes.append((truth == k).sum())
    return float(np.average(scores, weights=sizes))


def regression(x: csr_matrix, y: NDArray[np.int64], strength: float) -> Array:
    """Weights ``(features + 1, 7)`` of a multinomial logistic regression, the bias last."""
    x = hstack([x, np.ones((x.shape[0], 1))]).tocsr()
    back, target = x.T.tocsr(), np.eye(len(CATEGORIES))[y]
    shape = (x.shape[1], len(CATEGORIES))
    free = np.ones((shape[0], 1))
    free[-1] = 0

    def loss(flat: Array) -> tuple[float, Array]:
        w = flat.reshape(shape)
        scores = x @ w
        value = -strength * (log_softmax(scores, axis=1) * target).sum() + (free * w * w).sum() / 2
        return float(value), (strength * (back @ (softmax(scores, axis=1) - target)) + free * w).ravel()

    start = np.zeros(shape).ravel()
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60, "maxcor": 5}).x.reshape(shape)


def chances(x: csr_matrix, weights: Array) -> Array:
    return softmax(x @ weights[:-1] + weights[-1], axis=1)


class Words:
    """Features of turns by themselves: TF-IDF of MELD's train, and the project's reader's 28 log odds."""

    def __init__(self, texts: list[str]) -> None:
        bags = [counts(t) for t in texts]
        often = np.zeros(2 * BUCKETS)
        for bag in bags:
            often[list(bag)] += 1
        self.idf = np.where(often >= LEAST, np.log((1 + len(bags)) / (1 + often)) + 1, 0.0)
        self.kept = np.flatnonzero(self.idf)
        self.reader = TextReader()

    def tfidf(self, texts: list[str]) -> csr_matrix:
        return sparse([counts(t) for t in texts], self.idf)[:, self.kept]

    def odds(self, texts: list[str]) -> csr_matrix:
        p = self.reader.chances(texts)
        return csr_matrix((np.log(p) - np.log(1 - p) + 3) / 3)


def folded(x: csr_matrix, t: Turns, strength: float) -> Array:
    """Chances of train's turns by regressions that learned on other dialogues."""
    out, fold = np.zeros((len(t.truth), len(CATEGORIES))), t.dialogue % FOLDS
    for k in range(FOLDS):
        out[fold == k] = chances(x[fold == k], regression(x[fold != k], t.truth[fold != k], strength))
    return out


def best_strength(x: csr_matrix, t: Turns) -> tuple[float, Array]:
    """The strength of the best likelihood in the folds, and the folds' chances with it."""
    tried = {s: folded(x, t, s) for s in STRENGTHS}
    best = max(tried, key=lambda s: np.log(tried[s][np.arange(len(t.truth)), t.truth] + 1e-9).sum())
    return best, tried[best]


def decided(p: Array, known: Array, t: Turns) -> Array:
    """The emotion of every row; ``known`` are the folds' chances of the turns ``t``, which choose the power."""
    usual = np.bincount(t.truth, minlength=len(CATEGORIES)) / len(t.truth)
    best = max(RARITIES, key=lambda power: weighted_f1(t.truth, (known / usual**power).argmax(axis=1)))
    return (p / usual**best).argmax(axis=1)


def chained(p: Array, t: Turns, own: float, other: float) -> Array:
    out = np.empty_like(p)
    for part in t.parts():
        out[part] = reread(p[part], [t.who[k] for k in part], own, other)
    return out


def context(p: Array, t: Turns, order: NDArray[np.int64] | None = None) -> csr_matrix:
    """What the turns before were read as: own last, other's last, the three before in any case, and the mean so far.

    ``order`` puts other turns' contexts in place of a turn's own.
    """
    rows = []
    for part in t.parts():
        last: dict[str, Array] = {}
        for n, k in enumerate(part):
            nothing = np.zeros(len(CATEGORIES))
            others = [v for name, v in last.items() if name != t.who[k]]
            before = [np.log(p[part[n - d]] + 0.02) + 2 if n >= d else nothing for d in (1, 2, 3)]
            same = [np.array([float(n >= d and t.who[part[n - d]] == t.who[k])]) for d in (1, 2)]
            mean = np.mean(p[part[:n]], axis=0) * 3 if n else nothing
            rows.append(np.concatenate([last.get(t.who[k], nothing), others[-1] if others else nothing, *before, *same,
                                        mean, [float(n == 0)]]))  # fmt: skip
            last.pop(t.who[k], None)
            last[t.who[k]] = np.log(p[k] + 0.02) + 2
    seen = np.array(rows)
    return csr_matrix(seen if order is None else seen[order])


def gain(t: Turns, new: Array, old: Array) -> str:
    """Mean gain and its interval over dialogues drawn again."""
    rng, parts, drawn = generator(0, "meld"), list(t.parts()), []
    for _ in range(DRAWN):
        index = np.concatenate([parts[k] for k in rng.integers(0, len(parts), len(parts))])
        drawn.append(weighted_f1(t.truth[index], new[index]) - weighted_f1(t.truth[index], old[index]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{np.mean(drawn):+.3f} [{low:+.3f}, {high:+.3f}]"


def count(path: Path) -> None:
    """Write how often emotions follow each other in train."""
    t = read("train")
    own, other = np.zeros((7, 7)), np.zeros((7, 7))
    for part in t.parts():
        last: dict[str, int] = {}
        for k in part:
            if t.who[k] in last:
                own[t.truth[last[t.who[k]]], t.truth[k]] += 1
            if others := [n for name, n in last.items() if name != t.who[k]]:
                other[t.truth[max(others)], t.truth[k]] += 1
            last[t.who[k]] = k
    usual = np.bincount(t.truth, minlength=7) / len(t.truth)
    own, other = (table / table.sum(axis=1, keepdims=True) for table in (own, other))
    lines = [f"{a},{b},{own[i, j]:.4f},{other[i, j]:.4f},{usual[j]:.4f}"
             for i, a in enumerate(CATEGORIES) for j, b in enumerate(CATEGORIES)]  # fmt: skip
    path.write_text("before,after,own,other,usual\n" + "\n".join(lines) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="write the counts of train and end")
    args = parser.parse_args()
    if args.table:
        count(args.table)
        return
    train, dev = read("train"), read("dev")
    words = Words(train.texts)
    print(f"MELD dev: {len(dev.truth)} turns, {len(np.unique(dev.dialogue))} dialogues; weighted F1 of 7, accuracy")

    def row(name: str, told: Array, beside: Array | None = None) -> Array:
        more = "" if beside is None else f"   gain {gain(dev, told, beside)}"
        print(f"{name:46}{weighted_f1(dev.truth, told):.3f}  {(told == dev.truth).mean():.3f}{more}", flush=True)
        return told

    row("the commonest (neutral)", np.zeros(len(dev.truth)))
    x, x_dev = words.tfidf(train.texts), words.tfidf(dev.texts)
    o, o_dev = words.odds(train.texts), words.odds(dev.texts)
    strength, p = best_strength(x, train)
    p_bag, bag_dev = p, chances(x_dev, regression(x, train.truth, strength))
    plain_bag = row("TF-IDF", decided(bag_dev, p_bag, train))
    strength, p_read = best_strength(o, train)
    read_dev = chances(o_dev, regression(o, train.truth, strength))
    plain_read = row(f"{CHECKPOINT}, 28 to 7", decided(read_dev, p_read, train))
    both, both_dev = hstack([x, o]).tocsr(), hstack([x_dev, o_dev]).tocsr()
    strength, p = best_strength(both, train)
    p_dev = chances(both_dev, regression(both, train.truth, strength))
    plain = row("both, context-free", decided(p_dev, p, train))
    for name, own, own_dev, beside in (
        ("TF-IDF + chain", p_bag, bag_dev, plain_bag),
        (f"{CHECKPOINT} + chain", p_read, read_dev, plain_read),
        ("both + chain", p, p_dev, plain),
    ):
        tried = {
            (a, b): weighted_f1(train.truth, decided(q, q, train))
            for a in POWERS for b in POWERS for q in [chained(own, train, a, b)]
        }  # fmt: skip
        a, b = max(tried, key=lambda k: tried[k])
        told = decided(chained(own_dev, dev, a, b), chained(own, train, a, b), train)
        row(f"{name}, powers {a:g} and {b:g}", told, beside)
    logs, logs_dev = csr_matrix(np.log(p + 0.02) + 2), csr_matrix(np.log(p_dev + 0.02) + 2)
    for name, order, order_dev in (
        ("both + context", None, None),
        ("  shuffled contexts", generator(1).permutation(len(p)), generator(2).permutation(len(p_dev))),
    ):
        seen = hstack([logs, context(p, train, order)]).tocsr()
        strength, known = best_strength(seen, train)
        weights = regression(seen, train.truth, strength)
        told = chances(hstack([logs_dev, context(p_dev, dev, order_dev)]).tocsr(), weights)
        row(name, decided(told, known, train), plain)


if __name__ == "__main__":
    main()
