"""The constants of a method, kept in a table beside its code and read once into frozen records.

A table of constants has the columns ``name,value,unit,source,comment``. How a value is written follows from the
type of the record's field: a number (``float``, ``int``), numbers with spaces between (``tuple[float, ...]``), a
``Span`` (``0.15+0.05``: from 0.15 on, 0.05 wide), ``Limits`` (``-28..20``) or ``Points`` (``0.2:0.7 0.6:1``: a line
through these points).
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeVar, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.errors import FormatError

Record = TypeVar("Record")


@dataclass(frozen=True)
class Span:
    """A quantity that varies from ``low`` on over ``width``, both in the table's unit."""

    low: float
    width: float

    def at(self, share: Any) -> Any:
        """The value that lies ``share`` of the width above ``low``, for example at a uniform draw."""
        return self.low + self.width * share

    def share(self, value: ArrayLike) -> NDArray[np.float64]:
        """How far ``value`` has come on the way, limited to 0..1."""
        return np.clip((np.asarray(value) - self.low) / self.width, 0, 1)


@dataclass(frozen=True)
class Limits:
    """The least and the most that a quantity may be."""

    low: float
    high: float

    def clip(self, value: ArrayLike) -> NDArray[np.float64]:
        """``value`` kept within the limits."""
        return np.minimum(np.maximum(value, self.low), self.high)  # a third of np.clip's time on few numbers


@dataclass(frozen=True)
class Points:
    """A line through the points (``x``, ``y``), held beyond its ends."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def at(self, value: Any) -> Any:
        """The line's height at ``value``, a number or an array."""
        return np.interp(value, self.x, self.y)


def _span(text: str) -> Span:
    low, width = text.split("+")
    return Span(float(low), float(width))


def _limits(text: str) -> Limits:
    low, high = text.split("..")
    return Limits(float(low), float(high))


def _points(text: str) -> Points:
    x, y = zip(*(map(float, point.split(":")) for point in text.split()), strict=True)
    return Points(x, y)


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    tuple[float, ...]: lambda text: tuple(map(float, text.split())),
    Span: _span,
    Limits: _limits,
    Points: _points,
}


def read_table(package: str, name: str) -> list[dict[str, str]]:
    """The rows of ``data/<name>.csv`` of a package of the project, by column; lines that begin with # are notes."""
    text = resources.files(package).joinpath(f"data/{name}.csv").read_text("utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def read_constants(record: type[Record], package: str, name: str) -> Record:
    """The ``record`` that ``data/<name>.csv`` of ``package`` fills, one row for each field.

    FormatError where a field has no row, a row no field, unit or source, or a value is not of its field's type.
    """
    rows = read_table(package, name)
    for row in rows:
        if not row["unit"] or not row["source"]:
            raise FormatError(f"{package}/data/{name}.csv: {row['name']!r} has no unit or no source")
    return _filled(record, {row["name"]: row["value"] for row in rows}, f"{package}/data/{name}.csv")


def read_records(record: type[Record], package: str, name: str, key: str) -> dict[str, Record]:
    """The records that ``data/<name>.csv`` of ``package`` holds, one a row, by the row's ``key``.

    Columns are the fields of ``record``, beside ``key`` and ``source``. FormatError as in ``read_constants``.
    """
    records = {}
    for row in read_table(package, name):
        where = f"{package}/data/{name}.csv, {row[key]}"
        if not row["source"]:
            raise FormatError(f"{where}: has no source")
        records[row[key]] = _filled(record, {k: v for k, v in row.items() if k not in (key, "source")}, where)
    return records


class Constants:
    """The constants of ``data/<name>.csv`` of ``package`` as read-only attributes, each typed by how it is written.

    For long tables, whose record would only repeat them. FormatError where a row has no unit or source.
    """

    def __init__(self, package: str, name: str) -> None:
        for row in read_table(package, name):
            if not row["unit"] or not row["source"]:
                raise FormatError(f"{package}/data/{name}.csv: {row['name']!r} has no unit or no source")
            self.__dict__[row["name"]] = _typed(row["value"])

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no constant {name!r}; the table has {', '.join(self.__dict__)}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"constant {name!r} is changed in its table")


def _typed(text: str) -> Any:
    """A value of the type that its writing tells (see above); a number without a point is an ``int``."""
    for sign, parse in (("..", _limits), (":", _points), ("+", _span)):
        if sign in text:
            return parse(text)
    numbers = tuple(float(number) if "." in number else int(number) for number in text.split())
    return numbers[0] if len(numbers) == 1 else numbers


def _filled(record: type[Record], texts: dict[str, str], where: str) -> Record:
    types = get_type_hints(record)
    for field in sorted(types.keys() ^ texts.keys()):
        raise FormatError(f"{where}: {field!r} is not both in the table and in {record.__name__}")
    values = {}
    for field, text in texts.items():
        try:
            values[field] = _PARSERS[types[field]](text)
        except ValueError:
            raise FormatError(f"{where}: {field!r} is {text!r}, expected {types[field]}") from None
    return record(**values)
