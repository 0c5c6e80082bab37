"""The pictures of a film, upright, one after the other, with the second each is shown at on the sound's clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import bounds
from gengine.errors import VisionError
from gengine.vision.pictures import LARGEST_SIDE

FILM_BYTES = 64 << 30
"""Largest film that is read, bytes (judgement): two hours of a camera at its best."""

SIDE = 1280
"""Larger pictures are made so small before faces are looked for, px: a face's crop has 192."""

RATES = (5.0, 240.0)
"""Frames a second that a film may have (judgement)."""

_HINT = "give a film (mp4, mov, mkv, webm, avi …) whose pictures can be decoded"


class Film:
    """A film's pictures in order: iterate for ``(seconds, picture (H, W, 3) uint8)``; it can be iterated once.

    ``fps`` is its mean rate, Hz; ``duration`` s, None where the file does not say. Second 0 is where the picture
    begins, or the sound, where that is earlier, as ``gengine.inputs.audio`` counts. ``broken`` counts
    afterwards what could not be decoded; ``sound`` tells whether there is any. Raises VisionError where the file is no
    film.
    """

    def __init__(self, path: str | Path) -> None:
        import av
        from av.error import FFmpegError
        from av.stream import Disposition

        self.path = bounds.check_file(path, FILM_BYTES, _HINT, VisionError)
        self.broken = 0
        try:
            self._container = av.open(str(self.path), options={"protocol_whitelist": "file"})
        except (FFmpegError, ValueError, OSError) as error:
            raise VisionError(f"{self.path}: is no film ({str(error):.80}); {_HINT}") from None
        tracks = [t for t in self._container.streams.video if not t.disposition & Disposition.attached_pic]
        if not tracks:
            self._container.close()
            raise VisionError(f"{self.path}: holds no moving picture; {_HINT}")
        self._track = tracks[0]
        self.sound = bool(self._container.streams.audio)
        fps = float(self._track.average_rate or self._track.guessed_rate or 0)
        if not RATES[0] <= fps <= RATES[1] or max(self._track.width, self._track.height) > LARGEST_SIDE:
            self._container.close()
            size = f"{self._track.width} × {self._track.height} px"
            raise VisionError(
                f"{self.path}: {fps:g} frames a second of {size}; films have {RATES[0]:g} to {RATES[1]:g} "
                f"of at most {LARGEST_SIDE} px a side"
            )
        self.fps = fps
        starts = [self._begin(t) for t in (self._track, *self._container.streams.audio[:1])]
        self._zero = min(start for start in starts if start is not None)
        length = self._container.duration
        self.duration = length / av.time_base if length and length > 0 else None

    @staticmethod
    def _begin(track: Any) -> float | None:
        if track.start_time is None:
            return 0.0 if track.type == "video" else None
        return float(track.start_time * track.time_base)

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        from av.error import FFmpegError

        count = 0
        with self._container:
            for packet in self._container.demux(self._track):
                try:
                    frames = packet.decode()
                except FFmpegError:
                    self.broken += 1
                    continue
                for frame in frames:
                    seconds = count / self.fps if frame.time is None else frame.time - self._zero
                    count += 1
                    yield seconds, self._upright(frame)
        if not count:
            raise VisionError(f"{self.path}: none of its pictures can be decoded; {_HINT}")

    @staticmethod
    def _upright(frame: Any) -> NDArray[np.uint8]:
        """A frame as RGB, no larger than is looked at, turned as its camera was held."""
        shrink = min(SIDE / max(frame.width, frame.height), 1)
        small = frame.reformat(
            width=max(round(frame.width * shrink), 1), height=max(round(frame.height * shrink), 1), format="rgb24"
        )
        turns = round(frame.rotation / 90) % 4 if frame.rotation else 0
        return np.ascontiguousarray(np.rot90(small.to_ndarray(), turns))
