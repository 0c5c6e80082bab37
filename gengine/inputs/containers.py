"""Compressed sound and the sound of videos, by PyAV and so by FFmpeg's libraries.

Sound is put on the picture's clock: second 0 is where the picture begins (or the sound, where that is earlier), and
where no sound is stored there is silence. Editors, subtitles and players count so too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.errors import AudioError
from gengine.inputs.audio import BLOCK_SAMPLES, FORMATS, LONGEST, DecodedSound, breaks_off, cut_off

_MPEG4 = {"mov", "mp4", "m4a"}
"""FFmpeg's names of containers that declare the length of every track."""

_CLOCKED = {"mov", "matroska", "mpegts", "mpeg", "avi", "flv", "asf", "mxf", "nut", "ogg", "rm", "gxf", "dv"}
"""Those that store times of their own beside the sound; in bare streams times are counted from it."""

_LISTS = {"hls", "dash", "concat", "sdp", "rtsp", "rtp", "imf", "ffmetadata", "webm_dash_manifest", "lavfi", "mpjpeg"}
"""Those that name other files or places instead of holding sound."""

_LIST_HEADS = (
    b"#extm3u",
    b"ffconcat",
    b"[playlist]",
    b"<?xml",
    b"<mpd",
    b"v=0",
    b"<asx",
    b"<smil",
    b"http",
)

SLACK = 0.5
"""A track may end so much before its declared length, seconds: encoders pad, and round to their frames."""

SLACK_SHARE = 0.02
"""The same as a share of its length. Both are judgement."""

JITTER = 0.05
"""Times stored with the sound may be so far from those counted, seconds, before the sound is moved: containers round
them, clocks of recorders drift. A tenth of a syllable more would be seen. Judgement."""

LATE = 0.1
"""Sound that begins so much after the picture, seconds, is worth a note. Judgement."""

LEAD = 8
"""Packets that may fail before the first one that decodes, in streams that may have been cut out of longer ones."""

_TAGS = (b"ID3", b"TAG", b"APE")
"""First bytes of what players write about a file before and behind its sound."""

_CUT_OUT = {"mp3", "aac", "loas", "ac3", "mpegts", "mpeg"}
"""FFmpeg's names of streams that can be joined anywhere."""


def open_container(path: Path, track: int | str | None = None, file: Any = None) -> DecodedSound:
    """A sound track of a file: the one asked for by number from 0, language or title, else the default one.

    ``file`` is an open file of its bytes where these are not the path's own. ``AudioError`` where there is no such
    track or it cannot be decoded.
    """
    import av
    from av.error import FFmpegError

    _refuse_lists(path)
    try:
        container = av.open(file or str(path), options={"protocol_whitelist": "file"})
    except (FFmpegError, ValueError, OSError) as error:
        why = "damaged or not sound" if not isinstance(error, OSError) else (error.strerror or "unreadable")
        raise AudioError(f"audio: '{path}' is no sound that can be read ({why}); {_advice(path)}") from None
    try:
        names = set(container.format.name.split(","))
        if names & _LISTS:
            raise _is_list(path)
        if not container.streams.audio:
            film = container.streams.video and not any(n.endswith("_pipe") or n in {"tty", "image2"} for n in names)
            what = "a video without a sound track, or cut off before it" if film else "not sound"
            raise AudioError(f"audio: '{path}' is {what}; give {FORMATS}")
        return _opened(path, container, track, names)
    except (FFmpegError, ValueError) as error:
        container.close()
        raise AudioError(f"audio: '{path}' cannot be decoded ({error}); export it again as {FORMATS}") from None
    except AudioError:
        container.close()
        raise


def _advice(path: Path) -> str:
    """What to do about a file that is no sound."""
    with path.open("rb") as file:
        if file.read(7) == b"version":
            return "it looks like a pointer of Git LFS: fetch the file itself with git lfs pull"
    raw = "samples without a header need --raw s16le:24000, or " if path.suffix.lower() in _HEADERLESS else ""
    return f"{raw}give {FORMATS}"


_HEADERLESS = {".pcm", ".raw", ".sln", ".bin", ".dat", ".ulaw", ".alaw", ".s16", ".f32", ".vox", ""}
"""Endings that samples without a header have."""


