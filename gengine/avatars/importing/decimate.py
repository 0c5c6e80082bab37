"""Fewer triangles for an avatar: meshoptimizer's simplifier chooses among the vertices that are there, so that skin
weights, morphs and texture coordinates of those that stay are the very same."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_float, c_size_t
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.gltf_document import GltfDocument
from gengine.core.avatar import Avatar, Morphs, Part
from gengine.errors import GengineError, MissingExtraError

_TRIANGLES = 4
_FACE = 0.5
"""Power of the share for meshes with morphs: a quarter of a body leaves half of its face (judgement)."""
_NORMALS, _TEXTURE = 0.3, 0.2
"""Weights of the surface's direction and of its texture coordinates beside its shape (judgement)."""
_NEAR = 2.0
"""A mesh with so many times the wished triangles has them because of its borders."""
_FARTHEST = 0.05
"""Largest error, as a share of a mesh's size: more triangles than wished rather than lost ends (judgement)."""


def wished_share(wish: float, triangles: int) -> float:
    """The share of ``triangles`` that stays: ``wish`` itself up to 1, else a number of triangles."""
    if not np.isfinite(wish) or wish <= 0 or (wish > 1 and wish < 4):
        raise GengineError(f"--decimate {wish:g}: expected a number of triangles (20000) or a share (0.25)")
    return min(1.0, wish if wish <= 1 else wish / max(triangles, 1))


def _shares(meshes: Sequence[tuple[int, bool]], wish: float) -> list[float]:
    """The share of each mesh's triangles that stays, for meshes of so many triangles, with morphs or without, so that
    ``wish`` stays of all; a share that is fewer than one triangle is one."""
    total = sum(count for count, _ in meshes)
    wished, low, high = wished_share(wish, total) * total, 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        made = sum(count * middle ** (_FACE if face else 1.0) for count, face in meshes)
        low, high = (middle, high) if made < wished else (low, middle)
    return [high ** (_FACE if face else 1.0) for _, face in meshes]


def simplified(
    triangles: NDArray[Any], vertices: NDArray[Any], uv: NDArray[Any] | None, share: float
) -> NDArray[np.int64]:
    """About ``share`` of ``triangles (F, 3)``, made of the same ``vertices (V, 3)``.

    Open borders stay, so that meshes that meet there still do, unless a mesh is little but borders, as strips of hair.

    Garland and Heckbert's quadrics with attributes (Hoppe 1999), as meshoptimizer has them.
    """
    if find_spec("meshoptimizer") is None:
        raise MissingExtraError("--decimate", "meshes")
    from meshoptimizer import SIMPLIFY_LOCK_BORDER, simplify_with_attributes

    wish = max(1, round(len(triangles) * share)) * 3
    if wish >= triangles.size:
        return np.asarray(triangles, np.int64)
    points = np.ascontiguousarray(vertices, np.float32)
    beside, worth = [_normals(triangles, points)], [_NORMALS] * 3
    if uv is not None:
        beside.append(np.asarray(uv, np.float32))
        worth += [_TEXTURE] * 2
    target, values = np.zeros(triangles.size, np.uint32), np.ascontiguousarray(np.concatenate(beside, axis=1))
    sizes = (triangles.size, len(points), 12, 4 * values.shape[1], len(worth))
    given: Any = [c_size_t(size) for size in sizes]  # the library declares no types: numbers go in as C has them
    error: Any = c_float(_FARTHEST)
    for options in (SIMPLIFY_LOCK_BORDER, 0):
        count = simplify_with_attributes(
            target, np.ascontiguousarray(triangles, np.uint32).reshape(-1), points, values, np.array(worth, np.float32),
            *given, target_index_count=cast(Any, c_size_t(wish)), target_error=error, options=options,
        )  # fmt: skip
        if count <= _NEAR * wish:
            break
    return target[:count].reshape(-1, 3).astype(np.int64)


def _normals(triangles: NDArray[Any], vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    out = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(out, triangles[:, k], faces)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-20)


def decimate_avatar(avatar: Avatar, wish: float) -> Avatar:
    """An avatar with fewer triangles (``wish``: how many, or the share); its origin is left out."""
    shares = _shares([(len(part.triangles), bool(part.morphs.names)) for part in avatar.parts], wish)
    thinned = tuple(_thinned(part, share) for part, share in zip(avatar.parts, shares, strict=True))
    return replace(avatar, parts=thinned, origin=None)


def _thinned(part: Part, share: float) -> Part:
    triangles = simplified(part.triangles, part.vertices, part.uv, share)
    used, corners = np.unique(triangles, return_inverse=True)
    place = np.full(len(part.vertices), -1)
    place[used] = np.arange(len(used))
    kept = [place[index] >= 0 for index in part.morphs.indices]
    morphs = Morphs(
        part.morphs.names,
        tuple(place[i[k]].astype(np.int32) for i, k in zip(part.morphs.indices, kept, strict=True)),
        tuple(d[k] for d, k in zip(part.morphs.deltas, kept, strict=True)),
    )
    return replace(
        part, vertices=part.vertices[used], triangles=corners.reshape(-1, 3), uv=part.uv[used],
        joints=part.joints[used], weights=part.weights[used], morphs=morphs,
    )  # fmt: skip


