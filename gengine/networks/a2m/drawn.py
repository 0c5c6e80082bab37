"""Brows, head, gaze and lids whose movement is drawn by ``upper_face``, in the places of the viseme network's own.

What words and the emotion ask for stays the rules': raised brows of a question, a nod of "yes", the posture and the
slow drift of the head, looks away. Learned is what they knew by heart or by noise: how brows and head stir and follow
the voice, when lids close, and when and how far the eyes move about on whom they look at.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Conditions
from gengine.core.face import ARKIT_INDEX
from gengine.core.speaker import Speaker, Traits
from gengine.networks.a2m.upper_face import BROWS, HEAD, LIVELIEST, SQUINT, UpperFace, UpperFaceNetwork
from gengine.networks.visemes.blinks import LidMotion
from gengine.networks.visemes.expression import arkit_indices, expressions, gain
from gengine.networks.visemes.gaze import GazeMood, GazeMotion
from gengine.networks.visemes.movements import GoalMoves
from gengine.networks.visemes.network import FaceState
from gengine.networks.visemes.visual_prosody import HEAD as RULES
from gengine.networks.visemes.visual_prosody import BrowMotion, HeadMotion

Array = NDArray[np.float64]

QUICK = np.radians([36.0, 41.0, 28.0])
"""Speed of pitch, yaw and roll that a talking head passes a twentieth of the time, rad/s (measured: BEAT, face.md 4).
How far it goes is no matter of him who taught it how, who sat before a camera and read. Who goes further is slower."""
FARTHEST = 3.0
"""Deviations of places that eyes go to at most, and from which on they come from elsewhere. Judgement."""
TALKING = 26.0
"""Blinks a minute of people who talk (Bentivoglio 1997, face.md 3): few are as quick as the one who taught when."""
NEAREST = math.radians(1.2)
"""Glances go no less far, rad: smaller ones were none to whom counted them."""
LEAST = 0.05
"""Traits are read no lower."""
_INNER, _SQUINT = ARKIT_INDEX["browInnerUp"], arkit_indices("eyeSquint")
_OUTER, _DOWN = arkit_indices("browOuterUp"), arkit_indices("browDown")


class DrawnBrows(BrowMotion):
    """Brows and squints that are drawn; cue words move them besides."""

    def __init__(self, upper: UpperFace, network: UpperFaceNetwork, traits: Traits, seed: int) -> None:
        super().__init__(traits, seed)
        self._upper, self._sizes = upper, network.sizes

    def _accents(self, conditions: Conditions, horizon: float, start: float) -> None:
        """None by rule."""

    def add(self, weights: Array, times: Array, pitch: Array, gain: Array) -> None:
        """See ``BrowMotion.add``. Brows that are drawn lower than they stand knit; squints come and go about a mean as
        large as their deviation."""
        moves, drawn = self._moves(times) * gain[:, None], self._upper(times) * self._sizes
        drawn[:, BROWS] *= (self._readiness * gain)[:, None]
        lift = weights[:, [_INNER, *_OUTER]] + moves[:, [0, 1, 1]] + drawn[:, [0, 1, 1]]
        weights[:, [_INNER, *_OUTER]] = np.maximum(lift, 0)
        knit = np.maximum(-lift, 0).mean(1)
        weights[:, _DOWN] += (moves[:, 2] + knit)[:, None]
        weights[:, _SQUINT] += np.maximum(drawn[:, SQUINT] + self._sizes[SQUINT], 0)[:, None]


class DrawnHead(HeadMotion):
    """A head that stirs as drawn, over the rules' slow drift, turns and nods of words."""

    def __init__(self, upper: UpperFace, network: UpperFaceNetwork, traits: Traits, seed: int) -> None:
        super().__init__(traits, seed)
        self._upper, self._reach = upper, QUICK / network.paces[HEAD]

    def _accents(self, conditions: Conditions, horizon: float, start: float) -> None:
        """None by rule."""

    def _stirred(self, times: Array, total: Array, activity: Array, gain: Array) -> Array:
        noise, size = self._bands[0]
        drift = noise(times) * size * RULES.slow_activity.at(activity)[:, None]
        return total + drift + self._upper(times)[:, HEAD] * self._reach * (self._size * gain)[:, None]


