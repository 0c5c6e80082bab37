"""Evaluates a body network: it performs a corpus's own recordings, and is measured beside every control."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gengine.config import EngineConfig
from gengine.core.motion import Motion
from gengine.core.noise import stable_seed
from gengine.core.performance import Performance
from gengine.data.beat import BeatCorpus
from gengine.data.beat import Sequence as Recorded
from gengine.encoders.syllables import is_vowel
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.metrics import report
from gengine.metrics.controls import Table, table
from gengine.metrics.evaluate import Clip
from gengine.metrics.fgd import DEFAULT, FPS, FgdEncoder, mean_pose, poses_at_15
from gengine.metrics.speech_coupling import stressed_onsets
from gengine.streaming import Stream

TEACHER = "choreographer"
"""The rule-based network that a learned one is printed beside."""
SHORTEST = 3.0
"""Seconds; shorter recordings hold no window and no beat worth counting, and are left out."""
GIVEN = 4
"""Poses of a recording that published networks are handed before they begin."""
Progress = Callable[[int, int, str], None]


def evaluate_network(
    network: str,
    data: str | Path,
    *,
    split: str = "test",
    speakers: Sequence[int | str] | None = None,
    limit: int | None = None,
    seed: int = 0,
    encoder: str | Path | None = DEFAULT,
    beside: Sequence[str] = (TEACHER,),
    stance: bool = False,
    progress: Progress | None = None,
) -> Table:
    """The table of a body network (a registered name, a bundled checkpoint or a checkpoint's folder) on a split.

    Every recording is performed with its own words, emotion and speaker, at 15 fps. ``limit`` takes that many
    recordings, spread evenly; ``encoder`` None leaves the feature distances out; ``beside`` names other networks;
    ``stance`` adds a column for each network that is handed the recording's first poses, as published ones are.
    ``progress(done, total, what)`` is called after each performance. What could not be read stands in the table's
    ``about`` as ``skipped``. Raises ``GengineError`` where nothing is left to measure.
    """
    judge = None if encoder is None else FgdEncoder.load(encoder)
    corpus = BeatCorpus(Path(data), fps=FPS, policy="skip")
    stems = spread(_stems(corpus, split, speakers), limit)
    systems = list(dict.fromkeys([network, *beside]))
    for name in systems:
        Stream(config=EngineConfig(body=name))  # an unknown or damaged network says so before anything is read
    ways = [(name, given) for given in ((False, True) if stance else (False,)) for name in systems]
    made: dict[str, list[Clip]] = {_column(*way): [] for way in ways}
    short = 0
    for done, stem in enumerate(stems, 1):
        recorded = corpus.read(stem)
        if recorded is not None:
            a, b = corpus.share(stem, split)
            whole = recorded.performance.duration
            recorded = recorded if (a, b) == (0.0, 1.0) else recorded.part(a * whole, b * whole)
            if recorded.performance.duration < SHORTEST:
                short += 1
            else:
                first = None
                for name, given in ways:
                    motion = perform(name, recorded.performance, stable_seed(seed, stem) % 2**31, given)
                    first = clip_of(recorded, motion, first)
                    made[_column(name, given)].append(first)
        if progress is not None:
            progress(done, len(stems), stem)
    if not made[label(network)]:
        why = f"; {corpus.skipped[0][1]}" if corpus.skipped else ""
        raise GengineError(f"{corpus.root}: no recording of split '{split}' could be used{why}")
    about = {
        "network": label(network), "data": corpus.root.name, "split": split,
        "data_id": corpus.build_id(c.name for c in made[label(network)]), "skipped": len(corpus.skipped) + short,
    }  # fmt: skip
    if stance:
        about["+ stance"] = f"handed the first {GIVEN} poses of each recording"
    return table(made, judge, about, seed)


def label(network: str) -> str:
    """A column's name: the registered name, or where the checkpoint lies."""
    path = Path(network)
    return f"{path.parent.name}/{path.name}" if path.name in ("best", "last") else path.name


def _column(network: str, given: bool) -> str:
    return label(network) + " + stance" * given


def perform(network: str, recording: Performance, seed: int, stance: bool = False) -> Motion:
    """What a body network makes at 15 fps of a recording's sound, words, emotion and speaker.

    With ``stance`` it also begins in the mean of the recording's first ``GIVEN`` poses and keeps that posture.
    """
    pose = None
    if stance:
        body = recording.motion
        assert body is not None
        given = poses_at_15(body)[:GIVEN]
        pose = Motion(given.skeleton, mean_pose(given.rotations)[None], given.root[:1], FPS)
    words = recording.words.shift(-recording.start) if recording.start else recording.words
    session = Stream(
        emotion=recording.emotion, speaker=recording.speaker, words=words if words.phones else None, seed=seed,
        rate=recording.audio.rate, stance=pose, config=EngineConfig(body=network, body_fps=FPS),
    )  # fmt: skip
    parts = [session.push(recording.audio.samples), session.flush()]
    motion = Performance.join([p for p in parts if p is not None]).motion
    assert motion is not None
    return motion


def clip_of(recorded: Recorded, motion: Motion, like: Clip | None = None) -> Clip:
    """A motion beside its recording; ``like`` is another system's clip of it, whose speech is not heard again."""
    if like is not None:
        return replace(like, motion=motion)
    truth = recorded.performance.motion
    assert truth is not None
    onsets, accents = speech_of(recorded.performance)
    return Clip(recorded.name, motion, truth, recorded.semantic, onsets, accents)


def speech_of(recording: Performance) -> tuple[np.ndarray, np.ndarray]:
    """Onsets of syllables and of accents, seconds from the recording's first frame.

    Vowels of the given phones and stressed vowels of content words; without phones both are heard in the sound.
    """
    words = recording.words
    if words.phones:
        onsets = [p.start for p in words.phones if is_vowel(p.symbol)]
        accents = stressed_onsets(words.phones, [(w.text, w.start, w.end) for w in words.words])
        return np.array(onsets) - recording.start, np.array(accents) - recording.start
    found = hear_recording(recording).syllables
    return np.array([s.onset for s in found]), np.array([s.onset for s in found if s.prominence >= 0.5])


def write(found: Table, out: Path) -> dict[str, Path]:
    """``evaluation.json``, ``.txt`` and ``.png`` in a folder."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        files = {kind: out / f"evaluation.{kind}" for kind in ("json", "txt", "png")}
        files["json"].write_text(json.dumps(found.as_dict(), indent=1) + "\n", "utf-8")
        files["txt"].write_text("\n".join(report.lines(found)) + "\n", "utf-8")
        report.plot(found, files["png"])
    except OSError as error:
        raise GengineError(f"--out {out}: cannot be written ({error.strerror}); choose another folder") from None
    return files


def _stems(corpus: BeatCorpus, split: str, speakers: Sequence[int | str] | None) -> list[str]:
    stems = corpus.names(split, speakers)
    if stems:
        return stems
    if not corpus.files:
        raise GengineError(f"{corpus.root}: holds no sequence in BEAT's layout (<speaker>/<id>_<name>_0_<n>_<n>.bvh …)")
    counts = ", ".join(f"{s} {len(corpus.names(s))}" for s in ("train", "val", "test"))
    of = f" of speakers {', '.join(map(str, speakers))}" if speakers else ""
    raise GengineError(f"{corpus.root}: split '{split}' has no sequence{of}; it has, for all speakers: {counts}")


def spread(stems: list[str], limit: int | None) -> list[str]:
    """At most ``limit`` names, spread evenly."""
    if limit is not None and limit < 1:
        raise GengineError(f"--limit {limit}: expected 1 or more")
    if limit is None or limit >= len(stems):
        return stems
    return [stems[i] for i in np.linspace(0, len(stems) - 1, limit).round().astype(int)]
