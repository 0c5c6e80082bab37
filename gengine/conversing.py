"""A conversation becomes a performance of everybody who takes part, all on one clock.

Each is animated by their own sound. While others speak they listen: eyes on the speaker, nods where the speaker pauses,
and a little of what the speaker shows on their own face; what they felt themselves lingers from turn to turn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gengine.circle import Place, circle, looks, whom
from gengine.config import EngineConfig
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.noise import stable_seed
from gengine.core.performance import Performance
from gengine.core.placing import check_place
from gengine.core.report import Report
from gengine.core.speaker import Speaker
from gengine.core.turns import Turns, merged, within
from gengine.core.words import WordTrack
from gengine.emotion import EmotionPlan, parse_emotion
from gengine.emotion.turns import TURNS, over_turns
from gengine.engine import NO_WORDS, Take
from gengine.errors import GengineError
from gengine.exporting import chosen_formats, export_folder, exporter_options, write_text
from gengine.hearing import Hearing
from gengine.inputs.dialogue import Dialogue, read_dialogue
from gengine.inputs.dialogue_script import Person
from gengine.runs import made_of, manifest_of

DIALOGUE = "dialogue.json"
"""The file of a conversation's folder that says who stands where, speaks when and feels what."""

MOST_MIRROR = 2.0

_SEEDS = 2**31


@dataclass
class Conversation:
    """A ``dialogue`` ready to be made: a ``Take`` and a ``Place`` for everybody, in the order of its people."""

    dialogue: Dialogue
    takes: list[Take]
    places: list[Place]
    felt: list[EmotionTrack]

    @property
    def report(self) -> Report:
        """Everybody's reports and the dialogue's."""
        total = self.dialogue.report
        for person, take in zip(self.dialogue.people, self.takes, strict=True):
            facts = {f"{person.name}'s {part}": about for part, about in take.report.facts.items()}
            told = (
                tuple(f"{person.name}: {line}" for line in lines) for lines in (take.report.notes, take.report.warnings)
            )
            total += Report(facts, *told)
        return total

    def as_dict(self) -> dict[str, Any]:
        """What ``dialogue.json`` of the folder holds."""
        people = []
        for person, place, track in zip(self.dialogue.people, self.places, self.felt, strict=True):
            turns = [
                {"start": round(a, 3), "end": round(b, 3), "emotion": _top(track, a, b)}
                for a, b in person.spans.tolist()
            ]
            stands = {"x": round(place.x, 4), "z": round(place.z, 4), "yaw": round(place.yaw, 6)}
            people.append({"name": person.name, "folder": folder_of(person.name), "place": stands, "turns": turns})
        return {"seconds": round(self.dialogue.duration, 3), "people": people}


def prepare(
    source: str | Path,
    *,
    sound: str | Path | None = None,
    text: str | Path | None = None,
    names: list[str] | None = None,
    emotion: str = "auto",
    nods: bool = True,
    mirror: float = 1.0,
    seed: int = 0,
    language: str | None = None,
    config: EngineConfig | None = None,
    strict: bool = False,
) -> Conversation:
    """Read a conversation and who feels what in it; nothing is animated yet. For parameters and errors see
    ``converse``."""
    if not 0 <= mirror <= MOST_MIRROR:
        raise GengineError(f"mirror: {mirror!r}, expected 0 (none) to {MOST_MIRROR:g}")
    config = config or EngineConfig()
    dialogue = read_dialogue(source, sound, text, names, language)
    if strict:
        dialogue.report.refuse_warnings()
    people = dialogue.people
    if len({folder_of(p.name) for p in people}) < len(people):
        raise GengineError("dialogue: two people's names make one folder; name them apart with --names")
    spoken = [_words(p, language, config) for p in people]
    alone, reports = [], []
    for person, (words, said) in zip(people, spoken, strict=True):
        track, heard = _alone(person, emotion, words)
        alone.append(track)
        reports.append(said + heard)
    clock = (np.arange(len(alone[0])) + 0.5) / TURNS.fps
    speaking = np.stack([within(p.spans, clock) for p in people])
    felt = over_turns(alone, speaking, [mirror] * len(people))
    places, spans = circle(len(people)), [p.spans for p in people]
    takes = []
    for k, person in enumerate(people):
        others = [p.speech for j, p in enumerate(people) if j != k]
        own_nods = nods if person.nods is None else person.nods
        words = spoken[k][0]
        take = Take(
            person.sound,
            text=NO_WORDS if words is None else words,
            emotion=EmotionPlan.from_track(felt[k]),
            speaker=person.speaker or person.name,
            seed=stable_seed(seed, person.name) % _SEEDS,
            look_at=looks(k, places, whom(k, spans, dialogue.duration, seed)),
            turns=Turns(person.spans, merged(np.concatenate(others)), own_nods, person.name),
            config=config,
            strict=strict,
        )
        take.settings |= {"emotion": person.emotion or emotion, "look_at": "who speaks"}
        take.report += reports[k]
        takes.append(take)
    return Conversation(dialogue, takes, places, felt)


