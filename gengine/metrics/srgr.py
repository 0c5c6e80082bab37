"""Semantic relevance gesture recall: how many meaningful poses were hit (BEAT, Liu et al. 2022)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gengine.core import rotation
from gengine.errors import GengineError

BEAT_MEAN_SEMANTIC = 0.165
"""Mean semantic score of BEAT's test set, by which the published code scales its figure."""


def srgr_beat(pred_deg: ArrayLike, ref_deg: ArrayLike, semantic: ArrayLike, threshold: float = 4.0) -> float:
    """SRGR as the published code computes it, higher is better.

    ``pred_deg`` and ``ref_deg`` are de-normalised Euler angles in degrees, ``(T, J * 3)`` or ``(T, J, 3)``;
    ``semantic (T,)`` the frames' scores. A joint is hit when the sum of its three absolute differences is
    below ``threshold`` degrees; hits are weighted by ``semantic / 0.165`` and averaged over frames and
    joints. Angles are not wrapped and ground truth against itself scores ``mean(semantic) / 0.165``, not 1;
    ``srgr`` mends both.
    """
    pred, ref, weights = _frames(pred_deg, ref_deg, semantic)
    hit = np.abs(pred - ref).sum(-1) < threshold
    return float((hit * weights[:, None]).mean() / BEAT_MEAN_SEMANTIC) if hit.size else float("nan")


def srgr(
    pred: ArrayLike,
    ref: ArrayLike,
    semantic: ArrayLike,
    threshold: float = np.radians(10.0),
    tolerance: int = 0,
) -> float:
    """SRGR on geodesic joint rotations, in [0, 1]; ground truth scores 1.

    ``pred`` and ``ref`` are quaternions ``(T, J, 4)``; a joint is hit when it lies within ``threshold`` radians
    of the reference at some frame within ``tolerance`` frames. Frames are weighted by ``semantic (T,)``
    normalised to sum to 1; all-zero weights give NaN.
    """
    a, b, weights = np.asarray(pred, float), np.asarray(ref, float), np.asarray(semantic, float)
    if a.shape != b.shape or a.ndim != 3 or a.shape[-1] != 4 or weights.shape != a.shape[:1]:
        raise GengineError(
            f"srgr: pred {a.shape}, ref {b.shape}, semantic {weights.shape}; expected (T, J, 4) twice and (T,)"
        )
    if weights.sum() <= 0:
        return float("nan")
    hit = np.zeros(a.shape[:2], bool)
    for shift in range(-tolerance, tolerance + 1):
        index = np.clip(np.arange(len(a)) + shift, 0, len(a) - 1)
        hit |= rotation.angle(a, b[index]) < threshold
    return float((hit.mean(1) * weights).sum() / weights.sum())


def _frames(pred: ArrayLike, ref: ArrayLike, semantic: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, weights = np.asarray(pred, float), np.asarray(ref, float), np.asarray(semantic, float)
    if a.shape != b.shape or a.ndim not in (2, 3) or weights.shape != a.shape[:1]:
        raise GengineError(
            f"srgr_beat: pred {a.shape}, ref {b.shape}, semantic {weights.shape}; expected (T, J*3) twice and (T,)"
        )
    if a.ndim == 2:
        if a.shape[1] % 3:
            raise GengineError(f"srgr_beat: {a.shape[1]} channels, expected three Euler angles per joint")
        a, b = a.reshape(len(a), -1, 3), b.reshape(len(b), -1, 3)
    return a, b, weights
