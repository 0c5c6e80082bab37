"""Sound from files: any common format, rate, depth and channel count, read in blocks of about one second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import FULL_SCALE, HIGHEST_RATE, LOWEST_RATE, OTHER_SCALE, SAMPLE_RATE, AudioClip
from gengine.errors import AudioError

if TYPE_CHECKING:
    from gengine.inputs.part import Part

SHORTEST = 0.1
"""Least sound that can be animated, seconds."""

FORMATS = "wav, flac, mp3, ogg, opus, m4a, aac, or a video with sound (mp4, mov, mkv, webm)"

SILENT_PEAK = 10 ** (-70 / 20)
"""A channel or recording that never exceeds this is silent: -70 dB of full scale, below any room's noise. Judgement."""

LISTENED = 30
"""Blocks of about a second that are heard before it is said what scale floats have and how channels are joined."""

CLIPPED = 0.999
"""Samples from here on count as clipped; 16-bit sound reaches 0.99997."""

CLIPPED_SHARE = 0.01
"""Share of clipped samples that is worth a warning. Judgement."""

BROKEN_SHARE = 0.75
"""A recording shorter than this share of the length its file promises is worth a warning: lengths may be guesses."""

CUT_SLACK = 0.25
"""A file that goes on to so much before its promised end, seconds, does not break off. Judgement."""

OPEN_LENGTH = 1024
"""A file of more bytes than this whose header says that it holds no samples may hold some all the same."""

BEYOND_SCALE = 2
"""Float samples beyond this are no overshoot of a resampler but another scale."""

MOST_CHANNELS = 64
"""Channels that a recording may have: seventh-order ambisonics. Bounds what a block holds."""

LONGEST = 24.0
"""Hours of sound that are read from one recording; what says it is longer is no recording of speech. Judgement."""

BLOCK_SAMPLES = 1 << 22
"""Samples of all channels that are read at once at most."""

KEEP_RATE = 48_000
"""Highest rate at which a recording is kept for playback, Hz; analysis always runs at ``SAMPLE_RATE``."""
_SOUNDFILE_HEADS = (b"RIFF", b"RIFX", b"RF64", b"riff", b"fLaC", b"OggS", b"FORM", b".snd", b"caff")


@dataclass
class DecodedSound:
    """A decoder's product: float32 blocks ``(n, channels)`` at ``rate``; ``duration`` s or None.

    ``warnings`` and ``notes`` are complete after the last block; ``facts`` from the beginning. ``guessed`` is a
    duration that is not the sound's own.
    """

    rate: int
    channels: int
    duration: float | None
    blocks: Iterator[NDArray[np.float32]]
    close: Callable[[], None]
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    guessed: bool = False


