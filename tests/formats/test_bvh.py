"""BVH: BEAT's layout out, anything in."""

from __future__ import annotations

import re
import time
import tracemalloc
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import FormatError, GengineError
from gengine.formats.bvh import BvhExporter, write_bvh
from gengine.formats.bvh_reader import read_bvh


def positions(motion: Motion) -> np.ndarray:
    return motion.forward()[0]


def test_layout_is_beats(make_motion, tmp_path):
    lines = write_bvh(make_motion(12, fps=60), tmp_path / "a.bvh").read_bytes().decode("ascii").split("\n")
    assert lines[:5] == [
        "HIERARCHY", "ROOT Hips", "{", "\tOFFSET 0.000000 0.000000 0.000000",
        "\tCHANNELS 6 Xposition Yposition Zposition Xrotation Yrotation Zrotation",
    ]  # fmt: skip
    assert lines[428:431] == ["MOTION", "Frames: 12", "Frame Time: 0.016666666666667"]
    header = "\n".join(lines[:428])
    assert re.findall(r"(?:ROOT|JOINT) (\S+)", header) == list(beat_skeleton().names)
    assert header.count("CHANNELS 3 Xrotation Yrotation Zrotation") == 74
    ends = np.array(re.findall(r"End Site\s+{\s+OFFSET (\S+) (\S+) (\S+)", header), float)
    assert len(ends) == 13
    assert (np.linalg.norm(ends, axis=1) > 1).all()
    rows = lines[431:]
    assert rows.pop() == ""
    assert len(rows) == 12
    for row in rows:
        assert re.fullmatch(r"(-?\d+\.\d{6} ){227}-?\d+\.\d{6}", row)
        assert "-0.000000" not in row.split()


def test_it_stands_on_the_ground_in_centimetres(make_motion, tmp_path):
    motion = make_motion(3)
    row = write_bvh(motion, tmp_path / "a.bvh").read_text().splitlines()[431]
    assert np.allclose(np.fromstring(row, sep=" ")[:3], motion.root[0] * 100, atol=1e-5)


def test_round_trip(make_motion, tmp_path):
    motion = make_motion(200, size=2.5)
    back = read_bvh(write_bvh(motion, tmp_path / "a.bvh"))
    assert back.fps == 30
    assert back.skeleton.names == motion.skeleton.names
    assert rotation.angle(back.rotations, motion.rotations).max() < 2e-3  # arccos near 1
    assert np.abs(positions(back) - positions(motion)).max() < 1e-5


def test_stretches_make_the_same_file_with_continuous_angles(make_performance, tmp_path):
    performance = make_performance(3.0)
    whole = BvhExporter.write(replace(performance, motion=_spin()), tmp_path / "whole.bvh")
    with BvhExporter(tmp_path / "parts.bvh") as out:
        for first in range(0, 300, 7):
            out.append(replace(performance, motion=_spin()[first : first + 7]))
    assert whole.read_bytes() == (tmp_path / "parts.bvh").read_bytes()
    rows = np.loadtxt(whole, skiprows=431)
    assert np.abs(np.diff(rows[:, 3:], axis=0)).max() < 120  # near the pole steps are large, but never half a turn
    assert rows[:, 3:].max() > 1000  # it goes round and round without a jump
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".bvh"] == []


def _spin() -> Motion:
    """Every joint turns steadily about an axis of its own, several times round."""
    rng = np.random.default_rng(3)
    axis = rotation.normalize(rng.standard_normal((75, 4)))[:, :3]
    axis[0] = [1, 0, 0]
    turn = rotation.from_rotvec(np.arange(300)[:, None, None] * 0.08 * axis)
    return Motion(beat_skeleton(), turn, np.zeros((300, 3)), 30)


def test_frames_and_frame_time_share_their_room(make_motion, tmp_path):
    for frames in (0, 1, 10, 1234):
        path = write_bvh(make_motion(frames), tmp_path / "a.bvh")
        assert f"\nFrames: {frames}\n" in path.read_text()
        assert len(read_bvh(path)) == frames


