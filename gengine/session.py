"""The only generation loop: sound in by any chunking, performance out hop by hop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.config import EngineConfig
from gengine.constraints.stance import Stance
from gengine.core import rotation
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.conditions import ANALYSIS_RATE, MOTION_RATE, Conditions, Prosody
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.speaker import Speaker
from gengine.core.timing import check_rate
from gengine.core.words import WordTrack
from gengine.emotion import EmotionEncoder, EmotionPlan, parse_emotion
from gengine.encoders import phones
from gengine.encoders.lexicon import LexiconEncoder
from gengine.encoders.prosody import ProsodyEncoder
from gengine.encoders.syllables import SyllableEncoder
from gengine.errors import AudioError, GengineError
from gengine.networks.base import MotionNetwork
from gengine.registry import build
from gengine.windows import CurveBuffer, EventBuffer, WindowSpec

BLOCK_SECONDS = 1.0
"""A long push is taken in blocks of this length so that the encoders' scratch memory stays small."""


class Session:
    """Turns a stream of sound into a stream of performance.

    ``push(samples)`` takes mono samples at ``rate`` and returns the stretch that became certain, or None;
    ``flush()`` returns the rest. Joined stretches are the same, bit for bit, however the sound was cut.

    ``emotion`` follows the grammar of ``gengine.emotion.parse_emotion``; ``words`` are words and phones
    with times where they are known, else phones are heard from the sound; ``speaker`` is a name or number;
    ``stance`` a motion of BEAT's joints: the body begins in its first pose and keeps that posture.
    """

    def __init__(
        self,
        *,
        emotion: Any = "neutral",
        intensity: float = 1.0,
        speaker: Speaker | str | int | None = None,
        words: WordTrack | None = None,
        seed: int = 0,
        rate: int = SAMPLE_RATE,
        stance: Motion | None = None,
        config: EngineConfig | None = None,
    ) -> None:
        check_rate("Session rate", rate)
        self.config = config or EngineConfig()
        self.speaker = speaker if isinstance(speaker, Speaker) else Speaker.named(speaker)
        self.plan = emotion if isinstance(emotion, EmotionPlan) else parse_emotion(emotion, intensity)
        self.words = words
        self.seed = seed
        self.rate = int(rate)
        self.seconds: dict[str, float] = {"analysis": 0.0, "face": 0.0, "body": 0.0}

        self._networks = _cascade(self.config)
        self._stance = Stance(stance) if stance is not None else None
        self._states = {kind: network.start(self.speaker, seed) for kind, network in self._networks.items()}
        specs = [network.spec for network in self._networks.values()]
        self.window = WindowSpec(max(s.context for s in specs), self.config.hop, max(s.lookahead for s in specs))

        self._resampler = _Resampler(self.rate)
        self._prosody, self._emotion = ProsodyEncoder(), EmotionEncoder(self.plan)
        self._syllables = SyllableEncoder()
        self._lexicon = LexiconEncoder(words.language if words else "en")
        self._phones = phones.PhoneEncoder(keep_frames=True) if words is None or not words.phones else None
        self._curves, self._feelings, self._jaw, self._sound = (CurveBuffer() for _ in range(4))
        self._events = {name: EventBuffer() for name in ("phones", "words", "syllables", "cues")}
        self._audio = CurveBuffer()
        self._handed_phones = 0
        self._hop = 0
        self._pushed = 0
        self._heard_until = 0.0
        self._flushed = False
        self._given = {"words", "phones", "cues"} if self._phones is None else {"words", "cues"}
        if words is not None:
            self._events["words"].append(words.words)
            self._events["phones"].append(words.phones)
            self._events["cues"].append([*self._lexicon.push(words.words, words.phones), *self._lexicon.flush()])

    @property
    def latency(self) -> float:
        """Seconds from a sound to its motion: hop + look-ahead + what the encoders need to settle."""
        settle = ProsodyEncoder.LATENCY + SyllableEncoder.LATENCY
        if self._phones is not None:
            settle = max(settle, phones.LATENCY + phones.LONGEST)
        return self.window.hop + self.window.lookahead + settle

    def state(self, kind: str) -> Any:
        """What the "face" or "body" network remembers of this recording, for example its planned strokes."""
        return self._states[kind]

    def push(self, samples: ArrayLike) -> Performance | None:
        """Take the next samples ``(N,)`` float mono at ``rate``; return newly certain motion, if any."""
        if self._flushed:
            raise GengineError("Session.push after flush: the recording has ended; start a new Session")
        samples = _mono(samples, self._pushed / self.rate)
        block = max(1, int(BLOCK_SECONDS * self.rate))
        stretches: list[Performance] = []
        for start in range(0, len(samples), block):
            part = samples[start : start + block]
            self._pushed += len(part)
            self._audio.append({"samples": part})
            with self._timed("analysis"):
                self._hear(self._resampler(part), last=False)
            stretches.extend(self._generate())
        return Performance.join(stretches) if stretches else None

    def flush(self) -> Performance | None:
        """End of the recording: return everything not yet returned."""
        if self._flushed:
            return None
        self._flushed = True
        if self._pushed == 0:
            return None
        with self._timed("analysis"):
            self._hear(self._resampler(np.zeros(0, np.float32), last=True), last=True)
        stretches = list(self._generate())
        return Performance.join(stretches) if stretches else None

    # ---- hearing

    def _hear(self, samples: NDArray[np.float32], last: bool) -> None:
        """Run the encoders over new 16 kHz samples and keep what they settled."""
        self._sound.append({"sound": samples})
        prosody = [self._prosody.push(samples)]
        settled = list(self._phones.push(samples)) if self._phones else []
        if last:
            prosody.append(self._prosody.flush())
            settled += self._phones.flush() if self._phones else []
        for frames in prosody:
            self._curves.append(dict(frames.__dict__))
            track = self._emotion.push(frames)
            self._feelings.append({"weights": track.weights, "vad": track.vad})
        heard = self._curves.end / ANALYSIS_RATE
        if self._phones:
            self._events["phones"].append(settled)
            self._jaw.append({"jaw": self._phones.take_frames().jaw})
            self._heard_until = settled[-1].end if settled else self._heard_until
        elif self.words is not None:
            settled = [p for p in self.words.phones[self._handed_phones :] if p.end <= heard or last]
            self._handed_phones += len(settled)
            self._heard_until = heard
        # Heard phones settle later than the prosody around them, so syllables are then found in the sound.
        known = None if self._phones else tuple(settled)
        for frames in prosody:
            self._events["syllables"].append(self._syllables.push(frames, known))
            known = known and ()
        if last:
            self._events["syllables"].append(self._syllables.flush())

    def _settled(self) -> float:
        """Time (s) before which every curve and event is final."""
        if self._flushed:
            return float("inf")
        return min(self._curves.end / ANALYSIS_RATE - SyllableEncoder.LATENCY, self._heard_until)

    # ---- making

    def _generate(self) -> Iterator[Performance]:
        spec, duration = self.window, self._pushed / self.rate
        while True:
            start = self._hop * spec.hop
            end = start + spec.hop
            if self._flushed:
                if start >= duration - 1e-9:
                    return
                end = min(end, np.ceil(duration * MOTION_RATE - 1e-6) / MOTION_RATE)
            elif self._settled() < end + spec.lookahead:
                return
            yield self._make(start, end, duration)
            self._hop += 1
            keep = self._hop * spec.hop - spec.context
            self._curves.drop(round(keep * ANALYSIS_RATE))
            self._feelings.drop(round(keep * ANALYSIS_RATE))
            self._jaw.drop(round(keep * ANALYSIS_RATE))
            self._sound.drop(round(keep * SAMPLE_RATE))
            for events in self._events.values():
                events.drop(keep)

    def _make(self, start: float, end: float, duration: float) -> Performance:
        spec = self.window
        known = start + spec.hop + spec.lookahead
        ended = self._flushed and known >= duration
        known = min(known, duration) if self._flushed else known
        first = max(0.0, start - spec.context)
        frames = slice(round(first * ANALYSIS_RATE), int(np.ceil(known * ANALYSIS_RATE - 1e-6)))
        words = self.words or WordTrack(source="heard")
        events: dict[str, Any] = {
            name: buffer.read(first, known, name in self._given) for name, buffer in self._events.items()
        }
        conditions = Conditions(
            start=first,
            hop_start=start,
            hop_end=end,
            known_until=known,
            ended=ended,
            prosody=Prosody(**self._curves.read(frames.start, frames.stop)),
            **events,
            emotion=EmotionTrack(**self._feelings.read(frames.start, frames.stop), fps=ANALYSIS_RATE),
            speaker=self.speaker,
            language=words.language,
            source=words.source,
            jaw=self._jaw.read(frames.start, frames.stop)["jaw"] if self._phones else None,
            sound=self._sound.read(round(first * SAMPLE_RATE), round(known * SAMPLE_RATE))["sound"],
        )
        with self._timed("face"):
            face = self._networks["face"].generate(conditions, self._states["face"])
        assert isinstance(face, FaceTrack)  # the cascade was checked when it was built
        with self._timed("body"):
            motion = self._networks["body"].generate(conditions.with_face(face), self._states["body"])
            assert isinstance(motion, Motion)
            if self._stance is not None:
                motion = self._stance.apply(motion)
        return self._stretch(conditions, face, motion, duration)

    def _stretch(self, c: Conditions, face: FaceTrack, motion: Motion, duration: float) -> Performance:
        end = min(c.hop_end, duration) if self._flushed else c.hop_end
        samples = slice(round(c.hop_start * self.rate), round(end * self.rate))
        audio = AudioClip(self._audio.read(samples.start, samples.stop)["samples"], self.rate)
        self._audio.drop(samples.stop)
        first, last = (round(t * ANALYSIS_RATE) for t in (c.hop_start - c.start, end - c.start))
        words = self.words.between(c.hop_start, end) if self.words else WordTrack(source="heard")
        if self._phones:
            words = replace(words, phones=tuple(p for p in c.phones if p.end > c.hop_start and p.start < end))
        return Performance(
            audio=audio,
            words=words,
            emotion=c.emotion[first:last],
            speaker=self.speaker,
            motion=_motion_at(motion, c.hop_start, end, self.config.body_fps),
            face=_face_at(face, c.hop_start, end, self.config.face_fps),
            start=c.hop_start,
        )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - began


