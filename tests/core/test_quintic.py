"""Quintic pieces: end conditions, continuity, arcs."""

from __future__ import annotations

import numpy as np

from gengine.core.quintic import QuinticSpline, read_all, smoothstep


def test_pieces_meet_their_ends_and_join_twice_differentiably() -> None:
    track = QuinticSpline([0.0, 1.0], 0.0)
    track.to(0.5, [1.0, 0.0], [2.0, -1.0], [0.5, 3.0], bow=[0.1, 0.2])
    track.to(1.3, [0.2, 0.4], [0.0, 0.0])
    track.hold(1.6)
    times = np.arange(0, 1.6, 1e-3)
    values = track.at(times)
    np.testing.assert_allclose(track.at([0.0, 0.5, 1.3, 1.6]), [[0, 1], [1, 0], [0.2, 0.4], [0.2, 0.4]], atol=1e-12)
    velocity = np.diff(values, axis=0) / 1e-3
    acceleration = np.diff(velocity, axis=0) / 1e-3
    np.testing.assert_allclose(velocity[500], [2.0, -1.0], atol=0.01)
    assert np.abs(np.diff(acceleration, axis=0)).max() < 1.0  # no corner in the acceleration


def test_stop_to_stop_is_minimum_jerk_and_swings_are_sinusoidal() -> None:
    stop = QuinticSpline([0.0], 0.0)
    stop.to(1.0, [1.0])
    times = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(stop.at(times)[:, 0], smoothstep(times), atol=1e-12)
    speed = np.gradient(stop.at(times)[:, 0], times)
    assert abs(speed.max() - 1.875) < 0.01
    swing = QuinticSpline([0.0], 0.0)
    swing.acceleration = np.array([np.pi**2 / 2])
    swing.to(1.0, [1.0], [0.0], [-(np.pi**2) / 2])
    speed = np.gradient(swing.at(times)[:, 0], times)
    assert abs(speed.max() - np.pi / 2) < 0.03


def test_bow_bulges_by_its_height_and_outside_is_constant() -> None:
    track = QuinticSpline([0.0, 0.0], 1.0)
    track.to(2.0, [1.0, 0.0], bow=[0.0, 0.17])
    assert abs(track.at([1.5])[0, 1] - 0.17) < 1e-12
    np.testing.assert_allclose(track.at([-5.0, 0.9, 7.0]), [[0, 0], [0, 0], [1, 0]], atol=1e-12)


def test_trim_forgets_the_past_only() -> None:
    track = QuinticSpline([0.0], 0.0)
    for k in range(20):
        track.to(0.5 * (k + 1), [float(k % 3)])
    before = track.at(np.arange(6.0, 10.0, 0.01))
    track.trim(6.0)
    assert len(track._pieces) < 12
    np.testing.assert_array_equal(track.at(np.arange(6.0, 10.0, 0.01)), before)


def test_curves_read_together_are_the_same_bits_as_each_alone() -> None:
    """Before their beginning, within a piece, over the seam of two and past the end."""
    moving, still, ended = QuinticSpline([0.0, 1.0], 0.0), QuinticSpline([3.0], 0.0), QuinticSpline([1.0], 0.0)
    moving.to(0.5, [1.0, 0.0], [2.0, -1.0])
    moving.to(1.3, [0.2, 0.4])
    still.hold(5.0)
    ended.to(0.7, [2.0])
    for start in (-0.2, 0.1, 0.45, 0.6, 1.4):
        times = start + np.arange(6) / 60
        for curve, values in zip((moving, still, ended), read_all((moving, still, ended), times), strict=True):
            assert values.tobytes() == curve.at(times).tobytes()
