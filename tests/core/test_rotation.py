"""Rotations, against scipy and against their own definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation, Slerp

from gengine.core import rotation as rot

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
finite = st.floats(-10, 10, allow_nan=False)
vectors = arrays(float, (5, 3), elements=finite)
quaternions = arrays(float, (5, 4), elements=st.floats(-1, 1)).map(rot.normalize)
axes = st.sampled_from(list(np.eye(3)))


def scipy_of(q: np.ndarray) -> Rotation:
    return Rotation.from_quat(np.roll(np.asarray(q).reshape(-1, 4), -1, axis=-1))


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Largest angle between rotations (rad), exact near zero."""
    return float(np.linalg.norm(rot.to_rotvec(rot.multiply(rot.conjugate(a), b)), axis=-1).max())


@given(quaternions, quaternions, vectors)
def test_products_and_turns_are_scipys(a, b, v):
    assert np.allclose(rot.to_matrix(rot.multiply(a, b)), (scipy_of(a) * scipy_of(b)).as_matrix(), atol=1e-12)
    assert np.allclose(rot.rotate(a, v), scipy_of(a).apply(v), atol=1e-9)
    assert np.allclose(rot.rotate(rot.multiply(a, b), v), rot.rotate(a, rot.rotate(b, v)), atol=1e-9)
    assert apart(rot.multiply(a, rot.conjugate(a)), rot.IDENTITY) < 1e-12


@given(vectors)
def test_rotation_vectors(v):
    q = rot.from_rotvec(v)
    assert np.allclose(rot.to_matrix(q), Rotation.from_rotvec(v).as_matrix(), atol=1e-9)
    back = rot.to_rotvec(q)
    assert (np.linalg.norm(back, axis=-1) <= np.pi + 1e-9).all()
    assert apart(rot.from_rotvec(back), q) < 1e-9
    tiny = v * 1e-13
    assert np.allclose(rot.to_rotvec(rot.from_rotvec(tiny)), tiny, rtol=1e-6, atol=1e-300)


@given(axes, arrays(float, 5, elements=finite))
def test_axis_and_angle(axis, angle):
    expected = Rotation.from_rotvec(np.outer(angle, axis)).as_matrix()
    assert np.allclose(rot.to_matrix(rot.from_axis_angle(axis, angle)), expected, atol=1e-9)


@given(quaternions)
def test_matrices_and_6d_round_trip(q):
    m = rot.to_matrix(q)
    assert np.allclose(m @ m.swapaxes(-1, -2), np.eye(3), atol=1e-12)
    assert apart(rot.from_matrix(m), q) < 1e-7
    assert (rot.from_matrix(m)[..., 0] >= 0).all()
    assert apart(rot.from_6d(rot.to_6d(q)), q) < 1e-7
    assert apart(rot.from_6d(3.7 * rot.to_6d(q)), q) < 1e-7  # lengths do not matter


@pytest.mark.parametrize("order", ORDERS)
@given(angles=arrays(float, (5, 3), elements=finite))
@settings(max_examples=40)
def test_euler_angles_are_scipys_intrinsic_ones(order, angles):
    q = rot.from_euler(angles, order)
    assert np.allclose(rot.to_matrix(q), Rotation.from_euler(order, angles).as_matrix(), atol=1e-9)
    back = rot.to_euler(q, order)
    assert (np.abs(back[..., 1]) <= np.pi / 2 + 1e-12).all()
    assert apart(rot.from_euler(back, order), q) < 1e-7


@pytest.mark.parametrize("order", ORDERS)
def test_euler_angles_at_the_pole_keep_single_precision(order):
    rng = np.random.default_rng(0)
    angles = rng.uniform(-3, 3, (500, 3))
    angles[:, 1] = rng.choice([-1, 1], 500) * np.pi / 2 + rng.standard_normal(500) * 10.0 ** rng.integers(-12, -1, 500)
    q = rot.from_euler(angles, order).astype(np.float32)
    assert apart(rot.from_euler(rot.to_euler(q, order), order), rot.normalize(q)) < 1e-6


