"""Eyes of a photo: what lies in an eye's opening keeps its shape while lids pass over it, the iris slides with the
gaze, and what the photo's lids hid of iris and white is made up, since a startled eye shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.constants import Span, read_constants
from gengine.portraits.filling import fill
from gengine.portraits.photo import FittedPhoto

Array = NDArray[np.float64]

SUBPIXEL = 4
"""Bits of a place in a picture below the pixel."""


@dataclass(frozen=True)
class EyeConstants:
    """``data/eyes.csv``, see there for units and sources."""

    iris_turn: float
    iris_soft: float
    shut: float
    lash: float
    wider: Span
    narrow: Span
    dimmest: float
    room: float
    rim: Span
    sure: float


EYE = read_constants(EyeConstants, "gengine.portraits", "eyes")


class Eye:
    """One eye's opening: its ``ring`` and ``corners`` are points of the mesh, its ``iris`` the first of five."""

    def __init__(self, photo: FittedPhoto, ring: tuple[int, ...], corners: tuple[int, int], iris: int) -> None:
        self.ring, self.corners = list(ring), list(corners)
        self.source = photo.landmarks[self.corners]
        self.iris = photo.landmarks[iris]
        self.radius = float(np.linalg.norm(photo.landmarks[iris + 1 : iris + 5] - self.iris, axis=1).mean())
        self.area = area(photo.landmarks[self.ring])
        self.low = np.zeros(2)
        self.plain = self.whole = np.zeros((0, 0, 3), np.float32)
        if self.radius >= 1:
            self._complete(photo)

    def _complete(self, photo: FittedPhoto) -> None:
        """The photo around the eye, and the same without lids."""
        import cv2

        ring = photo.landmarks[self.ring]
        room = EYE.room * self.radius
        self.low = np.maximum(np.floor(ring.min(0) - room).astype(int), 0)
        high = np.minimum(np.ceil(ring.max(0) + room).astype(int) + 1, photo.rgb.shape[1::-1])
        part = photo.rgb[self.low[1] : high[1], self.low[0] : high[0]].astype(np.float32)
        if min(part.shape[:2]) < 2:
            return
        inside = _mask(ring - self.low, (part.shape[1], part.shape[0]))
        y, x = np.mgrid[: part.shape[0], : part.shape[1]]
        away = np.hypot(x + self.low[0] - self.iris[0], y + self.low[1] - self.iris[1]) / self.radius
        seen = cv2.distanceTransform((inside > 0.5).astype(np.uint8), cv2.DIST_L2, 3) > EYE.lash * self.radius
        iris = seen & (away < EYE.rim.low + EYE.rim.width)
        white = seen & ~iris
        self.plain = self.whole = part
        if iris.sum() < EYE.sure or white.sum() < EYE.sure:
            return  # next to nothing is seen of this eye
        # An iris is round: what is hidden of it has the colours of what is seen, ring by ring.
        steps = np.round(away * self.radius).astype(int)
        count = np.bincount(steps[iris], minlength=int(steps.max()) + 1)
        rings = np.stack([np.bincount(steps[iris], part[..., k][iris], len(count)) for k in range(3)], 1)
        known = np.flatnonzero(count)
        rings = np.stack([np.interp(np.arange(len(count)), known, rings[known, k] / count[known]) for k in range(3)], 1)
        around = fill(part, white.astype(np.float32))
        share = (1 - EYE.rim.share(away))[..., None]
        made = around + (rings[steps] - around) * share
        soft = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), max(EYE.lash * self.radius / 2, 0.5))
        soft = (soft * seen)[..., None]
        self.whole = np.asarray(made + (part - made) * soft, np.float32)

    def draw(self, drawn: NDArray[np.float32], mesh: Array, gaze: Array) -> None:
        """Draw what the opening of a ``mesh (468, 2)`` px shows under a ``gaze (2,)`` rad over ``drawn (H, W, 3)``."""
        import cv2

        ring = mesh[self.ring]
        low = np.maximum(np.floor(ring.min(0)).astype(int) - 2, 0)
        high = np.minimum(np.ceil(ring.max(0)).astype(int) + 3, drawn.shape[1::-1])
        if (high - low < 2).any() or not self.plain.size or area(ring) < EYE.shut * self.radius**2:
            return
        inside = _mask(ring - low, (int(high[0] - low[0]), int(high[1] - low[1])))
        # The similarity that takes the corners now to the corners in the photo.
        now = mesh[self.corners]
        before, after = self.source[1] - self.source[0], now[1] - now[0]
        turn = complex(*before) / complex(*after)
        y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
        place = ((x - now[0, 0]) + 1j * (y - now[0, 1])) * turn
        sx, sy = place.real + self.source[0, 0], place.imag + self.source[0, 1]
        slide = np.array([gaze[0], -gaze[1]]) * self.radius * EYE.iris_turn
        away = np.hypot(sx - self.iris[0] - slide[0], sy - self.iris[1] - slide[1]) / self.radius
        share = np.clip(EYE.iris_soft - away, 0, 1)
        fx = (sx - slide[0] * share - self.low[0]).astype(np.float32)
        fy = (sy - slide[1] * share - self.low[1]).astype(np.float32)
        # As the photo shows it where it is no wider than there; lashes of its lids do not stay behind in a wide one.
        size = float(np.linalg.norm(after) / np.linalg.norm(before)) ** 2
        ratio = area(ring) / max(self.area * size, 1e-6)
        wider = float(EYE.wider.share(ratio))
        shown = (
            self.plain + (self.whole - self.plain) * np.float32(wider)
            if 0 < wider < 1
            else (self.whole if wider else self.plain)
        )
        made = cv2.remap(shown, fx, fy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        made *= EYE.dimmest + (1 - EYE.dimmest) * np.float32(EYE.narrow.share(ratio))  # lids and lashes cast shade
        window = drawn[low[1] : high[1], low[0] : high[0]]
        window += (made - window) * inside[..., None]


def _mask(ring: Array, size: tuple[int, int]) -> NDArray[np.float32]:
    """What of a picture of ``size`` (width, height) lies within a ring ``(N, 2)`` px, 0..1 with soft edges."""
    import cv2

    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.round(ring * (1 << SUBPIXEL)).astype(np.int32)], 255, cv2.LINE_AA, SUBPIXEL)
    return mask.astype(np.float32) / np.float32(255)


def area(ring: Array) -> float:
    """Area of a polygon ``(N, 2)``."""
    return abs(signed_area(ring))


def signed_area(ring: Array) -> float:
    """The same, below 0 for a polygon that runs the other way round than ``points.MOUTH`` about open lips, y down."""
    return 0.5 * float(np.dot(ring[:, 0], np.roll(ring[:, 1], 1)) - np.dot(ring[:, 1], np.roll(ring[:, 0], 1)))
