"""avatar.glb holds the pose that the project computes, in few bytes, however it was cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.avatars.making.dress import bare_avatar
from gengine.core.face import ARKIT_NAMES
from gengine.errors import GengineError
from gengine.formats.glb import GlbExporter
from gengine.retarget.avatar_pose import to_avatar
from tests.formats.glb_scene import GlbScene


@pytest.fixture(scope="module")
def avatar():
    return bare_avatar("anna")


@pytest.fixture(scope="module")
def written(avatar, make_performance, tmp_path_factory):
    performance = make_performance(2.0)
    path = GlbExporter.write(performance, tmp_path_factory.mktemp("glb") / "avatar.glb", avatar=avatar)
    return performance, GlbScene(path)


def test_joints_are_where_the_pose_has_them(written, avatar):
    performance, scene = written
    pose = to_avatar(avatar, performance.motion, None, performance.motion.fps)
    positions, _ = avatar.skeleton.forward(pose.rotations, pose.root)
    for frame in (0, 7, 31, 59):
        theirs = scene.positions(frame / performance.motion.fps)
        ours = dict(zip(avatar.skeleton.names, positions[frame], strict=True))
        assert max(np.abs(theirs[name] - ours[name]).max() for name in ours) < 4e-4


def test_the_face_keeps_its_rate_and_every_name(written, avatar):
    performance, scene = written
    for frame in (0, 33, 119):
        meshes = scene.morphs(frame / performance.face.fps)
        assert set(meshes["body"]) == set(ARKIT_NAMES)
        for names in meshes.values():
            for name, weight in names.items():
                assert abs(weight - performance.face.channel(name)[frame]) < 1e-4


def test_eyes_follow_the_gaze(written, avatar):
    performance, scene = written
    eyes = to_avatar(avatar, None, performance.face, performance.face.fps).rotations
    for name in avatar.eyes:
        j = avatar.skeleton.index(name)
        ours = eyes[37, j]
        theirs = scene.value(scene.names.index(name), "rotation", 37 / performance.face.fps)[[3, 0, 1, 2]]
        assert abs(abs(ours @ theirs) - 1) < 1e-6


def test_ten_seconds_of_a_dressed_avatar_stay_small(make_performance, tmp_path):
    path = GlbExporter.write(make_performance(10.0), tmp_path / "avatar.glb")
    assert path.stat().st_size < 6_000_000


def test_one_rate_for_all_keys_does_not_depend_on_cuts(make_performance, avatar, tmp_path):
    performance = make_performance(1.0)
    whole = GlbExporter.write(performance, tmp_path / "whole.glb", avatar=avatar, fps=24.0)
    with GlbExporter(tmp_path / "cut.glb", avatar=avatar, fps=24.0) as out:
        for k in range(5):
            out.append(performance.slice(k / 5, (k + 1) / 5))
    assert whole.read_bytes() == (tmp_path / "cut.glb").read_bytes()
    scene = GlbScene(whole)
    assert {len(times) for times, _ in scene.tracks.values()} <= {1, 24}
    pose = to_avatar(avatar, performance.motion.resample(24.0), None, 24.0)
    positions, _ = avatar.skeleton.forward(pose.rotations, pose.root)
    assert np.abs(scene.positions(10 / 24)["LeftHand"] - positions[10, avatar.skeleton.index("LeftHand")]).max() < 4e-4


def test_an_animation_alone_is_tiny_and_keeps_the_names(make_performance, avatar, tmp_path):
    performance = make_performance(1.0)
    scene = GlbScene(GlbExporter.write(performance, tmp_path / "a.glb", avatar=avatar, animation_only=True))
    assert (tmp_path / "a.glb").stat().st_size < 100_000
    assert list(scene.morphs(0.5)["face"]) == list(ARKIT_NAMES)
    assert "skins" not in scene.document.json


def test_body_or_face_alone(make_performance, avatar, tmp_path):
    performance = make_performance(0.5)
    body = GlbScene(GlbExporter.write(replace(performance, face=None), tmp_path / "b.glb", avatar=avatar))
    face = GlbScene(GlbExporter.write(replace(performance, motion=None), tmp_path / "f.glb", avatar=avatar))
    assert {path for _, path in body.tracks} == {"rotation", "translation"}
    moving = {face.names[node] for node, path in face.tracks if path == "rotation"}
    assert moving == {"Head", "LeftEye", "RightEye"}
    with pytest.raises(GengineError, match="no motion and no face"):
        GlbExporter.write(replace(performance, motion=None, face=None), tmp_path / "n.glb", avatar=avatar)


def test_a_gap_in_the_numbers_is_one_clear_line(make_performance, avatar, tmp_path):
    performance = make_performance(0.2)
    performance.face.weights[3, 4] = np.nan
    with pytest.raises(GengineError, match="FaceTrack holds NaN"):
        GlbExporter.write(performance, tmp_path / "a.glb", avatar=avatar)
    with pytest.raises(GengineError, match="unknown"):
        GlbExporter(tmp_path / "a.glb", avatar="nobody")
    assert list(tmp_path.iterdir()) == []
