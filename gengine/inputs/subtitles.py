"""Subtitles: SubRip (.srt), WebVTT (.vtt), SubStation Alpha (.ass, .ssa), TTML and YouTube's .sbv, read by pysubs2.

pysubs2 forgives much, so times are checked here, line by line, before it sees them; .sbv differs from SubRip in its
time lines alone and is handed to it as such. Tags are hidden from it: they say who speaks, and when a word begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath

from gengine.errors import GengineError, TextError
from gengine.inputs.language import split_words
from gengine.inputs.stamped import pieces_to_words, seconds_of
from gengine.inputs.transcript import ALLOWED, Row, Transcript, cued, timed

Fail = Callable[[int, str], GengineError]
"""(line, what is wrong there) as the error of whoever reads."""

EXAMPLE = "00:00:01,500 --> 00:00:02,750"

LATEST = 359_999_999
"""Latest time that SubRip can hold, 99:59:59,999, in milliseconds."""

XML = (".ttml", ".dfxp", ".itt", ".srv1", ".srv2", ".srv3", ".eaf", ".xml")
"""Endings of files that ``timed_xml`` reads."""

_CLOCK = r"(?:(?:(\d{1,6}):)?(\d{1,2}):)?(\d{1,6})(?:[.,](\d{1,9}))?"
_ARROW = re.compile("-->")
_OTHER_ARROW = re.compile(rf"^(\s*{_CLOCK})\s*(?:→|[-–—=]{{1,2}}>)\s*(?={_CLOCK}\s*$)")
"""Arrows that word processors and people write."""

_TIMING = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?$")
_SBV_TIMES = re.compile(r"^\s*\d+:\d+:\d+\S*,\d+:\S+\s*$")
_SBV = re.compile(rf"\s*{_CLOCK},{_CLOCK}\s*$")
_BLOCK = re.compile(r"(NOTE|STYLE|REGION|WEBVTT)(\s|$)|X-TIMESTAMP-MAP=")
"""First words of WebVTT's blocks that are no subtitles (https://www.w3.org/TR/webvtt1, section 4.1), its head among
them: the segments of a stream, joined, have one each."""

_NUMBERED = re.compile(r"\s*\d{1,9}[.)]?\s*")

_TIME_TAG = re.compile(r"<((?:\d{1,3}:)?\d{2}:\d{2}\.\d{3})>")
"""A word's time inside a line: of karaoke, and the mark of captions that roll."""

_TAGS = re.compile(r"<[^<>]*>|\{[^{}]*\}")
_KARAOKE = re.compile(r"\{[^{}]*\\[kK][fo]?(\d{1,6})[^{}]*\}([^{}]*)")
"""A syllable of SubStation's karaoke after its length in hundredths of a second."""

_HIDING = str.maketrans("<{}\\", "\ue010\ue011\ue012\ue013")
_SHOWING = str.maketrans("\ue010\ue011\ue012\ue013", "<{}\\")
"""Signs of tags, as characters for private use while pysubs2 reads."""

_STAMP = re.compile(r"\d{1,2}:\d{1,2}:\d{1,2}[.,]\d")

_HEADING, LONGEST_HEADING = re.compile(r"\s*.{0,3}\["), 80
"""How a section of SubStation begins, and characters that its heading has at most (judgement; the format's have 20)."""

ROLLS_ON = 0.05
"""A caption that begins so soon after the one before, seconds, repeats its lines if they roll; YouTube's leave none."""

ROLLING = 0.6
"""Captions roll where at least this share of those that follow another at once repeats the end of it, ..."""

ENOUGH_ROLLING = 3
"""... and so many do: what is said twice is said twice; ..."""

ENOUGH_REPEATED = 8
"""... or two do, with so many words between them."""

HIGHLIGHTED = 1.0
"""A caption that is shown again within so many seconds with other words of it marked is the same one."""


@dataclass(frozen=True)
class Subtitle:
    """One subtitle: ``start`` and ``end`` in seconds, ``written`` with line breaks and tags; ``line`` has its times."""

    start: float
    end: float
    written: str
    line: int

    @property
    def text(self) -> str:
        """Without tags."""
        return _TAGS.sub("", self.written)


