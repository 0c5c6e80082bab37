"""How much motion varies, and how well a set of motions covers another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.errors import GengineError


def l1_diversity(poses: ArrayLike) -> float:
    """Mean absolute deviation from the clip's mean pose, summed over channels: ``Σ|x - mean| / T``.

    ``poses (T, D)`` in any unit; the result has that unit.
    """
    poses = np.asarray(poses, float)
    if poses.ndim != 2 or not len(poses):
        raise GengineError(f"l1_diversity: poses {poses.shape}, expected (T, D) with at least one frame")
    return float(np.abs(poses - poses.mean(0)).sum() / len(poses))


def coverage(real: ArrayLike, fake: ArrayLike, neighbours: int = 5) -> float:
    """Share of real samples with a generated one inside their k-nearest-neighbour ball, in [0, 1], higher is better.

    Naeem et al. 2020; ``real (N, D)``, ``fake (M, D)`` features.
    """
    radius, distance = _balls(real, fake, neighbours)
    return float((distance.min(1) < radius).mean())


def density(real: ArrayLike, fake: ArrayLike, neighbours: int = 5) -> float:
    """Mean number of real balls around each generated sample over k; 1 is expected of real data (Naeem et al. 2020)."""
    radius, distance = _balls(real, fake, neighbours)
    return float((distance < radius[:, None]).sum(0).mean() / neighbours)


def _balls(real: ArrayLike, fake: ArrayLike, neighbours: int) -> tuple[NDArray, NDArray]:
    from scipy.spatial.distance import cdist

    a, b = np.asarray(real, float), np.asarray(fake, float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or len(a) <= neighbours or not len(b):
        raise GengineError(
            f"coverage: real {a.shape}, fake {b.shape}; expected (N, D) and (M, D) with N > {neighbours}"
        )
    radius = np.sort(cdist(a, a), axis=1)[:, neighbours]
    return radius, cdist(a, b)
