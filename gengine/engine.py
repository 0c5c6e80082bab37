"""Wires the rooms: a recording, a transcript and an emotion become a performance."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import gengine
from gengine.config import EngineConfig, checked
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.look_at import NOBODY, parse_look_at
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.report import Report
from gengine.core.speaker import Speaker
from gengine.core.words import WordTrack
from gengine.emotion import parse_emotion
from gengine.errors import AudioError, GengineError, wrong_kind
from gengine.exporting import export
from gengine.runs import load, saved
from gengine.streaming import Stream

if TYPE_CHECKING:
    from gengine.core.turns import Turns
    from gengine.emotion.voice import Reference
    from gengine.inputs.part import Part

__all__ = [
    "Take", "animate", "checked_config", "export", "load", "part_of", "pose_of", "resampled", "retarget",
    "saved", "train",
]  # fmt: skip

SOURCE_KINDS = str | Path | AudioClip | np.ndarray | bytes | bytearray | memoryview
Source = SOURCE_KINDS

CAPTURE = "capture"
"""As a face network: the face that the film shows; "capture:2" is the second largest."""

NO_WORDS = "none"
"""As a text and as a recogniser of words: none are to be heard."""


class Take:
    """One run over one recording: iterate it for stretches of performance, then read what it noted.

    ``text`` may also be words with times; ``turns`` are those of a conversation, of which ``source`` holds one person's
    sound. ``report`` says what was made of the inputs; ``seconds`` the time spent in each stage. ``strict`` makes an
    error of the report's warnings: before anything is generated where they are known by then, else at the end.
    """

    def __init__(
        self,
        source: Source,
        *,
        text: str | Path | WordTrack | None = None,
        emotion: Any = "neutral",
        intensity: float = 1.0,
        speaker: Speaker | str | int | None = None,
        seed: int = 0,
        language: str | None = None,
        tier: str | None = None,
        stance: str | Path | Motion | None = None,
        look_at: Any = None,
        voice_reference: str | Path | AudioClip | None = None,
        turns: Turns | None = None,
        dials: Any = None,
        config: EngineConfig | None = None,
        strict: bool = False,
        part: Part | None = None,
    ) -> None:
        for what, value, kinds, expected in (
            ("source", source, SOURCE_KINDS, "the path of a recording, an AudioClip, an array of samples, or bytes"),
            ("text", text, str | Path | WordTrack | None, "the words, or the path of a transcript"),
            ("seed", seed, int | np.integer, "a whole number"),
            ("speaker", speaker, str | int | np.integer | Speaker | None, "a name, a number of BEAT, or a Speaker"),
            ("language", language, str | None, 'a code such as "en"'),
            ("tier", tier, str | None, "the name of a TextGrid's tier or speaker"),
            ("stance", stance, str | Path | Motion | None, "a path, or a Motion"),
            ("voice_reference", voice_reference, str | Path | AudioClip | None, "the path of a recording"),
        ):
            if not isinstance(value, kinds):
                raise wrong_kind(what, value, expected)
        self.source = source
        self.config = config or EngineConfig()
        self.seed = int(seed)
        if isinstance(text, str) and text.strip().lower() == NO_WORDS:
            text, self.config = None, checked_config(self.config, words=NO_WORDS)
        self.text, self.language, self.tier = text, language, tier
        self.report = Report()
        stance = saved(stance) if isinstance(stance, str | Path) else stance
        self.stance: Any = stance
        if isinstance(stance, Path):
            self.stance, notes = _stance(stance)
            self.report += Report(notes=tuple(notes))
        self.part = part
        if isinstance(look_at, str):
            look_at, self.config = None, checked_config(self.config, look_at=look_at)
        self.look_at = parse_look_at(self.config.look_at if look_at is None else look_at)
        self.plan = parse_emotion(emotion, intensity)
        if part is not None and part.first:  # a timeline counts on the recording's clock, as its transcript does
            self.plan = replace(self.plan, times=self.plan.times - part.first)
            self.look_at = self.look_at and self.look_at.shift(part.first)
        self.voice_reference = self._voice(voice_reference)
        self.speaker = speaker if isinstance(speaker, Speaker) else Speaker.named(speaker)
        self.strict, self.turns, self.dials = strict, turns, dials
        if dials is not None:
            from gengine.emotion.dials import parse_dials  # hardly any run has some

            self.dials = parse_dials(dials)
        self.seconds: dict[str, float] = {"decode": 0.0, "align": 0.0}
        self.duration: float | None = source.duration if isinstance(source, AudioClip) else None
        self.audio_seconds = 0.0
        self.settings = {
            "emotion": emotion if isinstance(emotion, str) else repr(emotion),
            "intensity": float(intensity),
            "speaker": self.speaker.name,
            "seed": self.seed,
            "text": str(text) if isinstance(text, str | Path) else None,
            "language": language,
            **({"tier": tier} if tier is not None else {}),
            "stance": str(stance) if isinstance(stance, Path) else None,
            "config": self.config.model_dump(),
            **({"dials": dials if isinstance(dials, str) else repr(self.dials)} if dials is not None else {}),
            **({"look_at": repr(look_at)} if look_at is not None else {}),
            **({"voice_reference": str(voice_reference)} if isinstance(voice_reference, str | Path) else {}),
        }
        if part is not None:
            self.settings |= {"part": part.settings()}

    def __iter__(self) -> Iterator[Performance]:
        from gengine.inputs.audio import open_audio

        face = self._captured()
        words = self.words()
        self.check()
        with ExitStack() as stack:
            if isinstance(self.source, AudioClip) and self.part is None:
                rate, blocks = self.source.rate, _blocks(self.source)
                stream = None
            else:
                stream = stack.enter_context(open_audio(self.source, None, self.part))
                rate, blocks = stream.output_rate, iter(stream)
                self.duration = stream.duration
            session = Stream(
                emotion=self.plan, speaker=self.speaker, words=words, seed=self.seed, rate=rate, stance=self.stance,
                look_at=self.look_at or NOBODY, face=face, voice_reference=self.voice_reference,
                turns=self.turns, dials=self.dials, config=self.config,
            )  # fmt: skip
            while True:
                with self._timed("decode"):
                    block = next(blocks, None)
                if block is None:
                    break
                self.audio_seconds += len(block) / rate
                yield from self._stamped(session.push(block))
            yield from self._stamped(session.flush())
            facts = {"seconds": round(self.audio_seconds, 3)} | (stream.facts if stream is not None else {})
            said = (tuple(stream.notes), tuple(stream.warnings)) if stream is not None else ()
            self.report += Report({"sound": facts}, *said) + session.report()
        if self.audio_seconds == 0:
            raise AudioError(f"{self.source}: holds no sound; give a recording of at least 0.1 s")
        self.seconds |= session.seconds
        self.check()

    @property
    def warnings(self) -> list[str]:
        """Plain sentences about what was dropped or guessed."""
        return list(self.report.warnings)

    def hear(self, report: Report) -> None:
        """What another part of the run reports, an exporter for example, is added and checked."""
        self.report += report
        self.check()

    def check(self) -> None:
        """``GengineError`` where the take is strict and something was dropped or guessed."""
        if self.strict:
            self.report.refuse_warnings()

    def _stamped(self, stretch: Performance | None) -> Iterator[Performance]:
        if stretch is not None:
            yield replace(stretch, provenance={"gengine": gengine.__version__, **self.settings})

    def _captured(self) -> Any:
        """The face that the film shows in the place of a network, where it is asked for."""
        if self.config.face.partition(":")[0] != CAPTURE:
            return None
        from gengine.capturing import captured_face

        with self._timed("capture"):
            network, report = captured_face(self.source, self.config.face, self.part.first if self.part else 0.0)
        self.report += report
        return network

    def _voice(self, recording: str | Path | AudioClip | None) -> Reference | None:
        """The neutral voice in a recording, where the emotion is read from the voice."""
        if recording is None:
            return None
        if not self.plan.listens:
            self.report += Report(notes=("The voice reference is not used: no emotion is read from the voice (auto).",))
            return None
        from gengine.emotion.voice import neutral_reference
        from gengine.inputs.audio import load_audio

        clip = recording if isinstance(recording, AudioClip) else load_audio(recording)
        return neutral_reference(np.concatenate([*analysis_blocks(clip), np.zeros(0, np.float32)]))

    def words(self) -> WordTrack | None:
        """The transcript with times, aligned to the sound where it has none; without one, the words recognised."""
        if self.text is None:
            return self._recognised()
        if isinstance(self.text, WordTrack):
            return self.text
        from gengine.inputs.align import align
        from gengine.inputs.audio import load_audio
        from gengine.inputs.text import read_text

        transcript = read_text(self.text, self.language, self.tier)
        if self.part is not None:
            from gengine.inputs.part import words_between

            transcript = words_between(transcript, self.part.first, self.part.last)
        with self._timed("decode"):
            whole = self.source if isinstance(self.source, AudioClip) and self.part is None else None
            clip = whole or load_audio(self.source, part=self.part)
        with self._timed("align"):
            track, report = align(clip, transcript)
        self.report += report
        return track

    def _recognised(self) -> WordTrack | None:
        """Words heard in the sound, as far as they are believed."""
        from gengine.recognition import chosen

        recogniser = chosen(self.config.words, self.language)
        if recogniser is None:
            self.report += Report({"words": {"given": 0, "sounds": "heard"}})
            return None
        from gengine.inputs.audio import open_audio
        from gengine.recognition.recognise import recognise

        with self._timed("words"), ExitStack() as stack:
            if isinstance(self.source, AudioClip) and self.part is None:
                blocks = analysis_blocks(self.source)
            else:
                blocks = iter(stack.enter_context(open_audio(self.source, part=self.part)))
            track, report = recognise(blocks, recogniser)
        self.report += report
        return track

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began


def _blocks(clip: AudioClip) -> Iterator[NDArray[np.float32]]:
    """A clip's samples second by second, as a file's arrive, so that progress can be told."""
    for first in range(0, len(clip.samples), clip.rate):
        yield clip.samples[first : first + clip.rate]


def analysis_blocks(clip: AudioClip) -> Iterator[NDArray[np.float32]]:
    """A clip's samples at the rate of all analysis, second by second."""
    if clip.rate == SAMPLE_RATE:
        return _blocks(clip)
    import soxr

    return _blocks(AudioClip(soxr.resample(clip.samples, clip.rate, SAMPLE_RATE), SAMPLE_RATE))


