"""What was said: plain text, subtitles, Praat TextGrids or JSON become one ``Transcript``."""

from __future__ import annotations

from pathlib import Path

from gengine.errors import TextError
from gengine.inputs.subtitles import read_subtitles
from gengine.inputs.textgrid import read_textgrid
from gengine.inputs.timed_json import read_json
from gengine.inputs.transcript import ALLOWED, Transcript, checked_language, untimed

_READERS = {
    ".txt": untimed, ".srt": read_subtitles, ".vtt": read_subtitles, ".textgrid": read_textgrid, ".json": read_json,
}  # fmt: skip
SUFFIXES = tuple(_READERS)
LARGEST = 20_000_000
"""Largest transcript that is read, bytes: about 300 hours of speech."""


def read_text(value: str | Path, language: str | None = None) -> Transcript:
    """Read a transcript: the text itself, or a file (``SUFFIXES``; UTF-8, UTF-16 or Windows-1252).

    - ``.txt``: words, no times. - ``.srt``, ``.vtt``: subtitles with times; markup and [sounds] are dropped.
    - ``.TextGrid``: a tier of words and, where there is one, of phones (BEAT, MFA, WebMAUS, ...), found by
      name or by content.
    - ``.json``: ``{"language": "en", "words": [{"word": "hi", "start": 0.1, "end": 0.4}, ...], "phones":
      [{"phone": "HH", "start": 0.1, "end": 0.15}, ...]}`` with ``language`` and ``phones`` optional and times
      in seconds; or whisper's ``{"segments": [{"start", "end", "text", "words": [...]}]}``; or
      ``{"text": "..."}`` without times.

    ``language`` is an ISO 639-1 code; None lets the file or a look at the words decide. ``TextError`` says
    what is wrong in which line.
    """
    if language is not None:
        language = checked_language(language)
    path = _as_path(value)
    if path is None:
        return untimed(str(value), language, "text")
    text = _read_file(path)
    readers = {
        ".srt": read_subtitles,
        ".vtt": read_subtitles,
        ".textgrid": read_textgrid,
        ".json": read_json,
        ".txt": untimed,
    }
    return readers[path.suffix.lower()](text, language, path.name)


def _as_path(value: str | Path) -> Path | None:
    """The file a value names, or None where it is the text itself."""
    if isinstance(value, Path):
        path = value
    else:
        line = value.strip()
        named = line.lower().endswith(SUFFIXES) and "\n" not in line
        try:
            exists = len(line) < 1024 and "\n" not in line and line != "" and Path(line).is_file()
        except (OSError, ValueError):  # too long, or holds a NUL
            exists = False
        # "file.txt" is a name even where it is missing; "read all of notes.txt" is a sentence.
        if not exists and not (named and (" " not in line or "/" in line)):
            return None
        path = Path(line)
    if path.is_dir():
        raise TextError(f"text: '{path}' is a folder; {ALLOWED}")
    if not path.is_file():
        raise TextError(f"text: '{path}' does not exist; {ALLOWED}")
    if path.suffix.lower() not in SUFFIXES:
        raise TextError(f"text: '{path}' is a {path.suffix or 'nameless'} file; {ALLOWED}")
    return path


def _read_file(path: Path) -> str:
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
