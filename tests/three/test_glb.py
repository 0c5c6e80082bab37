"""Khronos' validator finds nothing, and three.js plays our files as we mean them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from gengine.avatars.importing.gltf_figure import load_glb_avatar
from gengine.avatars.making.dress import bare_avatar
from gengine.core import rotation
from gengine.core.avatar import skinned
from gengine.core.face import ARKIT_NAMES
from gengine.formats.glb import GlbExporter
from gengine.formats.vrma import VrmaExporter
from gengine.retarget.avatar_pose import to_avatar
from tests.avatars.foreign import a_pose, foreign, save

pytestmark = pytest.mark.node
ALLOWED = {"IMAGE_NPOT_DIMENSIONS", "UNUSED_OBJECT", "NODE_EMPTY", "UNSUPPORTED_EXTENSION"}
"""Remarks without harm: picture sizes, coordinates without a texture, VRMA's expression nodes and extension."""


def test_the_validator_finds_nothing(three, make_performance, tmp_path):
    performance = make_performance(0.7)
    own = GlbExporter.write(performance, tmp_path / "dressed.glb")
    turned = load_glb_avatar(own)
    turned = replace(turned, rest=np.tile(rotation.from_rotvec([0.3, -0.2, 0.5]), (len(turned.skeleton), 1)))
    files = [
        own,
        GlbExporter.write(performance, tmp_path / "alone.glb", animation_only=True),
        GlbExporter.write(performance, tmp_path / "other_rest.glb", avatar=turned, fps=25.0),
        GlbExporter.write(replace(performance, motion=None), tmp_path / "face.glb", avatar=bare_avatar("emi")),
        VrmaExporter.write(performance, tmp_path / "a.vrma"),
    ]
    done = subprocess.run(["node", three / "validate.mjs", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    for path, line in zip(files, done.stdout.splitlines(), strict=True):
        issues = json.loads(line)["issues"]
        codes = {(m["code"], m["severity"]) for m in issues["messages"]}
        assert issues["numErrors"] == issues["numWarnings"] == 0, f"{path.name}: {codes}"
        assert {code for code, _ in codes} <= ALLOWED, path.name


@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_three_plays_the_performance(whose, three, make_performance, tmp_path):
    avatar = bare_avatar("clara")
    if whose == "theirs":  # an A-pose with random rest rotations
        with pytest.warns(UserWarning, match="T-pose"):
            avatar = load_glb_avatar(save(foreign(avatar, str, a_pose(avatar)), tmp_path / "theirs.glb"))
    performance = make_performance(1.0)
    path = GlbExporter.write(performance, tmp_path / "a.glb", avatar=avatar)
    frames = [0, 9, 22]
    (tmp_path / "times.json").write_text(json.dumps([f / 30 for f in frames]))
    command = ["node", three / "read_glb.mjs", path, tmp_path / "times.json", tmp_path / "out.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    about = json.loads((tmp_path / "out.json").read_text())
    assert about["duration"] == pytest.approx(59 / 60)

    pose = to_avatar(avatar, performance.motion, performance.face, 30.0)
    positions, _ = avatar.skeleton.forward(pose.rotations, pose.root)
    for frame, theirs in zip(frames, about["frames"], strict=True):
        for name, place in zip(avatar.skeleton.names, positions[frame], strict=True):
            assert np.abs(np.array(theirs["bones"][name]) - place).max() < 1e-3, name
        for weights in theirs["morphs"].values():
            for name, weight in weights.items():
                assert abs(weight - performance.face.channel(name)[2 * frame]) < 1e-3
        matrices = avatar.skin_matrices(pose.rotations[frame : frame + 1], pose.root[frame : frame + 1])[0]
        weights = dict(zip(ARKIT_NAMES, pose.morphs[frame].tolist(), strict=True))
        for part in avatar.parts:
            ours = skinned(part, matrices, part.morphs.apply(part.vertices, weights))
            for index, *place in theirs["vertex"][part.name]:
                assert np.abs(np.array(place) - ours[index]).max() < 1e-3, (part.name, index)
