"""Sequences as arrays that load in milliseconds: ``.npz`` shards and one JSON manifest, no pickle.

A shard is named by the hash of everything that went into it: the bytes of its input files, the settings and
the version of this code. So a changed file or setting gives another name and is built anew, an interrupted
build goes on with the shards it has, and the manifest, written last, only ever lists whole shards.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.array_bounds import archive, check_finite, check_unit, load_array
from gengine.core.audio import AudioClip
from gengine.core.bounds import border, bordered, read_json
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.placing import whole
from gengine.core.skeleton import Skeleton
from gengine.core.speaker import Speaker
from gengine.core.words import Phone, Word, WordTrack
from gengine.data.annotations import Gesture
from gengine.data.beat import MIXTURE, BeatCorpus, Sequence
from gengine.data.beat_layout import BVH
from gengine.errors import FormatError, GengineError

VERSION = 1
"""Raise it when what is stored changes its meaning."""
MANIFEST = "cache.json"
SHARD = 16
"""Sequences per shard."""
Progress = Callable[[int, int, str], None]


def build_cache(
    corpus: BeatCorpus,
    folder: str | Path,
    split: str | None = None,
    progress: Progress | None = None,
) -> CachedCorpus:
    """Bring the cache of ``corpus`` (its split, or everything) in ``folder`` up to date, and open it.

    Shards whose inputs and settings are unchanged are kept. ``progress(done, total, what)`` is called per shard.
    Old shards are removed only after the new manifest is in place. Damaged input follows the corpus's policy;
    what was skipped stands in the manifest with its reason.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "version": VERSION,
        "fps": corpus.fps,
        "face_fps": corpus.face_fps,
        "split": split,
        "policy": corpus.policy,
    }
    known = _manifest(folder) or {}
    hashes: dict[str, list[Any]] = dict(known.get("inputs", {}))
    stems = corpus.names(split)
    keys = {stem: _key(corpus, stem, settings, hashes) for stem in stems}
    groups = [stems[i : i + SHARD] for i in range(0, len(stems), SHARD)]
    shards = []
    for done, group in enumerate(groups, 1):
        key = hashlib.sha256("".join(keys[s] for s in group).encode()).hexdigest()[:20]
        path = folder / f"shard-{key}.npz"
        about = _about(path)
        if about is None:
            before = len(corpus.skipped)
            sequences = [s for stem in group for s in _read(corpus, stem, split)]
            _write(path, sequences, corpus.skipped[before:])
            about = _about(path)
            assert about is not None
        shards.append({"file": path.name, "bytes": path.stat().st_size, **about})
        if progress is not None:
            progress(done, len(groups), path.name)
    used = {str(p) for stem in stems for p in _inputs(corpus, stem)}
    content = {
        "format": "gengine sequence cache",
        "settings": settings,
        "shards": shards,
        "inputs": {k: v for k, v in hashes.items() if k in used},
    }
    with whole(folder / MANIFEST) as made:
        made.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    keep = {s["file"] for s in shards}
    for old in folder.glob("shard-*.npz"):
        if old.name not in keep:
            old.unlink(missing_ok=True)
    return CachedCorpus(folder)


