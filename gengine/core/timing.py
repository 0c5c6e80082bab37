"""Clocks: rate checks and index arithmetic shared by everything that is timed."""

from __future__ import annotations

import math

import numpy as np

from gengine.errors import GengineError, brief

FRAME_RATES = (1.0, 1000.0)
"""Frames per second that motion may have, Hz: motion capture runs at 24 to 480 (judgement)."""


def check_rate(field: str, value: float) -> None:
    """A rate must be a finite number above zero (Hz)."""
    if not (isinstance(value, int | float | np.number) and 0 < value < math.inf):
        raise GengineError(f"{field}: {brief(value)}, expected a rate above 0 Hz")


def check_frame_rate(field: str, value: float) -> None:
    """``GengineError`` for a rate (Hz) that no motion has: outside of ``FRAME_RATES``, such a clock never ends."""
    check_rate(field, value)
    if not FRAME_RATES[0] <= value <= FRAME_RATES[1]:
        raise GengineError(
            f"{field}: {brief(value)}, expected {FRAME_RATES[0]:g} to {FRAME_RATES[1]:g} frames per second"
        )


def frame_count(duration: float, fps: float) -> int:
    """Frames that cover ``duration`` seconds at ``fps`` (the last one may start just before the end)."""
    return max(0, math.ceil(duration * fps - 1e-6))
