"""BEAT's annotations: emotions (.csv), semantic gestures (.txt) and words with phones (.TextGrid)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core.bounds import TEXT_BYTES, bordered, read_bounded
from gengine.core.emotion import BEAT_EMOTIONS, BEAT_VAD, EMOTIONS, EmotionTrack, beat_ids
from gengine.core.timing import frame_count
from gengine.core.words import Phone, Word, WordTrack
from gengine.data.beat_layout import emotion_label
from gengine.errors import FormatError
from gengine.inputs.phone_symbols import phones_from
from gengine.inputs.textgrid import parse_textgrid

GESTURE_SCORES: dict[str, float] = {
    "00_nogesture": 0.0, "01_beat_align": 0.1, "02_deictic_l": 0.2, "03_deictic_m": 0.3, "04_deictic_h": 0.4,
    "05_iconic_l": 0.5, "06_iconic_m": 0.6, "07_iconic_h": 0.7, "08_metaphoric_l": 0.8, "09_metaphoric_m": 0.9,
    "10_metaphoric_h": 1.0,
}  # fmt: skip
"""Score of every type of gesture."""


@dataclass(frozen=True)
class Gesture:
    """One stretch of the semantic annotation: seconds, ``score`` 0-1, and the ``keywords`` it goes with."""

    kind: str
    start: float
    end: float
    score: float
    keywords: str = ""


@dataclass(frozen=True)
class Feeling:
    """One stretch of the emotion annotation: seconds and BEAT's emotion ``id`` 0-7."""

    start: float
    end: float
    id: int


def gesture_kind(score: float) -> str:
    """The type whose score lies nearest."""
    return min(GESTURE_SCORES, key=lambda kind: abs(GESTURE_SCORES[kind] - score))


def _text(path: Path) -> str:
    data = read_bounded(path, TEXT_BYTES, "give an annotation of BEAT's layout")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FormatError(f"{path}: line {line}: is no UTF-8 text") from None


def _lines(path: Path) -> list[tuple[int, str]]:
    return [(n, line) for n, line in enumerate(_text(path).splitlines(), 1) if line.strip()]


def _times(path: Path, line: int, start: str, end: str) -> tuple[float, float]:
    try:
        a, b = float(start), float(end)
    except ValueError:
        a = b = math.nan
    if not (math.isfinite(a) and math.isfinite(b) and 0 <= a <= b + 1e-6):
        raise FormatError(f"{path}: line {line}: times {start!r} {end!r}, expected seconds with start <= end")
    return a, max(a, b)


@bordered("give an annotation of BEAT's layout")
def read_semantic(path: str | Path) -> tuple[Gesture, ...]:
    """Rows ``type start end duration score [keywords]``, tab-separated; ``FormatError`` names the line."""
    path, out = Path(path), []
    for number, line in _lines(path):
        cells = line.split("\t")
        if len(cells) < 5:
            raise FormatError(f"{path}: line {number}: {len(cells)} cells, expected type start end duration score")
        start, end = _times(path, number, cells[1], cells[2])
        try:
            score = float(cells[4])
        except ValueError:
            score = math.nan
        if not 0 <= score <= 1:
            raise FormatError(f"{path}: line {number}: score {cells[4]!r}, expected 0 to 1")
        out.append(Gesture(cells[0].strip(), start, end, score, "\t".join(cells[5:]).strip()))
    return tuple(out)


def write_semantic(gestures: Sequence[Gesture], path: str | Path) -> Path:
    """The file that ``read_semantic`` reads; times to the millisecond."""
    rows = []
    for g in gestures:
        cells = [g.kind, f"{g.start:.3f}", f"{g.end:.3f}", f"{g.end - g.start:.3f}", f"{g.score:g}"]
        rows.append("\t".join(cells + ([" ".join(g.keywords.split())] if g.keywords else [])))
    Path(path).write_text("".join(r + "\n" for r in rows), "utf-8", newline="\n")
    return Path(path)


def semantic_scores(gestures: Sequence[Gesture], frames: int, fps: float) -> NDArray[np.float32]:
    """Score ``(frames,)`` at ``fps`` (Hz): that of the gesture at each frame, the later one where two meet."""
    scores = np.zeros(frames, np.float32)
    for g in gestures:
        scores[math.ceil(g.start * fps - 1e-6) : math.ceil(g.end * fps - 1e-6)] = g.score
    return scores


def cover(strokes: Sequence[Gesture], duration: float, talking: bool = True) -> tuple[Gesture, ...]:
    """Strokes with meaning, and all the time between them one beat each, as BEAT's annotators marked it.

    Where nobody talks the time between is no gesture.
    """
    filler = "01_beat_align" if talking else "00_nogesture"
    out: list[Gesture] = []
    clock = 0.0
    for g in sorted(strokes, key=lambda g: g.start):
        start, end = max(g.start, clock), min(g.end, duration)
        if g.kind == filler or end - start < 0.01:
            continue
        if start - clock > 1e-3:
            out.append(Gesture(filler, clock, start, GESTURE_SCORES[filler]))
        out.append(Gesture(g.kind, start if start - clock > 1e-3 else clock, end, g.score, g.keywords))
        clock = end
    if duration - clock > 1e-3:
        out.append(Gesture(filler, clock, duration, GESTURE_SCORES[filler]))
    return tuple(out)


