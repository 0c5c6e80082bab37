"""Every kind of damage is reported with its file and line, and a whole corpus is clean."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from gengine.cli.data import app
from gengine.data import annotations, beat
from gengine.data.beat import write_sequence
from gengine.data.check import check
from gengine.errors import FormatError

STEM = "31_alma_0_1_1"


@pytest.fixture
def corpus(tmp_path, make_performance):
    p = make_performance(4.0)
    write_sequence(beat.Sequence(STEM, p, np.zeros(120), 0, annotations.cover([], 4.0)), tmp_path)
    return tmp_path


def test_a_whole_corpus_is_clean(corpus):
    report = check(corpus)
    assert report.clean and report.usable == [STEM] and report.findings == []
    assert report.files == dict.fromkeys(("bvh", "audio", "TextGrid", "face", "emotion", "semantic"), 1)
    assert report.hours == pytest.approx(4 / 3600, abs=1e-4)


def replaced(old, new, count=1):
    return lambda text: text.replace(old, new, count)


def cut(share):
    return lambda text: text[: int(len(text) * share)]


def row(number, edit):
    def change(text):
        lines = text.split("\n")
        lines[number - 1] = edit(lines[number - 1])
        return "\n".join(lines)

    return change


DAMAGE = {
    "other joints": (".bvh", replaced("JOINT LeftHand\n", "JOINT LeftPalm\n"), None, "'LeftPalm' is not BEAT's"),
    "other channels": (".bvh", replaced("Xrotation Yrotation Z", "Yrotation Xrotation Z"), 5, "channels of"),
    "NaN channel": (".bvh", row(450, lambda r: "nan " + r.split(" ", 1)[1]), 450, "expected a finite number"),
    "short row": (".bvh", row(460, lambda r: r.rsplit(" ", 1)[0]), 460, "227 values"),
    "cut file": (".bvh", lambda t: "\n".join(t.split("\n")[:500]) + "\n", 500, "cut off"),
    "wrong rate": (".bvh", lambda t: re.sub(r"Frame Time: \S+", "Frame Time: 0.016667", t), None, "last 2.00 s"),
    "leaping hips": (".bvh", row(480, lambda r: "900 " + r.split(" ", 1)[1]), 480, "leap"),
    "cut json": (".json", cut(0.5), None, "truncated"),
    "NaN weight": (".json", lambda t: re.sub(r"\[0\.\d+", "[NaN", t, count=1), 2, "NaN is no number"),
    "short face": (".json", lambda t: "\n".join(t.split("\n")[:101]).rstrip(",") + "\n]}\n", None, "cut"),
    "cut TextGrid": (".TextGrid", cut(0.7), None, "cut off"),
    "no words tier": (".TextGrid", replaced('"words"', '"wordz"'), 1, "no tier 'words'"),
    "emotion id": (".csv", lambda t: t + "08_joy,0,1,1,8\n", -1, "emotion id '8'"),
    "semantic score": (".txt", replaced("\t0.1", "\tmuch"), 1, "score 'much'"),
    "semantic cells": (".txt", lambda t: t + "05_iconic_l 1 2\n", 2, "1 cells"),
    "mixture": (".mixture.csv", row(3, lambda r: r + ",5"), 3, "numbers of at most"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_reported_by_file_and_line(corpus, kind):
    suffix, change, line, words = DAMAGE[kind]
    path = corpus / "31" / f"{STEM}{suffix}"
    before = path.read_text()
    path.write_text(change(before))
    report = check(corpus)
    assert not report.clean and report.usable == []
    errors = [f for f in report.findings if f.severity == "error"]
    assert [f.file for f in errors] == [str(path)], report.findings
    assert words in errors[0].message, errors[0]
    if line == -1:
        line = len(before.splitlines()) + 1
    if line is not None:
        assert errors[0].line == line
    if suffix in (".bvh", ".TextGrid") and kind != "wrong rate":
        assert errors[0].line is not None


def test_unreadable_and_short_sound(corpus):
    path = corpus / "31" / f"{STEM}.wav"
    whole = path.read_bytes()
    path.write_bytes(b"RIFF" + bytes(100))
    (error,) = (f for f in check(corpus).findings if f.severity == "error")
    assert error.file == str(path)
    path.write_bytes(whole)
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples[: rate * 2], rate)
    assert {f.file.rsplit(".", 1)[1] for f in check(corpus).findings} >= {"bvh", "json"}


@pytest.mark.parametrize("suffix", [".TextGrid", ".json", ".csv", ".txt", ".wav", ".bvh"])
def test_missing_files_are_named(corpus, suffix):
    path = corpus / "31" / f"{STEM}{suffix}"
    path.unlink()
    report = check(corpus)
    assert not report.clean
    assert [(f.severity, f.file) for f in report.findings] == [("missing", str(path))]
    assert (report.usable == []) == (suffix in (".wav", ".bvh"))


def test_empty_and_absent_folders(tmp_path):
    assert not check(tmp_path).clean
    with pytest.raises(FormatError, match="no folder"):
        check(tmp_path / "nowhere")


def test_command_line(corpus):
    done = CliRunner().invoke(app, ["check", str(corpus), "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["clean"] is True
    (corpus / "31" / f"{STEM}.txt").unlink()
    done = CliRunner().invoke(app, ["check", str(corpus)])
    assert done.exit_code == 1 and f"missing: {corpus / '31' / STEM}.txt" in done.stdout


@pytest.mark.data
def test_the_real_clip(reference_data):
    report = check(reference_data / "beat")
    assert report.usable == ["2_scott_0_1_1"] and not [f for f in report.findings if f.severity == "error"]
    assert {f.line for f in report.findings if f.severity == "note"} >= {430, 432}
    assert len(report.absent["2 scott"]) == 115


def test_a_shorter_motion_is_used_as_far_as_it_goes(corpus):
    """As BEAT's authors do: sound and motion overlap; a length that a wrong rate makes stays an error."""
    path = corpus / "31" / f"{STEM}.wav"
    samples, rate = soundfile.read(path)
    soundfile.write(path, np.concatenate([samples, np.zeros(round(1.5 * rate))]), rate)
    report = check(corpus)
    (found,) = (f for f in report.findings if f.file.endswith(".bvh"))
    assert (found.severity, "what overlaps is used" in found.message) == ("note", True)
    sequence = beat.read_sequence(corpus, STEM)
    assert sequence.performance.audio.duration == pytest.approx(4.0, abs=0.01)
    assert any("overlaps" in note for note in sequence.notes)
