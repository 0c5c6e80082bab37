"""Head motion relative to the chest: smooth wandering, nods and shakes where words ask, the mood's posture.

Wandering has a real monologue's rms per frequency band (BEAT, face.md section 4); single moves follow
accents and cues loosely, as real heads do. Angles are (pitch down, yaw left, roll left side up) in rad.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.conditions import Conditions
from gengine.core.noise import SmoothNoise, generator
from gengine.core.speaker import Traits
from gengine.networks.visemes.cues import FACE_CUES
from gengine.networks.visemes.pulses import Pulses, Steps

# rms in degrees (pitch, yaw, roll) of the bands <.5, .5-1, 1-2 and 2-4 Hz, and the lattice rate in Hz that
# puts a spline's power there. The last band's pitch is left to nods on accents.
_BANDS = (
    (0.55, (3.4, 6.7, 3.7)),
    (1.9, (1.55, 2.9, 1.45)),
    (3.6, (1.15, 1.8, 1.05)),
    (6.5, (0.3, 0.5, 0.55)),
)

_NOD_CHANCE = 0.35


class Head:
    """Head angles of one recording; ``plan`` first, then read ``angles``."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._seed = seed
        self._size = traits.head
        # Calm speakers move as far but slowly: their quick bands shrink and all is slower.
        calm = float(np.interp(traits.energy, [0.2, 0.6], [0.7, 1.0]))
        pace = float(np.interp(traits.energy, [0.2, 0.6, 1.0], [0.8, 1.0, 1.0]))
        self._bands = [
            (SmoothNoise(3, rate * pace, seed, "head", k), np.radians(rms) * traits.head * (calm if k else 1.0))
            for k, (rate, rms) in enumerate(_BANDS)
        ]
        self._pulses = Pulses(3)
        self.turn = Steps(np.zeros(3))
        """Turns that follow the gaze."""
        self._seen: dict[tuple[str, float], None] = {}
        self._last_move = -10.0
        self._side = 1.0

    def plan(self, conditions: Conditions) -> None:
        """Take in accents and cues that the hop's look-ahead has brought."""
        horizon, start = conditions.hop_end + 0.3, conditions.hop_start
        self._pulses.forget(start)
        self.turn.forget(start)
        for cue in conditions.cues:
            if cue.accent < horizon and self._new(cue.kind, cue.start):
                self._cue(cue.kind, cue.accent, cue.start, start)
        for syllable in conditions.syllables:
            if syllable.prominence >= 0.5 and syllable.onset < horizon and self._new("nod", syllable.onset):
                self._accent(syllable.onset, syllable.prominence, start)
        if len(self._seen) > 400:
            for key in list(self._seen)[:200]:
                del self._seen[key]

    def _new(self, kind: str, at: float) -> bool:
        key = (kind, at)
        if key in self._seen:
            return False
        self._seen[key] = None
        return True

    def _accent(self, onset: float, prominence: float, earliest: float) -> None:
        rng = generator(self._seed, "nod", round(onset * 1000))
        chance, depth, lag, rise, fall = rng.random(), rng.random(), rng.random(), rng.random(), rng.random()
        if chance > _NOD_CHANCE * (0.6 + 0.8 * prominence) or onset - self._last_move < 0.45:
            return
        size = np.radians(2.0 + 3.0 * depth) * self._size
        self._nod(onset + 0.1 * lag, size, 0.15 + 0.05 * rise, 0.25 + 0.15 * fall, earliest)

    def _nod(self, peak: float, size: float, rise: float, fall: float, earliest: float) -> None:
        """Down to ``size`` rad at ``peak`` s, after a small counter-move up, and back."""
        begin = max(peak - rise, earliest)
        if begin > peak + 0.05:
            return
        self._pulses.add(max(begin - 0.18, earliest), 0.2, 0.0, 0.2, [-0.12 * size, 0.0, 0.0])
        self._pulses.add(begin, rise, 0.02, fall, [size, 0.0, 0.0])
        self._pulses.add(begin + rise + 0.6 * fall, 0.22, 0.0, 0.3, [-0.1 * size, 0.0, 0.0])
        self._last_move = peak

    def _cue(self, kind: str, accent: float, cue_start: float, earliest: float) -> None:
        move = FACE_CUES.get(kind)
        if move is None or not move.head:
            return
        rng = generator(self._seed, "head cue", kind, round(cue_start * 1000))
        chance, scale, side, pace = rng.random(), rng.normal(), rng.random(), rng.random()
        if chance > move.chance or accent - self._last_move < 0.4:
            return
        size = float(np.radians(move.size) * self._size * np.exp(0.3 * np.clip(scale, -1.5, 1.5)))
        sign = 1.0 if side < 0.5 else -1.0
        if move.head == "nod":
            self._nod(accent + 0.04, size, 0.17 + 0.004 * move.size, 0.3 + 0.1 * pace, earliest)
            return
        begin = max(accent - 0.15, earliest)
        self._last_move = accent + 0.2
        if move.head == "nods":
            for i, share in enumerate((1.0, 0.7, 0.4)):
                self._pulses.add(begin + 0.34 * i, 0.17, 0.0, 0.17, [share * size, 0.0, 0.0])
        elif move.head == "shake":
            half = 0.2 + 0.04 * pace
            for i, share in enumerate((0.7, -1.0, 0.8, -0.4)):
                value = [0.12 * size * abs(share), sign * share * size, 0.0]
                self._pulses.add(begin - 0.1 + half * i, half, 0.0, half, value)
            self._last_move = accent + 0.5
        elif move.head == "sweep":
            self._pulses.add(begin - 0.1, 0.45, 0.1, 0.7, [0.0, sign * size, 0.2 * sign * size])
        elif move.head == "tilt":
            self._pulses.add(begin - 0.1, 0.35, 0.9 + 0.8 * pace, 0.6, [0.0, 0.15 * sign * size, sign * size])
        elif move.head == "sway":
            self._side = -self._side
            self._pulses.add(begin, 0.35, 0.25, 0.5, [0.0, 0.3 * self._side * size, self._side * size])
        elif move.head == "up":
            self._pulses.add(begin, 0.3, 0.4, 0.5, [-size, 0.0, 0.0])
        elif move.head == "back":
            self._pulses.add(begin, 0.35, 0.3, 0.6, [-0.3 * size, sign * size, 0.0])

    def angles(
        self, times: NDArray[np.float64], activity: NDArray[np.float64], posture: NDArray[np.float64], gain: NDArray
    ) -> NDArray[np.float64]:
        """Angles ``(T, 3)`` rad (pitch down, yaw, roll) at ``times (T,)`` s.

        ``activity (T,)`` 0..1 is how much is being said, ``posture (T, 3)`` the mood's (pitch, roll, yaw),
        ``gain (T,)`` scales movement.
        """
        total = self._pulses(times) * gain[:, None] + self.turn(times)
        # Speech enlarges movement; silence keeps 60 % of it and all of the slow drift's direction.
        quick = ((0.6 + 0.4 * activity) * gain)[:, None]
        slow = (0.8 + 0.2 * activity)[:, None]
        for k, (noise, size) in enumerate(self._bands):
            total = total + noise(times) * size * (quick if k else slow)
        total[:, 0] += posture[:, 0]
        total[:, 1] += posture[:, 2]
        total[:, 2] += posture[:, 1]
        return np.clip(total, -0.75, 0.75, out=total)


def to_quaternion(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Head quaternions ``(T, 4)`` of angles ``(T, 3)`` (pitch down, yaw, roll): yaw, then pitch, then roll."""
    return rotation.from_euler(angles[:, [1, 0, 2]], "YXZ")
