"""A film of one person, followed: its pictures, landmarks and curves, and the still frame that serves as a photo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import AudioClip
from gengine.errors import VisionError
from gengine.inputs.audio import load_audio
from gengine.portraits import points
from gengine.portraits.photo import FittedPhoto, fit_picture
from gengine.vision import load_faces
from gengine.vision.film import Film
from gengine.vision.fit import FittedFace, bridged, fit_face
from gengine.vision.pictures import Picture

SIZE = 256
"""Longer side of the films, px; a mouth's crop is as fine as they are."""
STRANGE, LEAST_STRANGE = 3.0, 12.0
"""A frame this many times as far from the clip's median picture as the median frame, and at least so far (of 255), is
a decoder's (judgement)."""
FEWEST = 20
"""Frames of a clip worth learning from."""
SMALL = 16
"""Side of the pictures that frames are compared by, px."""


@dataclass(frozen=True, eq=False)
class FollowedFilm:
    """A clip and the face in it: ``frames (T, H, W, 3)``, ``landmarks (T, 478, 3)`` px, ``times (T,)`` s, the
    ``fitted`` curves, the ``still`` frame that serves as its photo, as fitted, and its ``sound``, None where it has
    none. ``strange`` frames were left out."""

    frames: NDArray[np.uint8]
    landmarks: NDArray[np.float64]
    times: NDArray[np.float64]
    fitted: FittedFace
    still: int
    photo: FittedPhoto
    sound: AudioClip | None
    strange: int


def follow(path: Path, size: int = SIZE) -> FollowedFilm:
    """Read a clip, its longer side ``size`` px. Raises ``VisionError`` where it shows no usable face."""
    import cv2

    film = Film(path)
    read = list(film)
    shrink = size / max(read[0][1].shape[:2])
    width, height = (2 * round(side * shrink / 2) for side in read[0][1].shape[1::-1])
    every: Any = np.stack([cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for _, picture in read])
    tiny = np.stack([cv2.resize(f, (SMALL, SMALL), interpolation=cv2.INTER_AREA) for f in every]).astype(float)
    away = np.abs(tiny - np.median(tiny, 0)).mean((1, 2, 3))
    usual = away <= max(STRANGE * float(np.median(away)), LEAST_STRANGE)
    frames, times = every[usual], np.array([t for t, _ in read])[usual]
    face = load_faces().read(iter(frames))[0]
    seen = face.seen
    if seen.sum() < FEWEST:
        raise VisionError(f"{path}: its face is seen in {seen.sum()} frames; {FEWEST} are worth following")
    fitted = fit_face(face, film.fps)
    landmarks = bridged(face.landmarks)
    still = still_of(landmarks, seen)
    photo = fit_picture(Picture(frames[still]), size, name=str(path))
    sound = load_audio(path) if film.sound else None
    return FollowedFilm(frames, landmarks, times, fitted, still, photo, sound, int((~usual).sum()))


def still_of(landmarks: NDArray, seen: NDArray) -> int:
    """The frame that is most like a photo: lips closed, lids open."""

    def gap(upper: tuple[int, ...], lower: tuple[int, ...]) -> NDArray:
        return np.linalg.norm(landmarks[:, list(upper), :2] - landmarks[:, list(lower), :2], axis=-1).mean(1)

    lids = sum(gap(upper, lower) for _, upper, lower in points.LIDS)
    return int(np.argmin(np.where(seen, 2 * gap(points.UPPER_LIP, points.LOWER_LIP) - lids, np.inf)))
