"""What of a transcript is not spoken: SSML and other tags, sound labels, stage directions, names of speakers.

Nothing of it is lost: pauses, emphasis, styles and sounds become ``Direction``s at their words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from html import unescape

from gengine.core.report import Report
from gengine.inputs.language import split_words
from gengine.inputs.sound_labels import is_label
from gengine.inputs.tags import Meaning, meanings, sign_meaning, signs


@dataclass(frozen=True)
class Direction:
    """How words ``first`` to ``last`` (excluded) are said: a tag of the transcript that is no word itself.

    ``kind`` is "pause" (before word ``first``; ``value`` its length or strength), "emphasis", "prosody", "style"
    (an emotion or manner: "cheerful", "whispered:0.4"), "voice", "sound" (what stood in brackets: a laugh, music,
    "excited"), "end" (of what brackets asked for), or "sign" (an emoji).
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
    acted: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
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
        self.acted += other.acted
        self.unknown += other.unknown
        self.sounds += other.sounds
        self.guessed += other.guessed
        self.speakers += [s for s in other.speakers if s not in self.speakers]
        self.language = self.language or other.language

    def report(self) -> Report:
        """Sentences about what is not spoken."""
        notes, warnings = [], []
        if self.tags:
            notes.append(f"Tags are not spoken: {_counted(self.tags)}.")
        if self.acted:
            notes.append(f"Acted and not spoken: {_listed(self.acted)}.")
        if self.sounds:
            notes.append(f"Sounds and directions are not spoken: {_listed(self.sounds)}.")
        if self.unknown:
            notes.append(f"Tags of unknown meaning are neither spoken nor acted: {_listed(self.unknown)}.")
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

_POINTS = ("pause", "sound", "end", "sign")
"""Directions that stand between words and hold none."""

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

_CURLY = re.compile(r"\{([^{}]*)\}")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_BLANKS = re.compile(r"[ \t\xa0\u3000]+")
_SQUARE = re.compile(r"[\[【]([^\[\]【】]*)[\]】](:)?")
_ROUND = re.compile(r"[(（]([^()（）]*)[)）]")
_STARS = re.compile(r"(?<![\w*])(\*{1,3})([^\s*][^*]*)\1(?![\w*])")
_END = re.compile(r"/ ?([\w ]{2,30})|end of ([\w ]{2,30})")
"""Between square brackets, the end of what an earlier tag asked for: [/whisper]."""
_ONE_TAG = re.compile(r"[a-z][\w'’-]{2,30}|\w{2,20} ?[=:] ?[\w.:+ -]{1,40}")
"""Between square brackets, what looks like a tag and like nothing else."""
_VARIANTS = "\ufe0e\ufe0f\U0001f3fb-\U0001f3ff"
_EMOJI = re.compile(
    f"(?:[\U0001f300-\U0001f3fa\U0001f400-\U0001faff\u2600-\u2668\u266d-\u27bf\u203c\u2b50][{_VARIANTS}]*)+"
)
_CHARACTER = re.compile(r"^[ \t]*([A-Z][A-Z .'-]{1,24})[ \t]*\n(?=[ \t]*\()", re.MULTILINE)
"""Who speaks next in a screenplay: a line of capitals above one in brackets."""
_NOTES = re.compile(r"[♪♫♬♩]{1,3}([^♪♫♬♩]+)[♪♫♬♩]{1,3}")
_NOTE_SIGNS = re.compile("[♪♫♬♩]+")
_NAME = r"((?:[A-Z][A-Z .'-]{1,24}|(?:Speaker|SPEAKER|Sprecher|Locuteur)[ _]?\w{1,4})):\s"
_SPEAKER = re.compile(rf"^ ?(?:>>|[-–—])? ?{_NAME}", re.MULTILINE)
_SPEAKER_BEHIND = re.compile(rf"^((?: ?\ue000\d+\ue001)+ ?){_NAME}", re.MULTILINE)
"""A name behind marks."""
_TURN = re.compile(r"^ ?(?:>>+|-) ?", re.MULTILINE)
_NAMED = re.compile(r"(?:SPEAKER|Speaker|S|spk)[ _]?\d+|[A-Z][\w .'-]{1,24}")


def clean(text: str, cue: bool = False) -> Cleaned:
    """What is spoken of ``text``; ``cue`` where it is a subtitle's, which may begin with a speaker's name or dash."""
    found = _Cleaner(cue)
    return found.clean(text)


