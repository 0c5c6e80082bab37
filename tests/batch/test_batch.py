"""A batch as a stranger meets it: nothing is done twice or lost, one bad file stops nobody, one table tells of all."""

from __future__ import annotations

import csv
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import soundfile

from gengine import cli
from gengine.batch.entry import key_of
from gengine.batch.listing import listed
from gengine.batch.run_all import run_all
from gengine.batch.run_options import RunOptions
from gengine.batch.worker import Outcome, attempt, finished
from gengine.errors import GengineError

SPEECH = Path("demos/speech.wav").resolve()
ROOT = Path(__file__).parents[2]
COMMON = RunOptions(Path(), words="none", formats="bvh,csv")
QUICK = ("--formats", "bvh,csv", "--words", "none")


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings of a second, and one that is none."""
    folder = tmp_path_factory.mktemp("many") / "talks"
    folder.mkdir()
    samples, rate = soundfile.read(SPEECH, dtype="float32")
    for number in range(6):
        soundfile.write(folder / f"t{number}.wav", samples[number * rate // 2 :][:rate], rate)
    (folder / "bad.wav").write_text("no sound")
    return folder


def make(talks: Path, out: Path, common: RunOptions = COMMON, **options: Any) -> list[Outcome]:
    return run_all(listed([talks], common, out), out, **options)


def states(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.name: outcome.state for outcome in outcomes}


def stamps(out: Path) -> dict[Path, tuple[int, int]]:
    """Of every file which one it is and when it was written: a run that is made again changes them."""
    files = [p for p in out.rglob("*") if p.is_file() and p.name != "summary.csv"]
    return {p.relative_to(out): (p.stat().st_ino, p.stat().st_mtime_ns) for p in files}


def command(talks: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "gengine", "batch", str(talks), *QUICK, "--out", str(out), *more]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def test_a_batch_makes_what_single_runs_make_and_keeps_it(talks: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "runs"
    first = make(talks, out, jobs=2)
    assert states(first) == {"bad": "failed", **{f"t{n}": "made" for n in range(6)}}
    assert "no sound that can be read" in (first[0].error or "") and "\n" not in (first[0].error or "")
    assert not [p for p in tmp_path.rglob(".*")], "nothing is left beside the runs"
    arguments = ["gengine", "animate", str(talks / "t3.wav"), *QUICK, "--out", str(tmp_path / "single")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    for name in ("body.bvh", "face.csv"):
        assert (out / "t3" / name).read_bytes() == (tmp_path / "single" / name).read_bytes()

    before = stamps(out)
    again = make(talks, out, jobs=2)
    assert states(again) == {"bad": "failed", **{f"t{n}": "kept" for n in range(6)}}
    assert stamps(out) == before and [o.report for o in again] == [o.report for o in first]
    rows = list(csv.DictReader((out / "summary.csv").read_text("utf-8").splitlines()))
    assert [row["state"] for row in rows] == ["failed", *["kept"] * 6] and rows[0]["error"] == again[0].error


def test_what_has_changed_is_made_again_and_nothing_else(talks: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "talks", tmp_path / "runs"
    folder.mkdir()
    for name in ("t0.wav", "t1.wav", "t2.wav"):
        (folder / name).write_bytes((talks / name).read_bytes())
    make(folder, out, jobs=1)
    (folder / "t1.wav").write_bytes((talks / "t5.wav").read_bytes())
    (out / "t2" / "face.csv").write_text("cut off")
    assert states(make(folder, out, jobs=1)) == {"t0": "kept", "t1": "made", "t2": "made"}
    assert set(states(make(folder, out, replace(COMMON, seed=1), jobs=1)).values()) == {"made"}


@pytest.mark.parametrize("damage", ["{", "[]", '{"key": 1}', "", "null"])
def test_a_damaged_manifest_is_no_finished_run(talks: Path, tmp_path: Path, damage: str) -> None:
    (entry,) = listed([talks / "t0.wav"], COMMON, tmp_path).entries
    assert attempt(entry, tmp_path).state == "made" and attempt(entry, tmp_path).state == "kept"
    key = key_of(entry.options)
    assert finished(tmp_path / "t0", key) is not None and finished(tmp_path / "t0", "other") is None
    (tmp_path / "t0" / "manifest.json").write_text(damage)
    assert finished(tmp_path / "t0", key) is None and attempt(entry, tmp_path).state == "made"


@pytest.mark.slow
def test_killed_at_any_moment_and_restarted_nothing_is_done_twice_or_lost(talks: Path, tmp_path: Path) -> None:
    """``kill -9`` of the first process: its workers end too, finished runs stay untouched, the rest is made whole."""
    out, rng, kills = tmp_path / "runs", random.Random(1), 0
    plain = {p: p.read_bytes() for p in _plain(talks, tmp_path / "plain")}
    for _ in range(12):
        before = stamps(out)
        whole = {p.parent for p in before if p.name == "manifest.json"}
        process = subprocess.Popen(
            command(talks, out, "--jobs", "2"), env=environment(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(rng.uniform(0.3, 1.0) if kills < 4 else 300)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        until = time.monotonic() + 60
        while _group_lives(process.pid):
            assert time.monotonic() < until, "workers outlive their batch"
            time.sleep(0.01)
        after = stamps(out)
        for path, stamp in before.items():
            if path.parent in whole:
                assert after[path] == stamp, f"{path} was done twice or lost"
        for path in after:  # whatever stands in a run's folder is whole
            if path.parts[0][0] != "." and path.name in ("body.bvh", "face.csv"):
                assert (out / path).read_bytes() == plain[tmp_path / "plain" / path]
        if process.returncode == 1:
            break
    assert process.returncode == 1 and kills >= 2
    assert {p.parent.name for p in stamps(out) if p.name == "manifest.json"} == {f"t{n}" for n in range(6)}
    assert not [p for p in out.rglob(".*")], "what killed runs had begun is cleared away"


def _plain(talks: Path, out: Path) -> list[Path]:
    make(talks, out, jobs=1)
    return [p for p in out.rglob("*") if p.suffix in (".bvh", ".csv")]


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def test_a_run_that_is_killed_while_its_files_move_is_made_again(talks: Path, tmp_path: Path) -> None:
    (entry,) = listed([talks / "t0.wav"], COMMON, tmp_path).entries
    attempt(entry, tmp_path)
    other = replace(entry, options=replace(entry.options, emotion="sad"))
    program = (
        "import os, pickle\nfrom pathlib import Path\nfrom gengine import exporting\n"
        "from gengine.batch.worker import attempt\n"
        "real = os.replace\n"
        "def replace(a, b):\n"
        "    real(a, b)\n"
        "    if Path(b).parent.name == 't0': os._exit(9)\n"
        "exporting.os.replace = replace\n"
        f"attempt(pickle.loads({pickle.dumps(other)!r}), Path({str(tmp_path)!r}))"
    )
    assert subprocess.run([sys.executable, "-c", program], env=environment(), check=False).returncode == 9
    assert attempt(entry, tmp_path).state == "made", "half of its files were another run's"


def test_a_process_that_dies_fails_its_own_recording_alone(talks: Path, tmp_path: Path) -> None:
    """A plug-in network that ends its process, as a library's crash or the system would for want of memory."""
    (tmp_path / "deadly").mkdir()
    (tmp_path / "deadly" / "deadly.py").write_text(
        "import os\nfrom gengine.networks.choreographer.network import Choreographer\n\n\n"
        "class Deadly(Choreographer):\n    def start(self, speaker, seed):\n        os.kill(os.getpid(), 9)\n"
    )
    info = tmp_path / "deadly" / "deadly-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gengine.body_network]\ndeadly = deadly:Deadly\n")
    (tmp_path / "list.csv").write_text(
        "sound,body,out\n" + "".join(f"{talks / f't{n}.wav'},{'deadly' if n == 1 else ''},r{n}\n" for n in range(4))
    )
    path = os.pathsep.join([str(ROOT), str(tmp_path / "deadly")])
    arguments = command(tmp_path / "list.csv", tmp_path / "out", "--jobs", "2", "--json")
    done = subprocess.run(arguments, env=environment(PYTHONPATH=path), capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    told = {run["name"]: run for run in json.loads(done.stdout)["runs"]}
    assert {n: r["state"] for n, r in told.items()} == {"r0": "made", "r1": "failed", "r2": "made", "r3": "made"}
    assert "signal 9" in told["r1"]["error"] and "--jobs 1" in told["r1"]["error"]


def test_ctrl_c_leaves_whole_runs_and_says_how_to_go_on(talks: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    process = subprocess.Popen(
        command(talks, out, "--jobs", "1"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list(out.glob("*/manifest.json")) and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    if process.returncode != 1:  # it may have been quicker
        assert process.returncode == 130 and "the same command goes on" in said and "Traceback" not in said
    assert not [p for p in out.rglob(".*")]
    for run in out.glob("t*"):
        assert (run / "manifest.json").is_file()


def test_the_command_tells_of_all_and_ends_with_one(talks: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    out = tmp_path / "runs"
    monkeypatch.setattr(sys, "argv", command(talks, out, "--jobs", "2")[2:])
    with pytest.raises(SystemExit) as end:
        cli.main()
    printed = capsys.readouterr()
    assert end.value.code == 1
    assert "6 made, 0 kept, 1 failed" in printed.out and "no sound that can be read" in printed.out
    assert printed.err.count("\n") == 7 and "7 of 7: " in printed.err and "bad failed: " in printed.err

    good = [str(talks / f"t{n}.wav") for n in range(6)]
    monkeypatch.setattr(sys, "argv", ["gengine", "animate", *good, *QUICK, "--out", str(out), "--json"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    about = json.loads(capsys.readouterr().out)
    assert end.value.code == 0 and about["kept"] == 6 and about["failed"] == about["made"] == 0
    assert {"sound", "words", "warnings"} <= set(about["runs"][0]["report"])


def test_a_strict_batch_fails_what_warns(talks: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        f"sound,text,strict\n{talks / 't0.wav'},Nobody says a thing like this here,yes\n{talks / 't1.wav'},,yes\n"
    )
    first, second = make(tmp_path / "list.csv", tmp_path / "out", jobs=1)
    assert first.state == "failed" and "--strict" in (first.error or "") and not (tmp_path / "out" / "t0").exists()
    assert second.state == "made"


def test_two_batches_do_not_write_one_folder(talks: Path, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(GengineError, match="another batch is writing there"):
        make(talks, tmp_path, jobs=1)
    os.close(handle)


def test_where_nothing_can_be_written_is_one_error(talks: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GengineError, match="cannot be made"):
        make(talks, tmp_path / "file" / "out", jobs=1)


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_its_command_is_named(talks: Path, tmp_path: Path) -> None:
    with pytest.raises(GengineError, match=r"--ray needs an optional part: pip install .*\[ray\]"):
        make(talks, tmp_path, cluster="")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_a_cluster_makes_the_same_and_goes_on_too(talks: Path, tmp_path: Path) -> None:
    make(talks, tmp_path / "here", jobs=2)
    arguments = command(talks, tmp_path / "there", "--ray", "--jobs", "2", "--json")
    for state in ("made", "kept"):
        done = subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=False)
        if done.returncode == 2 and "no cluster starts on this machine" in done.stderr:
            pytest.skip("Ray does not start here in time")
        assert done.returncode == 1, done.stderr
        told = {run["name"]: run["state"] for run in json.loads(done.stdout.splitlines()[-1])["runs"]}
        assert told == {"bad": "failed", **{f"t{n}": state for n in range(6)}}
    for path in (tmp_path / "here").rglob("*.bvh"):
        assert (tmp_path / "there" / path.relative_to(tmp_path / "here")).read_bytes() == path.read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_no_cluster_at_an_address_is_one_line(talks: Path, tmp_path: Path) -> None:
    arguments = command(talks, tmp_path, "--address", "127.0.0.1:1")
    done = subprocess.run(arguments, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and "no cluster answers at 127.0.0.1:1" in done.stderr, done.stderr
