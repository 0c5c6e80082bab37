"""When hands move: gestures on their accents, beats that lean to accents, holds, rest, and who takes part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gengine.core.conditions import ANALYSIS_RATE, Conditions, Cue
from gengine.core.speaker import STYLES, Speaker
from gengine.networks.choreographer.body_plan import GestureTiming
from gengine.networks.choreographer.gesture_forms import FORMS, HandPose, gesture
from gengine.networks.choreographer.hand_plan import MovementUnit
from gengine.networks.choreographer.parameters import PLAN
from gengine.networks.choreographer.planner import Planner
from gengine.networks.choreographer.speech_context import SpeechContext
from gengine.networks.choreographer.style import EmotionStyle, MotionStyle

from .conftest import feeling, talk

ARM_CM = 56.0
CALM = EmotionStyle.at(np.zeros(18), np.zeros(3))


def context(
    seconds: float = 20.0, silences: tuple[tuple[float, float], ...] = (), cues: tuple[Cue, ...] = (), **emotion: float
) -> SpeechContext:
    """All of a recording at once, read with the planner's horizon."""
    prosody, syllables, cues, _ = talk(seconds, silences, cues)
    who = Speaker.named("conversational")
    return SpeechContext(
        Conditions(
            0.0, 0.0, seconds, seconds, True, prosody[0 : round(seconds * ANALYSIS_RATE)], (), (), syllables, cues,
            feeling(seconds, **emotion), who,
        ),
        PLAN.horizon,
    )  # fmt: skip


def planner(style: str = "conversational", seed: int = 0, **traits: float) -> Planner:
    return Planner(MotionStyle.of(replace(STYLES[style], **traits)), seed, ARM_CM)


def arrival(plan: Planner, name: str) -> list[tuple[float, float]]:
    """(start, end) of the strokes of forms called ``name``."""
    return [(start, end) for start, end, _, form in plan.strokes if form == name]


def test_a_cues_stroke_ends_on_its_accent() -> None:
    """The word must at 6.1 s chops: the hand falls before and stops just after its accent, over many seeds."""
    late, spoken = [], 0
    cue = Cue("obligation", 6.0, 6.4, 6.1, "must")
    for seed in range(200):
        plan = planner("orator", seed)
        plan.extend(context(9.0, cues=(cue,)), 8.0)
        if not arrival(plan, "chop"):
            continue
        spoken += 1
        times = np.arange(5.4, arrival(plan, "chop")[-1][1], 0.01)  # a beat after it may fall faster
        falls = [-np.gradient(hand.wrist.at(times)[:, 1], times) for hand in plan.hands]
        late.append(float(times[int(np.argmax(max(falls, key=np.max)))]) - 6.1)
    assert spoken >= 40  # a cue fires with a probability, never always
    assert -0.25 < np.median(late) < 0.05  # fastest shortly before the accent
    assert np.mean(np.abs(late) < 0.3) > 0.85


@pytest.mark.parametrize("accent", [1.2, 2.0, 3.5])
def test_preparation_waits_for_an_accent(accent: float) -> None:
    """With time to spare the stroke keeps its length and ends .12 s (sd .05) after the accent."""
    plan, ends = planner(), []
    for seed in range(200):
        met = plan._meet(accent, GestureTiming(0, 0.5, 0.3), np.random.default_rng(seed))
        assert met.stroke == 0.3 and met.prepare > 0.5
        ends.append(met.prepare + met.stroke - accent)
    assert np.mean(ends) == pytest.approx(0.12, abs=0.012) and np.std(ends) == pytest.approx(0.045, abs=0.01)
    assert np.min(ends) >= 0.02 - 1e-9 and np.max(ends) <= 0.22 + 1e-9


def test_a_late_cue_hurries_within_reason() -> None:
    plan = planner()
    met = plan._meet(0.55, GestureTiming(0, 0.5, 0.3), np.random.default_rng(0))
    jitter = 0.05 * float(np.clip(np.random.default_rng(0).standard_normal(), -2, 2))
    squeeze = (0.55 + 0.12 + jitter) / 0.8
    assert (met.prepare, met.stroke) == pytest.approx((0.5 * squeeze, 0.3 * squeeze))
    met = plan._meet(0.1, GestureTiming(1, 0.5, 0.3), np.random.default_rng(0))
    assert (met.lead, met.prepare, met.stroke) == pytest.approx((1, 0.34, 0.204))


