"""How well phones are heard: frame accuracy, closures found in time, boundary error, jaw correlation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gengine.core.words import Phone
from gengine.encoders.phones import CLASS_OF, CLASSES, PHONES, RATE

_CLASS_NAMES = list(CLASSES)
TOLERANCE = 0.04
"""A closure counts as found when its centre lies this near, seconds."""


def classes_of(symbol: str) -> set[str]:
    """Lip classes that a label allows (none where unknown)."""
    return {_CLASS_NAMES[CLASS_OF[PHONES.index(p)]] for p in symbol.split("|") if p in PHONES}


def closures(phones: tuple[Phone, ...], classes: tuple[str, ...] = ("bilab",)) -> NDArray[np.float64]:
    """Stretches ``(K, 2)`` s during which the sound is one of ``classes``; neighbours join."""
    found: list[list[float]] = []
    for p in phones:
        options = classes_of(p.symbol)
        if options and options <= set(classes):
            if found and p.start - found[-1][1] < 1e-6:
                found[-1][1] = p.end
            else:
                found.append([p.start, p.end])
    return np.array(found, float).reshape(-1, 2)


def match(true: NDArray, heard: NDArray, tolerance: float = TOLERANCE) -> list[tuple[int, int]]:
    """One-to-one pairs whose centres lie within ``tolerance`` s, nearest first."""
    if not len(true) or not len(heard):
        return []
    away = np.abs(true.mean(axis=1)[:, None] - heard.mean(axis=1)[None])
    pairs, used_true, used_heard = [], set(), set()
    for flat in np.argsort(away, axis=None):
        i, j = divmod(int(flat), len(heard))
        if away[i, j] > tolerance:
            break
        if i not in used_true and j not in used_heard:
            pairs.append((i, j))
            used_true.add(i)
            used_heard.add(j)
    return pairs


@dataclass
class PhoneScores:
    """Counts gathered over utterances; ``table`` makes them readable."""

    frames: int = 0
    phone_right: int = 0
    class_right: int = 0
    speech_frames: int = 0
    speech_class_right: int = 0
    true_closures: int = 0
    heard_closures: int = 0
    found: int = 0
    edges: list[float] = field(default_factory=list)
    boundaries: list[float] = field(default_factory=list)
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((len(CLASSES), len(CLASSES)), np.int64))

    def update(self, true: tuple[Phone, ...], heard: tuple[Phone, ...], duration: float) -> None:
        """Add one utterance."""
        times = np.arange(int(duration * RATE)) / RATE
        a, b = (_at(times, phones) for phones in (true, heard))
        for t, h in zip(a, b, strict=True):
            options = set(t.split("|")) & set(PHONES)
            if not options:
                continue
            self.frames += 1
            self.phone_right += h in options
            classes = classes_of(t)
            right = bool(classes_of(h) & classes)
            self.class_right += right
            if "sil" not in options:
                self.speech_frames += 1
                self.speech_class_right += right
            if len(classes) == 1 and h:
                self.confusion[_CLASS_NAMES.index(min(classes)), CLASS_OF[PHONES.index(h)]] += 1
        true_closures, heard_closures = closures(true), closures(heard)
        pairs = match(true_closures, heard_closures)
        self.true_closures += len(true_closures)
        self.heard_closures += len(heard_closures)
        self.found += len(pairs)
        self.edges += [float(x) for i, j in pairs for x in heard_closures[j] - true_closures[i]]
        starts = np.array([p.start for p in heard[1:]])
        if len(starts):
            self.boundaries += [float(np.abs(starts - p.start).min()) for p in true[1:] if p.symbol]

    @property
    def recall(self) -> float:
        """Share of lip closures that were heard in time."""
        return self.found / max(1, self.true_closures)

    @property
    def precision(self) -> float:
        """Share of heard lip closures that were there."""
        return self.found / max(1, self.heard_closures)

    def row(self) -> dict[str, float]:
        """The numbers: shares 0-1, times in ms."""
        return {
            "phone": self.phone_right / max(1, self.frames),
            "class": self.class_right / max(1, self.frames),
            "class in speech": self.speech_class_right / max(1, self.speech_frames),
            "bilabial recall": self.recall,
            "bilabial precision": self.precision,
            "closure edge ms": 1000 * float(np.median(np.abs(self.edges))) if self.edges else float("nan"),
            "boundary ms": 1000 * float(np.median(self.boundaries)) if self.boundaries else float("nan"),
            "minutes": self.frames / RATE / 60,
        }


def _at(times: NDArray, phones: tuple[Phone, ...]) -> list[str]:
    if not phones:
        return [""] * len(times)
    index = np.searchsorted([p.start for p in phones], times + 1e-9, side="right") - 1
    return [phones[i].symbol if i >= 0 and times[k] < phones[i].end + 1e-9 else "" for k, i in enumerate(index)]