def test_tpose_frame_comes_first(make_motion, tmp_path):
    motion = make_motion(5)
    back = read_bvh(write_bvh(motion, tmp_path / "a.bvh", tpose_frame=True))
    assert len(back) == 6
    assert np.allclose(back.rotations[0], rotation.IDENTITY)
    assert abs(positions(back)[0, :, 1].min()) < 1e-5
    assert np.allclose(back.root[1:], motion.root, atol=1e-6)


def test_bad_use_is_an_error_and_leaves_nothing(make_motion, make_performance, tmp_path):
    motion = make_motion(5)
    with pytest.raises(GengineError, match="mixamo"):
        BvhExporter(tmp_path / "a.bvh", skeleton="nonesuch")
    with pytest.raises(GengineError, match="colour"):
        BvhExporter(tmp_path / "a.bvh", colour=1)
    with pytest.raises(GengineError, match="no motion"), BvhExporter(tmp_path / "a.bvh") as out:
        out.append(replace(make_performance(0.2), motion=None))
    with pytest.raises(GengineError, match="continue"), BvhExporter(tmp_path / "a.bvh") as out:
        out.append_motion(motion)
        out.append_motion(replace(motion, fps=60))
    with pytest.raises(GengineError, match="NaN"):
        write_bvh(replace(motion, root=motion.root * np.nan), tmp_path / "a.bvh")
    with pytest.raises(GengineError, match="at least one"), BvhExporter(tmp_path / "a.bvh"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_long_motion_is_written_fast_in_flat_memory(make_motion, tmp_path):
    minute = make_motion(1800)
    with BvhExporter(tmp_path / "a.bvh") as out:
        out.append_motion(minute)
        tracemalloc.start()
        out.append_motion(minute)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        began = time.process_time()
        for _ in range(4):
            out.append_motion(minute)
        seconds = time.process_time() - began
    assert peak < 40e6
    assert 4 * 60 / seconds > 100
    assert len(read_bvh(tmp_path / "a.bvh")) == 6 * 1800


# Reading what others write

FOREIGN = """\ufeffHIERARCHY\r
ROOT Hips\r
{\r
  OFFSET\t0 90 0\r
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation\r
  JOINT left arm {\r
      OFFSET 20 0 0\r
      CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation\r
      JOINT Twin\r
      {\r
        OFFSET 0 30 0\r
        CHANNELS 1 Zrotation\r
      }\r
  }\r
  JOINT Twin\r
  {\r
    OFFSET 0 50 0\r
    CHANNELS 3 XRotation yrotation Zrotation\r
    End Site\r
    {\r
      OFFSET 0 0 0\r
    }\r
  }\r
}\r
MOTION\r
Frames:\t2.0\r
Frame Time:\t0.0333333\r
1 91 2 10 20 30\t21 0 0 40 50 60 70 0 0 0\r
1e0 9.1e1 2 0 0 0 21 0 0 0 0 0 90 1 2 3\r
\r
"""


def test_any_dialect_is_read(tmp_path):
    path = tmp_path / "f.bvh"
    path.write_text(FOREIGN, newline="")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        motion = read_bvh(path)
    assert motion.fps == 30
    assert motion.skeleton.names == ("Hips", "left arm", "Twin", "Twin.001")
    assert list(motion.skeleton.parents) == [-1, 0, 1, 0]
    assert np.allclose(motion.root, [[0.01, 0.91, 0.02]] * 2)
    assert np.allclose(motion.skeleton.offsets[1], [0.21, 0, 0])  # constant position channels replace the OFFSET

    def axis(name: str, degrees: float) -> np.ndarray:
        return rotation.from_rotvec(np.radians(degrees) * np.eye(3)["XYZ".index(name)])

    def product(*turns: tuple[str, float]) -> np.ndarray:
        out = rotation.IDENTITY
        for turn in turns:
            out = rotation.multiply(out, axis(*turn))
        return out

    assert np.allclose(motion.rotations[0, 0], product(("Z", 10), ("Y", 20), ("X", 30)), atol=1e-6)
    assert np.allclose(motion.rotations[0, 1], product(("Y", 40), ("X", 50), ("Z", 60)), atol=1e-6)
    assert np.allclose(motion.rotations[0, 2], product(("Z", 70)), atol=1e-6)
    assert np.allclose(motion.rotations[1, 3], product(("X", 1), ("Y", 2), ("Z", 3)), atol=1e-6)
    assert np.allclose(positions(motion)[1, 2], [0.22, 1.21, 0.02], atol=1e-6)
    assert np.allclose(positions(read_bvh(path, add_offsets=True))[1, 2], [0.42, 2.11, 0.02], atol=1e-6)
    assert np.allclose(positions(read_bvh(path, scale=1.0))[1, 2], [22, 121, 2], atol=1e-4)
    assert read_bvh(path, fps=15).fps == 15
    assert abs(positions(read_bvh(path, ground=True))[..., 1].min()) < 1e-6


def test_counts_and_lengths_that_lie_are_warnings(tmp_path):
    path = tmp_path / "f.bvh"
    path.write_text(FOREIGN.replace("2.0", "3"))
    with pytest.warns(UserWarning, match="says 3 frames, the file has 2"):
        assert len(read_bvh(path)) == 2
    path.write_text(FOREIGN.replace("21 0 0 0 0 0", "31 0 0 0 0 0"))
    with pytest.warns(UserWarning, match="'left arm' changes its length by up to 0.050 m"):
        assert len(read_bvh(path)) == 2


def test_metres_and_millimetres_are_recognised(make_motion, tmp_path):
    motion = make_motion(3)
    text = write_bvh(motion, tmp_path / "a.bvh").read_text()
    for factor in (0.01, 10.0):

        def scaled(match: re.Match, factor: float = factor) -> str:
            return "OFFSET " + " ".join(f"{float(x) * factor:.9f}" for x in match[1].split())

        path = tmp_path / "b.bvh"
        path.write_text(re.sub(r"OFFSET (.*)", scaled, text))
        assert np.allclose(read_bvh(path).skeleton.offsets, motion.skeleton.offsets, atol=1e-6)


DAMAGE = {
    "cut row": (FOREIGN[:-12], "line 29: 12 values, expected 16"),
    "nan": (FOREIGN.replace("40 50 60", "40 nan 60"), "line 28: value 11 is 'nan'"),
    "word": (FOREIGN.replace("40 50 60", "40 5O 60"), "line 28: value 11 is '5O'"),
    "comma": (FOREIGN.replace("40 50 60", "40 5,0 60"), "line 28: value 11 is '5,0'"),
    "long row": (FOREIGN.replace("40 50 60", "40 50 60 70"), "line 28: 17 values"),
    "no rows": (FOREIGN[: FOREIGN.index("1 91")], "before its first row"),
    "cut header": (FOREIGN[: FOREIGN.index("JOINT Twin")], "inside its hierarchy"),
    "offset": (FOREIGN.replace("OFFSET 20 0 0", "OFFSET 20 x 0"), "line 7: OFFSET"),
    "channels": (FOREIGN.replace("CHANNELS 1", "CHANNELS 2"), "line 12: CHANNELS 2 names 1"),
    "channel": (FOREIGN.replace("1 Zrotation", "1 Wrotation"), "line 12: channel 'Wrotation'"),
    "channel twice": (
        FOREIGN.replace("XRotation yrotation", "XRotation xrotation"),
        "line 18: channel 'xrotation' a",
    ),
    "position twice": (FOREIGN.replace("6 Xposition Y", "6 Xposition X"), "line 5: channel 'Xposition' a second time"),
    "no opener": (FOREIGN.replace("MOTION", "{\nMOTION"), "a brace that opens no joint"),
    "motion inside": (FOREIGN.replace("CHANNELS 1", "MOTION\nCHANNELS 1"), "line 12: MOTION before"),
    "stray word": (FOREIGN.replace("CHANNELS 1", "LIMITS 1"), "line 12: 'LIMITS 1 Zrotation' is not part"),
    "two roots": (FOREIGN.replace("MOTION", "ROOT b\n{\n}\nMOTION"), "second root"),
    "brace": (FOREIGN.replace("MOTION", "}\nMOTION"), "brace too many"),
    "frame time": (FOREIGN.replace("0.0333333", "0"), "Frame Time"),
    "foreign": ("glTF\x02\x00\x00", "expected HIERARCHY"),
    "empty": ("", "empty or truncated"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_names_its_line(tmp_path, name):
    text, message = DAMAGE[name]
    path = tmp_path / "bad.bvh"
    path.write_text(text, newline="")
    with pytest.raises(FormatError, match="bad.bvh") as caught:
        read_bvh(path)
    assert message in str(caught.value)


def test_absent_file_is_a_format_error(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_bvh(tmp_path / "absent.bvh")


def test_a_reference_node_is_folded_into_the_hips(tmp_path):
    path = tmp_path / "f.bvh"
    header = """HIERARCHY\nROOT node\n{\nOFFSET 0 0 0
    CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
    JOINT Hips\n{\nOFFSET 0 90 0\nCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
    JOINT Chest\n{\nOFFSET 0 30 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n}\nJOINT Leg\n{\nOFFSET 0 -40 0\n}\n}\n}
MOTION\nFrames: 2\nFrame Time: 0.04\n"""
    rows = "100 0 0 0 0 90 0 80 10 0 0 0 0 0 0\n100 0 0 0 0 0 0 90 10 90 0 0 0 0 0\n"
    path.write_text(header + rows)
    motion = read_bvh(path)
    assert motion.skeleton.names == ("Hips", "Chest", "Leg")
    world = positions(motion)
    assert np.allclose(world[0, :2], [[1.1, 0.8, 0], [1.1, 1.1, 0]], atol=1e-6)
    assert np.allclose(world[1, :2], [[1.0, 0.9, 0.1], [0.7, 0.9, 0.1]], atol=1e-6)


def _corpus(folder: Path) -> list[Path]:
    return [
        folder / "bvh_misc" / "zeggs_067_speech_2.bvh",
        *sorted((folder / "mocap_styles").glob("*.bvh"))[::12],
        *sorted((folder / "mocap_mpi").glob("*.bvh"))[::12],
    ]


@pytest.mark.data
def test_real_files_round_trip(reference_data, tmp_path):
    for path in _corpus(reference_data):
        motion = read_bvh(path)
        back = read_bvh(write_bvh(motion, tmp_path / "a.bvh"))
        assert back.fps == motion.fps
        assert np.abs(positions(back) - positions(motion)).max() < 1e-5, path.name


@pytest.mark.data
def test_real_figures_have_human_size(reference_data):
    for path in _corpus(reference_data):
        motion = read_bvh(path)
        offsets = np.linalg.norm(motion.skeleton.offsets, axis=1)
        assert 0.3 < offsets.max() < 0.55, path.name  # a shin or thigh
    styles = read_bvh(_corpus(reference_data)[1])
    assert (len(styles.skeleton), styles.fps) == (21, 30)
    zeggs = read_bvh(_corpus(reference_data)[0])
    assert 0.8 < zeggs.root[0, 1] < 0.95  # its OFFSET is not added to its positions


@pytest.mark.data
def test_beats_own_clip(reference_data, tmp_path):
    path = reference_data / "beat" / "2_scott_0_1_1" / "2_scott_0_1_1.bvh"
    with pytest.warns(UserWarning, match="says 7669 frames, the file has 957"):
        motion = read_bvh(path, fps=15)
    assert motion.fps == 15
    assert motion.skeleton.names == beat_skeleton().names
    assert np.array_equal(motion.skeleton.parents, beat_skeleton().parents)
    theirs = path.read_text().splitlines()[:429]
    ours = write_bvh(motion, tmp_path / "a.bvh").read_text().splitlines()[:429]
    for a, b in zip(theirs, ours, strict=True):
        assert re.sub(r"-?\d+\.\d+", "#", a) == re.sub(r"-?\d+\.\d+", "#", b)
        numbers = [[float(x) for x in re.findall(r"-?\d+\.\d+", line)] for line in (a, b)]
        assert np.allclose(*numbers, atol=5e-5)


def test_a_chain_without_rotations_is_read(tmp_path):
    chain = Skeleton(("a", "b"), np.array([-1, 0]), np.array([[0, 0, 0], [0.0, 0.5, 0]]))
    motion = Motion(chain, np.tile(rotation.IDENTITY, (2, 2, 1)), np.zeros((2, 3)), 25)
    assert np.allclose(positions(read_bvh(write_bvh(motion, tmp_path / "a.bvh"))), positions(motion))
