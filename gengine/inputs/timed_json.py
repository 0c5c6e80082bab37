"""Words with times in JSON: this project's own form and whisper's."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from gengine.core.words import Phone, Word
from gengine.errors import TextError
from gengine.inputs.language import guess_language, split_words
from gengine.inputs.phone_symbols import phones_from
from gengine.inputs.transcript import ALLOWED, Segment, Transcript, checked_language, timed, untimed


def read_json(content: str, language: str | None, name: str) -> Transcript:
    """The forms that ``gengine.inputs.text.read_text`` describes; ``TextError`` where ``content`` is none of them.

    ``name`` is the file's, for messages; ``language`` an ISO 639-1 code, None for the file's own or a guess.
    """
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
        language = checked_language(named)
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
            return untimed(text, language, name)
        raise TextError(f"text: '{name}' line 1: no 'words', 'segments' or 'text' in it; see read_text's description")
    words = _json_words(_list(entries, "words", name), name)
    if not words:
        raise TextError(f"text: '{name}' line 1: its 'words' hold no words; {ALLOWED}")
    return timed(tuple(words), _json_phones(data.get("phones"), name), language, name)


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
    return tuple(phones_from(tuple(sorted(rows))))


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
