"""The Blender add-on in the real Blender, on a run of the real command line."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import types
import zipfile
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from gengine.core.face import ARKIT_NAMES
from gengine.core.skeleton import BEAT_HIP_HEIGHT, beat_skeleton
from gengine.formats.bvh_reader import read_bvh
from gengine.formats.livelink import read_livelink
from gengine.retarget.joint_names import joint_names

ROOT = Path(__file__).resolve().parents[2]
ADDON = ROOT / "render" / "blender"
FRAMES = [1, 40, 100, 200, 301, 358]
JOINTS = beat_skeleton().names
MIXAMO = joint_names("mixamo")


def mixed(k: int, name: str) -> str:
    """One curve's name as different tools write it."""
    short = name.replace("Left", "_L") if name.endswith("Left") else name.replace("Right", "_R")
    return [name, name.upper(), f"Head.{name}", short, f"blendShape1.{short}", name[0].upper() + name[1:]][k % 6]


def a_pose() -> np.ndarray:
    """Rest places of BEAT's joints ``(J, 3)`` m with the arms 40 degrees down."""
    skeleton = beat_skeleton()
    places = skeleton.offsets.copy()
    places[0] = [0, BEAT_HIP_HEIGHT, 0]
    turned = np.zeros(len(places))
    for j, parent in enumerate(skeleton.parents):
        if parent < 0:
            continue
        name = skeleton.names[j]
        if skeleton.names[parent] in ("LeftArm", "RightArm"):
            turned[j] = np.radians(-40.0 if name.startswith("Left") else 40.0)
        else:
            turned[j] = turned[parent]
        c, s = np.cos(turned[j]), np.sin(turned[j])
        x, y, z = skeleton.offsets[j]
        places[j] = places[parent] + [c * x - s * y, s * x + c * y, z]
    return places


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("addon") / "run"
    formats = "bvh,csv,json,glb"
    command = ["animate", "demos/speech.wav", "--emotion", "happy", "--formats", formats, "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "gengine", *command], cwd=ROOT, check=True, capture_output=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["inputs"]["audio"]["path"] = str(ROOT / manifest["inputs"]["audio"]["path"])
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def scene(blender, run) -> dict[str, np.ndarray]:
    (run.parent / "empty").mkdir()
    job = {
        "addon": str(ADDON), "run": str(run), "out": str(run.parent / "out.npz"), "empty": str(run.parent / "empty"),
        "picture": os.environ.get("GENGINE_PICTURE"), "joints": JOINTS, "parents": beat_skeleton().parents.tolist(),
        "heads": a_pose().tolist(), "names": MIXAMO, "frames": FRAMES, "arkit": ARKIT_NAMES,
        "shapes": [mixed(k, name) for k, name in enumerate(ARKIT_NAMES)],
    }  # fmt: skip
    (run.parent / "job.json").write_text(json.dumps(job))
    command = [blender, Path(__file__).with_name("use_addon.py"), run.parent / "job.json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    (run.parent / "said.txt").write_text(done.stdout + done.stderr)
    return dict(np.load(run.parent / "out.npz"))


def directions(heads: np.ndarray, names: list[str]) -> np.ndarray:
    """Unit vectors of the limbs' bones ``(T, K, 3)``."""
    chains = [[side + n for n in chain] for side in ("Left", "Right") for chain in (
        ["Arm", "ForeArm", "Hand"], ["UpLeg", "Leg", "Foot"], ["HandIndex1", "HandIndex2", "HandIndex3"],
        ["HandThumb1", "HandThumb2", "HandThumb3"], ["HandPinky1", "HandPinky2", "HandPinky3"])]  # fmt: skip
    pairs = [(names.index(a), names.index(b)) for chain in chains for a, b in zip(chain, chain[1:], strict=False)]
    ends = np.stack([heads[:, b] - heads[:, a] for a, b in pairs], axis=1)
    return ends / np.linalg.norm(ends, axis=-1, keepdims=True)


def degrees_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((a * b).sum(-1), -1, 1)))


