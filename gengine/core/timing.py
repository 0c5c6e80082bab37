"""Clocks: rate checks and index arithmetic shared by everything that is timed."""

from __future__ import annotations

import math

import numpy as np

from gengine.errors import GengineError


def check_rate(field: str, value: float) -> None:
    """A rate must be a finite number above zero (Hz)."""
    if not (isinstance(value, int | float | np.number) and math.isfinite(value) and value > 0):
        raise GengineError(f"{field}: {value!r}, expected a rate above 0 Hz")


def frame_count(duration: float, fps: float) -> int:
    """Frames that cover ``duration`` seconds at ``fps`` (the last one may start just before the end)."""
    return max(0, math.ceil(duration * fps - 1e-6))
