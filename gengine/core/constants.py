"""The constants of a method, kept in a table beside its code and read once into a frozen record.

A table has the columns ``name,value,unit,source,comment``. How a value is written follows from the type of the
record's field: a number (``float``, ``int``), numbers with spaces between (``tuple[float, ...]``), a ``Span``
(``0.15+0.05``: from 0.15 on, 0.05 wide) or ``Points`` (``0.2:0.7 0.6:1``: a line through these points).
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
class Points:
    """A line through the points (``x``, ``y``), held beyond its ends."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def at(self, value: float) -> float:
        """The line's height at ``value``."""
        return float(np.interp(value, self.x, self.y))


def _span(text: str) -> Span:
    low, width = text.split("+")
    return Span(float(low), float(width))


def _points(text: str) -> Points:
    x, y = zip(*(map(float, point.split(":")) for point in text.split()), strict=True)
    return Points(x, y)


_PARSERS: dict[Any, Callable[[str], Any]] = {
    int: int,
    float: float,
    tuple[float, ...]: lambda text: tuple(map(float, text.split())),
    Span: _span,
    Points: _points,
}


def read_table(package: str, name: str) -> list[dict[str, str]]:
    """The rows of ``data/<name>.csv`` of a package of the project, by column."""
    text = resources.files(package).joinpath(f"data/{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def read_constants(record: type[Record], package: str, name: str) -> Record:
    """The ``record`` that ``data/<name>.csv`` of ``package`` fills.

    FormatError where a field has no row, a row no field, unit or source, or a value is not of its field's type.
    """
    types = get_type_hints(record)
    rows = {row["name"]: row for row in read_table(package, name)}
    for key in [*(types.keys() - rows.keys()), *(rows.keys() - types.keys())]:
        raise FormatError(f"{package}/data/{name}.csv: {key!r} is not both in the table and in {record.__name__}")
    values = {}
    for key, row in rows.items():
        if not row["unit"] or not row["source"]:
            raise FormatError(f"{package}/data/{name}.csv: {key!r} has no unit or no source")
        try:
            values[key] = _PARSERS[types[key]](row["value"])
        except ValueError:
            raise FormatError(
                f"{package}/data/{name}.csv: {key!r} is {row['value']!r}, expected {types[key]}"
            ) from None
    return record(**values)
