"""Blender reads avatar.glb, and the .fbx it makes of it, with our joints and our morph weights."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gengine.avatars import load_avatar
from gengine.avatars.making.dress import bare_avatar
from gengine.core.face import ARKIT_NAMES
from gengine.formats.fbx import FbxExporter
from gengine.formats.glb import GlbExporter
from gengine.retarget.avatar_pose import to_avatar

pytestmark = pytest.mark.blender
HERE = Path(__file__).parent
FRAMES = [0, 14, 28]


def test_bones_and_shape_keys(blender, make_performance, tmp_path, monkeypatch):
    monkeypatch.setenv("GENGINE_BPY_PYTHON", str(blender))
    performance = make_performance(0.5)
    dressed, bare = load_avatar("anna"), bare_avatar("ben")
    files = [
        (dressed, GlbExporter.write(performance, tmp_path / "avatar.glb", avatar=dressed)),
        (bare, FbxExporter.write(performance, tmp_path / "avatar.fbx", avatar=bare)),
    ]
    jobs = [
        {"file": str(path), "fps": 60, "frames": FRAMES, "out": str(path.with_suffix(path.suffix + ".npz"))}
        for _, path in files
    ]
    (tmp_path / "job.json").write_text(json.dumps(jobs))
    done = subprocess.run([blender, HERE / "read_avatar.py", tmp_path / "job.json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    for (avatar, path), job in zip(files, jobs, strict=True):
        theirs = dict(np.load(job["out"]))
        pose = to_avatar(avatar, performance.motion, performance.face, 30.0)
        positions, _ = avatar.skeleton.forward(pose.rotations, pose.root)
        columns = [list(theirs["bones"]).index(name) for name in avatar.skeleton.names]
        off = np.abs(theirs["heads"][:, columns] - positions[[f // 2 for f in FRAMES]])
        assert off.max() < 1e-3, f"{path.name}: {off.max():.5f} m"
        assert sorted(theirs["keys"]) == sorted(ARKIT_NAMES)
        ours = performance.face.weights[FRAMES][:, [ARKIT_NAMES.index(k) for k in theirs["keys"]]]
        assert np.abs(theirs["weights"] - ours).max() < 1e-3, path.name
        if avatar is dressed:
            pictures = {p.material.texture.tobytes() for p in avatar.parts if p.material.texture is not None}
            assert theirs["images"] >= len(pictures) > 0  # equal ones are shared
    assert {p.name for p in tmp_path.iterdir()} == {
        "avatar.glb",
        "avatar.fbx",
        "job.json",
        *(Path(j["out"]).name for j in jobs),
    }