@bordered("give an annotation of BEAT's layout")
def read_emotion(path: str | Path) -> tuple[Feeling, ...]:
    """Rows ``label,start,end,duration,id``; the id decides, the label only has to carry the same number."""
    path, out = Path(path), []
    for number, line in _lines(path):
        cells = [c.strip() for c in line.split(",")]
        if len(cells) < 5:
            raise FormatError(f"{path}: line {number}: {len(cells)} cells, expected label,start,end,duration,id")
        if number == 1 and not cells[-1].isdigit() and not cells[1][:1].isdigit():
            continue  # a header
        start, end = _times(path, number, cells[1], cells[2])
        if not cells[4].isdecimal() or int(cells[4][:9]) >= len(BEAT_EMOTIONS):
            raise FormatError(f"{path}: line {number}: emotion id {cells[4]!r}, expected 0 to {len(BEAT_EMOTIONS) - 1}")
        label = cells[0].split("_")[0]
        if label.isdecimal() and int(label[:9]) != int(cells[4]):
            raise FormatError(f"{path}: line {number}: label {cells[0]!r} contradicts its id {cells[4]}")
        out.append(Feeling(start, end, int(cells[4])))
    if not out:
        raise FormatError(f"{path}: line 1: holds no emotion, expected label,start,end,duration,id")
    return tuple(out)


def write_emotion(feelings: Sequence[Feeling], path: str | Path) -> Path:
    """The file that ``read_emotion`` reads, in BEAT's spelling."""
    rows = [f"{emotion_label(f.id)},{f.start:.6g},{f.end:.3f},{f.end - f.start:.3f},{f.id}\n" for f in feelings]
    Path(path).write_text("".join(rows), "utf-8", newline="\n")
    return Path(path)


def emotion_track(feelings: Sequence[Feeling], duration: float, fps: float) -> EmotionTrack:
    """Labelled stretches as a timeline at full strength; the nearest label before covers what none names."""
    times = np.arange(frame_count(duration, fps)) / fps
    ids = np.full(len(times), feelings[0].id if feelings else 0)
    for f in feelings:
        ids[times >= f.start - 1e-6] = f.id
    weights = np.zeros((len(times), len(EMOTIONS)), np.float32)
    weights[np.arange(len(times)), ids] = 1.0
    return EmotionTrack(weights, np.array(BEAT_VAD)[ids], fps)


def feelings_of(track: EmotionTrack, start: float = 0.0) -> tuple[Feeling, ...]:
    """The one of BEAT's eight emotions that says most (``gengine.core.emotion.beat_ids``), over time."""
    ids = beat_ids(track.weights, track.vad)
    cuts = [0, *(np.flatnonzero(np.diff(ids)) + 1), len(ids)]
    return tuple(
        Feeling(start + a / track.fps, start + b / track.fps, int(ids[a]))
        for a, b in zip(cuts, cuts[1:], strict=False)
        if b > a
    )


@bordered("give an annotation of BEAT's layout")
def read_words(path: str | Path, language: str = "en") -> WordTrack:
    """Words and phones of BEAT's TextGrid; a grid without a spoken word gives phones alone."""
    path = Path(path)
    tiers = {tier.name.strip().lower(): tier.intervals for tier in parse_textgrid(_text(path), str(path))}
    if "words" not in tiers:
        raise FormatError(f"{path}: line 1: no tier 'words' among {', '.join(tiers) or 'none'}")
    words = tuple(Word(label, a, b) for a, b, label in tiers["words"] if label and label not in ("sil", "sp", "<unk>"))
    phones = tuple(phones_from(tiers["phones"])) if tiers.get("phones") else ()
    return WordTrack(words, phones, language, "given" if words else "heard" if phones else "none")


def write_textgrid(words: WordTrack, duration: float, path: str | Path) -> Path:
    """Tiers ``words`` and ``phones`` over [0, duration], gaps empty, stress as ARPAbet's digit."""
    said = [(w.start, w.end, w.text) for w in words.words]
    sounds = [(p.start, p.end, _arpabet(p)) for p in words.phones]
    head = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = {duration:.6f} \n'
    lines = [head, "tiers? <exists> \nsize = 2 \nitem []: \n"]
    for k, (name, items) in enumerate((("words", said), ("phones", sounds)), 1):
        rows = _gap_free(items, duration)
        lines.append(f'    item [{k}]:\n        class = "IntervalTier" \n        name = "{name}" \n')
        lines.append(f"        xmin = 0 \n        xmax = {duration:.6f} \n        intervals: size = {len(rows)} \n")
        for n, (start, end, label) in enumerate(rows, 1):
            quoted = label.replace('"', '""')
            lines.append(f"        intervals [{n}]:\n            xmin = {start:.6f} \n            xmax = {end:.6f} \n")
            lines.append(f'            text = "{quoted}" \n')
    Path(path).write_text("".join(lines), "utf-8", newline="\n")
    return Path(path)


def _arpabet(phone: Phone) -> str:
    if phone.symbol == "sil":
        return ""
    return phone.symbol + (str(phone.stress) if phone.stress >= 0 else "")


def _gap_free(items: Sequence[tuple[float, float, str]], duration: float) -> list[tuple[float, float, str]]:
    out: list[tuple[float, float, str]] = []
    clock = 0.0
    for start, end, label in items:
        start, end = max(start, clock), min(end, duration)
        if end - start < 1e-6:
            continue
        if start - clock > 1e-6:
            out.append((clock, start, ""))
        out.append((start, end, label))
        clock = end
    if duration - clock > 1e-6 or not out:
        out.append((clock, duration, ""))
    return out
