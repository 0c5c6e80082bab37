"""A conversation: a channel of the sound a person, subtitles that name who speaks, or a list of turns (``.json``).

Everybody gets a sound of their own, as long as the whole conversation and silent where others speak.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.conditions import ANALYSIS_RATE
from gengine.core.report import Report
from gengine.core.turns import merged, within
from gengine.encoders.speech_gate import SpeechGate
from gengine.errors import AudioError, TextError
from gengine.inputs.audio import open_audio
from gengine.inputs.dialogue_script import EXPECTED, LONGEST, Person, Turn, read_subtitles, read_turns
from gengine.inputs.part import Part
from gengine.inputs.transcript import cued, untimed

SUBTITLES = (".srt", ".vtt", ".ass", ".ssa", ".sbv", ".ttml")
"""Endings of files that say who speaks when."""

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".mp4", ".mov", ".mkv", ".webm")
"""Endings of the sound that is looked for beside subtitles, first choice first."""

MOST_PEOPLE = 8
"""People of a conversation: more in a circle would have to look further aside than heads turn."""

PAUSE = 0.6
"""A pause up to which somebody goes on speaking, seconds. Judgement: gaps between turns are about 0.2 s, pauses within
one up to 0.6 s (Heldner & Edlund 2010)."""

GAP = 0.2
"""Between turns whose times are not told, seconds (the mode of ten languages: Stivers et al. 2009)."""

SHORTEST = 0.15
"""Seconds; what is shorter in a channel is a click. Judgement."""

BLEED = 12.0
"""Somebody who is so much quieter than the other at the same moment, dB, each against their own usual, is heard only
through the other's microphone. Judgement."""

QUIET = 25.0
"""dB below somebody's usual level from which a moment of their turn is a pause. Judgement: weak consonants are 20 dB
down."""

EDGE = 0.1
"""Seconds around a turn that are heard too: breath and the last sound's end. Judgement."""

FADE = 0.02
"""Seconds in which a sound sets in and ends there."""


@dataclass
class Dialogue:
    """The ``people`` of a conversation on one clock, and the ``report`` of what was told of it."""

    people: list[Person]
    report: Report

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.people[0].sound.duration


def read_dialogue(
    source: str | Path,
    sound: str | Path | None = None,
    text: str | Path | None = None,
    names: list[str] | None = None,
    language: str | None = None,
) -> Dialogue:
    """Read a conversation.

    ``source`` is a sound with a channel a person, whose words ``text`` may hold (subtitles with names); subtitles with
    names, whose ``sound`` lies beside them unless given; or ``.json`` with people and turns. ``names`` are those of the
    channels. Raises ``AudioError`` or ``TextError`` for what is no conversation.
    """
    path = Path(source)
    if path.suffix.lower() == ".json":
        people, turns, whole, language = read_turns(path, language)
        whole = Path(sound) if sound is not None else whole
    elif path.suffix.lower() in SUBTITLES:
        people, turns, whole = [], read_subtitles(path), Path(sound) if sound is not None else _beside(path)
    else:
        people, turns, whole = [], read_subtitles(Path(text)) if text is not None else [], path
    if names is not None:
        _name(people, names)
    notes: list[str] = []
    dialogue = _dialogue(people, turns, whole, names, language, notes)
    if len(dialogue.people) > MOST_PEOPLE:
        raise TextError(f"dialogue: {len(dialogue.people)} people, at most {MOST_PEOPLE}")
    silent = [p.name for p in dialogue.people if not len(p.spans)]
    facts = {"people": len(dialogue.people), "turns": sum(len(p.spans) for p in dialogue.people),
             "seconds": round(dialogue.duration, 3)}  # fmt: skip
    warnings = (f"{', '.join(silent)} never speak; they listen.",) if silent else ()
    return Dialogue(dialogue.people, Report({"dialogue": facts}, tuple(notes), warnings))


def _name(people: list[Person], names: list[str]) -> None:
    if people and len(names) != len(people):
        raise TextError(f"--names: {len(names)} names for {len(people)} people")
    for person, name in zip(people, names, strict=False):
        person.name = name


