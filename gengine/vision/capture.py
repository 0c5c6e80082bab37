"""A real face in a film becomes a face track: ARKit weights, head and gaze on the recording's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core.face import FaceTrack
from gengine.core.report import Report
from gengine.errors import VisionError
from gengine.vision import load_faces
from gengine.vision.faces import SeenFace
from gengine.vision.film import Film
from gengine.vision.fit import FEWEST, FittedFace, fit_face

POOR_FIT = 0.04
"""Mean distance between seen and fitted points, in shares of the eyes' distance, from which on it is worth a warning:
twice that of GRID's speakers (judgement)."""

SMALL = 80
"""Width of a face, px, below which lips are read from too few pixels (judgement): half of what the network sees."""

MOST_FRAMES = 36_000
"""Frames of a film that are captured at most: 20 minutes at 30 Hz, which take 4 GB (measured: .1 MB a frame)."""

BRIEF = 0.05
"""Share of a film's frames in which a face must be to count as one of its people (judgement)."""


@dataclass(frozen=True)
class Captured:
    """``face`` begins at second 0 of the recording; ``fitted`` is what it was made of; ``report`` what was done.
    ``sound`` tells whether the film has any."""

    face: FaceTrack
    fitted: FittedFace
    report: Report
    sound: bool


def capture_face(
    path: str | Path, number: int = 1, progress: Callable[[float, float | None], None] | None = None
) -> Captured:
    """The face of a film; ``number`` counts its people from 1, the one that is largest over the film first.

    ``progress(seconds, duration or None)`` is called after each frame. Frames without the face are filled between those
    around them, or held, and a warning says so. Raises VisionError where the file is no film, shows no face, or has
    fewer than ``number``, or has more than ``MOST_FRAMES`` frames; MissingExtraError without the extra ``vision``.
    """
    film = Film(path)
    faces = load_faces()
    times: list[float] = []
    first: list[NDArray[np.uint8]] = []

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for seconds, picture in film:
            if len(times) == MOST_FRAMES:
                raise VisionError(
                    f"it has more than {MOST_FRAMES} frames, which no memory is counted on for; "
                    "cut it into parts, for example with ffmpeg -ss 10:00 -t 10:00"
                )
            if not times:
                first.append(picture)
            times.append(seconds)
            yield picture
            if progress:
                progress(seconds, film.duration)

    try:
        found = faces.read(pictures())
    except VisionError as error:
        raise VisionError(f"{path}: {str(error).removeprefix('film: ')}") from None
    if faces.upside_down(first[0]):
        raise VisionError(f"{path}: the face is upside down; turn the film, for example with ffmpeg -vf hflip,vflip")
    people = [face for face in found if face.seen.mean() >= BRIEF] or found[:1]
    if not 1 <= number <= len(people):
        raise VisionError(f"{path}: face {number} is not there; it shows {len(people)}: give 1 to {len(people)}")
    face, seconds = people[number - 1], np.array(times)
    even = _even(face, seconds, film.fps)
    fitted = fit_face(even, film.fps)
    lead = max(round(float(seconds[0]) * film.fps), 0)  # sound may begin before the picture
    held = np.maximum(np.arange(len(fitted.head) + lead) - lead, 0)
    track = FaceTrack(fitted.weights[held], fitted.head[held], fitted.gaze[held], film.fps)
    return Captured(track, fitted, _report(film, face, even, fitted, number, len(people)), film.sound)


def _even(face: SeenFace, seconds: NDArray, fps: float) -> SeenFace:
    """The face at evenly spaced frames: films of phones skip some. A frame is as that nearest in time, or moved."""
    count = max(round((seconds[-1] - seconds[0]) * fps) + 1, 1)
    wanted = seconds[0] + np.arange(count) / fps
    if len(seconds) == count and np.abs(wanted - seconds).max() < 1 / (4 * fps):
        return face
    order = np.argsort(seconds, kind="stable")
    at = np.interp(wanted, seconds[order], order.astype(float))
    low = np.floor(at).astype(int)
    high, share = np.minimum(low + 1, len(seconds) - 1), (at - low)[:, None, None]
    landmarks = np.where(
        share > 0, face.landmarks[low] * (1 - share) + face.landmarks[high] * share, face.landmarks[low]
    )
    return SeenFace(landmarks.astype(np.float32), face.scores[np.round(at).astype(int)], face.size)


def _report(film: Film, face: SeenFace, even: SeenFace, fitted: FittedFace, number: int, people: int) -> Report:
    seen = even.seen
    width = float(np.median((face.boxes[:, 2] - face.boxes[:, 0])[face.seen]))
    facts = {
        "face": number, "faces": people, "frames": len(face.seen), "seen": int(face.seen.sum()),
        "fps": round(film.fps, 3), "width px": round(width), "misfit %": round(100 * fitted.error, 2),
    }  # fmt: skip
    notes, warnings = [], []
    if people > 1:
        notes.append(f"'{film.path.name}' shows {people} faces; number {number} by size is captured.")
    if gaps := _stretches(~seen):
        longest = max(end - start for start, end in gaps) / film.fps
        warnings.append(
            f"The face is out of sight for {(~seen).sum() / film.fps:.2f} s in {len(gaps)} stretches (the longest "
            f"{longest:.2f} s); there it moves evenly between what is seen around, or is held."
        )
    if film.broken:
        warnings.append(f"{film.broken} pieces of '{film.path.name}' could not be decoded; their frames are skipped.")
    if len(seen) < FEWEST:
        warnings.append(
            f"{len(seen)} frames are too few to tell the person's neutral face; its look may be read as one."
        )
    if width < SMALL:
        warnings.append(f"The face is {width:.0f} px wide; from {SMALL} px on lips are read well.")
    if fitted.error > POOR_FIT:
        warnings.append(
            f"The face is {100 * fitted.error:.1f} % of the eyes' distance off the model; look at the result."
        )
    return Report({"capture": facts}, tuple(notes), tuple(warnings))


def _stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Beginnings and ends of the stretches that are true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
