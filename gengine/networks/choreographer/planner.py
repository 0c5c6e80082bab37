"""The planner: decides, one movement unit after another, where the hands go and when.

Each decision is made at the front of the plan from what is known up to a fixed horizon, and its random numbers
belong to the decision's number, so a plan is the same whatever the hop size.
"""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Cue
from gengine.core.noise import generator, stable_seed
from gengine.networks.choreographer.body_plan import BodyPlan
from gengine.networks.choreographer.gesture_forms import ASKED, GESTURES, GestureForm, gesture
from gengine.networks.choreographer.hand_plan import HandPlan
from gengine.networks.choreographer.parameters import PLAN
from gengine.networks.choreographer.speech_context import SpeechContext, SpeechMoment
from gengine.networks.choreographer.style import EmotionStyle, MotionStyle

Array = NDArray[np.float64]
Rng = np.random.Generator
CueGesture = tuple[Cue, GestureForm]

HORIZON, MARGIN = PLAN.horizon, PLAN.margin
"""Seconds of sound beyond the front that a decision may look at, and by which plans run ahead of the hop."""


class Planner(BodyPlan):
    """All that is decided but not yet shown: curves of both hands, the trunk's share, and strokes."""

    def __init__(self, style: MotionStyle, seed: int, arm_cm: float) -> None:
        rng = generator(seed, "planner")
        draw = float(rng.random())
        super().__init__(style, [HandPlan(side, style, draw, arm_cm) for side in (0, 1)], arm_cm, seed)
        self.count = 0
        self.habit = stable_seed(*astuple(style.traits))
        """Who speaks enters the draw: two speakers gesture the same words differently."""
        self.resting, self.rest_since = True, 0.0
        self.rest_until = PLAN.first_rest
        if style.active < PLAN.calm:
            self.rest_until = PLAN.first_rest + rng.exponential(PLAN.first_wait)
        self.lead = int(rng.random() < style.traits.handedness)
        self.pending: CueGesture | None = None
        self.judged: set[tuple[str, float]] = set()
        self.last_cue = -np.inf
        self.surprised = False

    def extend(self, speech: SpeechContext, until: float) -> None:
        """Plan on until every curve reaches ``until``."""
        while self.front < until:
            before = self.front
            self._decide(speech)
            self.front = max(self.front, before + PLAN.step_least)
            for hand in self.hands:
                hand.fill(self.front - PLAN.fill_behind)
            self.lively.hold(self.front)
            self.nod.hold(self.front)
            self.pelvis.hold(self.front)

    def revise(self, speech: SpeechContext, time: float, hushed: bool) -> None:
        """Plan anew from ``time`` s on, before which plans were shown: hands at rest, for words that became known;
        ``hushed``, all: hands that are out go home from where they are."""
        rests = self.resting and self.rest_since <= time
        if time >= self.front or not (hushed or rests):
            return
        for hand in self.hands:
            hand.cut(time)
        for curve in (self.nod, self.pelvis, self.lively):
            curve.cut(time)
        self.strokes = [(a, min(b, time), score, name) for a, b, score, name in self.strokes if a < time]
        self.front, self.pending = time, None
        if not rests:
            rng = generator(self.seed, "revision", round(time * 1000))
            self.resting = False
            self._retract(speech.emotion(time), rng, quiet=True, most=PLAN.revised_home)

    def trim(self, before: float) -> None:
        """Forget what lies before ``before`` seconds."""
        for hand in self.hands:
            hand.trim(before)
        self.nod.trim(before)
        self.pelvis.trim(before)
        self.lively.trim(before)
        self.strokes = [s for s in self.strokes if s[1] > before - PLAN.memory]
        self.judged = {(kind, start) for kind, start in self.judged if start > before - PLAN.memory}

    # -- decisions -------------------------------------------------------------------------------------------------

    def _decide(self, speech: SpeechContext) -> None:
        """What comes next: the first of these that the moment asks for."""
        now = self.front
        rng = generator(self.seed, "unit", self.count)
        self.count += 1
        around, plain = speech.around(now), speech.emotion(now + PLAN.emotion_ahead)
        emotion = plain if self.resting else self.felt(plain, speech)
        cue = self._next_cue(speech, now, plain)
        burst = self._burst(plain)
        if cue is not None and GESTURES[cue[0].kind].priority == ASKED and self._due(cue, emotion):
            if self.resting:
                self._wake(emotion, rng)
            self._take(cue, emotion, speech, rng)
        elif self.resting:
            self._rest(speech, around, emotion, rng, cue, burst)
        elif not around.speaking:
            long = around.resumes > PLAN.rest_pause
            far = around.resumes > PLAN.rest_far
            if far or (long and rng.random() < min(1, PLAN.rest_chance + around.silent_for)):
                self._retract(emotion, rng, quiet=True)
            else:
                self.bridge(around.silent_for, around.resumes, emotion, rng)
        elif burst:
            self.perform(gesture("burst", "", rng), None, emotion, speech, rng)
        elif cue is not None and self._due(cue, emotion):
            self._take(cue, emotion, speech, rng)
        elif around.lasts < PLAN.rest_end and around.pause > PLAN.rest_pause and rng.random() < PLAN.rest_end_chance:
            self._retract(emotion, rng, quiet=True)
        elif self.left_units <= 0 and cue is None:
            self._retract(emotion, rng, quiet=False)
        elif self.hands[self.lead].intent == "hold":
            self.hold(emotion, rng, cue)
        else:
            self._gesture(speech, around, emotion, rng, cue)

    def _rest(
        self, speech: SpeechContext, around: SpeechMoment, emotion: EmotionStyle, rng: Rng, cue: CueGesture | None,
        burst: bool,
    ) -> None:  # fmt: skip
        """Stay at rest, or wake for a surprise, a cue or plain talk."""
        rested = self.front - self.rest_since
        soon = around.lasts > PLAN.speech_least if around.speaking else around.resumes < PLAN.speech_soon
        if soon and burst:
            self._wake(emotion, rng)
            self.perform(gesture("burst", "", rng), None, emotion, speech, rng)
        elif soon and cue is not None and rested > PLAN.cue_after_rest:
            if self._due(cue, emotion):
                self._wake(emotion, rng)
                self._take(cue, emotion, speech, rng)
            else:
                self._idle(PLAN.idle_cue)
        elif soon and self.front >= self.rest_until:
            self._wake(emotion, rng)
            if rng.random() < PLAN.touch_chance * emotion.self_touch and self.last_form != "self_touch":
                self.perform(gesture("self_touch", "", rng), None, emotion, speech, rng)
            else:
                self._gesture(speech, around, emotion, rng, None)
        elif around.resumes == np.inf and rested > PLAN.new_rest.at(rng.random()):
            for hand in self.hands:  # in long silence hands change places now and then
                hand.choose_rest(rng)
            self.go_home(emotion, rng, PLAN.new_rest_slow)
            self.rest_since = self.front
        else:
            self._idle(PLAN.idle_soon if soon else PLAN.idle_rest)

    def _gesture(
        self, speech: SpeechContext, around: SpeechMoment, emotion: EmotionStyle, rng: Rng, cue: CueGesture | None
    ) -> None:
        """One ordinary unit, or a free form where an accent invites one."""
        now = self.front
        calls = speech.accents(now, *PLAN.free_accents)
        ripe = now - self.last_cue > PLAN.free_after and cue is None and len(calls)
        chance = PLAN.free_chance.at(self.style.traits.energy) * min(emotion.rate, PLAN.free_rate_most)
        if ripe and rng.random() < chance:
            onset = float(calls[int(np.argmax(calls[:, 1])), 0])
            form = self._free_form(emotion, rng)
            self._take((Cue("free", onset, onset + PLAN.free_cue, onset, ""), form), emotion, speech, rng)
            return
        fresh = rng.random() < PLAN.phrase_chance
        if fresh and around.silent_for == 0 and now - self.last_cue > PLAN.phrase_after:
            self.new_phrase(emotion, rng)
        self.beat(emotion, speech, rng, cue)

    def _idle(self, seconds: float) -> None:
        self.front += seconds
        self.hold_all(self.front)

    def _wake(self, emotion: EmotionStyle, rng: Rng) -> None:
        """Begin a phrase of so many units."""
        self.resting = False
        mean, deviation = PLAN.wake_units
        units = self.style.units * float(rng.lognormal(mean, deviation)) * emotion.rate**PLAN.wake_rate
        self.left_units = max(1, round(units))
        self.new_phrase(emotion, rng)
        self.lively.to(self.front + PLAN.wake_span, [1])

    def _retract(self, emotion: EmotionStyle, rng: Rng, quiet: bool, most: float = np.inf) -> None:
        """Go home within ``most`` s: in a pause (``quiet``) until speech goes on, else for a while."""
        style = self.style
        self.go_home(emotion, rng, most=most)
        self.resting, self.rest_since = True, self.front
        self.rest_until = self.front + PLAN.quiet_wait
        if not quiet:
            gap = PLAN.gap * (1 - style.active) / max(style.active, PLAN.gap_active)
            gap = gap * max(1, style.units * PLAN.gap_units) / emotion.rate
            self.rest_until = self.front + (PLAN.talk_wait + float(rng.exponential(gap)))

    # -- cues ------------------------------------------------------------------------------------------------------

    def _next_cue(self, speech: SpeechContext, now: float, emotion: EmotionStyle) -> CueGesture | None:
        """The cue to gesture next, if one was accepted and can still be reached."""
        for cue in speech.cues(now, PLAN.asked_late):
            asked = cue.kind in GESTURES and GESTURES[cue.kind].priority == ASKED
            if asked and (cue.kind, cue.start) not in self.judged:
                self.judged.add((cue.kind, cue.start))
                rng = generator(self.seed, "cue", self.habit, cue.kind, round(cue.start * 1000))
                late = replace(cue, accent=max(cue.accent, now + PLAN.cue_new_least))
                self.pending = late, gesture(cue.kind, cue.text.lower(), rng)
                return self.pending
        if self.pending is not None:
            if GESTURES[self.pending[0].kind].priority == ASKED:
                return self.pending
            if self.pending[0].accent > now + PLAN.cue_least:
                return self.pending
            self.pending = None
        eager = PLAN.cue_rest.at(self.style.active) if self.resting else 1
        chosen: list[tuple[Cue, Rng]] = []
        soonest = now + PLAN.cue_new_least
        fresh = [c for c in speech.cues(now) if (c.kind, c.start) not in self.judged and c.accent > soonest]
        for cue in fresh:
            self.judged.add((cue.kind, cue.start))
            if cue.kind not in GESTURES or cue.accent - self.last_cue < PLAN.cue_apart:
                continue
            rng = generator(self.seed, "cue", self.habit, cue.kind, round(cue.start * 1000))
            chance = eager * self.style.cue_chance * GESTURES[cue.kind].readiness
            if rng.random() < chance * float(PLAN.cue_rate_limits.clip(emotion.rate)):
                chosen.append((cue, rng))
        if chosen:
            self.pending = self._foremost(chosen)
        return self.pending

    def _foremost(self, chosen: list[tuple[Cue, Rng]]) -> CueGesture:
        """Of cues close together, the one of highest priority, and its form."""
        first = min(cue.accent for cue, _ in chosen)
        near = [(cue, rng) for cue, rng in chosen if cue.accent < first + PLAN.cue_near]
        cue, rng = max(near, key=lambda pair: (GESTURES[pair[0].kind].priority, -pair[0].accent))
        form = gesture(cue.kind, cue.text.lower(), rng)
        if form.name == self.last_form and rng.random() < PLAN.form_again:
            form = gesture(cue.kind, cue.text.lower(), rng)
        return cue, form

    def _due(self, upcoming: CueGesture, emotion: EmotionStyle) -> bool:
        """Whether the preparation must begin now, or the stroke comes too late."""
        cue, form = upcoming
        timing = self.timing(form, emotion)
        return self.front + timing.prepare + timing.stroke + PLAN.stroke_spare > cue.accent + PLAN.stroke_end

    def _take(self, upcoming: CueGesture, emotion: EmotionStyle, speech: SpeechContext, rng: Rng) -> None:
        """Gesture a cue, on its accent."""
        cue, form = upcoming
        self.pending, self.last_cue = None, cue.accent
        self.perform(form, cue, emotion, speech, rng)

    def _free_form(self, emotion: EmotionStyle, rng: Rng) -> GestureForm:
        """A form that needs no word, as likely as idea and emotion make it."""
        weights = {}
        for name, kind in GESTURES.items():
            if kind.free is not None:
                weights[name] = kind.free
                if kind.emotion:
                    weights[name] += kind.gain * max(getattr(emotion, kind.emotion) - kind.above, 0)
        names = [name for name in weights if name != self.last_form]
        p = np.array([weights[name] for name in names])
        return gesture(names[int(rng.choice(len(names), p=p / p.sum()))], "", rng)

    def _burst(self, emotion: EmotionStyle) -> bool:
        """Surprise gestures once, when it comes."""
        fresh = emotion.burst > PLAN.burst_on and not self.surprised
        self.surprised = emotion.burst > PLAN.burst_on or (self.surprised and emotion.burst > PLAN.burst_off)
        return fresh
