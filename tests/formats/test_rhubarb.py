from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from gengine.core.words import Phone, WordTrack
from gengine.errors import GengineError

PHONES = (
    Phone("F", 0.30, 0.40), Phone("IH", 0.40, 0.55), Phone("L", 0.55, 0.80), Phone("M", 0.80, 0.845),
    Phone("AA", 0.845, 1.10), Phone("sil", 1.10, 1.50),
)  # fmt: skip
CUES = [
    (0.0, 0.30, "X"), (0.30, 0.40, "G"), (0.40, 0.55, "B"), (0.55, 0.78, "H"), (0.78, 0.85, "A"), (0.85, 1.10, "D"),
    (1.10, 1.50, "X"),
]  # fmt: skip


@pytest.fixture
def film(make_performance):
    return replace(make_performance(1.5), words=WordTrack((), PHONES, "en", "heard"))


def read(path: Path) -> list[tuple[float, float, str]]:
    """Start, end and shape of each cue, as a program that knows Rhubarb's files reads them."""
    if path.suffix == ".json":
        content = json.loads(path.read_text("utf-8"))
        cues = [(c["start"], c["end"], c["value"]) for c in content["mouthCues"]]
        assert content["metadata"]["duration"] == cues[-1][1]
    elif path.suffix == ".xml":
        root = ElementTree.parse(path).getroot()
        assert root.tag == "rhubarbResult"
        cues = [(float(c.get("start")), float(c.get("end")), c.text) for c in root.findall("mouthCues/mouthCue")]
        assert float(root.findtext("metadata/duration")) == cues[-1][1]
    else:
        rows = list(csv.reader(path.open(), delimiter="\t"))
        cues = [(float(a[0]), float(b[0]), a[1]) for a, b in zip(rows, rows[1:], strict=False)]
        assert rows[-1][1] == "X"
    return cues


@pytest.mark.parametrize("kind", ["tsv", "json", "xml"])
def test_every_layout_says_the_same(film, kind: str, tmp_path: Path) -> None:
    assert read(film.export(tmp_path / f"mouth.{kind}", f"rhubarb-{kind}")) == CUES


def test_undrawn_shapes_are_replaced(film, tmp_path: Path) -> None:
    path = film.export(tmp_path / "mouth.json", "rhubarb-json", extended="", sound='a "b"/ü.wav')
    assert json.loads(path.read_text("utf-8"))["metadata"]["soundFile"] == 'a "b"/ü.wav'
    assert [shape for *_, shape in read(path)] == ["A", "B", "C", "A", "D", "A"]
    assert [s for *_, s in read(film.export(tmp_path / "x.xml", extended="X", sound="<&>.wav"))][:2] == ["X", "A"]
    with pytest.raises(GengineError, match="Q is none of G, H and X"):
        film.export(tmp_path / "mouth.tsv", extended="GQ")


def frames(path: Path) -> list[tuple[int, str]]:
    head, *rows = path.read_text().splitlines()
    assert head == "MohoSwitch1"
    return [(int(frame), shape) for frame, shape in (row.split(" ") for row in rows)]


def test_switch_data_counts_frames_from_one(film, tmp_path: Path) -> None:
    shapes = frames(film.export(tmp_path / "rhubarb.dat", "rhubarb-dat"))
    assert shapes == [(1, "X"), (8, "G"), (10, "B"), (14, "H"), (19, "A"), (21, "D"), (27, "X"), (37, "X")]
    blair = frames(film.export(tmp_path / "blair.dat", "rhubarb-dat", names="preston_blair", fps=30))
    assert [s for _, s in blair] == ["rest", "FV", "etc", "L", "MBP", "AI", "rest", "rest"] and blair[-1][0] == 46
    moho = frames(film.export(tmp_path / "moho.dat", fps=25))
    assert [s for _, s in moho] == ["rest", "FV", "AI", "L", "MBP", "AI", "rest", "rest"] and moho[-1][0] == 38
    for rows in (shapes, blair, moho):
        assert all(b - a >= 2 for (a, _), (b, _) in zip(rows, rows[1:], strict=False))
    with pytest.raises(GengineError, match="24 to 100"):
        film.export(tmp_path / "moho.dat", fps=12.0)


def test_no_drawing_stands_for_one_frame(film, tmp_path: Path) -> None:
    phones = (Phone("AA", 0.035, 0.335), Phone("IY", 0.335, 0.41), Phone("UW", 0.41, 0.8))
    short = replace(film, words=WordTrack((), phones, "en", "heard"))
    assert "B" in {shape for *_, shape in read(short.export(tmp_path / "mouth.tsv"))}  # 75 ms, at 24 fps one frame
    assert [s for _, s in frames(short.export(tmp_path / "mouth.dat", "rhubarb-dat"))] == ["D", "F", "X", "X"]
