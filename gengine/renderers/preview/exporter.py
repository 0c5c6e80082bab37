"""The preview: a figure drawn from the skeleton, a face inset, and a strip of sound, emotion and words."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.core.timing import check_rate
from gengine.errors import GengineError
from gengine.renderers.base import Renderer
from gengine.renderers.preview.face_inset import FaceInset
from gengine.renderers.preview.figure import Figure, backdrop
from gengine.renderers.preview.strip import AHEAD, Timeline, stamp, text
from gengine.renderers.video import VideoWriter, check_size

BLOCK = 64
"""Frames whose geometry is computed at once."""


class PreviewRenderer(Renderer):
    """Draws performances into frames of ``width`` x ``height`` pixels.

    Stretches handed over in order are drawn as one: the camera and the strip carry on. The strip shows two
    seconds that are still to come; a caller with stretches may announce the next ones with ``hear``.
    """

    def __init__(self, width: int = 960, height: int = 540) -> None:
        check_size(width, height)
        if width < 320 or height < 180:
            raise GengineError(f"preview size {width}x{height}: expected at least 320x180")
        self.width, self.height = width, height
        self._stage: _Stage | None = None

    def hear(self, stretch: Performance) -> None:
        """Show the sound, emotion and words of a stretch in the strip before its frames are drawn."""
        self._open(stretch).timeline.hear(stretch)

    def frames(self, performance: Performance, fps: float) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 3)`` uint8 RGB at k / ``fps`` seconds of the recording, from this stretch."""
        check_rate("preview fps", fps)
        stage = self._open(performance)
        stage.timeline.hear(performance)
        first = int(np.ceil(performance.start * fps - 1e-6))
        last = int(np.ceil((performance.start + performance.duration) * fps - 1e-6))
        for begin in range(first, last, BLOCK):
            times = np.arange(begin, min(begin + BLOCK, last)) / fps
            yield from stage.draw(performance, times)

    def at(self, performance: Performance, times: Sequence[float]) -> Iterator[NDArray[np.uint8]]:
        """Frames at any ``times`` (s of the recording, ascending), for contact sheets."""
        stage = self._open(performance)
        stage.timeline.hear(performance)
        for time in times:
            yield from stage.draw(performance, np.array([time]))

    def _open(self, performance: Performance) -> _Stage:
        if self._stage is None:
            self._stage = _Stage(self.width, self.height, performance)
        return self._stage


class _Stage:
    """The layout of one preview, fixed by what its first stretch holds."""

    def __init__(self, width: int, height: int, first: Performance) -> None:
        self.unit = height / 540.0
        strip = round(96 * self.unit)
        upper = height - strip
        wall = backdrop(width, height)
        self.upper = upper
        margin = round(14 * self.unit)
        panel = round(340 * self.unit) if first.motion is not None else width - 2 * margin
        self.face: FaceInset | None = None
        self.figure: Figure | None = None
        if first.face is not None:
            panel = min(panel, round(width * 0.46)) if first.motion is not None else panel
            self.face_box = (width - panel - margin, margin, panel, upper - 2 * margin)
            inset = np.full((self.face_box[3], self.face_box[2], 3), (44, 47, 54), np.float32)
            rows = np.linspace(10, -8, self.face_box[3], dtype=np.float32)[:, None, None]
            self.face = FaceInset(self.face_box[2], self.face_box[3], inset + rows)
            x, y, w, h = self.face_box
            self.corners = np.nonzero(~_rounded(w, h, round(14 * self.unit)))
            self.corner_wall = wall[y : y + h, x : x + w][self.corners].astype(np.uint8)
        self.stage_width = width
        if first.motion is not None:
            self.stage_width = self.face_box[0] if self.face else width
            self.figure = Figure(self.stage_width, upper, wall[:upper, : self.stage_width])
        self.wall = wall.astype(np.uint8)
        floor = np.array([22, 24, 28], np.float32)
        self.timeline = Timeline(width, strip, np.broadcast_to(floor, (strip, width, 3)))
        self._time: float | None = None

    def draw(self, performance: Performance, times: NDArray) -> Iterator[NDArray[np.uint8]]:
        pose = shapes = None
        if self.figure and performance.motion and len(performance.motion):
            pose = self.figure.pose(_take(performance.motion, times, performance.start))
        if self.face and performance.face and len(performance.face):
            shapes = self.face.outlines(_take(performance.face, times, performance.start))
        for i, time in enumerate(times):
            canvas = np.empty_like(self.wall)
            step = 0.0 if self._time is None else max(0.0, time - self._time)
            self._time = time
            if self.figure and pose:
                self.figure.draw(canvas[: self.upper, : self.stage_width], pose[0][i], pose[1][i], step)
                canvas[: self.upper, self.stage_width :] = self.wall[: self.upper, self.stage_width :]
            else:
                canvas[: self.upper] = self.wall[: self.upper]
            if self.face and shapes:
                x, y, w, h = self.face_box
                panel = canvas[y : y + h, x : x + w]
                panel[:] = self.face.draw(shapes, i)
                panel[self.corners] = self.corner_wall
            self._clock(canvas, float(time))
            np.copyto(canvas[self.upper :], self.timeline.draw(float(time)), casting="unsafe")
            yield canvas

    def _clock(self, canvas: NDArray[np.uint8], time: float) -> None:
        """Minutes and seconds in the upper left corner."""
        cover = text(f"{int(time // 60)}:{time % 60:05.2f}", max(10, round(15 * self.unit)))
        x, y = round(16 * self.unit), round(12 * self.unit)
        corner = canvas[y : y + cover.shape[0], x : x + cover.shape[1]].astype(np.float32)
        stamp(corner, cover, 0, 0, (170, 176, 186))
        canvas[y : y + cover.shape[0], x : x + cover.shape[1]] = corner.astype(np.uint8)


