"""What was said: plain text, subtitles, Praat TextGrids or JSON become one ``Transcript``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from gengine.errors import TextError
from gengine.inputs.transcript import ALLOWED, Transcript, checked_language, untimed

_SUBTITLES = "gengine.inputs.subtitles:read_subtitles"
_READERS = {
    ".txt": "gengine.inputs.stamped:plain",
    ".srt": _SUBTITLES,
    ".vtt": _SUBTITLES,
    ".ass": _SUBTITLES,
    ".ssa": _SUBTITLES,
    ".sbv": _SUBTITLES,
    ".ttml": _SUBTITLES,
    ".dfxp": _SUBTITLES,
    ".itt": _SUBTITLES,
    ".srv1": _SUBTITLES,
    ".srv2": _SUBTITLES,
    ".srv3": _SUBTITLES,
    ".eaf": _SUBTITLES,
    ".sub": _SUBTITLES,
    ".smi": _SUBTITLES,
    ".sami": _SUBTITLES,
    ".lrc": "gengine.inputs.stamped:read_lyrics",
    ".textgrid": "gengine.inputs.textgrid:read_textgrid",
    ".json": "gengine.inputs.timed_json:read_json",
    ".jsonl": "gengine.inputs.timed_json:read_json",
    ".json3": "gengine.inputs.timed_json:read_json",
    ".marks": "gengine.inputs.timed_json:read_json",
    ".tsv": "gengine.inputs.stamped:read_table",
    ".csv": "gengine.inputs.stamped:read_table",
    ".ctm": "gengine.inputs.stamped:read_ctm",
    ".ssml": "gengine.inputs.transcript:untimed",
    ".xml": "gengine.inputs.transcript:untimed",
}
"""Reader of every suffix, imported when a file of that kind is read."""
SUFFIXES = tuple(_READERS)


def read_text(value: str | Path, language: str | None = None, tier: str | None = None) -> Transcript:
    """Read a transcript: the text itself, or a file (``SUFFIXES``; UTF-8, UTF-16 or an older encoding).

    - ``.txt``: words, no times; or lines with times: Audacity's labels, what Whisper prints, a player's transcript.
      ``.ssml``, ``.xml`` and any text with tags: the tags are not spoken but kept as ``Transcript.directions``.
    - ``.srt``, ``.vtt``, ``.ass``, ``.ssa``, ``.sbv``, ``.ttml``: subtitles with times; markup, [sounds] and names of
      speakers are not spoken. ``.lrc``: lyrics. ``.tsv``, ``.csv``, ``.ctm``: rows of words with times.
    - ``.TextGrid``: a tier of words and, where there is one, of phones (BEAT, MFA, WebMAUS, ...), found by name or by
      content, or named by ``tier``; of several speakers the one who speaks most, the others are named in a note.
    - ``.json``, ``.jsonl``: ``{"language": "en", "words": [{"word": "hi", "start": 0.1, "end": 0.4}, ...], "phones":
      [{"phone": "HH", "start": 0.1, "end": 0.15}, ...]}`` with ``language`` and ``phones`` optional and times in
      seconds; or what a recogniser or synthesiser writes (``gengine.inputs.timed_json.SHAPES``); or
      ``{"text": "..."}`` without times.

    ``language`` is an ISO 639-1 code; None lets the file or a look at the words decide. ``TextError`` says
    what is wrong in which line.
    """
    if language is not None:
        language = checked_language(language)
    path = _as_path(value)
    if path is None:
        if tier is not None:
            raise TextError(f"tier: '{tier}' is for a .TextGrid, but the text is the words themselves")
        return untimed(str(value), language, "text")
    from gengine.core.bounds import border

    with border(Path(path.name), ALLOWED, TextError):
        return _read(path, language, tier)


def _read(path: Path, language: str | None, tier: str | None) -> Transcript:
    from gengine.inputs.encoding import read_told

    text, report = read_told(path, language)
    made = _reading(path, text, language, tier)
    return replace(made, report=report + made.report)


def _reading(path: Path, text: str, language: str | None, tier: str | None) -> Transcript:
    suffix = path.suffix.lower()
    if suffix == ".textgrid" or (tier is not None and "ooTextFile" in text[:200]):
        from gengine.inputs.textgrid import read_textgrid

        return read_textgrid(text, language, path.name, tier)
    if tier is not None:
        raise TextError(f"tier: '{tier}' is for a .TextGrid, '{path.name}' has no tiers; leave it out")
    if suffix == ".xml" and re.search(r"<(?:\w+:)?(?:tt|transcript|timedtext|ANNOTATION_DOCUMENT)[\s>]", text[:2000]):
        suffix = ".ttml"
    return _reader(suffix)(text, language, path.name)


def _reader(suffix: str) -> Callable[[str, str | None, str], Transcript]:
    """``(text, language, name of the file) -> Transcript`` for a suffix."""
    module, _, name = _READERS[suffix].partition(":")
    return getattr(import_module(module), name)


def _as_path(value: str | Path) -> Path | None:
    """The file a value names, or None where it is the text itself."""
    if isinstance(value, Path):
        path = value
    else:
        line = value.strip()
        named = line.lower().endswith(SUFFIXES) and "\n" not in line
        exists = len(line) < 1024 and "\n" not in line and os.path.isfile(line)
        # "file.txt" is a name even where it is missing; "read all of notes.txt" is a sentence.
        if not exists and not (named and (" " not in line or "/" in line)):
            return None
        path = Path(line)
    if os.path.isdir(path):
        raise TextError(f"text: '{path}' is a folder; {ALLOWED}")
    if not os.path.isfile(path):
        raise TextError(f"text: '{path}' does not exist; {ALLOWED}")
    if path.suffix.lower() not in SUFFIXES:
        raise TextError(f"text: '{path}' is a {path.suffix or 'nameless'} file; {ALLOWED}")
    return path
