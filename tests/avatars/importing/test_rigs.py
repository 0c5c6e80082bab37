"""Rigs of other tools are animated like the control, whatever their joints are called; none is taken for a head."""

from __future__ import annotations

import json
import re
import struct
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from gengine.avatars import draft_bones
from gengine.avatars.importing.gltf_figure import load_glb_avatar
from gengine.avatars.importing.rig_recognition import completed
from gengine.cli import main
from gengine.core import rotation
from gengine.errors import FormatError
from gengine.retarget.avatar_pose import to_avatar
from gengine.retarget.rig_names import REQUIRED

FAULTS = Path(__file__).resolve().parents[2] / "faults"
CONTROL = FAULTS / "14_control_mixamo.glb"
JOINTS = 22


def split(name):
    """Side and word of one of the control's joints."""
    match = re.fullmatch(r"mixamorig:(Left|Right)?(\w+)", name)
    return match[1] or "", match[2]


def sided(words, side=lambda word, s: f"{s}{word}"):
    """A renaming by a table of words without sides."""
    table = dict(zip(
        ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg",
         "Foot", "ToeBase"), words.split(), strict=True,
    ))  # fmt: skip
    return lambda name, i: side(table[split(name)[1]].replace("~", " "), split(name)[0])


def short(before="", between="", after="", letters=("L", "R"), front=True, centre=""):
    """How sides are written: a letter before or after the word."""

    def write(word, side):
        if not side:
            return f"{before}{centre}{word}"
        letter = letters[side == "Right"]
        return f"{before}{letter}{between}{word}" if front else f"{before}{word}{between}{letter}{after}"

    return write


CC = "Hip Waist Spine01 Spine02 NeckTwist01 Head Clavicle Upperarm Forearm Hand Thigh Calf Foot ToeBase"
UNITY = "Hips Spine Chest UpperChest Neck Head Shoulder UpperArm LowerArm Hand UpperLeg LowerLeg Foot ToeBase"
BIPED = "Pelvis Spine Spine1 Spine2 Neck Head Clavicle UpperArm Forearm Hand Thigh Calf Foot Toe0"
RIGIFY = "spine spine.001 spine.002 spine.003 spine.004 spine.006 shoulder upper_arm forearm hand thigh shin foot toe"
DAZ = (
    "hip abdomenLower abdomenUpper chestUpper neckLower head Collar ShldrBend ForearmBend Hand ThighBend Shin Foot Toe"
)
DAZ9 = "hip spine1 spine2 spine4 neck1 head shoulder upperarm forearm hand thigh shin foot toes"
UE = "pelvis spine_01 spine_02 spine_03 neck_01 head clavicle upperarm lowerarm hand thigh calf foot ball"
SMPL = "pelvis spine1 spine2 spine3 neck head collar shoulder elbow wrist hip knee ankle foot"
MAYA = "Root Spine1 Spine2 Chest Neck Head Scapula Shoulder Elbow Wrist Hip Knee Ankle Toes"
MMD = "センター 上半身 上半身2 上半身3 首 頭 肩 腕 ひじ 手首 足 ひざ 足首 つま先"
XSENS = "Pelvis L5 L3 T8 Neck Head Shoulder UpperArm ForeArm Hand UpperLeg LowerLeg Foot Toe"
CLASSIC = "Hips Chest Chest2 Chest3 Neck Head Collar Shoulder Elbow Wrist Hip Knee Ankle Toe"


def plain(name):
    return name.removeprefix("mixamorig:")


