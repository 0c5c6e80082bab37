"""The only wiring of the encoders: sound and words in, what a network may know out.

A session hears hop by hop, trainings and metrics hear a whole recording at once (``hear_recording``); both run the
same encoders in the same order, so a network meets in training what it meets at run time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.conditions import ANALYSIS_RATE, Conditions, Prosody
from gengine.core.emotion import EmotionTrack
from gengine.core.performance import Performance
from gengine.core.speaker import Speaker
from gengine.core.words import RECOGNISED, Phone, Tag, WordTrack
from gengine.emotion import EmotionEncoder, EmotionPlan, parse_emotion
from gengine.encoders import phones, speech_gate
from gengine.encoders.prosody import GatedProsody, ProsodyEncoder
from gengine.encoders.speech_gate import SpeechGate
from gengine.encoders.syllables import SyllableEncoder
from gengine.windows import CurveBuffer, EventBuffer, Hop

if TYPE_CHECKING:
    from gengine.emotion.tags import TaggedEmotion
    from gengine.encoders.known_speech import KnownSpeech
    from gengine.encoders.spliced import SplicedPhones
    from gengine.recognition.live import LiveWords

SOON_LONGEST = 0.04
"""A sound that goes on is handed out so often where phones must be heard soon, s (judgement: two of their blocks)."""


class Hearing:
    """Runs all encoders over one stream of sound and holds what they settled until it is dropped.

    ``push(samples)`` and ``flush()`` take mono float samples ``(N,)`` at ``rate`` Hz, cut anyhow. ``window(hop)``
    reads what may be known for a hop; it is final once ``settled()`` has passed the hop's ``known``. Without
    ``words`` that hold phones, phones are heard from the sound; of recognised words, which may hold phones in places
    only, they are heard everywhere else. ``live`` words are recognised in the stream: they come late, and windows wait
    ``word_wait`` s longer for them. ``soon`` has phones heard .14 s sooner, at three times their work, and the sound
    going on handed out every ``SOON_LONGEST`` s.
    """

    def __init__(
        self,
        plan: EmotionPlan | None = None,
        words: WordTrack | None = None,
        speaker: Speaker | None = None,
        rate: int = SAMPLE_RATE,
        live: LiveWords | None = None,
        word_wait: float = 0.0,
        soon: bool = False,
    ) -> None:
        self.speaker = speaker or Speaker()
        self._live = live
        self._settling = SyllableEncoder.LATENCY + (word_wait if live else 0.0)
        self.words = words
        self._stream = _resampler(rate)
        self.plan = plan or parse_emotion("neutral")
        self._prosody, self._emotion = GatedProsody(), EmotionEncoder(self.plan)
        self._tags: TaggedEmotion | None = None
        self._syllables = SyllableEncoder()
        recognised = words is not None and words.source == RECOGNISED
        listens = words is None or not words.phones or recognised
        self._gate = SpeechGate(**speech_gate.SOON) if soon else SpeechGate()
        how: dict[str, Any] = {**phones.SOON, "longest": SOON_LONGEST} if soon else {}
        self._phones = phones.PhoneEncoder(keep_frames=True, gate=self._gate, **how) if listens else None
        self._spoken: KnownSpeech | None = None
        self._splice = _splice(words.phones) if words is not None and recognised else None
        self._curves = {name: CurveBuffer() for name in ("prosody", "emotion", "jaw", "sound")}
        self._events = {name: EventBuffer() for name in ("phones", "words", "syllables", "cues")}
        self._given = {"words", "cues"} if self._phones else {"words", "phones", "cues"}
        self._handed_phones = 0
        self._heard_until = 0.0
        self._ended = False
        if words is not None:
            from gengine.encoders.known_speech import KnownSpeech  # a run without a transcript needs neither
            from gengine.encoders.lexicon import LexiconEncoder

            self._spoken = KnownSpeech(words.phones)
            lexicon = LexiconEncoder(words.language)
            self._events["words"].append(words.words)
            self._events["phones"].append(() if recognised else words.phones)
            self._events["cues"].append([*lexicon.push(words.words, words.phones), *lexicon.flush()])
            self._take_tags(words.tags)

    @property
    def hears_phones(self) -> bool:
        """Whether phones come from the sound and not from a transcript."""
        return self._phones is not None

    @property
    def latency(self) -> float:
        """Seconds of sound that the encoders need after a moment before they settle it."""
        if self._phones:
            return self._phones.latency + max(self._phones.longest, self._settling)
        return self._gate.latency + self._settling

    @property
    def soonest(self) -> float:
        """Seconds of sound after a moment without which they cannot settle it."""
        return ProsodyEncoder.LATENCY + self._settling - 2 / ANALYSIS_RATE  # two frames to spare

    @property
    def held(self) -> dict[str, int]:
        """Rows (frames, samples, events) that are held, by kind: flat however long the sound is, if it is dropped."""
        return {name: len(buffer) for name, buffer in (self._curves | self._events).items()}

    def push(self, samples: NDArray[np.float32]) -> None:
        """Hear the next samples."""
        self._hear(samples if self._stream is None else self._stream.resample_chunk(samples), last=False)

    def flush(self) -> None:
        """The recording ends here: everything becomes settled."""
        rest = np.zeros(0, np.float32)
        self._hear(rest if self._stream is None else self._stream.resample_chunk(rest, last=True), last=True)
        self._ended = True

    def settled(self) -> float:
        """Time (s) before which every curve and event is final."""
        if self._ended:
            return float("inf")
        return min(self._curves["prosody"].end / ANALYSIS_RATE - self._settling, self._heard_until)

    def window(self, hop: Hop) -> Conditions:
        """What may be known for a hop: curves and events of [``hop.first``, ``hop.known``], none of it dropped."""
        frames = (round(hop.first * ANALYSIS_RATE), int(np.ceil(hop.known * ANALYSIS_RATE - 1e-6)))
        samples = (round(hop.first * SAMPLE_RATE), round(hop.known * SAMPLE_RATE))
        self._listen(hop.known, hop.start)
        return self._conditions(hop, frames, samples, (hop.first, hop.known))

    def whole(self, duration: float) -> Conditions:
        """After ``flush``, all that was heard of a recording of ``duration`` seconds as one window."""
        hop = Hop(first=0.0, start=0.0, end=duration, known=duration, ended=True)
        end = self._curves["prosody"].end, self._curves["sound"].end
        self._listen(duration, 0.0)
        return self._conditions(hop, (0, end[0]), (0, end[1]), (-np.inf, np.inf))

    def _listen(self, known: float, start: float) -> None:
        """Take the words that the sound settled for a window up to ``known`` s tells, or all of an ended stream; their
        tags act from ``start`` s on at the earliest, where the next motion begins."""
        for track, cues in self._live.known(np.inf if self._ended else known + self._settling) if self._live else ():
            self._events["words"].append(track.words)
            self._events["cues"].append(cues)
            self._take_tags(track.tags, start)

    def _take_tags(self, tags: tuple[Tag, ...], earliest: float = 0.0) -> None:
        """Feel and act what tags of the words ask for."""
        if tags:
            from gengine.emotion.tags import TaggedEmotion, acts  # hardly any text has tags

            self._tags = self._tags or TaggedEmotion(intensity=self.plan.intensity)
            self._tags.add(tags, earliest)
            self._events["cues"].append(acts(tags))

    def drop(self, before: float) -> None:
        """Forget what ends at or before ``before`` seconds."""
        for name, curve in self._curves.items():
            curve.drop(round(before * (SAMPLE_RATE if name == "sound" else ANALYSIS_RATE)))
        for events in self._events.values():
            events.drop(before)

    def _hear(self, samples: NDArray[np.float32], last: bool) -> None:
        """Run the encoders over new 16 kHz samples and keep what they settled."""
        self._curves["sound"].append({"sound": samples})
        open_frames = self._hear_phones(self._phones, samples, last) if self._phones else self._gated(samples, last)
        frames = self._prosody.push(samples, self._spoken.opened(open_frames) if self._spoken else open_frames, last)
        self._curves["prosody"].append(dict(frames.__dict__))
        track = self._emotion.push(frames)
        self._curves["emotion"].append({"weights": track.weights, "vad": track.vad})
        # Heard phones settle later than the prosody around them, so syllables do without them.
        known = None if self._phones else self._given_phones(last)
        self._events["syllables"].append(self._syllables.push(frames, known))
        if last:
            self._events["syllables"].append(self._syllables.flush())

    def _hear_phones(self, encoder: phones.PhoneEncoder, samples: NDArray[np.float32], last: bool) -> NDArray[np.bool_]:
        """Phones from the sound; whether its gate was open, frame by frame."""
        found = [*encoder.push(samples), *(encoder.flush() if last else ())]
        self._events["phones"].append(found if self._splice is None else self._splice.push(found))
        frames = encoder.take_frames()
        self._curves["jaw"].append({"jaw": frames.jaw})
        self._heard_until = found[-1].end if found else self._heard_until
        if self._live is not None:
            self._live.push(samples, frames.open, last)
        return frames.open

    def _gated(self, samples: NDArray[np.float32], last: bool) -> NDArray[np.bool_]:
        """Whether the gate is open, frame by frame, where phones need not be heard."""
        rest = np.zeros(round(2 * self._gate.latency * SAMPLE_RATE), np.float32)
        return self._gate.push(np.concatenate([samples, rest]) if last else samples)

    def _given_phones(self, last: bool) -> tuple[Any, ...]:
        """Phones of the transcript that the sound has reached."""
        assert self.words is not None
        self._heard_until = self._curves["prosody"].end / ANALYSIS_RATE
        rest = self.words.phones[self._handed_phones :]
        reached = tuple(p for p in rest if p.end <= self._heard_until or last)
        self._handed_phones += len(reached)
        return reached

    def _conditions(
        self, hop: Hop, frames: tuple[int, int], samples: tuple[int, int], times: tuple[float, float]
    ) -> Conditions:
        curves, words = self._curves, self.words or WordTrack(source="heard")
        emotion = EmotionTrack(**curves["emotion"].read(*frames), fps=ANALYSIS_RATE)
        events: dict[str, Any] = {k: v.read(*times, given=k in self._given) for k, v in self._events.items()}
        return Conditions(
            start=hop.first,
            hop_start=hop.start,
            hop_end=hop.end,
            known_until=hop.known,
            ended=hop.ended,
            prosody=Prosody(**curves["prosody"].read(*frames)),
            **events,
            emotion=emotion if self._tags is None else self._tags.over(emotion, frames[0] / ANALYSIS_RATE),
            speaker=self.speaker,
            language=words.language,
            source=words.source,
            jaw=curves["jaw"].read(*frames)["jaw"] if self._phones else None,
            sound=curves["sound"].read(*samples)["sound"],
        )


def hear_recording(performance: Performance) -> Conditions:
    """Everything known of a recording in one window: what a session hands to its networks hop by hop.

    Its own words, phones, emotion and speaker are taken; phones are heard where it has none. Times count from
    second 0 of its sound, so the words of a stretch are to be shifted by its ``start`` first.
    """
    hearing = Hearing(words=performance.words, speaker=performance.speaker, rate=performance.audio.rate)
    hearing.push(performance.audio.samples.astype(np.float32, copy=False))
    hearing.flush()
    return replace(hearing.whole(performance.duration), emotion=performance.emotion.resample(ANALYSIS_RATE))


def _splice(known: tuple[Phone, ...]) -> SplicedPhones:
    """Puts known phones among the heard ones."""
    from gengine.encoders.spliced import SplicedPhones  # a run without recognised words needs none

    return SplicedPhones(known)


def _resampler(rate: int) -> Any:
    """A stream of any rate to 16 kHz that does not depend on chunking; None where the rate is 16 kHz already."""
    if rate == SAMPLE_RATE:
        return None
    import soxr

    return soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
