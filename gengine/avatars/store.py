"""Finished avatars in one ``.npz`` file: what ``make_avatar`` writes and the cache of dressed presets."""

from __future__ import annotations

import io
import json
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gengine.core.avatar import Avatar, Material, Morphs, Part, check_avatar
from gengine.core.placing import check_place, whole
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError, GengineError

_VERSION = 1
_MAX_BYTES = 1 << 30
"""Largest avatar, unpacked, that is read (the presets have 60 MB)."""
_MAX_PIXELS = 8192 * 8192
DAMAGE = (
    OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, LookupError, TypeError, ValueError,
    AttributeError, RuntimeError, ArithmeticError, MemoryError, SyntaxError, struct.error,
    tokenize.TokenError, Image.DecompressionBombError,
)  # fmt: skip
"""What reading a broken, foreign or hostile archive can raise."""


def save_avatar(avatar: Avatar, path: str | Path, compress: bool = True) -> Path:
    """Write every part, material, morph and joint of an avatar; textures as PNG inside the archive."""
    arrays: dict[str, NDArray] = {
        "joint_parents": avatar.skeleton.parents,
        "joint_offsets": avatar.skeleton.offsets,
    }
    if avatar.rest is not None:
        arrays["rest"] = avatar.rest
    parts = []
    for k, part in enumerate(avatar.parts):
        material = part.material
        row = {
            "name": part.name, "kind": material.kind, "material": material.name, "color": list(material.color),
            "roughness": material.roughness, "double_sided": material.double_sided, "morphs": list(part.morphs.names),
            "texture": material.texture is not None,
        }  # fmt: skip
        parts.append(row)
        for field in ("vertices", "triangles", "uv", "joints", "weights"):
            arrays[f"{k}_{field}"] = getattr(part, field)
        if material.texture is not None:
            arrays[f"{k}_texture"] = np.frombuffer(_png(material.texture), np.uint8) if compress else material.texture
        arrays[f"{k}_counts"] = np.array([len(i) for i in part.morphs.indices], np.int64)
        if part.morphs.names:
            arrays[f"{k}_indices"] = np.concatenate(part.morphs.indices)
            arrays[f"{k}_deltas"] = np.concatenate(part.morphs.deltas)
    header = {
        "version": _VERSION, "name": avatar.name, "joints": list(avatar.skeleton.names),
        "root_height": avatar.root_height,
        "joint_map": avatar.joint_map, "eyes": list(avatar.eyes), "twists": [list(t) for t in avatar.twists],
        "seal": avatar.seal, "licence": avatar.licence, "parts": parts,
    }  # fmt: skip
    arrays["avatar_json"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    path = Path(path)
    check_place(path, folder=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as made, made.open("wb") as file:
            (np.savez_compressed if compress else np.savez)(file, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        raise GengineError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None
    return path


def is_avatar_file(path: str | Path) -> bool:
    """Whether an ``.npz`` file holds a finished avatar."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "avatar_json.npy" in archive.namelist()
    except DAMAGE:
        return False


def read_avatar(path: str | Path) -> Avatar:
    """An avatar written by ``save_avatar``. Another, a damaged or a hostile file is a ``FormatError``."""
    if not is_avatar_file(path):
        raise FormatError(f"{path}: not an avatar file; expected an .npz written by gengine's make_avatar")
    try:
        with np.errstate(all="ignore"):
            return check_avatar(_avatar(read_arrays(path)))
    except (*DAMAGE, GengineError) as error:
        reason = " ".join((str(error) or type(error).__name__).split())[:200]
        raise FormatError(f"{path}: is no whole avatar ({reason}); make or save it again") from None


def read_arrays(path: str | Path) -> dict[str, NDArray]:
    """The arrays of an ``.npz``, none with objects; whatever its headers claim, no more is allocated than it has.

    Raises ``FormatError`` or one of ``DAMAGE``.
    """
    with zipfile.ZipFile(path) as archive:
        if sum(info.file_size for info in archive.infolist()) > _MAX_BYTES:
            raise FormatError(f"unpacks to over {_MAX_BYTES >> 20} MB")
        return {info.filename.removesuffix(".npy"): _member(archive, info) for info in archive.infolist()}


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray:
    """One array; its header's size is held against the bytes before anything is allocated."""
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version != (1, 0):
            raise FormatError(f"{info.filename} is of npy version {version}")
        shape, fortran, kind = np.lib.format.read_array_header_1_0(member)
        left = info.file_size - member.tell()
        if kind.hasobject or kind.itemsize == 0 or math.prod(shape) * kind.itemsize != left:
            raise FormatError(f"{info.filename} says {shape} of {kind}, but has {left} bytes")
        data = member.read(left + 1)
        if len(data) != left:
            raise FormatError(f"{info.filename} has {len(data)} of {left} bytes")
    rows = np.frombuffer(data, kind)
    return (rows.reshape(shape[::-1]).T if fortran else rows.reshape(shape)).copy()


def _avatar(arrays: dict[str, NDArray]) -> Avatar:
    header = json.loads(arrays["avatar_json"].tobytes())
    if header.get("version") != _VERSION:
        raise FormatError(f"avatar version {header.get('version')}, expected {_VERSION}; make it again")
    parts = []
    for k, row in enumerate(header["parts"]):
        texture = _texture(arrays[f"{k}_texture"]) if row["texture"] else None
        counts = arrays[f"{k}_counts"]
        if counts.dtype.kind not in "iu" or (counts < 0).any() or len(counts) != len(row["morphs"]):
            raise FormatError(f"part {k} has {len(row['morphs'])} morphs, their sizes are {counts.tolist()[:4]}")
        morphs = Morphs()
        if row["morphs"]:
            indices, deltas = arrays[f"{k}_indices"], arrays[f"{k}_deltas"]
            if int(counts.sum()) != len(indices) or len(indices) != len(deltas):
                raise FormatError(f"part {k}: the sizes of its morphs sum to {counts.sum()} of {len(indices)}")
            ends = np.cumsum(counts)[:-1]
            morphs = Morphs(
                tuple(map(_text, row["morphs"])), tuple(np.split(indices, ends)), tuple(np.split(deltas, ends))
            )
        material = Material(
            _text(row["material"]), _text(row["kind"]), _color(row["color"]), float(row["roughness"]), texture,
            bool(row["double_sided"]),
        )  # fmt: skip
        vertices, triangles, uv, joints, weights = (
            arrays[f"{k}_{field}"] for field in ("vertices", "triangles", "uv", "joints", "weights")
        )
        if joints.dtype.kind not in "iu" or triangles.dtype.kind not in "iu":
            raise FormatError(f"part {k}: joints and triangles are {joints.dtype} and {triangles.dtype}, not integers")
        parts.append(Part(_text(row["name"]), vertices, triangles, uv, joints, weights, material, morphs))
    if arrays["joint_parents"].dtype.kind not in "iu":
        raise FormatError(f"joint_parents are {arrays['joint_parents'].dtype}, expected integers")
    names = tuple(map(_text, header["joints"]))
    if len(set(names)) != len(names):
        raise FormatError("two joints have one name")
    skeleton = Skeleton(names, arrays["joint_parents"], arrays["joint_offsets"])
    return Avatar(
        _text(header["name"]), skeleton, tuple(parts), float(header["root_height"]),
        {_text(a): _text(b) for a, b in header["joint_map"].items()}, tuple(map(_text, header["eyes"])),
        tuple((_text(a), _text(b), float(c)) for a, b, c in header["twists"]), arrays.get("rest"),
        {_text(name): float(value) for name, value in header["seal"].items()}, _text(header["licence"]),
    )  # fmt: skip


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise FormatError(f"{value!r:.40} stands where a name is expected")
    return value


def _color(values: list[float]) -> tuple[float, float, float, float]:
    red, green, blue, alpha = map(float, values)
    return red, green, blue, alpha


def _texture(stored: NDArray) -> NDArray[np.uint8]:
    """Pixels as they are, or from a PNG within the archive."""
    if stored.ndim != 1:
        return stored
    with Image.open(io.BytesIO(stored.tobytes())) as picture:
        if picture.width * picture.height > _MAX_PIXELS:
            raise FormatError(f"a texture of {picture.width} x {picture.height} pixels is too large")
        return np.asarray(picture)


def _png(texture: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(texture).save(buffer, "PNG")
    return buffer.getvalue()
