"""What a body can do next: movement units of both hands, whole gestures, holds, ways home; each appends to its curves.

The planner (planner.py) decides which of them comes when. Times are seconds, sizes cm or arm lengths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Cue
from gengine.core.noise import generator
from gengine.core.quintic import QuinticSpline
from gengine.networks.choreographer.gesture_forms import GestureForm, HandPose, Stroke
from gengine.networks.choreographer.hand_plan import HandPlan, MovementUnit
from gengine.networks.choreographer.parameters import PLAN
from gengine.networks.choreographer.speech_context import SpeechContext
from gengine.networks.choreographer.style import EmotionStyle, MotionStyle

Array = NDArray[np.float64]
Rng = np.random.Generator

_SHAPES = {
    "up": ("cup_bowl", "flat_soft", "claw_grasp"),
    "down": ("flat_soft", "soft"),
    "in": ("flat_soft", "loose_fist", "precision_pinch", "soft", "flat_soft"),
    "back": ("soft", "loose_fist"),
}
"""Hand shapes of lively speakers by palm (measured on BEAT and ZeroEGGS: never flat; inward ones most various)."""


def _scatter(rng: Rng, deviation: float, most: float) -> float:
    return float(np.clip(deviation * rng.standard_normal(), -most, most))


@lru_cache(maxsize=8)
def _spell(seed: int, number: int) -> float:
    """How lively the spell of this ``number`` is, x."""
    quiet, burst = PLAN.energy_chances
    rng = generator(seed, "energy", number)
    draw = generator(seed, "energy").random() + PLAN.energy_turn * number
    draw = (draw + PLAN.energy_turn_scatter * rng.standard_normal()) % 1
    least, most = PLAN.energy_quiet if draw < quiet else PLAN.energy_burst if draw > 1 - burst else PLAN.energy_plain
    return float(least * (most / least) ** rng.random())


@dataclass(frozen=True)
class GestureTiming:
    """How long a form takes from here: the leading hand (0 left), s of preparation and of the first stroke."""

    lead: int
    prepare: float
    stroke: float


@dataclass(frozen=True, eq=False)
class GestureVariation:
    """What chance makes of a form this time."""

    lead: int
    mirrored: bool
    """The other hand mirrors the leading one."""
    offsets: list[Array]
    """Of each hand's places, arm lengths ``(3,)``."""
    size: float
    """Of the mirroring hand's movement, x."""


