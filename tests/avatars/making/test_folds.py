from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.avatars.making.dress import preset_body, skin_surface
from gengine.avatars.making.eyes import CLEAR, PRESSED, _sphere, off_eyeballs
from gengine.avatars.making.folds import LEAST, folded, folds
from gengine.avatars.making.skin_texture import painted_at
from gengine.avatars.making.uv_layout import uv_layout


@pytest.fixture(scope="module")
def face():
    """The head's skin of a preset, and where it lies on the middle face."""
    whole = skin_surface(preset_body("ben"))
    kept = whole.triangles[uv_layout().head]
    return whole.take(kept), painted_at()[np.unique(kept)]


def shaped(mesh, name, weight):
    index, delta = mesh.morphs[name]
    out = mesh.vertices.copy()
    out[index] += weight * delta
    return out


def test_a_forehead_folds_as_brows_rise_and_is_smooth_at_rest(face):
    skin, at = face
    fine = folded(skin, at)
    place = folded(replace(skin, uv=at[:, :2]), at).uv  # the texture's places are refined with the skin
    line = next(f for f in folds() if "browInnerUp" in f.shapes and abs(f.points[:, 1].mean() - 38.8) < 1)
    height = line.relief(place) * (fine.vertices[:, 2] > preset_body("ben").joint("Head")[2])
    groove = height < -0.6 * line.depth
    ridge = (height > 0.5 * height.max()) & (np.abs(place[:, 0]) < 20)
    assert groove.sum() > 10 and ridge.sum() > 10
    depths = []
    for weight in (0.0, 0.5, 1.0):
        z = shaped(fine, "browInnerUp", weight)[:, 2]
        depths.append(z[ridge].mean() - z[groove].mean())
    first, second = np.diff(depths)
    assert first > 0.3e-3 and second == pytest.approx(first, rel=1e-3)  # it deepens with the weight


def test_older_skin_folds_deeper(face):
    young, old = (folded(*face, age=age) for age in (0.0, 1.0))

    def size(mesh):
        return np.abs(shaped(mesh, "browDownLeft", 1) - shaped(folded(*face, scale=0.0), "browDownLeft", 1)).max()

    assert size(old) == pytest.approx(1.5 * size(young), rel=0.05)


def test_finer_skin_has_no_cracks_and_keeps_its_shapes(face):
    skin, at = face
    fine = folded(skin, at)
    assert len(fine.vertices) > len(skin.vertices)
    edges = np.sort(np.concatenate([fine.triangles[:, [0, 1]], fine.triangles[:, [1, 2]], fine.triangles[:, [2, 0]]]))
    _, count = np.unique(edges, axis=0, return_counts=True)
    before = np.sort(np.concatenate([skin.triangles[:, [0, 1]], skin.triangles[:, [1, 2]], skin.triangles[:, [2, 0]]]))
    _, old = np.unique(before, axis=0, return_counts=True)
    assert count.max() == 2 and (count == 1).sum() == (old == 1).sum()  # the same open borders
    for name in ("jawOpen", "eyeBlinkLeft", "tongueOut"):  # shapes without folds
        if name in skin.morphs:
            a, b = shaped(skin, name, 1), shaped(fine, name, 1)[: len(skin.vertices)]
            assert np.abs(a - b).max() < LEAST
    assert fine.skin.sum(1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["ben", "emi"])
def test_pressed_lids_stay_over_the_eyeballs(name):
    body = preset_body(name)
    skin = off_eyeballs(skin_surface(body), body)
    for side in ("Left", "Right"):
        _, radius = _sphere(body.piece(f"eye_{side.lower()}").vertices)
        centre = body.joint(f"{side}Eye")
        squint, cheek = (skin.morphs[f"{n}{side}"] for n in ("eyeSquint", "cheekSquint"))
        pressed = skin.vertices.copy()
        for (index, delta), weight in ((squint, PRESSED["eyeSquint"]), (cheek, PRESSED["cheekSquint"])):
            pressed[index] += weight * delta
        rest = np.linalg.norm(skin.vertices[cheek[0]] - centre, axis=1)
        away = pressed[cheek[0]] - centre
        chosen = (rest > radius) & (away[:, 2] > 0)
        assert np.linalg.norm(away[chosen], axis=1).min() > radius + 0.9 * CLEAR
