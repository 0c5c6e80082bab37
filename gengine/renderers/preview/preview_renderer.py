"""The preview's frames: a body drawn from the skeleton, a face inset, and a strip of sound, emotion and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.performance import Performance
from gengine.errors import GengineError
from gengine.renderers.base import Renderer
from gengine.renderers.preview.body_panel import BodyPanel, backdrop
from gengine.renderers.preview.face_inset import FaceInset
from gengine.renderers.preview.strip import TimelineStrip, stamp, text
from gengine.renderers.video_writer import check_fps, check_size

BLOCK = 64
"""Frames whose geometry is computed at once."""
MIN_SIZE = (320, 180)
"""Width and height in pixels below which words and lips can no longer be read (judgement)."""

# The layout, in pixels of a picture 540 high; all of it is judgement.
DESIGN_HEIGHT = 540.0
STRIP_HEIGHT, MARGIN, FACE_WIDTH, CORNER_RADIUS = 96, 14, 340, 14
FACE_SHARE = 0.46
"""Of the picture's width that the face takes at most beside a body."""
CLOCK_X, CLOCK_Y, CLOCK_SIZE, MIN_CLOCK_SIZE = 16, 12, 15, 10
"""Place and letter size of the clock; the smallest size is in pixels of any picture."""
CLOCK_COLOR = (170, 176, 186)
FACE_GREY, FACE_LIT, FACE_SHADED = (44, 47, 54), 10, -8
"""Background of the face inset, sRGB 0-255, and how much lighter its top and darker its bottom is."""
STRIP_GREY = (22, 24, 28)


