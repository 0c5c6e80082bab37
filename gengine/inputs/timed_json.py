"""Words with times in JSON: this project's own form, and what recognisers and speech synthesis write.

The shape is told by its keys (``SHAPES``); units by the keys or by the words' lengths (``json_words``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gengine.core.report import Report
from gengine.core.words import Phone
from gengine.errors import TextError
from gengine.inputs.json_words import language_of, rows_of, seconds, text_of
from gengine.inputs.language import split_words
from gengine.inputs.phone_symbols import phones_from
from gengine.inputs.stamped import pieces_to_words, words_or_cues
from gengine.inputs.transcript import ALLOWED, Row, Transcript, cued, ordered, timed, untimed
from gengine.inputs.unspaced import parted

PHRASES = 0.3
"""Where so many "words" hold blanks they are phrases: cues, in which words are still to be found."""

MOST_DIGITS = 25
"""Numbers of more digits are none."""


def read_json(content: str, language: str | None, name: str) -> Transcript:
    """The transcript that JSON, or JSON lines, hold in one of ``SHAPES``; ``TextError`` where it has none of them.

    ``name`` is the file's, for messages; ``language`` an ISO 639-1 code, None for the file's own or a guess.
    """
    data = _parsed(content, name)
    if isinstance(data, list):
        data = _of_list(data)
    if not isinstance(data, dict):
        raise TextError(f"text: '{name}' line 1: a bare {type(data).__name__}, expected an object with 'words'")
    for shape, reader in SHAPES.items():
        if (found := reader(data, language, name)) is not None:
            return found
        del shape
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
    """A list as the object that it stands for: of speech marks, of segments, of results, or of words."""
    objects = [d for d in data if isinstance(d, dict)]
    if objects and all("time" in d and "type" in d and "value" in d for d in objects):
        return {"speech marks": objects}
    if objects and all("alignment" in d or "normalizedAlignment" in d for d in objects):
        return {"chunks of alignment": objects}
    if objects and all("result" in d or "text" in d for d in objects) and any("result" in d for d in objects):
        return {"result": [w for d in objects for w in d.get("result", [])]}
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
    return timed(_sorted(rows), phones, language or language_of(data), name, _without_visemes(visemes))


def _sorted(rows: list[Row]) -> list[Row]:
    """By their starts where all have one; others keep their place."""
    return sorted(rows, key=lambda r: r[1] or 0.0) if all(r[1] is not None for r in rows) else rows


def _texts(data: dict[str, Any]) -> bool:
    return isinstance(data.get("segments"), list) or isinstance(data.get("text"), str)


def _without_visemes(there: bool) -> Report:
    return Report(notes=("Visemes in the file are not used; lips follow the words and the sound.",) if there else ())


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


def _segments(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Whisper, faster-whisper, WhisperX, stable-ts: segments, with words or without; Azure's phrases."""
    key = next((k for k in ("segments", "phrases", "utterances") if isinstance(data.get(k), list)), None)
    if key is None:
        return None
    entries = data[key]
    language = language or language_of(data, *entries[:1])
    if entries and all(isinstance(s, dict) and s.get("words") for s in entries):
        return timed(
            rows_of([w for s in entries for w in _listed(s["words"], name)], f"{key}.words", name), (), language, name
        )
    rows = rows_of(entries, key, name, 1.0 if key == "segments" else None)
    if not rows:
        raise TextError(f"text: '{name}' line 1: its '{key}' hold no words; {ALLOWED}")
    untold = next((k for k, row in enumerate(rows) if row[1] is None), None)
    if untold is not None:
        raise TextError(f"text: '{name}' line 1: {key}[{untold}] lasts from None to None, expected seconds")
    return cued(rows, language, name)


