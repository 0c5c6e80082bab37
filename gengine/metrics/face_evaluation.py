"""Evaluates a face network: it hears recordings with faces, and its own are measured beside theirs and controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import AudioClip
from gengine.core.face import FaceTrack
from gengine.core.noise import stable_seed
from gengine.core.performance import Performance
from gengine.core.words import WordTrack
from gengine.data.faces import FaceCorpus, FaceRecording
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.metrics.controls import FLOOR, SYSTEM, TRUTH, Column, Table
from gengine.metrics.evaluate import Row
from gengine.metrics.evaluation import Progress, label, spread
from gengine.metrics.face_reference import RATE, FacePair, compare
from gengine.network_run import run_network
from gengine.registry import build, known

RULES = "visemes"
"""The rules that a learned face is printed beside."""
WORDS = " + words"
"""Ends the name of a column whose network was handed the words."""

Array = NDArray[np.float64]


def moves_faces(network: str) -> bool:
    """Whether a network (a registered name, or a checkpoint's folder) makes faces rather than bodies."""
    if known("face network", network):
        return True
    return not known("body network", network) and build("body network", network).spec.produces == "face"


def evaluate_faces(
    network: str,
    data: str | Path,
    *,
    only: Sequence[str] = (),
    limit: int | None = None,
    seed: int = 0,
    beside: Sequence[str] = (RULES,),
    words: bool = False,
    progress: Progress | None = None,
) -> Table:
    """The table of a face network (a registered name, a bundled checkpoint or a checkpoint's folder) on recordings.

    ``data`` is what ``gengine.data.faces.FaceCorpus`` reads; ``only`` are patterns of names. Every recording is heard
    with its own emotion and speaker, and without its words; ``words`` adds a column for each network that is
    handed them (recordings without are then left out). ``limit`` takes that many recordings, spread evenly.
    ``progress(done, total, name)`` is called after each. Raises ``GengineError`` where nothing can be measured.
    """
    systems = list(dict.fromkeys([network, *beside]))
    networks = {name: build("face network", name) for name in systems}
    columns = [label(name) + end for end in (("", WORDS) if words else ("",)) for name in systems]
    made: dict[str, list[FacePair]] = {name: [] for name in columns}
    silent: list[FacePair] = []
    corpus = FaceCorpus(data, only)
    chosen = spread(corpus.names, limit)
    for done, stem in enumerate(chosen, 1):
        recording = corpus.read(stem)
        told = with_phones(recording.performance) if recording and words else None
        if progress is not None:
            progress(done, len(chosen), stem)
        if recording is None or (words and told is None):
            continue
        whose = stable_seed(seed, recording.name) % 2**31
        alone = replace(recording.performance, words=WordTrack())
        still = AudioClip(0 * alone.audio.samples, alone.audio.rate)
        pair = None
        for heard, end in ((alone, ""), (told, WORDS)):
            if heard is None:
                continue
            conditions = hear_recording(heard)
            for name, moved in networks.items():
                face = _joined(run_network(moved, conditions, whose))
                pair = pair_of(recording, conditions, face) if pair is None else pair.of(face.resample(RATE))
                made[label(name) + end].append(pair)
        assert pair is not None
        quiet = run_network(networks[network], hear_recording(replace(alone, audio=still)), whose)
        silent.append(pair.of(_joined(quiet).resample(RATE)))
    if not silent:
        raise GengineError(
            f"{data}: no recording {'with words ' * words}of {', '.join(only) or 'any name'} could be used"
        )
    about = {"network": label(network), "data": Path(data).name, "only": ", ".join(only) or "all", "seed": seed}
    return table(made, silent, about)


def pair_of(recording: FaceRecording, conditions: Any, face: FaceTrack) -> FacePair:
    """A face beside that of a recording, with how much is spoken and how loud."""
    times = np.arange(int(recording.performance.duration * RATE)) / RATE
    return FacePair(
        recording.name, face, recording.face, conditions.curve("speech", times), conditions.curve("level", times)
    )


def with_phones(performance: Performance) -> Performance | None:
    """The recording with its words and their phones, aligned where it has none; None where no words are known."""
    if performance.words.phones or not performance.words.words:
        return performance if performance.words.words else None
    from gengine.inputs.align import align
    from gengine.inputs.text import read_text

    said = " ".join(word.text for word in performance.words.words)
    track, _ = align(performance.audio, read_text(said, performance.words.language))
    return replace(performance, words=track)


def table(
    systems: Mapping[str, Sequence[FacePair]], silent: Sequence[FacePair] = (), about: dict[str, Any] | None = None
) -> Table:
    """Every system's rows and those of the controls; ``silent`` are the first system's faces of silence."""
    name, pairs = next(iter(systems.items()))
    columns = [Column(key, SYSTEM, "", rows(own)) for key, own in systems.items()]
    made: list[tuple[str, str, str, Sequence[FacePair]]] = [
        ("truth", TRUTH, "the recordings' own faces", [p.of(p.reference) for p in pairs]),
        ("shifted", TRUTH, "the recordings' own, half of each later (around its end)", [_late(p) for p in pairs]),
        ("mean", FLOOR, "the recordings' mean face, held", _fitted(pairs, np.zeros)),
        ("loudness", FLOOR, "the line through loudness that fits these very recordings best",
         _fitted(pairs, lambda _: np.concatenate([p.level for p in pairs]))),
    ]  # fmt: skip
    if silent:
        made.append(("silence", FLOOR, f"{name} for silence of that length", silent))
    if len(pairs) > 1:
        others = [(p, pairs[i - 1]) for i, p in enumerate(pairs)]
        made.insert(2, ("mismatched", TRUTH, "the face of another recording", [a.of(b.reference) for a, b in others]))
        made.append(("swapped", FLOOR, f"{name} for the sound of another recording", [a.of(b.face) for a, b in others]))
    columns += [Column(key, kind, text, rows(own)) for key, kind, text, own in made]
    seconds = sum(len(p) for p in pairs) / RATE
    return Table(columns, {"recordings": len(pairs), "seconds": round(seconds, 1), "fps": RATE} | (about or {}))


def rows(pairs: Sequence[FacePair]) -> dict[str, Row]:
    """The rows of ``compare`` by name."""
    return {name: Row(name, value, count, of) for name, (value, count, of) in compare(pairs).items()}


def _joined(parts: list[FaceTrack]) -> FaceTrack:
    turned = {name: np.concatenate([getattr(p, name) for p in parts]) for name in FaceTrack.ARRAYS}
    return FaceTrack(**turned, fps=parts[0].fps)


def _late(pair: FacePair) -> FacePair:
    index = np.roll(np.arange(len(pair)), len(pair) // 2)
    turned = {name: getattr(pair.reference, name)[index] for name in FaceTrack.ARRAYS}
    return replace(pair, face=FaceTrack(**turned, fps=RATE))


def _fitted(pairs: Sequence[FacePair], feature: Callable[[int], Array]) -> list[FacePair]:
    """Faces whose every curve is the line through a feature that fits the pooled references best."""
    weights = np.concatenate([p.reference.weights for p in pairs]).astype(float)
    x = np.stack([feature(len(weights)), np.ones(len(weights))], 1)
    fitted = np.clip(x @ np.linalg.lstsq(x, weights, rcond=None)[0], 0, 1)
    parts = np.split(fitted, np.cumsum([len(p) for p in pairs])[:-1])
    still = [(np.tile(p.reference.head[:1], (len(p), 1)), np.zeros((len(p), 2))) for p in pairs]
    return [replace(p, face=FaceTrack(w, h, g, RATE)) for p, w, (h, g) in zip(pairs, parts, still, strict=True)]
