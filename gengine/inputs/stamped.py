"""Plain text and text with times in it: lyrics (.lrc), labels, tables, and what recognisers print."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

from gengine.errors import TextError
from gengine.inputs.language import split_words
from gengine.inputs.transcript import ALLOWED, LATEST, Row, Transcript, cued, timed, untimed

_NUMBER = r"\d{1,7}(?:[.,]\d{1,9})?"
_LABEL = re.compile(rf"({_NUMBER})\t({_NUMBER})(?:\t(.*))?")
_CLOCK = r"(?:\d{1,3}:)?\d{1,3}:\d{1,2}(?:[.,]\d{1,3})?"
_SPAN = re.compile(
    rf"(?=\[|\d)\[?({_CLOCK}|{_NUMBER}(?=s))s?\s?(?:--?>|[-–—])\s?({_CLOCK}|{_NUMBER}(?=s))s?(?:\]:?|:|\s)\s*(.*)"
)
"""A line of what recognisers print: "[00:00.000 --> 00:02.500]  Hello!", "[0.00s -> 2.50s] Hello!", and of what people
write: "0:00.0 - 0:02.5: Hello!"."""

_STAMP = re.compile(rf"(?:[^:\[(]{{0,40}}?[\s:])??[\[(]?({_CLOCK})[\])]?(?:\s?[-–:])?(?:\s+|$)(.*)")
"""A line that begins with a time, alone or after its speaker's name: "0:12", "[00:12] Hello", "Anna (00:12):"."""

_LRC_STAMP = re.compile(r"\[((?:\d{1,3}:)?\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?)\]")
_LRC_WORD = re.compile(r"<((?:\d{1,3}:)?\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?)>")
_LRC_OFFSET = re.compile(r"\[offset:\s*([+-]?\d{1,7})\s*\]", re.IGNORECASE)
_LRC_VOICE = re.compile(r"^\s*(?:[FMD]|v\d):\s")
"""Who sings a line, in Walaoke's lyrics."""

FEWEST_TABS = 2
"""Text whose every line holds so many is a table, as ELAN exports it."""

_STARTS = ("start", "begin", "onset", "tmin", "xmin", "start_time", "begin_time", "start_ms", "startms", "from")
_ENDS = ("end", "stop", "offset", "tmax", "xmax", "end_time", "end_ms", "endms", "to")
_LENGTHS = ("duration", "dur", "length", "duration_ms")
_TEXTS = ("text", "word", "label", "token", "transcript", "ort", "caption", "name")


def seconds_of(clock: str) -> float:
    """Seconds of "[h:]m:s", its fraction behind a point, comma or (in lyrics) a third colon of two digits."""
    parts = clock.replace(",", ".").split(":")
    value = 0.0
    for part in parts:
        value = value * 60 + float(part)
    return value


def pieces_to_words(pieces: Iterable[tuple[str, float, float | None]]) -> list[Row]:
    """Words of ``pieces`` of text (characters, syllables, words or phrases, blanks among them) with their times.

    A piece without an end lasts to the next one's start. A word begins with its first piece and ends with its last;
    words of one piece share its time by their letters.
    """
    listed = list(pieces)
    characters: list[tuple[str, float, float | None]] = []
    for k, (text, start, end) in enumerate(listed):
        if end is None and k + 1 < len(listed):
            end = max(listed[k + 1][1], start)
        # Blanks at the ends of a piece take no time.
        lead, spoken = len(text) - len(text.lstrip()), len(text.strip())
        step = 0.0 if end is None else (end - start) / max(spoken, 1)
        for n, character in zip(range(-lead, len(text) - lead), text, strict=True):
            n = min(max(n, 0), max(spoken - 1, 0))
            last = None if end is None else start + (n + 1) * step
            characters.append((character, start + n * step, last))
    words: list[Row] = []
    current: list[tuple[str, float, float | None]] = []
    for character in (*characters, (" ", 0.0, 0.0)):
        if not character[0].isspace():
            current.append(character)
        elif current:
            words += _split_script(current)
            current = []
    return words


