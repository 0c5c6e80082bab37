"""The only reader and writer of weights: a folder with ``model.safetensors``, ``config.json`` and a card.

``config.json`` says what the weights are for and holds their SHA-256, so a damaged or exchanged file is
noticed when it is loaded. Tensors are plain numpy arrays; nothing here needs torch, and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import bounds
from gengine.core.placing import commit, remove, scratch, settle
from gengine.errors import FormatError

WEIGHTS = "model.safetensors"
CONFIG = "config.json"

WEIGHT_BYTES = 4 << 30
"""Largest file of weights that is read, bytes: 200 times the largest bundled one (judgement)."""

LARGEST_WEIGHT = 1e8
"""Largest weight (judgement): larger ones overflow float32 within a few layers."""

Tensors = dict[str, NDArray[Any]]


def bundled_folders(kind: str = "checkpoints") -> list[Path]:
    """Where files that come with gengine may lie: inside the wheel, or beside the package in a source checkout.

    ``kind`` is a folder of the project: "checkpoints", "configs/train", ….
    """
    package = Path(str(resources.files("gengine")))
    return [package / kind, package.parent / kind]


def find_checkpoint(name_or_path: str | Path) -> Path:
    """The folder of a checkpoint: a path to a folder, or the name of a bundled one ("phones-v1")."""
    path = Path(name_or_path)
    settle(path)
    if os.path.isfile(path / CONFIG):  # a name that no file can have is none
        return path
    text = str(name_or_path)
    if text and "\0" not in text and len(text) < 200 and path.name == text and text not in (".", ".."):
        for folder in bundled_folders():
            if (folder / text / CONFIG).is_file():
                return folder / text
    known = list(available())
    raise FormatError(
        f"checkpoint '{text:.200}' not found: give a folder that holds {CONFIG} and {WEIGHTS}, "
        f"or one of the bundled names ({', '.join(known) or 'none here'})"
    )


def available() -> dict[str, str]:
    """Bundled checkpoints by name, each with its size."""
    found = sorted({p.parent for f in bundled_folders() if f.is_dir() for p in f.glob(f"*/{CONFIG}")})
    return {f.name: f"{(f / WEIGHTS).stat().st_size / 1e6:.1f} MB" for f in found if (f / WEIGHTS).is_file()}


def read_config(folder: Path) -> dict[str, Any]:
    """``config.json`` of a checkpoint's folder; one that cannot be used is a ``FormatError``."""
    path, hint = folder / CONFIG, "restore the checkpoint"
    config = bounds.read_json(path, hint, largest=bounds.CONFIG_BYTES)
    if not isinstance(config, dict) or not isinstance(config.get("sha256"), str):
        raise FormatError(f"{path}: expected an object with the text 'sha256'; restore the checkpoint")
    return config


@contextmanager
def fitting(checkpoint: str | Path) -> Iterator[None]:
    """Within it a network is built, and tried, on a checkpoint's config and tensors: whatever an unfitting one makes
    it raise is a ``FormatError`` that names the checkpoint."""
    with bounds.border(f"checkpoint {checkpoint}", "it does not fit this network: restore it or train it again"):
        try:
            yield
        except KeyError as error:
            raise FormatError(f"checkpoint {checkpoint}: lacks {error}; restore it or train it again") from None


def load_checkpoint(name_or_path: str | Path) -> tuple[dict[str, Any], Tensors]:
    """``(config, tensors)`` of a bundled checkpoint (by name) or of a folder (by path).

    A missing, damaged or exchanged file is a ``FormatError``.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = find_checkpoint(name_or_path)
    config = read_config(folder)
    path = folder / WEIGHTS
    data = bounds.read_bounded(path, WEIGHT_BYTES, "restore the checkpoint")
    digest = hashlib.sha256(data).hexdigest()
    if digest != config["sha256"]:
        raise FormatError(
            f"{path}: SHA-256 is {digest[:12]}…, {CONFIG} expects {config['sha256'][:12]}…; "
            "the weights are damaged or belong to another config: restore the checkpoint"
        )
    with bounds.border(path, "restore the checkpoint"):
        try:
            tensors = load(data)
        except SafetensorError as error:
            raise FormatError(f"{path}: not a safetensors file ({error}); restore the checkpoint") from None
    for name, value in tensors.items():
        if value.dtype.kind == "f" and not _largest(value) <= LARGEST_WEIGHT:
            raise FormatError(
                f"{path}: tensor '{name}' holds NaN, infinity or more than {LARGEST_WEIGHT:g}; restore the checkpoint"
            )
    return config, tensors


def _largest(values: NDArray[Any]) -> float:
    """The largest magnitude, or NaN. Floats without signs are in the order of their integers (IEEE 754), a fast one."""
    whole = np.dtype(f"u{values.itemsize}")
    largest = (values.view(whole) & whole.type(np.iinfo(whole).max >> 1)).max(initial=0)
    return float(np.array(largest, whole).view(values.dtype))


def shared_checkpoint(name_or_path: str | Path) -> tuple[dict[str, Any], Tensors]:
    """As ``load_checkpoint``, read once for all sessions of a process: the arrays are read-only.

    Files that were changed meanwhile are read anew.
    """
    folder = find_checkpoint(name_or_path).resolve()
    stamps = [(folder / name).stat() for name in (WEIGHTS, CONFIG) if (folder / name).is_file()]
    return _shared(folder, tuple((s.st_mtime_ns, s.st_size, s.st_ino) for s in stamps))


@lru_cache(maxsize=9)
def _shared(folder: Path, stamps: tuple[tuple[int, ...], ...]) -> tuple[dict[str, Any], Tensors]:
    config, tensors = load_checkpoint(folder)
    for tensor in tensors.values():
        tensor.setflags(write=False)
    return config, tensors


def save_checkpoint(folder: str | Path, config: dict[str, Any], tensors: Tensors) -> Path:
    """Write ``folder/model.safetensors`` and ``folder/config.json`` (with the weights' ``sha256``).

    Both appear whole or neither does: a run that dies midway leaves either the old checkpoint or the new one. Other
    files of the folder (its card) stay.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    for name, value in tensors.items():
        if not isinstance(value, np.ndarray):
            raise FormatError(f"tensor '{name}': {type(value).__name__}, expected a numpy array")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise FormatError(f"tensor '{name}' holds NaN or infinity; nothing was written")
    # safetensors writes the memory as it lies, so a transposed view must be made contiguous first
    data = save({name: np.ascontiguousarray(value) for name, value in tensors.items()})
    try:
        text = json.dumps({**config, "sha256": hashlib.sha256(data).hexdigest()}, indent=2, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise FormatError(f"checkpoint config: {error}; give plain numbers, texts, lists and objects") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = scratch(folder / WEIGHTS)
        stage.mkdir()
        try:
            (stage / WEIGHTS).write_bytes(data)
            (stage / CONFIG).write_text(text + "\n", "utf-8")
            commit(stage, folder)
        finally:
            remove(stage)
    except OSError as error:
        raise FormatError(f"checkpoint {folder}: cannot be written ({error.strerror or error})") from None
    return folder
