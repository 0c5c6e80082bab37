"""The plan and the voice become one emotion track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Prosody
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.emotion.plan import SHORTEST_FADE, EmotionPlan

if TYPE_CHECKING:
    from gengine.emotion.embedding import EmotionEmbedding
    from gengine.emotion.voice import Reference, VoiceReader

MOST_CHANGES = 8
"""Changes that may be under way at once; the oldest is taken as complete beyond. Judgement."""
_NO_SOUND = np.zeros(0, np.float32)


class EmotionEncoder:
    """Streaming emotion: push prosody and the sound behind it, get the track of the same frames at ``ANALYSIS_RATE``.

    Nothing is held back (``LATENCY`` 0) and nothing depends on the chunking. The voice is read only where
    the plan asks for it (``reader``, else None), against ``reference``, the speaker's neutral voice, if one is given,
    and comes and goes over ``smoothing`` s more, in the space of an ``embedding`` too where one is given.
    """

    LATENCY = 0.0
    """Seconds of prosody needed after a frame's time."""

    def __init__(
        self,
        plan: EmotionPlan,
        reference: Reference | None = None,
        smoothing: float = 0.0,
        embedding: EmotionEmbedding | None = None,
    ) -> None:
        self.plan, self._smoothing = plan, smoothing
        self._reference, self._embedding = reference, embedding
        self.reader = self._listening() if plan.listens else None
        self._frame = 0
        self._heard: EmotionTrack | None = None
        self._changes: list[tuple[EmotionPlan, float, float]] = []

    def change(self, plan: EmotionPlan, at: float, fade: float) -> None:
        """From ``at`` s on ``plan`` takes over within ``fade`` s."""
        if plan.listens and self.reader is None:
            self.reader = self._listening()
        self._changes.append((plan, at, max(fade, SHORTEST_FADE)))
        if len(self._changes) > MOST_CHANGES:
            self.plan = self._changes.pop(0)[0]

    def _listening(self) -> VoiceReader:
        from gengine.emotion.voice import VoiceReader  # who is told the emotion needs no reader

        return VoiceReader(self._reference, smoothing=self._smoothing, embedding=self._embedding)

    def push(self, prosody: Prosody, samples: NDArray[np.float32] = _NO_SOUND) -> EmotionTrack:
        """The emotion of the next ``len(prosody)`` frames: weights ``(N, 18)`` and VAD ``(N, 3)``.

        ``samples (M,)`` (16 kHz) are the next of the sound, which is ahead of its prosody.
        """
        times = np.arange(self._frame, self._frame + len(prosody)) / ANALYSIS_RATE
        self._frame += len(prosody)
        heard = self.reader.push(samples, prosody.speech) if self.reader is not None else None
        self._heard = heard[-1:] if heard is not None and len(heard) else self._heard
        return self._felt(times, heard)

    def coming(self, count: int) -> EmotionTrack:
        """The ``count`` frames after those that were pushed, as far as they are known: the plan, and the voice as it
        was heard last."""
        times = np.arange(self._frame, self._frame + count) / ANALYSIS_RATE
        return self._felt(times, self._heard)

    def _felt(self, times: NDArray[np.float64], heard: EmotionTrack | None) -> EmotionTrack:
        weights, vad, share = self._planned(times)
        if heard is not None:
            weights = np.minimum(weights + share[:, None] * heard.weights, 1)
            vad = np.clip(vad + share[:, None] * heard.vad, -1, 1)
        return EmotionTrack(weights.astype(np.float32), vad.astype(np.float32), ANALYSIS_RATE)

    def _planned(self, times: NDArray[np.float64]) -> tuple[NDArray, NDArray, NDArray]:
        """The plan with its changes at ``times (N,)``; changes that are complete take its place."""
        while len(times) and self._changes and times[0] >= sum(self._changes[0][1:]):
            self.plan = self._changes.pop(0)[0]
        felt = self.plan(times)
        for plan, at, fade in self._changes:
            x = np.clip((times - at) / fade, 0, 1)
            x = x * x * (3 - 2 * x)
            (weights, vad, voice), (to_weights, to_vad, to_voice) = felt, plan(times)
            weights, vad = (was + x[:, None] * (new - was) for was, new in ((weights, to_weights), (vad, to_vad)))
            felt = weights, vad, voice + x * (to_voice - voice)
        return felt

    def flush(self) -> EmotionTrack:
        """The rest, which is nothing: every frame was handed out by the push that brought it."""
        return EmotionTrack(np.zeros((0, len(EMOTIONS)), np.float32), np.zeros((0, 3), np.float32), ANALYSIS_RATE)
