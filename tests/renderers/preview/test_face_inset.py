"""The drawn face: what moves in the channels is seen in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.renderers.preview.face_inset import EYE_WHITE, IRIS, MOUTH, TEETH, FaceInset

SIZE = (240, 300)


@pytest.fixture(scope="module")
def inset() -> FaceInset:
    return FaceInset(*SIZE, np.full((SIZE[1], SIZE[0], 3), 40, np.float32))


def picture(inset, gaze=(0.0, 0.0), **channels) -> np.ndarray:
    weights = np.zeros((1, len(ARKIT_NAMES)))
    for name, value in channels.items():
        for full in (name, name + "Left", name + "Right"):
            if full in ARKIT_INDEX:
                weights[0, ARKIT_INDEX[full]] = value
    track = FaceTrack(weights, [[1, 0, 0, 0]], [gaze], 60.0)
    return inset.draw(inset.outlines(track), 0).astype(int)


def like(image, color, within=18) -> np.ndarray:
    return np.argwhere(np.abs(image - color).max(-1) < within)


def test_size(inset):
    assert picture(inset).shape == (SIZE[1], SIZE[0], 3)


def test_an_open_mouth_is_dark_inside_and_a_sealed_one_is_not(inset):
    opened = len(like(picture(inset, jawOpen=0.6), MOUTH))
    assert opened > 100
    assert len(like(picture(inset, jawOpen=0.25, mouthClose=0.25), MOUTH)) < 5
    assert len(like(picture(inset), MOUTH)) < 5
    assert len(like(picture(inset, jawOpen=0.3), MOUTH)) < opened


def test_teeth_show_where_the_lips_uncover_them(inset):
    def teeth(**channels):
        found = like(picture(inset, **channels), TEETH, 10)
        return (found[:, 0] > SIZE[1] * 0.55).sum()

    assert teeth(jawOpen=0.15, mouthUpperUp=0.4, mouthLowerDown=0.3) > 60
    assert teeth() == 0
    assert teeth(mouthPucker=0.6) == 0


def test_closed_eyes_hide_white_and_iris(inset):
    def eyes(image):
        return len(like(image[: SIZE[1] // 2], EYE_WHITE, 14)), len(like(image[: SIZE[1] // 2], IRIS, 25))

    assert min(eyes(picture(inset))) > 40
    assert eyes(picture(inset, eyeBlink=1.0)) == (0, 0)
    assert eyes(picture(inset, eyeWide=0.8))[0] > eyes(picture(inset))[0]


def test_the_iris_follows_the_gaze(inset):
    def iris(**options):
        return like(picture(inset, **options)[: SIZE[1] // 2], IRIS, 25).mean(0)

    middle = iris()
    assert iris(gaze=(0.4, 0.0))[1] > middle[1] + 3
    assert iris(gaze=(-0.4, 0.0))[1] < middle[1] - 3
    assert iris(gaze=(0.0, 0.35))[0] < middle[0] - 1


@pytest.mark.parametrize("name", [n for n in ARKIT_NAMES if not n.startswith("eyeLook")])
def test_every_channel_is_seen(inset, name):
    change = np.abs(picture(inset, **{name: 0.7, "jawOpen": 0.3}) - picture(inset, jawOpen=0.3)).max(-1)
    if name == "jawForward":
        assert (change > 8).sum() > 20
    elif name != "jawOpen":
        assert (change > 20).sum() > 25