VARIANTS = {
    "mixamo, no colon": lambda n, i: n.replace(":", ""),
    "mixamo, numbered namespace": lambda n, i: n.replace("mixamorig", "mixamorig7"),
    "mixamo, underscore for colon": lambda n, i: n.replace(":", "_"),
    "mixamo, shouting": lambda n, i: n.upper(),
    "mixamo from Sketchfab": lambda n, i: f"{n.replace(':', '')}_{i + 1:02d}",
    "ready player me": lambda n, i: plain(n),
    "ready player me, twice in Blender": lambda n, i: f"{plain(n)}.001",
    "ready player me, lower case": lambda n, i: plain(n).lower(),
    "HumanIK": lambda n, i: f"Character1_{plain(n)}",
    "HumanIK with a reference and a suffix": lambda n, i: f"Ref_{plain(n)}_jnt",
    "namespaces within namespaces": lambda n, i: f"scene|hero:{plain(n)}",
    "VRoid": sided(UNITY, short("J_Bip_", "_", centre="C_")),
    "VRoid from Sketchfab": lambda n, i: sided(UNITY, short("J_Bip_", "_", centre="C_"))(n, i) + f"_0{i}",
    "Unity": sided(UNITY, lambda w, s: f"{s}{w}"),
    "Unity with spaces": sided(UNITY, lambda w, s: f"{s} {w}".strip()),
    "Unity, letters behind": sided(UNITY, short(between="_", front=False)),
    "Unity, letters behind a dot, lower case": sided(
        UNITY.lower(), short(between=".", letters=("l", "r"), front=False)
    ),
    "Character Creator": sided(CC, short("CC_Base_", "_")),
    "Character Creator, ActorCore": sided(CC, short("RL_", "_")),
    "Character Creator from Sketchfab": lambda n, i: sided(CC, short("CC_Base_", "_"))(n, i) + f"_{i:03d}",
    "Biped": sided(BIPED, short("Bip01 ", " ")),
    "Biped 001, underscores": sided(BIPED, short("Bip001_", "_")),
    "Biped of a renamed root": sided(BIPED, short("Soldier ", " ")),
    "Valve": sided(BIPED, short("ValveBiped.Bip01_", "_")),
    "Rigify deform bones": sided(RIGIFY, short("DEF-", ".", front=False)),
    "Rigify, organised bones": sided(RIGIFY, short("ORG-", ".", front=False)),
    "Rigify metarig, dots translated": lambda n, i: sided(RIGIFY, short("", ".", front=False))(n, i).replace(".", "_"),
    "DAZ Genesis 8": sided(DAZ, short(letters=("l", "r"))),
    "DAZ Genesis 8, lower case": lambda n, i: sided(DAZ, short(letters=("l", "r")))(n, i).lower(),
    "DAZ Genesis 9": sided(DAZ9, short(between="_", letters=("l", "r"))),
    "Unreal mannequin": sided(UE, short(between="_", letters=("l", "r"), front=False)),
    "Unreal mannequin from Sketchfab": lambda n, i: sided(UE, short("", "_", "", ("l", "r"), False))(n, i) + f"_0{i}",
    "MetaHuman with a prefix": sided(UE, short("metahuman_base_skel_", "_", letters=("l", "r"), front=False)),
    "SMPL-X": sided(SMPL, lambda w, s: f"{s.lower()}_{w}" if s else w),
    "SMPL, Unity's": sided(SMPL.title(), short("m_avg_", "_")),
    "AdvancedSkeleton": sided(MAYA, lambda w, s: f"{w}_{s[:1] or 'M'}"),
    "MMD": sided(MMD, lambda w, s: {"Left": "左", "Right": "右", "": ""}[s] + w),
    "MMD in Blender": sided(MMD, short(between=".", front=False)),
    "Xsens": sided(XSENS, lambda w, s: f"{s}{w}"),
    "classic BVH names": sided(CLASSIC, lambda w, s: f"{s}{w}"),
    "a game's own mix": sided(
        "Pelvis Spine Chest UpperChest Neck Head Clavicle UpperArm ForeArm Hand Thigh Calf Foot Toe",
        short("b_", "_", "_bind", ("Lft", "Rgt")),
    ),
    "numbers alone": lambda n, i: f"bone_{i}",
    "numbers in another order": lambda n, i: f"Bone.{(i * 7) % 22:03d}",
    "another language": lambda n, i: f"gelenk_{chr(97 + i)}",
    "no names at all": lambda n, i: None,
}
"""What the control's joints are called: by its name there and its number."""


