"""Blender's own BVH importer must put every joint where we do."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gengine.core.motion import Motion
from gengine.formats.bvh import write_bvh
from gengine.formats.bvh_reader import read_bvh
from gengine.retarget.humanoid import to_humanoid
from gengine.retarget.joint_names import RIGS

pytestmark = pytest.mark.blender
HERE = Path(__file__).parent


def in_blender(python: Path, files: list[Path], folder: Path, scale: float = 0.01) -> list[dict[str, np.ndarray]]:
    jobs = [{"bvh": str(f), "scale": scale, "out": str(folder / f"{i}.npz")} for i, f in enumerate(files)]
    (folder / "job.json").write_text(json.dumps(jobs))
    done = subprocess.run([python, HERE / "read_bvh.py", folder / "job.json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return [dict(np.load(job["out"])) for job in jobs]


def assert_agrees(theirs: dict[str, np.ndarray], ours: Motion) -> None:
    assert len(theirs["heads"]) - len(ours) in (0, 1)  # the importer may end the scene one frame late
    assert abs(theirs["fps"] / ours.fps - 1) < 1e-3
    columns = [list(theirs["names"]).index(name) for name in ours.skeleton.names]
    difference = np.abs(theirs["heads"][: len(ours), columns] - ours.forward()[0])
    assert difference.max() < 1e-4, f"{difference.max():.6f} m"


def test_every_rig_we_write(blender, make_motion, tmp_path):
    motion = make_motion(90, fps=60, size=0.7)
    files = [
        write_bvh(motion, tmp_path / f"{rig}.bvh", skeleton=rig, tpose_frame=rig == "unity") for rig in ("beat", *RIGS)
    ]
    for rig, theirs in zip(("beat", *RIGS), in_blender(blender, files, tmp_path), strict=True):
        ours = to_humanoid(motion, rig)
        assert len(theirs["names"]) == len(ours.skeleton)
        if rig == "unity":
            theirs["heads"] = theirs["heads"][1:]
        assert_agrees(theirs, ours)


@pytest.mark.data
def test_files_of_others_read_as_blender_reads_them(blender, reference_data, tmp_path):
    files = [
        reference_data / "mocap_styles" / "dataset-1_walk_happy_001.bvh",
        reference_data / "mocap_styles" / "dataset-1_bow_tired_001.bvh",
        reference_data / "mocap_mpi" / "060.bvh",
        _first_rows(reference_data / "bvh_misc" / "zeggs_067_speech_2.bvh", tmp_path / "zeggs.bvh", 100),
    ]
    for path, theirs in zip(files, in_blender(blender, files, tmp_path), strict=True):
        assert_agrees(theirs, read_bvh(path))


def _first_rows(source: Path, path: Path, count: int) -> Path:
    header, _, motion = source.read_text().partition("MOTION")
    lines = motion.split("\n")
    path.write_text("\n".join([header + "MOTION", f"Frames: {count}", *lines[2 : 3 + count]]) + "\n")
    return path
