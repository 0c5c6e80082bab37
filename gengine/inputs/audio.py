"""Sound from files: any common format, rate, depth and channel count, read in blocks of about one second."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.errors import AudioError

SHORTEST = 0.1
"""Least sound that can be animated, seconds."""

FORMATS = "wav, flac, mp3, ogg, opus, m4a, aac, or a video with sound (mp4, mov, mkv, webm)"

SILENT_PEAK = 10 ** (-70 / 20)
"""A recording that never exceeds this is silent: -70 dB of full scale, below any room's noise. Judgement."""

FULL_SCALE = 0.999
"""Samples from here on count as clipped; 16-bit sound reaches 0.99997."""

CLIPPED_SHARE = 0.01
"""Share of clipped samples that is worth a warning. Judgement."""

BROKEN_SHARE = 0.75
"""A recording shorter than this share of the length its file promises is worth a warning: lengths may be guesses."""

BEYOND_SCALE = 2
"""Float samples beyond this are no overshoot of a resampler but another scale."""

KEEP_RATE = 48_000
"""Highest rate at which a recording is kept for playback, Hz; analysis always runs at ``SAMPLE_RATE``."""
_SOUNDFILE_HEADS = (b"RIFF", b"RIFX", b"RF64", b"riff", b"fLaC", b"OggS", b"FORM", b".snd", b"caff")


@dataclass
class DecodedSound:
    """A decoder's product: float32 blocks ``(n, channels)`` at ``rate``; ``duration`` s or None."""

    rate: int
    channels: int
    duration: float | None
    blocks: Iterator[NDArray[np.float32]]
    close: Callable[[], None]


class AudioStream:
    """A recording read once, front to back: iterate for mono float32 blocks of 1 s at ``SAMPLE_RATE``.

    ``rate`` (Hz) and ``channels`` are the file's own; ``duration`` (s) is None where the file does not say
    and may be a guess for mp3 and bare aac. Channels are averaged; loudness is left as it is. ``warnings``
    holds plain sentences and is complete after the last block. Faults found on the way raise ``AudioError``.
    Memory does not grow with length.
    """

    def __init__(self, path: Path, sound: DecodedSound, output_rate: int = SAMPLE_RATE) -> None:
        self.path = path
        self.rate = sound.rate
        self.channels = sound.channels
        self.duration = sound.duration
        self.output_rate = output_rate
        self.warnings: list[str] = []
        self._sound = sound
        self._started = False

    def __enter__(self) -> AudioStream:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go; closing twice is fine."""
        self._sound.close()

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        if self._started:
            raise AudioError(f"audio: '{self.path}' was read to the end already; open it again")
        self._started = True
        return self._resampled()

    def _resampled(self) -> Iterator[NDArray[np.float32]]:
        import soxr

        resampler = soxr.ResampleStream(self.rate, self.output_rate, 1, dtype="float32", quality="HQ")
        pending: list[NDArray[np.float32]] = []
        count = 0
        mono = self._mono()
        for block in chain(mono, (None,)):
            last = block is None
            chunk = resampler.resample_chunk(np.zeros(0, np.float32) if block is None else block, last=last)
            pending.append(np.clip(chunk, -1.0, 1.0))
            count += len(chunk)
            if count < self.output_rate and not last:
                continue
            joined = np.concatenate(pending)
            whole = len(joined) if last else count - count % self.output_rate
            for start in range(0, whole, self.output_rate):
                yield joined[start : min(start + self.output_rate, whole)]
            pending, count = [joined[whole:]], len(joined) - whole

    def _mono(self) -> Iterator[NDArray[np.float32]]:
        """Averaged channels at the file's rate, checked; fills ``warnings`` at the end."""
        frames, clipped, peak = 0, 0, 0.0
        for block in self._sound.blocks:
            finite = np.isfinite(block).all(1)
            if not finite.all():
                when = (frames + int(np.argmin(finite))) / self.rate
                raise AudioError(
                    f"audio: '{self.path}' holds a sample that is not a number (NaN or infinity) at {when:.3f} s; "
                    "every sample must be finite: write the file again or cut that part out"
                )
            size = np.abs(block)
            frames += len(block)
            clipped += int((size >= FULL_SCALE).any(1).sum())
            peak = max(peak, float(size.max(initial=0.0)))
            yield block.mean(1, dtype=np.float32)
        _check_length(self.path, frames / self.rate)
        if peak < SILENT_PEAK:
            self.warnings.append(f"'{self.path.name}' is silent from beginning to end.")
        if clipped > CLIPPED_SHARE * frames:
            share = 100 * clipped / frames
            self.warnings.append(f"{share:.0f} % of the samples of '{self.path.name}' are clipped (at full scale).")
        if self.duration is not None and frames / self.rate < BROKEN_SHARE * self.duration:
            self.warnings.append(
                f"'{self.path.name}' promises {self.duration:.1f} s but holds {frames / self.rate:.1f} s of sound."
            )
        if peak > BEYOND_SCALE:
            self.warnings.append(f"Samples of '{self.path.name}' reach {peak:.4g}; beyond -1 to 1 they are cut off.")


