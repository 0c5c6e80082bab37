"""Frames and sound into one video (MP4, or transparent WebM and MOV) in one pass, in flat memory.

FFmpeg is spoken to through PyAV: imageio's video plug-ins take pictures alone, without sound beside them and
without the colour tags, alpha planes and interleaving that players need.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import AudioClip
from gengine.core.timing import check_rate
from gengine.errors import GengineError, brief

AUDIO_RATE = 48_000
"""Rate of the sound inside a video, Hz."""
MIN_FPS, MAX_FPS = 1.0, 240.0
"""Frame rates that can be written, Hz (judgement): slower is no moving picture, faster than any screen shows."""
MIN_SIDE = 16
"""Smallest width and height, pixels: one macroblock of H.264."""
FULL_SCALE = 32767
"""The largest 16-bit sample."""
_BLOCK = 1024
"""Samples encoded at once: one frame of AAC."""
_KEYFRAME = 2.0
"""Seconds from one key frame to the next at most, which is how finely players seek."""
_SOUND_BITS = 128_000
"""Bit rate of AAC and Opus, bit/s: transparent for one voice."""
_RATE_DENOMINATOR = 1001
"""The largest denominator of a frame rate, which holds 30000/1001 exactly."""
_BT709, _LIMITED = 1, 1
"""FFmpeg's numbers of the colour space that players expect of HD video, and of its 16-235 range."""
_LEAD = 0.5
"""Seconds by which the sound is written ahead of the picture."""
_X264 = {"threads": "2", "x264-params": "lookahead-threads=1"}
"""A fixed number of threads: x264's picture depends on it, and with several lookahead threads on chance."""


@dataclass(frozen=True)
class VideoFormat:
    """A container with its codecs; ``alpha`` formats take RGBA frames whose colour is not premultiplied."""

    video: str
    pixels: str
    sound: str
    options: dict[str, str]
    container: dict[str, str]
    alpha: bool = False
    sound_format: str = "fltp"


