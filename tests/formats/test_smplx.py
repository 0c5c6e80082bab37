"""SMPL-X parameters: read back, and understood by the model's own code on a made-up model."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.skeleton import beat_skeleton
from gengine.errors import FormatError, GengineError, MissingExtraError
from gengine.formats.smplx import JAW_OPEN, JOINTS, MEAN_PELVIS, SmplxExporter, read_smplx, smplx_joints
from gengine.retarget.joint_names import joint_names


@pytest.mark.parametrize("up", ["y", "z"])
def test_mapped_joints_come_back(up, make_performance, make_motion, tmp_path):
    from dataclasses import replace

    still = [n for n in beat_skeleton().names if n not in joint_names("smplx")]
    motion = make_motion(40)
    motion.rotations[:, [motion.skeleton.index(n) for n in still]] = rotation.IDENTITY
    performance = replace(make_performance(1.5), motion=motion)
    back = read_smplx(SmplxExporter.write(performance, tmp_path / "s.npz", up=up), up=up)
    assert back.fps == 30
    assert rotation.angle(back.rotations, motion.rotations).max() < 1e-3
    assert np.abs(back.root - motion.root).max() < 1e-5


def test_layout_of_beat2(make_performance, tmp_path):
    performance = make_performance(1.0)
    with np.load(SmplxExporter.write(performance, tmp_path / "s.npz")) as file:
        shapes = {name: file[name].shape for name in file.files}
        jaw = file["poses"][10, 3 * JOINTS.index("jaw")]
    assert shapes == {
        "betas": (300,), "poses": (30, 165), "expressions": (30, 100), "trans": (30, 3), "model": (), "gender": (),
        "mocap_frame_rate": (),
    }  # fmt: skip
    assert jaw == pytest.approx(JAW_OPEN * performance.face.channel("jawOpen")[20], abs=1e-5)


def test_broken_files_are_one_line(tmp_path):
    path = tmp_path / "s.npz"
    path.write_bytes(b"PK\3\4 nothing")
    with pytest.raises(FormatError, match="SMPL-X archive"):
        read_smplx(path)
    np.savez(path, poses=np.zeros((4, 72)), trans=np.zeros((4, 3)))
    with pytest.raises(FormatError, match="expected"):
        read_smplx(path)
    with pytest.raises(GengineError, match="choose from"):
        SmplxExporter(path, up="x")


def test_without_the_extra_the_message_names_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "smplx", None)
    with pytest.raises(MissingExtraError, match=r"\[smplx\]"):
        smplx_joints(tmp_path / "s.npz", tmp_path / "model.npz")


@pytest.mark.slow
def test_joints_on_a_model_file(make_performance, make_motion, tmp_path):
    """A made-up model of the real layout: our skeleton as its joints, no shape, no faces worth the name."""
    pytest.importorskip("smplx")
    pytest.importorskip("torch")
    from dataclasses import replace

    model, places = _model(tmp_path / "SMPLX_NEUTRAL.npz")
    still = [n for n in beat_skeleton().names if n not in joint_names("smplx")]
    motion = make_motion(8)
    motion.rotations[:, [motion.skeleton.index(n) for n in still]] = rotation.IDENTITY
    path = SmplxExporter.write(replace(make_performance(0.3), motion=motion), tmp_path / "s.npz")
    theirs = smplx_joints(path, model)
    ours = motion.forward()[0] + places[0] - MEAN_PELVIS  # trans counts from the mean body's pelvis
    for beat, name in joint_names("smplx").items():
        assert np.abs(theirs[:, JOINTS.index(name)] - ours[:, motion.skeleton.index(beat)]).max() < 1e-4, name


def _model(path):
    """SMPL-X's file format with BEAT's joint places; vertices that no one looks at."""
    vertices, joints = 10475, len(JOINTS)
    beat = beat_skeleton()
    rest = beat.forward(np.tile(rotation.IDENTITY, (1, len(beat), 1)), np.zeros((1, 3)))[0][0]
    names = {theirs: mine for mine, theirs in joint_names("smplx").items()}
    parents = [0] * joints
    places = np.zeros((joints, 3))
    for j, name in enumerate(JOINTS):
        if name in names:
            at = beat.index(names[name])
            places[j] = rest[at]
            above = beat.parents[at]
            while above >= 0 and beat.names[above] not in joint_names("smplx"):
                above = beat.parents[above]
            parents[j] = JOINTS.index(joint_names("smplx")[beat.names[above]]) if above >= 0 else -1
        else:
            parents[j] = JOINTS.index("head")
            places[j] = rest[beat.index("Head")]
    template = np.zeros((vertices, 3), np.float32)
    template[:joints] = places
    regressor = np.zeros((joints, vertices), np.float32)
    regressor[np.arange(joints), np.arange(joints)] = 1
    weights = np.zeros((vertices, joints), np.float32)
    weights[:, 0] = 1
    np.savez(
        path, v_template=template, f=np.zeros((4, 3), np.int64), shapedirs=np.zeros((vertices, 3, 400), np.float32),
        posedirs=np.zeros((vertices, 3, 9 * (joints - 1)), np.float32), J_regressor=regressor, weights=weights,
        kintree_table=np.array([parents, range(joints)], np.int64), hands_componentsl=np.eye(45, dtype=np.float32),
        hands_componentsr=np.eye(45, dtype=np.float32), hands_meanl=np.zeros(45), hands_meanr=np.zeros(45),
        lmk_faces_idx=np.zeros(51, np.int64), lmk_bary_coords=np.full((51, 3), 1 / 3),
        dynamic_lmk_faces_idx=np.zeros((79, 17), np.int64), dynamic_lmk_bary_coords=np.zeros((79, 17, 3)),
    )  # fmt: skip
    return path, places
