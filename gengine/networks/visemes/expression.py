"""Eighteen emotions on a face, and how they share the mouth with speech (face.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import MOTION_RATE
from gengine.core.constants import read_constants, read_table
from gengine.core.emotion import EMOTIONS
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, LOOK_DOWN
from gengine.core.lips import SealModel
from gengine.networks.visemes.movements import smoothstep


def arkit_indices(*names: str) -> list[int]:
    """Channel numbers; a name without a side stands for both sides."""
    out = []
    for name in names:
        out += [ARKIT_INDEX[n] for n in (name, name + "Left", name + "Right") if n in ARKIT_INDEX]
    return out


_CORNERS = arkit_indices("mouthSmile", "mouthFrown", "mouthStretch", "mouthDimple")
_LIFTERS = arkit_indices("mouthUpperUp", "mouthLowerDown", "noseSneer", "jawOpen", "mouthFunnel", "mouthShrugUpper")
_PRESSES = arkit_indices("mouthPress", "mouthRollLower", "mouthRollUpper", "mouthShrugLower")
_SNEER = arkit_indices("noseSneer")
_SMILE = arkit_indices("mouthSmile")
_JAW, _CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
_PUCKER, _FUNNEL = ARKIT_INDEX["mouthPucker"], ARKIT_INDEX["mouthFunnel"]

_OPPOSED = [
    (ARKIT_INDEX[a + s], ARKIT_INDEX[b + s])
    for a, b in (("browDown", "browOuterUp"), ("mouthSmile", "mouthFrown"))
    for s in ("Left", "Right")
]

_LOW_PASS_RISE = 3.36
"""Time from 10 to 90 % of two equal low-passes in a row, in their time constants."""

_SETTLED = 1e-6
"""Differences in strength below this cannot be seen."""


@dataclass(frozen=True)
class ExpressionConstants:
    """``data/expression.csv``, see there for units and sources."""

    faint: float
    overtaking: float
    opposite: float
    full_rounding: float
    full_opening: float
    corners_rounding: float
    corners_seal: float
    presses_opening: float
    lifters_seal: float
    follow: float
    follow_opening: float
    follow_room: float
    sneer_limit: float
    smile_limit: float
    smile_and_pucker_limit: float


EXPRESSION = read_constants(ExpressionConstants, "gengine.networks.visemes", "expression")


@dataclass(frozen=True, eq=False)
class ExpressionTable:
    """``data/emotions.csv``: 18 rows in the order of ``EMOTIONS``.

    ``weights (18, 52)`` at strength 1 (gaze channels zero); ``posture (18, 3)`` head pitch down, roll, yaw in
    rad; ``look_down (18,)`` rad; multipliers ``(18,)``: ``blink_rate``, ``blink_duration``, size of ``jaw`` and
    ``lips``, ``aversion`` of the gaze and of what of it goes down (``gaze_down``), ``haste`` of the eyes, size of
    ``head`` movements and of ``brows``' on accents; ``onset`` and ``offset (18,)`` s from 10 to 90 %.
    """

    weights: NDArray[np.float64]
    posture: NDArray[np.float64]
    look_down: NDArray[np.float64]
    blink_rate: NDArray[np.float64]
    blink_duration: NDArray[np.float64]
    jaw: NDArray[np.float64]
    lips: NDArray[np.float64]
    aversion: NDArray[np.float64]
    gaze_down: NDArray[np.float64]
    haste: NDArray[np.float64]
    head: NDArray[np.float64]
    brows: NDArray[np.float64]
    onset: NDArray[np.float64]
    offset: NDArray[np.float64]


@cache
def expressions() -> ExpressionTable:
    """The table shipped with the project."""
    lines = {line["emotion"]: line for line in read_table("gengine.networks.visemes", "emotions")}
    weights = np.zeros((len(EMOTIONS), len(ARKIT_NAMES)))
    for i, name in enumerate(EMOTIONS):
        for channel, index in ARKIT_INDEX.items():
            weights[i, index] = float(lines[name].get(channel, 0))

    def column(key: str) -> NDArray[np.float64]:
        return np.array([float(lines[name][key]) for name in EMOTIONS])

    look_down = weights[:, ARKIT_INDEX["eyeLookDownLeft"]] * LOOK_DOWN
    weights[:, arkit_indices("eyeLookDown")] = 0
    posture = np.radians(np.stack([column(f"head_{k}_deg") for k in ("pitch_down", "roll", "yaw")], axis=1))
    return ExpressionTable(
        weights, posture, look_down, column("blink_rate_x"), column("blink_dur_x"), column("jaw_x"), column("lip_x"),
        column("gaze_aversion_x"), column("gaze_down_x"), column("saccade_rate_x"), column("head_size_x"),
        column("brow_size_x"), column("onset_s"), column("offset_s"),
    )  # fmt: skip


class ExpressionDynamics:
    """Strengths as the face shows them: each emotion has its own onset and offset, never a step."""

    def __init__(self, table: ExpressionTable) -> None:
        step = 1 / MOTION_RATE
        self._rise = 1 - np.exp(-step / (table.onset / _LOW_PASS_RISE))
        self._fall = 1 - np.exp(-step / (table.offset / _LOW_PASS_RISE))
        self._first: NDArray[np.float64] | None = None
        self._second: NDArray[np.float64] | None = None

    def follow(self, strengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shown strengths ``(T, 18)`` for requested ones ``(T, 18)``; the first frame starts settled."""
        first = strengths[0].copy() if self._first is None else self._first
        second = first.copy() if self._second is None else self._second
        self._first, self._second = first, second
        if np.abs(strengths - first).max() < _SETTLED and np.abs(second - first).max() < _SETTLED:
            return strengths.copy()
        out = np.empty_like(strengths)
        for t, goal in enumerate(strengths):
            first = first + np.where(goal > first, self._rise, self._fall) * (goal - first)
            second = second + np.where(first > second, self._rise, self._fall) * (first - second)
            out[t] = second
        self._first, self._second = first, second
        return out


