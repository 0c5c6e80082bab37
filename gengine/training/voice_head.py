"""Trains the head of the voice reader on vectors of EMO-DB's clips, and as what no emotion may depend on, other speech.

    python -m gengine.training.voice_head --data ../shared/data --out checkpoints/voice-v2

The head is a linear softmax over what a vector differs from its speaker's reference. Each clip is shown as it is and
``copies`` times disturbed, each against no reference of its speaker and against one. Targets are what the actors
meant; soft ones (``Recipe.soft``: the share of listeners who heard that, the rest spread as emotions occur together in
listeners' votes on other recordings, CREMA-D's tables) were worse in recall and in calibration. Ordinary speech of
other corpora is no class: telling it apart would teach what a corpus sounds like. Its scores are asked to be those of
EMO-DB's neutral instead, by a quadratic penalty.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from gengine.checkpoint import save_checkpoint
from gengine.core.emotion import EMOTION_INDEX
from gengine.emotion.vocabulary import prototypes
from gengine.emotion.voice import CATEGORIES, SHOWN, VoiceHead
from gengine.encoders.speech_encoder import CHECKPOINT, SpeechEncoder
from gengine.training import voice_clips
from gengine.training.voice_clips import Clip

ORDINARY = {"speechocean": 1, "grid_s1": 1, "facegood": 10}
"""Corpora whose speech must read as EMO-DB's neutral does, and windows of a clip that are looked at.

The read speech that the benchmark reports on (LJ Speech, Kathleen, LibriSpeech, BEAT) is none of them.
"""
CLIPS = {"grid_s1": 40, "kathleen": 60}
"""Clips at most of corpora that have many of one speaker."""
VOTES = "cremad_votes/tabulatedVotes.csv"
VOTED = {"N": "neutral", "A": "anger", "H": "happiness", "S": "sadness", "F": "fear", "D": "disgust"}
"""CREMA-D's letters."""
BORED = {"neutral": 0.6, "sadness": 0.4}
"""What is heard instead of boredom, which CREMA-D lacks (judgement)."""
LEAST_RECOGNISED = 0.5
"""Share of listeners, at least, that a label keeps."""


