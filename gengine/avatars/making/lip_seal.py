"""How the lips of a body close: its own lip-gap coefficients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.body_mesh import BodyMesh, baked_arrays, middle_body, piece_index
from gengine.avatars.making.lip_line import lips_met
from gengine.avatars.making.uv_layout import uv_layout
from gengine.core.face import ARKIT_NAMES
from gengine.core.lips import OUTER_EYE_DISTANCE, SealModel

REST = 0.2
"""Lip gap of a neutral face, mm."""


def lip_pairs() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Vertices of the body piece that face each other where the lips meet, within 9 mm of the middle."""
    flat = uv_layout()
    figure = middle_body().piece("body")
    border = np.intersect1d(flat.source[np.unique(flat.triangles)], np.unique(flat.mouth))
    touching = flat.source[flat.triangles]
    ring = np.unique(touching[np.isin(touching, border).any(1)])
    lips = baked_arrays()["mask_lips"][piece_index("body")] > 128
    ring = ring[lips[ring] & ~np.isin(ring, border)]
    index, delta = figure.morphs["jawOpen"]
    drop = np.zeros(len(figure.vertices))
    drop[index] = delta[:, 1]
    near = ring[np.abs(figure.vertices[ring, 0]) < 0.009]
    upper, lower = near[drop[near] > -0.015], near[drop[near] < -0.015]
    pair = [lower[np.argmin(np.abs(figure.vertices[lower, 0] - figure.vertices[u, 0]))] for u in upper]
    return upper, np.array(pair)


def lips_closed(body: BodyMesh) -> BodyMesh:
    """The body with lips that rest closed, by as much of mouthClose as it takes, and meet from corner to corner."""
    model = seal_model(body)
    if model.rest <= REST:
        return lips_met(body)
    index, delta = body.shapes["mouthClose"]
    vertices = body.vertices.copy()
    vertices[index] += delta * (model.rest - REST) / -model.close
    return lips_met(replace(body, vertices=vertices))


def seal_model(body: BodyMesh) -> SealModel:
    """The linear lip model of a body, in the millimetres of ``core.lips``."""
    skin = body.piece("body")
    upper, lower = lip_pairs()
    return SealModel.measure(
        skin.vertices, _skin_deltas(body), upper.tolist(), lower.tolist(), outer_eye_distance=_eye_span(body)
    )


def lips_movement() -> NDArray[np.float64]:
    """``(52, V, 3)`` mm by which the ARKit shapes at weight 1 move the lips' vertices of the avatars' middle body,
    scaled to the head of ``core.lips``."""
    body = middle_body()
    lips = baked_arrays()["mask_lips"][piece_index("body")] > 128
    return _skin_deltas(body)[:, lips] * OUTER_EYE_DISTANCE / _eye_span(body)


def _skin_deltas(body: BodyMesh) -> NDArray[np.float64]:
    """What the ARKit shapes move of the skin at weight 1, ``(52, V, 3)``."""
    skin = body.piece("body")
    deltas = np.zeros((len(ARKIT_NAMES), *skin.vertices.shape))
    for k, name in enumerate(ARKIT_NAMES):
        if name in skin.morphs:
            index, delta = skin.morphs[name]
            deltas[k, index] = delta
    return deltas


def _eye_span(body: BodyMesh) -> float:
    """Distance of the outer corners of the eyes, in the body's unit."""
    lids = [baked_arrays()[f"lash_upper_{side}"].astype(np.int64)[1] for side in ("left", "right")]
    outer = [max((body.vertices[v] for v in row), key=lambda p: abs(p[0])) for row in lids]
    return float(np.linalg.norm(outer[0] - outer[1]))


def seal_table(body: BodyMesh) -> dict[str, float]:
    """What ``Avatar.seal`` holds: "rest" mm and mm per weight of every shape that matters."""
    model = seal_model(body)
    table = {"rest": round(model.rest, 3)}
    return table | {name: round(float(g), 3) for name, g in zip(ARKIT_NAMES, model.gap, strict=True) if abs(g) > 0.02}
