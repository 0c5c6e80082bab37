"""One client's session: its sound placed on the session's timeline, and what the engine makes of it, encoded."""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from gengine.config import EngineConfig, load_config
from gengine.core.face import ARKIT_NAMES
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.resampling import NEAR_HOP
from gengine.core.skeleton import beat_skeleton
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import GengineError
from gengine.inputs.text_stream import TextStream
from gengine.retarget.humanoid import to_humanoid
from gengine.serve import wire
from gengine.serve.messages import (
    Emotion,
    End,
    Ended,
    Hello,
    Interrupt,
    Interrupted,
    Latency,
    Listen,
    Load,
    Message,
    Names,
    Say,
    Spoken,
    Started,
    Text,
    Think,
)
from gengine.session import Session

AHEAD = 0.5
"""Seconds of motion that are made before they are due, where their sound is there already (judgement)."""
PATIENCE = 0.5
"""Seconds that a microphone may be late before silence takes its place, and that a beginning utterance may take until
it is long enough to be begun without a stop (judgement)."""
BITE = 0.1
"""Seconds of sound that a session takes at once, so that its neighbours get their turn: one hop at most."""
LOST = 1.0
"""Seconds that a session may be late before it lets them go (judgement)."""
BEHIND = 0.3
"""Seconds late from which on the client is told so (judgement)."""


@dataclass
class _Sound:
    """Samples that follow each other: the utterance, the number of the first, and 16-bit PCM."""

    utterance: str
    first: int
    pcm: bytes


