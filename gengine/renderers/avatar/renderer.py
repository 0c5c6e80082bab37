"""A performance worn by an avatar, as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar
from gengine.core.performance import Performance
from gengine.core.skeleton import beat_skeleton
from gengine.errors import GengineError, unknown
from gengine.renderers.avatar.backend import open_backend
from gengine.renderers.avatar.scene import (
    CAMERA_PRESETS,
    Camera,
    camera_preset,
    exposure,
    figure_height,
    studio_lights,
)
from gengine.renderers.base import Renderer
from gengine.renderers.frame_sampler import FrameSampler
from gengine.retarget.avatar_pose import to_avatar

FOLLOW = {"portrait": 0.25, "upper": 0.5, "full": 0.6}
"""Seconds in which the camera follows the figure's slow sway (time constant; judgement)."""
WIDEST = 1.6
"""How many times wider than its preset a picture may become, so that gesturing hands stay in it (measured: an orator's
reach 1.6 times as far as the upper preset shows)."""
HAND_ROOM = 1.1
"""Picture that is wanted for hands, as a multiple of where they are: fingertips reach beyond their joints."""
WIDENING, NARROWING = 0.1, 2.5
"""Seconds in which the picture widens to hands that leave it, and narrows again (time constants; judgement)."""
BLOCK = 64
"""Frames whose skeleton is posed at once."""
MIN_SIDE, MAX_SIDE = 16, 4096
"""Of a picture, pixels; the larger is what every OpenGL 3.3 driver can draw into in practice (judgement)."""
HANDS = tuple(n for n in beat_skeleton().names if "Hand" in n)
"""BEAT's joints of wrists and fingers."""
YAW = 0.22
"""Radians by which the camera stands to the avatar's left: a face seen a little from the side has depth."""

# the backdrop (judgement): brightness ``GLOW - FALL * distance`` from a centre a little above the middle,
# where the picture is one unit wide (times WIDER) and high
GLOW, FALL, GLOW_RANGE = 1.12, 0.38, (0.7, 1.15)
GLOW_CENTRE, WIDER = (0.5, 0.45), 1.1