def test_a_cue_is_due_when_its_preparation_must_begin() -> None:
    plan, form = planner(), FORMS["chop"]
    timing = plan.timing(form, CALM)
    needed = timing.prepare + timing.stroke + 0.30 - 0.12
    assert plan._due((Cue("obligation", 0, 1, needed - 0.01, ""), form), CALM)
    assert not plan._due((Cue("obligation", 0, 1, needed + 0.01, ""), form), CALM)


def test_times_of_a_form_follow_the_movement_law() -> None:
    plan, form = planner(), FORMS["chop"]
    plan.lead = 1
    timing = plan.timing(form, CALM)
    size = np.linalg.norm([0.02, -0.34, 0.10]) * ARM_CM
    assert timing.lead == 1
    assert timing.stroke == pytest.approx(plan.style.duration(float(size)) / 1.35)
    assert plan.timing(FORMS["point_side/left"], CALM).lead == 0
    quick = replace(CALM, speed=2.0)
    assert plan.timing(form, quick).stroke == pytest.approx(max(timing.stroke / 2**0.8, 0.18))
    assert plan.timing(form, quick).prepare == pytest.approx(max(timing.prepare / 2**0.7, 0.25))


def test_a_whole_form_is_carried_out() -> None:
    """Preparation, strokes and hold follow each other; both hands take part; the stroke is remembered."""
    plan, speech = planner(), context(20.0)
    plan.resting, before = False, plan.left_units
    form = gesture("size_big", "big", np.random.default_rng(0))
    plan.perform(form, Cue("size_big", 1.4, 1.8, 1.5, "big"), CALM, speech, np.random.default_rng(1))
    ((start, end, score, name),) = plan.strokes
    assert (score, name) == (0.9, "big") and plan.front == end and plan.left_units == before - 1
    assert 0.8 < start < 1.6 and end > start + 0.3
    for hand in plan.hands:
        at = hand.wrist.at([end - 0.02])[0]
        wide = hand.reachable(hand.place((0.82, -0.22, 0.48), CALM))
        assert np.linalg.norm(at - wide) < 0.2 and at[0] > 0.55
        assert hand.intent == "turn" and not hand.home


def test_a_one_handed_form_leaves_the_other_hand_or_mirrors_it() -> None:
    form = FORMS["stress/fist"]
    shares = []
    for seed in range(60):
        plan = planner()
        variation = plan._vary(form, 1, CALM, np.random.default_rng(seed))
        assert variation.lead == 1 and 0.75 <= variation.size <= 1.1 and len(variation.offsets) == 2
        shares.append(variation.mirrored)
    assert np.mean(shares) == pytest.approx(0.8 * plan.style.together, abs=0.15)
    lopsided = replace(CALM, asym=1.0)
    fewer = [planner()._vary(form, 1, lopsided, np.random.default_rng(s)).mirrored for s in range(60)]
    assert np.mean(fewer) == pytest.approx(0.4 * 0.8 * plan.style.together, abs=0.15)


def test_units_lean_to_accents() -> None:
    """A unit's peak (48 % of its span) is moved to an accent in reach, .05 s (sd .03) before it."""
    plan, speech = planner(), context(20.0)
    plan.front = 2.85  # the accent at 3.1 s is in reach
    spans, weights = zip(*(plan.align(speech, 2.85, 0.5, np.random.default_rng(s)) for s in range(300)), strict=True)
    met = np.array(weights) > 1
    peaks = 2.85 + 0.48 * np.array(spans)[met]
    assert 0.75 < met.mean() < 0.96
    assert peaks.mean() == pytest.approx(3.05, abs=0.025) and peaks.std() == pytest.approx(0.03, abs=0.01)
    assert set(np.round(np.array(weights)[met], 6)) == {round(0.8 + 0.45 * 0.8, 6)}
    plan.front = 2.5  # out of reach now: the unit ends where the next one can meet it
    span, weight = plan.align(speech, 2.5, 0.4, np.random.default_rng(1))
    assert weight in (0.9, 1) and 0.2 <= span <= 0.65
    silent = context(20.0, ((0.0, 20.0),))
    assert plan.align(silent, 2.5, 0.5, np.random.default_rng(0)) == (0.5, 1)


def test_a_hold_is_still_and_ends_before_a_cue() -> None:
    plan = planner("orator")
    for hand in plan.hands:
        hand.intent = "hold"
    spans = []
    for seed in range(200):
        fresh = planner("orator")
        fresh.hold(CALM, np.random.default_rng(seed), None)
        spans.append(fresh.front)
    assert np.median(spans) == pytest.approx(plan.style.hold_median, rel=0.2)
    assert min(spans) >= 0.12 and max(spans) <= 3.0
    cue = Cue("obligation", 0.0, 1.0, 0.9, "must")
    plan.hold(replace(CALM, hold=9.0), np.random.default_rng(0), (cue, FORMS["chop"]))
    timing = planner("orator").timing(FORMS["chop"], CALM)
    assert plan.front <= max(0.9 + 0.12 - timing.stroke - timing.prepare, 0.08) + 0.05
    assert all(hand.intent == "turn" for hand in plan.hands)


