"""Fréchet distance between two Gaussians: FGD on motion features, FID on image features."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gengine.errors import GengineError


def frechet_distance(mu1: ArrayLike, cov1: ArrayLike, mu2: ArrayLike, cov2: ArrayLike) -> float:
    """Squared 2-Wasserstein distance of N(mu1, cov1) and N(mu2, cov2), lower is better.

    ``|mu1 - mu2|² + Tr(cov1 + cov2 - 2 (cov1^½ cov2 cov1^½)^½)`` (Dowson & Landau 1982; Heusel et al. 2017).
    The root is taken through symmetric eigen-decompositions, so it stays real for singular covariances.
    ``mu (D,)``, ``cov (D, D)``.
    """
    mu1, mu2 = np.asarray(mu1, float), np.asarray(mu2, float)
    cov1, cov2 = np.asarray(cov1, float), np.asarray(cov2, float)
    size = mu1.shape[0] if mu1.ndim == 1 else -1
    if mu1.shape != mu2.shape or cov1.shape != (size, size) or cov2.shape != (size, size):
        raise GengineError(
            f"frechet_distance: mu {mu1.shape}, {mu2.shape}, cov {cov1.shape}, {cov2.shape}; expected (D,) and (D, D)"
        )
    values, vectors = np.linalg.eigh((cov1 + cov1.T) / 2)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    inner = root @ cov2 @ root
    cross = np.sqrt(np.clip(np.linalg.eigvalsh((inner + inner.T) / 2), 0, None)).sum()
    return float(((mu1 - mu2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * cross)


def gaussian(features: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Mean ``(D,)`` and covariance ``(D, D)`` of features ``(N, D)``, N >= 2."""
    features = np.asarray(features, float)
    if features.ndim != 2 or len(features) < 2:
        raise GengineError(f"gaussian: features {features.shape}, expected (N, D) with at least two rows")
    return features.mean(0), np.atleast_2d(np.cov(features, rowvar=False))
