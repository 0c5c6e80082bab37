"""Live Link Face recordings (.csv), as the phone app writes and Unreal's importer reads them.

Columns: ``Timecode``, ``BlendShapeCount``, the 52 ARKit curves, then yaw, pitch and roll of the head, the left
and the right eye. The curves stand in Apple's order but for ``jawLeft``/``jawRight`` and
``mouthLeft``/``mouthRight``, which are swapped. The timecode's last field counts frames of 1/60 s, whatever the
rate of the rows, and may have a fraction.

Angles are radians: in real captures a full ``eyeLookOut`` curve lies at 0.6. There eye yaw is positive towards
the character's right and pitch positive downwards; that is this project's frame mirrored left to right, so roll
is mirrored too. No capture at hand has a moving head: its angles are written in the same frame, yaw outermost.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core import bounds, rotation
from gengine.core.bounds import bordered
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.errors import FormatError
from gengine.formats.face_curves import arkit_index, arkit_weights, regular_face
from gengine.formats.face_text import FaceTextExporter

_SWAPPED = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
CURVES: tuple[str, ...] = tuple(_SWAPPED.get(name, name) for name in ARKIT_NAMES)
"""The 52 curves in file order."""
ANGLES: tuple[str, ...] = tuple(f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in
                                ("Yaw", "Pitch", "Roll"))  # fmt: skip
_ORDER = np.array([ARKIT_INDEX[name] for name in CURVES])
_MIRROR = np.array([-1.0, 1.0, -1.0])
"""Yaw, pitch, roll between this project's frame and the file's."""
_DAY = 24 * 3600 * 60
"""Frames of the timecode in a day: it counts sixtieths of a second, whatever the rate of the rows."""


class LiveLinkExporter(FaceTextExporter):
    """The face as a Live Link Face recording, at the face track's own rate.

    ``degrees`` writes the nine angles in degrees for tools that expect them; ``hour`` is the timecode at which
    the recording begins (01:00:00:00 by custom). Unreal takes the subject from a file name like
    ``<slate>_<take>_<subject>.csv``.
    """

    suffix: ClassVar[str] = ".csv"
    default_name: ClassVar[str] = "face.csv"

    def __init__(
        self,
        path: str | Path,
        degrees: Annotated[bool, "the nine angles in degrees instead of radians"] = False,
        hour: Annotated[int, "timecode at which the recording begins"] = 1,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._unit = 180 / np.pi if degrees else 1.0
        self._origin = float(hour) * 3600 * 60

    def header(self, start: float) -> str:
        self._origin += start * 60
        titles = [name[0].upper() + name[1:] for name in CURVES]
        return ",".join(["Timecode", "BlendShapeCount", *titles, *ANGLES]) + "\n"

    def values(self, face: FaceTrack) -> NDArray:
        yaw, pitch, level = face.gaze[:, 0].astype(float), -face.gaze[:, 1].astype(float), np.zeros(len(face))
        left, right = (np.stack([yaw + side * face.convergence, pitch, level], axis=1) for side in (-1, 1))
        angles = np.concatenate([rotation.to_euler(face.head, "YXZ"), left, right], axis=1) * np.tile(_MIRROR, 3)
        return np.concatenate([face.weights[:, _ORDER], angles * self._unit], axis=1)

    def text(self, values: NDArray[np.float64]) -> str:
        sixtieths = self._origin + (self.frames + np.arange(len(values))) * (60 / self.fps)
        line = f"%s,{len(CURVES) + len(ANGLES)}," + ",".join(["%.10f"] * values.shape[1]) + "\n"
        codes = [_timecode(x) for x in sixtieths.tolist()]
        return "".join([line % (code, *row) for code, row in zip(codes, (values + 0.0).tolist(), strict=True)])


def _timecode(sixtieths: float) -> str:
    thousandths = round(sixtieths * 1000) % (_DAY * 1000)
    seconds, frame = divmod(thousandths, 60_000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame / 1000:06.3f}"


@bordered("give the path of a Live Link Face .csv file")
def read_livelink(path: str | Path, fps: float | None = None, degrees: bool = False) -> FaceTrack:
    """Read a Live Link Face recording, of the app or of any tool that writes the format.

    Columns are found by name in any case; absent ones are zero. The rate is measured from the timecodes (or
    ``fps``, Hz); recordings with dropped frames are interpolated to a regular clock, drop-frame timecodes are
    understood, and rows without a tracked face (BlendShapeCount 0) are bridged. ``degrees`` tells the unit of the
    angles. Weights are as captured, which is now and then slightly above 1. A row that does not fit is a
    ``FormatError`` that names its line.
    """
    path = Path(path)
    data = bounds.read_bounded(path, bounds.TEXT_BYTES, "give the path of a .csv file")
    lines = data.decode("utf-8-sig", errors="replace").splitlines()
    header = [cell.strip() for cell in lines[0].split(",")] if lines else []
    if not header or header[0].lower() != "timecode" or not any(arkit_index(name) is not None for name in header):
        raise FormatError(
            f"{path}: line 1 is no Live Link Face header, expected Timecode,BlendShapeCount,EyeBlinkLeft,…"
        )
    skip = 2 if len(header) > 1 and header[1].lower() == "blendshapecount" else 1
    names = header[skip:]

    codes: list[float] = []
    rows: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.split(",", skip)
        if not line.strip() or (skip == 2 and len(cells) > 1 and cells[1].strip() == "0"):
            continue
        if len(cells) <= skip:
            raise FormatError(f"{path}: line {number}: {line.count(',') + 1} values, expected {len(header)}")
        codes.append(_sixtieths(path, number, cells[0]))
        rows.append(cells[skip])
        numbers.append(number)
    if not rows:
        raise FormatError(f"{path}: holds no frame with a face")
    values = _numbers(path, rows, numbers, len(names))

    times = _seconds(path, np.array(codes), numbers)
    fresh = np.append(True, np.diff(times) > 0)  # a repeated timecode repeats a frame
    values, times = values[fresh], times[fresh]
    lower = [name.lower() for name in names]
    unit = np.pi / 180 if degrees else 1.0

    def angles(part: str) -> NDArray:
        columns = [values[:, lower.index(n)] if n in lower else np.zeros(len(values))
                   for n in (f"{part}yaw", f"{part}pitch", f"{part}roll")]  # fmt: skip
        return np.stack(columns, axis=1) * _MIRROR * unit

    eyes = (angles("lefteye") + angles("righteye")) / 2
    head = rotation.from_euler(angles("head"), "YXZ").astype(np.float32)
    gaze = (eyes[:, :2] * [1.0, -1.0]).astype(np.float32)
    return regular_face(times, arkit_weights(names, values), head, gaze, fps, str(path))


def _sixtieths(path: Path, number: int, text: str) -> float:
    match = re.fullmatch(r"\s*(\d{1,4}):(\d{1,4}):(\d{1,4})[:;](\d{1,9}(?:\.\d{0,20})?)\s*", text[:80])
    if match is None:
        raise FormatError(f"{path}: line {number}: timecode {text[:20]!r}, expected HH:MM:SS:FF.fff")
    hours, minutes, seconds, frame = (float(g) for g in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 60 + frame


def _seconds(path: Path, codes: NDArray, numbers: list[int]) -> NDArray:
    """Seconds from timecodes in 60ths, across midnight and over the numbers that drop-frame counting leaves out."""
    steps = np.diff(codes)
    steps[steps < -_DAY / 2] += _DAY
    if (steps < 0).any():
        line = numbers[int(np.argmax(steps < 0)) + 1]
        raise FormatError(f"{path}: line {line}: the timecode runs backwards, expected growing ones")
    if len(steps):
        minutes = codes // 3600
        turns = (np.diff(minutes) != 0) & (minutes[1:] % 10 != 0)
        dropped = turns & (codes[1:] % 3600 >= 4) & (np.abs(steps - np.median(steps) - 4) < 0.5)
        if dropped.any() and dropped.sum() == turns.sum():
            steps = (steps - 4.0 * dropped) * 1.001
    return np.concatenate([[0.0], np.cumsum(steps)]) / 60


def _numbers(path: Path, rows: list[str], numbers: list[int], width: int) -> NDArray[np.float64]:
    values = np.zeros(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            values = np.fromstring(",".join(rows), sep=",")
        except (ValueError, DeprecationWarning):
            pass
    if values.size == len(rows) * width and np.isfinite(values).all() and all(r.count(",") == width - 1 for r in rows):
        return values.reshape(len(rows), width)
    for number, row in zip(numbers, rows, strict=True):
        cells = row.split(",")
        if len(cells) != width:
            raise FormatError(f"{path}: line {number}: {len(cells)} curves, expected {width} as in the header")
        for cell in cells:
            try:
                fine = np.isfinite(float(cell))
            except ValueError:
                fine = False
            if not fine:
                raise FormatError(f"{path}: line {number}: value {cell[:20]!r}, expected a finite number")
    raise FormatError(f"{path}: holds values that cannot be read as numbers")
