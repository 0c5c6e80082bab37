"""A performance worn by an avatar, as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar
from gengine.core.performance import Performance
from gengine.errors import GengineError, MissingExtraError
from gengine.renderers.avatar.scene import CAMERAS, View, camera, studio
from gengine.renderers.base import Renderer
from gengine.renderers.frame_sampler import Tape
from gengine.retarget.avatar import to_avatar

BACKENDS = ("auto", "gl", "soft", "pytorch3d")
FOLLOW = {"portrait": 0.35, "upper": 0.5, "full": 0.6}
"""Seconds in which the camera follows the figure's slow sway (time constant)."""
BLOCK = 64
"""Frames whose skeleton is posed at once."""


class AvatarRenderer(Renderer):
    """Draws an avatar under soft light.

    ``view`` is one of ``CAMERAS``; ``size`` (width, height) pixels; ``background`` sRGB 0-255 behind ``frames``
    (``rgba`` stays transparent); ``backend`` "gl" (OpenGL through EGL), "soft" (numba), or "auto": gl on a graphics
    card, else soft, which is faster than OpenGL in software. The camera drifts after the figure, so a sway never
    leaves the picture. One renderer draws one performance, whole or in stretches handed over in order.
    """

    def __init__(
        self,
        avatar: Avatar,
        size: tuple[int, int] = (720, 720),
        view: str = "upper",
        background: tuple[int, int, int] = (58, 63, 71),
        backend: str = "auto",
        yaw: float = 0.22,
    ) -> None:
        width, height = size
        if not (16 <= width <= 4096 and 16 <= height <= 4096):
            raise GengineError(f"size {width}x{height}: expected 16 to 4096 pixels each way, for example 720x720")
        if view not in CAMERAS:
            raise GengineError(f"--camera {view}: choose from {', '.join(CAMERAS)}")
        self.avatar, self.size, self.view_name, self.background = avatar, (width, height), view, background
        self._view = camera(avatar, view, yaw)
        self._lights = studio(max(float(part.vertices[:, 1].max()) for part in avatar.parts))
        self._backend = _backend(backend, avatar, width, height)
        self._backdrop = _backdrop(width, height, background)
        self._tape: Tape | None = None
        self._centre: NDArray[np.float64] | None = None
        names = avatar.skeleton.names
        self._feet = [
            names.index(f) for f in (avatar.joint_map.get(n) for n in ("LeftFoot", "RightFoot")) if f in names
        ]
        self._head = names.index(avatar.joint_map["Head"]) if avatar.joint_map.get("Head") in names else 0
        self._rest = avatar.rest_positions()

    def frames(self, performance: Performance, fps: float, more: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 3)`` uint8 RGB over the background; ``more`` as in ``rgba``."""
        for picture in self.rgba(performance, fps, more):
            # colours are premultiplied by their coverage
            behind = (self._backdrop * (255 - picture[..., 3:].astype(np.uint16)) + 128) >> 8
            yield picture[..., :3] + behind.astype(np.uint8)

    def rgba(self, performance: Performance, fps: float, more: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 4)`` uint8 RGBA at k / ``fps`` s, with premultiplied colour on nothing.

        With ``more`` to come, frames between this stretch and the next wait for it.
        """
        if self._tape is None:
            self._tape = Tape(fps)
        self._tape.push(performance)
        while True:
            motion, face = self._tape.take(BLOCK, not more)
            pose = to_avatar(self.avatar, motion, face, fps)
            if not len(pose):
                return
            matrices = self.avatar.skin_matrices(pose.rotations, pose.root)
            for k in range(len(pose)):
                view = self._track(matrices[k], fps)
                yield self._backend.draw(matrices[k], pose.morphs[k], view, self._lights, self._touch(matrices[k]))

    def close(self) -> None:
        """Free the drawing context."""
        self._backend.close()

    def _touch(self, matrices: NDArray) -> NDArray[np.float64] | None:
        """Where the feet are and how high ``(2, 3)`` m, where the floor is in the picture."""
        if self.view_name != "full" or len(self._feet) != 2:
            return None
        feet = self._at(matrices, self._feet)
        feet[:, 1] = np.maximum(0.0, feet[:, 1] - self._rest[self._feet, 1])
        return feet

    def _at(self, matrices: NDArray, joints: list[int]) -> NDArray[np.float64]:
        """World places ``(n, 3)`` of joints under skin matrices."""
        return np.einsum("nab,nb->na", matrices[joints, :, :3], self._rest[joints]) + matrices[joints, :, 3]

    def _track(self, matrices: NDArray, fps: float) -> View:
        """The view moved along with the slow part of the figure's sway."""
        anchor = self._head if self.view_name == "portrait" else 0
        place = self._at(matrices, [anchor])[0] - self._rest[anchor]
        before = place if self._centre is None else self._centre
        centre = before + (place - before) * (1 - np.exp(-1 / (fps * FOLLOW[self.view_name])))
        self._centre = centre
        shift = centre if self.view_name == "portrait" else centre * np.array([1.0, 0.0, 1.0])
        view = self._view
        return replace(view, position=view.position + shift, target=view.target + shift)


def _backend(name: str, avatar: Avatar, width: int, height: int) -> Any:
    if name not in BACKENDS:
        raise GengineError(f"--backend {name}: choose from {', '.join(BACKENDS)}")
    if name == "pytorch3d":
        from gengine.renderers.avatar.differentiable import Pytorch3dBackend

        return Pytorch3dBackend(avatar, width, height)
    from gengine.renderers.avatar.gl import GlBackend, hardware
    from gengine.renderers.avatar.soft import SoftBackend

    if name == "gl" or (name == "auto" and hardware()):
        return GlBackend(avatar, width, height)
    try:
        return SoftBackend(avatar, width, height)
    except MissingExtraError:
        if name == "soft":
            raise
    return GlBackend(avatar, width, height)


def _backdrop(width: int, height: int, color: tuple[int, int, int]) -> NDArray[np.uint16]:
    """A plain wall, a little lighter behind the figure."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot((x / width - 0.5) * 1.1, y / height - 0.45)
    glow = np.clip(1.12 - 0.38 * distance, 0.7, 1.15)[..., None]
    return np.clip(np.array(color, np.float32) * glow, 0, 255).astype(np.uint16)
