"""WAV files whose headers are not quite true: where their sound lies, and that sound behind a true header.

Programs that write to a pipe cannot come back to fill in the sizes, and leave 0, the largest number or a guess there;
others leave out the padding of odd chunks, put a tag first, were stopped while recording, or wrote several WAVs one
after another. What is there is played. Layout: Multimedia Programming Interface and Data Specifications 1.0 (1991),
and EBU Tech 3306 for RF64 and BW64.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from gengine.core.bounds import bordered
from gengine.errors import AudioError

PLACEHOLDER = 0x7000_0000
"""Sizes from here on (1.9 GB) that a file does not hold were put by a writer that knew none. Judgement: pipes get
0x7ffff000, 2000000000 or 0xffffffff."""

LITTLE = 0.5
"""A header may promise so much more than there is, seconds, and the file still be whole: sizes that count a header or
a chunk behind the sound. Judgement."""

SEARCHED = 1 << 16
"""So many bytes are searched for the data chunk where the sizes before it lead nowhere."""

MOST_PARTS = 100_000
"""Chunks and joined recordings that are followed at most."""

_KNOWN = {
    b"fmt ", b"data", b"LIST", b"fact", b"bext", b"JUNK", b"junk", b"id3 ", b"ID3 ", b"cue ", b"smpl", b"iXML",
    b"PEAK", b"PAD ", b"FLLR", b"ds64", b"minf", b"elm1", b"regn", b"umid", b"DISP", b"cart", b"axml", b"chna",
    b"levl", b"inst", b"plst", b"afsp", b"_PMX", b"aXML", b"SAUR", b"LGWV", b"acid", b"strc", b"RIFF",
}  # fmt: skip
"""Names of chunks in use."""


@dataclass
class Wave:
    """Where a WAV's sound lies.

    ``form`` is its fmt chunk's content; ``parts`` are (first byte, bytes) of sound in order; ``promised`` the bytes
    that the header speaks of; ``plain`` whether other readers will see exactly the same in it.
    """

    order: str
    form: bytes = b""
    parts: list[tuple[int, int]] = field(default_factory=list)
    promised: int = 0
    plain: bool = True
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of sound."""
        return sum(size for _, size in self.parts)

    @property
    def bytes_per_second(self) -> int:
        """As the format chunk says; 0 where it is nonsense."""
        return struct.unpack_from(self.order + "I", self.form, 8)[0]

    @property
    def bytes_per_frame(self) -> int:
        return max(struct.unpack_from(self.order + "H", self.form, 12)[0], 1)

    @property
    def codec(self) -> int:
        """WAVE format tag: 1 PCM, 3 float, 0x55 mp3 …"""
        tag = struct.unpack_from(self.order + "H", self.form)[0]
        return struct.unpack_from(self.order + "H", self.form, 24)[0] if tag == 0xFFFE and len(self.form) >= 26 else tag


@bordered("its header is damaged: record or export it again", AudioError)
def survey(path: Path) -> Wave | None:
    """What a WAV holds; None where the file is none. ``AudioError`` where it has no sound or no format."""
    with path.open("rb") as file:
        size = path.stat().st_size
        start = after_tags(file, size)
        file.seek(start)
        head = file.read(12)
        if head[:4] not in (b"RIFF", b"RIFX", b"RF64", b"BW64") or head[8:] != b"WAVE":
            return None
        wave = Wave(">" if head[:4] == b"RIFX" else "<", plain=start == 0 and head[:4] != b"BW64")
        _follow(file, size, start + 12, wave, path.name)
    if not wave.parts:
        raise AudioError(f"audio: '{path}' is a WAV file without sound data; record or export it again")
    if len(wave.form) < 16:
        raise AudioError(f"audio: '{path}' is a WAV file that does not say its format; record or export it again")
    whole = wave.size // wave.bytes_per_frame * wave.bytes_per_frame if wave.codec in (1, 3, 6, 7) else wave.size
    if len(wave.parts) == 1:
        wave.parts = [(wave.parts[0][0], whole)]
    _tell(wave, path.name)
    return wave


def after_tags(file: BinaryIO, size: int) -> int:
    """Where a file begins behind ID3v2 tags, which some programs put before anything."""
    start = 0
    for _ in range(8):
        file.seek(start)
        tag = file.read(10)
        if len(tag) < 10 or tag[:3] != b"ID3" or max(tag[6:]) > 127:
            break
        start += 10 + (tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9])
    return start if start < size else 0


