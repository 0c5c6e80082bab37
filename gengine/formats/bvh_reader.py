"""The reader of BVH files, for any skeleton and any dialect; ``gengine.formats.bvh`` offers it beside the writer."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError

_READ = 1 << 23
"""Characters parsed at a time, so that long files need little more memory than their Motion."""


@dataclass
class _Joint:
    name: str
    parent: int
    offset: tuple[float, ...] = (0.0, 0.0, 0.0)
    positions: dict[int, int] = field(default_factory=dict)
    """Axis 0-2 of a position channel → its column."""
    order: str = ""
    """Axes of the rotation channels, in file order."""
    columns: list[int] = field(default_factory=list)
    """Columns of the rotation channels."""


class _Reader:
    """One pass over a BVH file: header, then rows in blocks."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.path, self.file, self.line = path, file, 0
        self.joints: list[_Joint] = []
        self.channels = 0
        self.stated_frames: float | None = None
        self.frame_time: float | None = None
        self.first_row = ""

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
        stack: list[int] = []  # joints whose braces are open; -1 stands for an End Site
        opened: int | None = None
        started = False
        for raw in self.file:
            self.line += 1
            for text in raw.replace("{", "\n{\n").replace("}", "\n}\n").split("\n"):
                words = text.split()
                if not words:
                    continue
                key = words[0].upper()
                if not started:
                    if key != "HIERARCHY":
                        raise self.fail(f"{text.strip()[:40]!r}, expected HIERARCHY; is this a BVH file?")
                    started = True
                elif key in ("ROOT", "JOINT"):
                    parent = next((j for j in reversed(stack) if j >= 0), -1)
                    if parent < 0 and self.joints:
                        raise self.fail("a second root joint, expected one hierarchy per file")
                    opened = len(self.joints)
                    self.joints.append(_Joint(" ".join(words[1:]) or f"joint{opened}", parent))
                elif key == "END":
                    opened = -1
                elif key == "{":
                    if opened is None:
                        raise self.fail("a brace that opens no joint")
                    stack.append(opened)
                    opened = None
                elif key == "}":
                    if not stack:
                        raise self.fail("a closing brace too many")
                    stack.pop()
                elif key == "OFFSET" and stack:
                    offset = self.numbers(words[1:], 3, "OFFSET")
                    if stack[-1] >= 0:
                        self.joints[stack[-1]].offset = tuple(offset)
                elif key == "CHANNELS" and stack and stack[-1] >= 0:
                    self._channels(self.joints[stack[-1]], words[1:])
                elif key == "MOTION":
                    if stack or not self.joints:
                        raise self.fail("MOTION before the hierarchy is complete")
                elif key.startswith("FRAMES"):
                    self.stated_frames = self.numbers(re.split(r"[:\s]+", text.strip())[1:], 1, "Frames")[0]
                elif key == "FRAME":
                    self.frame_time = self.numbers(text.partition(":")[2].split(), 1, "Frame Time")[0]
                elif self.joints and not stack and re.match(r"[-+.\d]|nan|inf", text.strip(), re.I):
                    self.first_row = raw if raw.endswith("\n") else raw + "\n"
                    return
                else:
                    raise self.fail(f"{text.strip()[:40]!r} is not part of a BVH header")
        if not started or not self.joints or stack:
            raise self.fail("the file ends inside its hierarchy; it is empty or truncated")

    def _channels(self, joint: _Joint, words: list[str]) -> None:
        count = int(self.numbers(words, 1, "CHANNELS")[0])
        if len(words) != count + 1:
            raise self.fail(f"CHANNELS {count} names {len(words) - 1} channels")
        for name in words[1:]:
            match = re.fullmatch(r"([xyz])(position|rotation)", name, re.I)
            if match is None:
                raise self.fail(f"channel {name!r}, expected Xposition … Zrotation")
            axis, kind = match[1].upper(), match[2].lower()
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
    """The header and the numbers of a BVH file; ``FormatError`` as ``read_bvh``."""
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            reader = _Reader(path, file)
            reader.header()
            first_line = reader.line
            blocks = list(reader.rows()) if reader.channels else []
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); give the path of a .bvh file") from None
    columns: dict[int, tuple[str, str]] = {}
    for joint in reader.joints:
        columns |= {column: (joint.name, f"{'XYZ'[axis]}position") for axis, column in joint.positions.items()}
        columns |= {c: (joint.name, f"{axis}rotation") for axis, c in zip(joint.order, joint.columns, strict=True)}
    return BvhTable(
        tuple(_unique([j.name for j in reader.joints])),
        np.array([j.parent for j in reader.joints]),
        np.array([j.offset for j in reader.joints], float),
        tuple(columns[c] for c in range(reader.channels)),
        np.concatenate(blocks) if blocks else np.zeros((0, reader.channels)),
        reader.stated_frames,
        reader.frame_time,
        first_line,
    )


