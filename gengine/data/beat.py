"""Reading and writing a corpus in BEAT's layout: ``<speaker>/<id>_<name>_<type>_<start>_<end>.{bvh,wav,…}``."""

from __future__ import annotations

import csv
import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.bounds import LARGEST, TEXT_BYTES, bordered, read_bounded, read_json
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.performance import Performance
from gengine.core.placing import commit, remove, scratch
from gengine.core.speaker import BEAT_SPEAKERS, Speaker
from gengine.core.timing import frame_count
from gengine.core.words import WordTrack
from gengine.data import annotations
from gengine.data.annotations import Gesture
from gengine.data.beat_layout import (
    AUDIO,
    BVH,
    EMOTION,
    FACE,
    SEMANTIC,
    SPLITS,
    TEXTGRID,
    SequenceName,
    find_sequences,
)
from gengine.data.beat_motion import read_body
from gengine.errors import FormatError, GengineError, unknown
from gengine.formats.beat_json import BeatJsonExporter, read_beat_json
from gengine.formats.bvh import BvhExporter
from gengine.inputs.audio import load_audio

SLACK = 1.0
"""Seconds by which the tracks of one recording may differ in length."""
EMOTION_RATE = 20.0
"""Rate of emotion timelines, Hz."""
MIXTURE = ".mixture.csv"
"""Suffix of the file that holds mixtures and strengths, which BEAT's own emotion file cannot say."""
CORPUS = "corpus.json"
"""In the root of a generated corpus: splits by sequence, and where the speech came from."""


@dataclass(frozen=True, eq=False)
class Sequence:
    """One recording: ``semantic (T,)`` scores at the body's rate, ``emotion_id`` 0-7 (the longest one's), and
    ``notes`` in plain words about what was missing or mended."""

    name: str
    performance: Performance
    semantic: NDArray[np.float32]
    emotion_id: int
    gestures: tuple[Gesture, ...] = ()
    notes: tuple[str, ...] = ()

    def part(self, start: float, end: float) -> Sequence:
        """The stretch [start, end) in seconds."""
        motion = self.performance.motion
        fps = motion.fps if motion else 1.0
        semantic = self.semantic[round(start * fps) : round(end * fps)]
        return replace(self, performance=self.performance.slice(start, end), semantic=semantic)


def read_sequence(
    folder: str | Path | dict[str, Path], stem: str, fps: float | None = 30.0, face_fps: float | None = None
) -> Sequence:
    """One sequence of ``folder`` (or of its files by part): body at ``fps`` and face at ``face_fps`` (Hz, None:
    the files' own rates).

    Motion and sound must be there; whatever else is missing is named in ``notes``. Damage in any file is a
    ``GengineError`` that names it, and its line where it has lines.
    """
    files = folder if isinstance(folder, dict) else find_sequences(folder).get(stem, {})
    for part, kind in ((BVH, ".bvh"), (AUDIO, ".wav or .flac")):
        if part not in files:
            raise FormatError(f"{stem}: no {kind} file{'' if isinstance(folder, dict) else f' below {folder}'}")
    name = SequenceName.parse(stem)
    body = read_body(files[BVH])
    notes = [f"{files[BVH].name}: {note}" for note in body.notes]
    notes += [f"{stem}: no {part} file" for part in (TEXTGRID, FACE, EMOTION, SEMANTIC) if part not in files]
    audio = load_audio(files[AUDIO])
    motion = body.motion(fps)
    if body.duration < audio.duration - max(SLACK, 0.02 * audio.duration):
        lasts = f"the motion lasts {body.duration:.2f} s, the sound {audio.duration:.2f} s"
        notes.append(f"{files[BVH].name}: {lasts}: what overlaps is used")
        audio = audio[: round(body.duration * audio.rate)]
    face = read_beat_json(files[FACE]) if FACE in files else None
    face = face.resample(face_fps) if face is not None and face_fps else face
    words = annotations.read_words(files[TEXTGRID], name.language) if TEXTGRID in files else WordTrack()
    gestures = annotations.read_semantic(files[SEMANTIC]) if SEMANTIC in files else ()
    if EMOTION in files:
        feelings = annotations.read_emotion(files[EMOTION])
        shares = np.bincount([f.id for f in feelings], weights=[f.end - f.start + 1e-9 for f in feelings])
        emotion_id = int(shares.argmax())
    else:
        emotion_id = name.emotion or 0
        feelings = (annotations.Feeling(0.0, audio.duration, emotion_id),)
    mixture = files[BVH].with_name(stem + MIXTURE)
    emotion = (
        read_mixture(mixture, audio.duration)
        if mixture.is_file()
        else annotations.emotion_track(feelings, audio.duration, EMOTION_RATE)
    )
    speaker = Speaker.named(name.speaker if 1 <= name.speaker <= len(BEAT_SPEAKERS) else name.name)
    performance = Performance(
        audio=audio, words=words, emotion=emotion, speaker=speaker, motion=motion, face=face,
        provenance={"corpus": "beat", "sequence": stem},
    )  # fmt: skip
    semantic = annotations.semantic_scores(gestures, len(motion), motion.fps)
    return Sequence(stem, performance, semantic, emotion_id, gestures, tuple(notes))


