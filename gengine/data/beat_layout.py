"""BEAT on disk: file names, speakers, languages, emotions, splits and known gaps (Liu et al. 2022, ECCV)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gengine.core.emotion import BEAT_EMOTIONS
from gengine.errors import FormatError

LANGUAGES: tuple[str, ...] = ("en", "zh", "es", "ja")
"""Language of a recording type // 2; even types are speech, odd ones conversation."""

LONG_SPEAKERS = frozenset({1, 2, 3, 4, 6, 7, 8, 9, 11, 21})
"""Speakers with four hours; the other twenty have one."""

GAPS: dict[int, tuple[str, ...]] = {9: ("0_2_8",), 21: ("0_1_8",)}
"""Recordings of the release that do not exist: speaker → type_start_end."""

SPEECH_EMOTIONS: tuple[tuple[int, int], ...] = (
    (64, 0),
    (72, 1),
    (80, 2),
    (86, 3),
    (94, 4),
    (102, 5),
    (110, 6),
    (118, 7),
)
"""Last sequence number of a speech, and its emotion id."""

_EMOTIONAL = {
    "test": {65, 73, 81, 87, 95, 103, 111},
    "val": {72, 80, 86, 94, 102, 110, 118},
    "short train": {66, 74, 82, 88, 96, 104, 112, 118},
}
SPLITS = ("train", "val", "test")

_STEM = re.compile(r"(?P<id>\d+)_(?P<name>[^\W_]+)_(?P<type>[0-7])_(?P<start>\d+)_(?:(?P<end>\d+)_?)?(?P<half>[ab])?")

BVH, AUDIO, TEXTGRID, FACE, EMOTION, SEMANTIC = "bvh", "audio", "TextGrid", "face", "emotion", "semantic"
SUFFIXES: dict[str, tuple[str, ...]] = {
    BVH: (".bvh",),
    AUDIO: (".wav", ".flac"),
    TEXTGRID: (".TextGrid",),
    FACE: (".json",),
    EMOTION: (".csv", ".emo.csv"),
    SEMANTIC: (".txt", ".sem.txt"),
}
"""What a sequence consists of, and the suffixes of its files in order of preference."""


@dataclass(frozen=True)
class SequenceName:
    """``<speaker>_<name>_<type>_<start>_<end>``, with ``half`` "a" or "b" where a recording was cut in two."""

    speaker: int
    name: str
    type: int
    start: int
    end: int
    half: str = ""

    @classmethod
    def parse(cls, stem: str) -> SequenceName:
        """The parts of a file's stem; ``FormatError`` for any other name."""
        match = _STEM.fullmatch(stem)
        if match is None or not (match["end"] or match["half"]):
            raise FormatError(f"'{stem}': no BEAT name, expected <speaker>_<name>_<type 0-7>_<start>_<end>")
        start = int(match["start"])
        end = int(match["end"] or start)
        if end < start:
            raise FormatError(f"'{stem}': ends with sequence {end} before it starts with {start}")
        return cls(int(match["id"]), match["name"].lower(), int(match["type"]), start, end, match["half"] or "")

    @property
    def language(self) -> str:
        return LANGUAGES[self.type // 2]

    @property
    def conversation(self) -> bool:
        return self.type % 2 == 1

    @property
    def emotion(self) -> int | None:
        """Emotion id by the sequence number of a speech; conversations are neutral; None beyond the numbering."""
        if self.conversation:
            return 0
        return next((emotion for last, emotion in SPEECH_EMOTIONS if self.end <= last), None)

    def split_parts(self) -> dict[str, tuple[float, float]]:
        """Published splits that this file belongs to → the share of its length [from, to) that does.

        BEAT's lists cover English (types 0 and 1). One-hour speakers give the first half of an emotional
        recording to the test and the second to the validation set; an uncut file therefore serves both.
        """
        if self.type > 1 or not 1 <= self.speaker <= 30:
            return {}
        numbers = set(range(self.start, self.end + 1))
        if self.speaker in LONG_SPEAKERS:
            for split in ("test", "val"):
                if numbers <= _long(split, self.conversation):
                    return {split: (0.0, 1.0)}
            held = _long("test", self.conversation) | _long("val", self.conversation)
            return {} if numbers & held else {"train": (0.0, 1.0)}
        halves = {1} if self.conversation else _EMOTIONAL["test"]
        if numbers <= halves:
            if self.half:
                return {"test" if self.half == "a" else "val": (0.0, 1.0)}
            return {"test": (0.0, 0.5), "val": (0.5, 1.0)}
        for split in SPLITS:
            if numbers <= _short(split, self.conversation):
                return {split: (0.0, 1.0)}
        return {}


def _long(split: str, conversation: bool) -> set[int]:
    if conversation:
        return {"test": {1}, "val": {12}}[split]
    return _EMOTIONAL[split] | set(range(1, 9) if split == "test" else range(57, 65))


def _short(split: str, conversation: bool) -> set[int]:
    if conversation:
        return {2, 3} if split == "train" else set()
    plain = {"test": range(1, 5), "val": range(5, 9), "train": range(9, 17)}[split]
    return set(plain) | (_EMOTIONAL["short train"] if split == "train" else set())


def emotion_label(emotion: int) -> str:
    """A label as BEAT's files spell it, "00_netural" included."""
    return f"{emotion:02d}_{'netural' if emotion == 0 else BEAT_EMOTIONS[emotion]}"


def expected_numbers(speaker: int) -> set[int]:
    """Speech numbers (type 0) that the release has of a speaker, known gaps left out."""
    if speaker in LONG_SPEAKERS:
        numbers = set(range(1, 119))
    else:
        numbers = set(range(1, 17)) | _EMOTIONAL["test"] | _EMOTIONAL["short train"]
    for gap in GAPS.get(speaker, ()):
        _, start, end = map(int, gap.split("_"))
        numbers -= set(range(start, end + 1))
    return numbers


def find_sequences(root: str | Path) -> dict[str, dict[str, Path]]:
    """Stem → {part: file} of everything below ``root`` that carries a BEAT name, in order of speaker and number."""
    root = Path(root)
    if not root.is_dir():
        raise FormatError(f"{root}: is no folder; give the one that holds BEAT's speakers")
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(root.rglob("*")):
        for part, suffixes in SUFFIXES.items():
            suffix = max((s for s in suffixes if path.name.lower().endswith(s.lower())), key=len, default=None)
            stem = path.name[: -len(suffix)] if suffix else ""
            if suffix and _STEM.fullmatch(stem) and path.is_file():
                files = found.setdefault(stem, {})
                if part not in files or suffixes.index(suffix) == 0:
                    files[part] = path

    def order(stem: str) -> tuple[int, ...]:
        match = _STEM.fullmatch(stem)
        assert match is not None
        return tuple(int(match[k] or 0) for k in ("id", "type", "start", "end"))

    return {stem: found[stem] for stem in sorted(found, key=lambda s: (order(s), s))}
