"""A body or head to dress a performance in: meshes, skin weights, morphs, materials and a rig."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core import rotation
from gengine.core.skeleton import Skeleton
from gengine.errors import GengineError

INFLUENCES = 4
"""Joints that may move one vertex, as glTF's JOINTS_0 holds."""


@dataclass(frozen=True, eq=False)
class Material:
    """How a surface looks: metallic-roughness like glTF, plus what kind of thing it is.

    ``kind`` is "skin", "eye", "cornea", "hair", "cloth", "teeth", "mouth" or "plain" and lets a renderer
    choose its shading; ``color`` is sRGB 0-1 with alpha and multiplies ``texture (H, W, 3 or 4)`` uint8 sRGB.
    """

    name: str
    kind: str = "plain"
    color: tuple[float, float, float, float] = (0.8, 0.8, 0.8, 1.0)
    roughness: float = 0.6
    texture: NDArray[np.uint8] | None = None
    double_sided: bool = False


@dataclass(frozen=True, eq=False)
class Morphs:
    """Named shapes, sparse: ``deltas[k] (n, 3)`` metres at rest, added to vertices ``indices[k] (n,)``."""

    names: tuple[str, ...] = ()
    indices: tuple[NDArray[np.int32], ...] = ()
    deltas: tuple[NDArray[np.float32], ...] = ()

    def apply(self, vertices: NDArray, weights: dict[str, float] | NDArray, names: tuple[str, ...] = ()) -> NDArray:
        """``vertices (V, 3)`` moved by weights given by name, or as an array with its ``names``."""
        if not isinstance(weights, dict):
            weights = dict(zip(names or self.names, np.asarray(weights, float), strict=True))
        moved = np.array(vertices, np.float32)
        for name, index, delta in zip(self.names, self.indices, self.deltas, strict=True):
            weight = weights.get(name, 0.0)
            if weight:
                moved[index] += np.float32(weight) * delta
        return moved


@dataclass(frozen=True, eq=False)
class Part:
    """One mesh of one material, in the avatar's rest pose.

    ``vertices (V, 3)`` m; ``triangles (F, 3)`` counter-clockwise seen from outside; ``uv (V, 2)`` with the origin
    at the top left, as glTF; ``joints (V, 4)`` and ``weights (V, 4)`` (rows sum to 1) of the skin.
    """

    name: str
    vertices: NDArray[np.floating]
    triangles: NDArray[np.integer]
    uv: NDArray[np.floating]
    joints: NDArray[np.integer]
    weights: NDArray[np.floating]
    material: Material
    morphs: Morphs = field(default_factory=Morphs)

    def __post_init__(self) -> None:
        kinds = {
            "vertices": np.float32, "triangles": np.int32, "uv": np.float32, "joints": np.uint16, "weights": np.float32,
        }  # fmt: skip
        for name, kind in kinds.items():
            object.__setattr__(self, name, np.asarray(getattr(self, name), kind))
        count = len(self.vertices)
        for name, width in (("vertices", 3), ("uv", 2), ("joints", INFLUENCES), ("weights", INFLUENCES)):
            shape = getattr(self, name).shape
            if shape != (count, width):
                raise GengineError(f"Part {self.name}.{name}: shape {shape}, expected ({count}, {width})")
        if self.triangles.ndim != 2 or self.triangles.shape[1] != 3:
            raise GengineError(f"Part {self.name}.triangles: shape {self.triangles.shape}, expected (F, 3)")
        if self.triangles.size and (self.triangles.min() < 0 or self.triangles.max() >= count):
            raise GengineError(f"Part {self.name}.triangles: an index is outside 0..{count - 1}")


@dataclass(frozen=True, eq=False)
class Avatar:
    """A dressed, rigged figure.

    The world convention is the project's (metres, +Y up, +Z forward, left = +X) and rest is a T-pose standing on
    y = 0. ``skeleton`` has identity rest rotations unless ``rest (J, 4)`` gives each joint's world rotation at rest
    (brought-in rigs). ``joint_map`` names, for a BEAT joint, the avatar's joint that follows it; ``eyes`` are the
    left and right eye joints or empty. ``twists`` are helper joints: (name, source joint, share of its twist
    about the bone). ``seal`` holds the lip-gap coefficients measured on this head (mm per weight, "rest" = mm).
    """

    name: str
    skeleton: Skeleton
    parts: tuple[Part, ...]
    root_height: float
    joint_map: dict[str, str] = field(default_factory=dict)
    eyes: tuple[str, ...] = ()
    twists: tuple[tuple[str, str, float], ...] = ()
    rest: NDArray[np.float64] | None = None
    seal: dict[str, float] = field(default_factory=dict)
    licence: str = ""

    @property
    def morph_names(self) -> tuple[str, ...]:
        """Every morph that some part carries, in order of first appearance."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.morphs.names))

    def rest_positions(self) -> NDArray[np.float64]:
        """World positions ``(J, 3)`` of the joints at rest, m."""
        identity = np.tile(rotation.IDENTITY, (1, len(self.skeleton), 1))
        local = identity if self.rest is None else self.local_rest()[None]
        root = np.array([[0.0, self.root_height, 0.0]])
        return self.skeleton.forward(local, root)[0][0]

    def local_rest(self) -> NDArray[np.float64]:
        """Local rest rotations ``(J, 4)``."""
        if self.rest is None:
            return np.tile(rotation.IDENTITY, (len(self.skeleton), 1))
        parents = self.skeleton.parents
        local = rotation.multiply(rotation.conjugate(self.rest[parents]), self.rest)
        local[0] = self.rest[0]
        return local

    def skin_matrices(self, rotations: ArrayLike, root: ArrayLike) -> NDArray[np.float64]:
        """Matrices ``(T, J, 3, 4)`` that take rest vertices to posed ones.

        ``rotations (T, J, 4)`` are local rotations of this avatar's skeleton, ``root (T, 3)`` m.
        """
        positions, world = self.skeleton.forward(rotations, root)
        turn = world if self.rest is None else rotation.multiply(world, rotation.conjugate(self.rest))
        matrices = rotation.to_matrix(turn)
        shift = positions - np.einsum("tjab,jb->tja", matrices, self.rest_positions())
        return np.concatenate([matrices, shift[..., None]], axis=-1)


def skinned(part: Part, matrices: NDArray, vertices: NDArray | None = None) -> NDArray[np.float32]:
    """Vertices ``(V, 3)`` of a part under skin matrices ``(J, 3, 4)`` (linear blend skinning)."""
    vertices = part.vertices if vertices is None else vertices
    blended = np.einsum("vk,vkab->vab", part.weights, matrices[part.joints].astype(np.float32))
    return np.einsum("vab,vb->va", blended[..., :3], vertices) + blended[..., 3]


def vertex_normals(vertices: NDArray, triangles: NDArray) -> NDArray[np.float32]:
    """Area-weighted unit normals ``(V, 3)``."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    normals = np.zeros((len(vertices), 3))
    for axis in range(3):
        for k in range(3):
            normals[:, axis] += np.bincount(triangles[:, k], face[:, axis], minlength=len(vertices))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.maximum(length, 1e-12)).astype(np.float32)