def write_sequence(sequence: Sequence, folder: str | Path) -> dict[str, Path]:
    """Write a sequence into ``<folder>/<speaker id>/`` with every file of the layout; all appear, or none.

    Sound becomes 16-bit ``.wav`` at its own rate, motion keeps its rate and stands on the ground, emotion is
    written twice: BEAT's labels, and mixtures with strengths beside them.
    """
    import soundfile

    p, stem = sequence.performance, sequence.name
    name = SequenceName.parse(stem)
    if p.motion is None:
        raise FormatError(f"{stem}: has no motion, which BEAT's layout holds")
    home = Path(folder) / str(name.speaker)
    home.mkdir(parents=True, exist_ok=True)
    at = scratch(home / stem)
    at.mkdir()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            BvhExporter.write(p, at / f"{stem}.bvh")
        if p.face is not None:
            BeatJsonExporter.write(p, at / f"{stem}.json")
        soundfile.write(at / f"{stem}.wav", p.audio.samples, p.audio.rate, subtype="PCM_16")
        annotations.write_textgrid(p.words.shift(-p.start), p.duration, at / f"{stem}.TextGrid")
        annotations.write_emotion(annotations.feelings_of(p.emotion), at / f"{stem}.csv")
        annotations.write_semantic(sequence.gestures, at / f"{stem}.txt")
        thin = p.emotion.resample(EMOTION_RATE) if p.emotion.fps > EMOTION_RATE else p.emotion
        write_mixture(thin, at / f"{stem}{MIXTURE}")
        written = {file.name: home / file.name for file in sorted(at.iterdir())}
        commit(at, home)
    finally:
        remove(at)
    return {file.removeprefix(stem): path for file, path in written.items()}


def write_mixture(track: EmotionTrack, path: Path) -> None:
    """Rows ``time, 18 strengths, valence, arousal, dominance`` wherever the timeline changes."""
    values = np.concatenate([track.weights, track.vad], axis=1)
    keep = np.ones(len(values), bool)
    keep[1:-1] = (np.abs(np.diff(values, axis=0)).max(axis=1) > 1e-4)[:-1] | (
        np.abs(np.diff(values, axis=0)).max(axis=1) > 1e-4
    )[1:]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time", *EMOTIONS, "valence", "arousal", "dominance"])
        for k in np.flatnonzero(keep):
            writer.writerow([f"{k / track.fps:.4f}", *(f"{x:.4g}" for x in values[k])])


