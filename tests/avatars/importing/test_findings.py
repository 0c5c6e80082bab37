"""What the reader of an avatar told, guessed and left away is in the run's report, and an error where asked."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import pytest
import soundfile

import gengine
from gengine import cli
from gengine.avatars import find_avatar

FAULTS = Path(__file__).resolve().parents[2] / "faults"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples, rate = soundfile.read("demos/speech.wav", dtype="float32")
    path = tmp_path_factory.mktemp("sound") / "clip.wav"
    soundfile.write(path, samples[:rate], rate)
    return path


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["gengine", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def test_the_report_of_a_run_tells_of_the_avatar(clip: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    made = ("animate", clip, "--words", "none", "--formats", "glb", "--avatar", FAULTS / "14a_cc_base_rig.glb")
    assert run(monkeypatch, *made, "--out", tmp_path / "run", "--json") == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)["report"]
    assert report["avatar"]["file"] == "14a_cc_base_rig.glb" and report["avatar"]["joints"] >= 20
    assert any("51 of 52 morphs absent" in said for said in report["warnings"])
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["report"] == report
    assert "warning: 14a_cc_base_rig.glb: 51 of 52" in printed.err and "UserWarning" not in printed.err

    assert run(monkeypatch, *made, "--out", tmp_path / "strict", "--strict") == 2
    assert "--strict" in capsys.readouterr().err and not (tmp_path / "strict").exists()


def test_a_preset_says_nothing(clip: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    made = ("animate", clip, "--words", "none", "--formats", "glb", "--out", tmp_path / "run", "--json", "--strict")
    assert run(monkeypatch, *made) == 0
    report = json.loads(capsys.readouterr().out)["report"]
    assert "avatar" not in report and not report["warnings"]


def test_python_callers_get_one_warning(make_performance, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="51 of 52 morphs absent"):
        gengine.export(make_performance(0.3), tmp_path / "a.glb", avatar=FAULTS / "14a_cc_base_rig.glb")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        avatar = find_avatar(FAULTS / "14a_cc_base_rig.glb")
    assert "morphs absent" in " ".join(avatar.report.warnings)


def test_formats_that_cannot_hold_it_say_what_they_leave(make_performance, tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    with pytest.warns(UserWarning, match=r"its maps \(.*normal.*\).* are not in .usdz; glb keeps them"):
        gengine.export(make_performance(0.3), tmp_path / "a.usdz", avatar=FAULTS / "15_normal_map_and_visemes.glb")