def _dialogue(
    people: list[Person],
    turns: list[Turn],
    whole: Path | None,
    names: list[str] | None,
    language: str | None,
    notes: list[str],
) -> Dialogue:
    if any(t.sound for t in turns):
        _spoken(people, turns)
    elif any(p.source for p in people):
        _apart(people, notes)
    elif whole is None:
        raise AudioError(f"dialogue: no sound is named; {EXPECTED}")
    else:
        channels = [_sound(whole, k) for k in range(_channels(whole))]
        if len(channels) == 1:
            if not turns or any(t.start is None for t in turns):
                raise AudioError(
                    f"dialogue: '{whole.name}' has one channel; give a channel a person, or say who speaks when "
                    "(subtitles with names, or .json)"
                )
            people = people or [Person(name) for name in dict.fromkeys(t.who for t in turns)]
            _shared(people, turns, channels[0])
        else:
            given = [p.name for p in people] or names or list(dict.fromkeys(t.who for t in turns))
            if len(given) < len(channels):
                given += [f"speaker{k + 1}" for k in range(len(given), len(channels))]
            if len(given) > len(channels):
                raise AudioError(f"dialogue: {len(given)} people, but '{whole.name}' has {len(channels)} channels")
            known = bool(people or names)
            people = people or [Person(name) for name in given]
            _separate(people, _assigned(people, channels), notes)
            if not known:
                _own_channels(people, turns, notes)
            _bridge(people, turns)
    if len(people) < 2:
        raise TextError(
            f"dialogue: {len(people)} person speaks, expected 2 to {MOST_PEOPLE}; gengine animate is for one"
        )
    _tell(people, turns, language)
    for person in people:
        person.sound = _only(person.sound, person.spans)
        person.speech = _heard(person)
    return Dialogue(people, Report())


def _beside(path: Path) -> Path:
    for suffix in SOUNDS:
        if (found := path.with_suffix(suffix)).is_file():
            return found
    raise AudioError(f"dialogue: no sound is beside '{path.name}' ({PurePath(path.name).stem}.wav); name it by --sound")


def _channels(path: Path) -> int:
    with open_audio(path) as stream:
        return min(stream.channels, MOST_PEOPLE + 1)


def _sound(path: Path, channel: int | None = None) -> AudioClip:
    """The whole of a recording, or one channel, at its own rate."""
    with open_audio(path, None, None if channel is None else Part(channel=channel)) as stream:
        blocks, rate, count = [], stream.output_rate, 0
        for block in stream:
            blocks.append(block)
            count += len(block)
            if count > LONGEST * rate:
                raise AudioError(f"dialogue: '{path.name}' is longer than {LONGEST / 3600:g} hours; cut it")
    return AudioClip(np.concatenate(blocks), rate)


def _level(clips: list[AudioClip]) -> list[AudioClip]:
    """Clips at one rate, the highest, and of one length."""
    import soxr

    rate = max(c.rate for c in clips)
    sounds = [c.samples if c.rate == rate else soxr.resample(c.samples, c.rate, rate) for c in clips]
    length = max(map(len, sounds))
    return [AudioClip(np.pad(s, (0, length - len(s))), rate) for s in sounds]


def _apart(people: list[Person], notes: list[str]) -> None:
    """A file, or a channel of one, for everybody."""
    if missing := [p.name for p in people if p.source is None]:
        raise AudioError(f"dialogue: {missing[0]} has no sound; give one to everybody, or one that all share")
    _separate(people, [_sound(p.source, p.channel) for p in people if p.source], notes)


def _shared(people: list[Person], turns: list[Turn], sound: AudioClip) -> None:
    """All in one channel: who speaks is what the turns say."""
    for person in people:
        person.sound = sound
        person.spans = np.minimum(_floor(turns, person.name), sound.duration)
        person.spans = person.spans[person.spans[:, 0] < person.spans[:, 1]]