@bordered("write the corpus again")
def read_mixture(path: Path, duration: float, fps: float = EMOTION_RATE) -> EmotionTrack:
    """The timeline that ``write_mixture`` wrote, linear between its rows."""
    columns = ["time", *EMOTIONS, "valence", "arousal", "dominance"]
    rows = []
    text = read_bounded(path, TEXT_BYTES, "write the corpus again").decode("utf-8")
    for line, row in enumerate(csv.reader(text.splitlines()), 1):
        if line == 1:
            if row != columns:
                raise FormatError(f"{path}: line 1: header is not time, 18 emotions, valence, arousal, dominance")
            continue
        try:
            values = [float(x) for x in row]
        except ValueError:
            values = []
        if len(values) != len(columns) or not (np.abs(values) <= LARGEST).all():  # nor is what is no number
            raise FormatError(f"{path}: line {line}: expected {len(columns)} numbers of at most {LARGEST:g}")
        rows.append(values)
    if not rows:
        raise FormatError(f"{path}: line 2: holds no row")
    table = np.array(rows)
    times = np.arange(frame_count(duration, fps)) / fps
    curves = np.stack([np.interp(times, table[:, 0], table[:, k]) for k in range(1, table.shape[1])], axis=1)
    return EmotionTrack(curves[:, : len(EMOTIONS)], curves[:, len(EMOTIONS) :], fps)


@dataclass
class BeatCorpus:
    """A folder in BEAT's layout, read one sequence at a time.

    ``policy`` says what happens to a sequence that cannot be read whole: "strict" raises its error, "skip"
    leaves it out and keeps (name, reason) in ``skipped``, so that nothing damaged is ever used unnoticed.
    """

    root: Path
    fps: float | None = 30.0
    face_fps: float | None = None
    policy: str = "strict"
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = Path(self.root)
        if self.policy not in ("strict", "skip"):
            raise unknown("BeatCorpus policy", self.policy, ("strict", "skip"))
        self.files = find_sequences(self.root)
        about = self.root / CORPUS
        self.about: dict[str, Any] = {}
        if about.is_file():
            hint = "write the corpus again"
            self.about = read_json(about, hint)
            if not isinstance(self.about, dict):
                raise FormatError(f"{about}: is no object of JSON; {hint}")

    def names(self, split: str | None = None, speakers: Iterable[int | str] | None = None) -> list[str]:
        """Stems of a split (train, val, test; None: everything) and of some speakers (ids or names)."""
        wanted = None if speakers is None else {str(s).lower() for s in speakers}
        return [
            stem
            for stem in self.files
            if (split is None or split in self._parts(stem, split))
            and (wanted is None or {str(SequenceName.parse(stem).speaker), SequenceName.parse(stem).name} & wanted)
        ]

    def sequences(
        self,
        split: str | None = None,
        speakers: Iterable[int | str] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Iterator[Sequence]:
        """Read lazily, in order; halves of uncut recordings are cut where a split asks for them.

        ``progress(done, total, stem)`` is called after each one.
        """
        stems = self.names(split, speakers)
        for done, stem in enumerate(stems, 1):
            sequence = self.read(stem)
            if sequence is not None:
                a, b = self.share(stem, split)
                whole = sequence.performance.duration
                yield sequence if (a, b) == (0.0, 1.0) else sequence.part(a * whole, b * whole)
            if progress is not None:
                progress(done, len(stems), stem)

    def build_id(self, stems: Iterable[str]) -> str:
        """What tells two builds of the data apart: 16 hex digits over names and contents of their body files."""
        digest = hashlib.sha256()
        for stem in sorted(stems):
            path = self.files[stem].get(BVH)
            if path is not None:
                with path.open("rb") as file:
                    digest.update(f"{stem}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return digest.hexdigest()[:16]

    def share(self, stem: str, split: str | None) -> tuple[float, float]:
        """Which share of a recording's length [from, to) belongs to a split."""
        return self._parts(stem, split)[split] if split else (0.0, 1.0)

    def read(self, stem: str) -> Sequence | None:
        """One sequence; None where it is damaged and the policy is to skip."""
        if stem not in self.files:
            raise GengineError(f"'{stem}' is not in {self.root}")
        try:
            return read_sequence(self.files[stem], stem, self.fps, self.face_fps)
        except GengineError as error:
            if self.policy == "strict":
                raise
            self.skipped.append((stem, str(error)))
            return None

    def _parts(self, stem: str, split: str) -> dict[str, tuple[float, float]]:
        if split not in SPLITS:
            raise unknown("split", split, SPLITS)
        own = self.about.get("splits", {}).get(stem)
        return {own: (0.0, 1.0)} if own else SequenceName.parse(stem).split_parts()