class AvatarRenderer(Renderer):
    """Draws an avatar under soft light.

    ``size`` is (width, height) in pixels, ``camera`` one of ``CAMERA_PRESETS`` and ``yaw`` how far it stands to the
    avatar's left (rad); ``background`` is sRGB 0-255 behind ``frames`` (``rgba`` stays transparent); ``backend`` is
    "gl" (OpenGL through EGL), "soft" (numba), or "auto": gl on a graphics card, else soft, which is faster than
    OpenGL in software. The camera drifts after the figure, so a sway never leaves the picture, which
    widens (but for a portrait) where hands would. One renderer draws
    one performance, whole or in stretches handed over in order. Options it cannot have are a ``GengineError``.
    """

    def __init__(
        self,
        avatar: Avatar,
        size: tuple[int, int] = (720, 720),
        camera: str = "upper",
        background: tuple[int, int, int] = (58, 63, 71),
        backend: str = "auto",
        yaw: float = YAW,
    ) -> None:
        width, height = size
        if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
            raise GengineError(
                f"size {width}x{height}: expected {MIN_SIDE} to {MAX_SIDE} pixels each way, for example 720x720"
            )
        if camera not in CAMERA_PRESETS:
            raise unknown("--camera", camera, CAMERA_PRESETS)
        self.avatar, self.size, self.camera, self.background = avatar, (width, height), camera, background
        self._preset = camera_preset(avatar, camera, yaw)
        self._lights = studio_lights(figure_height(avatar), exposure(avatar))
        self._backend = open_backend(backend, avatar, width, height)
        self._backdrop = _backdrop(width, height, background)
        self._sampler: FrameSampler | None = None
        self._centre: NDArray[np.float64] | None = None
        names = avatar.skeleton.names
        self._feet = [
            names.index(f) for f in (avatar.joint_map.get(n) for n in ("LeftFoot", "RightFoot")) if f in names
        ]
        self._head = names.index(avatar.joint_map["Head"]) if avatar.joint_map.get("Head") in names else 0
        self._hands = [
            k for k, n in enumerate(avatar.skeleton.names) if any(n == avatar.joint_map.get(h) for h in HANDS)
        ]
        self._wide: float | None = None
        self._rest = avatar.rest_positions()

    def frames(self, performance: Performance, fps: float, more: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 3)`` uint8 RGB over the background; ``more`` as in ``rgba``."""
        for picture in self.rgba(performance, fps, more):
            # colours are premultiplied by their coverage; one by one, as loops over three numbers are slow
            frame, clear = np.empty((*picture.shape[:2], 3), np.uint8), 255 - picture[..., 3].astype(np.uint16)
            for channel, wall in enumerate(self._backdrop):
                frame[..., channel] = picture[..., channel] + ((wall * clear + 128) >> 8).astype(np.uint8)
            yield frame

    def rgba(self, performance: Performance, fps: float, more: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 4)`` uint8 RGBA at k / ``fps`` s, with premultiplied colour on nothing.

        With ``more`` to come, frames between this stretch and the next wait for it.
        """
        if self._sampler is None:
            self._sampler = FrameSampler(fps)
        self._sampler.push(performance)
        while True:
            motion, face = self._sampler.take(BLOCK, not more)
            pose = to_avatar(self.avatar, motion, face, fps)
            if not len(pose):
                return
            matrices = self.avatar.skin_matrices(pose.rotations, pose.root)
            for k in range(len(pose)):
                camera = self._track(matrices[k], fps)
                yield self._backend.draw(matrices[k], pose.morphs[k], camera, self._lights, self._touch(matrices[k]))

    def close(self) -> None:
        """Free the drawing context."""
        self._backend.close()

    def _touch(self, matrices: NDArray) -> NDArray[np.float64] | None:
        """Where the feet are and how high ``(2, 3)`` m, where the floor is in the picture."""
        if self.camera != "full" or len(self._feet) != 2:
            return None
        feet = self._at(matrices, self._feet)
        feet[:, 1] = np.maximum(0.0, feet[:, 1] - self._rest[self._feet, 1])
        return feet

    def _at(self, matrices: NDArray, joints: list[int]) -> NDArray[np.float64]:
        """World places ``(n, 3)`` of joints under skin matrices."""
        return np.einsum("nab,nb->na", matrices[joints, :, :3], self._rest[joints]) + matrices[joints, :, 3]

    def _track(self, matrices: NDArray, fps: float) -> Camera:
        """The camera moved along with the slow part of the figure's sway."""
        anchor = self._head if self.camera == "portrait" else 0
        place = self._at(matrices, [anchor])[0] - self._rest[anchor]
        before = place if self._centre is None else self._centre
        centre = before + (place - before) * (1 - np.exp(-1 / (fps * FOLLOW[self.camera])))
        self._centre = centre
        shift = centre if self.camera == "portrait" else centre * np.array([1.0, 0.0, 1.0])
        still = self._preset
        followed = replace(still, position=still.position + shift, target=still.target + shift)
        return followed if self.camera == "portrait" else self._widened(followed, matrices, fps)

    def _widened(self, camera: Camera, matrices: NDArray, fps: float) -> Camera:
        """The camera with hands that are raised or spread in its picture; those that hang may be below it."""
        if not self._hands:
            return camera
        places = np.column_stack([self._at(matrices, self._hands), np.ones(len(self._hands))])
        x, y, _, w = camera.matrix(self.size[0] / self.size[1]) @ places.T
        goal = float(np.clip(max(np.abs(x / w).max(), (y / w).max()) * HAND_ROOM, 1.0, WIDEST))
        before = goal if self._wide is None else self._wide
        pace = WIDENING if goal > before else NARROWING
        wide = before + (goal - before) * (1 - np.exp(-1 / (fps * pace)))
        self._wide = wide
        return replace(camera, height=camera.height * wide)


def _backdrop(width: int, height: int, color: tuple[int, int, int]) -> NDArray[np.uint16]:
    """A plain wall ``(3, H, W)``, sRGB 0-255, a little lighter behind the figure."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot((x / width - GLOW_CENTRE[0]) * WIDER, y / height - GLOW_CENTRE[1])
    glow = np.clip(GLOW - FALL * distance, *GLOW_RANGE)
    return np.clip(np.array(color, np.float32)[:, None, None] * glow, 0, 255).astype(np.uint16)
