"""Brought-in avatars move like ours, whoever rigged them; files that cannot be used say so in one line."""

from __future__ import annotations

import base64
import json
import struct
import warnings

import numpy as np
import pytest

from gengine.avatars import find_avatar
from gengine.avatars.importing.gltf_figure import load_glb_avatar
from gengine.avatars.importing.rig_recognition import REQUIRED
from gengine.avatars.making.dress import bare_avatar
from gengine.avatars.making.makehuman_rig import makehuman_rig
from gengine.core import rotation
from gengine.core.avatar import Morphs
from gengine.errors import FormatError
from gengine.formats.glb import GlbExporter
from gengine.retarget.avatar_pose import to_avatar
from gengine.retarget.joint_names import RIGS, joint_names
from tests.avatars.foreign import a_pose, foreign, light, save

FACE = ("jawOpen", "mouthClose", "eyeBlinkLeft", "eyeBlinkRight")
MAKEHUMAN = {n: h for n, h in zip(makehuman_rig().names, makehuman_rig().heads, strict=True) if "Twist" not in n}


@pytest.fixture(scope="module")
def ours():
    return light(bare_avatar("anna"), FACE)


def quiet(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_glb_avatar(path)


def rename(rig):
    table = {"beat": {}, "makehuman": MAKEHUMAN}.get(rig) or (joint_names(rig) if rig != "beat" else {})
    return lambda name: table.get(name, name if rig == "beat" else f"extra_{name}")


@pytest.mark.parametrize("rig", ["beat", "makehuman", *RIGS])
def test_every_known_rig_moves_like_ours(rig, ours, make_motion, tmp_path):
    path = save(foreign(ours, rename(rig), a_pose(ours)), tmp_path / "a.glb", scale=100.0, yaw=np.pi)
    theirs = quiet(path)
    assert set(REQUIRED) <= set(theirs.joint_map)
    assert theirs.root_height == pytest.approx(ours.root_height, abs=0.01)

    motion = make_motion(4)
    world = rotation.normalize(motion.forward()[1])
    pose = to_avatar(theirs, motion, None, motion.fps)
    turn = rotation.multiply(theirs.skeleton.forward(pose.rotations, pose.root)[1], rotation.conjugate(theirs.rest))
    for beat, name in theirs.joint_map.items():
        angle = rotation.angle(
            rotation.normalize(turn)[:, theirs.skeleton.index(name)], world[:, motion.skeleton.index(beat)]
        )
        assert angle.max() < 1e-4, beat

    # the A-pose became our T-pose: all joints, and the skin but for the creases of armpits and elbows
    rest, mine = theirs.rest_positions(), ours.rest_positions()
    for beat, name in theirs.joint_map.items():
        if "Thumb" not in beat:
            off = rest[theirs.skeleton.index(name)] - mine[ours.skeleton.index(beat)]
            assert np.abs(off - [0, theirs.root_height - ours.root_height, 0]).max() < 0.012, beat
    body = next(p for p in theirs.parts if p.name == "body")
    apart = np.linalg.norm(body.vertices - next(p for p in ours.parts if p.name == "body").vertices, axis=1)
    assert np.median(apart) < 0.002
    assert np.quantile(apart, 0.95) < 0.02
    assert set(body.morphs.names) == set(FACE)


def test_our_own_file_comes_back_exactly(make_performance, tmp_path):
    ours = bare_avatar("david")
    theirs = quiet(GlbExporter.write(make_performance(0.2), tmp_path / "a.glb", avatar=ours))
    assert theirs.skeleton.names == ours.skeleton.names
    assert theirs.eyes == ours.eyes
    assert theirs.licence == ours.licence
    assert np.abs(theirs.rest_positions() - ours.rest_positions()).max() < 3e-4
    for a, b in zip(theirs.parts, ours.parts, strict=True):
        assert np.abs(a.vertices - b.vertices).max() < 3e-4
        assert set(a.morphs.names) == set(b.morphs.names)
        assert np.abs((a.weights * a.joints).sum(1) - (b.weights * b.joints).sum(1)).max() < 0.02


@pytest.mark.parametrize("version", ["1.0", "0.x"])
def test_vrm_by_its_extension_and_expressions(version, ours, tmp_path):
    """Joint and morph names say nothing; the extension does. VRM 0.x faces -Z."""
    table = joint_names("vrm" if version == "1.0" else "vrm0")
    avatar = foreign(ours, lambda n: "J_" + n[::-1])

    def edit(document):
        names = [node["name"] for node in document["nodes"]]
        bones = {theirs: names.index("J_" + beat[::-1]) for beat, theirs in table.items() if beat in ours.joint_map}
        mesh = next(m for m in document["meshes"] if m["name"] == "body")
        mesh["extras"]["targetNames"] = [f"shape{k}" for k in range(len(FACE))]
        where = document["meshes"].index(mesh)
        node = next(i for i, n in enumerate(document["nodes"]) if n.get("mesh") == where)
        order = [n for n in ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthClose")]
        if version == "1.0":
            preset = {"blinkLeft": 0, "blinkRight": 1, "aa": 2}
            document["extensions"] = {"VRMC_vrm": {
                "humanoid": {"humanBones": {n: {"node": i} for n, i in bones.items()}},
                "expressions": {
                    "preset": {n: {"morphTargetBinds": [{"node": node, "index": k, "weight": 1.0}]}
                               for n, k in preset.items()},
                    "custom": {"MouthClose": {"morphTargetBinds": [{"node": node, "index": 3, "weight": 0.5}]}},
                },
            }}  # fmt: skip
        else:
            preset = {"blink_l": 0, "blink_r": 1, "a": 2}
            groups = [{"presetName": n, "name": n, "binds": [{"mesh": where, "index": k, "weight": 100}]}
                      for n, k in preset.items()]  # fmt: skip
            groups.append({"presetName": "unknown", "name": "MouthClose",
                           "binds": [{"mesh": where, "index": 3, "weight": 50}]})  # fmt: skip
            document["extensions"] = {"VRM": {
                "humanoid": {"humanBones": [{"bone": n, "node": i} for n, i in bones.items()]},
                "blendShapeMaster": {"blendShapeGroups": groups},
            }}  # fmt: skip
        assert order

    path = save(avatar, tmp_path / "a.vrm", yaw=0.0 if version == "1.0" else np.pi, edit=edit)
    with pytest.warns(UserWarning, match="made from the nearest"):
        theirs = load_glb_avatar(path)
    body = next(p for p in theirs.parts if p.name == "body")
    mine = next(p for p in ours.parts if p.name == "body")
    assert set(body.morphs.names) == set(FACE)
    for name, share in (("jawOpen", 1.0), ("mouthClose", 0.5), ("eyeBlinkLeft", 1.0)):
        a = body.morphs.deltas[body.morphs.names.index(name)].sum(0)
        b = mine.morphs.deltas[mine.morphs.names.index(name)].sum(0)
        assert a == pytest.approx(share * b, rel=0.02, abs=0.01)


@pytest.mark.parametrize("style", [
    lambda n: n.upper(),
    lambda n: n.replace("Left", "_L").replace("Right", "_R"),
    lambda n: "Head_blend." + n[0].upper() + n[1:],
    lambda n: "".join(f"_{c.lower()}" if c.isupper() else c for c in n),
])  # fmt: skip
def test_any_spelling_of_arkit(style, tmp_path):
    ours = bare_avatar("anna")

    def edit(document):
        for mesh in document["meshes"]:
            if "extras" in mesh:
                mesh["extras"]["targetNames"] = [style(n) for n in mesh["extras"]["targetNames"]]

    theirs = quiet(save(ours, tmp_path / "a.glb", edit=edit))
    assert set(theirs.morph_names) == set(ours.morph_names)


def test_the_lips_are_measured(ours, tmp_path):
    seal = quiet(save(ours, tmp_path / "a.glb")).seal
    assert 20 < seal["jawOpen"] < 45
    assert -50 < seal["mouthClose"] < -20
    assert -1 < seal["rest"] < 3


def test_a_figure_without_face_and_a_face_without_figure(ours, make_performance, tmp_path):
    from dataclasses import replace

    bodiless = replace(ours, parts=tuple(replace(p, morphs=Morphs()) for p in ours.parts))
    with pytest.warns(UserWarning, match="face will not move"):
        assert load_glb_avatar(save(bodiless, tmp_path / "b.glb")).morph_names == ()
    avatar = quiet(
        GlbExporter.write(make_performance(0.2), tmp_path / "h.glb", avatar=find_avatar(head_file(tmp_path)))
    )
    assert avatar.skeleton.names == ("Head",)
    assert set(avatar.morph_names) >= {"jawOpen"}
    unrigged = save(bodiless, tmp_path / "n.glb", edit=without_skins)
    with pytest.raises(FormatError, match="neither a humanoid rig"):
        load_glb_avatar(unrigged)


def without_skins(document):
    document.pop("skins")
    for i, node in enumerate(document["nodes"]):
        node.pop("skin", None)
        node["name"] = f"part{i}"


def head_file(folder):
    """A ball of 20 cm whose lower half the jaw moves."""
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.1)
    points = np.asarray(ball.vertices)
    jaw = np.where(points[:, 1:2] < 0, [[0, -0.02, 0]], 0)
    np.savez(folder / "head.npz", neutral=points, deltas=jaw[None], names=["jawOpen"], faces=ball.faces)
    return folder / "head.npz"


@pytest.mark.parametrize("inside", [True, False])
def test_gltf_with_its_buffer_inside_or_beside(inside, ours, tmp_path):
    data = save(ours, tmp_path / "a.glb").read_bytes()
    text = struct.unpack_from("<I", data, 12)[0]
    document, buffer = json.loads(data[20 : 20 + text]), data[28 + text :]
    coded = base64.b64encode(buffer).decode()
    document["buffers"][0]["uri"] = f"data:application/octet-stream;base64,{coded}" if inside else "the%20data.bin"
    (tmp_path / "the data.bin").write_bytes(buffer)
    theirs = quiet(write_gltf(tmp_path / "a.gltf", document))
    assert theirs.skeleton.names == ours.skeleton.names
    assert set(theirs.morph_names) == set(FACE)


def write_gltf(path, document):
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("uri", [
    "../secret.bin", "/etc/passwd", "http://example.com/a.bin", "file:///etc/passwd", "C:\\a.bin", "%2e%2e/secret.bin",
    "sub/../../secret.bin", "a\0.bin",
])  # fmt: skip
def test_nothing_outside_the_folder_is_read(uri, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(36))
    mesh = {"primitives": [{"attributes": {"POSITION": 0}}]}
    document = {
        "asset": {"version": "2.0"}, "buffers": [{"byteLength": 36, "uri": uri}], "nodes": [{"mesh": 0}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}], "meshes": [mesh],
        "accessors": [{"bufferView": 0, "componentType": 5126, "type": "VEC3", "count": 3}],
    }  # fmt: skip
    with pytest.raises(FormatError, match="outside its own folder"):
        load_glb_avatar(write_gltf(tmp_path / "in" / "a.gltf", document))
    document["buffers"] = [{"byteLength": 36, "uri": "link.bin"}]
    (tmp_path / "in" / "link.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(FormatError, match="outside its own folder"):
        load_glb_avatar(write_gltf(tmp_path / "in" / "a.gltf", document))


def test_a_missing_texture_is_said_and_left_away(ours, tmp_path):
    def edit(document):
        document["images"] = [{"uri": "gone.png"}]
        document["textures"] = [{"source": 0}]
        document["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}

    with pytest.warns(UserWarning, match="texture of body is missing"):
        avatar = load_glb_avatar(save(ours, tmp_path / "a.glb", edit=edit))
    assert avatar.parts[0].material.texture is None


def test_absurd_sizes_are_refused(ours, tmp_path):
    def huge(document):
        document["accessors"].append({"componentType": 5125, "type": "SCALAR", "count": 6_000_003})
        document["meshes"][0]["primitives"][0]["indices"] = len(document["accessors"]) - 1

    with pytest.raises(FormatError, match="2000000 triangles"):
        load_glb_avatar(save(ours, tmp_path / "a.glb", edit=huge))

    def vast(document):
        document["accessors"][0]["count"] = 2**40

    with pytest.raises(FormatError, match="too many"):
        load_glb_avatar(save(ours, tmp_path / "a.glb", edit=vast))

    def squeezed(document):
        document["extensionsRequired"] = ["KHR_texture_basisu"]

    with pytest.raises(FormatError, match="Basis textures; unpack it: npx"):
        load_glb_avatar(save(ours, tmp_path / "a.glb", edit=squeezed))


def test_cut_short_and_damaged_files(ours, tmp_path):
    """Any cut is a FormatError; any flipped bytes give an avatar or a FormatError, never another exception."""
    data = save(ours, tmp_path / "a.glb").read_bytes()
    bad = tmp_path / "bad.glb"
    for end in (0, 3, 11, 19, 25, 2000, len(data) // 2, len(data) - 1):
        bad.write_bytes(data[:end])
        with pytest.raises(FormatError) as error:
            load_glb_avatar(bad)
        assert "\n" not in str(error.value)
    text = struct.unpack_from("<I", data, 12)[0]
    rng = np.random.default_rng(0)
    for trial in range(60):
        broken = bytearray(data)
        reach = 20 + text if trial % 3 else len(data)  # mostly the JSON
        for place in rng.integers(0, reach, 1 + trial % 4):
            broken[place] = int(rng.integers(32, 127)) if place > 20 else int(rng.integers(256))
        bad.write_bytes(broken)
        try:
            quiet(bad)
        except FormatError as error:
            assert "\n" not in str(error)


def test_not_a_number_is_found(ours, tmp_path):
    path = save(ours, tmp_path / "a.glb")
    data = bytearray(path.read_bytes())
    text = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + text])
    position = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    place = 28 + text + document["bufferViews"][position["bufferView"]]["byteOffset"]
    data[place : place + 4] = struct.pack("<f", np.nan)
    path.write_bytes(data)
    with pytest.raises(FormatError, match="NaN"):
        load_glb_avatar(path)
