"""The plan and the voice become one emotion track."""

from __future__ import annotations

import numpy as np

from gengine.core.conditions import ANALYSIS_RATE, Prosody
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.emotion.plan import EmotionPlan


class EmotionEncoder:
    """Streaming emotion: push prosody, get the track of the same frames at ``ANALYSIS_RATE``.

    Nothing is held back (``LATENCY`` 0) and nothing depends on the chunking. The voice is read only where
    the plan asks for it.
    """

    LATENCY = 0.0
    """Seconds of prosody needed after a frame's time."""

    def __init__(self, plan: EmotionPlan) -> None:
        self.plan = plan
        self._reader = None
        if plan.listens:
            from gengine.emotion.voice import VoiceReader

            self._reader = VoiceReader()
        self._frame = 0

    def push(self, prosody: Prosody) -> EmotionTrack:
        """The emotion of the next ``len(prosody)`` frames: weights ``(N, 18)`` and VAD ``(N, 3)``."""
        times = np.arange(self._frame, self._frame + len(prosody)) / ANALYSIS_RATE
        self._frame += len(prosody)
        weights, vad, share = self.plan(times)
        if self._reader is not None:
            heard = self._reader.push(prosody)
            weights = np.minimum(weights + share[:, None] * heard.weights, 1)
            vad = np.clip(vad + share[:, None] * heard.vad, -1, 1)
        return EmotionTrack(weights.astype(np.float32), vad.astype(np.float32), ANALYSIS_RATE)

    def flush(self) -> EmotionTrack:
        """The rest, which is nothing: every frame was handed out by the push that brought it."""
        return EmotionTrack(np.zeros((0, len(EMOTIONS)), np.float32), np.zeros((0, 3), np.float32), ANALYSIS_RATE)
