"""What is seen between open lips: the teeth, gums and tongue of a head of the project, fitted to a person's mouth, in
the photo's light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars import load_avatar
from gengine.core.constants import read_constants
from gengine.core.face import ARKIT_NAMES
from gengine.portraits import points
from gengine.portraits.eyes import signed_area
from gengine.portraits.kernels import NOWHERE, lay
from gengine.portraits.photo import FittedPhoto
from gengine.vision.fit import face_basis

if TYPE_CHECKING:
    from gengine.portraits.warp import FacePose

Array = NDArray[np.float64]

HEAD = "david"
"""Whose teeth: any adult's are as good."""
COLOURS = {"teeth": (1.0, 0.96, 0.90), "gums": (0.78, 0.40, 0.38), "tongue": (0.85, 0.52, 0.50)}
"""Beside what is white, 0..1 (judgement, beside films)."""
ROWS = {"teeth_upper": 0, "gums_upper": 0, "teeth_lower": 1, "gums_lower": 1, "tongue": 2}
"""Which of three rows a part belongs to: the first goes with the skull, the others go with the jaw."""
AMBIENT, FACING = 0.55, 0.45
"""Light that reaches all, and light by how far a surface faces the camera (judgement)."""
_FINER = 2
"""A mouth is drawn so many times finer each way."""


@dataclass(frozen=True)
class MouthConstants:
    """``data/mouth.csv``, see there for units and sources."""

    raised: tuple[float, ...]
    falls: tuple[float, ...]
    white: float
    whites: tuple[float, ...]
    least_white: float
    white_limits: tuple[float, ...]
    behind: float
    cavity: tuple[float, ...]
    lip_shade: float
    upper_shade: float
    shade_width: float
    shade_tone: tuple[float, ...]
    thin: float
    near: float
    least_mouth: float


MOUTH = read_constants(MouthConstants, "gengine.portraits", "mouth")


@dataclass(frozen=True, eq=False)
class MouthPart:
    """A mesh: ``at (V, 3)`` m of the head, ``triangles (F, 3)``, ``facing (V,)`` how far a surface faces ahead, its
    ``colour (3,)``, and ``moves (52, V, 3)`` m by ARKit weights."""

    at: Array
    triangles: NDArray[np.int32]
    facing: Array
    colour: Array
    moves: Array

    def posed(self, weights: Array) -> Array:
        """Vertices ``(V, 3)`` m under ``weights (52,)``."""
        return self.at + np.einsum("k,kvc->vc", weights, self.moves)


