"""What a folder in BEAT's layout has, lacks, and which files are damaged, by file and line."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gengine.core.speaker import BEAT_SPEAKERS
from gengine.data import annotations
from gengine.data.beat import MIXTURE, SLACK, read_mixture
from gengine.data.beat_layout import (
    AUDIO,
    BVH,
    EMOTION,
    FACE,
    SEMANTIC,
    SUFFIXES,
    TEXTGRID,
    SequenceName,
    expected_numbers,
    find_sequences,
)
from gengine.data.beat_motion import read_body
from gengine.errors import GengineError
from gengine.formats.beat_json import read_beat_json
from gengine.inputs.audio import load_audio

_WRONG_RATES = (1 / 2, 1 / 4, 1 / 8)
"""Lengths of a motion as shares of its sound that a wrong frame rate makes: 60, 30 or 15 Hz taken for 120."""
_OVERLAP = 0.1
"""Least share of a sound that its motion must last (judgement): what overlaps is used."""
LEAP = 3.0
"""Metres per second at which no speaker's hips move."""


@dataclass(frozen=True)
class Finding:
    """``severity`` "error" (the sequence is unusable), "missing" (a file is not there) or "note" (mended, said)."""

    severity: str
    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.file}{f':{self.line}' if self.line else ''}: {self.message}"


