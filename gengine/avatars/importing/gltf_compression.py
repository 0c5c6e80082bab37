"""Compressed geometry of a glTF unpacked: meshopt by meshoptimizer, Draco by DracoPy (the extra ``meshes``)."""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from gengine.avatars.importing.gltf_document import DAMAGE, MAX_BYTES, TYPES, UNPACK, WIDTHS, GltfDocument
from gengine.errors import FormatError, install_command

DRACO = "KHR_draco_mesh_compression"
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")

_FILTERS = {"OCTAHEDRAL": "decode_filter_oct", "QUATERNION": "decode_filter_quat", "EXPONENTIAL": "decode_filter_exp"}
"""meshoptimizer's functions that undo a filter."""


def unpack(document: GltfDocument) -> None:
    """Replace compressed geometry by plain buffer views and accessors; nothing else of the document changes.

    A plain copy that a file carries for readers without compression is taken where the library is absent. Where there
    is none, the ``FormatError`` names the command that installs the library and the one that converts the file.
    """
    named = {*document.json.get("extensionsUsed", []), *document.json.get("extensionsRequired", [])}
    views = [view for view in document.items("bufferViews") if any(e in view.get("extensions", {}) for e in MESHOPT)]
    primitives = [
        primitive
        for mesh in document.items("meshes")
        for primitive in mesh.get("primitives", [])
        if DRACO in primitive.get("extensions", {})
    ]
    if not (views or primitives or named & {DRACO, *MESHOPT}):
        return
    if views:
        _unpack_views(document, views)
    for primitive in primitives:
        _unpack_primitive(document, primitive)
    for kind in ("extensionsUsed", "extensionsRequired"):
        if kind in document.json:
            document.json[kind] = [e for e in document.json[kind] if e not in (DRACO, *MESHOPT)]
            if not document.json[kind]:
                del document.json[kind]
    document.repack()


def _library(document: GltfDocument, name: str, what: str) -> ModuleType:
    """The library that unpacks ``what``; a ``FormatError`` says what to do without it."""
    if find_spec(name) is None:
        raise document.error(f"is compressed with {what}: {install_command('meshes')} reads it; or {UNPACK}")
    import importlib

    return importlib.import_module(name)


def _unpack_views(document: GltfDocument, views: list[dict[str, Any]]) -> None:
    """meshopt's views (specification: EXT_meshopt_compression, Khronos 2021)."""
    if find_spec("meshoptimizer") is None and all(_has_plain(document, view) for view in views):
        for view in views:
            _strip(view, *MESHOPT)
        return
    library = _library(document, "meshoptimizer", "meshopt")
    for view in views:
        about = next(view["extensions"][e] for e in MESHOPT if e in view["extensions"])
        count, stride, mode = int(about["count"]), int(about["byteStride"]), about["mode"]
        if not 0 < stride <= 256 or not 0 <= count * stride <= MAX_BYTES:
            raise document.error(f"a compressed view holds {count} rows of {stride} bytes, too many for one avatar")
        start, size = document.view_range(about)
        data = document.buffer(about["buffer"])[start : start + size]
        try:
            if mode == "ATTRIBUTES":
                rows = library.decode_vertex_buffer(count, stride, data)
                if (undo := about.get("filter", "NONE")) != "NONE":
                    if undo not in _FILTERS:
                        raise document.error(f"is compressed with meshopt's filter {undo}; {UNPACK}")
                    rows = getattr(library, _FILTERS[undo])(rows, count, stride)
            elif mode in ("TRIANGLES", "INDICES"):
                decode = library.decode_index_buffer if mode == "TRIANGLES" else library.decode_index_sequence
                rows = decode(count, 4, data).astype({2: "<u2", 4: "<u4"}[stride])
            else:
                raise document.error(f"is compressed with meshopt's mode {mode}; {UNPACK}")
        except FormatError:
            raise
        except (RuntimeError, *DAMAGE) as error:
            raise document.damaged(error) from None
        _strip(view, *MESHOPT)
        view["buffer"], view["byteOffset"] = document.add_buffer(np.ascontiguousarray(rows).tobytes()), 0
        view["byteLength"] = count * stride


def _has_plain(document: GltfDocument, view: dict[str, Any]) -> bool:
    """Whether the uncompressed bytes of a view are in the file too."""
    buffer = document.items("buffers")[view["buffer"]]
    return "uri" in buffer or not any(e in buffer.get("extensions", {}) for e in MESHOPT)


def _strip(item: dict[str, Any], *names: str) -> None:
    """Take extensions off an item."""
    for name in names:
        item.get("extensions", {}).pop(name, None)
    if not item.get("extensions", {"": None}):
        del item["extensions"]


def _unpack_primitive(document: GltfDocument, primitive: dict[str, Any]) -> None:
    """A primitive of Draco's (specification: KHR_draco_mesh_compression): its accessors receive their rows."""
    about = primitive["extensions"][DRACO]
    accessors = document.items("accessors")
    plain = all("bufferView" in accessors[primitive["attributes"][name]] for name in about["attributes"])
    if find_spec("DracoPy") is None and plain and "bufferView" in accessors[primitive.get("indices", 0)]:
        _strip(primitive, DRACO)
        return
    library = _library(document, "DracoPy", "Draco")
    try:
        mesh = library.decode(document.view(about["bufferView"]))
        found = {item["unique_id"]: np.asarray(item["data"]) for item in mesh.attributes}
        rows = {primitive["attributes"][name]: found[number] for name, number in about["attributes"].items()}
        if "indices" in primitive:
            rows[primitive["indices"]] = np.asarray(mesh.faces).reshape(-1, 1)
    except FormatError:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises classes of its own on damaged data
        raise document.error(f"Draco's data is damaged ({str(error)[:80]}); export it again") from None
    for index, values in rows.items():
        item = accessors[index]
        if values.reshape(len(values), -1).shape != (item["count"], WIDTHS[item["type"]]):
            raise document.error(
                f"accessor {index} holds {item['count']} rows, Draco's data {len(values)}; export again"
            )
        kind = np.dtype(TYPES[item["componentType"]])
        item.pop("byteOffset", None)
        item["bufferView"] = document.add_view(np.ascontiguousarray(values, kind).tobytes())
    _strip(primitive, DRACO)
