"""An eye whose upper lid hides part of a round iris: what a wider opening shows."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from gengine.portraits.eyes import Eye
from gengine.portraits.filling import fill
from gengine.portraits.photo import FittedPhoto

SKIN, WHITE, IRIS = (200, 150, 120), (230, 230, 225), (60, 90, 40)
MIDDLE, RADIUS = np.array([80.0, 60.0]), 15.0


def ring(up: float, down: float) -> np.ndarray:
    """Sixteen points round, corner first, ``up`` and ``down`` px from the middle."""
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    y = np.sin(angle)
    return MIDDLE + np.stack([-34 * np.cos(angle), np.where(y > 0, down, up) * y], 1)


@pytest.fixture
def eye() -> tuple[Eye, FittedPhoto]:
    y, x = np.mgrid[:120, :160]
    rgb = np.empty((120, 160, 3), np.uint8)
    rgb[:] = WHITE
    rgb[np.hypot(x - MIDDLE[0], y - MIDDLE[1]) < RADIUS] = IRIS
    rgb[(y < MIDDLE[1] - 8) | (y > MIDDLE[1] + 14)] = SKIN
    points = np.zeros((478, 2))
    points[:16] = ring(8, 14)
    points[468:473] = MIDDLE + RADIUS * np.array([[0, 0], [1, 0], [0, -1], [-1, 0], [0, 1]])
    none = np.zeros(0)
    photo = FittedPhoto(rgb, points, none, none, np.eye(3), 1.0, none, none, none)  # type: ignore[arg-type]
    return Eye(photo, tuple(range(16)), (0, 8), 468), photo


def test_an_eye_at_rest_is_the_photo(eye):
    one, photo = eye
    drawn = np.zeros((*photo.rgb.shape,), np.float32)
    one.draw(drawn, photo.landmarks[:468], np.zeros(2))
    inside = np.s_[54:70, 70:90]
    assert np.abs(drawn[inside] - photo.rgb[inside]).max() < 2


def test_a_wide_eye_shows_iris_and_white_that_the_lid_hid(eye):
    one, photo = eye
    mesh = photo.landmarks[:468].copy()
    mesh[:16] = ring(20, 14)
    drawn = photo.rgb.astype(np.float32)
    one.draw(drawn, mesh, np.zeros(2))
    assert np.abs(drawn[48, 80] - IRIS).max() < 12
    assert np.abs(drawn[50, 96] - WHITE).max() < 25  # beside the iris, above where the lid was


def test_a_nearly_shut_eye_lies_in_the_shade_of_its_lids(eye):
    one, photo = eye
    mesh = photo.landmarks[:468].copy()
    mesh[:16] = ring(-6, 9)
    drawn = photo.rgb.astype(np.float32)
    one.draw(drawn, mesh, np.zeros(2))
    assert drawn[67, 100].max() < 0.6 * min(WHITE)  # beside the iris


def test_holes_take_the_colours_around_them():
    picture = np.full((32, 48, 3), 100, np.float32)
    known = np.ones((32, 48), np.float32)
    picture[10:20, 10:30], known[10:20, 10:30] = 0, 0
    assert np.abs(fill(picture, known)[15, 20] - 100).max() < 1
