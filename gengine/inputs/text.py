"""What was said: plain text, subtitles, Praat TextGrids or JSON become one ``Transcript``."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import TextError
from gengine.inputs import phones
from gengine.inputs.language import guess_language, split_words
from gengine.inputs.textgrid import Tier, parse_textgrid

SUFFIXES = (".txt", ".srt", ".vtt", ".textgrid", ".json")
ALLOWED = "give the words themselves, or a .txt, .srt, .vtt, .TextGrid or .json file"
LARGEST = 20_000_000
"""Largest transcript that is read, bytes: about 300 hours of speech."""


@dataclass(frozen=True)
class Segment:
    """A stretch of text; ``start`` and ``end`` in seconds, or None where the text carries no times."""

    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Transcript:
    """What was said, and when as far as known.

    Either ``track`` is set (every word has its times, phones too where the file had them) or ``segments``
    hold the text: one without times, or several with. ``language`` is an ISO 639-1 code; ``name`` serves
    messages.
    """

    segments: tuple[Segment, ...]
    language: str
    track: WordTrack | None = None
    name: str = "text"

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.segments)

    @property
    def words(self) -> tuple[str, ...]:
        """Words as written, punctuation attached."""
        return tuple(w for s in self.segments for w in split_words(s.text))


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
        language = _checked_language(language)
    path = _as_path(value)
    if path is None:
        return _untimed(str(value), language, "text")
    text = _read_file(path)
    readers = {".srt": _subtitles, ".vtt": _subtitles, ".textgrid": _textgrid, ".json": _json, ".txt": _untimed}
    return readers[path.suffix.lower()](text, language, path.name)


def _checked_language(language: str) -> str:
    code = language.strip().lower().replace("_", "-").split("-")[0]
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise TextError(f"language: '{language}', expected an ISO 639-1 code such as en, de or zh; or leave it out")
    return code


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


def _untimed(text: str, language: str | None, name: str) -> Transcript:
    if not split_words(text):
        said = f"'{text.strip()[:40]}'" if text.strip() else "nothing"
        raise TextError(f"text: {said} holds no words; {ALLOWED}")
    return Transcript((Segment(" ".join(text.split())),), language or guess_language(text), None, name)


# ---- subtitles

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}|\[[^\]]*\]|\([^)]*\)|♪|^\s*(?:-|>>)\s*", re.MULTILINE)
_SPEAKER = re.compile(r"^\s*[A-Z][A-Z .'-]{1,24}:\s", re.MULTILINE)


def _subtitles(text: str, language: str | None, name: str) -> Transcript:
    lines = text.split("\n")
    segments: list[Segment] = []
    i = 0
    while i < len(lines):
        if "-->" not in lines[i]:
            block = lines[i].split(" ")[0]
            if block in ("NOTE", "STYLE", "REGION"):
                while i < len(lines) and lines[i].strip():
                    i += 1
            i += 1
            continue
        number, match = i + 1, _TIMING.match(lines[i])
        if not match:
            raise TextError(
                f"text: '{name}' line {number}: '{lines[i].strip()[:60]}', "
                "expected times such as 00:00:01,500 --> 00:00:02,750"
            )
        start, end = (_clock(match.groups()[k : k + 4]) for k in (0, 4))
        if end < start:
            raise TextError(f"text: '{name}' line {number}: ends at {end:.3f} s before it starts at {start:.3f} s")
        i += 1
        said = []
        while i < len(lines) and lines[i].strip() and "-->" not in lines[i]:
            said.append(lines[i])
            i += 1
        words = " ".join(_SPEAKER.sub("", _MARKUP.sub(" ", unescape("\n".join(said)))).split())
        if split_words(words):
            segments.append(Segment(words, start, end))
    if not segments:
        raise TextError(f"text: '{name}' line 1: holds no subtitles with words; {ALLOWED}")
    segments.sort(key=lambda s: s.start or 0.0)
    language = language or guess_language(" ".join(s.text for s in segments))
    return Transcript(tuple(segments), language, None, name)


def _clock(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (p or "0" for p in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction) / 10 ** len(fraction)


# ---- TextGrid


def _textgrid(text: str, language: str | None, name: str) -> Transcript:
    tiers = [t for t in parse_textgrid(text, name) if any(label for _, _, label in t.intervals)]
    phone_tier = _find_tier(tiers, ("phone", "phon", "mau", "segment", "sounds"))
    words_tier = _find_tier([t for t in tiers if t is not phone_tier], ("word", "ort", "wort", "token", "transcript"))
    if phone_tier is None:
        rest = [t for t in tiers if t is not words_tier and _looks_like_phones(t)]
        phone_tier = rest[0] if rest else None
    if words_tier is None:
        rest = [t for t in tiers if t is not phone_tier and not _looks_like_phones(t)]
        words_tier = max(rest, key=lambda t: len(t.intervals)) if rest else None
    if words_tier is None:
        names = ", ".join(f"'{t.name}'" for t in tiers) or "none with labels"
        raise TextError(f"text: '{name}' line 1: no tier of words among its tiers ({names}); name one 'words'")
    spoken = [(a, b, label) for a, b, label in words_tier.intervals if not _is_pause(label)]
    if not spoken:
        raise TextError(f"text: '{name}' line 1: its tier '{words_tier.name}' holds no words; {ALLOWED}")
    if any(len(split_words(label)) > 3 for *_, label in spoken):  # whole utterances: align inside them
        segments = tuple(Segment(label, a, b) for a, b, label in spoken)
        return Transcript(segments, language or guess_language(" ".join(s[2] for s in spoken)), None, name)
    words = tuple(Word(label, a, b) for a, b, label in spoken)
    sounds = tuple(_phones_of(phone_tier.intervals)) if phone_tier else ()
    return _timed(words, sounds, language, name)


def _find_tier(tiers: list[Tier], names: tuple[str, ...]) -> Tier | None:
    for wanted in names:
        for tier in tiers:
            if wanted in tier.name.lower():
                return tier
    return None


def _is_pause(label: str) -> bool:
    return not split_words(label) or label.lower() in ("sil", "sp", "pau") or bool(re.fullmatch(r"<[^>]+>", label))


def _looks_like_phones(tier: Tier) -> bool:
    labels = [label for _, _, label in tier.intervals if label]
    kind = phones.notation(labels)
    read = sum(phones.normalise(s, kind)[0][0] != phones.UNKNOWN for s in labels)
    return sum(map(len, labels)) < 3 * len(labels) and read >= 0.8 * len(labels)


def _phones_of(intervals: tuple[tuple[float, float, str], ...]) -> list[Phone]:
    kind = phones.notation(label for *_, label in intervals)
    found: list[Phone] = []
    for start, end, label in intervals:
        parts = phones.normalise(label, kind)
        step = (end - start) / len(parts)
        found += [Phone(s, start + k * step, start + (k + 1) * step, stress) for k, (s, stress) in enumerate(parts)]
    return found


def _timed(words: tuple[Word, ...], sounds: tuple[Phone, ...], language: str | None, name: str) -> Transcript:
    language = language or guess_language(" ".join(w.text for w in words))
    track = WordTrack(words, sounds, language, "given")
    segments = tuple(Segment(w.text, w.start, w.end) for w in words)
    return Transcript(segments, language, track, name)


# ---- JSON


def _json(content: str, language: str | None, name: str) -> Transcript:
    try:
        data = json.loads(content)
    except json.JSONDecodeError as error:
        raise TextError(f"text: '{name}' line {error.lineno}: not valid JSON ({error.msg})") from None
    except RecursionError:
        raise TextError(f"text: '{name}' line 1: nested too deeply; see gengine.inputs.text.read_text") from None
    if isinstance(data, list):
        data = {"words": data}
    if not isinstance(data, dict):
        raise TextError(f"text: '{name}' line 1: a bare {type(data).__name__}, expected an object with 'words'")
    named: Any = data.get("language")
    if language is None and isinstance(named, str) and re.match(r"[a-z]{2}(-|$)", named):
        language = _checked_language(named)
    entries = data.get("words", data.get("result"))
    segments = data.get("segments")
    if entries is None and isinstance(segments, list):
        if segments and all(isinstance(s, dict) and s.get("words") for s in segments):
            entries = [w for s in segments for w in _list(s["words"], "segments.words", name)]
        else:
            return _json_segments(segments, language, name)
    if entries is None:
        text: Any = data.get("text")
        if isinstance(text, str):
            return _untimed(text, language, name)
        raise TextError(f"text: '{name}' line 1: no 'words', 'segments' or 'text' in it; see read_text's description")
    words = _json_words(_list(entries, "words", name), name)
    if not words:
        raise TextError(f"text: '{name}' line 1: its 'words' hold no words; {ALLOWED}")
    return _timed(tuple(words), _json_phones(data.get("phones"), name), language, name)


def _json_words(entries: list[Any], name: str) -> list[Word]:
    """Words with times; one without times (whisperX leaves numbers so) is put between its neighbours."""
    rows: list[tuple[str, float | None, float | None]] = []
    for i, entry in enumerate(entries):
        label = _field(entry, ("word", "text", "label"), f"words[{i}]", name)
        timed = isinstance(entry, dict) and "start" in entry and "end" in entry
        start, end = _times(entry, f"words[{i}]", name) if timed else (None, None)
        if split_words(label):
            rows.append((label.strip(), start, end))
    if rows and all(start is None for _, start, _ in rows):
        raise TextError(f"text: '{name}' line 1: no entry of 'words' has 'start' and 'end' in seconds")
    words: list[Word] = []
    for i, (label, start, end) in enumerate(rows):
        if start is None or end is None:
            gap = next((k for k in range(i, len(rows)) if rows[k][1] is not None), None)
            left = words[-1].end if words else 0.0
            right = rows[gap][1] if gap is not None else left
            count = (gap - i) if gap is not None else 1
            start, end = left, left + max((right or 0.0) - left, 0.0) / count
        words.append(Word(label, start, end))
    return sorted(words, key=lambda w: w.start)


def _json_phones(entries: Any, name: str) -> tuple[Phone, ...]:
    if entries is None:
        return ()
    rows = []
    for i, entry in enumerate(_list(entries, "phones", name)):
        label = _field(entry, ("phone", "symbol", "label", "text"), f"phones[{i}]", name)
        rows.append((*_times(entry, f"phones[{i}]", name), label))
    return tuple(_phones_of(tuple(sorted(rows))))


def _json_segments(entries: list[Any], language: str | None, name: str) -> Transcript:
    segments = []
    for i, entry in enumerate(entries):
        label = _field(entry, ("text",), f"segments[{i}]", name)
        if split_words(label):
            segments.append(Segment(" ".join(label.split()), *_times(entry, f"segments[{i}]", name)))
    if not segments:
        raise TextError(f"text: '{name}' line 1: its 'segments' hold no words; {ALLOWED}")
    segments.sort(key=lambda s: s.start)
    return Transcript(tuple(segments), language or guess_language(" ".join(s.text for s in segments)), None, name)


def _list(value: Any, what: str, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise TextError(f"text: '{name}' line 1: '{what}' is {type(value).__name__}, expected a list")
    return value


def _field(entry: Any, keys: tuple[str, ...], where: str, name: str) -> str:
    if isinstance(entry, dict):
        for key in keys:
            if isinstance(entry.get(key), str):
                return entry[key]
    raise TextError(f"text: '{name}' line 1: {where} is {str(entry)[:60]}, expected an object with '{keys[0]}'")


def _times(entry: Any, where: str, name: str) -> tuple[float, float]:
    start, end = (entry.get(k) if isinstance(entry, dict) else None for k in ("start", "end"))
    numbers = [t for t in (start, end) if isinstance(t, int | float) and not isinstance(t, bool) and math.isfinite(t)]
    if len(numbers) < 2 or not 0 <= numbers[0] <= numbers[1]:
        raise TextError(
            f"text: '{name}' line 1: {where} lasts from {start!r} to {end!r}, expected seconds with 0 <= start <= end"
        )
    return float(numbers[0]), float(numbers[1])
