"""Whose face it is: dlib's face recognition network (King 2017, a ResNet-34 half as wide; 128 numbers), as face-api
publishes it (MIT). Nobody of this project trained it, so it judges: the same person lies nearer than .6."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gengine.vision.crops import Crop
from gengine.vision.face_api import MEAN, FaceApiNetwork
from gengine.vision.faces import MESH_POINTS

CHECKPOINT = "face-identity-v1"
WIDE = 1.24
"""Side of the square around a face, in the longer side of its points' box (the prototype's)."""


LOOKS = 3
"""Levels by which pictures are told to look alike; coarser ones know whose face it is (judgement)."""


class Identity(FaceApiNetwork):
    """The network, loaded."""

    SIDE = 150

    def __init__(self, checkpoint: str | Path = CHECKPOINT) -> None:
        """Raises FormatError where the checkpoint is missing or damaged."""
        super().__init__(checkpoint)

    @torch.no_grad()
    def of(self, picture: NDArray[np.uint8], landmarks: NDArray) -> NDArray[np.float32]:
        """``(128,)`` of the face in a picture ``(H, W, 3)`` at landmarks ``(468 or more, 2 or more)`` px."""
        mesh = np.asarray(landmarks, float)[:MESH_POINTS, :2]
        low, high = mesh.min(0), mesh.max(0)
        x, y = (low + high) / 2
        pixels = Crop((float(x), float(y)), WIDE * float((high - low).max())).pixels(picture, self.SIDE)
        h = self._levels(255 * pixels)[-1]
        h = self._shrunk(h, "conv256_down_out")
        return (h.mean((2, 3)) @ self._weights["fc"])[0].numpy()

    @torch.no_grad()
    def looks(self, pictures: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
        """How different pictures ``(T, H, W, 3)`` look from others, ``(T,)``: squared differences of what each of three
        levels of the network makes of them, to unit length at each place, without weights learned for that (Zhang et
        al. 2018)."""
        both = [torch.from_numpy(np.ascontiguousarray(p)).permute(0, 3, 1, 2).float() for p in (pictures, others)]
        both = [functional.interpolate(p, scale_factor=self.SIDE / p.shape[-1], mode="bicubic") for p in both]
        away = torch.zeros(len(pictures))
        for one, other in zip(*(self._levels(p)[:LOOKS] for p in both), strict=True):
            one, other = (h / h.norm(dim=1, keepdim=True).clamp(min=1e-6) for h in (one, other))
            away += (one - other).square().sum(1).mean((1, 2))
        return away.double().numpy()

    def _levels(self, pixels: Tensor) -> list[Tensor]:
        """What each level makes of pixels ``(N, 3, H, W)`` of 255."""
        h = (pixels - torch.tensor(MEAN).view(1, 3, 1, 1)) / 256
        h = functional.max_pool2d(self._conv(h, "conv32_down", 2), 3, 2)
        for k in (1, 2, 3):
            h = self._plain(h, f"conv32_{k}")
        made = [h]
        for level, after in (("64", (1, 2, 3)), ("128", (1, 2)), ("256", (1, 2))):
            h = self._shrunk(h, f"conv{level}_down")
            for k in after:
                h = self._plain(h, f"conv{level}_{k}")
            made.append(h)
        return made

    def _conv(self, x: Tensor, name: str, stride: int = 1, active: bool = True) -> Tensor:
        weight, bias = (self._weights[f"{name}/conv/{k}"] for k in ("filters", "bias"))
        y = functional.conv2d(x, weight, bias, stride, padding=0 if stride > 1 else 1)
        scale, shift = (self._weights[f"{name}/scale/{k}"].view(1, -1, 1, 1) for k in ("weights", "biases"))
        y = y * scale + shift
        return functional.relu(y) if active else y

    def _plain(self, x: Tensor, name: str) -> Tensor:
        return functional.relu(self._conv(self._conv(x, f"{name}/conv1"), f"{name}/conv2", active=False) + x)

    def _shrunk(self, x: Tensor, name: str) -> Tensor:
        y = self._conv(self._conv(x, f"{name}/conv1", 2), f"{name}/conv2", active=False)
        p = functional.avg_pool2d(x, 2, 2)
        p = functional.pad(p, (0, 0, 0, 0, 0, y.shape[1] - p.shape[1]))
        high, wide = max(p.shape[2], y.shape[2]), max(p.shape[3], y.shape[3])
        p, y = (functional.pad(t, (0, wide - t.shape[3], 0, high - t.shape[2])) for t in (p, y))
        return functional.relu(p + y)


def distance(one: NDArray, other: NDArray) -> float:
    """Between two faces' numbers: .6 is dlib's border of one person."""
    return float(np.linalg.norm(np.asarray(one, float) - np.asarray(other, float)))
