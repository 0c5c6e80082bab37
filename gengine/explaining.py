"""Which emotion a recording has, when, and by what one hears it: the timeline, shaped, drawn and explained.

Cues are named against the speaker's own baseline, the whole recording: nobody's voice is loud or high by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Conditions, Syllable
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.placing import check_place, whole
from gengine.core.report import Report
from gengine.core.words import Tag, sentences
from gengine.emotion.dials import Dials
from gengine.emotion.embedding import embedding
from gengine.emotion.parse import parse_state
from gengine.emotion.picture import row
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

SURE, SHARED = 0.2, 0.3
"""Voice and words disagree where each tells an emotion of this strength, and they share less of what the weaker of them
tells. Judgement: simulated pairs of voices and words were told apart from agreeing ones at an AUC of .61 only."""

MANNER = 0.1
"""Valence, arousal or dominance beyond what a mixture of emotions has, from which keyframes hold it too."""

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
class Segment:
    """A stretch of speech from ``start`` to ``end`` s: its emotions' strengths, strongest first, the cues, the mean
    valence, arousal and dominance, and, where they disagree, what the voice and what the words say most."""

    start: float
    end: float
    text: str
    emotions: tuple[tuple[str, float], ...]
    cues: tuple[str, ...]
    vad: tuple[float, float, float] = (0.0, 0.0, 0.0)
    conflict: tuple[str, str] | None = None

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
    """The emotion ``track`` of a recording at ``FPS``, its ``segments``, and the ``report`` of what was read; what the
    ``voice`` and what the ``words`` tell by themselves, of which the track is the pool; and both as vectors of
    one space, ``embedding (T, D)`` (``gengine.emotion.embedding``), of length 0 where nothing is told and 1 at most."""

    track: EmotionTrack
    segments: tuple[Segment, ...]
    report: Report = field(default_factory=Report)
    voice: EmotionTrack | None = None
    words: EmotionTrack | None = None
    embedding: NDArray[np.float64] | None = None

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
            **({name: np.round(t.weights.astype(float), 3).tolist() for name, t in (("voice", self.voice),
                ("words", self.words)) if t is not None}),
            "segments": [
                {"start": round(s.start, 3), "end": round(s.end, 3), "top": s.top, "emotions": dict(s.emotions),
                 "cues": list(s.cues), "text": s.text, "sentence": s.sentence(), "conflict": _named(s.conflict)}
                for s in self.segments
            ],
            "report": self.report.as_dict(),
        }  # fmt: skip

    def keyframes(self) -> list[dict[str, Any]]:
        """The timeline as keyframes to edit: one a segment, and a neutral one in each longer pause."""
        keys: list[dict[str, Any]] = []
        for k, s in enumerate(self.segments):
            said = "+".join(f"{name}:{strength:.2f}" for name, strength in s.emotions) or "neutral"
            manner = np.array(s.vad) - parse_state(said).vad
            if np.abs(manner).max() >= MANNER:  # a whisper is no emotion
                shift = "shift:" + ",".join(f"{x:.2f}" for x in np.clip(manner, -1, 1))
                said = shift if said == "neutral" else f"{said}+{shift}"
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

    take = Take(source, text=text, emotion=emotion, dials=dials, **options)
    words = take.words()
    clip = load_audio(take.source, part=take.part)
    space = embedding() if take.plan.listens else None
    hearing = Hearing(
        take.plan, words, take.speaker, clip.rate, voice_reference=take.voice_reference, dials=dials, embedding=space
    )
    hearing.push(clip.samples)
    hearing.flush()
    heard = hearing.whole(clip.duration)
    track = heard.emotion.resample(FPS)
    voice, told_by_words = (one.resample(FPS) for one in hearing.witnesses())
    vectors = None if space is None else hearing.embedded(0, len(heard.emotion))[:: round(ANALYSIS_RATE / FPS)]
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
        frames = _frames(start, end, FPS)
        conflict = _conflict(voice.weights[frames], told_by_words.weights[frames])
        if conflict is not None:
            cues.append(f"voice and words disagree: {conflict[0]} in the voice, {conflict[1]} in the words")
        emotions, vad = _strengths(track.weights[frames]), track.vad[frames]
        text = " ".join(word.text for word in said[k]) if said else ""
        valence, arousal, dominance = vad.mean(axis=0).tolist() if len(vad) else (0.0, 0.0, 0.0)
        segments.append(
            Segment(start, end, text, tuple(emotions), tuple(cues), (valence, arousal, dominance), conflict)
        )
        before = end
    return Reading(track, tuple(segments), take.report, voice, told_by_words, vectors)


def _conflict(voice: NDArray, words: NDArray) -> tuple[str, str] | None:
    """The strongest emotion of the voice and of the words in a segment where both are sure and share little."""
    if not len(voice) or not len(words):
        return None
    a, b = voice.mean(axis=0)[1:], words.mean(axis=0)[1:]
    if min(a.max(), b.max()) < SURE or np.minimum(a, b).sum() > SHARED * min(a.sum(), b.sum()):
        return None
    return EMOTIONS[1 + int(a.argmax())], EMOTIONS[1 + int(b.argmax())]


def between(reading: Reading) -> list[str]:
    """Where voice and words disagree, both as lines for a terminal: what each tells by itself."""
    both = [s.conflict for s in reading.segments if s.conflict is not None]
    shown = []
    for name, track, told in (
        ("voice", reading.voice, [v for v, _ in both]),
        ("words", reading.words, [w for _, w in both]),
    ):
        if told and track is not None:
            shown.append(f"{'':>11} by the {name} alone:")
            shown += [row(e, track.weights[:, EMOTION_INDEX[e]]) for e in dict.fromkeys(told)]
    return shown


def _named(conflict: tuple[str, str] | None) -> dict[str, str] | None:
    return None if conflict is None else {"voice": conflict[0], "words": conflict[1]}


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
