"""Holes of a picture filled from around them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ENOUGH = 4
"""Share of a coarse pixel's place that must be known, one over it, for its colour to be taken as it is (judgement)."""


def fill(picture: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """``picture (H, W, 3)`` with what is not ``known (H, W)``, 0..1, filled from what is (push-pull: Gortler et al.
    1996)."""
    import cv2

    levels: list[Any] = [(picture * known[..., None], known)]
    while min(levels[-1][1].shape) > 2:
        levels.append(tuple(cv2.pyrDown(part) for part in levels[-1]))
    colour, weight = levels[-1]
    filled = colour / np.maximum(weight, 1e-6)[..., None]
    for colour, weight in levels[-2::-1]:
        coarse = cv2.pyrUp(filled, dstsize=weight.shape[::-1])
        share = np.clip(ENOUGH * weight, 0, 1)[..., None]
        filled = colour / np.maximum(weight, 1e-6)[..., None] * share + coarse * (1 - share)
    return filled
