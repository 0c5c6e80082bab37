"""Conditions → what CaMN reads, one row per pose frame.

Nothing here is learned. The same function makes the rows of a training corpus and those of a live stream, and
everything after ``known_until`` is silence in both, so a network meets at run time what it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.conditions import Conditions, Syllable
from gengine.core.emotion import EMOTIONS
from gengine.core.face import ARKIT_NAMES, FaceTrack
from gengine.core.speaker import Speaker, Traits
from gengine.core.subwords import subword_ids

CURVES = ("level", "speech", "pitch", "voicing", "sibilance")
READINGS = 4
"""Each prosody curve is read this often per frame: accents are shorter than a frame of 15 fps."""
SPEECH = slice(CURVES.index("speech"), len(CURVES) * READINGS, len(CURVES))
"""Columns of ``audio`` that say whether somebody speaks."""
SUBWORDS = 12
"""Most subwords of one word."""
BUCKETS = 4096
AUDIO = len(CURVES) * READINGS + 3
TEXT = 3
EMOTION = len(EMOTIONS) + 3
FACE = len(ARKIT_NAMES) + 5
TRAITS = len(fields(Traits))
_PULSE = 0.06
"""Half width of the bump that marks a moment, seconds: about a frame."""


@dataclass(frozen=True, eq=False)
class Features:
    """Rows of ``T`` frames: ``audio (T, AUDIO)``, ``text (T, TEXT)`` (a word is spoken, how far it is, it begins),
    ``subwords (T, SUBWORDS)`` int (0: none), ``cues (T, kinds)``, ``emotion (T, EMOTION)`` strengths and VAD,
    ``face (T, FACE)``: ARKit weights, head turn (rad), gaze (rad)."""

    audio: NDArray[np.float32]
    text: NDArray[np.float32]
    subwords: NDArray[np.int64]
    cues: NDArray[np.float32]
    emotion: NDArray[np.float32]
    face: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.audio)

    def __getitem__(self, frames: slice) -> Features:
        return Features(**{k: v[frames] for k, v in self.__dict__.items()})


def features_of(c: Conditions, frames: NDArray[np.int64], fps: float, kinds: tuple[str, ...]) -> Features:
    """Rows for frame numbers ``frames`` at ``fps`` (Hz); frames before 0 or unknown are silent and wordless.

    ``kinds`` are the cue classes in the order of their columns. The face is not read here: see ``face_rows``.
    """
    times = np.asarray(frames, float) / fps
    return Features(
        _audio(c, times, fps), *_text(c, times), _cues(c, times, kinds), _emotion(c, times),
        np.zeros((len(times), FACE), np.float32),
    )  # fmt: skip


def face_rows(face: FaceTrack, start: float, times: NDArray) -> NDArray[np.float32]:
    """Rows ``(T, FACE)`` of a face that begins at ``start`` (s); each time reads the nearest frame."""
    index = np.clip(np.round((times - start) * face.fps).astype(int), 0, max(len(face) - 1, 0))
    turn = rotation.to_rotvec(np.asarray(face.head[index], float))
    return np.concatenate([face.weights[index], turn, face.gaze[index]], axis=1).astype(np.float32)


def traits_of(speaker: Speaker) -> NDArray[np.float32]:
    """Style traits ``(TRAITS,)`` of a speaker; every name has its own."""
    return np.array([getattr(speaker.traits, f.name) for f in fields(Traits)], np.float32)


def _audio(c: Conditions, times: NDArray, fps: float) -> NDArray[np.float32]:
    step = (np.arange(READINGS) - (READINGS - 1) / 2) / READINGS / fps
    fine = (times[:, None] + step).ravel()
    known = (fine >= 0) & (fine < c.known_until)
    curves = np.stack([c.curve(name, fine) for name in CURVES], 1) * known[:, None]
    curves[:, CURVES.index("pitch")] /= 6.0
    rows = curves.reshape(len(times), -1)
    onsets = [s.onset for s in c.syllables]
    weights = [s.prominence for s in c.syllables]
    beats = [_accent(s) for s in c.syllables]
    marks = [_pulses(times, onsets, w) for w in (np.ones(len(onsets)), weights, beats)]
    return np.concatenate([rows, np.stack(marks, 1)], axis=1).astype(np.float32)


def _accent(syllable: Syllable) -> float:
    return float(syllable.prominence >= 0.5)


def _pulses(times: NDArray, moments: list[float], sizes: NDArray | list[float]) -> NDArray:
    """A bump of each size at each moment; the largest counts where they overlap."""
    if not moments:
        return np.zeros(len(times))
    reach = (times[:, None] - np.asarray(moments)) / _PULSE
    return (np.exp(-0.5 * reach**2) * np.asarray(sizes)).max(1)


def _text(c: Conditions, times: NDArray) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    text = np.zeros((len(times), TEXT), np.float32)
    ids = np.zeros((len(times), SUBWORDS), np.int64)
    for word in c.words:
        inside = np.flatnonzero((times >= word.start - 1e-9) & (times < word.end) & (times < c.known_until))
        text[inside, 0] = 1.0
        text[inside, 1] = (times[inside] - word.start) / max(word.end - word.start, 1e-3)
        ids[inside] = _ids(word.text)
    text[:, 2] = _pulses(times, [w.start for w in c.words], np.ones(len(c.words)))
    return text, ids


@lru_cache(maxsize=8192)
def _ids(word: str) -> NDArray[np.int64]:
    found = subword_ids(word, BUCKETS, SUBWORDS)
    return np.pad(found, (0, SUBWORDS - len(found)))


def _cues(c: Conditions, times: NDArray, kinds: tuple[str, ...]) -> NDArray[np.float32]:
    rows = np.zeros((len(times), len(kinds)), np.float32)
    for cue in c.cues:
        if cue.kind in kinds:
            column = rows[:, kinds.index(cue.kind)]
            inside = 0.5 * ((times >= cue.start) & (times < cue.end))
            np.maximum(column, inside + 0.5 * _pulses(times, [cue.accent], [1.0]), out=column)
    return rows


def _emotion(c: Conditions, times: NDArray) -> NDArray[np.float32]:
    weights, vad = c.emotion_at(np.clip(times, c.start, None))
    return np.concatenate([weights, vad], axis=1).astype(np.float32)
