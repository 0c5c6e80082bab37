"""Clocks: rate checks and index arithmetic shared by everything that is timed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gengine.errors import GengineError


def check_rate(field: str, value: float) -> None:
    """A rate must be a finite number above zero (Hz)."""
    if not (isinstance(value, int | float | np.number) and math.isfinite(value) and value > 0):
        raise GengineError(f"{field}: {value!r}, expected a rate above 0 Hz")


def frame_count(duration: float, fps: float) -> int:
    """Frames that cover ``duration`` seconds at ``fps`` (the last one may start just before the end)."""
    return max(0, math.ceil(duration * fps - 1e-6))


def resample_index(count: int, fps: float, target: float) -> tuple[NDArray, NDArray, NDArray]:
    """Neighbours and blend ``t`` in [0, 1) that take ``count`` frames at ``fps`` to ``target`` Hz."""
    position = np.arange(frame_count(count / fps, target)) * (fps / target)
    position = np.minimum(position, count - 1)
    low = np.floor(position + 1e-9).astype(np.int64)
    high = np.minimum(low + 1, count - 1)
    return low, high, np.asarray(np.clip(position - low, 0.0, 1.0))
