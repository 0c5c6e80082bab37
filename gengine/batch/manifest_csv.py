"""A manifest: a table with a row for every recording and a column for every option that differs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path, PurePosixPath
from typing import Any, get_type_hints

from gengine.batch.entry import Entry
from gengine.batch.run_options import RunOptions
from gengine.errors import FormatError, unknown

OUT = "out"
"""The column that names a run's folder."""

TRUE, FALSE = ("true", "yes", "1", "on"), ("false", "no", "0", "off")

FILES = ("sound", "text", "emotion", "stance", "bones", "config", "skeleton", "avatar", "portrait", "face", "body")
"""Columns that may hold the path of a file; one that is not absolute counts from the manifest's folder."""
FOLDERS = {"stance": ("performance.npz",), "face": ("config.json",), "body": ("config.json",)}
"""Those of them that may name a folder, with the files by which it is told from a name."""


def columns() -> list[str]:
    """The names that a manifest's columns may have."""
    return [*(f.name for f in fields(RunOptions)), OUT]


def rows(path: Path, common: RunOptions) -> Iterator[Entry]:
    """The runs that a manifest lists; an empty cell leaves the value of ``common``.

    The table is UTF-8 or an older encoding, divided by commas, semicolons or tabs. A bad value is the row's ``error``.
    Raises ``FormatError`` for a table that has no column ``sound``, unknown ones, or rows of another length.
    """
    from gengine.inputs.encoding import read_text_file

    text = read_text_file(path)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=(cut := _delimiter(text)), strict=True)
    try:
        head = [name.strip().lower().replace("-", "_") for name in next(lines)]
        _check_head(head, path)
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{path.name} line {lines.line_num}"
            if len(cells) < len(head) or any(cell.strip() for cell in cells[len(head) :]):
                raise FormatError(
                    f"{where}: has {len(cells)} cells, the head {len(head)}; quote cells that hold '{cut}'"
                )
            given = {name: cell.strip() for name, cell in zip(head, cells, strict=False) if cell.strip()}
            yield _entry(given, common, path, where)
    except csv.Error as error:
        raise FormatError(f"{path.name} line {lines.line_num}: {error}; save it as CSV again") from None


def _delimiter(text: str) -> str:
    """Which of comma, semicolon and tab divides the head."""
    head = text.split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _check_head(head: list[str], path: Path) -> None:
    for name in head:
        if name not in columns():
            raise unknown(f"{path.name}: column", name, columns(), kind=FormatError)
        if head.count(name) > 1:
            raise FormatError(f"{path.name}: has the column '{name}' twice; leave one out")
    if "sound" not in head:
        raise FormatError(f"{path.name}: has no column 'sound'; a manifest's head is for example sound,text,emotion")


def _entry(given: dict[str, str], common: RunOptions, path: Path, where: str) -> Entry:
    if "sound" not in given:
        return Entry(f"line-{where.rsplit(' ', 1)[1]}", common, f"{where}: names no sound")
    name = given.pop(OUT, None)
    sound = _located("sound", given["sound"], path.parent)
    values: dict[str, Any] = {"sound": Path(sound)}
    entry = Entry(name or Path(sound).stem, replace(common, sound=Path(sound)))
    if name is not None and (PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name):
        return replace(
            entry, name=Path(sound).stem, error=f"{where}: out {name}: expected a folder's name in the batch's folder"
        )
    kinds = get_type_hints(RunOptions)
    for column, cell in given.items():
        try:
            values[column] = _value(kinds[column], _located(column, cell, path.parent))
        except ValueError as error:
            return replace(entry, error=f"{where}: {column} '{cell}': expected {error}")
    return replace(entry, options=replace(common, **values))


def _located(column: str, cell: str, folder: Path) -> str:
    """A cell; the path of a file where it is one of the manifest's folder."""
    if column not in FILES or len(cell) >= 1024:
        return cell
    for written in dict.fromkeys((cell, cell.replace("\\", "/"))):  # a table may come from Windows
        try:
            path = folder / written
            if os.path.isfile(path) or any(os.path.isfile(path / mark) for mark in FOLDERS.get(column, ())):
                return str(path)
        except (OSError, ValueError):
            pass
    return str(folder / cell) if column == "sound" else cell


def _value(kind: Any, cell: str) -> Any:
    """A cell as a value of an option's type; ``ValueError`` says what was expected."""
    if kind is bool:
        if cell.lower() not in TRUE + FALSE:
            raise ValueError("true or false")
        return cell.lower() in TRUE
    if kind is int:
        try:
            return int(cell)
        except ValueError:
            raise ValueError("a whole number") from None
    if kind is float or kind == float | None:
        try:
            return float(cell.replace(",", "."))
        except ValueError:
            raise ValueError("a number") from None
    if kind == tuple[str, ...]:
        return tuple(cell.split())
    if kind is Path or kind == Path | None:
        return Path(cell)
    return cell
