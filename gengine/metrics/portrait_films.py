"""Films of a portrait beside the real film that they imitate: what is measured of both (self-reenactment)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.metrics.frechet import frechet_distance, gaussian

Array = NDArray[np.float64]

PORTRAIT_METRICS: dict[str, tuple[str, str, str]] = {
    "mouth_psnr": ("dB", "higher", "PSNR of the mouth's crop (64 x 48, laid by eyes and nose) against the film's"),
    "inner_psnr": ("dB", "higher", "the same of what is between the lips, where they are open in the film"),
    "mouth_ssim": ("1", "higher", "SSIM of the mouth's crop (Wang et al. 2004)"),
    "mouth_looks": ("1", "lower", "how unlike the mouth's crop looks to face-identity-v1's first levels (as LPIPS)"),
    "lmd": (
        "%",
        "lower",
        "lips' landmarks off the film's, seen from eyes and nose, in distances of the eyes' corners",
    ),
    "opening_r": ("1", "higher", "correlation of the lips' opening with the film's"),
    "opening_loud_r": ("1", "truth", "correlation of the lips' opening with the sound's loudness"),
    "lag": ("ms", "zero", "by how much the lips' opening comes after the film's"),
    "identity": ("1", "lower", "distance of the face to the photo's by face-identity-v1; .6 is another person"),
    "frechet_identity": ("1", "lower", "Frechet distance of face-identity-v1's 128 numbers to the film's"),
    "sharpness": ("1", "truth", "mean absolute Laplacian of the mouth's crop over the film's"),
    "flicker": ("1", "lower", "mean second difference of the mouth's crop in time over the film's"),
}
"""Unit, better direction and meaning, as ``evaluate.METRICS`` has them."""

READ = ("happiness", "anger", "sadness", "surprise", "fear", "disgust")
"""Emotions that the network knows."""
EXPRESSION_METRICS: dict[str, tuple[str, str, str]] = {
    **{f"read_{e}": ("share", "higher", f"photos that are read as {e} when they show it at strength 1") for e in READ},
    **{f"grows_{e}": ("share", "higher", f"photos whose chance of {e} grows with its strength") for e in READ},
    "read_neutral": ("share", "higher", "photos that are read as neutral at strength 0"),
    "identity_moved": ("1", "lower", "largest distance to its photo of any face at strength 1, by face-identity-v1"),
}
"""Unit, better direction and meaning, of what is read on photos."""

OPEN = 40
"""Pixels of a crop between the lips from which the inner mouth is measured."""
LATEST = 5
"""Frames by which openings are shifted against each other to find a lag."""


@dataclass(frozen=True, eq=False)
class FilmPair:
    """A drawn film beside the real one of the same T frames: crops of the mouth ``drawn`` and ``real (T, 48, 64, 3)``,
    the real one's opening ``inner (T, 48, 64)`` in 0..255, landmarks of both ``(T, 478, 2)`` px (NaN where no face was
    found), identities of some frames of both and of the photo ``(N, 128)``, ``(N, 128)``, ``(128,)``, the sound's
    ``loud (T,)``, and how different the crops ``look (T,)``."""

    name: str
    fps: float
    drawn: NDArray[np.uint8]
    real: NDArray[np.uint8]
    inner: NDArray[np.uint8]
    drawn_points: Array
    real_points: Array
    drawn_faces: Array
    real_faces: Array
    photo: Array
    loud: Array
    look: Array


def psnr(one: ArrayLike, other: ArrayLike, mask: NDArray | None = None) -> float:
    """dB of two pictures ``(H, W, 3)`` of 255, within a mask ``(H, W)`` of weights."""
    square = (np.asarray(one, float) - np.asarray(other, float)) ** 2
    mean = float(square.mean() if mask is None else np.average(square.mean(-1), weights=mask))
    return 10 * float(np.log10(255**2 / max(mean, 1e-3)))


def ssim(one: NDArray, other: NDArray) -> float:
    """Of two pictures ``(H, W, 3)`` of 255, by their grey."""
    import cv2

    def blur(x: Array) -> Array:
        return np.asarray(cv2.GaussianBlur(x, (11, 11), 1.5), float)

    a, b = (np.asarray(x, float).mean(-1) for x in (one, other))
    ma, mb = blur(a), blur(b)
    va, vb, both = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((((2 * ma * mb + low) * (2 * both + high)) / ((ma * ma + mb * mb + low) * (va + vb + high))).mean())


def sharpness(crops: NDArray) -> float:
    """Mean absolute Laplacian of crops ``(T, H, W, 3)``."""
    grey = np.asarray(crops, float).mean(-1)
    inside = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return float(np.abs(around - 4 * inside).mean())


def flicker(crops: NDArray) -> float:
    """Mean absolute second difference in time of crops ``(T, H, W, 3)``."""
    return float(np.abs(np.diff(np.asarray(crops, float), 2, axis=0)).mean())


def lips_away(drawn: Array, real: Array, lips: Sequence[int], firm: Sequence[int], eyes: tuple[int, int]) -> Array:
    """Per frame ``(T,)``: mean distance of the lips of ``drawn (T, P, 2)`` from ``real``, in eyes' distances, both seen
    from the middle of their firm points. Neither is turned or sized to the other: of points that lie so near each other
    that would bring twice the third of a pixel by which they are misread to the lips."""
    off = [p[:, list(lips)] - p[:, list(firm)].mean(1, keepdims=True) for p in (drawn, real)]
    return np.linalg.norm(off[0] - off[1], axis=-1).mean(1) / np.linalg.norm(
        real[:, eyes[0]] - real[:, eyes[1]], axis=-1
    )


def opening(landmarks: Array, eyes: tuple[int, int]) -> Array:
    """Gap of the lips ``(T,)`` in eyes' distances."""
    gap = np.linalg.norm(landmarks[:, 13] - landmarks[:, 14], axis=-1)
    return gap / np.linalg.norm(landmarks[:, eyes[0]] - landmarks[:, eyes[1]], axis=-1)


