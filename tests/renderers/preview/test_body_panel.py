"""The figure: what the skeleton does is what the picture shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import BEAT_HIP_HEIGHT, Skeleton, beat_skeleton
from gengine.renderers.preview.body_panel import BodyPanel, FollowCamera, backdrop

SIZE = (400, 360)


def standing(**turns) -> Motion:
    """One frame of the rest pose with some joints turned by Euler XYZ degrees."""
    skeleton = beat_skeleton()
    turned = np.tile(rotation.IDENTITY, (1, len(skeleton), 1))
    for name, degrees in turns.items():
        turned[0, skeleton.index(name)] = rotation.from_euler(np.radians(degrees))
    return Motion(skeleton, turned, np.array([[0, BEAT_HIP_HEIGHT, 0]]), 30.0)


def picture(motion: Motion) -> np.ndarray:
    figure = BodyPanel(*SIZE, backdrop(*SIZE))
    out = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
    figure.draw(out, figure.pose(motion, np.zeros(len(motion))), 0)
    return out.astype(int)


def left_limbs(image):
    """Pixels with the warm tint of the left arm."""
    return np.argwhere((image[..., 0] - image[..., 2] > 60) & (image[..., 0] > 120))


def right_limbs(image):
    return np.argwhere((image[..., 2] - image[..., 0] > 45) & (image[..., 2] > 110))


def test_left_and_right_are_told_apart_and_on_their_sides():
    image = picture(standing())
    assert len(left_limbs(image)) > 300 and len(right_limbs(image)) > 300
    assert left_limbs(image)[:, 1].mean() > SIZE[0] / 2 > right_limbs(image)[:, 1].mean()


def test_a_raised_hand_is_higher_and_the_other_stays():
    low, high = picture(standing(LeftArm=(0, 0, -60))), picture(standing(LeftArm=(0, 0, 60)))
    assert left_limbs(high)[:, 0].min() < left_limbs(low)[:, 0].min() - 60
    assert np.array_equal(right_limbs(high), right_limbs(low))


def test_every_finger_is_seen():
    spread = standing(LeftForeArm=(0, -80, 0))
    for finger in ("Index", "Middle", "Ring", "Pinky"):
        for joint in "123":
            one = standing(**{"LeftForeArm": (0, -80, 0), f"LeftHand{finger}{joint}": (0, 0, -60)})
            assert np.abs(picture(one) - picture(spread)).max() > 40, f"{finger}{joint}"


def test_turning_the_head_shows():
    """Of a head turned away more hair is seen and less face."""

    def skin(motion):
        head = picture(motion)[:62]
        return ((head[..., 0] > 120) & (head[..., 0] - head[..., 2] > 12)).sum()

    assert skin(standing(Head=(0, 100, 0))) < 0.7 * skin(standing(Head=(0, -25, 0)))


def test_a_lifted_foot_loses_its_shadow():
    def floor(motion):
        return picture(motion)[-60:].sum(-1)

    down, up = floor(standing()), floor(standing(LeftUpLeg=(-70, 0, 0), LeftLeg=(90, 0, 0)))
    assert (up - down)[:, 200:].max() > 60


def test_the_floor_lies_where_the_camera_says():
    camera = FollowCamera(*SIZE)
    x, z, top = camera.floor()
    target = np.array([0.4, 0.0, -0.2])
    for row, column in ((5, 30), (20, 200), (60, 390)):
        point = np.array([[x[row, column], 0.0, z[row, column]]]) + target
        pixel, _ = camera.project(point, target)
        assert pixel[0, :2] == pytest.approx([column, row + top], abs=0.6)


def test_the_camera_stands_while_hips_sway_and_follows_them_slowly():
    camera = FollowCamera(*SIZE)
    for sway in (0.0, 0.15, -0.15):
        assert camera.follow(np.array([1.0 + sway, 0.9, sway / 2]), 0.1).tolist() == [1.0, 0.0, 0.0]
    track = [camera.follow(np.array([2.0, 0.9, 0.0]), 0.04)[0] for _ in range(100)]
    assert 1.0 < track[0] < 1.02 and max(np.diff(track)) < 0.04
    assert track[-1] == track[-2] == pytest.approx(2.0, abs=camera.arrived)  # and stands again


def test_shadows_of_one_pixel_in_four_are_as_dark_as_of_all():
    panel = BodyPanel(*SIZE, np.full((SIZE[1], SIZE[0], 3), 100, np.float32))
    panel._picture[:] = 100
    column, row = SIZE[0] // 2, SIZE[1] - 30
    x, z = (at[row - panel._top, column] for at in (panel._x, panel._z))
    planes = np.full((3, SIZE[1], SIZE[0]), 100, np.float32)
    panel._darken(planes, np.array([[column, row, 40.0, 16.0, x, z, 0.15, 0.5]], np.float32))
    assert panel._picture[row, column] == pytest.approx(50, abs=6)
    far = (panel._x - x) ** 2 + (panel._z - z) ** 2 > 0.2**2
    assert (panel._picture[panel._top :][far] == 100).all()


def test_a_foreign_skeleton_is_drawn_as_rods():
    skeleton = Skeleton(
        ("root", "chest", "Arm_L", "Hand_L", "Arm_R", "Hand_R"),
        np.array([-1, 0, 1, 2, 1, 4]),
        np.array([(0, 0, 0), (0, 0.5, 0), (0.2, 0, 0), (0.6, 0, 0), (-0.2, 0, 0), (-0.6, 0, 0)]),
    )
    motion = Motion(skeleton, np.tile(rotation.IDENTITY, (1, 6, 1)), np.array([[0, 0.9, 0]]), 30.0)
    image = picture(motion)
    assert left_limbs(image)[:, 1].mean() > SIZE[0] / 2 > right_limbs(image)[:, 1].mean()


def test_a_smaller_body_is_drawn_smaller():
    motion = standing()
    skeleton = Skeleton(motion.skeleton.names, motion.skeleton.parents, motion.skeleton.offsets * 0.6)
    small = replace(motion, skeleton=skeleton, root=motion.root * 0.6)
    assert len(left_limbs(picture(small))) < 0.55 * len(left_limbs(picture(motion)))