@dataclass(frozen=True)
class Recipe:
    """How the head is trained; the benchmark's ablations change one of these."""

    copies: int = 3
    """Disturbed copies of every clip."""
    soft: bool = False
    """Listeners' soft labels, else the actor's intention alone."""
    graph: float = 0.0
    """Share of each category's weights that its neighbours in the co-occurrence matrix lend it, 0 to 1."""
    components: int = 256
    """Principal components of the vectors that are used."""
    ridge: float = 0.05
    """Penalty of squared weights."""
    ordinary: float = 0.005
    """Penalty of ordinary speech's squared scores."""
    sharpness: float = 1.5
    """Factor of the scores, which the penalties leave too flat: what makes the posteriors of speakers left out chances
    (judgement; the calibration error says how well)."""
    inertia: float = 4.0
    """Windows of speech that the usual speaker counts for in a running reference."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """``x (N, D)`` of clips, their ``labels (N,)`` by ``CATEGORIES``, ``recognised (N,)`` and ``speakers (N,)``."""

    x: NDArray[np.float64]
    labels: NDArray[np.int64]
    recognised: NDArray[np.float64]
    speakers: NDArray[np.str_]

    def __getitem__(self, chosen: NDArray) -> Vectors:
        return Vectors(self.x[chosen], self.labels[chosen], self.recognised[chosen], self.speakers[chosen])


Encoder = Callable[[NDArray[np.float32]], NDArray[np.floating]]


def vectors(clips: Iterable[Clip], kind: str, encoder: Encoder) -> Vectors:
    """Of clips on one carrier. ``kind`` is "clean", a name in ``voice_clips.CONDITIONS``, or "aug0", "aug1" …"""
    rows, clips = [], list(clips)
    for clip in clips:
        rng = voice_clips.draw(clip.name, kind)
        if kind.startswith("aug"):
            samples = voice_clips.disturbed(clip.samples, rng)
        else:
            first = clip.samples[: round(voice_clips.SECONDS * voice_clips.SAMPLE_RATE)]
            changed = first if kind == "clean" else voice_clips.CONDITIONS[kind](first, rng)
            samples = voice_clips.same_carrier(changed, voice_clips.draw(clip.name, "carrier"))
        rows.append(encoder(samples.astype(np.float32)))
    return Vectors(
        np.array(rows, float),
        np.array([CATEGORIES.index(c.emotion) for c in clips]),
        np.array([c.recognised for c in clips]),
        np.array([c.speaker for c in clips]),
    )


def spoken_vectors(folder: Path, corpus: str, windows: int, encoder: Encoder) -> Vectors:
    """Of ordinary speech as it comes: at most ``windows`` stretches of 2 s a clip."""
    size, rows, speakers = round(voice_clips.SECONDS * voice_clips.SAMPLE_RATE), [], []
    for clip in voice_clips.spoken(folder, corpus, CLIPS.get(corpus, 10**9)):
        for at in range(0, max(1, len(clip.samples) - size // 2), size)[:windows]:
            rows.append(encoder(clip.samples[at : at + size].astype(np.float32)))
            speakers.append(clip.speaker)
    count = len(rows)
    return Vectors(np.array(rows, float), np.zeros(count, int), np.ones(count), np.array(speakers))


def joined(parts: Sequence[Vectors]) -> Vectors:
    """One after the other."""
    return Vectors(*(np.concatenate([getattr(p, name) for p in parts]) for name in Vectors.__dataclass_fields__))


def co_occurrence(table: Path) -> NDArray[np.float64]:
    """How often listeners who do not agree that it is a row's emotion say a column's ``(7, 7)``: rows sum to 1, the
    diagonal is 0. From CREMA-D's votes on the voice alone."""
    found = np.zeros((len(CATEGORIES), len(CATEGORIES)))
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row[""].startswith("1"):  # 1 voice, 2 face, 3 both
                votes = np.zeros(len(CATEGORIES))
                for letter, name in VOTED.items():
                    votes[CATEGORIES.index(name)] = int(row[letter])
                votes /= votes.sum()
                found += np.outer(votes, votes)
    np.fill_diagonal(found, 0)
    for name, share in BORED.items():
        found[CATEGORIES.index("boredom"), CATEGORIES.index(name)] = share
    return found / found.sum(axis=1, keepdims=True)


def targets(examples: Vectors, matrix: NDArray[np.float64], soft: bool) -> NDArray[np.float64]:
    """What listeners would say of each clip, ``(N, 7)``; the intention alone where not ``soft``."""
    sure = np.eye(len(CATEGORIES))[examples.labels]
    if not soft:
        return sure
    kept = np.clip(examples.recognised, LEAST_RECOGNISED, 1)[:, None]
    return kept * sure + (1 - kept) * matrix[examples.labels]