@pytest.mark.parametrize("order", ORDERS)
def test_unwrapped_angles_are_the_same_rotations_without_jumps(order):
    rng = np.random.default_rng(1)
    q = rot.from_rotvec(np.cumsum(rng.standard_normal((800, 6, 3)) * 0.1, axis=0))
    angles = rot.to_euler(q, order)
    smooth = rot.unwrap_euler(angles)
    assert apart(rot.from_euler(smooth, order), q) < 1e-6
    assert np.abs(np.diff(smooth, axis=0)).max() <= 2.8
    assert np.abs(np.diff(angles, axis=0)).max() > 3.5  # the plain ones do jump
    parts, last = [], None
    for first in range(0, 800, 37):
        parts.append(rot.unwrap_euler(angles[first : first + 37], last))
        last = parts[-1][-1]
    assert np.array_equal(np.round(np.concatenate(parts), 9), np.round(smooth, 9))
    assert rot.unwrap_euler(angles[:0]).shape == (0, 6, 3)


def test_unwrapping_takes_the_nearer_of_both_triples():
    near_pole = np.radians([[10.0, 89.0, 20.0], [-170.0, 89.0, -160.0]])  # the second is (10, 91, 20)
    assert np.allclose(np.degrees(rot.unwrap_euler(near_pole)), [[10, 89, 20], [10, 91, 20]])


@given(quaternions, quaternions, st.floats(0, 1))
def test_slerp_is_scipys(a, b, t):
    for x, y, ours in zip(a, b, rot.slerp(a, b, np.full(5, t)), strict=True):
        if np.abs(np.dot(x, y)) > 1e-3:  # half-way round there are two shortest ways
            theirs = Slerp([0, 1], scipy_of(np.stack([x, y])))(t)
            assert np.abs(theirs.as_matrix() - rot.to_matrix(ours)).max() < 1e-6


@given(quaternions, quaternions)
def test_angle_is_that_of_the_rotation_between(a, b):
    expected = (scipy_of(a).inv() * scipy_of(b)).magnitude()
    assert np.allclose(rot.angle(a, b), expected, atol=1e-6)
    assert np.allclose(rot.angle(-a, b), rot.angle(a, b))


@given(vectors, vectors)
def test_between_turns_one_direction_into_the_other(u, v):
    lengths = np.linalg.norm(u, axis=-1), np.linalg.norm(v, axis=-1)
    good = (lengths[0] > 1e-3) & (lengths[1] > 1e-3)
    turned = rot.rotate(rot.between(u, v), u)[good] / lengths[0][good, None]
    assert np.allclose(turned, v[good] / lengths[1][good, None], atol=1e-3)


def test_between_opposite_directions_is_half_a_turn():
    for axis in (*np.eye(3), np.array([0.6, 0.8, 0.0])):
        q = rot.between(axis, -axis)
        assert np.allclose(rot.rotate(q, axis), -axis)
        assert abs(rot.angle(q) - np.pi) < 1e-6


@given(quaternions, axes)
def test_swing_and_twist_make_the_whole(q, axis):
    swing, twist = rot.swing_twist(q, axis)
    assert apart(rot.multiply(swing, twist), q) < 1e-7
    assert np.allclose(rot.rotate(twist, np.broadcast_to(axis, (5, 3))), axis, atol=1e-9)
    clear = np.linalg.norm(np.stack([q[:, 0], q[:, 1:] @ axis], -1), axis=-1) > 1e-3
    assert np.abs((rot.to_rotvec(swing) @ axis)[clear]).max(initial=0) < 1e-6


def test_continuous_changes_signs_only():
    rng = np.random.default_rng(2)
    q = rot.from_rotvec(np.cumsum(rng.standard_normal((300, 4, 3)) * 0.05, axis=0))
    flipped = q * rng.choice([-1.0, 1.0], (300, 4, 1))
    smooth = rot.continuous(flipped)
    assert apart(smooth, q) < 1e-7
    assert ((smooth[1:] * smooth[:-1]).sum(-1) > 0).all()
    assert np.array_equal(smooth[0], flipped[0])


