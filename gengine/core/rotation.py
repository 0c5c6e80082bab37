"""Every rotation conversion of the project, on numpy arrays with any leading shape.

Quaternions are unit, ``wxyz``, and rotate column vectors: ``rotate(multiply(a, b), v)`` applies ``b``
first. Angles are radians. Euler orders name intrinsic axes from left to right, as BVH does: the order
``"XYZ"`` means the matrix ``Rx @ Ry @ Rz``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_AXIS = {"X": 0, "Y": 1, "Z": 2}


def length(v: Array) -> Array:
    """Lengths ``(..., 1)`` of vectors ``(..., n)``; several times as fast as ``np.linalg.norm`` on short arrays."""
    return np.sqrt(np.add.reduce(v * v, axis=-1, keepdims=True))


def normalize(q: ArrayLike) -> Array:
    """Unit quaternions ``(..., 4)``; a zero quaternion becomes the identity."""
    q = np.asarray(q, float)
    norm = length(q)
    return np.where(norm > 1e-12, q / np.maximum(norm, 1e-12), IDENTITY)


_FEW = 128
"""Numbers in an array of quaternions up to which calls cost more than arithmetic."""
_PARTNERS = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])
_SIGNS = np.array([[1.0, 1, 1, 1], [-1, 1, -1, 1], [-1, 1, 1, -1], [-1, -1, 1, 1]])
"""Of each part of a product's left factor: what of the right one it meets, and the sign, for the four parts of it."""
_TURNED, _MET = np.array([1, 2, 0, 2, 0, 1]), np.array([2, 0, 1, 1, 2, 0])
"""Axes of a vector product's left and right factor, for the three products that count and the three taken off."""
_OF_QUATERNION = _TURNED + 1
_INVERSE = np.array([1.0, -1.0, -1.0, -1.0])


def multiply(a: ArrayLike, b: ArrayLike) -> Array:
    """Hamilton product ``a * b`` of ``(..., 4)`` arrays: rotate by ``b``, then by ``a``."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.size <= _FEW >= b.size:  # the same products and sums in a fifth of the calls
        return np.add.reduce(a[..., :, None] * (b.take(_PARTNERS, axis=-1) * _SIGNS), axis=-2)
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    w = aw * bw - ax * bx - ay * by - az * bz
    out = np.empty((*w.shape, 4))
    out[..., 0] = w
    out[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    out[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    out[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return out


def conjugate(q: ArrayLike) -> Array:
    """Inverse of unit quaternions ``(..., 4)``."""
    return np.asarray(q, float) * _INVERSE


def rotate(q: ArrayLike, v: ArrayLike) -> Array:
    """Vectors ``(..., 3)`` rotated by quaternions ``(..., 4)``."""
    q, v = np.asarray(q, float), np.asarray(v, float)
    w = q[..., :1]
    if q.size <= _FEW >= v.size:  # the same as below in fewer calls
        u = q.take(_OF_QUATERNION, -1)
        products = u * v.take(_MET, -1)
        t = 2.0 * (products[..., :3] - products[..., 3:])
        products = u * t.take(_MET, -1)
        return v + w * t + (products[..., :3] - products[..., 3:])
    u = q[..., 1:]
    t = 2.0 * cross(u, v)
    return v + w * t + cross(u, t)


def cross(a: ArrayLike, b: ArrayLike) -> Array:
    """Vector product of ``(..., 3)`` arrays; several times as fast as ``np.cross`` on short arrays."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.size <= _FEW >= b.size:
        products = a.take(_TURNED, -1) * b.take(_MET, -1)
        return products[..., :3] - products[..., 3:]
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    x = ay * bz - az * by
    out = np.empty((*x.shape, 3))
    out[..., 0], out[..., 1], out[..., 2] = x, az * bx - ax * bz, ax * by - ay * bx
    return out


def from_rotvec(v: ArrayLike) -> Array:
    """Quaternions of rotation vectors ``(..., 3)`` (axis times angle, radians)."""
    v = np.asarray(v, float)
    angle = length(v)
    scale = 0.5 * np.sinc(angle / (2 * np.pi))  # sin(angle/2)/angle, exact at zero
    return np.concatenate([np.cos(angle / 2), v * scale], axis=-1)


def to_rotvec(q: ArrayLike) -> Array:
    """Shortest rotation vectors ``(..., 3)`` of quaternions ``(..., 4)``."""
    q = np.asarray(q, float)
    q = np.where(q[..., :1] < 0, -q, q)
    s = length(q[..., 1:])
    angle = 2.0 * np.arctan2(s, q[..., :1])
    return q[..., 1:] * np.where(s > 1e-9, angle / np.maximum(s, 1e-12), 2.0)


