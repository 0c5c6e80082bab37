"""The only generation loop: sound in by any chunking, performance out hop by hop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.cascade import build_cascade
from gengine.config import EngineConfig
from gengine.core.audio import SAMPLE_RATE, AudioClip, check_sound_rate, mono_samples
from gengine.core.conditions import ANALYSIS_RATE, MOTION_RATE, Conditions
from gengine.core.face import FaceTrack
from gengine.core.look_at import parse_look_at
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.report import Report
from gengine.core.resampling import hop_at_rate
from gengine.core.speaker import Speaker
from gengine.core.words import WordTrack
from gengine.emotion import EmotionPlan, parse_emotion
from gengine.errors import GengineError
from gengine.hearing import Hearing
from gengine.networks.base import MotionNetwork
from gengine.windows import CurveBuffer, Hop, WindowSpec

if TYPE_CHECKING:
    from gengine.core.turns import Turns
    from gengine.emotion.dials import Dials
    from gengine.emotion.voice import Reference

BLOCK_SECONDS = 1.0
"""A long push is taken in blocks of this length so that the encoders' scratch memory stays small."""

GATHERED = 0.5
"""Seconds to which short pushes are gathered while nothing can come of them: each costs a millisecond by itself."""

LONGEST_WAIT = 30.0
"""Seconds that hops may wait for words at most: longer is no stream."""