class Mouth:
    """The inside of one photo's mouth, whose face is ``wide`` px; ``skin (3,)`` is the mean of its cheeks and
    ``light (3,)`` what front teeth have of it, 0..255."""

    def __init__(self, photo: FittedPhoto, wide: float) -> None:
        self.wide, self.scale = wide, photo.scale
        self.parts = mouth_parts(photo.neutral)
        height, width = photo.rgb.shape[:2]
        cheeks = np.round(photo.landmarks[list(points.CHEEKS)]).astype(int)
        x, y = np.clip(cheeks, 0, [width - 1, height - 1]).T
        self.skin = photo.rgb[y, x].astype(float).mean(0)
        self.light = MOUTH.white * white_of(photo, self.skin)

    def draw(self, drawn: NDArray[np.float32], pose: FacePose, placed: Callable[[Array, Array], Array]) -> None:
        """Draw what is seen between a pose's lips over the picture ``drawn (H, W, 3)``; ``placed`` brings points of a
        turned head into it."""
        import cv2

        ring = pose.mesh[list(points.MOUTH)]
        if signed_area(ring) < MOUTH.least_mouth * self.wide**2:
            return
        low = np.maximum(np.floor(ring.min(0)).astype(int) - 3, 0)
        high = np.minimum(np.ceil(ring.max(0)).astype(int) + 4, drawn.shape[1::-1])
        if (high - low < 2).any():
            return
        size = (high - low) * _FINER
        mask: Any = np.zeros((size[1], size[0]), np.uint8)
        cv2.fillPoly(mask, [np.round((ring - low) * _FINER * 16).astype(np.int32)], 255, shift=4)
        inner = np.empty((*mask.shape, 3), np.float32)
        inner[:] = self.skin * np.array(MOUTH.cavity)
        nearest = np.full(mask.shape, NOWHERE, np.float32)
        lips = float(pose.depth[list(points.MOUTH)].mean())
        for part in self.parts:
            there = placed(part.posed(pose.weights), pose.turn)
            depth = there[:, 2].astype(np.float32)
            at = ((there[:, :2] + pose.teeth - low) * _FINER).astype(np.float32)
            lay(at, depth, self._lit(part, lips - depth), part.triangles, nearest, inner)
        mask = cv2.bitwise_and(mask, self._open(mask))
        mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))  # no gap between lips and what is behind them
        inner *= self._shade(mask)
        plain = (int(high[0] - low[0]), int(high[1] - low[1]))
        inner = cv2.resize(cv2.GaussianBlur(inner, (0, 0), 1.0), plain, interpolation=cv2.INTER_AREA)
        share = cv2.resize(cv2.GaussianBlur(mask, (0, 0), 1.2), plain, interpolation=cv2.INTER_AREA)[..., None] / 255.0
        window = drawn[low[1] : high[1], low[0] : high[0]]
        window += (inner - window) * share

    def _lit(self, part: MouthPart, behind: NDArray) -> NDArray[np.float32]:
        """Colours ``(V, 3)`` of a part's vertices, so many px ``behind (V,)`` the lips."""
        reached = 1 / (1 + (np.maximum(behind, 0) / (self.scale * MOUTH.behind)) ** 2)
        bright = (AMBIENT + FACING * np.clip(part.facing, 0, 1)) * reached
        return ((part.colour * np.minimum(self.light, 255))[None] * bright[:, None]).astype(np.float32)

    def _shade(self, mask: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the lips let through ``(h, w, 3)``: less near their edge, and least below the upper one."""
        import cv2

        reach = _FINER * self.wide * MOUTH.shade_width
        near = 1 - np.clip(cv2.distanceTransform(mask, cv2.DIST_L2, 3) / reach, 0, 1)
        under = 1 - np.clip(np.cumsum(mask > 0, axis=0) / reach, 0, 1)
        shade = np.log1p(-MOUTH.lip_shade * near) + np.log1p(-MOUTH.upper_shade * under)
        return np.exp(shade[..., None] * np.array(MOUTH.shade_tone)).astype(np.float32)

    def _open(self, mask: NDArray[np.uint8]) -> Any:
        """What of a mouth's opening is near where it is wide: lips that nearly meet elsewhere, as beyond the far corner
        of a mouth seen from aside, have nothing dark between them. All of an opening that is nowhere wide."""
        import cv2

        thin, near = (max(round(self.wide * share * _FINER), 1) for share in (MOUTH.thin, MOUTH.near))
        wide = cv2.erode(mask, np.ones((thin, thin), np.uint8))
        return cv2.dilate(wide, np.ones((thin + near, thin + near), np.uint8)) if wide.any() else mask


def white_of(photo: FittedPhoto, skin: Array) -> Array:
    """What is white in a photo's light ``(3,)``, 0..255: the eyes' whites, in whatever light and paint; where none is
    to be seen, the ``skin (3,)``, half as colourful."""
    import cv2

    found = []
    for ring in points.EYES:
        mask = np.zeros(photo.rgb.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(photo.landmarks[list(ring)] * 16).astype(np.int32)], 255, shift=4)
        seen = photo.rgb[cv2.erode(mask, np.ones((3, 3), np.uint8)) > 0].astype(float)
        if len(seen) >= MOUTH.least_white:
            light = seen.mean(1)
            low, high = np.percentile(light, MOUTH.whites)
            found.append(seen[(light >= low) & (light <= high)].mean(0))
    level = max(float(skin.mean()), 1.0)
    least, most = (level * share for share in MOUTH.white_limits)
    white = np.mean(found, 0) if found else np.zeros(3)
    if white.mean() < least:
        white = least * (1 + skin / level) / 2
    return white * min(most / white.mean(), 1.0)


def mouth_parts(neutral: Array) -> list[MouthPart]:
    """Teeth, gums and tongue for a person's ``neutral (468, 3)``: as wide as the mouth, behind its lips."""
    avatar = load_avatar(HEAD)
    rest, names = avatar.rest_positions(), avatar.skeleton.names
    middle = rest[[names.index(eye) for eye in avatar.eyes]].mean(0)
    model = face_basis().neutral
    ring, (right, left) = list(points.MOUTH), points.MOUTH_CORNERS
    wide = np.linalg.norm(neutral[left] - neutral[right]) / np.linalg.norm(model[left] - model[right])
    stretch = np.array([wide, wide, 1.0])
    found = []
    for part in avatar.parts:
        kind = part.name.split("_")[0]
        if kind not in COLOURS:
            continue
        at = (part.vertices - middle - model[ring].mean(0)) * stretch + neutral[ring].mean(0)
        row = ROWS[part.name]
        at[:, 1] += MOUTH.raised[row]
        moves = np.zeros((len(ARKIT_NAMES), *at.shape))
        for name, index, delta in zip(part.morphs.names, part.morphs.indices, part.morphs.deltas, strict=True):
            if name in ARKIT_NAMES:
                moves[ARKIT_NAMES.index(name), index] = delta * stretch * (MOUTH.falls[row] if name == "jawOpen" else 1)
        triangles = np.asarray(part.triangles, np.int32)
        found.append(MouthPart(at, triangles, _facing(at, triangles), np.array(COLOURS[kind]), moves))
    return found


def _facing(at: Array, triangles: NDArray[np.int32]) -> Array:
    corners = at[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(at)
    for k in range(3):
        np.add.at(normals, triangles[:, k], faces)
    return np.abs(normals[:, 2]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
