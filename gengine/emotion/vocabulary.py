"""Words of emotion: each gives strengths over the eighteen named emotions and a point in VAD space.

Four sources, asked in this order:

1. the eighteen names of ``core.EMOTIONS`` and their synonyms (``SYNONYMS``), at full strength;
2. everyday words (``data/everyday.csv``), each an even blend of the table's terms named beside it. The choice
   of terms is this project's judgement, not a measurement;
3. labels of GoEmotions and of EmoNet-Voice (``data/labels.csv``), mixtures of the eighteen by judgement: they can be
   asked for, which does not mean that a voice is read as them;
4. the 151 terms of Russell & Mehrabian 1977 (``data/vad_russell_mehrabian_1977.csv``), points in
   valence-arousal-dominance turned into strengths by ``strengths_of_vad``.

Two words with an adverb first are a compound (Du, Tao & Martinez 2014): "happily surprised".

Every named emotion is a Gaussian in VAD space. The eight of BEAT have their own terms in the table; for the
other ten the mean is that of the terms nearest in meaning (``PROTOTYPE_TERMS``).
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.emotion import BEAT_EMOTIONS, EMOTION_INDEX, EMOTIONS
from gengine.errors import EmotionError

PROTOTYPE_TERMS: dict[str, tuple[str, ...]] = {
    "happiness": ("Happy",),
    "anger": ("Angry",),
    "sadness": ("Sad",),
    "contempt": ("Contempt",),
    "surprise": ("Surprised",),
    "fear": ("Fearful",),
    "disgust": ("Disgusted",),
    "amused": ("Enjoyment", "Carefree"),
    "proud": ("Proud",),
    "bored": ("Bored",),
    "tired": ("Fatigued", "Weary"),
    "anxious": ("Anxious", "Tense"),  # the table's "Anxious" alone also means eager (valence .01)
    "confused": ("Confused",),
    "tender": ("Affectionate", "Devoted", "Grateful"),
    "sarcastic": ("Insolent", "Scornful", "Skeptical"),
    "pained": ("Pain",),
    "determined": ("Concentrating", "Serious", "Controlling"),
}
"""Terms of the table whose mean is an emotion's prototype (``neutral`` is the origin)."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "neutral": ("calm", "none", "normal", "netural"),  # the last is BEAT's own spelling
    "happiness": ("happy", "joy", "joyful", "glad"),
    "anger": ("angry", "mad"),
    "sadness": ("sad", "unhappy", "sorrow", "sorrowful"),
    "contempt": ("contemptuous", "scornful", "scorn", "disdain"),
    "surprise": ("surprised",),
    "fear": ("fearful", "afraid", "scared", "frightened"),
    "disgust": ("disgusted", "revolted"),
    "amused": ("amusement", "laughing"),
    "proud": ("pride",),
    "bored": ("boredom",),
    "tired": ("tiredness", "fatigued", "fatigue", "weary"),
    "anxious": ("anxiety",),
    "confused": ("confusion", "puzzled"),
    "tender": ("tenderness", "loving", "love", "affection", "affectionate"),
    "sarcastic": ("sarcasm", "ironic", "irony", "mocking"),
    "pained": ("in pain", "pain", "suffering"),
    "determined": ("determination", "resolute", "focused"),
}
"""Other words for each of the eighteen, at full strength."""

_DEVIATION = (0.22, 0.30, 0.33)
"""Standard deviations of valence, arousal, dominance where the table gives none: near the medians it gives."""

_RARITY = 0.55
"""Prior of the ten finer emotions against BEAT's eight: confusion or sarcasm need more evidence than anger."""

_SHARPNESS = 2.0
"""Power of the mixture's posterior, so that two or three emotions carry a point and not a haze of ten."""


_NEARNESS = 0.2
"""Loss of a point's strengths by its squared distance in deviations, beyond 1, from the emotions it is read as."""

_LEAST_REACH = 0.65
"""Distance from neutral at which an emotion is felt in full, at least: contempt and its like lie close to neutral."""


ADVERB = 0.6
"""Share of the adverb in a compound such as "happily surprised". Judgement."""


@dataclass(frozen=True, eq=False)
class Meaning:
    """``weights (18,)`` strengths in [0, 1] by ``EMOTIONS`` and ``vad (3,)`` in [-1, 1]."""

    weights: NDArray[np.float64]
    vad: NDArray[np.float64]


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("gengine.emotion").joinpath(f"data/{name}").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def normal_form(word: str) -> str:
    """Lower case, with single spaces for hyphens and underscores."""
    return " ".join(word.lower().replace("-", " ").replace("_", " ").split())


@cache
def terms() -> dict[str, tuple[float, float, float]]:
    """The table's 151 terms (in normal form) and their VAD means."""
    return {
        normal_form(r["term"]): (float(r["V_mean"]), float(r["A_mean"]), float(r["D_mean"]))
        for r in _rows("vad_russell_mehrabian_1977.csv")
    }


@cache
def everyday() -> dict[str, tuple[str, ...]]:
    """Everyday words and the terms (in normal form) they are a blend of."""
    return {normal_form(r["word"]): tuple(normal_form(t) for t in r["terms"].split(";")) for r in _rows("everyday.csv")}


