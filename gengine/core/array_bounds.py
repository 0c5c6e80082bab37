"""The border for arrays: archives in proportion to their content, shapes that fit their bytes, finite numbers after."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core.bounds import border, check_file
from gengine.errors import FormatError, GengineError

ARRAY_BYTES = 8 << 30
"""Largest array that a file may declare, bytes: ten hours of a 75-joint body at 60 Hz take 2.6 GB (judgement)."""
ZIP_RATIO = 100
"""Largest ratio of an archive's content to its file where it holds more than ``ZIP_FREE`` (judgement): BEAT2's
archives have 1 to 5, archives made to exhaust memory about 1,000."""
ZIP_FREE = 64 << 20
"""Content that an archive may hold whatever its ratio, bytes (judgement): zeros compress well."""
UNIT_SLACK = 0.05
"""How far a rotation's length may lie from 1: six digits of text are off by 1e-6, half floats by 1e-3 (judgement)."""
_BLOCK = 1 << 20
"""Bytes that are unpacked at once."""


def check_finite(values: NDArray, field: str, kind: type[GengineError] = FormatError) -> None:
    """``kind`` where an array holds NaN or infinity."""
    if not np.isfinite(values).all():
        first = np.argwhere(~np.isfinite(values))[0].tolist()
        raise kind(f"{field}: holds NaN or infinity at {first}, expected finite numbers")


def check_unit(turns: NDArray, field: str, kind: type[GengineError] = FormatError) -> None:
    """``kind`` where quaternions ``(…, 4)`` are not finite or not of length 1 (within ``UNIT_SLACK``)."""
    check_finite(turns, field, kind)
    with np.errstate(over="ignore"):
        away = np.abs(np.sqrt(np.einsum("...i,...i->...", turns, turns, dtype=float)) - 1)
    if (away > UNIT_SLACK).any():
        first = np.argwhere(away > UNIT_SLACK)[0].tolist()
        raise kind(f"{field}: the rotation at {first} is no unit quaternion")


@contextmanager
def archive(path: str | Path, hint: str) -> Iterator[zipfile.ZipFile]:
    """An open ``.npz`` (or other zip) whose declared content is in proportion to the file; ``FormatError`` if not."""
    path = check_file(path, ARRAY_BYTES, hint)
    with border(path, hint), zipfile.ZipFile(path) as file:
        content = sum(info.file_size for info in file.infolist())
        if content > max(ZIP_FREE, ZIP_RATIO * os.path.getsize(path)):
            raise FormatError(f"{path}: declares {content:,} bytes of content, far more than its size; {hint}")
        yield file


def load_array(file: zipfile.ZipFile, name: str, largest: int = ARRAY_BYTES) -> NDArray:
    """The array ``name`` of an archive: its header's shape must fit the member's size before memory is taken.

    Raises ``ValueError`` (inside ``archive`` a ``FormatError``) for objects, other versions and shapes that lie.
    """
    info = file.getinfo(f"{name}.npy")
    with file.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{name} is of npy version {version}")
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = reader(member)
        size = math.prod(shape) * dtype.itemsize
        if dtype.hasobject or not dtype.itemsize or size > largest or size != info.file_size - member.tell():
            raise ValueError(f"{name} is {dtype} {shape}, which its {info.file_size} bytes do not hold")
        values = np.empty(shape, dtype, order="F" if fortran else "C")
        if size:
            view, filled = memoryview(values.T if fortran else values).cast("B"), 0  # type: ignore[arg-type]
            while filled < size:
                count = member.readinto(view[filled : filled + _BLOCK])  # type: ignore[attr-defined]
                if not count:
                    raise EOFError(f"{name} ends early")
                filled += count
        member.read(1)  # past the end: the checksum is compared there
    return values
