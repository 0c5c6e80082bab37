"""One hand's plan: its path, its pose, and how it picks the next place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.quintic import QuinticSpline
from gengine.networks.choreographer.fingers import shape
from gengine.networks.choreographer.gesture_forms import PALMS, HandPose
from gengine.networks.choreographer.parameters import HAND
from gengine.networks.choreographer.style import EmotionStyle, MotionStyle

Array = NDArray[np.float64]
Rng = np.random.Generator

SHOULDER_OUT = HAND.shoulder_out
"""Half the width of the shoulders, arm lengths."""

_TURN, _CLOSE = np.radians(HAND.turn), np.radians(HAND.close)
_ROLL = np.radians([HAND.roll.low, HAND.roll.high])


def _resting(place: tuple[float, ...], palm: str, shape: str, flexion: int, radial: int, elbow: int = 0) -> HandPose:
    out, up, ahead = place
    return HandPose((out, up, ahead), palm, shape, flexion, radial, elbow)


_RESTS = {
    "hang": _resting(HAND.hang_place, "in", "relaxed", 6, -4),
    "ready": _resting(HAND.ready_place, "in", "relaxed", 2, -6),
    "together": _resting(HAND.together_place, "rest", "soft", 4, -4),
}
_GUARD = _resting(HAND.guard_place, "back", "loose_fist", 14, -4, -6)
_LEAST = 1e-6
"""Shortest way (arm lengths) that has a direction."""


def _unit(way: Array) -> Array:
    return way / max(float(np.linalg.norm(way)), _LEAST)


def _guarding(emotion: EmotionStyle) -> float:
    """Share 0-1 of the way from the usual resting place to the guarding one."""
    touch = max(emotion.self_touch - HAND.guard_touch_from, 0)
    return float(np.clip(HAND.guard_tremor * emotion.tremor + HAND.guard_touch * touch, 0, 1))


@dataclass(frozen=True)
class MovementUnit:
    """A unit of one hand: reach ``at`` (arm lengths) at ``time`` with these derivatives, along an arc."""

    time: float
    at: Array
    velocity: Array | None = None
    acceleration: Array | None = None
    bow: Array | None = None
    intent: str = "turn"


class HandPlan:
    """Curves of one hand. Places are (out, up, forward) of mid-shoulder in arm lengths."""

    def __init__(self, side: int, style: MotionStyle, draw: float, arm_cm: float) -> None:
        self.side, self.style, self.arm_cm = side, style, arm_cm
        base, slope = HAND.together_chance
        self._together = float(HAND.together_limits.clip(base + slope * style.traits.energy))
        self.rest_name = "hang"
        self.choose_rest_from(draw)
        pose = _RESTS[self.rest_name]
        self.wrist = QuinticSpline(pose.at, 0)
        self.palm = QuinticSpline(self._palm_vector(pose, 0), 0)
        """Palm turn, elbow swivel, wrist flexion, radial deviation, shrug (rad)."""
        self.fingers = QuinticSpline(shape(pose.shape), 0)
        self.last = np.array(HAND.first_last)
        self.intent = "turn"
        self.home = True
        self.centre = style.centre[side]

    def fill(self, until: float) -> None:
        """Bring every curve at least to ``until``."""
        for curve in (self.wrist, self.palm, self.fingers):
            if curve.end < until:
                curve.hold(until)

    def cut(self, time: float) -> None:
        """Forget what was planned after ``time`` seconds."""
        for curve in (self.wrist, self.palm, self.fingers):
            curve.cut(time)
        self.intent = "turn"

    def trim(self, before: float) -> None:
        """Forget what lies before ``before`` seconds."""
        for curve in (self.wrist, self.palm, self.fingers):
            curve.trim(before)

    # -- places ----------------------------------------------------------------------------------------------------

    def choose_rest_from(self, draw: float) -> None:
        """Pick where this hand rests; both hands must be given the same ``draw``."""
        base, more = HAND.hang_chance
        hang = draw < base + more * self._together
        self.rest_name = "together" if draw < self._together else "hang" if hang else "ready"

    def choose_rest(self, rng: Rng) -> None:
        """Now and then one hand finds another resting place."""
        if self.rest_name != "together" and rng.random() < HAND.another_rest:
            self.rest_name = "hang" if self.rest_name == "ready" else "ready"

    def rest(self, emotion: EmotionStyle) -> Array:
        """The resting place under ``emotion``."""
        at = np.array(_RESTS[self.rest_name].at)
        if self.rest_name == "together":
            at += np.array(HAND.together_stagger) * self.side  # one hand lies in front of the other
            at[1] += float(HAND.together_lift_limits.clip(HAND.together_lift * emotion.height))
        guard = np.array(_GUARD.at) + np.array(HAND.guard_stagger) * self.side
        return self.reachable(at + (guard - at) * _guarding(emotion))

    def place(self, at: tuple[float, float, float] | Array, emotion: EmotionStyle) -> Array:
        """A place of the lexicon's forms as this speaker makes it under ``emotion``."""
        middle = np.array(HAND.middle)
        size = (self.style.chord / HAND.size_chord * emotion.amp) ** HAND.size_power
        size = float(HAND.size_limits.clip(size)) * min(emotion.amp, 1) ** HAND.size_small
        goal = middle + (np.asarray(at, float) - middle) * size
        share, usual = HAND.lift
        lift = share * (self.style.centre[1, 1] - usual) + HAND.lift_emotion * emotion.height
        return goal + [HAND.lift_emotion * emotion.out, lift, HAND.lift_emotion * emotion.ahead]

    def reachable(self, at: Array) -> Array:
        """The nearest places ``(..., 3)`` within the arm's reach, off the trunk and not behind it."""
        at = np.asarray(at, float)
        out, up, ahead = at[..., 0], at[..., 1], at[..., 2]
        out, up = HAND.out_limits.clip(out), HAND.up_limits.clip(up)
        low = (up < HAND.low_up) & (ahead < HAND.low_ahead)
        out = np.where(low, np.maximum(out, HAND.low_out), out)
        (least, beside), (face, over) = HAND.face_out, HAND.face_up
        out = np.maximum(out, least + beside * np.minimum(np.maximum((up - face) / over, 0), 1))
        ahead = np.maximum(ahead, np.where(out > HAND.side_out, HAND.side_ahead, HAND.front_ahead))
        arm = out - SHOULDER_OUT
        reach = np.sqrt(arm * arm + up * up + ahead * ahead)
        fit = HAND.reach_limits.clip(reach) / np.maximum(reach, _LEAST)
        nearest = np.empty_like(at)
        nearest[..., 0], nearest[..., 1], nearest[..., 2] = arm * fit + SHOULDER_OUT, up * fit, ahead * fit
        return nearest

    def new_phrase(self, rng: Rng, emotion: EmotionStyle) -> None:
        """A phrase has its own place to gesture in."""
        style = self.style
        even = style.centre.mean(0)  # strong feelings use both hands alike
        own = style.centre[self.side] + emotion.symmetric * (even - style.centre[self.side])
        scatter = HAND.phrase_spread * self._spread(emotion) * rng.standard_normal(3)
        self.centre = own + scatter + [emotion.out, emotion.height, emotion.ahead]
        if rng.random() < HAND.phrase_low * self._low(emotion):
            self.centre = self.centre + HAND.phrase_drop

    def _spread(self, emotion: EmotionStyle) -> Array:
        """How widely this emotion scatters the hand's places ``(3,)``."""
        return self.style.spread * float(HAND.spread_amplitude.clip(emotion.amp))

    def _low(self, emotion: EmotionStyle) -> float:
        """Chance that this hand drops: less where the emotion lifts the hands or keeps them on guard."""
        lift = float(HAND.low_lift_limits.clip(np.exp(-HAND.low_lift * emotion.height)))
        return float(self.style.low[self.side]) * lift * (1 - HAND.low_guard * _guarding(emotion))

    # -- movement units --------------------------------------------------------------------------------------------

    def beat(
        self, end: float, chord_cm: float, emotion: EmotionStyle, rng: Rng, like: Array | None = None,
        alike: float = 0, chop: bool = False,
    ) -> MovementUnit:  # fmt: skip
        """An ordinary unit of about ``chord_cm`` from here: back, on, or aside, wherever there is room.

        ``like`` is the other hand's displacement, which this hand follows with weight ``alike``.
        """
        here, size = self.wrist.value, chord_cm / self.arm_cm
        span = max(end - self.wrist.end, HAND.span_least)
        if self.home:
            at = self.reachable(self.centre + HAND.home_scatter * self._spread(emotion) * rng.standard_normal(3))
            return self._finish(end, at, span, emotion, rng)
        if chop:
            down = self.last[1] > 0
            out, up, ahead = HAND.chop_step
            step = np.array([out, -up if down else up, ahead]) * max(size, HAND.chop_least)
            return self._finish(end, self.reachable(here + step), span, emotion, rng, "hold" if down else "reverse")
        low = rng.random() < HAND.low_chance * self._low(emotion)
        centre, spread = self.centre, self._spread(emotion)
        if low:
            centre, spread = np.array(HAND.low_centre), np.array(HAND.low_spread)
            size = max(size, HAND.low_size * float(np.linalg.norm(centre - here)))
        sizes = HAND.size_scatter
        directions = self._directions(rng, like, alike)
        goals = here + directions * size * rng.uniform(sizes.low, sizes.high, (HAND.candidates, 1))
        goals = self.reachable(goals)
        weight, slack = HAND.score_way
        score = -0.5 * (((goals - centre) / spread) ** 2).sum(1)
        score += weight * np.log(np.minimum(np.linalg.norm(goals - here, axis=1) / size, 1) + slack)
        if not low:
            reach = np.linalg.norm(goals - [SHOULDER_OUT, 0, 0], axis=1)
            score -= 0.5 * ((reach - self.style.reach) / HAND.score_reach) ** 2
        score += rng.gumbel(size=HAND.candidates) * HAND.score_noise
        return self._finish(end, goals[int(np.argmax(score))], span, emotion, rng)

    def _directions(self, rng: Rng, like: Array | None, alike: float) -> Array:
        """Unit vectors ``(candidates, 3)`` in which the next unit may go."""
        onward = _unit(self.last)
        directions = rng.standard_normal((HAND.candidates, 3)) * HAND.axes
        if self.intent == "reverse":
            directions = HAND.scatter_intent * directions - onward
        elif self.intent == "through":
            directions = HAND.scatter_intent * directions + onward
        if like is not None:
            count = round(HAND.candidates * alike)
            directions[:count] = HAND.scatter_like * rng.standard_normal((count, 3)) + _unit(like)
        return directions / np.linalg.norm(directions, axis=1, keepdims=True)

    def _finish(
        self, end: float, at: Array, span: float, emotion: EmotionStyle, rng: Rng, intent: str | None = None
    ) -> MovementUnit:
        """Arc, and the velocity and acceleration with which the unit hands over to the next."""
        style, way = self.style, at - self.wrist.value
        chord = float(np.linalg.norm(way))
        ahead = way / max(chord, _LEAST)
        drawn = self._intent(emotion, rng)
        intent = intent or drawn
        # An arc bulges to the side to which the hand is already going, so there and back make a narrow loop.
        entry = self.wrist.velocity - (self.wrist.velocity @ ahead) * ahead
        pull = float(np.linalg.norm(entry))
        aside = rng.standard_normal(3) + [0, HAND.sag * style.sinus, 0]
        aside -= (aside @ ahead) * ahead
        side = entry / pull if pull > HAND.follow * chord / span else _unit(aside)
        scatter = HAND.bulge_scatter * HAND.bulge_limits.clip(rng.standard_normal())
        bulge = style.bow * float(np.exp(scatter)) * chord
        bow = side * max(bulge - HAND.bulge_entry * span * pull, 0)
        speed = chord / max(span, HAND.handover_span)
        velocity, acceleration = np.zeros(3), np.zeros(3)
        loose = float(HAND.loose_limits.clip(style.loose * np.exp(HAND.loose_scatter * rng.standard_normal())))
        if intent == "reverse":
            velocity = -side * loose * speed
            acceleration = -style.sinus * HAND.swing * way / max(span, HAND.swing_span) ** 2
        elif intent == "through":
            velocity = HAND.through * speed * ahead
        elif intent == "turn":
            velocity = loose * speed * (HAND.turn_ahead * ahead - HAND.turn_aside * side)
        return MovementUnit(end, at, velocity, acceleration, bow, intent)

    def _intent(self, emotion: EmotionStyle, rng: Rng) -> str:
        """What comes after a unit: a hold, the way back, the way on, or a turn aside."""
        style, draw = self.style, rng.random()
        of_hold, of_rate = HAND.hold_powers
        hold = float(np.clip(style.hold_share * emotion.hold**of_hold * emotion.rate**of_rate, 0, HAND.hold_most))
        if draw < hold:
            return "hold"
        draw = (draw - hold) / (1 - hold)
        return "reverse" if draw < style.reverse else "through" if draw < style.reverse + style.through else "turn"

    def arc(self, at: Array, rng: Rng, share: float) -> Array:
        """A bulge of about ``share`` of the way to ``at``, upward and outward more often than not."""
        way = at - self.wrist.value
        chord = float(np.linalg.norm(way))
        ahead = way / max(chord, _LEAST)
        aside = rng.standard_normal(3) * HAND.arc_scatter + HAND.arc_bias
        aside -= (aside @ ahead) * ahead
        return _unit(aside) * share * chord * float(rng.uniform(HAND.arc_sizes.low, HAND.arc_sizes.high))

    def _around(self, at: Array, bow: Array | None) -> Array:
        """``bow`` of a way to ``at``, so changed that its middle keeps off the trunk as its ends do."""
        bow = np.zeros(3) if bow is None else bow
        middle = 0.5 * (self.wrist.value + at) + bow
        return bow + self.reachable(middle) - middle

    def move(self, unit: MovementUnit, pose: HandPose, emotion: EmotionStyle, form: bool = False) -> None:
        """Append a unit with its pose."""
        start, way = self.wrist.end, unit.at - self.wrist.value
        needed = float(np.linalg.norm(way)) * self.arm_cm / HAND.fastest
        end = max(unit.time, start + HAND.shortest, start + needed)
        self.last = way
        self.wrist.to(end, unit.at, unit.velocity, unit.acceleration, self._around(unit.at, unit.bow))
        self.intent, self.home = unit.intent, False
        self.turn(end, pose, emotion)
        least, most = HAND.form_grip_limits.low, HAND.form_grip_limits.high
        quick = min(max(HAND.form_grip * (end - start), least), most) if form else end - start
        self.grip(max(end - HAND.grip_lead, self.fingers.end + HAND.grip_least), quick, pose.shape)

    def turn(self, end: float, pose: HandPose, emotion: EmotionStyle) -> None:
        """Palm, elbow and wrist reach their pose at ``end``."""
        if end > self.palm.end + HAND.turn_least:
            goal = self._palm_vector(pose, emotion.elbow)
            goal[0] = np.clip(goal[0], *_ROLL)
            needed = float(np.abs(goal - self.palm.value).max()) / _TURN
            self.palm.to(max(end, self.palm.end + needed), goal)

    def grip(self, end: float, span: float, hand: str) -> None:
        """Fingers blend to ``hand`` over ``span`` seconds, done at ``end``."""
        goal = shape(hand)
        self.fingers.hold(max(end - span, self.fingers.end))
        needed = float(np.abs(goal - self.fingers.value).max()) / _CLOSE
        self.fingers.to(max(end, self.fingers.end + needed), goal)

    def _palm_vector(self, pose: HandPose, elbow: float) -> Array:
        # Elbows drop to let the palm turn up.
        drop = HAND.elbow_drop * np.degrees(self.style.swivel) if pose.palm == "up" else 0
        angles = [PALMS[pose.palm], pose.elbow + elbow - drop, pose.flexion, pose.radial, pose.shrug]
        return np.radians(angles) + [0, self.style.swivel, 0, 0, 0]

    def stay(self, until: float) -> None:
        """Hold still; what speed is left settles first, a little beyond."""
        wrist = self.wrist
        if until <= wrist.end + HAND.stay_least:
            return
        pace = float(np.linalg.norm(wrist.velocity))
        if pace > 1e-3:
            settle = min(HAND.settle, until - wrist.end)
            wrist.to(wrist.end + settle, self.reachable(wrist.value + HAND.settle_way * settle * wrist.velocity))
        wrist.hold(until)
        self.palm.hold(until)
        self.fingers.hold(until)

    def drift(self, until: float, chord_cm: float, rng: Rng) -> None:
        """A slow small move: life in a pause or in the hand that has nothing to do."""
        wrist = self.wrist
        if until <= wrist.end + HAND.drift_least:
            return
        span = until - wrist.end
        step = HAND.drift_on * span * wrist.velocity + (self.centre - wrist.value) * HAND.drift_home
        step = step + rng.standard_normal(3) * chord_cm / self.arm_cm * HAND.drift_scatter
        wrist.to(until, self.reachable(wrist.value + step))
        self.intent = "turn"
        self.palm.hold(until)

    def yield_to(self, until: float, rng: Rng) -> None:
        """The other hand has the word: rest if home, else keep loosely still."""
        if self.home:
            self.stay(until)
        else:
            self.drift(until, HAND.yield_chord * self.style.chord, rng)

    def go_home(self, end: float, emotion: EmotionStyle, rng: Rng, aside: Array | float = 0.0) -> None:
        """Back to the resting place, moved by ``aside (3,)``: quick at first, slow at the end, fingers relaxed."""
        goal = self.reachable(self.rest(emotion) + aside + HAND.home_scatter_al * rng.standard_normal(3))
        end = max(end, self.wrist.end + HAND.home_least)
        pose = _GUARD if _guarding(emotion) > HAND.guarded else _RESTS[self.rest_name]
        self.wrist.to(end, goal, bow=self._around(goal, self.arc(goal, rng, HAND.home_bow * self.style.bow)))
        self.turn(end, pose, emotion)
        self.grip(max(end, self.fingers.end + HAND.home_grip_least), HAND.home_grip, pose.shape)
        self.home, self.intent = True, "turn"
        self.last = np.array(HAND.home_last)