def test_rest_and_talk() -> None:
    """Calm speakers rest most of the time, lively ones hardly; silence brings everybody home."""
    moving = {}
    for style in ("storyteller", "conversational"):
        plans = [planner(style, seed) for seed in range(6)]
        for plan in plans:
            plan.extend(context(60.0), 58.0)
        moving[style] = np.mean([plan.lively.at(np.arange(2, 58, 0.1))[:, 0].mean() for plan in plans])
    assert moving["storyteller"] < 0.5 < 0.85 < moving["conversational"]
    plan = planner("conversational", 1)
    plan.extend(context(16.0, ((6.0, 14.0),)), 13.0)
    assert plan.resting and all(hand.home for hand in plan.hands)
    assert plan.lively.at([11.0])[0, 0] == pytest.approx(0, abs=1e-6)


def test_who_hands_over_the_turn_lets_the_hands_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long silence is never bridged: the hands go home as soon as what they do is done."""
    bridged: list[float] = []
    bridge = Planner.bridge

    def seen(plan: Planner, silent_for: float, resumes: float, *others: Any) -> None:
        bridged.append(resumes)
        bridge(plan, silent_for, resumes, *others)

    monkeypatch.setattr(Planner, "bridge", seen)
    for seed in range(12):
        planner("orator", seed).extend(context(16.0, ((4.0, 4.7), (8.0, 16.0))), 11.0)
    assert bridged and max(bridged) <= PLAN.rest_far


def test_surprise_bursts_once() -> None:
    plan = planner()
    startled = replace(CALM, burst=0.6)
    assert plan._burst(startled) and not plan._burst(startled)
    assert not plan._burst(replace(CALM, burst=0.2)) and not plan._burst(startled)  # still the same surprise
    assert not plan._burst(CALM) and plan._burst(startled)
    assert not planner()._burst(replace(CALM, burst=0.25))
    plan = planner("conversational", 3)
    plan.extend(context(8.0, surprise=1.0), 6.0)
    assert len(arrival(plan, "burst")) == 1


def test_free_forms_follow_idea_and_emotion() -> None:
    rng = np.random.default_rng(0)
    plan = planner()
    names = {plan._free_form(CALM, rng).name for _ in range(300)}
    assert {"offer", "box", "cycle"} <= names and not names & {"chop", "dismiss", "self_touch", "halt"}
    angry = replace(CALM, chop=0.9)
    chops = [plan._free_form(angry, rng).name == "chop" for _ in range(300)]
    assert np.mean(chops) == pytest.approx(7.2 / (7.2 + 10.7), abs=0.08)
    guarded = replace(CALM, palm_down=0.4)
    stops = [plan._free_form(guarded, rng).name == "halt" for _ in range(300)]
    assert np.mean(stops) == pytest.approx(1.8 / (1.8 + 10.7), abs=0.06)


def test_cues_wait_for_each_other_and_the_foremost_wins() -> None:
    """Emblems before deictics; none within 1.7 s of the last; each is judged once."""
    near = (Cue("self", 1.0, 1.2, 1.1, "i"), Cue("negation", 1.3, 1.5, 1.4, "not"), Cue("quote", 2.6, 2.8, 2.7, "q"))
    speech = context(6.0, cues=near)
    kinds = []
    for seed in range(300):
        plan = planner("conversational", seed)
        plan.resting = False
        taken = plan._next_cue(speech, 0.0, CALM)
        assert len(plan.judged) == 2  # the third lies beyond the horizon
        if taken:
            kinds.append(taken[0].kind)
            assert plan._next_cue(speech, 0.1, CALM) is taken
            assert plan._next_cue(speech, taken[0].accent - 0.1, CALM) is not taken  # too near to be met
    chance = planner().style.cue_chance
    assert kinds.count("negation") / 300 == pytest.approx(2.6 * chance, abs=0.08)
    assert kinds.count("self") / 300 == pytest.approx(0.5 * chance * (1 - 2.6 * chance), abs=0.04)
    plan = planner("conversational", 0)
    plan.last_cue = 0.5
    for seed in range(20):
        plan.seed, plan.judged = seed, set()
        assert plan._next_cue(speech, 0.0, CALM) is None


def test_pauses_are_bridged() -> None:
    """Flowing speakers go on in a fresh pause, those who hold stand still."""
    flowing, holding = planner(), planner("storyteller")
    for plan in (flowing, holding):
        plan.resting = False
        for hand in plan.hands:
            hand.home = False
        plan.bridge(0.05, 0.4, CALM, np.random.default_rng(3))
        assert 0.25 < plan.front <= 0.4
    assert any(np.linalg.norm(h.wrist.value - planner().hands[0].wrist.value) > 0.03 for h in flowing.hands)
    assert flowing.hands[0].wrist.end == pytest.approx(flowing.front, abs=0.2)


def test_phrases_draw_palms_hands_and_shapes() -> None:
    rng = np.random.default_rng(0)
    plan = planner("orator", handedness=0.9)
    leads, palms, shapes = [], [], []
    for _ in range(400):
        plan.new_phrase(CALM, rng)
        leads.append(plan.lead)
        palms.append(plan.palm)
        shapes.append(plan.shape)
    assert np.mean(leads) == pytest.approx(0.9, abs=0.05)
    style = plan.style
    assert palms.count("up") / 400 == pytest.approx(style.palm_up, abs=0.07)
    assert palms.count("down") / 400 == pytest.approx(style.palm_down, abs=0.04)
    assert palms.count("back") / 400 == pytest.approx((1 - style.palm_up - style.palm_down) * style.palm_back, abs=0.06)
    assert "point" not in shapes and "open_spread" not in shapes and shapes.count("relaxed") < 200
    angry = replace(CALM, fist=0.6, point=0.3)
    drawn = []
    for _ in range(300):
        plan.new_phrase(angry, rng)
        drawn.append(plan.shape)
    assert drawn.count("fist") / 300 == pytest.approx(0.36, abs=0.09)
    assert drawn.count("point") / 300 == pytest.approx(0.3, abs=0.09)


def test_strokes_nod_and_bob() -> None:
    plan = planner()
    plan._accompany(1.0, 1.5, 25.0, replace(CALM, bounce=1.0), np.random.default_rng(0), 1)
    pitch, bob = plan.nod.at([1.5])[0]
    assert plan.nod.at([1.0])[0] == pytest.approx([0, 0])
    assert bob == pytest.approx(-0.03 - 0.0004) and -0.5 <= np.degrees(pitch) <= 2.2
    plan._accompany(1.4, 1.55, 25.0, CALM, np.random.default_rng(0), 1)  # only 50 ms are left: none
    assert plan.nod.end == 1.5


def test_the_pelvis_goes_with_the_leading_hand() -> None:
    """A wide way to the left turns and takes the pelvis to the left, whichever hand makes it; the rest is chance."""
    ends = {0: [], 1: []}
    for lead, way in ((0, [0.5, 0, 0]), (1, [-0.5, 0, 0])):
        for seed in range(300):
            plan = planner()
            plan.hands[lead].last = np.array(way)
            plan._accompany(1.0, 1.5, 25.0, CALM, np.random.default_rng(seed), lead)
            assert 1.3 < plan.pelvis.end < 1.8
            ends[lead].append(plan.pelvis.value)
    size = planner().style.traits.sway
    left = 0.5 * planner().arm_cm
    for lead in (0, 1):
        yaw, pitch, roll, aside, ahead = np.mean(ends[lead], 0) / size
        assert yaw == pytest.approx(0.03 * left, abs=0.6) and aside == pytest.approx(0.02 * left, abs=0.3)
        assert max(abs(pitch), abs(roll), abs(ahead)) < 0.35
        assert np.std(ends[lead], 0) / size == pytest.approx([3.2, 1.8, 0.95, 1.4, 1.1], rel=0.15)


def test_spells_differ_in_energy() -> None:
    """Quiet, plain and lively ones take turns; every second one grows out of the one before."""
    plan = planner()
    energies = [plan.energy(5.0 * k + 1.0) for k in range(600)]
    shares = np.histogram(energies, [0.28, 0.6, 0.95, 1.5, 1.8, 2.7])[0] / 600
    assert shares == pytest.approx([0.28, 0, 0.5, 0, 0.22], abs=0.04)
    near = np.array([[plan.energy(5.0 * k + t) for t in (1.0, 2.51, 3.75, 4.99, 6.0)] for k in range(40)])
    np.testing.assert_allclose(near[:, 1], near[:, 0], rtol=0.02)  # it goes on from there ...
    assert ((near[:, 2] - near[:, 1]) * (near[:, 3] - near[:, 2]) >= 0).all()  # ... and grows or falls
    assert [planner(seed=3).energy(t) for t in (1.0, 9.0)] == [planner(seed=3).energy(t) for t in (1.0, 9.0)]
    assert planner(seed=3).energy(1.0) != planner(seed=4).energy(1.0)
    assert planner("storyteller").energy(1.0) == pytest.approx(plan.energy(1.0) ** 0.6)


def test_a_lively_spell_is_larger_and_faster_and_holds_less() -> None:
    plan = planner()
    plan.front = next(t for t in np.arange(0, 100, 5.0) + 1 if plan.energy(t) > 1.8)
    speech = context(1.0)  # over by then: nothing is louder than anything else
    energy, felt = plan.energy(plan.front), plan.felt(CALM, speech)
    assert (felt.amp, felt.speed) == pytest.approx((energy * CALM.amp, energy**0.5 * CALM.speed))
    assert felt.hold == pytest.approx(CALM.hold * energy**-0.4)


def test_some_phrases_are_mirrored() -> None:
    plan, mirrored = planner(), []
    for k in range(600):
        plan.front = 2.5 * k
        plan.new_phrase(CALM, np.random.default_rng(k))
        mirrored.append(plan.mirror is not None)
    assert np.mean(mirrored) == pytest.approx(plan.style.mirrored, abs=0.06)


def test_mirrored_hands_make_the_same_way() -> None:
    plan = planner()
    plan.new_phrase(CALM, np.random.default_rng(1))
    plan.mirror, plan.front = np.zeros(3), 1.0
    speech = context(10.0)
    for seed in range(4):
        for hand in plan.hands:
            hand.fill(plan.front - 0.2)
        plan.beat(CALM, speech, np.random.default_rng(seed), None)
    np.testing.assert_allclose(plan.hands[0].wrist.value, plan.hands[1].wrist.value, atol=1e-9)
    assert abs(plan.hands[0].wrist.end - plan.hands[1].wrist.end) < 0.11


def test_who_speaks_enters_the_draw() -> None:
    """At one seed two speakers take other words, although their chances are alike."""
    cues = tuple(Cue("container", t, t + 0.3, t + 0.1, "everything") for t in np.arange(2.0, 60.0, 2.5))
    taken = []
    for smile in (0.4, 0.6, 0.4):  # a trait of the face: what hands may do is the same
        plan = planner(smile=smile)
        plan.extend(context(70.0, cues=cues), 64.0)
        taken.append({round(s[0]) for s in plan.strokes if s[3] == "box"})
    assert taken[0] == taken[2] and taken[0] and taken[1]
    assert len(taken[0] & taken[1]) < 0.7 * max(len(taken[0]), len(taken[1]))


def test_a_mirrored_hand_that_has_longer_to_go_does_not_swing_wide() -> None:
    """What the leading hand hands over belongs to its short way: the other one goes there at its own pace."""
    speech, fastest = context(10.0), []
    for seed in range(60):
        plan = planner()
        plan.new_phrase(CALM, np.random.default_rng(seed))
        lead = plan.hands[plan.lead]
        plan.mirror, plan.front = np.zeros(3), 4.0
        lead.move(MovementUnit(3.9, np.array([0.4, -0.4, 0.5])), HandPose((0, 0, 0)), CALM)
        lead.fill(3.95)
        plan.beat(CALM, speech, np.random.default_rng(seed), None)  # the other hand last moved at 0 s
        times = np.arange(0, plan.front + 1, 0.01)
        way = np.gradient(plan.hands[1 - plan.lead].wrist.at(times), times, axis=0)
        fastest.append(np.linalg.norm(way, axis=1).max() * ARM_CM)
    assert max(fastest) < 200.0


def test_what_is_past_is_forgotten() -> None:
    plan = planner()
    plan.extend(context(30.0), 28.0)
    pieces = len(plan.hands[0].wrist._pieces)
    plan.trim(26.0)
    assert len(plan.hands[0].wrist._pieces) < pieces / 3
    assert plan.strokes and min(s[1] for s in plan.strokes) > 21.0


def test_movements_are_larger_where_the_voice_rises() -> None:
    """Half a level up or down in the next second makes the same moment's movements larger or smaller."""
    sizes = {}
    for name, louder in (("rises", 1.5), ("same", 1.0), ("falls", 0.5)):
        conditions = context(20.0).conditions
        level = np.array(conditions.prosody.level)
        here = round((8.0 - conditions.start) * 100)
        level[here : here + 100] *= louder
        speech = SpeechContext(replace(conditions, prosody=replace(conditions.prosody, level=level)), PLAN.horizon)
        plan = planner()
        plan.front = 8.0
        sizes[name] = plan.felt(CALM, speech).amp
    assert sizes["rises"] > 1.2 * sizes["same"] > 1.5 * sizes["falls"]
