"""Places without a home: no HOME, no passwd entry, another user, a read-only install, no network, no writable cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[1]
STRANGER = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"]
"""A user that no table knows."""


def stranger() -> list[str]:
    """The command that makes a stranger of what follows it, where that may be."""
    return STRANGER if os.geteuid() == 0 and shutil.which("setpriv") else []


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that anyone may write to, with a second of sound, and a copy of the package that nobody may.

    It is none of pytest's own, which every pytest that begins meanwhile shuts to others. Skips where a stranger may not
    read the interpreter or what is installed beside it, as under a home of mode 0700.
    """
    command = [*stranger(), sys.executable, "-B", "-c", "import numpy, scipy.signal, soundfile, typer"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, env={})
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        pytest.skip(f"another user cannot run {sys.executable} with its packages: {why}")
    with tempfile.TemporaryDirectory(prefix="places") as folder:
        home = Path(folder)
        home.chmod(0o777)
        t = np.arange(16000) / 16000
        soundfile.write(home / "a.wav", 0.3 * np.sin(900 * t) * np.sin(25 * t), 16000)
        for name in ("gengine", "checkpoints", "configs"):
            shutil.copytree(ROOT / name, home / "code" / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (home / "code", *(home / "code").rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield home
        for path in (home / "code", *(home / "code").rglob("*")):
            if path.is_dir():
                path.chmod(0o755)


def run(
    place: Path, *command: str, before: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """gengine from the read-only copy with next to no environment; as a stranger where that may be."""
    return subprocess.run(
        [*before, *stranger(), sys.executable, "-B", *command], cwd=place, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(place / "code"), "OMP_NUM_THREADS": "1"} | environment,
    )  # fmt: skip


@pytest.mark.parametrize("environment", [{}, {"HOME": "/nonexistent"}, {"HOME": "/proc", "XDG_CACHE_HOME": "/proc"}])
def test_a_stranger_without_a_home_animates(environment: dict[str, str], place: Path) -> None:
    out = place / f"out{len(environment)}"
    options = ["--formats", "bvh,csv,npz,glb", "--words", "none", "--out", str(out)]
    done = run(place, "-m", "gengine", "animate", "a.wav", *options, **environment)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in out.iterdir()} == {"body.bvh", "face.csv", "performance.npz", "avatar.glb", "manifest.json"}


def test_kernels_are_compiled_where_nothing_may_be_kept(place: Path) -> None:
    pytest.importorskip("numba")
    code = "from gengine.renderers.avatar import raster_kernels as r; print(r.KERNEL['cache'], r.__file__)"
    done = run(place, "-c", code, HOME="/nonexistent")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", str(place / "code/gengine/renderers/avatar/raster_kernels.py")]


@pytest.mark.slow
@pytest.mark.skipif("GENGINE_SLOW" not in os.environ, reason="compiles the renderer anew: GENGINE_SLOW=1 runs it")
def test_a_stranger_films(place: Path) -> None:
    done = run(place, "-m", "gengine", "animate", "a.wav", "--formats", "npz", "--words", "none", "--out", "filmed")
    assert done.returncode == 0, done.stderr
    options = ["--backend", "soft", "--size", "64x64", "--format", "gif", "--fps", "5", "--out", "film.gif"]
    done = run(place, "-m", "gengine", "render", "filmed", *options, HOME="/nonexistent")
    assert done.returncode == 0, done.stderr
    assert (place / "film.gif").read_bytes().startswith(b"GIF89a")


def test_where_nothing_can_be_written_one_line_says_so(place: Path) -> None:
    done = run(place, "-m", "gengine", "animate", "a.wav", "--formats", "bvh", "--words", "none", "--out", "/proc/run")
    assert done.returncode == 2 and done.stderr.startswith("gengine: error: --out /proc/run") and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_without_a_network(place: Path) -> None:
    apart = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-rn")
    if not shutil.which("unshare") or subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespace without a network may be made here")
    done = run(place, "-m", "gengine", "animate", "a.wav", "--formats", "bvh", "--out", "offline", before=apart)
    assert done.returncode == 0, done.stderr
