"""BEAT's face files (.json): 51 ARKit weights per frame, in alphabetical order and without ``tongueOut``.

``{"names": [51 names], "frames": [{"weights": [51 numbers], "time": seconds, "rotation": [w, x, y, z]}, …]}``.
``rotation`` is the head over a trunk at rest as a unit quaternion; BEAT leaves its meaning open, and a reader
may ignore it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core import bounds, rotation
from gengine.core.bounds import bordered
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.errors import FormatError
from gengine.formats.face_curves import arkit_index, arkit_weights, regular_face
from gengine.formats.face_text import FaceTextExporter

NAMES: tuple[str, ...] = tuple(sorted(set(ARKIT_NAMES) - {"tongueOut"}))
"""The 51 names in file order."""
_ORDER = np.array([ARKIT_INDEX[name] for name in NAMES])


class BeatJsonExporter(FaceTextExporter):
    """The face as BEAT stores it, one frame per line, written as it arrives.

    ``time`` is seconds of the recording. Gaze stays in the ``eyeLook`` weights only.
    """

    suffix: ClassVar[str] = ".json"
    default_name: ClassVar[str] = "face.json"
    footer: ClassVar[str] = "\n]}\n"

    def header(self, start: float) -> str:
        self._start = start
        return f'{{"names": {json.dumps(NAMES)}, "frames": ['

    def values(self, face: FaceTrack) -> NDArray:
        times = self._start + (self.frames + np.arange(len(face))) / self.fps
        return np.concatenate([face.weights[:, _ORDER], times[:, None], face.head], axis=1)

    def text(self, values: NDArray[np.float64]) -> str:
        weights = ", ".join(["%.6f"] * len(NAMES))
        line = f'\n{{"weights": [{weights}], "time": %.6f, "rotation": [%.6f, %.6f, %.6f, %.6f]}}'
        rows = [line % tuple(row) for row in (np.round(values, 6) + 0.0).tolist()]  # no -0.000000
        return ("," if self.frames else "") + ",".join(rows)


@bordered("give the path of a .json file of BEAT's layout")
def read_beat_json(path: str | Path, fps: float | None = None) -> FaceTrack:
    """Read a BEAT face file: any subset and order of ARKit names, with or without ``rotation``.

    The rate is measured from the times (or ``fps``, Hz); uneven times are interpolated to a regular clock. Keys
    beyond ``weights``, ``time`` and ``rotation`` are left out; a ``rotation`` that is no quaternion is ignored.
    Gaze is not in the file and comes back as 0. Damage is a ``FormatError`` that says where.
    """
    path = Path(path)
    data = bounds.read_bounded(path, bounds.TEXT_BYTES, "give the path of a .json file")
    content = bounds.parse_json(data, path, "it may be truncated")
    names = content.get("names") if isinstance(content, dict) else None
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(names, list) or not isinstance(frames, list):
        raise FormatError(f"{path}: has no lists 'names' and 'frames', expected BEAT's face format")
    if not any(isinstance(name, str) and arkit_index(name) is not None for name in names):
        raise FormatError(f"{path}: none of its {len(names)} names is an ARKit curve")

    weights = np.zeros((len(frames), len(names)))
    times, heads = np.zeros(len(frames)), np.tile(rotation.IDENTITY, (len(frames), 1))
    for i, frame in enumerate(frames):
        try:
            row = frame["weights"]
            if len(row) != len(names):
                raise FormatError(f"{path}: frame {i} has {len(row)} weights, expected {len(names)}")
            weights[i], times[i] = row, frame["time"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise FormatError(f"{path}: frame {i} is not {{weights, time}} of numbers ({error})") from None
        turn = frame.get("rotation")
        if isinstance(turn, list) and len(turn) == 4 and all(isinstance(x, int | float) and abs(x) <= 2 for x in turn):
            heads[i] = turn
        if not (np.isfinite(weights[i]).all() and np.isfinite(times[i])):
            raise FormatError(f"{path}: frame {i} holds NaN or infinity, expected finite numbers")
        if i and times[i] <= times[i - 1]:
            raise FormatError(f"{path}: frame {i} at {times[i]} s does not follow {times[i - 1]} s; times must grow")
    heads = np.where(np.isfinite(heads).all(1, keepdims=True), heads, rotation.IDENTITY)
    curves = arkit_weights([str(name) for name in names], weights)
    gaze = np.zeros((len(frames), 2), np.float32)
    return regular_face(times, curves, rotation.normalize(heads).astype(np.float32), gaze, fps, str(path))
