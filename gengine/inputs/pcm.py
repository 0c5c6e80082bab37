"""Sound without a header: raw PCM files and bytes, and arrays of samples."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from gengine.core.audio import HIGHEST_RATE, LOWEST_RATE, AudioClip, check_sound_rate, float_samples
from gengine.errors import AudioError
from gengine.inputs.audio import MOST_CHANNELS, DecodedSound, decoded
from gengine.inputs.part import Part

_SUBTYPES = {
    "s8": "PCM_S8", "u8": "PCM_U8", "s16": "PCM_16", "s24": "PCM_24", "s32": "PCM_32", "f32": "FLOAT",
    "f64": "DOUBLE", "mulaw": "ULAW", "ulaw": "ULAW", "alaw": "ALAW",
}  # fmt: skip
"""FFmpeg's names of sample formats by libsndfile's."""

_WIDTHS = {
    "PCM_S8": 1,
    "PCM_U8": 1,
    "PCM_16": 2,
    "PCM_24": 3,
    "PCM_32": 4,
    "FLOAT": 4,
    "DOUBLE": 8,
    "ULAW": 1,
    "ALAW": 1,
}
"""Bytes of a sample."""

RAW_HELP = "format:rate:channels, for example s16le:24000:1 (formats: u8 s8 s16 s24 s32 f32 f64 mulaw alaw, le or be)"


def parsed_raw(raw: str) -> tuple[str, str, int, int]:
    """libsndfile's subtype and byte order, rate (Hz) and channels of "s16le:24000:1"; ``AudioError`` for others."""
    match = re.fullmatch(r"([a-z]+\d{0,2}?)(le|be)?[:,](\d{1,7})(?:[:,](\d{1,4}))?", str(raw).strip().lower())
    subtype = _SUBTYPES.get(match[1]) if match else None
    if match is None or subtype is None:
        raise AudioError(f"--raw {raw}: expected {RAW_HELP}")
    rate, channels = int(match[3]), int(match[4] or 1)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(f"--raw {raw}: rate {rate}, expected {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    if not 1 <= channels <= MOST_CHANNELS:
        raise AudioError(f"--raw {raw}: {channels} channels, expected 1 to {MOST_CHANNELS}")
    return subtype, "BIG" if match[2] == "be" else "LITTLE", rate, channels


def open_memory(source: Any, part: Part | None) -> tuple[Path, DecodedSound]:
    """Sound that lies in memory, and a name for it: an ``AudioClip``, samples ``(N,)`` or ``(N, channels)``, or bytes.

    Samples need ``part.rate``; bytes are a whole sound file, or samples where ``part.raw`` says their layout.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _open_bytes(bytes(source), part)
    name, rate = Path("the samples"), part.rate if part else None
    if isinstance(source, AudioClip):
        source, rate = source.samples, source.rate
    if rate is None:
        raise AudioError(
            "source: samples without a rate, expected the path of a recording, or their rate, for example rate=16000"
        )
    check_sound_rate("rate", rate)
    samples = float_samples(source, "source")
    blocks = (samples[first : first + int(rate)] for first in range(0, len(samples), int(rate)))
    sound = DecodedSound(int(rate), samples.shape[1], len(samples) / rate, iter(blocks), lambda: None)
    return name, sound


def _open_bytes(data: bytes, part: Part | None) -> tuple[Path, DecodedSound]:
    """Decoders read files, so bytes become one until the sound is closed."""
    if not data:
        raise AudioError("source: no bytes; give those of a sound file, or 16-bit PCM with raw='s16le:16000:1'")
    folder = Path(tempfile.mkdtemp(prefix="gengine-"))
    path = folder / "bytes"
    try:
        path.write_bytes(data)
        sound = decoded(path, part)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, AudioError) and (part is None or part.raw is None):
            raise AudioError(f"{error}; samples without a header need raw='s16le:16000:1' or the like") from None
        raise
    inner = sound.close

    def close() -> None:
        inner()
        shutil.rmtree(folder, ignore_errors=True)

    sound.close = close
    return path, sound


def open_raw(path: Path, raw: str) -> DecodedSound:
    """A file of nothing but samples; ``AudioError`` where the layout is not understood."""
    import soundfile

    subtype, order, rate, channels = parsed_raw(raw)
    file: Any = soundfile.SoundFile(
        str(path), samplerate=rate, channels=channels, format="RAW", subtype=subtype, endian=order
    )

    def blocks() -> Any:
        while len(block := file.read(rate, dtype="float32", always_2d=True)):
            yield block

    sound = DecodedSound(rate, channels, file.frames / rate, blocks(), file.close)
    if left := path.stat().st_size % (_WIDTHS[subtype] * channels):
        sound.notes.append(f"'{path.name}' ends with {left} bytes of an unfinished sample.")
    with path.open("rb") as head:
        if (name := head.read(4)) in (b"RIFF", b"fLaC", b"OggS", b"FORM", b".snd", b"caff"):
            sound.warnings.append(
                f"'{path.name}' begins with a header ({name.decode()}); without --raw it may be read."
            )
    return sound