class DrawnLids(LidMotion):
    """Lids that close when drawn, and with large shifts of gaze."""

    def __init__(self, upper: UpperFace, seed: int, draws: object) -> None:
        super().__init__(seed, draws, 0)  # type: ignore[arg-type]
        self._upper = upper

    def plan(self, start: float, end: float, ends: Array, rate: float, slowness: float) -> None:
        """See ``LidMotion.plan``: those that were drawn for the hop."""
        for at in self._upper.blinks:
            self._blink(max(at, start), rate, slowness, doubles=0)

    def with_gaze_shift(self, at: float, degrees: float, chance: float, slowness: float) -> None:
        """See ``LidMotion.with_gaze_shift``: fewer are drawn for it."""
        last = self._last
        super().with_gaze_shift(at, degrees, chance, slowness)
        self._upper.surplus += self._last != last


class DrawnGaze(GazeMotion):
    """Eyes that move about on the listener when and as far as drawn; when they look away stays the rules'."""

    def __init__(self, upper: UpperFace, network: UpperFaceNetwork, traits: Traits, seed: int) -> None:
        super().__init__(traits, seed)
        self._upper, self._kept, self._scatter = upper, network.glance[0], network.glance[1:]
        self._lids = DrawnLids(upper, seed, self._draws)

    def plan(self, conditions: Conditions, turn: GoalMoves, rate: float, slowness: float, mood: GazeMood) -> None:
        """See ``GazeMotion.plan``."""
        self._next = self._glance(-math.inf)
        super().plan(conditions, turn, rate, slowness, mood)

    def _glance(self, after: float) -> float:
        return next((at for at in self._upper.glances if at > after), math.inf)

    def _rests_until(self, at: float, drawn: float, mood: GazeMood) -> float:
        return self._glance(at)

    def _on_listener(self, draw: Array, here: Array, spread: float) -> Array:
        share, sign = np.abs(2 * draw[:2] - 1), np.sign(2 * draw[:2] - 1)
        away = np.minimum(-np.log(1 - share), FARTHEST) * sign  # Laplace's distribution: mostly near, at times far
        scatter = self._scatter * spread
        near = (np.abs(here) < FARTHEST * scatter).all()
        way = (self._kept * here if near else 0) + away * scatter - here
        size = float(np.hypot(*way))
        return here + way * max(1, NEAREST / size if size else 0)


class DrawnFace(FaceState):
    """What the network remembers of one recording whose upper face is drawn."""

    def __init__(self, speaker: Speaker, network: UpperFaceNetwork, seed: int) -> None:
        super().__init__(speaker, seed)
        traits = speaker.traits
        lively = np.log(np.maximum([traits.brow, traits.head], LEAST))
        self.upper = UpperFace(network, np.clip(lively, -LIVELIEST, LIVELIEST), seed)
        self.brows = DrawnBrows(self.upper, network, traits, seed)
        self.head = DrawnHead(self.upper, network, traits, seed)
        self.gaze = DrawnGaze(self.upper, network, traits, seed)

    def draw(self, conditions: Conditions) -> None:
        """Draw the hop, before anything reads it: blinks and glances as often as the emotion has them."""
        if conditions.hop_end <= conditions.hop_start:
            return
        table = expressions()
        middle = (conditions.hop_start + conditions.hop_end) / 2
        felt = np.minimum(conditions.emotion_at(np.array([middle]))[0] * conditions.face_shows, 1)
        often = [max(float(gain(felt, column)[0]), LEAST) for column in (table.blink_rate, table.haste)]
        self.upper.run(conditions, often[0] * max(self.traits.blink, LEAST) * TALKING, often[1])
