"""Tapered capsules: cover, depth, light and hiding."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.renderers.preview import capsules

WHITE = (255.0, 255.0, 255.0)


def paint(*shapes, size=(80, 80), soft=0.05):
    """Draw ``(a, b, ra, rb, color, wide, side)`` on black; the picture and its depth."""
    a, b, ra, rb, color, wide, side = (np.array(v, np.float32) for v in zip(*shapes, strict=True))
    flat = np.ones(len(a), np.float32)
    screen = capsules.ScreenCapsules(a[None], b[None], ra[None], rb[None], color, flat * soft, wide, side[None], flat)
    picture, depth = np.zeros((*size, 3), np.uint8), np.full(size, -np.inf, np.float32)
    covered, near = capsules.draw(picture, capsules.place(screen, size[1], size[0]), 0)
    depth.flat[covered] = near
    return picture.astype(float), depth


def shape(a, b, ra, rb, color=WHITE, wide=1.0, side=(1.0, 0.0, 0.0)):
    return (a, b, ra, rb, color, wide, side)


def cover(canvas):
    """Area in pixels, counting edge pixels by their brightness against their neighbourhood's."""
    return (canvas[..., 0] > 40).sum()


def test_a_ball_has_the_area_and_depth_of_a_ball():
    canvas, depth = paint(shape((40, 40, 5), (40, 40, 5), 20, 20))
    assert cover(canvas) == pytest.approx(np.pi * 20**2, rel=0.04)
    assert depth[40, 40] == pytest.approx(25, abs=0.1)
    assert depth[40, 52] == pytest.approx(5 + np.sqrt(400 - 144), abs=0.2)


def test_light_comes_from_above_and_the_left():
    canvas, _ = paint(shape((40, 40, 0), (40, 40, 0), 20, 20))
    assert canvas[30, 32, 0] > canvas[50, 48, 0] + 60
    assert canvas.max() <= 255


@pytest.mark.parametrize("lean", [0.0, 10.0, 40.0, 300.0])
def test_a_limb_pointing_at_the_viewer_has_no_holes(lean):
    """Seen at any slant, the pixels between the ends are covered and never end abruptly in the middle."""
    canvas, depth = paint(shape((40, 25, 0), (40, 55, lean), 12, 6))
    assert (canvas[20:55, 40, 0] > 60).all()
    assert (np.diff(depth[20:55, 40]) > -14).all()


def test_the_nearer_one_hides_the_farther_whatever_the_order():
    near, far = shape((40, 40, 30), (40, 40, 30), 8, 8, (255, 0, 0)), shape((20, 40, 0), (60, 40, 0), 10, 10)
    for shapes in ((near, far), (far, near)):
        canvas, _ = paint(*shapes)
        assert canvas[40, 40, 1] == 0
        assert canvas[40, 24, 1] > 50


@pytest.mark.parametrize("turn", [0.0, 0.6, np.pi / 2])
def test_a_flat_section_shows_its_width_from_the_front_and_its_thickness_from_the_side(turn):
    side = (np.cos(turn), 0.0, np.sin(turn))
    canvas, depth = paint(shape((40, 10, 0), (40, 70, 0), 8, 8, wide=3.0, side=side))
    expected = 2 * np.hypot(3 * 8 * np.cos(turn), 8 * np.sin(turn))
    assert (canvas[40, :, 0] > 20).sum() == pytest.approx(expected, abs=2)
    row = depth[40]
    assert row.max() == pytest.approx(np.hypot(8 * np.cos(turn), 24 * np.sin(turn)), rel=0.05, abs=0.6)
    if turn == 0.6:  # the side turned towards the viewer is the nearer one
        assert row.argmax() > 44


def test_nothing_outside_the_picture_is_touched():
    canvas, _ = paint(shape((-30, 40, 0), (-20, 40, 0), 5, 5), shape((40, 100, 0), (60, 120, 0), 9, 3))
    assert canvas.max() == 0
    canvas, _ = paint(shape((-5, 40, 0), (10, 40, 0), 8, 8), size=(80, 60))
    assert canvas[40, 0].max() > 50 and canvas[40, 59].max() == 0


def test_what_lies_behind_others_changes_nothing_and_what_melts_into_them_does():
    near = shape((20, 40, 0), (60, 40, 0), 12, 12, (200, 100, 50))
    alone, _ = paint(near, soft=4.0)
    for depth, hidden in ((-40, True), (0, False)):
        both, _ = paint(near, shape((30, 40, depth), (50, 40, depth), 11, 11, (0, 0, 255)), soft=4.0)
        assert np.array_equal(both, alone) == hidden


def test_a_frame_is_drawn_as_if_it_were_alone():
    moves = [np.array([[20.0 + 7 * i, 30, 0], [40, 40 + 5 * i, 9 - 6 * i]], np.float32) for i in range(4)]
    one, two = np.ones(2, np.float32), np.array([[255, 120, 0], [0, 120, 255]], np.float32)

    def screen(a):
        radius = np.full(a.shape[:2], 9, np.float32)
        return capsules.ScreenCapsules(a, a + 8, radius, radius, two, one * 2, one, a, one)

    together = capsules.place(screen(np.stack(moves)), 80, 80)
    for i, a in enumerate(moves):
        pictures = np.zeros((2, 80, 80, 3), np.uint8)
        capsules.draw(pictures[0], together, i)
        capsules.draw(pictures[1], capsules.place(screen(a[None]), 80, 80), 0)
        assert pictures[0].any() and np.array_equal(pictures[0], pictures[1])
