"""Shapes of JSON that syntheses of speech write: each a reader that gives None for what is not its own."""

from __future__ import annotations

from typing import Any

from gengine.errors import TextError
from gengine.inputs.json_words import language_of, seconds, without_visemes
from gengine.inputs.stamped import pieces_to_words
from gengine.inputs.transcript import Row, Transcript, ordered, timed
from gengine.inputs.unspaced import parted

_CHARACTERS = (
    ("characters", "character_start_times_seconds", "character_end_times_seconds", 1.0),
    ("chars", "charStartTimesMs", "charDurationsMs", 1e-3),
    ("characters", "characterStartTimesSeconds", "characterEndTimesSeconds", 1.0),
    ("words", "wordStartTimeSeconds", "wordEndTimeSeconds", 1.0),
    ("words", "start", "end", 1.0),
    ("words", "start_times", "end_times", 1.0),
    ("tokens", "timestamps", "", 1.0),
)
"""Keys of ElevenLabs' and other synthesisers' parallel lists: texts, starts, ends or lengths, unit; sherpa-onnx tells
when tokens begin."""


HOLDERS = (
    "alignment",
    "normalized_alignment",
    "normalizedAlignment",
    "word_timestamps",
    "timestampInfo",
    "timestamps",
)
"""Keys of the object that holds the lists."""


def read_parallel(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
    """ElevenLabs, Inworld, Cartesia: parallel lists of characters or words and their times."""
    chunks = data.get("chunks of alignment") or [data]
    pieces: list[tuple[str, float, float | None]] = []
    after = 0.0
    for chunk in chunks:
        inner: Any = next((v for k in HOLDERS if isinstance(v := chunk.get(k), dict)), chunk)
        inner = next((v for k in ("wordAlignment", "characterAlignment") if isinstance(v := inner.get(k), dict)), inner)
        form = next(
            (f for f in _CHARACTERS if isinstance(inner.get(f[0]), list) and isinstance(inner.get(f[1]), list)), None
        )
        if form is None:
            if len(chunks) == 1:
                return None
            continue
        texts, starts = inner[form[0]], inner[form[1]]
        ends = inner.get(form[2]) or [] if form[2] else starts
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
            text = text.replace("▁", " ") + " " * (form[0] == "words")
            part.append((text, a * form[3], b * form[3] if form[2] else None))
        # Chunks of a stream count from their own beginning, or from the stream's.
        shift = after if part and pieces and part[0][1] < after - 0.05 else 0.0
        pieces += [(text, a + shift, None if b is None else b + shift) for text, a, b in part]
        after = pieces[-1][2] or after if pieces else after
    if not pieces:
        return None
    return timed(pieces_to_words(parted(pieces)), (), language or language_of(data), name)


def read_speech_marks(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
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
    return timed(rows, (), language, name, without_visemes(any(m["type"] == "viseme" for m in marks)))


def read_timepoints(data: dict[str, Any], language: str | None, name: str) -> Transcript | None:
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
