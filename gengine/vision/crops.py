"""Turned square crops of a picture, and the way of their points back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional


@dataclass(frozen=True)
class Crop:
    """A square of a picture: its centre and side in px (pixel (0, 0) covers 0..1), turned by ``angle``, rad."""

    centre: tuple[float, float]
    side: float
    angle: float = 0.0

    def axes(self) -> NDArray[np.float64]:
        """(2, 2): a crop's axes in the picture, as columns."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.array([[cos, -sin], [sin, cos]])

    def pixels(self, picture: NDArray[np.uint8], size: int, outside: str = "border") -> torch.Tensor:
        """(1, 3, size, size) float32 in 0..1: averaged where the crop is smaller than the picture's part, bilinear.

        ``outside``: "border" repeats the picture's edge, "zeros" is black.
        """
        height, width = picture.shape[:2]
        places = (np.stack(np.meshgrid(*[(np.arange(size) + 0.5) / size - 0.5] * 2), -1) * self.side) @ self.axes().T
        places += self.centre
        low = np.clip(np.floor(places.min((0, 1))) - 1, 0, [width - 1, height - 1]).astype(int)
        high = np.clip(np.ceil(places.max((0, 1))) + 1, low + 1, [width, height]).astype(int)
        part = picture[low[1] : high[1], low[0] : high[0]]
        shrink = max(int(self.side / size), 1)
        if shrink > 1:  # bilinear sampling alone would skip pixels
            part = np.asarray(Image.fromarray(part).reduce(shrink))
        extent = np.array([part.shape[1], part.shape[0]])
        grid = torch.from_numpy(((places - low) / shrink / extent * 2 - 1).astype(np.float32))[None]
        values = torch.from_numpy(part.copy()).permute(2, 0, 1)[None].float() / 255
        return functional.grid_sample(values, grid, align_corners=False, padding_mode=outside)

    def back(self, points: NDArray, size: int) -> NDArray:
        """Points (…, 2 or 3) in px of a crop of ``size`` px, in px of the picture; depth keeps the crop's scale."""
        points = np.asarray(points, float)
        placed = points / size * self.side
        placed[..., :2] = (points[..., :2] / size - 0.5) * self.side @ self.axes().T + self.centre
        return placed
