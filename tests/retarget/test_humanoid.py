"""BEAT onto other rigs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import GengineError
from gengine.formats.bvh import BvhExporter
from gengine.formats.bvh_reader import read_bvh
from gengine.retarget.humanoid import to_humanoid
from gengine.retarget.joint_names import RIGS, joint_names


def kept(rig: str) -> list[int]:
    return [j for j, name in enumerate(beat_skeleton().names) if name in joint_names(rig)]


def between(rig: str) -> list[int]:
    """Joints without a partner that stand between two that have one."""
    chosen, skeleton = kept(rig), beat_skeleton()
    above: set[int] = set()
    for j in chosen:
        while (j := int(skeleton.parents[j])) >= 0:
            above.add(j)
    return sorted(above - set(chosen))


def still(motion: Motion, joints: list[int]) -> Motion:
    rotations = motion.rotations.copy()
    rotations[:, joints] = rotation.IDENTITY
    return replace(motion, rotations=rotations)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Largest angle in radians, exact near zero."""
    q = rotation.multiply(rotation.conjugate(rotation.normalize(a)), rotation.normalize(b))
    return float(np.linalg.norm(rotation.to_rotvec(q), axis=-1).max())


@pytest.mark.parametrize("rig", RIGS)
def test_joints_stay_where_they_are_while_those_between_rest(make_motion, rig):
    motion = still(make_motion(60, size=1.0), between(rig))
    moved = to_humanoid(motion, rig)
    positions, world = motion.forward()
    ours, turned = moved.forward()
    assert moved.fps == motion.fps
    assert np.abs(ours - positions[:, kept(rig)]).max() < 1e-5
    assert apart(turned, world[:, kept(rig)]) < 1e-5


@pytest.mark.parametrize("rig", RIGS)
def test_a_bend_between_reaches_everything_below(make_motion, rig):
    motion = make_motion(60, size=0.15)
    moved = to_humanoid(motion, rig)
    positions, world = motion.forward()
    ours, turned = moved.forward()
    head, wrist = ("Head", "LeftHand")
    for name in (head, wrist, "RightHandIndex3", "LeftToeBase"):
        j, k = motion.skeleton.index(name), moved.skeleton.index(joint_names(rig)[name])
        assert apart(turned[:, k], world[:, j]) < 1e-5, name  # the pose is kept …
    for name, slack in ((head, 0.004), (wrist, 0.004), ("LeftToeBase", 0.01), ("RightHandIndex3", 0.04)):
        j, k = motion.skeleton.index(name), moved.skeleton.index(joint_names(rig)[name])
        assert np.abs(ours[:, k] - positions[:, j]).max() < slack, name  # … and so, nearly, is the place


def test_a_bend_between_two_joints_moves_nothing_but_the_bones_length(make_motion):
    motion = still(make_motion(20, size=0.5), [j for j in between("vrm") if beat_skeleton().names[j] != "Spine2"])
    ours, theirs = to_humanoid(motion, "vrm").forward()[0], motion.forward()[0]
    spine = beat_skeleton().index("Spine1"), beat_skeleton().index("Spine3")
    chest = kept("vrm").index(spine[0]), kept("vrm").index(spine[1])
    a, b = theirs[:, spine[1]] - theirs[:, spine[0]], ours[:, chest[1]] - ours[:, chest[0]]
    assert np.abs(np.cross(a, b)).max() < 1e-6
    assert 0 < np.abs(np.linalg.norm(a, axis=1) - np.linalg.norm(b, axis=1)).max() < 0.03


def test_names_are_those_of_the_rigs():
    expected = {
        "mixamo": {"Hips": "mixamorig:Hips", "Spine3": "mixamorig:Spine2"},
        "readyplayerme": {"Spine3": "Spine2", "RightHandPinky3": "RightHandPinky3"},
        "vrm": {"Hips": "hips", "LeftArm": "leftUpperArm", "LeftHandThumb1": "leftThumbMetacarpal"},
        "vrm0": {"LeftHandThumb1": "leftThumbProximal", "RightHandPinky2": "rightLittleIntermediate"},
        "unity": {"LeftHandThumb1": "LeftThumbProximal", "RightForeArm": "RightLowerArm"},
        "ue5": {"Hips": "pelvis", "Spine2": "spine_03", "Neck1": "neck_02", "LeftHandIndex1": "index_01_l"},
        "smplx": {"LeftArm": "left_shoulder", "LeftFoot": "left_ankle", "RightToeBase": "right_foot"},
    }  # fmt: skip
    for rig, names in expected.items():
        assert names.items() <= joint_names(rig).items(), rig
    for rig in RIGS:
        names = joint_names(rig)
        assert set(names) <= set(beat_skeleton().names)
        assert len(set(names.values())) == len(names)
        assert len(names) >= 52


def test_vrm_has_all_required_bones():
    required = {"hips", "spine", "head"}
    for side in ("left", "right"):
        required |= {side + bone for bone in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")}
    assert len(required) == 15
    assert required <= set(joint_names("vrm").values())


def test_bad_use_is_an_error(make_motion):
    with pytest.raises(GengineError, match="mixamo, readyplayerme"):
        to_humanoid(make_motion(2), "nonesuch")
    chain = Skeleton(("Hips", "Spine"), np.array([-1, 0]), np.zeros((2, 3)))
    with pytest.raises(GengineError, match="expected BEAT's joints"):
        to_humanoid(make_motion(2, skeleton=chain), "vrm")


def test_beat_is_itself(make_motion):
    motion = make_motion(2)
    assert to_humanoid(motion, "beat") is motion


def test_chunks_make_no_difference(make_motion):
    motion = make_motion(30)
    whole = to_humanoid(motion, "mixamo")
    parts = [to_humanoid(motion[t : t + 7], "mixamo").rotations for t in range(0, 30, 7)]
    assert np.array_equal(np.concatenate(parts), whole.rotations)


@pytest.mark.data
@pytest.mark.filterwarnings("ignore:.*header says")
def test_a_real_clip_keeps_its_places(reference_data):
    motion = read_bvh(reference_data / "beat" / "2_scott_0_1_1" / "2_scott_0_1_1.bvh", fps=15)[1:]
    ours, theirs = to_humanoid(motion, "mixamo").forward()[0], motion.forward()[0][:, kept("mixamo")]
    assert np.abs(ours - theirs).max() < 0.015  # the metacarpals of the index and ring fingers move a little


@pytest.mark.data
def test_the_table_is_the_published_one(reference_data):
    import csv

    columns = {"vrm": "vrm1", "vrm0": "vrm0", "unity": "unity_HumanBodyBones(VMC)", "smplx": "smplx",
               "godot": "godot_SkeletonProfileHumanoid", "ue5": "ue5_mannequin",
               "readyplayerme": "mixamo(prefix mixamorig:)"}  # fmt: skip
    with (reference_data / "tables" / "humanoid_bone_map.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for rig, column in columns.items():
                if row["beat"]:
                    assert joint_names(rig)[row["beat"]] == row[column].split(" ")[0]


def test_the_rigs_are_the_columns_of_the_table():
    table = Path(__file__).parents[2] / "gengine/retarget/data/humanoid_joints.csv"
    assert set(table.read_text("utf-8").splitlines()[0].split(",")) == {"beat", *RIGS}
    assert BvhExporter.options()["skeleton"].help == (
        f"joint names: beat, {', '.join(RIGS)}, or a .bvh that has one's own"
    )
