"""Text files in whatever encoding they were saved."""

from __future__ import annotations

from pathlib import Path

from gengine.errors import TextError
from gengine.inputs.transcript import ALLOWED

LARGEST = 20_000_000
"""Largest transcript that is read, bytes: about 300 hours of speech."""


def read_text_file(path: Path, language: str | None = None) -> str:
    """The text of a file, its lines ended by ``\\n``; ``language`` (ISO 639-1) helps where the encoding is unclear.

    ``TextError`` where it cannot be read, is larger than ``LARGEST``, empty, or no text.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise TextError(f"text: '{path}' has {path.stat().st_size} bytes, at most {LARGEST}; {ALLOWED}")
        data = path.read_bytes()
    except OSError as error:
        raise TextError(f"text: '{path}' cannot be read: {error.strerror or error}") from None
    if not data.strip():
        raise TextError(f"text: '{path}' is empty; {ALLOWED}")
    encoding = "utf-8-sig"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif data[:200].count(0) > len(data[:200]) // 4:  # UTF-16 of western text without its mark
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise TextError(f"text: '{path}' is damaged UTF-16 at byte {error.start}; save it as UTF-8") from None
        text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise TextError(f"text: '{path}' is not a text file (it holds zero bytes); {ALLOWED}")
    return text.replace("\r\n", "\n").replace("\r", "\n")