class PreviewRenderer(Renderer):
    """Draws performances into frames of ``width`` x ``height`` pixels (even, at least 320 x 180).

    Stretches handed over in order are drawn as one: the camera and the strip carry on. The strip shows two
    seconds that are still to come; a caller with stretches may announce the next ones with ``push``.
    Raises ``GengineError`` for a size or a rate that no video can have.
    """

    def __init__(self, width: int = 960, height: int = 540) -> None:
        check_size(width, height)
        if width < MIN_SIZE[0] or height < MIN_SIZE[1]:
            raise GengineError(f"preview size {width}x{height}: expected at least {MIN_SIZE[0]}x{MIN_SIZE[1]}")
        self.width, self.height = width, height
        self._layout: _Layout | None = None

    def push(self, stretch: Performance) -> None:
        """Show the sound, emotion and words of a stretch in the strip before its frames are drawn."""
        self._laid_out(stretch).strip.push(stretch)

    def frames(self, performance: Performance, fps: float) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 3)`` uint8 RGB at k / ``fps`` seconds of the recording, from this stretch."""
        check_fps("preview fps", fps)
        first = int(np.ceil(performance.start * fps - 1e-6))
        last = int(np.ceil((performance.start + performance.duration) * fps - 1e-6))
        yield from self.frames_at(performance, np.arange(first, last) / fps)

    def frames_at(self, performance: Performance, times: ArrayLike | Sequence[float]) -> Iterator[NDArray[np.uint8]]:
        """Frames ``(H, W, 3)`` uint8 RGB at any ascending ``times (T,)``, seconds of the recording."""
        layout, moments = self._laid_out(performance), np.asarray(times, float)
        layout.strip.push(performance)
        for begin in range(0, len(moments), BLOCK):
            yield from layout.draw(performance, moments[begin : begin + BLOCK])

    def _laid_out(self, performance: Performance) -> _Layout:
        if self._layout is None:
            self._layout = _Layout(self.width, self.height, performance)
        return self._layout


class _Layout:
    """Where body, face and strip lie in one preview, fixed by what its first stretch holds."""

    def __init__(self, width: int, height: int, first: Performance) -> None:
        self.unit = height / DESIGN_HEIGHT
        strip = round(STRIP_HEIGHT * self.unit)
        self.upper = height - strip
        """Height of the picture above the strip."""
        wall = backdrop(width, height)
        self.wall = wall.astype(np.uint8)
        self.face: FaceInset | None = None
        self.body: BodyPanel | None = None
        if first.face is not None:
            self._place_face(width, wall, beside_body=first.motion is not None)
        self.body_width = width
        if first.motion is not None:
            self.body_width = self.face_box[0] if self.face else width
            self.body = BodyPanel(self.body_width, self.upper, wall[: self.upper, : self.body_width])
        self.strip = TimelineStrip(width, strip, STRIP_GREY)
        self._time: float | None = None

    def _place_face(self, width: int, wall: NDArray[np.float32], beside_body: bool) -> None:
        """The inset at the right, or across the whole picture where there is no body."""
        margin = round(MARGIN * self.unit)
        w = width - 2 * margin
        if beside_body:
            w = min(round(FACE_WIDTH * self.unit), round(width * FACE_SHARE))
        x, y, h = width - w - margin, margin, self.upper - 2 * margin
        self.face_box = (x, y, w, h)
        grey = np.full((h, w, 3), FACE_GREY, np.float32)
        rows = np.linspace(FACE_LIT, FACE_SHADED, h, dtype=np.float32)[:, None, None]
        self.face = FaceInset(w, h, grey + rows)
        self.corners = np.nonzero(~_rounded(w, h, round(CORNER_RADIUS * self.unit)))
        self.corner_wall = wall[y : y + h, x : x + w][self.corners].astype(np.uint8)

    def draw(self, performance: Performance, times: NDArray) -> Iterator[NDArray[np.uint8]]:
        """Frames at ``times (T,)`` s; body and face are posed for all of them at once."""
        pose = outlines = None
        steps = np.diff(times, prepend=times[0] if self._time is None else min(self._time, times[0]))
        self._time = float(times[-1])
        if self.body and performance.motion and len(performance.motion):
            pose = self.body.pose(_held(performance.motion, times, performance.start), steps)
        if self.face and performance.face and len(performance.face):
            outlines = self.face.outlines(_held(performance.face, times, performance.start))
        for i, time in enumerate(times):
            canvas = np.empty_like(self.wall)
            if self.body and pose:
                self.body.draw(canvas[: self.upper, : self.body_width], pose, i)
                canvas[: self.upper, self.body_width :] = self.wall[: self.upper, self.body_width :]
            else:
                canvas[: self.upper] = self.wall[: self.upper]
            if self.face and outlines:
                x, y, w, h = self.face_box
                inset = canvas[y : y + h, x : x + w]
                inset[:] = self.face.draw(outlines, i)
                inset[self.corners] = self.corner_wall
            self._clock(canvas, float(time))
            canvas[self.upper :] = self.strip.draw(float(time))
            yield canvas

    def _clock(self, canvas: NDArray[np.uint8], time: float) -> None:
        """Minutes and seconds in the upper left corner."""
        size = max(MIN_CLOCK_SIZE, round(CLOCK_SIZE * self.unit))
        seconds, hundredths = f"{int(time // 60)}:{time % 60:05.2f}".split(".")
        cover = np.concatenate([text(f"{seconds}.", size), text(hundredths, size)], axis=1)  # few texts, kept
        x, y = round(CLOCK_X * self.unit), round(CLOCK_Y * self.unit)
        corner = canvas[y : y + cover.shape[0], x : x + cover.shape[1]].astype(np.float32)
        stamp(corner, cover, 0, 0, CLOCK_COLOR)
        canvas[y : y + cover.shape[0], x : x + cover.shape[1]] = corner.astype(np.uint8)


def _held(track: Any, times: NDArray, start: float) -> Any:
    """The frames of a track on show at ``times``: at each the last one that has begun."""
    index = np.floor(times * track.fps + 1e-6).astype(int) - round(start * track.fps)
    return track[np.clip(index, 0, len(track) - 1)]


def _rounded(width: int, height: int, radius: int) -> NDArray[np.bool_]:
    """Mask ``(H, W)`` of a rectangle with round corners."""
    x = np.minimum(np.arange(width), np.arange(width)[::-1])
    y = np.minimum(np.arange(height), np.arange(height)[::-1])
    dx, dy = np.maximum(radius - x, 0)[None], np.maximum(radius - y, 0)[:, None]
    return (dx * dx + dy * dy) <= radius * radius