def open_audio(path: str | Path, rate: int | None = SAMPLE_RATE) -> AudioStream:
    """Open the sound of a file, or the first sound track of a video, for one pass in flat memory.

    Use as a context manager and iterate for mono blocks at ``rate`` Hz (None: the file's own rate, at most
    ``KEEP_RATE``; read it from ``output_rate``). ``AudioError`` when the path is
    missing, a folder, empty, damaged, no sound, or shorter than ``SHORTEST`` s; faults that only reading
    can find (NaN samples, a recording that breaks off) raise it from the iteration.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise AudioError(f"audio: '{path}' does not exist; give {FORMATS}")
        if path.is_dir():
            raise AudioError(f"audio: '{path}' is a folder; give one file: {FORMATS}")
        if path.stat().st_size == 0:
            raise AudioError(f"audio: '{path}' is an empty file (0 bytes); record or export it again")
        _check_riff(path)
        sound = _open_soundfile(path) or _open_container(path)
    except OSError as error:
        raise AudioError(f"audio: '{path}' cannot be read: {error.strerror or error}") from None
    if sound.duration is not None:
        try:
            _check_length(path, sound.duration)
        except AudioError:
            sound.close()
            raise
    return AudioStream(path, sound, rate or min(sound.rate, KEEP_RATE))


def load_audio(path: str | Path, rate: int = SAMPLE_RATE) -> AudioClip:
    """The whole recording as one clip at ``rate`` Hz; errors as ``open_audio``."""
    with open_audio(path, rate) as stream:
        blocks = list(stream)
    return AudioClip(np.concatenate(blocks), rate)


def _check_length(path: Path, seconds: float) -> None:
    if seconds <= 0:
        raise AudioError(f"audio: '{path}' holds no sound (0 s); record or export it again")
    if seconds < SHORTEST:
        raise AudioError(f"audio: '{path}' is {seconds:.3f} s long; give at least {SHORTEST} s of sound")


def breaks_off(path: Path, at: float, whole: float | None, why: str = "") -> AudioError:
    of = f" of {whole:.2f} s" if whole is not None else ""
    because = f" ({why})" if why else ""
    return AudioError(f"audio: '{path}' is damaged or cut off at {at:.2f} s{of}{because}; export or copy it again")


def _check_riff(path: Path) -> None:
    """A WAV whose header promises more sound than the file holds was cut off; libsndfile would not say."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return
        size, position, per_second = path.stat().st_size, 12, 0
        while True:
            chunk = file.read(8)
            if len(chunk) < 8:
                raise AudioError(f"audio: '{path}' is a WAV file without sound data; record or export it again")
            name, length = struct.unpack("<4sI", chunk)
            position += 8
            if name == b"fmt ":
                form = file.read(16)
                per_second = struct.unpack_from("<I", form, 8)[0] if len(form) == 16 else 0
            if name == b"data":
                # Writers to a pipe leave 0 or the largest size there: then the sound runs to the file's end.
                if length < 0xFFFF_0000 and position + length > size + 1:
                    rate = max(per_second, 1)
                    raise breaks_off(path, (size - position) / rate, length / rate)
                return
            position += length + length % 2
            file.seek(position)


def _open_soundfile(path: Path) -> DecodedSound | None:
    """libsndfile: wav, flac, ogg, opus, aiff and others; None where PyAV should read.

    It is strict about damage and exact about float samples. It never gets mp3: its decoder loses samples
    and prints to the terminal.
    """
    import soundfile

    with path.open("rb") as head:
        if head.read(4) not in _SOUNDFILE_HEADS:
            return None
    try:
        file = soundfile.SoundFile(str(path))
    except soundfile.LibsndfileError:
        return None
    # A header may leave the length open; libsndfile then gives the largest integer.
    frames = file.frames if 0 <= file.frames < 2**62 else None
    duration = None if frames is None else frames / file.samplerate

    def blocks() -> Iterator[NDArray[np.float32]]:
        done = 0
        while True:
            try:
                block = file.read(file.samplerate, dtype="float32", always_2d=True).astype(np.float32, copy=False)
            except soundfile.LibsndfileError as error:
                raise breaks_off(path, done / file.samplerate, duration, str(error).rstrip(". ")) from None
            if len(block) == 0:
                break
            done += len(block)
            yield block
        if frames is not None and done < frames:
            raise breaks_off(path, done / file.samplerate, duration)

    return DecodedSound(file.samplerate, file.channels, duration, blocks(), file.close)


def _open_container(path: Path) -> DecodedSound:
    from gengine.inputs.containers import open_container

    return open_container(path)
