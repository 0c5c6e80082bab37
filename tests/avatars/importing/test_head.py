"""Heads without a body."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.avatars import find_avatar
from gengine.avatars.importing.head import load_head_avatar
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.errors import FormatError, GengineError
from gengine.formats.glb import GlbExporter


def obj(path, points):
    lines = [f"v {x} {y} {z}" for x, y, z in points]
    path.write_text("\n".join([*lines, "f 1/1 2/2 3/3 4/4", "f -4 -3 -2"]) + "\n")
    return path


def test_obj_files_side_by_side(tmp_path):
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    neutral = obj(tmp_path / "neutral.obj", square)
    obj(tmp_path / "jawOpen.obj", square - [0, 0.5, 0])
    obj(tmp_path / "unrelated.obj", square * 2)
    with pytest.warns(UserWarning, match="lips not measured"):
        head = load_head_avatar(neutral)
    assert head.morph_names == ("jawOpen",)
    assert len(head.parts[0].triangles) == 3
    assert np.ptp(head.parts[0].vertices[:, 1]) == pytest.approx(0.25)
    assert head.parts[0].morphs.deltas[0] == pytest.approx(np.tile([0, -0.125, 0], (4, 1)))


@pytest.mark.parametrize("kind", ["obj", "ply", "stl"])
def test_every_mesh_format_gives_the_same_head(kind, tmp_path):
    import trimesh

    box = trimesh.creation.box((0.16, 0.24, 0.2))
    lower = box.vertices.copy()
    lower[box.vertices[:, 1] < 0] -= [0, 0.03, 0]
    for name, points in (("neutral", box.vertices), ("jawOpen", lower)):
        trimesh.Trimesh(points, box.faces, process=False).export(tmp_path / f"{name}.{kind}")
    head = find_avatar(tmp_path / f"neutral.{kind}")
    assert "lips not measured" in head.report.notes[0]
    part = head.parts[0]
    assert len(part.triangles) == 12
    assert np.ptp(part.vertices, axis=0) == pytest.approx([0.16, 0.24, 0.2], abs=1e-6)
    moved = np.zeros(len(part.vertices), bool)
    moved[part.morphs.indices[0]] = True
    assert np.array_equal(moved, part.vertices[:, 1] < 0.12)
    assert part.morphs.deltas[0] == pytest.approx(np.tile([0, -0.03, 0], (moved.sum(), 1)), abs=1e-6)
    corners = part.vertices[part.triangles]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((corners.mean(1) - [0, 0.12, 0]) * outward).sum(1).min() > 0


def test_bad_heads_are_one_line(tmp_path):
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    alone = obj(tmp_path / "neutral.obj", square)
    with pytest.raises(FormatError, match="no shapes"):
        load_head_avatar(alone)
    (tmp_path / "bad.obj").write_text("v 1 2 x\n")
    with pytest.raises(FormatError, match="is no whole OBJ file"):
        load_head_avatar(tmp_path / "bad.obj")
    for kind in ("obj", "ply", "stl"):
        (tmp_path / f"junk.{kind}").write_bytes(bytes(range(256)))
        with pytest.raises(FormatError, match=f"junk.{kind}"):
            find_avatar(tmp_path / f"junk.{kind}")
    path = tmp_path / "h.npz"
    for arrays, words in (
        ({"neutral": square}, "no head archive"),
        ({"neutral": square, "deltas": np.zeros((1, 3, 3)), "names": ["jawOpen"], "faces": [[0, 1, 2]]}, "do not fit"),
        ({"neutral": square, "deltas": np.zeros((1, 4, 3)), "names": ["jawOpen"], "faces": [[0, 1, 9]]}, "outside"),
        ({"neutral": square, "deltas": np.zeros((1, 4, 3)), "names": ["nose"], "faces": [[0, 1, 2]]}, "ARKit name"),
        ({"neutral": square * np.nan, "deltas": np.zeros((1, 4, 3)), "names": ["nose"], "faces": [[0, 1, 2]]}, "NaN"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(FormatError, match=words):
            load_head_avatar(path)
    with pytest.raises(GengineError, match="expected a name or a file"):
        find_avatar("figure.blend")
    with pytest.raises(FormatError, match="cannot be read"):
        find_avatar(tmp_path / "absent.npz")


@pytest.mark.data
def test_the_reference_head(reference_data, make_performance, tmp_path):
    head = load_head_avatar(reference_data / "avatars" / "ict_facekit_arkit51.npz")
    assert len(head.morph_names) == 51
    known = SealModel.ict()
    for name in ("jawOpen", "mouthClose", "mouthFunnel", "mouthShrugLower", "mouthUpperUpLeft"):
        assert head.seal[name] == pytest.approx(known.gap[ARKIT_INDEX[name]], rel=0.2), name
    path = GlbExporter.write(make_performance(0.2), tmp_path / "head.glb", avatar=head, morph_normals=False)
    back = find_avatar(path)
    assert any("taken for a head" in said for said in back.report.warnings)
    assert back.skeleton.names == ("Head",)
    assert np.abs(back.parts[0].vertices - head.parts[0].vertices).max() < 1e-5
