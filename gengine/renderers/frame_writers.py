"""Frames into a video, a folder of numbered pictures, or a GIF.

Pictures are imageio's. A GIF is not: imageio's Pillow plug-in keeps every frame until the file is closed and its
FFmpeg plug-in makes no palettes, whereas here a performance of any length passes in flat memory.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gengine.core.audio import AudioClip
from gengine.core.exporter import Exporter
from gengine.errors import GengineError, MissingExtraError
from gengine.renderers.video_writer import VideoWriter

MAX_GIF_FPS = 50.0
"""Frames per second: GIF counts hundredths of a second, and browsers show frames of less than two of them slowly."""
COLORS = 255
"""Of a GIF's 256 colours; the last one is nothing."""
OPAQUE = 128
"""Alpha (0-255) from which a GIF's pixel is there."""
PNG_EFFORT = 3
"""zlib's level, 0-9: three times as fast as the usual 6 for files a tenth larger (judgement)."""


class FrameWriter(ABC):
    """Takes frames of ``size`` (width, height), RGB or premultiplied RGBA uint8, and sound, for one exporter."""

    def __init__(self, owner: Exporter, fps: float, size: tuple[int, int]) -> None:
        self.path, self.partial, self.fps, self.size = owner.path, owner.partial, fps, size

    @abstractmethod
    def add_frame(self, frame: NDArray[np.uint8]) -> None:
        """Add the next frame ``(H, W, 3 or 4)``."""

    def add_sound(self, clip: AudioClip) -> None:  # noqa: B027 - pictures are silent
        """Add the next stretch of sound."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file; without a frame this is a ``GengineError``."""

    @abstractmethod
    def abort(self) -> None:
        """Leave the file as it is, or remove what was made beside it."""


class MovieWriter(FrameWriter):
    """A video with sound; ``format`` is one of ``VIDEO_FORMATS``."""

    def __init__(self, owner: Exporter, fps: float, size: tuple[int, int], format: str) -> None:
        super().__init__(owner, fps, size)
        self._video = VideoWriter(self.partial, fps, size, name=self.path, format=format)

    def add_frame(self, frame: NDArray[np.uint8]) -> None:
        self._video.add_frame(straight(frame))

    def add_sound(self, clip: AudioClip) -> None:
        self._video.add_sound(clip)

    def close(self) -> None:
        self._video.close()

    def abort(self) -> None:
        self._video.abort()


class ImageSequenceWriter(FrameWriter):
    """A folder of ``frame_00000.png`` and so on."""

    def __init__(self, owner: Exporter, fps: float, size: tuple[int, int]) -> None:
        super().__init__(owner, fps, size)
        try:
            from imageio.v3 import imwrite
        except ImportError:
            raise MissingExtraError("writing pictures", "render") from None
        self._write, self._count = imwrite, 0
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise GengineError(f"--out {self.path}: exists already; pictures need a new folder")
        try:
            self.partial.mkdir()
        except OSError as error:
            raise GengineError(
                f"--out {self.path}: cannot be written ({error.strerror}); choose another folder"
            ) from None

    def add_frame(self, frame: NDArray[np.uint8]) -> None:
        name = self.partial / f"frame_{self._count:05d}.png"
        self._write(name, straight(frame), plugin="pillow", compress_level=PNG_EFFORT)
        self._count += 1

    def close(self) -> None:
        if not self._count:
            raise GengineError(f"{self.path}: no frame was drawn, expected at least one")

    def abort(self) -> None:
        shutil.rmtree(self.partial, ignore_errors=True)


class GifWriter(FrameWriter):
    """A GIF of 255 colours chosen from the first frame, and one for nothing."""

    def __init__(self, owner: Exporter, fps: float, size: tuple[int, int]) -> None:
        import av

        super().__init__(owner, fps, size)
        if fps > MAX_GIF_FPS:
            raise GengineError(f"--fps {fps:g}: a GIF plays at most {MAX_GIF_FPS:g} frames per second")
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
        """ARGB."""
        self._count = 0

    def add_frame(self, frame: NDArray[np.uint8]) -> None:
        import av

        picture = straight(frame)
        still = av.VideoFrame.from_ndarray((self._indices(picture), self._colors), format="pal8")  # type: ignore[arg-type]
        still.pts, still.time_base = self._count, Fraction(1, round(self.fps))
        self._count += 1
        for packet in self._stream.encode(still):
            self._file.mux(packet)

    def _indices(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Places ``(H, W)`` in the palette, which the first picture chooses."""
        solid = Image.fromarray(np.ascontiguousarray(picture[..., :3]))
        if self._palette is None:
            self._palette = solid.quantize(COLORS)
            chosen = np.array(self._palette.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)[:COLORS]
            self._colors[: len(chosen), 1:], self._colors[: len(chosen), 0] = chosen, 255
        index = np.array(solid.quantize(palette=self._palette, dither=Image.Dither.FLOYDSTEINBERG), np.uint8)
        if picture.shape[-1] == 4:
            index[picture[..., 3] < OPAQUE] = COLORS
        return index

    def close(self) -> None:
        if not self._count:
            self.abort()
            raise GengineError(f"{self.path}: no frame was drawn, expected at least one")
        for packet in self._stream.encode(None):
            self._file.mux(packet)
        self._file.close()

    def abort(self) -> None:
        self._file.close()


def straight(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA ``(H, W, 4)`` with colour divided by its coverage, as files hold it; RGB ``(H, W, 3)`` as it is."""
    if frame.shape[-1] != 4:
        return frame
    out = frame.copy()
    edge = (frame[..., 3] > 0) & (frame[..., 3] < 255)
    color, alpha = frame[edge, :3].astype(np.uint16), frame[edge, 3:].astype(np.uint16)
    out[edge, :3] = np.minimum((color * 255 + alpha // 2) // alpha, 255)
    return out