@pytest.mark.blender
def test_the_body_stands_where_ours_does_at_our_rate(scene, run):
    motion = read_bvh(run / "body.bvh")
    assert scene["fps"] == pytest.approx(motion.fps, abs=1e-6)
    assert scene["range"].tolist() == [1, len(motion)]
    ours = motion.forward()[0][np.array(FRAMES) - 1]
    assert np.abs(scene["bvh_heads"] - ours).max() < 1e-4


@pytest.mark.blender
def test_a_kept_frame_rate_keeps_the_speed_and_is_reported(scene, run):
    assert scene["kept_fps"] == 60
    ours = read_bvh(run / "body.bvh").forward()[0][np.array(FRAMES) - 1]
    assert np.abs(scene["kept_heads"] - ours).max() < 2e-3
    assert "the scene runs at 60 frames per second, the performance at 30" in (run.parent / "said.txt").read_text()


@pytest.mark.blender
def test_every_shape_key_follows_its_curve(scene, run):
    face = read_livelink(run / "face.csv")
    ours = face.weights[np.round((np.array(FRAMES) - 1) / 30 * face.fps).astype(int)]
    assert ours.max() > 0.3
    assert np.abs(scene["shapes"] - ours).max() < 2e-4
    assert np.abs(scene["shapes_again"] - ours[-1]).max() < 2e-4
    assert scene["own"] == pytest.approx(0.25)  # keys of others are left alone


@pytest.mark.blender
def test_eye_bones_follow_the_gaze(scene, run):
    face = read_livelink(run / "face.csv")
    ours = face.gaze[np.round((np.array(FRAMES) - 1) / 30 * face.fps).astype(int)]
    assert np.abs(ours).max() > 0.01
    assert np.abs(scene["gaze"] - ours).max() < 1e-3


@pytest.mark.blender
def test_the_sound_plays_from_the_first_frame(scene):
    if not scene["can_hear"]:
        pytest.skip("this bpy was built without sound")
    assert str(scene["strip_type"]) == "SOUND" and str(scene["sync"]) == "AUDIO_SYNC"
    assert scene["strip"][0] == 1 and abs(scene["strip"][1] - 358) <= 1


@pytest.mark.blender
@pytest.mark.parametrize(("label", "yaw"), [("mixamo", 0.0), ("turned", 1.0)])
def test_a_mixamo_rig_in_a_pose_points_where_we_point(scene, run, label, yaw):
    ours = read_bvh(run / "body.bvh").forward()[0][np.array(FRAMES) - 1]
    c, s = np.cos(yaw), np.sin(yaw)
    ours = ours @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T
    theirs = scene[f"{label}_heads"]
    angle = degrees_between(directions(theirs, list(MIXAMO)), directions(ours, list(JOINTS)))
    assert angle.max() < 1.0, f"{angle.max():.3f} degrees"
    assert np.abs(theirs[:, 0] - 1.3 * ours[:, 0]).max() < 2e-3  # hips, by hip height


@pytest.mark.blender
def test_the_avatar_plays(scene, run):
    face = read_livelink(run / "face.csv")
    ours = face.weights[np.round((np.array(FRAMES) - 1) / 30 * face.fps).astype(int)]
    assert np.abs(scene["avatar_shapes"] - ours).max() < 2e-3
    assert np.ptp(scene["avatar_hands"], axis=0).max() > 0.05
    assert scene["strays"].tolist() == [""]


@pytest.mark.blender
def test_what_cannot_be_done_is_said(scene):
    said = {k: str(scene[k]) for k in
            ("no_shapes", "foreign", "no_humanoid", "no_target", "no_folder", "empty_folder")}  # fmt: skip
    assert "has no shape keys" in said["no_shapes"]
    assert "none of its 2 shape keys has an ARKit name" in said["foreign"]
    assert "no bones for Hips" in said["no_humanoid"]
    assert "no other armature is selected" in said["no_target"]
    assert "does not exist" in said["no_folder"]
    assert "holds no body.bvh" in said["empty_folder"]
    assert not any("Traceback" in text for text in said.values())


@pytest.mark.blender
def test_undo_takes_the_import_back(scene):
    before, after, undone = scene["undo"]
    assert after > before == undone


