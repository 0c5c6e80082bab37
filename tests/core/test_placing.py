"""Files and folders appear by one step, survive who is killed in between, and leave nothing behind."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gengine.core.placing import COMMIT, check_place, commit, scratch, settle, settled, sweep, whole
from gengine.errors import GengineError


def dead() -> int:
    """The number of a process that is no more."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def stage_of(folder: Path, **files: str) -> Path:
    stage = scratch(folder / "x")
    stage.mkdir()
    for name, text in files.items():
        (stage / name).write_text(text)
    return stage


def test_a_file_appears_when_it_is_whole(tmp_path):
    with pytest.raises(RuntimeError), whole(tmp_path / "a.txt") as made:
        made.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole(tmp_path / "a.txt", ".txt") as made:
        made.write_text("whole")
        assert not (tmp_path / "a.txt").exists() and made.suffix == ".txt"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, os.fsdecode(b"\xff\xfe" * 120)])
def test_long_names_and_names_that_are_no_text(name, tmp_path):
    with whole(tmp_path / name) as made:
        made.write_text("a")
    assert (tmp_path / name).read_text() == "a"


def test_what_the_dead_left_is_swept_and_what_the_living_make_is_not(tmp_path):
    mine = scratch(tmp_path / "run")
    left = Path(str(mine).replace(f"-{os.getpid()}-", f"-{dead()}-"))
    elsewhere = Path(str(left).replace(".run.", ".run.1"))  # another machine's
    for folder in (mine, left, elsewhere):
        folder.mkdir()
        (folder / "body.bvh").write_text("half")
    (tmp_path / ".hidden.partial").write_text("someone's")
    sweep(tmp_path)
    assert not left.exists() and mine.exists() and elsewhere.exists() and (tmp_path / ".hidden.partial").exists()
    os.utime(elsewhere, (0, 0))
    scratch(tmp_path / "other")
    assert not elsewhere.exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell of dead processes")
def test_what_a_dead_process_left_whose_end_nobody_asked_for_is_swept(tmp_path):
    done = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert done.stdout is not None
    done.stdout.read()  # until it ends; its number stays taken until ``wait``
    until = time.monotonic() + 10
    left = scratch(tmp_path / "x")
    left = left.with_name(left.name.replace(f"-{os.getpid()}-", f"-{done.pid}-"))
    left.write_text("half")
    while left.exists() and time.monotonic() < until:
        sweep(tmp_path)
        time.sleep(0.01)
    assert not left.exists()
    done.wait()


def test_what_a_signal_kept_from_being_removed_goes_with_its_process(tmp_path):
    """As where Ctrl-C strikes in the removal itself; a fork that ends takes nothing along."""
    said = (
        "import os, sys; from gengine.core.placing import scratch; made = scratch(sys.argv[1]); made.mkdir();"
        "(made / 'a').write_text('half'); child = os.fork() if hasattr(os, 'fork') else -1;"
        "child or sys.exit(0); child > 0 and os.waitpid(child, 0); print(made.exists())"
    )
    done = subprocess.run([sys.executable, "-c", said, tmp_path / "x"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_who_is_killed_while_files_are_moved_leaves_no_mixture(moved, tmp_path):
    """After the one step that counts, whoever comes by finishes."""
    for name in ("a", "b", "manifest.json"):
        (tmp_path / name).write_text("old")
    stage = stage_of(tmp_path, **{"a": "new", "b": "new", "manifest.json": "new"})
    stage.rename(tmp_path / COMMIT)
    for name in ("a", "b")[:moved]:
        (tmp_path / COMMIT / name).replace(tmp_path / name)
    assert settled(tmp_path / "b").read_text() == "new"
    settle(tmp_path)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "new", "b": "new", "manifest.json": "new"}


def write(folder: Path, who: str, rounds: int) -> None:
    for _ in range(rounds):
        commit(stage_of(folder, **{f"f{k}": who for k in range(8)}), folder)


def test_two_writers_never_mix(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write, args=(tmp_path, who, 40)) for who in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    texts = {p.read_text() for p in tmp_path.iterdir()}
    assert len(texts) == 1 and len(list(tmp_path.iterdir())) == 8


def test_places_that_cannot_be(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for path, folder, said in (("link", None, "nowhere"), ("file", True, "is a file"), (".", False, "is a folder"),
                               ("pipe", None, "a pipe"), ("x" * 300, None, "too long")):  # fmt: skip
        with pytest.raises(GengineError, match=said):
            check_place(tmp_path / path, folder)
    check_place(tmp_path / "new")
    with pytest.raises(GengineError, match="device"):
        check_place(Path("/dev/null"))


def test_a_folder_in_the_way_stops_all_files(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(GengineError, match="b: is a folder"):
        commit(stage_of(tmp_path, a="new", b="new"), tmp_path)
    assert not (tmp_path / "a").exists()
