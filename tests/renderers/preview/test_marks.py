"""Marks: a fill, a stroke and a disc are where, when and as dark as their curves say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from gengine.renderers.preview.marks import FAINTEST, Mark, Pen, mixed

SQUARE = np.array([[[4, 4], [14, 4], [14, 14], [4, 14]], [[24, 4], [34, 4], [34, 14], [24, 14]]], float)


def drawn(mark: Mark, frame: int) -> np.ndarray:
    image = Image.new("RGB", (40, 20))
    mark.draw(ImageDraw.Draw(image), frame)
    return np.asarray(image)


@pytest.fixture
def pen() -> Pen:
    strength = {"square": np.array([FAINTEST, 1.0])}
    curves = {"square": SQUARE, "up": SQUARE[:, :2], "low": SQUARE[:, :1:-1]}
    return Pen(curves, strength, 2.0, ((0, 0, 0), (200, 0, 0)))


@pytest.mark.parametrize("frame, column", [(0, 9), (1, 29)])
def test_a_fill_follows_its_curve(pen, frame, column):
    for mark in (pen.fill("square", (9, 8, 7)), pen.ring("up", "low", (9, 8, 7))):
        image = drawn(mark, frame)
        assert image[9, column].tolist() == [9, 8, 7] and image[9, 38 - column].max() == 0


def test_strokes_are_as_wide_as_asked_and_discs_round(pen):
    line = drawn(pen.line("up", (255, 0, 0), 1.5), 0)[..., 0] > 0
    assert line[:, 9].sum() == 3 and line[9].sum() == 0
    disc = drawn(Mark(SQUARE[:, :1], (255, 0, 0), radius=3.0), 1)[..., 0] > 0
    assert disc.sum() == pytest.approx(np.pi * 3.5**2, rel=0.15) and disc[4, 24]


def test_a_faint_fold_is_left_out_and_a_strong_one_is_dark(pen):
    fold = pen.fold("square", 1.0)
    assert drawn(fold, 0).max() == 0 and drawn(fold, 1).max() == 200
    assert mixed((0, 0, 0), (200, 100, 0), np.array([0.0, 0.5])) == [(0, 0, 0), (100, 50, 0)]