def _spoken(people: list[Person], turns: list[Turn]) -> None:
    """Every turn has its own sound, at the time it names or after the turn before."""
    clips = _level_rates([_sound(t.sound) if t.sound else None for t in turns])
    rate, clock, places = clips[0].rate, 0.0, []
    for turn, clip in zip(turns, clips, strict=True):
        turn.start = clock if turn.start is None else turn.start
        turn.end = turn.start + clip.duration
        clock = turn.end + GAP
        places.append(round(turn.start * rate))
    length = max(place + len(clip) for place, clip in zip(places, clips, strict=True))
    if length > LONGEST * rate:
        raise AudioError(f"dialogue: lasts {length / rate:.0f} s, at most {LONGEST:g}")
    for person in people:
        samples = np.zeros(length, np.float32)
        for turn, clip, place in zip(turns, clips, places, strict=True):
            if turn.who == person.name:
                samples[place : place + len(clip)] += clip.samples
        person.sound = AudioClip(samples, rate)
        person.spans = _floor(turns, person.name)


def _floor(turns: list[Turn], name: str) -> NDArray[np.float64]:
    """Where somebody speaks by what is written, ``(N, 2)`` s: pauses are closed unless another speaks in them."""
    spans: list[list[float]] = []
    before = None
    for turn in sorted(turns, key=lambda t: t.start or 0.0):
        start, end = turn.start or 0.0, turn.end or 0.0
        if turn.who == name:
            if spans and before == name and start - spans[-1][1] <= PAUSE:
                spans[-1][1] = max(spans[-1][1], end)
            else:
                spans.append([start, end])
        before = turn.who
    return merged(spans)


def _level_rates(clips: list[AudioClip | None]) -> list[AudioClip]:
    import soxr

    if any(c is None for c in clips):
        raise AudioError("dialogue: some turns have a sound of their own and some have not; give all one, or none")
    known = [c for c in clips if c is not None]
    rate = max(c.rate for c in known)
    return [c if c.rate == rate else AudioClip(soxr.resample(c.samples, c.rate, rate), rate) for c in known]


def _separate(people: list[Person], channels: list[AudioClip], notes: list[str]) -> None:
    """Who speaks when, of a channel for everybody: where speech is heard that does not come from others' mouths."""
    channels = _level(channels)
    heard = [_speech(c) for c in channels]
    loud = np.stack([level for _, level in heard])
    open_ = np.stack([gate for gate, _ in heard])
    own = open_ & (loud > loud.max(axis=0, where=open_, initial=-np.inf) - BLEED)
    for k, (person, channel) in enumerate(zip(people, channels, strict=True)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], own[k].astype(int), [0]]))).reshape(-1, 2)
        spans = merged(edges / ANALYSIS_RATE, PAUSE)
        person.sound = channel
        person.spans = np.minimum(spans[spans[:, 1] - spans[:, 0] >= SHORTEST], channel.duration)
    bled = float((open_ & ~own).any(axis=0).sum() / ANALYSIS_RATE)
    if bled >= 1:
        notes.append(f"For {bled:.0f} s people were heard through others' microphones as well; that is left out.")


def _speech(clip: AudioClip) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether there is speech, and its level in dB over the channel's usual one, ``(N,)`` at ``ANALYSIS_RATE``."""
    import soxr

    samples = clip.samples if clip.rate == SAMPLE_RATE else soxr.resample(clip.samples, clip.rate, SAMPLE_RATE)
    gate = SpeechGate()
    rest = np.zeros(round(2 * gate.latency * SAMPLE_RATE) + SAMPLE_RATE // ANALYSIS_RATE, np.float32)
    level = _levels(AudioClip(samples, SAMPLE_RATE), _LEVELLED)
    open_ = np.asarray(gate.push(np.concatenate([samples, rest]))[: len(level)], bool)
    usual = float(np.percentile(level[open_], 80)) if open_.any() else 0.0
    return open_ & (level > usual - _QUIETEST), level - usual


def _levels(clip: AudioClip, frames: int) -> NDArray[np.float64]:
    """Level in dB of full scale ``(N,)`` at ``ANALYSIS_RATE``, the mean of so many frames."""
    hop = clip.rate / ANALYSIS_RATE
    count = int(np.ceil(len(clip) / hop))
    total = np.concatenate([[0.0], np.cumsum(np.square(clip.samples, dtype=np.float64))])
    power = np.diff(total[np.minimum((np.arange(count + 1) * hop).astype(int), len(clip))]) / hop
    return 10 * np.log10(np.convolve(power, np.ones(frames) / frames, "same") + 1e-12)


def _heard(person: Person) -> NDArray[np.float64]:
    """Where somebody's sound is loud enough to be speech, ``(N, 2)`` s: their turns without the pauses."""
    if not len(person.spans):
        return person.spans
    level = _levels(person.sound, _PAUSED)
    turn = within(person.spans, np.arange(len(level)) / ANALYSIS_RATE)
    loud = level > np.percentile(level[turn], 80) - QUIET if turn.any() else turn
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (loud & turn).astype(int), [0]])))
    return merged(edges.reshape(-1, 2) / ANALYSIS_RATE)


