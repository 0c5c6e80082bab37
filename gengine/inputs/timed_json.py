"""Words with times in JSON: this project's own form, and what recognisers and speech synthesis write.

The shape is told by its keys (``SHAPES``); units by the keys or by the words' lengths (``json_words``).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gengine.core.report import Report
from gengine.core.words import Phone
from gengine.errors import TextError
from gengine.inputs.json_recognisers import (
    read_chunks,
    read_monologues,
    read_results,
    read_segments,
    read_tiers,
    read_whisper_cpp,
    read_youtube,
)
from gengine.inputs.json_syntheses import HOLDERS, read_parallel, read_speech_marks, read_timepoints
from gengine.inputs.json_words import TEXTS, in_order, language_of, named, rows_of, without_visemes
from gengine.inputs.language import split_words
from gengine.inputs.phone_symbols import phones_from
from gengine.inputs.stamped import words_or_cues
from gengine.inputs.transcript import ALLOWED, Row, Transcript, cued, ordered, timed, untimed

PHRASES = 0.3
"""Where so many "words" hold blanks they are phrases: cues, in which words are still to be found."""

MOST_DIGITS = 25
"""Numbers of more digits are none."""


def read_json(content: str, language: str | None, name: str) -> Transcript:
    """The transcript that JSON, or JSON lines, hold in one of ``SHAPES``; ``TextError`` where it has none of them.

    ``name`` is the file's, for messages; ``language`` an ISO 639-1 code, None for the file's own or a guess.
    """
    data = _parsed(content, name)
    if not isinstance(data, dict | list):
        raise TextError(f"text: '{name}' line 1: a bare {type(data).__name__}, expected an object with 'words'")
    return _read(data, language, name)


def _read(data: dict[str, Any] | list[Any], language: str | None, name: str) -> Transcript:
    if isinstance(data, list):
        data = _of_list(data)
    for reader in SHAPES.values():
        if (found := reader(data, language, name)) is not None:
            return found
    raise TextError(
        f"text: '{name}' line 1: no 'words', 'segments' or 'text' in it, but {', '.join(list(data)[:8])[:80]}; "
        f"known are the JSON of {', '.join(SHAPES)}"
    )


def _parsed(content: str, name: str) -> Any:
    """One value, or the list of those on the file's lines."""

    def integer(digits: str) -> float:
        return int(digits) if len(digits) <= MOST_DIGITS else float("inf")

    try:
        return json.loads(content, parse_int=integer)
    except json.JSONDecodeError as error:
        lines = [line for line in content.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.strip().startswith("{") and line.strip().endswith("}") for line in lines):
            try:
                return [json.loads(line, parse_int=integer) for line in lines]
            except (ValueError, RecursionError):
                pass
        raise TextError(f"text: '{name}' line {error.lineno}: not valid JSON ({error.msg})") from None
    except RecursionError:
        raise TextError(f"text: '{name}' line 1: nested too deeply; see gengine.inputs.text.read_text") from None


def _of_list(data: list[Any]) -> dict[str, Any]:
    """A list as the object that it stands for: of speech marks, of segments, of results, of messages, or of words."""
    data = [named(d) for d in data]
    objects = [d for d in data if isinstance(d, dict)]
    if objects and all("time" in d and "type" in d and "value" in d for d in objects):
        return {"speech marks": objects}
    if objects and any(isinstance(d.get(k), dict) for d in objects for k in HOLDERS):
        return {"chunks of alignment": objects}
    if (
        objects
        and all("result" in d or "text" in d for d in objects)
        and any(isinstance(d.get("result"), list) for d in objects)
    ):
        return {"result": [w for d in objects for w in d.get("result", [])]}
    if len(objects) > 1 and not any(isinstance(d.get(key), str) for d in objects for key in TEXTS):
        return {"messages": objects}
    if (
        len(objects) == 1
        and not {"word", "Word"} & objects[0].keys()
        and len(objects[0]) > 1
        and "start" not in objects[0]
    ):
        return objects[0]
    if objects and all(
        isinstance(d.get("words"), list) or ("start" in d and " " in str(d.get("text", "")).strip()) for d in objects
    ):
        return {"segments": objects}
    words = [d for d in data if not (isinstance(d, dict) and _is_viseme(d))]
    return {"words": words, "visemes": len(words) < len(data)}


def _is_viseme(entry: dict[str, Any]) -> bool:
    return any("viseme" in str(key).lower() for key in entry) or "viseme" in str(entry.get("type", "")).lower()


# ---- shapes, each a reader that gives None for what is not its own


