"""Face curves of a run, from face.csv (Live Link Face) or face.json (BEAT). Plain Python and NumPy."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .run_folder import RunError

ARKIT = (
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft "
    "cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight "
    "eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft "
    "eyeWideRight jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft "
    "mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight "
    "mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft "
    "mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft "
    "noseSneerRight tongueOut"
).split()
_BY_LOWER = {name.lower(): name for name in ARKIT}


@dataclass
class Face:
    """``times (T,)`` s; ``curves`` ARKit name to ``(T,)`` weights; ``gaze (T, 2)`` rad, yaw to the character's
    left and pitch up, or None where the file has none."""

    times: np.ndarray
    curves: dict[str, np.ndarray]
    gaze: np.ndarray | None


def arkit_name(label: str) -> str | None:
    """The ARKit curve that a shape key's name means, or None.

    Any case; ``_L``/``.R``/``L`` or ``Left`` at the end; underscores inside; and any prefix set off by a sign
    ("Head.jawOpen", "blendShape1.eyeBlink_L"). A side on a curve without sides ("browInnerUp_L") is dropped.
    """
    sided = re.sub(r"[_.\- ]?(?<![A-Z])L$|[_.\- ]l$", "Left", label)
    sided = re.sub(r"[_.\- ]?(?<![A-Z])R$|[_.\- ]r$", "Right", sided)
    for text in (sided, label):
        pieces = re.split(r"[_.:|\-\s]+", text)
        for first in range(len(pieces)):
            tail = "".join(pieces[first:]).lower()
            if tail in _BY_LOWER:
                return _BY_LOWER[tail]
            bare = re.sub("(left|right)$", "", tail)
            if bare in _BY_LOWER:
                return _BY_LOWER[bare]
    return None


def read_face(csv: Path | None, js: Path | None) -> Face:
    """The face of a run; the .csv is preferred, since only it holds gaze."""
    if csv is not None:
        return _read_csv(csv)
    if js is not None:
        return _read_json(js)
    raise RunError("the run has no face.csv and no face.json; animate again with --formats bvh,csv")


def _read_csv(path: Path) -> Face:
    lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    header = [cell.strip().lower() for cell in lines[0].split(",")] if lines else []
    if not header or header[0] != "timecode":
        raise RunError(f"{path}: line 1 is no Live Link Face header (Timecode,BlendShapeCount,...)")
    times, rows = [], []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        code, *cells = line.split(",")
        try:
            hours, minutes, seconds, sixtieths = (float(x) for x in re.split("[:;]", code))
            rows.append([float(c) for c in cells])
        except ValueError:
            raise RunError(f"{path}: line {number} is damaged: {line[:40]!r}") from None
        if len(cells) != len(header) - 1:
            raise RunError(f"{path}: line {number} has {len(cells) + 1} values, expected {len(header)}")
        times.append((hours * 60 + minutes) * 60 + seconds + sixtieths / 60)
    if not rows:
        raise RunError(f"{path}: holds no frames")
    values = np.array(rows)
    column = {name: values[:, k] for k, name in enumerate(header[1:])}
    curves = {_BY_LOWER[n]: v for n, v in column.items() if n in _BY_LOWER}
    # Live Link's eyes: yaw to the character's right, pitch down, radians
    eyes = [column.get(n) for n in ("lefteyeyaw", "righteyeyaw", "lefteyepitch", "righteyepitch")]
    gaze = None
    if all(e is not None for e in eyes):
        gaze = -np.stack([(eyes[0] + eyes[1]) / 2, (eyes[2] + eyes[3]) / 2], axis=1)
    # Timecodes begin at an hour of custom and pass midnight; BVH and sound begin with the first row.
    steps = np.diff(np.array(times))
    steps[steps < -43200] += 86400
    return Face(_regular(np.concatenate([[0.0], np.cumsum(steps)])), curves, gaze)


def _read_json(path: Path) -> Face:
    try:
        content = json.loads(path.read_text("utf-8-sig"))
        names, frames = content["names"], content["frames"]
        values = np.array([f["weights"] for f in frames], float).reshape(len(frames), len(names))
        times = np.array([f["time"] for f in frames], float)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path}: is no BEAT face file ({type(error).__name__}: {error})") from None
    if not len(times):
        raise RunError(f"{path}: holds no frames")
    curves = {_BY_LOWER[n.lower()]: values[:, k] for k, n in enumerate(names) if n.lower() in _BY_LOWER}
    return Face(_regular(times - times[0]), curves, None)


def _regular(times: np.ndarray) -> np.ndarray:
    """Times on their exact grid where rounding to thousandths of a frame is all that keeps them off it."""
    if len(times) < 2:
        return times
    rate = round((len(times) - 1) / (times[-1] - times[0]) * 1000) / 1000 if times[-1] > times[0] else 0
    grid = np.arange(len(times)) / rate if rate else times
    return grid if np.abs(grid - times).max() < 2e-4 else times
