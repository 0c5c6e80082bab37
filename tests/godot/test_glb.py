"""Godot 3 imports avatar.glb: bones, morphs and their curves."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from gengine.avatars.making.dress import bare_avatar
from gengine.core.face import ARKIT_NAMES
from gengine.formats.glb import GlbExporter
from gengine.retarget.avatar_pose import to_avatar

HERE = Path(__file__).parent
PATIENCE = 60.0
"""Seconds that the editor may take to import; it does not end by itself."""


@pytest.mark.slow
@pytest.mark.godot
def test_bones_morphs_and_curves(make_performance, tmp_path):
    godot = shutil.which("godot3-server")
    if godot is None:
        pytest.skip("godot3-server is not installed")
    avatar, performance = bare_avatar("anna"), make_performance(0.5)
    GlbExporter.write(performance, tmp_path / "avatar.glb", avatar=avatar)
    (tmp_path / "project.godot").write_text('config_version=4\n[application]\nconfig/name="avatar"\n')
    editor = subprocess.Popen(
        [godot, "--path", tmp_path, "--editor", "--quit"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + PATIENCE
        while not list((tmp_path / ".import").glob("avatar.glb-*.md5")):
            assert time.monotonic() < end, "Godot did not import the file"
            time.sleep(0.2)
    finally:
        editor.kill()
        editor.wait()
    shutil.copy(HERE / "read_glb.gd", tmp_path / "read.gd")
    done = subprocess.run(
        [godot, "--path", tmp_path, "-s", "read.gd"], capture_output=True, text=True, timeout=PATIENCE
    )
    found = json.loads(
        next(line for line in done.stdout.splitlines() if line.startswith("RESULT ")).removeprefix("RESULT ")
    )
    assert found["bones"] == len(avatar.skeleton)
    assert found["morphs"] == 52
    assert found["turns"] >= len(avatar.skeleton)
    assert found["length"] == pytest.approx(29 / 60, abs=0.02)
    turns = to_avatar(avatar, performance.motion, None, 30.0).rotations
    theirs = {name.replace("_", ""): turn for name, turn in found["rotations"].items()}  # Godot 3 writes left_hand
    for j, name in enumerate(avatar.skeleton.names):
        if name not in avatar.eyes:
            x, y, z, w = theirs[name.lower()]
            assert abs(abs(np.dot([w, x, y, z], turns[10, j])) - 1) < 2e-4, (
                name
            )  # its importer drops keys within its own tolerance
    for name in ARKIT_NAMES:
        keys = np.array(found["weights"][name])
        ours = np.interp(keys[:, 0], np.arange(30) / 60, performance.face.channel(name))
        assert np.abs(keys[:, 1] - ours).max() < 2e-3, name