@dataclass
class Report:
    """The outcome of ``check``. ``usable`` names sequences with sound and motion and without an error."""

    root: str
    sequences: int = 0
    usable: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    speakers: dict[str, int] = field(default_factory=dict)
    hours: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    absent: dict[str, list[str]] = field(default_factory=dict)
    """Sequences of the release that a speaker's folder lacks, where it has any of that speaker's speeches."""
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Nothing missing, nothing damaged."""
        return self.sequences > 0 and not any(f.severity in ("error", "missing") for f in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"clean": self.clean, **asdict(self)}

    def lines(self) -> list[str]:
        """For people: a summary, then every finding."""
        counts = Counter(f.severity for f in self.findings)
        out = [
            f"{self.root}: {self.sequences} sequences, {len(self.usable)} usable, {self.hours:.3f} h of motion, "
            f"{len(self.speakers)} speaker(s), checked in {self.seconds:.1f} s",
            "  files: " + ", ".join(f"{n} {part}" for part, n in self.files.items()),
            "  found: " + (", ".join(f"{n} {kind}" for kind, n in counts.items()) or "nothing wrong"),
        ]
        out += [
            f"  speaker {speaker}: {len(stems)} sequence(s) of the release are absent ({', '.join(stems[:4])}"
            f"{' …' if len(stems) > 4 else ''})"
            for speaker, stems in self.absent.items()
        ]
        return out + [str(f) for f in self.findings]


def check(root: str | Path, progress: Callable[[int, int, str], None] | None = None) -> Report:
    """Read every file of every sequence below ``root`` and say what is there, missing and damaged.

    ``progress(done, total, stem)`` is called after each sequence. Raises ``FormatError`` only where ``root`` is no
    folder.
    """
    began = time.perf_counter()
    found = find_sequences(root)
    report = Report(str(root), len(found), files={part: 0 for part in SUFFIXES})
    for done, (stem, files) in enumerate(found.items(), 1):
        _check_sequence(report, stem, files)
        if progress is not None:
            progress(done, len(found), stem)
    if not found:
        _add(report, "missing", str(root), "no file with a BEAT name (<speaker>_<name>_<type>_<start>_<end>) below it")
    _absent(report, list(found))
    report.hours = round(report.hours, 4)
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _add(report: Report, severity: str, file: str, message: str) -> None:
    """A finding; a file and line named in ``message`` move to their own fields."""
    text = message
    for prefix in (f"{file}: ", f"text: '{file}' ", f"audio: '{file}' "):
        text = text.removeprefix(prefix)
    match = re.match(r"line (\d+)(?:, column \d+)?: ?", text) or re.match(r".*\bline (\d+)\b", text)
    line = int(match[1]) if match else None
    if match and text.startswith("line "):
        text = text[match.end() :]
    report.findings.append(Finding(severity, file, line, text))


def _check_sequence(report: Report, stem: str, files: dict[str, Path]) -> None:
    for part in files:
        report.files[part] += 1
    bad = len([f for f in report.findings if f.severity == "error"])
    name = SequenceName.parse(stem)
    who = f"{name.speaker} {name.name}"
    report.speakers[who] = report.speakers.get(who, 0) + 1
    home = next(iter(files.values())).parent
    for part, suffixes in SUFFIXES.items():
        if part not in files:
            _add(report, "missing", str(home / (stem + suffixes[0])), f"no {part} file")

    lengths: dict[str, float] = {}

    def attempt(part: str, read: Callable[[Path], float | None], path: Path | None = None) -> None:
        path = path or files.get(part)
        if path is None:
            return
        try:
            seconds = read(path)
        except GengineError as error:
            _add(report, "error", str(path), str(error))
        else:
            if seconds is not None:
                lengths[part] = seconds

    attempt(AUDIO, lambda p: load_audio(p).duration)
    attempt(BVH, lambda p: _body(report, p))
    attempt(TEXTGRID, lambda p: _end(annotations.read_words(p, name.language)))
    attempt(FACE, lambda p: read_beat_json(p).duration)
    attempt(EMOTION, lambda p: _emotion(report, p, name))
    attempt(SEMANTIC, lambda p: max((g.end for g in annotations.read_semantic(p)), default=None))
    mixture = home / (stem + MIXTURE)
    if mixture.is_file():
        attempt("mixture", lambda p: (read_mixture(p, 1.0), None)[1], mixture)
    _lengths(report, files, lengths)
    errors = len([f for f in report.findings if f.severity == "error"])
    if errors == bad and {AUDIO, BVH} <= set(files):
        report.usable.append(stem)
        report.hours += lengths[BVH] / 3600


def _body(report: Report, path: Path) -> float:
    body = read_body(path)
    for note in body.notes:
        _add(report, "note", str(path), note)
    values, first = body.table.values, body.table.first_line
    if len(values) > 1:
        speed = np.linalg.norm(np.diff(values[:, :3], axis=0), axis=1) * 0.01 * body.fps
        leaps = np.flatnonzero(speed > LEAP)
        if len(leaps):
            at = leaps[0]
            _add(
                report,
                "error",
                str(path),
                f"line {first + at + 1}: the hips leap at {speed[at]:.1f} m/s, above {LEAP:g}",
            )
        if np.ptp(values[:, 3:], axis=0).max() < 1e-4:
            _add(report, "error", str(path), f"line {first}: no joint ever moves")
    return body.duration


def _end(words: Any) -> float | None:
    return max((x.end for x in (*words.words, *words.phones)), default=None)


def _emotion(report: Report, path: Path, name: SequenceName) -> float:
    feelings = annotations.read_emotion(path)
    usual = name.emotion
    beat = 1 <= name.speaker <= len(BEAT_SPEAKERS) and name.name == BEAT_SPEAKERS[name.speaker - 1]
    if beat and not name.conversation and usual is not None and {f.id for f in feelings} != {usual}:
        _add(report, "note", str(path), f"line 1: emotion id {feelings[0].id}, but its number stands for {usual}")
    return max(f.end for f in feelings)


def _lengths(report: Report, files: dict[str, Path], lengths: dict[str, float]) -> None:
    """Everything is held against the sound: a wrong rate or a cut file shows in its length."""
    sound = lengths.get(AUDIO)
    if sound is None:
        return
    for part, seconds in lengths.items():
        if part == AUDIO:
            continue
        slack = max(SLACK, 0.02 * sound)
        short_is_fine = part in (TEXTGRID, SEMANTIC)
        if part == BVH and _overlaps(seconds / sound) and seconds < sound - slack:
            _add(
                report, "note", str(files[part]), f"the motion lasts {seconds:.2f} s, the sound {sound:.2f} s: "
                "what overlaps is used",
            )  # fmt: skip
            continue
        if seconds > sound + slack or (seconds < sound - slack and not short_is_fine):
            what = {BVH: "frames at the header's rate last", FACE: "times last"}.get(part, "annotation ends at")
            _add(
                report, "error", str(files[part]), f"{what} {seconds:.2f} s, the sound {sound:.2f} s: "
                "a wrong frame rate or a file that was cut",
            )  # fmt: skip


def _overlaps(share: float) -> bool:
    """Whether a motion that lasts a share of its sound is a shorter one, as BEAT's authors take it, and not one at a
    wrong rate (their loader cuts sound and motion to the shorter of both)."""
    return share > _OVERLAP and all(abs(share / wrong - 1) > 0.02 for wrong in _WRONG_RATES)


def _absent(report: Report, stems: list[str]) -> None:
    have: dict[tuple[int, str], set[int]] = {}
    for name in map(SequenceName.parse, stems):
        if name.type == 0 and 1 <= name.speaker <= len(BEAT_SPEAKERS) and BEAT_SPEAKERS[name.speaker - 1] == name.name:
            have.setdefault((name.speaker, name.name), set()).update(range(name.start, name.end + 1))
    for (speaker, who), numbers in have.items():
        lacking = sorted(expected_numbers(speaker) - numbers)
        if lacking:
            report.absent[f"{speaker} {who}"] = [f"{speaker}_{who}_0_{n}_{n}" for n in lacking]
