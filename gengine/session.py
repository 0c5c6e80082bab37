"""A session: the stream of a performance, and what happens to it in the course of a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy, deepcopy
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.performance import Performance
from gengine.core.words import Tag, WordTrack
from gengine.emotion import parse_emotion
from gengine.emotion.plan import DEFAULT_FADE
from gengine.errors import GengineError, brief, wrong_kind
from gengine.rewinding import Past
from gengine.streaming import Stream

_MEMORY = (
    "_states", "_hearing", "_audio", "_hop", "_pushed", "_heard", "_moments", "_gathered", "_half", "_flushed",
)  # fmt: skip
"""What of a session changes as the stream goes on."""

LET_GO = 0.08
"""Seconds after being broken off in which the mouth finishes its sound, so that it does not jump. Judgement."""

CUT = 0.1
"""Seconds after a cut in the sound in which a recogniser may hear a sound in the cut itself. Judgement."""

LONGEST_FADE = 60.0
"""Seconds that an emotion may take to come at most: longer is a timeline."""


class Session(Stream):
    """A stream of performance in which words are told ahead, feelings change, speech is broken off, and others are
    listened to, each at a moment of the sound: the same calls and the same sound give the same bits. It is made, pushed
    and flushed as every ``Stream``.
    """

    def say(self, words: WordTrack | str, at: float | None = None, language: str = "en") -> WordTrack:
        """Words that are about to be spoken: body and face plan on them before their sound is pushed.

        ``words`` has times from the utterance's beginning, which is at second ``at`` of the stream (``time``, unless
        given). Where it has phones the lips follow these; else, and for a text, whose words' times are guessed, they
        follow what is heard. The character speaks from then on. Returns the words with the stream's times. Raises
        ``GengineError`` where ``at`` lies before what has been made.
        """
        at = self._moment("say", at)
        if isinstance(words, str):
            from gengine.inputs.guess import guessed

            words = guessed(words, language)
        elif not isinstance(words, WordTrack):
            raise wrong_kind("Session.say", words, "a WordTrack or the text")
        words = words.shift(at)
        self._hearing.say(words)
        self._revise(hushed=False)
        self._turn("speaking", at)
        return words

    def feel(self, emotion: Any, at: float | None = None, fade: float = DEFAULT_FADE, intensity: float = 1.0) -> None:
        """From second ``at`` of the stream on (``time``, unless given) feel ``emotion``, within ``fade`` s.

        ``emotion`` follows the same grammar as at the beginning; a timeline's times count from ``at``.
        """
        at = self._moment("feel", at)
        if not (isinstance(fade, int | float) and 0 <= fade <= LONGEST_FADE):
            raise GengineError(f"Session.feel fade={fade!r}: expected 0 to {LONGEST_FADE:g} seconds")
        plan = parse_emotion(emotion, intensity)
        self._hearing.feel(replace(plan, times=plan.times + at), at, fade)
        self._remember(now=True)

    def act(self, tags: str | Iterable[Tag], at: float | None = None) -> None:
        """Feel and do what ``tags`` ask for from second ``at`` on (``made``, unless given: as soon as it can be seen).

        A text of tags ("[laughs nervously]", "😀", "<emotion name='sad'>") or those that ``gengine.inputs.text_stream``
        finds in a text that is being written; their times count from ``at``. GengineError for a text without tags.
        """
        if isinstance(tags, str):
            from gengine.inputs.text_stream import TextStream

            _, found = TextStream().push(tags, last=True)
            if not found:
                raise GengineError(f"Session.act: {brief(tags)} holds no tag; write one as in [laughs] or [very happy]")
            tags = found
        at = self._moment("act", self.made if at is None else at)
        if moved := tuple(replace(tag, start=tag.start + at, end=tag.end + at) for tag in tags):
            self._hearing.act(moved)
            self._revise(hushed=False)
            self._remember(now=True)

    def listen(self) -> None:
        """Listen from now on: what is pushed is somebody else's speech, or silence, until ``speak`` or ``say``.

        The character attends: eyes on the speaker, nods above all where the speaker pauses, breath and idle life.
        """
        self._turn("listening", self.made)

    def think(self) -> None:
        """Look for words from now on, until ``speak``, ``say`` or ``listen``: eyes up and away, nothing said."""
        self._turn("thinking", self.made)

    def speak(self) -> None:
        """What is pushed from now on is the character's own speech again, as it is at the beginning."""
        self._turn("speaking", self.time)

    def interrupt(self, played_until: float | None = None) -> float:
        """Speech is broken off after second ``played_until`` of the sound (after all that was pushed, unless given).

        Frames up to there stand, rounded up to a whole hop; what was made after it is made anew by the next pushes:
        lips close, hands go home, words that were to come are given up. ``time`` goes back with it: what is pushed next
        continues there. Sound between ``played_until`` and ``time`` counts as never played.

        Returns the second at which the next stretch begins. Raises ``GengineError`` in a session without a latency
        (``config.latency``), or with recognised words, and for a second further back than ``rewinding.REACH``.
        """
        if self._past is None:
            raise GengineError("Session.interrupt: needs a session with a latency (configuration live) and without "
                               "recognised words")  # fmt: skip
        at = self.time if played_until is None else self._moment("interrupt", played_until, 0.0)
        hops = int(np.ceil(at / self.window.hop - 1e-6))
        if hops < self._hop:
            self._back(hops)
        at = max(min(at, self.time), self.made) + LET_GO
        self._hearing.hush(at, max(self.time, at) + CUT)
        self._mute(at)
        self._revise(hushed=True)
        self._remember(now=True)
        return self.made

    def fork(self) -> Session:
        """Another session that goes on from here as this one would, bit for bit; weights are shared, neither hears
        what the other is given.

        Raises ``GengineError`` where words are recognised in the stream, and without a latency at other rates than
        16 kHz.
        """
        if self._live is not None:
            raise GengineError("Session.fork: words are recognised in this stream, by a worker that cannot be doubled")
        twin = copy(self)
        twin.__dict__.update(deepcopy(self._memory()))
        twin.seconds = dict(self.seconds)
        twin.__dict__.pop("_past", None)
        return twin

    @cached_property
    def _past(self) -> Past | None:
        """Where the stream can go back to; one that waits, or whose words are recognised, takes nothing back."""
        return Past(self.rate) if self._soon and self._live is None else None

    def _hear(self) -> NDArray[np.float32]:
        part = super()._hear()
        if self._past is not None:
            self._past.hear(part)
        return part

    def _generate(self) -> Iterator[Performance]:
        yield from super()._generate()
        self._remember()

    def _memory(self) -> dict[str, Any]:
        """All that changes as the stream goes on."""
        return {name: self.__dict__[name] for name in _MEMORY}

    def _remember(self, now: bool = False) -> None:
        if self._past is not None:
            self._past.keep(self._pushed, self._memory(), now)

    def _back(self, hops: int) -> None:
        """Go back to where ``hops`` hops were made."""
        assert self._past is not None
        pushed = round((hops * self.window.hop + self.window.lookahead) * self.rate)
        if (found := self._past.back(pushed)) is None:
            raise GengineError(
                f"Session.interrupt: second {hops * self.window.hop:.2f} is too far back; push less sound ahead of "
                "what is played (2 s at most)"
            )
        memory, sound = found
        self.__dict__.update(memory)
        self.push(sound)  # what was made of it has been shown

    def _revise(self, hushed: bool) -> None:
        for kind, network in self.networks.items():
            network.revise(self._states[kind], hushed)

    def _mute(self, at: float) -> None:
        """The sound after ``at`` s is not played."""
        end = self._audio.end
        self._audio = self._audio.until(max(min(round(at * self.rate), end), self._audio.first))
        self._audio.append({"samples": np.zeros(end - self._audio.end, np.float32)})

    def _turn(self, role: str, at: float) -> None:
        self._hearing.turn(role, at if role == "speaking" else at + LET_GO)
        self._remember(now=True)

    def _moment(self, what: str, at: float | None, least: float | None = None) -> float:
        """Second ``at`` of the stream, ``time`` unless given."""
        if self._flushed:
            raise GengineError(f"Session.{what} after flush: the recording has ended; start a new Session")
        least = self.made if least is None else least
        if at is None:
            return self.time
        if not (isinstance(at, int | float | np.number) and np.isfinite(at) and at >= least):
            raise GengineError(f"Session.{what}: second {at!r}, expected {least:.2f} or later: what is before is made")
        return float(at)
