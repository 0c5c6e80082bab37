"""How files are made hostile: edits of bytes, of numbers in text, of JSON, of arrays in archives, of RIFF and glTF.

An edit takes the bytes of a file, a ``place`` and a ``pick`` (whole numbers from 0 on, taken modulo what there is) and
gives other bytes. Where a format has checksums or lengths, these are made true again, so that the edit reaches the
reader behind them. An edit that does not fit the bytes raises what it likes and is then left out.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

Edit = Callable[[bytes, int, int], bytes]

WORDS = [
    b"nan", b"-inf", b"1e39", b"1e308", b"1e999", b"-1", b"0", b"99999999999", b"9" * 400, b"9" * 5000, b"1e-320",
    b"\xff\xfe", b"\0", b"\0" * 40, b"{", b"}", b"null", b"[" * 3000, b"<a>" * 2000, b'"', b"\n", b"\r", b"\t", b",",
    b":", b"--> ", b"-->" * 500, b" " * 5000, b"\xf0\x9f\x98\x80", b"\xe2\x80\xae", b"%s%n", b"../../../etc/passwd",
    b"&lol;",
    b"true", b"a" * 100_000, b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"0x1p99", b"1_000", b"\xd9\xa3",
]  # fmt: skip
"""What stands in a file instead of what was expected."""

VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 2**70, 10**400, 1e39, 1e308, -1e308, 5e-324, float("nan"),
    float("inf"), float("-inf"), "", "nan", "1e999", "\0", "\ud800", "a" * 5000, [], {}, [[]], [None], {"a": None},
    [1, 2, 3], "../../x", "http://127.0.0.1/x", {"": {"": {"": []}}}, [0] * 5000,
]  # fmt: skip
"""What stands in JSON instead of a value."""

FLOATS = [np.nan, np.inf, -np.inf, 1e38, -1e38, 1e30, 1e-45, 0.0, -1.0]
INTEGERS = [-1, 2**31 - 1, -(2**31), 2**63 - 1, 0, 255, 65535]


def change_byte(data: bytes, place: int, pick: int) -> bytes:
    made = bytearray(data or b"\0")
    made[place % len(made)] = pick % 256
    return bytes(made)


def cut(data: bytes, place: int, pick: int) -> bytes:
    place %= len(data) + 1
    return data[:place] + data[place + 1 + pick % 200 :]


def end_early(data: bytes, place: int, pick: int) -> bytes:
    del pick
    return data[: place % (len(data) + 1)]


def double(data: bytes, place: int, pick: int) -> bytes:
    place %= len(data) + 1
    return data[:place] + data[place : place + 1 + pick % 400] * (2 + pick % 3) + data[place:]


def put_word(data: bytes, place: int, pick: int) -> bytes:
    place %= len(data) + 1
    word = WORDS[pick % len(WORDS)]
    return data[:place] + word + data[place + (len(word) if pick % 2 else 0) :]


def change_number(data: bytes, place: int, pick: int) -> bytes:
    """One number of a text becomes a word."""
    found = list(re.finditer(rb"\d[\d.]{0,30}", data))
    if not found:
        return put_word(data, place, pick)
    match = found[place % len(found)]
    return data[: match.start()] + WORDS[pick % len(WORDS)] + data[match.end() :]


def swap_lines(data: bytes, place: int, pick: int) -> bytes:
    lines = data.split(b"\n")
    a, b = place % len(lines), (place + 1 + pick) % len(lines)
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def _nodes(value: Any, owner: Any = None, key: Any = None) -> list[tuple[Any, Any]]:
    """Every value within JSON as the object or list that holds it, and its key there."""
    found = [] if owner is None else [(owner, key)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for k, v in list(items)[:400]:
        found += _nodes(v, value, k)
    return found


def change_value(data: bytes, place: int, pick: int) -> bytes:
    """One value of JSON becomes another, is left out, renamed, or doubled."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return put_word(data, place, pick)
    nodes = _nodes(tree)
    if not nodes:
        return json.dumps(VALUES[pick % len(VALUES)]).encode("utf-8", "surrogatepass")
    owner, key = nodes[place % len(nodes)]
    if pick % 11 == 9 and isinstance(owner, list | dict):
        del owner[key]
    elif pick % 11 == 10 and isinstance(owner, dict):
        owner[f"{key}_"] = owner.pop(key)
    elif pick % 11 == 8 and isinstance(owner, list):
        owner.extend([owner[key]] * 50)
    else:
        owner[key] = VALUES[pick % len(VALUES)]
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def nest(data: bytes, place: int, pick: int) -> bytes:
    """A thousand brackets at a bracket's place."""
    found = [m.start() for m in re.finditer(rb"[\[{]", data)] or [0]
    at = found[place % len(found)]
    return data[:at] + [b"[", b'{"a":'][pick % 2] * 1200 + data[at:]


