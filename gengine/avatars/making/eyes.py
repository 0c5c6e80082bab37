"""Eyeballs with iris, pupil and cornea, lashes, and the moist rim between lid and ball."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.body_mesh import BodyMesh, baked_arrays
from gengine.avatars.making.makehuman_rig import makehuman_rig
from gengine.avatars.making.skinned_mesh import Deltas, SkinnedMesh, joined, rigid, sheet
from gengine.core.avatar import Material, Part

IRIS_RADIUS = 0.0061
"""Of the coloured ring, m: 11.7 mm across plus the soft limbus; MakeHuman's eyeballs are larger than real ones."""
TEXTURE = 512
PRESSED = {"cheekSquint": 0.8, "eyeSquint": 0.5}
"""Weights of a face that presses its lower lids as hard as any expression does."""
CLEAR = 0.0006
"""Metres that pressed skin stays off the eyeballs."""
_SEEN = np.radians(75.0)
"""Angle from the eye's axis that the texture reaches."""


def eyeball(body: BodyMesh, side: str, iris: tuple[float, float, float], age: float = 0.0, seed: int = 0) -> Part:
    """The eye of one ``side`` ("left" or "right"): same centre and radius as the body's own, turned by its joint.

    ``iris`` is the sRGB colour (0-1) of its middle ring; ``age`` 0-1 yellows the white.
    """
    centre, radius = _sphere(body.piece(f"eye_{side}").vertices)
    centre = body.joint(f"{side.capitalize()}Eye")
    edge = float(np.arcsin(IRIS_RADIUS * body.face_scale / radius))
    sectors = 32
    polar = np.concatenate([np.linspace(0, edge * 1.25, 10), np.linspace(edge * 1.5, np.radians(100), 6)])
    around = np.linspace(0, 2 * np.pi, sectors + 1)
    p, a = np.meshgrid(polar, around, indexing="ij")
    bulge = 1.0 + 0.028 * np.clip(1 - (p / (edge * 1.2)) ** 2, 0, 1)
    unit = np.stack([np.sin(p) * np.cos(a), np.sin(p) * np.sin(a), np.cos(p)], axis=-1) * bulge[..., None]
    r = 0.5 * np.clip(p / _SEEN, 0, 1)
    uv = np.stack([0.5 + r * np.cos(a), 0.5 - r * np.sin(a)], axis=-1)
    vertices, triangles, flat = sheet(centre + 0.985 * radius * unit, uv)
    joint = makehuman_rig().names.index(f"{side.capitalize()}Eye")
    surface = SkinnedMesh(vertices, triangles, rigid(len(vertices), joint, len(makehuman_rig().names)), flat)
    name = f"eye_{side}"
    return surface.part(
        name, Material(name, "eye", (1.0, 1.0, 1.0, 1.0), 0.12, _paint(iris, round(edge, 3), age, seed))
    )


def off_eyeballs(skin: SkinnedMesh, body: BodyMesh) -> SkinnedMesh:
    """The skin with a cheekSquint that lifts lower lids over the eyeballs, where it would press them through."""
    morphs = dict(skin.morphs)
    for side in ("Left", "Right"):
        _, radius = _sphere(body.piece(f"eye_{side.lower()}").vertices)
        centre = body.joint(f"{side}Eye")
        pressed = skin.vertices.copy()
        for name, weight in PRESSED.items():
            index, delta = skin.morphs[name + side]
            pressed[index] += weight * delta
        index, delta = skin.morphs[f"cheekSquint{side}"]
        outside = np.linalg.norm(skin.vertices[index] - centre, axis=1) > radius
        away = pressed[index] - centre
        far = np.linalg.norm(away, axis=1, keepdims=True)
        push = np.clip(radius + CLEAR - far, 0, None) * (outside & (away[:, 2] > 0))[:, None] * away / far
        morphs[f"cheekSquint{side}"] = (index, delta + push / PRESSED["cheekSquint"])
    return replace(skin, morphs=morphs)


