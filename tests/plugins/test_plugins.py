"""An exporter, a body network and a metric of outside packages, found by their entry points; and a broken one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gengine
from gengine import cli
from gengine.core.audio import AudioClip
from gengine.metrics.controls import table
from gengine.metrics.evaluate import Clip, evaluate
from gengine.metrics.report import lines

SPEECH = Path("demos/speech.wav").resolve()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["gengine", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return int(exit_.value.code or 0)


def test_an_exporter(good, with_packages, make_performance, tmp_path: Path) -> None:
    with_packages(good)
    made = make_performance(1.0)
    text = made.export(tmp_path / "talk.vtt", capitals=True).read_text("utf-8")
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:00.400\nWÖRD0\n\n00:00:00.500")
    files = gengine.export(made, tmp_path / "run", ["vtt", "csv"])
    assert files["vtt"].name == "words.vtt" and "wörd1" in files["vtt"].read_text("utf-8")


def test_its_options_are_reached_from_the_command_line(
    good, with_packages, make_performance, tmp_path: Path, monkeypatch
) -> None:
    with_packages(good)
    make_performance(1.0).save(tmp_path / "performance.npz")
    assert run(monkeypatch, "export", tmp_path, "--formats", "vtt,bvh", "--option", "vtt.capitals=yes") == 0
    assert "WÖRD0" in (tmp_path / "words.vtt").read_text("utf-8")
    assert run(monkeypatch, "export", tmp_path, "--formats", "vtt", "--option", "vtt.capitols=yes") == 2


def test_a_body_network(good, with_packages, speech: np.ndarray) -> None:
    with_packages(good)
    made = gengine.animate(AudioClip(speech[: 3 * 16000], 16000), body="nodding")
    assert made.motion is not None and len(made.motion) == 90
    head = made.motion.skeleton.index("Head")
    turned = np.abs(made.motion.rotations[..., 1:]).max(axis=(0, 2))
    assert turned[head] > 0.01 and np.delete(turned, head).max() == 0


def clip_of(motion: gengine.Motion) -> Clip:
    return Clip("clip", motion, motion, np.ones(len(motion)), np.arange(0.2, 3, 0.5), np.arange(0.2, 3, 1.0))


def test_a_metric(good, with_packages, make_motion) -> None:
    with_packages(good)
    moving = make_motion(90)
    still = replace(moving, rotations=np.repeat(moving.rotations[:1], 90, 0), root=np.repeat(moving.root[:1], 90, 0))
    values = {r.metric: r for r in evaluate([clip_of(moving)])}, {r.metric: r for r in evaluate([clip_of(still)])}
    assert values[0]["stillness"].value < 0.5 and values[1]["stillness"].value == 1.0
    assert values[0]["stillness"].as_dict() | {"value": 0} == {
        "metric": "stillness", "value": 0, "unit": "share", "direction": "truth", "n": 1, "of": "clips",
    }  # fmt: skip
    shown = table({"ours": [clip_of(moving)]})
    assert any(line.startswith("stillness") for line in lines(shown))
    assert shown.as_dict()["metrics"]["stillness"]["meaning"] == "time in which both hands rest"


def test_a_broken_plug_in_names_itself(
    bad, with_packages, make_performance, tmp_path: Path, speech: np.ndarray
) -> None:
    with_packages(bad)
    wanted = "gengine-broken 0.3.*libfancy.so.3 is missing"
    with pytest.raises(gengine.GengineError, match=wanted):
        make_performance(0.5).export(tmp_path / "a.broken")
    with pytest.raises(gengine.GengineError, match=wanted):
        gengine.animate(AudioClip(speech[:16000], 16000), body="broken")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_plug_in_is_in_nobodys_way(
    bad, with_packages, make_performance, make_motion, tmp_path: Path, caplog
) -> None:
    with_packages(bad)
    make_performance(0.5).export(tmp_path / "a.bvh")
    with caplog.at_level(logging.WARNING):
        rows = evaluate([clip_of(make_motion(90))])
    assert "wrist_speed" in {r.metric for r in rows} and "broken" not in {r.metric for r in rows}
    assert "libfancy" in caplog.text
    environment = os.environ | {"PYTHONPATH": f"{bad}{os.pathsep}{Path.cwd()}"}
    for arguments in (["--help"], ["info"]):
        command = [sys.executable, "-m", "gengine", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert "Traceback" not in done.stderr and ("broken" in done.stdout) == (arguments == ["info"])
