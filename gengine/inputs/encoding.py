"""Text files in whatever encoding they were saved."""

from __future__ import annotations

import stat
from pathlib import Path

from gengine.errors import TextError
from gengine.inputs.transcript import ALLOWED

LARGEST = 20_000_000
"""Largest transcript that is read, bytes: about 300 hours of speech."""

LOOKED_AT = 4_000
"""Bytes at a file's head in which zeros tell UTF-16, and letters that tell a language: judgement."""

ONE_SIDED = 0.9
"""Share of its zero bytes that UTF-16 has on one side of its pairs; a file that is no text has them anywhere."""

EXPECTED: dict[str, tuple[str, ...]] = {
    "cp1252": ("en", "de", "fr", "es", "it", "pt", "nl"),
    "cp1250": ("pl",),
    "cp1254": ("tr",),
    "cp1251": ("ru",),
    "koi8_r": ("ru",),
    "cp1256": ("ar",),
    "gb18030": ("zh",),
    "big5": ("zh",),
    "cp932": ("ja",),
    "euc_jp": ("ja",),
    "cp949": ("ko",),
}
"""Encodings older than Unicode in which subtitles are met, commonest first, and the languages they are used for.

Windows' code pages hold ISO 8859's letters, gb18030 holds GBK and GB 2312, cp932 Shift JIS, cp949 EUC-KR.
"""


def read_text_file(path: Path, language: str | None = None) -> str:
    """The text of a file, its lines ended by ``\\n``; ``language`` (ISO 639-1) helps where the encoding is unclear.

    ``TextError`` where it cannot be read, is larger than ``LARGEST``, empty, or no text.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise TextError(f"text: '{path}' is no regular file (a folder, pipe or device); {ALLOWED}")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise TextError(f"text: '{path}' cannot be read: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise TextError(f"text: '{path}' has more than {LARGEST} bytes; {ALLOWED}")
    if not data.strip():
        raise TextError(f"text: '{path}' is empty; {ALLOWED}")
    encoding = _utf16(data)
    try:
        text = data.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        if encoding:
            raise TextError(f"text: '{path}' is damaged UTF-16 at byte {error.start}; save it as UTF-8") from None
        text = data.decode(legacy_encoding(data, language), errors="replace")
    if "\0" in text:
        raise TextError(f"text: '{path}' is not a text file (it holds zero bytes); {ALLOWED}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _utf16(data: bytes) -> str | None:
    """UTF-16 by its mark, or by the zero bytes of its spaces and line ends; None for any other encoding."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = data[:LOOKED_AT]
    first, second = head[::2].count(0), head[1::2].count(0)
    if max(first, second) <= ONE_SIDED * (first + second):
        return None
    return "utf-16-be" if first > second else "utf-16-le"


def legacy_encoding(data: bytes, language: str | None = None) -> str:
    """Which of ``EXPECTED`` bytes that are not UTF-8 are written in.

    charset-normalizer leaves those that give the least disorder; of these the first that gives the ``language``
    told, or else one for which that encoding is used. Windows-1252 where nothing fits.
    """
    from charset_normalizer import from_bytes

    matches = from_bytes(data, cp_isolation=list(EXPECTED))
    least = min((m.chaos for m in matches), default=0.0)
    tidy = {name for m in matches if m.chaos <= least for name in (m.encoding, *m.could_be_from_charset)}
    candidates = [name for name in EXPECTED if name in tidy]
    for name in candidates:
        if (language or _language_of(data, name)) in EXPECTED[name]:
            return name
    return candidates[0] if candidates else "cp1252"


def _language_of(data: bytes, encoding: str) -> str:
    from gengine.inputs.language import guess_language

    return guess_language(data[:LOOKED_AT].decode(encoding, errors="ignore"))
