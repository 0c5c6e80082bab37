"""What the phone recogniser learns from: mel frames with phone sets and jaw, cached, joined and disturbed.

What ``disturbances`` does to them works on band powers, so few passes over the sound are enough for the whole training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gengine.core.bounds import border, read_json
from gengine.core.noise import generator, stable_seed
from gengine.core.placing import whole
from gengine.core.words import Phone
from gengine.data import speech, synthetic_speech
from gengine.data.speech import Utterance
from gengine.encoders import logmel
from gengine.encoders.phones import CLASS_OF, CLASSES, PHONES, RATE
from gengine.errors import FormatError
from gengine.training.disturbances import disturb, louder, mel_powers, overdriven, shifted, spoil

JAW: dict[str, float] = {
    "AA": 0.30, "AE": 0.29, "AH": 0.20, "AO": 0.20, "AY": 0.25, "AW": 0.24, "EY": 0.20, "OW": 0.17, "OY": 0.20,
    "EH": 0.23, "IH": 0.17, "IY": 0.13, "ER": 0.16, "UH": 0.14, "UW": 0.09, "W": 0.10, "P": 0.12, "B": 0.13,
    "M": 0.13, "R": 0.10, "F": 0.08, "V": 0.10, "TH": 0.08, "DH": 0.08, "S": 0.08, "Z": 0.08, "SH": 0.10, "ZH": 0.10,
    "CH": 0.11, "JH": 0.11, "T": 0.14, "D": 0.14, "N": 0.13, "L": 0.15, "K": 0.17, "G": 0.16, "NG": 0.17, "Y": 0.12,
    "HH": 0.18, "sil": 0.0,
}  # fmt: skip
"""ARKit jawOpen of each phone at strength 1 (face.md section 2; diphthongs 60/40)."""

_JAW_DOMINANCE: dict[str, tuple[float, float, float]] = {
    "bilab": (1.3, 45, 35), "labdent": (1.25, 45, 30), "dental": (1.3, 55, 37), "round": (0.9, 44, 30),
    "postalv": (1.1, 48, 31), "sibil": (1.25, 48, 33), "tongue": (0.45, 50, 45), "velar": (0.9, 45, 32),
    "open": (1.2, 45, 35), "mid": (1.05, 50, 30), "front": (0.95, 40, 30), "sil": (1.2, 120, 60),
    "breath": (0.1, 45, 35),
}  # fmt: skip
"""Strength, rise and fall (ms) of each class on the jaw (face.md section 1, measured on GRID)."""


def jaw_of_phones(phones: tuple[Phone, ...], times: NDArray) -> NDArray[np.float32]:
    """The jaw opening that timed phones ask for at ``times`` (s), by Cohen-Massaro dominance with a plateau."""
    total, weighted = np.full(len(times), 1e-9), np.zeros(len(times))
    for p in phones:
        options = [q for q in p.symbol.split("|") if q in JAW]
        if not options:
            continue
        a, rise, fall = _JAW_DOMINANCE[list(CLASSES)[CLASS_OF[PHONES.index(options[0])]]]
        first, last = np.searchsorted(times, [p.start - 0.8, p.end + 0.8])
        t = times[first:last] - (p.start + p.end) / 2
        away = np.maximum(np.abs(t) - 0.25 * (p.end - p.start) / 2, 0)
        d = a * np.exp(-away / np.where(t < 0, rise, fall) * 1000)
        total[first:last] += d
        weighted[first:last] += d * float(np.mean([JAW[q] for q in options]))
    return (weighted / total).astype(np.float32)


SLACK = 6
"""Frames by which realignment may move a border."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Labelled:
    """One utterance at 100 Hz: ``labels (T,)`` index into ``Examples.sets`` (0 = unknown), ``jaw (T,)`` (NaN =
    unknown)."""

    name: str
    corpus: str
    labels: NDArray[np.int16]
    jaw: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False, kw_only=True)
class Example(Labelled):
    """One utterance as frames: ``decibels (T, 40)`` float16, and ``ratio``, by which the voice was made higher.

    ``taught (T, 40)``, where a teacher heard the undisturbed sound: chances of ``PHONES``, learned in place of labels.
    """

    speaker: str
    decibels: NDArray[np.float16]
    ratio: float = 1.0
    taught: NDArray[np.float16] | None = None


def frame_labels(phones: tuple[Phone, ...], frames: int, sets: list[str]) -> NDArray[np.int16]:
    """Index into ``sets`` of what is said at each frame; new sets are added."""
    labels = np.zeros(frames, np.int16)
    for p in phones:
        if p.symbol not in sets:
            sets.append(p.symbol)
        first, last = np.ceil(np.array([p.start, p.end]) * RATE - 1e-6).astype(int)
        labels[max(first, 0) : last] = sets.index(p.symbol)
    return labels


E = TypeVar("E", bound=Labelled)


