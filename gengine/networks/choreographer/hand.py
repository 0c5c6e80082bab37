"""One hand's plan: its path, its posture, and how it picks the next place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.quintic import Track
from gengine.networks.choreographer.gesture_forms import PALMS, Posture
from gengine.networks.choreographer.shapes import shape
from gengine.networks.choreographer.style import Manner, Mood

Array = NDArray[np.float64]

SHOULDER_OUT = 0.345
"""Half the width of the shoulders, arm lengths."""

_FASTEST = 165.0
"""Highest mean speed of a unit, cm/s (peaks about 1.7 times that; the fastest real ones reach 260-360)."""

_TURN, _CLOSE = np.radians(265.0), np.radians(138.0)
"""Highest mean speeds (rad/s) at which forearms turn and fingers close; peaks are 1.9 times that."""
_ROLL = np.radians([-90.0, 84.0])
"""Palm turns that a forearm can make; asking for more only makes the turn hasty."""

# Where hands rest: hanging, hanging with a bent elbow, low in front (loosely together).
_RESTS = {
    "hang": Posture((0.47, -0.945, 0.12), "in", "relaxed", 6, -4),
    "ready": Posture((0.47, -0.80, 0.32), "in", "relaxed", 2, -6),
    "together": Posture((0.19, -0.62, 0.47), "rest", "soft", 4, -4),
}
_GUARD = Posture((0.17, -0.40, 0.47), "back", "loose_fist", 14, -4, -6)
"""Hands before the breastbone, where fear and pain keep them."""


def _guarding(mood: Mood) -> float:
    """Share 0-1 of the way from the usual resting place to the guarding one."""
    return float(np.clip(0.8 * mood.tremor + 0.8 * max(mood.self_touch - 0.1, 0.0), 0.0, 1.0))


@dataclass(frozen=True)
class Move:
    """A unit of one hand: reach ``at`` (arm lengths) at ``time`` with these derivatives, along an arc."""

    time: float
    at: Array
    velocity: Array | None = None
    acceleration: Array | None = None
    bow: Array | None = None
    intent: str = "turn"


class Hand:
    """Tracks of one hand. Places are (out, up, forward) of mid-shoulder in arm lengths."""

    def __init__(self, side: int, manner: Manner, draw: float, arm_cm: float) -> None:
        self.side, self.manner, self.arm_cm = side, manner, arm_cm
        together = float(np.clip(1.25 - 1.5 * manner.traits.energy, 0.08, 0.85))
        self._together = together
        self.rest_name = "hang"
        self.choose_rest_from(draw)
        posture = _RESTS[self.rest_name]
        self.wrist = Track(posture.at, 0.0)
        self.palm = Track(self._palm_vector(posture, 0.0), 0.0)
        """Palm turn, elbow swivel, wrist flexion, radial deviation, shrug (rad)."""
        self.fingers = Track(shape(posture.hand), 0.0)
        self.last = np.array([0.0, 0.3, 0.2])
        self.intent = "turn"
        self.home = True
        self.centre = manner.centre[side]

    def fill(self, until: float) -> None:
        """Bring every track at least to ``until``."""
        for track in (self.wrist, self.palm, self.fingers):
            if track.end < until:
                track.hold(until)

    def trim(self, before: float) -> None:
        """Forget what lies before ``before`` seconds."""
        for track in (self.wrist, self.palm, self.fingers):
            track.trim(before)

    # -- places ----------------------------------------------------------------------------------------------------

    def choose_rest_from(self, draw: float) -> None:
        """Pick where this hand rests; both hands must be given the same ``draw``."""
        self.rest_name = (
            "together" if draw < self._together else "hang" if draw < 0.5 + 0.5 * self._together else "ready"
        )

    def choose_rest(self, rng: np.random.Generator, mood: Mood) -> None:
        """Now and then one hand finds another resting place."""
        if self.rest_name != "together" and rng.random() < 0.5:
            self.rest_name = "hang" if self.rest_name == "ready" else "ready"

    def rest(self, mood: Mood) -> Array:
        """The resting place under ``mood``."""
        at = np.array(_RESTS[self.rest_name].at)
        if self.rest_name == "together":
            at += [0.02 * self.side, 0.04 * self.side, 0.085 * self.side]  # one hand lies in front of the other
            at[1] += float(np.clip(0.5 * mood.height, -0.06, 0.12))
        at = at + (np.array(_GUARD.at) + [0.0, 0.05 * self.side, 0.07 * self.side] - at) * _guarding(mood)
        return self.reachable(at)

    def place(self, at: tuple[float, float, float] | Array, mood: Mood) -> Array:
        """A canonical place of the lexicon as this speaker in this mood makes it."""
        middle = np.array([0.40, -0.40, 0.46])
        size = float(np.clip((self.manner.chord / 20.0 * mood.amp) ** 0.5, 0.6, 1.25)) * min(mood.amp, 1.0) ** 0.25
        goal = middle + (np.asarray(at, float) - middle) * size
        lift = 0.6 * (self.manner.centre[1, 1] + 0.46) + 0.7 * mood.height
        return goal + [0.7 * mood.out, lift, 0.7 * mood.ahead]

    def reachable(self, at: Array) -> Array:
        """The nearest places ``(..., 3)`` within the arm's reach, off the trunk and not behind it."""
        out, up, ahead = np.moveaxis(np.asarray(at, float), -1, 0)
        out, up = np.clip(out, 0.02, 0.98), np.clip(up, -0.985, 0.42)
        out = np.where((up < -0.62) & (ahead < 0.36), np.maximum(out, 0.47), out)  # beside the thighs, not in them
        out = np.maximum(out, 0.02 + 0.40 * np.clip((up + 0.22) / 0.26, 0.0, 1.0))  # beside the face, not before it
        ahead = np.maximum(ahead, np.where(out > 0.40, 0.04, 0.30))
        arm = out - SHOULDER_OUT
        reach = np.sqrt(arm * arm + up * up + ahead * ahead)
        fit = np.clip(reach, 0.46, 0.955) / np.maximum(reach, 1e-6)
        return np.stack([arm * fit + SHOULDER_OUT, up * fit, ahead * fit], -1)

    def new_phrase(self, rng: np.random.Generator, mood: Mood) -> None:
        """A phrase has its own place to gesture in."""
        m = self.manner
        even = m.centre.mean(0)  # strong feelings use both hands alike
        own = m.centre[self.side] + mood.symmetric * (even - m.centre[self.side])
        self.centre = own + 0.45 * self._spread(mood) * rng.standard_normal(3) + [mood.out, mood.height, mood.ahead]
        if rng.random() < 1.3 * self._low(mood):
            self.centre = self.centre + [-0.02, -0.26, -0.14]

    def _spread(self, mood: Mood) -> Array:
        """How widely this mood scatters the hand's places ``(3,)``."""
        return self.manner.spread * float(np.clip(mood.amp, 0.4, 1.2))

    def _low(self, mood: Mood) -> float:
        """Chance that this hand drops: less where the mood lifts the hands or keeps them on guard."""
        lift = float(np.clip(np.exp(-5.0 * mood.height), 0.25, 1.8))
        return float(self.manner.low[self.side]) * lift * (1.0 - 0.9 * _guarding(mood))

    # -- moves -----------------------------------------------------------------------------------------------------

    def beat(
        self, end: float, chord_cm: float, mood: Mood, rng: np.random.Generator,
        like: Array | None = None, alike: float = 0.0, chop: bool = False,
    ) -> Move:  # fmt: skip
        """An ordinary unit of about ``chord_cm`` from here: back, on, or aside, wherever there is room.

        ``like`` is the other hand's displacement, which this hand follows with weight ``alike``.
        """
        m, here = self.manner, self.wrist.value
        span = max(end - self.wrist.end, 0.1)
        size = chord_cm / self.arm_cm
        if self.home:
            at = self.reachable(self.centre + 0.5 * self._spread(mood) * rng.standard_normal(3))
            return self._finish(end, at, span, mood, rng)
        if chop:
            down = self.last[1] > 0
            step = np.array([0.02, -1.0 if down else 1.0, 0.25]) * max(size, 0.25)
            return self._finish(end, self.reachable(here + step), span, mood, rng, "hold" if down else "reverse")
        onward = self.last / max(float(np.linalg.norm(self.last)), 1e-6)
        low = rng.random() < 0.5 * self._low(mood)
        centre, spread = self.centre, self._spread(mood)
        if low:
            centre, spread = np.array([0.46, -0.88, 0.16]), np.array([0.08, 0.1, 0.1])
            size = max(size, 0.9 * float(np.linalg.norm(centre - here)))
        directions = rng.standard_normal((10, 3)) * [0.8, 1.15, 0.85]
        if self.intent == "reverse":
            directions = 0.38 * directions - onward
        elif self.intent == "through":
            directions = 0.38 * directions + onward
        if like is not None:
            follow = like / max(float(np.linalg.norm(like)), 1e-6)
            count = round(10 * alike)
            directions[:count] = 0.36 * rng.standard_normal((count, 3)) + follow
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        goals = here + directions * size * rng.uniform(0.8, 1.2, (10, 1))
        goals = self.reachable(goals)
        score = -0.5 * (((goals - centre) / spread) ** 2).sum(1)
        score += 3.0 * np.log(np.minimum(np.linalg.norm(goals - here, axis=1) / size, 1.0) + 0.05)
        if not low:
            reach = np.linalg.norm(goals - [SHOULDER_OUT, 0, 0], axis=1)
            score -= 0.5 * ((reach - m.reach) / 0.13) ** 2
        score += rng.gumbel(size=10) * 0.7
        return self._finish(end, goals[int(np.argmax(score))], span, mood, rng)

    def _finish(
        self, end: float, at: Array, span: float, mood: Mood, rng: np.random.Generator, intent: str | None = None
    ) -> Move:
        """Arc, and the velocity and acceleration with which the unit hands over to the next."""
        m = self.manner
        way = at - self.wrist.value
        chord = float(np.linalg.norm(way))
        ahead = way / max(chord, 1e-6)
        draw = rng.random()
        hold = float(np.clip(m.hold_share * mood.hold**0.8 * mood.rate**-0.7, 0.0, 0.75))
        if intent is None:
            if draw < hold:
                intent = "hold"
            else:
                draw = (draw - hold) / (1 - hold)
                intent = "reverse" if draw < m.reverse else "through" if draw < m.reverse + m.through else "turn"
        # An arc bulges to the side to which the hand is already going, so there and back make a narrow loop.
        entry = self.wrist.velocity - (self.wrist.velocity @ ahead) * ahead
        pull = float(np.linalg.norm(entry))
        aside = rng.standard_normal(3) + [0.0, -0.6 * m.sinus, 0.0]
        aside -= (aside @ ahead) * ahead
        aside /= max(float(np.linalg.norm(aside)), 1e-6)
        side = entry / pull if pull > 0.15 * chord / span else aside
        bulge = m.bow * float(np.exp(0.5 * np.clip(rng.standard_normal(), -2, 1.6))) * chord
        bow = side * max(bulge - 0.156 * span * pull, 0.0)
        speed = chord / max(span, 0.3)  # what a longer next unit can take over without a wild loop
        velocity = np.zeros(3)
        acceleration = np.zeros(3)
        loose = float(np.clip(m.loose * np.exp(0.6 * rng.standard_normal()), 0.05, 0.9))
        if intent == "reverse":
            velocity = -side * loose * speed
            acceleration = -m.sinus * 4.6 * way / max(span, 0.36) ** 2
        elif intent == "through":
            velocity = 0.55 * speed * ahead
        elif intent == "turn":
            velocity = loose * speed * (0.6 * ahead - 0.8 * side)
        return Move(end, at, velocity, acceleration, bow, intent)

    def arc(self, at: Array, rng: np.random.Generator, share: float) -> Array:
        """A bulge of about ``share`` of the way to ``at``, upward and outward more often than not."""
        way = at - self.wrist.value
        chord = float(np.linalg.norm(way))
        ahead = way / max(chord, 1e-6)
        aside = rng.standard_normal(3) * 0.7 + [0.4, 0.3, 0.5]
        aside -= (aside @ ahead) * ahead
        return aside / max(float(np.linalg.norm(aside)), 1e-6) * share * chord * float(rng.uniform(0.5, 1.4))

    def move(self, move: Move, posture: Posture, mood: Mood, rng: np.random.Generator, form: bool = False) -> None:
        """Append a unit with its posture."""
        start, end = self.wrist.end, move.time
        way = float(np.linalg.norm(move.at - self.wrist.value)) * self.arm_cm
        end = max(end, start + 0.09, start + way / _FASTEST)
        self.last = move.at - self.wrist.value
        self.wrist.to(end, move.at, move.velocity, move.acceleration, move.bow)
        self.intent, self.home = move.intent, False
        self.turn(end, posture, mood)
        quick = min(max(0.7 * (end - start), 0.18), 0.32) if form else end - start
        self.grip(max(end - 0.03, self.fingers.end + 0.12), quick, posture.hand)

    def turn(self, end: float, posture: Posture, mood: Mood) -> None:
        """Palm, elbow and wrist reach their posture at ``end``."""
        if end > self.palm.end + 0.08:
            goal = self._palm_vector(posture, mood.elbow)
            goal[0] = np.clip(goal[0], *_ROLL)
            needed = float(np.abs(goal - self.palm.value).max()) / _TURN
            self.palm.to(max(end, self.palm.end + needed), goal)

    def grip(self, end: float, span: float, hand: str) -> None:
        """Fingers blend to ``hand`` over ``span`` seconds, done at ``end``."""
        goal = shape(hand)
        self.fingers.hold(max(end - span, self.fingers.end))
        needed = float(np.abs(goal - self.fingers.value).max()) / _CLOSE
        self.fingers.to(max(end, self.fingers.end + needed), goal)

    def _palm_vector(self, posture: Posture, elbow: float) -> Array:
        # Elbows drop to let the palm turn up.
        drop = 0.75 * np.degrees(self.manner.swivel) if posture.palm == "up" else 0.0
        angles = [PALMS[posture.palm], posture.elbow + elbow - drop, posture.flexion, posture.radial, posture.shrug]
        return np.radians(angles) + [0.0, self.manner.swivel, 0.0, 0.0, 0.0]

    def stay(self, until: float) -> None:
        """Hold still; what speed is left settles first, a little beyond."""
        track = self.wrist
        if until <= track.end + 0.02:
            return
        pace = float(np.linalg.norm(track.velocity))
        if pace > 1e-3:
            settle = min(max(0.28, 0.0), until - track.end)
            track.to(track.end + settle, self.reachable(track.value + 0.3 * settle * track.velocity))
        track.hold(until)
        self.palm.hold(until)
        self.fingers.hold(until)

    def drift(self, until: float, chord_cm: float, mood: Mood, rng: np.random.Generator) -> None:
        """A slow small move: life in a pause or in the hand that has nothing to do."""
        track = self.wrist
        if until <= track.end + 0.1:
            return
        span = until - track.end
        step = 0.12 * span * track.velocity + (self.centre - track.value) * 0.08
        step = step + rng.standard_normal(3) * chord_cm / self.arm_cm * 0.5
        at = self.reachable(track.value + step)
        self.wrist.to(until, at)
        self.intent = "turn"
        self.palm.hold(until)

    def yield_to(self, until: float, mood: Mood, rng: np.random.Generator) -> None:
        """The other hand has the word: rest if home, else keep loosely still."""
        if self.home:
            self.stay(until)
        else:
            self.drift(until, 0.12 * self.manner.chord, mood, rng)

    def go_home(self, end: float, mood: Mood, rng: np.random.Generator) -> None:
        """Back to the resting place, quick at first and slow at the end, fingers relaxed."""
        goal = self.rest(mood) + 0.012 * rng.standard_normal(3)
        goal = self.reachable(goal)
        end = max(end, self.wrist.end + 0.3)
        posture = _GUARD if _guarding(mood) > 0.5 else _RESTS[self.rest_name]
        self.wrist.to(end, goal, bow=self.arc(goal, rng, 0.6 * self.manner.bow))
        self.turn(end, posture, mood)
        self.grip(max(end, self.fingers.end + 0.2), 0.5, posture.hand)
        self.home, self.intent = True, "turn"
        self.last = np.array([0.0, -0.3, -0.1])
