"""Faces found in pictures and followed through films: rendered ones, since no real person's may be kept here."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gengine.errors import VisionError
from gengine.vision import load_faces
from gengine.vision.faces import Faces

TILE, SIZE = 160, 320
"""Side of a picture on the sheet of emotions, and of what is looked at, px."""

CHIN, FOREHEAD, EYES, IRISES = 152, 10, (33, 263), (468, 473)


@pytest.fixture(scope="module")
def faces() -> Faces:
    return load_faces()


@pytest.fixture(scope="module")
def sheet() -> Image.Image:
    return Image.open("docs/emotions.jpg").convert("RGB")


def tile(sheet: Image.Image, row: int, column: int, size: int = SIZE) -> np.ndarray:
    cut = sheet.crop((column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE))
    return np.asarray(cut.resize((size, size), Image.Resampling.BICUBIC))


def test_a_face_stands_upright_where_it_is(faces: Faces, sheet: Image.Image) -> None:
    (face,) = faces.read(tile(sheet, 0, 0))
    points = face.landmarks[0]
    assert points.shape == (478, 3) and face.scores[0] > 0.9 and face.size == (SIZE, SIZE)
    assert (
        points[FOREHEAD, 1] + 50 < points[EYES[0], 1] + 20 < points[CHIN, 1] and points[EYES[0], 0] < points[EYES[1], 0]
    )
    for eye, iris in ((slice(33, 34), IRISES[0]), (slice(263, 264), IRISES[1])):
        assert np.abs(points[iris, :2] - points[eye, :2].mean(0)).max() < 30  # at the eye whose it is
    assert np.abs(face.boxes[0] - [78, 114, 242, 312]).max() < 20, face.boxes


def test_points_move_with_the_picture(faces: Faces, sheet: Image.Image) -> None:
    """Shifted, scaled, turned upside down and on its side by the EXIF note, the same face has the same points."""
    picture = tile(sheet, 2, 0)
    points = faces.read(picture)[0].landmarks[0, :, :2]
    moved = np.pad(picture, ((40, 0), (70, 0), (0, 0)), mode="edge")
    assert np.abs(faces.read(moved)[0].landmarks[0, :, :2] - points - [70, 40]).mean() < 1
    large = np.asarray(Image.fromarray(picture).resize((4 * SIZE, 4 * SIZE), Image.Resampling.BICUBIC))
    assert np.abs(faces.read(large)[0].landmarks[0, :, :2] / 4 - points).mean() < 1
    turned = np.asarray(Image.fromarray(picture).rotate(25, Image.Resampling.BICUBIC))
    angle = np.radians(-25)
    back = (points - SIZE / 2) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + SIZE / 2
    assert np.abs(faces.read(turned)[0].landmarks[0, :, :2] - back).mean() < 2


def test_expressions_are_told_apart(faces: Faces, sheet: Image.Image) -> None:
    """Smiling widens the mouth, surprise opens the eyes."""

    def measure(column: int, one: int, other: int) -> float:
        points = faces.read(tile(sheet, 0, column))[0].landmarks[0, :, :2]
        return float(np.linalg.norm(points[one] - points[other]) / np.linalg.norm(points[33] - points[263]))

    assert measure(1, 61, 291) > 1.03 * measure(0, 61, 291)
    assert measure(5, 159, 145) > 1.03 * measure(2, 159, 145)


def test_several_faces_each_once_and_the_largest_first(faces: Faces, sheet: Image.Image) -> None:
    found = faces.read(np.concatenate([tile(sheet, 0, 0), tile(sheet, 3, 0), tile(sheet, 5, 1)], 1))
    assert len(found) == 3
    widths = [face.boxes[0, 2] - face.boxes[0, 0] for face in found]
    assert widths == sorted(widths, reverse=True)
    assert sorted(int(face.boxes[0, 0]) // SIZE for face in found) == [0, 1, 2]


def test_a_film_is_followed_and_a_lost_face_found_again_as_the_same(faces: Faces, sheet: Image.Image) -> None:
    picture, grey = tile(sheet, 0, 0), np.full((SIZE, SIZE, 3), 90, np.uint8)
    frames = [np.roll(picture, 3 * t, 1) for t in range(6)] + [grey] * 3 + [np.roll(picture, 20, 1)] * 4
    (face,) = faces.read(iter(frames))
    assert face.seen.tolist() == [True] * 6 + [False] * 3 + [True] * 4
    nose = face.landmarks[:, 1, 0]
    assert np.abs(np.diff(nose[:6]) - 3).max() < 1.5 and np.isnan(nose[6:9]).all()
    assert np.abs(nose[9:] - nose[0] - 20).max() < 2


def test_no_face_and_frames_of_two_sizes_are_refused(faces: Faces, sheet: Image.Image) -> None:
    with pytest.raises(VisionError, match=r"no face .* \(64 × 48 px\): give"):
        faces.read(np.zeros((48, 64), np.uint8))
    with pytest.raises(VisionError, match="frame 2 has 160 × 160"):
        faces.read(iter([tile(sheet, 0, 0), tile(sheet, 0, 0, 160)]))


def test_a_person_is_cut_from_the_ground(faces: Faces, sheet: Image.Image) -> None:
    mask = faces.person(tile(sheet, 3, 0, 200))
    assert mask.shape == (200, 200) and mask[120, 100] > 0.9 and mask[190, 100] > 0.9 and mask[20:60, 5:30].max() < 0.1


def test_a_checkpoint_whose_steps_do_not_join_is_refused(tmp_path) -> None:
    from gengine.checkpoint import load_checkpoint, save_checkpoint
    from gengine.errors import FormatError

    config, tensors = load_checkpoint("face-vision-v1")
    for wrong in ("9 = conv nothing near.1 near.2", "9 = explode image", "9 image"):
        config["networks"]["near"]["steps"][0] = wrong
        save_checkpoint(tmp_path, config, tensors)
        with pytest.raises(FormatError):
            Faces(tmp_path)
