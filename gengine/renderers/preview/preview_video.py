"""The preview as a video file with the sound."""

from __future__ import annotations

import math
from collections import deque
from pathlib import Path
from typing import Annotated, Any, ClassVar

from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.core.report import Report
from gengine.errors import GengineError
from gengine.renderers.preview.preview_renderer import PreviewRenderer
from gengine.renderers.preview.strip import AHEAD
from gengine.renderers.video_writer import VideoWriter

FPS, WIDTH, HEIGHT = 25.0, 640, 360
"""Of a preview, Hz and pixels: lips and fingers can be read, and drawing takes a third of what 960x540 at 30 Hz takes
(judgement)."""


class PreviewExporter(Exporter):
    """Writes ``preview.mp4``: the preview's frames with the sound.

    Options: ``fps`` Hz, ``width`` and ``height`` in pixels (even), and ``seconds`` from the beginning that are drawn at
    most, which the report tells. A stretch is drawn once the two seconds after it are known, so the picture does not
    depend on how the performance was cut.
    """

    suffix: ClassVar[str] = ".mp4"
    default_name: ClassVar[str] = "preview.mp4"

    def __init__(
        self,
        path: str | Path,
        fps: Annotated[float, "frames per second"] = FPS,
        width: Annotated[int, "pixels, even"] = WIDTH,
        height: Annotated[int, "pixels, even"] = HEIGHT,
        seconds: Annotated[float | None, "drawn at most, else all"] = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        if seconds is not None and not seconds > 0:
            raise GengineError(f"preview seconds: {seconds}, expected more than 0")
        self._fps, self._seconds = fps, seconds
        self._until = math.inf
        self._renderer = PreviewRenderer(width, height)
        self._waiting: deque[Performance] = deque()
        self._known = 0.0
        self._writer = VideoWriter(self.partial, fps, (width, height), preset="ultrafast", name=self.path)

    def append(self, stretch: Performance) -> None:
        """Add the next stretch."""
        if stretch.motion is None and stretch.face is None:
            raise GengineError("preview.mp4: the performance holds neither motion nor face, expected at least one")
        if self._seconds is not None and self._until == math.inf:
            self._until = stretch.start + self._seconds
        self._known = stretch.start + stretch.duration
        if stretch.start < self._until + AHEAD:
            self._renderer.push(stretch)  # the strip shows what is still to come
        if stretch.start < self._until:
            shown = stretch if self._known <= self._until else stretch.slice(0.0, self._until - stretch.start)
            self._writer.add_sound(shown.audio)
            self._waiting.append(shown)
        while self._waiting and self._waiting[0].start + self._waiting[0].duration + AHEAD <= self._known:
            self._draw(self._waiting.popleft())

    def finish(self) -> None:
        """Draw what waits and close the file."""
        while self._waiting:
            self._draw(self._waiting.popleft())
        self._writer.close()
        if self._known > self._until:
            whole = f"--option mp4.seconds={self._known:.0f} draws all"
            self.report += Report(notes=(f"{self.path.name} shows the first {self._seconds:g} s; {whole}",))

    def abort(self) -> None:
        """Close the unfinished file."""
        self._writer.abort()

    def _draw(self, stretch: Performance) -> None:
        for frame in self._renderer.frames(stretch, self._fps):
            self._writer.add_frame(frame)
