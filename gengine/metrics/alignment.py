"""Beat alignment of motion and sound, and where motion beats lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.errors import GengineError


def beat_alignment(audio_beats: ArrayLike, motion_beats: ArrayLike, sigma: float = 0.3, over: str = "motion") -> float:
    """Mean of ``exp(-t² / 2 sigma²)`` over beats, ``t`` s to the nearest beat of the other kind; in [0, 1].

    ``over`` is "motion" (the paper's direction) or "audio" (the published code's). Times in seconds. Without
    beats of either kind the value is NaN. Read it beside random beats at the same rate: jitter raises it.
    """
    if over not in ("motion", "audio"):
        raise GengineError(f"beat_alignment: over = {over!r}, expected 'motion' or 'audio'")
    audio, motion = np.sort(np.asarray(audio_beats, float)), np.sort(np.asarray(motion_beats, float))
    if not len(audio) or not len(motion):
        return float("nan")
    source, target = (motion, audio) if over == "motion" else (audio, motion)
    right = np.clip(np.searchsorted(target, source), 0, len(target) - 1)
    left = np.clip(right - 1, 0, len(target) - 1)
    gap = np.minimum(np.abs(source - target[left]), np.abs(source - target[right]))
    return float(np.exp(-(gap**2) / (2 * sigma**2)).mean())


def motion_beats(speed: ArrayLike, fps: float) -> NDArray[np.float64]:
    """Times (s) of local minima of a speed curve ``(T,)``: where a movement ends and the next begins."""
    speed = np.asarray(speed, float)
    inner = (speed[1:-1] < speed[:-2]) & (speed[1:-1] <= speed[2:])
    return (np.flatnonzero(inner) + 1) / fps


def random_beats(rate: float, duration: float, seed: int = 0) -> NDArray[np.float64]:
    """The control: beats drawn uniformly over ``duration`` s at ``rate`` per second."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.uniform(0, duration, max(1, round(rate * duration))))
