"""A metric of one's own: the share of time in which both hands rest."""

from __future__ import annotations

import numpy as np

from gengine.metrics import Clip, ClipMetric

SLOW = 0.05
"""m/s; a hand that moves less than this rests."""


def stillness(clip: Clip) -> float:
    """The share of frames in which neither wrist is faster than ``SLOW``."""
    places, _ = clip.motion.forward()
    hands = places[:, [clip.motion.skeleton.index(name) for name in ("LeftHand", "RightHand")]]
    speed = np.linalg.norm(np.diff(hands, axis=0), axis=-1) * clip.motion.fps
    return float((speed < SLOW).all(axis=1).mean()) if len(speed) else float("nan")


STILLNESS = ClipMetric(stillness, unit="share", direction="truth", meaning="time in which both hands rest")
