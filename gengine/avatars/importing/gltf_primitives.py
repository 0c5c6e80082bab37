"""The triangles of someone else's glTF in world space: vertices, skin, morphs, materials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.gltf_document import MAX_TRIANGLES, GltfDocument
from gengine.avatars.importing.gltf_material import Materials
from gengine.core.avatar import INFLUENCES

_TRIANGLES = 4
"""glTF's number of the drawing mode."""


@dataclass
class GltfPrimitive:
    """One primitive in world space at the file's rest pose, in its unit."""

    name: str
    mesh: int
    """Index of its mesh."""
    vertices: NDArray[np.float64]
    """``(V, 3)``."""
    triangles: NDArray[np.int64]
    """``(F, 3)``."""
    uv: NDArray[np.float32]
    """``(V, 2)``."""
    bones: NDArray[np.int64]
    """Node indices ``(V, 4)``; -1 is none."""
    weights: NDArray[np.float64]
    """Their shares ``(V, 4)``."""
    material: Any
    morphs: dict[int, NDArray[np.float64]]
    """Dense displacements ``(V, 3)`` by target index."""


def read_primitives(document: GltfDocument, world: NDArray, materials: Materials) -> list[GltfPrimitive]:
    """Every triangle mesh of the document, with a name of its own; ``world (N, 4, 4)`` are its nodes at rest.

    What does not fit together, is compressed or has more than ``MAX_TRIANGLES`` is a ``FormatError``.
    """
    found: list[GltfPrimitive] = []
    meshes = document.items("meshes")
    for i, node in enumerate(document.items("nodes")):
        if "mesh" not in node:
            continue
        mesh = meshes[node["mesh"]]
        title = str(mesh.get("name") or node.get("name") or f"mesh{node['mesh']}")
        for k, primitive in enumerate(mesh["primitives"]):
            if primitive.get("mode", _TRIANGLES) != _TRIANGLES:
                continue
            room = MAX_TRIANGLES - sum(len(p.triangles) for p in found)
            made = _primitive(document, i, primitive, world, materials, room)
            made.name = title if k == 0 else f"{title}_{k}"
            found.append(made)
    for name, made in zip(unique([p.name for p in found]), found, strict=True):
        made.name = name
    return found


def _primitive(
    document: GltfDocument, index: int, primitive: dict[str, Any], world: NDArray, materials: Materials, room: int
) -> GltfPrimitive:
    """One primitive of the node ``index`` with at most ``room`` triangles, unnamed."""
    node = document.items("nodes")[index]
    attributes, mesh = primitive["attributes"], node["mesh"]
    local = document.accessor(attributes["POSITION"]).astype(float)
    count = len(local)
    if "indices" in primitive:
        corners = document.accessor(primitive["indices"])[:, 0].astype(np.int64)
    else:
        corners = np.arange(count)
    if len(corners) // 3 > room:
        raise document.error(f"holds over {MAX_TRIANGLES} triangles; --decimate 100000 makes fewer")
    if corners.size and corners.max() >= count:
        raise document.error(f"mesh {mesh}: a triangle names vertex {corners.max()} of {count}; export it again")
    targets = {
        t: document.accessor(target["POSITION"]).astype(float)
        for t, target in enumerate(primitive.get("targets", []))
        if "POSITION" in target
    }
    if any(len(delta) != count for delta in targets.values()):
        raise document.error(f"mesh {mesh}: a morph has another number of vertices; export it again")
    if "skin" in node and "JOINTS_0" in attributes:
        bones, weights, blended = _skinned(document, node["skin"], attributes, world, count)
    else:  # it hangs on its node
        bones, weights = np.tile([index, -1, -1, -1], (count, 1)), one_joint(count)
        blended = np.tile(world[index], (count, 1, 1))
    vertices = np.einsum("vab,vb->va", blended[:, :3, :3], local) + blended[:, :3, 3]
    morphs = {t: np.einsum("vab,vb->va", blended[:, :3, :3], delta) for t, delta in targets.items()}
    material, uv = materials.of(primitive.get("material"), attributes, count)
    triangles = corners[: len(corners) // 3 * 3].reshape(-1, 3)
    return GltfPrimitive("", mesh, vertices, triangles, uv, bones, weights, material, morphs)


def _skinned(
    document: GltfDocument, index: int, attributes: dict[str, int], world: NDArray, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Bones and weights ``(V, 4)`` of vertices, and the matrices ``(V, 4, 4)`` that put them into the world."""
    skin = document.items("skins")[index]
    linked = np.array(skin["joints"], int)
    if "inverseBindMatrices" in skin:
        bind = document.accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    else:
        bind = np.tile(np.eye(4), (len(linked), 1, 1))
    slots, weights = _influences(document, attributes, count)
    matrices = world[linked] @ bind[: len(linked)].astype(float)
    return linked[slots], weights, np.einsum("vk,vkab->vab", weights, matrices[slots])


def unique(names: list[str]) -> list[str]:
    """Names told apart by a number where they repeat."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]:03d}")
    return out


def _influences(document: GltfDocument, attributes: dict[str, int], count: int) -> tuple[NDArray, NDArray]:
    """The four strongest joints (slots of the skin) of each vertex and their shares, which sum to 1."""
    slots, weights = [], []
    for k in range(4):
        if f"JOINTS_{k}" in attributes:
            slots.append(document.accessor(attributes[f"JOINTS_{k}"]).astype(int))
            weights.append(np.clip(document.accessor(attributes[f"WEIGHTS_{k}"]).astype(float), 0, None))
    slot, weight = np.concatenate(slots, 1), np.concatenate(weights, 1)
    if slot.shape != weight.shape or len(slot) != count:
        raise document.error("its joints and weights do not fit its vertices; export it again")
    order = np.argsort(-weight, axis=1, kind="stable")[:, :INFLUENCES]
    slot, weight = np.take_along_axis(slot, order, 1), np.take_along_axis(weight, order, 1)
    total = weight.sum(1, keepdims=True)
    weight = np.where(total > 1e-9, weight / np.maximum(total, 1e-9), one_joint(len(weight)))
    return slot, weight


def one_joint(count: int) -> NDArray[np.float64]:
    """Weights ``(count, 4)`` that give all to the first joint."""
    weights = np.zeros((count, INFLUENCES))
    weights[:, 0] = 1.0
    return weights
