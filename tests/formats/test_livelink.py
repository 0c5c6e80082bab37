"""Live Link Face recordings, ours and real ones."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.errors import FormatError, GengineError
from gengine.formats.livelink import LiveLinkExporter, read_livelink


def still(frames: int = 4, fps: float = 60.0) -> FaceTrack:
    return FaceTrack(np.zeros((frames, 52)), np.tile(rotation.IDENTITY, (frames, 1)), np.zeros((frames, 2)), fps)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.data
def test_the_header_is_the_apps_own(make_performance, reference_data, tmp_path):
    path = LiveLinkExporter.write(make_performance(0.5), tmp_path / "face.csv")
    expected = (reference_data / "tables" / "livelinkface_csv_header.txt").read_text().strip()
    assert path.read_text().splitlines()[0] == expected
    capture = reference_data / "arkit_motion" / "livelinkface_alex_rom_4.csv"
    assert capture.read_text().splitlines()[0] == expected


def test_unreals_importer_rules(make_performance, tmp_path):
    path = LiveLinkExporter.write(make_performance(1.0), tmp_path / "face.csv")
    raw = path.read_bytes()
    assert b"\r" not in raw
    lines = raw.decode("ascii").splitlines()
    assert len(lines) == 61
    assert {line.count(",") for line in lines} == {62}
    assert all(cell for line in lines for cell in line.split(","))
    assert {line.split(",")[1] for line in lines[1:]} == {"61"}


def test_left_and_right_go_to_their_own_columns(with_face, tmp_path):
    face = still(1)
    face.weights[0, ARKIT_INDEX["jawLeft"]] = 0.25
    face.weights[0, ARKIT_INDEX["mouthRight"]] = 0.5
    path = LiveLinkExporter.write(with_face(face), tmp_path / "face.csv")
    row = table(path)[0]
    assert {k: float(v) for k, v in row.items() if k not in ("Timecode", "BlendShapeCount") and float(v)} == {
        "JawLeft": 0.25, "MouthRight": 0.5,
    }  # fmt: skip
    cells = path.read_text().splitlines()[1].split(",")
    assert float(cells[2 + 16]) == 0.25  # JawRight comes first in the file
    assert float(cells[2 + 21]) == 0.5


@pytest.mark.parametrize(("fps", "frame"), [(60.0, "31.000"), (30.0, "02.000"), (25.0, "14.400")])
def test_timecodes_count_sixtieths_whatever_the_rate(with_face, tmp_path, fps, frame):
    performance = replace(with_face(still(int(62 * fps), fps)), start=3600 - 30.0)
    rows = table(LiveLinkExporter.write(performance, tmp_path / "face.csv"))
    codes = [row["Timecode"] for row in rows]
    assert codes[0] == "01:59:30:00.000"
    assert codes[31].split(":")[3] == frame
    assert codes[int(30 * fps)] == "02:00:00:00.000"


def test_third_frames_never_round_to_sixty(with_face, tmp_path):
    fps = 60000 / 1001
    rows = table(LiveLinkExporter.write(with_face(still(4000, fps)), tmp_path / "face.csv", hour=23))
    frames = np.array([float(r["Timecode"].split(":")[3]) for r in rows])
    assert frames.max() < 60
    back = read_livelink(tmp_path / "face.csv")
    assert (len(back), back.fps) == (4000, fps)


def test_angles_are_radians_with_the_signs_of_real_captures(with_face, tmp_path):
    face = still(1)
    # head turned 0.3 to the character's left, nodded 0.2 down; eyes 0.1 to the left and 0.05 up
    head = rotation.multiply(rotation.from_rotvec([0, 0.3, 0]), rotation.from_rotvec([0.2, 0, 0]))
    face = replace(face, head=head[None], gaze=np.array([[0.1, 0.05]]))
    row = table(LiveLinkExporter.write(with_face(face), tmp_path / "face.csv"))[0]
    expected = {"HeadYaw": -0.3, "HeadPitch": 0.2, "HeadRoll": 0, "LeftEyeYaw": -0.1, "LeftEyePitch": -0.05}
    for name, value in expected.items():
        assert abs(float(row[name]) - value) < 1e-6, name
    assert row["LeftEyePitch"] == row["RightEyePitch"]
    degrees = table(LiveLinkExporter.write(with_face(face), tmp_path / "d.csv", degrees=True))[0]
    assert abs(float(degrees["HeadYaw"]) + np.degrees(0.3)) < 1e-5
    assert np.allclose(read_livelink(tmp_path / "d.csv", degrees=True).head, face.head, atol=1e-6)


def test_round_trip(make_performance, tmp_path):
    face = make_performance(3.0).face
    back = read_livelink(LiveLinkExporter.write(make_performance(3.0), tmp_path / "face.csv"))
    assert back.fps == face.fps
    assert np.abs(back.weights - face.weights).max() < 1e-9
    assert np.abs(back.gaze - face.gaze).max() < 1e-6
    assert np.abs((back.head * face.head).sum(1)).min() > 1 - 1e-6


def test_stretches_make_the_same_file(make_performance, tmp_path):
    performance = make_performance(3.0)
    whole = LiveLinkExporter.write(performance, tmp_path / "whole.csv")
    with LiveLinkExporter(tmp_path / "parts.csv") as out:
        for t in np.arange(6) / 2:
            out.append(performance.slice(t, t + 0.5))
    assert whole.read_bytes() == (tmp_path / "parts.csv").read_bytes()


def test_bad_use_is_an_error_and_leaves_nothing(make_performance, with_face, tmp_path):
    with pytest.raises(GengineError, match="no face"):
        LiveLinkExporter.write(replace(make_performance(0.1), face=None), tmp_path / "a.csv")
    with pytest.raises(GengineError, match="NaN"):
        LiveLinkExporter.write(with_face(replace(still(), gaze=np.full((4, 2), np.nan))), tmp_path / "a.csv")
    with pytest.raises(GengineError, match="continue"), LiveLinkExporter(tmp_path / "a.csv") as out:
        out.append(with_face(still()))
        out.append(with_face(still(fps=30)))
    with pytest.raises(GengineError, match="at least one"), LiveLinkExporter(tmp_path / "a.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.data
def test_real_captures_read_as_they_are(reference_data):
    for path in sorted((reference_data / "arkit_motion").glob("*.csv")):
        rows = table(path)
        face = read_livelink(path)
        assert abs(face.fps - (30 if "alex" in path.name else 60)) < 0.15
        span = len(rows) / face.fps
        assert abs(face.duration - span) < 0.1
        for name in ("JawLeft", "JawRight", "MouthLeft", "MouthRight", "JawOpen", "TongueOut"):
            column = [float(r[name]) for r in rows[:50]]
            assert np.allclose(face.channel(name[0].lower() + name[1:])[:50], column, atol=1e-3), name


@pytest.mark.data
def test_real_gaze_agrees_with_the_eyes_own_curves(reference_data):
    """The sign and unit of the angles, measured: looking left and up must be positive."""
    face = read_livelink(reference_data / "arkit_motion" / "livelinkface_alex_rom_4.csv")
    left = face.channel("eyeLookOutLeft") - face.channel("eyeLookInLeft")
    up = face.channel("eyeLookUpLeft") - face.channel("eyeLookDownLeft")
    for gaze, curve in ((face.gaze[:, 0], left), (face.gaze[:, 1], up)):
        assert np.corrcoef(gaze, curve)[0, 1] > 0.97
        assert 0.4 < np.polyfit(curve, gaze, 1)[0] < 0.8  # radians at a full curve


def lines(*codes: str, value: str = "0.5") -> str:
    return "Timecode,BlendshapeCount,jawopen,Other,EyeBlink_L\n" + "".join(f"{c},61,{value},9,0.25\n" for c in codes)


def test_other_spellings_and_absent_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(lines("00:00:00:00", "00:00:00:02", "00:00:00:04.000"))
    face = read_livelink(path)
    assert face.fps == 30
    assert np.allclose(face.channel("jawOpen"), 0.5)
    assert np.allclose(face.channel("eyeBlinkLeft"), 0.25)
    assert np.count_nonzero(face.weights) == 6
    assert np.allclose(face.head, rotation.IDENTITY)


def test_dropped_frames_and_lost_faces_are_bridged(tmp_path):
    path = tmp_path / "a.csv"
    codes = [f"00:00:{s:02d}:{f:02d}.000" for s in range(2) for f in range(60) if (s, f) != (0, 30)]
    text = lines(*codes).splitlines()
    text[11] = text[11].split(",")[0] + ",0"
    path.write_text("\n".join(text))
    face = read_livelink(path)
    assert (len(face), face.fps) == (120, 60)
    assert np.allclose(face.channel("jawOpen"), 0.5)


def test_drop_frame_timecodes_make_no_gap(tmp_path):
    path = tmp_path / "a.csv"
    labels = [(m, s, f) for m in range(3) for s in range(60) for f in range(60) if not (m and s == 0 and f < 4)]
    path.write_text(lines(*(f"00:{m:02d}:{s:02d}:{f:02d}" for m, s, f in labels)))
    face = read_livelink(path)
    assert len(face) == len(labels)
    assert abs(face.fps - 60000 / 1001) < 1e-6


def test_midnight_passes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(lines("23:59:59:58.000", "23:59:59:59.000", "00:00:00:00.000", "00:00:00:01.000"))
    assert (len(read_livelink(path)), read_livelink(path).fps) == (4, 60)
    assert len(read_livelink(path, fps=120)) == 7


DAMAGE = {
    "short row": ("00:00:00:01.000,61,0.5,9\n", "line 3: 2 curves, expected 3"),
    "cut row": ("00:00:00:01.000\n", "line 3: 1 values, expected 5"),
    "word": ("00:00:00:01.000,61,0.5,x,0\n", "line 3: value 'x'"),
    "empty": ("00:00:00:01.000,61,,9,0\n", "line 3: value ''"),
    "nan": ("00:00:00:01.000,61,nan,9,0\n", "line 3: value 'nan'"),
    "timecode": ("00:00:01.000,61,0.5,9,0\n", "line 3: timecode '00:00:01.000'"),
    "backwards": ("00:00:00:01,61,0,0,0\n00:00:00:00,61,0,0,0\n", "line 4: the timecode runs backwards"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_names_its_line(tmp_path, name):
    tail, message = DAMAGE[name]
    path = tmp_path / "bad.csv"
    path.write_text(lines("00:00:00:00.000") + tail)
    with pytest.raises(FormatError) as caught:
        read_livelink(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "Timecode,BlendShapeCount,Other\n", lines()])
def test_foreign_files_are_format_errors(tmp_path, text):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match="bad.csv"):
        read_livelink(path)
    with pytest.raises(FormatError, match="cannot be read"):
        read_livelink(tmp_path / "absent.csv")
