"""Pictures as the networks see them: upright, RGB, 8 bits, from any file that Pillow opens or any array."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gengine.core import bounds
from gengine.errors import VisionError, brief

PICTURE_BYTES = 256 << 20
"""Largest file of a picture that is read, bytes (judgement)."""

LARGEST_SIDE = 16384
"""Longest side of a picture, px (judgement): 16384² as RGB is 0.8 GB."""

MATTE = 128
"""Grey that shows through where a picture is transparent."""

_HINT = "give a picture (PNG, JPEG, WebP …)"


@dataclass(frozen=True)
class Picture:
    """A still picture.

    ``rgb``: (H, W, 3) uint8, over grey where the file is transparent. ``alpha``: (H, W) float32 in 0..1, None where
    the file has none.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.float32] | None = None


def read_picture(path: str | Path) -> Picture:
    """A picture file of any kind Pillow knows, turned as its EXIF says; palettes, grey, 16 bits, CMYK and alpha too.

    Raises VisionError where the file is none, is damaged, or is too large.
    """
    path = bounds.check_file(path, PICTURE_BYTES, _HINT, VisionError)
    with bounds.border(path, _HINT, VisionError), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(path) as file:
                if max(file.size) > LARGEST_SIDE:
                    raise VisionError(f"{path}: {file.size[0]} × {file.size[1]} px, at most {LARGEST_SIDE} a side")
                image = ImageOps.exif_transpose(file)
        except (Image.DecompressionBombError, Image.UnidentifiedImageError, struct.error, SyntaxError) as error:
            raise VisionError(f"{path}: is no picture that can be read ({str(error):.80}); {_HINT}") from None
        if image.mode.startswith("I") or image.mode == "F":
            return Picture(as_rgb(np.asarray(image).astype(np.float64) / (1 if image.mode == "F" else 65535)))
        if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
            rgba = np.asarray(image.convert("RGBA"))
            return Picture(as_rgb(rgba), (rgba[..., 3] / 255).astype(np.float32))
        return Picture(np.asarray(image.convert("RGB")))


def as_rgb(pixels: NDArray) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 from (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8, uint16 or real numbers in 0..1.

    What is transparent lies over grey. Raises VisionError for another shape, kind or size.
    """
    pixels = np.asarray(pixels)
    shaped = pixels[..., None] if pixels.ndim == 2 else pixels
    if shaped.ndim != 3 or shaped.shape[2] not in (1, 3, 4) or 0 in shaped.shape or max(shaped.shape) > LARGEST_SIDE:
        raise VisionError(
            f"picture: shape {pixels.shape}, expected (H, W) or (H, W, 1, 3 or 4), 1 to {LARGEST_SIDE} px"
        )
    if shaped.dtype == np.uint16:
        shaped = (shaped >> 8).astype(np.uint8)
    elif shaped.dtype.kind == "f":
        if not np.isfinite(shaped).all():
            raise VisionError("picture: holds NaN or infinity, expected numbers from 0 to 1")
        shaped = (np.clip(shaped, 0, 1) * 255 + 0.5).astype(np.uint8)
    elif shaped.dtype != np.uint8:
        raise VisionError(f"picture: numbers of kind {brief(str(shaped.dtype))}, expected uint8, uint16 or float")
    if shaped.shape[2] == 4:
        alpha = shaped[..., 3:].astype(np.float32) / 255
        return (shaped[..., :3] * alpha + MATTE * (1 - alpha) + 0.5).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(shaped, (*shaped.shape[:2], 3)))