def _split_script(characters: list[tuple[str, float, float | None]]) -> list[Row]:
    """One word, or several where its script has no blanks."""
    at, words = 0, []
    for word in split_words("".join(c for c, *_ in characters)) or [""]:
        part = characters[at : at + len(word)]
        at += len(word)
        if part:
            words.append((word, part[0][1], part[-1][2]))
    return words


def plain(text: str, language: str | None, name: str) -> Transcript:
    """A text file: words without times, or what its lines show it to be.

    Audacity's labels (start s, tab, end s, tab, words), a recogniser's print ("[00:00.000 --> 00:02.500] Hello"),
    lines that begin with a time ("[0:12] Hello"), subtitles, JSON, or a TextGrid that was saved as text.
    """
    head = text.lstrip()[:200]
    if head.startswith("{\\rtf"):
        raise TextError(f"text: '{name}' is an RTF document; save it as plain text (.txt)")
    if head.startswith("File type") and "ooTextFile" in head:
        from gengine.inputs.textgrid import read_textgrid

        return read_textgrid(text, language, name)
    if head.startswith(("{", "[{")) and text.rstrip().endswith(("}", "]")):
        from gengine.inputs.timed_json import read_json

        return read_json(text, language, name)
    # A row that begins with a backslash holds the frequencies of the label above it.
    lines = [(n, r) for n, r in enumerate(text.splitlines(), 1) if r.strip() and not r.startswith("\\")]
    labels = [(n, _LABEL.fullmatch(row.strip("\ufeff "))) for n, row in lines]
    if labels and all(match for _, match in labels):
        return _labels([(n, m) for n, m in labels if m], language, name)
    spans = [_SPAN.fullmatch(row.strip()) for _, row in lines]
    if spans and all(spans) and (len(spans) > 1 or "[" in lines[0][1]):
        return cued([(m[3], seconds_of(m[1]), seconds_of(m[2])) for m in spans if m], language, name)
    if sum(1 for _, row in lines if "-->" in row[:60]) >= 1 and re.search(rf"^\s*{_CLOCK}\s*-->", text, re.MULTILINE):
        from gengine.inputs.subtitles import read_subtitles

        return read_subtitles(text, language, name)
    if len(lines) > 1 and all(row.count("\t") >= FEWEST_TABS for _, row in lines):
        return read_table(text, language, name)
    stamped = _stamped([row.strip() for _, row in lines])
    return cued(stamped, language, name) if stamped else untimed(text, language, name)


def _labels(rows: Sequence[tuple[int, re.Match[str]]], language: str | None, name: str) -> Transcript:
    """Audacity's labels; those of one word each are words with given times, longer ones are aligned inside theirs."""
    cues: list[Row] = []
    for number, match in rows:
        start, end = (float(t.replace(",", ".")) for t in match.groups()[:2])
        if end < start:
            raise TextError(
                f"text: '{name}' line {number}: ends at {end:.3f} s before it starts at {start:.3f} s; "
                "put the start first"
            )
        if split_words(match[3] or ""):
            cues.append((match[3], start, end))
    if not cues:
        raise TextError(f"text: '{name}' line 1: its labels hold no words; {ALLOWED}")
    return words_or_cues(cues, language, name)


def words_or_cues(rows: list[Row], language: str | None, name: str) -> Transcript:
    """Rows of one word each are words with times, else they are cues to be aligned inside theirs."""
    if all(len(split_words(text)) <= 1 for text, *_ in rows):
        return timed(sorted(rows, key=lambda row: row[1] or 0.0), (), language, name)
    return cued(rows, language, name)