def _messages(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """A service's messages, one after another (Deepgram, Azure, Yandex, Kokoro's server): each of some other shape."""
    messages = data.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        return None
    parts: list[Transcript] = []
    language = language or language_of(*messages)
    final = [m for m in messages if m.get("is_final") is not False]  # what follows the others says them again
    if len(final) > MOST_MESSAGES:
        raise TextError(f"text: '{name}' holds {len(final)} messages, expected {MOST_MESSAGES} at most; divide it")
    for message in final:
        with contextlib.suppress(TextError):  # those of other things than words
            parts.append(_read(message, language or "en", name))  # guessed once, of them all
    if not parts:
        return None
    rows: list[Row] = []
    shift, middle = 0.0, 0.0
    for part in parts:
        timed_rows = [(s.text, s.start, s.end) for s in part.segments if s.start is not None]
        if not timed_rows:
            continue
        first, last = timed_rows[0][1], max(end or start for _, start, end in timed_rows)
        # Messages of a synthesis may each count from their own beginning.
        if rows and first + shift < middle:
            shift = max(end or start or 0.0 for _, start, end in rows)
        middle = shift + (first + last) / 2
        rows += [(text, start + shift, None if end is None else end + shift) for text, start, end in timed_rows]
    report = parts[0].report
    if all(part.track is not None for part in parts):
        return timed(in_order(rows), (), language, name, report)
    made = cued(rows, language, name)
    return replace(made, report=report + made.report)


def _words(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Words with times in a list: gengine's own, OpenAI, AssemblyAI, Scribe, Gentle, Vosk, Azure's events …"""
    entries = next(
        (data[k] for k in ("words", "Words", "result", "word_segments", "timestamps") if data.get(k) is not None), None
    )
    if isinstance(entries, dict) and isinstance(entries.get("words"), list) and isinstance(entries.get("start"), list):
        entries = [
            list(row) for row in zip(entries["start"], entries["end"], entries["words"], strict=False)
        ]  # Cartesia
    if entries is None or (isinstance(entries, dict) and entries and not {"words", "start"} & entries.keys()):
        return None
    if isinstance(data.get("words"), list) and not data["words"] and _texts(data):
        return None
    events: Any = entries
    if isinstance(entries, list):
        events = [e for e in entries if not (isinstance(e, dict) and _is_viseme(e))]
    rows = rows_of(events, "words", name)
    if not rows:
        raise TextError(f"text: '{name}' line 1: its 'words' hold no words; {ALLOWED}")
    if all(start is None for _, start, _ in rows):
        raise TextError(f"text: '{name}' line 1: no entry of 'words' has 'start' and 'end' in seconds")
    if sum(" " in text.strip() for text, *_ in rows) >= PHRASES * len(rows):
        return cued(rows, language or language_of(data), name)
    visemes = data.get("visemes") is True or len(events) < len(entries)
    phones = _phones(data["phones"], name) if isinstance(data.get("phones"), list) else ()
    return timed(in_order(rows), phones, language or language_of(data), name, without_visemes(visemes))


def _texts(data: dict[str, Any]) -> bool:
    return isinstance(data.get("segments"), list) or isinstance(data.get("text"), str)


def _phones(entries: list[Any], name: str) -> tuple[Phone, ...]:
    rows = []
    for k, entry in enumerate(entries):
        label = next((entry[key] for key in ("phone", "symbol", "label", "text") if isinstance(entry, dict)
                      and isinstance(entry.get(key), str)), None)  # fmt: skip
        if label is None:
            raise TextError(f"text: '{name}' line 1: phones[{k}] is {str(entry)[:60]}, expected an object with 'phone'")
        start, end = entry.get("start"), entry.get("end")
        if not ordered(start, end):
            raise TextError(f"text: '{name}' line 1: phones[{k}] lasts from {str(start)[:30]} to {str(end)[:30]}, "
                            "expected seconds with 0 <= start <= end")  # fmt: skip
        rows.append((float(start or 0), float(end or 0), label))
    return tuple(phones_from(tuple(sorted(rows))))


def _text(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Words without times."""
    text = data.get("text", data.get("transcript"))
    stamps = data.get("timestamp")
    if isinstance(text, str) and isinstance(stamps, list) and len(words := split_words(text)) == len(stamps):
        entries = [{"word": w, "start": t[0], "end": t[1]} for w, t in zip(words, stamps, strict=True)
                   if isinstance(t, list) and len(t) == 2]  # fmt: skip
        if len(entries) == len(words):
            return timed(rows_of(entries, "timestamp", name), (), language, name)
    return untimed(text, language or language_of(data), name) if isinstance(text, str) else None


def _somewhere(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """The fullest list, however deep, whose objects all have a text and a time; words come before phrases."""
    lists: list[list[Any]] = []
    waiting: list[Any] = [data]
    while waiting and len(lists) < LISTS:
        item = waiting.pop()
        waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else []
        if isinstance(item, list) and item and all(isinstance(e, dict) for e in item):
            lists.append(item)
    joined: dict[tuple[str, ...], list[Any]] = {}  # a list for every utterance is one list of words
    for entries in reversed(lists):
        joined.setdefault(tuple(sorted(entries[0])), []).extend(entries)
    found: list[list[Row]] = []
    for entries in joined.values():
        try:
            rows = rows_of(entries, "words", name)
        except TextError:
            continue
        if rows and all(start is not None for _, start, _ in rows):
            found.append(in_order(rows))
    if not found:
        return None
    rows = max(found, key=len)
    said = Report(warnings=(f"'{name}' is JSON of an unknown kind; its {len(rows)} texts with times are read.",))
    made = words_or_cues(rows, language or language_of(data), name)
    return replace(made, report=said + made.report)


MOST_MESSAGES = 20_000
"""About sixteen hours of speech in phrases of 3 s; so many take 3 s to read."""

LISTS = 100_000
"""So many lists of a file are looked through."""


SHAPES: dict[str, Callable[[dict[str, Any], str | None, str], Transcript | None]] = {
    "messages, one after another": _messages,
    "ElevenLabs, Inworld and Cartesia": read_parallel,
    "whisper.cpp": read_whisper_cpp,
    "Amazon Polly": read_speech_marks,
    "Rev": read_monologues,
    "Transformers and NeMo": read_chunks,
    "the Montreal Forced Aligner": read_tiers,
    "YouTube": read_youtube,
    "Google's timepoints": read_timepoints,
    "Amazon Transcribe, Google, Deepgram, Azure, Speechmatics and IBM": read_results,
    "gengine, OpenAI, AssemblyAI, Gentle, Vosk, Kokoro and Azure's events": _words,
    "Whisper, faster-whisper and WhisperX": read_segments,
    "lists of texts with times": _somewhere,
    "text without times": _text,
}
"""Who writes JSON that is read, and the reader of each shape; the first that fits reads it."""
