"""The very file that an avatar came from as the ground of an export: all it had stays, the performance is added."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.avatar import Drives, Origin
from gengine.core.face import ARKIT_INDEX
from gengine.formats.gltf import XYZW, GlbBuilder, Spool

Array = NDArray[np.float64]


def add_origin(builder: GlbBuilder, origin: Origin) -> list[tuple[int, Drives]]:
    """Put the whole document into an empty builder; the nodes with morphs, and what moves each of these."""
    document: dict[str, Any] = json.loads(origin.document)
    starts = [builder.view([data]) for data in origin.buffers]
    begins = [builder.json["bufferViews"][view]["byteOffset"] for view in starts]
    views = copy.deepcopy(document.get("bufferViews", []))
    for view in views:
        squeezed = [e for e in view.get("extensions", {}).values() if isinstance(e, dict) and "buffer" in e]
        for place in (view, *squeezed):
            place["byteOffset"] = place.get("byteOffset", 0) + begins[place["buffer"]]
            place["buffer"] = 0
    builder.json.update(document | {"buffers": [{}], "bufferViews": views})
    for k, data in origin.images.items():
        image = builder.json["images"][k]
        image.pop("uri")
        image["mimeType"] = "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"
        image["bufferView"] = builder.view([data])
    for node in origin.nodes:
        _as_turn(builder.json["nodes"][node])
    nodes = builder.json["nodes"]
    return [(k, origin.drives[n["mesh"]]) for k, n in enumerate(nodes) if n.get("mesh") in origin.drives]


def put_first(builder: GlbBuilder) -> None:
    """The animation that was added last before those that the file had: viewers play the first."""
    animations = builder.json["animations"]
    animations.insert(0, animations.pop())


def hips_keys(origin: Origin, turns: Array, root: Array) -> tuple[Array, Array]:
    """Keys of the hips' node: its local rotation ``(T, 4)`` and translation ``(T, 3)`` in the file's units.

    ``turns (T, 4)`` and ``root (T, 3)`` m are those of the avatar's hips in its own space.
    """
    into = np.linalg.inv(origin.move @ origin.above)
    places = (root + origin.down) @ into[:3, :3].T + into[:3, 3]
    u, _, vt = np.linalg.svd((origin.move @ origin.above)[:3, :3])
    over = rotation.from_matrix(u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt)
    return rotation.multiply(rotation.conjugate(over), turns), places


def driven(spool: Spool, drives: Drives) -> Iterable[bytes]:
    """Weights of a mesh's targets, frame by frame, from the spooled curves of ARKit."""
    used = sorted({ARKIT_INDEX[name] for drive in drives for name in drive})
    shares = np.zeros((len(used), len(drives)))
    for t, drive in enumerate(drives):
        for name, share in drive.items():
            shares[used.index(ARKIT_INDEX[name]), t] = share
    for blocks in zip(*(spool.column(column) for column in used), strict=True):
        curves = np.stack([np.frombuffer(block, "<f4") for block in blocks], axis=1)
        yield np.clip(curves @ shares, 0, 1).astype("<f4").tobytes()


def _as_turn(node: dict[str, Any]) -> None:
    """A node's matrix as translation, rotation and scale, which alone can be animated."""
    if "matrix" not in node:
        return
    m = np.array(node.pop("matrix"), float).reshape(4, 4).T
    scale = np.linalg.norm(m[:3, :3], axis=0)
    scale[2] *= np.sign(np.linalg.det(m[:3, :3])) or 1.0
    node["translation"] = m[:3, 3].tolist()
    node["rotation"] = rotation.normalize(rotation.from_matrix(m[:3, :3] / np.where(scale == 0, 1, scale)))[
        XYZW
    ].tolist()
    node["scale"] = scale.tolist()
