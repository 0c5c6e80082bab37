"""An avatar as the nodes, skin, meshes, morph targets and materials of a glTF document."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.avatar import Avatar, Material, Part, vertex_normals
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.formats.gltf import INDICES, VERTICES, XYZW, GlbBuilder

JPEG_QUALITY = 88
"""Of textures without transparency, 0-100: no difference is seen on a face that fills the screen (judgement)."""
_UNIT = 65535
"""What 1 is as a normalised 16-bit number."""
_TURNED = 0.0175
"""Length of the change (one degree) from which on a morph's turn of a normal is stored."""
_STEADY = ("mouth", "teeth", "hair")
"""Kinds of parts whose normals no morph turns: what is dark, rigid or thin does not tell its shape by its light."""


def add_joints(builder: GlbBuilder, avatar: Avatar) -> list[int]:
    """The joints as nodes in their rest pose; their node indices."""
    skeleton, rest = avatar.skeleton, avatar.local_rest()
    children: list[list[int]] = [[] for _ in skeleton.names]
    for j, parent in enumerate(skeleton.parents[1:], 1):
        children[parent].append(j)
    first = len(builder.json.get("nodes", []))
    for j, name in enumerate(skeleton.names):
        offset = skeleton.offsets[j] if j else [0.0, avatar.root_height, 0.0]
        node: dict[str, Any] = {"name": name, "translation": [float(x) for x in offset]}
        if avatar.rest is not None:
            node["rotation"] = np.clip(rotation.normalize(rest[j]), -1, 1)[XYZW].tolist()
        if children[j]:
            node["children"] = [first + c for c in children[j]]
        builder.add("nodes", node)
    return list(range(first, first + len(skeleton)))


def add_meshes(
    builder: GlbBuilder, avatar: Avatar, joints: list[int], morph_normals: bool = True
) -> list[tuple[int, tuple[str, ...]]]:
    """Skinned meshes, one per part: (node, morph names).

    The part with most morphs lists all of the avatar's, also those that move other parts only (tongueOut), so that
    a program that looks at the face alone finds every name.
    """
    skin = builder.add("skins", {
        "name": avatar.name,
        "joints": joints,
        "skeleton": joints[0],
        "inverseBindMatrices": builder.accessor(_inverse_bind(avatar)),
    })  # fmt: skip
    known = [n for n in ARKIT_NAMES if n in avatar.morph_names]
    every = (*known, *(n for n in avatar.morph_names if n not in ARKIT_INDEX))
    face = max(avatar.parts, key=lambda part: len(part.morphs.names), default=None)
    materials: dict[int, int] = {}
    out = []
    for part in avatar.parts:
        if not len(part.triangles):
            continue
        if id(part.material) not in materials:
            materials[id(part.material)] = _material(builder, part.material)
        names = every if part is face else part.morphs.names
        mesh: dict[str, Any] = {"name": part.name}
        mesh["primitives"] = [_primitive(builder, part, names, materials[id(part.material)], morph_normals)]
        if names:
            mesh["weights"] = [0.0] * len(names)
            mesh["extras"] = {"targetNames": list(names)}
        node = builder.add("nodes", {"name": part.name, "mesh": builder.add("meshes", mesh), "skin": skin})
        out.append((node, names))
    return out


def _inverse_bind(avatar: Avatar) -> NDArray[np.float32]:
    """Inverse bind matrices ``(J, 16)``, column by column."""
    turn = np.tile(rotation.IDENTITY, (len(avatar.skeleton), 1)) if avatar.rest is None else avatar.rest
    inverse = rotation.conjugate(turn)
    matrices = np.zeros((len(turn), 4, 4))
    matrices[:, :3, :3] = rotation.to_matrix(inverse)
    matrices[:, :3, 3] = -rotation.rotate(inverse, avatar.rest_positions())
    matrices[:, 3, 3] = 1.0
    return matrices.transpose(0, 2, 1).reshape(-1, 16).astype(np.float32)


def _primitive(
    builder: GlbBuilder, part: Part, names: tuple[str, ...], material: int, morph_normals: bool
) -> dict[str, Any]:
    count = len(part.vertices)
    normals = Normals(part)
    joints, weights = _influences(part)
    uv = part.uv
    attributes = {
        "POSITION": builder.accessor(part.vertices, VERTICES, bounds=True),
        "NORMAL": builder.accessor(normals.rest, VERTICES),
        "JOINTS_0": builder.accessor(joints, VERTICES),
        "WEIGHTS_0": builder.accessor(weights, VERTICES, normalized=True),
    }
    if uv.size and uv.min() >= 0 and uv.max() <= 1:
        attributes["TEXCOORD_0"] = builder.accessor(np.round(uv * _UNIT).astype(np.uint16), VERTICES, normalized=True)
    else:
        attributes["TEXCOORD_0"] = builder.accessor(uv.astype(np.float32), VERTICES)
    kind = np.uint16 if count <= 65535 else np.uint32
    primitive: dict[str, Any] = {
        "attributes": attributes,
        "indices": builder.accessor(part.triangles.reshape(-1).astype(kind), INDICES),
        "material": material,
    }
    moves = dict(zip(part.morphs.names, zip(part.morphs.indices, part.morphs.deltas, strict=True), strict=True))
    targets = []
    for name in names:
        index, delta = moves.get(name, (np.zeros(0, np.int32), np.zeros((0, 3), np.float32)))
        target = {"POSITION": builder.sparse(count, index, delta)}
        if morph_normals and part.material.kind not in _STEADY:
            target["NORMAL"] = builder.sparse(count, *normals.turned(index, delta))
        targets.append(target)
    if targets:
        primitive["targets"] = targets
    return primitive


