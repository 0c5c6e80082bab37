"""What of a transcript is not spoken: SSML and other tags, sound labels, stage directions, names of speakers.

Nothing of it is lost: pauses, emphasis, styles and sounds become ``Direction``s at their words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape

from gengine.core.report import Report
from gengine.inputs.language import split_words
from gengine.inputs.sound_labels import is_label


@dataclass(frozen=True)
class Direction:
    """How words ``first`` to ``last`` (excluded) are said: a tag of the transcript that is no word itself.

    ``kind`` is "pause" (before word ``first``; ``value`` its length or strength), "emphasis", "prosody", "style"
    (an emotion or manner: "cheerful", "whispered"), "voice", or "sound" (a laugh, music).
    """

    kind: str
    value: str
    first: int
    last: int


@dataclass
class Cleaned:
    """Spoken text, its directions, and what else was in it: counts of tags, remarks left out for sure or by guess."""

    text: str = ""
    directions: list[Direction] = field(default_factory=list)
    tags: Counter[str] = field(default_factory=Counter)
    sounds: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    speakers: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    language: str | None = None
    words: int = 0

    def add(self, other: Cleaned) -> None:
        """The text that follows."""
        moved = [replace(d, first=d.first + self.words, last=d.last + self.words) for d in other.directions]
        self.directions += moved
        self.text = f"{self.text} {other.text}" if self.text else other.text
        self.words += other.words
        self.tags += other.tags
        self.sounds += other.sounds
        self.guessed += other.guessed
        self.speakers += [s for s in other.speakers if s not in self.speakers]
        self.language = self.language or other.language

    def report(self) -> Report:
        """Sentences about what is not spoken."""
        notes, warnings = [], []
        if self.tags:
            notes.append(f"Tags are not spoken: {_counted(self.tags)}.")
        styles = dict.fromkeys(d.value for d in self.directions if d.kind == "style")
        if styles:
            notes.append(f"Styles of the text are not acted yet, give them as --emotion: {_listed(list(styles))}.")
        if self.sounds:
            notes.append(f"Sounds and directions are not spoken: {_listed(self.sounds)}.")
        if self.guessed:
            warnings.append(
                f"Taken for remarks that nobody speaks: {_listed(self.guessed)}; else take off the brackets."
            )
        if self.labels:
            notes.append(f"Names before a colon are not spoken, all they say is animated: {_listed(self.labels)}.")
        if len(self.speakers) > 1:
            notes.append(f"Several speakers are named, all are animated: {_listed(self.speakers)}.")
        return Report(notes=tuple(notes), warnings=tuple(warnings))


LISTED = 6
"""So many things are named in a sentence."""

_MARK = re.compile("\ue000(\\d+)\ue001")
"""Where a direction begins or ends while the text is cleaned: characters for private use, which no text holds."""

# All patterns pass over a text once: what follows a repetition never begins with what is repeated, or it is possessive.
_ANGLE = re.compile("[<>]")
_TAG = re.compile(r"(/?)([A-Za-z][\w:.\-]*+)(.*)", re.DOTALL)
_ATTRIBUTE = re.compile(r"(?<![\w:.\-])([\w:.\-]++)\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]++))")
_MOST_OPEN = 64
"""Elements within each other that are followed (judgement); every text asks all of them."""
_LONGEST_TAG = 2000
"""Characters; more between two angles are no tag."""

_NAMING = ("v", "lang")
"""Tags of WebVTT that hold a name without a key: <v Roger Bingham>."""

_SHORT_PAUSE = re.compile(r"<#(\d+(?:\.\d+)?)#>|\[\[\s*(?:slnc|silence)\s+(\d+)\s*\]\]", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});")
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ue000\ue001\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_SILENT = frozenset("audio desc metadata meta lexicon script style lookup head rt".split())
"""Elements whose content is not spoken."""

_PLAIN = frozenset("speak p s br c b i u font span sentence paragraph seq par media mark bookmark v ruby".split())
"""Elements that are no news."""

_CURLY = re.compile(r"\{[^{}]*\}")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_BLANKS = re.compile(r"[ \t\xa0\u3000]+")
_SQUARE = re.compile(r"[\[【]([^\[\]【】]*)[\]】](:)?")
_ROUND = re.compile(r"[(（]([^()（）]*)[)）]")
_STARS = re.compile(r"(?<![\w*])(\*{1,3})([^\s*][^*]*)\1(?![\w*])")
_NOTES = re.compile(r"[♪♫♬♩]{1,3}([^♪♫♬♩]+)[♪♫♬♩]{1,3}")
_NOTE_SIGNS = re.compile("[♪♫♬♩]+")
_SPEAKER = re.compile(
    r"^ ?(?:>>|[-–—])? ?((?:[A-Z][A-Z .'-]{1,24}|(?:Speaker|SPEAKER|Sprecher|Locuteur)[ _]?\w{1,4})):\s", re.MULTILINE
)
_MARK_FIRST = re.compile("^ *\ue000\\d+\ue001", re.MULTILINE)
_TURN = re.compile(r"^ ?(?:>>+|-) ?", re.MULTILINE)
_NAMED = re.compile(r"(?:SPEAKER|Speaker|S|spk)[ _]?\d+|[A-Z][\w .'-]{1,24}")


def clean(text: str, cue: bool = False) -> Cleaned:
    """What is spoken of ``text``; ``cue`` where it is a subtitle's, which may begin with a speaker's name or dash."""
    found = _Cleaner(cue)
    return found.clean(text)


def plain_words(text: str) -> str:
    """Text without tags, for words that have times of their own."""
    return " ".join(_ENTITY.sub(lambda m: unescape(m[0]), _HIDDEN.sub("", text)).split())


class _Cleaner:
    """One text on its way from what was written to what is spoken."""

    def __init__(self, cue: bool) -> None:
        self.cue = cue
        self.out = Cleaned()
        self.marks: list[tuple[str, str, int | None]] = []  # kind, value, mark that it ends
        self.open: list[tuple[str, int | None, str]] = []  # element, its mark, what its text becomes

    def clean(self, text: str) -> Cleaned:
        text = _HIDDEN.sub("", text)
        text = _SHORT_PAUSE.sub(lambda m: self._mark("pause", f"{m[1]}s" if m[1] else f"{m[2]}ms"), text)
        if "<" in text:
            text = "".join(self._untagged(text))
        text = _ENTITY.sub(lambda m: unescape(m[0]), text)
        text = self._unbracketed(text)
        self._place(text)
        return self.out

    def _mark(self, kind: str, value: str, ends: int | None = None) -> str:
        self.marks.append((kind, value, ends))
        return f" \ue000{len(self.marks) - 1}\ue001 " if kind == "pause" else f"\ue000{len(self.marks) - 1}\ue001"

    def _place(self, text: str) -> None:
        """The text without marks, and the directions at their words."""
        pieces = _MARK.split(text)
        count, starts, spoken = 0, {}, [pieces[0]]
        count += len(split_words(pieces[0]))
        for number, piece in zip(pieces[1::2], pieces[2::2], strict=True):
            kind, value, ends = self.marks[int(number)]
            if ends is None:
                starts[int(number)] = count
            if ends is not None and ends in starts:
                self.out.directions.append(Direction(*self.marks[ends][:2], starts.pop(ends), count))
            elif kind in ("pause", "sound"):
                self.out.directions.append(Direction(kind, value, count, count))
                starts.pop(int(number), None)
            spoken.append(piece)
            count += len(split_words(piece))
        for number, first in starts.items():
            kind, value = self.marks[number][:2]
            self.out.directions.append(Direction(kind, value, first, count))
        self.out.directions.sort(key=lambda d: d.first)
        self.out.text = " ".join("".join(spoken).split())
        self.out.words = len(split_words(self.out.text))

    # ---- tags

    def _untagged(self, text: str) -> Iterator[str]:
        at, comments = 0, True
        while (start := text.find("<", at)) >= 0:
            yield self._element_text(text[at:start])
            end = text.find("-->", start) if comments and text.startswith("<!--", start) else -1
            if end >= 0:
                at = end + 3
                continue
            comments = comments and not text.startswith("<!--", start)
            closes = _ANGLE.search(text, start + 1)
            inside = text[start + 1 : closes.start()] if closes and closes[0] == ">" else ""
            match = _TAG.fullmatch(inside) if 0 < len(inside) <= _LONGEST_TAG else None
            if match and _is_tag(match):
                yield self._tag(match)
                at = start + len(inside) + 2
            elif inside[:1] in ("?", "!"):
                at = start + len(inside) + 2
            else:
                yield " "
                at = start + 1
        yield self._element_text(text[at:])

    def _element_text(self, text: str) -> str:
        for name, _, becomes in reversed(self.open):
            if name in _SILENT:
                return ""
            if becomes == "characters":
                return " ".join(c for c in text if c.isalnum())
            if becomes == "ordinal" and text.strip().isdecimal():
                return _ordinal(text.strip())
            if becomes.startswith("="):
                return ""
        return text

    def _tag(self, match: re.Match[str]) -> str:
        closing, name, written = match[1], match[2].lower(), match[3].strip()
        empty = written.endswith("/")
        short = name.split(":")[-1].split(".")[0]
        if closing:
            return self._closed(name)
        values = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(written)}
        self.out.language = self.out.language or values.get("xml:lang")
        if short not in _PLAIN:
            self.out.tags[name] += 1
        if short == "v" and written:
            self._speaker(written)
        gap, mark, becomes = "", None, ""
        if short in ("break", "silence"):
            return self._mark("pause", values.get("time") or values.get("value") or values.get("strength") or "medium")
        if short in ("emphasis", "strong", "em"):
            gap = self._mark("emphasis", values.get("level", "moderate"))
        elif short == "prosody":
            gap = self._mark("prosody", " ".join(f"{k}={v}" for k, v in values.items()))
        elif short in ("express-as", "emotion", "effect") or (short == "style" and name != "style"):
            said = values.get("style") or values.get("name") or values.get("type") or values.get("phonation") or short
            gap = self._mark("style", said)
        elif short == "voice" and values.get("name"):
            gap = self._mark("voice", values["name"])
        elif short == "sub" and "alias" in values:
            becomes = "=" + values["alias"]
        elif short == "say-as":
            how = values.get("interpret-as", "")
            becomes = "characters" if how in ("characters", "spell-out", "digits", "telephone", "verbatim") else how
        elif is_label(short.replace("-", " ").replace("_", " "), "["):
            return self._mark("sound", short) + " "
        elif short in ("p", "s", "br"):
            gap = " "
        mark = len(self.marks) - 1 if gap.strip() else None
        if not empty and len(self.open) < _MOST_OPEN:
            self.open.append((name if short not in _SILENT else short, mark, becomes))
        return (" " if short in ("sub", "express-as", "prosody", "voice") else "") + gap

    def _closed(self, name: str) -> str:
        short = name.split(":")[-1]
        for k in range(len(self.open) - 1, max(len(self.open) - 50, -1), -1):
            if self.open[k][0] in (name, short):
                _, mark, becomes = self.open.pop(k)
                said = becomes[1:] if becomes.startswith("=") else ""
                return said + (self._mark("", "", mark) if mark is not None else " " if short in ("p", "s") else "")
        return ""

    # ---- brackets, signs and names

    def _unbracketed(self, text: str) -> str:
        text = _BLANKS.sub(" ", _CURLY.sub("", text))
        if self.cue:
            text = _SPEAKER.sub(lambda m: self._speaker(m[1]), text)
        text = _LINK.sub(r"\1", text)
        text = _SQUARE.sub(lambda m: self._remark(m, "["), text)
        text = _ROUND.sub(lambda m: self._remark(m, "("), text)
        if self.cue:  # a name may follow a sound
            text = _SPEAKER.sub(lambda m: self._speaker(m[1]), _BLANKS.sub(" ", _MARK_FIRST.sub("", text)))
        text = _STARS.sub(self._starred, text)
        text = _NOTES.sub(lambda m: self._remark(m, "♪"), text) if _NOTE_SIGNS.search(text) else text
        text = _NOTE_SIGNS.sub(" ", text)
        return _TURN.sub(" ", text) if self.cue else text

    def _speaker(self, name: str) -> str:
        if name not in self.out.speakers:
            self.out.speakers.append(name)
        return " "

    def _remark(self, match: re.Match[str], bracket: str) -> str:
        """A bracketed remark as it is spoken: not at all, or without its brackets."""
        inside = " ".join(match[1].split())
        if bracket == "[" and _NAMED.fullmatch(inside) and (match[2] or re.fullmatch(r"\D+?[ _]?\d+", inside)):
            return self._speaker(inside)
        label = is_label(_MARK.sub("", inside), bracket)
        if label is None:
            self.out.guessed.append(f"{match[0][0]}{inside}{match[0].rstrip(':')[-1]}")
        elif label and re.match(r"(?:(?:short|long|brief)\s)?(?:pause|silence)$", inside, re.IGNORECASE):
            return self._mark("pause", inside)
        elif label and any(c.isalpha() for c in inside):
            self.out.sounds.append(inside)
            return " " + self._mark("sound", inside) + " "
        return " " if label is not False else f" {match[1]} "

    def _starred(self, match: re.Match[str]) -> str:
        if is_label(match[2], "*"):
            self.out.sounds.append(match[2])
            return " " + self._mark("sound", match[2]) + " "
        start = self._mark("emphasis", "moderate")
        return start + match[2] + self._mark("", "", len(self.marks) - 1)


def _is_tag(match: re.Match[str]) -> bool:
    """Whether what stands between angles is a tag: a name alone or with attributes, and not a sum of two letters."""
    rest = match[3].strip().removesuffix("/")
    return not rest or match[2].split(".")[0].lower() in _NAMING or bool(_ATTRIBUTE.search(rest))


def _ordinal(number: str) -> str:
    last = {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th") if number[-2:-1] != "1" else "th"
    return number + last


def _listed(items: list[str]) -> str:
    names = list(dict.fromkeys(f"'{item[:40]}'" for item in items))
    return ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")


def _counted(tags: Counter[str]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in tags.most_common(LISTED))