def _take(track: Any, times: NDArray, start: float) -> Any:
    """The frames of a track on show at ``times``: at each the last one that has begun."""
    index = np.floor(times * track.fps + 1e-6).astype(int) - round(start * track.fps)
    return track[np.clip(index, 0, len(track) - 1)]


def _rounded(width: int, height: int, radius: int) -> NDArray[np.bool_]:
    x = np.minimum(np.arange(width), np.arange(width)[::-1])
    y = np.minimum(np.arange(height), np.arange(height)[::-1])
    dx, dy = np.maximum(radius - x, 0)[None], np.maximum(radius - y, 0)[:, None]
    return (dx * dx + dy * dy) <= radius * radius


class PreviewExporter(Exporter):
    """Writes ``preview.mp4``: the preview's frames with the sound.

    Options: ``fps`` Hz, ``width`` and ``height`` in pixels (even). A stretch is drawn once the two seconds
    after it are known, so the picture does not depend on how the performance was cut.
    """

    suffix: ClassVar[str] = ".mp4"
    default_name: ClassVar[str] = "preview.mp4"

    def __init__(
        self, path: str | Path, fps: float = 30.0, width: int = 960, height: int = 540, **options: Any
    ) -> None:
        super().__init__(path, **options)
        check_rate("preview fps", fps)
        self._fps = fps
        self._renderer = PreviewRenderer(width, height)
        self._waiting: deque[Performance] = deque()
        self._known = 0.0
        self._writer = VideoWriter(self.partial, fps, (width, height), name=self.path)

    def append(self, stretch: Performance) -> None:
        """Add the next stretch."""
        if stretch.motion is None and stretch.face is None:
            raise GengineError("preview.mp4: the performance holds neither motion nor face, expected at least one")
        self._writer.add_sound(stretch.audio)
        self._renderer.hear(stretch)
        self._waiting.append(stretch)
        self._known = stretch.start + stretch.duration
        while self._waiting and self._waiting[0].start + self._waiting[0].duration + AHEAD <= self._known:
            self._draw(self._waiting.popleft())

    def finish(self) -> None:
        """Draw what waits and close the file."""
        while self._waiting:
            self._draw(self._waiting.popleft())
        self._writer.close()

    def abort(self) -> None:
        """Close the unfinished file."""
        self._writer.abort()

    def _draw(self, stretch: Performance) -> None:
        for frame in self._renderer.frames(stretch, self._fps):
            self._writer.add_frame(frame)


def contact_sheet(
    performance: Performance,
    times: Sequence[float],
    path: str | Path,
    columns: int = 4,
    width: int = 960,
    height: int = 540,
) -> Path:
    """Write the preview's frames at ``times`` (s), row by row, into one PNG at ``path``."""
    if not len(times):
        raise GengineError("contact sheet: no times were given, expected at least one")
    pictures = list(PreviewRenderer(width, height).at(performance, times))
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * height, min(columns, len(pictures)) * width, 3), np.uint8)
    for i, picture in enumerate(pictures):
        y, x = i // columns * height, i % columns * width
        sheet[y : y + height, x : x + width] = picture
    try:
        Image.fromarray(sheet).save(path)
    except (OSError, ValueError) as error:
        raise GengineError(f"{path}: cannot be written ({error}); give a .png path in a folder that exists") from error
    return Path(path)
