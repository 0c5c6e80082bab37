"""The only resampler of tracks: rotations, root, face weights, gaze and emotion at other rates and times.

A track is one of ``Motion``, ``FaceTrack`` and ``EmotionTrack``: frames at ``fps`` whose arrays are named by its
``ARRAYS``. Between two frames rotations take the shortest arc (slerp), everything else a straight line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.timing import check_frame_rate, frame_count

if TYPE_CHECKING:
    from gengine.core.emotion import EmotionTrack
    from gengine.core.face import FaceTrack
    from gengine.core.motion import Motion

Track = TypeVar("Track", "Motion", "FaceTrack", "EmotionTrack")

ROTATIONS = ("rotations", "head")
"""Arrays that hold quaternions."""
NEAR = 1e-9
"""Frames; a position this little before a frame is taken for the frame, so rounding never reads the one before."""
NEAR_HOP = 1e-6
"""The same where positions are counted in seconds of the recording first, which rounds more coarsely."""


class Blend(NamedTuple):
    """Neighbour frames ``low``, ``high`` ``(N,)`` and the share ``t (N,)`` of ``high`` for N wanted frames."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    t: NDArray

    def line(self, x: NDArray) -> NDArray:
        """Rows ``(N, C)`` of ``x (T, C)``, straight between frames."""
        t = self.t[:, None]
        return x[self.low] * (1 - t) + x[self.high] * t

    def arc(self, q: NDArray) -> NDArray[np.float64]:
        """Quaternions ``(N, 4)`` or ``(N, J, 4)`` of ``q (T, …)``, the shortest way between frames."""
        return rotation.slerp(q[self.low], q[self.high], self.t[:, None] if q.ndim == 3 else self.t)

    def of(self, track: Track, fps: float) -> Track:
        """The track at the wanted frames, called one of ``fps`` Hz."""
        values = {n: (self.arc if n in ROTATIONS else self.line)(getattr(track, n)) for n in track.ARRAYS}
        return replace(track, **values, fps=fps)


def blend_at(position: NDArray, count: int, near: float = NEAR) -> Blend:
    """The blend that reads ``count`` frames at fractional ``position (N,)`` (frames, within 0 .. count - 1)."""
    low = np.floor(position + near).astype(np.int64)
    return Blend(low, np.minimum(low + 1, count - 1), np.asarray(np.clip(position - low, 0.0, 1.0)))


def resample(track: Track, fps: float) -> Track:
    """The same track at another rate (Hz), held after its last frame; raises ``GengineError`` for a rate below 0."""
    if fps == track.fps or len(track) == 0:
        return replace(track, fps=float(fps))
    check_frame_rate("resample", fps)
    position = np.arange(frame_count(len(track) / track.fps, fps)) * (track.fps / fps)
    return blend_at(np.minimum(position, len(track) - 1), len(track)).of(track, float(fps))


def joined(tracks: Sequence[Any]) -> Any:
    """Tracks of one kind and rate, one after the other."""
    first = tracks[0]
    return replace(first, **{name: np.concatenate([getattr(t, name) for t in tracks]) for name in first.ARRAYS})


def hop_at_rate(track: Track, start: float, end: float, fps: float) -> Track:
    """The frames k / ``fps`` in [``start``, ``end``) s of a hop that begins at ``start``, from its track at its rate.

    A time between the last frame of this hop and the first of the next continues the last step (a share above 1):
    over less than a frame the error is far below what can be seen, and no hop has to wait for the next.
    """
    k = np.arange(np.ceil(start * fps - NEAR_HOP), np.ceil(end * fps - NEAR_HOP))
    position = k * (track.fps / fps) - start * track.fps
    low = np.clip(np.floor(position + NEAR_HOP).astype(int), 0, max(len(track) - 2, 0))
    share = np.where(np.abs(position - low) < NEAR_HOP, 0.0, position - low)
    blend = Blend(low, np.minimum(low + 1, len(track) - 1), share)
    return replace(track, **{n: _continued(n, getattr(track, n), blend) for n in track.ARRAYS}, fps=fps)


def _continued(name: str, x: NDArray, blend: Blend) -> NDArray:
    """One array of a track where shares may lie above 1."""
    low, high, t = blend

    between = t.any()

    def line(x: NDArray) -> NDArray:
        return x[low] + (x[high] - x[low]) * t[:, None] if between else x[low] + 0.0

    if name == "rotations":
        a = x[low].astype(float)
        if not between:
            return a
        step = rotation.to_rotvec(rotation.multiply(x[high].astype(float), rotation.conjugate(a))) * t[:, None, None]
        return np.where((t > 0)[:, None, None], rotation.multiply(rotation.from_rotvec(step), a), a)
    if name == "head":  # between neighbours at 60 Hz the chord is the arc
        return rotation.normalize(line(np.asarray(rotation.continuous(x)))) if len(x) else x
    return np.clip(line(x), 0.0, 1.0) if name == "weights" else line(x)


class StreamResampler(Generic[Track]):
    """A track at another rate, the same however it was cut: the frame before a cut is kept for blending."""

    def __init__(self, fps: float | None) -> None:
        if fps is not None:
            check_frame_rate("fps", fps)
        self._fps = fps
        self._held: Any = None
        self._start = self._next = 0

    def push(self, track: Track, last: bool = False) -> Track:
        """The frames of the new rate that are certain; ``last`` also gives those after the last frame."""
        if self._fps is None or self._fps == track.fps:
            return track
        held: Track = track if self._held is None else joined([self._held, track])
        end = self._start + len(held)
        step = track.fps / self._fps
        if last:
            count = int(np.ceil(end / step - 1e-6)) if end else 0
        else:
            count = int(np.floor((end - 1) / step + NEAR)) + 1 if end else 0
        position = np.arange(self._next, max(count, self._next)) * step
        position = np.minimum(position, max(end - 1, 0)) - self._start
        out: Track = blend_at(position, len(held)).of(held, self._fps)
        self._next = max(count, self._next)
        keep = min(max(int(np.floor(self._next * step)) - self._start, 0), max(len(held) - 1, 0))
        self._held, self._start = held[keep:], self._start + keep
        return out

    def flush(self) -> Track | None:
        """Frames still owed at the end; None where nothing was resampled."""
        return None if self._held is None else self.push(self._held[:0], last=True)