class Stream:
    """``hello``'s session from ``begin`` s of session time on, at ``now`` (s of a steady clock), in hops of ``hop`` s.

    ``sound`` and ``tell`` take what the client sends, ``advance`` gives what it is to receive. Sound is fed as fast as
    it is spoken, and ``AHEAD`` at most; where there is none, silence is, so that frames never end. A microphone's sound
    is fed as it comes. Between utterances silence is fed ahead of time; the part of it that nobody has seen the motion
    of is taken back when an utterance begins, so that this is heard at once.
    Raises ``GengineError`` for values that no session has.
    """

    def __init__(self, hello: Hello, begin: float, now: float, hop: float | None = None) -> None:
        changes = {"body_fps": hello.body_fps, "face_fps": hello.face_fps, "calm": hello.calm}
        self.session = Session(
            emotion=hello.emotion, intensity=hello.intensity, speaker=hello.speaker, seed=hello.seed,
            rate=hello.audio.rate, config=live_config(hop).model_copy(update=changes),
        )  # fmt: skip
        self._rate, self._begin, self._skeleton = hello.audio.rate, begin, hello.skeleton
        self._microphone = hello.source == "microphone"
        self._bite = min(BITE, self.session.window.hop)
        self.names = _names(hello.skeleton)
        self.latency = Latency(face=self.session.latency, body=self.session.latency)
        self._due = now  # when what was fed will have been spoken
        self._queue: deque[_Sound] = deque()
        self._say = Say(utterance="")
        self._said: dict[str, Say] = {}  # utterances that are told of and have not begun
        self._ends: list[str] = []
        self._text = TextStream()
        self._place: tuple[str, int] | None = None  # utterance and sample that would follow what was fed
        self._waiting_since: float | None = None  # the first sound of the next utterance
        self._rates = {"face": hello.face_fps, "body": hello.body_fps}
        self._next = {"face": 0, "body": 0}  # numbers of the frames to be sent next
        self._shown, self._gap = 0.0, False  # end of the frames that were sent; whether the next ones follow on a gap
        self._told = now

    @property
    def clock(self) -> float:
        """Session time that was fed, s."""
        return self._begin + self.session.time

    def sound(self, first: int, pcm: bytes) -> None:
        """Sound of the client's, from its sample ``first`` on."""
        self._queue.append(_Sound(self._say.utterance, first, pcm))

    def tell(self, message: Message) -> list[Any]:
        """Take what the client says; what is to be answered at once."""
        match message:
            case Say():
                self._say = self._said[message.utterance] = message
            case Text():
                spoken, tags = self._text.push(message.text, message.last)
                self.session.act(tags)
                return [Spoken(text=spoken)]
            case End():
                self._ends.append(message.utterance)
            case Emotion():
                at = None if message.at is None else message.at - self._begin
                self.session.feel(message.mix, None if at is None or at < self.session.made else at, message.fade)
            case Interrupt():
                return self._interrupt(message.played_until - self._begin)
            case Listen():
                self.session.listen()
            case Think():
                self.session.think()
        return []

    def _interrupt(self, played_until: float) -> list[Any]:
        self._queue.clear()
        self._said.clear()
        self._place = self._waiting_since = None
        time = self.session.time
        try:
            self._shown = self.session.interrupt(min(max(played_until, 0), time))
        except GengineError:  # too far back: what was made stands
            self._shown = self.session.interrupt()
        self._next = {kind: math.ceil(self._shown * fps - NEAR_HOP) for kind, fps in self._rates.items()}
        self._due -= time - self.session.time
        self._gap = True
        return [Interrupted(at=self._begin + self._shown)]

    def advance(self, now: float) -> tuple[list[Any], float]:
        """Feed a bite of what is due; the messages that come of it, and in how many seconds there is more to do."""
        latency = self.session.latency
        sound = bool(self._queue) and self._may_begin(now)
        if sound:
            wait = self._due - now - (latency + AHEAD)
        else:
            ahead = latency + self.session.window.hop - self._bite  # idle life is made one hop before it is due
            wait = self._due - now + (PATIENCE if self._microphone else -ahead)
        out: list[Any] = []
        if wait <= 0:
            out = self._feed_sound(now) if sound else self._feed_silence(now)
        out += [Ended(utterance=u, at=self.clock) for u in self._ended()]
        late = now - self._due
        if self._microphone:
            late = max(late - PATIENCE, sum(len(s.pcm) for s in self._queue) / 2 / self._rate)
        if late > BEHIND and now - self._told > 1:
            self._told = now
            out.append(Load(behind=round(late, 2)))
        return out, max(wait, 0.0)

    def _may_begin(self, now: float) -> bool:
        """Whether the sound that waits goes on with what was fed, or is enough for motion that does not stop."""
        sound = self._queue[0]
        if self._microphone or self._place == (sound.utterance, sound.first):
            return True
        if self._waiting_since is None:
            self._waiting_since = now
        there = sum(len(s.pcm) for s in self._queue) / 2 / self._rate
        return there >= self.session.latency or sound.utterance in self._ends or now - self._waiting_since > PATIENCE

    def _ended(self) -> list[str]:
        waiting = {sound.utterance for sound in self._queue}
        ended = [u for u in self._ends if u not in waiting]
        self._ends = [u for u in self._ends if u in waiting]
        return ended

    def _feed_sound(self, now: float) -> list[Any]:
        sound = self._queue[0]
        out: list[Any] = []
        if self._place != (sound.utterance, sound.first):
            if not self._microphone:
                self._take_silence_back()
            self._begin_utterance(sound.utterance)
            out.append(Started(utterance=sound.utterance, at=self.clock, sample=sound.first))
        bite = 2 * int(self._bite * self._rate)
        piece, sound.pcm = sound.pcm[:bite], sound.pcm[bite:]
        sound.first = (sound.first + len(piece) // 2) % 2**32
        self._place, self._waiting_since = (sound.utterance, sound.first), None
        if not sound.pcm:
            self._queue.popleft()
        self._due = max(self._due, now)
        return out + self._push(piece)

    def _begin_utterance(self, utterance: str) -> None:
        """Tell the session what is about to be said, as far as it is known."""
        said = self._said.pop(utterance, None)
        if said is None:
            return
        if said.words or said.phones:
            self.session.say(
                WordTrack(
                    tuple(Word(w.text, w.start, w.end) for w in said.words),
                    tuple(Phone(p.symbol, p.start, p.end, p.stress) for p in said.phones),
                    source="given",
                )
            )
        elif said.text:
            self.session.say(said.text)
        else:
            self.session.speak()

    def _take_silence_back(self) -> None:
        """Go back to the end of the frames that were sent, so that sound begins there."""
        back = self._shown - self.session.window.lookahead
        if back < 0 or self._place is not None:
            return
        time = self.session.time
        with suppress(GengineError):
            self.session.interrupt(back)
            self._due -= time - self.session.time

    def _feed_silence(self, now: float) -> list[Any]:
        self._due = max(self._due, now - LOST)
        self._place = None
        return self._push(bytes(2 * int(self._bite * self._rate)))

    def _push(self, pcm: bytes) -> list[Any]:
        self._due += len(pcm) / 2 / self._rate
        part = self.session.push(pcm)
        return [] if part is None else self._encoded(part)

    def _encoded(self, part: Performance) -> list[bytes]:
        """The part's frames that were not sent yet. Frame k of a track lies at k / fps, wherever hops begin."""
        out: list[bytes] = []
        for kind, track in (("face", part.face), ("body", part.motion)):
            if track is None:
                continue
            number = math.ceil(part.start * track.fps - NEAR_HOP)  # of the part's first frame
            first = max(0, self._next[kind] - number)
            if first < len(track):
                left = track[first:]
                left = to_humanoid(left, self._skeleton) if isinstance(left, Motion) else left
                start = self._begin + (number + first) / track.fps
                out += wire.encode(left, start, wire.DISCONTINUITY if self._gap else 0)
            self._next[kind] = max(self._next[kind], number + len(track))
        if out:
            self._gap = False
        self._shown = max(self._shown, self.session.made)
        return out


@cache
def live_config(hop: float | None = None) -> EngineConfig:
    """How live sessions are made, in hops of the bundled length unless ``hop`` (s) is given; they look ahead alike."""
    usual = load_config(EngineConfig, "live")
    if hop is None or usual.latency is None:
        return usual
    return usual.model_copy(update={"hop": hop, "latency": round(usual.latency - usual.hop + hop, 6)})


@cache
def _names(rig: str) -> Names:
    source = beat_skeleton()
    rest = Motion(source, [[[1, 0, 0, 0]] * len(source)], [[0, 0, 0]], 30.0)  # type: ignore[arg-type]
    skeleton = to_humanoid(rest, rig).skeleton
    return Names(
        curves=list(ARKIT_NAMES), joints=list(skeleton.names), parents=skeleton.parents.tolist(),
        offsets=skeleton.offsets.round(6).tolist(),
    )  # fmt: skip
