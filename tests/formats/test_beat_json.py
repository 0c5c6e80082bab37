"""BEAT's face files."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.face import ARKIT_NAMES
from gengine.errors import FormatError, GengineError
from gengine.formats.beat_json import NAMES, BeatJsonExporter, read_beat_json


def test_layout_is_beats(make_performance, tmp_path):
    performance = replace(make_performance(0.5), start=10.0)
    content = json.loads(BeatJsonExporter.write(performance, tmp_path / "a.json").read_text())
    assert list(content) == ["names", "frames"]
    assert len(content["names"]) == 51
    assert content["names"] == sorted(content["names"])
    assert "tongueOut" not in content["names"]
    assert len(content["frames"]) == 30
    frame = content["frames"][6]
    assert set(frame) == {"weights", "time", "rotation"}
    assert len(frame["weights"]) == 51
    assert frame["time"] == 10.1
    blink = ARKIT_NAMES.index("eyeBlinkLeft")
    assert abs(frame["weights"][content["names"].index("eyeBlinkLeft")] - performance.face.weights[6, blink]) < 1e-6


@pytest.mark.data
def test_order_is_that_of_the_published_table(reference_data):
    with (reference_data / "tables" / "arkit52.csv").open() as file:
        place = {r["name"]: int(r["beat_json_index(-1=absent)"]) for r in csv.DictReader(file)}
    assert [name for name, i in sorted(place.items(), key=lambda x: x[1]) if i >= 0] == list(NAMES)


def test_round_trip(make_performance, tmp_path):
    face = make_performance(3.0).face
    back = read_beat_json(BeatJsonExporter.write(make_performance(3.0), tmp_path / "a.json"))
    assert back.fps == face.fps
    assert np.abs(back.weights[:, :51] - face.weights[:, :51]).max() < 1e-6
    assert not back.weights[:, 51].any()
    assert np.abs((back.head * face.head).sum(1)).min() > 1 - 1e-5


def test_stretches_make_the_same_file(make_performance, tmp_path):
    performance = make_performance(3.0)
    whole = BeatJsonExporter.write(performance, tmp_path / "whole.json")
    with BeatJsonExporter(tmp_path / "parts.json") as out:
        out.append(performance.slice(0, 0))
        for t in np.arange(6) / 2:
            out.append(performance.slice(t, t + 0.5))
    assert whole.read_bytes() == (tmp_path / "parts.json").read_bytes()


def content(frames: int = 4, step: float = 0.04, **more: object) -> dict:
    return {
        "version": 3,
        "names": ["jawOpen", "eyeBlink_L", "somethingElse"],
        "frames": [{"weights": [0.5, i / 10, 9], "time": i * step, **more} for i in range(frames)],
    }


def test_unknown_keys_missing_names_and_foreign_rotations_are_fine(tmp_path):
    path = tmp_path / "a.json"
    for rotations in ([], [1.0, 2.0, 3.0], None, [0, 0, 0, 0]):
        path.write_text(json.dumps(content(rotation=rotations, extra={"a": 1})))
        face = read_beat_json(path)
        assert face.fps == 25
        assert np.allclose(face.channel("jawOpen"), 0.5)
        assert np.allclose(face.channel("eyeBlinkLeft"), [0, 0.1, 0.2, 0.3])
        assert np.count_nonzero(face.weights) == 7
        assert np.allclose(face.head, rotation.IDENTITY)


def test_uneven_times_come_out_even(tmp_path):
    path = tmp_path / "a.json"
    uneven = content(41)
    del uneven["frames"][20]
    path.write_text(json.dumps(uneven))
    face = read_beat_json(path)
    assert (len(face), face.fps) == (41, 25)
    assert np.allclose(face.channel("eyeBlinkLeft"), np.arange(41) / 10, atol=1e-6)
    assert len(read_beat_json(path, fps=50)) == 81


def edited(**changes: object) -> str:
    whole = content()
    whole["frames"][2].update(changes)
    return json.dumps(whole)


DAMAGE = {
    "truncated": (json.dumps(content())[:150], "line 1, column 1"),
    "short": (edited(weights=[1, 2]), "frame 2 has 2 weights, expected 3"),
    "word": (edited(weights=["a", 1, 2]), "frame 2 is not"),
    "no time": (edited(time="x"), "frame 2 is not"),
    "nan": (edited(weights=[float("nan"), 1, 2]), "line 1, column "),
    "backwards": (edited(time=0.01), "frame 2 at 0.01 s does not follow"),
    "list": ("[1, 2]", "no lists"),
    "names": (json.dumps({"names": ["a"], "frames": []}), "none of its 1 names"),
    "frames": (json.dumps({"names": ["jawOpen"], "frames": [3]}), "frame 0 is not"),
    "foreign": ("HIERARCHY", "line 1, column 1"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_says_where(tmp_path, name):
    text, message = DAMAGE[name]
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(FormatError, match="bad.json") as caught:
        read_beat_json(path)
    assert message in str(caught.value)


def test_absent_and_binary_files_are_format_errors(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_beat_json(tmp_path / "absent.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(FormatError, match="no JSON text"):
        read_beat_json(tmp_path / "b.json")


def test_bad_use_is_an_error_and_leaves_nothing(make_performance, tmp_path):
    performance = make_performance(0.2)
    with pytest.raises(GengineError, match="no face"):
        BeatJsonExporter.write(replace(performance, face=None), tmp_path / "a.json")
    with pytest.raises(GengineError, match="continue"), BeatJsonExporter(tmp_path / "a.json") as out:
        out.append(performance)
        out.append(performance.resample(face_fps=30))
    with pytest.raises(GengineError, match="at least one"), BeatJsonExporter(tmp_path / "a.json"):
        pass
    assert list(tmp_path.iterdir()) == []