@dataclass(frozen=True, eq=False)
class Examples(Generic[E]):
    """All training frames. ``sets`` lists the phone sets that labels point at; ``sets[0]`` is unknown."""

    items: list[E]
    sets: list[str]

    def members(self) -> NDArray[np.float32]:
        """0/1 table ``(len(sets), 40)``: which phones each set allows (all for unknown)."""
        table = np.ones((len(self.sets), len(PHONES)), np.float32)
        for i, name in enumerate(self.sets[1:], 1):
            allowed = name.split("|")
            table[i] = [p in allowed for p in PHONES] if name else 1
        return table


MANY_VOICES = ("speechocean", "librispeech")
"""Corpora of many speakers, of which some are held out."""


def held_out(corpus: str, name: str, speaker: str) -> bool:
    """True for what is never learned from.

    BEAT, one German actor, every fifth speaker of Speechocean, two of FACEGOOD's takes, JFK, every tenth clip of the
    single-speaker corpora, and every eighth reader of LibriSpeech, by whom settings are chosen.
    """
    key = int(hashlib.sha256((speaker if corpus in MANY_VOICES else name).encode()).hexdigest(), 16)
    if corpus in ("beat", "jfk"):
        return True
    if corpus == "emodb":
        return speaker == "emodb-03"
    if corpus == "facegood":
        return name in ("1114_3_15", "1114_2_04")
    if corpus == "speechocean":
        return key % 5 == 0
    if corpus == "librispeech":
        return key % 8 == 0
    return corpus in ("kathleen", "ljspeech", "grid") and key % 10 == 0


def facegood_jaw(path: Path) -> NDArray[np.float32]:
    """Human-made jawOpen at 30 fps of a FACEGOOD take."""
    column = read_json(path.parent / "names.json", "restore the corpus").index("mouth_stretch_c")
    with border(path, "restore the corpus"), np.load(path, allow_pickle=False) as file:
        return file["weights"][:, column].astype(np.float32)


def utterances(
    folder: Path, corpora: list[str], synthetic: int = 0, seed: int = 1, wanted: speech.Wanted = speech.everything
) -> Iterator[Utterance]:
    """Utterances of the named corpora, ``synthetic`` sentences of flite among them, as far as they are wanted."""
    readers = {
        "ljspeech": lambda: speech.ljspeech(folder),
        "kathleen": lambda: speech.kathleen(folder, wanted),
        "speechocean": lambda: speech.speechocean(folder, wanted),
        "grid": lambda: speech.grid(folder, wanted),
        "emodb": lambda: speech.emodb(folder),
        "beat": lambda: speech.beat(folder),
        "jfk": lambda: speech.jfk(folder),
        "facegood": lambda: speech.unlabelled(folder, "facegood"),
        "librispeech": lambda: speech.librispeech(folder, wanted),
        "flite": lambda: synthetic_speech.flite_corpus(folder, synthetic, seed),
    }
    for name in corpora:
        if name not in readers:
            raise FormatError(f"training config: corpus '{name}', expected one of {', '.join(readers)}")
        yield from (u for u in readers[name]() if wanted(u.corpus, u.name, u.speaker))


VOICES: tuple[tuple[float, float], ...] = ((1.2, 1.65), (0.82, 1.2))
"""Ranges of pitch and throat, times a voice's own, in which it is learned once more: children's, and other adults'."""
SHOUTED = (0.95, 1.3)
"""The same range of the copy that is shouted and clipped."""


def to_examples(u: Utterance, sets: list[str], folder: Path) -> list[Example]:
    """Frames, labels and jaw of one utterance, in its own voice, in those of ``VOICES``, and shouted."""
    own = logmel.power_to_db(mel_powers(u.samples))
    times = np.arange(len(own)) / RATE
    jaw = np.full(len(own), np.nan, np.float32)
    if u.corpus == "facegood":
        curve = facegood_jaw(folder / "facegood" / f"{u.name}.npz")
        jaw = np.interp(times, np.arange(len(curve)) / 30, curve).astype(np.float32)
    elif u.phones:
        jaw = jaw_of_phones(u.phones, times)
    labels = frame_labels(u.phones, len(own), sets)
    rng = generator(stable_seed(u.corpus, u.name), "voices")
    ratios = [rng.uniform(*span) for span in (*VOICES, SHOUTED)]
    sounds = [*[u.samples] * len(VOICES), overdriven(u.samples, rng)]
    frames = [own, *(shifted(sound, ratio) for sound, ratio in zip(sounds, ratios, strict=True))]
    return [
        Example(
            name=u.name,
            corpus=u.corpus,
            speaker=u.speaker,
            decibels=x.astype(np.float16),
            labels=labels,
            jaw=jaw.astype(np.float16),
            ratio=ratio,
        )
        for x, ratio in zip(frames, [1.0, *ratios], strict=True)
    ]