def _stamped(lines: list[str]) -> list[Row]:
    """Cues of lines that begin with times, or of lines below such; none where the times are words of the text."""
    found = [_STAMP.fullmatch(line) for line in lines]
    times = [seconds_of(m[1]) for m in found if m]
    if len(times) < 2 or not found[0] or times != sorted(times) or times[-1] > LATEST:
        return []
    bracketed = all(re.search(r"[\[(]\d", m[0]) for m in found if m)
    alone = all(not m[2] for m in found if m)
    if not (bracketed or alone or all(found)):
        return []
    cues: list[Row] = []
    for line, match in zip(lines, found, strict=True):
        if match:
            cues.append((match[2], seconds_of(match[1]), None))
        else:
            cues[-1] = (f"{cues[-1][0]} {line}", *cues[-1][1:])
    return cues


def read_lyrics(text: str, language: str | None, name: str) -> Transcript:
    """Lyrics (.lrc): lines with one time or several, and words with times of their own in angles; ``[offset:]`` counts.

    A line ends where the next begins. ``TextError`` where no line has a time.
    """
    offset = _LRC_OFFSET.search(text)
    early = int(offset[1]) / 1000 if offset else 0.0

    def at(clock: str) -> float:
        if clock.count(":") == 2 and "." not in clock:  # some writers part the hundredths by a colon
            clock = ".".join(clock.rsplit(":", 1))
        return max(seconds_of(clock) - early, 0.0)

    lines: list[tuple[float, str]] = []
    for line in text.splitlines():
        end, starts = 0, []
        while match := _LRC_STAMP.match(line, end):
            starts.append(match[1])
            end = match.end()
        lines += [(at(start), _LRC_VOICE.sub("", line[end:])) for start in starts]
    lines.sort(key=lambda line: line[0])
    if not any(re.search(r"\s<|>\s", words.strip()) for _, words in lines):  # every piece is a word
        lines = [(start, _LRC_WORD.sub(r" \g<0>", words)) for start, words in lines]
    if not lines:
        raise TextError(f"text: '{name}' line 1: no line begins with a time such as [00:12.34]")
    if all(_LRC_WORD.search(words) for _, words in lines if split_words(_LRC_WORD.sub("", words))):
        rows: list[Row] = []
        for k, (start, written) in enumerate(lines):
            end = lines[k + 1][0] if k + 1 < len(lines) else None
            pieces = _LRC_WORD.split(written)
            timed_pieces = [(pieces[0], start), *zip(pieces[2::2], (at(t) for t in pieces[1::2]), strict=True)]
            spoken = [(t, a, None) for t, a in timed_pieces if t]
            # A time behind the last word is its end.
            last = timed_pieces[-1][1] if not timed_pieces[-1][0].strip() else end
            words = pieces_to_words(
                [*spoken[:-1], (*spoken[-1][:2], last)] if spoken and spoken[-1][0].strip() else spoken
            )
            rows += words
        return timed(rows, (), language, name)
    return cued([(_LRC_WORD.sub("", words), start, None) for start, words in lines], language, name)