def animate(
    source: Source,
    emotion: Any = "neutral",
    *,
    text: str | Path | None = None,
    words: str | None = None,
    speaker: Speaker | str | int | None = None,
    seed: int = 0,
    intensity: float = 1.0,
    fps: float = 30.0,
    face_fps: float = 60.0,
    language: str | None = None,
    tier: str | None = None,
    face: str | None = None,
    body: str | None = None,
    calm: float | None = None,
    stance: str | Path | Motion | None = None,
    look_at: Any = None,
    voice_reference: str | Path | AudioClip | None = None,
    dials: Any = None,
    config: EngineConfig | None = None,
    strict: bool = False,
    track: int | str | None = None,
    channel: int | str | None = None,
    start: float | str | None = None,
    end: float | str | None = None,
    raw: str | None = None,
    rate: int | None = None,
    progress: Callable[[float, float | None], None] | None = None,
) -> Performance:
    """A whole performance from a recording.

    Parameters:
        source: a sound or video file (wav flac mp3 ogg m4a mp4 mkv …), the bytes of one, an ``AudioClip``, or
            samples (N,) or (N, channels) at ``rate``: floats in [-1, 1], int16, int32 or uint8.
        emotion: a label ("happy", "wistful"), a mixture ("happy:0.6+surprised:0.3"), a point "vad:v,a,d" with
            valence, arousal and dominance, "auto" (read from the voice), a timeline file (.json .csv .srt), an
            ``EmotionTrack`` or an ``EmotionPlan``.
        text: the words said, or a file of them, with or without times (.txt .srt .lrc .TextGrid .json …). With None
            they are recognised as ``words`` says, with "none" the sound alone is followed; "" is an error.
        words: who recognises them without a text: "auto" (the default), "whisper", "whisper:MODEL" with a folder or
            a name of the hub, which is then downloaded, "pocketsphinx" (English), or "none".
        speaker: "storyteller", "conversational", "orator", a BEAT name or number, any other name for a stable style
            of its own, or a ``Speaker``.
        seed: another number gives another take of the same speech.
        intensity: scales the emotion, 0 to 2.
        fps: frames per second of the body, 15 to 120 Hz.
        face_fps: frames per second of the face, 15 to 120 Hz.
        language: of the text ("en", "de", "zh", …); else guessed.
        tier: the tier or speaker of a TextGrid; else the one who speaks most.
        face: the network that moves the face: "visemes" (rules), "a2m" (a mouth learned from real ones), "auto"
            (a2m where no words are known), a checkpoint's folder, or "capture" (the face that a film shows; "capture:2"
            its second largest).
        body: the network that moves the body: "choreographer" (rules), "camn" (learned), or a checkpoint's folder.
        calm: 0 to 1, how much smaller and rarer body and head move than the speaker usually would.
        stance: a .bvh, a saved performance, a run's folder or a ``Motion``, in whose first pose the body begins and
            whose posture it keeps.
        look_at: whom the eyes rest on, wherever head and trunk turn: "listener" (ahead at eye height, the default),
            "camera", "none" (the eyes go along with the head), "x,y,z" or (x, y, z) in metres of the world (x to the
            character's left, y up, z ahead; the body begins at 0, 0, 0), a target that moves as rows (N, 4) of
            (seconds, x, y, z), or a function that is asked (x, y, z) of each second.
        voice_reference: a recording of the speaker being neutral, against which "auto" reads the voice; without one
            what is usual of the speaker is learned while they speak.
        dials: shape the emotion, any of "strength=0.8,smoothing=1,contrast=2,most=2,prefer=happy:0.3" and
            "face=1,body=0.6,head=1", or a dictionary: what is felt is multiplied, what is read comes and goes over so
            many seconds more, strong and weak are driven apart, so many stay at a time, one is added; and how much
            face, body and head show, 0 to 2.
        config: everything else; ``words``, ``fps``, ``face_fps``, ``face``, ``body`` and ``calm`` win over it.
        track: of a video with several sound tracks: a number from 0, a language or a title; else its default one.
        channel: a number from 0, "left", "right" or "mix"; else the mean, or one where channels cancel each other.
        start, end: seconds (or "m:s") of the part to take, on the recording's clock, on which the times of transcripts
            and emotion timelines count too; words without times are those of the part.
        raw: layout of a file or bytes without a header: "s16le:24000:1" is format, rate and channels.
        rate: samples per second of an array, Hz.
        strict: make an error of what else is a warning: words or sound that had to be dropped or guessed.
        progress: called after each stretch with the seconds done and those of the whole recording, None where its
            length is not known before.

    Returns a ``Performance``: its ``motion`` has rotations (T, 75, 4) and root (T, 3) m at ``fps``, its ``face``
    weights (T, 52), head and gaze at ``face_fps``; ``provenance`` says how it was
    made and holds ``warnings`` and the whole ``report``, as ``gengine.core.report.Report.as_dict`` gives it.

    Raises ``AudioError``, ``TextError`` or ``EmotionError`` for what cannot be read, ``MissingExtraError`` where the
    body network is not installed, and ``GengineError`` (their common base) for any other bad value.

    >>> performance = gengine.animate("speech.wav", "happy:0.7", text="What is said.", seed=1)
    >>> performance.face.channel("jawOpen").max()
    """
    if not isinstance(config, EngineConfig | None):
        raise wrong_kind("config", config, "an EngineConfig")
    config = checked_config(
        config or EngineConfig(), words=words, body_fps=fps, face_fps=face_fps, face=face, body=body, calm=calm
    )
    take = Take(
        source, text=text, emotion=emotion, intensity=intensity, speaker=speaker, seed=seed, language=language,
        tier=tier, stance=stance, look_at=look_at, voice_reference=voice_reference, dials=dials,
        config=config, strict=strict,
        part=part_of(track=track, channel=channel, start=start, end=end, raw=raw, rate=rate),
    )  # fmt: skip
    stretches, done = [], 0.0
    for stretch in take:
        stretches.append(stretch)
        done += stretch.duration
        if progress is not None:
            progress(done, take.duration)
    performance = Performance.join(stretches)
    said = {"warnings": take.warnings, "report": take.report.as_dict()}
    return replace(performance, provenance={**performance.provenance, **said})


