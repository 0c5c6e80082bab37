"""Any humanoid's BVH becomes motion of BEAT's joints, and BEAT's motion goes onto anyone's skeleton."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gengine.core import rotation
from gengine.engine import pose_of, read_any_body, retarget
from gengine.errors import FormatError
from gengine.formats.bvh import write_bvh
from gengine.formats.bvh_parser import parsed
from gengine.formats.bvh_reader import read_bvh
from gengine.formats.humanoid_bvh import read_humanoid_bvh
from gengine.retarget.joint_names import RIGS

FAULTS = Path(__file__).resolve().parents[1] / "faults"
STANCE = FAULTS / "16a_mixamo_stance.bvh"
LIMBS = (
    ("LeftArm", "LeftForeArm"), ("RightForeArm", "RightHand"), ("LeftUpLeg", "LeftLeg"), ("RightLeg", "RightFoot"),
    ("Neck", "Head"),
)  # fmt: skip


def ways(motion, joints=None):
    """Directions of limbs ``(T, limbs, 3)``."""
    at, places = joints or motion.skeleton.index, motion.forward()[0]
    bones = np.stack([places[:, at(b)] - places[:, at(a)] for a, b in LIMBS], axis=1)
    return bones / np.linalg.norm(bones, axis=-1, keepdims=True)


def degrees(a, b):
    return np.degrees(np.arccos(np.clip((a * b).sum(-1), -1, 1))).max()


def numbers(text, change):
    """A BVH with every OFFSET and the root's positions changed."""

    def offset(match):
        return "OFFSET " + " ".join(f"{v:.6f}" for v in change(np.array(match[1].split(), float)))

    head, rows = re.sub(r"OFFSET (.*)", offset, text).split("Frame Time", 1)
    first, *lines = rows.strip().split("\n")
    rows = [line.split() for line in lines]
    lines = [" ".join([*(f"{v:.6f}" for v in change(np.array(row[:3], float))), *row[3:]]) for row in rows]
    return head + "Frame Time" + "\n".join([first, *lines]) + "\n"


def z_up(text):
    """The same file with +Z up: x, y, z are written as x, -z, y, rotations alike."""
    turned = numbers(text, lambda v: np.array([v[0], -v[2], v[1]]))
    turned = turned.replace("Yrotation Zrotation", "Zrotation Yrotation")  # X, then the new Z for Y, Y for -Z
    head, rows = turned.split("Frame Time", 1)
    first, *lines = rows.strip().split("\n")
    made = []
    for line in lines:
        row = np.array(line.split(), float)
        angles = row[3:].reshape(-1, 3)
        angles[:, 2] *= -1
        made.append(" ".join(f"{v:.6f}" for v in row))
    return head + "Frame Time" + "\n".join([first, *made]) + "\n"


