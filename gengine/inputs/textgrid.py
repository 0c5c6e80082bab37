"""Praat TextGrid files, long and short text format."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gengine.core.report import Report
from gengine.core.words import Word, WordTrack
from gengine.errors import TextError, unknown
from gengine.inputs.language import split_words
from gengine.inputs.phone_symbols import UNKNOWN, normalise, notation, phones_from
from gengine.inputs.transcript import ALLOWED, LATEST, Segment, Transcript, cued, timed

# Praat itself reads only free-standing numbers, quoted strings and <flags>; everything between is comment.
# That makes the long format a commented short one, and one reader enough.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(<\w+>)|(?<!\S)([-+]?\d{1,20}(?:\.\d{0,40})?(?:[eE][-+]?\d{1,3})?)(?!\S)')


WORDS_OF_UTTERANCE = 3
"""A label of more words than this is an utterance, and its tier one of utterances."""

MOST_TIERS = 10_000_000
"""More tiers or intervals than a file can hold are no count."""

PHONE_LETTERS = 3
"""Labels of phones are on average shorter than this, ..."""

READABLE = 0.8
"""... and at least this share of them is a symbol of some notation. Both judgement; the corpora's own tiers pass."""


@dataclass(frozen=True)
class Tier:
    """``intervals`` are (start s, end s, label); a point tier's have start = end."""

    name: str
    intervals: tuple[tuple[float, float, str], ...]


def parse_textgrid(text: str, name: str) -> list[Tier]:
    """All tiers of a TextGrid; ``name`` is the file's, for messages. ``TextError`` names the line."""
    tokens = _Tokens(text, name)
    if not tokens.string("file type").startswith("ooTextFile"):
        raise tokens.error("is not a Praat text file; save it in Praat as a TextGrid text file")
    kind = tokens.string("object class")
    if kind != "TextGrid":
        raise tokens.error(f"holds a Praat '{kind}', expected a 'TextGrid'")
    tokens.skip_range()
    if tokens.flag() != "<exists>":
        return []
    return [_tier(tokens) for _ in range(tokens.count("number of tiers"))]


def _tier(tokens: _Tokens) -> Tier:
    kind, name = tokens.string("tier class"), tokens.string("tier name")
    if kind not in ("IntervalTier", "TextTier"):
        raise tokens.error(f"tier class '{kind}', expected 'IntervalTier' or 'TextTier'")
    tokens.skip_range()
    intervals = []
    last = float("-inf")
    for _ in range(tokens.count("number of intervals")):
        start = tokens.number("xmin")
        end = tokens.number("xmax") if kind == "IntervalTier" else start
        if end < start:
            raise tokens.error(f"interval ends at {end} s before it starts at {start} s")
        if start < last - 1e-6:
            raise tokens.error(f"interval starts at {start} s before its neighbour's start {last} s")
        last = start
        intervals.append((start, end, tokens.string("label").strip()))
    return Tier(name, tuple(intervals))


class _Tokens:
    """The free-standing values of a file, one at a time, with their line for messages."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._matches = _TOKEN.finditer(text)
        self._at = 0

    def error(self, what: str) -> TextError:
        return TextError(f"text: '{self._name}' line {self._text.count(chr(10), 0, self._at) + 1}: {what}")

    def _next(self, group: int, kind: str, what: str) -> str:
        match = next(self._matches, None)
        if match is None:
            self._at = len(self._text.rstrip())
            raise self.error(f"the file ends where the {what} should be; it is cut off, export it again")
        self._at = match.start()
        value = match.group(group)
        if value is None:
            raise self.error(f"{match.group()[:40]} found where the {what} ({kind}) should be")
        return value

    def string(self, what: str) -> str:
        return self._next(1, "a quoted text", what).replace('""', '"')

    def flag(self) -> str:
        return self._next(2, "<exists> or <absent>", "tiers flag")

    def number(self, what: str) -> float:
        value = float(self._next(3, "a number", what))
        if not abs(value) <= max(LATEST, MOST_TIERS):
            raise self.error(f"{what} is {value:g}, expected a time of a recording or a count")
        return value

    def skip_range(self) -> None:
        """A file's or tier's xmin and xmax say nothing that its intervals do not."""
        self.number("xmin")
        self.number("xmax")

    def count(self, what: str) -> int:
        value = self.number(what)
        if value < 0 or value != int(value):
            raise self.error(f"{what} is {value}, expected a whole number")
        return int(value)


PHONES = ("phone", "phon", "mau", "segment", "sounds")
WORDS = ("word", "ort", "wort", "token", "transcript")
"""Parts of the names of tiers, the surest first."""

SHAPES = "viseme"
"""Part of the name of a tier of mouth shapes, which are neither words nor sounds."""

_KINDS = re.compile(
    r"[\s_\-–:.]*(?:words?|ort(?:ho)?|wort|tokens?|transcripts?|phones?|phon|mau|segments?|sounds|utterances?|sentences?"
    r"|text)[\s_\-–:.]*",
    re.IGNORECASE,
)
"""What stands beside a speaker in the name of a tier: "SPEAKER_00 - words"."""


@dataclass(frozen=True)
class Voice:
    """One speaker's tiers; ``speaker`` is "" where tiers name none."""

    speaker: str
    words: Tier | None
    phones: Tier | None

    @property
    def spoken(self) -> float:
        """Seconds of words, or of sounds where there are none."""
        tier = self.words or self.phones
        return sum(b - a for a, b, label in tier.intervals if not _is_pause(label)) if tier else 0.0


