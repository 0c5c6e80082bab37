"""Emotion read from how something is said, second by second, while it is said.

The last two seconds of speech become a vector (``speech_encoder``: frozen layers of Whisper). What the speaker usually
sounds like is taken off it: a neutral recording where one is given, else a running mean of what was heard as neutral,
begun at the mean of many speakers. A linear head turns the difference into a posterior of seven categories and into
valence, arousal, dominance and strength. ``gengine.training.voice_head`` trains it, ``benchmarks/emotion_voice.py``
judges it. It reads voices, not people: acted emotion is not felt emotion, and half of ordinary disagreement between
listeners stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.core.conditions import ANALYSIS_RATE
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.report import Report
from gengine.encoders.speech_encoder import CHECKPOINT as ENCODER
from gengine.encoders.speech_encoder import SpeechEncoder
from gengine.errors import AudioError, FormatError

if TYPE_CHECKING:
    from gengine.emotion.embedding import EmotionEmbedding

CATEGORIES = ("neutral", "anger", "happiness", "sadness", "fear", "disgust", "boredom")
"""What the head tells apart: EMO-DB's seven."""
DIMENSIONS = ("valence", "arousal", "dominance", "strength")
"""What it measures beside them: three from -1 to 1, strength from 0 to 1."""

SECONDS = 2
"""Of speech that a reading looks at: shorter ones read far worse (.78 of 7 at .6 s, .91 at 2 s)."""
STEP = 1
"""Seconds from one reading to the next."""

# By judgement, unless the benchmark's neutral shares say otherwise.
LEAST_SPEECH = 0.15
"""Share of speech in the window below which nothing is read."""
ENOUGH_SPEECH = 0.4
"""Share of speech from which the reading counts in full."""
DOUBT = 0.2
"""Probability of an emotion up to which it is not shown at all: neutral speech stays still."""
STRONGEST = 0.85
"""Strength of an emotion that the voice shows beyond doubt."""
SETTLE = 0.25
"""Time constant, twice in a row, with which one reading becomes the next, seconds: no jump, no kink."""
LEARNING = 0.2
"""Share that a window counts for in a learned reference, beside its chance of being neutral: anger stays anger."""
SHORTEST_REFERENCE = 1.0
"""Speech that a neutral recording must hold, seconds."""

SHOWN = {"boredom": "bored"}
"""Names of categories among the eighteen emotions where they differ."""

