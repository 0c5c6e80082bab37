"""Emotion timelines in files: JSON keyframes, CSV rows and SRT-like segments.

    emotions.json   [{"time": 0, "emotion": "happy:0.8"}, {"time": "1:02.5", "emotion": "sad", "intensity": 0.5}]
                    or {"keyframes": [...], "fade": 0.6}
    emotions.csv    time,emotion,intensity
                    0,happy:0.8,
                    2.5,angry,0.5
    emotions.srt    00:00:00,000 --> 00:00:03,000
                    happy:0.7

In JSON and CSV an emotion lasts until the next one begins. In SRT it lasts for its own segment, and gaps
between segments are neutral. Times are seconds or [h:]m:s.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gengine.core.bounds import bordered, parse_json
from gengine.emotion.parse import SUFFIXES
from gengine.errors import EmotionError, TextError
from gengine.inputs.encoding import read_text_file
from gengine.inputs.transcript import ALLOWED

LATEST = 1e9
"""Times from here on, seconds, are none (thirty years)."""

SAME_MOMENT = 1e-3
"""Times of subtitles that are so close are one moment, seconds: their files count in milliseconds."""


@dataclass(frozen=True)
class Keyframe:
    """An ``emotion`` (an expression of the grammar) that begins at ``time`` s; ``where`` it was written."""

    time: float
    emotion: Any
    intensity: float | str | None
    where: str


@bordered("give a timeline of time and emotion", EmotionError)
def read_timeline(path: Path) -> tuple[list[Keyframe], float | None]:
    """Keyframes and, where the file gives one, the fade in seconds."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise EmotionError(f"{path}: a timeline of type {suffix or 'none'}, expected {', '.join(SUFFIXES)}")
    try:
        text = read_text_file(path)
    except TextError as error:
        said = str(error).removeprefix(f"text: '{path}' ").removesuffix(f"; {ALLOWED}")
        raise EmotionError(f"{path}: no such timeline can be read, it {said}") from None
    reader = {".json": _json, ".csv": _csv}.get(suffix, _srt)
    keyframes, fade = reader(text, str(path))
    if not keyframes:
        raise EmotionError(f"{path}: holds no keyframes; expected at least one time and emotion")
    return keyframes, fade


def seconds(value: Any, where: str) -> float:
    """A time in seconds from a number or ``"s"``, ``"m:s"``, ``"h:m:s"``."""
    time = math.nan
    if isinstance(value, bool):
        pass
    elif isinstance(value, int | float):
        time = float(value) if abs(value) < LATEST else math.inf
    elif isinstance(value, str) and re.fullmatch(r"(\d{1,6}:){0,2}\d{1,9}([.,]\d{0,12})?", value.strip()):
        time = 0.0
        for part in value.strip().replace(",", ".").split(":"):
            time = time * 60 + float(part)
    if not 0 <= time < LATEST:
        raise EmotionError(
            f"{where}: time {_short(value)}, expected seconds from 0 on, such as 2.5, or h:m:s such as 1:02.5"
        )
    return time


def check_rising(keyframes: list[Keyframe]) -> None:
    """Keyframes must be in order of time, no two at the same moment."""
    for a, b in zip(keyframes, keyframes[1:], strict=False):
        if b.time <= a.time:
            raise EmotionError(
                f"{b.where}: time {b.time:g} s does not come after {a.time:g} s; "
                "order the keyframes by time, one per moment"
            )


def keyframe_of(item: Any, where: str) -> Keyframe:
    """A keyframe from ``{"time": ..., "emotion": ...}`` or a (time, emotion) pair."""
    if isinstance(item, dict):
        missing = [k for k in ("time", "emotion") if k not in item]
        unknown = [k for k in item if k not in ("time", "emotion", "intensity")]
        if missing or unknown:
            what = f"lacks {missing[0]!r}" if missing else f"has an unknown key {unknown[0]!r}"
            raise EmotionError(f'{where}: {what}; expected {{"time": 0, "emotion": "happy:0.8", "intensity": 1}}')
        return Keyframe(seconds(item["time"], where), item["emotion"], item.get("intensity"), where)
    if isinstance(item, list | tuple) and len(item) == 2:
        return Keyframe(seconds(item[0], where), item[1], None, where)
    raise EmotionError(f'{where}: {item!r}, expected a (time, emotion) pair or {{"time": 0, "emotion": "happy"}}')


def _json(text: str, name: str) -> tuple[list[Keyframe], float | None]:
    data = parse_json(text, name, "expected a list of keyframes", EmotionError)
    fade = None
    if isinstance(data, dict):
        unknown = [k for k in data if k not in ("keyframes", "fade")]
        if unknown or "keyframes" not in data:
            what = f"has an unknown key {unknown[0]!r}" if unknown else "lacks 'keyframes'"
            raise EmotionError(f'{name}: {what}; expected {{"keyframes": [...], "fade": 0.8}} or a list of keyframes')
        data, fade = data["keyframes"], data.get("fade")
        if fade is not None:
            fade = seconds(fade, f"{name}, fade")
    if not isinstance(data, list):
        raise EmotionError(f'{name}: expected a list such as [{{"time": 0, "emotion": "happy"}}]')
    return [keyframe_of(item, f"{name}, keyframe {i}") for i, item in enumerate(data, 1)], fade


