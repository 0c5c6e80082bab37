"""Traits and emotions become parameters monotonically."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.core.speaker import STYLES, Speaker
from gengine.networks.choreographer.gesture_forms import FORMS, FREE, PALMS, PRIORITY
from gengine.networks.choreographer.shapes import shapes
from gengine.networks.choreographer.style import Manner, Mood, expression


def test_movement_laws_are_those_of_the_clips() -> None:
    """Mean speed at a 20 cm chord orders storyteller, conversation, orator as measured."""
    speeds = [20 / Manner.of(STYLES[s]).duration(20) for s in ("storyteller", "conversational", "orator")]
    assert speeds[0] < 0.7 * speeds[1] < speeds[1] < 1.3 * speeds[2]


@pytest.mark.parametrize("name", EMOTIONS[1:])
def test_every_emotion_is_distinct_and_its_dial_monotone(name: str) -> None:
    weights = np.zeros((5, len(EMOTIONS)))
    weights[:, EMOTION_INDEX[name]] = np.linspace(0, 1, 5)
    values = expression(weights, np.zeros((5, 3)) + 0 * weights[:, :3])
    moved = 0
    for column in values.values():
        steps = np.diff(column)
        assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
        moved += abs(column[-1] - column[0]) > 1e-3
    assert moved >= 6


def test_vad_that_the_label_explains_is_not_counted_twice() -> None:
    weights = np.zeros((1, len(EMOTIONS)))
    weights[0, EMOTION_INDEX["happiness"]] = 1
    alone = expression(weights, np.array([[0.81, 0.51, 0.46]]))
    assert abs(alone["speed"][0] - 1.3) < 0.02
    dims = expression(np.zeros((1, len(EMOTIONS))), np.array([[0.0, 0.8, 0.0]]))
    assert dims["speed"][0] > 1.2


def test_mood_reads_one_moment() -> None:
    weights = np.zeros(len(EMOTIONS))
    weights[EMOTION_INDEX["anger"]] = 1
    assert Mood.at(weights, np.zeros(3)).fist > 0.3


def test_any_speaker_gives_a_usable_manner() -> None:
    for name in ("storyteller", "wayne", "li", "ada", "x" * 40):
        m = Manner.of(Speaker.named(name).traits)
        assert 0 < m.duration_at < 1 and 0 <= m.active <= 1 and np.isfinite(m.centre).all()


def test_every_form_is_well_formed() -> None:
    rng = np.random.default_rng(0)
    for kind, maker in FORMS.items():
        for text in ("", "left", "down", "second of all", "split"):
            for _ in range(4):
                form = maker(text, rng)
                assert form.strokes and 0 < form.score <= 1, kind
                for beat in (form.ready, *form.strokes):
                    for posture in (beat.lead, beat.other):
                        if posture is not None:
                            assert posture.palm in PALMS and posture.hand in shapes()
                            assert np.linalg.norm(np.subtract(posture.at, (0.345, 0, 0))) < 1.05
    assert set(FREE) <= set(FORMS) and set(PRIORITY) <= set(FORMS)