def read_textgrid(text: str, language: str | None, name: str, tier: str | None = None) -> Transcript:
    """Words, and phones where there are any, of a TextGrid; its tiers are found by name, else by content.

    ``tier`` names a tier or a speaker; without it the speaker who speaks most is taken, the others are named.
    """
    return of_tiers(parse_textgrid(text, name), language, name, tier)


def of_tiers(tiers: list[Tier], language: str | None, name: str, wanted: str | None) -> Transcript:
    """The transcript that ``tiers`` hold; see ``read_textgrid``."""
    if not any(label for tier in tiers for *_, label in tier.intervals):
        raise TextError(f"text: '{name}' line 1: no tier of words among its tiers (none with labels); name one 'words'")
    written = [_emptied(t) for t in tiers if any(label for *_, label in t.intervals)]
    voices = _voices([t for t in written if SHAPES not in t.name.lower()] or written)
    voice = max(voices, key=lambda v: v.spoken) if wanted is None else _chosen(voices, tiers, wanted, name)
    spoken = voice.words or voice.phones
    report = Report({"words": {"tier": spoken.name}}) if spoken else Report()
    others = [v for v in voices if v.speaker != voice.speaker]
    if others and wanted is None:
        lost = sum(_count(v.words) for v in others)
        report += Report(warnings=(
            f"Several speakers: {', '.join(repr(v.speaker) for v in voices)}; '{voice.speaker}' speaks most and is "
            f"animated, {lost} words of the others are left out (choose with --tier).",
        ))  # fmt: skip
    return _transcript(voice, language, name, report)


def _transcript(voice: Voice, language: str | None, name: str, report: Report) -> Transcript:
    phones = tuple(phones_from(voice.phones.intervals)) if voice.phones else ()
    if voice.words is None:
        assert voice.phones is not None
        said = tuple(
            Word(s, a, b) for a, b, s in voice.phones.intervals if not _is_pause(s) and not s.startswith("sil")
        )
        if not phones or not said:
            raise TextError(f"text: '{name}' line 1: its tier '{voice.phones.name}' holds no sounds that are known")
        report += Report(notes=("The file holds sounds alone: they move the lips, gestures know no words.",))
        track = WordTrack((), phones, language or "en", "given")
        return Transcript((Segment("", 0.0, phones[-1].end),), language or "en", track, name, (), report)
    spoken = [(a, b, label) for a, b, label in voice.words.intervals if not _is_pause(label)]
    if not spoken:
        raise TextError(f"text: '{name}' line 1: its tier '{voice.words.name}' holds no words; {ALLOWED}")
    if all(a == b for a, b, _ in spoken):  # a tier of points: a word reaches to the next one
        return timed([(label, a, None) for a, _, label in spoken], phones, language, name, report)
    if any(len(split_words(label)) > WORDS_OF_UTTERANCE for *_, label in spoken):  # whole utterances: align inside them
        made = cued([(label, a, b) for a, b, label in spoken], language, name)
        return replace(made, report=report + made.report)
    return timed([(label, a, b) for a, b, label in spoken], phones, language, name, report)


