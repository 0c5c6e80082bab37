"""Shapes of JSON that recognisers and aligners write: each a reader that gives None for what is not its own."""

from __future__ import annotations

import re
from typing import Any

from gengine.core.report import Report
from gengine.errors import TextError
from gengine.inputs.json_words import in_order, language_of, rows_of, seconds, text_of
from gengine.inputs.language import split_words
from gengine.inputs.stamped import pieces_to_words
from gengine.inputs.transcript import ALLOWED, Row, Transcript, cued, ordered, timed


def read_segments(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Whisper, faster-whisper, WhisperX, stable-ts: segments, with words or without; Azure's phrases."""
    key = next((k for k in ("segments", "phrases", "utterances", "sentences") if isinstance(data.get(k), list)), None)
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


def read_whisper_cpp(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
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


def read_results(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Amazon Transcribe, Google, Speechmatics, Deepgram, IBM, Azure: results with items or alternatives of words."""
    results = data.get("results", data.get("response", {}))
    if isinstance(data.get("channel"), dict):  # one of Deepgram's messages
        results = {"channels": [data["channel"]]}
    if isinstance(results, dict) and isinstance(results.get("results"), list):
        results = results["results"]
    elif isinstance(results, dict) and len(results) == 1 and isinstance(file := next(iter(results.values())), dict):
        spoken = file.get("transcript")  # Google, batches of files
        results = spoken["results"] if isinstance(spoken, dict) and "results" in spoken else results
    report = Report()
    if isinstance(results, dict) and isinstance(results.get("channels"), list):  # Deepgram
        entries, report = _fullest([_first(c).get("words", []) for c in results["channels"] if isinstance(c, dict)])
        language = language or language_of(*results["channels"])
    elif isinstance(data.get("transcripts"), list):  # Scribe, of several channels
        channels = [t for t in data["transcripts"] if isinstance(t, dict) and isinstance(t.get("words"), list)]
        if not channels:
            return None
        entries, report = _fullest([t["words"] for t in channels])
        language = language or language_of(*channels)
    elif isinstance(labels := results.get("channel_labels") if isinstance(results, dict) else None, dict):  # Transcribe
        entries, report = _fullest([c.get("items", []) for c in labels.get("channels", []) if isinstance(c, dict)])
        language = language or language_of(results)
    elif isinstance(results, dict) and isinstance(results.get("utterances"), list):  # Deepgram
        return read_segments(results, language, name)
    elif isinstance(results, dict) and isinstance(results.get("items"), list):  # Transcribe
        entries, language = results["items"], language or language_of(results)
    elif isinstance(data.get("NBest"), list) or isinstance(data.get("recognizedPhrases"), list):  # Azure
        phrases = data.get("recognizedPhrases") or [data]
        best = [_first(p, "NBest", "nBest") for p in phrases if isinstance(p, dict)]
        entries = [w for b in best for w in b.get("displayWords") or b.get("Words") or b.get("words") or []]
        if not entries and data.get("recognizedPhrases"):
            rows = rows_of([p | b for p, b in zip(phrases, best, strict=False)], "recognizedPhrases", name)
            return cued(rows, language or language_of(*phrases), name)
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
    return timed(in_order(rows), (), language or language_of(data), name, report)


def _fullest(channels: list[Any]) -> tuple[list[Any], Report]:
    """The fullest of lists of words, and what is said of the others."""
    lists = [c for c in channels if isinstance(c, list) and c]
    entries = max(lists, key=len, default=[])
    if len(lists) < 2:
        return entries, Report()
    others = sum(map(len, lists)) - len(entries)
    said = f"Of {len(lists)} channels with words the fullest is used; {others} words of the others are left out."
    return entries, Report(warnings=(said,))


def _first(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The likeliest of an entry's alternatives."""
    choices = next((entry[k] for k in (*keys, "alternatives") if isinstance(entry.get(k), list)), [])
    return choices[0] if choices and isinstance(choices[0], dict) else {}


def read_monologues(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """Rev: monologues of elements."""
    if not isinstance(data.get("monologues"), list):
        return None
    elements = [e for m in data["monologues"] if isinstance(m, dict) for e in m.get("elements", [])]
    return timed(rows_of(elements, "elements", name), (), language or language_of(data), name)


def read_chunks(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
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


def read_youtube(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
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


def read_tiers(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
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
