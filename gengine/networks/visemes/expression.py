"""Eighteen emotions on a face, and how they share the mouth with speech (face.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import MOTION_RATE
from gengine.core.emotion import EMOTIONS
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.core.lips import SealModel
from gengine.networks.visemes.targets import _table


def indices(*names: str) -> list[int]:
    """Channel numbers; a name without a side stands for both sides."""
    out = []
    for name in names:
        out += [ARKIT_INDEX[n] for n in (name, name + "Left", name + "Right") if n in ARKIT_INDEX]
    return out


CORNERS = indices("mouthSmile", "mouthFrown", "mouthStretch", "mouthDimple")
LIFTERS = indices("mouthUpperUp", "mouthLowerDown", "noseSneer", "jawOpen", "mouthFunnel", "mouthShrugUpper")
PRESSES = indices("mouthPress", "mouthRollLower", "mouthRollUpper", "mouthShrugLower")
SNEER = indices("noseSneer")
SMILE = indices("mouthSmile")
_JAW, _CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
PUCKER = ARKIT_INDEX["mouthPucker"]

_OPPOSED = [
    (ARKIT_INDEX[a + s], ARKIT_INDEX[b + s])
    for a, b in (("browDown", "browOuterUp"), ("mouthSmile", "mouthFrown"))
    for s in ("Left", "Right")
]


@dataclass(frozen=True, eq=False)
class Expressions:
    """The table: 18 rows in the order of ``EMOTIONS``.

    ``weights (18, 52)`` at strength 1 (gaze channels zero); ``posture (18, 3)`` head pitch down, roll, yaw in
    rad; ``look_down (18,)`` rad; ``blink_rate``, ``blink_duration``, ``jaw``, ``lips (18,)`` multipliers;
    ``onset`` and ``offset (18,)`` s from 10 to 90 %.
    """

    weights: NDArray[np.float64]
    posture: NDArray[np.float64]
    look_down: NDArray[np.float64]
    blink_rate: NDArray[np.float64]
    blink_duration: NDArray[np.float64]
    jaw: NDArray[np.float64]
    lips: NDArray[np.float64]
    onset: NDArray[np.float64]
    offset: NDArray[np.float64]


LOOK_DOWN_RANGE = np.radians(35.0)
"""Eye rotation at eyeLookDown 1, rad."""


@cache
def expressions() -> Expressions:
    """The table shipped with the project."""
    lines = {line["emotion"]: line for line in _table("emotions")}
    weights = np.zeros((len(EMOTIONS), len(ARKIT_NAMES)))
    for i, name in enumerate(EMOTIONS):
        for channel, index in ARKIT_INDEX.items():
            weights[i, index] = float(lines[name].get(channel, 0))

    def column(key: str) -> NDArray[np.float64]:
        return np.array([float(lines[name][key]) for name in EMOTIONS])

    down = ARKIT_INDEX["eyeLookDownLeft"]
    look_down = weights[:, down] * LOOK_DOWN_RANGE
    weights[:, indices("eyeLookDown")] = 0.0
    posture = np.radians(np.stack([column(f"head_{k}_deg") for k in ("pitch_down", "roll", "yaw")], axis=1))
    return Expressions(
        weights, posture, look_down, column("blink_rate_x"), column("blink_dur_x"), column("jaw_x"), column("lip_x"),
        column("onset_s"), column("offset_s"),
    )  # fmt: skip


class Mood:
    """Strengths as the face shows them: each emotion rises and falls at its own pace, never in a step."""

    def __init__(self, table: Expressions) -> None:
        # Two equal low-passes in a row rise from 10 to 90 % in 3.36 time constants.
        step = 1.0 / MOTION_RATE
        self._rise = 1.0 - np.exp(-step / (table.onset / 3.36))
        self._fall = 1.0 - np.exp(-step / (table.offset / 3.36))
        self._first: NDArray[np.float64] | None = None
        self._second: NDArray[np.float64] | None = None

    def follow(self, strengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shown strengths ``(T, 18)`` for requested ones ``(T, 18)``; the first frame starts settled."""
        first = strengths[0].copy() if self._first is None else self._first
        second = first.copy() if self._second is None else self._second
        self._first, self._second = first, second
        if (np.abs(strengths - first).max() < 1e-6) and (np.abs(second - first).max() < 1e-6):
            return strengths.copy()
        out = np.empty_like(strengths)
        for t, goal in enumerate(strengths):
            first = first + np.where(goal > first, self._rise, self._fall) * (goal - first)
            second = second + np.where(first > second, self._rise, self._fall) * (first - second)
            out[t] = second
        self._first, self._second = first, second
        return out


