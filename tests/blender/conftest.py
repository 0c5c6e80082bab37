"""Blender as a Python module, in an environment of its own: it is large, GPL and pinned to one Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BPY = "bpy==4.5.15"


def _works(python: Path) -> bool:
    return python.is_file() and subprocess.run([python, "-c", "import bpy"], capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def blender() -> Path:
    """A Python that can ``import bpy``: GENGINE_BPY_PYTHON, or one made once in the user's cache."""
    given = os.environ.get("GENGINE_BPY_PYTHON")
    if given is not None:
        if not _works(Path(given)):
            pytest.skip(f"GENGINE_BPY_PYTHON={given} cannot import bpy")
        return Path(given)
    folder = Path.home() / ".cache" / "gengine" / "bpy"
    python = folder / "bin" / "python"
    if not _works(python):
        base = shutil.which("python3.11") or sys.executable
        steps = [[base, "-m", "venv", str(folder)], [str(python), "-m", "pip", "install", "-q", BPY]]
        if shutil.which("uv"):
            steps = [
                ["uv", "venv", "-q", "--clear", "--python", "3.11", str(folder)],
                ["uv", "pip", "install", "-q", "--python", str(python), BPY],
            ]
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"{BPY} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return python
