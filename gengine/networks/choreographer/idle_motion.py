"""Slow life of the body, planned as curves: weight on the feet and breath."""

from __future__ import annotations

import numpy as np

from gengine.core.noise import generator
from gengine.core.quintic import QuinticSpline
from gengine.networks.choreographer.parameters import IDLE
from gengine.networks.choreographer.speech_context import SpeechContext
from gengine.networks.choreographer.style import MotionStyle


class WeightShift:
    """Weight and feet: the weight shifts at irregular times, mostly in speech, and now and then a freed foot steps.

    ``weight`` is the pelvis's place (sideways, forward; m) and ``turn`` its yaw and pitch (deg), which go ahead of it:
    people turn to somebody, then lean over; ``feet`` hold (sideways, forward; m, yaw; rad) and
    ``lifts`` the height (m) of the left and right foot.
    """

    def __init__(self, style: MotionStyle, seed: int) -> None:
        self.style, self.seed = style, seed
        rng = generator(seed, "stance")
        self.side = 1 if rng.random() < 0.5 else -1
        self.weight = QuinticSpline([self.side * IDLE.first_shift * style.shift_size, 0], 0)
        self.turn = QuinticSpline([0, 0], 0)
        half = style.stance / 2
        ahead = IDLE.first_ahead if rng.random() < 0.5 else -IDLE.first_ahead
        left, right = np.radians(rng.uniform(IDLE.first_turn.low, IDLE.first_turn.high, 2))
        self.feet = [QuinticSpline([half, ahead, left], 0), QuinticSpline([-half, -ahead, -right], 0)]
        self.lifts = [QuinticSpline([0], 0), QuinticSpline([0], 0)]
        self.count = 0

    def extend(self, speech: SpeechContext, until: float) -> None:
        """Plan until ``until``."""
        if self.count == 0:  # the feet stand as the emotion asks before the first frame is shown
            wide = speech.emotion(0.0).stance
            self.feet = [QuinticSpline(foot.value * [wide, 1, 1], 0) for foot in self.feet]
        while self.weight.end < until:
            self._shift(speech, generator(self.seed, "shift", self.count))
            self.count += 1
        for curve in (self.turn, *self.feet, *self.lifts):
            curve.hold(max(until, curve.end))

    def _shift(self, speech: SpeechContext, rng: np.random.Generator) -> None:
        """Wait, or move the weight to one foot, and perhaps the other foot after it."""
        style, now = self.style, self.weight.end
        around, emotion = speech.around(now), speech.emotion(now)
        awake = around.speaking or around.resumes < IDLE.calm_from
        mean = style.shift_every * (1 if awake else IDLE.calm) / emotion.sway**IDLE.sway_power
        wait = min(mean * float(rng.gamma(IDLE.wait_shape, IDLE.wait_scale)), IDLE.wait_most)
        if rng.random() > wait / mean:
            self.weight.hold(now + wait)
            return
        self.side = -self.side if rng.random() < IDLE.change_side else self.side
        middle = 0.5 * (self.feet[0].value[:2] + self.feet[1].value[:2])
        eager = min(emotion.sway * emotion.rate, IDLE.step_emotion_most)
        stand = abs(self.feet[0].value[0] - self.feet[1].value[0])
        amiss = abs(np.log(style.stance * emotion.stance / stand)) > IDLE.stance_amiss
        stepping = awake and rng.random() < style.step_share * eager * (IDLE.stance_eager if amiss else 1)
        size = style.shift_size * float(IDLE.sway_range.clip(emotion.sway)) * (1 if awake else IDLE.calm_turn)
        size = size * abs(float(rng.normal(1, IDLE.size_scatter)))
        if stepping:  # the foot to move must be free of weight
            size = max(size, IDLE.step_lean * style.stance)
        size = min(size, IDLE.aside_most * style.stance)
        goal = middle + [self.side * size, IDLE.ahead_share * style.shift_size * float(rng.standard_normal())]
        way = float(np.linalg.norm(goal - self.weight.value))
        span = IDLE.span_range.clip(IDLE.span_base + IDLE.span_slope * way) * rng.uniform(
            IDLE.span_scatter.low, IDLE.span_scatter.high
        )
        span = float(span / emotion.speed**IDLE.speed_power) * (1 if awake else IDLE.calm_slow)
        self._turn(
            now,
            span,
            float(goal[0] - middle[0]),
            float(IDLE.sway_range.clip(emotion.sway)) * (1 if awake else IDLE.calm_turn),
            rng,
        )
        self.weight.hold(now + IDLE.turn_lead)
        self.weight.to(now + IDLE.turn_lead + span, goal)
        if stepping:
            self._step(now + IDLE.turn_lead + IDLE.step_at * span, style.stance * emotion.stance, rng)

    def _turn(self, now: float, span: float, aside: float, size: float, rng: np.random.Generator) -> None:
        """Turn and lean with a shift of the weight to ``aside`` m, ``size`` x as far as usual."""
        start = max(now, self.turn.end)
        draw = np.clip(rng.standard_normal(2), -IDLE.turn_most, IDLE.turn_most)
        yaw = IDLE.turn_with * 100 * aside + self.style.turn * draw[0]
        self.turn.hold(start)
        self.turn.to(start + IDLE.turn_span * span, [size * yaw, size * self.style.lean * draw[1]])

    def _step(self, start: float, stance: float, rng: np.random.Generator) -> None:
        """Move the unloaded foot to a new place around the origin, about ``stance`` m from the other."""
        foot = 1 if self.side > 0 else 0
        sign = 1 if foot == 0 else -1
        place, lift, other = self.feet[foot], self.lifts[foot], self.feet[1 - foot].value
        start = max(start, place.end)
        middle = rng.normal([0, 0], IDLE.step_scatter)
        goal = middle + [sign * stance / 2, sign * IDLE.step_stagger * rng.standard_normal()]
        goal = place.value[:2] + np.clip(goal - place.value[:2], -IDLE.step_most, IDLE.step_most)
        goal[0] = other[0] + sign * IDLE.feet_apart.clip(sign * (goal[0] - other[0]))
        goal[1] = other[1] + np.clip(goal[1] - other[1], -IDLE.feet_stagger, IDLE.feet_stagger)
        span = IDLE.step_span + IDLE.step_slope * float(np.linalg.norm(goal - place.value[:2]))
        place.hold(start + IDLE.step_leave)
        place.to(
            start + span - IDLE.step_arrive,
            [*goal, sign * np.radians(rng.uniform(IDLE.step_turn.low, IDLE.step_turn.high))],
        )
        lift.hold(start)
        more, share = IDLE.lift_more
        lift.to(start + IDLE.lift_at * span, [IDLE.lift + more * span**2 * rng.random() * share])
        lift.to(start + span, [0])
        self.weight.hold(max(start + span + IDLE.step_settle, self.weight.end))

    def trim(self, before: float) -> None:
        """Forget what lies before ``before`` seconds."""
        for curve in (self.weight, self.turn, *self.feet, *self.lifts):
            curve.trim(before)


