"""The part of a face that is painted anew, a mouth as a rule: cut out upright and at one size, and put back as a change
of the picture that fades towards its edge, so that grain survives and no box shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.portraits import points

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Area:
    """What of a face is painted anew: ``width`` and ``height`` of its crop, px; ``span`` of the width, in distances of
    the eyes' outer corners; by how much its middle lies ``below`` that of the ring ``around``, in those distances. What
    lies within ``inner`` is seldom like the warp, what lies within ``outer`` may change. ``rim`` px at the crop's edge
    stay as they are; what is pasted is ``soft`` px wide at its edge and ``reach`` px wider than ``outer``."""

    width: int
    height: int
    span: float
    below: float
    around: tuple[int, ...]
    inner: tuple[int, ...]
    outer: tuple[int, ...]
    rim: int
    soft: float
    reach: int


MOUTH = Area(64, 48, 1.0, 0.06, points.MOUTH, points.MOUTH, points.LIPS, 2, 2.5, 7)
"""As fine as the mouths of films at 256 px, which it is learned from; a broad smile takes .75 of the eyes' distance,
jaws drop (judgement); the paste's widths are the prototype's."""
FACE = Area(256, 256, 2.4, 0.0, points.OVAL, points.MOUTH, points.OVAL, 4, 6.0, 9)
"""The whole face, for those who train on a GPU: brow to chin with some room (judgement)."""
AREAS = {"mouth": MOUTH, "face": FACE}
"""By name."""


@dataclass(frozen=True, eq=False)
class MouthCrop:
    """Where the crop of an ``area`` lies on a photo whose mesh is ``source (468, 2)`` px; it goes with the head."""

    source: Array
    area: Area = MOUTH

    def place(self, mesh: Array) -> Array:
        """The way ``(2, 3)`` from a picture to the crop where the mesh ``(468, 2)`` px is."""
        firm, area = list(points.FIRM), self.area
        before, now = ((m[firm, 0] + 1j * m[firm, 1]) for m in (mesh, self.source))
        turn = np.vdot(before - before.mean(), now - now.mean()) / np.vdot(
            before - before.mean(), before - before.mean()
        )
        right, left = (complex(*self.source[k]) for k in points.OUTER_EYES)
        across = left - right
        middle = complex(*self.source[list(area.around)].mean(0)) + area.below * 1j * across
        size = area.width / (area.span * across)  # upright, and at one size
        a = size * turn
        b = size * (now.mean() - turn * before.mean() - middle) + complex(area.width, area.height) / 2
        return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])

    def cut(self, picture: NDArray, place: Array) -> NDArray:
        """The crop ``(height, width, C)`` of a picture ``(H, W, C)``; a finer one is averaged."""
        import cv2

        size = (self.area.width, self.area.height)
        finer = max(int(np.ceil(1 / np.linalg.norm(place[:, 0]))), 1)
        large = cv2.warpAffine(
            picture, place * finer, (size[0] * finer, size[1] * finer),
            flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return large if finer == 1 else cv2.resize(large, size, interpolation=cv2.INTER_AREA)

    def masks(self, mesh: Array, place: Array) -> NDArray[np.uint8]:
        """What is within the area's inner ring, and within its outer one, of a crop: ``(height, width, 2)``, 0..255."""
        import cv2

        made = []
        for ring in (self.area.inner, self.area.outer):
            corners = mesh[list(ring)] @ place[:, :2].T + place[:, 2]
            mask = np.zeros((self.area.height, self.area.width), np.uint8)
            cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
            made.append(mask)
        return np.stack(made, -1)

    def paste(
        self, picture: NDArray[np.uint8], change: NDArray[np.float32], outer: NDArray[np.uint8], place: Array
    ) -> None:
        """Add a crop's ``change (height, width, 3)``, of 255, to the ``picture`` it is from, around what its mask
        ``outer`` covers, in place."""
        import cv2

        area = self.area
        share = np.zeros((area.height, area.width), np.float32)
        share[area.rim : -area.rim, area.rim : -area.rim] = 1
        reach = cv2.dilate(outer, np.ones((area.reach, area.reach), np.uint8)).astype(np.float32) / 255
        share = cv2.GaussianBlur(share, (0, 0), area.soft) * cv2.GaussianBlur(reach, (0, 0), area.soft)
        back = cv2.invertAffineTransform(place)
        corners = np.array([[0, 0], [area.width, 0], [0, area.height], [area.width, area.height]])
        corners = corners @ back[:, :2].T + back[:, 2]
        low = np.maximum(np.floor(corners.min(0)).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, [picture.shape[1], picture.shape[0]])
        if (high <= low).any():
            return
        back[:, 2] -= low
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        laid = cv2.warpAffine(change * share[..., None], back, size, flags=cv2.INTER_CUBIC)
        window = picture[low[1] : high[1], low[0] : high[0]]
        window[:] = np.clip(window + laid + 0.5, 0, 255).astype(np.uint8)