def _cascade(config: EngineConfig) -> dict[str, MotionNetwork]:
    """Build the networks in order and check that each finds what it consumes."""
    face: MotionNetwork = build("face network", config.face)
    body: MotionNetwork = build("body network", config.body)
    given = set(Conditions.__dataclass_fields__) - {"face"}
    for network, produced in ((face, "face"), (body, "motion")):
        missing = [name for name in network.spec.consumes if name not in given]
        if missing or network.spec.produces != produced:
            raise GengineError(
                f"{type(network).__name__} consumes {', '.join(missing) or 'nothing missing'} and produces "
                f"{network.spec.produces}; here it must produce {produced} from {', '.join(sorted(given))}"
            )
        given.add(produced)
    return {"face": face, "body": body}


def _mono(samples: ArrayLike, at: float) -> NDArray[np.float32]:
    array = np.asarray(samples, np.float32)
    if array.ndim != 1:
        raise AudioError(f"push: samples of shape {array.shape}, expected (N,) mono")
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        raise AudioError(f"push: sample {bad} of this chunk (after {at:.2f} s) is NaN or infinite; expected [-1, 1]")
    return array


class _Resampler:
    """Sound at any rate to 16 kHz, independent of chunking."""

    def __init__(self, rate: int) -> None:
        self._stream = None
        if rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def __call__(self, samples: NDArray[np.float32], last: bool = False) -> NDArray[np.float32]:
        return samples if self._stream is None else self._stream.resample_chunk(samples, last=last)


