"""Compressed sound and the sound of videos, by PyAV and so by FFmpeg's libraries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.errors import AudioError
from gengine.inputs.audio import FORMATS, DecodedSound, breaks_off

_MPEG4 = {"mov", "mp4", "m4a"}
"""FFmpeg's names of containers that declare the length of every track."""

SLACK = 0.5
"""A track may end so much before its declared length, seconds: encoders pad, and round to their frames."""

SLACK_SHARE = 0.02
"""The same as a share of its length. Both are judgement."""


def open_container(path: Path) -> DecodedSound:
    """The first sound track of a file; ``AudioError`` where there is none or it cannot be decoded."""
    import av
    from av.error import FFmpegError

    try:
        container = av.open(str(path))
    except (FFmpegError, ValueError) as error:
        why = "damaged or not sound" if not isinstance(error, OSError) else (error.strerror or "unreadable")
        raise AudioError(f"audio: '{path}' is no sound that can be read ({why}); give {FORMATS}") from None
    try:
        names = set(container.format.name.split(","))
        if not container.streams.audio:
            film = container.streams.video and not any(n.endswith("_pipe") or n in {"tty", "image2"} for n in names)
            what = "a video without a sound track" if film else "not sound"
            raise AudioError(f"audio: '{path}' is {what}; give {FORMATS}")
        track = container.streams.audio[0]
        declared = _declared_duration(container, track, names)
        decoded = _decode(path, container, track, declared)
        first = next(decoded, None)
        if first is None:
            raise AudioError(f"audio: '{path}' has a sound track that holds no sound; record or export it again")
    except AudioError:
        container.close()
        raise
    rate, head = first

    def blocks() -> Iterator[NDArray[np.float32]]:
        pending, count, done = [head], len(head), 0
        for _, block in decoded:
            pending.append(block)
            count += len(block)
            if count >= rate:
                yield np.concatenate(pending)
                pending, count, done = [], 0, done + count
        if pending:
            yield np.concatenate(pending)
        done = (done + count) / rate
        if declared is not None and done < declared - max(SLACK, SLACK_SHARE * declared):
            raise breaks_off(path, done, declared)

    guess = container.duration / av.time_base if container.duration else None
    return DecodedSound(rate, head.shape[1], declared or guess, blocks(), container.close)


def _declared_duration(container: Any, track: Any, names: set[str]) -> float | None:
    """Seconds the container promises for this very track; raw streams only allow a guess, so None."""
    if names & _MPEG4 and track.duration and track.time_base:
        return float(track.duration * track.time_base)
    if "matroska" in names and track.metadata.get("DURATION"):
        try:
            hours, minutes, seconds = track.metadata["DURATION"].split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        except ValueError:
            return None
    return None


def _decode(path: Path, container: Any, track: Any, whole: float | None) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Rate and float32 frames ``(n, channels)`` of one track."""
    import av
    from av.error import FFmpegError

    converter, rate, channels, done = None, 0, 0, 0
    try:
        for frame in container.decode(track):
            if converter is None:
                # The decoder knows the true rate (HE-AAC headers give half of it), so ask its first frame.
                rate, channels = frame.sample_rate, frame.layout.nb_channels
                converter = av.AudioResampler(format="fltp", layout=frame.layout, rate=rate)
            for planar in converter.resample(frame):
                block = np.ascontiguousarray(planar.to_ndarray().T, np.float32)
                done += len(block)
                yield rate, block.reshape(-1, channels)
    except FFmpegError as error:
        raise breaks_off(path, done / max(rate, 1), whole, error.strerror or "") from None