VIDEO_FORMATS = {
    "mp4": VideoFormat("libx264", "yuv420p", "aac", _X264, {"movflags": "+faststart"}),
    "webm": VideoFormat(
        "libvpx-vp9", "yuva420p", "libopus",
        {"deadline": "realtime", "cpu-used": "7", "row-mt": "1", "auto-alt-ref": "0", "b": "0", "crf": "28"}, {},
        alpha=True, sound_format="flt",
    ),
    "mov": VideoFormat(
        "prores_ks", "yuva444p10le", "pcm_s16le", {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"}, {},
        alpha=True, sound_format="s16",
    ),
}  # fmt: skip


class VideoWriter:
    """Writes frames and sound as they come; both begin at time zero and either may run ahead.

    ``crf`` is x264's quality (18 near lossless, 28 small). The picture is tagged BT.709 and the index is
    put first (faststart), so browsers begin to play at once. ``name`` is what messages call the file, where
    that is not ``path``. ``format`` is one of ``VIDEO_FORMATS``: webm is VP9 and mov ProRes 4444, both with
    transparency. ``about`` is written into the file: title, comment and the like.
    Raises ``GengineError`` for a rate or size no video can have, and for what the file system refuses.
    """

    def __init__(
        self,
        path: str | Path,
        fps: float,
        size: tuple[int, int],
        sound: bool = True,
        crf: int = 20,
        preset: str = "veryfast",
        name: str | Path | None = None,
        format: str = "mp4",
        about: dict[str, str] | None = None,
    ) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        check_fps("video fps", fps)
        check_size(*size)
        self.name, self.size, self.fps, self.format = Path(name or path), size, fps, VIDEO_FORMATS[format]
        with self._writing():
            self._container = av.open(str(path), "w", format=format, options=VIDEO_FORMATS[format].container)
        self._container.metadata.update(about or {})
        rate = Fraction(fps).limit_denominator(_RATE_DENOMINATOR)
        options = self.format.options | ({"crf": str(crf), "preset": preset} if format == "mp4" else {})
        self._video: Any = self._container.add_stream(self.format.video, rate=rate, options=options)
        self._video.width, self._video.height, self._video.pix_fmt = *size, self.format.pixels
        context = self._video.codec_context
        context.time_base = 1 / rate
        context.gop_size = max(1, math.ceil(_KEYFRAME * fps))
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        self._frames = 0
        self._picture: Any = None
        self._reformatter: Any = VideoReformatter()  # each frame's own would be set up anew, which takes as long again
        # threads for so little cost more than they save; older versions know no such option
        self._one_thread: dict[str, Any] = {"threads": 1} if "threads" in str(VideoReformatter.reformat.__doc__) else {}
        self._audio: Any = None
        if sound:
            self._audio = self._container.add_stream(self.format.sound, rate=AUDIO_RATE, layout="mono")
            if self.format.sound != "pcm_s16le":
                self._audio.bit_rate = _SOUND_BITS
        self._resample: Any = None
        self._rate = 0
        self._waiting: deque[NDArray[np.float32]] = deque()
        self._taken = 0
        self._pending = np.zeros(0, np.float32)
        self._samples = 0
        with self._writing():
            self._container.start_encoding()

    def add_frame(self, frame: NDArray[np.uint8]) -> None:
        """The next frame ``(H, W, 3)`` uint8 RGB, or ``(H, W, 4)`` RGBA where the format has transparency."""
        channels = frame.shape[-1] if self.format.alpha and frame.shape[-1] == 4 else 3
        if frame.dtype != np.uint8 or frame.shape != (self.size[1], self.size[0], channels):
            raise GengineError(
                f"video frame: {frame.dtype} {frame.shape}, expected uint8 ({self.size[1]}, {self.size[0]}, {channels})"
            )
        picture = self._reformatter.reformat(
            self._held(frame), format=self.format.pixels, dst_colorspace="ITU709", **self._one_thread
        )
        picture.pts, picture.time_base = self._frames, self._video.codec_context.time_base
        self._frames += 1
        self._mux(self._video, picture)
        self._feed_sound(self._frames / self.fps + _LEAD)

    def _held(self, frame: NDArray[np.uint8]) -> Any:
        """The frame as FFmpeg's, in one picture that is used again: making a new one takes longer than converting."""
        import av

        height, width, channels = frame.shape
        layout = "rgba" if channels == 4 else "rgb24"
        if self._picture is None or self._picture.format.name != layout:
            self._picture = av.VideoFrame(width, height, layout)
        plane = self._picture.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(height, plane.line_size)
        rows[:, : width * channels] = frame.reshape(height, width * channels)
        return self._picture

    def add_sound(self, clip: AudioClip) -> None:
        """The next stretch of mono sound, at one rate throughout."""
        import soxr

        if self._resample is None:
            self._rate = clip.rate
            self._resample = soxr.ResampleStream(clip.rate, AUDIO_RATE, 1, dtype="float32")
        elif clip.rate != self._rate:
            raise GengineError(f"video: sound at {clip.rate} Hz after sound at {self._rate} Hz, expected one rate")
        self._waiting.append(clip.samples)

    def close(self) -> None:
        """Flush both encoders and complete the file; a video without a frame is a ``GengineError``."""
        if not self._frames:
            self.abort()
            raise GengineError(f"{self.name}: no frame was drawn, expected at least one")
        self._feed_sound(math.inf)
        if self._resample is not None:
            self._encode_sound(self._resample.resample_chunk(np.zeros(0, np.float32), last=True), last=True)
        for stream in (self._audio, self._video):
            if stream is not None:
                self._mux(stream, None)
        with self._writing():
            self._container.close()

    def abort(self) -> None:
        """Close the file as it is."""
        self._container.close()

    def _feed_sound(self, until: float) -> None:
        """Encode waiting sound up to ``until`` (s): beside the picture, so that the file interleaves the two."""
        while self._waiting and self._taken < until * self._rate:
            block = self._waiting.popleft()
            want = int(min(len(block), math.ceil(until * self._rate) - self._taken)) if until < math.inf else len(block)
            if want < len(block):
                self._waiting.appendleft(block[want:])
            self._taken += want
            self._encode_sound(self._resample.resample_chunk(block[:want]))

    def _encode_sound(self, samples: NDArray[np.float32], last: bool = False) -> None:
        import av

        self._pending = np.concatenate([self._pending, samples])
        end = len(self._pending) if last else len(self._pending) // _BLOCK * _BLOCK
        for begin in range(0, end, _BLOCK):
            block = np.clip(self._pending[begin : min(begin + _BLOCK, end)], -1.0, 1.0)
            packed: Any = np.ascontiguousarray(block[None])
            if self.format.sound_format == "s16":
                packed = (packed * FULL_SCALE).astype(np.int16)
            piece = av.AudioFrame.from_ndarray(packed, format=self.format.sound_format, layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = AUDIO_RATE, self._samples, Fraction(1, AUDIO_RATE)
            self._samples += len(block)
            self._mux(self._audio, piece)
        self._pending = self._pending[end:]

    def _mux(self, stream: Any, item: Any) -> None:
        with self._writing():
            for packet in stream.encode(item):
                self._container.mux(packet)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What the file system refuses becomes an error a user can read."""
        from av.error import FFmpegError

        try:
            yield
        except (OSError, FFmpegError) as error:
            reason = getattr(error, "strerror", None) or error
            raise GengineError(
                f"{self.name}: cannot be written ({reason}); give a path in a folder that exists and has room"
            ) from error


def check_fps(field: str, fps: float) -> None:
    """A frame rate that a video may have, else a ``GengineError`` that calls the value ``field``."""
    check_rate(field, fps)
    if not MIN_FPS <= fps <= MAX_FPS:
        raise GengineError(
            f"{field}: {brief(fps)}, expected {MIN_FPS:g} to {MAX_FPS:g} frames per second, for example 30"
        )


def check_size(width: int, height: int) -> None:
    """H.264's 4:2:0 picture needs even sides; anything else is a ``GengineError``."""
    if width % 2 or height % 2 or width < MIN_SIDE or height < MIN_SIDE:
        raise GengineError(
            f"video size {width}x{height}: expected even numbers of at least {MIN_SIDE}, for example 960x540"
        )
