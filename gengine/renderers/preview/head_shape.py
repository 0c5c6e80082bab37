"""FaceOutlines of a head as a solid: skull, jaw, hair and ears, as they bound it from where the viewer stands.

Millimetres in the axes of ``face_shape``; every function works on all frames at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation

Array = NDArray[np.float64]

HAIR_CENTRE, HAIR_RADII = np.array([0.0, 27.0, -12.0]), np.array([82.0, 97.0, 94.0])


def outline(yaw: Array, half: Array, y: Array, middle: Array, deep: Array, slide: Array | float) -> list[Array]:
    """What bounds a stack of ``N`` level elliptic slices as the head yaws: right and left, ``(T, N, 3)`` each.

    Where a slice's edge lies as seen from the front is where its ellipse runs along the line of sight.
    """
    angle = np.arctan2(deep * np.sin(yaw), np.maximum(half * np.cos(yaw), 1e-6))
    sides = []
    for sign in (-1.0, 1.0):
        x, z = half * np.cos(angle) * sign, middle + deep * np.sin(angle) * sign
        sides.append(np.stack(np.broadcast_arrays(x + slide, y, z), axis=-1))
    return sides


def horizon(turn: Array, centre: Array, radii: Array, angles: Array) -> Array:
    """The outline of an ellipsoid on the turned head as the viewer sees it, ``(T, N, 3)``; 0 points left.

    Its points are ``centre + radii * u`` with unit ``u`` at right angles to the scaled line of sight.
    """
    sight = rotation.rotate(rotation.conjugate(turn), np.array([0.0, 0.0, 1.0])) / radii
    sight /= np.linalg.norm(sight, axis=-1, keepdims=True)
    up = np.array([0.0, 1.0, 0.0])
    up = up - (up * sight).sum(-1, keepdims=True) * sight
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    out = np.cross(up, sight)
    u = np.cos(angles)[:, None] * out[:, None] + np.sin(angles)[:, None] * up[:, None]
    return centre + radii * u


def hair(turn: Array, yaw: Array) -> dict[str, Array]:
    """Hair of a head turned by ``turn (T, 4)``, ``yaw (T, 1)`` rad: what is behind the head, and a cap from its
    outer edge in to the hairline with a parting; strands lie on the cap."""
    edge = horizon(turn, HAIR_CENTRE, HAIR_RADII, np.radians(np.linspace(-16, 196, 40)))
    burn = [(76, -2, 4), (74, 10, 14), (71.5, 28, 26), (68, 46, 36), (56, 63, 50)]
    parting = [(-40, 77, 55), (-25, 89, 54), (-12, 81, 60), (12, 75, 64), (38, 70, 58)]
    line = np.array([(-x, y, z) for x, y, z in burn] + parting + burn[::-1], float)[None]
    front = np.repeat(open_curve(line, 4), len(edge), axis=0)
    # behind an ear turned to the viewer hair shows down to the nape; behind the other nothing does
    nape = np.array([(76, -24, -30), (76.5, -6, -24), (77, 10, -12)], float)
    sides = []
    for sign, end in ((-1.0, -1), (1.0, 0)):
        near = np.clip((-sign * yaw - 0.02) / 0.12, 0.0, 1.0)[..., None]
        points = nape * [sign, 1.0, 1.0]
        sides.append(edge[:, end][:, None] * (1 - near) + points * near)
        gone = np.clip((sign * yaw - 0.15) / 0.25, 0.0, 1.0)[..., None]  # the far sideburn turns away
        tip = slice(0, 6) if sign < 0 else slice(front.shape[1] - 6, None)
        front[:, tip] += (edge[:, end][:, None] - front[:, tip]) * gone
    cap = np.concatenate([edge, sides[0], front, sides[1][:, ::-1]], axis=1)
    curves = {"hair_back": edge, "hair": cap}
    for i, strand in enumerate((
        [(-20, 96), (10, 105), (44, 97), (66, 72)], [(-14, 89), (14, 93), (44, 84)],
        [(-30, 96), (-48, 88), (-64, 70), (-71, 50)],
    )):  # fmt: skip
        x, y = open_curve(np.array(strand, float)[None], 5)[0].T
        inside = 1 - ((x - HAIR_CENTRE[0]) / HAIR_RADII[0]) ** 2 - ((y - HAIR_CENTRE[1]) / HAIR_RADII[1]) ** 2
        z = HAIR_CENTRE[2] + HAIR_RADII[2] * np.sqrt(np.maximum(inside, 0.0))
        curves[f"strand_{i}"] = np.broadcast_to(np.stack([x, y, z], -1), (len(edge), len(x), 3))
    return curves


def ears(yaw: Array) -> dict[str, Array]:
    """Both ears, ``ear_*`` and their hollow ``ear_inner_*``."""
    curves = {}
    a = np.linspace(0, 2 * np.pi, 25)
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        for name, size in (("ear", 1.0), ("ear_inner", 0.58)):
            out = 5.5 + 5.5 * size * np.cos(a)
            ear = np.stack(
                [sign * (74.5 + out), -6.0 + 17.0 * size * np.sin(a) + 1.5 * np.cos(a), -2.0 - 1.7 * out], -1
            )
            curves[f"{name}_{side}"] = np.broadcast_to(ear, (len(yaw), *ear.shape))
    return curves


def smooth(points: Array, per: int) -> Array:
    """A closed Catmull-Rom curve through ``(T, N, 3)``, ``per`` points for each one given."""
    p0, p1 = np.roll(points, 1, axis=1), points
    p2, p3 = np.roll(points, -1, axis=1), np.roll(points, -2, axis=1)
    t = (np.arange(per) / per)[:, None]
    a, b, c, d = (p[:, :, None] for p in (p0, p1, p2, p3))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return curve.reshape(len(points), -1, points.shape[-1])


def closed(right: Array, left: Array) -> Array:
    """One smooth closed curve from two sides that share their first and last points."""
    return smooth(np.concatenate([right, left[:, -2:0:-1]], axis=1), 4)


def open_curve(points: Array, per: int) -> Array:
    """An open Catmull-Rom curve through ``(T, N, 3)``, ends kept."""
    before, after = 2 * points[:, :1] - points[:, 1:2], 2 * points[:, -1:] - points[:, -2:-1]
    inner = smooth(np.concatenate([before, points, after], axis=1), per)
    return np.concatenate([inner[:, per : -2 * per], points[:, -1:]], axis=1)
