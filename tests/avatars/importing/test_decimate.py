"""Fewer triangles on request: vertices that stay keep skin, morphs and texture coordinates, in exports too."""

from __future__ import annotations

import json
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from gengine.avatars import find_avatar
from gengine.core.avatar import Avatar, Part
from gengine.errors import GengineError, MissingExtraError
from gengine.formats.glb import GlbExporter
from tests.avatars.foreign import a_pose, few, foreign, save

pytest.importorskip("meshoptimizer")


@pytest.fixture(scope="module")
def figure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    anna = few(find_avatar("anna"))
    return save(foreign(anna, lambda n: f"mixamorig:{n}", a_pose(anna)), tmp_path_factory.mktemp("figure") / "a.glb")


def triangles(avatar: Avatar) -> int:
    return sum(len(part.triangles) for part in avatar.parts)


def rows_of(avatar: Avatar, part: Part) -> np.ndarray:
    """Every vertex with all that belongs to it, seen from the hips: soles of fewer triangles stand otherwise."""
    columns = [part.vertices - [0, avatar.root_height, 0], part.uv, part.weights, part.joints, *dense(part).values()]
    return np.concatenate(columns, axis=1)


def dense(part) -> dict[str, np.ndarray]:
    out = {}
    for name, index, delta in zip(part.morphs.names, part.morphs.indices, part.morphs.deltas, strict=True):
        out[name] = np.zeros((len(part.vertices), 3), np.float32)
        out[name][index] = delta
    return out


@pytest.mark.parametrize("wish", [0.25, 12_000])
def test_what_stays_is_the_very_same(figure: Path, wish: float) -> None:
    whole, fewer = find_avatar(figure), find_avatar(figure, decimate=wish)
    asked = wish * triangles(whole) if wish <= 1 else wish
    assert 0.9 * asked <= triangles(fewer) <= 1.25 * asked
    assert any("triangles are kept" in note for note in fewer.report.notes)
    assert fewer.joint_map == whole.joint_map and fewer.morph_names == whole.morph_names
    for a, b in zip(whole.parts, fewer.parts, strict=True):
        assert len(b.vertices) <= len(a.vertices)
        assert cKDTree(rows_of(whole, a)).query(rows_of(fewer, b))[0].max() < 1e-5, f"{a.name}: a vertex changed"
        assert np.abs(np.ptp(b.vertices, axis=0) - np.ptp(a.vertices, axis=0)).max() < 0.05, "the shape stays"


def test_presets_too(figure: Path) -> None:
    whole, fewer = find_avatar("anna"), find_avatar("anna", decimate=0.3)
    assert triangles(fewer) < 0.35 * triangles(whole) and fewer.morph_names == whole.morph_names
    for a, b in zip(whole.parts, fewer.parts, strict=True):
        if len(b.triangles):
            assert b.triangles.max() < len(b.vertices) and np.allclose(b.weights.sum(1), 1, atol=1e-3)
            assert len(a.material.name) == len(b.material.name)


def test_the_export_of_the_file_is_smaller_and_whole(figure: Path, tmp_path: Path, make_performance) -> None:
    made = {}
    for wish in (None, 0.2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = GlbExporter.write(make_performance(0.3), tmp_path / f"{wish}.glb", avatar=figure, decimate=wish)
        data = path.read_bytes()
        made[wish] = (len(data), json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]]))
    assert made[0.2][0] < 0.6 * made[None][0]
    for kind in ("nodes", "materials", "skins", "textures", "images"):
        assert made[0.2][1].get(kind) == made[None][1].get(kind) or kind == "images"
    back = find_avatar(tmp_path / "0.2.glb")
    assert triangles(back) == triangles(find_avatar(figure, decimate=0.2))


@pytest.mark.parametrize("wish", [0, -1, 1.5, float("nan")])
def test_what_is_no_number_of_triangles_is_refused(figure: Path, wish: float) -> None:
    with pytest.raises(GengineError, match="expected a number of triangles"):
        find_avatar(figure, decimate=wish)


def test_without_the_library_its_command_is_named(figure: Path, monkeypatch) -> None:
    from gengine.avatars.importing import decimate

    monkeypatch.setattr(decimate, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"--decimate needs an optional part: pip install .*\[meshes\]"):
        find_avatar("anna", decimate=0.5)


def test_more_than_there_are_changes_nothing(figure: Path) -> None:
    assert triangles(find_avatar(figure, decimate=10**6)) == triangles(find_avatar(figure))