def _opened(path: Path, container: Any, wanted: int | str | None, names: set[str]) -> DecodedSound:
    import av

    from gengine.inputs.tracks import chosen_track

    number, notes = chosen_track(container.streams.audio, wanted, path.name)
    track = container.streams.audio[number]
    declared = _declared_duration(container, track, names)
    warnings: list[str] = []
    decoded = _decode(path, container, track, declared, warnings, notes)
    first = next(decoded, None)
    if first is None:
        raise AudioError(f"audio: '{path}' has a sound track that holds no sound; record or export it again")
    rate, _, head = first
    clock = _Clock(path.name, rate, _picture_start(container), warnings, notes) if names & _CLOCKED else None
    facts: dict[str, Any] = {"track": number, "tracks": len(container.streams.audio)} if names & _CLOCKED else {}
    late = clock.set_off(first[1], 0 if head.any() else len(head)) if clock else 0

    def placed() -> Iterator[NDArray[np.float32]]:
        if late:
            yield from _silence(late, head.shape[1], rate)
        yield head
        at = late + len(head)
        for _, time, block in decoded:
            if clock is not None:
                missing = clock.missing(at, time)
                yield from _silence(missing, head.shape[1], rate)
                at += max(0, missing)
                block = block[max(0, -missing) :]
            at += len(block)
            yield block
        if clock is not None:
            clock.tell()
        if declared is not None and at / rate < declared - max(SLACK, SLACK_SHARE * declared) and not warnings:
            warnings.append(cut_off(path, at / rate, declared))

    def blocks() -> Iterator[NDArray[np.float32]]:
        pending, count = [], 0
        for block in placed():
            pending.append(block)
            count += len(block)
            if count >= rate:
                yield np.concatenate(pending)
                pending, count = [], 0
        if pending:
            yield np.concatenate(pending)

    guess = container.duration / av.time_base if container.duration and container.duration > 0 else None
    if late and facts:
        facts["starts"] = round(late / rate, 3)
    others = declared is None and bool(names & _CLOCKED)  # the length of the longest track
    length = declared or guess
    return DecodedSound(rate, head.shape[1], length, blocks(), container.close, warnings, notes, facts, others)


class _Clock:
    """Where sound belongs on the picture's clock, in samples."""

    def __init__(self, name: str, rate: int, picture: float | None, warnings: list[str], notes: list[str]) -> None:
        self._name, self._rate, self._picture = name, rate, picture
        self._warnings, self._notes = warnings, notes
        self._zero: float | None = None
        self._gaps = self._gap_samples = self._overlaps = self._jumps = 0

    def set_off(self, time: float | None, primed: int) -> int:
        """Samples of silence before the first sound, which is stored as of ``time`` s; of it ``primed`` samples are the
        encoder's own quiet."""
        if time is None:
            return 0
        self._zero = min(time, self._picture) if self._picture is not None else time
        late = round((time - self._zero) * self._rate)
        if late > LONGEST * 3600 * self._rate:
            raise AudioError(f"audio: '{self._name}' has sound {late / self._rate / 3600:.0f} h after its picture")
        if late >= LATE * self._rate:
            begin = (late + primed) / self._rate
            self._notes.append(
                f"The sound of '{self._name}' starts {begin:.2f} s after the picture; silence till then."
            )
        return late

    def missing(self, at: int, time: float | None) -> int:
        """Samples of silence (below 0: of overlap) between sample ``at`` and sound that is stored as of ``time`` s."""
        if time is None or self._zero is None:
            return 0
        gap = round((time - self._zero) * self._rate) - at
        if abs(gap) <= JITTER * self._rate:
            return 0
        if gap < -self._rate or gap > LONGEST * 3600 * self._rate:  # its clock was set anew
            self._zero = time - at / self._rate
            self._jumps += 1
            return 0
        self._gaps += gap > 0
        self._gap_samples += max(gap, 0)
        self._overlaps += gap < 0
        return gap

    def tell(self) -> None:
        """Say what was filled in, left out or taken as it came."""
        if self._gaps:
            self._notes.append(
                f"The sound of '{self._name}' has {self._gaps} gaps, {self._gap_samples / self._rate:.2f} s in all; "
                "they are filled with silence."
            )
        if self._overlaps:
            self._warnings.append(
                f"Pieces of the sound of '{self._name}' overlap {self._overlaps} times; the later give way."
            )
        if self._jumps:
            self._warnings.append(
                f"The times in '{self._name}' jump {self._jumps} times; its sound is read as it comes."
            )