def _follow(file: BinaryIO, size: int, position: int, wave: Wave, name: str) -> None:
    """Go from chunk to chunk and note what lies where."""
    large = 0  # of ds64, where the 32-bit size is all ones
    for _ in range(MOST_PARTS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        kind, length = struct.unpack(wave.order + "4sI", head)
        position += 8
        if kind == b"ds64":
            large = struct.unpack("<Q", file.read(16)[8:].ljust(8, b"\0"))[0]
        elif kind == b"fmt " and not wave.form:
            wave.form = file.read(min(length, 1024))
        elif kind == b"data":
            if length == 0xFFFF_FFFF and large:
                length = large
            rest = size - position
            wave.promised += length
            if length > rest or (length == 0 and rest > 0 and not _chunks(file, size, position, wave.order)):
                wave.plain = False
                wave.parts.append((position, rest))
                return
            wave.plain &= not wave.parts
            wave.parts.append((position, length))
        elif kind in (b"RIFF", b"RIFX") and wave.parts:  # another WAV behind the first
            if not _same_form(file, size, position, wave):
                wave.warnings.append(
                    f"'{name}' holds another recording, of another format, behind the first; it is not read."
                )
                return
            wave.plain = False
            position += 4
            continue
        elif position + length > size:
            if (found := _search(file, position)) and not wave.parts:
                wave.plain, position = False, found
                continue
            if kind not in _KNOWN and wave.parts and wave.bytes_per_second:
                lost = (size - position + 8) / wave.bytes_per_second
                if lost > LITTLE:
                    wave.warnings.append(f"{lost:.2f} s worth of bytes behind the sound of '{name}' are not read.")
            return
        position += length
        if length % 2:
            position = _padded(file, position, wave)


def _padded(file: BinaryIO, position: int, wave: Wave) -> int:
    """The next chunk's place after an odd one: one byte on, as it should be, unless it stands right there."""
    file.seek(position)
    near = file.read(5)
    if near[1:] not in _KNOWN and near[:4] in _KNOWN:
        wave.plain = False
        return position
    return position + 1


def _chunks(file: BinaryIO, size: int, position: int, order: str) -> bool:
    """Whether nothing but whole chunks follows."""
    while position < size:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8 or head[:4] not in _KNOWN:
            return False
        length = struct.unpack(order + "I", head[4:])[0]
        position += 8 + length + length % 2
    return position <= size + 1


def _search(file: BinaryIO, position: int) -> int:
    """The place of a data chunk that sizes do not lead to; 0 where there is none near."""
    file.seek(position)
    return position + at if (at := file.read(SEARCHED).find(b"data")) >= 0 else 0


def _same_form(file: BinaryIO, size: int, position: int, wave: Wave) -> bool:
    """Whether the WAV whose chunks begin 4 bytes after ``position`` has the format of the first."""
    other = Wave(wave.order)
    file.seek(position)
    if file.read(4) != b"WAVE":
        return False
    at = position + 4
    for _ in range(64):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return False
        length = struct.unpack(wave.order + "I", head[4:])[0]
        if head[:4] == b"fmt ":
            other.form = file.read(min(length, 1024))
            return other.form == wave.form
        at += 8 + length + length % 2
    return False


def _tell(wave: Wave, name: str) -> None:
    """Say what is not as the header has it."""
    rate, size = wave.bytes_per_second, wave.size
    if len(wave.parts) > 1:
        wave.notes.append(f"'{name}' holds {len(wave.parts)} recordings one behind the other; they are joined.")
    if wave.promised == size or not rate or wave.promised // wave.bytes_per_frame * wave.bytes_per_frame == size:
        return
    seconds = size / rate
    if wave.promised < size or wave.promised >= PLACEHOLDER:
        wave.notes.append(f"The header of '{name}' leaves its length open; all {seconds:.2f} s in it are read.")
    elif wave.promised - size <= LITTLE * rate:
        more = wave.promised - size
        wave.notes.append(f"The header of '{name}' promises {more} bytes more than the {seconds:.2f} s it holds.")
    else:
        wave.warnings.append(f"'{name}' promises {wave.promised / rate:.1f} s but holds {seconds:.1f} s: cut off.")


class TrueWave(io.RawIOBase):
    """A WAV's sound behind a header that is true, as a file to read."""

    def __init__(self, path: Path, wave: Wave) -> None:
        self._file = path.open("rb")
        header = _header(wave)
        self._pieces: list[tuple[int, int, int]] = []  # first byte here, first byte there, bytes
        self._head, at = header, len(header)
        for start, size in wave.parts:
            self._pieces.append((at, start, size))
            at += size
        self._size, self._at = at, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = len(buffer)
        if self._at < len(self._head):
            data = self._head[self._at : self._at + wanted]
        else:
            data = b""
            for at, start, size in self._pieces:
                if at <= self._at < at + size:
                    self._file.seek(start + self._at - at)
                    data = self._file.read(min(wanted, at + size - self._at))
                    break
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _header(wave: Wave) -> bytes:
    """Header of a WAV of ``wave.size`` bytes of sound; RF64 where that is more than 32 bits can say."""
    form = wave.form + b"\0" * (len(wave.form) % 2)
    body = b"WAVE", struct.pack(wave.order + "4sI", b"fmt ", len(wave.form)), form
    if wave.size + 4096 < 1 << 32:
        data = struct.pack(wave.order + "4sI", b"data", wave.size)
        name = b"RIFX" if wave.order == ">" else b"RIFF"
        inner = b"".join(body) + data
        return name + struct.pack(wave.order + "I", len(inner) + wave.size) + inner
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, wave.size + 72 + len(form), wave.size, 0, 0)
    data = struct.pack("<4sI", b"data", 0xFFFF_FFFF)
    return b"RF64\xff\xff\xff\xff" + body[0] + sizes + b"".join(body[1:]) + data
