"""Binary glTF 2.0 (.glb) from numpy arrays: one JSON chunk and one buffer, spooled to disk while it grows."""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.errors import GengineError

VERTICES, INDICES = 34962, 34963
"""Targets of buffer views that graphics cards read."""

_COMPONENT = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
_KIND = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_LIMIT = 2**32 - 1
"""Bytes that a .glb may have: its header counts them in 32 bits."""
XYZW = [1, 2, 3, 0]
"""Columns of this project's quaternions (w first) in the order of glTF and USD (w last)."""


class GlbBuilder:
    """Collects the parts of one file; ``save`` writes it. ``json`` is the glTF document, free to be extended.

    ``folder`` takes the unnamed temporary file that holds the binary chunk until the JSON before it is known.
    """

    def __init__(self, folder: Path) -> None:
        self.json: dict[str, Any] = {"asset": {"version": "2.0", "generator": "gengine"}, "buffers": [{}]}
        self.textures: dict[bytes, int] = {}
        """Textures by the bytes of their picture: what two materials share is stored once."""
        self._bin = tempfile.TemporaryFile(dir=folder)

    def add(self, kind: str, item: dict[str, Any]) -> int:
        """Append to a list of the document (``"nodes"``, ``"meshes"``, …); the new index."""
        self.json.setdefault(kind, []).append(item)
        return len(self.json[kind]) - 1

    def view(self, blocks: Iterable[bytes], target: int | None = None) -> int:
        """A buffer view of bytes that may come in pieces."""
        self._bin.write(bytes(-self._bin.tell() % 4))
        start = self._bin.tell()
        for block in blocks:
            self._bin.write(block)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": start, "byteLength": self._bin.tell() - start}
        if target is not None:
            view["target"] = target
        return self.add("bufferViews", view)

    def accessor(
        self, values: NDArray, target: int | None = None, normalized: bool = False, bounds: bool = False
    ) -> int:
        """An accessor of rows ``(N,)`` or ``(N, width)`` in one of glTF's number types."""
        values = np.ascontiguousarray(values)
        width = 1 if values.ndim == 1 else values.shape[1]
        item = self._about(str(values.dtype), width, len(values), normalized)
        if bounds:
            rows = values.reshape(len(values), width)
            item["min"], item["max"] = rows.min(0).tolist(), rows.max(0).tolist()
        item["bufferView"] = self.view([values.astype(values.dtype.newbyteorder("<")).tobytes()], target)
        return self.add("accessors", item)

    def stream(self, blocks: Iterable[bytes], dtype: str, width: int, count: int, normalized: bool = False) -> int:
        """An accessor whose rows come in pieces of bytes."""
        item = self._about(dtype, width, count, normalized)
        item["bufferView"] = self.view(blocks)
        return self.add("accessors", item)

    def sparse(self, count: int, index: NDArray, values: NDArray[np.float32]) -> int:
        """``count`` rows of three floats, zero but at ``index`` (sorted here)."""
        item = self._about("float32", 3, count, False)
        low, high = np.zeros(3, np.float32), np.zeros(3, np.float32)
        if len(index):
            order = np.argsort(index, kind="stable")
            index, values = index[order], np.ascontiguousarray(values[order], "<f4")
            low, high = values.min(0), values.max(0)
            if len(index) < count:
                low, high = np.minimum(low, 0), np.maximum(high, 0)
            kind = "uint16" if count <= 65536 else "uint32"
            item["sparse"] = {
                "count": len(index),
                "indices": {"bufferView": self.view([index.astype(kind).tobytes()]), "componentType": _COMPONENT[kind]},
                "values": {"bufferView": self.view([values.tobytes()])},
            }
        item["min"], item["max"] = low.tolist(), high.tolist()
        return self.add("accessors", item)

    def _about(self, dtype: str, width: int, count: int, normalized: bool) -> dict[str, Any]:
        item: dict[str, Any] = {"componentType": _COMPONENT[dtype], "type": _KIND[width], "count": count}
        return item | ({"normalized": True} if normalized else {})

    def save(self, path: Path, name: Path | None = None) -> None:
        """Write the file, which messages call ``name``.

        More than 4 GiB does not fit the format and is a ``GengineError``.
        """
        self._bin.write(bytes(-self._bin.tell() % 4))
        size = self._bin.tell()
        self.json["buffers"][0]["byteLength"] = size
        text = json.dumps(self.json, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + size
        if total > _LIMIT:
            raise GengineError(
                f"{name or path}: {total} bytes, a .glb holds at most {_LIMIT}; export a shorter stretch"
            )
        self._bin.seek(0)
        with path.open("wb") as file:
            file.write(struct.pack("<4sII", b"glTF", 2, total))
            file.write(struct.pack("<I4s", len(text), b"JSON") + text)
            file.write(struct.pack("<I4s", size, b"BIN\0"))
            shutil.copyfileobj(self._bin, file, 1 << 20)

    def close(self) -> None:
        """Drop the temporary file."""
        self._bin.close()


class Spool:
    """Rows that arrive in stretches and are read back column by column, in flat memory.

    ``append`` takes ``(n, columns, width)``; ``column(j)`` yields the bytes of all rows of one column.
    """

    _ROWS = 1024

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)
        self._waiting: list[NDArray] = []
        self._blocks: list[int] = []
        self._shape: tuple[int, int, int] = (0, 0, 0)  # columns, width, bytes of a number
        self._first: NDArray | None = None
        self._moves: NDArray | None = None
        self.rows = 0

    def append(self, rows: NDArray) -> None:
        """Keep the next rows; all have the first one's shape and type."""
        if not len(rows):
            return
        if self._first is None or self._moves is None:
            self._first, self._moves = rows[0].copy(), np.zeros(rows.shape[1], bool)
            self._shape = (rows.shape[1], rows.shape[2], rows.itemsize)
        self._moves |= (rows != self._first).any(axis=(0, 2))
        self._waiting.append(rows)
        self.rows += len(rows)
        if sum(map(len, self._waiting)) >= self._ROWS:
            self._write()

    def moves(self, column: int) -> bool:
        """Whether a column ever changes."""
        return self._moves is not None and bool(self._moves[column])

    def first(self, column: int) -> bytes:
        """The first row of a column."""
        assert self._first is not None
        return self._first[column].tobytes()

    def column(self, column: int) -> Iterable[bytes]:
        """All rows of a column, in blocks."""
        self._write()
        columns, width, size = self._shape
        start = 0
        for rows in self._blocks:
            self._file.seek(start + column * rows * width * size)
            yield self._file.read(rows * width * size)
            start += columns * rows * width * size

    def close(self) -> None:
        """Drop the temporary file."""
        self._file.close()

    def _write(self) -> None:
        if not self._waiting:
            return
        block = np.concatenate(self._waiting)
        self._waiting = []
        self._blocks.append(len(block))
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(block.transpose(1, 0, 2)).tobytes())


