"""Checkpoints of random weights: all but what they learned is real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gengine.checkpoint import save_checkpoint
from gengine.networks.a2m import features
from gengine.networks.a2m.upper_face import EVENTS, GIVEN, MOVES, RECALLED
from gengine.networks.visemes.targets import MOUTH

WIDTH = 8


def mouth_tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = (features.ROW, 8, len(MOUTH))
    tensors = {}
    for i, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False)):
        tensors[f"layer{i}.weight"] = (rng.standard_normal((a, b)) / a**0.5).astype(np.float32)
        tensors[f"layer{i}.bias"] = rng.random(b).astype(np.float32) / 4
    return tensors


def upper_tensors() -> dict[str, np.ndarray]:
    """A network that moves about one deviation far and blinks and glances about once a second."""
    rng = np.random.default_rng(1)
    into = len(MOVES) + GIVEN
    tensors = {
        "inward": rng.standard_normal((into, 3 * WIDTH)) / 3, "inward_bias": np.zeros(3 * WIDTH),
        "again": rng.standard_normal((WIDTH, 3 * WIDTH)) / 3, "again_bias": np.zeros(3 * WIDTH),
        "outward": rng.standard_normal((WIDTH, len(MOVES))), "outward_bias": np.zeros(len(MOVES)),
        "events0": rng.standard_normal((RECALLED, 4)), "events0_bias": np.zeros(4),
        "events1": rng.standard_normal((4, len(EVENTS))) / 4, "events1_bias": np.full(len(EVENTS), -3.3),
        "sizes": np.array([0.05, 0.05, 0.05, 0.01, 0.01, 0.01]), "paces": np.full(len(MOVES), 5.0),
        "glance": np.array([0.2, 0.03, 0.03]),
        "rates": np.array([26.0, 60.0]),
    }  # fmt: skip
    return {f"upper.{name}": value.astype(np.float32) for name, value in tensors.items()}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mouth alone."""
    about = {"kind": "a2m", "version": 1, "layers": 2}
    return save_checkpoint(tmp_path_factory.mktemp("a2m") / "tiny", about, mouth_tensors())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mouth and an upper face."""
    about = {"kind": "a2m", "version": 1, "layers": 2}
    return save_checkpoint(tmp_path_factory.mktemp("a2m") / "drawn", about, mouth_tensors() | upper_tensors())
