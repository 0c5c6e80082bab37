"""Which emotion a recording has, when, and by what one hears it: the timeline, shaped, drawn and explained.

Cues are named against the speaker's own baseline, the whole recording: nobody's voice is loud or high by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Conditions, Syllable
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.placing import check_place, whole
from gengine.core.report import Report
from gengine.core.words import Tag, sentences
from gengine.emotion import parse_emotion
from gengine.emotion.text import LANGUAGE, Said, TextReader
from gengine.engine import Take
from gengine.errors import GengineError
from gengine.hearing import Hearing

FPS = 10.0
"""Frames per second of a timeline that is printed, drawn or written as JSON."""

LEAST = 0.1
"""Strengths below this are neutral."""

PAUSE = 0.5
"""Without words, speech between pauses of this length is one segment, seconds; shorter ones belong to it."""

LONG_PAUSE = 0.6
"""A pause before a segment that is worth telling, seconds. Judgement."""

DIFFERENCES = {
    "loudness": (2.5, "dB", "louder", "quieter"),
    "pitch": (1.5, "semitones", "higher", "lower"),
    "range": (25.0, "%", "livelier in pitch", "flatter in pitch"),
    "rate": (15.0, "%", "faster", "slower"),
    "brightness": (20.0, "%", "brighter", "duller"),
}
"""Least difference from the speaker's usual that is named, its unit, and how it is called. Judgement, about twice what
listeners just notice."""


@dataclass(frozen=True)
class Dials:
    """What is made of a reading: ``strength`` multiplies it (0 to 2), ``smoothing`` averages it over so many seconds,
    ``contrast`` above 1 drives strong emotions and weak ones apart, ``most`` emotions stay, and ``prefer`` (an
    expression of the grammar) is added. GengineError for a value out of range."""

    strength: float = 1.0
    smoothing: float = 0.0
    contrast: float = 1.0
    most: int = len(EMOTIONS)
    prefer: str | None = None

    def __post_init__(self) -> None:
        for name, low, high in (("strength", 0, 2), ("smoothing", 0, 10), ("contrast", 0.2, 5), ("most", 1, 18)):
            if not low <= getattr(self, name) <= high:
                raise GengineError(f"--{name} {getattr(self, name)}: expected {low:g} to {high:g}")

    def shape(self, track: EmotionTrack) -> EmotionTrack:
        """The track as the dials want it."""
        both = np.concatenate([track.weights, track.vad], axis=1).astype(float)
        width = round(self.smoothing * track.fps)
        if width > 1 and len(both):
            padded = np.pad(both, ((width // 2, width - 1 - width // 2), (0, 0)), mode="edge")
            both = np.stack([np.convolve(column, np.ones(width) / width, "valid") for column in padded.T], axis=1)
        weights, vad = both[:, : len(EMOTIONS)], both[:, len(EMOTIONS) :]
        if self.contrast != 1 and len(weights):
            top = np.maximum(weights.max(axis=1, keepdims=True), 1e-9)
            weights = top * (weights / top) ** self.contrast
        if self.most < len(EMOTIONS):
            order = np.argsort(-weights, axis=1, kind="stable")[:, self.most :]
            np.put_along_axis(weights, order, 0, axis=1)
        weights, vad = weights * self.strength, vad * self.strength
        if self.prefer:
            wanted, of, _ = parse_emotion(self.prefer)(np.arange(len(weights)) / track.fps)
            weights, vad = weights + wanted, vad + of
        return replace(track, weights=np.clip(weights, 0, 1), vad=np.clip(vad, -1, 1))


@dataclass(frozen=True)
class Segment:
    """A stretch of speech from ``start`` to ``end`` s: its emotions' strengths, strongest first, and the cues."""

    start: float
    end: float
    text: str
    emotions: tuple[tuple[str, float], ...]
    cues: tuple[str, ...]

    @property
    def top(self) -> str:
        """The strongest emotion."""
        return self.emotions[0][0] if self.emotions else "neutral"

    def sentence(self) -> str:
        """All of it in plain words."""
        felt = " and ".join(f"{name} {strength:.2f}" for name, strength in self.emotions[:2]) or "neutral"
        why = "; ".join(self.cues) or "nothing out of this speaker's ordinary"
        return f"{self.start:.1f}-{self.end:.1f} s: {felt} ({why})."


@dataclass(frozen=True, eq=False)
class Reading:
    """The emotion ``track`` of a recording at ``FPS``, its ``segments``, and the ``report`` of what was read."""

    track: EmotionTrack
    segments: tuple[Segment, ...]
    report: Report = field(default_factory=Report)

    @property
    def overall(self) -> dict[str, float]:
        """Label → strength, the mean over what is spoken, strongest first; without those below ``LEAST``."""
        spoken = np.zeros(len(self.track), bool)
        for s in self.segments:
            spoken[_frames(s.start, s.end, self.track.fps)] = True
        return dict(_strengths(self.track.weights[spoken] if spoken.any() else self.track.weights))

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "fps": self.track.fps,
            "labels": list(EMOTIONS),
            "weights": np.round(self.track.weights.astype(float), 3).tolist(),
            "vad": np.round(self.track.vad.astype(float), 3).tolist(),
            "overall": self.overall,
            "segments": [
                {"start": round(s.start, 3), "end": round(s.end, 3), "top": s.top, "emotions": dict(s.emotions),
                 "cues": list(s.cues), "text": s.text, "sentence": s.sentence()}
                for s in self.segments
            ],
            "report": self.report.as_dict(),
        }  # fmt: skip

    def keyframes(self) -> list[dict[str, Any]]:
        """The timeline as keyframes to edit: one a segment, and a neutral one in each longer pause."""
        keys: list[dict[str, Any]] = []
        for k, s in enumerate(self.segments):
            said = "+".join(f"{name}:{strength:.2f}" for name, strength in s.emotions) or "neutral"
            keys.append({"time": round(s.start, 2) if k else 0.0, "emotion": said})
        return keys or [{"time": 0.0, "emotion": "neutral"}]

    def write(self, path: str | Path) -> Path:
        """Write the timeline, which ``--emotion`` takes; the path it has."""
        path = Path(path)
        if path.suffix.lower() != ".json":
            raise GengineError(f"--write {path}: expected a file that ends in .json")
        check_place(path, folder=False)
        rows = ",\n  ".join(json.dumps(key) for key in self.keyframes())
        with whole(path) as made:
            made.write_text(f"[\n  {rows}\n]\n", "utf-8")
        return path