OPEN = {
    "Second Life": sided(
        "mPelvis mTorso mChest mChest2 mNeck mHead Collar Shoulder Elbow Wrist Hip Knee Ankle Foot",
        lambda w, s: f"m{w}{s}" if s else w,
    ),
    "ARKit": sided(
        "hips spine_1 spine_4 spine_7 neck_1 head shoulder_1 arm forearm hand upLeg leg foot toes",
        lambda w, s: f"{s.lower()}_{w}_joint".lstrip("_"),
    ),
    "MakeHuman's older rig": sided(
        "root spine05 spine03 spine01 neck01 head clavicle upperarm01 lowerarm01 wrist upperleg01 lowerleg01 "
        "foot toe1-1",
        lambda w, s: f"{w}.{s[:1]}" if s else w,
    ),
    "Poser with a waist": sided(
        "hip abdomen waist chest neck head Collar Shldr ForeArm Hand Thigh Shin Foot Toe", short(letters=("l", "r"))
    ),
    "Roblox": sided(
        "LowerTorso UpperTorso Chest1 Chest2 Neck Head Collar UpperArm LowerArm Hand UpperLeg LowerLeg Foot Toe",
        lambda w, s: f"{s}{w}",
    ),
    "Auto-Rig Pro": sided(
        "root.x spine_01.x spine_02.x spine_03.x neck.x head.x shoulder arm_stretch forearm_stretch hand thigh_stretch "
        "leg_stretch foot toes_01",
        lambda w, s: f"{w}.{s[:1].lower()}" if s else w,
    ),
    "German": sided(
        "Hüfte Wirbel1 Wirbel2 Brust Hals Kopf Schulter Oberarm Unterarm Hand Oberschenkel Unterschenkel Fuß Zehen",
        lambda w, s: f"{w}.{s[:1]}" if s else w,
    ),
    "Chinese": sided(
        "骨盆 脊椎 脊椎1 脊椎2 脖子 头 肩膀 上臂 前臂 手 大腿 小腿 脚 脚趾",
        lambda w, s: {"Left": "左", "Right": "右", "": ""}[s] + w,
    ),
}
"""Names that tell some joints or none: structure tells the rest, and a warning says so."""


def read(path):
    data = path.read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + size]), data[20 + size :]


def write(path, document, rest):
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest)) + struct.pack("<I4s", len(text), b"JSON")
    path.write_bytes(head + text + rest)
    return path


def renamed(path, rename):
    document, rest = read(CONTROL)
    for i, node in enumerate(document["nodes"]):
        if "mesh" not in node and (name := rename(node["name"], i)) is not None:
            node["name"] = name
        elif "mesh" not in node:
            del node["name"]
    return write(path, document, rest)


def load(path, bones=None):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        return load_glb_avatar(path, bones), " ".join(str(w.message) for w in said)


def world_turns(avatar, motion):
    """What every mapped joint does to the figure at rest, by BEAT's names: ``(T, 4)``."""
    pose = to_avatar(avatar, motion, None, motion.fps)
    turn = rotation.multiply(avatar.skeleton.forward(pose.rotations, pose.root)[1], rotation.conjugate(avatar.rest))
    return {beat: turn[:, avatar.skeleton.index(name)] for beat, name in avatar.joint_map.items()}


def same_motion(avatar, motion):
    control = world_turns(load(CONTROL)[0], motion)
    theirs = world_turns(avatar, motion)
    assert len(control) == JOINTS
    assert set(theirs) == set(control)
    for beat, turns in control.items():
        assert rotation.angle(rotation.normalize(theirs[beat]), rotation.normalize(turns)).max() < 1e-3, beat


@pytest.mark.parametrize("file", ["14a_cc_base_rig", "14b_vroid_jbip_rig", "14e_sketchfab_suffix_rig"])
def test_files_that_were_taken_for_a_head(file, make_motion):
    avatar, notes = load(FAULTS / f"{file}.glb")
    same_motion(avatar, make_motion(4))
    assert "taken for a head" not in notes


@pytest.mark.parametrize("variant", VARIANTS)
def test_names_of_every_tool(variant, make_motion, tmp_path):
    avatar, notes = load(renamed(tmp_path / "a.glb", VARIANTS[variant]))
    same_motion(avatar, make_motion(4))
    told = variant in list(VARIANTS)[-4:]
    assert ("told by structure" in notes) == told


@pytest.mark.parametrize("variant", OPEN)
def test_what_names_leave_open_is_told_by_structure(variant, make_motion, tmp_path):
    avatar, notes = load(renamed(tmp_path / "a.glb", OPEN[variant]))
    same_motion(avatar, make_motion(4))
    assert "told by structure" in notes


def test_structure_adds_nothing_where_it_disagrees():
    bones = {joint: k for k, joint in enumerate(REQUIRED)}
    shape = bones | {"Spine": 90, "LeftShoulder": 91}
    assert completed(bones, shape) == shape
    assert completed(bones, shape | {"Head": 92}) == bones
    assert completed(bones | {"Spine": 50}, shape)["Spine"] == 50


