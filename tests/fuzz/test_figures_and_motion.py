"""Figures and motion files from anyone: whatever bytes they have, they are read, or refused in one line."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gengine.avatars import find_avatar
from gengine.avatars.store import read_avatar, save_avatar
from gengine.core.avatar import check_avatar
from gengine.data.beat_motion import read_body
from gengine.errors import GengineError
from gengine.formats.bvh_reader import read_bvh

FAULTS = Path(__file__).resolve().parents[1] / "faults"
MUTANTS = 300


def refused_or(read, path):
    """What a reader makes of a file, or None where it refuses it in one line that names the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read(path)
        except GengineError as error:
            assert "\n" not in str(error)
            assert path.name in str(error)
            return None


@pytest.mark.parametrize("name", [
    "06_body_truncated_avatar.npz", "07_avatar_joint_out_of_range.npz", "10_uv_1e39.glb", "10_uv_nan.glb",
    "11_morph_index_2e9.npz", "12_uv_nan.npz", "13_vert_nan.npz", "avatar_8cf9704a.npz", "avatar_e5955584.npz",
    "avatar_f3157573.npz",
])  # fmt: skip
def test_hostile_avatars_are_refused(name):
    with pytest.raises(GengineError) as error:
        find_avatar(FAULTS / name)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["bvh_5f609469.bvh", "bvh_910dab1c.bvh", "bvh_d58c676f.bvh", "stance_7f4d1dd5.bvh"])
def test_hostile_motion_is_refused(name):
    for read in (read_bvh, read_body):
        with pytest.raises(GengineError) as error:
            read(FAULTS / name)
        assert name in str(error.value)


def mutants(data: bytes, seed: int):
    """The bytes with a few of them changed, cut out, doubled, or numbers in them made absurd."""
    rng = np.random.default_rng(seed)
    words = [b"nan", b"1e39", b"-1", b"99999999999", b"1e308", b"\xff", b"{", b"}", b"null", b"[", b"0"]
    for _ in range(MUTANTS):
        made = bytearray(data)
        for _ in range(int(rng.integers(1, 5))):
            place = int(rng.integers(len(made)))
            match rng.integers(4):
                case 0:
                    made[place] = int(rng.integers(256))
                case 1:
                    del made[place : place + int(rng.integers(1, 40))]
                case 2:
                    made[place:place] = made[place : place + int(rng.integers(1, 40))]
                case _:
                    word = words[rng.integers(len(words))]
                    made[place : place + len(word)] = word
        yield bytes(made)


def test_changed_figures(tmp_path):
    data = (FAULTS / "15_normal_map_and_visemes.glb").read_bytes()
    read = 0
    for made in mutants(data, 1):
        (tmp_path / "figure.glb").write_bytes(made)
        avatar = refused_or(find_avatar, tmp_path / "figure.glb")
        read += avatar is not None and check_avatar(avatar) is avatar
    assert 0 < read < MUTANTS


def test_changed_saved_avatars(tmp_path):
    """The archive's bytes, and those of its members under true checksums."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save_avatar(find_avatar(FAULTS / "14_control_mixamo.glb"), tmp_path / "whole.npz", compress=False)
    path = tmp_path / "saved.npz"
    for made in mutants((tmp_path / "whole.npz").read_bytes(), 2):
        path.write_bytes(made)
        refused_or(find_avatar, path)
    with zipfile.ZipFile(tmp_path / "whole.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    read = 0
    for k, made in enumerate(m for name in members for m in list(mutants(members[name], 4))[:20]):
        name = list(members)[k // 20]
        with zipfile.ZipFile(path, "w") as archive:
            for other, data in members.items():
                archive.writestr(other, made if other == name else data)
        avatar = refused_or(read_avatar, path)
        read += avatar is not None and check_avatar(avatar) is avatar
    assert read > 0


@pytest.mark.parametrize("read", [read_bvh, read_body])
def test_changed_motion(read, tmp_path):
    data = (FAULTS / "16a_mixamo_stance.bvh").read_bytes()
    for made in mutants(data, 5):
        (tmp_path / "motion.bvh").write_bytes(made)
        motion = refused_or(read, tmp_path / "motion.bvh")
        if motion is not None and read is read_bvh:
            assert np.isfinite(motion.rotations).all()
            assert np.isfinite(motion.root).all()


@pytest.mark.parametrize(("text", "said"), [
    ("HIERARCHY\n" + "ROOT a\n{\n" * 1 + "JOINT b\n{\n" * 2000, "depth"),
    ("HIERARCHY\n" + "x" * (1 << 23), "characters"),
    ("HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n}\nMOTION\nFrames: 1\n"
     "Frame Time: 0.04\n" + "1" * (1 << 24),
     "characters"),
    ("HIERARCHY\nROOT a\n{\nOFFSET 1e300 0 0\nCHANNELS 3 Xposition Yposition Zposition\nJOINT b\n{\nOFFSET 1e300 0 0\n"
     "CHANNELS 1 Xrotation\n}\n}\nMOTION\nFrames: 1\nFrame Time: 0.04\n1e300 0 0 1\n", "over"),
])  # fmt: skip
def test_absurd_motion_is_refused(text, said, tmp_path):
    (tmp_path / "a.bvh").write_text(text)
    with pytest.raises(GengineError, match=said):
        read_bvh(tmp_path / "a.bvh")


@pytest.mark.parametrize("kind", ["obj", "ply", "stl"])
def test_changed_heads(kind, tmp_path):
    """What trimesh raises is never passed on."""
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=1, radius=0.1)
    ball.export(tmp_path / f"head.{kind}")
    ball.export(tmp_path / f"jawOpen.{kind}")
    for made in list(mutants((tmp_path / f"head.{kind}").read_bytes(), 6))[:80]:
        (tmp_path / f"head.{kind}").write_bytes(made)
        refused_or(find_avatar, tmp_path / f"head.{kind}")
