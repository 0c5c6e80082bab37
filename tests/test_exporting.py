"""Files by their ending, runs' folders whose manifests stay true, and nothing left behind by a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gengine
from gengine.core.exporter import Exporter
from gengine.exporting import export_folder, staging
from gengine.formats.bvh import BvhExporter
from gengine.runs import digest, write_manifest


@pytest.fixture(scope="module")
def short(make_performance) -> gengine.Performance:
    return make_performance(0.5)


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.bvh", b"HIERARCHY"), ("a.csv", b"Timecode"), ("a.json", b'{"names"'), ("a.npz", b"PK"),
        ("a.MP4", b"\0\0\0"), ("a.glb", b"glTF"), ("a.vrma", b"glTF"),
    ],
)  # fmt: skip
def test_the_ending_names_the_format(short, tmp_path: Path, name: str, begins: bytes) -> None:
    path = short.export(tmp_path / "new" / "folder" / name)
    assert path == tmp_path / "new" / "folder" / name and path.read_bytes().startswith(begins)
    assert [p.name for p in path.parent.iterdir()] == [name]


def test_options_and_other_formats_of_an_ending(short, tmp_path: Path) -> None:
    assert b"mixamorig:Hips" in short.export(tmp_path / "m.bvh", skeleton="mixamo").read_bytes()[:80]
    other = short.export(tmp_path / "x.npz", format="smplx")
    assert other.read_bytes() != gengine.export(short, tmp_path / "y.npz").read_bytes()
    assert gengine.load(tmp_path / "y.npz").words == short.words


def test_a_saved_performance_goes_to_files_and_folders(short, tmp_path: Path) -> None:
    short.save(tmp_path / "performance.npz")
    heard = []
    for source in (tmp_path, tmp_path / "performance.npz", str(tmp_path)):
        progress = lambda done, total: heard.append((done, total))  # noqa: E731
        files = gengine.export(source, tmp_path / "out", ["bvh", "csv"], bvh={"skeleton": "vrm"}, progress=progress)
        assert files == {"bvh": tmp_path / "out/body.bvh", "csv": tmp_path / "out/face.csv"}
        assert "hips" in (tmp_path / "out/body.bvh").read_text()[:40]
    assert heard == [(0.5, 0.5)] * 3


def test_stretches_pass_in_order(short, tmp_path: Path) -> None:
    gengine.export(iter([short.slice(0, 0.2), short.slice(0.2, 0.5)]), tmp_path / "a.bvh")
    assert (tmp_path / "a.bvh").read_bytes() == short.export(tmp_path / "b.bvh").read_bytes()


WRONG = {
    "ending": (lambda p, d: p.export(d / "a.docx"), [".docx", ".bvh"]),
    "no ending": (lambda p, d: p.export(d / "a"), ["ending", "formats="]),
    "format": (lambda p, d: p.export(d / "a.bvh", format="docx"), ["docx", "bvh"]),
    "folder": (lambda p, d: p.export(d), ["ending"]),
    "option": (lambda p, d: p.export(d / "a.bvh", skelton="vrm"), ["skelton", "skeleton", "tpose_frame"]),
    "option of none": (lambda p, d: p.export(d / "a.json", skeleton="vrm"), ["skeleton", "no options"]),
    "rig": (lambda p, d: p.export(d / "a.bvh", skeleton="octopus"), ["octopus", "mixamo"]),
    "no motion": (lambda p, d: p.export(d / "a.bvh"), ["no motion"]),
    "unwritable": (lambda p, d: p.export("/proc/nowhere/a.bvh"), ["/proc/nowhere", "cannot"]),
    "missing source": (lambda p, d: gengine.export(d / "none.npz", d / "a.bvh"), ["none.npz"]),
    "options of a format not chosen": (lambda p, d: gengine.export(p, d / "o", ["csv"], bvh={}), ["bvh", "csv"]),
    "options that are no dictionary": (lambda p, d: gengine.export(p, d / "o", ["csv"], csv=3), ["csv=3"]),
    "formats unknown": (lambda p, d: gengine.export(p, d / "o", ["docx"]), ["docx"]),
    "no formats": (lambda p, d: gengine.export(p, d / "o", []), ["empty", "bvh"]),
    "formats of another kind": (lambda p, d: gengine.export(p, d / "o", 3), ["formats: 3", "list"]),
    "performance of another kind": (lambda p, d: gengine.export(3, d / "a.bvh"), ["3 (int)", "Performance"]),
    "stretches of another kind": (lambda p, d: gengine.export([3], d / "a.bvh"), ["3 (int)", "Performance"]),
    "path of another kind": (lambda p, d: gengine.export(p, 3), ["3 (int)", "path"]),
    "rig of another kind": (lambda p, d: p.export(d / "a.bvh", skeleton=3), ["skeleton: 3", "joint names"]),
    "switch of another kind": (lambda p, d: p.export(d / "a.bvh", tpose_frame="x"), ["tpose_frame: 'x'", "True"]),
    "number of another kind": (lambda p, d: p.export(d / "a.csv", hour="x"), ["hour: 'x'", "whole number"]),
    "choice": (lambda p, d: p.export(d / "a.vrma", expressions="x"), ["expressions", "arkit"]),
    "film of another kind": (lambda p, d: gengine.render(3, d / "a.mp4"), ["3 (int)", "Performance"]),
    "film of nothing": (lambda p, d: gengine.render(p, d / "a.mp4"), ["neither motion nor face"]),
    "film of a missing file": (lambda p, d: gengine.render(d / "none.npz", d / "a.mp4"), ["none.npz"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_is_one_clear_error_and_leaves_nothing(case: str, short, tmp_path: Path) -> None:
    from dataclasses import replace

    performance = replace(short, motion=None) if case == "no motion" else short
    performance = replace(short, motion=None, face=None) if case == "film of nothing" else performance
    with pytest.raises(gengine.GengineError) as caught:
        WRONG[case][0](performance, tmp_path / "deep" / "er")
    for word in WRONG[case][1]:
        assert word in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def append(self: Exporter, stretch: gengine.Performance) -> None:
        self.partial.write_text("half")
        raise error

    monkeypatch.setattr(BvhExporter, "append", append)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt(), RuntimeError("bug")])
def test_a_failure_leaves_no_file_and_no_parent_folder(short, tmp_path: Path, monkeypatch, error) -> None:
    failing(monkeypatch, error)
    kind = gengine.GengineError if isinstance(error, OSError) else type(error)
    with pytest.raises(kind):
        short.export(tmp_path / "a" / "b" / "c.bvh")
    with pytest.raises(kind):
        gengine.export(short, tmp_path / "a" / "b" / "run", ["csv", "bvh"])
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_what_was_there(short, tmp_path: Path, monkeypatch) -> None:
    kept = tmp_path / "old" / "body.bvh"
    kept.parent.mkdir()
    kept.write_text("mine")
    failing(monkeypatch, RuntimeError("bug"))
    with pytest.raises(RuntimeError):
        short.export(kept)
    with pytest.raises(RuntimeError):
        gengine.export(short, kept.parent, ["csv", "bvh"])
    assert kept.read_text() == "mine" and [p.name for p in kept.parent.iterdir()] == ["body.bvh"]


def test_files_of_a_stage_appear_together(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    with staging(folder) as stage:
        (stage / "a").write_text("1")
        (stage / "b").write_text("2")
        assert not folder.exists() and stage.parent == folder.parent
    assert sorted(p.name for p in folder.iterdir()) == ["a", "b"] and list(folder.parent.iterdir()) == [folder]


@pytest.fixture
def a_run(short, tmp_path: Path) -> Path:
    """A run's folder as ``gengine animate`` leaves it."""
    export_folder([short], tmp_path, ["npz", "bvh"], manifest=lambda files: {"gengine": "0", "seed": 3, "files": files})
    assert_true(tmp_path)
    return tmp_path