def from_axis_angle(axis: ArrayLike, angle: ArrayLike) -> Array:
    """Quaternions turning by ``angle`` (radians, ``(...)``) about unit ``axis`` ``(..., 3)``."""
    half = np.asarray(angle, float)[..., None] / 2
    xyz = np.sin(half) * np.asarray(axis, float)
    out = np.empty((*xyz.shape[:-1], 4))
    out[..., :1], out[..., 1:] = np.cos(half), xyz
    return out


def to_matrix(q: ArrayLike) -> Array:
    """Rotation matrices ``(..., 3, 3)`` of quaternions ``(..., 4)``."""
    w, x, y, z = np.moveaxis(np.asarray(q, float), -1, 0)
    m = np.empty((*w.shape, 3, 3))
    m[..., 0, 0], m[..., 0, 1], m[..., 0, 2] = 1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)
    m[..., 1, 0], m[..., 1, 1], m[..., 1, 2] = 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)
    m[..., 2, 0], m[..., 2, 1], m[..., 2, 2] = 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)
    return m


def from_matrix(m: ArrayLike) -> Array:
    """Quaternions ``(..., 4)`` with ``w >= 0`` of rotation matrices ``(..., 3, 3)``.

    Shepperd's method: of the four algebraic forms the best conditioned one is taken per matrix.
    """
    m = np.asarray(m, float)
    flat = m.reshape(-1, 3, 3)
    xx, yy, zz = flat[:, 0, 0], flat[:, 1, 1], flat[:, 2, 2]
    trace = xx + yy + zz
    q = np.empty((len(flat), 4))
    q[:, 0] = 1 + trace
    for axis, (j, k) in enumerate(((1, 2), (2, 0), (0, 1)), 1):
        q[:, axis] = flat[:, k, j] - flat[:, j, k]
    far = np.flatnonzero(np.maximum(np.maximum(xx, yy), zz) > trace)  # turns of more than about 120 degrees: few
    if len(far):
        few = flat[far]
        largest = np.argmax(few[:, [0, 1, 2], [0, 1, 2]], axis=-1)
        i, j, k, n = largest, (largest + 1) % 3, (largest + 2) % 3, np.arange(len(far))
        q[far, 0] = few[n, k, j] - few[n, j, k]
        q[far, 1 + i] = 1 + 2 * few[n, i, i] - trace[far]
        q[far, 1 + j] = few[n, i, j] + few[n, j, i]
        q[far, 1 + k] = few[n, i, k] + few[n, k, i]
    q = normalize(q)
    return np.where(q[:, :1] < 0, -q, q).reshape(*m.shape[:-2], 4)


def from_euler(angles: ArrayLike, order: str = "XYZ") -> Array:
    """Quaternions of intrinsic Euler angles ``(..., 3)`` (radians), columns in the order of ``order``."""
    angles = np.asarray(angles, float)
    q = None
    for i, letter in enumerate(order.upper()):
        part = np.zeros(angles.shape[:-1] + (4,))
        part[..., 0] = np.cos(angles[..., i] / 2)
        part[..., 1 + _AXIS[letter]] = np.sin(angles[..., i] / 2)
        q = part if q is None else multiply(q, part)
    assert q is not None
    return q


def to_euler(q: ArrayLike, order: str = "XYZ") -> Array:
    """Intrinsic Euler angles ``(..., 3)`` (radians) in ``order`` (three different axes).

    The middle angle lies in ±90 degrees; at the pole the last angle is zero.
    """
    i, j, k = (_AXIS[c] for c in order.upper())
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    m = to_matrix(normalize(q))
    cosine = np.hypot(m[..., i, i], m[..., i, j])  # arctan2 keeps full precision at the pole, arcsin does not
    middle = np.arctan2(sign * m[..., i, k], cosine)
    pole = cosine < 1e-7
    first = np.where(
        pole,
        np.arctan2(sign * m[..., k, j], m[..., j, j]),
        np.arctan2(-sign * m[..., j, k], m[..., k, k]),
    )
    last = np.where(pole, 0.0, np.arctan2(-sign * m[..., i, j], m[..., i, i]))
    return np.stack([first, middle, last], axis=-1)


