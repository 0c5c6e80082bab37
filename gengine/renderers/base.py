"""The seams of the renderers: a performance becomes frames, and a posed avatar becomes one of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gengine.core.performance import Performance

if TYPE_CHECKING:
    from gengine.core.avatar import Avatar
    from gengine.renderers.avatar.scene import Camera, Lights


class Renderer(ABC):
    """Draws a performance. A renderer may be handed stretches in order and must draw them as one."""

    @abstractmethod
    def frames(self, performance: Performance, fps: float) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 3)`` uint8 RGB, one per 1 / ``fps`` seconds of ``performance``."""

    def close(self) -> None:  # noqa: B027 - holding nothing is a fine default
        """Free what drawing held."""


class AvatarBackend(ABC):
    """Draws one avatar, pose after pose, into pictures of one size.

    ``width`` and ``height`` are in pixels. A backend that cannot run here raises ``GengineError``, or
    ``MissingExtraError`` where a package is missing, as soon as it is made.
    """

    @abstractmethod
    def __init__(self, avatar: Avatar, width: int, height: int) -> None: ...

    @abstractmethod
    def draw(
        self, matrices: NDArray, weights: NDArray[np.float32], camera: Camera, lights: Lights, feet: NDArray | None
    ) -> NDArray[np.uint8]:
        """RGBA ``(H, W, 4)`` uint8, colour premultiplied, of skin matrices ``(J, 3, 4)`` and ARKit weights ``(52,)``.

        ``feet (2, 3)`` m, x and z on the floor and y above it, darken the floor where they touch; None draws no floor.
        """

    @abstractmethod
    def close(self) -> None:
        """Free the drawing context."""
