"""Corpora that trainings learn from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gengine import Performance
from gengine.data import annotations, beat


@pytest.fixture(scope="session")
def write_recording() -> Callable[[Path, str, Performance], None]:
    """Writes one recording of a corpus in BEAT's layout, with an iconic gesture in its second second."""

    def write(root: Path, stem: str, performance: Performance) -> None:
        strokes = annotations.cover([annotations.Gesture("05_iconic_l", 1.0, 2.0, 0.5)], performance.duration)
        beat.write_sequence(beat.Sequence(stem, performance, np.zeros(1), 0, strokes), root)

    return write


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a module's trainings keep what they read."""
    return tmp_path_factory.mktemp("cache")