def unwrap_euler(angles: ArrayLike, previous: ArrayLike | None = None) -> Array:
    """Euler angles ``(T, ..., 3)`` (radians) on the branch nearest the previous frame.

    Each rotation has two Euler triples (``a, b, c`` and ``a+pi, pi-b, c+pi``), each modulo a full turn; the
    triple with the smallest step is taken, so curves stay continuous through the pole. ``previous`` ``(..., 3)``
    is the last frame of the stretch before, where there is one.
    """
    given = np.asarray(angles, float)
    first = given[:1] if previous is None else np.asarray(previous, float)[None]
    out = np.concatenate([first, given])
    turn = 2 * np.pi

    def other(a: Array) -> Array:
        return a * [1.0, -1.0, 1.0] + np.pi

    def size(step: Array) -> Array:
        return np.abs(step - turn * np.round(step / turn)).sum(-1)

    # Whether to change triple does not depend on which one the frame before is on: the steps are the same.
    change = size(other(out[1:]) - out[:-1]) < size(out[1:] - out[:-1]) - 1e-9
    changed = np.cumsum(change, axis=0) % 2 == 1
    out[1:] = np.where(changed[..., None], other(out[1:]), out[1:])
    out[1:] -= turn * np.cumsum(np.round(np.diff(out, axis=0) / turn), axis=0)
    return out[1:]


def to_6d(q: ArrayLike) -> Array:
    """First two columns of the rotation matrix, ``(..., 6)`` (Zhou et al. 2019)."""
    m = to_matrix(q)
    return np.concatenate([m[..., :, 0], m[..., :, 1]], axis=-1)


def from_6d(d: ArrayLike) -> Array:
    """Quaternions of 6D rotations ``(..., 6)`` by Gram-Schmidt (Zhou et al. 2019)."""
    d = np.asarray(d, float)
    x = d[..., :3] / np.maximum(length(d[..., :3]), 1e-9)
    y = d[..., 3:] - (x * d[..., 3:]).sum(-1, keepdims=True) * x
    y = y / np.maximum(length(y), 1e-9)
    return from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))


def angle(a: ArrayLike, b: ArrayLike = IDENTITY) -> Array:
    """Geodesic angle (radians, ``(...)``) between quaternions."""
    dot = np.abs((np.asarray(a, float) * np.asarray(b, float)).sum(-1))
    return 2.0 * np.arccos(np.clip(dot, 0.0, 1.0))


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Array:
    """Spherical interpolation from ``a`` to ``b`` (``(..., 4)``), ``t`` ``(...)`` in [0, 1], shortest way."""
    a, b, t = np.asarray(a, float), np.asarray(b, float), np.asarray(t, float)[..., None]
    dot = (a * b).sum(-1, keepdims=True)
    b = np.where(dot < 0, -b, b)
    theta = np.arccos(np.clip(np.abs(dot), 0.0, 1.0))
    sin = np.sin(theta)
    small = sin < 1e-6
    safe = np.where(small, 1.0, sin)
    wa = np.where(small, 1 - t, np.sin((1 - t) * theta) / safe)
    wb = np.where(small, t, np.sin(t * theta) / safe)
    return normalize(wa * a + wb * b)


def between(u: ArrayLike, v: ArrayLike) -> Array:
    """Shortest rotation taking directions ``u`` to ``v`` (``(..., 3)``, any length)."""
    a, b = np.broadcast_arrays(np.asarray(u, float), np.asarray(v, float))
    a = a / np.maximum(length(a), 1e-12)
    b = b / np.maximum(length(b), 1e-12)
    w = 1.0 + (a * b).sum(-1, keepdims=True)
    opposite = w < 1e-8
    other = np.where(np.abs(a[..., :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    xyz = np.where(opposite, np.cross(a, other), np.cross(a, b))
    return normalize(np.concatenate([np.where(opposite, 0.0, w), xyz], axis=-1))


def swing_twist(q: ArrayLike, axis: ArrayLike) -> tuple[Array, Array]:
    """Split ``q = swing * twist`` with ``twist`` about unit ``axis`` ``(3,)``."""
    q, axis = np.asarray(q, float), np.asarray(axis, float)
    projection = (q[..., 1:] * axis).sum(-1, keepdims=True) * axis
    twist = normalize(np.concatenate([q[..., :1], projection], axis=-1))
    return multiply(q, conjugate(twist)), twist


def continuous(q: ArrayLike) -> Array:
    """The same rotations ``(T, ..., 4)`` with signs chosen so that neighbours in time lie close."""
    q = np.array(q, float)
    flips = (q[1:] * q[:-1]).sum(-1) < 0
    sign = np.where(np.cumsum(flips, axis=0) % 2 == 1, -1.0, 1.0)
    q[1:] *= sign[..., None]
    return q


def angular_velocity(q: ArrayLike, fps: float) -> Array:
    """Angular velocity vectors (rad/s, parent frame) between neighbouring frames, ``(T-1, ..., 3)``."""
    q = np.asarray(q, float)
    return to_rotvec(multiply(q[1:], conjugate(q[:-1]))) * fps
