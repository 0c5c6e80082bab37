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
from gengine.core.conditions import ANALYSIS_RATE, Conditions, Cue, Prosody
from gengine.core.emotion import EmotionTrack
from gengine.core.performance import Performance
from gengine.core.resampling import joined
from gengine.core.speaker import Speaker
from gengine.core.words import RECOGNISED, Phone, Tag, WordTrack
from gengine.emotion import EmotionEncoder, EmotionPlan, parse_emotion
from gengine.encoders import phones, speech_gate
from gengine.encoders.prosody import GatedProsody, ProsodyEncoder
from gengine.encoders.speech_gate import SpeechGate
from gengine.encoders.syllables import SyllableEncoder
from gengine.errors import GengineError
from gengine.windows import CurveBuffer, EventBuffer, Hop

if TYPE_CHECKING:
    from gengine.core.turns import Turns
    from gengine.emotion.dials import Dials
    from gengine.emotion.embedding import EmotionEmbedding
    from gengine.emotion.tags import TaggedEmotion
    from gengine.emotion.text import SaidEmotion
    from gengine.emotion.voice import Reference, VoiceReader
    from gengine.encoders.attending import Attending
    from gengine.encoders.known_speech import KnownSpeech
    from gengine.encoders.said import SaidSpeech
    from gengine.encoders.spliced import SplicedPhones
    from gengine.recognition.live import LiveWords

SAID_AHEAD = 4.0
"""Words that are known before their sound are told so long before, s: further no plan reaches. Judgement."""

_NOTHING = 1e-9
"""Seconds; rounding that delays no hop."""

SOON_LONGEST = 0.04
"""A sound that goes on is handed out so often where phones must be heard soon, s (judgement: two of their blocks)."""