TEXT: list[Edit] = [change_byte, cut, end_early, double, put_word, change_number, change_number, swap_lines]
JSON: list[Edit] = [change_value, change_value, change_value, nest, change_number, put_word, end_early]
BINARY: list[Edit] = [change_byte, change_byte, cut, end_early, double, put_word]


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def within(change: Callable[[str, bytes, int, int], bytes]) -> Edit:
    """An edit of one member of an archive, whose checksums stay true."""

    def edit(data: bytes, place: int, pick: int) -> bytes:
        members = _members(data)
        name = list(members)[place % len(members)]
        members[name] = change(name, members[name], place // len(members), pick)
        return _zipped(members)

    return edit


@within
def member_value(name: str, data: bytes, place: int, pick: int) -> bytes:
    """A number of an array, or a value of the JSON beside the arrays."""
    if not name.endswith(".npy"):
        return change_value(data, place, pick)
    values = np.load(io.BytesIO(data)).copy()
    if values.dtype == np.uint8 and values.tobytes()[:1] == b"{":
        return _array(np.frombuffer(change_value(values.tobytes(), place, pick), np.uint8))
    if values.dtype.kind == "f" and values.size:
        values.flat[place % values.size] = np.array(FLOATS[pick % len(FLOATS)]).astype(values.dtype)
    elif values.dtype.kind in "iu" and values.size:
        values.flat[place % values.size] = np.array(INTEGERS[pick % len(INTEGERS)]).astype(values.dtype)
    return _array(values)


@within
def member_header(name: str, data: bytes, place: int, pick: int) -> bytes:
    """The shape or type that an array says it has."""
    if not name.endswith(".npy"):
        return change_value(data, place, pick)
    values = np.load(io.BytesIO(data))
    shape, kind = list(values.shape) or [1], values.dtype.str
    match place % 6:
        case 0:
            shape[pick % len(shape)] = [0, -1, 2**40, 2**62, 10**30, shape[pick % len(shape)] + 1][pick % 6]
        case 1:
            kind = ["<f8", "<f2", "|S7", "<U3", "|O", "<c16", "<M8[s]", "|b1", "|V3", "<i1"][pick % 10]
        case 2:
            shape = [*shape, [1, 2**33][pick % 2]]
        case 3:
            return _array(np.zeros([(), (0,), (3, 3), (2, 2, 2, 2)][pick % 4]))
        case 4:
            return _array(values.astype([np.float64, np.float16, np.int8, np.complex64][pick % 4], casting="unsafe"))
        case _:
            return _array(np.moveaxis(values, 0, -1)) if values.ndim else data
    header = f"{{'descr': {kind!r}, 'fortran_order': {bool(pick % 5 == 4)}, 'shape': {tuple(shape)!r}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + values.tobytes()


@within
def member_bytes(name: str, data: bytes, place: int, pick: int) -> bytes:
    del name
    return BINARY[pick % len(BINARY)](data, place, pick)


def drop_member(data: bytes, place: int, pick: int) -> bytes:
    """An archive lacks a member, or has one of a gigabyte of zeros."""
    members = _members(data)
    name = list(members)[place % len(members)]
    if pick % 9:
        del members[name]
        return _zipped(members)
    buffer = io.BytesIO(_zipped({n: c for n, c in members.items() if n != name}))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\x93NUMPY\x01\0" + b"\0" * (20 << 20))
    return buffer.getvalue()


def _array(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


ARCHIVE: list[Edit] = [member_value, member_value, member_value, member_header, member_bytes, drop_member, *BINARY[:3]]


def glb_json(data: bytes, place: int, pick: int) -> bytes:
    """A value of a GLB's JSON; the lengths of its chunks stay true."""
    if data[:4] != b"glTF" or len(data) < 20:
        return change_byte(data, place, pick)
    size = struct.unpack_from("<I", data, 12)[0]
    text = change_value(data[20 : 20 + size], place, pick)
    text += b" " * (-len(text) % 4)
    rest = data[20 + size :]
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A) + text + rest


def glb_number(data: bytes, place: int, pick: int) -> bytes:
    """Four bytes of a GLB's second chunk: a number or an index."""
    if data[:4] != b"glTF" or len(data) < 20:
        return change_byte(data, place, pick)
    begin = 28 + struct.unpack_from("<I", data, 12)[0]
    if begin + 4 >= len(data):
        return data
    at = begin + 4 * (place % ((len(data) - begin) // 4))
    value = struct.pack("<f", FLOATS[pick % len(FLOATS)]) if pick % 2 else struct.pack("<i", INTEGERS[pick % 3])
    return data[:at] + value + data[at + 4 :]


FIGURE: list[Edit] = [glb_json, glb_json, glb_json, glb_number, glb_number, *BINARY]


def header_number(data: bytes, place: int, pick: int) -> bytes:
    """Two or four bytes of a sound's header become another number."""
    at = place % min(max(len(data) - 4, 1), 120)
    value = [0, 1, 2, 7, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1, 10**9, 999, 768_001, 24][pick % 13]
    size = 4 if pick % 3 else 2
    return data[:at] + (value % 256**size).to_bytes(size, ["little", "big"][pick % 2]) + data[at + size :]


SOUND: list[Edit] = [header_number, header_number, header_number, *BINARY]


def tensor_header(data: bytes, place: int, pick: int) -> bytes:
    """A value of a safetensors header, whose length stays true."""
    size = int.from_bytes(data[:8], "little")
    if not 0 < size <= len(data) - 8:
        return change_byte(data, place, pick)
    text = change_value(data[8 : 8 + size], place, pick)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def tensor_number(data: bytes, place: int, pick: int) -> bytes:
    """A number of a safetensors file."""
    begin = 8 + int.from_bytes(data[:8], "little")
    if begin + 4 > len(data):
        return change_byte(data, place, pick)
    at = begin + 4 * (place % ((len(data) - begin) // 4))
    return data[:at] + struct.pack("<f", FLOATS[pick % len(FLOATS)]) + data[at + 4 :]


TENSORS: list[Edit] = [tensor_header, tensor_header, tensor_number, *BINARY]