def read_table(text: str, language: str | None, name: str) -> Transcript:
    """Rows of start, end and words (.tsv, .csv) below a line that names the columns, in any order.

    Times are seconds, with points or commas; milliseconds in columns that say so and in Whisper's tables, which hold
    whole numbers. Of a table with a column "type" the rows of words count.
    """
    lines = text.splitlines()
    delimiter = max("\t;,", key=lines[0].count)
    rows = list(csv.reader(lines, delimiter=delimiter))
    header = ["_".join(cell.lower().replace("-", " ").split()) for cell in rows[0]]
    if (unnamed := _unnamed_columns(rows)) is not None:
        header = unnamed
        rows.insert(0, header)
    column = {
        what: next((header.index(n) for n in names if n in header), -1)
        for what, names in (
            ("start", _STARTS),
            ("end", _ENDS),
            ("length", _LENGTHS),
            ("text", _TEXTS),
            ("type", ("type", "tier")),
        )  # fmt: skip
    }
    if min(column["start"], column["text"]) < 0:
        raise TextError(
            f"text: '{name}' line 1: columns {', '.join(header)[:80]}; expected start, end and text above them"
        )
    body = [(n, row) for n, row in enumerate(rows[1:], 2) if len(row) > max(column["start"], column["text"])]
    if column["text"] == len(header) - 1:  # commas of a text without quotes
        body = [(n, [*row[: len(header) - 1], delimiter.join(row[len(header) - 1 :])]) for n, row in body]
    kinds = {row[column["type"]].strip().lower() for _, row in body if 0 <= column["type"] < len(row)}
    if {"words", "word"} & kinds:
        body = [(n, row) for n, row in body if row[column["type"]].strip().lower() in ("words", "word")]
    whole = header[:3] == ["start", "end", "text"] and all(
        row[k].strip().isdecimal() for _, row in body for k in (column["start"], column["end"])
    )
    unit = 0.001 if whole or header[column["start"]].endswith("ms") else 1.0
    cues: list[Row] = []
    for number, row in body:
        start, end, length = (_cell(row, column[what], unit, number, name) for what in ("start", "end", "length"))
        if end is None and start is not None and length is not None:
            end = start + length
        if end is not None and start is not None and end < start:
            raise TextError(f"text: '{name}' line {number}: ends at {end:.3f} s before it starts at {start:.3f} s")
        if split_words(row[column["text"]]):
            cues.append((row[column["text"]], start, end))
    if not cues:
        raise TextError(f"text: '{name}' line 1: holds no words; {ALLOWED}")
    return words_or_cues(cues, language, name)


MOST_COLUMNS = 100
"""Columns of a table without a head that are looked at."""


def _unnamed_columns(rows: list[list[str]]) -> list[str] | None:
    """Names of the columns of a table whose first line is a row already; None where it has a head, or no times."""

    def times(k: int) -> list[float]:
        cells = [row[k].strip() for row in rows if len(row) > k]
        if not all(re.fullmatch(_CLOCK, cell) or re.fullmatch(_NUMBER, cell) for cell in cells):
            return []
        return [seconds_of(cell) for cell in cells]

    width = min(len(rows[0]), MOST_COLUMNS)
    columns = [k for k in range(width - 1) if times(k)]
    text = next((k for k in range(width - 1, -1, -1) if split_words(rows[0][k]) and not times(k)), -1)
    ends = (k for k in columns[1:] if all(a < b for a, b in zip(times(columns[0]), times(k), strict=True)))
    if text < 0 or (end := next(ends, -1)) < 0 or max(times(end)) > LATEST:
        return None
    return ["start" if k == columns[0] else "end" if k == end else "text" if k == text else "" for k in range(width)]


def _cell(row: list[str], column: int, unit: float, line: int, name: str) -> float | None:
    """Seconds of a cell; None where there is no such column."""
    if not 0 <= column < len(row):
        return None
    written = row[column].strip()
    if re.fullmatch(_CLOCK, written):
        return seconds_of(written)
    if not re.fullmatch(r"\d{1,12}(?:[.,]\d{1,12})?", written) or float(written.replace(",", ".")) * unit > LATEST:
        raise TextError(f"text: '{name}' line {line}: time '{written[:40]}', expected seconds such as 1.25")
    return float(written.replace(",", ".")) * unit


def read_ctm(text: str, language: str | None, name: str) -> Transcript:
    """Kaldi's time-marked words (.ctm): recording, channel, start s, length s, word on every line."""
    rows: list[Row] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells or line.startswith(";;"):
            continue
        if len(cells) < 5 or not all(re.fullmatch(r"\d{1,7}(?:\.\d{1,9})?", c) for c in cells[2:4]):
            raise TextError(
                f"text: '{name}' line {number}: '{line[:40]}', expected recording, channel, start, length, word"
            )
        rows.append((cells[4], float(cells[2]), float(cells[2]) + float(cells[3])))
    return timed(rows, (), language, name)
