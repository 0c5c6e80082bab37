"""Picture files and arrays of every kind become the same upright RGB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gengine.errors import VisionError
from gengine.vision.pictures import as_rgb, read_picture

ORIENTATION = 0x0112
"""The tag of EXIF that says how a picture is turned."""


@pytest.fixture
def colours() -> np.ndarray:
    """(4, 6, 3): a ramp that no turn leaves as it is."""
    return np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 3


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_picture_is_turned_as_its_exif_says(
    tmp_path: Path, colours: np.ndarray, orientation: int, turns: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(colours).save(tmp_path / "p.png", exif=exif)
    assert (read_picture(tmp_path / "p.png").rgb == np.rot90(colours, turns)).all()


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "YCbCr", "LA", "RGBA", "I;16"])
def test_every_mode_is_read(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("p.jpg" if mode in ("CMYK", "YCbCr") else "p.png")
    if mode == "I;16":
        Image.fromarray(np.full((8, 8), 0xC8C8, np.uint16)).save(path)
    else:
        grey = Image.new("RGB", (8, 8), (200, 200, 200))
        (grey.quantize(4) if mode == "P" else grey.convert(mode)).save(path)
    picture = read_picture(path)
    assert picture.rgb.shape == (8, 8, 3) and picture.rgb.dtype == np.uint8
    assert mode == "1" or np.abs(picture.rgb.astype(int) - 200).max() <= 3
    assert (picture.alpha is not None) == (mode in ("LA", "RGBA"))


def test_what_is_transparent_lies_over_grey(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "p.png")
    picture = read_picture(tmp_path / "p.png")
    assert (picture.rgb == 128).all() and picture.alpha is not None and (picture.alpha == 0).all()
    assert (as_rgb(np.full((2, 2, 4), 0.5)) == 128).all()


def test_arrays_of_every_kind(colours: np.ndarray) -> None:
    grey = colours[..., 0]
    assert (as_rgb(grey) == grey[..., None]).all() and (as_rgb(grey[..., None]) == grey[..., None]).all()
    assert (as_rgb(colours.astype(np.uint16) << 8) == colours).all() and (as_rgb(colours / 255) == colours).all()
    for wrong in (
        np.zeros(3),
        np.zeros((0, 4, 3)),
        np.zeros((4, 4, 2)),
        np.zeros((4, 4), np.int64),
        np.full((2, 2), np.nan),
    ):
        with pytest.raises(VisionError, match="picture: "):
            as_rgb(wrong)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    Image.effect_noise((64, 64), 90).save(tmp_path / "p.png")
    whole = (tmp_path / "p.png").read_bytes()
    for name, data in (("cut.png", whole[:999]), ("text.png", b"no picture"), ("empty.png", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(VisionError, match=name):
            read_picture(tmp_path / name)
    for path in (tmp_path, tmp_path / "absent.png"):
        with pytest.raises(VisionError):
            read_picture(path)
    Image.new("L", (16385, 1)).save(tmp_path / "wide.png")
    with pytest.raises(VisionError, match="16385 × 1 px, at most 16384"):
        read_picture(tmp_path / "wide.png")
