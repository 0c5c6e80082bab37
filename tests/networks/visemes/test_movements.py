"""Planned movements: their shapes in time, and what is forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.networks.visemes.movements import (
    GoalMoves,
    PlannedEvents,
    TransientMoves,
    minimum_jerk,
    plateau,
    smoothstep,
)

QUARTER = 10 * 0.25**3 - 15 * 0.25**4 + 6 * 0.25**5
"""The minimum-jerk movement after a quarter of its time (Flash & Hogan 1985)."""


def test_minimum_jerk_is_the_quintic_held_at_its_ends():
    assert minimum_jerk(np.array([-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0])) == pytest.approx(
        [0, 0, QUARTER, 0.5, 1 - QUARTER, 1, 1], abs=1e-12
    )


def test_smoothstep_is_the_cubic():
    assert smoothstep(np.array([0.0, 0.25, 0.5, 1.0])) == pytest.approx([0, 0.15625, 0.5, 1])


def test_a_transient_rises_holds_and_falls_in_its_times():
    moves = TransientMoves(2)
    moves.add(1.0, 0.2, 0.1, 0.4, [2.0, -1.0])
    times = np.array([1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7])
    height = np.array([0, QUARTER, 0.5, 1, 1, 1 - QUARTER, 0.5, 0])
    assert moves(times) == pytest.approx(height[:, None] * [2.0, -1.0], abs=1e-12)
    moves.add(1.1, 0.2, 0.0, 0.2, [1.0, 0.0])
    assert moves(np.array([1.3]))[0] == pytest.approx([3.0, -1.0])
    heights, peaks = moves.shape(np.array([1.2]))
    assert heights[0] == pytest.approx([1.0, 0.5])
    assert peaks.tolist() == [[2.0, -1.0], [1.0, 0.0]]


def test_transients_are_forgotten_once_they_have_ended():
    moves = TransientMoves(1)
    moves.add(1.0, 0.25, 0.125, 0.5, [1.0])  # until 1.875
    moves.add(2.0, 0.25, 0.125, 0.5, [1.0])
    moves.forget(1.87)
    assert len(moves) == 2
    moves.forget(1.875)
    assert len(moves) == 1
    assert moves(np.array([2.25]))[0, 0] == pytest.approx(1.0)
    moves.forget(9.0)
    assert len(moves) == 0
    assert moves(np.zeros(3)).tolist() == [[0.0]] * 3
    assert moves.shape(np.zeros(3))[0].shape == (3, 0)


def test_goals_are_reached_and_kept():
    moves = GoalMoves([1.0, 0.0])
    assert moves(np.array([5.0])).tolist() == [[1.0, 0.0]]
    moves.to(1.0, 0.4, [3.0, 1.0])
    assert moves.goal.tolist() == [3.0, 1.0]
    assert moves(np.array([1.0, 1.1, 1.2, 1.4, 9.0])) == pytest.approx(
        np.array([[1, 0], [1 + 2 * QUARTER, QUARTER], [2, 0.5], [3, 1], [3, 1]]), abs=1e-12
    )
    moves.to(1.2, 0.4, [0.0, 0.0])  # a new goal before the first is reached: both movements add up
    assert moves(np.array([1.4])) == pytest.approx(np.array([[1.5, 0.5]]))
    assert moves.goal.tolist() == [0.0, 0.0]


def test_goals_that_were_reached_become_the_place_to_start_from():
    moves = GoalMoves([0.0])
    moves.to(1.0, 0.25, [1.0])
    moves.to(2.0, 0.25, [3.0])
    later = moves(np.array([1.3, 2.1, 3.0]))
    moves.forget(1.24)
    assert len(moves._rows) == 2
    moves.forget(1.25)
    assert len(moves._rows) == 1
    assert moves(np.array([1.3, 2.1, 3.0])) == pytest.approx(later)
    assert moves.goal.tolist() == [3.0]
    moves.forget(5.0)
    assert moves._rows == [] and moves(np.array([5.0])).tolist() == [[3.0]]


def test_an_event_is_new_once_and_memory_stays_flat():
    events = PlannedEvents()
    assert events.is_new("nod", 1.0) and not events.is_new("nod", 1.0)
    assert events.is_new("shake", 1.0) and events.is_new("nod", 1.1)
    for i in range(398):
        events.is_new("nod", 10.0 + i)
    events.forget()
    assert len(events._seen) == 201  # of 401 the older 200 are gone
    assert events.is_new("nod", 1.0) and not events.is_new("nod", 407.0)


def test_a_plateau_has_its_ramps_outside():
    times = np.array([0.8, 0.9, 0.95, 1.0, 1.2, 1.25, 1.3, 1.4])
    (values,) = plateau(times, np.array([1.0]), np.array([1.2]), 0.1, 0.2).T
    assert values == pytest.approx([0, 0, 0.5, 1, 1, 1 - 0.15625, 0.5, 0], abs=1e-12)
