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
from gengine.renderers.face_inset import FaceInset
from gengine.renderers.figure import Figure, backdrop
from gengine.renderers.timeline import AHEAD, Timeline, stamp, text
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
        self.canvas = np.empty((height, width, 3), np.uint8)
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
            self.rounded = _rounded(self.face_box[2], self.face_box[3], round(14 * self.unit))
        self.stage_width = width
        if first.motion is not None:
            self.stage_width = self.face_box[0] if self.face else width
            self.figure = Figure(self.stage_width, upper, wall[:upper, : self.stage_width])
        self.wall = np.clip(wall, 0, 255).astype(np.uint8)
        floor = np.array([22, 24, 28], np.float32)
        self.timeline = Timeline(width, strip, np.broadcast_to(floor, (strip, width, 3)))
        self._time: float | None = None

    def draw(self, performance: Performance, times: NDArray) -> Iterator[NDArray[np.uint8]]:
        motion = face = None
        if self.figure is not None and performance.motion is not None and len(performance.motion):
            index = _index(times, performance.start, performance.motion.fps, len(performance.motion))
            motion = self.figure.pose(performance.motion[index])
        if self.face is not None and performance.face is not None and len(performance.face):
            index = _index(times, performance.start, performance.face.fps, len(performance.face))
            face = self.face.shapes(performance.face[index])
        for i, time in enumerate(times):
            canvas = self.canvas
            canvas[: self.upper] = self.wall[: self.upper]
            step = 0.0 if self._time is None else max(0.0, time - self._time)
            self._time = time
            if motion is not None:
                image = self.figure.draw(motion[0][i], motion[1][i], step)
                canvas[: self.upper, : self.stage_width] = np.clip(image, 0, 255)
            if face is not None:
                x, y, w, h = self.face_box
                under = canvas[y : y + h, x : x + w]
                np.copyto(under, self.face.draw(face, i), where=self.rounded)
            canvas[self.upper :] = np.clip(self.timeline.draw(time), 0, 255)
            yield canvas.copy()


def _index(times: NDArray, start: float, fps: float, count: int) -> NDArray[np.int64]:
    """The frame on show at each time: the last one that has begun."""
    return np.clip(np.floor(times * fps + 1e-6).astype(int) - round(start * fps), 0, count - 1)


def _rounded(width: int, height: int, radius: int) -> NDArray[np.bool_]:
    x = np.minimum(np.arange(width), np.arange(width)[::-1])
    y = np.minimum(np.arange(height), np.arange(height)[::-1])
    dx, dy = np.maximum(radius - x, 0)[None], np.maximum(radius - y, 0)[:, None]
    return ((dx * dx + dy * dy) <= radius * radius)[..., None]


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
        self._writer = VideoWriter(self.partial, fps, (width, height))

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
    pictures = []
    for time, frame in zip(times, PreviewRenderer(width, height).at(performance, times), strict=True):
        image = frame.astype(np.float32)
        stamp(image, text(f"{time:.2f} s", max(10, round(height / 34))), 8, 6, (235, 238, 242))
        pictures.append(np.clip(image, 0, 255).astype(np.uint8))
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
