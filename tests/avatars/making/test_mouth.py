"""Teeth and gums stand on one arch, alike on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.avatars import load_avatar
from gengine.avatars.making.body_mesh import middle_body
from gengine.avatars.making.mouth import _crowns, _dental_arch, _gums, _teeth_and_gums


@pytest.fixture(scope="module")
def arches():
    body = middle_body()
    return {jaw: _dental_arch(body, jaw) for jaw in ("upper", "lower")}


def test_both_sides_mirror_each_other(arches):
    for arch in arches.values():
        for grid in (np.concatenate(_crowns(arch), axis=1), _gums(arch)):
            assert grid[:, ::-1] * [-1, 1, 1] == pytest.approx(grid, abs=2e-5)


def test_teeth_have_the_sizes_of_the_table(arches):
    crowns = _crowns(arches["upper"])  # rows from the neck over the cutting edge to the back
    assert len(crowns) == 14
    assert arches["upper"].widths.sum() == pytest.approx(0.0553, abs=1e-6)
    first = crowns[7]  # the left front tooth
    assert np.ptp(first[..., 1]) == pytest.approx(0.0104, abs=0.0009)
    assert np.ptp(first[5, :, 0]) == pytest.approx(0.0086, abs=0.001)  # its sides curve back
    assert np.ptp(first[0, :, 0]) < np.ptp(first[5, :, 0]) - 0.0005  # narrower at the neck
    assert first[0, :, 1].min() > first[5, :, 1].max()  # the upper teeth hang
    assert np.abs(first[0] - first[-1])[:, 2].mean() > 2 * np.abs(first[5] - first[7])[:, 2].mean()  # a wedge
    lower = _crowns(arches["lower"])[7]
    assert lower[0, :, 1].max() < lower[5, :, 1].min()  # the lower ones stand


def test_neighbours_are_parted_by_a_groove(arches):
    for crown in _crowns(arches["upper"])[3:11]:
        radius = np.hypot(crown[4, :, 0], crown[4, :, 2] - arches["upper"].centre)
        assert radius[3:5].mean() - 0.5 * (radius[0] + radius[-1]) > 0.0004


def test_the_front_of_a_tooth_faces_forward():
    for jaw in ("upper", "lower"):
        teeth, gums = _teeth_and_gums(middle_body(), jaw)
        front = teeth.vertices[:, 2] > np.quantile(teeth.vertices[:, 2], 0.95)
        assert teeth.normals()[front, 2].mean() > 0.5
        front = gums.vertices[:, 2] > np.quantile(gums.vertices[:, 2], 0.9)
        assert gums.normals()[front, 2].mean() > 0.5


def test_the_lower_front_teeth_close_behind_the_upper(arches):
    fronts = {jaw: _crowns(arch)[7][5, :, 2].max() for jaw, arch in arches.items()}
    assert 0.001 < fronts["upper"] - fronts["lower"] < 0.008
    assert 0 < arches["lower"].tip - arches["upper"].tip < 0.003  # and overlap them a little


@pytest.mark.parametrize("name", ["anna", "ben"])
def test_the_tongue_rests_behind_the_teeth_and_comes_between_them(name):
    """Shut in at rest; in TH its tip is seen between the teeth, before the lower ones."""
    parts = {part.name: part for part in load_avatar(name).parts}
    tongue, lower = parts["tongue"], parts["teeth_lower"]

    def front(part, **weights: float) -> float:
        return float(part.morphs.apply(part.vertices, weights)[:, 2].max())

    assert front(tongue) < front(lower)
    assert front(tongue, jawOpen=0.08, tongueOut=0.2) > front(parts["teeth_upper"]) > front(lower, jawOpen=0.08)


def test_the_deeper_the_darker():
    for part in load_avatar("anna").parts:
        if part.material.kind != "mouth":
            continue
        texture = part.material.texture
        assert texture is not None
        light = texture[..., 0].astype(int).mean(1)
        assert (np.diff(light) <= 0).all() and light[-1] < 0.65 * light[0]
        rows = np.argsort(part.vertices[:, 2])
        assert part.uv[rows[0], 1] > part.uv[rows[-1], 1] + 0.3


def test_the_lower_jaw_alone_follows_jaw_open():
    body = middle_body()
    for jaw, drop in (("upper", 0.0), ("lower", 0.005)):
        for mesh in _teeth_and_gums(body, jaw):
            deltas = mesh.morphs.get("jawOpen", (None, np.zeros((1, 3))))[1]
            assert (-deltas[:, 1]).min() >= drop - 1e-3
