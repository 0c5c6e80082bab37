"""The reader of emotion in words: logistic regressions of hashed TF-IDF on GoEmotions.

``gengine train text-emotion --out runs/text`` takes a few minutes on a core. A tenth of the training texts is held out
for the thresholds; ``dev.tsv`` is measured once, at the end. Controls: ``--set shuffled=true`` (labels of other texts).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

from gengine.checkpoint import save_checkpoint
from gengine.emotion.text_features import BUCKETS, counts, weighted
from gengine.emotion.text_labels import ekman, labels
from gengine.errors import GengineError
from gengine.training.run_folder import RunFolder
from gengine.training.settings import Training

Array = NDArray[np.float64]

HELD_OUT = 0.1
"""Share of the training texts that thresholds are chosen on."""


class TextEmotionTraining(Training):
    """``data`` holds ``train.tsv``, ``dev.tsv`` (text, label numbers, id) and ``labels.txt`` of GoEmotions."""

    data: Path | None = None
    seed: int = 0
    held_out: float = Field(HELD_OUT, gt=0, lt=0.5)
    """Share of the training texts that the thresholds are chosen on."""
    strength: float = Field(4.0, gt=0)
    """Weight of the examples against that of small weights (C of the usual libraries)."""
    least_texts: tuple[int, int] = (3, 10)
    """Texts that a word or pair, and a piece of a word, must be in."""
    shuffled: bool = False
    """A control: every text has the labels of another."""

    def run(self, out: Path) -> Path:
        folder = self.data or goemotions()
        names = tuple((folder / "labels.txt").read_text("utf-8").split())
        if names != labels():
            raise GengineError(f"{folder / 'labels.txt'}: {len(names)} labels, expected the 28 of GoEmotions in order")
        texts, truth = read_tsv(folder / "train.tsv")
        rng = np.random.default_rng(self.seed)
        held, learned = held_out(len(texts), rng, self.held_out)
        if self.shuffled:
            truth = truth[rng.permutation(len(truth))]
        bags = [counts(text) for text in texts]
        idf = self._idf([bags[k] for k in learned])
        kept = np.flatnonzero(idf)
        matrix, target = sparse([bags[k] for k in learned], idf)[:, kept], truth[learned]
        log = RunFolder(out)
        log.prepare()
        weights, bias = np.zeros((len(kept), len(names))), np.zeros(len(names))
        for k, name in enumerate(names):
            weights[:, k], bias[k] = fit(matrix, target[:, k], self.strength)
            log.append({"label": name, "texts": int(target[:, k].sum())})
        scale = np.abs(weights).max(axis=0) / 127
        rounded = np.rint(weights / scale).astype(np.int8)
        chances = expit(sparse([bags[k] for k in held], idf)[:, kept] @ (rounded * scale) + bias)
        tuned = thresholds(truth[held], chances)
        dev, dev_truth = read_tsv(folder / "dev.tsv")
        told = expit(sparse([counts(t) for t in dev], idf)[:, kept] @ (rounded * scale) + bias)
        figures = measures(dev_truth, told, tuned, truth[held], chances) | {"features": len(kept)}
        config: dict[str, Any] = {
            "kind": "text emotion", "version": 1, "labels": list(names), "training": self.learned(), "dev": figures,
            "source": "GoEmotions (Demszky et al. 2020), Apache-2.0",
        }  # fmt: skip
        tensors = {
            "features": kept.astype(np.int32), "idf": idf[kept].astype(np.float32), "weights": rounded,
            "scale": scale.astype(np.float32), "bias": bias.astype(np.float32),
            "thresholds": tuned.astype(np.float32),
        }  # fmt: skip
        save_checkpoint(out / "best", config, tensors)
        log.append({"dev": figures})
        return out / "best"

    def _idf(self, bags: list[Counter[int]]) -> Array:
        """Smoothed inverse document frequencies ``(2 * BUCKETS,)``, 0 for what too few texts hold."""
        texts = np.zeros(2 * BUCKETS)
        for bag in bags:
            texts[list(bag)] += 1
        idf = np.log((1 + len(bags)) / (1 + texts)) + 1
        least = np.repeat(self.least_texts, BUCKETS)
        return np.where(texts >= least, idf, 0.0)


def goemotions() -> Path:
    """The folder of GoEmotions in the reference data."""
    from gengine.training.phone_task import data_folder  # needs torch

    return data_folder() / "goemotions"


def held_out(
    count: int, rng: np.random.Generator, share: float = HELD_OUT
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the ``count`` texts that are held out for thresholds, and of those that are learned from."""
    order = rng.permutation(count)
    return order[: round(share * count)], order[round(share * count) :]