class BodyPlan:
    """Curves of both hands and of the trunk's share in their strokes, planned up to ``front`` s."""

    def __init__(self, style: MotionStyle, hands: list[HandPlan], arm_cm: float, seed: int) -> None:
        self.style, self.hands, self.arm_cm, self.seed = style, hands, arm_cm, seed
        self.front = 0.0
        self.nod = QuinticSpline([0, 0], 0)
        """Chest pitch (rad) and bob (m) that go with strokes."""
        self.pelvis = QuinticSpline(np.zeros(5), 0)
        """What strokes add to the pelvis: yaw, pitch, roll (deg) and its place sideways and forward (cm)."""
        self.lively = QuinticSpline([0], 0)
        """0 at rest .. 1 gesturing."""
        self.strokes: list[tuple[float, float, float, str]] = []
        """(start, end, semantic score, name) of strokes, for semantic labels."""
        self.lead = 0
        self.palm, self.shape = "in", "relaxed"
        self.last_form = ""
        self.mirror: Array | None = None
        """The other hand's place against the leading one's mirror image (arm lengths), or None: it has its own."""
        self.left_units = 3
        """Units until the hands go home."""

    # -- what stays alike within a phrase --------------------------------------------------------------------------

    def new_phrase(self, emotion: EmotionStyle, rng: Rng) -> None:
        """Draw leading hand, palm, hand shape and place."""
        style = self.style
        self.lead = int(rng.random() < PLAN.lead_limits.clip(style.traits.handedness))
        up = float(PLAN.palm_up_limits.clip(style.palm_up + PLAN.palm_up_emotion * emotion.palm_up))
        down = float(PLAN.palm_down_limits.clip(style.palm_down + PLAN.palm_down_emotion * emotion.palm_down))
        draw = rng.random()
        self.palm = "up" if draw < up else "down" if draw < up + down else "in"
        if self.palm == "in" and rng.random() < style.palm_back:
            self.palm = "back"
        self.shape = self._draw_shape(emotion, rng)
        together = (
            style.mirrored * (1 - PLAN.mirror_asymmetry * emotion.asym) + PLAN.mirror_symmetry * emotion.symmetric
        )
        draw = generator(self.seed, "mirror", int(self.front / PLAN.energy_span))
        self.mirror = PLAN.mirror_scatter * draw.standard_normal(3) if draw.random() < together else None
        for hand in self.hands:
            hand.new_phrase(rng, emotion)

    def energy(self, time: float) -> float:
        """How large movements are at ``time`` s, x: people talk quietly with their hands, build up, and burst.

        Spells of quiet, plain and lively talk take turns, by steps of the golden ratio with some scatter, so that half
        a minute holds all kinds; every second spell grows from the one before. They belong to the moment, so another
        emotion is performed with the same ups and downs.
        """
        spell = int(time / PLAN.energy_span)
        here = _spell(self.seed, spell)
        if spell % 2:
            share = time / PLAN.energy_span - spell
            here = _spell(self.seed, spell - 1) ** (1 - share) * here**share
        return here**self.style.variety

    def felt(self, emotion: EmotionStyle, speech: SpeechContext) -> EmotionStyle:
        """``emotion`` as this moment lives it: larger and faster in a burst and where the voice rises, with longer
        holds in a quiet spell."""
        energy = self.energy(self.front) * speech.emphasis(self.front) ** PLAN.emphasis
        size, speed, hold = (energy**power for power in PLAN.energy_powers)
        most_size, most_speed = PLAN.felt_most
        return replace(
            emotion, amp=min(emotion.amp * size, most_size), speed=min(emotion.speed * speed, most_speed),
            hold=emotion.hold * hold,
        )  # fmt: skip

    def _draw_shape(self, emotion: EmotionStyle, rng: Rng) -> str:
        calm, slope = PLAN.shape_energy
        lively = float(PLAN.shape_limits.clip((self.style.traits.energy - calm) * slope))
        draw, pointing = rng.random(), emotion.fist + emotion.point
        if draw < emotion.fist:
            return "fist" if emotion.fist > PLAN.fist_from and rng.random() < PLAN.fist_chance else "loose_fist"
        if draw < pointing:
            return "point"
        if draw < pointing + PLAN.open_chance * emotion.open:
            return "open_spread"
        if rng.random() < PLAN.shape_chance * lively:
            shapes = _SHAPES[self.palm]
            return shapes[int(rng.integers(len(shapes)))]
        return "relaxed" if rng.random() < PLAN.relaxed_chance else "soft"

    def _beat_pose(self, hand: HandPlan, rng: Rng, emotion: EmotionStyle, chop: bool = False) -> HandPose:
        palm, shape = self.palm, self.shape
        if chop:
            flat, chance = PLAN.chop_fist
            palm, shape = "in", ("flat_closed" if emotion.fist < flat or rng.random() < chance else "fist")
        elif hand.home or rng.random() < PLAN.agree:  # hands need not agree all the time
            palm = "in"
        flexion, radial = float(rng.normal(*PLAN.beat_flexion)), float(rng.normal(*PLAN.beat_radial))
        return HandPose((0, 0, 0), palm, shape, flexion, radial, float(rng.normal(*PLAN.beat_elbow)))

    # -- meaningful gestures ---------------------------------------------------------------------------------------

    def timing(self, form: GestureForm, emotion: EmotionStyle) -> GestureTiming:
        """How long ``form`` takes from here, by the movement law."""
        lead = self.lead if form.side is None else form.side
        hand, style = self.hands[lead], self.style
        ready, first = form.ready.lead, form.strokes[0].lead
        assert ready is not None and first is not None
        way = float(np.linalg.norm(hand.place(ready.at, emotion) - hand.wrist.value)) * self.arm_cm
        size = float(np.linalg.norm(np.subtract(first.at, ready.at))) * self.arm_cm
        size = size * emotion.amp**PLAN.stroke_amplitude
        prepare = PLAN.prepare * style.duration(way) / form.ready.quick / emotion.speed**PLAN.prepare_speed
        stroke = style.duration(size) / form.strokes[0].quick / emotion.speed**PLAN.stroke_speed
        return GestureTiming(lead, float(PLAN.prepare_limits.clip(prepare)), float(PLAN.stroke_limits.clip(stroke)))

    def _meet(self, accent: float, timing: GestureTiming, rng: Rng) -> GestureTiming:
        """``timing`` changed so that the first stroke ends just after ``accent``: wait before it, or hurry."""
        end = accent + PLAN.stroke_end
        end = end + PLAN.stroke_jitter * float(np.clip(rng.standard_normal(), -PLAN.jitter_most, PLAN.jitter_most))
        spare = end - timing.stroke - timing.prepare - self.front
        if spare >= 0:
            return replace(timing, prepare=timing.prepare + spare)
        # Too late for an easy way there: hurry, within reason.
        squeeze = max((end - self.front) / (timing.prepare + timing.stroke), PLAN.hurry)
        return replace(timing, prepare=timing.prepare * squeeze, stroke=timing.stroke * squeeze)

    def perform(
        self, form: GestureForm, cue: Cue | None, emotion: EmotionStyle, speech: SpeechContext, rng: Rng
    ) -> None:
        """Plan a whole form: preparation, strokes, holds."""
        timing = self.timing(form, emotion)
        if cue is not None:
            timing = self._meet(cue.accent, timing, rng)
        variation = self._vary(form, timing.lead, emotion, rng)
        self.last_form = form.name
        start = moment = self.front + timing.prepare
        self._move_hands(form.ready, None, (self.front, moment), PLAN.arc_settle, variation, emotion, rng)
        before = form.ready
        for k, stroke in enumerate(form.strokes):
            size = self._size(before, stroke, first=k == 0, emotion=emotion)
            span = timing.stroke if k == 0 else self._span(size, stroke, moment, emotion, speech, rng)
            following = form.strokes[k + 1] if k + 1 < len(form.strokes) else None
            ends = (moment, moment + span)
            self._move_hands(stroke, following, ends, PLAN.arc_stroke, variation, emotion, rng)
            moment += span
            self._accompany(moment - span, moment, size, emotion, rng, timing.lead, stroke.quick)
            if stroke.hold:
                scatter = PLAN.hold_emotion.clip(emotion.hold) * rng.lognormal(0, PLAN.hold_scatter)
                moment += stroke.hold * self.style.form_hold * float(scatter)
                self.hold_all(moment)
            before = stroke if stroke.lead is not None else replace(stroke, lead=before.lead)
        self.strokes.append((start, moment, form.score, form.name))
        self.front = moment
        self.left_units -= 1 + len(form.strokes) // PLAN.units_of_form
        for hand in self.hands:
            hand.intent = "turn"

    def _vary(self, form: GestureForm, lead: int, emotion: EmotionStyle, rng: Rng) -> GestureVariation:
        chance = form.double * self.style.together * (1 - PLAN.double_asymmetry * emotion.asym)
        mirrored = rng.random() < chance
        offsets = [PLAN.form_scatter * rng.standard_normal(3) for _ in self.hands]
        return GestureVariation(
            lead, mirrored, offsets, float(rng.uniform(PLAN.mirror_size.low, PLAN.mirror_size.high))
        )

    def _size(self, before: Stroke, stroke: Stroke, first: bool, emotion: EmotionStyle) -> float:
        """How far (cm) the hand goes that goes furthest in ``stroke`` after ``before``."""
        place = before.lead
        goal = stroke.lead or place
        assert goal is not None and place is not None
        size = np.linalg.norm(np.subtract(goal.at, place.at)) * self.arm_cm * np.sqrt(emotion.amp)
        if not first and stroke.other is not None and before.other is not None:
            size = max(size, np.linalg.norm(np.subtract(stroke.other.at, before.other.at)) * self.arm_cm)
        return float(size)

    def _span(
        self, size: float, stroke: Stroke, start: float, emotion: EmotionStyle, speech: SpeechContext, rng: Rng
    ) -> float:
        """Seconds of a later stroke of ``size`` cm: by the movement law, leaning towards an accent if it stops."""
        span = self.style.duration(max(size, PLAN.size_least)) / stroke.quick / emotion.speed**PLAN.stroke_speed
        return span if stroke.flow else self.align(speech, start, span, rng)[0]

    def _move_hands(
        self, stroke: Stroke, following: Stroke | None, ends: tuple[float, float], arc: float,
        variation: GestureVariation, emotion: EmotionStyle, rng: Rng,
    ) -> None:  # fmt: skip
        """Move both hands through ``stroke`` between its ``ends`` (s), in arcs of ``arc`` x the speaker's."""
        start, end = ends
        for side in (variation.lead, 1 - variation.lead):
            hand, leads = self.hands[side], side == variation.lead
            pose, lag = (stroke.lead if leads else stroke.other), 0
            if not leads:
                lag = _scatter(rng, PLAN.mirror_lag, PLAN.mirror_lag_most)
                if pose is None and variation.mirrored and stroke.lead is not None:
                    pose = _smaller(stroke.lead, variation.size)
                elif pose is None:
                    self._echo(hand, variation.lead, end + lag, emotion, rng)
            if pose is None:
                continue
            at = hand.reachable(hand.place(pose.at, emotion) + variation.offsets[side])
            velocity = None
            after = following and (following.lead if leads or stroke.other is None else following.other)
            if stroke.flow and after:
                onward = hand.place(after.at, emotion) + variation.offsets[side] - hand.wrist.value
                velocity = PLAN.flow_speed * onward / max(2 * (end - start), PLAN.flow_span)
            bow = hand.arc(at, rng, self.style.bow * arc)
            hand.move(MovementUnit(end + lag, at, velocity=velocity, bow=bow), pose, emotion, form=True)

    def _echo(self, hand: HandPlan, lead: int, end: float, emotion: EmotionStyle, rng: Rng) -> None:
        """What the other hand does while one speaks: mostly a smaller echo, for lively people; else nothing."""
        eager = min(1, PLAN.echo_energy * self.style.traits.energy)
        if hand.home or rng.random() > self.style.together * eager:
            hand.yield_to(end, rng)
            return
        like, sizes = self.hands[lead].last, PLAN.echo_size
        size = np.linalg.norm(like) * self.arm_cm * rng.uniform(sizes.low, sizes.high)
        unit = hand.beat(end, float(PLAN.echo_limits.clip(size)), emotion, rng, like=like, alike=PLAN.echo_alike)
        hand.move(unit, self._beat_pose(hand, rng, emotion), emotion)

    def _accompany(
        self, start: float, end: float, size_cm: float, emotion: EmotionStyle, rng: Rng, lead: int, quick: float = 1
    ) -> None:
        """What the trunk adds to a stroke of hand ``lead``: a chest nod, a bob of bouncing emotions, a turn."""
        start = max(start, self.nod.end)
        if end - start < PLAN.nod_least:
            return
        share = min(size_cm / PLAN.nod_size, PLAN.nod_most) * quick * self.style.traits.sway
        pitch = np.radians(float(PLAN.nod_limits.clip(rng.normal(*PLAN.nod_pitch))) * share)
        bob = PLAN.bob * share * emotion.bounce + PLAN.bob_plain * share
        self.nod.hold(start)
        self.nod.to(end, [pitch, bob])
        self._swing(start, end, share, lead, rng)

    def _swing(self, start: float, end: float, share: float, lead: int, rng: Rng) -> None:
        """The pelvis's part in a stroke: it turns, tips and travels with the leading hand and as chance has it."""
        late, scatter = PLAN.pelvis_lag
        start = max(start, self.pelvis.end)
        end = max(end + late + scatter * float(rng.standard_normal()), start + PLAN.pelvis_least)
        out, up, ahead = self.hands[lead].last * self.arm_cm
        left, turned = (out, -ahead) if lead == 0 else (-out, ahead)
        drawn = np.clip(rng.standard_normal(5), -PLAN.pelvis_draw_most, PLAN.pelvis_draw_most) * PLAN.pelvis_scatter
        pulled = np.array([
            PLAN.pelvis_yaw_left * left + PLAN.pelvis_yaw_turned * turned,
            PLAN.pelvis_pitch_ahead * ahead - PLAN.pelvis_pitch_up * up,
            0.0,
            PLAN.pelvis_left * left,
            PLAN.pelvis_ahead * ahead,
        ])  # fmt: skip
        self.pelvis.hold(start)
        self.pelvis.to(end, PLAN.pelvis_keep * self.pelvis.value + share * (drawn + pulled))

    # -- beats -----------------------------------------------------------------------------------------------------

    def beat(
        self, emotion: EmotionStyle, speech: SpeechContext, rng: Rng, upcoming: tuple[Cue, GestureForm] | None
    ) -> None:
        """One ordinary unit of one or both hands, which ends early enough for the ``upcoming`` cue."""
        now, style = self.front, self.style
        lead, other = self.hands[self.lead], self.hands[1 - self.lead]
        end, chord = self._beat_size(emotion, speech, rng, upcoming)
        together = self.mirror is not None or rng.random() < (
            style.together * (1 - PLAN.both_asymmetry * emotion.asym)
            + (1 - style.together) * emotion.symmetric * PLAN.both_symmetry
        )
        chop = rng.random() < PLAN.chop_chance * emotion.chop
        unit = lead.beat(end, chord, emotion, rng, chop=chop)
        pose = self._beat_pose(lead, rng, emotion, chop)
        lag = _scatter(rng, PLAN.both_lag, PLAN.both_lag_most)
        if together:
            size = chord * float(rng.uniform(PLAN.both_size.low, PLAN.both_size.high))
            alike = PLAN.both_alike[emotion.symmetric > PLAN.symmetric_from]
            if self.mirror is not None:
                answer = _mirrored(unit, lead, other, end + lag, self.mirror)
            else:
                answer = other.beat(end + lag, size, emotion, rng, like=unit.at - lead.wrist.value, alike=alike)
            other.move(answer, self._beat_pose(other, rng, emotion), emotion)
        else:
            other.yield_to(end + lag, rng)
        start = lead.wrist.end
        lead.move(unit, pose, emotion)
        self._accompany(now, end, chord, emotion, rng, self.lead)
        self.strokes.append((start, end, PLAN.beat_score, "beat"))
        self.front = end
        self.left_units -= 1

    def _beat_size(
        self, emotion: EmotionStyle, speech: SpeechContext, rng: Rng, upcoming: tuple[Cue, GestureForm] | None
    ) -> tuple[float, float]:
        """When the next unit ends (s) and how long its way is (cm)."""
        now, style = self.front, self.style
        chord = style.chord * emotion.amp
        chord = chord * float(np.exp(style.chord_sd * PLAN.chord_limits.clip(rng.standard_normal())))
        chord = min(chord, PLAN.chord_most)
        span = style.duration(chord) / emotion.speed**PLAN.unit_speed
        span = span * float(np.exp(style.duration_sd * rng.standard_normal() * PLAN.unit_scatter))
        span = span * float(PLAN.unit_rate_limits.clip(emotion.rate)) ** PLAN.unit_rate
        if self.hands[self.lead].home:
            least, slow = PLAN.first_unit
            span = max(span, least) * slow
        span, weight = self.align(speech, now, span, rng)
        end = now + float(PLAN.unit_limits.clip(span))
        if upcoming is not None:
            cue, form = upcoming
            after, least = PLAN.unit_before_cue
            timing = self.timing(form, emotion)
            end = min(end, max(cue.accent + after - timing.stroke - timing.prepare, now + least))
        return end, chord * weight

    def align(self, speech: SpeechContext, start: float, span: float, rng: Rng) -> tuple[float, float]:
        """Loose coupling: a unit leans towards an accented vowel, with the scatter that people have.

        Returns its duration and how much larger the accent makes it.
        """
        first = start - self.front
        begin, end = PLAN.align_window
        near = speech.accents(self.front, first + begin * span, first + end * span)
        if not len(near) or rng.random() > PLAN.align_chance:
            return span, 1
        mean, deviation = PLAN.align_jitter
        peaks = near[:, 0] + (mean + deviation * float(rng.standard_normal())) - start
        best, ratio = _nearest(peaks / (PLAN.peak * span))
        least, most = PLAN.align_now
        if least < ratio < most:
            return span * ratio, PLAN.align_size.at(float(near[best, 1]))
        # None can be met now: end where the next unit can meet one.
        _, ratio = _nearest((peaks - PLAN.peak * span) / span)
        least, most = PLAN.align_next
        return (span * ratio, PLAN.align_miss) if least < ratio < most else (span, 1)

    # -- stillness -------------------------------------------------------------------------------------------------

    def hold_all(self, until: float) -> None:
        """Both hands keep still until ``until``."""
        for hand in self.hands:
            hand.stay(until)

    def hold(self, emotion: EmotionStyle, rng: Rng, upcoming: tuple[Cue, GestureForm] | None) -> None:
        """A pause after a unit, which ends early enough for the ``upcoming`` cue."""
        scatter = PLAN.hold_scatter_unit * PLAN.hold_scatter_limits.clip(rng.standard_normal())
        span = self.style.hold_median * emotion.hold * float(np.exp(scatter))
        span = float(PLAN.hold_limits.clip(span))
        if upcoming is not None:
            cue, form = upcoming
            timing = self.timing(form, emotion)
            free = cue.accent + PLAN.stroke_end - timing.stroke - timing.prepare - self.front
            span = min(span, max(free, PLAN.hold_cue_least))
        self.front = self.front + span
        self.hold_all(self.front)
        for hand in self.hands:
            hand.intent = "turn"

    def bridge(self, silent_for: float, resumes: float, emotion: EmotionStyle, rng: Rng) -> None:
        """A short pause of speech: flowing speakers go on, others hold or drift."""
        style = self.style
        span = float(PLAN.pause_limits.clip(resumes - PLAN.pause_early * rng.random()))
        flowing = style.pause_moves and silent_for < PLAN.pause_fresh
        if flowing:
            span = max(span, PLAN.pause_span)
        self.front += span
        if flowing and span < PLAN.pause_most:
            lead, other = self.hands[self.lead], self.hands[1 - self.lead]
            size = PLAN.pause_chord * style.chord * float(rng.lognormal(0, PLAN.pause_scatter))
            lead.move(lead.beat(self.front, size, emotion, rng), self._beat_pose(lead, rng, emotion), emotion)
            end = self.front + PLAN.pause_lag * rng.standard_normal()
            unit = other.beat(end, size, emotion, rng, like=lead.last, alike=PLAN.pause_alike)
            other.move(unit, self._beat_pose(other, rng, emotion), emotion)
        elif style.traits.hold > PLAN.pause_hold[0] and rng.random() < PLAN.pause_hold[1]:
            self.hold_all(self.front)
        else:
            for hand in self.hands:
                end = self.front + PLAN.pause_drift_lag * rng.standard_normal()
                hand.drift(end, PLAN.pause_drift * style.chord, rng)
        if silent_for > PLAN.pause_phrase:
            self.new_phrase(emotion, rng)

    def go_home(self, emotion: EmotionStyle, rng: Rng, slow: float = 1, most: float = np.inf) -> None:
        """Both hands return to rest, ``slow`` x as slowly as usual, within ``most`` s."""
        way = max(np.linalg.norm(hand.rest(emotion) - hand.wrist.value) for hand in self.hands) * self.arm_cm
        span = slow * PLAN.home_slow * self.style.duration(max(float(way), PLAN.home_way)) / emotion.speed
        span = span * float(rng.uniform(PLAN.home_scatter.low, PLAN.home_scatter.high))
        end = self.front + min(float(PLAN.home_limits.clip(span)), most)
        draw, place = float(rng.random()), PLAN.home_scatter_both * rng.standard_normal(3)
        another = rng.random() < PLAN.home_another
        for hand in self.hands:
            lag = float(PLAN.home_lag_limits.clip(PLAN.home_lag * rng.standard_normal()))
            if another:
                hand.choose_rest_from(draw)
            hand.go_home(end + lag, emotion, rng, place)
        after, least = PLAN.lively_off
        self.lively.to(max(end + after, self.lively.end + least), [0])
        self.front = end + PLAN.home_after


def _nearest(ratios: Array) -> tuple[int, float]:
    """Which of the ratios is nearest to 1, and it."""
    best = int(np.argmin(np.abs(np.log(np.maximum(ratios, PLAN.align_least)))))
    return best, float(ratios[best])


def _mirrored(unit: MovementUnit, lead: HandPlan, other: HandPlan, end: float, aside: Array) -> MovementUnit:
    """The other hand's image of the leading hand's ``unit``, done at ``end`` s; ``aside``: its place differs so much.

    The other hand may have longer to go: what the unit hands over is slowed down with it.
    """
    pace = min((unit.time - lead.wrist.end) / max(end - other.wrist.end, PLAN.step_least), 1.0)
    assert unit.velocity is not None and unit.acceleration is not None
    return replace(
        unit, time=end, at=other.reachable(unit.at + aside),
        velocity=pace * unit.velocity, acceleration=pace**2 * unit.acceleration,
    )  # fmt: skip


def _smaller(pose: HandPose, size: float) -> HandPose:
    """The mirroring hand's version of a pose."""
    centre = np.array(PLAN.mirror_centre)
    out, up, ahead = centre + (np.array(pose.at) - centre) * size
    return replace(pose, at=(out, up, ahead))
