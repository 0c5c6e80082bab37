"""Reads glTF 2.0 (.glb, .gltf, .vrm) from anyone: the document and its numbers, nothing trusted.

Buffers and images may lie inside the file, in data URIs, or in files of the same folder; web addresses,
absolute paths and paths that leave the folder are refused. Whatever does not fit is a ``FormatError``.

It is a reader of our own because the libraries trust their input: they follow any path, allocate what a header
claims and raise what they like; and they drop what an avatar lives from (VRM's extensions, names of morph targets,
rest transforms of joints).
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from gengine.errors import FormatError

MAX_BYTES = 512 << 20
"""Largest file or buffer that is read."""
MAX_TRIANGLES = 2_000_000

TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
UNPACK = "unpack it: npx @gltf-transform/cli cp in.glb out.glb (textures: ktxdecompress)"
"""What to do with a compressed file: the command reads any compression and writes none."""
DAMAGE = (
    KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, MemoryError, RecursionError,
    ArithmeticError, struct.error, binascii.Error, UnicodeError,
)  # fmt: skip
"""What a broken or foreign document can raise while it is read."""


class GltfDocument:
    """One document: ``json``, and arrays by accessor. ``path`` heads every message."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._chunk: bytes | None = None
        self._buffers: dict[int, bytes] = {}
        data = self._read(self.path, "give the path of a .glb, .gltf or .vrm file")
        try:
            text = self._chunks(data) if data[:4] == b"glTF" else data
            self.json: dict[str, Any] = json.loads(text)
            version = str(self.json["asset"]["version"])
        except DAMAGE:
            raise self.error("is no glTF document; give a .glb, .gltf or .vrm file") from None
        if not version.startswith("2"):
            raise self.error(f"is glTF {version[:8]}, expected 2.0; convert it")
        if "KHR_texture_basisu" in self.json.get("extensionsRequired", []):
            raise self.error(f"is compressed with Basis textures; {UNPACK}")

    def error(self, reason: str) -> FormatError:
        """A ``FormatError`` that names the file."""
        return FormatError(f"{self.path}: {reason}")

    def damaged(self, error: BaseException) -> FormatError:
        """The error of a document whose parts do not fit each other."""
        return self.error(f"is damaged: {type(error).__name__} {str(error)[:80]}; export it again")

    def items(self, kind: str) -> list[dict[str, Any]]:
        """A list of the document, empty where it is absent."""
        found = self.json.get(kind, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self.error(f"'{kind}' is no list of objects; export it again")
        return found

    def accessor(self, index: int) -> NDArray[Any]:
        """Rows ``(N, width)`` of an accessor; normalised numbers as floats in [-1, 1]."""
        item, rows = self._item("accessors", index), self.rows(index)
        kind = rows.dtype
        if item.get("normalized") and kind.kind != "f":
            return np.maximum(rows.astype(np.float32) / np.iinfo(kind).max, -1.0)
        if kind.kind == "f" and not np.isfinite(rows).all():
            raise self.error(f"accessor {index} holds NaN or infinity; export it again")
        return rows

    def rows(self, index: int) -> NDArray[Any]:
        """Rows ``(N, width)`` of an accessor as the file holds them, not normalised."""
        item = self._item("accessors", index)
        kind, width, count = np.dtype(TYPES[item["componentType"]]), WIDTHS[item["type"]], int(item["count"])
        if not 0 <= count * width * 4 <= MAX_BYTES:
            raise self.error(f"accessor {index} holds {count} rows, too many for one avatar")
        if "bufferView" in item:
            rows = self._rows(item["bufferView"], int(item.get("byteOffset", 0)), kind, width, count)
        else:
            rows = np.zeros((count, width), kind)
        if "sparse" in item:
            sparse, rows = item["sparse"], rows.copy()
            some, where, what = int(sparse["count"]), sparse["indices"], sparse["values"]
            places = self._rows(
                where["bufferView"], int(where.get("byteOffset", 0)), np.dtype(TYPES[where["componentType"]]), 1, some
            )[:, 0]
            if places.size and places.max() >= count:
                raise self.error(f"accessor {index}: sparse index {places.max()} of {count} rows")
            rows[places] = self._rows(what["bufferView"], int(what.get("byteOffset", 0)), kind, width, some)
        return rows

    def view(self, index: int) -> bytes:
        """The bytes of a buffer view."""
        item = self._item("bufferViews", index)
        start, size = self.view_range(item)
        return self.buffer(item["buffer"])[start : start + size]

    def view_range(self, item: dict[str, Any]) -> tuple[int, int]:
        """First byte and length of a buffer view, within its buffer."""
        buffer = self.buffer(item["buffer"])
        start, size = int(item.get("byteOffset", 0)), int(item["byteLength"])
        if start < 0 or size < 0 or start + size > len(buffer):
            raise self.error(f"a buffer view ends at byte {start + size} of {len(buffer)}; the file is cut short")
        return start, size

    # ---- changing it

    def add_buffer(self, data: bytes) -> int:
        """A new buffer of its own; its index."""
        if sum(map(len, self._buffers.values())) + len(data) > 2 * MAX_BYTES:
            raise self.error(f"unpacks to more than {2 * MAX_BYTES >> 20} MB; simplify it")
        self.json.setdefault("buffers", []).append({"byteLength": len(data)})
        self._buffers[len(self.json["buffers"]) - 1] = data
        return len(self.json["buffers"]) - 1

    def add_view(self, data: bytes) -> int:
        """A new buffer view of its own bytes; its index."""
        self.json.setdefault("bufferViews", []).append({"buffer": self.add_buffer(data), "byteLength": len(data)})
        return len(self.json["bufferViews"]) - 1

    def repack(self) -> None:
        """Put all buffer views that something refers to into one buffer and drop the others."""
        holders = list(_holders(self.json, "bufferView"))
        used = sorted({holder["bufferView"] for holder in holders})
        place = {old: new for new, old in enumerate(used)}
        data, views = bytearray(), []
        for old in used:
            view, content = self.items("bufferViews")[old], self.view(old)
            data += bytes(-len(data) % 4)
            views.append(view | {"buffer": 0, "byteOffset": len(data)})
            data += content
        for holder in holders:
            holder["bufferView"] = place[holder["bufferView"]]
        self.json["bufferViews"], self.json["buffers"] = views, [{"byteLength": len(data)}]
        self._buffers = {0: bytes(data)}

    # ---- reading

    def resource(self, uri: str) -> bytes:
        """The bytes behind a URI: data, or a file of the same folder."""
        if uri.startswith("data:"):
            return base64.b64decode(uri.partition(",")[2], validate=True)
        name = unquote(uri)
        shown = name[:60]
        if "\\" in name or ":" in name or "\0" in name or name.startswith("/") or ".." in Path(name).parts:
            raise self.error(f"refers to '{shown}', outside its own folder; only files beside it are read")
        folder = self.path.parent.resolve()
        target = (folder / name).resolve()
        if not target.is_relative_to(folder):
            raise self.error(f"refers to '{shown}', outside its own folder; only files beside it are read")
        return self._read(target, "put it beside the .gltf file")

    # ---- inside

    def _item(self, kind: str, index: Any) -> dict[str, Any]:
        items = self.items(kind)
        if not isinstance(index, int) or not 0 <= index < len(items):
            raise self.error(f"{kind} {index!r} is referred to, the file has {len(items)}; export it again")
        return items[index]

    def _rows(self, view: int, offset: int, kind: np.dtype, width: int, count: int) -> NDArray[Any]:
        data, size = self.view(view), kind.itemsize * width
        stride = int(self._item("bufferViews", view).get("byteStride", size))
        if offset < 0 or stride < size or (count and offset + (count - 1) * stride + size > len(data)):
            raise self.error(f"buffer view {view} is too short for {count} rows; the file is cut short")
        rows = np.ndarray((count, width), kind, data, offset, (stride, kind.itemsize))
        return np.ascontiguousarray(rows)

    def buffer(self, index: int) -> bytes:
        """The bytes of a buffer."""
        if index not in self._buffers:
            item = self._item("buffers", index)
            if "uri" in item:
                data = self.resource(item["uri"])
            elif self._chunk is not None:
                data = self._chunk
            else:
                raise self.error("has no binary chunk, which its buffers need; the file is cut short")
            if len(data) < int(item["byteLength"]):
                raise self.error(f"buffer {index} has {len(data)} of {item['byteLength']} bytes; the file is cut short")
            self._buffers[index] = data
        return self._buffers[index]

    def _read(self, path: Path, advice: str) -> bytes:
        try:
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise self.error(f"{path.name} has {size >> 20} MB, at most {MAX_BYTES >> 20} are read")
            return path.read_bytes()
        except OSError as error:
            raise self.error(f"{path.name} cannot be read ({error.strerror}); {advice}") from None

    def _chunks(self, data: bytes) -> bytes:
        """The JSON chunk; the binary one is kept."""
        if len(data) < 20:
            raise self.error(f"has {len(data)} bytes, a .glb has at least 20; the file is cut short")
        version, total = struct.unpack_from("<II", data, 4)
        if version != 2:
            raise self.error(f"is binary glTF {version}, expected 2; convert it")
        if total > len(data):
            raise self.error(f"has {len(data)} of {total} bytes; the file is cut short")
        place, text = 12, None
        while place + 8 <= total:
            size, kind = struct.unpack_from("<I4s", data, place)
            if place + 8 + size > total:
                raise self.error(f"a chunk at byte {place} runs past the end; the file is cut short")
            chunk = data[place + 8 : place + 8 + size]
            if kind == b"JSON" and text is None:
                text = chunk
            elif kind == b"BIN\0" and self._chunk is None:
                self._chunk = chunk
            place += 8 + size
        if text is None:
            raise self.error("has no JSON chunk; export it again")
        return text


def _holders(value: Any, key: str) -> Iterator[dict[str, Any]]:
    """Every object below a value that has a whole number under ``key``."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if type(item.get(key)) is int:
                yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def world_matrices(document: GltfDocument) -> tuple[NDArray[np.float64], list[int]]:
    """World matrices ``(N, 4, 4)`` of all nodes at rest, and each node's parent (-1 for roots)."""
    nodes = document.items("nodes")
    parents = [-1] * len(nodes)
    for i, node in enumerate(nodes):
        for child in node.get("children", []):
            if not isinstance(child, int) or not 0 <= child < len(nodes) or parents[child] >= 0 or child == i:
                raise document.error(f"node {i} has child {child!r}, which is no tree; export it again")
            parents[child] = i
    world = np.tile(np.eye(4), (len(nodes), 1, 1))
    done = 0
    waiting = [i for i, parent in enumerate(parents) if parent < 0]
    while waiting:
        i = waiting.pop()
        done += 1
        local = _local(nodes[i])
        if not np.isfinite(local).all():
            raise document.error(f"node {i} holds NaN or infinity; export it again")
        world[i] = local if parents[i] < 0 else world[parents[i]] @ local
        waiting += nodes[i].get("children", [])
    if done != len(nodes):
        raise document.error("its nodes form a ring instead of a tree; export it again")
    return world, parents


def _local(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    x, y, z, w = (float(v) for v in node.get("rotation", (0, 0, 0, 1)))
    length = (w * w + x * x + y * y + z * z) ** 0.5 or 1.0
    w, x, y, z = w / length, x / length, y / length, z / length
    turn = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    out = np.eye(4)
    out[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), float)
    out[:3, 3] = np.array(node.get("translation", (0, 0, 0)), float)
    return out