def assert_true(folder: Path) -> dict:
    """The manifest lists every file of the folder with the bytes it has."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert set(manifest["files"]) == {p.name for p in folder.iterdir()} - {"manifest.json"}
    for name, about in manifest["files"].items():
        assert about["sha256"] == digest(folder / name) and about["bytes"] == (folder / name).stat().st_size
    return manifest


def test_an_export_into_a_run_keeps_its_manifest_true(a_run: Path) -> None:
    assert "options" not in assert_true(a_run)["files"]["body.bvh"]
    files = gengine.export(a_run, a_run, ["bvh", "csv"], bvh={"skeleton": "mixamo"})
    assert files["manifest"] == a_run / "manifest.json"
    manifest = assert_true(a_run)
    assert manifest["seed"] == 3 and manifest["files"]["face.csv"]["format"] == "csv"
    assert manifest["files"]["body.bvh"]["options"] == {"skeleton": "mixamo"}
    gengine.load(a_run).export(a_run / "body.bvh")
    assert "options" not in assert_true(a_run)["files"]["body.bvh"]


def test_a_failed_export_into_a_run_changes_nothing(a_run: Path, monkeypatch) -> None:
    before = {p.name: p.read_bytes() for p in a_run.iterdir()}
    failing(monkeypatch, RuntimeError("bug"))
    with pytest.raises(RuntimeError):
        gengine.export(a_run, a_run, ["csv", "bvh"])
    assert {p.name: p.read_bytes() for p in a_run.iterdir()} == before


@pytest.mark.parametrize("text", ["", "[1]", '{"files": {"body.bvh": 1}}', '{"gengine": "1", "files": 2}'])
def test_another_programs_manifest_is_left_alone(short, tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert set(gengine.export(short, tmp_path, ["bvh"])) == {"bvh"}
    assert (tmp_path / "manifest.json").read_text() == text


def test_a_manifest_is_one_json_object(tmp_path: Path) -> None:
    assert json.loads(write_manifest({"text": "é"}, tmp_path).read_text("utf-8")) == {"text": "é"}