def decimate_document(document: GltfDocument, wish: float) -> tuple[int, int]:
    """Fewer triangles in a glTF itself, so that an export of the very file has them too; numbers before and after."""
    primitives = [p for m in document.items("meshes") for p in m.get("primitives", [])]
    primitives = [p for p in primitives if p.get("mode", _TRIANGLES) == _TRIANGLES]
    meshes = [(primitive, _corners(document, primitive)) for primitive in primitives]
    before = sum(len(corners) for _, corners in meshes)
    shares, after = _shares([(len(corners), bool(p.get("targets"))) for p, corners in meshes], wish), 0
    for (primitive, corners), share in zip(meshes, shares, strict=True):
        attributes = primitive["attributes"]
        points = document.accessor(attributes["POSITION"])
        uv = document.accessor(attributes["TEXCOORD_0"]) if "TEXCOORD_0" in attributes else None
        if len(corners) and (corners.max() >= len(points) or (uv is not None and len(uv) != len(points))):
            raise document.error("a triangle names a vertex that is not there; export it again")
        made = simplified(corners, points, uv, share)
        after += len(made)
        used, places = np.unique(made, return_inverse=True)
        for holder in (attributes, *primitive.get("targets", [])):
            for name, index in holder.items():
                holder[name] = _fewer(document, index, used, len(points))
        kind = np.uint16 if len(used) <= 65535 else np.uint32
        primitive["indices"] = len(document.items("accessors"))
        document.json["accessors"].append(
            {"componentType": 5123 if kind is np.uint16 else 5125, "type": "SCALAR", "count": int(places.size),
             "bufferView": document.add_view(places.astype(kind).tobytes())}
        )  # fmt: skip
    _drop_unused(document)
    document.repack()
    return before, after


def _corners(document: GltfDocument, primitive: dict[str, Any]) -> NDArray[np.int64]:
    if "indices" in primitive:
        corners = document.accessor(primitive["indices"])[:, 0].astype(np.int64)
    else:
        corners = np.arange(document.items("accessors")[primitive["attributes"]["POSITION"]]["count"])
    return corners[: len(corners) // 3 * 3].reshape(-1, 3)


def _fewer(document: GltfDocument, index: int, used: NDArray[Any], count: int) -> int:
    """A new accessor with some rows of another one, in the same kind of number, sparse where that was."""
    item, rows = document.items("accessors")[index], document.rows(index)
    if len(rows) != count:
        raise document.error(f"accessor {index} has {len(rows)} rows for {count} vertices; export it again")
    rows = np.ascontiguousarray(rows[used])
    made = {k: item[k] for k in ("componentType", "type", "normalized", "name") if k in item} | {"count": len(rows)}
    if "min" in item:
        made |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
    moved = np.flatnonzero(rows.any(axis=1))
    if "sparse" in item and "bufferView" not in item and len(moved):
        kind = np.uint16 if len(rows) <= 65535 else np.uint32
        made["sparse"] = {
            "count": len(moved),
            "indices": {"bufferView": document.add_view(moved.astype(kind).tobytes()),
                        "componentType": 5123 if kind is np.uint16 else 5125},
            "values": {"bufferView": document.add_view(rows[moved].tobytes())},
        }  # fmt: skip
    elif "sparse" not in item or len(moved):
        width = rows.itemsize * rows.shape[1]
        padded = np.zeros((len(rows), width + -width % 4), np.uint8)  # vertices begin at multiples of four
        padded[:, :width] = rows.view(np.uint8).reshape(len(rows), width)
        made["bufferView"] = document.add_view(padded.tobytes())
        document.json["bufferViews"][-1]["byteStride"] = padded.shape[1]
    document.json["accessors"].append(made)
    return len(document.json["accessors"]) - 1


def _drop_unused(document: GltfDocument) -> None:
    """Accessors that no mesh, skin or animation names any more lose their rows (their numbers stay in place)."""
    used: set[int] = set()
    for mesh in document.items("meshes"):
        for primitive in mesh.get("primitives", []):
            used |= {primitive.get("indices", -1), *primitive["attributes"].values()}
            used |= {index for target in primitive.get("targets", []) for index in target.values()}
            used |= set(_whole_numbers(primitive.get("extensions", {})))
    for skin in document.items("skins"):
        used.add(skin.get("inverseBindMatrices", -1))
    for animation in document.items("animations"):
        used |= {sampler[end] for sampler in animation.get("samplers", []) for end in ("input", "output")}
    used |= set(
        _whole_numbers([document.json.get("extensions"), [n.get("extensions") for n in document.items("nodes")]])
    )
    for index, item in enumerate(document.items("accessors")):
        if index not in used:
            for name in ("bufferView", "byteOffset", "sparse", "min", "max"):
                item.pop(name, None)
            item["count"] = min(item["count"], 1)


def _whole_numbers(value: Any) -> list[int]:
    """Every whole number below a value: whatever an unknown extension may refer to."""
    found, waiting = [], [value]
    while waiting:
        item = waiting.pop()
        if type(item) is int:
            found.append(item)
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return found
