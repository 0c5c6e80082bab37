"""A body network of one's own: it stands upright and nods with the loudness of the voice."""

from __future__ import annotations

import numpy as np

from gengine import Motion, Speaker
from gengine.core import rotation
from gengine.core.conditions import Conditions
from gengine.core.skeleton import BEAT_HIP_HEIGHT, beat_skeleton
from gengine.networks.base import MotionNetwork, NetworkSpec

FPS = 30.0


class NoddingBody(MotionNetwork):
    """Needs the prosody alone and looks a tenth of a second ahead."""

    spec = NetworkSpec(consumes=("prosody",), produces="motion", fps=FPS, context=0.5, lookahead=0.1)

    def start(self, speaker: Speaker, seed: int) -> None:
        """Nothing to remember."""

    def generate(self, conditions: Conditions, state: None) -> Motion:
        """The frames of one hop: 75 joints, whose rotations are all zero but the head's."""
        skeleton, times = beat_skeleton(), conditions.frames(FPS)
        turns = np.zeros((len(times), len(skeleton), 3))
        turns[:, skeleton.index("Head"), 0] = 0.2 * np.clip(conditions.curve("level", times), 0, 1)
        root = np.tile([0.0, BEAT_HIP_HEIGHT, 0.0], (len(times), 1))
        return Motion(skeleton, rotation.from_rotvec(turns), root, FPS)
