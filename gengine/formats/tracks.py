"""A performance that arrives in stretches as key frames on an avatar: the part all 3D formats share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.resampling import StreamResampler, joined
from gengine.errors import GengineError


class Clocked:
    """Body and face of the stretches, checked, brought to the wished rates and gathered into blocks.

    ``push`` gives (motion, face) blocks of a few seconds, so that short stretches cost little, or Nones while they
    fill; ``flush`` gives the rest. Either track may be absent throughout.
    """

    _FRAMES = 240

    def __init__(self, path: Path, fps: float | None = None, face_fps: float | None = None) -> None:
        self._path = path
        self._body: StreamResampler[Motion] = StreamResampler(fps)
        self._face: StreamResampler[FaceTrack] = StreamResampler(face_fps if face_fps is not None else fps)
        self._first: tuple[Any, ...] | None = None
        self._waiting: tuple[list[Motion], list[FaceTrack]] = ([], [])

    def push(self, stretch: Performance) -> tuple[Motion | None, FaceTrack | None]:
        motion, face = stretch.motion, stretch.face
        clock = (motion.fps if motion is not None else None, face.fps if face is not None else None)
        if clock == (None, None):
            raise GengineError(f"{self._path.name}: the performance has no motion and no face, expected one of them")
        if self._first is None:
            self._first = clock
        if clock != self._first:
            raise GengineError(f"{self._path.name}: a stretch at {clock} Hz does not continue one at {self._first} Hz")
        for track in (motion, face):
            if track is not None and not all(np.isfinite(getattr(track, f)).all() for f in track.ARRAYS):
                raise GengineError(f"{self._path.name}: the {type(track).__name__} holds NaN or infinity")
        if motion is not None:
            self._waiting[0].append(self._body.push(motion))
        if face is not None:
            self._waiting[1].append(self._face.push(face))
        full = max(sum(map(len, tracks)) for tracks in self._waiting) >= self._FRAMES
        return self._gathered() if full else (None, None)

    def flush(self) -> tuple[Motion | None, FaceTrack | None]:
        for owed, tracks in ((self._body.flush(), self._waiting[0]), (self._face.flush(), self._waiting[1])):
            if owed is not None:
                tracks.append(owed)  # type: ignore[arg-type]
        return self._gathered()

    def _gathered(self) -> tuple[Motion | None, FaceTrack | None]:
        motions, faces = self._waiting
        self._waiting = ([], [])
        return joined(motions) if motions else None, joined(faces) if faces else None