@dataclass
class CachedCorpus:
    """A built cache: ``len``, indexing and iteration give ``Sequence``; ``skipped`` lists (name, reason)."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder = Path(self.folder)
        about = _manifest(self.folder)
        if about is None:
            raise FormatError(f"{self.folder}: holds no whole sequence cache ({MANIFEST}); build it")
        with border(self.folder / MANIFEST, "build the cache again"):
            for shard in about["shards"]:
                path = self.folder / Path(shard["file"]).name
                if not os.path.isfile(path) or path.stat().st_size != shard["bytes"]:
                    raise FormatError(f"{path}: is missing or not of the size in its manifest; build the cache again")
            self.settings: dict[str, Any] = about["settings"]
            self.skipped = [(str(name), str(reason)) for shard in about["shards"] for name, reason in shard["skipped"]]
            self._places = [
                (Path(shard["file"]).name, i) for shard in about["shards"] for i in range(len(shard["names"]))
            ]
            self.names = [str(name) for shard in about["shards"] for name in shard["names"]]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sequence:
        file, place = self._places[index]
        return _load(self.folder / file, place)

    def __iter__(self) -> Iterator[Sequence]:
        return (self[i] for i in range(len(self)))


def _read(corpus: BeatCorpus, stem: str, split: str | None) -> Iterator[Sequence]:
    sequence = corpus.read(stem)
    if sequence is not None:
        a, b = corpus.share(stem, split)
        whole = sequence.performance.duration
        yield sequence if (a, b) == (0.0, 1.0) else sequence.part(a * whole, b * whole)


def _inputs(corpus: BeatCorpus, stem: str) -> list[Path]:
    files = list(corpus.files[stem].values())
    if BVH in corpus.files[stem]:
        files.append(corpus.files[stem][BVH].with_name(stem + MIXTURE))
    return sorted(p for p in files if p.is_file())


def _key(corpus: BeatCorpus, stem: str, settings: dict[str, Any], hashes: dict[str, list[Any]]) -> str:
    """Hash of a sequence's inputs and settings; files of known size and time are not read again."""
    parts = [json.dumps(settings, sort_keys=True), stem, json.dumps(corpus.share(stem, settings["split"]))]
    for path in _inputs(corpus, stem):
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns]
        known = hashes.get(str(path))
        if known is None or known[:2] != stamp:
            with path.open("rb") as file:
                hashes[str(path)] = [*stamp, hashlib.file_digest(file, "sha256").hexdigest()]
        parts.append(f"{path.name}:{hashes[str(path)][2]}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        content = read_json(folder / MANIFEST, "build the cache again")
    except FormatError:
        return None
    return content if isinstance(content, dict) and content.get("format") == "gengine sequence cache" else None


def _about(path: Path) -> dict[str, Any] | None:
    """Names and skips of a whole shard; None where it is absent or damaged."""
    try:
        return _about_of(path)
    except FormatError:
        return None


@bordered("build the cache again")
def _about_of(path: Path) -> dict[str, Any]:
    with archive(path, "build the cache again") as shard:
        about = json.loads(load_array(shard, "about").tobytes())
    return {"names": [s["name"] for s in about["sequences"]], "skipped": about["skipped"]}


def _write(path: Path, sequences: list[Sequence], skipped: list[tuple[str, str]]) -> None:
    arrays: dict[str, NDArray] = {}
    facts = []
    for i, s in enumerate(sequences):
        p = s.performance
        motion = p.motion
        assert motion is not None
        rows = {
            "audio": np.round(np.clip(p.audio.samples, -1, 1) * 32767).astype("<i2"),
            "rotations": motion.rotations,
            "root": motion.root,
            "parents": motion.skeleton.parents,
            "offsets": motion.skeleton.offsets,
            "semantic": s.semantic,
            "emotion": p.emotion.weights,
            "vad": p.emotion.vad,
        }
        if p.face is not None:
            rows |= {"face": p.face.weights, "head": p.face.head, "gaze": p.face.gaze}
        arrays |= {f"{i}.{name}": values for name, values in rows.items()}
        facts.append(
            {
                "name": s.name, "emotion_id": s.emotion_id, "notes": s.notes, "start": p.start,
                "speaker": p.speaker.name, "rate": p.audio.rate, "fps": motion.fps, "emotion_fps": p.emotion.fps,
                "face_fps": p.face.fps if p.face else None, "joints": motion.skeleton.names,
                "words": [(w.text, w.start, w.end) for w in p.words.words],
                "phones": [(x.symbol, x.start, x.end, x.stress) for x in p.words.phones],
                "language": p.words.language, "source": p.words.source, "provenance": p.provenance,
                "gestures": [(g.kind, g.start, g.end, g.score, g.keywords) for g in s.gestures],
            }
        )  # fmt: skip
    about = json.dumps({"sequences": facts, "skipped": skipped}).encode()
    arrays["about"] = np.frombuffer(about, np.uint8)
    try:
        with whole(path, ".npz") as made:
            np.savez(made, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        raise GengineError(f"{path}: cannot be written ({error.strerror}); free space or choose another") from None


@lru_cache(maxsize=4)
def _facts(path: Path, stamp: int) -> list[dict[str, Any]]:
    with archive(path, "build the cache again") as shard:
        return json.loads(load_array(shard, "about").tobytes())["sequences"]


@bordered("build the cache again")
def _load(path: Path, place: int) -> Sequence:
    f = _facts(path, path.stat().st_mtime_ns)[place]
    with archive(path, "build the cache again") as shard:

        def get(name: str) -> NDArray:
            values = load_array(shard, f"{place}.{name}")
            (check_unit if name in ("rotations", "head") else check_finite)(values, name)
            return values

        skeleton = Skeleton(tuple(f["joints"]), get("parents"), get("offsets"))
        face = FaceTrack(get("face"), get("head"), get("gaze"), f["face_fps"]) if f["face_fps"] else None
        performance = Performance(
            audio=AudioClip(get("audio").astype(np.float32) / 32767, f["rate"]),
            words=WordTrack(
                tuple(Word(*w) for w in f["words"]),
                tuple(Phone(*p) for p in f["phones"]),
                f["language"],
                f["source"],
            ),
            emotion=EmotionTrack(get("emotion"), get("vad"), f["emotion_fps"]),
            speaker=Speaker.named(f["speaker"]),
            motion=Motion(skeleton, get("rotations"), get("root"), f["fps"]),
            face=face,
            provenance=f["provenance"],
            start=f["start"],
        )
        gestures = tuple(Gesture(*g) for g in f["gestures"])
        return Sequence(f["name"], performance, get("semantic"), f["emotion_id"], gestures, tuple(f["notes"]))