def read_tsv(path: Path) -> tuple[list[str], Array]:
    """Texts and their labels ``(N, 28)`` as 0 and 1."""
    texts, rows = [], []
    for line in path.read_text("utf-8").splitlines():
        text, numbers, *_ = line.split("\t")
        row = np.zeros(len(labels()))
        row[[int(n) for n in numbers.split(",")]] = 1
        texts.append(text)
        rows.append(row)
    return texts, np.array(rows)


def sparse(bags: list[Counter[int]], idf: Array) -> csr_matrix:
    """Features of texts, ``(N, 2 * BUCKETS)``."""
    found = [weighted(bag, idf) for bag in bags]
    ends = np.cumsum([0, *(len(index) for index, _ in found)])
    index = np.concatenate([i for i, _ in found])
    return csr_matrix((np.concatenate([v for _, v in found]), index, ends), shape=(len(bags), 2 * BUCKETS))


def fit(x: csr_matrix, y: Array, strength: float) -> tuple[Array, float]:
    """Weights and bias of the logistic regression of ``y (N,)`` that also keeps the weights small."""
    sign = 2 * y - 1
    back: Any = x.T.tocsr()
    size: int = back.shape[0]

    def loss(w: Array) -> tuple[float, Array]:
        margin = sign * (x @ w[:-1] + w[-1])
        wrong = -strength * sign * expit(-margin)
        value = strength * np.logaddexp(0, -margin).sum() + w[:-1] @ w[:-1] / 2
        return float(value), np.concatenate([back @ wrong + w[:-1], [wrong.sum()]])

    start = np.zeros(size + 1)
    start[-1] = np.log(y.mean() / (1 - y.mean())) if 0 < y.mean() < 1 else 0.0
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 40, "maxcor": 5, "ftol": 1e-5}).x
    return best[:-1], float(best[-1])


def f1(truth: Array, told: NDArray) -> Array:
    """F1 of every column."""
    both = (truth * told).sum(axis=0)
    return 2 * both / np.maximum(truth.sum(axis=0) + told.sum(axis=0), 1e-9)


def thresholds(truth: Array, chances: Array) -> Array:
    """Of every column the threshold of the best F1, smoothed over five neighbours."""
    best = np.zeros(chances.shape[1])
    for k in range(chances.shape[1]):
        order = np.argsort(-chances[:, k])
        hits = truth[order, k].cumsum()
        score = 2 * hits / (np.arange(1, len(order) + 1) + truth[:, k].sum())
        at = int(np.convolve(score, np.ones(5) / 5, "same")[2:-2].argmax()) + 2
        best[k] = chances[order[at : at + 2], k].mean()
    return best


def grouped(values: Array, union: bool) -> Array:
    """Labels ``(N, 28)`` by Ekman's seven: any of them, or the chance of any."""
    columns = [values[:, list(members)] for members in ekman().values()]
    return np.stack([c.max(axis=1) if union else 1 - np.prod(1 - c, axis=1) for c in columns], axis=1)


def measures(truth: Array, chances: Array, tuned: Array, held_truth: Array, held: Array) -> dict[str, float]:
    """Macro F1 over 28 labels and over Ekman's seven, and those of always saying everything or "neutral"."""
    tuned7 = thresholds(grouped(held_truth, True), grouped(held, False))
    seven = grouped(truth, True)
    neutral = np.zeros_like(truth)
    neutral[:, -1] = 1
    figures = {
        "macro_f1": f1(truth, chances > tuned).mean(),
        "ekman_f1": f1(seven, grouped(chances, False) > tuned7).mean(),
        "macro_f1_everything": f1(truth, np.ones_like(truth)).mean(),
        "macro_f1_majority": f1(truth, neutral).mean(),
        "ekman_f1_majority": f1(seven, grouped(neutral, True)).mean(),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}
