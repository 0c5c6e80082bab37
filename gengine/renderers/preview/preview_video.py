"""The preview as a video file with the sound."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Annotated, Any, ClassVar

from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.errors import GengineError
from gengine.renderers.preview.preview_renderer import PreviewRenderer
from gengine.renderers.preview.strip import AHEAD
from gengine.renderers.video_writer import VideoWriter

FPS, WIDTH, HEIGHT = 25.0, 640, 360
"""Of a preview, Hz and pixels: lips and fingers can be read, and drawing takes a third of what 960x540 at 30 Hz takes
(judgement)."""


class PreviewExporter(Exporter):
    """Writes ``preview.mp4``: the preview's frames with the sound.

    Options: ``fps`` Hz, ``width`` and ``height`` in pixels (even). A stretch is drawn once the two seconds
    after it are known, so the picture does not depend on how the performance was cut.
    """

    suffix: ClassVar[str] = ".mp4"
    default_name: ClassVar[str] = "preview.mp4"

    def __init__(
        self,
        path: str | Path,
        fps: Annotated[float, "frames per second"] = FPS,
        width: Annotated[int, "pixels, even"] = WIDTH,
        height: Annotated[int, "pixels, even"] = HEIGHT,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._fps = fps
        self._renderer = PreviewRenderer(width, height)
        self._waiting: deque[Performance] = deque()
        self._known = 0.0
        self._writer = VideoWriter(self.partial, fps, (width, height), preset="ultrafast", name=self.path)

    def append(self, stretch: Performance) -> None:
        """Add the next stretch."""
        if stretch.motion is None and stretch.face is None:
            raise GengineError("preview.mp4: the performance holds neither motion nor face, expected at least one")
        self._writer.add_sound(stretch.audio)
        self._renderer.push(stretch)
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
