"""Teeth and gums stand on one arch, alike on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.avatars.making.body_mesh import middle_body, piece_index
from gengine.avatars.making.mouth import _crowns, _dental_arch, _gums, _teeth_and_gums


@pytest.fixture(scope="module")
def arches():
    body = middle_body()
    return {jaw: _dental_arch(body.vertices[piece_index(f"teeth_{jaw}")], jaw, 1.0) for jaw in ("upper", "lower")}


def test_both_sides_mirror_each_other(arches):
    for arch in arches.values():
        for grid in (_crowns(arch), _gums(arch)):
            assert grid[:, ::-1] * [-1, 1, 1] == pytest.approx(grid, abs=2e-5)


def test_teeth_have_the_sizes_of_the_table(arches):
    crowns = _crowns(arches["upper"])  # rows from the neck to the cutting edge, then two behind it
    assert crowns.shape == (7, 14 * 6, 3)
    assert arches["upper"].widths.sum() == pytest.approx(0.0553, abs=1e-6)
    first = crowns[:, 7 * 6 : 8 * 6]  # the left front tooth
    assert np.ptp(first[:5, :, 1]) == pytest.approx(0.0104, abs=0.0008)
    assert np.ptp(first[4, :, 0]) == pytest.approx(0.0086, abs=0.001)  # its sides curve back
    assert np.ptp(first[0, :, 0]) < np.ptp(first[4, :, 0]) - 0.0005  # narrower at the neck
    assert first[0, :, 1].min() > first[4, :, 1].max()  # the upper teeth hang
    lower = _crowns(arches["lower"])[:, 7 * 6 : 8 * 6]
    assert lower[0, :, 1].max() < lower[4, :, 1].min()  # the lower ones stand


def test_neighbours_are_parted_by_a_groove(arches):
    rim = _crowns(arches["upper"])[4]  # the cutting edges
    radius = np.hypot(rim[:, 0], rim[:, 2] - arches["upper"].centre).reshape(14, 6)
    ends = 0.5 * (radius[:, 0] + radius[:, -1])
    assert (radius[3:11, 2:4].mean(1) - ends[3:11] > 0.0004).all()


def test_the_lower_front_teeth_close_behind_the_upper(arches):
    fronts = {jaw: _crowns(arch)[4, 7 * 6 - 3 : 7 * 6 + 3, 2].max() for jaw, arch in arches.items()}
    assert 0.001 < fronts["upper"] - fronts["lower"] < 0.006
    assert arches["lower"].tip > arches["upper"].tip - 0.004


def test_the_lower_jaw_alone_follows_jaw_open():
    body = middle_body()
    for jaw, drop in (("upper", 0.0), ("lower", 0.005)):
        for mesh in _teeth_and_gums(body, jaw):
            deltas = mesh.morphs.get("jawOpen", (None, np.zeros((1, 3))))[1]
            assert (-deltas[:, 1]).min() >= drop - 1e-3