def correlation(one: Array, other: Array) -> float:
    """NaN where one of them does not move."""
    known = np.isfinite(one) & np.isfinite(other)
    a, b = one[known], other[known]
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 2 and a.std() > 1e-6 and b.std() > 1e-6 else float("nan")


def lag(one: Array, other: Array) -> int:
    """Frames by which ``one`` comes after ``other``, at most ``LATEST``."""
    count = len(one)
    shifts = range(-LATEST, LATEST + 1)
    scores = [correlation(one[max(s, 0) : count + min(s, 0)], other[max(-s, 0) : count - max(s, 0)]) for s in shifts]
    return shifts[int(np.argmax(np.nan_to_num(scores, nan=-2)))]


def measured(
    pairs: Sequence[FilmPair], lips: Sequence[int], firm: Sequence[int], eyes: tuple[int, int]
) -> dict[str, tuple[float, int, str]]:
    """Value, count and what was counted of every row of ``PORTRAIT_METRICS``."""
    frames = sum(len(p.real) for p in pairs)
    every = [(p, t) for p in pairs for t in range(len(p.real))]
    wide = [(p, t) for p, t in every if p.inner[t].sum() > 255 * OPEN]

    def mean(values: Sequence[float]) -> float:
        known = np.array(values, float)[np.isfinite(values)] if len(values) else np.zeros(0)
        return float(known.mean()) if len(known) else float("nan")

    away = np.concatenate([lips_away(p.drawn_points, p.real_points, lips, firm, eyes) for p in pairs])
    openings = [(opening(p.drawn_points, eyes), opening(p.real_points, eyes), p) for p in pairs]
    faces = sum(len(p.drawn_faces) for p in pairs)
    own, real = (np.concatenate([getattr(p, k) for p in pairs]) for k in ("drawn_faces", "real_faces"))
    moving = [(a, b, p) for a, b, p in openings if np.nanstd(a) > 1e-4]
    return {
        "mouth_psnr": (mean([psnr(p.drawn[t], p.real[t]) for p, t in every]), frames, "frames"),
        "inner_psnr": (mean([psnr(p.drawn[t], p.real[t], p.inner[t]) for p, t in wide]), len(wide), "frames"),
        "mouth_ssim": (mean([ssim(p.drawn[t], p.real[t]) for p, t in every]), frames, "frames"),
        "mouth_looks": (mean([float(v) for p in pairs for v in p.look]), frames, "frames"),
        "lmd": (100 * mean(list(away)), int(np.isfinite(away).sum()), "frames"),
        "opening_r": (mean([correlation(a, b) for a, b, _ in openings]), len(pairs), "clips"),
        "opening_loud_r": (mean([correlation(a, p.loud) for a, _, p in openings]), len(pairs), "clips"),
        "lag": (mean([1000 / p.fps * lag(a, b) for a, b, p in moving]), len(moving), "clips"),
        "identity": (mean([float(np.linalg.norm(f - p.photo)) for p in pairs for f in p.drawn_faces]), faces, "faces"),
        "frechet_identity": (frechet_distance(*gaussian(own), *gaussian(real)), faces, "faces"),
        "sharpness": (mean([sharpness(p.drawn) / sharpness(p.real) for p in pairs]), len(pairs), "clips"),
        "flicker": (mean([flicker(p.drawn) / flicker(p.real) for p in pairs]), len(pairs), "clips"),
    }
