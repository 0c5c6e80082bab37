"""Planned strokes: what a motion's plan says, and that the planner's is the choreographer's own."""

from __future__ import annotations

import numpy as np
import pytest

from gengine import Performance, Session
from gengine.core.speaker import Speaker
from gengine.hearing import hear_recording
from gengine.metrics.limbs import Body
from gengine.networks.camn.stroke_plan import KNOWN, SLOW, StrokePlanner, planned_strokes, strokes_of
from gengine.networks.choreographer.network import Choreographer


@pytest.fixture(scope="module")
def take(speech: np.ndarray) -> Performance:
    session = Session(speaker="orator", seed=5)
    return Performance.join([p for p in (session.push(speech), session.flush()) if p is not None])


def test_a_motion_s_plan_holds_speeds_and_heights(take: Performance) -> None:
    assert take.motion is not None
    motion = take.motion.resample(15.0)
    plan = strokes_of(motion)
    body = Body(motion)
    speed = SLOW * np.expm1(plan[:, :2])  # arm lengths a second
    assert np.corrcoef(speed.ravel(), (body.speed / body.arm_length).ravel())[0, 1] > 0.9
    assert 0.6 < speed.mean() / (body.speed / body.arm_length).mean() < 1.6
    up = body.both("wrist")[..., 1] - body.both("shoulder")[..., 1].mean(1, keepdims=True)
    np.testing.assert_allclose(plan[:, 2:], up / body.arm_length, atol=0.02)


def test_the_plan_of_a_recording_is_what_the_choreographer_does(take: Performance) -> None:
    """Same seed, same speaker: its hands are where the plan has them."""
    c = hear_recording(take)
    choreographer = Choreographer()
    done = strokes_of(choreographer.generate(c, choreographer.start(take.speaker, 5)).resample(15.0))
    same, other = (
        planned_strokes(c, take.speaker, seed, choreographer.skeleton, len(done), 15.0) for seed in (5, 6)
    )  # fmt: skip
    fits = [np.corrcoef(p[:, :2].ravel(), done[:, :2].ravel())[0, 1] for p in (same, other)]
    assert fits[0] > 0.9 and fits[1] < 0.5
    assert np.corrcoef(same[:, 2:].ravel(), done[:, 2:].ravel())[0, 1] > 0.9


def test_a_plan_ends_where_nothing_is_decided(take: Performance) -> None:
    assert take.motion is not None
    c = hear_recording(take)
    planner = StrokePlanner(Speaker.named("orator"), 5, take.motion.skeleton)
    first = planner.key
    planner.extend(c)
    rows, known = planner.rows(np.arange(-3, round((c.hop_end + 1) * 15)), 15.0)
    times = np.arange(-3, len(rows) - 3) / 15
    np.testing.assert_array_equal(known, (times >= 0) & (times + 1 / 15 <= c.hop_end + KNOWN))
    assert not rows[~known].any() and rows[known].any() and planner.key != first
