"""The border that files from outside pass: bounded in size, depth and digits before memory is taken, finite after.

Every reader stands on these few functions, so that whatever a file holds, a user meets one line that names it.
"""

from __future__ import annotations

import csv
import functools
import json
import math
import os
import re
import stat
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from gengine.errors import FormatError, GengineError, MissingExtraError, brief

Read = TypeVar("Read", bound=Callable[..., Any])

TEXT_BYTES = 512 << 20
"""Largest file of text or JSON that is read, bytes: three hours of a face at 60 Hz take half of it (judgement)."""
CONFIG_BYTES = 1 << 20
"""Largest configuration, bytes: a hundred times the longest that is bundled (judgement)."""
NESTING = 64
"""Deepest nesting of lists and objects that JSON and YAML may have; Python's own parsers fail near 1,000."""
DIGITS = 400
"""Digits that a whole number may have: a float has 309 at most."""
LONGEST = 7 * 24 * 3600.0
"""Longest time that anything may have, s: a week (judgement)."""
LARGEST = 1e6
"""Largest position, curve or trait that is taken, m or parts: far beyond any of a person (judgement)."""

FOREIGN = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, OverflowError, RecursionError,
    NotImplementedError, RuntimeError, MemoryError, SyntaxError, AssertionError, zipfile.BadZipFile, zlib.error,
    struct.error, tokenize.TokenError, csv.Error,
)  # fmt: skip
"""What Python's and numpy's own parsers raise on a broken or foreign file."""


@contextmanager
def border(where: str | Path, hint: str, kind: type[GengineError] = FormatError) -> Iterator[None]:
    """Turns every exception of a foreign parser into a ``kind`` that begins with ``where`` and ends with ``hint``.

    Where ``where`` is a path, an own error that does not name its file is made to.
    """
    try:
        yield
    except MissingExtraError:
        raise
    except GengineError as error:
        if isinstance(where, Path) and shown(where).split("/")[-1] not in str(error):
            raise type(error)(f"{shown(where)}: {error}") from None
        raise
    except FOREIGN as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
        place = shown(where) if isinstance(where, Path) else where
        raise kind(f"{place}: {' '.join(reason.split())[:120]}; {hint}") from None


def bordered(hint: str, kind: type[GengineError] = FormatError) -> Callable[[Read], Read]:
    """Makes of a function of a path one that is within ``border``."""

    def decorate(read: Read) -> Read:
        @functools.wraps(read)
        def reader(path: Any, *arguments: Any, **options: Any) -> Any:
            with border(Path(path), hint, kind):
                return read(path, *arguments, **options)

        return cast(Read, reader)

    return decorate


def check_file(path: str | Path, largest: int, hint: str, kind: type[GengineError] = FormatError) -> Path:
    """``path``, if it is a file of at most ``largest`` bytes; pipes, devices, sockets and folders are refused.

    Raises ``kind``, which ends with ``hint``: what to give instead.
    """
    path = Path(path)
    with border(shown(path), f"cannot be read; {hint}", kind):
        about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        what = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe or device"
        raise kind(f"{shown(path)}: is {what}; {hint}")
    if about.st_size > largest:
        raise kind(f"{shown(path)}: has {about.st_size:,} bytes, at most {largest:,} are read; {hint}")
    return path


def read_bounded(path: str | Path, largest: int, hint: str, kind: type[GengineError] = FormatError) -> bytes:
    """The bytes of a file of at most ``largest``; see ``check_file``."""
    path = check_file(path, largest, hint, kind)
    with border(shown(path), f"cannot be read; {hint}", kind), path.open("rb") as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise kind(f"{shown(path)}: grew past {largest:,} bytes while it was read; {hint}")
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
        said = str(text)  # decoded by now
        first = next(mark.start() for mark in _CONSTANTS.finditer(said) if mark[0] == name)
        line, before = said.count("\n", 0, first) + 1, said.rfind("\n", 0, first)
        raise kind(f"{where}: line {line}, column {first - before}: {name} is no number; {hint}")

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
            at = f"line {error.lineno}, column {error.colno}"
            raise kind(f"{where}: {at}: is no whole JSON ({error.msg}); {hint}") from None


def read_json(path: str | Path, hint: str, kind: type[GengineError] = FormatError, largest: int = TEXT_BYTES) -> Any:
    """What a JSON file says; see ``read_bounded`` and ``parse_json``."""
    return parse_json(read_bounded(path, largest, hint, kind), shown(Path(path)), hint, kind)


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
        raise kind(f"{field}: {brief(value)}, expected a number from {low:g} to {high:g}")
    return float(value)


def shown(path: Path) -> str:
    """A path as a terminal can print it: names that are not UTF-8 have their bytes escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
