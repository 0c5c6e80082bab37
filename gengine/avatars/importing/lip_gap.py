"""Finds the lips of any head by how its morphs move them, and measures its ``SealModel``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Part
from gengine.core.face import ARKIT_NAMES
from gengine.core.lips import SealModel
from gengine.errors import GengineError

_MIDDLE = 0.05
"""Half width of the strip around the mouth's middle, as a share of the outer-eye distance."""
_DEPTH = 0.12
"""How far behind the lips' front a vertex may lie, alike: teeth and the mouth's inside lie deeper."""

_MOVING = 0.02
"""Share of the largest move by jawOpen and mouthClose from which on a vertex belongs to the mouth."""
_PULLED = 0.35
"""Share of mouthClose's largest move from which on a vertex is lip: it moves the lips most."""
_OPENING = 0.05
"""Least opening between the lips at jawOpen 1, as a share of the outer-eye distance (a human mouth opens by 0.4)."""
_AROUND = 0.03
"""Radius around the lips' edges in which vertices are paired, alike. These shares are judgement, held by the tests'
heads: our presets, ICT-FaceKit's, and brought-in figures."""
_CLOSED = (-3.0, 8.0)
"""Gaps at rest (mm) that a closed mouth can have: lips overlap or stand a little open (judgement)."""

_OUTER = 1.284
"""Outer-eye distance for each unit between the middles of the blinks, on ICT-FaceKit's head."""


def measured_seal(parts: Sequence[Part]) -> tuple[dict[str, float], str]:
    """``Avatar.seal`` of a head, and an empty text; or ``{}`` and why it could not be measured.

    The inner lips are where the front of the face opens widest when ``jawOpen`` is 1; everything is scaled to the
    87 mm between the outer eye corners that this project's limits are given for.
    """
    face = max(parts, key=lambda part: len(part.morphs.names), default=None)
    if face is None or not {"jawOpen", "mouthClose"} <= set(face.morphs.names):
        return {}, "jawOpen or mouthClose is absent"
    width = outer_eyes(face)
    if width is None:
        return {}, "no eyeBlink shows how large the head is"
    found = _inner_lips(face, width)
    if found is None:
        return {}, "no opening was found between the lips"
    upper, lower = found
    rows = np.concatenate([upper, lower])
    deltas = np.stack([_delta(face, name)[rows] for name in face.morphs.names])
    half = len(upper)
    try:
        model = SealModel.measure(
            face.vertices[rows], deltas, range(half), range(half, 2 * half), face.morphs.names, None, width
        )
    except GengineError as error:
        return {}, str(error).partition(", expected")[0].removeprefix("SealModel.measure: ")
    if not _CLOSED[0] < model.rest < _CLOSED[1]:
        return {}, f"a rest gap of {model.rest:.1f} mm is no closed mouth"
    # near the middle both sides count alike: what the few vertices differ in is where the mesh has them
    gap = {name: float(g) for name, g in zip(ARKIT_NAMES, model.gap, strict=True)}
    even = {name: 0.5 * (g + gap.get(_other(name), g)) for name, g in gap.items()}
    seal = {name: round(g, 4) for name, g in even.items() if abs(g) > 1e-4}
    return {"rest": round(model.rest, 4), **seal}, ""


def _other(name: str) -> str:
    """The same shape of the other side, or the name itself."""
    for a, b in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(a):
            return name.removesuffix(a) + b
    return name


def _delta(part: Part, name: str) -> NDArray[np.float64]:
    """Dense displacement ``(V, 3)`` of one morph, zero where the part has none."""
    out = np.zeros(part.vertices.shape)
    if name in part.morphs.names:
        k = part.morphs.names.index(name)
        out[part.morphs.indices[k]] = part.morphs.deltas[k]
    return out


def outer_eyes(face: Part) -> float | None:
    """Distance between the outer eye corners, in the mesh's unit, from where the two blinks move the lids most."""
    middles = []
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        size = np.linalg.norm(_delta(face, name), axis=1)
        if size.max(initial=0.0) <= 0:
            return None
        x = face.vertices[size > 0.7 * size.max(), 0]
        middles.append(0.5 * float(x.min() + x.max()))
    return _OUTER * (middles[0] - middles[1]) if middles[0] > middles[1] else None


def _inner_lips(face: Part, width: float) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Facing vertices of the upper and the lower lip near the middle."""
    points, jaw, close = face.vertices.astype(float), _delta(face, "jawOpen"), _delta(face, "mouthClose")
    moves = np.linalg.norm(jaw, axis=1) + np.linalg.norm(close, axis=1)
    eyes = [points[np.linalg.norm(_delta(face, n), axis=1) > 0].mean(0) for n in ("eyeBlinkLeft", "eyeBlinkRight")]
    middle = 0.5 * (eyes[0][0] + eyes[1][0])
    strip = (np.abs(points[:, 0] - middle) < _MIDDLE * width) & (moves > _MOVING * moves.max())
    strip &= points[:, 1] < min(e[1] for e in eyes)
    if strip.sum() < 4:
        return None
    near = np.flatnonzero(strip)
    pull = np.linalg.norm(close[near], axis=1)
    lips = near[pull > _PULLED * pull.max()]
    front = points[lips, 2].max()
    opened = points + jaw
    near = near[points[near, 2] > front - _DEPTH * width]
    order = near[np.argsort(opened[near, 1])]
    gaps = np.diff(opened[order, 1])
    if not len(gaps) or gaps.max() < _OPENING * width:
        return None
    widest = int(np.argmax(gaps))
    low, high = int(order[widest]), int(order[widest + 1])
    # the vertices around these two, paired from the inside out
    reach = _AROUND * width

    def around(v: int, side: float) -> NDArray[np.int64]:
        close_by = near[(np.linalg.norm(points[near] - points[v], axis=1) < reach)]
        same = close_by[side * (opened[close_by, 1] - opened[v, 1]) >= -1e-9]
        return same[np.argsort(np.abs(opened[same, 1] - opened[v, 1]))][:3]

    upper, lower = around(high, 1.0), around(low, -1.0)
    count = min(len(upper), len(lower))
    return upper[:count], lower[:count]
