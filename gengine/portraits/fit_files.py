"""A photo's fit as files that can be looked at, edited and given back: landmarks as JSON, the person's mask as a
picture, and a drawing of both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import bounds
from gengine.core.placing import whole
from gengine.errors import GengineError, VisionError
from gengine.portraits import points
from gengine.portraits.photo import FittedPhoto

LANDMARKS, MASK, DRAWING = "landmarks.json", "mask.png", "fit.png"
POINTS = 478
FARTHEST = 4.0
"""Sides of the picture by which a landmark may be outside of it (judgement)."""
LEAST_SIDE = 1024
"""Of the drawing, px: smaller photos are drawn larger."""
_HINT = "give the folder that gengine portrait fit wrote, or fit the photo again"


@dataclass(frozen=True, eq=False)
class GivenFit:
    """``landmarks (478, 3)`` px and ``cover (H, W)`` in 0..1."""

    landmarks: NDArray[np.float64]
    cover: NDArray[np.float32]


def write_fit(fitted: FittedPhoto, folder: str | Path) -> dict[str, Path]:
    """Write ``landmarks.json`` (x, y and depth, px, with the picture's size), ``mask.png`` and ``fit.png``."""
    from PIL import Image

    folder = Path(folder)
    height, width = fitted.rgb.shape[:2]
    rows = np.column_stack([fitted.landmarks, fitted.depth]).round(2).tolist()
    files = {name: folder / name for name in (LANDMARKS, MASK, DRAWING)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole(files[LANDMARKS], ".json") as part:
            part.write_text(json.dumps({"size": [width, height], "landmarks": rows}) + "\n", "utf-8")
        with whole(files[MASK], ".png") as part:
            Image.fromarray((fitted.cover * 255 + 0.5).astype(np.uint8)).save(part)
        with whole(files[DRAWING], ".png") as part:
            Image.fromarray(drawn(fitted)).save(part)
    except OSError as error:
        raise GengineError(f"--out {folder}: cannot be written ({error.strerror}); choose another folder") from None
    return files


def drawn(fitted: FittedPhoto) -> NDArray[np.uint8]:
    """The photo with its mesh, the rings of eyes and mouth, and what is not the person dimmed."""
    import cv2

    finer = max(-(-LEAST_SIDE // max(fitted.rgb.shape[:2])), 1)
    shown = fitted.rgb * (0.4 + 0.6 * fitted.cover[..., None])
    picture: Any = np.repeat(np.repeat(shown.astype(np.uint8), finer, 0), finer, 1)
    at = np.round((fitted.landmarks + 0.5) * finer * 16).astype(np.int32)
    corners = [at[triangle].reshape(-1, 1, 2) for triangle in points.skin()]
    cv2.polylines(picture, corners, True, (90, 200, 120), 1, cv2.LINE_AA, 4)
    for ring in (*points.EYES, points.MOUTH, points.LIPS):
        cv2.polylines(picture, [at[list(ring)].reshape(-1, 1, 2)], True, (255, 210, 80), 1, cv2.LINE_AA, 4)
    return picture


def read_fit(folder: str | Path, size: tuple[int, int]) -> GivenFit:
    """What ``write_fit`` wrote, for a picture of ``size`` (width, height); a ``VisionError`` where that is damaged."""
    import cv2

    from gengine.vision.pictures import read_picture

    path = Path(folder) / LANDMARKS
    read = bounds.read_json(path, _HINT, largest=bounds.CONFIG_BYTES)
    with bounds.border(path, _HINT, VisionError):
        rows, before = np.asarray(read["landmarks"], float), np.asarray(read["size"], float)
        if rows.shape != (POINTS, 3) or before.shape != (2,) or not (before > 0).all():
            raise VisionError(f"{path}: landmarks {rows.shape}, expected ({POINTS}, 3) and a size; {_HINT}")
        if not (np.isfinite(rows).all() and np.abs(rows).max() <= FARTHEST * before.max()):
            raise VisionError(f"{path}: a landmark lies far from the picture; {_HINT}")
    shrink = np.array(size) / before
    mask = read_picture(Path(folder) / MASK).rgb[..., 0].astype(np.float32) / 255
    cover: Any = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return GivenFit(rows * [*shrink, shrink.mean()], cover)
