"""An avatar of someone else's file is exported as that file: nothing is lost, and it moves like the avatar."""

from __future__ import annotations

import json
import struct
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine.avatars import find_avatar
from gengine.avatars.importing.gltf_document import GltfDocument, world_matrices
from gengine.avatars.importing.gltf_material import Materials
from gengine.avatars.importing.gltf_primitives import read_primitives
from gengine.avatars.making.dress import bare_avatar
from gengine.core.avatar import skinned
from gengine.core.face import ARKIT_INDEX
from gengine.formats.glb import GlbExporter
from gengine.retarget.avatar_pose import to_avatar
from tests.avatars.foreign import a_pose, foreign, light, save

FAULTS = Path(__file__).resolve().parents[1] / "faults"
RICH = FAULTS / "15_normal_map_and_visemes.glb"


def quiet(make, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(*args, **options)


def read(path):
    data = path.read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def keys(document, node, path):
    """The keys ``(T, width)`` of a node's path in the first animation."""
    animation = document.json["animations"][0]
    for channel in animation["channels"]:
        if channel["target"] == {"node": node, "path": path}:
            return document.accessor(animation["samplers"][channel["sampler"]]["output"])
    return None


def posed(path, frame):
    """All vertices of a file, in its own space, at a frame of its first animation."""
    document = GltfDocument(path)
    for k, node in enumerate(document.json["nodes"]):
        for kind in ("rotation", "translation"):
            if (rows := keys(document, k, kind)) is not None:
                node[kind] = rows[min(frame, len(rows) - 1)].astype(float).tolist()
    world, _ = world_matrices(document)
    return np.concatenate([p.vertices for p in read_primitives(document, world, Materials(document, []))])


def moves_like_the_avatar(path, out, performance):
    avatar = quiet(find_avatar, path)
    pose = to_avatar(avatar, performance.motion, None, performance.motion.fps)
    for frame in (0, len(pose) - 1):
        matrices = avatar.skin_matrices(pose.rotations[[frame]], pose.root[[frame]])[0]
        ours = np.concatenate([skinned(part, matrices) for part in avatar.parts])
        move, down = avatar.origin.move, avatar.origin.down
        theirs = posed(out, frame) @ move[:3, :3].T + move[:3, 3] - down
        apart = np.linalg.norm(theirs - ours, axis=1)
        assert np.median(apart) < 1e-4
        assert apart.max() < 0.01  # creases of armpits: an avatar's skin is blended twice, the file's once


def test_maps_and_morphs_stay_and_speak(make_performance, tmp_path):
    performance = make_performance(0.5)
    out = quiet(GlbExporter.write, performance, tmp_path / "out.glb", avatar=RICH)
    before, _ = read(RICH)
    after, _ = read(out)
    for kind in ("materials", "textures", "meshes", "skins", "scenes"):
        assert after[kind] == before[kind]
    assert [n.get("name") for n in after["nodes"]] == [n.get("name") for n in before["nodes"]]
    made, given = GltfDocument(out), GltfDocument(RICH)
    for k in range(len(before["accessors"])):
        assert np.array_equal(made.accessor(k), given.accessor(k))
    assert after["images"] == before["images"]

    node = next(k for k, n in enumerate(after["nodes"]) if "mesh" in n)
    weights = keys(made, node, "weights").reshape(-1, 3)
    assert (weights.max(0) > 0).all()  # jawOpen, viseme_aa and mouthOpen
    jaw = performance.face.weights[:, ARKIT_INDEX["jawOpen"]]
    assert np.abs(weights.sum(1) - jaw).max() < 1e-5
    assert weights[:, 0] == pytest.approx(weights[:, 1])  # they share what the jaw does


@pytest.mark.parametrize("file", [
    "14_control_mixamo", "14a_cc_base_rig", "14b_vroid_jbip_rig", "14e_sketchfab_suffix_rig",
    "15_normal_map_and_visemes",
])  # fmt: skip
def test_the_file_moves_like_the_avatar(file, make_performance, tmp_path):
    performance = replace(make_performance(0.3), face=None)
    path = FAULTS / f"{file}.glb"
    moves_like_the_avatar(path, quiet(GlbExporter.write, performance, tmp_path / "o.glb", avatar=path), performance)


@pytest.mark.parametrize("matrix", [False, True])
def test_a_turned_figure_in_centimetres_that_hangs_its_arms(matrix, make_performance, tmp_path):
    """Armature of 100, facing away, random rest rotations, an A-pose; joints given as matrices."""

    def edit(document):
        document["extras"] = {"mine": [1, 2]}
        document["extensionsUsed"] = ["VENDOR_thing"]
        document["nodes"].append({"name": "lamp", "translation": [0, 2, 0]})
        document["scenes"][0]["nodes"].append(len(document["nodes"]) - 1)
        document["animations"] = []
        for node in document["nodes"] if matrix else ():
            if "rotation" in node and "scale" not in node:
                x, y, z, w = node.pop("rotation")
                turn = [[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]]  # fmt: skip
                m = np.eye(4)
                m[:3, :3], m[:3, 3] = turn, node.pop("translation")
                node["matrix"] = m.T.reshape(-1).tolist()

    ours = light(bare_avatar("anna"), ("jawOpen", "eyeBlinkLeft"))
    path = save(foreign(ours, str, a_pose(ours)), tmp_path / "a.glb", scale=100.0, yaw=np.pi, edit=edit)
    performance = replace(make_performance(0.3), face=None)
    out = quiet(GlbExporter.write, performance, tmp_path / "o.glb", avatar=path)
    after, _ = read(out)
    assert after["extras"] == {"mine": [1, 2]}
    assert after["nodes"][-1]["name"] == "lamp"
    assert after["extensionsUsed"] == ["VENDOR_thing"]
    eyes = quiet(find_avatar, path).eyes
    assert eyes
    moves_like_the_avatar(path, out, performance)


def test_what_cannot_be_driven_is_said(tmp_path):
    data, rest = read(RICH)
    data["meshes"][0]["extras"]["targetNames"] = ["jawOpen", "viseme_kk", "wrinkle"]
    text = json.dumps(data).encode()
    text += b" " * (-len(text) % 4)
    path = tmp_path / "a.glb"
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(rest)) + struct.pack("<I4s", len(text), b"JSON")
    path.write_bytes(head + text + struct.pack("<I4s", len(rest), b"BIN\0") + rest)
    said = " ".join(find_avatar(path).report.notes)
    assert "2 morphs without a curve are kept at rest (viseme_kk, wrinkle" in said