class Breathing:
    """Lung volume 0..1: short deep breaths before speech, slow even ones in silence."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.volume = QuinticSpline([IDLE.volume_first], 0)
        self.count = 0

    def extend(self, speech: SpeechContext, until: float) -> None:
        """Plan breathing until ``until``."""
        while self.volume.end < until:
            self._breathe(speech, generator(self.seed, "breath", self.count))
            self.count += 1

    def _breathe(self, speech: SpeechContext, rng: np.random.Generator) -> None:
        volume, now = self.volume, self.volume.end
        around, level = speech.around(now), float(volume.value[0])
        if around.speaking:
            # Speaking lets air out slowly; the next pause refills.
            span = float(IDLE.speech_span.clip(around.lasts))
            flow = IDLE.speech_velocity if level > IDLE.flow_until else 0
            volume.to(now + span, [max(level - IDLE.speech_flow * span, IDLE.volume_least)], [flow])
        elif around.resumes < IDLE.gap_longest and level < IDLE.full:
            span = float(IDLE.inhale_span.clip(around.resumes - IDLE.inhale_before))
            volume.to(now + span, [min(1, level + IDLE.inhale_volume.low + IDLE.inhale_volume.width * rng.random())])
            if around.resumes > IDLE.hold_from:
                volume.hold(now + around.resumes - IDLE.hold_before)
        elif around.resumes < IDLE.gap_longest:
            volume.to(now + max(around.resumes, IDLE.idle_least), [level])
        else:
            inhale = IDLE.rest_inhale * float(rng.uniform(IDLE.rest_scatter.low, IDLE.rest_scatter.high))
            inward = level < IDLE.rest_turn
            goal = IDLE.rest_full if inward else IDLE.rest_empty
            span = inhale if inward else IDLE.rest_ratio * inhale
            volume.to(now + span, [goal.at(rng.random())])