def read_bvh(
    path: str | Path,
    fps: float | None = None,
    scale: float | None = None,
    *,
    ground: bool = False,
    add_offsets: bool = False,
) -> Motion:
    """Read any BVH file as a Motion on its own skeleton.

    - ``fps`` overrides the header's frame time (Hz); a header that is within 0.05 % of a whole rate is
      taken as that rate (0.008333 s is 120 Hz).
    - ``scale`` is metres per file unit. Without it the longest chain from hips to leaf decides: up to 10
      units means metres, up to 500 centimetres, beyond that millimetres.
    - ``ground`` shifts the whole clip vertically so that its lowest joint stands on y = 0, for files
      whose root starts at the origin (BEAT, MPI).
    - ``add_offsets`` adds position channels to the OFFSET, as three.js does. By default they replace it, as
      in Blender and in every published file with both (ZeroEGGS, Bandai Namco).

    End Sites are not part of the skeleton. A static or moving reference node above a translating joint is
    folded into that joint. Other joints' position channels become offsets where they are constant, and are
    dropped with a warning where they move. A row of the wrong width, a value that is no finite number or a
    broken header is a ``FormatError`` that names the line; a wrong ``Frames:`` count is only a warning.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            reader = _Reader(path, file)
            reader.header()
            rotations, moves = _decode(reader)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); give the path of a .bvh file") from None
    frames = len(rotations)
    if frames == 0 and reader.stated_frames != 0:
        raise reader.fail("the file ends before its first row of motion; it is truncated")
    if reader.stated_frames is not None and reader.stated_frames != frames:
        warnings.warn(f"{path}: the header says {reader.stated_frames:g} frames, the file has {frames}", stacklevel=2)
    if fps is None:
        if reader.frame_time is None or not reader.frame_time > 0:
            raise FormatError(f"{path}: Frame Time {reader.frame_time}, expected seconds above 0; or give fps=")
        fps = 1.0 / reader.frame_time
        fps = float(round(fps)) if fps > 0.5 and abs(fps / round(fps) - 1) < 5e-4 else fps

    names = _unique([j.name for j in reader.joints])
    parents = np.array([j.parent for j in reader.joints])
    offsets = np.array([j.offset for j in reader.joints], float)
    scale = _guess_scale(parents, offsets) if scale is None else float(scale)
    for joint, values in moves.items():
        moves[joint] = (values + offsets[joint] * add_offsets) * scale
    offsets *= scale

    root = moves.pop(0, np.broadcast_to(offsets[0], (frames, 3)))
    offsets[0] = 0.0
    # A node above the true root (Bandai Namco's joint_Root): its only child carries the translation.
    while (parents == 0).sum() == 1 and 1 in moves and frames and np.ptp(moves[1], axis=0).max() > 1e-3:
        root = root + rotation.rotate(rotations[:, 0], moves[1])
        rotations[:, 1] = rotation.multiply(rotations[:, 0], rotations[:, 1])
        names, parents, offsets, rotations = names[1:], parents[1:] - 1, offsets[1:], rotations[:, 1:]
        parents[0], offsets[0] = -1, 0.0
        moves = {j - 1: values for j, values in moves.items() if j > 1}
    for joint, values in moves.items():
        if frames == 0:
            continue
        offsets[joint] = np.median(values, axis=0)
        moved = np.abs(values - offsets[joint]).max()
        if moved > 1e-3:
            warnings.warn(
                f"{path}: joint '{names[joint]}' changes its length by up to {moved:.3f} m; its position "
                "channels are dropped",
                stacklevel=2,
            )
    motion = Motion(Skeleton(tuple(names), parents, offsets), rotations, np.asarray(root, np.float32), fps)
    return _grounded(motion) if ground and frames else motion


def _decode(reader: _Reader) -> tuple[NDArray[np.float32], dict[int, NDArray[np.float64]]]:
    """All rotations ``(T, J, 4)`` and the position channels by joint, in file units."""
    joints = reader.joints
    groups: dict[str, list[int]] = {}
    for j, joint in enumerate(joints):
        if joint.order:
            groups.setdefault(joint.order, []).append(j)
    movers = [j for j, joint in enumerate(joints) if joint.positions]
    blocks: list[NDArray[np.float32]] = []
    moves: dict[int, list[NDArray[np.float64]]] = {j: [] for j in movers}
    for block in reader.rows() if reader.channels else ():
        for part in np.array_split(block, max(1, len(block) // 1024)):
            local = np.zeros((len(part), len(joints), 4), np.float32)
            local[..., 0] = 1.0
            for order, members in groups.items():
                columns = np.array([joints[j].columns for j in members])
                local[:, members] = rotation.from_euler(np.radians(part[:, columns]), order)
            blocks.append(local)
        for j in movers:
            values = np.tile(np.array(joints[j].offset), (len(block), 1))
            for axis, column in joints[j].positions.items():
                values[:, axis] = block[:, column]
            moves[j].append(values)
    empty = np.zeros((0, len(joints), 4), np.float32)
    stacked = {j: np.concatenate(v) if v else np.zeros((0, 3)) for j, v in moves.items()}
    return np.concatenate(blocks) if blocks else empty, stacked


def _unique(names: list[str]) -> list[str]:
    """Repeated names get .001, .002 … as in Blender."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        out.append(f"{name}.{seen[name]:03d}" if seen[name] else name)
    return out


def _guess_scale(parents: NDArray, offsets: NDArray) -> float:
    children = np.bincount(parents[1:], minlength=len(parents))
    # A reference node may lie metres away from the hips, where the body begins to branch.
    start = int(np.argmax(children > 1)) if (children > 1).any() else 0
    reach = np.zeros(len(parents))
    for j in range(start + 1, len(parents)):
        reach[j] = reach[parents[j]] + np.linalg.norm(offsets[j])
    longest = reach.max()
    return 1.0 if longest <= 10 else 0.01 if longest <= 500 else 0.001


def _grounded(motion: Motion) -> Motion:
    lowest = float("inf")
    for first in range(0, len(motion), 1024):
        positions, _ = motion[first : first + 1024].forward()
        lowest = min(lowest, float(positions[..., 1].min()))
    return replace(motion, root=motion.root - np.array([0.0, lowest, 0.0], np.float32))
