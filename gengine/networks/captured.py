"""A face that was captured stands in for a face network: hop by hop its own frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.core.face import FaceTrack
from gengine.core.resampling import blend_at
from gengine.core.speaker import Speaker
from gengine.networks.base import MotionNetwork, NetworkSpec


class CapturedFace(MotionNetwork):
    """Hands out ``face``, whose second ``first`` is where the session begins; before and after it, it is held."""

    spec = NetworkSpec(consumes=(), produces="face", context=0.0, lookahead=0.0)

    def __init__(self, face: FaceTrack, first: float = 0.0) -> None:
        self.face, self.first = face, first

    def start(self, speaker: Speaker, seed: int) -> Any:
        return None

    def generate(self, conditions: Conditions, state: Any) -> FaceTrack:
        first, last = (round(t * MOTION_RATE) for t in (conditions.hop_start, conditions.hop_end))
        position = (np.arange(first, last) / MOTION_RATE + self.first) * self.face.fps
        return blend_at(np.clip(position, 0, len(self.face) - 1), len(self.face)).of(self.face, MOTION_RATE)
