"""Meshes ready to be drawn: of each part of an avatar, dense morph matrices with the normals' changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.avatar import Avatar, Part, vertex_normals
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES

SEE_THROUGH = 0.5
"""Opacity below which a part is left out (a cornea over its iris): the eye carries the highlight."""
_STEP = 0.5
"""Morph weight at which the change of a normal is taken; the line through it serves every weight."""


@dataclass(frozen=True, eq=False)
class RenderMesh:
    """A part with ``moved (M,)`` vertices that morphs touch and ``matrix (52, M * 6)`` of their deltas."""

    part: Part
    normals: NDArray[np.float32]
    moved: NDArray[np.int64]
    matrix: NDArray[np.float32]

    def morphed(self, weights: NDArray[np.float32]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Positions and normals ``(M, 3)`` of the moved vertices under ARKit weights ``(52,)``."""
        change = (weights @ self.matrix).reshape(-1, 6)
        return self.part.vertices[self.moved] + change[:, :3], self.normals[self.moved] + change[:, 3:]


def render_meshes(avatar: Avatar) -> list[RenderMesh]:
    """Every part of an avatar that can be seen, ready for frame after frame."""
    return [_render_mesh(part) for part in avatar.parts if part.material.color[3] >= SEE_THROUGH]


def _render_mesh(part: Part) -> RenderMesh:
    seams = _welded(part.vertices)
    normals = _normals(part.vertices, part.triangles, seams)
    morphs = part.morphs
    chosen = [k for k, name in enumerate(morphs.names) if name in ARKIT_INDEX]
    touched = np.zeros(len(part.vertices), bool)
    for k in chosen:
        touched[morphs.indices[k]] = True
    for corner in range(3):  # neighbours' normals turn too
        touched[part.triangles[touched[part.triangles].any(1)][:, corner]] = True
    moved = np.flatnonzero(touched)
    matrix = np.zeros((len(ARKIT_NAMES), len(moved), 6), np.float32)
    for k in chosen:
        delta = np.zeros_like(part.vertices)
        delta[morphs.indices[k]] = morphs.deltas[k]
        turned = _normals(part.vertices + _STEP * delta, part.triangles, seams)
        row = matrix[ARKIT_INDEX[morphs.names[k]]]
        row[:, :3] = delta[moved]
        row[:, 3:] = (turned - normals)[moved] / _STEP
    return RenderMesh(part, normals, moved, matrix.reshape(len(ARKIT_NAMES), -1))


def _welded(vertices: NDArray) -> NDArray[np.int64]:
    """For every vertex, the first vertex at the same place: normals run smoothly over texture seams."""
    _, first, index = np.unique(np.round(vertices, 6), axis=0, return_index=True, return_inverse=True)
    return first[np.asarray(index).ravel()]


def _normals(vertices: NDArray, triangles: NDArray, seams: NDArray) -> NDArray[np.float32]:
    return vertex_normals(vertices, seams[triangles])[seams]