_INDICES = [EMOTION_INDEX[SHOWN.get(name, name)] for name in CATEGORIES[1:]]
_FRAME = SAMPLE_RATE // ANALYSIS_RATE


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read of the second that ends at ``end`` s: ``posterior (7,)`` by ``CATEGORIES``, ``dimensions (4,)`` by
    ``DIMENSIONS``, and ``presence``, from 0 (no speech, all neutral) to 1."""

    end: float
    posterior: NDArray[np.float64]
    dimensions: NDArray[np.float64]
    presence: float


class VoiceHead:
    """From a vector and the speaker's reference to a posterior and dimensions: ``head(vector, reference)``."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> None:
        if config.get("kind") != "voice emotion" or tuple(config["categories"]) != CATEGORIES:
            raise FormatError("not a voice reader of this version of gengine")
        t = {name: value.astype(np.float64) for name, value in tensors.items()}
        self.home, self.scale = t["home"], t["scale"]
        self.weights, self.bias = t["weights"], t["bias"]
        self.dimension_weights, self.dimension_bias = t["dimensions.weights"], t["dimensions.bias"]
        self.inertia = float(config["inertia"])

    @classmethod
    def load(cls, checkpoint: str | Path = "voice-v2") -> VoiceHead:
        """Of a checkpoint; ``FormatError`` where it is another thing."""
        config, tensors = shared_checkpoint(checkpoint)
        with fitting(checkpoint):
            head = cls(config, tensors)
            head(np.zeros_like(head.home), head.home)
            return head

    def __call__(self, vector: ArrayLike, reference: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posterior ``(..., 7)`` and dimensions ``(..., 4)`` of vectors ``(..., D)`` against ``reference (D,)``."""
        z = (np.asarray(vector, float) - reference) / self.scale
        scores = z @ self.weights + self.bias
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        dimensions = np.clip(z @ self.dimension_weights + self.dimension_bias, [-1, -1, -1, 0], 1)
        return np.asarray(scores / scores.sum(axis=-1, keepdims=True), float), np.asarray(dimensions, float)


class Reference:
    """What a speaker sounds like when neutral: the mean of many speakers, then more and more this one's own.

    ``add`` counts a vector by its chance of being neutral, so that long anger does not become the usual.
    """

    def __init__(self, home: NDArray[np.float64], inertia: float) -> None:
        self._sum, self._weight = home * inertia, inertia

    def add(self, vector: NDArray[np.floating], weight: float = 1.0) -> None:
        """One more vector ``(D,)``."""
        self._sum = self._sum + weight * vector
        self._weight += weight

    @property
    def vector(self) -> NDArray[np.float64]:
        """The reference ``(D,)``."""
        return self._sum / self._weight


@cache
def _encoder() -> SpeechEncoder:
    return SpeechEncoder(ENCODER)


def neutral_reference(samples: NDArray[np.float32]) -> Reference:
    """Of a recording ``(N,)`` at 16 kHz in which the speaker is neutral; ``AudioError`` where it holds too little."""
    head = VoiceHead.load()
    reference = Reference(head.home, head.inertia)
    size = SECONDS * SAMPLE_RATE
    windows = [samples[at : at + size] for at in range(0, max(1, len(samples) - size // 2), STEP * SAMPLE_RATE)]
    windows = [w for w in windows if len(w) >= SHORTEST_REFERENCE * SAMPLE_RATE and np.abs(w).max() > 0]
    if not windows:
        raise AudioError(
            f"voice reference: {len(samples) / SAMPLE_RATE:.1f} s, expected at least {SHORTEST_REFERENCE:g} s of "
            "speech; give a longer recording of the speaker being neutral"
        )
    for window in windows:
        reference.add(_encoder()(window))
    return reference


class VoiceReader:
    """Streaming emotion from the voice: push sound and which of its frames are speech, get an ``EmotionTrack``.

    Every whole second of speech is read when it is over, so an emotion is shown from about a second after it is heard;
    no frame waits, and nothing depends on the chunks. Where little speech is heard, and in pauses, the reading fades to
    neutral. ``reference`` is the speaker's own (``neutral_reference``); without one it is learned while the speaker
    speaks. ``smoothing`` is how much longer, s, one reading takes to become the next. ``readings`` are all that were
    made where they are kept; without, memory stays flat over hours. With an ``embedding`` ``embedded (M, D)`` are the
    vectors that come and go with the frames of the last push.
    """

    def __init__(
        self,
        reference: Reference | None = None,
        keep_readings: bool = False,
        smoothing: float = 0.0,
        embedding: EmotionEmbedding | None = None,
    ) -> None:
        self._embedding, width = embedding, 0 if embedding is None else embedding.width
        self.embedded = np.zeros((0, width), np.float32)
        self._settle = SETTLE + smoothing / 2
        self._head = VoiceHead.load()
        self._given = reference is not None
        self._reference = reference or Reference(self._head.home, self._head.inertia)
        self._sound = np.zeros(0, np.float32)  # of the last two seconds and what is not read yet
        self._speech = np.zeros(0, np.float32)
        self._dropped = 0  # frames before them
        self._frame = 0  # frames that were handed out
        self._target = np.zeros(len(EMOTIONS) + 3 + width)  # what the last reading shows
        self._states = np.zeros((2, len(self._target)))
        self._keep = keep_readings
        self.readings: list[Reading] = []
        self._count, self._total = 0, np.zeros(len(CATEGORIES))  # of readings with speech, and their posteriors' sum

    def push(self, samples: NDArray[np.float32], speech: NDArray[np.float32]) -> EmotionTrack:
        """The next frames, one for each of ``speech (M,)`` at 100 Hz, 1 where there is any. ``samples (N,)`` at 16 kHz
        are the next of the sound, which is as long as its frames or ahead of them."""
        self._sound = np.concatenate([self._sound, samples])
        self._speech = np.concatenate([self._speech, speech])
        parts, last, step = [np.zeros((0, len(self._target)))], self._frame + len(speech), STEP * ANALYSIS_RATE
        while self._frame < last:
            end = min(last, (self._frame // step + 1) * step)
            parts.append(self._smooth(end - self._frame))
            self._frame = end
            if end % step == 0:
                self._read()
        weights, vad, self.embedded = np.split(
            np.concatenate(parts).astype(np.float32), [len(EMOTIONS), len(EMOTIONS) + 3], axis=1
        )
        return EmotionTrack(weights, vad, ANALYSIS_RATE)

    def report(self) -> Report:
        """What was heard on the whole, and against what."""
        if not self._count:
            return Report({"voice": {"read": 0}}, notes=("No speech was heard long enough to read its emotion.",))
        mean = self._total / self._count
        heard = " ".join(f"{CATEGORIES[i]} {mean[i]:.2f}" for i in np.argsort(-mean)[:2])
        return Report(
            {"voice": {"read": self._count, "heard": heard, "reference": "given" if self._given else "learned"}}
        )

    def _read(self) -> None:
        """Look at the two seconds before now, and forget what the next reading will not see."""
        first = max(0, self._frame - SECONDS * ANALYSIS_RATE) - self._dropped
        cut = slice(first, self._frame - self._dropped)
        reading = self._look(self._sound[cut.start * _FRAME : cut.stop * _FRAME], self._speech[cut])
        self._target = shown(reading)
        if self._embedding is not None:
            added = self._embedding.of_voice(reading.posterior, reading.dimensions, reading.presence)
            self._target = np.concatenate([self._target, added])
        if self._keep:
            self.readings.append(reading)
        keep = max(0, self._frame - (SECONDS - STEP) * ANALYSIS_RATE)
        self._sound = self._sound[(keep - self._dropped) * _FRAME :]
        self._speech = self._speech[keep - self._dropped :]
        self._dropped = keep

    def _look(self, sound: NDArray[np.float32], speech: NDArray[np.float32]) -> Reading:
        share, end = float(speech.mean()), self._frame / ANALYSIS_RATE
        if share < LEAST_SPEECH or len(sound) < SAMPLE_RATE // 2:
            return Reading(end, np.eye(len(CATEGORIES))[0], np.zeros(len(DIMENSIONS)), 0.0)
        vector = _encoder()(sound).astype(np.float64)
        posterior, dimensions = self._head(vector, self._reference.vector)
        if not self._given:
            self._reference.add(vector, LEARNING * float(posterior[0]))
        self._count, self._total = self._count + 1, self._total + posterior
        return Reading(end, posterior, dimensions, min(share / ENOUGH_SPEECH, 1.0))

    def _smooth(self, count: int) -> NDArray[np.float64]:
        """``count`` frames on the way to what is shown: two equal low passes, frame by frame."""
        rate = 1 - np.exp(-1 / (self._settle * ANALYSIS_RATE))
        out = np.empty((count, len(self._target)))
        first, second = self._states
        for i in range(count):
            first = first + rate * (self._target - first)
            second = second + rate * (first - second)
            out[i] = second
        self._states = np.stack([first, second])
        return out


def shown(reading: Reading) -> NDArray[np.float64]:
    """Strengths and VAD ``(21,)`` that a reading asks for: what is doubtful is left out, the rest is its chance."""
    weights, vad = np.zeros(len(EMOTIONS)), np.zeros(3)
    beyond = np.clip((reading.posterior[1:] - DOUBT) / (1 - DOUBT), 0, 1)
    weights[_INDICES] = STRONGEST * reading.presence * np.sqrt(beyond * reading.posterior[1:])
    vad = reading.dimensions[:3] * min(1.0, float(weights.sum()) / STRONGEST)
    return np.concatenate([weights, vad])
