"""Which expression a face shows: face-api's network of seven (MIT; .33 MB). Nobody of this project trained it, so it
judges what portraits are to express."""

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

CHECKPOINT = "face-expression-v1"
EXPRESSIONS = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
"""What its outputs are, by the project's names of emotions."""
EYES, LIPS = ((33, 133), (263, 362)), (61, 291, 0, 17)
"""Corners of each eye, and points around the mouth, whose middles lay the square."""
REACH, UPWARDS = 1 / 0.45, 0.43
"""Its side in distances of eyes and mouth, and the share of it above their common middle (face-api's ``align``)."""


class Expression(FaceApiNetwork):
    """The network, loaded."""

    SIDE = 112

    def __init__(self, checkpoint: str | Path = CHECKPOINT) -> None:
        """Raises FormatError where the checkpoint is missing or damaged."""
        super().__init__(checkpoint)

    @torch.no_grad()
    def of(self, picture: NDArray[np.uint8], landmarks: NDArray) -> NDArray[np.float32]:
        """Chances ``(7,)`` of ``EXPRESSIONS`` for the face in a picture ``(H, W, 3)`` at landmarks ``(468 or more, 2 or
        more)`` px."""
        mesh = np.asarray(landmarks, float)[:MESH_POINTS, :2]
        right, left, mouth = (mesh[list(ring)].mean(0) for ring in (*EYES, LIPS))
        side = REACH * float(np.linalg.norm(right - mouth) + np.linalg.norm(left - mouth)) / 2
        x, y = (right + left + mouth) / 3 + [0, (0.5 - UPWARDS) * side]
        pixels = Crop((float(x), float(y)), max(side, 1.0)).pixels(picture, self.SIDE)
        h = pixels - torch.tensor(MEAN).view(1, 3, 1, 1) / 255
        for k in range(4):
            h = self._block(h, f"dense{k}")
        h = functional.avg_pool2d(h, 7, 2).flatten(1)
        scores = h @ self._weights["fc/weights"] + self._weights["fc/bias"]
        return scores.softmax(1)[0].numpy()

    def _block(self, x: Tensor, name: str) -> Tensor:
        """Half as fine; each of four layers adds to all before it."""
        total = step = functional.relu(self._conv(x, f"{name}/conv0", 2))
        for k in (1, 2, 3):
            total = total + self._conv(step, f"{name}/conv{k}", 1)
            step = functional.relu(total)
        return step

    def _conv(self, x: Tensor, name: str, stride: int) -> Tensor:
        """A convolution, or a separable one, padded as TensorFlow does: where an even side is halved, behind alone."""
        x = functional.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
        weights = self._weights
        if f"{name}/filters" in weights:
            return functional.conv2d(x, weights[f"{name}/filters"], weights[f"{name}/bias"], stride)
        across = weights[f"{name}/depthwise_filter"].transpose(0, 1)
        x = functional.conv2d(x, across, None, stride, groups=across.shape[0])
        return functional.conv2d(x, weights[f"{name}/pointwise_filter"], weights[f"{name}/bias"])
