"""three.js must put every joint where we do."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

from gengine.formats.bvh import write_bvh
from gengine.retarget.humanoid import to_humanoid
from gengine.retarget.joint_names import RIGS

pytestmark = pytest.mark.node


def test_every_rig_we_write(three, make_motion, tmp_path):
    motion = make_motion(90, fps=60, size=0.7)
    rigs = ("beat", *RIGS)
    pairs = [(write_bvh(motion, tmp_path / f"{rig}.bvh", skeleton=rig), tmp_path / f"{rig}.f32") for rig in rigs]
    command = ["node", three / "read_bvh.mjs", *(path for pair in pairs for path in pair)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    for rig, line, (_, out) in zip(rigs, done.stdout.splitlines(), pairs, strict=True):
        about, ours = json.loads(line), to_humanoid(motion, rig)
        assert about["frames"] == len(motion)
        assert abs(about["fps"] - 60) < 1e-3
        assert len(about["names"]) == len(ours.skeleton)
        theirs = np.fromfile(out, np.float32).reshape(len(motion), -1, 3) / 100
        columns = [about["names"].index(name.replace(":", "")) for name in ours.skeleton.names]
        assert np.abs(theirs[:, columns] - ours.forward()[0]).max() < 1e-4
