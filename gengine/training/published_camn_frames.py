"""A corpus in BEAT's layout as the frames that the published CaMN learns from: 15 fps, 16 kHz, on disk.

Every split is one folder of flat files that are mapped into memory, so a corpus of sixty hours trains in a few
hundred megabytes. The folder's name holds the hash of what went in; one that is there is never built twice.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.audio import SAMPLE_RATE
from gengine.core.bounds import bordered, read_json
from gengine.core.emotion import beat_ids
from gengine.core.euler141 import to_141
from gengine.core.placing import scratch, sync
from gengine.core.skeleton import beat_skeleton
from gengine.core.subwords import plain_word
from gengine.data.beat import BeatCorpus, Sequence
from gengine.data.cache import MANIFEST, CachedCorpus, build_cache
from gengine.errors import FormatError, GengineError
from gengine.networks.camn.published_network import (
    DIMS,
    FACE_NAMES,
    FACE_ORDER,
    FPS,
    SAMPLES,
    WINDOW,
    first_sample,
    words_at,
)

log = logging.getLogger(__name__)

VERSION = 1
FILES: dict[str, tuple[str, tuple[int, ...]]] = {
    "poses": ("<f4", (DIMS,)),
    "face": ("<f4", (len(FACE_NAMES),)),
    "emotion": ("<i2", ()),
    "semantic": ("<f4", ()),
    "word": ("<i4", ()),
    "sound": ("<i2", ()),
}
"""Name, type and row of every file; all but ``sound`` have one row per frame."""


@dataclass(frozen=True, eq=False)
class Frames:
    """The frames of a split, all sequences laid end to end.

    ``poses (F, 141)`` degrees, ``face (F, 51)``, ``emotion (F,)`` ids 0-7, ``semantic (F,)``, ``word (F,)`` index
    into ``texts`` ("" first), ``sound (S,)`` int16. Sequence ``i`` has the frames ``begin[i]`` to ``begin[i + 1]`` and
    its sound begins with sample ``sound_begin[i]``. ``about`` has names, speakers, build id and counts.
    """

    folder: Path
    about: dict[str, Any]
    poses: NDArray[np.float32]
    face: NDArray[np.float32]
    emotion: NDArray[np.int16]
    semantic: NDArray[np.float32]
    word: NDArray[np.int32]
    sound: NDArray[np.int16]

    @property
    def names(self) -> list[str]:
        return self.about["names"]

    @property
    def speakers(self) -> list[str]:
        """Of each sequence."""
        return self.about["speakers"]

    @property
    def texts(self) -> list[str]:
        return self.about["texts"]

    @property
    def begin(self) -> NDArray[np.int64]:
        return np.array(self.about["begin"])

    @property
    def sound_begin(self) -> NDArray[np.int64]:
        return np.array(self.about["sound_begin"])

    def windows(self, stride: int) -> NDArray[np.int64]:
        """``(N, 2)``: sequence, and its frame (from 0) with which a whole window begins."""
        lengths = np.diff(self.begin)
        rows = [(i, k) for i, n in enumerate(lengths.tolist()) for k in range(0, n - WINDOW + 1, stride)]
        return np.array(rows, np.int64).reshape(-1, 2)

    def sound_of(self, sequence: int, frame: int) -> NDArray[np.float32]:
        """Sound ``(36267,)`` in [-1, 1] of the window that begins with ``frame``; silence outside the recording."""
        first, end = self.sound_begin[sequence], self.about["sound_begin"][sequence + 1]
        a = int(first) + first_sample(frame)
        out = np.zeros(SAMPLES, np.float32)
        part = self.sound[max(a, int(first)) : min(a + SAMPLES, end)]
        at = max(int(first) - a, 0)
        out[at : at + len(part)] = part.astype(np.float32) / 32767
        return out


def frames_of(
    data: str | Path,
    split: str,
    cache: str | Path,
    speakers: list[Any] | None = None,
    policy: str = "strict",
) -> tuple[Frames, CachedCorpus]:
    """The frames of a split (of some speakers: ids or names), and the sequences that they were made from.

    Raises ``GengineError`` where nothing is left to learn from. What was skipped or is missing is logged and stands in
    ``Frames.about``.
    """
    corpus = BeatCorpus(Path(data), fps=FPS, face_fps=FPS, policy=policy)
    names = corpus.names(split, speakers)
    if not names:
        whose = f" of speakers {', '.join(map(str, speakers))}" if speakers is not None else ""
        raise GengineError(f"{data}: has no sequence in split '{split}'{whose}; see gengine data check {data}")
    corpus.files = {name: corpus.files[name] for name in names}
    chosen = hashlib.sha256(json.dumps([str(Path(data).resolve()), sorted(map(str, speakers or []))]).encode())
    home = Path(cache) / f"{split}-{chosen.hexdigest()[:8]}"
    cached = build_cache(corpus, home, split)
    for name, reason in cached.skipped:
        log.warning("%s is left out: %s", name, reason)
    manifest = read_json(home / MANIFEST, f"remove {home} and train again")
    key = hashlib.sha256(json.dumps([VERSION, [s["file"] for s in manifest["shards"]]]).encode()).hexdigest()[:16]
    folder = home / f"frames-{key}"
    if not (folder / "about.json").is_file():
        build_id = corpus.build_id([n for n in names if n in cached.names])
        _build(cached, folder, {"build_id": build_id, "split": split, "skipped": [list(s) for s in cached.skipped]})
        for old in home.glob("frames-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    return _open(folder), cached


@bordered("remove it and train again")
def _open(folder: Path) -> Frames:
    about = read_json(folder / "about.json", f"remove {folder} and train again")
    arrays = {}
    for name, (kind, row) in FILES.items():
        count = about["sound_begin"][-1] if name == "sound" else about["begin"][-1]
        path = folder / name
        size = count * int(np.prod(row)) * np.dtype(kind).itemsize
        if not path.is_file() or path.stat().st_size != size:
            raise FormatError(f"{path}: is missing or not {size} bytes long; remove {folder} and train again")
        arrays[name] = np.memmap(path, kind, "r", shape=(count, *row)) if count else np.zeros((0, *row), kind)
    return Frames(folder, about, **arrays)


def _build(cached: CachedCorpus, folder: Path, about: dict[str, Any]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = scratch(folder)
    partial.mkdir()
    texts: dict[str, int] = {"": 0}
    names, speakers, begin, sound_begin, lacking = [], [], [0], [0], Counter()
    rest, root = np.zeros((len(beat_skeleton()), 4, 4)), np.zeros(3)
    files = {name: (partial / name).open("wb") for name in FILES}
    try:
        for sequence in cached:
            rows = _rows(sequence, texts, lacking)
            frames = len(rows["poses"])
            for name, (kind, _) in FILES.items():
                files[name].write(np.ascontiguousarray(rows[name], kind).tobytes())
            names.append(sequence.name)
            speakers.append(sequence.performance.speaker.name)
            begin.append(begin[-1] + frames)
            sound_begin.append(sound_begin[-1] + len(rows["sound"]))
            motion = sequence.performance.motion
            assert motion is not None
            q = motion.rotations[:frames].astype(float)
            rest += np.einsum("tja,tjb->jab", q, q)
            root += motion.root[:frames].astype(float).sum(0)
    finally:
        for file in files.values():
            file.close()
    for what, count in (+lacking).items():
        log.warning("%d of %d sequences have no %s", count, len(names), what)
    about |= {
        "names": names, "speakers": speakers, "begin": begin, "sound_begin": sound_begin, "texts": list(texts),
        "lacking": dict(+lacking), "rest": _mean_turns(rest).tolist(), "root": (root / max(begin[-1], 1)).tolist(),
        "hours": begin[-1] / FPS / 3600,
    }  # fmt: skip
    (partial / "about.json").write_text(json.dumps(about), "utf-8")
    sync(partial)
    try:
        partial.rename(folder)
    except OSError:  # another process was faster, or left something unfinished
        if not (folder / "about.json").is_file():
            shutil.rmtree(folder)
            partial.rename(folder)
    shutil.rmtree(partial, ignore_errors=True)


def _rows(sequence: Sequence, texts: dict[str, int], lacking: Counter[str]) -> dict[str, NDArray]:
    p = sequence.performance
    motion = p.motion
    assert motion is not None
    if p.audio.rate != SAMPLE_RATE:
        raise FormatError(f"{sequence.name}: sound at {p.audio.rate} Hz, expected {SAMPLE_RATE}")
    frames = min(len(motion), int(p.audio.duration * FPS + 1e-6))
    times = p.start + np.arange(frames) / FPS
    face = np.zeros((frames, len(FACE_NAMES)), np.float32)
    if p.face is not None and len(p.face):
        face = p.face.weights[np.minimum(np.arange(frames), len(p.face) - 1)][:, FACE_ORDER]
    else:
        lacking["face"] += 1
    lacking["words"] += not p.words.words
    semantic = np.zeros(frames, np.float32)
    semantic[: len(sequence.semantic)] = sequence.semantic[:frames]
    lacking["semantic scores"] += not sequence.gestures
    at = np.minimum((np.arange(frames) * p.emotion.fps / FPS).astype(int), len(p.emotion) - 1)
    said = [plain_word(word) for word in words_at(p.words.words, times)]
    sound = np.zeros(first_sample(frames) + 1)
    sound[: len(p.audio.samples)] = p.audio.samples[: len(sound)]
    return {
        # The branch of an angle is chosen at the first frame and kept, so channels do not jump by full turns
        "poses": to_141(motion[:frames], np.zeros(DIMS)),
        "face": face,
        "emotion": beat_ids(p.emotion.weights[at], p.emotion.vad[at]),
        "semantic": semantic,
        "word": np.array([texts.setdefault(word, len(texts)) for word in said], np.int32),
        "sound": np.round(np.clip(sound, -1, 1) * 32767),
    }


def _mean_turns(scatter: NDArray) -> NDArray[np.float64]:
    """Mean rotation ``(J, 4)`` of each joint from its summed outer products (Markley et al. 2007)."""
    return rotation.normalize(np.linalg.eigh(scatter)[1][..., -1])


def statistics(values: NDArray, floor: float, block: int = 65536) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation ``(D,)`` over rows ``(F, D)``, no deviation below ``floor``."""
    total, squares = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for a in range(0, len(values), block):
        total += values[a : a + block].sum(0, dtype=float)
    mean = total / len(values)
    for a in range(0, len(values), block):
        squares += ((values[a : a + block].astype(float) - mean) ** 2).sum(0)
    return mean.astype(np.float32), np.maximum(np.sqrt(squares / len(values)), floor).astype(np.float32)


def vocabulary_of(frames: Frames, least: int) -> tuple[str, ...]:
    """Words that are said in at least ``least`` places, the most frequent first."""
    begins = np.concatenate([[True], np.diff(frames.word) != 0])
    counts = Counter(dict(enumerate(np.bincount(frames.word[begins], minlength=len(frames.texts)).tolist())))
    found = [(-n, frames.texts[i]) for i, n in counts.items() if i and n >= least and frames.texts[i]]
    return tuple(word for _, word in sorted(found))