def test_angular_velocity_is_radians_per_second():
    q = rot.from_rotvec(np.arange(20)[:, None] / 10 * np.array([0.0, 2.0, 0.0]))
    assert np.allclose(rot.angular_velocity(q, 10.0), [0, 2, 0], atol=1e-9)


def test_zero_quaternions_become_the_identity():
    assert np.array_equal(rot.normalize(np.zeros((2, 4))), [rot.IDENTITY] * 2)


HALF = np.sqrt(0.5)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (rot.from_euler([np.pi / 2, 0, 0]), [HALF, HALF, 0, 0]),
        (rot.from_euler([0, np.pi / 2, 0]), [HALF, 0, HALF, 0]),
        (rot.from_euler([np.pi / 2, np.pi / 2, 0], "XYZ"), [0.5, 0.5, 0.5, 0.5]),
        (rot.from_euler([np.pi / 2, np.pi / 2, 0], "yxz"), [0.5, 0.5, 0.5, -0.5]),
        (rot.multiply([0, 1, 0, 0], [0, 0, 1, 0]), [0, 0, 0, 1]),
        (rot.conjugate([0.5, 0.5, -0.5, 0.5]), [0.5, -0.5, 0.5, -0.5]),
        (rot.rotate([HALF, 0, 0, HALF], [1, 0, 0]), [0, 1, 0]),
        (rot.cross([1, 2, 3], [4, 5, 6]), [-3, 6, -3]),
        (rot.to_rotvec([-HALF, -HALF, 0, 0]), [np.pi / 2, 0, 0]),
        (rot.to_rotvec([HALF, 0, -HALF, 0]), [0, -np.pi / 2, 0]),
        (rot.from_axis_angle([0, 0, 1], np.pi / 2), [HALF, 0, 0, HALF]),
        (rot.from_matrix(np.diag([1.0, -1, -1])), [0, 1, 0, 0]),
        (rot.from_matrix(np.diag([-1.0, 1, -1])), [0, 0, 1, 0]),
        (rot.from_matrix(np.diag([-1.0, -1, 1])), [0, 0, 0, 1]),
        (rot.to_6d([HALF, HALF, 0, 0]), [1, 0, 0, 0, 0, 1]),
        (rot.from_6d([0, 2, 0, -3, 0, 0]), [HALF, 0, 0, HALF]),
        (rot.between([2, 0, 0], [0, 3, 0]), [HALF, 0, 0, HALF]),
        (rot.between([0, 0, 1], [0, 0, 1]), [1, 0, 0, 0]),
        (rot.slerp([1, 0, 0, 0], [HALF, HALF, 0, 0], 0.5), [np.cos(np.pi / 8), np.sin(np.pi / 8), 0, 0]),
        (rot.slerp([1, 0, 0, 0], [-HALF, HALF, 0, 0], 1.0), [HALF, -HALF, 0, 0]),
        (rot.slerp([1, 0, 0, 0], [1, 1e-9, 0, 0], 0.25), [1, 2.5e-10, 0, 0]),
        (rot.normalize([0, 3, 0, 4]), [0, 0.6, 0, 0.8]),
        (rot.normalize([1e-13, 0, 0, 0]), [1, 0, 0, 0]),
        (rot.normalize([0, 1e-11, 0, 0]), [0, 1, 0, 0]),
        (rot.angle([1, 0, 0, 0], [HALF, 0, HALF, 0]), np.pi / 2),
        (rot.angle([-1, 0, 0, 0]), 0),
        (rot.swing_twist([0.5, 0.5, 0.5, 0.5], [1, 0, 0])[1], [HALF, HALF, 0, 0]),
        (rot.continuous([[1.0, 0, 0, 0], [-1, 0, 0, 0], [1, 0, 0, 0]]), [[1, 0, 0, 0]] * 3),
        (rot.unwrap_euler([[3.0, 0, 0], [-3.0, 0, 0]]), [[3, 0, 0], [2 * np.pi - 3, 0, 0]]),
        (rot.unwrap_euler([[-3.0, 0, 0]], [3.0, 0, 0]), [[2 * np.pi - 3, 0, 0]]),
    ],
)
def test_known_turns(found, expected):
    assert np.allclose(found, expected, atol=1e-9)
