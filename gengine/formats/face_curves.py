"""What face files have in common: spellings of the ARKit names, and clocks that are not quite regular."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gengine.core import bounds
from gengine.core.array_bounds import check_finite
from gengine.core.face import ARKIT_NAMES, FaceTrack
from gengine.core.resampling import Blend
from gengine.core.timing import FRAME_RATES
from gengine.errors import FormatError

_LOWER = {name.lower(): i for i, name in enumerate(ARKIT_NAMES)}
_RATES = np.array([24000 / 1001, 24, 25, 30000 / 1001, 30, 48, 50, 60000 / 1001, 60, 90, 100, 120])
"""Rates that cameras and tools run at, Hz."""

SPARSE = 20
"""Frames of the regular clock for each row of a file at most: a recording misses nineteen of twenty (judgement)."""
SPARSE_FREE = 36_000
"""Frames that a gap may always bridge: ten minutes at 60 Hz (judgement)."""


def arkit_index(name: str) -> int | None:
    """Place of a curve in ``ARKIT_NAMES``, in any case and with ``_L``/``_R`` for Left/Right; else None."""
    name = name.strip().lower()
    name = name[:-2] + {"l": "left", "r": "right"}[name[-1]] if name[-2:] in ("_l", "_r") else name
    return _LOWER.get(name)


def arkit_weights(names: Sequence[str], values: NDArray) -> NDArray[np.float32]:
    """Curves ``values (T, C)`` called ``names`` in ARKit order ``(T, 52)``; absent ones are 0, others left out."""
    weights = np.zeros((len(values), len(ARKIT_NAMES)), np.float32)
    for column, name in enumerate(names):
        index = arkit_index(name)
        if index is not None:
            weights[:, index] = values[:, column]
    return weights


def nominal_rate(measured: float) -> float:
    """The usual frame rate within 0.04 % of a measured one, or the measured one (Hz)."""
    nearest = float(_RATES[np.argmin(np.abs(_RATES / measured - 1))])
    return nearest if abs(nearest / measured - 1) < 4e-4 else measured


def regular_face(
    times: NDArray, weights: NDArray, head: NDArray, gaze: NDArray, fps: float | None = None, where: str = "face"
) -> FaceTrack:
    """A FaceTrack from frames at strictly increasing ``times`` (s).

    The rate is ``fps``, or measured from the usual step. Frames within a quarter step of a regular clock are
    taken as they are; others, after dropped frames or at another ``fps``, are interpolated. Values that are not
    finite, a rate no face has and a clock with more than ``SPARSE`` times as many frames as there are rows are a
    ``FormatError`` that begins with ``where``.
    """
    if not len(times):
        raise FormatError(f"{where}: holds no frame of a face")
    for name, values in (("weights", weights), ("head", head), ("gaze", gaze)):
        check_finite(values, f"{where}: {name}")
    if fps is not None:
        bounds.number(fps, f"{where}: fps", *FRAME_RATES)
    if len(times) < 2:
        return FaceTrack(weights, head, gaze, fps or 60.0)
    steps = np.diff(times)
    usual = steps[np.abs(steps - np.median(steps)) < np.median(steps) / 2]
    measured = float(1 / usual.mean()) if len(usual) and usual.mean() > 0 else np.inf
    rate = fps or nominal_rate(bounds.number(measured, f"{where}: frames per second", *FRAME_RATES))
    frames = (times[-1] - times[0]) * rate
    if frames > SPARSE * len(times) + SPARSE_FREE:
        raise FormatError(f"{where}: {len(times)} frames span {times[-1] - times[0]:g} s; the times have a gap")
    grid = times[0] + np.arange(round((times[-1] - times[0]) * rate) + 1) / rate
    if len(grid) == len(times) and np.abs(grid - times).max() < 0.25 / rate:
        return FaceTrack(weights, head, gaze, rate)
    high = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    low = high - 1
    t = np.clip((grid - times[low]) / (times[high] - times[low]), 0.0, 1.0)

    blend = Blend(low, high, t)
    return FaceTrack(blend.line(weights), blend.arc(head), blend.line(gaze), rate)
