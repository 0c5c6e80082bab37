"""Where the camera stands and where the light comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar
from gengine.errors import unknown

CAMERA_PRESETS = ("portrait", "upper", "full")
"""Framings: the head; waist up with room for hands; the whole figure."""
SPANS = {"portrait": 0.8, "upper": 1.0, "full": 0.65}
"""Width of what a preset shows as a share of its height."""
ABOVE_HAIR, BELOW_HEAD = 0.03, 0.145
"""Metres that a portrait shows above the hair, and below the head's joint: chins lie 6 to 8 cm below it."""
FACE_BEFORE = 0.03
"""Metres by which the face's middle lies before the head's joint."""
UPPER_ROOM, FULL_ROOM = 1.28, 1.16
"""Height of the picture as a multiple of what the upper and full presets must hold, for hands and floor."""
UPPER_LOWERED = 0.02
"""Metres by which the upper preset looks below the middle between hips and crown."""
LENS = 3.2
"""Distance of the camera in heights of the picture: a portrait lens of 115 mm on 36 x 24 mm film, upright."""
RISE = 0.03
"""Height of the camera above what it looks at, as a share of its distance."""

KEY, FILL, RIM = (2.05, 1.98, 1.88), (0.50, 0.55, 0.64), (1.1, 1.15, 1.25)
EARTH, SKY = (0.150, 0.128, 0.112), (0.270, 0.290, 0.320)
"""Colours of the lights, and of what comes from everywhere (linear RGB; judgement: warm key, cool fill)."""
KEY_FROM, FILL_FROM, RIM_FROM = (-0.55, 0.95, 0.95), (0.8, 0.15, 0.7), (0.5, 0.55, -0.9)
"""Directions towards the three lights of a portrait studio: world axes, any length."""

MIDDLE_SKIN, EXPOSED, MOST_EXPOSED = 0.40, 0.35, 1.5
"""Luminance (linear 0-1) of the skin that the lights' colours suit; darker skin is exposed more, by this power of how
much darker it is, up to this factor: as a photographer opens the lens for the face, by about half of what it lacks."""
LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Shares of linear red, green and blue (ITU-R BT.709)."""
TEXELS_ASKED = 8
"""Of a skin's texture every so-manyth row and column is asked for its colour."""

# the box that the shadow map covers, seen from the key light
SHADOW_OF_FIGURE, SHADOW_OF_PICTURE = 0.72, 0.85
"""Half its side: this share of the figure's height, or of the picture's where that is less."""
LIGHT_DISTANCE, SHADOW_NEAR, SHADOW_FAR = 4.0, 1.5, 7.5
"""Metres from the light to the box's middle, and to its front and back."""


@dataclass(frozen=True)
class Camera:
    """A perspective camera at ``position`` looking at ``target`` (m), ``height`` m of scene filling the frame there.

    ``span`` is the subject's width as a share of that height: a frame narrower than it shows more height.
    ``near`` and ``far`` are the clip planes, m.
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


def camera_preset(avatar: Avatar, preset: str, yaw: float = 0.0) -> Camera:
    """A framing of ``CAMERA_PRESETS`` for an avatar; ``yaw`` radians walks around it to its left.

    Any other name is a ``GengineError``.
    """
    if preset not in CAMERA_PRESETS:
        raise unknown("--camera", preset, CAMERA_PRESETS)
    rest = avatar.rest_positions()
    tall = figure_height(avatar)
    names = avatar.skeleton.names
    head = rest[names.index(avatar.joint_map.get("Head", names[0]))]
    if preset == "portrait":
        top, bottom = tall + ABOVE_HAIR, head[1] - BELOW_HEAD
        target, height = np.array([0.0, (top + bottom) / 2, head[2] + FACE_BEFORE]), top - bottom
    elif preset == "upper":
        target = np.array([0.0, 0.5 * (avatar.root_height + tall) - UPPER_LOWERED, 0.0])
        height = (tall - avatar.root_height) * UPPER_ROOM
    else:
        target, height = np.array([0.0, 0.5 * tall, 0.0]), tall * FULL_ROOM
    distance = height * LENS
    offset = np.array([np.sin(yaw), RISE, np.cos(yaw)]) * distance
    return Camera(target + offset, target, height, SPANS[preset])


def figure_height(avatar: Avatar) -> float:
    """Metres from the floor to the top of an avatar's hair or hat."""
    return max(float(part.vertices[:, 1].max()) for part in avatar.parts)


@dataclass(frozen=True)
class Lights:
    """Three-point light: directions towards key, fill and rim (unit, world), and the figure's ``height`` m.

    ``exposure`` multiplies every colour.
    """

    key: NDArray[np.float64]
    fill: NDArray[np.float64]
    rim: NDArray[np.float64]
    height: float = 1.9
    exposure: float = 1.0

    def projection(self, camera: Camera) -> NDArray[np.float64]:
        """World to the key light's clip space ``(4, 4)``: a box around what the camera sees of the figure."""
        reach = min(self.height * SHADOW_OF_FIGURE, camera.height * SHADOW_OF_PICTURE)
        whole = reach >= self.height * SHADOW_OF_FIGURE
        target = camera.target * [1, 0, 1] + [0, self.height / 2, 0] if whole else camera.target
        forward = -self.key
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        turn = np.stack([right, np.cross(right, forward), -forward])
        look = np.eye(4)
        look[:3, :3], look[:3, 3] = turn, -turn @ (target + self.key * LIGHT_DISTANCE)
        near, far = SHADOW_NEAR, SHADOW_FAR
        box = np.diag([1 / reach, 1 / reach, -2 / (far - near), 1.0])
        box[2, 3] = -(far + near) / (far - near)
        return box @ look

    def table(self) -> NDArray[np.float32]:
        """``(4, 6)``: direction and colour of key, fill and rim; light from below and from above."""
        rows = np.array([[*self.key, *KEY], [*self.fill, *FILL], [*self.rim, *RIM], [*EARTH, *SKY]], np.float32)
        rows[:3, 3:] *= self.exposure
        rows[3] *= self.exposure
        return rows


def exposure(avatar: Avatar) -> float:
    """How much more light a face needs than one of middle tone, so that its eyes and brows are read: 1 or more."""
    seen = [p.material for p in avatar.parts if p.material.kind == "skin" and p.material.texture is not None]
    if not seen or seen[0].texture is None:
        return 1.0
    colors = seen[0].texture[::TEXELS_ASKED, ::TEXELS_ASKED, :3] / 255 * seen[0].color[:3]
    light = float((colors**2.2 @ np.array(LUMINANCE)).mean())
    return float(np.clip((MIDDLE_SKIN / max(light, 1e-3)) ** EXPOSED, 1.0, MOST_EXPOSED))


def studio_lights(height: float, exposure: float = 1.0) -> Lights:
    """Soft portrait light: key from the upper left of the picture, fill opposite, rim behind."""

    def unit(direction: tuple[float, float, float]) -> NDArray[np.float64]:
        return np.array(direction) / np.linalg.norm(direction)

    return Lights(unit(KEY_FROM), unit(FILL_FROM), unit(RIM_FROM), height, exposure)
