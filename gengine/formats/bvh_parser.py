"""BVH files as text: the header's joints and channels, and the rows of numbers, of any skeleton in any dialect.

Nothing is interpreted here; ``gengine.formats.bvh_reader`` makes a Motion of it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from gengine.core.bounds import border, check_file
from gengine.core.timing import FRAME_RATES
from gengine.errors import FormatError

_READ = 1 << 23
"""Characters parsed at a time, so that long files need little more memory than their Motion."""
_END_SITE = -1
"""Stands for an End Site among the numbers of joints."""
_LINE = 1 << 22
"""Longest line of a header, and of a row in characters: 200,000 channels of 20 digits."""
MAX_JOINTS = 4096
"""Joints that are read (a body with hands, face and cloth has a few hundred)."""
_MAX_DEPTH = 256
"""Joints below each other that are read: what writes a hierarchy goes down as deep."""
_WHOLE_RATE = 5e-4
"""Share by which a written frame time misses a whole rate: 0.008333 s is 120 Hz to 4e-5."""
LARGEST = 8 << 30
"""Largest file that is read, bytes: ten hours of 75 joints at 30 Hz take 3 GB (judgement)."""
_HINT = "give the path of a .bvh file"
_ROW = re.compile(r"[-+.\d]|nan|inf", re.IGNORECASE)
"""How a row of numbers begins."""


@dataclass
class BvhJoint:
    """A joint as the header declares it; ``offset`` in the file's unit."""

    name: str
    parent: int
    offset: tuple[float, ...] = (0.0, 0.0, 0.0)
    positions: dict[int, int] = field(default_factory=dict)
    """Axis 0-2 of a position channel → its column."""
    order: str = ""
    """Axes of the rotation channels, in file order."""
    columns: list[int] = field(default_factory=list)
    """Columns of the rotation channels."""


class BvhParser:
    """One pass over a BVH file: header, then rows in blocks."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.path, self.file, self.line = path, file, 0
        self.joints: list[BvhJoint] = []
        self.channels = 0
        self.stated_frames: float | None = None
        self.frame_time: float | None = None
        self.first_row = ""
        self._open: list[int] = []  # joints whose braces are open
        self._next: int | None = None  # the joint that the next brace opens

    def fail(self, message: str, line: int | None = None) -> FormatError:
        return FormatError(f"{self.path}: line {self.line if line is None else line}: {message}")

    def numbers(self, words: list[str], count: int, what: str) -> list[float]:
        try:
            values = [float(w) for w in words[:count]]
        except ValueError:
            values = []
        if len(values) != count or not np.isfinite(values).all():
            raise self.fail(f"{what} {' '.join(words)!r}, expected {count} finite number(s)")
        return values

    def header(self) -> None:
        """Read everything before the first row of numbers."""
        started = False
        while raw := self.file.readline(_LINE):
            self.line += 1
            if len(raw) == _LINE:
                raise self.fail(f"a line of over {_LINE} characters; is this a BVH file?")
            for text in raw.replace("{", "\n{\n").replace("}", "\n}\n").split("\n"):
                words = text.split()
                if not words:
                    continue
                if not started:
                    if words[0].upper() != "HIERARCHY":
                        raise self.fail(f"{text.strip()[:40]!r}, expected HIERARCHY; is this a BVH file?")
                    started = True
                elif self.joints and not self._open and _ROW.match(words[0]):
                    self.first_row = raw if raw.endswith("\n") else raw + "\n"
                    return
                else:
                    self._statement(words, text.strip())
        if not started or not self.joints or self._open:
            raise self.fail("the file ends inside its hierarchy; it is empty or truncated")

    def _statement(self, words: list[str], text: str) -> None:
        """One line of the header, or one brace."""
        inside = self._open[-1] if self._open else None
        match words[0].upper():
            case "ROOT" | "JOINT":
                self._begin_joint(" ".join(words[1:]))
            case "END":
                self._next = _END_SITE
            case "{":
                if self._next is None:
                    raise self.fail("a brace that opens no joint")
                self._open.append(self._next)
                self._next = None
            case "}":
                if inside is None:
                    raise self.fail("a closing brace too many")
                self._open.pop()
            case "OFFSET" if inside is not None:
                offset = self.numbers(words[1:], 3, "OFFSET")
                if inside != _END_SITE:
                    self.joints[inside].offset = tuple(offset)
            case "CHANNELS" if inside is not None and inside != _END_SITE:
                self._channels(self.joints[inside], words[1:])
            case "MOTION":
                if self._open or not self.joints:
                    raise self.fail("MOTION before the hierarchy is complete")
            case key if key.startswith("FRAMES"):
                self.stated_frames = self.numbers(re.split(r"[:\s]+", text)[1:], 1, "Frames")[0]
            case "FRAME":
                self.frame_time = self.numbers(text.partition(":")[2].split(), 1, "Frame Time")[0]
            case _:
                raise self.fail(f"{text[:40]!r} is not part of a BVH header")

    def _begin_joint(self, name: str) -> None:
        """A joint below the innermost one that is open; its brace is to follow."""
        parent = next((j for j in reversed(self._open) if j != _END_SITE), -1)
        if parent < 0 and self.joints:
            raise self.fail("a second root joint, expected one hierarchy per file")
        self._next = len(self.joints)
        if len(self.joints) >= MAX_JOINTS or len(self._open) >= _MAX_DEPTH:
            raise self.fail(
                f"joint {len(self.joints)} at depth {len(self._open)}, at most {MAX_JOINTS} and {_MAX_DEPTH}"
            )
        self.joints.append(BvhJoint(name or f"joint{self._next}", parent))

    def _channels(self, joint: BvhJoint, words: list[str]) -> None:
        count = int(self.numbers(words, 1, "CHANNELS")[0])
        if len(words) != count + 1:
            raise self.fail(f"CHANNELS {words[0][:20]} names {len(words) - 1} channels")
        for name in words[1:]:
            match = re.fullmatch(r"([xyz])(position|rotation)", name, re.I)
            if match is None:
                raise self.fail(f"channel {name!r}, expected Xposition … Zrotation")
            axis, kind = match[1].upper(), match[2].lower()
            if axis in joint.order if kind == "rotation" else "XYZ".index(axis) in joint.positions:
                raise self.fail(f"channel {name!r} a second time in one joint, expected each channel once")
            if kind == "position":
                joint.positions["XYZ".index(axis)] = self.channels
            else:
                joint.order += axis
                joint.columns.append(self.channels)
            self.channels += 1

    def rows(self) -> Iterator[NDArray[np.float64]]:
        """Blocks ``(n, channels)`` of the motion."""
        rest, line = self.first_row, max(self.line, 1)
        while True:
            block = self.file.read(_READ)
            text = rest + block
            cut = text.rfind("\n") + 1 if block else len(text)
            text, rest = text[:cut], text[cut:]
            if len(rest) > _LINE:
                raise self.fail(f"a line of over {_LINE} characters; the file is damaged", line + text.count("\n"))
            if text.strip():
                yield self._parse(text, line)
            line += text.count("\n")
            if not block:
                return

    def _parse(self, text: str, line: int) -> NDArray[np.float64]:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            try:
                values = np.fromstring(text, sep=" ")
            except (ValueError, DeprecationWarning):
                values = np.array([np.nan])
        count = text.count("\n") + (not text.endswith("\n"))
        if values.size != count * self.channels or not np.isfinite(values).all():
            self._check_lines(text, line)
        return values.reshape(-1, self.channels)

    def _check_lines(self, text: str, line: int) -> None:
        for number, row in enumerate(text.split("\n"), line):
            words = row.split()
            if words and len(words) != self.channels:
                raise self.fail(f"{len(words)} values, expected {self.channels}; the file is damaged", number)
            for column, word in enumerate(words, 1):
                try:
                    ok = np.isfinite(float(word))
                except ValueError:
                    ok = False
                if not ok:
                    raise self.fail(f"value {column} is {word[:20]!r}, expected a finite number", number)


@contextmanager
def parsed(path: str | Path) -> Iterator[BvhParser]:
    """A file whose header has been read; a file that cannot be read is a ``FormatError``."""
    path = check_file(path, LARGEST, _HINT)
    with border(path, _HINT), path.open(encoding="utf-8-sig", errors="replace") as file:
        parser = BvhParser(path, file)
        parser.header()
        yield parser


@dataclass(frozen=True, eq=False)
class BvhTable:
    """A BVH file as it is written: no unit, frame or rotation is interpreted.

    ``offsets (J, 3)`` and ``values (T, C)`` are the file's own numbers; ``channels`` names the columns of
    ``values`` as (joint name, "Xposition"); ``frames`` is the header's count, ``frame_time`` its seconds;
    ``first_line`` is the line of the first row.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    offsets: NDArray[np.float64]
    channels: tuple[tuple[str, str], ...]
    values: NDArray[np.float64]
    frames: float | None
    frame_time: float | None
    first_line: int


