"""A body or head to dress a performance in: meshes, skin weights, morphs, materials and a rig."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core import rotation
from gengine.core.report import Report
from gengine.core.skeleton import Skeleton
from gengine.errors import GengineError

INFLUENCES = 4
"""Joints that may move one vertex, as glTF's JOINTS_0 holds."""


_LARGEST = 1e5
"""Largest coordinate (m) and texture coordinate of an avatar: far beyond any figure, near enough for 32-bit floats."""
_UNIT = 1e-3
"""By how much the length of a rotation, or the sum of a vertex's weights, may miss one."""


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
        given = np.asarray(self.joints)
        if given.size and (given.min() < 0 or given.max() > np.iinfo(np.uint16).max):
            raise GengineError(f"Part {self.name}.joints: an index is outside 0..{np.iinfo(np.uint16).max}")
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


Drives = tuple[dict[str, float], ...]
"""For each morph target of a mesh, the ARKit curves that move it and by which share."""


@dataclass(frozen=True, eq=False)
class Origin:
    """The file that an avatar was brought in from, kept whole for exports of its own kind.

    ``document`` is its JSON text, ``buffers`` its bytes, ``images`` those that lay beside it, by index. ``nodes`` are
    the nodes of the avatar's joints, ``above (4, 4)`` the world matrix over the hips; ``move (4, 4)``, then minus
    ``down (3,)`` m, takes the file's space to the avatar's. ``drives`` tells for each mesh what moves its morphs.
    """

    document: bytes
    buffers: tuple[bytes, ...]
    images: dict[int, bytes]
    nodes: tuple[int, ...]
    above: NDArray[np.float64]
    move: NDArray[np.float64]
    down: NDArray[np.float64]
    drives: dict[int, Drives]


@dataclass(frozen=True, eq=False)
class Avatar:
    """A dressed, rigged figure.

    The world convention is the project's (metres, +Y up, +Z forward, left = +X) and rest is a T-pose standing on
    y = 0. ``skeleton`` has identity rest rotations unless ``rest (J, 4)`` gives each joint's world rotation at rest
    (brought-in rigs). ``joint_map`` names, for a BEAT joint, the avatar's joint that follows it; ``eyes`` are the
    left and right eye joints or empty. ``twists`` are helper joints: (name, source joint, share of its twist
    about the bone). ``seal`` holds the lip-gap coefficients measured on this head (mm per weight, "rest" = mm).
    ``origin`` is the file it was brought in from, where there is one; ``report`` what was told of it, dropped, guessed.
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
    origin: Origin | None = None
    report: Report = Report()

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


def check_avatar(avatar: Avatar) -> Avatar:
    """The avatar, if all its indices lie inside and all its numbers are finite and of a size; else a ``GengineError``.

    Whatever reads avatars from files calls it: what draws and exports them trusts them.
    """
    names = avatar.skeleton.names
    joints = len(names)
    _check_numbers("joint offsets", avatar.skeleton.offsets)
    _check_numbers("root height", np.array([avatar.root_height], float))
    if avatar.rest is not None:
        if np.shape(avatar.rest) != (joints, 4):
            raise GengineError(f"avatar: rest {np.shape(avatar.rest)}, expected ({joints}, 4)")
        _check_numbers("rest rotations", avatar.rest)
        if np.abs(np.linalg.norm(avatar.rest, axis=1) - 1).max(initial=0.0) > _UNIT:
            raise GengineError("avatar: a rest rotation is no unit quaternion")
    known = [*avatar.joint_map.values(), *avatar.eyes, *(name for twist in avatar.twists for name in twist[:2])]
    for name in known:
        if name not in names:
            raise GengineError(f"avatar: names the joint {name!r:.40}, which its skeleton lacks")
    _check_numbers("twists", np.array([share for _, _, share in avatar.twists], float))
    _check_numbers("lips", np.array(list(avatar.seal.values()), float))
    if len(avatar.eyes) not in (0, 2):
        raise GengineError(f"avatar: {len(avatar.eyes)} eyes, expected two or none")
    for part in avatar.parts:
        _check_part(part, joints)
    return avatar


def _check_part(part: Part, joints: int) -> None:
    for field_name in ("vertices", "uv", "weights"):
        _check_numbers(f"{part.name}'s {field_name}", getattr(part, field_name))
    if part.joints.size and part.joints.max() >= joints:
        raise GengineError(f"avatar: {part.name} hangs on joint {part.joints.max()} of {joints}")
    if part.weights.size and (part.weights.min() < 0 or np.abs(part.weights.sum(1) - 1).max() > _UNIT):
        raise GengineError(f"avatar: the weights of {part.name} are negative or do not sum to 1")
    if len({len(part.morphs.names), len(part.morphs.indices), len(part.morphs.deltas)}) != 1:
        raise GengineError(f"avatar: {part.name} has {len(part.morphs.names)} morphs with other numbers of shapes")
    for name, index, delta in zip(part.morphs.names, part.morphs.indices, part.morphs.deltas, strict=True):
        if np.ndim(index) != 1 or np.shape(delta) != (len(index), 3) or np.asarray(index).dtype.kind not in "iu":
            raise GengineError(f"avatar: morph {name} of {part.name}: indices and displacements do not fit")
        if len(index) and (np.min(index) < 0 or np.max(index) >= len(part.vertices)):
            raise GengineError(f"avatar: morph {name} moves vertices outside {part.name}'s {len(part.vertices)}")
        _check_numbers(f"morph {name} of {part.name}", delta)
    texture = part.material.texture
    if texture is not None and (texture.dtype != np.uint8 or texture.ndim != 3 or texture.shape[2] not in (3, 4)):
        raise GengineError(f"avatar: the texture of {part.name} is {texture.dtype} {texture.shape}, expected colours")
    _check_numbers(f"{part.name}'s colour", np.array([*part.material.color, part.material.roughness], float))


def _check_numbers(what: str, values: NDArray) -> None:
    if not (np.abs(values) <= _LARGEST).all():  # not a number is no smaller either
        raise GengineError(f"avatar: {what} hold NaN, infinity or a number above {_LARGEST:g}")


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