def _listed(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise TextError(f"text: '{name}' line 1: 'segments.words' is {type(value).__name__}, expected a list")
    return value


def _whisper_cpp(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """whisper.cpp: a transcription of segments, with tokens in the full form; milliseconds under "offsets"."""
    entries = data.get("transcription")
    if not isinstance(entries, list):
        return None
    language = language or language_of(data.get("result"), data.get("params"))
    cues: list[Row] = []
    pieces: list[tuple[str, float, float | None]] = []
    for k, entry in enumerate(entries):
        where = f"transcription[{k}]"
        cues.append((text_of(entry, where, name), *_offsets(entry, where, name)))
        for token in entry.get("tokens") or []:
            text = text_of(token, f"{where}.tokens", name)
            if not re.match(r"\s*\[_|<\|", text) and token.get("offsets"):
                pieces.append((text, *_offsets(token, f"{where}.tokens", name)))
    if pieces and any(text.strip() for text, *_ in pieces):
        return timed(pieces_to_words(pieces), (), language, name)
    cues = [cue for cue in cues if split_words(cue[0])]
    if cues and all(len(split_words(text)) == 1 for text, *_ in cues):
        return timed(cues, (), language, name)
    return cued(cues, language, name)


def _offsets(entry: Any, where: str, name: str) -> tuple[float, float]:
    offsets = entry.get("offsets") if isinstance(entry, dict) else None
    start, end = (seconds(offsets.get(k)) if isinstance(offsets, dict) else None for k in ("from", "to"))
    if start is None or end is None or not ordered(start / 1000, max(end, start) / 1000):
        raise TextError(f"text: '{name}' line 1: {where} has the offsets {str(offsets)[:60]}, expected milliseconds")
    return start / 1000, max(end, start) / 1000


_CHARACTERS = (
    ("characters", "character_start_times_seconds", "character_end_times_seconds", 1.0),
    ("chars", "charStartTimesMs", "charDurationsMs", 1e-3),
    ("characters", "characterStartTimesSeconds", "characterEndTimesSeconds", 1.0),
    ("words", "wordStartTimeSeconds", "wordEndTimeSeconds", 1.0),
    ("words", "start", "end", 1.0),
    ("words", "start_times", "end_times", 1.0),
)
"""Keys of ElevenLabs' and other synthesisers' parallel lists: texts, starts, ends or lengths, unit."""


_HOLDERS = (
    "alignment",
    "normalized_alignment",
    "normalizedAlignment",
    "word_timestamps",
    "timestampInfo",
    "timestamps",
)
"""Keys of the object that holds the lists."""


def _parallel(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """ElevenLabs, Inworld, Cartesia: parallel lists of characters or words and their times."""
    chunks = data.get("chunks of alignment") or [data]
    pieces: list[tuple[str, float, float | None]] = []
    after = 0.0
    for chunk in chunks:
        inner: Any = next((v for k in _HOLDERS if isinstance(v := chunk.get(k), dict)), chunk)
        inner = next((v for k in ("wordAlignment", "characterAlignment") if isinstance(v := inner.get(k), dict)), inner)
        form = next(
            (f for f in _CHARACTERS if isinstance(inner.get(f[0]), list) and isinstance(inner.get(f[1]), list)), None
        )
        if form is None:
            if len(chunks) == 1:
                return None
            continue
        texts, starts, ends = (inner.get(key) or [] for key in form[:3])
        if not isinstance(ends, list) or not len(texts) == len(starts) == len(ends):
            raise TextError(f"text: '{name}' line 1: '{form[0]}', '{form[1]}' and '{form[2]}' differ in length")
        part: list[tuple[str, float, float | None]] = []
        for k, (text, start, end) in enumerate(zip(texts, starts, ends, strict=True)):
            a, b = seconds(start), seconds(end)
            if a is not None and b is not None and form[2].endswith("DurationsMs"):
                b += a
            if not isinstance(text, str) or a is None or b is None or not ordered(a * form[3], b * form[3]):
                raise TextError(
                    f"text: '{name}' line 1: {form[0]}[{k}] '{str(text)[:20]}' lasts from {str(start)[:30]} to "
                    f"{str(end)[:30]}, expected times with 0 <= start <= end"
                )
            part.append((text + " " * (form[0] == "words"), a * form[3], b * form[3]))
        # Chunks of a stream count from their own beginning, or from the stream's.
        shift = after if part and pieces and part[0][1] < after - 0.05 else 0.0
        pieces += [(text, a + shift, (b or a) + shift) for text, a, b in part]
        after = pieces[-1][2] or after if pieces else after
    if not pieces:
        return None
    return timed(pieces_to_words(parted(pieces)), (), language or language_of(data), name)


def _speech_marks(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Amazon Polly: marks of sentences, words and visemes, milliseconds; a word ends where the next mark of silence or
    word begins."""
    marks = data.get("speech marks")
    if marks is None:
        return None
    at: list[float] = []
    for k, mark in enumerate(marks):
        time = seconds(mark["time"])
        if time is None or not ordered(time / 1000, time / 1000):
            raise TextError(f"text: '{name}' line {k + 1}: time {str(mark['time'])[:30]}, expected milliseconds")
        at.append(time / 1000)
    rows: list[Row] = []
    for k, mark in enumerate(marks):
        if mark["type"] == "word":
            ends = (t for t, m in zip(at[k + 1 :], marks[k + 1 :], strict=True)
                    if m["type"] == "word" or (m["type"] == "viseme" and m["value"] == "sil"))  # fmt: skip
            rows.append((str(mark["value"]), at[k], next(ends, None)))
    if not rows:
        raise TextError(f"text: '{name}' line 1: holds no marks of words; ask Polly for SpeechMarkTypes word")
    return timed(rows, (), language, name, _without_visemes(any(m["type"] == "viseme" for m in marks)))


def _results(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Amazon Transcribe, Google, Speechmatics, Deepgram, IBM, Azure: results with items or alternatives of words."""
    results = data.get("results", data.get("response", {}))
    if isinstance(results, dict) and isinstance(results.get("results"), list):
        results = results["results"]
    report = Report()
    if isinstance(results, dict) and isinstance(results.get("channels"), list):  # Deepgram
        lists = [_first(c).get("words", []) for c in results["channels"] if isinstance(c, dict)]
        entries = max(lists, key=len, default=[])
        language = language or language_of(*results["channels"])
        if sum(map(bool, lists)) > 1:
            others = sum(map(len, lists)) - len(entries)
            report = Report(warnings=(f"Of {len(lists)} channels with words the fullest is used; {others} words of "
                                      "the others are left out.",))  # fmt: skip
    elif isinstance(results, dict) and isinstance(results.get("items"), list):  # Transcribe
        entries, language = results["items"], language or language_of(results)
    elif isinstance(data.get("NBest"), list) or isinstance(data.get("recognizedPhrases"), list):  # Azure
        phrases = data.get("recognizedPhrases") or [data]
        best = [_first(p, "NBest", "nBest") for p in phrases if isinstance(p, dict)]
        entries = [w for b in best for w in b.get("displayWords") or b.get("Words") or b.get("words") or []]
    elif isinstance(results, list) and results:
        if all(isinstance(r, dict) and "alternatives" in r and "type" in r for r in results):  # Speechmatics
            entries = results
        else:
            parts = [_first(r) for r in results if isinstance(r, dict)]
            lists = [p.get("words") or p.get("timestamps") or [] for p in parts]
            # Google's last result repeats all words where it tells speakers apart.
            if (
                len(lists) > 1
                and lists[-1]
                and "speakerTag" in str(lists[-1][0])
                and "speakerTag" not in str(lists[0][:1])
            ):
                lists = lists[-1:]
            entries = [w for words in lists for w in words]
            language = language or language_of(*results)
    else:
        return None
    rows = rows_of(entries, "results", name)
    if not rows:
        raise TextError(f"text: '{name}' line 1: its results hold no words with times; ask the service for word times")
    return timed(_sorted(rows), (), language or language_of(data), name, report)


def _first(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The likeliest of an entry's alternatives."""
    choices = next((entry[k] for k in (*keys, "alternatives") if isinstance(entry.get(k), list)), [])
    return choices[0] if choices and isinstance(choices[0], dict) else {}


def _monologues(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Rev: monologues of elements."""
    if not isinstance(data.get("monologues"), list):
        return None
    elements = [e for m in data["monologues"] if isinstance(m, dict) for e in m.get("elements", [])]
    return timed(rows_of(elements, "elements", name), (), language or language_of(data), name)


def _chunks(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Transformers' pipeline (chunks with a "timestamp" of two seconds), NeMo ("timestamp" of words), FunASR."""
    if isinstance(stamps := data.get("timestamp"), dict) and isinstance(stamps.get("word"), list):
        return timed(rows_of(stamps["word"], "timestamp.word", name), (), language or language_of(data), name)
    entries = data.get("chunks")
    if (
        not isinstance(entries, list)
        or not entries
        or not all(isinstance(c, dict) and "timestamp" in c for c in entries)
    ):
        return None
    flat = [{"text": c.get("text"), "start": t[0], "end": t[1]} if isinstance(t := c["timestamp"], list) and len(t) == 2
            else c for c in entries]  # fmt: skip
    rows = rows_of(flat, "chunks", name)
    whole = all(len(split_words(text)) == 1 for text, *_ in rows)
    return timed(rows, (), language, name) if whole else cued(rows, language, name)


def _youtube(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """YouTube's json3: events of milliseconds, their segments words with an offset where a recogniser wrote them."""
    events = data.get("events")
    if not isinstance(events, list):
        return None
    pieces: list[tuple[str, float, float | None]] = []
    cues: list[Row] = []
    for k, event in enumerate(events):
        if not isinstance(event, dict) or not isinstance(event.get("segs"), list) or event.get("aAppend"):
            continue
        start, length = seconds(event.get("tStartMs", 0)), seconds(event.get("dDurationMs", 0))
        if start is None or length is None or not ordered(start / 1000, (start + length) / 1000):
            raise TextError(f"text: '{name}' line 1: events[{k}] has times that are none, expected milliseconds")
        segments = [s for s in event["segs"] if isinstance(s, dict) and isinstance(s.get("utf8"), str)]
        cues.append(("".join(s["utf8"] for s in segments), start / 1000, (start + length) / 1000))
        for n, segment in enumerate(segments):
            if segment["utf8"].strip():
                at = (start + (seconds(segment.get("tOffsetMs", 0)) or 0.0)) / 1000
                pieces.append((segment["utf8"] + " " * (n + 1 == len(segments)), at, None))
    if any(
        isinstance(s, dict) and "tOffsetMs" in s for e in events if isinstance(e, dict) for s in e.get("segs") or []
    ):
        return timed(pieces_to_words([(f" {t}", a, b) for t, a, b in pieces]), (), language, name)
    return cued([cue for cue in cues if split_words(cue[0])], language, name)


def _tiers(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """The Montreal Forced Aligner's and praatio's JSON: tiers of entries, as in a TextGrid."""
    tiers = data.get("tiers")
    named = (
        list(tiers.items())
        if isinstance(tiers, dict)
        else [(t.get("name"), t) for t in tiers or [] if isinstance(t, dict)]
    )
    if not named or not all(isinstance(t, dict) and isinstance(t.get("entries"), list) for _, t in named):
        return None
    from gengine.inputs.textgrid import Tier, of_tiers

    made = []
    for label, tier in named:
        rows = rows_of([e for e in tier["entries"] if isinstance(e, list) and len(e) == 3 and split_words(str(e[2]))],
                       f"tier {label}", name, 1.0)  # fmt: skip
        made.append(Tier(str(label), tuple((a or 0.0, b or a or 0.0, text) for text, a, b in rows)))
    return of_tiers(made, language, name, None)


def _timepoints(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Google's synthesis: the times of marks, whose names are the words where the asker named them so."""
    points = data.get("timepoints")
    if not isinstance(points, list):
        return None
    rows: list[Row] = []
    for point in points:
        mark, time = (point.get(k) for k in ("markName", "timeSeconds")) if isinstance(point, dict) else (None, None)
        if isinstance(mark, str) and (at := seconds(time)) is not None and ordered(at, at):
            rows.append((mark, at, None))
    if not any(any(c.isalpha() for c in mark) for mark, *_ in rows):
        raise TextError(
            f"text: '{name}' line 1: the names of its marks are no words; give the text that was synthesised"
        )
    return timed(rows, (), language, name)


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
            found.append(_sorted(rows))
    if not found:
        return None
    rows = max(found, key=len)
    said = Report(warnings=(f"'{name}' is JSON of an unknown kind; its {len(rows)} texts with times are read.",))
    made = words_or_cues(rows, language or language_of(data), name)
    return replace(made, report=said + made.report)


LISTS = 100_000
"""So many lists of a file are looked through."""


SHAPES: dict[str, Callable[[dict[str, Any], str | None, str], Transcript | None]] = {
    "ElevenLabs, Inworld and Cartesia": _parallel,
    "whisper.cpp": _whisper_cpp,
    "Amazon Polly": _speech_marks,
    "Rev": _monologues,
    "Transformers and NeMo": _chunks,
    "the Montreal Forced Aligner": _tiers,
    "YouTube": _youtube,
    "Google's timepoints": _timepoints,
    "Amazon Transcribe, Google, Deepgram, Azure, Speechmatics and IBM": _results,
    "gengine, OpenAI, AssemblyAI, Gentle, Vosk, Kokoro and Azure's events": _words,
    "Whisper, faster-whisper and WhisperX": _segments,
    "lists of texts with times": _somewhere,
    "text without times": _text,
}
"""Who writes JSON that is read, and the reader of each shape; the first that fits reads it."""
