"""Installs the packages beside this file as a stranger would, into a folder of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gengine.metrics.clip_metric import clip_metrics

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Installs packages by their folders' names and returns where they lie."""
    pytest.importorskip("setuptools")

    def install(*names: str) -> Path:
        source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
        folders = [shutil.copytree(HERE / name, source / name) for name in names]
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
        done = subprocess.run([*command, "--target", target, *folders], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return target

    return install


@pytest.fixture(scope="session")
def good(installed) -> Path:
    return installed("subtitle_exporter", "nodding_body", "stillness_metric")


@pytest.fixture(scope="session")
def bad(installed) -> Path:
    return installed("broken_plugin")


@pytest.fixture
def with_packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Makes the packages of a folder importable for one test."""
    clip_metrics.cache_clear()
    yield lambda folder: monkeypatch.syspath_prepend(folder)
    clip_metrics.cache_clear()
