"""Words and their times in JSON objects, whatever the keys and units: seconds, milliseconds, ticks, "1.200s"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from gengine.core.report import Report
from gengine.errors import TextError
from gengine.inputs.language import split_words
from gengine.inputs.stamped import seconds_of
from gengine.inputs.transcript import Row, ordered

TEXTS = ("punctuated_word", "word", "text", "label", "Word", "Text", "value", "privText", "content", "token", "display",
         "body", "sentence", "utterance", "caption", "transcript")  # fmt: skip
STARTS: dict[str, float | None] = {
    "start_time": 1.0, "startTime": 1.0, "start_ts": 1.0, "begin_time": 1.0, "time_begin": 1.0, "start": 1.0,
    "startOffset": 1.0, "start_offset": 1.0, "ts": 1.0, "begin": 1.0, "from": 1.0, "start_seconds": 1.0,
    "startSeconds": 1.0, "start_ms": 1e-3, "startMs": 1e-3, "startTimeMs": 1e-3, "begin_ms": 1e-3,
    "offsetMilliseconds": 1e-3, "offsetInTicks": 1e-7, "audio_offset": None, "AudioOffset": None, "audioOffset": None,
    "privAudioOffset": None, "offset": None, "Offset": None,
}  # fmt: skip
ENDS: dict[str, float | None] = {
    "end_time": 1.0, "endTime": 1.0, "end_ts": 1.0, "time_end": 1.0, "end": 1.0, "endOffset": 1.0, "end_offset": 1.0,
    "to": 1.0, "end_seconds": 1.0, "endSeconds": 1.0, "stop": 1.0, "end_ms": 1e-3, "endMs": 1e-3, "endTimeMs": 1e-3,
}  # fmt: skip
LENGTHS: dict[str, float | None] = {
    "durationMilliseconds": 1e-3, "duration_ms": 1e-3, "durationInTicks": 1e-7, "duration": None, "Duration": None,
    "privDuration": None, "dur": 1.0,
}  # fmt: skip
"""Keys of a word's text, start, end and length, first choice first, and their unit in seconds; None where the numbers
themselves tell it (``unit_of``). A bare "start" beside "start_time" counts letters."""

TICK = 1e-7
"""Azure counts time in 100 ns."""

LONGEST = 20.0
"""No word lasts longer, seconds: what does is counted in a smaller unit."""

Times = Sequence[tuple[float | None, float | None]]


def seconds(value: Any) -> float | None:
    """A number, "1.2", "1,2", "1.200s", "PT1.2S", "0:01.2" or {"seconds", "nanos"}; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dict) and ("seconds" in value or "nanos" in value):
        parts = [seconds(value.get(k, 0)) for k in ("seconds", "nanos")]
        return None if None in parts else parts[0] + parts[1] / 1e9  # type: ignore[operator]
    if isinstance(value, str):
        number = re.fullmatch(r"(?:PT)?(\d{1,12}(?:[.,]\d{1,12})?)[sS]?", value.strip())
        if number:
            return float(number[1].replace(",", "."))
        if re.fullmatch(r"(?:\d{1,3}:)?\d{1,3}:\d{1,2}(?:[.,]\d{1,9})?", value.strip()):
            return seconds_of(value.strip())
    return None


def unit_of(starts: Iterable[float], lengths: Iterable[float]) -> float:
    """Seconds of one count of times whose unit is not told: 1, a millisecond, or Azure's tick, by the words' lengths.

    Times with fractions are seconds.
    """
    lengths, starts = list(lengths), list(starts)
    if not starts:
        return 1.0
    usual = median(lengths) if lengths else (max(starts) - min(starts)) / max(len(starts) - 1, 1)
    if any(not float(t).is_integer() for t in (*starts, *lengths)) and usual < LONGEST:
        return 1.0
    return TICK if usual >= LONGEST * 1000 else 1e-3 if usual >= LONGEST else 1.0