def _grid(count: int, rate: float, start: float, end: float, fps: float) -> tuple[NDArray, NDArray, NDArray]:
    """Neighbour frames and blend for the times k / fps in [start, end), read from frames at ``rate``.

    A time between the last frame of this hop and the first of the next continues the last step (blend
    above 1): over less than a frame the error is far below what can be seen, and no hop has to wait.
    """
    k = np.arange(np.ceil(start * fps - 1e-6), np.ceil(end * fps - 1e-6))
    position = k * (rate / fps) - start * rate
    low = np.clip(np.floor(position + 1e-6).astype(int), 0, max(count - 2, 0))
    high = np.minimum(low + 1, count - 1)
    return low, high, np.where(np.abs(position - low) < 1e-6, 0.0, position - low)


def _motion_at(motion: Motion, start: float, end: float, fps: float) -> Motion:
    low, high, t = _grid(len(motion), motion.fps, start, end, fps)
    a, b = motion.rotations[low].astype(float), motion.rotations[high].astype(float)
    step = rotation.to_rotvec(rotation.multiply(b, rotation.conjugate(a))) * t[:, None, None]
    turned = np.where((t > 0)[:, None, None], rotation.multiply(rotation.from_rotvec(step), a), a)
    root = motion.root[low] + (motion.root[high] - motion.root[low]) * t[:, None]
    return Motion(motion.skeleton, turned, root, fps)


def _face_at(face: FaceTrack, start: float, end: float, fps: float) -> FaceTrack:
    low, high, t = _grid(len(face), face.fps, start, end, fps)

    def mix(x: NDArray) -> NDArray:
        return x[low] + (x[high] - x[low]) * t[:, None]

    head = rotation.normalize(mix(np.asarray(rotation.continuous(face.head)))) if len(face) else face.head
    return FaceTrack(np.clip(mix(face.weights), 0.0, 1.0), head, mix(face.gaze), fps)