class Normals:
    """Normals of a part whose vertices are split along texture seams: the two sides get the same one."""

    def __init__(self, part: Part) -> None:
        self._part = part
        _, first, self._twin = np.unique(part.vertices, axis=0, return_index=True, return_inverse=True)
        self._twin = self._twin.reshape(-1)
        self._first, self._triangles = first, self._twin[part.triangles]
        self.rest = _unit(vertex_normals(part.vertices[first], self._triangles))[self._twin]

    def turned(self, index: NDArray, delta: NDArray) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Vertices whose normal a morph turns by more than half a degree, and by how much."""
        if not len(index):
            return np.zeros(0, np.int32), np.zeros((0, 3), np.float32)
        moved = self._part.vertices.copy()
        moved[index] += delta
        ring = self._ring(self._twin[index])
        around = self._ring(ring)  # their triangles make the ring's normals
        mask = np.zeros(len(self._first), bool)
        mask[around] = True
        whole = self._triangles[mask[self._triangles].all(axis=1)]
        change = _unit(vertex_normals(moved[self._first], whole))[self._twin] - self.rest
        inside = np.zeros(len(self._first), bool)
        inside[ring] = True
        turned = np.flatnonzero(inside[self._twin] & (np.linalg.norm(change, axis=1) > _TURNED))
        return turned.astype(np.int32), change[turned].astype(np.float32)

    def _ring(self, vertices: NDArray) -> NDArray[np.int64]:
        """Given vertices and all that share a triangle with one of them."""
        near = np.zeros(len(self._first), bool)
        near[vertices] = True
        near[self._triangles[near[self._triangles].any(axis=1)]] = True
        return np.flatnonzero(near)


def _unit(normals: NDArray) -> NDArray[np.float32]:
    """Normals of length one; where a vertex has none, up."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0.5, normals / np.maximum(length, 1e-9), [0.0, 1.0, 0.0]).astype(np.float32)


def _influences(part: Part) -> tuple[NDArray, NDArray[np.uint16]]:
    """Joints and 16-bit weights that sum to exactly one; unused slots name joint 0, as validators want."""
    order = np.argsort(-part.weights, axis=1, kind="stable")
    joints = np.take_along_axis(part.joints, order, 1).astype(np.int64)
    weights = np.take_along_axis(part.weights, order, 1).astype(float)
    for a in range(joints.shape[1]):  # the same joint twice becomes one
        for b in range(a + 1, joints.shape[1]):
            same = joints[:, a] == joints[:, b]
            weights[same, a] += weights[same, b]
            weights[same, b] = 0.0
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-12)
    short = np.round(weights * _UNIT).astype(np.int64)
    short[:, 0] += _UNIT - short.sum(1)
    joints[short == 0] = 0
    kind = np.uint8 if joints.max(initial=0) < 256 else np.uint16
    return joints.astype(kind), short.astype(np.uint16)


def linear(color: NDArray) -> NDArray[np.float64]:
    """sRGB numbers 0-1 as linear light (IEC 61966-2-1)."""
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def _material(builder: GlbBuilder, material: Material) -> int:
    texture = material.texture
    seen = texture is not None and texture.shape[2] == 4 and bool((texture[..., 3] < 255).any())
    color = np.asarray(material.color, float)
    surface: dict[str, Any] = {
        "baseColorFactor": [*(round(float(c), 6) for c in linear(color[:3])), float(color[3])],
        "metallicFactor": 0.0,
        "roughnessFactor": float(material.roughness),
    }
    if texture is not None:
        surface["baseColorTexture"] = {"index": _texture(builder, material.name, texture, seen)}
    item: dict[str, Any] = {"name": material.name, "pbrMetallicRoughness": surface, "extras": {"kind": material.kind}}
    if material.color[3] < 1:
        item["alphaMode"] = "BLEND"
    elif seen:
        item |= {"alphaMode": "MASK", "alphaCutoff": 0.5}
    if material.double_sided:
        item["doubleSided"] = True
    return builder.add("materials", item)


def _texture(builder: GlbBuilder, name: str, pixels: NDArray[np.uint8], alpha: bool) -> int:
    from PIL import Image

    file = io.BytesIO()
    if alpha:
        Image.fromarray(pixels).save(file, "PNG", optimize=True)
    else:
        Image.fromarray(np.ascontiguousarray(pixels[..., :3])).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    data = file.getvalue()
    if data not in builder.textures:
        image = {"name": name, "mimeType": "image/png" if alpha else "image/jpeg"}
        image_index = builder.add("images", image | {"bufferView": builder.view([data])})
        if "samplers" not in builder.json:
            builder.add("samplers", {"magFilter": 9729, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497})
        builder.textures[data] = builder.add("textures", {"sampler": 0, "source": image_index})
    return builder.textures[data]


def add_names_only(builder: GlbBuilder) -> tuple[int, tuple[str, ...]]:
    """A mesh of one vanishing triangle that carries the 52 morph names for animation-only files."""
    flat = builder.sparse(3, np.zeros(0, np.int32), np.zeros((0, 3), np.float32))
    mesh = {
        "name": "face",
        "primitives": [{
            "attributes": {"POSITION": builder.accessor(np.zeros((3, 3), np.float32), VERTICES, bounds=True)},
            "targets": [{"POSITION": flat}] * len(ARKIT_NAMES),
        }],
        "weights": [0.0] * len(ARKIT_NAMES),
        "extras": {"targetNames": list(ARKIT_NAMES)},
    }  # fmt: skip
    return builder.add("nodes", {"name": "face", "mesh": builder.add("meshes", mesh)}), ARKIT_NAMES
