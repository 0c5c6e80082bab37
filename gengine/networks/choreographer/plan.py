"""The planner: decides, one movement unit after another, where the hands go and when.

Each decision is made at the front of the plan from what is known up to a fixed horizon, and its random numbers
belong to the decision's number, so a plan is the same whatever the hop size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Cue
from gengine.core.noise import generator
from gengine.core.quintic import Track
from gengine.networks.choreographer.gesture_forms import FORMS, FREE, PRIORITY, READINESS, Beat, Form, Posture
from gengine.networks.choreographer.hand import Hand, Move
from gengine.networks.choreographer.speech_context import Heard, Look
from gengine.networks.choreographer.style import Manner, Mood

Array = NDArray[np.float64]

HORIZON = 1.5
"""Seconds of sound beyond the front that a decision may look at."""
MARGIN = 0.45
"""Seconds by which plans run ahead of the hop, so that smoothing sees both sides."""
PEAK = 0.48
"""When a unit is fastest, share of its duration (measured)."""


class Planner:
    """All that is decided but not yet shown: tracks of both hands, weight, breath and strokes."""

    def __init__(self, manner: Manner, seed: int, arm_cm: float) -> None:
        self.manner, self.seed, self.arm_cm = manner, seed, arm_cm
        self.front = 0.0
        self.count = 0
        rng = generator(seed, "planner")
        self.right = manner.traits.handedness
        draw = float(rng.random())
        self.hands = [Hand(side, manner, draw, arm_cm) for side in (0, 1)]
        self.nod = Track([0.0, 0.0], 0.0)
        """Chest pitch (rad) and bob (m) that go with strokes."""
        self.lively = Track([0.0], 0.0)
        """0 at rest .. 1 gesturing."""
        self.strokes: list[tuple[float, float, float, str]] = []
        """(start, end, semantic score, name) of strokes, for semantic labels."""
        self.resting = True
        self.rest_until = 0.3 + (rng.exponential(1.2) if manner.active < 0.7 else 0.0)
        self.rest_since = 0.0
        self.lead = int(rng.random() < self.right)
        self.palm, self.shape = "in", "relaxed"
        self.pending: tuple[Cue, Form] | None = None
        self.judged: dict[tuple[str, float], bool] = {}
        self.last_form, self.last_cue = "", -10.0
        self.left_units = 3
        self.surprised = False

    def extend(self, heard: Heard, until: float) -> None:
        """Plan on until every track reaches ``until``."""
        self._heard = heard
        while self.front < until:
            before = self.front
            self._decide(heard)
            self.front = max(self.front, before + 0.05)
            for hand in self.hands:
                hand.fill(self.front - 0.12)
            self.lively.hold(self.front)
            self.nod.hold(self.front)

    def trim(self, before: float) -> None:
        """Forget what lies before ``before`` seconds."""
        for hand in self.hands:
            hand.trim(before)
        self.nod.trim(before)
        self.lively.trim(before)
        self.strokes = [s for s in self.strokes if s[1] > before - 5]  # read by whoever labels the motion
        self.judged = {k: v for k, v in self.judged.items() if k[1] > before - 5}

    # -- decisions -------------------------------------------------------------------------------------------------

    def _decide(self, heard: Heard) -> None:
        now = self.front
        rng = generator(self.seed, "unit", self.count)
        self.count += 1
        look, mood = heard.look(now), heard.mood(now + 0.25)
        cue = self._next_cue(heard, now, mood)
        burst = self._burst(mood)
        if self.resting:
            self._rest(heard, look, mood, rng, cue, burst)
            return
        if not look.speaking and look.resumes > 0.9 and rng.random() < min(1.0, 0.35 + look.silent_for):
            self._retract(mood, rng, quiet=True)
        elif not look.speaking:
            self._bridge(look, mood, rng)
        elif burst:
            self._perform(FORMS["burst"]("", rng), None, mood, rng)
        elif cue is not None and self._due(cue, now, mood):
            self._perform(cue[1], cue[0], mood, rng)
        elif look.lasts < 0.5 and look.pause > 0.9 and rng.random() < 0.75:
            self._retract(mood, rng, quiet=True)
        elif self.left_units <= 0 and cue is None:
            self._retract(mood, rng, quiet=False)
        elif self.hands[self.lead].intent == "hold":
            self._hold(mood, rng, cue, now)
        else:
            self._gesture(heard, look, mood, rng, cue)

    def _rest(
        self, heard: Heard, look: Look, mood: Mood, rng: np.random.Generator, cue: tuple[Cue, Form] | None, burst: bool
    ) -> None:
        now = self.front
        soon = look.speaking and look.lasts > 0.45 or (not look.speaking and look.resumes < 0.3)
        if soon and burst:
            self._wake(mood, rng)
            self._perform(FORMS["burst"]("", rng), None, mood, rng)
        elif soon and cue is not None and now - self.rest_since > 0.1:
            if self._due(cue, now, mood):
                self._wake(mood, rng)
                self._perform(cue[1], cue[0], mood, rng)
            else:
                self._idle(now + 0.12)
        elif soon and now >= self.rest_until:
            self._wake(mood, rng)
            if rng.random() < 0.6 * mood.self_touch and not self.last_form == "self_touch":
                self._perform(FORMS["self_touch"]("", rng), None, mood, rng)
            else:
                self._gesture(heard, look, mood, rng, None)
        elif look.resumes == np.inf and now - self.rest_since > 4.0 + 6.0 * rng.random():
            for hand in self.hands:  # in long silence hands change places now and then
                hand.choose_rest(rng, mood)
            self._go_home(mood, rng, slow=1.3)
            self.rest_since = self.front
        else:
            self._idle(now + (0.1 if soon else 0.2))

    def _idle(self, until: float) -> None:
        self.front = until
        for hand in self.hands:
            hand.stay(until)

    def _wake(self, mood: Mood, rng: np.random.Generator) -> None:
        self.resting = False
        self.left_units = max(1, round(self.manner.units * float(rng.lognormal(-0.25, 0.7)) * mood.rate**0.7))
        self._new_phrase(mood, rng)
        self.lively.to(self.front + 0.5, [1.0])

    def _new_phrase(self, mood: Mood, rng: np.random.Generator) -> None:
        """Draw what stays alike within a phrase: leading hand, palm, hand shape, place."""
        m = self.manner
        right = self.right if self.right != 0.5 else 0.5
        self.lead = int(rng.random() < np.clip(right, 0.05, 0.95))
        up = float(np.clip(m.palm_up + 0.5 * mood.palm_up, 0, 0.8))
        down = float(np.clip(m.palm_down + 0.6 * mood.palm_down, 0, 0.6))
        draw = rng.random()
        self.palm = "up" if draw < up else "down" if draw < up + down else "in"
        if self.palm == "in" and rng.random() < m.palm_back:
            self.palm = "back"
        lively = float(np.clip((m.traits.energy - 0.55) * 2.2, 0.05, 1.0))
        draw = rng.random()
        if draw < mood.fist:
            self.shape = "fist" if mood.fist > 0.3 and rng.random() < 0.6 else "loose_fist"
        elif draw < mood.fist + mood.point:
            self.shape = "point"
        elif draw < mood.fist + mood.point + 0.5 * mood.open:
            self.shape = "open_spread"
        elif rng.random() < 0.75 * lively:
            options = {"up": ("cup_bowl", "flat_soft", "claw_grasp"), "down": ("flat_soft", "soft"),
                       "in": ("flat_soft", "loose_fist", "precision_pinch", "soft", "flat_soft"),
                       "back": ("soft", "loose_fist")}[self.palm]  # fmt: skip
            self.shape = options[int(rng.integers(len(options)))]
        else:
            self.shape = "relaxed" if rng.random() < 0.7 else "soft"
        for hand in self.hands:
            hand.new_phrase(rng, mood)

    # -- cues ------------------------------------------------------------------------------------------------------

    def _next_cue(self, heard: Heard, now: float, mood: Mood) -> tuple[Cue, Form] | None:
        """The cue to gesture next, if one was accepted and can still be reached."""
        if self.pending is not None:
            if self.pending[0].accent > now + 0.22:
                return self.pending
            self.pending = None
        eager = 1.0 if not self.resting else 0.4 + 0.6 * self.manner.active
        fresh = [c for c in heard.cues(now) if (c.kind, c.start) not in self.judged and c.accent > now + 0.35]
        chosen: list[tuple[Cue, np.random.Generator]] = []
        for cue in fresh:
            self.judged[(cue.kind, cue.start)] = True
            maker = FORMS.get(cue.kind)
            if maker is None or cue.accent - self.last_cue < 1.7:
                continue
            rng = generator(self.seed, "cue", cue.kind, round(cue.start * 1000))
            chance = eager * self.manner.cue_chance * READINESS.get(cue.kind, 1.0) * float(np.clip(mood.rate, 0.4, 1.5))
            if rng.random() < chance:
                chosen.append((cue, rng))
        if not chosen:
            return None
        first = min(c.accent for c, _ in chosen)
        near = [(c, r) for c, r in chosen if c.accent < first + 1.2]
        cue, rng = max(near, key=lambda x: (PRIORITY.get(x[0].kind, 1), -x[0].accent))
        form = FORMS[cue.kind](cue.text.lower(), rng)
        if form.name == self.last_form and rng.random() < 0.5:
            form = FORMS[cue.kind](cue.text.lower(), rng)
        self.pending = (cue, form)
        return self.pending

    def _stroke_plan(self, form: Form, mood: Mood) -> tuple[int, float, float]:
        """Leading hand, seconds of preparation and of the first stroke of ``form`` from here."""
        lead = self.lead if form.side is None else form.side
        hand = self.hands[lead]
        ready, first = form.ready.lead, form.strokes[0].lead
        assert ready is not None and first is not None
        way = float(np.linalg.norm(hand.place(ready.at, mood) - hand.wrist.value)) * self.arm_cm
        size = float(np.linalg.norm(np.subtract(first.at, ready.at))) * self.arm_cm * mood.amp**0.5
        prepare = 1.15 * self.manner.duration(way) / form.ready.quick / mood.speed**0.7
        stroke = self.manner.duration(size) / form.strokes[0].quick / mood.speed**0.8
        return lead, float(np.clip(prepare, 0.25, 0.95)), float(np.clip(stroke, 0.18, 0.7))

    def _due(self, cue: tuple[Cue, Form], now: float, mood: Mood) -> bool:
        _, prepare, stroke = self._stroke_plan(cue[1], mood)
        return now + prepare + stroke + 0.30 > cue[0].accent + 0.12

    def _perform(self, form: Form, cue: Cue | None, mood: Mood, rng: np.random.Generator) -> None:
        """Plan a whole form: preparation, strokes, holds."""
        now, m = self.front, self.manner
        lead, prepare, stroke = self._stroke_plan(form, mood)
        if cue is not None:
            self.pending, self.last_cue = None, cue.accent
            end = cue.accent + 0.12 + 0.05 * float(np.clip(rng.standard_normal(), -2, 2))
            spare = end - stroke - prepare - now
            if spare < 0:  # too late for an easy way there: hurry, within reason
                squeeze = max((end - now) / (prepare + stroke), 0.68)
                prepare, stroke = prepare * squeeze, stroke * squeeze
            else:
                prepare += spare
        mirrored = rng.random() < form.double * m.together * (1.0 - 0.6 * mood.asym)
        noise = [0.035 * rng.standard_normal(3) for _ in range(2)]
        scale = float(rng.uniform(0.75, 1.1))
        self.last_form = form.name
        moment = now + prepare
        self._strike(form.ready, lead, now, moment, mirrored, mood, noise, scale, rng, settle=True)
        start = moment
        place = form.ready.lead
        for k, beat in enumerate(form.strokes):
            goal = beat.lead or place
            assert goal is not None and place is not None
            size = np.linalg.norm(np.subtract(goal.at, place.at)) * self.arm_cm * np.sqrt(mood.amp)
            other = beat.other if beat.other is not None else None
            if other is not None and form.strokes[k - 1].other is not None and k:
                before = form.strokes[k - 1].other
                assert before is not None
                size = max(size, np.linalg.norm(np.subtract(other.at, before.at)) * self.arm_cm)
            span = stroke if k == 0 else m.duration(max(float(size), 4.0)) / beat.quick / mood.speed**0.8
            if k and not beat.flow:
                span, _ = self._align(self._heard, moment, span, rng)
            following = form.strokes[k + 1] if k + 1 < len(form.strokes) else None
            self._strike(beat, lead, moment, moment + span, mirrored, mood, noise, scale, rng, following=following)
            moment += span
            self._accompany(moment - span, moment, float(size), mood, rng, beat.quick)
            if beat.hold:
                moment += beat.hold * m.form_hold * float(np.clip(mood.hold, 0.5, 1.7) * rng.lognormal(0, 0.3))
                self._hold_all(moment)
            place = goal
        self.strokes.append((start, moment, form.score, form.name))
        self.front = moment
        self.left_units -= 1 + len(form.strokes) // 2
        for hand in self.hands:
            hand.intent = "turn"

    def _strike(
        self, beat: Beat, lead: int, start: float, end: float, mirrored: bool, mood: Mood, noise: list[Array],
        scale: float, rng: np.random.Generator, settle: bool = False, following: Beat | None = None,
    ) -> None:  # fmt: skip
        """Move the hands of one beat of a form between ``start`` and ``end``."""
        both = beat.other is not None
        for side in (lead, 1 - lead):
            hand = self.hands[side]
            posture = beat.lead if side == lead else beat.other
            lag = 0.0
            if side != lead:
                lag = float(np.clip(0.04 * rng.standard_normal(), -0.08, 0.08))
                if posture is None and mirrored and beat.lead is not None:
                    posture = _weaker(beat.lead, scale)
                elif posture is None:
                    self._tag_along(hand, lead, end + lag, mood, rng)
                    continue
            if posture is None:
                continue
            at = hand.place(posture.at, mood) + noise[side]
            at = hand.reachable(at)
            velocity = None
            if beat.flow and following is not None:
                after = following.lead if side == lead or not both else following.other
                if after is not None:
                    onward = hand.place(after.at, mood) + noise[side] - hand.wrist.value
                    velocity = 0.55 * onward / max(2 * (end - start), 0.3)
            bow = hand.arc(at, rng, self.manner.bow * (1.0 if settle else 0.7))
            hand.move(Move(end + lag, at, velocity=velocity, bow=bow), posture, mood, rng, form=True)

    def _tag_along(self, hand: Hand, lead: int, end: float, mood: Mood, rng: np.random.Generator) -> None:
        """What the other hand does while one speaks: mostly a smaller echo, for lively people; else nothing."""
        if hand.home or rng.random() > self.manner.together * min(1.0, 1.6 * self.manner.traits.energy):
            hand.yield_to(end, mood, rng)
            return
        like = self.hands[lead].last
        size = float(np.clip(np.linalg.norm(like) * self.arm_cm * rng.uniform(0.45, 0.8), 6.0, 40.0))
        move = hand.beat(end, size, mood, rng, like=like, alike=0.5)
        hand.move(move, self._beat_posture(hand, rng, mood, False), mood, rng)

    def _hold_all(self, until: float) -> None:
        for hand in self.hands:
            hand.stay(until)

    def _accompany(
        self, start: float, end: float, size_cm: float, mood: Mood, rng: np.random.Generator, quick: float = 1.0
    ) -> None:
        """Trunk impulse of a stroke: a small chest nod, and a bob where the mood bounces."""
        if start < self.nod.end - 1e-9:
            start = self.nod.end
        if end - start < 0.12:
            return
        share = min(size_cm / 25.0, 1.8) * quick * self.manner.traits.sway
        pitch = np.radians(float(np.clip(rng.normal(0.75, 0.6), -0.5, 2.2)) * share)
        bob = -0.011 * share * mood.bounce - 0.0008 * share
        self.nod.hold(start)
        self.nod.to(end, [pitch, bob])

    # -- other moves -----------------------------------------------------------------------------------------------

    def _gesture(
        self, heard: Heard, look: Look, mood: Mood, rng: np.random.Generator, cue: tuple[Cue, Form] | None
    ) -> None:
        """One ordinary unit, or a free form where an accent invites one."""
        now, m = self.front, self.manner
        calls = heard.accents(now, 0.5, 1.15)
        ripe = now - self.last_cue > 1.5 and cue is None and len(calls)
        if ripe and rng.random() < (0.025 + 0.05 * m.traits.energy) * min(mood.rate, 1.3):
            onset = float(calls[int(np.argmax(calls[:, 1])), 0])
            self._perform(self._free_form(mood, rng), Cue("free", onset, onset + 0.2, onset, ""), mood, rng)
            return
        if rng.random() < 0.12 and look.silent_for == 0 and now - self.last_cue > 1.0:
            self._new_phrase(mood, rng)
        lead, other = self.hands[self.lead], self.hands[1 - self.lead]
        chord = m.chord * mood.amp * float(np.exp(m.chord_sd * np.clip(rng.standard_normal(), -2.2, 1.9)))
        rough = m.duration(chord) / mood.speed**0.85 * float(np.exp(m.duration_sd * rng.standard_normal() * 0.7))
        rough *= float(np.clip(mood.rate, 0.6, 1.5)) ** -0.35
        if lead.home:
            rough = max(rough, 0.35) * 1.15
        rough, weight = self._align(heard, now, rough, rng)
        chord *= weight
        end = now + float(np.clip(rough, 0.14, 1.8))
        if cue is not None:
            _, prepare, stroke = self._stroke_plan(cue[1], mood)
            end = min(end, max(cue[0].accent + 0.1 - stroke - prepare, now + 0.2))
        together = rng.random() < m.together * (1 - 0.5 * mood.asym) + (1 - m.together) * mood.symmetric * 0.7
        chop = rng.random() < 0.5 * mood.chop
        move = lead.beat(end, chord, mood, rng, chop=chop)
        posture = self._beat_posture(lead, rng, mood, chop)
        lag = float(np.clip(0.042 * rng.standard_normal(), -0.1, 0.1))
        if together:
            size = chord * float(rng.uniform(0.65, 1.25))
            alike = 0.85 if mood.symmetric > 0.3 else 0.75
            answer = other.beat(end + lag, size, mood, rng, like=move.at - lead.wrist.value, alike=alike)
            other.move(answer, self._beat_posture(other, rng, mood, False), mood, rng)
        else:
            other.yield_to(end + lag, mood, rng)
        start = lead.wrist.end
        lead.move(move, posture, mood, rng)
        self._accompany(now, end, chord, mood, rng)
        self.strokes.append((start, end, 0.1, "beat"))
        self.front = end
        self.left_units -= 1

    def _align(self, heard: Heard, start: float, span: float, rng: np.random.Generator) -> tuple[float, float]:
        """Loose coupling: a unit leans towards an accented vowel, with the scatter that people have.

        Returns its duration and how much larger the accent makes it.
        """
        first = start - self.front
        near = heard.accents(self.front, first + 0.25 * span, first + 1.9 * span)
        if not len(near) or rng.random() > 0.95:
            return span, 1.0
        jitter = -0.05 + 0.065 * float(rng.standard_normal())
        peaks = near[:, 0] + jitter - start
        ratios = peaks / (PEAK * span)
        best = int(np.argmin(np.abs(np.log(np.maximum(ratios, 0.05)))))
        if 0.55 < ratios[best] < 1.6:
            return span * float(ratios[best]), 0.8 + 0.45 * float(near[best, 1])
        # None can be met now: end where the next unit can meet one.
        ratios = (peaks - PEAK * span) / span
        best = int(np.argmin(np.abs(np.log(np.maximum(ratios, 0.05)))))
        return (span * float(ratios[best]), 0.9) if 0.5 < ratios[best] < 1.6 else (span, 1.0)

    def _free_form(self, mood: Mood, rng: np.random.Generator) -> Form:
        weights = dict(FREE)
        weights["chop"] = 8.0 * mood.chop
        weights["flick"] = 8.0 * mood.flick
        weights["self_touch"] = 6.0 * mood.self_touch
        weights["stop_wait"] = 6.0 * max(mood.palm_down - 0.1, 0.0)
        weights["inclusivity"] += 2.0 * mood.open
        weights["offer"] += 3.0 * mood.palm_up
        names = [n for n in weights if n != self.last_form]
        p = np.array([weights[n] for n in names])
        return FORMS[names[int(rng.choice(len(names), p=p / p.sum()))]]("", rng)

    def _beat_posture(self, hand: Hand, rng: np.random.Generator, mood: Mood, chop: bool) -> Posture:
        palm, shape = self.palm, self.shape
        if chop:
            palm, shape = "in", ("flat_closed" if mood.fist < 0.3 or rng.random() < 0.4 else "fist")
        elif hand.home or rng.random() < 0.12:  # hands need not agree all the time
            palm = "in"
        return Posture((0.0, 0.0, 0.0), palm, shape, float(rng.normal(-1, 7)), float(rng.normal(-3, 6)),
                       float(rng.normal(0, 5)))  # fmt: skip

    def _hold(self, mood: Mood, rng: np.random.Generator, cue: tuple[Cue, Form] | None, now: float) -> None:
        span = self.manner.hold_median * mood.hold * float(np.exp(0.7 * np.clip(rng.standard_normal(), -1.5, 2)))
        span = float(np.clip(span, 0.12, 3.0))
        if cue is not None:
            _, prepare, stroke = self._stroke_plan(cue[1], mood)
            span = min(span, max(cue[0].accent + 0.12 - stroke - prepare - now, 0.08))
        self.front = now + span
        self._hold_all(self.front)
        for hand in self.hands:
            hand.intent = "turn"

    def _bridge(self, look: Look, mood: Mood, rng: np.random.Generator) -> None:
        """A short pause: flowing speakers drift on slowly, others hold."""
        span = float(np.clip(look.resumes - 0.1 * rng.random(), 0.12, 0.5))
        if self.manner.pause_moves and look.silent_for < 0.4:
            span = max(span, 0.3)
        self.front += span
        if self.manner.pause_moves and look.silent_for < 0.4 and span < 0.6:
            lead, other = self.hands[self.lead], self.hands[1 - self.lead]
            size = 0.55 * self.manner.chord * float(rng.lognormal(0, 0.4))
            lead.move(lead.beat(self.front, size, mood, rng), self._beat_posture(lead, rng, mood, False), mood, rng)
            like = lead.last
            move = other.beat(self.front + 0.04 * rng.standard_normal(), size, mood, rng, like=like, alike=0.5)
            other.move(move, self._beat_posture(other, rng, mood, False), mood, rng)
        elif self.manner.traits.hold > 0.5 and rng.random() < 0.7:
            self._hold_all(self.front)
        else:
            for hand in self.hands:
                hand.drift(self.front + 0.03 * rng.standard_normal(), 0.15 * self.manner.chord, mood, rng)
        if look.silent_for > 0.15:
            self._new_phrase(mood, rng)

    def _retract(self, mood: Mood, rng: np.random.Generator, quiet: bool) -> None:
        m = self.manner
        gap = 4.2 * (1 - m.active) / max(m.active, 0.05) * max(1.0, m.units * 0.18) / mood.rate
        self._go_home(mood, rng, slow=1.0)
        self.resting, self.rest_since = True, self.front
        self.rest_until = self.front + (0.1 if quiet else 0.12 + float(rng.exponential(gap)))

    def _go_home(self, mood: Mood, rng: np.random.Generator, slow: float) -> None:
        way = max(np.linalg.norm(h.rest(mood) - h.wrist.value) for h in self.hands) * self.arm_cm
        span = slow * 1.25 * self.manner.duration(max(float(way), 6.0)) / mood.speed * float(rng.uniform(0.95, 1.35))
        end = self.front + float(np.clip(span, 0.45, 2.0))
        for hand in self.hands:
            hand.go_home(end + float(np.clip(0.07 * rng.standard_normal(), -0.12, 0.2)), mood, rng)
        self.lively.to(max(end + 0.2, self.lively.end + 0.3), [0.0])
        self.front = end + 0.12

    def _burst(self, mood: Mood) -> bool:
        """Surprise gestures once, when it comes."""
        fresh = mood.burst > 0.25 and not self.surprised
        self.surprised = mood.burst > 0.25 or (self.surprised and mood.burst > 0.15)
        return fresh


def _weaker(posture: Posture, scale: float) -> Posture:
    at = np.array(posture.at)
    rest = np.array([0.42, -0.6, 0.42])
    return Posture(tuple(rest + (at - rest) * scale), posture.palm, posture.hand, posture.flexion, posture.radial,
                   posture.elbow, posture.shrug)  # fmt: skip
