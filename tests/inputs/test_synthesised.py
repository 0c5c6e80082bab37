"""Sounds with times as text-to-speech programs write them, and where their words come to lie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gengine.errors import TextError
from gengine.inputs.synthesised import read_sounds

PHO = """; MBROLA, as espeak-ng writes it
_\t100
h\t60\t0 110 100 112
@\t40
l\t60
@U\t140\t50 120
_\t200
D\t50
e@\t150
_\t100 ; the end
#
"""
PIPER = [("^", 1000), ("h", 1200), ("ə", 800), ("l", 1000), ("ˈ", 200), ("o", 900), ("ʊ", 900), (" ", 300), ("ð", 700),
         ("ˈ", 100), ("ɛ", 900), ("ː", 500), ("ɹ", 700), (".", 2000), ("$", 500)]  # fmt: skip


def chunk(rows: list[tuple[str, float]]) -> dict:
    alignments = [{"phoneme": p, "phoneme_ids": [3, 0], "num_samples": n} for p, n in rows]
    return {"sample_rate": 20_000, "phonemes": [p for p, _ in rows], "phoneme_alignments": alignments}


def test_mbrola_as_espeak_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "said.pho"
    path.write_text(PHO)
    track = read_sounds(path, "Hello there!")
    assert track is not None
    assert [p.symbol for p in track.phones] == ["sil", "HH", "AH", "L", "OW", "sil", "DH", "EH", "sil"]
    assert [(w.text, round(w.start, 3), round(w.end, 3)) for w in track.words] == [
        ("Hello", 0.1, 0.4), ("there!", 0.6, 0.8)
    ]  # fmt: skip
    assert track.phones[-1].end == pytest.approx(0.9)


def test_words_that_no_pause_parts_share_the_sounds(tmp_path: Path) -> None:
    path = tmp_path / "said.pho"
    path.write_text(PHO)
    track = read_sounds(path, "Hello there you")
    assert track is not None and [w.text for w in track.words] == ["Hello", "there", "you"]
    assert track.words[0].start == pytest.approx(0.1) and track.words[-1].end == pytest.approx(0.8)
    assert all(w.end > w.start for w in track.words)


@pytest.mark.parametrize("form", ["one", "lines"])
def test_piper(tmp_path: Path, form: str) -> None:
    path = tmp_path / "said.json"
    whole = chunk(PIPER)
    path.write_text(json.dumps(whole) if form == "one" else f"{json.dumps(whole)}\n{json.dumps(whole)}\n")
    track = read_sounds(path, " ".join(["Hello there."] * (1 if form == "one" else 2)))
    assert track is not None
    assert [p.symbol for p in track.phones][:9] == ["sil", "HH", "AH", "L", "oː", "UH", "DH", "EH", "R"]
    first, second = track.words[:2] if form == "one" else track.words[::2][:2]
    assert (round(first.start, 3), round(first.end, 3)) == (0.05, 0.315)  # the gap is the last sound's
    if form == "one":
        assert (round(second.start, 3), round(second.end, 3)) == (0.315, 0.46)
        stressed = track.phones[4]
        assert stressed.stress == 1 and stressed.start == pytest.approx(0.2)
    else:
        assert track.phones[-1].end == pytest.approx(2 * sum(n for _, n in PIPER) / 20_000)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pho", "h sixty\n", "line 1: 'h sixty', expected a sound and its milliseconds"),
        ("a.pho", "; nothing\n", "holds 0 sounds"),
        ("a.pho", "h 999999\n", "at most 60 s"),
        ("a.json", json.dumps(chunk([("h", -1)])), "its num_samples"),
        ("a.json", json.dumps(chunk([("h", 1)]) | {"sample_rate": 5}), "sample_rate"),
        ("a.json", '{"phoneme_alignments": [', "a.json"),
    ],
)
def test_what_is_broken_is_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(TextError, match=said):
        read_sounds(tmp_path / name, "Hello")


def test_files_of_words_are_not_for_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"words": []}')
    assert read_sounds(tmp_path / "a.json", "Hello") is None
    assert read_sounds(tmp_path / "a.srt", "Hello") is None
