"""face-api's published networks (MIT), which nobody of this project trained, so they judge faces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.vision.faces import MESH_POINTS

MEAN = (122.782, 117.001, 104.298)
"""Of RGB of 255, subtracted before the networks see it (face-api)."""


class FaceApiNetwork(ABC):
    """A network, loaded; ``sha256`` names its weights, which are kept as levels of eight bits."""

    SIDE: ClassVar[int]
    """Of the square that it sees, px."""

    def __init__(self, checkpoint: str | Path) -> None:
        """Raises FormatError where the checkpoint is missing or damaged."""
        config, tensors = shared_checkpoint(checkpoint)
        self.sha256: str = config["sha256"]
        side = self.SIDE
        with fitting(checkpoint):
            self._weights = {
                name: torch.from_numpy(value.astype(np.float32) * scale + least)
                for name, value in tensors.items()
                for scale, least in [config["levels"][name]]
            }
            self.of(np.zeros((side, side, 3), np.uint8), np.full((MESH_POINTS, 2), side / 2) + np.eye(MESH_POINTS, 2))

    @abstractmethod
    def of(self, picture: NDArray[np.uint8], landmarks: NDArray) -> NDArray[np.float32]:
        """What it makes of the face in a picture ``(H, W, 3)`` at landmarks ``(468 or more, 2 or more)`` px."""