class AnimationBuilder:
    """The one animation of a document: linear keys, clocks shared by all channels of one length and rate."""

    def __init__(self, builder: GlbBuilder) -> None:
        self._builder = builder
        self._samplers: list[dict[str, Any]] = []
        self._channels: list[dict[str, Any]] = []
        self._clocks: dict[tuple[int, float], int] = {}

    def clock(self, rows: int, fps: float) -> int:
        """The accessor of ``rows`` times at ``fps`` Hz, from 0 on."""
        if (rows, fps) not in self._clocks:
            times = (np.arange(rows) / fps).astype(np.float32)
            self._clocks[rows, fps] = self._builder.accessor(times, bounds=True)
        return self._clocks[rows, fps]

    def channel(self, node: int, path: str, clock: int, output: int) -> None:
        """Keys of a node's ``path`` ("rotation", "translation", "weights") from two accessors."""
        self._samplers.append({"input": clock, "output": output, "interpolation": "LINEAR"})
        self._channels.append({"sampler": len(self._samplers) - 1, "target": {"node": node, "path": path}})

    def column(
        self, spool: Spool, column: int, node: int, path: str, fps: float, dtype: str = "float32", still: bool = True
    ) -> None:
        """A column of a spool as keys; one that never moves has a single key (where ``still``)."""
        rows = spool.rows if spool.moves(column) or not still else 1
        clock = self.clock(rows, fps)
        blocks: Iterable[bytes] = spool.column(column) if rows > 1 or not still else [spool.first(column)]
        width = 4 if path == "rotation" else 3
        self.channel(node, path, clock, self._builder.stream(blocks, dtype, width, rows, normalized=dtype == "int16"))

    def add(self, name: str) -> None:
        """Put the animation into the document."""
        self._builder.add("animations", {"name": name, "samplers": self._samplers, "channels": self._channels})
