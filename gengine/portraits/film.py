"""The film of a photo that speaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.core.report import Report
from gengine.errors import GengineError, MissingExtraError
from gengine.renderers.frame_sampler import FrameSampler
from gengine.renderers.video_writer import VideoWriter, check_fps

FPS, SIZE = 25.0, 512
"""Of a film: Hz, and px of its longer side."""
MARK = "AI-generated"
"""What a small sign in the corner says."""
MADE = "Synthetic: a still photo animated by gengine. The person shown did not say or do this."
"""What the file's own description says, mark or not."""
_MARK_HEIGHT, _MARK_LEAST, _MARK_STRENGTH, _MARGIN = 1 / 28, 10, 0.75, 0.4
"""Of the sign: its letters' height in the picture's, px at least, opacity, margin in heights (judgement)."""
BLOCK = 64
"""Frames whose face is read at once."""


class PortraitExporter(Exporter):
    """Writes ``portrait.mp4``: the person of a ``photo`` speaks, at the photo's own framing, with the sound, in flat
    memory.

    Options: ``photo`` (a picture with a face from the front), ``size`` px of the longer side, ``fps`` Hz, ``face``
    which of several faces, the largest first, ``mark`` whether a small sign says that the film is generated. ``seen``
    is called with every frame ``(H, W, 3)``. Only show people who agreed to it: see docs/how-to/portrait.md.
    """

    suffix: ClassVar[str] = ".mp4"
    default_name: ClassVar[str] = "portrait.mp4"

    def __init__(
        self,
        path: str | Path,
        photo: Annotated[str | Path | None, "a picture with a face from the front"] = None,
        size: Annotated[int, "pixels of the longer side"] = SIZE,
        fps: Annotated[float, "frames per second"] = FPS,
        face: Annotated[int, "which of several faces, the largest first"] = 1,
        mark: Annotated[bool, "a small sign that says the film is generated"] = True,
        seen: Callable[[NDArray[np.uint8]], None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._writer: VideoWriter | None = None
        if photo is None:
            raise GengineError(
                "portrait: no photo was given; add --portrait face.jpg, or --option portrait.photo=face.jpg"
            )
        check_fps("--fps", fps)
        from gengine.portraits.photo import fit_photo

        fitted = fit_photo(photo, size, face)
        try:
            from gengine.portraits.warp import PortraitWarp
        except ImportError as error:
            if error.name != "numba":
                raise
            raise MissingExtraError("talking portraits", "portrait") from None
        self._warp = PortraitWarp(fitted)
        self._sign = sign(fitted.rgb.shape[:2]) if mark else None
        self._sampler, self._seen = FrameSampler(fps), seen
        self.report = Report(
            {"portrait": {"photo": Path(photo).name, "size px": list(fitted.rgb.shape[1::-1])}}, fitted.notes
        )
        self._writer = VideoWriter(
            self.partial, fps, fitted.rgb.shape[1::-1], name=self.path, about={"comment": MADE, "title": MARK}
        )

    def append(self, stretch: Performance) -> None:
        """Add the next stretch."""
        if stretch.face is None:
            raise GengineError("portrait.mp4: the performance holds no face")
        assert self._writer is not None
        self._writer.add_sound(stretch.audio)
        self._sampler.push(
            Performance(stretch.audio, stretch.words, stretch.emotion, face=stretch.face, start=stretch.start)
        )
        self._draw(last=False)

    def finish(self) -> None:
        """Draw what waits and close the file."""
        assert self._writer is not None
        self._draw(last=True)
        self._writer.close()

    def abort(self) -> None:
        """Close the unfinished file."""
        if self._writer is not None:
            self._writer.abort()

    def _draw(self, last: bool) -> None:
        assert self._writer is not None
        while True:
            _, face = self._sampler.take(BLOCK, last)
            if face is None or not len(face):
                return
            for weights, head, gaze in zip(face.weights, face.head, face.gaze, strict=True):
                frame = self._warp.frame(weights, head, gaze)
                if self._sign is not None:
                    put(self._sign, frame)
                self._writer.add_frame(frame)
                if self._seen is not None:
                    self._seen(frame)


def sign(size: tuple[int, int]) -> NDArray[np.float32]:
    """Opacity ``(h, w)`` of the sign for a picture of ``size`` (height, width)."""
    from PIL import Image, ImageDraw, ImageFont

    height = max(round(size[0] * _MARK_HEIGHT), _MARK_LEAST)
    font = ImageFont.load_default(height)
    left, top, right, bottom = font.getbbox(MARK)
    picture = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(picture).text((1 - left, 1 - top), MARK, fill=255, font=font)
    return (np.asarray(picture) * (_MARK_STRENGTH / 255)).astype(np.float32)


def put(opacity: NDArray[np.float32], frame: NDArray[np.uint8]) -> None:
    """Lay the sign into the lower right corner of ``frame``, white or black by what is behind."""
    high, wide = opacity.shape
    margin = round(high * _MARGIN)
    if high + margin > frame.shape[0] or wide + margin > frame.shape[1]:
        return
    window = frame[frame.shape[0] - margin - high : frame.shape[0] - margin, frame.shape[1] - margin - wide :][:, :wide]
    colour = 255.0 if window.mean() < 140 else 0.0
    window[:] = (window + (colour - window) * opacity[..., None] + 0.5).astype(np.uint8)
