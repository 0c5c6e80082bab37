"""What is seen between open lips: the teeth, gums and tongue of a head of the project, fitted to a person's mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.avatars import load_avatar
from gengine.core.face import ARKIT_NAMES
from gengine.portraits import points
from gengine.vision.fit import face_basis

Array = NDArray[np.float64]

HEAD = "david"
"""Whose teeth: any adult's are as good."""
COLOURS = {"teeth": (0.92, 0.88, 0.80), "gums": (0.66, 0.33, 0.31), "tongue": (0.70, 0.36, 0.35)}
"""Under white light, 0..1 (judgement, beside photos)."""
AMBIENT, FACING, DEPTH = 0.55, 0.45, 0.05
"""Light that reaches all, light by how far a surface faces the camera, and metres behind the lips over which it
fades (judgement)."""


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
        moves = np.zeros((len(ARKIT_NAMES), *at.shape))
        for name, index, delta in zip(part.morphs.names, part.morphs.indices, part.morphs.deltas, strict=True):
            if name in ARKIT_NAMES:
                moves[ARKIT_NAMES.index(name), index] = delta * stretch
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
