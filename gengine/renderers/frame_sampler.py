"""Reads a performance that arrives in stretches at the times of video frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.resampling import NEAR_HOP, blend_at, joined
from gengine.errors import GengineError
from gengine.renderers.video_writer import check_fps


def first_frame(start: float, fps: float) -> int:
    """Number of the first frame at or after ``start`` s."""
    return int(np.ceil(start * fps - 1e-6))


class FrameSampler:
    """Holds what is still needed of the stretches pushed; frames do not depend on where they were cut."""

    def __init__(self, fps: float) -> None:
        check_fps("render fps", fps)
        self.fps = fps
        self._motion: _TrackBuffer | None = None
        self._face: _TrackBuffer | None = None
        self._next: int | None = None
        self._end = 0.0

    def push(self, stretch: Performance) -> None:
        """Add the next stretch."""
        if stretch.motion is None and stretch.face is None:
            raise GengineError("avatar video: the performance holds neither motion nor face, expected at least one")
        if self._next is None:
            self._next = first_frame(stretch.start, self.fps)
            self._motion = None if stretch.motion is None else _TrackBuffer(stretch.start)
            self._face = None if stretch.face is None else _TrackBuffer(stretch.start)
        for buffer, track in ((self._motion, stretch.motion), (self._face, stretch.face)):
            if buffer is not None:
                if track is None:
                    raise GengineError("avatar video: a track is missing in a later stretch, expected the same in all")
                buffer.push(track)
        self._end = stretch.start + stretch.duration

    def take(self, block: int, last: bool) -> tuple[Motion | None, FaceTrack | None]:
        """Up to ``block`` next frames; before the ``last`` stretch only those whose neighbours are known."""
        first = self._next or 0
        count = min(block, max(0, int(np.ceil(self._end * self.fps - 1e-6)) - first))
        times = np.arange(first, first + count) / self.fps
        buffers = [b for b in (self._motion, self._face) if b is not None]
        if not last:
            times = times[: min((b.known(times) for b in buffers), default=0)]
        self._next = first + len(times)
        motion = None if self._motion is None else self._motion.at(times, self.fps)
        face = None if self._face is None else self._face.at(times, self.fps)
        return motion, face


class _TrackBuffer:
    """The part of one track that coming frames still need."""

    def __init__(self, start: float) -> None:
        self._start, self._first, self._track = start, 0, None

    def push(self, track: Any) -> None:
        if self._track is None:
            self._track, self._first = track, round(self._start * track.fps)
        else:
            self._track = joined([self._track, track])

    def known(self, times: NDArray) -> int:
        """How many of ascending ``times`` (s) lie between frames that have come."""
        if self._track is None:
            return 0
        return int((np.ceil(times * self._track.fps - NEAR_HOP) <= self._first + len(self._track) - 1).sum())

    def at(self, times: NDArray, fps: float) -> Any:
        """The track at ``times``, as a track of ``fps``; what lies before is let go."""
        track: Any = self._track
        if not len(track) or not len(times):
            return replace(track[:0], fps=fps)
        position = np.clip(times * track.fps - self._first, 0, len(track) - 1)
        blend = blend_at(position, len(track), near=NEAR_HOP)
        blend.t[blend.t < NEAR_HOP] = 0
        keep = int(blend.low[-1])
        self._track, self._first = track[keep:], self._first + keep
        return blend.of(track, fps)