def converse(source: str | Path, **options: Any) -> dict[str, Performance]:
    """A whole performance for everybody in a conversation, by name, all on one clock.

    Parameters:
        source: a sound with a channel a person; subtitles that name who speaks ("Anna: Hello!") beside their sound; or
            ``.json`` with people and turns (docs/how-to/dialogue.md).
        sound: of subtitles or ``.json`` that do not name it.
        text: what is said in the channels: subtitles with names.
        names: of the people, in the order of the channels.
        emotion: as ``gengine.animate`` has it, of everybody for whom none is named; "auto" unless given.
        nods: whether listeners nod; else they are still.
        mirror: 0 to 2, how much a listener shows of what the speaker feels.
        seed, language, config, strict: as ``gengine.animate`` has them.

    Raises ``GengineError`` (``AudioError``, ``TextError``, ``EmotionError``) for what is no conversation.

    >>> people = gengine.converse("interview.wav", names=["Anna", "Ben"])
    >>> people["Anna"].export("anna.bvh")
    """
    conversation = prepare(source, **options)
    return {
        person.name: Performance.join(list(take))
        for person, take in zip(conversation.dialogue.people, conversation.takes, strict=True)
    }


def make_runs(
    conversation: Conversation,
    folder: str | Path,
    formats: str,
    avatars: list[str] | None = None,
    progress: Callable[[float, float | None], None] | None = None,
) -> tuple[dict[str, Any], Report]:
    """Animate everybody into a folder of runs below ``folder``, each whole or not at all, and ``dialogue.json`` last.

    ``avatars`` are whom they are shown as, in the order of the people. Returns what was made and the report.
    """
    folder, began, files = Path(folder), time.perf_counter(), []
    check_place(folder / DIALOGUE, folder=False)
    chosen = chosen_formats(formats)
    people, done = conversation.dialogue.people, 0.0
    for k, (person, take) in enumerate(zip(people, conversation.takes, strict=True)):
        shared = {"avatar": avatars[k % len(avatars)]} if avatars else {}

        def told(take: Take = take) -> Any:
            nonlocal done
            for stretch in take:
                yield stretch
                done += stretch.duration
                if progress is not None:
                    progress(done, conversation.dialogue.duration * len(people))

        made = export_folder(
            told(), folder / folder_of(person.name), chosen, options=exporter_options(chosen, (), **shared),
            manifest=lambda entries, take=take: manifest_of(take, entries), seconds=take.seconds, reports=take.hear,
        )  # fmt: skip
        files += [str(path) for path in made.values()]
    files.append(str(write_text(folder / DIALOGUE, json.dumps(conversation.as_dict(), indent=1) + "\n")))
    return made_of(folder, files, conversation.dialogue.duration * len(people), began), conversation.report


def folder_of(name: str) -> str:
    """The folder of somebody's run."""
    return "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-") or "person"


def _words(person: Person, language: str | None, config: EngineConfig) -> tuple[WordTrack | None, Report]:
    """What somebody says, with times: aligned where it is written, else recognised."""
    if not len(person.spans):
        return None, Report()
    if person.transcript is not None:
        from gengine.inputs.align import align

        return align(person.sound, person.transcript)
    take = Take(person.sound, language=language, config=config)
    return take.words(), take.report


def _alone(person: Person, emotion: str, words: WordTrack | None) -> tuple[EmotionTrack, Report]:
    """What somebody feels by themselves: as told, or read from their voice and words."""
    usual = person.emotion or emotion
    timeline: list[tuple[float, str]] = [(0.0, usual)]
    for start, end, mood in person.moods:
        while timeline and timeline[-1][0] >= start:
            timeline.pop()
        timeline += [(start, mood), (end, usual)]
    plan = parse_emotion(timeline if person.moods else usual)
    hearing = Hearing(plan, words, Speaker.named(person.speaker or person.name), person.sound.rate, hears=False)
    for first in range(0, len(person.sound), person.sound.rate):
        hearing.push(person.sound.samples[first : first + person.sound.rate])
    hearing.flush()
    track = hearing.whole(person.sound.duration).emotion.resample(TURNS.fps)
    return track, hearing.voice.report() if hearing.voice is not None else Report()


def _top(track: EmotionTrack, start: float, end: float) -> str:
    """The strongest emotion of a turn, as the grammar has it."""
    rows = track.weights[round(start * track.fps) : max(round(end * track.fps), round(start * track.fps) + 1)]
    mean = rows.mean(axis=0) if len(rows) else np.zeros(len(EMOTIONS))
    best = int(np.argmax(mean))
    return f"{EMOTIONS[best]}:{mean[best]:.2f}" if best and mean[best] >= 0.05 else "neutral"