def _sphere(points: NDArray) -> tuple[NDArray[np.float64], float]:
    """Least-squares sphere through points: centre (3,) and radius, m."""
    points = np.asarray(points, float)
    system = np.concatenate([2 * points, np.ones((len(points), 1))], axis=1)
    solution = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0]
    return solution[:3], float(np.sqrt(solution[3] + (solution[:3] ** 2).sum()))


@lru_cache(maxsize=16)
def _paint(iris: tuple[float, float, float], rim: float, age: float, seed: int) -> NDArray[np.uint8]:
    """Sclera, limbal ring, fibres of the iris and pupil, sRGB ``(H, W, 3)``."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:TEXTURE, 0:TEXTURE] / (TEXTURE - 1) - 0.5
    angle, theta = np.hypot(x, y) * 2 * _SEEN, np.arctan2(-y, x)
    image = np.ones((TEXTURE, TEXTURE, 3)) * (np.array([0.90, 0.885, 0.87]) - age * np.array([0.0, 0.02, 0.06]))
    # blood towards the corners, a few veins, shade from the lids above and below
    red = np.clip((angle - 0.42) / 0.5, 0, 1)
    for _ in range(16):
        start, bend = rng.choice([0.0, np.pi]) + rng.normal(0, 0.55), rng.normal(0, 0.9)
        path = start + bend * (1.1 - angle) + 0.06 * np.sin(angle * rng.uniform(18, 40) + rng.uniform(0, 6))
        away = np.abs((theta - path + np.pi) % (2 * np.pi) - np.pi) * np.maximum(angle, 0.1)
        red += 0.45 * np.exp(-((away / 0.006) ** 2)) * np.clip((angle - 0.5) / 0.35, 0, 1)
    mix = np.clip(red, 0, 1)[..., None] * 0.30
    image = image * (1 - mix) + np.array([0.82, 0.47, 0.43]) * mix
    turn = np.linspace(-np.pi, np.pi, 2049)
    rays = [(k, rng.normal(), rng.uniform(0, 2 * np.pi)) for k in range(9, 120, 3)]
    soft = [(k, rng.normal(), rng.uniform(0, 2 * np.pi)) for k in range(3, 14)]
    bent = (theta + 0.06 * angle / rim + np.pi) % (2 * np.pi) - np.pi
    fibres = np.interp(bent, turn, sum(a * np.cos(k * turn + b) for k, a, b in rays) / 6)
    coarse = np.interp(theta, turn, sum(a * np.cos(k * turn + b) for k, a, b in soft) / 4)
    depth = np.clip(angle / rim, 0, 1)
    tone = 0.70 + 0.42 * np.exp(-(((depth - 0.56) / 0.24) ** 2))
    tone += (0.20 * fibres + 0.10 * coarse) * np.sin(np.pi * np.clip(depth, 0, 1)) ** 0.7
    tone *= 1 - 0.70 * np.clip((depth - 0.76) / 0.24, 0, 1) ** 1.4
    tone *= 1 + 0.25 * np.clip(-np.sin(theta), -0.2, 1) * (depth > 0.35)  # light pools opposite the source
    warm = (
        np.array([0.20, 0.11, 0.01])
        * np.exp(-(((depth - 0.45) / 0.10) ** 2))[..., None]
        * (0.8 + 0.4 * fibres[..., None])
    )
    coloured = np.clip(np.array(iris) * 1.05 * tone[..., None] + 0.6 * warm, 0, 1)
    inside = _step(rim, angle, 0.055)[..., None]
    image = image * (1 - inside) + coloured * inside
    pupil = _step(rim * 0.36, angle, 0.03)[..., None]
    image = image * (1 - pupil) + 0.012 * pupil
    image *= (1 - 0.34 * np.clip((np.sin(theta) * angle - 0.06) / 0.34, 0, 1))[..., None]
    image *= (1 - 0.22 * np.clip((angle - 0.5) / 0.5, 0, 1))[..., None]
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _step(edge: float, value: NDArray, soft: float) -> NDArray:
    """1 inside ``edge``, 0 outside, smooth over ``soft``."""
    t = np.clip((edge - value) / soft + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def lashes(body: BodyMesh, color: tuple[float, float, float], full: float = 0.5, seed: int = 0) -> Part:
    """Lashes of both eyes as tapering blades rooted on the lids' edges, moved by everything that moves the lids.

    ``full`` 0-1 makes the upper ones longer and denser.
    """
    rng = np.random.default_rng(seed)
    pieces = []
    for edge in ("upper", "lower"):
        for side in ("left", "right"):
            pieces.append(_fringe(body, edge, side, full, rng))
    surface = joined(pieces)
    tint = 0.35 * np.array(color) * (0.6 if max(color) > 0.4 else 1.0)
    material = Material("lashes", "hair", (float(tint[0]), float(tint[1]), float(tint[2]), 1.0), 0.7, None, True)
    return surface.part("lashes", material)


def _fringe(body: BodyMesh, edge: str, side: str, full: float, rng: np.random.Generator) -> SkinnedMesh:
    grid = baked_arrays()[f"lash_{edge}_{side}"].astype(np.int64)
    rows = grid[1:]  # the first row lies inside the lid
    columns = rows.shape[1]
    count = int((24 + 16 * full) if edge == "upper" else 16 + 6 * full)
    reach = (0.55 + 0.45 * full) if edge == "upper" else 0.35 + 0.15 * full
    index, share, size = [], [], 0
    triangles = []
    # how far along the lid (columns) and out (rows) each point of a blade lies, and its four neighbours in the grid
    places = []
    for k in range(count):
        s = (k + 0.5 + rng.uniform(-0.3, 0.3)) / count * 0.93 + 0.05
        long = reach * rng.uniform(0.8, 1.05) * (0.55 + 0.45 * np.sin(np.pi * np.clip(s, 0.08, 1)) + 0.25 * (s > 0.55))
        lean = (s - 0.42) * 0.09 + rng.normal(0, 0.008)
        half = 0.0105 if edge == "upper" else 0.0075
        places += [(s - half, 0.0), (s + half, 0.0)]
        places += [
            (s - 0.55 * half + lean * 0.45, 0.5 * long),
            (s + 0.55 * half + lean * 0.45, 0.5 * long),
            (s + lean, long),
        ]
        triangles += [[size, size + 1, size + 2], [size + 1, size + 3, size + 2], [size + 2, size + 3, size + 4]]
        size += 5
    if edge == "upper":  # their roots run together in a dark line
        steps = np.linspace(0.03, 0.985, 26)
        for s in steps:
            places += [(s, 0.0), (s, (0.10 + 0.05 * full) * np.sin(np.pi * s) ** 0.3)]
        for k in range(len(steps) - 1):
            a = size + 2 * k
            triangles += [[a, a + 2, a + 1], [a + 2, a + 3, a + 1]]
    at = np.array(places)
    u = np.clip(at[:, 0], 0, 0.9999) * (columns - 1)
    v = np.clip(at[:, 1], 0, 1.25) * (len(rows) - 1)
    i, j = np.minimum(v.astype(int), len(rows) - 2), u.astype(int)
    fu, fv = u - j, v - i
    index = np.stack([rows[i, j], rows[i, j + 1], rows[i + 1, j], rows[i + 1, j + 1]], axis=1)
    share = np.stack([(1 - fu) * (1 - fv), fu * (1 - fv), (1 - fu) * fv, fu * fv], axis=1)
    vertices = np.einsum("nk,nkd->nd", share, body.vertices[index])
    if edge == "upper":  # curled: the tips turn up
        vertices[:, 1] += 0.0016 * np.clip(at[:, 1], 0, 1) ** 2
    moved: Deltas = {}
    for name, (where, delta) in body.shapes.items():
        dense = np.zeros((len(body.vertices), 3))
        dense[where] = delta
        change = np.einsum("nk,nkd->nd", share, dense[index])
        hit = np.flatnonzero(np.abs(change).max(1) > 2e-5)
        if len(hit):
            moved[name] = (hit, change[hit])
    head = rigid(len(vertices), makehuman_rig().names.index("Head"), len(makehuman_rig().names))
    return SkinnedMesh(vertices, np.array(triangles), head, np.zeros((len(vertices), 2)), moved)