VARIANTS = {
    "as it is": (lambda t: t, "centimetres"),
    "metres": (lambda t: numbers(t, lambda v: v * 0.01), "metres"),
    "millimetres": (lambda t: numbers(t, lambda v: v * 10), "millimetres"),
    "inches": (lambda t: numbers(t, lambda v: v / 2.54), "inches"),
    "CMU's unit": (lambda t: numbers(t, lambda v: v * 0.45 / 2.54), "CMU"),
    "+Z up": (z_up, "+Z is up"),
    "a child of 60 %": (lambda t: numbers(t, lambda v: v * 0.6), "centimetres"),
    "names of Biped": (lambda t: re.sub(r"mixamorig:", "Bip01_", t), "matched"),
    "names that say nothing": (
        lambda t: re.sub(r"(ROOT|JOINT) (\S+)", lambda m: f"{m[1]} b{abs(hash(m[2])) % 10**9}", t), "structure",
    ),
    "Windows lines": (lambda t: t.replace("\n", "\r\n"), "matched"),
}  # fmt: skip
"""How the product's own Mixamo file is changed, and what the note then says."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_units_axes_and_names(variant, tmp_path):
    """The pose stays the same: limbs point the same way, hips as high over the ground."""
    change, said = VARIANTS[variant]
    control, _ = read_humanoid_bvh(STANCE)
    (tmp_path / "a.bvh").write_bytes(change(STANCE.read_text()).encode())
    motion, notes = read_humanoid_bvh(tmp_path / "a.bvh")
    assert said in " ".join(notes)
    assert degrees(ways(motion), ways(control)) < 0.1
    assert np.abs(motion.root[:, 1] - control.root[:, 1]).max() < 2e-3


def test_a_mixamo_file_gives_the_stance_it_was_written_from(make_motion, tmp_path):
    motion = make_motion(3)
    write_bvh(motion, tmp_path / "a.bvh", skeleton="mixamo")
    pose = pose_of(tmp_path / "a.bvh")
    world = rotation.normalize(motion.forward()[1][:1])
    turns = rotation.normalize(pose.forward()[1])
    for name in ("Hips", "LeftArm", "RightHand", "LeftLeg", "Head", "LeftHandIndex2"):
        j = motion.skeleton.index(name)
        assert np.degrees(rotation.angle(turns[:, j], world[:, j])).max() < 3.0, name


@pytest.mark.parametrize("rig", [rig for rig in RIGS if rig != "vrm0"])
def test_every_rig_that_we_write_is_read_back(rig, make_motion, tmp_path):
    motion = make_motion(3)
    write_bvh(motion, tmp_path / "a.bvh", skeleton=rig)
    back, _ = read_any_body(tmp_path / "a.bvh")
    assert degrees(ways(back)[:, :4], ways(motion)[:, :4]) < 0.1


@pytest.mark.parametrize("change", [lambda t: t, z_up, lambda t: numbers(t, lambda v: v * 0.45 / 2.54)])
def test_motion_goes_onto_ones_own_skeleton(change, make_motion, tmp_path):
    """Names, offsets, channels and orders are the file's own; limbs point where ours do."""
    motion = make_motion(6)
    text = change(STANCE.read_text())
    text = text.replace("CHANNELS 3 Xrotation Yrotation Zrotation", "CHANNELS 3 Zrotation Xrotation Yrotation", 5)
    if "Zrotation Yrotation" in text:
        text = change(STANCE.read_text())
    (tmp_path / "my.bvh").write_text(text)
    write_bvh(motion, tmp_path / "out.bvh", skeleton=str(tmp_path / "my.bvh"))
    assert (tmp_path / "out.bvh").read_text().split("MOTION")[0] == text.split("MOTION")[0]
    back, _ = read_humanoid_bvh(tmp_path / "out.bvh")
    assert len(back) == len(motion)
    assert degrees(ways(back)[:, :4], ways(motion)[:, :4]) < 0.1
    moved = (back.root - back.root[0]) - (motion.root - motion.root[0])
    assert np.abs(moved[:, [0, 2]]).max() < 5e-3


@pytest.mark.data
@pytest.mark.parametrize("file", [
    "bvh_misc/zeggs_067_speech_2.bvh", "mocap_styles/dataset-1_walk_normal_001.bvh",
    "mocap_styles/dataset-1_bow_sad_001.bvh", "mocap_mpi/000.bvh",
])  # fmt: skip
def test_recordings_of_others(file, reference_data, make_motion, tmp_path):
    """ZeroEGGS, Bandai Namco (whose rest pose is no figure) and MPI: limbs keep their directions, both ways."""
    path = reference_data / file
    motion, notes = read_humanoid_bvh(path)
    theirs = read_bvh(path)
    from gengine.retarget.humanoid_rig import HumanoidRig

    rig = HumanoidRig.of(theirs)
    assert degrees(ways(motion)[:, :4], ways(theirs, rig.joints.__getitem__)[:, :4]) < 0.5
    assert 0.5 < motion.root[:, 1].max() < 1.2
    assert "centimetres" in notes[0]
    assert ("no standing figure" in notes[0]) == ("mocap_styles" in file)

    ours = make_motion(5)
    write_bvh(ours, tmp_path / "out.bvh", skeleton=str(path))
    with parsed(tmp_path / "out.bvh") as made, parsed(path) as given:
        assert [(j.name, j.offset, j.order, j.positions) for j in made.joints] == [
            (j.name, j.offset, j.order, j.positions) for j in given.joints
        ]
    local = read_bvh(tmp_path / "out.bvh")
    assert degrees(ways(local, rig.joints.__getitem__)[:, :4], ways(ours)[:, :4]) < 0.5


def test_retarget_says_what_it_told(make_motion, tmp_path):
    path, notes = retarget(STANCE, tmp_path / "out.bvh", "vrm")
    assert "52 joints matched" in notes[0]
    assert read_bvh(path).skeleton.names[0] == "hips"
    _, notes = retarget(STANCE, tmp_path / "same.bvh", str(STANCE))
    assert degrees(ways(read_humanoid_bvh(tmp_path / "same.bvh")[0]), ways(read_humanoid_bvh(STANCE)[0])) < 0.01
    with pytest.raises(FormatError, match="no humanoid"):
        retarget(chain(tmp_path), tmp_path / "no.bvh")
    assert not (tmp_path / "no.bvh").exists()


def chain(folder):
    """A hand that waves, and nothing else."""
    text = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\nJOINT b\n{\nOFFSET 0 10 0\n"
    text += "CHANNELS 3 Zrotation Xrotation Yrotation\n}\n}\nMOTION\nFrames: 1\nFrame Time: 0.04\n0 0 0 1 2 3\n"
    (folder / "chain.bvh").write_text(text)
    return folder / "chain.bvh"
