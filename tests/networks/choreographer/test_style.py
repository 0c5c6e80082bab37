"""Traits and emotions become parameters monotonically."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.core.speaker import STYLES, Speaker
from gengine.networks.choreographer.fingers import shapes
from gengine.networks.choreographer.gesture_forms import GESTURES, PALMS, gesture
from gengine.networks.choreographer.style import EmotionStyle, MotionStyle, body_expression


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
    assert abs(alone["speed"][0] - 1.3) < 0.02
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