def collect(folder: Path, corpora: list[str], synthetic: int, seed: int, cache: Path) -> Examples[Example]:
    """Examples of the named corpora, each read once and kept in ``cache``."""
    sets, items = [""], []
    for corpus in corpora:
        key = f"-{synthetic}-{seed}" if corpus == "flite" else ""
        path = cache / f"phones-{corpus}{key}-shouted.npz"
        if not path.is_file():
            own = [""]
            said = utterances(folder, [corpus], synthetic, seed)
            _store(path, [e for u in said for e in to_examples(u, own, folder)], own)
        with border(path, "delete it: it is made again"), np.load(path, allow_pickle=False) as file:
            info = json.loads(str(file["info"]))
            decibels, labels, jaw = file["decibels"], file["labels"], file["jaw"]
        sets += [name for name in info["sets"] if name not in sets]
        labels = np.array([sets.index(name) for name in info["sets"]], np.int16)[labels]
        end = 0
        for name, speaker, count, ratio in info["items"]:
            begin, end = end, end + count
            part = slice(begin, end)
            items.append(
                Example(
                    name=name, corpus=corpus, speaker=speaker, decibels=decibels[part], labels=labels[part],
                    jaw=jaw[part], ratio=ratio,
                )
            )  # fmt: skip
    return Examples(items, sets)


def _store(path: Path, items: list[Example], sets: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path, ".npz") as made:
        np.savez(
            made,
            info=json.dumps({"sets": sets, "items": [(e.name, e.speaker, len(e), e.ratio) for e in items]}),
            decibels=np.concatenate([e.decibels for e in items]),
            labels=np.concatenate([e.labels for e in items]),
            jaw=np.concatenate([e.jaw for e in items]),
        )


def realign(e: E, log_posteriors: NDArray[np.float32], members: NDArray[np.float32], doubt: float) -> E:
    """The same sounds in the same order with the times that a first network hears, at most ``SLACK`` frames away.

    Corpora draw their borders differently; one network's ears make them agree. Frames whose lip class the
    network gives less than ``doubt`` become unknown (0 keeps all).
    """
    starts = np.flatnonzero(np.diff(e.labels, prepend=-1))
    runs, ends = e.labels[starts], np.append(starts[1:], len(e))
    if len(runs) < 2:
        return e
    score = np.log(np.maximum(np.exp(log_posteriors) @ members[runs].T, 1e-6))  # (T, runs)
    time = np.arange(len(e))[:, None]
    score[(time < starts - SLACK) | (time >= ends + SLACK)] = -1e4
    best, came = np.full(len(runs), -1e9), np.zeros((len(e), len(runs)), bool)
    best[0] = score[0, 0]
    for t in range(1, len(e)):
        step = np.append(-1e9, best[:-1])
        came[t] = step > best
        best = np.where(came[t], step, best) + score[t]
    labels, run = np.empty_like(e.labels), len(runs) - 1
    for t in range(len(e) - 1, -1, -1):
        labels[t] = runs[run]
        run -= bool(came[t, run])
    if doubt:
        onto = CLASS_OF[:, None] == np.arange(len(CLASSES))
        allowed = (members @ onto > 0).astype(np.float32)
        believed = ((np.exp(log_posteriors) @ onto) * allowed[labels]).sum(axis=1)
        labels = np.where(believed < doubt, 0, labels).astype(labels.dtype)
    return replace(e, labels=labels)


PLAIN_SHARE = 0.4
"""Share of stretches of a taught round that are left as they are, their loudness apart: without them a network that
learned to hear through noise heard clean speech of unfamiliar voices worse (measured: BEAT's F1 .63 to .56)."""


def stretch(
    examples: list[Example], frames: int, silence: int | NDArray, rng: np.random.Generator
) -> tuple[NDArray, ...]:
    """``frames`` frames of utterances said one after another with pauses: network input ``(frames, 40)``,
    labels (or what was taught, where it was) and jaw. ``silence`` is the label of silence."""
    parts, filled = [], 0
    plain = examples[0].taught is not None and rng.random() < PLAIN_SHARE
    while filled < frames:
        e = examples[rng.integers(len(examples))]
        first = 0
        if len(e) > frames // 2 and rng.random() < 0.7:
            first = int(rng.integers(len(e) - frames // 2))
        said = e.labels if e.taught is None else e.taught
        own = e.decibels[first : first + frames], said[first : first + frames], e.jaw[first : first + frames]
        x, labels, jaw = (own[0].astype(np.float32), *own[1:]) if plain else disturb(*own, rng)
        gap = int(rng.integers(0, 60) if rng.random() < 0.85 else rng.integers(60, 300))
        quiet = np.quantile(x, 0.05, axis=0) if rng.random() < 0.5 else np.full(logmel.BANDS, -110.0)
        pause = quiet + 2 * rng.standard_normal((gap, logmel.BANDS))
        x = x - np.percentile(x.max(axis=1), 95) + rng.normal(0, 4)
        parts += [(pause, np.repeat(np.asarray(silence)[None], gap, axis=0), np.zeros(gap)), (x, labels, jaw)]
        filled += len(x) + gap
    x, labels, jaw = (np.concatenate(p)[:frames] for p in zip(*parts, strict=True))
    x = louder(x.astype(np.float32), rng) if plain else spoil(x.astype(np.float32), rng)
    level = logmel.running_level(logmel.loudness((10 ** (x / 10)).astype(np.float32)), logmel.START_LEVEL)
    kind = np.int64 if labels.ndim == 1 else np.float32
    return logmel.relative(x, level), labels.astype(kind), jaw.astype(np.float32)
