"""Traits and emotions become parameters monotonically."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.core.speaker import STYLES, Speaker
from gengine.networks.choreographer.fingers import shapes
from gengine.networks.choreographer.gesture_forms import FORMS, GESTURES, PALMS, HandPose, gesture
from gengine.networks.choreographer.style import RATIOS, EmotionStyle, MotionStyle, body_expression


def test_movement_laws_are_those_of_the_clips() -> None:
    """Mean speed at a 20 cm chord orders storyteller, conversation, orator as measured."""
    speeds = [20 / MotionStyle.of(STYLES[s]).duration(20) for s in ("storyteller", "conversational", "orator")]
    assert speeds[0] < 0.7 * speeds[1] < speeds[1] < 1.3 * speeds[2]


@pytest.mark.parametrize("name", EMOTIONS[1:])
def test_every_emotion_is_distinct_and_its_dial_monotone(name: str) -> None:
    weights = np.zeros((5, len(EMOTIONS)))
    weights[:, EMOTION_INDEX[name]] = np.linspace(0, 1, 5)
    values = body_expression(weights, np.zeros((5, 3)) + 0 * weights[:, :3])
    moved = 0
    for column in values.values():
        steps = np.diff(column)
        assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
        moved += abs(column[-1] - column[0]) > 1e-3
    assert moved >= 6


def test_vad_that_the_label_explains_is_not_counted_twice() -> None:
    weights = np.zeros((1, len(EMOTIONS)))
    weights[0, EMOTION_INDEX["happiness"]] = 1
    alone = body_expression(weights, np.array([[0.81, 0.51, 0.46]]))
    assert abs(alone["speed"][0] - 1.55) < 0.02
    dims = body_expression(np.zeros((1, len(EMOTIONS))), np.array([[0.0, 0.8, 0.0]]))
    assert dims["speed"][0] > 1.2


def test_emotion_style_reads_one_moment() -> None:
    weights = np.zeros(len(EMOTIONS))
    weights[EMOTION_INDEX["anger"]] = 1
    assert EmotionStyle.at(weights, np.zeros(3)).fist > 0.3


def test_any_speaker_gives_a_usable_manner() -> None:
    for name in ("storyteller", "wayne", "li", "ada", "x" * 40):
        m = MotionStyle.of(Speaker.named(name).traits)
        assert 0 < m.duration_at < 1 and 0 <= m.active <= 1 and np.isfinite(m.centre).all()


def test_every_form_is_well_formed() -> None:
    rng = np.random.default_rng(0)
    made = set()
    for kind in GESTURES:
        for text in ("", "left", "down", "second of all", "split"):
            for _ in range(4):
                form = gesture(kind, text, rng)
                made.add(form.name)
                assert form.strokes and 0 < form.score <= 1, kind
                for stroke in (form.ready, *form.strokes):
                    for pose in (stroke.lead, stroke.other):
                        if pose is not None:
                            assert pose.palm in PALMS and pose.shape in shapes()
                            assert np.linalg.norm(np.subtract(pose.at, (0.345, 0, 0))) < 1.05
    assert len(made) > 40


def _weights(**strengths: float) -> np.ndarray:
    weights = np.zeros((1, len(EMOTIONS)))
    for name, value in strengths.items():
        weights[0, EMOTION_INDEX[name]] = value
    return weights


def test_emotions_ask_what_the_table_says() -> None:
    anger = body_expression(_weights(anger=1.0), np.zeros((1, 3)))
    expected = {"rate": 1.15, "amp": 1.5, "speed": 2.1, "hold": 1.15, "spine": 9, "lean": 9, "fist": 0.75, "chop": 0.6,
                "asym": 0.45, "sway": 0.8, "symmetric": 0.1, "tremor": 0}  # fmt: skip
    for name, value in expected.items():
        assert anger[name][0] == pytest.approx(value), name
    half = body_expression(_weights(anger=0.5), np.zeros((1, 3)))
    assert half["speed"][0] == pytest.approx(np.sqrt(2.1)) and half["lean"][0] == pytest.approx(4.5)
    mixed = body_expression(_weights(anger=1.0, happiness=1.0), np.zeros((1, 3)))
    assert mixed["lean"][0] == pytest.approx(4.0)  # a mixture is no stronger than one emotion
    assert mixed["speed"][0] == pytest.approx(np.sqrt(2.1 * 1.55))
    plain = body_expression(_weights(neutral=1.0), np.zeros((1, 3)))
    assert all(plain[name][0] == (1 if name in RATIOS else 0) for name in plain)


@pytest.mark.parametrize(
    ("vad", "expected"),
    [
        ((0.0, 0.6, 0.0), {"speed": np.exp(0.225), "rate": np.exp(0.15), "amp": np.exp(0.125), "hold": np.exp(-0.2),
                           "height": 0.025, "spine": 0, "bounce": 0}),
        ((0.6, 0.0, 0.0), {"spine": -2.0, "elbow": 2.0, "out": 0.02, "height": 0.015, "speed": 1, "lean": 0}),
        ((0.0, 0.0, -0.6), {"spine": 1.5, "elbow": -3.0, "out": -0.025, "amp": np.exp(-0.075)}),
        ((0.0, 0.6, 0.6), {"lean": 0.5}),
        ((0.9, 0.9, 0.0), {"bounce": 0.32}),
        ((-0.6, 0.6, 0.0), {"bounce": 0}),
        ((0.1, -0.1, 0.1), {"spine": 0, "speed": 1}),  # no more than the labels' own spread
    ],
)  # fmt: skip
def test_dimensions_ask_what_no_label_said(vad: tuple[float, ...], expected: dict[str, float]) -> None:
    made = body_expression(_weights(), np.array([vad]))
    for name, value in expected.items():
        assert made[name][0] == pytest.approx(value, abs=1e-9), name


def test_reference_speakers_are_the_tables_columns() -> None:
    talker = MotionStyle.of(STYLES["conversational"])
    expected = {"chord": 33.0, "chord_sd": 0.92, "duration_at": 0.142, "duration_power": 0.38, "active": 0.97,
                "units": 34.0, "hold_share": 0.07, "hold_median": 0.32, "reverse": 0.54, "through": 0.12, "bow": 0.19,
                "together": 0.92, "swivel": np.radians(12.0), "palm_up": 0.3 * 0.25, "shift_every": 0.8,
                "shift_size": 0.072, "turn": 7.0, "lean": 2.6, "stance": 0.325, "idle": 1.0}  # fmt: skip
    for name, value in expected.items():
        assert getattr(talker, name) == pytest.approx(value), name
    assert talker.pause_moves and not MotionStyle.of(STYLES["storyteller"]).pause_moves
    np.testing.assert_allclose(talker.centre, [[0.54, -0.66, 0.51], [0.58, -0.46, 0.51]])
    np.testing.assert_allclose(talker.spread, [0.18, 0.27, 0.22])
    np.testing.assert_allclose(talker.low, [0.24 * 2.2, 0.24])
    orator = MotionStyle.of(STYLES["orator"])
    assert orator.swivel == pytest.approx(np.radians(30.0) + 0.35)
    assert orator.shift_every == pytest.approx(0.7 / np.sqrt(1.3)) and orator.shift_size == pytest.approx(0.0975)
    assert orator.palm_up == pytest.approx(0.5) and orator.together == pytest.approx(0.8)


def test_traits_bend_the_references() -> None:
    plain = STYLES["conversational"]
    usual = MotionStyle.of(plain)
    assert MotionStyle.of(replace(plain, amplitude=2.0)).chord == pytest.approx(66.0)
    assert MotionStyle.of(replace(plain, tempo=2.0)).duration(20) == pytest.approx(usual.duration(20) / 2)
    assert MotionStyle.of(replace(plain, hold=0.6)).hold_share == pytest.approx(0.07 * (0.4 + 0.6 * 2))
    assert MotionStyle.of(replace(plain, hold=0.6)).hold_median == pytest.approx(0.32 * (0.6 + 0.4 * 2))
    assert MotionStyle.of(replace(plain, height=0.1)).centre[1, 1] == pytest.approx(usual.centre[1, 1] + 0.1)
    lefty = MotionStyle.of(replace(plain, handedness=0.3))
    assert lefty.centre[0, 1] > lefty.centre[1, 1] and lefty.low[0] < lefty.low[1]
    even = MotionStyle.of(replace(plain, handedness=0.55))  # a tenth of full preference: half of the drop
    assert even.centre[1, 1] - even.centre[0, 1] == pytest.approx(0.5 * (usual.centre[1, 1] - usual.centre[0, 1]))
    assert usual.duration(0.2) == usual.duration(1.0) == pytest.approx(0.142)
    assert usual.duration(20) == pytest.approx(0.142 * 20**0.38)


@pytest.mark.parametrize(
    ("kind", "text", "name"),
    [
        ("deictic", "go left", "point_side"), ("deictic", "this", "point_here"), ("deictic", "that", "point_there"),
        ("listing", "second of all", "count"), ("listing", "then", "steps"), ("vertical", "it fell", "descend"),
        ("vertical", "up", "rise"), ("distance", "close by", "near"), ("distance", "far", "far"),
        ("merge_split", "broke", "split"), ("merge_split", "join", "merge"), ("greeting", "danke", "thanks"),
        ("greeting", "welcome", "open_arms"), ("negative_evaluation", "bad", "dismiss"), ("process", "", "cycle"),
        ("word_search", "", "searching"), ("burst", "", "burst"), ("obligation", "must", "chop"),
    ],
)  # fmt: skip
def test_words_choose_forms(kind: str, text: str, name: str) -> None:
    for seed in range(5):
        assert gesture(kind, text, np.random.default_rng(seed)).name == name


def test_chance_chooses_forms_by_their_shares() -> None:
    names = [gesture("negation", "", np.random.default_rng(s)).name for s in range(1000)]
    shares = [names.count(n) / 1000 for n in ("cross_cut", "push_away", "wag")]
    assert shares == pytest.approx([0.55, 0.25, 0.20], abs=0.05)
    names = [gesture("affirmation", "", np.random.default_rng(s)).name for s in range(1000)]
    assert [names.count(n) / 1000 for n in ("thumb_up", "ok", "offer")] == pytest.approx([0.15, 0.102, 0.748], abs=0.05)
    fingers = [gesture("deictic", "there", np.random.default_rng(s)).ready.lead for s in range(1000)]
    kinds = [(p.shape, p.palm) for p in fingers if p is not None]
    expected = {("point", "down"): 0.55, ("flat_soft", "in"): 0.225, ("flat_soft", "up"): 0.225}
    assert {kind: kinds.count(kind) / 1000 for kind in set(kinds)} == pytest.approx(expected, abs=0.05)


def test_forms_are_read_as_they_are_written() -> None:
    shrug = FORMS["shrug"]
    assert shrug.score == 0.9 and shrug.side is None and shrug.ready.other == shrug.ready.lead
    (raised,) = shrug.strokes
    assert raised.lead == HandPose((0.62, -0.44, 0.44), "up", "flat_soft", -22, -2, -10, 15) and raised.hold == 0.6
    cut = FORMS["cross_cut"]
    assert cut.strokes[0].lead is not None and cut.strokes[0].quick == 1.25
    assert cut.strokes[0].lead.at == pytest.approx((0.66, -0.39, 0.52)) and cut.strokes[0].lead.palm == "down"
    either = FORMS["either_or"].strokes
    assert either[0].lead == either[1].other and either[0].other == either[1].lead
    assert (FORMS["point_side/left"].side, FORMS["point_side/right"].side) == (0, 1)
    assert [s.flow for s in FORMS["wag"].strokes] == [True] * 4 and FORMS["stress/fist"].double == 0.8
    turns = gesture("process", "", np.random.default_rng(1))
    places = np.array([s.lead.at for s in (turns.ready, *turns.strokes) if s.lead is not None])
    assert len(turns.strokes) in (8, 12) and not turns.strokes[-1].flow and turns.strokes[0].flow
    radii = np.linalg.norm(places[:, 1:] - [-0.32, 0.52], axis=1)
    assert np.ptp(radii) < 1e-9 and 0.11 <= radii[0] <= 0.16
    np.testing.assert_allclose(places[0], places[4])
    search = gesture("word_search", "", np.random.default_rng(1))
    assert len(search.strokes) == 5 and search.strokes[0].quick == 0.8 and search.score == 0.3