def test_bone_names_agree_with_ours():
    rigs = json.loads((ADDON / "gengine_blender" / "bone_map.json").read_text())["rigs"]
    assert list(rigs["beat"]) == list(JOINTS)
    text = resources.files("gengine.retarget").joinpath("data/humanoid_joints.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        for rig in ("mixamo", "vrm", "vrm0", "ue5", "smplx"):
            assert rigs[rig].get(row["beat"], "") == row[rig].removeprefix("mixamorig:")


def test_the_zip_is_whole_and_names_no_other_program(tmp_path):
    spec = importlib.util.spec_from_file_location("build_addon", ADDON / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with zipfile.ZipFile(module.build(tmp_path)) as archive:
        names = {Path(n).name for n in archive.namelist()}
        assert {"__init__.py", "blender_manifest.toml", "bone_map.json", "LICENSE"} <= names
        for name in archive.namelist():
            if name.endswith(".py"):
                assert "import gengine" not in archive.read(name).decode()


@pytest.mark.blender
def test_blender_accepts_the_extension(blender, tmp_path):
    """By the validator of Blender's own extension tool, where this bpy ships it."""
    tool = next(
        blender.parent.parent.glob("lib/python*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/*_ext.py"), None
    )
    if tool is None:
        pytest.skip("this bpy ships no extension tool")
    subprocess.run([sys.executable, ADDON / "build.py", tmp_path], check=True)
    package = next(tmp_path.glob("*.zip"))
    done = subprocess.run([blender, tool, "validate", package], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def names_module():
    """The add-on's file reader, which needs no Blender."""
    package = types.ModuleType("addon_files")
    package.__path__ = [str(ADDON / "gengine_blender")]
    sys.modules["addon_files"] = package
    return importlib.import_module("addon_files.face_file"), importlib.import_module("addon_files.run_folder")


def test_names_of_shape_keys():
    arkit_name = names_module()[0].arkit_name
    for name in ARKIT_NAMES:
        for k in range(6):
            assert arkit_name(mixed(k, name)) == name
    assert arkit_name("browInnerUp_L") == "browInnerUp"
    for foreign in ("smile", "Fcl_MTH_A", "left", "", "eyeBlink", "openjaw", "myMouthLeftover"):
        assert arkit_name(foreign) is None, foreign


def test_json_face_equals_csv_face(make_performance, tmp_path):
    from gengine.formats.beat_json import BeatJsonExporter
    from gengine.formats.livelink import LiveLinkExporter

    performance = make_performance(2.0, face_fps=50)
    reader = names_module()[0]
    table = reader.read_face(LiveLinkExporter.write(performance, tmp_path / "face.csv"), None)
    text = reader.read_face(None, BeatJsonExporter.write(performance, tmp_path / "face.json"))
    assert performance.face is not None
    assert np.abs(table.times - np.arange(100) / 50).max() < 1e-6 and np.abs(text.times - table.times).max() < 1e-6
    assert np.abs(table.gaze - performance.face.gaze).max() < 1e-6
    for name in text.curves:
        assert np.abs(table.curves[name] - performance.face.channel(name)).max() < 1e-6
        assert np.abs(text.curves[name] - performance.face.channel(name)).max() < 2e-6


def test_the_sound_of_a_run_is_found(tmp_path):
    find_run = names_module()[1].find_run
    folder = tmp_path / "talk" / "runs" / "one"
    folder.mkdir(parents=True)
    (folder / "body.bvh").touch()
    assert find_run(folder).sound is None and "no sound" in find_run(folder).notes[0]
    sound = tmp_path / "talk" / "speech.wav"
    sound.write_bytes(b"RIFF")
    audio = {"path": "speech.wav", "sha256": hashlib.sha256(b"RIFF").hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"inputs": {"audio": audio}, "files": {"face.csv": {}}}))
    run = find_run(folder / "manifest.json")
    assert run.sound == sound.resolve()
    assert run.notes == [f"face.csv is named in manifest.json but is not in {folder}"]
    sound.write_bytes(b"RIFX")
    assert "was changed" in find_run(folder).notes[-1]
    sound.unlink()
    (folder / "sound.wav").touch()
    assert find_run(folder).sound == folder / "sound.wav"
