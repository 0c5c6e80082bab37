"""Videos and pictures of an avatar that performs."""

from __future__ import annotations

import re
import shutil
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from gengine.core.audio import AudioClip
from gengine.core.avatar import Avatar
from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.core.timing import check_rate
from gengine.errors import GengineError
from gengine.renderers.avatar.renderer import AvatarRenderer
from gengine.renderers.video import VideoWriter, check_size

FORMATS = ("mp4", "webm", "mov", "gif", "png")
"""H.264; VP9 and ProRes 4444, which can be transparent; GIF; a folder of numbered PNG files."""
TRANSPARENT = "transparent"
_AHEAD = 4
"""Frames drawn before they are encoded: the encoder works beside the renderer."""


class AvatarVideoExporter(Exporter):
    """Writes ``avatar.mp4``: an avatar that performs, with the sound, in flat memory.

    Options: ``avatar`` (name, file or ``Avatar``), ``camera`` portrait, upper or full, ``size`` "WIDTHxHEIGHT" or
    (width, height) pixels, ``background`` "#rrggbb", a colour's name or "transparent" (webm, mov, gif, png),
    ``fps`` Hz, ``format`` of ``FORMATS`` (else by the path's ending) and ``backend`` auto, gl or soft. ``seen``
    is called with every frame ``(H, W, 3 or 4)`` that is written.
    """

    suffix: ClassVar[str] = ".mp4"
    default_name: ClassVar[str] = "avatar.mp4"

    def __init__(
        self,
        path: str | Path,
        avatar: str | Path | Avatar = "anna",
        camera: str = "upper",
        size: str | tuple[int, int] = (720, 720),
        background: str = "#3a3f47",
        fps: float = 30.0,
        format: str | None = None,
        backend: str = "auto",
        seen: Callable[[NDArray[np.uint8]], None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._renderer: AvatarRenderer | None = None
        self._writer: _Writer | None = None
        check_rate("render fps", fps)
        kind = (format or self.path.suffix.lstrip(".") or "png").lower()
        if kind not in FORMATS:
            raise GengineError(f"--format {kind}: choose from {', '.join(FORMATS)}")
        pixels = parse_size(size)
        if kind in ("mp4", "webm", "mov"):
            check_size(*pixels)
        color = parse_color(background)
        if color is None and kind == "mp4":
            raise GengineError(
                "--background transparent: mp4 holds no transparency; use --format webm, mov, gif or png"
            )
        self._fps, self._clear, self._seen = fps, color is None, seen
        self._renderer = AvatarRenderer(_find(avatar), pixels, camera, color or (0, 0, 0), backend)
        self._worker = ThreadPoolExecutor(1)
        self._jobs: deque[Future[None]] = deque()
        writer = {"gif": _Gif, "png": _Pictures}.get(kind)
        self._writer = writer(self, fps, pixels) if writer else _Film(self, fps, pixels, kind)
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


def straight(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA ``(H, W, 4)`` with colour divided by its coverage, as picture and video files hold it."""
    out = frame.copy()
    edge = (frame[..., 3] > 0) & (frame[..., 3] < 255)
    color, alpha = frame[edge, :3].astype(np.uint16), frame[edge, 3:].astype(np.uint16)
    out[edge, :3] = np.minimum((color * 255 + alpha // 2) // alpha, 255)
    return out


def _find(avatar: str | Path | Avatar) -> Avatar:
    if isinstance(avatar, Avatar):
        return avatar
    from gengine.avatars.choose import find_avatar  # which avatars there are, the renderer need not know

    return find_avatar(avatar)


class _Writer(ABC):
    """Takes frames, RGB or premultiplied RGBA, and sound."""

    def __init__(self, owner: Exporter, fps: float, size: tuple[int, int]) -> None:
        self.path, self.partial, self.fps, self.size = owner.path, owner.partial, fps, size

    @abstractmethod
    def add_frame(self, frame: NDArray[np.uint8]) -> None: ...

    def add_sound(self, clip: AudioClip) -> None:  # noqa: B027 - pictures are silent
        """Add the next stretch of sound."""

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def abort(self) -> None: ...


class _Film(_Writer):
    def __init__(self, owner: Exporter, fps: float, size: tuple[int, int], kind: str) -> None:
        super().__init__(owner, fps, size)
        self._video = VideoWriter(self.partial, fps, size, name=self.path, kind=kind)

    def add_frame(self, frame: NDArray[np.uint8]) -> None:
        self._video.add_frame(straight(frame) if frame.shape[-1] == 4 else frame)

    def add_sound(self, clip: AudioClip) -> None:
        self._video.add_sound(clip)

    def close(self) -> None:
        self._video.close()

    def abort(self) -> None:
        self._video.abort()


class _Pictures(_Writer):
    """A folder of ``frame_00000.png`` and so on."""

    def __init__(self, owner: Exporter, fps: float, size: tuple[int, int]) -> None:
        super().__init__(owner, fps, size)
        self._count = 0
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise GengineError(f"--out {self.path}: exists already; pictures need a new folder")
        try:
            self.partial.mkdir()
        except OSError as error:
            raise GengineError(
                f"--out {self.path}: cannot be written ({error.strerror}); choose another folder"
            ) from None

    def add_frame(self, frame: NDArray[np.uint8]) -> None:
        picture = Image.fromarray(straight(frame) if frame.shape[-1] == 4 else frame)
        picture.save(self.partial / f"frame_{self._count:05d}.png", compress_level=3)
        self._count += 1

    def close(self) -> None:
        if not self._count:
            raise GengineError(f"{self.path}: no frame was drawn, expected at least one")

    def abort(self) -> None:
        shutil.rmtree(self.partial, ignore_errors=True)


class _Gif(_Writer):
    """A GIF of 255 colours chosen from the first frame, and one for nothing."""

    def __init__(self, owner: Exporter, fps: float, size: tuple[int, int]) -> None:
        import av

        super().__init__(owner, fps, size)
        try:
            self._file = av.open(str(self.partial), "w", format="gif", options={"loop": "0"})
        except OSError as error:
            raise GengineError(
                f"--out {self.path}: cannot be written ({error.strerror}); choose another folder"
            ) from None
        self._stream: Any = self._file.add_stream("gif", rate=round(fps))
        self._stream.width, self._stream.height, self._stream.pix_fmt = *size, "pal8"
        self._palette: Image.Image | None = None
        self._colors = np.zeros((256, 4), np.uint8)
        self._count = 0

    def add_frame(self, frame: NDArray[np.uint8]) -> None:
        import av

        picture = straight(frame)
        solid = Image.fromarray(np.ascontiguousarray(picture[..., :3]))
        if self._palette is None:
            self._palette = solid.quantize(255)
            chosen = np.array(self._palette.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)[:255]
            self._colors[: len(chosen), 1:], self._colors[: len(chosen), 0] = chosen, 255  # ARGB
        index = np.array(solid.quantize(palette=self._palette, dither=Image.Dither.FLOYDSTEINBERG), np.uint8)
        if picture.shape[-1] == 4:
            index[picture[..., 3] < 128] = 255
        still = av.VideoFrame.from_ndarray((index, self._colors), format="pal8")  # type: ignore[arg-type]
        still.pts, still.time_base = self._count, Fraction(1, round(self.fps))
        self._count += 1
        for packet in self._stream.encode(still):
            self._file.mux(packet)

    def close(self) -> None:
        if not self._count:
            self.abort()
            raise GengineError(f"{self.path}: no frame was drawn, expected at least one")
        for packet in self._stream.encode(None):
            self._file.mux(packet)
        self._file.close()

    def abort(self) -> None:
        self._file.close()
