"""Hand shapes: finger flexions by name (rounded library values and medians of real hands; data/handshapes.csv)."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

WIDTH = 19
"""Channels of a hand shape: MCP, PIP, DIP of index, middle, ring, little (12); spread of each (4); thumb (3).

Radians. Spread is positive towards the little finger. The thumb's are CMC opposition, MCP and IP flexion.
"""

RELAXED = "relaxed"


@cache
def shapes() -> dict[str, NDArray[np.float64]]:
    """Every hand shape ``(19,)`` by name."""
    text = resources.files("gengine.networks.choreographer").joinpath("data/handshapes.csv").read_text("utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    table = {row["shape"]: np.radians([float(v) for v in _numbers(row)]) for row in rows}
    for value in table.values():
        value.setflags(write=False)
    return table


def shape(name: str) -> NDArray[np.float64]:
    """One hand shape ``(19,)``."""
    return shapes()[name]


def _numbers(row: dict[str, str]) -> list[float]:
    fingers = [float(v) for f in ("index", "middle", "ring", "pinky") for v in row[f].split("/")]
    return fingers + [float(v) for v in row["spread"].split()] + [float(v) for v in row["thumb"].split("/")]
