"""The dial of the face: does more emotion show as more, and do emotions look different (metrics.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from gengine.core.face import FaceTrack
from gengine.errors import GengineError

Array = NDArray[np.float64]

REGIONS: dict[str, dict[str, float]] = {
    "corners_up": {"mouthSmile": 1.0, "mouthFrown": -1.0},
    "corners_wide": {"mouthStretch": 1.0, "mouthDimple": 1.0},
    "corners_lopsided": {"mouthSmileLeft": 1.0, "mouthSmileRight": -1.0, "mouthDimpleLeft": 1.0,
                         "mouthDimpleRight": -1.0},
    "brow_inner": {"browInnerUp": 1.0},
    "brow_outer": {"browOuterUp": 1.0},
    "brow_down": {"browDown": 1.0},
    "brow_lopsided": {"browOuterUpLeft": 1.0, "browOuterUpRight": -1.0, "browDownLeft": -1.0, "browDownRight": 1.0},
    "lids": {"eyeWide": 1.0, "eyeBlink": -1.0},
    "squint": {"eyeSquint": 1.0},
    "cheeks": {"cheekSquint": 1.0},
    "nose": {"noseSneer": 1.0},
    "lips_pressed": {"mouthPress": 1.0, "mouthShrugLower": 1.0},
}  # fmt: skip
"""What of an expression is measured: sums of channels, a name without a side meaning the mean of both."""


def expression(face: FaceTrack) -> dict[str, float]:
    """Mean of every region over a face, in weights."""
    mean = dict.fromkeys(REGIONS, 0.0)
    for region, parts in REGIONS.items():
        for name, sign in parts.items():
            sided = name.endswith(("Left", "Right")) or name == "browInnerUp"
            channels = [name] if sided else [name + "Left", name + "Right"]
            if name == "mouthShrugLower":
                channels = [name]
            mean[region] += sign * float(np.mean([face.channel(c).mean() for c in channels]))
    return mean


def monotone(strengths: ArrayLike, faces: Sequence[FaceTrack]) -> float:
    """Spearman correlation of requested strengths with how far the faces went towards the strongest one.

    The expression is projected on the line from the weakest to the strongest face's, so it measures whether
    each step of the dial is a step in the emotion's own direction. Needs at least 3 strengths.
    """
    wanted = np.asarray(strengths, float)
    if len(wanted) != len(faces) or len(wanted) < 3:
        raise GengineError(f"monotone: {len(wanted)} strengths and {len(faces)} faces, expected as many, at least 3")
    shown = np.array([list(expression(f).values()) for f in faces])
    line = shown[np.argmax(wanted)] - shown[np.argmin(wanted)]
    if np.linalg.norm(line) < 1e-6:
        return 0.0
    return float(np.corrcoef(rankdata(wanted), rankdata(np.round(shown @ line, 9)))[0, 1])


def distinctness(faces: Mapping[str, Sequence[FaceTrack]]) -> tuple[float, dict[str, tuple[str, float]]]:
    """How well emotions can be told apart by a nearest-centroid reader, leaving one face out at a time.

    Returns the mean recall, and for each emotion its nearest neighbour with the distance (in weights).
    """
    shown = {k: np.array([list(expression(f).values()) for f in v]) for k, v in faces.items()}
    names = list(shown)
    centre = {k: v.mean(axis=0) for k, v in shown.items()}
    nearest = {}
    for k in names:
        others = {o: float(np.linalg.norm(centre[k] - centre[o])) for o in names if o != k}
        best = min(others, key=lambda o: others[o])
        nearest[k] = (best, others[best])
    recalls = []
    for k, rows in shown.items():
        hits = []
        for i, row in enumerate(rows):
            rest = np.delete(rows, i, axis=0)
            centroids = {o: (rest.mean(axis=0) if o == k and len(rest) else centre[o]) for o in names}
            hits.append(min(names, key=lambda o: float(np.linalg.norm(row - centroids[o]))) == k)
        recalls.append(np.mean(hits))
    return float(np.mean(recalls)), nearest