class Stream:
    """Turns a stream of sound into a stream of performance.

    ``push(samples)`` takes mono samples at ``rate`` and returns the stretch that became certain, or None;
    ``flush()`` returns the rest. Joined stretches are the same, bit for bit, however the sound was cut.

    ``emotion`` follows the grammar of ``gengine.emotion.parse_emotion``; ``words`` are words and phones
    with times where they are known, or who recognises words in the stream ("whisper", "whisper:MODEL" or a
    ``Recogniser``; ``language`` is theirs): phones are heard from the sound at once, words come 1.5 s after their
    phrase, and hops wait ``word_wait`` s longer for them. ``speaker`` is a name or number; ``stance`` a motion of
    BEAT's joints: the body begins in its first pose and keeps that posture. ``look_at`` is whom the eyes rest on,
    wherever head and trunk turn: a name or "x,y,z" as ``config.look_at`` has it, (x, y, z) in metres, rows of
    (seconds, x, y, z) between which the target moves, or a function that is asked (x, y, z) of each second.
    ``face`` stands in for the configuration's face network, as one that hands out a captured face does.
    ``voice_reference`` is the speaker's neutral voice (``gengine.emotion.voice.neutral_reference``), against which
    "auto" reads; without one it is learned while the speaker speaks. ``turns`` say who speaks when in a conversation
    that is known before (``gengine.core.turns``): what is pushed is the person's own sound, others are listened to.
    ``dials`` ("strength=0.8,most=2,body=0.5", ``gengine.emotion.dials``) shape the emotion.
    Raises ``GengineError`` for a value that is none of these.
    """

    def __init__(
        self,
        *,
        emotion: Any = "neutral",
        intensity: float = 1.0,
        speaker: Speaker | str | int | None = None,
        words: WordTrack | str | Any | None = None,
        word_wait: float = 0.0,
        language: str | None = None,
        seed: int = 0,
        rate: int = SAMPLE_RATE,
        stance: Motion | None = None,
        look_at: Any = None,
        face: MotionNetwork | None = None,
        voice_reference: Reference | None = None,
        turns: Turns | None = None,
        dials: Any = None,
        config: EngineConfig | None = None,
    ) -> None:
        check_sound_rate("Session rate", rate)
        _check_kinds(
            language=(language, str, 'give a code such as "en"'),
            stance=(stance, Motion, "gengine.animate takes a path; the .motion of a performance is one"),
        )
        self.config = config or EngineConfig()
        self.look_at = parse_look_at(self.config.look_at if look_at is None else look_at)
        self.speaker = (speaker if isinstance(speaker, Speaker) else Speaker.named(speaker)).calmed(self.config.calm)
        self.plan = emotion if isinstance(emotion, EmotionPlan) else parse_emotion(emotion, intensity)
        self._dials: Dials | None = None
        if dials is not None:
            from gengine.emotion.dials import parse_dials  # hardly any run has some

            self._dials = parse_dials(dials)
        self._live = None
        if not isinstance(words, WordTrack | None):
            from gengine.recognition.live import live_words  # a stream without recognised words needs none

            self._live, words = live_words(words, language), None
        if not 0 <= word_wait <= LONGEST_WAIT:
            raise GengineError(f"Session word_wait={word_wait!r}: expected 0 to {LONGEST_WAIT:g} seconds")
        self.words = words
        self.seed = seed
        self.rate = int(rate)
        self.seconds: dict[str, float] = {"analysis": 0.0, "face": 0.0, "body": 0.0}

        known = self._live is not None or (words is not None and bool(words.words))
        self.networks = build_cascade(self.config, known, face)
        self._stance = None
        if stance is not None:
            from gengine.constraints.stance import Stance  # a run without one needs none

            self._stance = Stance(stance)
        self._states = {kind: network.start(self.speaker, seed) for kind, network in self.networks.items()}
        specs = [network.spec for network in self.networks.values()]
        self._soon = self.config.latency is not None
        self.window = WindowSpec(max(s.context for s in specs), self.config.hop, self._lookahead())
        self._hearing = Hearing(
            self.plan, words, self.speaker, self.rate, self._live, word_wait, self._soon, self.config.hears,
            voice_reference, turns, self._dials, self.config.phones,
        )  # fmt: skip
        self._audio = CurveBuffer()
        self._hop = 0
        self._pushed = self._heard = 0
        self._moments = 1  # number of the next moment at which hops become due
        self._gathered: list[NDArray[np.float32]] = []
        self._half = b""
        self._flushed = False

    @property
    def latency(self) -> float:
        """Seconds of sound from a frame to its being handed out, at most; the same for face and body.

        It is ``config.latency`` where one is set: everything is made of what is known by then. Else hop + look-ahead +
        what the encoders need to settle.
        """
        return self.window.hop + self.window.lookahead + self._hearing.latency

    @property
    def time(self) -> float:
        """Seconds of sound that were pushed: what is said and felt "now" begins there."""
        return self._pushed / self.rate

    @property
    def made(self) -> float:
        """Second up to which face and body have been handed out."""
        return self._hop * self.window.hop

    @property
    def held(self) -> dict[str, int]:
        """Rows that are held of the sound and of what was heard in it, by kind; flat over any length of stream."""
        return self._hearing.held | {"audio": len(self._audio)}

    def report(self) -> Report:
        """What was heard of the emotion, where it is read from the voice."""
        reader = self._hearing.voice
        return reader.report() if reader is not None else Report()

    def state(self, kind: str) -> Any:
        """What the "face" or "body" network remembers of this recording, for example its planned strokes."""
        return self._states[kind]

    def push(self, samples: ArrayLike | bytes) -> Performance | None:
        """Take the next samples ``(N,)`` at ``rate``; return newly certain motion, if any.

        Floats are in [-1, 1]; int16 and int32 are divided by their full scale (2^15, 2^31), uint8 counts from 128.
        Bytes are 16-bit PCM, little-endian, mono, cut anywhere. Channels ``(N, channels)``, at most 8, are averaged.
        Raises ``AudioError`` for anything else (other integers, ``(channels, N)``, NaN, floats that count to 32768)
        and ``GengineError`` after ``flush``.
        """
        if self._flushed:
            raise GengineError("Session.push after flush: the recording has ended; start a new Session")
        if isinstance(samples, bytes | bytearray) or (isinstance(samples, memoryview) and samples.itemsize == 1):
            samples = self._half + bytes(samples)
            whole = len(samples) - len(samples) % 2
            samples, self._half = samples[:whole], samples[whole:]
        samples = mono_samples(samples, f"push (after {self._pushed / self.rate:.2f} s)")
        stretches: list[Performance] = []
        start = 0
        while start < len(samples):
            part = samples[start : start + self._block()]
            start += len(part)
            self._pushed += len(part)
            self._gathered.append(part)
            if self._waits():
                continue
            self._hear()
            stretches.extend(self._generate())
        return Performance.join(stretches) if stretches else None

    def flush(self) -> Performance | None:
        """End of the recording: return everything not yet returned."""
        if self._flushed:
            return None
        self._flushed = True
        if self._pushed == 0:
            return None
        if self._gathered:
            self._hear()
        with self._timed("analysis"):
            self._hearing.flush()
        stretches = list(self._generate())
        return Performance.join(stretches) if stretches else None

    def _lookahead(self) -> float:
        """Seconds after a hop that are seen: all that the networks would like, or what the latency leaves."""
        specs = [network.spec for network in self.networks.values()]
        wanted, latency, hop = max(s.lookahead for s in specs), self.config.latency, self.config.hop
        if latency is None:
            return wanted
        least = hop + max(s.lookahead if s.least is None else s.least for s in specs)
        if latency < least - 1e-9:
            raise GengineError(
                f"configuration: latency = {latency:g}: a hop of {hop:g} s with these networks needs at least {least:g}"
            )
        return round(latency - hop, 6)

    def _block(self) -> int:
        """How many samples to take next at most. Where nothing is waited for, what is known depends on the pieces in
        which sound is heard: they end where hops become due."""
        if not self._soon:
            return max(1, int(BLOCK_SECONDS * self.rate))
        return self._due() - self._pushed

    def _due(self) -> int:
        """How many samples were pushed when hops become due for the next time."""
        hop = self.window.hop
        early = round(-self.window.lookahead % hop, 6) % hop
        return round((self._moments * hop - early) * self.rate)

    def _waits(self) -> bool:
        """Whether nothing can come of what was pushed so far."""
        if not self._soon:
            return self._pushed - self._heard < GATHERED * self.rate and not self._may_settle()
        due = self._pushed == self._due()
        self._moments += due
        return not due

    def _may_settle(self) -> bool:
        """Whether what was pushed is long enough for the next hop, at best."""
        hop, now = self.window.at(self._hop), self._pushed / self.rate
        return hop is not None and now >= max(hop.known + self._hearing.soonest, self._hearing.idle_until)

    def _hear(self) -> NDArray[np.float32]:
        """Analyse what was gathered, and return it."""
        part = self._gathered[0] if len(self._gathered) == 1 else np.concatenate(self._gathered)
        self._gathered, self._heard = [], self._pushed
        self._audio.append({"samples": part})
        with self._timed("analysis"):
            self._hearing.push(part)
        return part

    def _generate(self) -> Iterator[Performance]:
        """Make every hop that what was heard so far settles."""
        duration = self._pushed / self.rate if self._flushed else float("inf")
        last_frame = np.ceil(duration * MOTION_RATE - 1e-6) / MOTION_RATE
        while (hop := self.window.at(self._hop, duration, last_frame)) and self._hearing.settled() >= hop.known:
            yield self._make(hop)
            self._hop += 1
            self._hearing.drop(self._hop * self.window.hop - self.window.context)

    def _make(self, hop: Hop) -> Performance:
        """One hop: windows, networks, stretch."""
        conditions = replace(self._hearing.window(hop), look_at=self.look_at)
        if self._dials is not None:
            conditions = replace(conditions, face_shows=self._dials.face, head_shows=self._dials.head)
        with self._timed("face"):
            face = self.networks["face"].generate(conditions, self._states["face"])
        assert isinstance(face, FaceTrack)  # the cascade was checked when it was built
        with self._timed("body"):
            motion = self.networks["body"].generate(self._for_body(conditions).with_face(face), self._states["body"])
            assert isinstance(motion, Motion)
            if self._stance is not None:
                motion = self._stance.apply(motion)
        with self._timed("face"):
            body = hop_at_rate(motion, hop.start, hop.end, face.fps) if motion.fps != face.fps else motion
            face = self.networks["face"].aim(face, body, conditions, self._states["face"])
        return self._stretch(conditions, face, motion)

    def _for_body(self, c: Conditions) -> Conditions:
        """What the body is to show of the emotion."""
        if self._dials is None or self._dials.body == 1:
            return c
        weights, vad = (x * np.float32(self._dials.body) for x in (c.emotion.weights, c.emotion.vad))
        return replace(c, emotion=replace(c.emotion, weights=np.clip(weights, 0, 1), vad=np.clip(vad, -1, 1)))

    def _stretch(self, c: Conditions, face: FaceTrack, motion: Motion) -> Performance:
        """What was made for a hop, at the wished rates, beside its sound, words and emotion."""
        end = min(c.hop_end, self._pushed / self.rate) if self._flushed else c.hop_end
        samples = slice(round(c.hop_start * self.rate), round(end * self.rate))
        audio = AudioClip(self._audio.read(samples.start, samples.stop)["samples"], self.rate)
        self._audio.drop(samples.stop)
        first, last = (round(t * ANALYSIS_RATE) for t in (c.hop_start - c.start, end - c.start))
        words = self._live.take() if self._live else WordTrack(source="heard")
        words = self.words.between(c.hop_start, end) if self.words else words
        if self._hearing.tells_words:
            words = replace(words, words=tuple(w for w in c.words if w.end > c.hop_start and w.start < end))
        if self._hearing.hears_phones:
            words = replace(words, phones=self._hearing.listed(c, end))
        return Performance(
            audio=audio,
            words=words,
            emotion=c.emotion[first:last],
            speaker=self.speaker,
            motion=hop_at_rate(motion, c.hop_start, end, self.config.body_fps),
            face=hop_at_rate(face, c.hop_start, end, self.config.face_fps),
            start=c.hop_start,
        )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - began


def _check_kinds(**given: tuple[Any, type, str]) -> None:
    for name, (value, kind, hint) in given.items():
        if value is not None and not isinstance(value, kind):
            found = type(value).__name__
            raise GengineError(f"Session {name}: {value!r} is of type {found}, expected {kind.__name__}; {hint}")
