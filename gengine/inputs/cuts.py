"""Whether a sound file holds less than its header promises, for formats whose decoder would not say."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

OPEN = 0x7000_0000
"""Sizes from here on were put by a writer that knew none (as in WAVs)."""

LAST_PAGES = 1 << 17
"""So many bytes at the end of an Ogg hold its last page: one has at most 65307."""


def falls_short(path: Path) -> bool:
    """True where an AIFF, AU, CAF, Wave64 or Ogg ends before its header, or its own mark, says that it does."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(40).ljust(40, b"\0")
        if head[:4] == b"FORM":
            promised = struct.unpack_from(">I", head, 4)[0] + 8
        elif head[:4] == b".snd":
            promised = sum(struct.unpack_from(">II", head, 4))
        elif head[:4] == b"riff":
            promised = struct.unpack_from("<Q", head, 16)[0]
        elif head[:4] == b"caff":
            promised = _caf_end(file, size)
        elif head[:4] == b"OggS":
            return not _ogg_ends(file, size)
        else:
            return False
    return size + 1 < promised < OPEN + size


def _caf_end(file: BinaryIO, size: int) -> int:
    """Where the sound of a CAF ends by its header; 0 where that is left open."""
    at = 8
    while at + 12 <= size:
        file.seek(at)
        kind, length = struct.unpack(">4sq", file.read(12))
        at += 12 + max(length, 0)
        if kind == b"data" or length < 0:
            return at if length >= 0 else 0
    return 0


def _ogg_ends(file: BinaryIO, size: int) -> bool:
    """Whether the last page is marked as the last."""
    file.seek(max(0, size - LAST_PAGES))
    tail = file.read()
    at = tail.rfind(b"OggS")
    return at >= 0 and len(tail) > at + 5 and bool(tail[at + 5] & 4)
