"""The golden messages decode to the same numbers in every client: JavaScript, C++ under sanitizers, C# and GDScript."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
RENDER = HERE.parents[1] / "render"
GOLDEN = RENDER / "protocol" / "golden"
FILES = [str(GOLDEN / "face.bin"), str(GOLDEN / "body.bin")]
SANITISED = [
    *"-std=c++17 -Wall -Wextra -Werror -g".split(),
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]
CUTS = sum(Path(f).stat().st_size for f in FILES)


def run(*command: object, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    given = {"env": os.environ | (environment or {}), "cwd": cwd, "timeout": 180}
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **given)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def need(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def agree(printed: str, tolerance: float = 1e-5) -> dict:
    """Whether a client read what is published, and refused every message that was cut off."""
    got, expected = json.loads(printed), json.loads((GOLDEN / "binary.json").read_text())
    for told, name in zip(got["told"], ("face", "body"), strict=True):
        assert set(told) == set(expected[name])
        for field, value in expected[name].items():
            ours = np.array(value, float).reshape(-1)
            assert np.abs(np.array(told[field], float).reshape(-1) - ours).max() < tolerance, (name, field)
    assert got["refused"] == CUTS
    if "sound" in got:
        assert got["sound"] == (GOLDEN / "sound.bin").read_bytes().hex()
    return got


@pytest.mark.node
def test_javascript() -> None:
    need("node")
    agree(run("node", HERE / "read_golden.mjs", *FILES))


def test_cpp_under_sanitizers(tmp_path: Path) -> None:
    need("g++")
    header = RENDER / "unreal" / "GengineLive" / "Source" / "GengineLive" / "Public"
    run("g++", *SANITISED, "-I", header, HERE / "read_golden.cpp", "-o", tmp_path / "read")
    agree(run(tmp_path / "read", *FILES))


def test_csharp(tmp_path: Path) -> None:
    need("mcs", "mono")
    sources = [RENDER / "unity" / "Runtime" / "LiveProtocol.cs", HERE / "ReadGolden.cs"]
    run("mcs", "-warnaserror", f"-out:{tmp_path / 'read.exe'}", *sources)
    agree(run("mono", tmp_path / "read.exe", *FILES))


@pytest.mark.godot
def test_gdscript(tmp_path: Path) -> None:
    need("godot3-server")
    for path in (*FILES, RENDER / "godot" / "addons" / "gengine_live" / "protocol.gd", HERE / "read_golden.gd"):
        shutil.copy(path, tmp_path)
    (tmp_path / "project.godot").write_text("config_version=4\n")
    lines = run("godot3-server", "--path", tmp_path, "-s", "res://read_golden.gd").splitlines()
    agree(next(line.removeprefix("GOLDEN") for line in lines if line.startswith("GOLDEN")))
