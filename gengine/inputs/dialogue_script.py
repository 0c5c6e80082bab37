"""What is written of a conversation: who takes part, whose turn is when, and what they say (``.json``, subtitles)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import bounds
from gengine.core.audio import AudioClip
from gengine.errors import TextError, brief, unknown
from gengine.inputs.transcript import Transcript

MOST_TURNS = 20_000
LONGEST = 2 * 3600.0
"""Seconds of a conversation, which is held in memory."""

EXPECTED = (
    'expected {"sound": "talk.wav", "people": ["Anna", "Ben"], "turns": [{"who": "Anna", "start": 0, "end": 2.5, '
    '"text": "Hello!"}]}; see docs/how-to/dialogue.md'
)

_TOP = ("sound", "people", "turns", "language")
_PERSON = ("name", "sound", "channel", "speaker", "emotion", "nods")
_TURN = ("who", "start", "end", "text", "sound", "emotion")


@dataclass
class Person:
    """One who takes part.

    ``sound`` is their own, silent elsewhere; ``spans (N, 2)`` s are their turns, and ``speech (M, 2)`` s these without
    the pauses. Said of them, or None: a ``speaker``'s style, an ``emotion`` of the grammar, whether they nod;
    ``moods`` begin and end with turns (start, end, emotion).
    """

    name: str
    speaker: str | None = None
    emotion: str | None = None
    nods: bool | None = None
    sound: AudioClip = field(default_factory=lambda: AudioClip(np.zeros(0, np.float32)))
    spans: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    speech: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    transcript: Transcript | None = None
    moods: list[tuple[float, float, str]] = field(default_factory=list)
    source: Path | None = None
    channel: int | None = None


@dataclass
class Turn:
    """What is written of one turn; seconds, None where they are not told."""

    who: str
    start: float | None
    end: float | None
    text: str = ""
    sound: Path | None = None
    emotion: str | None = None


def read_turns(path: Path, language: str | None = None) -> tuple[list[Person], list[Turn], Path | None, str | None]:
    """People, turns, the sound and the language that ``.json`` names; ``TextError`` for what says none of it."""
    data = bounds.read_json(path, EXPECTED, TextError)
    name, home = path.name, path.parent
    if not isinstance(data, dict):
        raise TextError(f"{name}: {EXPECTED}")
    _check_keys(data, _TOP, name)
    people = [_person(entry, f"{name}, people[{k}]", home) for k, entry in enumerate(_list(data, "people", name))]
    turns = [_turn(entry, f"{name}, turns[{k}]", home) for k, entry in enumerate(_list(data, "turns", name))]
    if len(turns) > MOST_TURNS:
        raise TextError(f"{name}: {len(turns)} turns, at most {MOST_TURNS}")
    known = [p.name for p in people]
    if len(set(known)) < len(known):
        raise TextError(f"{name}: two people are called alike; give each a name of their own")
    for turn in turns:
        if not people:
            break
        if turn.who not in known:
            raise unknown(f"{name}: nobody is called", turn.who, known)
    people = people or [Person(n) for n in dict.fromkeys(t.who for t in turns)]
    sound = data.get("sound")
    language = language or _text(data, "language", name)
    return people, turns, None if sound is None else home / _text(data, "sound", name, ""), language


def _person(entry: Any, where: str, home: Path) -> Person:
    if isinstance(entry, str):
        entry = {"name": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"].strip():
        raise TextError(f'{where}: {brief(entry)}, expected a name or {{"name": "Anna"}}')
    _check_keys(entry, _PERSON, where)
    source, channel, nods = None, entry.get("channel"), entry.get("nods")
    if channel is not None:
        channel = int(bounds.number(channel, f"{where}, channel", 0, 63, TextError))
    if entry.get("sound") is not None:
        source = home / _text(entry, "sound", where, "")
    if not isinstance(nods, bool | None):
        raise TextError(f"{where}, nods: {brief(nods)}, expected true or false")
    speaker, emotion = _text(entry, "speaker", where), _text(entry, "emotion", where)
    return Person(entry["name"].strip(), speaker, emotion, nods, source=source, channel=channel)


def _turn(entry: Any, where: str, home: Path) -> Turn:
    if not isinstance(entry, dict) or not isinstance(entry.get("who"), str):
        raise TextError(
            f'{where}: {brief(entry)}, expected {{"who": "Anna", "start": 0, "end": 2.5, "text": "Hello!"}}'
        )
    _check_keys(entry, _TURN, where)
    start, end = (
        None if entry.get(k) is None else bounds.number(entry[k], f"{where}, {k}", 0, LONGEST, TextError)
        for k in ("start", "end")
    )
    if end is not None and (start is None or end <= start):
        raise TextError(f"{where}: ends at {end:g} s, expected a start before it")
    sound = entry.get("sound")
    if sound is None and start is not None and end is None:
        raise TextError(f"{where}: starts at {start:g} s and lacks its end; give both, or the turn's own sound")
    return Turn(
        entry["who"].strip(), start, end, _text(entry, "text", where, "") or "",
        None if sound is None else home / (_text(entry, "sound", where) or ""), _text(entry, "emotion", where),
    )  # fmt: skip


def _list(data: dict[str, Any], key: str, name: str) -> list[Any]:
    if not isinstance(value := data.get(key, []), list):
        raise TextError(f"{name}, {key}: {brief(value)}, expected a list; {EXPECTED}")
    return value


def _text(data: dict[str, Any], key: str, where: str, default: Any = None) -> Any:
    if not isinstance(value := data.get(key, default), str | None):
        raise TextError(f"{where}, {key}: {brief(value)}, expected text")
    return value


def _check_keys(data: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in data:
        if key not in known:
            raise unknown(f"{where}: key", key, known)


def read_subtitles(path: Path) -> list[Turn]:
    """Cues with the names before their words; a cue without one is that of whoever spoke last."""
    from gengine.inputs.encoding import read_text_file
    from gengine.inputs.subtitles import parse_subtitles
    from gengine.inputs.turns import speakers, without

    def fail(line: int, what: str) -> TextError:
        return TextError(f"dialogue: '{path.name}' line {line}: {what}")

    with bounds.border(path, "give subtitles with names", TextError):
        cues = sorted(parse_subtitles(read_text_file(path), path.suffix.lower(), fail), key=lambda c: c.start)
    names = speakers(line for cue in cues for line in cue.text.split("\n"))
    if len(names) < 2:
        raise fail(1, f"names {len(names)} speakers before their words, expected 2 or more: 'Anna: Hello!'")
    turns: list[Turn] = []
    for cue in cues:
        lines: list[tuple[str, str]] = []
        for line in cue.text.split("\n"):
            said, who = without(line, names)
            who = who or (lines[-1][0] if lines else turns[-1].who if turns else None)
            if who is not None and said.strip():
                lines.append((who, said.strip()))
        step = (cue.end - cue.start) / max(len(lines), 1)
        turns += [
            Turn(who, cue.start + k * step, cue.start + (k + 1) * step, said) for k, (who, said) in enumerate(lines)
        ]
    return turns