def read_bvh_table(path: str | Path) -> BvhTable:
    """The header and the numbers of a BVH file.

    A row of the wrong width, a value that is no finite number or a broken header is a ``FormatError`` that names the
    line.
    """
    with parsed(path) as parser:
        first_line = parser.line
        blocks = list(parser.rows()) if parser.channels else []
    columns: dict[int, tuple[str, str]] = {}
    for joint in parser.joints:
        columns |= {column: (joint.name, f"{'XYZ'[axis]}position") for axis, column in joint.positions.items()}
        columns |= {c: (joint.name, f"{axis}rotation") for axis, c in zip(joint.order, joint.columns, strict=True)}
    return BvhTable(
        tuple(unique_names([j.name for j in parser.joints])),
        np.array([j.parent for j in parser.joints]),
        np.array([j.offset for j in parser.joints], float),
        tuple(columns[c] for c in range(parser.channels)),
        np.concatenate(blocks) if blocks else np.zeros((0, parser.channels)),
        parser.stated_frames,
        parser.frame_time,
        first_line,
    )


def frame_rate(path: Path, frame_time: float | None, line: int | None = None) -> float:
    """Frames per second from the header's seconds a frame; one within 0.05 % of a whole rate is that rate.

    Without seconds, or with such as no motion has, it is a ``FormatError``.
    """
    at = f"{path}: line {line}" if line is not None else str(path)
    if frame_time is None or not frame_time > 0:
        raise FormatError(f"{at}: Frame Time {frame_time}, expected seconds above 0")
    fps = 1.0 / frame_time
    low, high = FRAME_RATES
    if not low <= fps <= high:
        raise FormatError(f"{at}: Frame Time {frame_time:g} is {fps:g} frames a second, expected {low:g}-{high:g}")
    return float(round(fps)) if fps > 0.5 and abs(fps / round(fps) - 1) < _WHOLE_RATE else fps


def unique_names(names: list[str]) -> list[str]:
    """Repeated names get .001, .002 … as in Blender."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        out.append(f"{name}.{seen[name]:03d}" if seen[name] else name)
    return out
