"""Which part of a recording is meant: a track, a channel, a stretch of time, or the layout of raw samples."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gengine.errors import AudioError, TextError, brief
from gengine.inputs.channels import parsed_channel
from gengine.inputs.language import split_words
from gengine.inputs.markup import Direction
from gengine.inputs.transcript import Segment, Transcript

LATEST = 1e9
"""Times from here on, seconds, are none (thirty years)."""


@dataclass(frozen=True)
class Part:
    """``track`` (number from 0, language or title), ``channel`` (number from 0, left, right, mix, auto), ``start`` and
    ``end`` (seconds, or "m:s", on the recording's clock), ``raw`` ("s16le:24000:1", for files without a header),
    ``rate`` (Hz, of an array of samples).

    Everything may be None. ``AudioError`` for values that say nothing.
    """

    track: int | str | None = None
    channel: int | str | None = None
    start: float | str | None = None
    end: float | str | None = None
    raw: str | None = None
    rate: int | None = None

    def __post_init__(self) -> None:
        parsed_channel(self.channel)
        for option, value, kinds, expected in (
            ("--track", self.track, int | str | None, "a number from 0, a language or a title"),
            ("--raw", self.raw, str | None, "a layout such as s16le:24000:1"),
        ):
            if not isinstance(value, kinds):
                raise AudioError(f"{option} {brief(value)}: expected {expected}")
        if self.last <= self.first:
            raise AudioError(f"--end {self.end}: is not after --start {self.start or 0}")

    @property
    def first(self) -> float:
        """Seconds at which it begins."""
        return 0.0 if self.start is None else clock("--start", self.start)

    @property
    def last(self) -> float:
        """Seconds at which it ends; infinity where it goes on to the recording's end."""
        return math.inf if self.end is None else clock("--end", self.end)

    def settings(self) -> dict[str, float | int | str]:
        """What was given, as JSON holds it."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def cuts(self) -> bool:
        """Whether time is taken away."""
        return self.first > 0 or self.last < math.inf

    def length(self, whole: float | None) -> float | None:
        """Seconds of the part of a recording of ``whole`` seconds; None where that is not known."""
        if whole is None:
            return None
        return max(0.0, min(self.last, whole) - self.first)

    def cut(
        self, blocks: Iterator[NDArray[np.float32]], rate: int, name: str, notes: list[str]
    ) -> Iterator[NDArray[np.float32]]:
        """Blocks ``(n, …)`` less what lies outside; ``AudioError`` where nothing is left."""
        if not self.cuts:
            yield from blocks
            return
        first = round(self.first * rate)
        last = math.inf if self.last == math.inf else round(self.last * rate)
        at = 0
        for block in blocks:
            begin, end = max(0, first - at), min(len(block), last - at)
            at += len(block)
            if begin < end:
                yield block[begin : int(end)]
            if at >= last:
                return
        if at <= first:
            raise AudioError(f"--start {self.start}: '{name}' ends at {at / rate:.2f} s")
        if last < math.inf:
            notes.append(f"--end {self.end}: '{name}' ends at {at / rate:.2f} s already.")


def words_between(transcript: Transcript, start: float, end: float) -> Transcript:
    """A transcript whose times count from ``start`` (s), less what is said before it and from ``end`` on.

    A cue that the part cuts through keeps the words whose share of it, by letters, lies inside. A transcript without
    times is that of the part already. ``TextError`` where nothing is said in the part.
    """
    if transcript.track is None and all(s.start is None for s in transcript.segments):
        return transcript
    track = transcript.track
    kept: list[bool] = []
    if track is not None:
        middle = [w for w in track.words if start <= (w.start + w.end) / 2 < end]
        kept = [start <= (w.start + w.end) / 2 < end for w in track.words for _ in split_words(w.text)]
        phones = tuple(
            replace(p, start=max(p.start, start), end=min(p.end, end))
            for p in track.phones
            if p.end > start and p.start < end
        )
        track = replace(track, words=tuple(middle), phones=phones).shift(-start)
        segments = tuple(Segment(w.text, w.start, w.end) for w in track.words)
    else:
        segments = tuple(s for segment in transcript.segments if (s := _piece(segment, start, end, kept)))
    if not segments:
        until = f"{end:g} s" if end < math.inf else "the end"
        raise TextError(f"text: '{transcript.name}' has no words between {start:g} s and {until} of the recording")
    return replace(transcript, segments=segments, track=track, directions=_directions(transcript.directions, kept))


def _directions(directions: tuple[Direction, ...], kept: list[bool]) -> tuple[Direction, ...]:
    """Directions at the words that are ``kept``, counted anew."""
    before = np.concatenate([[0], np.cumsum(kept)])
    there = [d for d in directions if any(kept[d.first : max(d.last, d.first + 1)] or kept[-1:])]
    return tuple(replace(d, first=int(before[d.first]), last=int(before[d.last])) for d in there)


def _piece(segment: Segment, start: float, end: float, kept: list[bool]) -> Segment | None:
    """What of a cue is said in [start, end) s, on the part's clock; None where nothing is.

    ``kept`` is told its words.
    """
    words, letters, said = split_words(segment.text), 0, []
    if segment.start is None or segment.end is None:
        kept += [True] * len(words)
        return segment
    total = sum(map(len, words)) or 1
    for word in words:
        at = segment.start + (segment.end - segment.start) * (letters + len(word) / 2) / total
        letters += len(word)
        kept.append(start <= at < end)
        if kept[-1]:
            said.append(word)
    if not said:
        return None
    text = segment.text if len(said) == len(words) else " ".join(said)
    return Segment(text, max(segment.start, start) - start, min(segment.end, end) - start)


def clock(option: str, value: float | str) -> float:
    """Seconds of a number, "12.5", "1:02.5" or "1:02:03"; ``AudioError`` for anything else."""
    seconds = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) < LATEST else math.inf
    elif isinstance(value, str) and re.fullmatch(r"(\d{1,9}:){0,2}\d{1,9}([.,]\d{0,9})?", value.strip()):
        seconds = 0.0
        for piece in value.strip().replace(",", ".").split(":"):
            seconds = seconds * 60 + float(piece)
    if not 0 <= seconds < LATEST:
        given = value if isinstance(value, str) else brief(value)
        raise AudioError(f"{option} {given}: expected seconds from 0 on such as 12.5, or m:s such as 1:02.5")
    return seconds
