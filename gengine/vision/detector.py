"""Where faces are: BlazeFace (Bazarevsky et al. 2019, arXiv 1907.05047), for near faces and for far ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.vision.crops import Crop
from gengine.vision.graph import Graph

OVERLAP = 0.3
"""Boxes that share more of their union are one face (MediaPipe)."""

FACE_SIDE = 1.5
"""Side of the crop that holds a face, in sides of its box (MediaPipe)."""


@dataclass(frozen=True)
class Detection:
    """A face's ``score`` in 0..1, ``box`` (left, top, right, bottom) and six ``points``: eyes, nose, mouth, ears; px.

    The first eye is the one a viewer sees on the left.
    """

    score: float
    box: NDArray[np.float64]
    points: NDArray[np.float64]

    def crop(self) -> Crop:
        """The upright square around the face."""
        left, top, right, bottom = self.box
        x, y = self.points[1] - self.points[0]
        return Crop(
            ((left + right) / 2, (top + bottom) / 2), FACE_SIDE * max(right - left, bottom - top), np.arctan2(y, x)
        )


@dataclass(frozen=True)
class Detector:
    """One of the two networks: its input's side in px, rows of anchors (cells a side, anchors a cell), least score."""

    graph: Graph
    side: int
    grids: tuple[tuple[int, int], ...]
    least: float

    def find(self, picture: NDArray[np.uint8], crop: Crop | None = None) -> list[Detection]:
        """Faces of a picture (H, W, 3), the likeliest first, in the whole picture or in a crop of it."""
        height, width = picture.shape[:2]
        crop = crop or Crop((width / 2, height / 2), max(width, height))
        found = self.graph(crop.pixels(picture, self.side, "zeros") * 2 - 1)
        scores = 1 / (1 + np.exp(-np.clip(found["scores"][0, :, 0].numpy(), -80, 80)))
        rows = np.flatnonzero(scores >= self.least)
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        numbers = found["boxes"][0].numpy()[rows].reshape(-1, 8, 2).astype(float)
        numbers[:, 1] /= 2  # centre, half of the size, six points
        numbers[:, [0, 2, 3, 4, 5, 6, 7]] += self._anchors()[rows, None] * self.side
        corners = np.stack([numbers[:, 0] - numbers[:, 1], numbers[:, 0] + numbers[:, 1]], 1)
        boxes, points = crop.back(corners, self.side).reshape(-1, 4), crop.back(numbers[:, 2:], self.side)
        return _merged(scores[rows].astype(float), boxes, points)

    def _anchors(self) -> NDArray[np.float64]:
        """(N, 2) centres in 0..1, row by row."""
        grids = [
            np.repeat(np.stack(np.meshgrid(*[(np.arange(n) + 0.5) / n] * 2), -1).reshape(-1, 2), each, 0)
            for n, each in self.grids
        ]
        return np.concatenate(grids)


def near_detector(graph: Graph) -> Detector:
    """For faces that fill a fifth of the picture or more (selfies, portraits, talking heads)."""
    return Detector(graph, 128, ((16, 2), (8, 6)), 0.5)


def far_detector(graph: Graph) -> Detector:
    """For faces down to a twentieth of the picture."""
    return Detector(graph, 192, ((48, 1),), 0.6)


def overlap(one: NDArray, other: NDArray) -> float:
    """How much of their union two boxes share."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    areas = [float(np.prod(box[2:] - box[:2])) for box in (one, other)]
    return shared / max(sum(areas) - shared, 1e-9)


def _merged(scores: NDArray, boxes: NDArray, points: NDArray) -> list[Detection]:
    """One detection a face: the mean of those that overlap the likeliest, weighed by score (MediaPipe's blending)."""
    found, left = [], np.arange(len(scores))
    while len(left):
        same = np.array([overlap(boxes[left[0]], boxes[k]) > OVERLAP for k in left])
        same[0] = True
        rows, left = left[same], left[~same]
        weights = scores[rows] / scores[rows].sum()
        found.append(
            Detection(float(scores[rows[0]]), weights @ boxes[rows], np.einsum("k,knd->nd", weights, points[rows]))
        )
    return found
