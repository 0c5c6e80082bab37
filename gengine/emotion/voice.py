"""A cautious reading of emotion from how something is said.

Slow averages of the prosody (loudness contour, pitch range and movement, brightness of voiced sound, tempo)
feed a four-class logistic regression trained on EMO-DB's acted German speech (CC0), with read speech of other
corpora as further neutral. It tells high from low arousal well and anger from happiness poorly, so the
strengths it gives are modest. ``benchmarks/emotion_voice.py`` trains it, prints its leave-one-speaker-out
accuracy and its false alarms, and writes ``data/voice_model.json``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from gengine.core.conditions import ANALYSIS_RATE, Prosody
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.emotion.vocabulary import prototypes
from gengine.errors import FormatError

SMOOTHING = 1.5
"""Time constant of the averages, seconds."""

STRENGTH = 0.7
"""Strength of an emotion that the voice shows beyond doubt."""

FEATURES = (
    "level mean", "level deviation", "level movement", "pitch deviation", "pitch movement", "pitch skew",
    "voicing mean", "voiced share", "brightness mean", "brightness deviation", "sibilance mean", "speech share",
    "loud share", "peak rate",
)  # fmt: skip
"""What the averages say; deviations and movements are square roots of averaged squares."""

CLASSES = ("neutral", "anger", "happiness", "sadness")
"""Emotions of the classifier: those that EMO-DB has in full length."""

# All by judgement, unless the model's training on EMO-DB says otherwise (benchmarks/emotion_voice.py).
_SETTLE = 40.0  # frames over which the probabilities are smoothed once more
_PRIOR = 0.15  # weight of the usual value against a full window of speech: little heard, little said
_PITCH_LIMIT = 15.0  # semitones from the usual pitch that count
_MOVEMENT_LIMIT = 3.0  # semitones from frame to frame that count: more is a slip of the tracker
_PEAK_LEVEL = 0.6  # level of a syllable's peak
_LOUD_LEVEL = 0.95  # level of a loud frame
_LEAST_HISS = 1e-4  # share of hiss that its logarithm starts from
_LEAST_PITCH_VARIANCE = 0.01  # semitones^2
_LEAST_VARIANCE = 1e-4
_MOST_SKEW = 3  # of the pitch
_MOST_DEVIATIONS = 3.0  # of a feature from its mean over the training
_ENOUGH_SPEECH = 0.4  # share of speech in the window from which the reading counts in full


class VoiceAverages:
    """Streaming features ``(N, 14)``: averages over the last ``SMOOTHING`` seconds of speech or of voiced frames."""

    # Averaged quantities as (name, frames they are averaged over, usual value).
    _USUAL = (
        0.80, 0.68, 0.04,  # level, its square, absolute movement per frame [speech]
        0.0, 9.0, 0.35, 0.0,  # pitch, its square, absolute movement, cube [voiced]
        0.70, 0.65,  # voicing, voiced [speech]
        -2.2, 5.3,  # log10 of the hiss share and its square [voiced]
        0.12, 0.35, 0.045,  # sibilance, loud, peak [speech]
    )  # fmt: skip

    def __init__(self) -> None:
        decay = float(np.exp(-1 / (SMOOTHING * ANALYSIS_RATE)))
        self._b, self._a = np.array([1 - decay]), np.array([1, -decay])
        self._state = np.zeros((1, len(self._USUAL) + 3))
        self._last = np.zeros((3, 2))  # level and pitch of the last three frames

    def push(self, prosody: Prosody) -> NDArray[np.float64]:
        """Features ``(N, 14)`` by ``FEATURES`` of the next ``len(prosody)`` frames."""
        count = len(prosody)
        if not count:
            return np.zeros((0, len(FEATURES)))
        level = np.concatenate([self._last[:, 0], prosody.level.astype(float)])
        pitch = np.concatenate([self._last[:, 1], prosody.pitch.astype(float)])
        self._last = np.stack([level[-3:], pitch[-3:]], axis=1)
        both = (pitch[3:] != 0) & (pitch[2:-1] != 0)
        change = np.where(both, np.minimum(np.abs(pitch[3:] - pitch[2:-1]), _MOVEMENT_LIMIT), 0)
        peak = (level[2:-1] > level[3:]) & (level[2:-1] >= level[1:-2]) & (level[2:-1] > _PEAK_LEVEL)
        movement = np.abs(level[3:] - level[2:-1])
        level, pitch = level[3:], np.clip(pitch[3:], -_PITCH_LIMIT, _PITCH_LIMIT)
        speech = prosody.speech.astype(float)
        voiced = speech * (prosody.pitch != 0)
        hiss = np.log10(prosody.sibilance.astype(float) + _LEAST_HISS)
        columns = (
            (level, speech), (level**2, speech), (movement, speech),
            (pitch, voiced), (pitch**2, voiced), (change, voiced), (pitch**3, voiced),
            (prosody.voicing.astype(float), speech), ((prosody.pitch != 0).astype(float), speech),
            (hiss, voiced), (hiss**2, voiced),
            (prosody.sibilance.astype(float), speech), ((level > _LOUD_LEVEL).astype(float), speech),
            (peak.astype(float), speech),
        )  # fmt: skip
        weights = np.stack([speech, voiced, np.ones(count)], axis=1)
        sums = np.stack([value * weight for value, weight in columns], axis=1)
        averaged, self._state = lfilter(
            self._b, self._a, np.concatenate([sums, weights], axis=1), axis=0, zi=self._state
        )
        totals = averaged[:, len(columns) :]
        over = [1 if weight is voiced else 0 for _, weight in columns]
        mean = (averaged[:, : len(columns)] + _PRIOR * np.array(self._USUAL)) / (totals[:, over] + _PRIOR)
        m = mean.T
        spread = np.sqrt(np.maximum(m[4] - m[3] ** 2, _LEAST_PITCH_VARIANCE))
        return np.stack(
            [
                m[0], np.sqrt(np.maximum(m[1] - m[0] ** 2, _LEAST_VARIANCE)), m[2],
                spread, m[5], np.clip((m[6] - 3 * m[3] * m[4] + 2 * m[3] ** 3) / spread**3, -_MOST_SKEW, _MOST_SKEW),
                m[7], m[8], m[9], np.sqrt(np.maximum(m[10] - m[9] ** 2, _LEAST_VARIANCE)), m[11],
                totals[:, 0], m[12], m[13],
            ],
            axis=1,
        )  # fmt: skip


@cache
def _model() -> dict[str, NDArray[np.float64]]:
    text = resources.files("gengine.emotion").joinpath("data/voice_model.json").read_text("utf-8")
    data = json.loads(text)
    if tuple(data["features"]) != FEATURES:
        raise FormatError(
            "gengine/emotion/data/voice_model.json: made for other features; run emotion_voice.py --write"
        )
    return {k: np.array(data[k], float) for k in ("mean", "deviation", "weights", "bias")}


def posterior(
    features: NDArray[np.float64], model: dict[str, NDArray[np.float64]] | None = None
) -> NDArray[np.float64]:
    """Probabilities ``(N, 4)`` by ``CLASSES`` of ``features (N, 14)``."""
    m = model or _model()
    z = np.clip((features - m["mean"]) / m["deviation"], -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
    # Not a matrix product: its sums would depend on how many frames come at once.
    scores = (z[:, None, :] * m["weights"][None]).sum(2) + m["bias"]
    scores = np.exp(scores - scores.max(1, keepdims=True))
    return scores / scores.sum(1, keepdims=True)


class VoiceReader:
    """Streaming emotion from the voice: ``push`` prosody, get an ``EmotionTrack`` of the same frames.

    Only anger, happiness and sadness are ever told, each at most at ``STRENGTH``; where little speech has been
    heard, and in pauses, the reading fades to neutral. ``vad`` is the expected VAD of the classes.
    """

    def __init__(self) -> None:
        self._averages = VoiceAverages()
        self._b, self._a = np.array([1 / _SETTLE]), np.array([1, 1 / _SETTLE - 1])
        self._state = np.zeros((1, len(CLASSES)))

    def push(self, prosody: Prosody) -> EmotionTrack:
        """The reading of the next ``len(prosody)`` frames."""
        weights = np.zeros((len(prosody), len(EMOTIONS)), np.float32)
        if not len(prosody):
            return EmotionTrack(weights, np.zeros((0, 3), np.float32), ANALYSIS_RATE)
        features = self._averages.push(prosody)
        presence = np.minimum(features[:, FEATURES.index("speech share")] / _ENOUGH_SPEECH, 1)
        chance = 1 / len(CLASSES)
        beyond = np.maximum(posterior(features) - chance, 0) / (1 - chance) * presence[:, None]
        settled, self._state = lfilter(self._b, self._a, beyond, axis=0, zi=self._state)
        indices = [EMOTION_INDEX[name] for name in CLASSES]
        means = prototypes()[0][indices]
        vad = STRENGTH * (settled[:, :, None] * means[None]).sum(1)
        weights[:, indices] = STRENGTH * settled
        weights[:, EMOTION_INDEX["neutral"]] = 0
        return EmotionTrack(weights, vad.astype(np.float32), ANALYSIS_RATE)
