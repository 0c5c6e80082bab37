"""The motion files of BEAT: the true frame rate, the raw first row of cut releases, the 141-dim channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.bounds import bordered
from gengine.core.euler141 import JOINTS
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import FormatError
from gengine.formats.bvh_parser import BvhTable, frame_rate, parsed, read_bvh_table

_SLACK = 0.05
"""Metres that the hips may lie below the floor's height before a file counts as standing on the ground."""


@dataclass(frozen=True, eq=False)
class BeatBody:
    """One file: ``table`` as written, its true ``fps`` (Hz), and plain ``notes`` on what was mended."""

    path: Path
    table: BvhTable
    fps: float
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.table.values) / self.fps

    def _rows(self, fps: float | None) -> tuple[NDArray[np.float64], float]:
        """Rows at ``fps`` where that only takes leaving rows out, else all rows and their rate."""
        if fps is not None and fps < self.fps and abs(self.fps / fps - round(self.fps / fps)) < 1e-6:
            return self.table.values[:: round(self.fps / fps)], fps
        return self.table.values, self.fps

    def motion(self, fps: float | None = None) -> Motion:
        """The body standing on y = 0, at ``fps`` (Hz, None: the file's).

        Files whose hips start at the origin, as BEAT's do, are lifted until the lowest joint of the clip touches
        the ground.
        """
        values, rate = self._rows(fps)
        offsets = self.table.offsets * 0.01
        offsets[0] = 0.0
        skeleton = Skeleton(self.table.names, self.table.parents, offsets)
        turns = rotation.from_euler(np.radians(values[:, 3:]).reshape(len(values), -1, 3))
        root = values[:, :3] * 0.01
        motion = Motion(skeleton, turns, root, rate)
        legs = -float(
            skeleton.forward(np.tile(rotation.IDENTITY, (1, len(skeleton), 1)), np.zeros((1, 3)))[0].min(1)[0, 1]
        )
        if root[0, 1] < 0.5 * legs - _SLACK:
            lowest = min(float(motion[a : a + 1024].forward()[0][..., 1].min()) for a in range(0, len(motion), 1024))
            motion = replace(motion, root=motion.root - np.array([0.0, lowest, 0.0], np.float32))
        return motion if fps is None else motion.resample(fps)

    def angles141(self, fps: float | None = None) -> NDArray[np.float64]:
        """The file's own angles ``(T, 141)`` in degrees, as metrics of published networks take them."""
        values, rate = self._rows(fps)
        if fps is not None and rate != fps:
            raise FormatError(f"{self.path}: {self.fps:g} Hz cannot be thinned to {fps:g} Hz; choose a divisor")
        return values[:, columns141(self.table.names)]


def columns141(names: tuple[str, ...] | None = None) -> NDArray[np.int64]:
    """Columns of the 141-dim set among BEAT's 228 channels."""
    names = names or beat_skeleton().names
    first = np.array([3 + 3 * names.index(joint) for joint in JOINTS])
    return (first[:, None] + np.arange(3)).ravel()


def has_beats_joints(path: str | Path) -> bool:
    """Whether a BVH declares BEAT's joints and channels, as ``read_body`` wants them."""
    with parsed(path) as parser:
        names = tuple(joint.name for joint in parser.joints)
        return names == beat_skeleton().names and all(joint.order == "XYZ" for joint in parser.joints)


@bordered("give the path of a .bvh file")
def read_body(path: str | Path) -> BeatBody:
    """Read a BEAT ``.bvh``. Another skeleton or channel layout is a ``FormatError`` that names the line.

    - A ``Frames:`` count that is not a whole number (five released files) or is off by a little is noted; the
      rows decide.
    - Published cuts keep the header of the 120 Hz original above fewer rows. The count then tells the rate:
      957 rows under "Frames: 7669" are every 8th frame, so 15 Hz.
    - In those cuts the first row is a full frame and all others hold the 47 joints of the 141-dim set with zeros
      elsewhere; hips, spine, head and legs then keep the pose of the first row.
    """
    path = Path(path)
    table = read_bvh_table(path)
    _check_skeleton(path, table)
    rows = len(table.values)
    if rows == 0:
        raise FormatError(f"{path}: line {table.first_line}: no row of motion; the file is truncated")
    fps = frame_rate(path, table.frame_time, table.first_line - 1)
    notes = []
    stated = table.frames
    short = f"{path}: line {table.first_line + rows - 1}: the file ends after {rows} of {stated} rows; it is cut off"
    if stated is not None and stated != int(stated):
        notes.append(f"line {table.first_line - 2}: Frames: {stated:g} is no whole number; the file has {rows} rows")
    elif stated is not None and stated != rows:
        notes.append(f"line {table.first_line - 2}: Frames: {stated:g}, but the file has {rows} rows")
    if stated and stated / rows > 1.5:
        step = round(stated / rows)
        if step < 2 or abs(stated / rows / step - 1) > 0.02:
            raise FormatError(short)
        fps /= step
        notes.append(f"taken as every {step}th frame of the original: {fps:g} Hz")
    elif stated and rows < stated - max(2.0, 0.02 * stated):
        raise FormatError(short)
    others = np.setdiff1d(np.arange(table.values.shape[1]), columns141(table.names))
    if rows > 1 and np.any(table.values[0, others]) and not np.any(table.values[1:, others]):
        values = table.values.copy()
        values[1:, others] = values[0, others]
        table = replace(table, values=values)
        notes.append(f"line {table.first_line}: only this row has the whole body; the other 28 joints keep its pose")
    return BeatBody(path, table, fps, tuple(notes))


def _check_skeleton(path: Path, table: BvhTable) -> None:
    wanted = beat_skeleton()
    if table.names != wanted.names or not np.array_equal(table.parents, wanted.parents):
        other = next((a for a, b in zip(table.names, wanted.names, strict=False) if a != b), None)
        line = _line_of(path, other) if other else 1
        what = f"joint '{other}' is not BEAT's" if other else "the joints are not BEAT's"
        raise FormatError(f"{path}: line {line}: {what}; expected its {len(wanted)} joints, found {len(table.names)}")
    expected = [("Hips", f"{a}position") for a in "XYZ"]
    expected += [(name, f"{a}rotation") for name in wanted.names for a in "XYZ"]
    if list(table.channels) != expected:
        joint = next((a[0] for a, b in zip(table.channels, expected, strict=False) if a != b), table.names[-1])
        raise FormatError(
            f"{path}: line {_line_of(path, joint, 'CHANNELS')}: channels of '{joint}' are not BEAT's X, Y, Z rotations"
        )


def _line_of(path: Path, joint: str, key: str = "") -> int:
    """Line of a joint's name, or of the first line after it that begins with ``key``."""
    seen = False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            words = line.split()
            seen = seen or words[1:2] == [joint]
            if seen and (not key or words[:1] == [key]):
                return number
    return 1