def fit(
    x: NDArray[np.float64],
    wanted: NDArray[np.float64],
    weights: NDArray[np.float64],
    ridge: float,
    penalty: NDArray[np.float64],
    lent: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Softmax regression ``(D, 7)`` and bias ``(7,)`` of soft targets ``wanted (N, 7)`` on ``x (N, D)``.

    ``penalty (D, D)`` adds ``trace(WᵀPW) / 2``; ``lent (7, 7)`` mixes the categories' weights before use.
    """
    shape = (x.shape[1], wanted.shape[1])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        own, bias = flat[: -shape[1]].reshape(shape), flat[-shape[1] :]
        used = own @ lent
        scores = x @ used + bias
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        wrong = weights[:, None] * (np.exp(logs) - wanted)
        bent = penalty @ used
        value = -(weights[:, None] * wanted * logs).sum() + (ridge * (own**2).sum() + (used * bent).sum()) / 2
        slope = (x.T @ wrong + bent) @ lent.T + ridge * own
        return float(value), np.concatenate([slope.ravel(), wrong.sum(axis=0)])

    found = minimize(loss, np.zeros((shape[0] + 1) * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return found[: -shape[1]].reshape(shape) @ lent, found[-shape[1] :]


def train(
    sets: Sequence[Vectors], ordinary: Vectors | None, recipe: Recipe, matrix: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Tensors of a ``VoiceHead`` from EMO-DB's clips as they are (first of ``sets``) and disturbed (the rest).

    ``ordinary`` is other speech, of which each speaker counts the same.
    """
    clean, sets = sets[0], sets[: 1 + recipe.copies]
    home = np.mean([clean.x[(clean.speakers == s) & (clean.labels == 0)].mean(axis=0) for s in _those(clean)], axis=0)
    own = {s: clean.x[(clean.speakers == s) & (clean.labels == 0)] for s in _those(clean)}
    shares = {s: len(v) / (len(v) + recipe.inertia) for s, v in own.items()}
    learned = {s: home + shares[s] * (v.mean(axis=0) - home) for s, v in own.items()}
    rows, wanted, counts = [], [], []
    for turn, examples in enumerate(sets):
        # every other set is seen against its speaker's own neutral voice
        against = np.array([learned[s] if turn % 2 else home for s in examples.speakers])
        rows.append(examples.x - against)
        wanted.append(targets(examples, matrix, recipe.soft))
        counts.append(1 / np.bincount(examples.labels, minlength=len(CATEGORIES))[examples.labels])
    x, q, weights = np.concatenate(rows), np.concatenate(wanted), np.concatenate(counts)
    weights /= weights.sum()
    scale = x.std(axis=0) + 1e-6
    x /= scale
    axes = np.linalg.eigh(x.T @ x)[1][:, -recipe.components :]
    size = axes.shape[1]  # a view may have fewer numbers
    penalty = np.zeros((size, size))
    if ordinary is not None and recipe.ordinary:
        z = (ordinary.x - home) / scale @ axes
        share = 1 / np.unique(ordinary.speakers, return_counts=True)[1]
        share = share[np.unique(ordinary.speakers, return_inverse=True)[1]]
        penalty = recipe.ordinary * (z * (share / share.sum())[:, None]).T @ z
    lent = (1 - recipe.graph) * np.eye(len(CATEGORIES)) + recipe.graph * matrix.T
    inner, bias = fit(x @ axes, q, weights, recipe.ridge, penalty, lent)
    of_dimensions = _dimensions(q)
    z = np.c_[x @ axes, np.ones(len(x))]
    ridge = np.diag(np.r_[np.full(size, recipe.ridge), 1e-9])
    ridge[:-1, :-1] += penalty
    flat = np.linalg.solve((z * weights[:, None]).T @ z + ridge, (z * weights[:, None]).T @ of_dimensions)
    return {
        "home": home, "scale": scale, "weights": recipe.sharpness * axes @ inner, "bias": recipe.sharpness * bias,
        "dimensions.weights": axes @ flat[:-1], "dimensions.bias": flat[-1],
    }  # fmt: skip


def _those(examples: Vectors) -> list[str]:
    return sorted(set(examples.speakers))


def _dimensions(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Valence, arousal, dominance and strength ``(N, 4)`` of soft labels: the emotions' own, by their shares."""
    points = np.array([prototypes()[0][EMOTION_INDEX[SHOWN.get(name, name)]] for name in CATEGORIES])
    return np.c_[wanted @ points, 1 - wanted[:, 0]]


def config_of(recipe: Recipe) -> dict[str, Any]:
    """A checkpoint's config."""
    return {
        "kind": "voice emotion",
        "categories": list(CATEGORIES),
        "encoder": CHECKPOINT,
        "inertia": recipe.inertia,
        "recipe": asdict(recipe),
        "data": "EMO-DB (CC0 1.0); as ordinary speech speechocean762, GRID speaker 1 (CC BY 4.0) and FaceGood (MIT)",
    }


def head_of(tensors: dict[str, NDArray[np.float64]], recipe: Recipe) -> VoiceHead:
    """The head that ``train`` made."""
    return VoiceHead(config_of(recipe), tensors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the reference recordings")
    parser.add_argument("--out", type=Path, default=Path("checkpoints/voice-v2"))
    arguments = parser.parse_args()
    recipe, encoder = Recipe(), SpeechEncoder()
    clips = list(voice_clips.emodb(arguments.data))
    sets = [vectors(clips, kind, encoder) for kind in ("clean", *(f"aug{k}" for k in range(recipe.copies)))]
    ordinary = joined([spoken_vectors(arguments.data, *item, encoder) for item in ORDINARY.items()])
    tensors = train(sets, ordinary, recipe, co_occurrence(arguments.data / VOTES))
    save_checkpoint(arguments.out, config_of(recipe), {k: v.astype(np.float32) for k, v in tensors.items()})


if __name__ == "__main__":
    main()
