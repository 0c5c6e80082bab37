"""A corpus in BEAT's layout as rows that a motion network learns from: features, poses, semantic scores."""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.bounds import border
from gengine.core.conditions import Conditions
from gengine.core.face import FaceTrack
from gengine.core.noise import stable_seed
from gengine.core.placing import whole
from gengine.data.beat import BeatCorpus, Sequence
from gengine.encoders.lexicon import lexicon
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.network_run import run_network
from gengine.networks.camn.features import face_rows, features_of, traits_of
from gengine.networks.camn.pose_space import centred
from gengine.networks.camn.stroke_plan import planned_strokes, strokes_of
from gengine.networks.visemes.network import VisemeNetwork

log = logging.getLogger(__name__)

VERSION = 4
"""Raise it when a row changes its meaning."""


@dataclass(frozen=True, eq=False)
class MotionExamples:
    """Rows of all sequences one after the other; ``starts (S + 1,)`` says where each begins.

    ``columns``: ``audio, text, subwords, cues, emotion, face, predicted_face (N, ·)`` of ``features.Features``,
    ``plan, own_plan (N, STROKES)``: the strokes of the motion itself and those that would be planned for it,
    ``rotations (N, J, 4)``, ``root (N, 3)`` m, ``semantic (N,)``; ``traits (S, ·)`` and ``names`` by sequence.
    ``moments`` are onsets of syllables and of accents (s) by sequence; ``build`` is the hash of all that went in.
    """

    columns: dict[str, NDArray]
    starts: NDArray[np.int64]
    traits: NDArray[np.float32]
    names: tuple[str, ...]
    moments: tuple[tuple[list[float], list[float]], ...]
    kinds: tuple[str, ...]
    fps: float
    build: str

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, sequence: int) -> slice:
        """Where a sequence's rows lie."""
        return slice(int(self.starts[sequence]), int(self.starts[sequence + 1]))


def collect(
    root: Path, split: str, fps: float, cache: Path, speakers: list[Any] | None = None, policy: str = "skip"
) -> MotionExamples:
    """Rows of a split at ``fps`` (Hz), from ``cache`` where the same were made before.

    ``policy`` "strict" raises for the first sequence that cannot be read whole; "skip" leaves it out and says so.
    What a sequence lacks (words, face, emotion) is said too.
    """
    corpus = BeatCorpus(root, fps=fps, policy=policy)
    names = corpus.names(split, speakers)
    if not names:
        raise GengineError(f"{root}: split '{split}' holds no sequence; see: gengine data check {root}")
    build = _build_id(corpus, names, split, fps)
    path = cache / f"motion-{build}.npz"
    if not path.is_file():
        log.info("%s: reading %d sequences of %s", root, len(names), split)
        _write(path, corpus, names, split, fps, build)
    with border(path, "delete it: it is made again"), np.load(path, allow_pickle=False) as file:
        about = json.loads(file["about"].tobytes())
        columns = {k.removeprefix("row."): file[k] for k in file.files if k.startswith("row.")}
        examples = MotionExamples(
            columns, file["starts"], file["traits"], tuple(about["names"]), tuple(map(tuple, about["moments"])),
            tuple(about["kinds"]), fps, build,
        )  # fmt: skip
    for name, reason in about["skipped"]:
        log.warning("%s: left out: %s", name, reason)
    for note in about["notes"]:
        log.warning("%s", note)
    return examples


def _row(corpus: BeatCorpus, stem: str, split: str, fps: float, kinds: tuple[str, ...]) -> dict[str, NDArray] | None:
    sequence = corpus.read(stem)
    if sequence is None:
        return None
    a, b = corpus.share(stem, split)
    whole = sequence.performance.duration
    sequence = sequence if (a, b) == (0.0, 1.0) else sequence.part(a * whole, b * whole)
    return _rows_of(sequence, fps, kinds, synthetic=bool(corpus.about))


