"""The seam of every renderer: a performance becomes frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gengine.core.performance import Performance


class Renderer(ABC):
    """Draws a performance. A renderer may be handed stretches in order and must draw them as one."""

    @abstractmethod
    def frames(self, performance: Performance, fps: float) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 3)`` uint8 RGB, one per 1 / ``fps`` seconds of ``performance``."""
