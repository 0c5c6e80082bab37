"""Every demo runs as its first line says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DEMOS = sorted(p for p in Path("demos").glob("*.py") if p.name != "make_speech.py")


@pytest.mark.parametrize("demo", DEMOS, ids=lambda p: p.stem)
def test_demo_runs(demo: Path, tmp_path: Path) -> None:
    assert len(demo.read_text().splitlines()) < 60
    done = subprocess.run([sys.executable, demo.resolve()], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