def parse_subtitles(text: str, suffix: str, fail: Fail) -> list[Subtitle]:
    """Subtitles of a file's text in its own order, as ``suffix`` (".srt", ".vtt", ".ass", ".ttml" …) has them.

    SubRip's times may be shortened ("1:02,5"); blank lines may stand below the times or be missing above them. Raises
    what ``fail`` makes of a line that cannot be read. A text that is plainly WebVTT or SubStation is read as such.
    """
    if suffix in XML:
        return _timed_text(text, fail)
    if suffix == ".sub" and re.search(_SBV_TIMES.pattern, text, re.MULTILINE):  # SubViewer
        return _subrip(text.replace("[br]", "\n").split("\n"), ".sbv", fail)
    if suffix in (".sub", ".smi", ".sami"):
        return _by_pysubs2(text, "microdvd" if suffix == ".sub" else "sami", fail)
    if suffix in (".ass", ".ssa") or text.startswith("[Script Info]"):
        return _substation(text, suffix if suffix == ".ssa" else ".ass", fail)
    if text.startswith("WEBVTT"):
        suffix = ".vtt"
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
        begins = suffix == ".vtt" and bool(_BLOCK.match(line)) and (after_blank or line.startswith("WEBVTT"))
        in_block = line.strip() != "" and not timed.search(line) and (in_block or begins)
        if in_block:
            continue
        line = _OTHER_ARROW.sub(r"\1 --> ", line)
        if timed.search(line):
            match = timing.match(line)
            if not match:
                raise fail(number, f"'{line.strip()[:60]}', expected times such as {EXAMPLE}")
            start, end = (_milliseconds(match.groups()[k : k + 4]) for k in (0, 4))
            if max(start, end) > LATEST:
                raise fail(number, f"'{line.strip()[:60]}', expected times up to {_written(LATEST)}")
            named = suffix == ".vtt" and len(kept) > 1 and not kept[-2].strip()
            if suffix != ".sbv" and kept and (named or _NUMBERED.fullmatch(kept[-1])):
                kept.pop()
            numbers.append(number)
            # pysubs2 takes a number off the end of every subtitle; so each gets one, lest it take the text's own.
            kept += [str(len(numbers)), f"{_written(start)} --> {_written(end)}"]
        else:
            # pysubs2 takes any line with two times in it for the times of a subtitle.
            kept.append(_STAMP.sub("\n\\g<0>", _TIME_TAG.sub(_quoted, line)).translate(_HIDING))
    events = pysubs2.SSAFile.from_string("\n".join([*kept, "0"]), "srt").events
    return [
        Subtitle(e.start / 1000, e.end / 1000, _unquoted(e.plaintext.translate(_SHOWING)), n)
        for e, n in zip(events, numbers, strict=True)
    ]


def _quoted(match: re.Match[str]) -> str:
    """A word's time in signs that are not taken for a subtitle's."""
    return "<" + match[1].translate(_DIGITS) + ">"


def _unquoted(text: str) -> str:
    return text.translate(_ASCII)


_DIGITS = str.maketrans("0123456789", "".join(chr(0xE020 + k) for k in range(10)))
_ASCII = {new: old for old, new in _DIGITS.items()}


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
    # pysubs2 takes the square of its length to see that a line without an end is no heading
    known = "\n".join(line[:LONGEST_HEADING] if _HEADING.match(line) else line for line in lines)
    try:
        events = pysubs2.SSAFile.from_string(known, suffix[1:]).events
    except (Pysubs2Error, ValueError, KeyError, IndexError) as error:
        value = re.search(r"'(.+)'", str(error))
        number = next((n for n, line in enumerate(lines, 1) if value and value[1] in line), 1)
        raise fail(number, f"{str(error)[:80]}; expected SubStation Alpha such as Aegisub writes") from None
    numbers = [n for n, line in enumerate(lines, 1) if line.startswith(("Dialogue:", "Comment:"))]
    return [
        Subtitle(event.start / 1000, event.end / 1000, re.sub(r"\\[Nn]", "\n", event.text).replace("\\h", " "), number)
        for event, number in zip(events, numbers, strict=False)
        if not event.is_comment and not event.is_drawing
    ]


def _timed_text(text: str, fail: Fail) -> list[Subtitle]:
    """XML with times; its lines say little, so errors name the first."""
    from gengine.inputs.timed_xml import read_cues

    cues = read_cues(text, lambda why: fail(1, why))
    if cues is None:
        raise fail(1, "is XML of an unknown kind; export it as .srt")
    starts = [start for _, start, _ in cues]
    return [
        Subtitle(start, start if end is None and not after else min(after) if end is None else end, said, 1)
        for k, (said, start, end) in enumerate(cues)
        for after in [[other for other in starts[k + 1 : k + 2] if other >= start]]
    ]