def read_emotion(
    source: Any, text: str | Path | None = None, *, emotion: Any = "auto", dials: Dials | None = None, **options: Any
) -> Reading:
    """What ``source`` is read as: a recording, with ``text`` or recognised words, as ``gengine.animate`` takes both.

    ``emotion`` is what is read ("auto", which may have something added); ``options`` are ``Take``'s. Raises as
    ``gengine.animate`` does.
    """
    from gengine.inputs.audio import load_audio

    take = Take(source, text=text, emotion=emotion, **options)
    words = take.words()
    clip = load_audio(take.source, part=take.part)
    hearing = Hearing(take.plan, words, take.speaker, clip.rate)
    hearing.push(clip.samples)
    hearing.flush()
    heard = hearing.whole(clip.duration)
    track = (dials or Dials()).shape(heard.emotion.resample(FPS))
    said = sentences(words.words) if words is not None else []
    told = TextReader().read(words.words) if words is not None and words.language == LANGUAGE else []
    if said and not told:
        take.report += Report(notes=("Words tell an emotion in English alone; these were not read.",))
    spans = [(one[0].start, one[-1].end) for one in said] or list(_phrases(heard.prosody.speech))
    usual = _measures(heard, 0.0, clip.duration)
    segments, before = [], 0.0
    for k, (start, end) in enumerate(spans):
        cues = list(_cues(_measures(heard, start, end), usual)) if len(spans) > 1 else []
        if segments and start - before >= LONG_PAUSE:
            cues.append(f"after a pause of {start - before:.1f} s")
        cues += _told(told[k]) if told else []
        cues += _tagged(words.tags if words is not None else (), start, end)
        emotions = _strengths(track.weights[_frames(start, end, FPS)])
        text = " ".join(word.text for word in said[k]) if said else ""
        segments.append(Segment(start, end, text, tuple(emotions), tuple(cues)))
        before = end
    return Reading(track, tuple(segments), take.report)


def _phrases(speech: NDArray) -> Iterator[tuple[float, float]]:
    """Where someone speaks, seconds, pauses below ``PAUSE`` closed."""
    spoken = np.flatnonzero(np.asarray(speech) > 0)
    if len(spoken):
        for run in np.split(spoken, np.flatnonzero(np.diff(spoken) > PAUSE * ANALYSIS_RATE) + 1):
            yield run[0] / ANALYSIS_RATE, (run[-1] + 1) / ANALYSIS_RATE


def _measures(heard: Conditions, start: float, end: float) -> dict[str, float]:
    """Loudness (dB), pitch (semitones), its range (semitones), syllables a second of speech, and brightness."""
    frames = _frames(start, end, ANALYSIS_RATE)
    prosody = heard.prosody[frames]
    spoken = prosody.speech > 0
    voiced = spoken & (prosody.pitch != 0)
    if spoken.sum() < 10 or voiced.sum() < 10:
        return {}
    vowels = sum(1 for s in _within(heard.syllables, start, end))
    return {
        "loudness": float(prosody.energy[spoken].mean()),
        "pitch": float(np.median(prosody.pitch[voiced])),
        "range": float(prosody.pitch[voiced].std()),
        "rate": vowels / (spoken.sum() / ANALYSIS_RATE),
        "brightness": float(prosody.sibilance[spoken].mean()),
    }


def _within(syllables: tuple[Syllable, ...], start: float, end: float) -> list[Syllable]:
    return [s for s in syllables if start <= s.onset < end]


def _cues(own: dict[str, float], usual: dict[str, float]) -> Iterator[str]:
    """What is out of the ordinary in a segment, in words."""
    for name, (least, unit, more, less) in DIFFERENCES.items():
        if name in own and name in usual:
            difference = own[name] - usual[name]
            if unit == "%":
                difference *= 100 / max(abs(usual[name]), 1e-6)
            if abs(difference) >= least:
                yield f"{more if difference > 0 else less} ({difference:+.0f} {unit})"


def _told(said: Said) -> list[str]:
    """What the words of a segment tell, where they tell anything beside neutral."""
    if said.label is None or not said.words:
        return []
    return [f"the words say {said.label}: " + ", ".join(f"'{word}'" for word in said.words)]


def _tagged(tags: tuple[Tag, ...], start: float, end: float) -> list[str]:
    """Tags of the text that begin in a segment."""
    return [f"the text asks for '{tag.written}'" for tag in tags if start - 1e-6 <= tag.start < end]


def _strengths(weights: NDArray) -> list[tuple[str, float]]:
    """Mean strengths from ``LEAST`` on, strongest first, without neutral."""
    if not len(weights):
        return []
    mean = weights.mean(axis=0)
    return [(EMOTIONS[k], round(float(mean[k]), 2)) for k in np.argsort(-mean) if k and mean[k] >= LEAST]


def _frames(start: float, end: float, fps: float) -> slice:
    return slice(round(start * fps), max(round(end * fps), round(start * fps) + 1))
