"""VRM animations: bones, gaze and expressions as VRMC_vrm_animation 1.0 wants them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.errors import GengineError
from gengine.formats.vrma import LIPS, VrmaExporter
from gengine.retarget.humanoid import to_humanoid
from tests.formats.glb_scene import GlbScene

REQUIRED = {
    "hips", "spine", "head", *(side + part for side in ("left", "right") for part in
    ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")),
}  # fmt: skip


def about(scene):
    return scene.document.json["extensions"]["VRMC_vrm_animation"]


def test_the_body_is_the_vrm_body(make_performance, tmp_path):
    performance = make_performance(1.0)
    scene = GlbScene(VrmaExporter.write(performance, tmp_path / "a.vrma"))
    bones = about(scene)["humanoid"]["humanBones"]
    assert set(bones) >= REQUIRED
    assert not {"leftEye", "rightEye"} & set(bones)
    ours = to_humanoid(performance.motion, "vrm")
    theirs = scene.positions(20 / 30)
    for name, place in zip(ours.skeleton.names, ours.forward()[0][20], strict=True):
        assert np.abs(theirs[name] - place).max() < 1e-4
    moved = {scene.names[node] for node, path in scene.tracks if path == "translation"}
    assert moved & set(ours.skeleton.names) == {"hips"}


def test_expressions_are_x_of_their_nodes(make_performance, tmp_path):
    performance = make_performance(1.0)
    scene = GlbScene(VrmaExporter.write(performance, tmp_path / "a.vrma"))
    found = about(scene)["expressions"]
    assert set(found["custom"]) == set(ARKIT_NAMES)
    assert not {"lookUp", "lookDown", "lookLeft", "lookRight"} & set(found["preset"])
    for name, item in found["custom"].items():
        x = scene.value(item["node"], "translation", 10 / 30)
        assert x == pytest.approx([performance.face.channel(name)[20], 0, 0], abs=1e-5)
    x = scene.value(found["preset"]["blinkLeft"]["node"], "translation", 10 / 30)
    assert x[0] == pytest.approx(performance.face.channel("eyeBlinkLeft")[20], abs=1e-5)


@pytest.mark.parametrize("lip", LIPS)
def test_a_vowels_shape_becomes_its_preset(lip, with_face, tmp_path):
    weights = np.zeros((6, 52))
    for name, value in LIPS[lip].items():
        for spelling in (name, f"{name}Left", f"{name}Right"):
            if spelling in ARKIT_INDEX:
                weights[:, ARKIT_INDEX[spelling]] = value
    face = FaceTrack(weights, np.tile([1.0, 0, 0, 0], (6, 1)), np.zeros((6, 2)), 60.0)
    scene = GlbScene(VrmaExporter.write(with_face(face), tmp_path / "a.vrma", expressions="presets"))
    found = about(scene)["expressions"]
    assert "custom" not in found
    x = {name: scene.value(item["node"], "translation", 0.0)[0] for name, item in found["preset"].items()}
    assert x[lip] == pytest.approx(1.0, abs=0.02)
    assert all(x[other] < 0.03 for other in LIPS if other != lip)


def test_the_gaze_turns_one_node(make_performance, tmp_path):
    performance = make_performance(0.5)
    face = performance.face
    gaze = np.tile([0.3, 0.0], (len(face), 1))  # to the character's left
    scene = GlbScene(VrmaExporter.write(replace(performance, face=replace(face, gaze=gaze)), tmp_path / "a.vrma"))
    x, y, z, w = scene.value(about(scene)["lookAt"]["node"], "rotation", 0.2)
    assert (x, z) == pytest.approx((0, 0), abs=1e-6)
    assert 2 * np.arctan2(y, w) == pytest.approx(0.3, abs=1e-5)


def test_unknown_kinds_are_refused(tmp_path):
    with pytest.raises(GengineError, match="choose from both"):
        VrmaExporter(tmp_path / "a.vrma", expressions="all")