def _by_pysubs2(text: str, format: str, fail: Fail) -> list[Subtitle]:
    """MicroDVD and SAMI. MicroDVD counts frames: how many a second has, its first line must say."""
    import pysubs2

    if format == "microdvd" and not re.match(r"\s*\{[01]\}\{[01]\}\s*\d{2,3}(?:\.\d+)?\s*\n", text):
        raise fail(1, "counts frames without saying how many a second has; put a line such as {1}{1}25 before it")
    try:
        events = pysubs2.SSAFile.from_string(text, format).events
    except Exception as error:  # noqa: BLE001 - whatever pysubs2 makes of a broken file
        raise fail(1, f"cannot be read ({str(error)[:80]}); export it as .srt") from None
    events = [e for e in events if not re.fullmatch(r"\s*\d{2,3}(?:\.\d+)?\s*", e.plaintext)]
    return [Subtitle(e.start / 1000, e.end / 1000, e.plaintext, 1) for e in events]


def read_subtitles(text: str, language: str | None, name: str) -> Transcript:
    """Cues with times, without names of speakers, [sounds] and (remarks); captions that roll are said once.

    Karaoke's words have times of their own. ``name`` is the file's, its suffix says the format; ``language`` an
    ISO 639-1 code, guessed where None. ``TextError`` names the line.
    """

    def fail(line: int, what: str) -> TextError:
        return TextError(f"text: '{name}' line {line}: {what}")

    subtitles = parse_subtitles(text, PurePath(name).suffix.lower(), fail)
    for subtitle in subtitles:
        if subtitle.end < subtitle.start:
            raise fail(subtitle.line, f"ends at {subtitle.end:.3f} s before it starts at {subtitle.start:.3f} s")
    if not any(split_words(s.text) for s in subtitles):
        raise fail(1, f"holds no subtitles with words; {ALLOWED}")
    subtitles.sort(key=lambda s: s.start)
    rolling = _unrolled(subtitles)
    if rolling is None and (sung := _karaoke(subtitles)):
        return timed(sung, (), language, name)
    shown = [(_TIME_TAG.sub("", s.written), s.start, s.end) for s in rolling or subtitles]
    return cued(shown, language, name)


def _karaoke(subtitles: list[Subtitle]) -> list[Row]:
    """Words with times where every subtitle tells those of its syllables; else none."""
    rows: list[Row] = []
    for subtitle in subtitles:
        if lengths := _KARAOKE.findall(subtitle.written):
            at, pieces = subtitle.start, []
            for length, syllable in lengths:
                pieces.append((syllable, at, at + int(length) / 100))
                at += int(length) / 100
        elif len(times := _TIME_TAG.split(subtitle.written)) > 1:
            starts = [subtitle.start, *map(seconds_of, times[1::2])]
            ends = [*starts[1:], subtitle.end]
            pieces = [(_TAGS.sub("", t), a, max(a, b)) for t, a, b in zip(times[::2], starts, ends, strict=True)]
        elif split_words(subtitle.text):
            return []
        else:
            continue
        rows += pieces_to_words(pieces)
    return rows


def _unrolled(subtitles: list[Subtitle]) -> list[Subtitle] | None:
    """Captions that roll, or grow word by word, show what was said again; here it is said once. None if they do not."""
    shown = [subtitle.text.split() for subtitle in subtitles]
    again, follows = [0] * len(shown), 0
    for k in range(1, len(shown)):
        gap = subtitles[k].start - subtitles[k - 1].end
        marked = shown[k] == shown[k - 1] and subtitles[k].written != subtitles[k - 1].written
        if gap <= (HIGHLIGHTED if marked else ROLLS_ON) and shown[k - 1] and shown[k]:
            follows += 1
            most = min(len(shown[k - 1]), len(shown[k]), MOST_REPEATED)
            again[k] = max((n for n in range(1, most + 1) if shown[k - 1][-n:] == shown[k][:n]), default=0)
            # One word said twice is no sign, a whole caption shown on is.
            again[k] = again[k] if again[k] > 1 or again[k] == len(shown[k - 1]) else 0
    rolls = sum(n > 0 for n in again)
    enough = rolls >= ENOUGH_ROLLING or (rolls > 1 and sum(again) >= ENOUGH_REPEATED)
    if not enough or rolls < ROLLING * follows:
        tagged = any(_TIME_TAG.search(s.written) for s in subtitles) and rolls
        if not tagged:
            return None
    said: list[Subtitle] = []
    for subtitle, words, n in zip(subtitles, shown, again, strict=True):
        if said and n and n == len(words):  # shown on
            said[-1] = replace(said[-1], end=max(said[-1].end, subtitle.end))
        else:
            said.append(replace(subtitle, written=" ".join(words[n:])))
    return said


MOST_REPEATED = 60
"""Words of a caption that are compared with the one before."""