def mix(shown: NDArray[np.float64], table: ExpressionTable) -> NDArray[np.float64]:
    """Expression weights ``(T, 52)`` of shown strengths ``(T, 18)``: a sum, where opposites damp each other.

    Faint expressions show more than their share, or nobody would read them; the whole one shows what the table says.
    What one emotion has of both opposites belongs together and stays: fear's brows are raised and knitted (FACS 1+2+4).
    """
    whole = np.clip(shown.sum(axis=1), _SETTLED, 1)
    shown = shown * (whole ** (EXPRESSION.faint - 1))[:, None]
    rest = np.maximum(1 - shown.sum(axis=1), 0)
    out = shown @ table.weights + rest[:, None] * table.weights[0]
    for a, b in _OPPOSED:
        together = shown @ np.minimum(table.weights[:, a], table.weights[:, b])
        x, y = np.maximum(out[:, a] - together, 0), np.maximum(out[:, b] - together, 0)
        # 1 where x is clearly larger, 0 where y is; smooth between, so that no channel steps as one overtakes
        lead = 1 / 2 + (x - y) / (EXPRESSION.overtaking * np.maximum(x + y, _SETTLED))
        lead = smoothstep(np.minimum(np.maximum(lead, 0), 1))
        out[:, a] = together + lead * np.maximum(x - EXPRESSION.opposite * y, 0)
        out[:, b] = together + (1 - lead) * np.maximum(y - EXPRESSION.opposite * x, 0)
    return np.clip(out, 0, 1, out=out)


def gain(shown: NDArray[np.float64], column: NDArray[np.float64]) -> NDArray[np.float64]:
    """A multiplier ``(T,)`` for shown strengths ``(T, 18)``: 1 plus the weighted deviations of ``column (18,)``."""
    return 1 + shown @ (column - 1)


def add_to_speech(
    speech: NDArray[np.float64], expression: NDArray[np.float64], seal: NDArray[np.float64], model: SealModel
) -> NDArray[np.float64]:
    """Speech and expression weights ``(T, 52)`` together, before the seal is solved; ``seal (T,)`` 0..1.

    Brows, lids and cheeks add fully. Rounding and closures hold the mouth's corners back, closures hold
    back what lifts the lips, an open jaw holds back pressed lips.
    """
    e = EXPRESSION
    rounding = np.minimum((speech[:, _PUCKER] + speech[:, _FUNNEL]) / e.full_rounding, 1)
    opening = np.minimum(speech[:, _JAW] / e.full_opening, 1)
    expression[:, _CORNERS] *= ((1 - e.corners_rounding * rounding) * (1 - e.corners_seal * seal))[:, None]
    expression[:, _PRESSES] *= (1 - e.presses_opening * opening)[:, None]
    total = speech + expression
    total[:, _LIFTERS] *= (1 - e.lifters_seal * seal)[:, None]
    # A raised lip shows teeth; the lower one follows, or an angry face would talk with a gaping mouth.
    added = np.maximum(model.gap_mm(total) - model.gap_mm(speech), 0)
    added = added * np.minimum(e.follow_opening * opening, 1) * (1 - seal)
    room = np.maximum(total[:, _JAW] - total[:, _CLOSE], 0)
    total[:, _CLOSE] += np.minimum(e.follow * added / -model.close, e.follow_room * room)
    total[:, _SNEER] = np.minimum(total[:, _SNEER], e.sneer_limit)
    room = np.maximum(e.smile_and_pucker_limit - total[:, _PUCKER], 0)[:, None]
    total[:, _SMILE] = np.minimum(np.minimum(total[:, _SMILE], e.smile_limit), room)
    return total