def part_of(**given: Any) -> Part | None:
    """A ``Part`` of what is given of track, channel, start, end, raw and rate; None where nothing is."""
    if all(value is None for value in given.values()):
        return None
    from gengine.inputs.part import Part

    return Part(**given)


def pose_of(path: str | Path) -> Motion:
    """The first pose of any humanoid's BVH, or of a saved performance or run, on BEAT's joints."""
    return _stance(path)[0]


def _stance(path: str | Path) -> tuple[Motion, list[str]]:
    """The pose of ``pose_of`` and notes on what was told of its file."""
    notes: list[str] = []
    motion: Motion | None
    if Path(path).suffix.lower() == ".bvh":
        motion, notes = read_any_body(path)
    else:
        motion = load(path).motion
    if motion is None or not len(motion):
        raise GengineError(f"--stance {path}: holds no body motion; give a .bvh, a performance.npz or a run's folder")
    return motion[:1], notes


def retarget(
    source: str | Path, out: str | Path, to: str = "beat", fps: float | None = None, bones: str | Path | None = None
) -> tuple[Path, list[str]]:
    """Write the motion of any humanoid's BVH on another skeleton: a rig's name, or the path of a BVH that has it.

    ``fps`` is the rate to write (Hz; else the file's), ``bones`` the path of a map of the source's joints. Returns the
    file, and notes on what was told of both. Raises ``FormatError`` for what is no humanoid's motion.
    """
    from gengine.formats.bvh import BvhExporter

    motion, notes = read_any_body(source, bones)
    if not len(motion):
        raise GengineError(f"{source}: holds no frame; give a .bvh that moves")
    if Path(out).suffix.lower() != ".bvh":
        raise GengineError(f"{out}: expected a file that ends in .bvh")
    motion = motion if fps is None else motion.resample(fps)
    try:
        with BvhExporter(out, skeleton=to) as writer:
            writer.append_motion(motion)
    except OSError as error:
        raise GengineError(f"{out}: cannot be written ({error.strerror}); choose another place") from None
    return writer.path, [*notes, *writer.report.notes]


