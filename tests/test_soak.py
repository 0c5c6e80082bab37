"""An hour of sound, pushed as a microphone would: memory stays, numbers stay finite, nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from gengine import Session

SECONDS = 3600
GROWTH = 60 << 20
"""Bytes that a stream may hold more at its end than after its first minutes."""


def held() -> int:
    """Resident bytes of this process (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif("GENGINE_SLOW" not in os.environ, reason="an hour of sound: GENGINE_SLOW=1 streams it")
def test_an_hour_of_streaming(speech: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    session, pushed, frames, faces, early = Session(seed=1), 0, 0, 0, 0
    while pushed < SECONDS * 16000:
        size = int(rng.integers(160, 16000))
        start = int(rng.integers(0, len(speech) - size))
        stretch = session.push(speech[start : start + size] * rng.choice([0.0, 0.3, 1.0]))
        pushed += size
        if stretch is not None:
            assert np.isfinite(stretch.motion.rotations).all() and np.isfinite(stretch.face.weights).all()
            frames, faces = frames + len(stretch.motion), faces + len(stretch.face)
        if not early and pushed > 300 * 16000:
            early, rows = held(), session.held
    last = session.flush()
    frames, faces = frames + len(last.motion), faces + len(last.face)
    assert abs(frames / 30 - pushed / 16000) < 0.1 and abs(faces / 60 - pushed / 16000) < 0.1
    assert held() - early < GROWTH
    assert all(now <= 2 * rows[kind] + 1000 for kind, now in session.held.items())
