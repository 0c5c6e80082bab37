"""The triangle of a limb: bones keep their lengths, the end is met, the bend points where the pole does."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.constraints.two_bone_ik import TwoBones, across, towards
from gengine.core.noise import generator


def test_a_right_angle_by_hand() -> None:
    """Bones of 3 and 4 m that span 5 m: the middle joint lies 1.8 m along and 2.4 m aside."""
    limb = TwoBones.lay(np.zeros(3), np.array([1.0, 0.0, 0.0]), np.array([5.0]), 3.0, 4.0)
    assert limb.along[0] == pytest.approx(1.8) and limb.height[0] == pytest.approx(2.4)
    pole = np.array([0.0, -1.0, 0.0])
    np.testing.assert_allclose(limb.middle(pole), [1.8, -2.4, 0.0])
    np.testing.assert_allclose(limb.end, [5.0, 0.0, 0.0])
    upper, lower = limb.bones(pole)
    np.testing.assert_allclose(upper, [1.8, -2.4, 0.0])
    np.testing.assert_allclose(lower, [3.2, 2.4, 0.0])


def test_bones_keep_their_lengths_anywhere() -> None:
    rng = generator("two bones")
    root, hint = rng.normal(size=(2, 200, 3))
    direction, _ = towards(root, rng.normal(size=(200, 3)))
    distance = rng.uniform(0.06, 0.54, (200, 1))
    limb, pole = TwoBones.lay(root, direction, distance, 0.30, 0.25), across(hint, direction)
    np.testing.assert_allclose(np.linalg.norm(limb.middle(pole) - root, axis=-1), 0.30)
    np.testing.assert_allclose(np.linalg.norm(limb.end - limb.middle(pole), axis=-1), 0.25)
    upper, lower = limb.bones(pole)
    np.testing.assert_allclose(upper + lower, limb.end - root)
    assert ((upper * pole).sum(-1) > 0).all()


def test_directions_and_poles() -> None:
    direction, distance = towards(np.array([1.0, 0.0, 0.0]), np.array([1.0, 0.0, -2.0]))
    np.testing.assert_array_equal(direction, [0.0, 0.0, -1.0])
    assert distance[0] == 2.0
    np.testing.assert_allclose(across(np.array([0.3, 0.4, 9.0]), direction), [0.6, 0.8, 0.0])
    nowhere, none = towards(np.ones(3), np.ones(3))
    assert none[0] == 0 and np.isfinite(nowhere).all()
    assert np.isfinite(across(direction, direction)).all()