_PAUSED = 5  # frames over which a pause is told, 0.05 s
_LEVELLED = 20  # frames over which a level is told, 0.2 s
_QUIETEST = 35.0  # dB below somebody's usual speech: the gate's lead and hang, and what bleeds into a silent channel


def _assigned(people: list[Person], channels: list[AudioClip]) -> list[AudioClip]:
    """A channel for everybody: the one they name, else the next that nobody does."""
    rest = [k for k in range(len(channels)) if k not in {p.channel for p in people}]
    numbers = [rest.pop(0) if p.channel is None and rest else p.channel for p in people]
    for person, number in zip(people, numbers, strict=True):
        if number is None or number >= len(channels):
            raise AudioError(f"dialogue: {person.name} has channel {number}, expected 0 to {len(channels) - 1}")
    return [channels[number] for number in numbers if number is not None]


def _own_channels(people: list[Person], turns: list[Turn], notes: list[str]) -> None:
    """Names of a transcript go to the channel that speaks in their cues."""
    names = list(dict.fromkeys(t.who for t in turns))
    if not names or any(t.start is None for t in turns):
        return
    share = np.zeros((len(names), len(people)))
    for row, name in enumerate(names):
        times = np.concatenate([np.arange(t.start or 0, t.end or 0, 0.1) for t in turns if t.who == name])
        share[row] = [within(p.spans, times).mean() for p in people]
    free = list(range(len(people)))
    for row in np.argsort(-share.max(axis=1)):
        if free:
            best = max(free, key=lambda k: share[row, k])
            people[best].name = names[row]
            free.remove(best)
    notes.append("Channels: " + ", ".join(f"{k} is {p.name}" for k, p in enumerate(people)) + ".")


def _bridge(people: list[Person], turns: list[Turn]) -> None:
    """What is written as one turn is one, however long its pauses are."""
    for person in people:
        whole = [person.spans]
        for turn in turns:
            if turn.who == person.name and turn.start is not None and turn.end is not None:
                inside = (person.spans[:, 0] < turn.end) & (person.spans[:, 1] > turn.start)
                if inside.sum() > 1:
                    whole.append(np.array([[person.spans[inside, 0].min(), person.spans[inside, 1].max()]]))
        person.spans = merged(np.concatenate(whole))


def _tell(people: list[Person], turns: list[Turn], language: str | None) -> None:
    """What everybody says and feels in their turns."""
    for person in people:
        own = [t for t in turns if t.who == person.name]
        said = [t for t in own if t.text.strip()]
        if said and all(t.start is not None for t in said):
            person.transcript = cued([(t.text, t.start, t.end) for t in said], language, person.name)
        elif said:
            person.transcript = untimed("\n".join(t.text for t in said), language, person.name)
        for turn in own:
            if turn.emotion is not None:
                if turn.start is None or turn.end is None:
                    raise TextError(f"dialogue: the turn of {turn.who} with emotion '{turn.emotion}' lacks its times")
                person.moods.append((turn.start, turn.end, turn.emotion))
        person.moods.sort()


def _only(sound: AudioClip, spans: NDArray[np.float64]) -> AudioClip:
    """The sound within spans and ``EDGE`` s around them, silence elsewhere."""
    share = np.zeros(len(sound), np.float32)
    ramp = np.linspace(0, 1, max(round(FADE * sound.rate), 2), dtype=np.float32)
    for start, end in merged(spans + [-EDGE, EDGE]):
        first, last = max(round(start * sound.rate), 0), min(round(end * sound.rate), len(sound))
        if last - first > 2 * len(ramp):
            share[first:last] = 1
            share[first : first + len(ramp)] = ramp
            share[last - len(ramp) : last] = ramp[::-1]
    return replace(sound, samples=sound.samples * share)