def read_any_body(path: str | Path, bones: str | Path | None = None) -> tuple[Motion, list[str]]:
    """The motion of a BVH on BEAT's joints, standing on y = 0, and notes: BEAT's own files as BEAT has them."""
    from gengine.data.beat_motion import has_beats_joints, read_body
    from gengine.formats.humanoid_bvh import read_humanoid_bvh

    if bones is None and has_beats_joints(path):
        body = read_body(path)
        return body.motion(), [f"{Path(path).name}: {note}" for note in body.notes]
    return read_humanoid_bvh(path, bones=bones)


def checked_config(config: EngineConfig, **changes: Any) -> EngineConfig:
    """``config`` with changed fields, validated like a file's."""
    return checked(EngineConfig, config.model_dump() | {k: v for k, v in changes.items() if v is not None})


def resampled(performance: Performance, fps: float | None, face_fps: float | None) -> Performance:
    """A performance at other frame rates, checked like ``--fps``."""
    checked_config(EngineConfig(), body_fps=fps, face_fps=face_fps)
    return performance.resample(fps, face_fps)


def train(config: str | Path, out: str | Path, settings: list[str], resume: bool = True) -> Path:
    """Run the training that a configuration's ``train`` names into the run folder ``out``.

    ``config`` is a file or the name of a bundled configuration ("camn-synthetic"). A run that was interrupted there
    goes on where it saved its state, unless ``resume`` is False.
    """
    from gengine.config import find_config, parse_settings, read_yaml
    from gengine.errors import MissingExtraError
    from gengine.training.settings import training_of

    path = find_config("train", config)
    training = training_of({**read_yaml(path), **parse_settings(settings)}, f"configuration {path}")
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("training", "train")
    if not resume:
        from gengine.training.run_folder import forget

        forget(out)
    return training.run(Path(out))
