"""The triangles of someone else's glTF in world space: vertices, skin, morphs, materials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.gltf_document import MAX_TRIANGLES, GltfDocument
from gengine.avatars.importing.gltf_material import Materials
from gengine.core.avatar import INFLUENCES


@dataclass
class GltfPrimitive:
    """One primitive in world space at the file's rest pose; ``morphs`` by target index are dense ``(V, 3)``.

    ``bones (V, 4)`` are node indices (-1: none) and ``weights (V, 4)`` their shares.
    """

    name: str
    mesh: int
    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    uv: NDArray[np.float32]
    bones: NDArray[np.int64]
    weights: NDArray[np.float64]
    material: Any
    morphs: dict[int, NDArray[np.float64]]


def read_primitives(document: GltfDocument, world: NDArray, materials: Materials) -> list[GltfPrimitive]:
    """Every triangle mesh of the document, with a name of its own; ``world (N, 4, 4)`` are its nodes at rest."""
    found: list[GltfPrimitive] = []
    skins, meshes = document.items("skins"), document.items("meshes")
    total = 0
    for i, node in enumerate(document.items("nodes")):
        if "mesh" not in node:
            continue
        mesh = node["mesh"]
        for k, primitive in enumerate(meshes[mesh]["primitives"]):
            if primitive.get("mode", 4) != 4:
                continue
            for name in primitive.get("extensions", {}):
                if name in ("KHR_draco_mesh_compression", "EXT_meshopt_compression"):
                    raise document.error(f"is compressed ({name}); save it without compression")
            attributes = primitive["attributes"]
            local = document.accessor(attributes["POSITION"]).astype(float)
            count = len(local)
            faces = (document.accessor(primitive["indices"])[:, 0].astype(np.int64) if "indices" in primitive
                     else np.arange(count))  # fmt: skip
            total += len(faces) // 3
            if total > MAX_TRIANGLES:
                raise document.error(f"holds over {MAX_TRIANGLES} triangles; simplify it")
            if faces.size and faces.max() >= count:
                raise document.error(f"mesh {mesh}: a triangle names vertex {faces.max()} of {count}; export it again")
            targets = {
                t: document.accessor(target["POSITION"]).astype(float)
                for t, target in enumerate(primitive.get("targets", []))
                if "POSITION" in target
            }
            if any(len(delta) != count for delta in targets.values()):
                raise document.error(f"mesh {mesh}: a morph has another number of vertices; export it again")
            if "skin" in node and "JOINTS_0" in attributes:
                skin = skins[node["skin"]]
                linked = np.array(skin["joints"], int)
                bind = (document.accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
                        if "inverseBindMatrices" in skin else np.tile(np.eye(4), (len(linked), 1, 1)))  # fmt: skip
                slots, weights = _influences(document, attributes, count)
                matrices = world[linked] @ bind[: len(linked)].astype(float)
                blended = np.einsum("vk,vkab->vab", weights, matrices[slots])
                bones = linked[slots]
            else:
                blended = np.tile(world[i], (count, 1, 1))
                bones = np.tile([i, -1, -1, -1], (count, 1))
                weights = one_joint(count)
            vertices = np.einsum("vab,vb->va", blended[:, :3, :3], local) + blended[:, :3, 3]
            morphs = {t: np.einsum("vab,vb->va", blended[:, :3, :3], delta) for t, delta in targets.items()}
            material, uv = materials.of(primitive.get("material"), attributes, count)
            title = str(meshes[mesh].get("name") or node.get("name") or f"mesh{mesh}")
            found.append(GltfPrimitive(title if k == 0 else f"{title}_{k}", mesh, vertices, faces[: len(faces) // 3 * 3]
                                 .reshape(-1, 3), uv, bones, weights, material, morphs))  # fmt: skip
    for name, surface in zip(unique([s.name for s in found]), found, strict=True):
        surface.name = name
    return found


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
