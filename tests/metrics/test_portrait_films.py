"""Measures of a drawn film against the real one."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.metrics.portrait_films import FilmPair, flicker, lag, lips_away, measured, psnr, sharpness

cv2 = pytest.importorskip("cv2")
LIPS, FIRM, EYES = (13, 14, 61, 291), (33, 133, 263, 362, 168, 6), (33, 263)


def film(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Crops and landmarks of thirty frames in which a mouth opens and closes."""
    rng = np.random.default_rng(seed)
    points = np.repeat(rng.uniform(0, 100, (1, 478, 2)), 30, 0)
    points[:, 14] = points[:, 13] + np.stack([np.zeros(30), 5 + 4 * np.sin(np.arange(30) / 2)], 1)
    return rng.integers(0, 255, (30, 48, 64, 3)).astype(np.uint8), points


def pair(drawn: np.ndarray, points: np.ndarray) -> FilmPair:
    crops, real = film()
    faces = np.random.default_rng(1).standard_normal((6, 128))
    inner = np.full((30, 48, 64), 255, np.uint8)
    look = np.abs(drawn.astype(float) - crops).mean((1, 2, 3))
    return FilmPair("a", 25.0, drawn, crops, inner, points, real, faces + 0.1, faces, faces[0], np.arange(30.0), look)


def test_the_film_itself_is_perfect_and_another_is_not() -> None:
    crops, points = film()
    found = {k: v[0] for k, v in measured([pair(crops, points)], LIPS, FIRM, EYES).items()}
    assert found["lmd"] < 1e-6 and found["lag"] == 0 and abs(found["mouth_ssim"] - 1) < 1e-9
    assert abs(found["sharpness"] - 1) < 1e-9 and abs(found["flicker"] - 1) < 1e-9 and found["opening_r"] > 0.999
    assert found["mouth_psnr"] > 70 and found["mouth_looks"] == 0
    assert found["frechet_identity"] > 1  # the faces alone are off
    late = np.roll(points, 2, axis=0)
    soft = np.stack([cv2.GaussianBlur(c, (5, 5), 2) for c in crops])
    worse = {k: v[0] for k, v in measured([pair(soft, late)], LIPS, FIRM, EYES).items()}
    assert worse["lag"] == 80 and worse["lmd"] > 0.5 and worse["mouth_psnr"] < 20 and worse["sharpness"] < 0.5


def test_lips_are_measured_wherever_the_head_is() -> None:
    _, points = film()
    assert lips_away(points + [30, -7], points, LIPS, FIRM, EYES).max() < 1e-9
    moved = points.copy()
    moved[:, 14, 1] += 4
    eyes = np.linalg.norm(points[0, 33] - points[0, 263])
    np.testing.assert_allclose(lips_away(moved, points, LIPS, FIRM, EYES), 1 / eyes)


def test_what_is_still_neither_flickers_nor_lags() -> None:
    crops, _ = film()
    still = np.repeat(crops[:1], 30, 0)
    assert flicker(still) == 0 and sharpness(still) == pytest.approx(sharpness(crops[:1]))
    wave = np.sin(np.arange(30) / 2)
    assert lag(np.roll(wave, 1)[2:], wave[2:]) == 1 and psnr(crops[0], crops[0]) > 70
