"""The planned strokes: when each hand moves, how fast and how high, decided before any pose is drawn.

A network that draws poses straight from sound may leave the sound aside: the noise explains its gestures as well.
Here strokes are a stage of the cascade of their own. While the network learns, the plan is read off the motion it
learns from; when it performs, the choreographer's planner makes one from what is said and heard, and the network
draws bodies that carry it out. A plan says nothing of where hands go sideways or ahead, of palms, fingers, trunk or
legs: that is the network's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Conditions
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.core.speaker import Speaker
from gengine.networks.choreographer.arms import ArmSpec
from gengine.networks.choreographer.parameters import PLAN
from gengine.networks.choreographer.planner import HORIZON, MARGIN, Planner
from gengine.networks.choreographer.speech_context import SpeechContext
from gengine.networks.choreographer.style import MotionStyle

Array = NDArray[np.float64]

STROKES = 4
"""Numbers of a plan's row: speeds of the left and the right wrist (``log1p`` of multiples of ``SLOW``), heights of both
over the middle of the shoulders (arm lengths)."""
SLOW = 0.2
"""Arm lengths a second (about 10 cm/s) below which a hand hardly moves (judgement)."""
LOOKAHEAD = HORIZON + MARGIN + 0.05
"""Seconds of conditions beyond a hop that its plan is made from, and a little: curves are read at whole frames."""
KNOWN = MARGIN - PLAN.fill_behind
"""Seconds beyond a hop that its plan reaches."""
MEMORY = 2.0
"""Seconds that a plan is kept: more than the poses before a window (judgement)."""
_SIDES = ("Left", "Right")


def strokes_of(motion: Motion) -> NDArray[np.float32]:
    """The plan ``(T, STROKES)`` that a motion of BEAT's joints carries out."""
    at, _ = motion.forward()
    index = motion.skeleton.index
    shoulders, wrists = (np.stack([at[:, index(f"{s}{part}")] for s in _SIDES], 1) for part in ("Arm", "Hand"))
    way = (wrists - shoulders.mean(1, keepdims=True)) / ArmSpec.of(motion.skeleton).length
    padded = np.concatenate([way[:1], way, way[-1:]])
    return _rows(way, (padded[2:] - padded[:-2]) * motion.fps / 2)


class StrokePlanner:
    """Strokes for one recording, planned on as its sound comes in."""

    def __init__(self, speaker: Speaker, seed: int, skeleton: Skeleton) -> None:
        style = MotionStyle.of(speaker.traits)
        self._planner = Planner(style, seed, ArmSpec.of(skeleton).length * 100)
        self._known = 0.0

    @property
    def key(self) -> tuple[int, int]:
        """What the plan's last decision was, and when it ends (ms): other words and other sounds have others."""
        return self._planner.count, round(self._planner.front * 1000)

    def extend(self, conditions: Conditions) -> None:
        """Plan on to ``KNOWN`` beyond the hop."""
        until = conditions.hop_end + MARGIN
        self._planner.extend(SpeechContext(conditions, HORIZON), until)
        self._planner.trim(conditions.hop_start - MEMORY)
        self._known = conditions.hop_end + KNOWN

    def rows(self, frames: NDArray[np.int64], fps: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The plan ``(T, STROKES)`` at frame numbers ``frames`` of ``fps`` Hz, and where there is one ``(T,)``."""
        times = np.asarray(frames, float) / fps
        at, later, earlier = (self._wrists(times + way / fps) for way in (0, 1, -1))
        known = (times >= 0) & (times + 1 / fps <= self._known + 1e-9)
        return _rows(at, (later - earlier) * fps / 2) * known[:, None].astype(np.float32), known

    def _wrists(self, times: Array) -> Array:
        return np.stack([hand.wrist.at(times) for hand in self._planner.hands], 1)


def planned_strokes(conditions: Conditions, speaker: Speaker, seed: int, skeleton: Skeleton, count: int, fps: float
                    ) -> NDArray[np.float32]:  # fmt: skip
    """The plan ``(count, STROKES)`` of a whole recording, whose conditions end with it."""
    planner = StrokePlanner(speaker, seed, skeleton)
    planner.extend(conditions)
    return planner.rows(np.arange(count), fps)[0]


def _rows(way: Array, velocity: Array) -> NDArray[np.float32]:
    """From wrists ``(T, 2, 3)`` (third axis: up second; arm lengths) and their velocity a second."""
    speed = np.log1p(np.linalg.norm(velocity, axis=-1) / SLOW)
    return np.concatenate([speed, way[..., 1]], axis=1).astype(np.float32)
