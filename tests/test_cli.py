"""The command line as a stranger meets it: what it writes, and one clear line for everything that goes wrong."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gengine import Performance, cli
from gengine.runs import digest

SPEECH = Path("demos/speech.wav").resolve()
QUICK = ["--formats", "bvh,csv"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples, rate = soundfile.read(SPEECH, dtype="float32")
    path = tmp_path_factory.mktemp("sound") / "clip.wav"
    soundfile.write(path, samples[: 3 * rate], rate)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["gengine", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return int(exit_.value.code or 0)


def test_animate_writes_what_it_says(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    out = tmp_path / "deep" / "out"
    formats = "bvh,csv,json,npz,mp4"
    assert run(monkeypatch, "animate", clip, "--emotion", "happy", "--out", out, "--json", "--formats", formats) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert set(report) == {"out", "files", "audio_seconds", "elapsed_seconds", "stages", "report"}
    assert report["audio_seconds"] == pytest.approx(3.0) and report["out"] == str(out)
    expected = {"body.bvh", "face.csv", "face.json", "performance.npz", "preview.mp4", "manifest.json"}
    assert {Path(f).name for f in report["files"]} == expected == {p.name for p in out.iterdir()}
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["settings"]["emotion"] == "happy" and manifest["settings"]["seed"] == 0
    assert len(manifest["inputs"]["audio"]["sha256"]) == 64
    assert "".join(report["stages"]) and all(v >= 0 for v in report["stages"].values())


def test_a_run_reports_its_words_and_is_strict_where_asked(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    words = ("--text", "Hello, this is another text altogether, which nobody says here.", "--formats", "csv")
    assert run(monkeypatch, "animate", clip, *words, "--out", tmp_path / "a") == 0
    printed = capsys.readouterr()
    assert "gengine: warning: " in printed.err and "\nwords: given 10, found " in printed.out
    manifest = json.loads((tmp_path / "a/manifest.json").read_text())
    assert manifest["report"]["words"]["given"] == 10 and manifest["report"]["words"]["language"] == "en"
    assert manifest["report"]["warnings"] == manifest["warnings"] != []
    assert run(monkeypatch, "animate", clip, *words, "--strict", "--out", tmp_path / "b") == 2
    assert capsys.readouterr().err.startswith("gengine: error: --strict: ") and not (tmp_path / "b").exists()
    assert run(monkeypatch, "animate", clip, "--strict", "--formats", "csv", "--out", tmp_path / "c", "--json") == 0
    assert json.loads(capsys.readouterr().out)["report"]["words"] == {"given": 0, "sounds": "heard"}


def test_an_exporter_that_reports_a_loss_is_heard(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    from gengine.core.report import Report
    from gengine.formats.bvh import BvhExporter

    monkeypatch.setattr(BvhExporter, "report", Report(warnings=("A finger is left out.",)))
    assert run(monkeypatch, "animate", clip, *QUICK, "--out", tmp_path / "a") == 0
    assert "gengine: warning: A finger is left out." in capsys.readouterr().err
    assert run(monkeypatch, "animate", clip, *QUICK, "--strict", "--out", tmp_path / "b") == 2
    assert not (tmp_path / "b").exists()
    assert run(monkeypatch, "animate", clip, "--formats", "npz", "--out", tmp_path / "c") == 0
    assert run(monkeypatch, "export", tmp_path / "c", "--formats", "bvh", "--strict") == 2
    assert not (tmp_path / "c/body.bvh").exists()


def test_a_run_repeats_and_exports_later(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        assert run(monkeypatch, "animate", clip, "--out", tmp_path / name, "--formats", "npz,bvh", "--seed", 5) == 0
    assert (tmp_path / "a/body.bvh").read_bytes() == (tmp_path / "b/body.bvh").read_bytes()
    saved = tmp_path / "a/performance.npz"
    assert run(monkeypatch, "export", saved, "--formats", "bvh,json", "--out", tmp_path / "c") == 0
    assert (tmp_path / "c/body.bvh").read_bytes() == (tmp_path / "a/body.bvh").read_bytes()
    assert Performance.load(saved).provenance["seed"] == 5
    assert run(monkeypatch, "export", saved, "--formats", "bvh", "--skeleton", "mixamo", "--out", tmp_path / "d") == 0
    assert "Hips" in (tmp_path / "d/body.bvh").read_text()[:200]


def test_options_of_a_format_reach_it(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "animate", clip, "--out", tmp_path, "--formats", "npz,bvh,csv", "--skeleton", "vrm") == 0
    assert "hips" in (tmp_path / "body.bvh").read_text()[:40]
    plain = {name: (tmp_path / name).read_text() for name in ("body.bvh", "face.csv")}
    options = ["--option", "bvh.tpose_frame=true", "--option", "csv.degrees=yes"]
    assert run(monkeypatch, "export", tmp_path, "--formats", "bvh,csv", *options) == 0
    assert "Frames: 91\n" in (tmp_path / "body.bvh").read_text() and "Frames: 90\n" in plain["body.bvh"]
    assert (tmp_path / "face.csv").read_text() != plain["face.csv"]
    files = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert files["body.bvh"]["options"] == {"skeleton": "beat", "tpose_frame": True}
    assert files["body.bvh"]["sha256"] == digest(tmp_path / "body.bvh")


def test_frame_rates_reach_the_files(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        run(monkeypatch, "animate", clip, "--out", tmp_path / "o", "--fps", 24, "--face-fps", 30, "--formats", "npz")
        == 0
    )
    made = Performance.load(tmp_path / "o/performance.npz")
    assert made.motion is not None and made.face is not None
    assert (made.motion.fps, len(made.motion)) == (24.0, 72) and (made.face.fps, len(made.face)) == (30.0, 90)


BAD = {
    "missing file": (["nowhere.wav"], ["nowhere.wav"]),
    "folder without recordings": (["docs"], ["no recording", "folder"]),
    "unknown emotion": (["{clip}", "--emotion", "hapy"], ["hapy", "happy"]),
    "strength out of range": (["{clip}", "--emotion", "happy:1.5"], ["1.5"]),
    "intensity out of range": (["{clip}", "--intensity", "9"], ["9"]),
    "unknown format": (["{clip}", "--formats", "fbq"], ["fbq", "bvh"]),
    "no format": (["{clip}", "--formats", ","], ["formats"]),
    "rate out of range": (["{clip}", "--fps", "500"], ["500"]),
    "unknown skeleton": (["{clip}", "--skeleton", "octopus"], ["octopus", "mixamo"]),
    "missing transcript": (["{clip}", "--text", "nowhere.srt"], ["nowhere.srt"]),
    "missing timeline": (["{clip}", "--emotion", "nowhere.json"], ["nowhere.json"]),
    "bad setting": (["{clip}", "--set", "hops=3"], ["hops"]),
    "half a setting": (["{clip}", "--set", "hop"], ["key=value"]),
    "unwritable output": (["{clip}", "--out", "/proc/nowhere/out"], ["/proc/nowhere"]),
    "output is a file": (["{clip}", "--out", "{clip}"], ["folder"]),
    "empty speaker": (["{clip}", "--speaker", ""], ["speaker"]),
    "option of no format": (["{clip}", "--option", "tpose_frame=true"], ["tpose_frame", "format.key=value"]),
    "option of another format": (["{clip}", "--option", "glb.fps=30"], ["glb", "bvh"]),
    "unknown option": (["{clip}", "--option", "bvh.tpose=true"], ["tpose", "tpose_frame"]),
    "bad value of an option": (["{clip}", "--option", "bvh.tpose_frame=maybe"], ["maybe", "true"]),
    "bad option": (["{clip}", "--emotoin", "happy"], ["--emotoin"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line_and_exit_2(
    case: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    arguments, said = BAD[case]
    arguments = [a.replace("{clip}", str(clip)) for a in arguments]
    if "--out" not in arguments:
        arguments += ["--out", str(tmp_path / "out")]
    if "--formats" not in arguments:
        arguments += QUICK
    assert run(monkeypatch, "animate", *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and "Traceback" not in printed.err
    for word in said:
        assert word in printed.err
    assert list(tmp_path.iterdir()) == []


SOUNDS = {
    "empty": lambda p: p.write_bytes(b""),
    "corrupt": lambda p: p.write_bytes(b"RIFF" + bytes(range(256)) * 8),
    "text": lambda p: p.write_text("not a sound " * 100),
    "no samples": lambda p: soundfile.write(p, np.zeros(0), 16000),
    "not numbers": lambda p: soundfile.write(p, np.full(16000, np.nan, np.float32), 16000, subtype="FLOAT"),
}


@pytest.mark.parametrize("kind", SOUNDS)
def test_bad_sound_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    path = tmp_path / "bad.wav"
    SOUNDS[kind](path)
    assert run(monkeypatch, "animate", path, "--out", tmp_path / "out", *QUICK) == 2
    error = capsys.readouterr().err
    assert "bad.wav" in error and error.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["bad.wav"]


def test_a_full_disk_leaves_nothing(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    from gengine.formats.bvh import BvhExporter

    real = BvhExporter.append

    def full(self: BvhExporter, stretch: Performance) -> None:
        real(self, stretch)
        with Path("/dev/full").open("w") as file:
            file.write("x" * 100_000)

    monkeypatch.setattr(BvhExporter, "append", full)
    assert run(monkeypatch, "animate", clip, "--out", tmp_path / "out", *QUICK) == 2
    assert "No space left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_take_goes_on_from_the_pose_of_a_file(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    assert run(monkeypatch, "animate", clip, "--formats", "npz,bvh", "--seed", 4, "--out", first) == 0
    for given in (first / "body.bvh", first / "performance.npz", first):
        assert run(monkeypatch, "animate", clip, "--formats", "npz", "--stance", given, "--out", again) == 0
        begun, wanted = (Performance.load(p / "performance.npz").motion for p in (again, first))
        assert begun is not None and wanted is not None
        arm = begun.skeleton.index("LeftForeArm")
        assert begun.rotations[0, arm] == pytest.approx(wanted.rotations[0, arm], abs=0.01)
        manifest = json.loads((again / "manifest.json").read_text())
        file = first / "performance.npz" if given == first else given
        assert manifest["inputs"]["stance"]["path"] == str(file) and len(manifest["inputs"]["stance"]["sha256"]) == 64
    capsys.readouterr()
    for wrong in (clip, tmp_path / "none.bvh", tmp_path / "none.npz"):
        assert run(monkeypatch, "animate", clip, "--stance", wrong, "--out", tmp_path / "no", *QUICK) == 2
        assert str(wrong) in capsys.readouterr().err and not (tmp_path / "no").exists()


def test_a_foreign_body_is_a_stance_a_skeleton_and_is_retargeted(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    mixamo = Path(__file__).parent / "faults/16a_mixamo_stance.bvh"
    out = tmp_path / "run"
    options = ["--stance", mixamo, "--skeleton", mixamo, "--formats", "bvh", "--out", out]
    assert run(monkeypatch, "animate", clip, *options) == 0
    assert "52 joints matched" in capsys.readouterr().err
    assert (out / "body.bvh").read_text().split("MOTION")[0] == mixamo.read_text().split("MOTION")[0]
    assert run(monkeypatch, "retarget", out / "body.bvh", tmp_path / "ue.bvh", "--to", "ue5") == 0
    assert "ROOT pelvis" in (tmp_path / "ue.bvh").read_text()
    assert run(monkeypatch, "retarget", clip, tmp_path / "no.bvh") == 2
    assert not (tmp_path / "no.bvh").exists()


def test_ctrl_c_exits_130_and_leaves_nothing(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    samples, rate = soundfile.read(SPEECH, dtype="float32")
    soundfile.write(long, np.tile(samples, 40), rate)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "gengine", "animate", str(long), "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.time() + 60
    while time.time() < deadline and not list(tmp_path.glob(".out*/.*partial*")):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    # A shell says 130 for both: Python ends itself by the signal where it struck in code made by exec.
    assert process.returncode in (130, -signal.SIGINT) and "interrupted" in error and "Traceback" not in error
    assert [p.name for p in tmp_path.iterdir()] == ["long.wav"]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_python_swallows_is_heard_and_not_told_of(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gengine.formats.bvh import BvhExporter

    class Finalised:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    real = BvhExporter.append

    def interrupted(self: BvhExporter, stretch: Performance) -> None:
        real(self, stretch)
        Finalised()

    monkeypatch.setattr(BvhExporter, "append", interrupted)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # given back at the end
    assert run(monkeypatch, "animate", clip, "--out", tmp_path / "out", *QUICK) == 130
    assert list(tmp_path.iterdir()) == []


def test_help_is_quick_and_has_examples() -> None:
    began = time.perf_counter()
    shown = subprocess.run([sys.executable, "-m", "gengine", "animate", "--help"], capture_output=True, text=True)
    assert "Examples" in shown.stdout and "--emotion" in shown.stdout
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gengine", "--help"], capture_output=True, text=True
    )
    assert "numpy" not in loaded.stderr and "av" not in loaded.stderr.split()
    assert time.perf_counter() - began < 60


def test_the_overview_says_what_the_commands_say() -> None:
    from typer.main import get_command

    for name, summary in cli.COMMANDS.items():
        command = get_command(importlib.import_module(f"gengine.cli.{name}").app)
        assert (command.name or name) == name and (command.help or "").startswith(summary)


def test_help_names_every_skeleton_and_format() -> None:
    from gengine.cli.options import FORMATS_HELP, SKELETON_HELP
    from gengine.registry import REGISTRY
    from gengine.retarget.joint_names import RIGS

    assert re.findall(r"\w+", SKELETON_HELP.partition(":")[2].partition(";")[0]) == ["beat", *RIGS[:-1], "or", RIGS[-1]]
    assert set(REGISTRY["exporters"]) <= set(re.findall(r"[\w-]+", FORMATS_HELP))


def test_a_command_loads_its_own_file_alone() -> None:
    script = "import sys; from gengine.cli import app; app(standalone_mode=False); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", script, "render", "-h"], capture_output=True, text=True, check=True)
    loaded = {name for name in shown.stdout.split() if name.startswith("gengine.cli.")}
    assert loaded == {"gengine.cli.console", "gengine.cli.options", "gengine.cli.render"}


def test_a_group_without_a_command_shows_its_help(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    for arguments in ([], ["avatar"], ["data"]):
        assert run(monkeypatch, *arguments) == 2
        printed = capsys.readouterr()
        assert "Usage" in printed.out + printed.err and "error" not in printed.err


def test_info_names_version_and_checkpoints(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    assert run(monkeypatch, "info", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["gengine"] and "phones-v1" in facts["checkpoints"] and "bvh" in facts["formats"]