def _rows_of(sequence: Sequence, fps: float, kinds: tuple[str, ...], synthetic: bool) -> dict[str, NDArray]:
    p = replace(sequence.performance, words=sequence.performance.words.shift(-sequence.performance.start), start=0.0)
    assert p.motion is not None
    motion = centred(p.motion)
    c = hear_recording(p)
    count = len(motion)
    features = features_of(c, np.arange(count), fps, kinds)
    times = np.arange(count) / fps
    predicted = p.face if synthetic and p.face is not None else _predicted_face(c)
    rows = {k: v for k, v in features.__dict__.items() if k != "face"}
    rows["face"] = face_rows(p.face or predicted, 0.0, times)
    if not synthetic:  # a user has no face but the predicted one: the network must meet both
        rows["predicted_face"] = face_rows(predicted, 0.0, times)
    seed = stable_seed("plan", sequence.name)
    rows |= {"plan": strokes_of(motion), "own_plan": planned_strokes(c, p.speaker, seed, motion.skeleton, count, fps)}
    return rows | {
        "rotations": motion.rotations, "root": motion.root, "semantic": np.asarray(sequence.semantic, np.float32),
        "traits": traits_of(p.speaker), "onsets": np.array([s.onset for s in c.syllables]),
        "accents": np.array([s.onset for s in c.syllables if s.prominence >= 0.5]), "notes": np.array(sequence.notes),
    }  # fmt: skip


def _predicted_face(c: Conditions) -> FaceTrack:
    parts = run_network(VisemeNetwork(), c, seed=0)
    weights, head, gaze = (np.concatenate([getattr(f, n) for f in parts]) for n in ("weights", "head", "gaze"))
    return FaceTrack(weights, head, gaze, parts[0].fps)


def _build_id(corpus: BeatCorpus, names: list[str], split: str, fps: float) -> str:
    digest = hashlib.sha256(f"{VERSION} {fps} {split} {corpus.policy}".encode())
    for stem in names:
        digest.update(f"{stem} {corpus.share(stem, split)}".encode())
        for path in sorted(corpus.files[stem].values()):
            stat = path.stat()
            digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _work(task: tuple[Path, str, list[str], str, float, tuple[str, ...]]) -> tuple[list[Any], list[tuple[str, str]]]:
    root, policy, stems, split, fps, kinds = task
    corpus = BeatCorpus(root, fps=fps, policy=policy)
    rows = [(stem, row) for stem in stems if (row := _row(corpus, stem, split, fps, kinds)) is not None]
    return rows, corpus.skipped


def _write(path: Path, corpus: BeatCorpus, names: list[str], split: str, fps: float, build: str) -> None:
    kinds = tuple(sorted(set(lexicon("en").values())))
    groups = [names[i : i + 8] for i in range(0, len(names), 8)]
    tasks = [(corpus.root, corpus.policy, group, split, fps, kinds) for group in groups]
    run: Callable[..., Any] = map
    pool = None
    if len(tasks) > 4 and (os.cpu_count() or 1) > 1:
        pool = ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), initializer=_one_thread)
        run = pool.map
    found: list[tuple[str, dict[str, NDArray]]] = []
    skipped: list[tuple[str, str]] = []
    try:
        for done, (rows, left) in enumerate(run(_work, tasks), 1):
            found += rows
            skipped += left
            if done % 16 == 0 or done == len(tasks):
                log.info("%d of %d sequences read", min(done * 8, len(names)), len(names))
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    if not found:
        raise GengineError(f"{corpus.root}: no sequence of '{split}' could be read: {skipped[0][1]}")
    columns = [k for k in found[0][1] if k not in ("traits", "onsets", "accents", "notes")]
    arrays = {f"row.{k}": np.concatenate([row[k] for _, row in found]) for k in columns}
    lengths = [len(row["semantic"]) for _, row in found]
    arrays |= {"starts": np.cumsum([0, *lengths]), "traits": np.stack([row["traits"] for _, row in found])}
    moments = [[row[k].round(4).tolist() for k in ("onsets", "accents")] for _, row in found]
    about = {
        "names": [stem for stem, _ in found], "moments": moments, "kinds": kinds, "skipped": skipped,
        "notes": [str(note) for _, row in found for note in row["notes"]],
    }  # fmt: skip
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path, ".npz") as made:
        np.savez(made, **arrays)  # type: ignore[arg-type]


def _one_thread() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