def _voices(tiers: list[Tier]) -> list[Voice]:
    """Every speaker's tier of words and of sounds, by the speakers in their names."""
    by_speaker: dict[str, list[Tier]] = {}
    for tier in tiers:
        by_speaker.setdefault(_KINDS.sub("", tier.name).strip().lower(), []).append(tier)
    found = []
    for group in by_speaker.values():
        phone_tier = _find_tier(group, PHONES)
        words_tier = _find_tier([t for t in group if t is not phone_tier], WORDS)
        speaker = _KINDS.sub("", (words_tier or phone_tier or group[0]).name).strip()
        found.append((Voice(speaker, words_tier, phone_tier), group))
    named = [v for v, _ in found if v.words is not None]
    if len(named) > 1 or (len(named) == 1 and named[0].phones is not None):
        return named
    # Names that tell no pair, as "Anna", "Ben" or none: by content.
    phone_tier = named[0].phones if named else _find_tier(tiers, PHONES)
    words_tier = named[0].words if named else None
    if phone_tier is None:
        rest = [t for t in tiers if t is not words_tier and _looks_like_phones(t)]
        phone_tier = rest[0] if rest else None
    if words_tier is not None:
        return [Voice(_KINDS.sub("", words_tier.name).strip(), words_tier, phone_tier)]
    written = [t for t in tiers if t is not phone_tier and not _looks_like_phones(t)]
    sounds = [t for t in tiers if t is phone_tier or _looks_like_phones(t)]
    if len(written) > 1 and len({t.name for t in written}) == len(written) and not sounds and not _same_words(written):
        return [Voice(t.name, t, None) for t in written]
    if written:
        return [Voice("", max(written, key=lambda t: len(t.intervals)), phone_tier)]
    return [Voice(_KINDS.sub("", t.name).strip(), None, t) for t in sounds]


def _same_words(tiers: list[Tier]) -> bool:
    """Whether tiers hold one speaker's words in several forms: they speak at the same time."""
    spans = sorted((a, b, k) for k, t in enumerate(tiers) for a, b, label in t.intervals if not _is_pause(label))
    together = sum(max(min(x[1], y[1]) - y[0], 0.0) for x, y in zip(spans, spans[1:], strict=False) if x[2] != y[2])
    return together > SPOKEN_TOGETHER * sum(b - a for a, b, _ in spans)


SPOKEN_TOGETHER = 0.25
"""Share of tiers' speech that lies over another's, from which they are one speaker's (judgement)."""


def _chosen(voices: list[Voice], tiers: list[Tier], wanted: str, name: str) -> Voice:
    """The voice whose speaker or tier is ``wanted``; ``TextError`` where there is none."""
    low = wanted.strip().lower()
    for voice in voices:
        if low and low in (voice.speaker.lower(), *(t.name.lower() for t in (voice.words, voice.phones) if t)):
            return voice
    for tier in tiers:
        if tier.name.strip().lower() == low and any(label for *_, label in tier.intervals):
            alone = _looks_like_phones(tier)
            return Voice(tier.name, None if alone else tier, tier if alone else None)
    speakers = [v.speaker for v in voices if v.speaker]
    raise unknown(f"text: '{name}': tier", wanted, dict.fromkeys([t.name for t in tiers] + speakers), kind=TextError)


def _count(tier: Tier | None) -> int:
    return sum(len(split_words(label)) for *_, label in tier.intervals if not _is_pause(label)) if tier else 0


def _find_tier(tiers: list[Tier], names: tuple[str, ...]) -> Tier | None:
    """The tier of one of ``names``, else one whose name holds such: WebMAUS' "MAU" comes before its "ORT-MAU"."""
    for fits in (str.__eq__, str.__contains__):
        for wanted in names:
            for tier in tiers:
                if fits(tier.name.lower(), wanted):
                    return tier
    return None


PAUSES = ("sil", "sp", "pau", "spn", "nsn", "#", "##", "h#", "xxx", "yyy")
"""Labels of what is no word: HTK's, Kaldi's, MFA's, Praat's and TIMIT's pauses and noises, CHAT's unintelligible."""

WORDS_FOR_NONE = ("silence", "silent", "sounding", "pause", "noise")
"""The same, and Praat's for speech that it found, in a tier that leaves no interval empty: where they come again."""


def _is_pause(label: str) -> bool:
    return not split_words(label) or label.lower() in PAUSES or bool(re.fullmatch(r"<[^>]+>", label))


def _emptied(tier: Tier) -> Tier:
    """``tier`` with empty labels where words stand for none."""
    labels = [label.lower() for *_, label in tier.intervals]
    none = [word for word in WORDS_FOR_NONE if labels.count(word) > 1 and "" not in labels]
    return replace(tier, intervals=tuple((a, b, "" if t.lower() in none else t) for a, b, t in tier.intervals))


def _looks_like_phones(tier: Tier) -> bool:
    labels = [label for _, _, label in tier.intervals if label]
    kind = notation(labels)
    read = sum(normalise(s, kind)[0][0] != UNKNOWN for s in labels)
    return sum(map(len, labels)) < PHONE_LETTERS * len(labels) and read >= READABLE * len(labels)
