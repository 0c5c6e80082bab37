"""Videos and pictures of an avatar that performs."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from gengine.avatars import AVATAR_HELP, BONES_HELP, DECIMATE_HELP, find_avatar
from gengine.core.avatar import Avatar
from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.errors import GengineError, unknown
from gengine.renderers.avatar.renderer import AvatarRenderer
from gengine.renderers.frame_writers import FrameWriter, GifWriter, ImageSequenceWriter, MovieWriter
from gengine.renderers.video_writer import VIDEO_FORMATS, check_fps, check_size

FORMATS = (*VIDEO_FORMATS, "gif", "png")
"""H.264; VP9 and ProRes 4444, which can be transparent; GIF; a folder of numbered PNG files."""
TRANSPARENT = "transparent"
_AHEAD = 4
"""Frames drawn before they are encoded: the encoder works beside the renderer."""


class AvatarVideoExporter(Exporter):
    """Writes ``avatar.mp4``: an avatar that performs, with the sound, in flat memory.

    Options: ``avatar`` (name, file or ``Avatar``), ``camera`` portrait, upper or full, ``size`` "WIDTHxHEIGHT" or
    (width, height) pixels, ``background`` "#rrggbb", a colour's name or "transparent" (webm, mov, gif, png),
    ``fps`` 1 to 240 Hz (a GIF 50), ``format`` of ``FORMATS`` (else by the path's ending) and ``backend`` auto, gl or
    soft; anything else is a ``GengineError``. ``seen`` is called with every frame ``(H, W, 3 or 4)`` that is written.
    """

    suffix: ClassVar[str] = ".mp4"
    default_name: ClassVar[str] = "avatar.mp4"

    def __init__(
        self,
        path: str | Path,
        avatar: Annotated[str | Path | Avatar, AVATAR_HELP] = "anna",
        camera: Annotated[str, "portrait, upper or full"] = "upper",
        size: Annotated[str | tuple[int, int], "WIDTHxHEIGHT in pixels"] = (720, 720),
        background: Annotated[str, "a colour such as #3a3f47 or white, or transparent"] = "#3a3f47",
        fps: Annotated[float, "frames per second"] = 30.0,
        format: str | None = None,
        backend: Annotated[str, "auto, gl (OpenGL) or soft (no graphics driver)"] = "auto",
        bones: Annotated[str | Path | None, BONES_HELP] = None,
        decimate: Annotated[float | None, DECIMATE_HELP] = None,
        seen: Callable[[NDArray[np.uint8]], None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._renderer: AvatarRenderer | None = None
        self._writer: FrameWriter | None = None
        check_fps("--fps", fps)
        kind = (format or self.path.suffix.lstrip(".") or "png").lower()
        if kind not in FORMATS:
            raise unknown("--format", kind, FORMATS)
        pixels = parse_size(size)
        if kind in VIDEO_FORMATS:
            check_size(*pixels)
        color = parse_color(background)
        if color is None and kind == "mp4":
            raise GengineError(
                "--background transparent: mp4 holds no transparency; use --format webm, mov, gif or png"
            )
        self._fps, self._clear, self._seen = fps, color is None, seen
        figure = find_avatar(avatar, bones, decimate)
        self.report = figure.report
        self._renderer = AvatarRenderer(figure, pixels, camera, color or (0, 0, 0), backend)
        self._worker = ThreadPoolExecutor(1)
        self._jobs: deque[Future[None]] = deque()
        writer = {"gif": GifWriter, "png": ImageSequenceWriter}.get(kind)
        try:
            self._writer = writer(self, fps, pixels) if writer else MovieWriter(self, fps, pixels, kind)
        except GengineError:
            self._renderer.close()
            raise
        self._held: Performance | None = None

    def append(self, stretch: Performance) -> None:
        """Add the next stretch."""
        assert self._writer is not None
        self._later(self._writer.add_sound, stretch.audio)
        self._draw(self._held, more=True)
        self._held = stretch

    def finish(self) -> None:
        """Draw what waits and close the file."""
        assert self._writer is not None and self._renderer is not None
        self._draw(self._held, more=False)
        while self._jobs:
            self._jobs.popleft().result()
        self._worker.shutdown()
        self._writer.close()
        self._renderer.close()

    def abort(self) -> None:
        """Close the unfinished file."""
        if self._renderer is not None:
            self._worker.shutdown(cancel_futures=True)
            self._renderer.close()
        if self._writer is not None:
            self._writer.abort()

    def _draw(self, stretch: Performance | None, more: bool) -> None:
        if stretch is None:
            return
        assert self._writer is not None and self._renderer is not None
        draw = self._renderer.rgba if self._clear else self._renderer.frames
        for frame in draw(stretch, self._fps, more):
            self._later(self._writer.add_frame, frame)
            if self._seen is not None:
                self._seen(frame)

    def _later(self, task: Callable[..., None], value: Any) -> None:
        self._jobs.append(self._worker.submit(task, value))
        while len(self._jobs) > _AHEAD:
            self._jobs.popleft().result()


def parse_size(size: str | tuple[int, int]) -> tuple[int, int]:
    """``"720x1280"`` as (width, height); anything else is a ``GengineError``."""
    if isinstance(size, str):
        match = re.fullmatch(r"\s*(\d{1,5})\s*[x×*]\s*(\d{1,5})\s*", size.lower())
        if match is None:
            raise GengineError(f"--size {size}: expected WIDTHxHEIGHT in pixels, for example 720x1280")
        size = int(match[1]), int(match[2])
    return int(size[0]), int(size[1])


def parse_color(text: str) -> tuple[int, int, int] | None:
    """sRGB 0-255 of ``"#3a3f47"`` or a CSS name; None for ``"transparent"``."""
    if text.strip().lower() == TRANSPARENT:
        return None
    try:
        return ImageColor.getrgb(text.strip())[:3]
    except ValueError:
        raise GengineError(
            f"--background {text}: expected a colour like '#3a3f47' or 'white', or 'transparent'"
        ) from None
