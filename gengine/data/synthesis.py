"""A corpus in BEAT's layout made by the engine: recordings x emotions x speakers x seeds.

The same arguments give the same files, whatever the number of workers: each sequence draws its emotion,
speaker and seed from the corpus's seed and its recording's name alone.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import gengine
from gengine.config import EngineConfig
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.bounds import read_json
from gengine.core.emotion import BEAT_EMOTIONS, EMOTIONS
from gengine.core.noise import generator, stable_seed
from gengine.core.performance import Performance
from gengine.core.placing import whole
from gengine.core.speaker import Speaker
from gengine.core.words import Phone, WordTrack
from gengine.data import beat
from gengine.data.annotations import Gesture, cover, gesture_kind, semantic_scores
from gengine.data.recordings import LICENCES, LONGEST, Recording, SpeechClip
from gengine.errors import FormatError, GengineError
from gengine.streaming import Stream

SPEAKERS: tuple[str, ...] = (
    "storyteller", "conversational", "orator", "alma", "bela", "cato", "dora", "emil", "finn", "gala", "hedy", "ivo",
    "jona", "kira", "leon", "mona",
)  # fmt: skip
"""Default speakers; they are numbered from 31, after BEAT's thirty."""
FIRST_ID = 31
PAUSE = 0.5
"""Seconds of silence between the clips of a take."""


@dataclass(frozen=True)
class Job:
    """One sequence to make: its name, how the engine is set, and its split."""

    stem: str
    emotion: Any
    speaker: str
    seed: int
    split: str


@dataclass
class Made:
    """What ``synthesize`` did. ``rate`` is hours of motion per minute of work."""

    out: str
    sequences: int = 0
    reused: int = 0
    hours: float = 0.0
    minutes: float = 0.0
    rate: float = 0.0
    notes: list[str] = field(default_factory=list)


