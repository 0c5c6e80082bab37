"""Subtitles: SubRip (.srt), WebVTT (.vtt), SubStation Alpha (.ass, .ssa) and YouTube's .sbv, read by pysubs2.

pysubs2 reads the first three and forgives much, so times are checked here, line by line, before it sees them; .sbv
differs from SubRip in its time lines alone and is handed to it as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from pathlib import PurePath

from gengine.errors import GengineError, TextError
from gengine.inputs.language import guess_language, split_words
from gengine.inputs.transcript import ALLOWED, Segment, Transcript

Fail = Callable[[int, str], GengineError]
"""(line, what is wrong there) as the error of whoever reads."""

EXAMPLE = "00:00:01,500 --> 00:00:02,750"

LATEST = 359_999_999
"""Latest time that SubRip can hold, 99:59:59,999, in milliseconds."""

_CLOCK = r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+)(?:[.,](\d{1,9}))?"
_ARROW = re.compile("-->")
_TIMING = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?$")
_SBV_TIMES = re.compile(r"^\s*\d+:\d+:\d+\S*,\d+:\S+\s*$")
_SBV = re.compile(rf"\s*{_CLOCK},{_CLOCK}\s*$")
_BLOCK = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
"""First words of WebVTT's blocks that are no subtitles (https://www.w3.org/TR/webvtt1, section 4.1)."""

_MARKUP = re.compile(r"<[^>]*>|\[[^\]]*\]|\([^)]*\)|♪|^\s*(?:-|>>)\s*", re.MULTILINE)
_SPEAKER = re.compile(r"^\s*[A-Z][A-Z .'-]{1,24}:\s", re.MULTILINE)
_TIME_TAG = re.compile(r"<(?:\d+:)?\d{2}:\d{2}\.\d{3}>")
"""A word's time inside a line: the mark of captions that roll."""

_STAMP = re.compile(r"\d{1,2}:\d{1,2}:\d{1,2}[.,]\d")

ROLLS_ON = 0.05
"""A caption that begins so soon after the one before, seconds, repeats its lines if they roll; YouTube's leave none."""


@dataclass(frozen=True)
class Subtitle:
    """One subtitle: ``start`` and ``end`` in seconds, ``text`` with its line breaks; its times stand in ``line``."""

    start: float
    end: float
    text: str
    line: int


def parse_subtitles(text: str, suffix: str, fail: Fail) -> list[Subtitle]:
    """Subtitles of a file's text in its own order, as ``suffix`` (".srt", ".vtt", ".ass", ".ssa" or ".sbv") has them.

    SubRip's times may be shortened ("1:02,5"); blank lines may stand below the times or be missing above them; tags
    of style are gone from the text. Raises what ``fail`` makes of a line that cannot be read.
    """
    if suffix in (".ass", ".ssa"):
        return _substation(text, suffix, fail)
    return _subrip(text.split("\n"), suffix, fail)


def _subrip(lines: list[str], suffix: str, fail: Fail) -> list[Subtitle]:
    """SubRip and its kin, given to pysubs2 as SubRip of the plainest kind: checked times, no blocks, no names."""
    import pysubs2

    timed, timing = (_SBV_TIMES, _SBV) if suffix == ".sbv" else (_ARROW, _TIMING)
    numbers: list[int] = []
    kept: list[str] = []
    in_block = False
    for number, line in enumerate(lines, 1):
        after_blank = not kept or not kept[-1].strip()
        in_block = line.strip() != "" and (in_block or (suffix == ".vtt" and bool(_BLOCK.match(line)) and after_blank))
        if in_block:
            continue
        if timed.search(line):
            match = timing.match(line)
            if not match:
                raise fail(number, f"'{line.strip()[:60]}', expected times such as {EXAMPLE}")
            start, end = (_milliseconds(match.groups()[k : k + 4]) for k in (0, 4))
            if max(start, end) > LATEST:
                raise fail(number, f"'{line.strip()[:60]}', expected times up to {_written(LATEST)}")
            named = suffix == ".vtt" and len(kept) > 1 and not kept[-2].strip()
            if suffix != ".sbv" and kept and (named or kept[-1].strip().isdecimal()):
                kept.pop()
            numbers.append(number)
            # pysubs2 takes a number off the end of every subtitle; so each gets one, lest it take the text's own.
            kept += [str(len(numbers)), f"{_written(start)} --> {_written(end)}"]
        else:
            # pysubs2 takes any line with two times in it for the times of a subtitle.
            kept.append(_STAMP.sub("\n\\g<0>", _TIME_TAG.sub("", line)))
    events = pysubs2.SSAFile.from_string("\n".join([*kept, "0"]), "srt").events
    return [Subtitle(e.start / 1000, e.end / 1000, e.plaintext, n) for e, n in zip(events, numbers, strict=True)]