class AudioStream:
    """A recording read once, front to back: iterate for mono float32 blocks of 1 s at ``SAMPLE_RATE``.

    ``rate`` (Hz) and ``channels`` are the file's own; ``duration`` (s) is None where the file does not say
    and may be a guess for mp3 and bare aac. Channels are joined as ``ChannelMix`` says; loudness is left as it is.
    ``warnings`` (what was lost or guessed) and ``notes`` (what is good to know) hold plain sentences and are complete
    after the last block; ``facts`` say which track and channel are heard. Faults found on the way raise
    ``AudioError``. Memory does not grow with length.
    """

    def __init__(
        self, path: Path, sound: DecodedSound, output_rate: int = SAMPLE_RATE, part: Part | None = None
    ) -> None:
        self.path = path
        self.rate = sound.rate
        self.channels = sound.channels
        self.duration = sound.duration if part is None else part.length(sound.duration)
        self.output_rate = output_rate
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.facts = sound.facts
        self._sound = sound
        self._part = part
        channel = part.channel if part is not None else None
        self._mix = None
        if sound.channels > 1 or channel is not None:
            from gengine.inputs.channels import ChannelMix

            self._mix = ChannelMix(channel, sound.channels, path.name)
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
        """One channel at the file's rate, checked; fills ``warnings`` and ``notes`` at the end."""
        blocks = self._bounded()
        if self._part is not None:
            blocks = self._part.cut(blocks, self.rate, self.path.name, self.notes)
        checked = self._checked(blocks)
        yield from self._mix(checked) if self._mix else (block[:, 0] for block in checked)
        self.warnings[:0] = self._sound.warnings
        self.notes[:0] = [*self._sound.notes, *(self._mix.notes if self._mix else ())]
        self.facts = {**self._sound.facts, **(self._mix.facts if self._mix else {})}

    def _bounded(self) -> Iterator[NDArray[np.float32]]:
        """The decoder's blocks, up to a length that is believed."""
        frames = 0
        for block in self._sound.blocks:
            frames += len(block)
            if frames > LONGEST * 3600 * self.rate:
                raise AudioError(
                    f"audio: '{self.path}' is longer than {LONGEST:g} h; give a part of it (--start, --end), or cut it"
                )
            yield block

    def _checked(self, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Blocks as they are, looked at on the way."""
        frames, clipped, peak = 0, 0, 0.0
        for block in blocks:
            finite = np.isfinite(block).all(1)
            if not finite.all():
                when = (frames + int(np.argmin(finite))) / self.rate + (self._part.first if self._part else 0.0)
                raise AudioError(
                    f"audio: '{self.path}' holds a sample that is not a number (NaN or infinity) at {when:.3f} s; "
                    "every sample must be finite: write the file again or cut that part out"
                )
            size = np.abs(block)
            frames += len(block)
            clipped += int((size >= CLIPPED).any(1).sum())
            peak = max(peak, float(size.max(initial=0.0)))
            yield block
        _check_length(self.path, frames / self.rate)
        if peak < SILENT_PEAK:
            self.warnings.append(f"'{self.path.name}' is silent from beginning to end.")
        if clipped > CLIPPED_SHARE * frames:
            share = 100 * clipped / frames
            self.warnings.append(f"{share:.0f} % of the samples of '{self.path.name}' are clipped (at full scale).")
        promised = None if self._sound.guessed else self.duration
        if promised is not None and frames / self.rate < BROKEN_SHARE * promised and not self._sound.warnings:
            self.warnings.append(
                f"'{self.path.name}' promises {promised:.1f} s but holds {frames / self.rate:.1f} s of sound."
            )
        if peak > BEYOND_SCALE:
            self.warnings.append(f"Samples of '{self.path.name}' reach {peak:.4g}; beyond -1 to 1 they are cut off.")


def open_audio(source: Any, rate: int | None = SAMPLE_RATE, part: Part | None = None) -> AudioStream:
    """Open the sound of a file, or the default sound track of a video, for one pass in flat memory.

    ``source`` is a path; or what lies in memory: an ``AudioClip``, samples at ``part.rate``, the bytes of a file.

    Use as a context manager and iterate for mono blocks at ``rate`` Hz (None: the file's own rate, at most
    ``KEEP_RATE``; read it from ``output_rate``). Second 0 is that of the picture where there is one. ``part`` names
    another track, one channel, a stretch in time, or the layout of raw samples. ``AudioError`` when the path is
    missing, a folder, no plain file, empty, damaged, no sound, or shorter than ``SHORTEST`` s; faults that only
    reading can find (NaN samples, damage in the middle) raise it from the iteration. A recording that breaks off is
    read as far as it goes, with a warning.
    """
    if not isinstance(source, str | Path):
        from gengine.inputs.pcm import open_memory

        path, sound = open_memory(source, part)
        return _stream(path, sound, rate, part)
    path = Path(source)
    try:
        _check_file(path)
        sound = decoded(path, part)
    except OSError as error:
        raise AudioError(f"audio: '{path}' cannot be read: {error.strerror or error}") from None
    return _stream(path, sound, rate, part)


FORESEEN = 7200.0
"""Seconds for which room is made before they are read, whatever length a file says it has (judgement)."""


def load_audio(source: Any, rate: int = SAMPLE_RATE, part: Part | None = None) -> AudioClip:
    """The whole recording, or ``part`` of it, as one clip at ``rate`` Hz; errors as ``open_audio``."""
    with open_audio(source, rate, part) as stream:
        # An hour takes 230 MB, so it is not gathered in pieces first. Memory that is not written is not taken.
        samples, end = np.empty(int((min(stream.duration or 0.0, FORESEEN) + 1.0) * rate), np.float32), 0
        for block in stream:
            if end + len(block) > len(samples):
                samples = np.concatenate([samples[:end], np.empty(end // 2 + len(block), np.float32)])
            samples[end : end + len(block)] = block
            end += len(block)
    return AudioClip(samples[:end], rate)


def _stream(path: Path, sound: DecodedSound, rate: int | None, part: Part | None) -> AudioStream:
    try:
        _check_sound(path, sound)
        return AudioStream(path, sound, rate or min(sound.rate, KEEP_RATE), part)
    except AudioError:
        sound.close()
        raise


def _check_file(path: Path) -> None:
    if not path.exists():
        raise AudioError(f"audio: '{path}' does not exist; give {FORMATS}")
    if path.is_dir():
        raise AudioError(f"audio: '{path}' is a folder; give one file: {FORMATS}")
    if not path.is_file():
        raise AudioError(f"audio: '{path}' is a pipe or a device; write the sound to a file first, it is read twice")
    if path.stat().st_size == 0:
        raise AudioError(f"audio: '{path}' is an empty file (0 bytes); record or export it again")


def decoded(path: Path, part: Part | None) -> DecodedSound:
    """The file by the first decoder that knows it."""
    if part is not None and part.raw is not None:
        from gengine.inputs.pcm import open_raw

        return open_raw(path, part.raw)
    with path.open("rb") as file:
        head = file.read(44)
    if head[:4] == b"RIFF" and head[8:22] == b"WAVEfmt \x10\0\0\0\1\0" and head[36:40] == b"data":
        if int.from_bytes(head[40:], "little") == path.stat().st_size - len(head) and (
            sound := _open_soundfile(path, path)
        ):
            return sound  # as plain as can be
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") or head[:3] == b"ID3":
        from gengine.inputs import riff

        wave = riff.survey(path)
    else:
        wave = None
    if wave is not None:
        return _open_wave(path, wave)
    sound = _open_soundfile(path, path) if head[:4] in _SOUNDFILE_HEADS else None
    sound = sound or _open_container(path, part)
    if head[:4] in (b"FORM", b".snd", b"riff", b"caff", b"OggS"):
        from gengine.inputs.cuts import falls_short

        if falls_short(path):
            sound.warnings.append(f"'{path.name}' was cut off: it ends before its header says; what is there is read.")
    return sound


def _open_wave(path: Path, wave: Any) -> DecodedSound:
    """A WAV, read behind a true header where its own is not."""
    import io

    from gengine.inputs.riff import TrueWave

    def file() -> Any:
        return path if wave.plain else io.BufferedReader(TrueWave(path, wave), 1 << 16)

    compressed = wave.codec in (0x50, 0x55)  # libsndfile's mp3 decoder is left alone here too
    sound = None if compressed else _open_soundfile(path, file())
    sound = sound or _open_container(path, None, None if wave.plain else file())
    sound.warnings += wave.warnings
    sound.notes += wave.notes
    return sound


def _check_sound(path: Path, sound: DecodedSound) -> None:
    """Refuse what no recording of speech has, before anything is allocated for it."""
    if not LOWEST_RATE <= sound.rate <= HIGHEST_RATE:
        raise AudioError(
            f"audio: '{path}' says it has {sound.rate} samples a second; expected {LOWEST_RATE} to {HIGHEST_RATE}: "
            "its header is damaged, or give --raw"
        )
    if not 1 <= sound.channels <= MOST_CHANNELS:
        raise AudioError(f"audio: '{path}' has {sound.channels} channels; expected 1 to {MOST_CHANNELS}")
    if sound.duration is not None:
        _check_length(path, sound.duration)


def _check_length(path: Path, seconds: float) -> None:
    if seconds <= 0:
        raise AudioError(f"audio: '{path}' holds no sound (0 s); record or export it again")
    if seconds < SHORTEST:
        raise AudioError(f"audio: '{path}' is {seconds:.3f} s long; give at least {SHORTEST} s of sound")


def cut_off(path: Path, at: float, whole: float | None) -> str:
    """The warning for a recording that ends before its time."""
    of = f" of {whole:.2f} s" if whole is not None else ""
    return f"'{path.name}' breaks off at {at:.2f} s{of}; what is there is read."


def breaks_off(path: Path, at: float, whole: float | None, why: str = "") -> AudioError:
    of = f" of {whole:.2f} s" if whole is not None else ""
    because = f" ({why})" if why else ""
    return AudioError(f"audio: '{path}' is damaged or cut off at {at:.2f} s{of}{because}; export or copy it again")


def _open_soundfile(path: Path, file: Any) -> DecodedSound | None:
    """libsndfile: wav, flac, ogg, opus, aiff and others; None where PyAV should read.

    It is strict about damage and exact about float samples. It never gets mp3: its decoder loses samples
    and prints to the terminal. ``file`` is the path, or an open file of its bytes.
    """
    import soundfile

    try:
        opened = soundfile.SoundFile(str(file) if isinstance(file, Path) else file)
    except (soundfile.SoundFileError, TypeError):
        return None
    if not 1 <= opened.channels <= MOST_CHANNELS:
        opened.close()
        raise AudioError(f"audio: '{path}' has {opened.channels} channels; expected 1 to {MOST_CHANNELS}")
    # A header may leave the length open; libsndfile then gives the largest integer.
    frames = opened.frames if 0 <= opened.frames < 2**62 else None
    if frames == 0 and path.stat().st_size > OPEN_LENGTH:
        opened.close()
        return None  # written to a pipe perhaps, and FFmpeg does not believe in sizes of 0
    duration = None if frames is None else frames / opened.samplerate
    size = max(1, min(opened.samplerate, BLOCK_SAMPLES // opened.channels))

    def blocks() -> Iterator[NDArray[np.float32]]:
        done = 0
        while True:
            try:
                block = opened.read(size, dtype="float32", always_2d=True).astype(np.float32, copy=False)
            except soundfile.SoundFileError as error:
                yield from _rest(path, done, duration, str(error).rstrip(". "), sound)
                return
            if len(block) == 0:
                break
            done += len(block)
            yield block
        if frames is not None and done < frames:
            sound.warnings.append(cut_off(path, done / opened.samplerate, duration))

    sound = DecodedSound(opened.samplerate, opened.channels, duration, blocks(), opened.close)
    if opened.subtype in ("FLOAT", "DOUBLE"):
        sound.blocks = _scaled(sound.blocks, path.name, sound.notes)
    return sound


def _scaled(blocks: Iterator[NDArray[np.float32]], name: str, notes: list[str]) -> Iterator[NDArray[np.float32]]:
    """Floats as they are, unless the first half minute has those that count to 2^15 or 2^31 as integers do."""
    head = list(islice(blocks, LISTENED))
    peak = max((float(np.abs(block).max(initial=0.0)) for block in head), default=0.0)
    whole = next((scale for scale in FULL_SCALE.values() if OTHER_SCALE < peak <= scale), 1.0)
    if whole > 1:
        notes.append(f"The floats of '{name}' reach {peak:.6g}; they are taken for integers that count to {whole:.0f}.")
    for block in chain(head, blocks):
        yield block / np.float32(whole) if whole > 1 else block


def _rest(path: Path, done: int, whole: float | None, why: str, sound: DecodedSound) -> Iterator[NDArray[np.float32]]:
    """What a more patient decoder finds behind ``done`` samples, where libsndfile gave up: at the end of a file that
    breaks off this is the last piece, in a damaged one there would be more behind the damage."""
    found, skip = [], done
    other = _open_container(path, None)
    try:
        for block in other.blocks:
            found.append(block[skip:])
            skip = max(0, skip - len(block))
            if whole is not None and done + sum(map(len, found)) > (whole - CUT_SLACK) * sound.rate:
                raise breaks_off(path, done / sound.rate, whole, why)
            if sum(map(len, found)) > 2 * sound.rate:
                raise breaks_off(path, done / sound.rate, whole, why)
    finally:
        other.close()
    yield from found
    sound.warnings.append(cut_off(path, (done + sum(map(len, found))) / sound.rate, whole))


def _open_container(path: Path, part: Part | None, file: Any = None) -> DecodedSound:
    from gengine.inputs.containers import open_container

    return open_container(path, part.track if part else None, file)
