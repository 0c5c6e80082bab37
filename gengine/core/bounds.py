"""The border that files from outside pass: bounded in size, depth and digits before memory is taken, finite after.

Every reader stands on these few functions, so that whatever a file holds, a user meets one line that names it.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.errors import FormatError, GengineError

TEXT_BYTES = 512 << 20
"""Largest file of text or JSON that is read, bytes: three hours of a face at 60 Hz take half of it (judgement)."""
CONFIG_BYTES = 1 << 20
"""Largest configuration, bytes: a hundred times the longest that is bundled (judgement)."""
ARRAY_BYTES = 8 << 30
"""Largest array that a file may declare, bytes: ten hours of a 75-joint body at 60 Hz take 2.6 GB (judgement)."""
ZIP_RATIO = 100
"""Largest ratio of an archive's content to its file where it holds more than ``ZIP_FREE`` (judgement): BEAT2's
archives have 1 to 5, archives made to exhaust memory about 1,000."""
ZIP_FREE = 64 << 20
"""Content that an archive may hold whatever its ratio, bytes (judgement): zeros compress well."""
NESTING = 64
"""Deepest nesting of lists and objects that JSON and YAML may have; Python's own parsers fail near 1,000."""
DIGITS = 400
"""Digits that a whole number may have: a float has 309 at most."""
UNIT_SLACK = 0.05
"""How far a rotation's length may lie from 1: six digits of text are off by 1e-6, half floats by 1e-3 (judgement)."""

FRAME_RATES = (1.0, 1000.0)
"""Frames per second that motion may have, Hz: motion capture runs at 24 to 480 (judgement)."""
SAMPLE_RATES = (1000.0, 768_000.0)
"""Rates that sound may have, Hz: telephones have 8,000, the fastest converters 768,000."""
LONGEST = 7 * 24 * 3600.0
"""Longest time that anything may have, s: a week (judgement)."""
LARGEST = 1e6
"""Largest position, curve or trait that is taken, m or parts: far beyond any of a person (judgement)."""

FOREIGN = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, OverflowError, RecursionError,
    NotImplementedError, RuntimeError, MemoryError, SyntaxError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What Python's and numpy's own parsers raise on a broken or foreign file."""


@contextmanager
def border(where: str | Path, hint: str, kind: type[GengineError] = FormatError) -> Iterator[None]:
    """Turns every exception of a foreign parser into a ``kind`` that begins with ``where`` and ends with ``hint``."""
    try:
        yield
    except GengineError:
        raise
    except FOREIGN as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
        raise kind(f"{where}: {' '.join(reason.split())[:120]}; {hint}") from None


def check_file(path: str | Path, largest: int, hint: str, kind: type[GengineError] = FormatError) -> Path:
    """``path``, if it is a file of at most ``largest`` bytes; pipes, devices, sockets and folders are refused.

    Raises ``kind``, which ends with ``hint``: what to give instead.
    """
    path = Path(path)
    with border(_shown(path), f"cannot be read; {hint}", kind):
        about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        what = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe or device"
        raise kind(f"{_shown(path)}: is {what}; {hint}")
    if about.st_size > largest:
        raise kind(f"{_shown(path)}: has {about.st_size:,} bytes, at most {largest:,} are read; {hint}")
    return path


def read_bounded(path: str | Path, largest: int, hint: str, kind: type[GengineError] = FormatError) -> bytes:
    """The bytes of a file of at most ``largest``; see ``check_file``."""
    path = check_file(path, largest, hint, kind)
    with border(_shown(path), f"cannot be read; {hint}", kind), path.open("rb") as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise kind(f"{_shown(path)}: grew past {largest:,} bytes while it was read; {hint}")
    return data


def parse_json(text: str | bytes, where: str | Path, hint: str, kind: type[GengineError] = FormatError) -> Any:
    """What JSON says: at most ``NESTING`` deep, whole numbers of at most ``DIGITS`` digits, no NaN and no infinity.

    Raises ``kind`` that names the line and column where the text stops to be JSON.
    """

    def whole(digits: str) -> int:
        if len(digits) > DIGITS:
            raise ValueError(f"a number of {len(digits)} digits, at most {DIGITS}")
        return int(digits)

    def real(digits: str) -> float:
        if not math.isfinite(value := float(digits)):
            raise ValueError(f"the number {digits[:20]} is out of range")
        return value

    def constant(name: str) -> float:
        first = next(mark.start() for mark in _CONSTANTS.finditer(text) if mark[0] == name)
        line, before = text.count("\n", 0, first) + 1, text.rfind("\n", 0, first)
        raise ValueError(f"{name} at line {line}, column {first - before} is no number")

    with border(where, hint, kind):
        if isinstance(text, bytes):
            try:
                text = text.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise kind(f"{where}: is no JSON text (byte {error.start} is no UTF-8); {hint}") from None
        check_nesting(text)
        try:
            return json.loads(text, parse_int=whole, parse_float=real, parse_constant=constant)
        except json.JSONDecodeError as error:
            where_in = f"line {error.lineno}, column {error.colno}"
            raise kind(f"{where}: is no whole JSON ({error.msg} at {where_in}); {hint}") from None


def check_nesting(text: str, deepest: int = NESTING) -> None:
    """``ValueError`` where brackets outside of quotes nest deeper than ``deepest``: JSON, and YAML on one line."""
    depth = 0
    for mark in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark[0], 0)
        if depth > deepest:
            raise ValueError(f"lists nest deeper than {deepest}")


_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_CONSTANTS = re.compile(r'"(?:[^"\\]|\\.)*+"|NaN|-?Infinity', re.DOTALL)


def number(value: Any, field: str, low: float, high: float, kind: type[GengineError] = FormatError) -> float:
    """``value`` as a float if it is a finite number in [low, high], no bool; else ``kind`` that says so."""
    fine = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (fine and low <= value <= high):  # compared before it is converted: a whole number may be larger than floats
        raise kind(f"{field}: {_brief(value)}, expected a number from {low:g} to {high:g}")
    return float(value)


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


def check_indices(values: NDArray, count: int, field: str, kind: type[GengineError] = FormatError) -> None:
    """``kind`` where indices do not lie in [0, count): what compiled loops trust."""
    if values.size and (values.min() < 0 or values.max() >= count):
        raise kind(f"{field}: an index is {int(values.min())} or {int(values.max())}, expected 0 to {count - 1}")


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
        if dtype.hasobject or size > largest or size != info.file_size - member.tell():
            raise ValueError(f"{name} is {dtype} {shape}, which its {info.file_size} bytes do not hold")
        data = member.read()
    if len(data) != size:
        raise EOFError(f"{name} ends early")
    values = np.frombuffer(data, dtype)
    return values.reshape(shape[::-1]).T if fortran else values.reshape(shape)


def _brief(value: Any) -> str:
    """A value in few characters; a huge number is not written out."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return f"a whole number of about {int(value.bit_length() * 0.30103)} digits"
    return f"{value!r:.60}"


def _shown(path: Path) -> str:
    """A path as a terminal can print it: names that are not UTF-8 have their bytes escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
