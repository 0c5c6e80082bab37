"""The film of a photo that speaks."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import AudioClip
from gengine.core.emotion import EMOTIONS
from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.core.report import Report
from gengine.errors import GengineError, MissingExtraError
from gengine.portraits.external import NAME, frames_of, parts_of, run_engine
from gengine.portraits.provenance import say_origin
from gengine.renderers.frame_sampler import FrameSampler, first_frame
from gengine.renderers.video_writer import VideoWriter, check_fps

FPS, SIZE = 25.0, 512
"""Of a film: Hz, and px of its longer side."""
DEFAULT = "warp"
"""Who paints the mouth where nobody says."""
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
    which of several faces, the largest first, ``fit`` a folder that ``write_fit`` wrote, ``mark`` whether a small sign
    says that the film is generated, ``renderer`` who paints the mouth, ``scene``, ``guidance`` and ``steps`` of
    diffusion, ``command`` of an engine of the user's (``gengine.portraits.external``). ``seen`` is called with every
    frame ``(H, W, 3)``. Only show people who agreed to it: see docs/how-to/portrait.md.
    """

    suffix: ClassVar[str] = ".mp4"
    default_name: ClassVar[str] = "portrait.mp4"
    needs: ClassVar[tuple[str, ...]] = ("face",)

    def __init__(
        self,
        path: str | Path,
        photo: Annotated[str | Path | None, "a picture with a face from the front"] = None,
        size: Annotated[int, "pixels of the longer side"] = SIZE,
        fps: Annotated[float, "frames per second"] = FPS,
        fit: Annotated[str | Path | None, "a folder of gengine portrait fit, perhaps edited"] = None,
        face: Annotated[int, "which of several faces, the largest first"] = 1,
        mark: Annotated[bool, "a small sign that says the film is generated"] = True,
        renderer: Annotated[
            str, "the mouth's: warp, regressor, diffusion, external, or a checkpoint's folder"
        ] = DEFAULT,
        scene: Annotated[str | None, "a sentence about the scene, for diffusion"] = None,
        guidance: Annotated[float, "how far diffusion follows emotion and scene, 1 as learned"] = 1.0,
        steps: Annotated[int | None, "of diffusion, 1 to 50; default as its checkpoint says"] = None,
        command: Annotated[str | None, "of external: names {photo}, {driving} and {out}"] = None,
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
        self._engine = parts_of(command) if renderer == NAME else None
        from gengine.portraits.photo import fit_photo

        fitted = fit_photo(photo, size, face, fit)
        try:
            from gengine.portraits.renderers import Painting, mouth_renderer
            from gengine.portraits.warp import PortraitWarp
        except ImportError as error:
            if error.name != "numba":
                raise
            raise MissingExtraError("talking portraits", "portrait") from None
        self._warp = PortraitWarp(fitted)
        self._painter = mouth_renderer(
            "warp" if self._engine else renderer, self._warp, Painting(steps, guidance, scene)
        )
        self._sign = sign(fitted.rgb.shape[:2]) if mark else None
        self._sampler, self._seen, self._fps = FrameSampler(fps), seen, fps
        self._emotions = _Emotions()
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._next: int | None = None
        self._start, self._drawn = 0.0, 0
        self.report = Report(
            {"portrait": {"photo": Path(photo).name, "size px": list(fitted.rgb.shape[1::-1]), "renderer": renderer}},
            fitted.notes,
        )
        self._writer = VideoWriter(
            self.partial, fps, fitted.rgb.shape[1::-1], name=self.path, about={"comment": MADE, "title": MARK}
        )
        self._driving: VideoWriter | None = None
        if self._engine:
            self._folder = tempfile.TemporaryDirectory(prefix="gengine-")
            self._place = Path(self._folder.name)
            self._driving = VideoWriter(self._place / "driving.mp4", fps, fitted.rgb.shape[1::-1], name="driving film")

    def append(self, stretch: Performance) -> None:
        """Add the next stretch."""
        self.check(stretch)
        assert self._writer is not None
        for writer in (self._writer, self._driving):
            if writer is not None:
                writer.add_sound(stretch.audio)
        self._painter.hear(stretch.audio)
        self._emotions.push(stretch)
        if self._next is None:
            self._next, self._start = first_frame(stretch.start, self._fps), stretch.start
        self._sampler.push(replace(stretch, motion=None))
        self._draw(last=False)

    def finish(self) -> None:
        """Draw what waits and close the file."""
        assert self._writer is not None
        if self._next is not None:
            self._painter.hear(AudioClip(np.zeros(0, np.float32), self._emotions.rate), last=True)
        self._draw(last=True)
        if self._driving is not None:
            self._paint_outside(self._driving)
        self._writer.close()
        say_origin(self.partial, MADE)

    def abort(self) -> None:
        """Close the unfinished file."""
        for writer in (self._writer, self._driving):
            if writer is not None:
                writer.abort()

    def _paint_outside(self, driving: VideoWriter) -> None:
        """Have the user's engine make the film from the photo and the driving film."""
        from PIL import Image

        assert self._engine is not None
        driving.close()
        self._driving = None
        photo, out = self._place / "photo.png", self._place / "out.mp4"
        rgb = self._warp.photo.rgb
        Image.fromarray(rgb).save(photo)
        run_engine(self._engine, photo, self._place / "driving.mp4", out)
        came, last = 0, rgb
        for frame in frames_of(out, (rgb.shape[1], rgb.shape[0])):
            if came < self._drawn:
                self._show(frame.copy())
            came, last = came + 1, frame
        for _ in range(came, self._drawn):
            self._show(last.copy())
        if came != self._drawn:
            told = f"The engine's film has {came} frames, the driving one {self._drawn}: " + (
                "its last was held." if came < self._drawn else "the rest was cut."
            )
            self.report = replace(self.report, notes=(*self.report.notes, told))
        self._folder.cleanup()

    def _show(self, frame: NDArray[np.uint8]) -> None:
        """Sign a frame of the film and write it."""
        assert self._writer is not None
        if self._sign is not None:
            put(self._sign, frame)
        self._writer.add_frame(frame)
        if self._seen is not None:
            self._seen(frame)

    def _draw(self, last: bool) -> None:
        """Draw what is known, up to where the renderer has heard the sound."""
        while True:
            _, face = self._sampler.take(BLOCK, last)
            if face is None or not len(face):
                break
            for posed in zip(face.weights, face.head, face.gaze, strict=True):
                assert self._next is not None
                self._waiting.append((self._next / self._fps, *posed))
                self._next += 1
            self._paint(last)
        self._paint(last)

    def _paint(self, last: bool) -> None:
        assert self._writer is not None
        while self._waiting and (last or self._painter.ready(self._waiting[0][0] - self._start)):
            second, weights, head, gaze = self._waiting.popleft()
            pose = self._warp.pose(weights, head, gaze)
            frame = self._warp.draw(pose)
            self._painter.paint(frame, pose, second - self._start, self._emotions.at(second))
            if self._driving is None:
                self._show(frame)
            else:
                self._drawn += 1
                self._driving.add_frame(frame)


class _Emotions:
    """The emotion's strengths at times of frames, from stretches that follow each other."""

    def __init__(self) -> None:
        self._pieces: deque[Performance] = deque()
        self.rate = 0

    def push(self, stretch: Performance) -> None:
        self._pieces.append(stretch)
        self.rate = stretch.audio.rate

    def at(self, second: float) -> NDArray[np.float32]:
        """``(18,)``, held from one frame of the timeline to the next; seconds ascend."""
        while len(self._pieces) > 1 and second >= self._pieces[1].start - 1e-9:
            self._pieces.popleft()
        piece = self._pieces[0]
        track = piece.emotion
        row = int((second - piece.start) * track.fps + 1e-6)
        return track.weights[min(max(row, 0), len(track) - 1)] if len(track) else np.zeros(len(EMOTIONS), np.float32)


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
