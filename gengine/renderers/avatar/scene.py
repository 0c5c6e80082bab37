"""Where the camera stands and where the light comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar
from gengine.errors import GengineError

CAMERAS = ("portrait", "upper", "full")
"""Framing presets: head and shoulders; waist up with room for hands; the whole figure."""


KINDS = {"plain": 0, "skin": 1, "eye": 2, "cornea": 3, "hair": 4, "cloth": 5, "teeth": 6, "mouth": 7}
"""Numbers under which shaders know the kinds of materials."""

SPANS = {"portrait": 0.8, "upper": 1.0, "full": 0.65}
"""Width of what a preset shows as a share of its height."""


@dataclass(frozen=True)
class View:
    """A perspective camera at ``position`` looking at ``target`` (m), ``height`` m of scene filling the frame there.

    ``span`` is the subject's width as a share of that height: a frame narrower than it shows more height.
    """

    position: NDArray[np.float64]
    target: NDArray[np.float64]
    height: float
    span: float = 1.0
    near: float = 0.05
    far: float = 20.0

    def matrix(self, aspect: float) -> NDArray[np.float64]:
        """World to clip space ``(4, 4)``, column vectors; a narrow frame keeps the subject's width in view."""
        forward = self.target - self.position
        distance = float(np.linalg.norm(forward))
        forward = forward / distance
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        turn = np.stack([right, up, -forward])
        look = np.eye(4)
        look[:3, :3], look[:3, 3] = turn, -turn @ self.position
        scale = 2.0 * distance / (self.height / min(1.0, aspect / self.span))
        lens = np.zeros((4, 4))
        lens[0, 0], lens[1, 1] = scale / aspect, scale
        lens[2, 2] = -(self.far + self.near) / (self.far - self.near)
        lens[2, 3] = -2 * self.far * self.near / (self.far - self.near)
        lens[3, 2] = -1.0
        return lens @ look


def camera(avatar: Avatar, preset: str, yaw: float = 0.0) -> View:
    """A framing preset for an avatar; ``yaw`` radians walks around it to its left."""
    if preset not in CAMERAS:
        raise GengineError(f"--camera {preset}: choose from {', '.join(CAMERAS)}")
    rest = avatar.rest_positions()
    tall = max(float(part.vertices[:, 1].max()) for part in avatar.parts)
    names = avatar.skeleton.names
    head = rest[names.index(avatar.joint_map.get("Head", names[0]))]
    if preset == "portrait":
        target, height = np.array([0.0, head[1] + 0.025, head[2] + 0.03]), 0.47
    elif preset == "upper":
        target, height = (
            np.array([0.0, 0.5 * (avatar.root_height + tall) - 0.02, 0.0]),
            (tall - avatar.root_height) * 1.28,
        )
    else:
        target, height = np.array([0.0, 0.5 * tall, 0.0]), tall * 1.16
    distance = height * 3.2
    offset = np.array([np.sin(yaw), 0.03, np.cos(yaw)]) * distance
    return View(target + offset, target, height, SPANS[preset])


@dataclass(frozen=True)
class Lights:
    """Directions towards the key, fill and rim lights (unit, world), and the figure's ``height`` m."""

    key: NDArray[np.float64]
    fill: NDArray[np.float64]
    rim: NDArray[np.float64]
    height: float = 1.9

    def projection(self, view: View) -> NDArray[np.float64]:
        """World to the key light's clip space ``(4, 4)``: a box around what the camera sees of the figure."""
        reach = min(self.height * 0.72, view.height * 0.85)
        target = view.target if reach < self.height * 0.72 else view.target * [1, 0, 1] + [0, self.height / 2, 0]
        forward = -self.key
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        turn = np.stack([right, np.cross(right, forward), -forward])
        look = np.eye(4)
        look[:3, :3], look[:3, 3] = turn, -turn @ (target + self.key * 4.0)
        near, far = 1.5, 7.5
        box = np.diag([1 / reach, 1 / reach, -2 / (far - near), 1.0])
        box[2, 3] = -(far + near) / (far - near)
        return box @ look

    def table(self) -> NDArray[np.float32]:
        """``(4, 6)``: direction and colour of key, fill and rim; light from below and from above."""
        rows = [[*self.key, *KEY], [*self.fill, *FILL], [*self.rim, *RIM], [*EARTH, *SKY]]
        return np.array(rows, np.float32)


KEY, FILL, RIM = (2.05, 1.98, 1.88), (0.50, 0.55, 0.64), (1.1, 1.15, 1.25)
EARTH, SKY = (0.150, 0.128, 0.112), (0.270, 0.290, 0.320)
"""Colours of the lights, and of what comes from everywhere."""


def studio(height: float) -> Lights:
    """Soft portrait light: key from the upper left of the picture, fill opposite, rim behind."""

    def unit(*v: float) -> NDArray[np.float64]:
        return np.array(v) / np.linalg.norm(v)

    return Lights(unit(-0.55, 0.95, 0.95), unit(0.8, 0.15, 0.7), unit(0.5, 0.55, -0.9), height)