def test_structure_knows_a_figure_that_faces_elsewhere(make_motion, tmp_path):
    document, rest = read(renamed(tmp_path / "a.glb", lambda n, i: f"bone_{i}"))
    document["nodes"].append({"name": "Armature", "children": [0], "rotation": [0, 0.7071068, 0, 0.7071068]})
    document["scenes"][0]["nodes"] = [len(document["nodes"]) - 1, len(document["nodes"]) - 2]
    avatar, notes = load(write(tmp_path / "b.glb", document, rest))
    assert "turned to face +Z" in notes
    same_motion(avatar, make_motion(4))


def test_a_map_tells_what_nothing_else_does(make_motion, tmp_path):
    """Without toes nothing says where an unnamed figure looks: it is refused, and a map settles it."""
    document, rest = read(renamed(tmp_path / "a.glb", lambda n, i: f"bone_{i}"))
    mixamo = [node["name"] for node in read(CONTROL)[0]["nodes"]]
    toes = [i for i, name in enumerate(mixamo) if "ToeBase" in name]
    for node in document["nodes"]:
        if "translation" in node and document["nodes"].index(node) in toes:
            node["translation"] = [0.0, -0.05, 0.0]
    path = write(tmp_path / "b.glb", document, rest)
    with pytest.raises(FormatError, match="--bones"):
        load(path)
    ours = {"Spine2": "Spine3"}
    bones = {ours.get(plain(n), plain(n)): f"bone_{i}" for i, n in enumerate(mixamo) if n.startswith("mixamorig")}
    table = tmp_path / "map.json"
    table.write_text(json.dumps({"bones": bones}))
    avatar, _ = load(path, table)
    same_motion(avatar, make_motion(4))

    for edit, said in (
        ({"Hips": ""}, "lacks Hips"), ({"Hips": "pelvis"}, "'pelvis' is unknown"), ({"Nose": "bone_3"}, "'Nose'"),
        ({"LeftHand": "bone_1"}, "stands for two joints"),
        ({"LeftForeArm": bones["LeftHand"], "LeftHand": bones["LeftForeArm"]}, "do not hang together"),
    ):  # fmt: skip
        table.write_text(json.dumps({"bones": bones | edit}))
        with pytest.raises(FormatError, match=said):
            load(path, table)
    table.write_text("[" * 100000)
    with pytest.raises(FormatError, match="nest deeper"):
        load(path, table)


def test_a_body_without_a_skeleton_is_no_head(tmp_path):
    document, rest = read(CONTROL)
    del document["nodes"][-1]["skin"]
    document["skins"] = []
    for node in document["nodes"]:
        node["name"] = "part"
    with pytest.raises(FormatError, match="whole body without a skeleton"):
        load(write(tmp_path / "a.glb", document, rest))


def test_the_mean_angle_between_wrong_sides_would_be_seen(make_motion):
    """The comparison above can fail: left and right exchanged are far apart."""
    turns = world_turns(load(CONTROL)[0], make_motion(4))
    apart = rotation.angle(rotation.normalize(turns["LeftArm"]), rotation.normalize(turns["RightArm"]))
    assert np.max(apart) > 0.05


def test_a_draft_of_a_map_is_completed_and_used(make_motion, tmp_path, monkeypatch, capsys):
    """What the command drafts names what it told and leaves empty what it did not."""
    path = renamed(tmp_path / "my.glb", lambda n, i: f"bone_{i}" if i != 21 else "end")
    monkeypatch.setattr(sys, "argv", ["gengine", "avatar", "map", str(path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert "22 joints told by structure" in capsys.readouterr().out
    table = json.loads((tmp_path / "my.bones.json").read_text())
    assert table["bones"]["RightToeBase"] == "end"
    assert table["unmatched"] == []
    same_motion(load(path, tmp_path / "my.bones.json")[0], make_motion(2))

    table = json.loads(json.dumps(draft_of(tmp_path, lambda n, i: f"bone_{i}", toes=False)))
    assert table["told"] == "nothing"
    assert table["bones"]["Hips"] == ""
    assert len(table["unmatched"]) == JOINTS


def draft_of(folder, rename, toes):
    document, rest = read(renamed(folder / "b.glb", rename))
    for i in () if toes else (13, 21):
        document["nodes"][i]["translation"] = [0.0, -0.05, 0.0]
    return draft_bones(write(folder / "b.glb", document, rest))