def mix(shown: NDArray[np.float64], table: Expressions) -> NDArray[np.float64]:
    """Expression weights ``(T, 52)`` of shown strengths ``(T, 18)``: a sum, where opposites damp each other."""
    rest = np.maximum(1.0 - shown.sum(axis=1), 0.0)
    out = shown @ table.weights + rest[:, None] * table.weights[0]
    for a, b in _OPPOSED:
        x, y = out[:, a].copy(), out[:, b].copy()
        # 1 where x is clearly larger, 0 where y is; smooth between, so that no channel steps as one overtakes
        lead = np.clip(0.5 + (x - y) / (1.2 * np.maximum(x + y, 1e-6)), 0.0, 1.0)
        lead = lead * lead * (3.0 - 2.0 * lead)
        out[:, a] = lead * np.maximum(x - 0.5 * y, 0.0)
        out[:, b] = (1.0 - lead) * np.maximum(y - 0.5 * x, 0.0)
    return np.clip(out, 0.0, 1.0, out=out)


def gain(shown: NDArray[np.float64], column: NDArray[np.float64]) -> NDArray[np.float64]:
    """A multiplier ``(T,)`` for shown strengths: 1 plus the weighted deviations of ``column (18,)``."""
    return 1.0 + shown @ (column - 1.0)


FOLLOW = 0.8
"""Share of the gap that an expression adds which the lower lip takes back by following the upper one."""


def add_to_speech(
    speech: NDArray[np.float64], expression: NDArray[np.float64], seal: NDArray[np.float64], model: SealModel
) -> NDArray[np.float64]:
    """Speech and expression weights ``(T, 52)`` together, before the seal is solved; ``seal (T,)`` 0..1.

    Brows, lids and cheeks add fully. Rounding and closures hold the mouth's corners back, closures hold
    back what lifts the lips, an open jaw holds back pressed lips.
    """
    rounding = np.minimum((speech[:, PUCKER] + speech[:, ARKIT_INDEX["mouthFunnel"]]) / 0.6, 1.0)
    opening = np.minimum(speech[:, ARKIT_INDEX["jawOpen"]] / 0.3, 1.0)
    expression[:, CORNERS] *= ((1.0 - 0.55 * rounding) * (1.0 - 0.4 * seal))[:, None]
    expression[:, PRESSES] *= (1.0 - 0.85 * opening)[:, None]
    total = speech + expression
    total[:, LIFTERS] *= (1.0 - 0.5 * seal)[:, None]
    # A raised lip shows teeth; the lower one follows, or an angry face would talk with a gaping mouth.
    added = np.maximum(model.gap_mm(total) - model.gap_mm(speech), 0.0) * np.minimum(2.0 * opening, 1.0) * (1.0 - seal)
    room = np.maximum(total[:, _JAW] - total[:, _CLOSE], 0.0)
    total[:, _CLOSE] += np.minimum(FOLLOW * added / -model.close, 0.7 * room)
    total[:, SNEER] = np.minimum(total[:, SNEER], 0.6)
    room = np.maximum(0.7 - total[:, PUCKER], 0.0)[:, None]
    total[:, SMILE] = np.minimum(np.minimum(total[:, SMILE], 0.8), room)
    return total