@cache
def prototypes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and standard deviations ``(18, 3)`` of the named emotions in VAD space (``neutral``: zeros)."""
    rows = {normal_form(r["term"]): r for r in _rows("vad_russell_mehrabian_1977.csv")}
    means, deviations = np.zeros((len(EMOTIONS), 3)), np.tile(_DEVIATION, (len(EMOTIONS), 1))
    for name, names in PROTOTYPE_TERMS.items():
        i = EMOTION_INDEX[name]
        means[i] = np.mean([terms()[normal_form(t)] for t in names], axis=0)
        if len(names) == 1:
            given = [rows[normal_form(names[0])][c] for c in ("V_sd", "A_sd", "D_sd")]
            deviations[i] = [float(g) if g else d for g, d in zip(given, _DEVIATION, strict=True)]
    return means, deviations


def strengths_of_vad(vad: ArrayLike) -> NDArray[np.float64]:
    """Strengths ``(18,)`` of a VAD point ``(3,)``.

    The posterior of the point under the emotions' Gaussians, sharpened, times how far the point lies on the
    way from neutral (0) to each emotion's prototype (1), times how near it is to any of them at all: a point
    far from every named emotion, such as deep relaxation, speaks through its VAD. The origin is all zeros.
    """
    point = np.asarray(vad, float)
    means, deviations = prototypes()
    distance = (((point - means) / deviations) ** 2).sum(1)
    log_density = -distance / 2 - np.log(deviations).sum(1)
    log_density[len(BEAT_EMOTIONS) :] += np.log(_RARITY)
    # Sarcasm is a way of saying things: in VAD space it is contempt, so only its own words mean it.
    log_density[[EMOTION_INDEX["neutral"], EMOTION_INDEX["sarcastic"]]] = -np.inf
    posterior = np.exp(_SHARPNESS * (log_density - log_density.max()))
    posterior /= posterior.sum()
    nearness = 1 / (1 + _NEARNESS * max(0, float((posterior * distance).sum()) - 1))
    reach = np.maximum(np.linalg.norm(means, axis=1), _LEAST_REACH)
    return posterior * nearness * np.minimum(np.linalg.norm(point) / reach, 1)


@cache
def _labels() -> dict[str, str]:
    """Every synonym (and every name itself) in normal form → name."""
    return {normal_form(word): name for name, words in SYNONYMS.items() for word in (name, *words)}


@cache
def named_mixtures() -> dict[str, tuple[tuple[str, float], ...]]:
    """Labels of other sets and the names, with strengths, that they are a mixture of."""
    found = {}
    for row in _rows("labels.csv"):
        parts = (part.partition(":") for part in row["emotion"].split("+"))
        found[normal_form(row["label"])] = tuple((name, float(strength)) for name, _, strength in parts)
    return found


def known_words() -> list[str]:
    """All words that ``look_up`` knows, sorted."""
    return sorted({*_labels(), *terms(), *everyday(), *named_mixtures()})


def _label(text: str) -> Meaning:
    index = EMOTION_INDEX[_labels()[text]]
    weights = np.zeros(len(EMOTIONS))
    weights[index] = 1
    return Meaning(weights, prototypes()[0][index].copy())


def _term(text: str) -> Meaning:
    if text in _labels():
        return _label(text)
    vad = np.array(terms()[text])
    return Meaning(strengths_of_vad(vad), vad)


def _compound(text: str) -> Meaning | None:
    """ "happily surprised": the second word in full and the first, an adverb, at ``ADVERB``; None for anything else."""
    adverb, _, word = text.partition(" ")
    if not adverb.endswith("ly") or word not in known_words():
        return None
    stem = adverb[:-2]
    for first in (stem, stem.removesuffix("i") + "y", stem + "le", stem.removesuffix("al")):
        if first in known_words():
            a, b = look_up(first), look_up(word)
            return Meaning(np.clip(ADVERB * a.weights + b.weights, 0, 1), np.clip(ADVERB * a.vad + b.vad, -1, 1))
    return None


@cache
def look_up(word: str) -> Meaning:
    """The meaning of an emotion word at full strength. EmotionError names near matches of an unknown one."""
    text = normal_form(word)
    if text in everyday() and text not in _labels():
        parts = [_term(term) for term in everyday()[text]]
        return Meaning(np.mean([p.weights for p in parts], axis=0), np.mean([p.vad for p in parts], axis=0))
    if text in named_mixtures() and text not in _labels():
        parts = [(_label(name), strength) for name, strength in named_mixtures()[text]]
        weights = np.sum([p.weights * strength for p, strength in parts], axis=0)
        vad = np.sum([p.vad * strength for p, strength in parts], axis=0)
        whole = max(float(np.sum(weights)), 1.0)
        return Meaning(weights / whole, np.clip(vad / whole, -1, 1))
    if text in _labels() or text in terms():
        return _term(text)
    if (compound := _compound(text)) is not None:
        return compound
    near = difflib.get_close_matches(text, known_words(), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(repr(n) for n in near)}? " if near else ""
    raise EmotionError(
        f"emotion: unknown word {word.strip()!r}; {hint}Use one of {', '.join(EMOTIONS)}, one of the "
        f"{len(known_words())} known words, a mixture such as 'happy:0.6+surprised:0.3', 'vad:0.6,0.5,0.2', "
        "'auto', or a .json, .csv or .srt timeline"
    )