def _silence(samples: int, channels: int, rate: int) -> Iterator[NDArray[np.float32]]:
    """``samples`` of it in blocks of at most a second."""
    size = max(1, min(rate, BLOCK_SAMPLES // channels))
    for first in range(0, samples, size):
        yield np.zeros((min(size, samples - first), channels), np.float32)


def _picture_start(container: Any) -> float | None:
    """Seconds at which the picture begins; None where there is none (covers of albums are no picture)."""
    from av.stream import Disposition

    for film in container.streams.video:
        if not film.disposition & Disposition.attached_pic:
            return float(film.start_time * film.time_base) if film.start_time is not None else 0.0
    return None


def _declared_duration(container: Any, track: Any, names: set[str]) -> float | None:
    """Seconds the container promises for this very track; raw streams only allow a guess, so None."""
    if names & _MPEG4 and track.duration and track.time_base:
        late = float((track.start_time or 0) * track.time_base)
        return float(track.duration * track.time_base) + max(0.0, late - (_picture_start(container) or 0.0))
    if "matroska" in names and track.metadata.get("DURATION"):
        try:
            hours, minutes, seconds = track.metadata["DURATION"].split(":")
            declared = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        except ValueError:
            return None
        zero = _picture_start(container)
        begun = float(track.start_time * track.time_base) if track.start_time else 0.0
        return declared - (begun if zero is None else min(zero, begun)) or None
    return None


def _refuse_lists(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith(_LIST_HEADS):
        raise _is_list(path)


def _is_list(path: Path) -> AudioError:
    return AudioError(f"audio: '{path}' is not sound but a list of files or addresses; give one file: {FORMATS}")


def _decode(
    path: Path, container: Any, track: Any, whole: float | None, warnings: list[str], notes: list[str]
) -> Iterator[tuple[int, float | None, NDArray[np.float32]]]:
    """Rate, time (s) and float32 frames ``(n, channels)`` of one track.

    What fails at the very end is the last piece of a file that breaks off, which is a warning; sound behind a failure
    means damage, which is an error. Tags between joined files are no damage.
    """
    import av
    from av.error import FFmpegError

    converter, rate, channels, done, failures = None, 0, 0, 0, 0
    joinable, joined = bool(_CUT_OUT & set(container.format.name.split(","))), 0
    lead = LEAD if joinable else 0
    failed: FFmpegError | ValueError | None = None
    packets = iter(container.demux(track))
    while True:
        try:
            packet = next(packets, None)
        except (FFmpegError, ValueError) as error:
            failed = failed or error
            break
        if packet is None:
            break
        try:
            frames = packet.decode()
        except FFmpegError as error:
            if joinable and bytes(packet)[:3] in _TAGS:
                joined += 1
                continue
            failures += 1
            if done or failures > lead:
                failed = failed or error
            continue
        if failed and frames and packet.size:
            raise breaks_off(path, done / max(rate, 1), whole, failed.strerror or "")
        for frame in frames:
            if converter is None:
                # The decoder knows the true rate (HE-AAC headers give half of it), so ask its first frame.
                rate, channels, layout = frame.sample_rate, frame.layout.nb_channels, frame.layout
                if not 1 <= channels <= 64 or rate <= 0:
                    raise AudioError(f"audio: '{path}' has {channels} channels at {rate} Hz; that is no recording")
                converter = av.AudioResampler(format="fltp", layout=layout, rate=rate)
                form = (frame.format.name, layout.name, rate)
            elif (frame.format.name, frame.layout.name, frame.sample_rate) != form:
                # a stream may change on the way: it goes on as it began
                form = (frame.format.name, frame.layout.name, frame.sample_rate)
                converter = av.AudioResampler(format="fltp", layout=layout, rate=rate)
            time = frame.time
            for planar in converter.resample(frame):
                block = np.ascontiguousarray(planar.to_ndarray().T, np.float32)
                done += len(block)
                yield rate, time, block.reshape(-1, channels)
                time = None
    if joined:
        notes.append(f"'{path.name}' is several files joined, tags between them; all are heard.")
    if failed:
        if not done:
            raise breaks_off(path, 0.0, whole, getattr(failed, "strerror", None) or "")
        warnings.append(cut_off(path, done / rate, whole))
