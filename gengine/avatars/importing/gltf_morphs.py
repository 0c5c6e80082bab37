"""The morph targets of someone else's glTF under ARKit's names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.gltf_document import GltfDocument
from gengine.avatars.importing.gltf_primitives import GltfPrimitive
from gengine.core.avatar import Morphs, Part
from gengine.core.face import ARKIT_INDEX

_STILL = 1e-5
"""Morph displacements below this share of the figure's size are dropped: a body of 1.7 m shows nothing of 17 µm."""

MorphSources = dict[str, list[tuple[list[tuple[int, int, float]], float]]]
"""ARKit name → shapes, each as (mesh, target, weight) rows and the share it has."""


def named_shapes(document: GltfDocument) -> dict[str, list[tuple[int, int, float]]]:
    """All named shapes: name → (mesh, target, share). VRM's expressions are sums of morphs."""
    extensions = document.json.get("extensions", {})
    shapes: dict[str, list[tuple[int, int, float]]] = {}
    for m, mesh in enumerate(document.items("meshes")):
        names = mesh.get("extras", {}).get("targetNames") or []
        for primitive in mesh.get("primitives", []):
            names = names or primitive.get("extras", {}).get("targetNames") or []
        for t, name in enumerate(names):
            shapes.setdefault(str(name), []).append((m, t, 1.0))
    meant: dict[str, list[tuple[int, int, float]]] = {}
    if "VRMC_vrm" in extensions:
        nodes, kinds = document.items("nodes"), extensions["VRMC_vrm"].get("expressions", {})
        for name, item in {**kinds.get("preset", {}), **kinds.get("custom", {})}.items():
            meant[name] = [(nodes[b["node"]]["mesh"], int(b["index"]), float(b.get("weight", 1)))
                           for b in item.get("morphTargetBinds", [])]  # fmt: skip
    elif "VRM" in extensions:
        for item in extensions["VRM"].get("blendShapeMaster", {}).get("blendShapeGroups", []):
            name = item.get("presetName", "unknown")
            name = item.get("name", "") if name in ("", "unknown") else name
            meant[name] = [(int(b["mesh"]), int(b["index"]), float(b.get("weight", 100)) / 100)
                           for b in item.get("binds", [])]  # fmt: skip
    for name, binds in meant.items():
        if binds:
            shapes.setdefault(name, binds)
    return shapes


def mesh_part(
    primitive: GltfPrimitive,
    vertices: NDArray,
    joints: NDArray,
    weights: NDArray,
    morphs: MorphSources,
    turns: NDArray | None,
) -> Part:
    """A primitive with its morphs under ARKit's names; ``turns (V, 3, 3)`` is what the T-pose did to directions."""
    names, indices, deltas = [], [], []
    limit = _STILL * float(np.ptp(vertices, axis=0).max(initial=0.0)) + 1e-9
    for arkit, shapes in sorted(morphs.items(), key=lambda item: ARKIT_INDEX[item[0]]):
        delta = np.zeros_like(vertices)
        for binds, share in shapes:
            for mesh, target, weight in binds:
                if mesh == primitive.mesh and target in primitive.morphs:
                    delta += share * weight * primitive.morphs[target]
        if turns is not None:
            delta = np.einsum("vab,vb->va", turns, delta)
        moved = np.flatnonzero(np.abs(delta).max(axis=1, initial=0.0) > limit)
        if len(moved):
            names.append(arkit)
            indices.append(moved.astype(np.int32))
            deltas.append(delta[moved].astype(np.float32))
    return Part(
        primitive.name,
        vertices, primitive.triangles, primitive.uv, joints, weights, primitive.material,
        Morphs(tuple(names), tuple(indices), tuple(deltas)),
    )  # fmt: skip