class Hearing:
    """Runs all encoders over one stream of sound and holds what they settled until it is dropped.

    ``push(samples)`` and ``flush()`` take mono float samples ``(N,)`` at ``rate`` Hz, cut anyhow. ``window(hop)``
    reads what may be known for a hop; it is final once ``settled()`` has passed the hop's ``known``. Without
    ``words`` that hold phones, ``recogniser`` hears them in the sound; of recognised words, which may hold phones in
    places only, they are heard everywhere else; without ``hears`` nowhere. ``live`` words are recognised in the
    stream: they come late, and windows wait ``word_wait`` s longer for them. ``turns`` are those of a conversation,
    known before: the sound is the person's own, and what others say is attended to. ``dials`` shape the emotion
    before its tags. An ``embedding`` also tells what is read in its space.

    With ``soon`` nothing is waited for: a window holds whatever is known when it is asked for, so its content is that
    of the sound up to then if the sound always comes in the same pieces. Phones are heard 1.9 s sooner, by the smaller
    network, and the sound going on is handed out every ``SOON_LONGEST`` s.
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
        hears: bool = True,
        voice_reference: Reference | None = None,
        turns: Turns | None = None,
        dials: Dials | None = None,
        recogniser: str = phones.CHECKPOINT,
        embedding: EmotionEmbedding | None = None,
    ) -> None:
        self._embedding = embedding
        self.speaker, self.role = speaker or Speaker(), "speaking"
        self._turns, self._dials = turns, dials
        self._smoothing = dials.smoothing if dials is not None else 0.0
        self._soon, self._rate, self._taken = soon, rate, 0
        self._said: SaidSpeech | None = None
        self._attending: Attending
        if turns is not None and turns.nods:
            self._attending = attending(turns.name)
        self._live = live
        self._settling = SyllableEncoder.LATENCY + (word_wait if live else 0.0)
        self.words = words
        self._stream = _resampler(rate, soon)
        self.plan = plan or parse_emotion("neutral")
        self._prosody = GatedProsody()
        self._emotion = EmotionEncoder(self.plan, voice_reference, self._smoothing, embedding)
        self._tags: TaggedEmotion | None = None
        self._told: SaidEmotion | None = None
        self._syllables = SyllableEncoder()
        recognised = words is not None and words.source == RECOGNISED
        listens = hears and (words is None or not words.phones or recognised)
        self._gate = SpeechGate(**speech_gate.SOON) if soon else SpeechGate()
        how: dict[str, Any] = {**phones.SOON, "longest": SOON_LONGEST} if soon else {"checkpoint": recogniser}
        self._phones = phones.PhoneEncoder(keep_frames=True, gate=self._gate, **how) if listens else None
        self._spoken: KnownSpeech | None = None
        self._splice = _splice(words.phones) if words is not None and recognised else None
        kinds = ("prosody", "emotion", "jaw", "sound", *(("embedding",) if embedding is not None else ()))
        self._curves = {name: CurveBuffer() for name in kinds}
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
            self._feel(words)

    @property
    def voice(self) -> VoiceReader | None:
        """Who reads the emotion from the voice, where that is asked for."""
        return self._emotion.reader

    @property
    def hears_phones(self) -> bool:
        """Whether phones come from the sound and not from a transcript."""
        return self._phones is not None

    @property
    def latency(self) -> float:
        """Seconds of sound that the encoders need after a moment before they settle it."""
        if self._soon:
            return 0.0
        if self._phones:
            return self._phones.latency + max(self._phones.longest, self._settling)
        return self._gate.latency + self._settling

    @property
    def soonest(self) -> float:
        """Seconds of sound after a moment without which they cannot settle it."""
        return 0.0 if self._soon else ProsodyEncoder.LATENCY + self._settling - 2 / ANALYSIS_RATE  # two frames to spare

    @property
    def held(self) -> dict[str, int]:
        """Rows (frames, samples, events) that are held, by kind: flat however long the sound is, if it is dropped."""
        return {name: len(buffer) for name, buffer in (self._curves | self._events).items()}

    @property
    def idle_until(self) -> float:
        """Second of sound until which it settles nothing more, however it comes."""
        missing = (self._phones or self._gate).wants - 1  # a resampler may be a sample ahead
        return (self._curves["sound"].end + missing) / SAMPLE_RATE

    def push(self, samples: NDArray[np.float32]) -> None:
        """Hear the next samples."""
        self._taken += len(samples)
        self._hear(samples if self._stream is None else self._stream.push(samples), last=False)

    def flush(self) -> None:
        """The recording ends here: everything becomes settled."""
        rest = np.zeros(0, np.float32)
        self._hear(rest if self._stream is None else self._stream.push(rest, last=True), last=True)
        self._ended = True

    def settled(self) -> float:
        """Time (s) before which every curve and event is final."""
        if self._ended:
            return float("inf")
        if self._soon:
            return self._taken / self._rate + _NOTHING
        return min(self._curves["prosody"].end / ANALYSIS_RATE - self._settling, self._heard_until)

    def window(self, hop: Hop) -> Conditions:
        """What may be known for a hop: curves and events of [``hop.first``, ``hop.known``], none of it dropped."""
        until = hop.known + (SAID_AHEAD if self._soon else 0)
        frames = (round(hop.first * ANALYSIS_RATE), int(np.ceil(hop.known * ANALYSIS_RATE - 1e-6)))
        samples = (round(hop.first * SAMPLE_RATE), round(hop.known * SAMPLE_RATE))
        self._listen(hop.known, hop.start)
        return self._conditions(hop, frames, samples, (hop.first, until))

    def say(self, track: WordTrack) -> None:
        """Words with times (s of the stream) that are about to be spoken; their phones, where they have some, stand in
        place of heard ones."""
        from gengine.encoders.lexicon import LexiconEncoder  # a run in which nothing is said needs none

        self._ahead().say(track)
        lexicon = LexiconEncoder(track.language)
        self._events["words"].append(track.words)
        self._events["cues"].append([*lexicon.push(track.words, track.phones), *lexicon.flush()])
        self._feel(track)

    def turn(self, role: str, at: float) -> None:
        """From ``at`` s on the character is "speaking", "listening" or "thinking": what is heard while it does not
        speak is not said by it, and what it was to say is given up."""
        if role == "speaking":
            self._ahead().speak(at)
        else:
            self._attending = attending()
            if self.role == "speaking":
                self.hush(at, np.inf)
        self.role = role

    def hush(self, at: float, until: float) -> None:
        """Nothing is said between ``at`` and ``until`` s, and nothing more of what was told."""
        self._ahead().hush(at, until)
        for name in ("words", "cues"):
            self._events[name].cut(at)

    def _ahead(self) -> SaidSpeech:
        from gengine.encoders.said import SaidSpeech

        self._said = self._said or SaidSpeech()
        return self._said

    def feel(self, plan: EmotionPlan, at: float, fade: float) -> None:
        """From ``at`` s on ``plan`` is felt, within ``fade`` s."""
        self._emotion.change(plan, at, fade)

    def listed(self, c: Conditions, end: float) -> tuple[Phone, ...]:
        """The phones of a hop that lasts until ``end`` s, as they are told of its stretch."""
        phones = c.phones
        if self._soon:  # in the pieces in which they were handed out: neighbouring stretches name each alike
            phones = self._events["phones"].read(c.hop_start, end, given=True)
            phones = self._said.phones(phones, c.hop_start, end) if self._said is not None else phones
        return tuple(p for p in phones if p.end > c.hop_start and p.start < end)

    @property
    def tells_words(self) -> bool:
        """Whether words were said."""
        return self._said is not None

    def whole(self, duration: float) -> Conditions:
        """After ``flush``, all that was heard of a recording of ``duration`` seconds as one window."""
        hop = Hop(first=0.0, start=0.0, end=duration, known=duration, ended=True)
        end = self._curves["prosody"].end, self._curves["sound"].end
        self._listen(duration, 0.0)
        return self._conditions(hop, (0, end[0]), (0, end[1]), (-np.inf, np.inf))

    def witnesses(self) -> tuple[EmotionTrack, EmotionTrack]:
        """After ``flush``, what the voice (with the plan) and what the words tell by themselves, as far as is held."""
        curve = self._curves["emotion"]
        voice = EmotionTrack(**curve.read(curve.first, curve.end), fps=ANALYSIS_RATE)
        nothing = replace(voice, weights=np.zeros_like(voice.weights), vad=np.zeros_like(voice.vad))
        return voice, nothing if self._told is None else self._told_over(nothing, curve.first)

    def embedded(self, first: int, last: int) -> NDArray[np.float64]:
        """What voice and words tell in the embedding's space ``(last - first, D)``, frames at ``ANALYSIS_RATE`` that
        are held, as far as the plan listens; nothing of a plan, of dials or tags is in it. Raises ``GengineError``
        without an embedding or where nothing is read."""
        from gengine.emotion.embedding import pooled

        if self._embedding is None or self.voice is None:
            raise GengineError("embedded: nothing is embedded; give an embedding, and 'auto' as the emotion")
        times = np.arange(first, last) / ANALYSIS_RATE
        share = self.plan(times)[2]
        total = share[:, None] * self._curves["embedding"].read(first, last)["vectors"]
        return pooled(total if self._told is None else total + self._told.embedded(times, share))

    def _told_over(self, emotion: EmotionTrack, first: int) -> EmotionTrack:
        """What the words tell over a track of which the first frame is number ``first``."""
        assert self._told is not None
        share = self.plan((first + np.arange(len(emotion))) / ANALYSIS_RATE)[2]
        return self._told.over(emotion, first / ANALYSIS_RATE, share)

    def _listen(self, known: float, start: float) -> None:
        """Take the words that the sound settled for a window up to ``known`` s tells, or all of an ended stream; their
        tags act from ``start`` s on at the earliest, where the next motion begins."""
        for track, cues in self._live.known(np.inf if self._ended else known + self._settling) if self._live else ():
            self._events["words"].append(track.words)
            self._events["cues"].append(cues)
            self._feel(track, start)

    def _feel(self, words: WordTrack, earliest: float = 0.0) -> None:
        """Feel what the words tell, where the emotion is read, and feel and act what their tags ask for."""
        if self.plan.listens and words.language == "en":
            from gengine.emotion.text import SaidEmotion  # few runs read the emotion

            self._told = self._told or SaidEmotion(self._smoothing, self._embedding)
            self._told.add(words.words, earliest)
        if words.tags:
            self.act(words.tags, earliest)

    def act(self, tags: tuple[Tag, ...], earliest: float = 0.0) -> None:
        """Feel and act what ``tags`` (times in s of the stream) ask for, from ``earliest`` s on."""
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
        if self._said is not None:
            self._said.drop(before)

    def _hear(self, samples: NDArray[np.float32], last: bool) -> None:
        """Run the encoders over new 16 kHz samples and keep what they settled."""
        self._curves["sound"].append({"sound": samples})
        open_frames = self._hear_phones(self._phones, samples, last) if self._phones else self._gated(samples, last)
        frames = self._prosody.push(samples, self._spoken.opened(open_frames) if self._spoken else open_frames, last)
        self._curves["prosody"].append(dict(frames.__dict__))
        first = self._curves["prosody"].end - len(frames)
        if self._turns is not None:
            self._events["cues"].append(self._attended(self._turns, first, len(frames)))
        elif self.role != "speaking":
            self._events["cues"].append(self._attending.push(frames.speech, first, self.role))
        track = self._emotion.push(frames, samples)
        self._curves["emotion"].append({"weights": track.weights, "vad": track.vad})
        if self._embedding is not None and self.voice is not None:
            self._curves["embedding"].append({"vectors": self.voice.embedded})
        # Heard phones settle later than the prosody around them, so syllables do without them.
        if self._phones is None:
            self._heard_until = self._curves["prosody"].end / ANALYSIS_RATE
        known = None if self._phones or self.words is None else self._given_phones(self.words.phones, last)
        self._events["syllables"].append(self._syllables.push(frames, known))
        if last:
            self._events["syllables"].append(self._syllables.flush())

    def _attended(self, turns: Turns, first: int, count: int) -> list[Cue]:
        """Cues of who listens in the next frames; nobody nods while they speak."""
        if not turns.nods:
            return []
        heard = turns.heard((first + np.arange(count)) / ANALYSIS_RATE)
        return [c for c in self._attending.push(heard, first, "listening") if turns.role(c.start) == "listening"]

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

    def _given_phones(self, given: tuple[Phone, ...], last: bool) -> tuple[Phone, ...]:
        """Phones of the transcript that the sound has reached."""
        rest = given[self._handed_phones :]
        reached = tuple(p for p in rest if p.end <= self._heard_until or last)
        self._handed_phones += len(reached)
        return reached

    def _conditions(
        self, hop: Hop, frames: tuple[int, int], samples: tuple[int, int], times: tuple[float, float]
    ) -> Conditions:
        curves, words = self._curves, self.words or WordTrack(source="heard")
        events: dict[str, Any] = {k: v.read(*times, given=k in self._given) for k, v in self._events.items()}
        if self._soon and self._phones:
            events["phones"] = _whole(events["phones"])
        emotion = EmotionTrack(**curves["emotion"].read(*frames), fps=ANALYSIS_RATE)
        if self._soon and (missing := frames[1] - frames[0] - len(emotion)) > 0:
            emotion = joined([emotion, self._emotion.coming(missing)])
        if self._told is not None:
            emotion = self._told_over(emotion, frames[0])
        if self._dials is not None:
            emotion = self._dials.shape(emotion)
        if self._tags is not None:
            emotion = self._tags.over(emotion, frames[0] / ANALYSIS_RATE)
        source = "heard" if self._phones and words.source == "none" else words.source
        prosody = Prosody(**curves["prosody"].read(*frames))
        jaw = curves["jaw"].read(*frames)["jaw"] if self._phones else None
        if self._said is not None:
            source = RECOGNISED if self._phones else "given"
            events["phones"] = self._said.phones(events["phones"], *times)
            events["syllables"] = self._said.syllables(events["syllables"], *times)
            said = self._said.said
            rows = {k: v if k == "energy" else said(v, hop.first) for k, v in prosody.__dict__.items()}
            prosody, jaw = Prosody(**rows), None if jaw is None else said(jaw, hop.first)
        return Conditions(
            start=hop.first,
            hop_start=hop.start,
            hop_end=hop.end,
            known_until=hop.known,
            ended=hop.ended,
            prosody=prosody,
            **events,
            emotion=emotion,
            speaker=self.speaker,
            language=words.language,
            source=source,
            jaw=jaw,
            sound=curves["sound"].read(*samples)["sound"],
            role=self.role if self._turns is None else self._turns.role(hop.start),
        )


def hear_recording(performance: Performance, hears: bool = True) -> Conditions:
    """Everything known of a recording in one window: what a session hands to its networks hop by hop.

    Its own words, phones, emotion and speaker are taken; phones are heard where it has none, if it ``hears``. Times
    count from second 0 of its sound, so the words of a stretch are to be shifted by its ``start`` first.
    """
    hearing = Hearing(words=performance.words, speaker=performance.speaker, rate=performance.audio.rate, hears=hears)
    hearing.push(performance.audio.samples.astype(np.float32, copy=False))
    hearing.flush()
    return replace(hearing.whole(performance.duration), emotion=performance.emotion.resample(ANALYSIS_RATE))


def _whole(pieces: tuple[Phone, ...]) -> tuple[Phone, ...]:
    """Phones of which pieces were handed out while they went on."""
    runs: list[list[Phone]] = []
    for piece in pieces:
        if runs and runs[-1][-1].symbol == piece.symbol and runs[-1][-1].end == piece.start:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return tuple(
        run[0] if len(run) == 1 else Phone(run[0].symbol, run[0].start, run[-1].end, run[0].stress) for run in runs
    )


def attending(*key: object) -> Attending:
    """Who listens or thinks; several who hear the same differ by ``key``."""
    from gengine.encoders.attending import Attending  # who only speaks needs none

    return Attending(*key)


def _splice(known: tuple[Phone, ...]) -> SplicedPhones:
    """Puts known phones among the heard ones."""
    from gengine.encoders.spliced import SplicedPhones  # a run without recognised words needs none

    return SplicedPhones(known)


class _Resampler:
    """A stream of any rate to 16 kHz that does not depend on chunking."""

    def __init__(self, rate: int) -> None:
        import soxr

        self._rate = rate
        self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def push(self, samples: NDArray[np.float32], last: bool = False) -> NDArray[np.float32]:
        """Samples ``(N,)`` at 16 kHz that the next ones at its rate settle."""
        return self._stream.resample_chunk(samples, last)

    def __deepcopy__(self, memo: dict[int, Any]) -> _Resampler:
        raise GengineError(
            f"Session.fork: sound at {self._rate} Hz cannot be doubled without a latency; give a latency or 16000 Hz"
        )


def _resampler(rate: int, soon: bool) -> Any:
    """To 16 kHz, whatever the rate; None where it is that."""
    if rate == SAMPLE_RATE:
        return None
    if not soon:
        return _Resampler(rate)
    from gengine.encoders.rates import PieceResampler  # a stream that may wait needs none

    return PieceResampler(rate)
