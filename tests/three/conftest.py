"""three.js in node, installed once from package.json."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def three() -> Path:
    """The folder with ``node_modules``; skips where node or the package cannot be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    if not (HERE / "node_modules" / "three" / "package.json").is_file():
        done = subprocess.run(
            ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"three cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return HERE
