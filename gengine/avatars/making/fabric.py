"""Tileable textures of woven and knitted cloth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

SIZE = 256


def fabric(kind: str, color: tuple[float, float, float], seed: int = 0) -> tuple[NDArray[np.uint8], float]:
    """A seamless tile ``(256, 256, 3)`` sRGB and the metres of cloth it covers."""
    rng = np.random.default_rng(seed + 31)
    v, u = np.mgrid[0:SIZE, 0:SIZE] / SIZE

    def cloud(sigma: float) -> NDArray[np.float64]:
        field = gaussian_filter(rng.standard_normal((SIZE, SIZE)), sigma, mode="wrap")
        return field / field.std()

    tint = np.zeros((SIZE, SIZE, 3))
    if kind == "denim":
        weave = np.sin(2 * np.pi * (56 * u + 56 * v)) * 0.5 + 0.35 * cloud(0.7)
        shade, repeat = 0.075 * weave + 0.045 * cloud(14), 0.22
        tint += np.clip(cloud(20), -1.5, 1.5)[..., None] * 0.018
        tint += np.clip(weave, 0, 1)[..., None] * [0.035, 0.035, 0.03]
    elif kind == "knit":
        columns, rows = 30, 36
        lean = np.abs((columns * u) % 1 - 0.5)
        stitch = np.sin(2 * np.pi * (rows * v + 1.1 * lean)) * np.cos(np.pi * (lean * 2 - 0.5)) - 0.9 * np.exp(
            -((lean / 0.12) ** 2)
        )
        shade, repeat = 0.085 * stitch + 0.03 * cloud(0.8) + 0.02 * cloud(10), 0.16
    elif kind == "pique":
        shade, repeat = 0.05 * np.sin(2 * np.pi * 40 * u) * np.sin(2 * np.pi * 40 * v) + 0.025 * cloud(0.8), 0.12
    elif kind == "twill":
        shade, repeat = 0.03 * np.sin(2 * np.pi * (64 * u + 64 * v)) + 0.03 * cloud(0.8) + 0.015 * cloud(12), 0.16
    elif kind == "wool":
        shade, repeat = 0.05 * cloud(0.8) + 0.035 * cloud(2.2) + 0.02 * np.sin(2 * np.pi * 40 * (u + v)), 0.2
    elif kind == "poplin":
        shade, repeat = 0.018 * cloud(0.7) + 0.012 * cloud(8), 0.2
    else:
        shade, repeat = 0.03 * np.sin(2 * np.pi * 48 * u) * 0.6 + 0.03 * cloud(0.8) + 0.012 * cloud(10), 0.16
    image = np.asarray(color) * (1 + shade[..., None]) + tint
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8), repeat