def _milliseconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, fraction = (p or "0" for p in parts)
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole * 1000 + round(int(fraction) * 1000 / 10 ** len(fraction))


def _written(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{milliseconds:03}"


def _substation(text: str, suffix: str, fail: Fail) -> list[Subtitle]:
    """SubStation Alpha's dialogue; comments and drawings are no speech."""
    import pysubs2
    from pysubs2.exceptions import Pysubs2Error

    lines = text.split("\n")
    try:
        events = pysubs2.SSAFile.from_string(text, suffix[1:]).events
    except (Pysubs2Error, ValueError, KeyError, IndexError) as error:
        value = re.search(r"'(.+)'", str(error))
        number = next((n for n, line in enumerate(lines, 1) if value and value[1] in line), 1)
        raise fail(number, f"{str(error)[:80]}; expected SubStation Alpha such as Aegisub writes") from None
    numbers = [n for n, line in enumerate(lines, 1) if line.startswith(("Dialogue:", "Comment:"))]
    return [
        Subtitle(event.start / 1000, event.end / 1000, event.plaintext, number)
        for event, number in zip(events, numbers, strict=False)
        if not event.is_comment and not event.is_drawing
    ]


def read_subtitles(text: str, language: str | None, name: str) -> Transcript:
    """Segments with times, without names of speakers, [sounds] and (remarks); lines that roll on are taken once.

    ``name`` is the file's, its suffix says the format; ``language`` an ISO 639-1 code, guessed where None.
    ``TextError`` names the line.
    """

    def fail(line: int, what: str) -> TextError:
        return TextError(f"text: '{name}' line {line}: {what}")

    subtitles = parse_subtitles(text, PurePath(name).suffix.lower(), fail)
    for subtitle in subtitles:
        if subtitle.end < subtitle.start:
            raise fail(subtitle.line, f"ends at {subtitle.end:.3f} s before it starts at {subtitle.start:.3f} s")
    segments: list[Segment] = []
    for subtitle in sorted(_unrolled(subtitles) if _TIME_TAG.search(text) else subtitles, key=lambda s: s.start):
        words = " ".join(_SPEAKER.sub("", _MARKUP.sub(" ", unescape(subtitle.text))).split())
        if split_words(words):
            segments.append(Segment(words, subtitle.start, subtitle.end))
    if not segments:
        raise fail(1, f"holds no subtitles with words; {ALLOWED}")
    language = language or guess_language(" ".join(s.text for s in segments))
    return Transcript(tuple(segments), language, None, name)


def _unrolled(subtitles: list[Subtitle]) -> list[Subtitle]:
    """Captions that roll show each line once more while the next is spoken; here each is said once."""
    shown = [[line for line in subtitle.text.split("\n") if line.strip()] for subtitle in subtitles]
    said = []
    for k, subtitle in enumerate(subtitles):
        again = 0
        if k and subtitle.start - subtitles[k - 1].end <= ROLLS_ON:
            most = min(len(shown[k - 1]), len(shown[k]))
            again = max((n for n in range(1, most + 1) if shown[k - 1][-n:] == shown[k][:n]), default=0)
        said.append(replace(subtitle, text="\n".join(shown[k][again:])))
    return said
