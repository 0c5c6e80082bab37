"""Subtitles, SubRip (.srt) and WebVTT (.vtt)."""

from __future__ import annotations

import re
from html import unescape

from gengine.errors import TextError
from gengine.inputs.language import guess_language, split_words
from gengine.inputs.transcript import ALLOWED, Segment, Transcript

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}|\[[^\]]*\]|\([^)]*\)|♪|^\s*(?:-|>>)\s*", re.MULTILINE)
_SPEAKER = re.compile(r"^\s*[A-Z][A-Z .'-]{1,24}:\s", re.MULTILINE)


def read_subtitles(text: str, language: str | None, name: str) -> Transcript:
    lines = text.split("\n")
    segments: list[Segment] = []
    i = 0
    while i < len(lines):
        if "-->" not in lines[i]:
            block = lines[i].split(" ")[0]
            if block in ("NOTE", "STYLE", "REGION"):
                while i < len(lines) and lines[i].strip():
                    i += 1
            i += 1
            continue
        number, match = i + 1, _TIMING.match(lines[i])
        if not match:
            raise TextError(
                f"text: '{name}' line {number}: '{lines[i].strip()[:60]}', "
                "expected times such as 00:00:01,500 --> 00:00:02,750"
            )
        start, end = (_clock(match.groups()[k : k + 4]) for k in (0, 4))
        if end < start:
            raise TextError(f"text: '{name}' line {number}: ends at {end:.3f} s before it starts at {start:.3f} s")
        i += 1
        said = []
        while i < len(lines) and lines[i].strip() and "-->" not in lines[i]:
            said.append(lines[i])
            i += 1
        words = " ".join(_SPEAKER.sub("", _MARKUP.sub(" ", unescape("\n".join(said)))).split())
        if split_words(words):
            segments.append(Segment(words, start, end))
    if not segments:
        raise TextError(f"text: '{name}' line 1: holds no subtitles with words; {ALLOWED}")
    segments.sort(key=lambda s: s.start or 0.0)
    language = language or guess_language(" ".join(s.text for s in segments))
    return Transcript(tuple(segments), language, None, name)


def _clock(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (p or "0" for p in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction) / 10 ** len(fraction)
