"""Smoothness of movement: jerk and its dimensionless logarithm."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.errors import GengineError


def jerk(positions: ArrayLike, fps: float) -> NDArray[np.float64]:
    """Magnitude of the third derivative, ``(T-3, ...)`` m/s³, of positions ``(T, ..., 3)`` m."""
    positions = np.asarray(positions, float)
    if positions.shape[0] < 4 or positions.shape[-1] != 3:
        raise GengineError(f"jerk: positions {positions.shape}, expected (T, ..., 3) with at least four frames")
    return np.linalg.norm(np.diff(positions, 3, axis=0), axis=-1) * fps**3


def ldlj(positions: ArrayLike, fps: float) -> float:
    """Log dimensionless jerk of one path ``(T, 3)`` m; nearer to zero is smoother (Balasubramanian et al. 2015).

    ``-ln( duration³ / peak speed² · ∫ jerk² dt )``; a path that never moves gives NaN.
    """
    positions = np.asarray(positions, float)
    squared = (jerk(positions, fps) ** 2).sum() / fps
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1) * fps
    peak, duration = speed.max(), len(positions) / fps
    return float(-np.log(duration**3 / peak**2 * squared)) if peak > 1e-9 and squared > 0 else float("nan")
