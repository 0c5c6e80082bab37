"""Finished avatars in one ``.npz`` file: what ``make_avatar`` writes and the cache of dressed presets."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gengine.core.avatar import Avatar, Material, Morphs, Part
from gengine.core.skeleton import Skeleton
from gengine.errors import GengineError

_VERSION = 1


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
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("wb") as file:
            (np.savez_compressed if compress else np.savez)(file, **arrays)  # type: ignore[arg-type]
        scratch.replace(path)
    except OSError as error:
        raise GengineError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None
    finally:
        scratch.unlink(missing_ok=True)
    return path


def is_avatar_file(path: str | Path) -> bool:
    """Whether an ``.npz`` file holds a finished avatar."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "avatar_json.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def read_avatar(path: str | Path) -> Avatar:
    """An avatar written by ``save_avatar``."""
    if not is_avatar_file(path):
        raise GengineError(f"{path}: not an avatar file; expected an .npz written by gengine's make_avatar")
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(arrays["avatar_json"].tobytes())
    if header.get("version") != _VERSION:
        raise GengineError(f"{path}: avatar version {header.get('version')}, expected {_VERSION}; make it again")
    parts = []
    for k, row in enumerate(header["parts"]):
        texture = None
        if row["texture"]:
            stored = arrays[f"{k}_texture"]
            texture = np.asarray(Image.open(io.BytesIO(stored.tobytes()))) if stored.ndim == 1 else stored
        ends = np.cumsum(arrays[f"{k}_counts"])[:-1]
        morphs = Morphs()
        if row["morphs"]:
            morphs = Morphs(
                tuple(row["morphs"]),
                tuple(np.split(arrays[f"{k}_indices"], ends)),
                tuple(np.split(arrays[f"{k}_deltas"], ends)),
            )
        material = Material(
            row["material"], row["kind"], tuple(row["color"]), row["roughness"], texture, row["double_sided"]
        )
        vertices, triangles, uv, joints, weights = (
            arrays[f"{k}_{field}"] for field in ("vertices", "triangles", "uv", "joints", "weights")
        )
        parts.append(Part(row["name"], vertices, triangles, uv, joints, weights, material, morphs))
    skeleton = Skeleton(tuple(header["joints"]), arrays["joint_parents"], arrays["joint_offsets"])
    return Avatar(
        header["name"], skeleton, tuple(parts), header["root_height"], header["joint_map"], tuple(header["eyes"]),
        tuple((a, b, float(c)) for a, b, c in header["twists"]), arrays.get("rest"), header["seal"], header["licence"],
    )  # fmt: skip


def _png(texture: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(texture).save(buffer, "PNG")
    return buffer.getvalue()