class _Cleaner:
    """One text on its way from what was written to what is spoken."""

    def __init__(self, cue: bool) -> None:
        self.cue = cue
        self.out = Cleaned()
        self.marks: list[tuple[str, str, int | None]] = []  # kind, value, mark that it ends
        self.open: list[tuple[str, int | None, str]] = []  # element, its mark, what its text becomes

    def clean(self, text: str) -> Cleaned:
        text = _HIDDEN.sub("", text)
        text = _emoticon().sub(lambda m: self._sign(m[0]), text) if _PUNCTUATED.search(text) else text
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
            elif kind in _POINTS:
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
        asked: tuple[Meaning, ...] = ()
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
            names = ("style", "name", "type", "phonation", "value", "category")
            said = next((values[name] for name in names if values.get(name)), short)
            gap = self._styled(said + _strength(values))
        elif short == "voice" and values.get("name"):
            gap = self._mark("voice", values["name"])
        elif short == "sub" and "alias" in values:
            becomes = "=" + values["alias"]
        elif short == "say-as":
            how = values.get("interpret-as", "")
            becomes = "characters" if how in ("characters", "spell-out", "digits", "telephone", "verbatim") else how
        elif short not in _PLAIN and (asked := meanings(short, plainly=True)) and not asked[0].seconds:
            gap = self._styled(short)
        elif is_label(short.replace("-", " ").replace("_", " "), "[") or asked:
            self.out.acted += [short] * bool(asked)
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
        text = _BLANKS.sub(" ", _CURLY.sub(lambda m: self._tagged(m[1]) or "", text))
        text = _EMOJI.sub(lambda m: "".join(map(self._sign, _emoji().findall(m[0]))), text)
        text = _CHARACTER.sub(lambda m: self._speaker(m[1]), text)
        if self.cue:
            text = _SPEAKER.sub(lambda m: self._speaker(m[1]), text)
        text = _LINK.sub(r"\1", text)
        text = _SQUARE.sub(lambda m: self._remark(m, "["), text)
        text = _ROUND.sub(lambda m: self._remark(m, "("), text)
        if self.cue:  # a name may follow a sound
            text = _SPEAKER_BEHIND.sub(lambda m: m[1] + self._speaker(m[2]), _BLANKS.sub(" ", text))
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
        if bracket == "[" and (ends := _END.fullmatch(inside)):
            return " " + self._mark("end", ends[1] or ends[2]) + " "
        label = is_label(_MARK.sub("", inside), bracket)
        if bracket != "♪" and (tag := self._tagged(inside, plainly=bracket == "[")):
            return tag
        if label is not True and bracket == "[" and _ONE_TAG.fullmatch(inside):
            self.out.unknown.append(inside)
            return " "
        if label is None:
            self.out.guessed.append(f"{match[0][0]}{inside}{match[0].rstrip(':')[-1]}")
        elif label and re.match(r"(?:(?:short|long|brief)\s)?(?:pause|silence)$", inside, re.IGNORECASE):
            return self._mark("pause", inside)
        elif label and any(c.isalpha() for c in inside):
            self.out.sounds.append(inside)
            return " " + self._mark("sound", inside) + " "
        return " " if label is not False else f" {match[1]} "

    def _tagged(self, inside: str, plainly: bool = True) -> str:
        """The mark of a tag whose meaning is known; else nothing."""
        if not meanings(inside, plainly):
            return ""
        self.out.acted.append(inside)
        return " " + self._mark("sound", inside) + " "

    def _styled(self, said: str) -> str:
        """The mark at which a style begins, known or not."""
        (self.out.acted if meanings(said, plainly=True) else self.out.unknown).append(said)
        return self._mark("style", said)

    def _sign(self, sign: str) -> str:
        """The mark of an emoji or emoticon; one without a meaning leaves nothing."""
        known = sign_meaning(sign) is not None
        (self.out.acted if known else self.out.unknown).append(sign)
        return " " + self._mark("sign", sign) + " " if known else " "

    def _starred(self, match: re.Match[str]) -> str:
        if tag := self._tagged(match[2], plainly=False):
            return tag
        if is_label(match[2], "*"):
            self.out.sounds.append(match[2])
            return " " + self._mark("sound", match[2]) + " "
        start = self._mark("emphasis", "moderate")
        return start + match[2] + self._mark("", "", len(self.marks) - 1)


def _is_tag(match: re.Match[str]) -> bool:
    """Whether what stands between angles is a tag: a name alone or with attributes, and not a sum of two letters."""
    rest = match[3].strip().removesuffix("/")
    return not rest or match[2].split(".")[0].lower() in _NAMING or bool(_ATTRIBUTE.search(rest))


_LEVELS = {"low": 0.4, "medium": 0.8, "high": 1.0}
"""Strengths of Amazon's intensities. Judgement."""

_FULL_DEGREE = 1.25
"""Azure's ``styledegree`` of full strength: at 1, its default, a style is as strong as a plain tag."""


def _strength(values: dict[str, str]) -> str:
    """ ":0.8" of the attributes of a style, or nothing where they say none that can be read."""
    written = values.get("styledegree") or values.get("intensity") or values.get("level") or ""
    if re.fullmatch(r"\d(?:\.\d{1,6})?", written):
        return f":{min(float(written) / _FULL_DEGREE, 1):g}"
    return f":{_LEVELS[written.lower()]:g}" if written.lower() in _LEVELS else ""


_PUNCTUATED = re.compile("[:;=^>]|x[D]|XD")


@cache
def _emoticon() -> re.Pattern[str]:
    """Emoticons that stand by themselves."""
    written = "|".join(re.escape(sign) for sign in signs() if sign.isascii())
    return re.compile(rf"(?<!\S)(?:{written})(?=[\s.,!?…]|$)")


@cache
def _emoji() -> re.Pattern[str]:
    """One emoji of a run with its variants; some are drawn of two."""
    several = "|".join(re.escape(sign) for sign in signs() if len(sign) > 1 and not sign.isascii())
    return re.compile(f"(?:{several}|[^{_VARIANTS}])[{_VARIANTS}]*")


def _ordinal(number: str) -> str:
    last = {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th") if number[-2:-1] != "1" else "th"
    return number + last


def _listed(items: list[str]) -> str:
    names = list(dict.fromkeys(f"'{item[:40]}'" for item in items))
    return ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")


def _counted(tags: Counter[str]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in tags.most_common(LISTED))