def synthesize(
    out: str | Path,
    recordings: Sequence[Recording],
    *,
    emotions: Sequence[Any] | None = None,
    speakers: Sequence[str] = SPEAKERS,
    seed: int = 0,
    hours: float | None = None,
    limit: int | None = None,
    workers: int | None = None,
    fps: float = 30.0,
    face_fps: float = 60.0,
    progress: Callable[[float, float, str], None] | None = None,
) -> Made:
    """Animate ``recordings`` until ``hours`` of motion or ``limit`` sequences are made (neither: each once).

    ``emotions`` are expressions to choose from; without them each take draws a label with a strength, a
    mixture of two, or a change from one to another, except where the voice's own emotion is known: then body
    and face follow the voice. Sequences that ``out`` already holds from the same settings are kept.
    ``progress(seconds made, seconds wanted, stem)`` is called after each sequence. Semantic scores are those of
    the strokes that the body network planned; splits go by recording, so none is heard in two of them.
    """
    began = time.perf_counter()
    if not recordings:
        raise GengineError("synthesize: no recordings were given; see --source")
    _check_speakers(speakers)
    out = Path(out)
    config = EngineConfig(body_fps=fps, face_fps=face_fps)
    plan, wanted = _plan(recordings, emotions, speakers, seed, hours, limit)
    _check_folder(out, {job.stem for _, jobs in plan for job in jobs})
    made, facts = Made(str(out)), {}
    tasks = [(str(out), recording, jobs, config.model_dump()) for recording, jobs in plan]
    count = min(workers or os.cpu_count() or 1, len(tasks))

    def take(result: tuple[list[dict[str, Any]], list[str]]) -> None:
        for fact in result[0]:
            facts[fact["stem"]] = fact
            made.sequences += 1
            made.reused += fact["reused"]
            made.hours += fact["seconds"] / 3600
            if progress is not None:
                progress(made.hours * 3600, wanted, fact["stem"])
        made.notes += result[1]

    if count <= 1:
        for task in tasks:
            take(_animate(*task))
    else:
        before = set(multiprocessing.active_children())
        with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_begin) as pool:
            try:
                for future in as_completed([pool.submit(_animate, *task) for task in tasks]):
                    take(future.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in set(multiprocessing.active_children()) - before:
                    worker.terminate()  # tasks already handed over cannot be cancelled
                raise
    if not facts:
        raise GengineError(f"synthesize: nothing could be made; {made.notes[0] if made.notes else 'no jobs'}")
    _write_about(out, facts, seed)
    made.notes.sort()
    made.minutes = (time.perf_counter() - began) / 60
    fresh = sum(f["seconds"] for f in facts.values() if not f["reused"]) / 3600
    made.rate = fresh / made.minutes
    return made


JOBS = ".jobs"
"""Folder of one small file per finished sequence, by which a broken-off run goes on."""


def _check_folder(out: Path, stems: set[str]) -> None:
    """A folder holds one corpus: leftovers of another run would be read as part of this one."""
    try:
        (out / JOBS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GengineError(f"--out {out}: cannot be written ({error.strerror}); choose another folder") from None
    others = sorted({path.stem for path in (out / JOBS).glob("[!.]*.json")} - stems)
    if others:
        raise GengineError(
            f"--out {out}: holds {len(others)} sequence(s) of a run with other settings ({others[0]}, …); choose "
            "another folder, or delete that one (the same settings with more --hours continue a corpus)"
        )


def _check_speakers(speakers: Sequence[str]) -> None:
    for name in speakers:
        if not name.isalnum():
            raise GengineError(f"speaker '{name}': letters and digits only, since the name becomes part of file names")
    if not speakers:
        raise GengineError("speakers: none were given")


def _plan(
    recordings: Sequence[Recording], emotions: Sequence[Any] | None, speakers: Sequence[str], seed: int,
    hours: float | None, limit: int | None,
) -> tuple[list[tuple[Recording, list[Job]]], float]:  # fmt: skip
    """Jobs by recording: passes over all recordings in a shuffled order until enough is planned."""
    if (hours is not None and not hours > 0) or (limit is not None and limit < 1):
        raise GengineError(f"synthesize: hours {hours}, limit {limit}; expected numbers above 0")
    order = [recordings[i] for i in generator(seed, "order").permutation(len(recordings))]
    plan: list[list[Job]] = [[] for _ in order]
    total, made, passes = 0.0, 0, 0
    while True:
        for recording, jobs in zip(order, plan, strict=True):
            enough = (hours is not None and total >= hours * 3600) or (limit is not None and made >= limit)
            if enough or (hours is None and limit is None and passes):
                return [(r, j) for r, j in zip(order, plan, strict=True) if j], total
            rng = generator(seed, "take", recording.name, passes)
            speaker = int(rng.integers(len(speakers)))
            emotion = _emotion(rng, recording, emotions)
            made += 1
            stem = f"{FIRST_ID + speaker}_{speakers[speaker]}_0_{made}_{made}"
            split = split_of(recording.name)
            jobs.append(Job(stem, emotion, speakers[speaker], stable_seed(seed, recording.name, passes) % 2**31, split))
            total += recording.seconds + PAUSE * (len(recording.clips) - 1)
        passes += 1


def split_of(name: str) -> str:
    """The split that a recording's name falls into: four fifths train, a tenth each val and test."""
    draw = stable_seed("split", name) % 100
    return "test" if draw < 10 else "val" if draw < 20 else "train"


def _emotion(rng: np.random.Generator, recording: Recording, emotions: Sequence[Any] | None) -> Any:
    if emotions:
        return emotions[int(rng.integers(len(emotions)))]

    def one(low: float = 0.35) -> str:
        names = BEAT_EMOTIONS if rng.random() < 0.8 else EMOTIONS[len(BEAT_EMOTIONS) :]
        name = names[int(rng.integers(len(names)))]
        return name if name == "neutral" else f"{name}:{rng.uniform(low, 1.0):.2f}"

    if recording.emotion:
        return f"{recording.emotion}:{rng.uniform(0.6, 1.0):.2f}" if recording.emotion != "neutral" else "neutral"
    kind = rng.random()
    if kind < 0.6:
        return one()
    if kind < 0.85:
        first, second = rng.permutation(len(BEAT_EMOTIONS) - 1)[:2] + 1
        strengths = rng.uniform(0.25, 0.7, 2)
        return f"{BEAT_EMOTIONS[first]}:{strengths[0]:.2f}+{BEAT_EMOTIONS[second]}:{strengths[1]:.2f}"
    return [(0.0, one()), (round(float(rng.uniform(0.3, 0.7)) * recording.seconds, 2), one())]


# ---- work of one process


def _begin() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # half-written sequences are cleared away
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _animate(
    out: str, recording: Recording, jobs: list[Job], config: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """All takes of one recording; the sound is read and aligned once."""
    facts: list[dict[str, Any]] = []
    notes: list[str] = []
    loaded: tuple[AudioClip, WordTrack | None] | None = None
    sources = _digest(recording)
    for job in jobs:
        key = stable_seed(gengine.__version__, repr(job), repr(sorted(config.items())), sources)
        done = Path(out) / JOBS / f"{job.stem}.json"
        fact = _done(done, key, Path(out))
        if fact is None:
            try:
                loaded = loaded or load_take(recording, notes)
                sequence = _take(job, *loaded, EngineConfig(**config))
            except GengineError as error:
                notes.append(f"{recording.name}: left out: {error}")
                break
            files = beat.write_sequence(sequence, out)
            fact = {
                "stem": job.stem, "key": key, "seconds": round(sequence.performance.duration, 3), "split": job.split,
                "recording": recording.name, "corpus": recording.corpus, "voice": recording.speaker,
                "emotion": job.emotion, "speaker": job.speaker, "seed": job.seed,
                "files": [str(p.relative_to(out)) for p in files.values()],
            }  # fmt: skip
            _replace(done, json.dumps(fact))
            fact["reused"] = 0
        facts.append(fact)
    return facts, notes


def _digest(recording: Recording) -> str:
    """Hash of the clips' bytes and texts."""
    digest = hashlib.sha256()
    for clip in recording.clips:
        for path in (clip.path, clip.text):
            digest.update(path.read_bytes() if isinstance(path, Path) else str(path).encode())
    return digest.hexdigest()


def _done(path: Path, key: int, out: Path) -> dict[str, Any] | None:
    try:
        fact = read_json(path, "the sequence is made again")
    except FormatError:
        return None
    whole = isinstance(fact, dict) and fact.get("key") == key and all((out / file).is_file() for file in fact["files"])
    return {**fact, "reused": 1} if whole else None


def _replace(path: Path, text: str) -> None:
    with whole(path) as made:
        made.write_text(text, "utf-8")


def load_take(recording: Recording, notes: list[str]) -> tuple[AudioClip, WordTrack | None]:
    """The take's sound at 16 kHz, its clips joined by pauses, and its words where all of them are known."""
    from gengine.inputs.audio import load_audio

    pause = np.zeros(round(PAUSE * SAMPLE_RATE), np.float32)
    pieces: list[Any] = []
    tracks: list[tuple[float, WordTrack | None]] = []
    clock = 0
    for clip in recording.clips:
        if pieces:
            pieces.append(pause)
            clock += len(pause)
        sound = load_audio(clip.path)[: int(LONGEST * SAMPLE_RATE)]
        tracks.append((clock / SAMPLE_RATE, _words(recording, clip, sound, notes)))
        pieces.append(sound.samples)
        clock += len(sound)
    audio = AudioClip(np.concatenate(pieces), SAMPLE_RATE)
    known = [(at, track) for at, track in tracks if track is not None]
    return audio, _joined(known, audio.duration) if len(known) == len(tracks) else None


def _words(recording: Recording, clip: SpeechClip, sound: AudioClip, notes: list[str]) -> WordTrack | None:
    from gengine.inputs.align import align
    from gengine.inputs.text import read_text

    if clip.text is None:
        return None
    try:
        track, _ = align(sound, read_text(clip.text, recording.language))
    except GengineError as error:
        notes.append(f"{recording.name}: its transcript is not used: {error}")
        return None
    return track if track.phones else None


def _joined(tracks: list[tuple[float, WordTrack]], duration: float) -> WordTrack:
    words, phones = [], []
    for (at, track), until in zip(tracks, [*(t for t, _ in tracks[1:]), duration], strict=True):
        moved = track.shift(at)
        words += moved.words
        phones += moved.phones
        if phones[-1].end < until - 1e-6:
            phones.append(Phone("sil", phones[-1].end, until))
    first = tracks[0][1]
    sources = {track.source for _, track in tracks}
    return WordTrack(tuple(words), tuple(phones), first.language, "estimated" if "estimated" in sources else "aligned")


def _take(job: Job, audio: AudioClip, words: WordTrack | None, config: EngineConfig) -> beat.Sequence:
    session = Stream(
        emotion=job.emotion, speaker=Speaker.named(job.speaker), words=words, seed=job.seed, rate=audio.rate,
        config=config,
    )  # fmt: skip
    parts: list[Performance] = []
    strokes: dict[float, tuple[float, float, float, str]] = {}
    for start in range(0, len(audio) + 1, audio.rate):  # one second at a time: planned strokes are soon forgotten
        last = start + audio.rate > len(audio)
        parts.append(session.push(audio.samples[start : start + audio.rate]))  # type: ignore[arg-type]
        if last:
            parts.append(session.flush())  # type: ignore[arg-type]
        planner = getattr(session.state("body"), "planner", None)
        strokes |= {s[0]: s for s in getattr(planner, "strokes", ())}
    performance = Performance.join([p for p in parts if p is not None])
    performance = replace(performance, provenance={"gengine": gengine.__version__, "job": job.stem})
    if words is not None:
        performance = replace(performance, words=words)
    gestures = cover([_labelled(s, performance.words) for s in strokes.values()], performance.duration)
    motion = performance.motion
    assert motion is not None
    semantic = semantic_scores(gestures, len(motion), motion.fps)
    feelings = beat.annotations.feelings_of(performance.emotion)
    longest = max(feelings, key=lambda f: f.end - f.start)
    return beat.Sequence(job.stem, performance, semantic, longest.id, gestures)


def _labelled(stroke: tuple[float, float, float, str], words: WordTrack) -> Gesture:
    start, end, score, _ = stroke
    said = " ".join(w.text for w in words.words if w.end > start and w.start < end)
    kind = gesture_kind(score)
    return Gesture(kind, start, end, beat.annotations.GESTURE_SCORES[kind], said)


def _write_about(out: Path, facts: dict[str, dict[str, Any]], seed: int) -> None:
    corpora = sorted({f["corpus"] for f in facts.values()})
    kept = ("recording", "voice", "emotion", "speaker", "seed", "seconds")
    about = {
        "format": "gengine corpus",
        "gengine": gengine.__version__,
        "seed": seed,
        "speech": {name: LICENCES.get(name, "the user's own") for name in corpora},
        "splits": {stem: facts[stem]["split"] for stem in sorted(facts)},
        "sequences": {stem: {k: facts[stem][k] for k in kept} for stem in sorted(facts)},
    }
    _replace(out / beat.CORPUS, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
