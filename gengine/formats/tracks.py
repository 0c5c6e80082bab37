"""A performance that arrives in stretches as key frames on an avatar: the part all 3D formats share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.avatar import Avatar
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.timing import check_rate
from gengine.errors import GengineError

AVATAR_HELP = "who is shown: a preset, or the path of a .glb, .vrm, .npz or .obj"
"""Help of the option ``avatar`` of every format that shows one."""

Track = TypeVar("Track", Motion, FaceTrack, EmotionTrack)


def find_avatar(which: str | Path | Avatar) -> Avatar:
    """An avatar by preset name, by the path of its file, or itself."""
    if isinstance(which, Avatar):
        return which
    from gengine.avatars import find_avatar as find

    return find(which)


class Resampled(Generic[Track]):
    """A track at another rate, the same however it was cut: the frame before a cut is kept for blending."""

    def __init__(self, fps: float | None) -> None:
        if fps is not None:
            check_rate("fps", fps)
        self._fps = fps
        self._held: Any = None
        self._start = self._next = 0

    def push(self, track: Track, last: bool = False) -> Track:
        """The frames of the new rate that are certain; ``last`` also gives those after the last frame."""
        if self._fps is None or self._fps == track.fps:
            return track
        held = track if self._held is None else joined([self._held, track])
        end = self._start + len(held)
        step = track.fps / self._fps
        if last:
            count = int(np.ceil(end / step - 1e-6)) if end else 0
        else:
            count = int(np.floor((end - 1) / step + 1e-9)) + 1 if end else 0
        position = np.arange(self._next, max(count, self._next)) * step
        position = np.minimum(position, max(end - 1, 0)) - self._start
        low = np.floor(position + 1e-9).astype(int)
        out = _mixed(held, low, np.minimum(low + 1, len(held) - 1), np.clip(position - low, 0.0, 1.0), self._fps)
        self._next = max(count, self._next)
        keep = min(max(int(np.floor(self._next * step)) - self._start, 0), max(len(held) - 1, 0))
        self._held, self._start = held[keep:], self._start + keep
        return out

    def flush(self) -> Track | None:
        """Frames still owed at the end; None where nothing was resampled."""
        return None if self._held is None else self.push(self._held[:0], last=True)


_FIELDS: dict[type, tuple[str, ...]] = {
    Motion: ("rotations", "root"),
    FaceTrack: ("weights", "head", "gaze"),
    EmotionTrack: ("weights", "vad"),
}


def joined(tracks: Sequence[Any]) -> Any:
    """Tracks of one kind and rate, one after the other."""
    first = tracks[0]
    return replace(first, **{f: np.concatenate([getattr(t, f) for t in tracks]) for f in _FIELDS[type(first)]})


def _mixed(track: Any, low: NDArray, high: NDArray, t: NDArray, fps: float) -> Any:
    def mix(x: NDArray) -> NDArray:
        return x[low] * (1 - t[:, None]) + x[high] * t[:, None]

    if isinstance(track, Motion):
        turns = rotation.slerp(track.rotations[low], track.rotations[high], t[:, None])
        return Motion(track.skeleton, turns, mix(track.root), fps)
    if isinstance(track, EmotionTrack):
        return EmotionTrack(mix(track.weights), mix(track.vad), fps)
    return FaceTrack(mix(track.weights), rotation.slerp(track.head[low], track.head[high], t), mix(track.gaze), fps)


class Clocked:
    """Body and face of the stretches, checked, brought to the wished rates and gathered into blocks.

    ``push`` gives (motion, face) blocks of a few seconds, so that short stretches cost little, or Nones while they
    fill; ``flush`` gives the rest. Either track may be absent throughout.
    """

    _FRAMES = 240

    def __init__(self, path: Path, fps: float | None = None, face_fps: float | None = None) -> None:
        self._path = path
        self._body: Resampled[Motion] = Resampled(fps)
        self._face: Resampled[FaceTrack] = Resampled(face_fps if face_fps is not None else fps)
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
            if track is not None and not all(np.isfinite(getattr(track, f)).all() for f in _FIELDS[type(track)]):
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