def text_of(entry: Any, where: str, name: str) -> str:
    """What a word's object says it is."""
    if isinstance(entry, dict):
        for key in TEXTS:
            if isinstance(entry.get(key), str):
                return entry[key]
        choices = entry.get("alternatives")
        if isinstance(choices, list) and choices:
            return text_of(choices[0], where, name)
    raise TextError(f"text: '{name}' line 1: {where} is {str(entry)[:60]}, expected an object with 'word'")


def named(entry: Any) -> Any:
    """A word given as a list, (start, end, word) or (word, start, end), as an object; anything else as it is."""
    if isinstance(entry, list) and len(entry) > 4 and isinstance(entry[4], str):  # faster-whisper's named tuples
        words = next((e for e in entry[5:] if isinstance(e, list) and e and isinstance(e[0], list)), None)
        return {"start": entry[2], "end": entry[3], "text": entry[4], "words": words}
    if isinstance(entry, list) and len(entry) >= 3 and isinstance(entry[2], str):
        return {"word": entry[2], "start": entry[0], "end": entry[1]}
    if isinstance(entry, list) and len(entry) == 3 and isinstance(entry[0], str):
        return {"word": entry[0], "start": entry[1], "end": entry[2]}
    if isinstance(entry, dict):
        for key in ("timestamp", "timestamps", "time", "interval"):
            span = entry.get(key)
            if isinstance(span, list) and len(span) == 2 and not any(isinstance(t, list | dict) for t in span):
                return entry | {"start": span[0], "end": span[1]}
            if isinstance(span, dict) and {"begin", "start", "from"} & span.keys():
                return entry | {k: v for k, v in span.items() if k in STARTS or k in ENDS}
        lines = entry.get("lines")
        if isinstance(lines, list) and lines and all(isinstance(line, str) for line in lines):  # aeneas
            return entry | {"text": " ".join(lines)}
    return entry


def _value(entry: dict[str, Any], keys: dict[str, float | None]) -> tuple[Any, float | None]:
    for key, unit in keys.items():
        if entry.get(key) is not None:
            return entry[key], unit
    return None, 1.0


def rows_of(entries: Any, what: str, name: str, unit: float | None = None) -> list[Row]:
    """Words of a list of objects (or of faster-whisper's lists of start, end, word), in seconds.

    Without ``unit`` times whose keys do not tell it are in what ``unit_of`` finds. Punctuation of its own joins the
    word before it. ``TextError`` names the entry that is no word, or whose times are none.
    """
    if not isinstance(entries, list):
        raise TextError(f"text: '{name}' line 1: '{what}' is {type(entries).__name__}, expected a list")
    read: list[tuple[str, Any, Any, float | None, bool]] = []
    for k, given in enumerate(entries):
        where = f"{what}[{k}]"
        entry = named(given)
        text = text_of(entry, where, name)
        if str(entry.get("type", "")).lower() in ("spacing", "audio_event"):
            continue
        if not split_words(text) or str(entry.get("type", entry.get("boundary_type", ""))).lower().startswith("punct"):
            if read and text.strip():
                read[-1] = (read[-1][0].rstrip() + text.strip(), *read[-1][1:])
            continue
        if "alignedWord" in entry or "case" in entry:  # Gentle's offsets count letters
            entry = {k: v for k, v in entry.items() if k in ("start", "end")}
        start, start_unit = _value(entry, STARTS)
        end, _ = _value(entry, ENDS)
        length, length_unit = _value(entry, LENGTHS) if end is None else (None, None)
        if start is None and end is not None and not read:
            start = 0  # Google leaves the first word's zero out
        if isinstance(length, str) and ":" in length and isinstance(start, int | float) and start_unit is None:
            start *= TICK  # Azure's offsets beside lengths of C#, "00:00:00.6800000"
        for value in (start, end, length):
            if value is not None and seconds(value) is None:
                raise _wrong(where, start, end if length is None else length, name)
        read.append((text, seconds(start), seconds(end if length is None else length),
                     start_unit if end is not None or length is None else length_unit, length is not None))  # fmt: skip
    told = [r for r in read if r[1] is not None]
    if unit is None:
        lengths = [r[2] if r[4] else r[2] - r[1] for r in told if r[2] is not None and r[1] is not None]
        unit = unit_of([r[1] for r in told if r[1] is not None], lengths)
    rows: list[Row] = []
    for k, (text, start, end, own, by_length) in enumerate(read):
        scale = own if own not in (None, 1.0) else unit
        a = None if start is None else start * scale
        b = None if end is None else end * scale + (a or 0.0 if by_length else 0.0)
        if a is not None and not ordered(a, a if b is None else b):
            raise _wrong(f"{what}[{k}]", start, end, name)
        rows.append((text, a, b))
    return _whole_words(rows)


