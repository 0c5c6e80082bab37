"""A photo that is to speak: its face found, measured and cut from the ground behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.errors import MissingExtraError, VisionError
from gengine.portraits import points
from gengine.portraits.filling import fill

if TYPE_CHECKING:
    from gengine.vision.pictures import Picture

Array = NDArray[np.float64]

SIZES = (128, 2048)
"""Least and longest side of what is drawn, px (judgement)."""
SMALLEST_FACE = 48
"""Width of a face, px of the film, below which lips would be a smear (judgement)."""
WIDEST_TURN = np.radians(40.0)
"""From so far to the side half of the mouth is out of sight and cannot be made up (judgement)."""
WIDE_TURN = np.radians(25.0)
"""From so far to the side the far cheek and corner of the mouth are stretched: worth a note (judgement)."""
SHARP, FULL = 0.15, 0.7
"""Chance of a person below which a pixel is ground, and by how much above it is all person (judgement)."""
BEHIND = 0.08
"""Cover below which a pixel of the photo is ground that the plate may keep (judgement)."""
SPREAD = 9
"""Pixels by which a person is made larger before the plate is filled: halos of hair are no ground (judgement)."""

OWN, MISREAD = ("mouthRoll", "mouthStretch", "mouthFrown", "mouthDimple", "mouthPress"), 0.3
"""Beginnings of the names of curves that stand for the shape of a person's lips, and up to which weight: stills of five
people of GRID, whose films tell that their mouths rest (weights up to .10), are read as up to .43 of them, in the mean
.2, neutral presets as up to .22."""


@dataclass(frozen=True, eq=False)
class FittedPhoto:
    """A photo and what was measured on it.

    ``rgb (H, W, 3)`` uint8; ``landmarks (478, 2)`` px; ``neutral (468, 3)`` m, the person's own face at rest, about the
    middle between the eyes; ``weights (52,)`` of the expression in the photo. ``turn (3, 3)``, ``scale`` px a metre and
    ``shift (2,)`` px put the head's points into the picture (y down). ``cover (H, W)`` in 0..1 is the person,
    ``plate (H, W, 3)`` what stands behind. ``notes`` say what was guessed.
    """

    rgb: NDArray[np.uint8]
    landmarks: Array
    neutral: Array
    weights: Array
    turn: Array
    scale: float
    shift: Array
    cover: NDArray[np.float32]
    plate: NDArray[np.float32]
    notes: tuple[str, ...] = ()
    depth: Array = field(default_factory=lambda: np.zeros(0))
    """``(478,)`` px of the landmarks, nearer is less."""

    def project(self, at: Array) -> Array:
        """Places ``(N, 3)`` m of the head in the picture: x and y px, and how near (px)."""
        there = self.scale * at @ self.turn.T
        return np.stack([there[:, 0] + self.shift[0], self.shift[1] - there[:, 1], there[:, 2]], 1)


def fit_photo(path: str | Path, size: int = 512, face: int = 1, fit: str | Path | None = None) -> FittedPhoto:
    """Read a photo, make its longer side ``size`` px (even sides), and fit its ``face``, counted by size from 1; its
    landmarks and mask are those of the folder ``fit``, where one is given (``gengine.portraits.fit_files``).

    Raises ``VisionError`` for a picture that cannot be read or holds no such face, one that is too small or seen from
    too far aside; ``MissingExtraError`` without the extras ``vision`` and ``portrait``.
    """
    try:
        import cv2  # noqa: F401
    except ImportError:
        raise MissingExtraError("talking portraits", "portrait") from None
    from gengine.vision.pictures import read_picture

    return fit_picture(read_picture(path), size, face, str(path), fit)


def fit_picture(
    picture: Picture, size: int, face: int = 1, name: str = "photo", fit: str | Path | None = None
) -> FittedPhoto:
    """As ``fit_photo``, of a picture in memory that errors call ``name``."""
    import cv2

    from gengine.vision import load_faces
    from gengine.vision.faces import SeenFace
    from gengine.vision.fit import face_basis, fit_face

    if not SIZES[0] <= size <= SIZES[1]:
        raise VisionError(f"portrait size: {size} px, expected {SIZES[0]} to {SIZES[1]}")
    whole = picture.rgb
    shrink = size / max(whole.shape[:2])
    width, height = (max(2 * round(side * shrink / 2), 2) for side in (whole.shape[1], whole.shape[0]))
    rgb: Any = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_CUBIC)
    networks = load_faces()
    notes: list[str] = []
    given = None
    if fit is not None:
        from gengine.portraits.fit_files import read_fit

        given = read_fit(fit, (width, height))
        seen = SeenFace(given.landmarks[None].astype(np.float32), np.ones(1, np.float32), (width, height))
    else:
        try:
            found = networks.read(rgb)
        except VisionError as error:
            raise VisionError(f"{name} at {size} px: {error}") from None
        if networks.upside_down(rgb):
            raise VisionError(f"{name}: the face is upside down; turn the photo by 180°")
        if not 1 <= face <= len(found):
            raise VisionError(f"{name}: face {face} is not there; it shows {len(found)}: give 1 to {len(found)}")
        seen = found[face - 1]
        if len(found) > 1:
            notes.append(f"{Path(name).name} shows {len(found)} faces; number {face} by size speaks.")
    landmarks = seen.landmarks[0].astype(float)
    wide = float(seen.boxes[0, 2] - seen.boxes[0, 0])
    if wide < SMALLEST_FACE:
        raise VisionError(
            f"{name}: the face is {wide:.0f} px wide in a film of {size} px; give a closer photo or a larger size"
        )
    lips = landmarks[list(points.LIPS), :2]
    if (lips < 0).any() or (lips >= (width, height)).any():
        raise VisionError(f"{name}: the mouth reaches beyond the photo's edge; give one that shows the whole face")
    fitted = fit_face(seen, 30.0)
    turn = rotation.to_matrix(fitted.head[0])
    ahead = turn[:, 2]
    aside = abs(np.arctan2(ahead[0], ahead[2]))
    if aside > WIDEST_TURN:
        raise VisionError(
            f"{name}: the face looks {np.degrees(aside):.0f}° aside; from {np.degrees(WIDEST_TURN):.0f}° on half of "
            "the mouth is out of sight; give a photo from the front"
        )
    if aside > WIDE_TURN:
        notes.append(f"The face looks {np.degrees(aside):.0f}° aside: its far half may look stretched.")
    shape = fitted.neutral + np.einsum("k,kpc->pc", fitted.weights[0], face_basis().basis[:, : len(fitted.neutral)])
    flat, wanted = (shape @ turn.T)[:, :2], landmarks[: len(shape), :2] * [1, -1]
    spread = flat - flat.mean(0)
    scale = float((spread * (wanted - wanted.mean(0))).sum() / (spread**2).sum())
    shift = (wanted - scale * flat).mean(0) * [1, -1]
    neutral, own = _at_rest(fitted.neutral, fitted.weights[0])
    cover = _cover(rgb, networks.person(rgb)) if given is None else given.cover
    if given is None and picture.alpha is not None:
        cover = np.minimum(cover, cv2.resize(picture.alpha, (width, height), interpolation=cv2.INTER_AREA))
    plate, known = _plate(rgb, cover)
    if not known:
        notes.append("No ground is seen behind the person: what the head uncovers is the photo's own edge.")
    return FittedPhoto(
        rgb, landmarks[:, :2], neutral, own, turn, scale, shift, cover, plate, tuple(notes),
        landmarks[:, 2],
    )  # fmt: skip


def _at_rest(neutral: Array, weights: Array) -> tuple[Array, Array]:
    """A face at rest and its expression without what one picture of a mouth at rest is misread for.

    A long lower face is read as a jaw that opens behind closed lips, thin, wide or low lips as rolled, stretched or
    frowning: all this is the person's own, and the mouth would be drawn too high once it is taken off.
    """
    from gengine.vision.fit import face_basis

    basis = face_basis().basis[:, : len(neutral)]
    held = np.array([min(w, MISREAD) if n.startswith(OWN) else 0.0 for n, w in zip(ARKIT_NAMES, weights, strict=True)])
    both = [ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]]
    held[both] = weights[both].min()
    return neutral + np.einsum("k,kpc->pc", held, basis), weights - held


def _cover(rgb: NDArray[np.uint8], person: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel is the person: the network's coarse mask led to the picture's own edges (guided filter:
    He, Sun & Tang 2013)."""
    import cv2

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    radius = max(4, rgb.shape[1] // 64)

    def mean(x: NDArray) -> NDArray:
        return cv2.blur(x, (radius, radius))

    both, mask = mean(grey), mean(person)
    slope = (mean(grey * person) - both * mask) / (mean(grey * grey) - both * both + 1e-4)
    led = mean(slope) * grey + mean(mask - slope * both)
    return np.clip((led - SHARP) / FULL, 0, 1).astype(np.float32)


def _plate(rgb: NDArray[np.uint8], cover: NDArray[np.float32]) -> tuple[NDArray[np.float32], bool]:
    """The ground with the person's place filled from around it, and whether any ground is seen."""
    import cv2

    ground = (cv2.dilate(cover, np.ones((SPREAD, SPREAD))) < BEHIND).astype(np.float32)
    picture = rgb.astype(np.float32)
    if ground.mean() < 1e-3:
        return picture, False
    filled = fill(picture, ground)
    soft = cv2.GaussianBlur(ground, (0, 0), 2)[..., None]
    return np.asarray(filled * (1 - soft) + picture * soft, np.float32), True