def _csv(text: str, name: str) -> tuple[list[Keyframe], float | None]:
    """Rows parted by commas, or by semicolons or tabs as Excel writes them where numbers have decimal commas."""
    keyframes: list[Keyframe] = []
    lines = text.splitlines()
    # Excel may say its separator above the rows, and then they count.
    stated = re.fullmatch(r"sep=([,;\t])", lines[0].strip()) if lines else None
    first = next((line for line in lines[1 if stated else 0 :] if line.strip()), "")
    delimiter = stated[1] if stated else next((d for d in ";\t" if d in first), ",")
    try:
        rows = list(enumerate(csv.reader(lines, delimiter=delimiter), 1))
    except csv.Error as error:
        raise EmotionError(f"{name}: is no table ({error}); expected time,emotion,intensity") from None
    for number, row in rows[1:] if stated else rows:
        where = f"{name}, line {number}"
        cells = [c.strip() for c in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if not keyframes and [c.lower() for c in cells[:2]] == ["time", "emotion"]:
            continue
        while len(cells) > 2 and not cells[-1]:
            cells.pop()  # empty columns at the right
        # "vad:0.6,0.5,0.2" needs quotes in a CSV; forgive their lack.
        if len(cells) >= 4 and cells[1].lower().startswith(("vad:", "shift:")):
            cells = [cells[0], ",".join(cells[1:4]), *cells[4:]]
        cells = _whole_numbers(cells)
        if len(cells) not in (2, 3) or not cells[1]:
            raise EmotionError(f"{where}: {','.join(row)[:80]!r}, expected time,emotion or time,emotion,intensity")
        intensity = (cells[2:] or [""])[0].replace(",", ".") or None
        keyframes.append(Keyframe(seconds(cells[0], where), cells[1], intensity, where))
    return keyframes, None


def _whole_numbers(cells: list[str]) -> list[str]:
    """Cells of "1,5,angry,0,5", where decimal commas stand among parting ones: the emotion parts the two numbers."""
    at = next((k for k, cell in enumerate(cells) if any(c.isalpha() for c in cell)), 0)
    before, after = cells[:at], cells[at + 1 :]
    if at and all(c.isdecimal() for c in (*before, *after)) and len(before) <= 2 and len(after) <= 2:
        return [".".join(before), cells[at], *([".".join(after)] if after else [])]
    return cells


def _short(value: Any) -> str:
    """A value as a message shows it."""
    try:
        return f"{value!r:.60}"
    except ValueError:  # an integer of thousands of digits
        return "of too many digits"


def _srt(text: str, name: str) -> tuple[list[Keyframe], float | None]:
    def fail(line: int, what: str) -> EmotionError:
        return EmotionError(f"{name}, line {line}: {what}")

    from gengine.inputs.subtitles import parse_subtitles

    subtitles = parse_subtitles(text, Path(name).suffix.lower(), fail)
    keyframes: list[Keyframe] = []
    neutral_from = 0.0
    for subtitle in subtitles:
        where = f"{name}, line {subtitle.line}"
        if subtitle.end <= subtitle.start:
            raise fail(
                subtitle.line, f"the segment ends at {subtitle.end:g} s, not after its start at {subtitle.start:g} s"
            )
        if not subtitle.text.strip():
            raise fail(subtitle.line, "no emotion below the times, expected one such as happy:0.7")
        if subtitle.start > neutral_from + SAME_MOMENT:
            keyframes.append(Keyframe(neutral_from, "neutral", None, where))
        elif keyframes and subtitle.start < neutral_from - SAME_MOMENT:
            before = f"inside the segment before it, which ends at {neutral_from:g} s"
            raise fail(subtitle.line, f"starts at {subtitle.start:g} s {before}")
        keyframes.append(Keyframe(subtitle.start, " ".join(subtitle.text.split()), None, where))
        neutral_from = subtitle.end
    if not subtitles:
        _check_no_emotions(text, fail)
    else:
        keyframes.append(Keyframe(neutral_from, "neutral", None, f"{name}, end"))
    return keyframes, None


def _check_no_emotions(text: str, fail: Callable[[int, str], EmotionError]) -> None:
    """A file without any times may hold nothing else either: what is written has no time."""
    for number, line in enumerate(text.splitlines(), 1):
        head = line.strip()
        if head and not head.isdigit() and not head.upper().startswith("WEBVTT"):
            raise fail(number, f"{head!r}, expected '00:00:00,000 --> 00:00:03,000' above an emotion")