def _whole_words(rows: list[Row]) -> list[Row]:
    """``rows``, or, where some are pieces of words, as of tokens, the words: those begin with a blank or "▁"."""
    texts = [text.replace("▁", " ") for text, *_ in rows]
    leads = sum(text[0].isspace() for text in texts)
    if not leads or leads > len(rows) - 2 or any(" " in text.strip() for text in texts):
        return rows
    made: list[Row] = []
    for text, (_, start, end) in zip(texts, rows, strict=True):
        before = made[-1] if made else None
        if before is None or text[0].isspace() or not _goes_on(before, start):
            made.append((text, start, end))
        else:
            made[-1] = (before[0] + text, before[1], end)
    return made


def _goes_on(word: Row, start: float | None) -> bool:
    """Whether a piece that begins at ``start`` may belong to ``word``: no sentence ends there, and no pause."""
    text, _, end = word
    return text[-1:] not in ".!?" and (start is None or end is None or start - end < TOGETHER)


TOGETHER = 0.05
"""Pieces of a word follow one another within so many seconds (judgement)."""


def _wrong(where: str, start: Any, end: Any, name: str) -> TextError:
    return TextError(
        f"text: '{name}' line 1: {where} lasts from {_short(start)} to {_short(end)}, "
        "expected seconds with 0 <= start <= end"
    )


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)[:30]


LANGUAGES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "polish": "pl", "turkish": "tr", "russian": "ru", "chinese": "zh", "mandarin": "zh",
    "japanese": "ja", "korean": "ko", "arabic": "ar", "hindi": "hi", "greek": "el", "hebrew": "he", "thai": "th",
    "ukrainian": "uk", "czech": "cs", "swedish": "sv", "danish": "da", "norwegian": "no", "finnish": "fi",
    "hungarian": "hu", "romanian": "ro", "vietnamese": "vi", "indonesian": "id", "catalan": "ca",
}  # fmt: skip
"""Languages by the names that OpenAI's interface gives them."""


def language_of(*objects: Any) -> str | None:
    """The first language that one of several objects names, as a code of two letters."""
    for item in objects:
        if not isinstance(item, dict):
            continue
        for key in ("language", "language_code", "languageCode", "detected_language", "locale"):
            value = item.get(key)
            if isinstance(value, str):
                code = LANGUAGES.get(value.lower(), value.lower())
                if re.fullmatch(r"[a-z]{2}(?:[-_].{0,10})?", code):
                    return code[:2]
                if code in ("eng", "deu", "ger", "fra", "fre", "spa", "ita", "por", "rus", "zho", "jpn", "kor"):
                    return _THREE[code]
    return None


_THREE = {"eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt",
          "rus": "ru", "zho": "zh", "jpn": "ja", "kor": "ko"}  # fmt: skip


def in_order(rows: list[Row]) -> list[Row]:
    """By their starts where all have one; others keep their place."""
    return sorted(rows, key=lambda r: r[1] or 0.0) if all(r[1] is not None for r in rows) else rows


def without_visemes(there: bool) -> Report:
    """What is said where a file holds visemes beside its words."""
    return Report(notes=("Visemes in the file are not used; lips follow the words and the sound.",) if there else ())
