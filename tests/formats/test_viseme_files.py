from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import gengine
from gengine.core.words import Phone, Word, WordTrack
from gengine.formats.viseme_cues import viseme_cues
from gengine.inputs.text import read_text

WORDS = WordTrack(
    (Word("big", 0.30, 0.62), Word('"you"', 0.8, 1.1)),
    (Phone("B", 0.30, 0.40), Phone("IH", 0.40, 0.52, 1), Phone("G", 0.52, 0.62), Phone("sil", 0.62, 0.80),
     Phone("Y", 0.80, 0.90), Phone("UW", 0.90, 1.10, 0)),
    "en", "given",
)  # fmt: skip


@pytest.fixture
def spoken(make_performance):
    return replace(make_performance(1.5), words=WORDS)


@pytest.mark.parametrize("shapes", ["oculus", "rhubarb"])
def test_praat_reads_the_textgrid(spoken, shapes, tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth")
    path = spoken.export(tmp_path / "speech.TextGrid", visemes=shapes)
    grid = parselmouth.read(str(path))
    call = parselmouth.praat.call
    assert [call(grid, "Get tier name", k) for k in (1, 2, 3)] == ["words", "phones", "visemes"]
    assert call(grid, "Get total duration") == pytest.approx(1.5)
    words = [call(grid, "Get label of interval", 1, k + 1) for k in range(call(grid, "Get number of intervals", 1))]
    assert words == ["", "big", "", '"you"', ""]
    assert call(grid, "Get start time of interval", 2, 3) == pytest.approx(0.40)
    cues = viseme_cues(WORDS.phones, 1.5, shapes)
    assert [call(grid, "Get label of interval", 3, k + 1) for k in range(len(cues))] == [c.shape for c in cues]


def test_praatio_and_our_reader_read_the_textgrid(spoken, tmp_path: Path) -> None:
    textgrid = pytest.importorskip("praatio.textgrid")
    path = spoken.export(tmp_path / "speech.TextGrid")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True)
    assert grid.tierNames == ("words", "phones", "visemes") and grid.maxTimestamp == 1.5
    for tier in grid.tiers:
        assert tier.entries[0].start == 0 and tier.entries[-1].end == 1.5
        assert all(a.end == b.start for a, b in zip(tier.entries, tier.entries[1:], strict=False))
    labels = [e.label for e in grid.getTier("phones").entries]
    assert labels == ["", "B", "IH1", "G", "", "Y", "UW0", ""]
    track = read_text(path).track
    assert track is not None and track.words == WORDS.words
    assert [p for p in track.phones if p.symbol != "sil"] == [p for p in WORDS.phones if p.symbol != "sil"]


def test_sounds_alone_and_those_that_english_lacks_come_back(spoken, tmp_path: Path) -> None:
    symbols = ["y", "S", "ʁ", "a", "ü", "T", "ç", "Y", "M", "UW"]
    phones = tuple(Phone(s, 0.1 * k, 0.1 * (k + 1)) for k, s in enumerate(symbols))
    path = replace(spoken, words=WordTrack((), phones, "de", "heard")).export(tmp_path / "heard.TextGrid")
    track = read_text(path).track
    assert track is not None and not track.words
    assert [p.symbol for p in track.phones if p.symbol != "sil"] == symbols


def test_json_holds_every_set_and_is_read_as_a_transcript(spoken, tmp_path: Path) -> None:
    path = spoken.export(tmp_path / "visemes.json", "visemes")
    content = json.loads(path.read_text("utf-8"))
    assert set(content) == {"duration", "language", "source", "words", "phones", "visemes"}
    assert content["duration"] == 1.5 and set(content["visemes"]) == {"oculus", "azure", "preston_blair", "rhubarb"}
    for cues in content["visemes"].values():
        assert cues[0]["start"] == 0 and cues[-1]["end"] == 1.5
        assert all(a["end"] == b["start"] for a, b in zip(cues, cues[1:], strict=False))
    assert [c["value"] for c in content["visemes"]["azure"]] == [0, 21, 6, 20, 0, 6, 7, 0]
    track = read_text(path).track
    assert track is not None and track.words == WORDS.words


def test_events_of_oculus_and_azure(spoken, tmp_path: Path) -> None:
    events = json.loads(spoken.export(tmp_path / "azure.json", "azure").read_text())
    assert events[:2] == [
        {"audioOffset": 0, "visemeId": 0, "milliseconds": 0},
        {"audioOffset": 3_000_000, "visemeId": 21, "milliseconds": 300},
    ]
    assert events[-1]["visemeId"] == 0
    ends_open = replace(spoken, words=replace(WORDS, words=(), phones=(Phone("AA", 1.0, 1.5),)))
    events = json.loads(ends_open.export(tmp_path / "azure.json", "azure").read_text())
    assert events[-1] == {"audioOffset": 15_000_000, "visemeId": 0, "milliseconds": 1500}
    for names, last in (("meta", "ou"), ("rpm", "U")):
        content = json.loads(spoken.export(tmp_path / "oculus.json", "oculus", names=names).read_text())
        assert content["visemes"] == [
            "sil",
            "PP",
            content["visemes"][2],
            "kk",
            "sil",
            content["visemes"][5],
            last,
            "sil",
        ]
        assert content["visemes"][2] == ("I" if names == "rpm" else "ih")
        assert sum(content["vdurations"]) == 1500 and content["vtimes"][1] == 300


def test_a_stretch_begins_at_its_own_beginning(spoken, tmp_path: Path) -> None:
    path = spoken.slice(0.3, 1.2).export(tmp_path / "visemes.json", "visemes")
    content = json.loads(path.read_text())
    assert content["duration"] == 0.9 and content["phones"][0] == {"phone": "B", "start": 0.0, "end": 0.1}
    assert content["words"][1]["start"] == 0.5


def test_a_take_holds_the_phones_that_moved_its_lips(speech, tmp_path: Path) -> None:
    take = gengine.animate(speech[: 16_000 * 3], rate=16_000)
    take.save(tmp_path / "performance.npz")
    gengine.export(tmp_path / "performance.npz", tmp_path, ["rhubarb-json", "textgrid"])
    direct = take.export(tmp_path / "direct.json", "rhubarb-json")
    assert (tmp_path / "rhubarb.json").read_bytes() == direct.read_bytes()
    cues = json.loads(direct.read_text())["mouthCues"]
    assert cues[-1]["end"] == 3.0 and {c["value"] for c in cues} > {"X", "B"}
    # Where the drawn mouth rests the lips of the 3D face are nearly shut, where it is wide open they are not.
    jaw, fps = take.face.channel("jawOpen"), take.face.fps
    open_by = {
        kind: [jaw[round(fps * (c["start"] + c["end"]) / 2)] for c in cues if c["value"] in kind]
        for kind in ("AX", "CDE")
    }
    assert sum(open_by["AX"]) / len(open_by["AX"]) < 0.5 * sum(open_by["CDE"]) / len(open_by["CDE"])
