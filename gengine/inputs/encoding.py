"""Text files in whatever encoding they were saved."""

from __future__ import annotations

import re
import stat
import unicodedata
from pathlib import Path

from gengine.core.report import Report
from gengine.errors import TextError
from gengine.inputs.transcript import ALLOWED

LARGEST = 20_000_000
"""Largest transcript that is read, bytes: about 300 hours of speech."""

LOOKED_AT = 4_000
"""Bytes at a file's head in which zeros tell UTF-16, and letters that tell a language: judgement."""

ONE_SIDED = 0.9
"""Share of its zero bytes that UTF-16 has on one side of its pairs; a file that is no text has them anywhere."""

EXPECTED: dict[str, tuple[str, ...]] = {
    "cp1252": ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nb", "fi", "is", "ca", "id"),
    "cp1250": ("pl", "cs", "sk", "hu", "ro", "hr", "sl", "bs"),
    "cp1254": ("tr", "az"),
    "cp1255": ("he",),
    "cp1251": ("ru", "uk", "bg", "sr", "mk", "be"),
    "koi8_r": ("ru", "uk", "bg"),
    "koi8_u": ("uk", "ru"),
    "cp866": ("ru", "uk", "be"),
    "iso8859_5": ("ru", "uk", "bg", "sr"),
    "cp1253": ("el",),
    "cp1256": ("ar", "fa", "ur"),
    "gb18030": ("zh",),
    "big5": ("zh",),
    "cp932": ("ja",),
    "euc_jp": ("ja",),
    "cp949": ("ko",),
    "cp874": ("th",),
    "iso8859_2": ("pl", "cs", "sk", "hu", "ro", "hr", "sl", "bs"),
    "iso8859_15": ("fr", "fi"),
    "mac_roman": ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nb", "ca"),
    "cp850": ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nb", "ca"),
}
"""Encodings older than Unicode in which subtitles are met, commonest first, and the languages they are used for.

Windows' code pages hold ISO 8859's letters, gb18030 holds GBK and GB 2312, cp932 Shift JIS, cp949 EUC-KR. Hebrew comes
before Russian, whose letters it could be, and which hardly does without those that it has no room for.
"""

USUAL = "“”„‟’‘‚‛«»‹›–—…¿¡€£¥°·•™©®\u00a0\u00ad،؛؟、。「」『』！？，：；（）～・《》【】♪♫"
"""Signs beyond ASCII that texts are full of; others are the sign of a wrong encoding, ..."""

_SHOUTED = re.compile(r"(?<=[^\W\d_A-Z])[^\W\d_a-zA-Z](?=[a-z])|(?<=[a-z])[^\W\d_a-zA-Z](?![A-Z])")
"""... as are capitals in the middle of words: looked for among these letters."""


_ESCAPED = b"\x1b$"
"""Begins Japanese in ISO 2022."""

_LINE_END = re.compile(r"\r{0,2}\n|\r")
"""Of Unix, Windows and old Macs, and Windows' twice, which tools write that end lines in text mode by hand."""

_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
"""A terminal's colours, in what was printed there and copied."""


def read_text_file(path: Path, language: str | None = None) -> str:
    """The text of a file, as ``read_told`` reads it."""
    return read_told(path, language)[0]


def read_told(path: Path, language: str | None = None) -> tuple[str, Report]:
    """The text of a file, its lines ended by ``\\n``; ``language`` (ISO 639-1) helps where the encoding is unclear.

    The report tells of an encoding that is none of Unicode's. ``TextError`` where it cannot be read, is larger than
    ``LARGEST``, empty, or no text.
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
    encoding = "iso2022_jp" if _ESCAPED in data else _utf16(data)
    report = Report()
    try:
        text = data.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        if encoding:
            raise TextError(f"text: '{path}' is damaged {encoding} at byte {error.start}; save it as UTF-8") from None
        encoding, sure = legacy_encoding(data, language)
        text = data.decode(encoding, errors="replace")
        said = f"'{path.name}' is not in UTF-8; it is read as {encoding}."
        report = (
            Report(notes=(said,)) if sure else Report(warnings=(f"{said[:-1]}, which is a guess: save it as UTF-8.",))
        )
    if "\0" in text:
        raise TextError(f"text: '{path}' is not a text file (it holds zero bytes); {ALLOWED}")
    return _COLOUR.sub("", _LINE_END.sub("\n", text)), report


def _utf16(data: bytes) -> str | None:
    """UTF-16 by its mark, or by the zero bytes of its spaces and line ends; None for any other encoding."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = data[:LOOKED_AT]
    first, second = head[::2].count(0), head[1::2].count(0)
    if max(first, second) <= ONE_SIDED * (first + second):
        return None
    return "utf-16-be" if first > second else "utf-16-le"


def legacy_encoding(data: bytes, language: str | None = None) -> tuple[str, bool]:
    """Which of ``EXPECTED`` bytes that are not UTF-8 are written in, and whether it fits their language.

    charset-normalizer leaves those that give the least disorder; of these, those that give the fewest odd signs; of
    these the first that gives the ``language`` told, or else one for which that encoding is used. Windows-1252 where
    nothing fits.
    """
    from charset_normalizer import from_bytes

    matches = from_bytes(data, cp_isolation=list(EXPECTED))
    least = min((m.chaos for m in matches), default=0.0)
    tidy = {name for m in matches if m.chaos <= least for name in (m.encoding, *m.could_be_from_charset)}
    texts = {name: data[:LOOKED_AT].decode(name, errors="ignore") for name in EXPECTED if name in tidy}
    fewest = min(map(_odd_signs, texts.values()), default=0)
    candidates = [name for name, text in texts.items() if _odd_signs(text) == fewest]
    for name in candidates:
        if (language or _language_of(texts[name])) in EXPECTED[name]:
            return name, True
    return candidates[0] if candidates else "cp1252", False


def _odd_signs(text: str) -> int:
    """Signs and capitals that hardly stand where they do in a text."""
    signs = sum(ord(c) > 127 and not c.isalpha() and c not in USUAL and not unicodedata.combining(c) for c in text)
    return signs + sum(match[0].isupper() for match in _SHOUTED.finditer(text))


def _language_of(text: str) -> str:
    """Among all languages that py3langid knows, or by script."""
    from gengine.inputs.language import any_language

    return any_language(text)
