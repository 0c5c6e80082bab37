"""What every table prints beside a system, and the table itself.

Controls made from ground truth say what is reachable: the ground truth itself, one half of it against the other,
the ground truth some seconds late, the motion of another recording. The last two have real motion but not this
speech: what a metric still gives them, it does not owe to the speech. Floors say what nothing at all scores: a pose
held, the mean pose, random beats. Both poses are taken from the ground truth, so they share its posture; the mean
pose of the first system, held as well, shares the system's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.motion import Motion
from gengine.core.noise import generator
from gengine.errors import GengineError
from gengine.metrics.evaluate import Clip, Row, beats_of, distribution, evaluate, metrics, rhythm
from gengine.metrics.fgd import FPS, FgdEncoder, mean_pose, stack
from gengine.metrics.limbs import Body

SYSTEM, TRUTH, FLOOR = "system", "ground truth", "floor"


@dataclass(frozen=True)
class Column:
    """One system or control. ``kind``: "system", "ground truth" (made from it) or "floor"."""

    name: str
    kind: str
    about: str
    rows: dict[str, Row]

    def as_dict(self) -> dict[str, Any]:
        rows = [row.as_dict() for row in self.rows.values()]
        return {"name": self.name, "kind": self.kind, "about": self.about, "rows": rows}


@dataclass(frozen=True)
class Table:
    """Columns and what they were measured on (``about``: clips, seconds, ids of data and encoder)."""

    columns: list[Column]
    about: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        meanings = {k: {"unit": u, "direction": d, "meaning": m} for k, (u, d, m) in metrics().items()}
        return {"about": self.about, "metrics": meanings, "columns": [c.as_dict() for c in self.columns]}

    def value(self, column: str, metric: str) -> float:
        """A cell; NaN where the column has no such row."""
        found = next((c for c in self.columns if c.name == column), None)
        if found is None:
            raise GengineError(f"table: no column '{column}'; it has {', '.join(c.name for c in self.columns)}")
        return found.rows[metric].value if metric in found.rows else math.nan


def table(
    systems: Mapping[str, Sequence[Clip]],
    encoder: FgdEncoder | None = None,
    about: dict[str, Any] | None = None,
    seed: int = 0,
) -> Table:
    """Every system's rows, and those of all controls of the first system's recordings."""
    columns = [Column(name, SYSTEM, "", _by_name(evaluate(clips, encoder, seed))) for name, clips in systems.items()]
    name, clips = next(iter(systems.items()))
    pose = _mean_motion([c.motion for c in clips])
    still = evaluate([_with(c, _held(pose, c.motion)) for c in clips], encoder, seed)
    columns.append(
        Column("still", FLOOR, f"the mean pose of {name}, held: its posture without movement", _by_name(still))
    )
    facts = {"clips": len(clips), "seconds": round(sum(c.duration for c in clips), 2), "fps": FPS, "seed": seed}
    facts |= (about or {}) | (encoder.about() if encoder is not None else {})
    return Table(columns + controls(clips, encoder, seed), facts)


def controls(clips: Sequence[Clip], encoder: FgdEncoder | None = None, seed: int = 0) -> list[Column]:
    """All controls of the recordings behind ``clips``; the systems' own motion plays no part."""
    late = [round(_delay(c, seed) * FPS) for c in clips]
    pose = _mean_motion([c.reference for c in clips])
    made: list[tuple[str, str, str, list[Clip]]] = [
        ("truth", TRUTH, "the recordings' own motion", [_with(c, c.reference) for c in clips]),
        ("shifted", TRUTH, "ground truth, seconds late (around the clip's end)",
         [_with(c, _rolled(c.reference, n)) for c, n in zip(clips, late, strict=True)]),
        ("static", FLOOR, "the pose in the middle of each clip, held",
         [_with(c, _held(c.reference[len(c.reference) // 2 :], c.reference)) for c in clips]),
        ("mean", FLOOR, "the mean pose of all clips, held; it knows their posture, as no system does",
         [_with(c, _held(pose, c.reference)) for c in clips]),
    ]  # fmt: skip
    if len(clips) > 1:
        others = [_with(c, _length(clips[i - 1].reference, len(c.reference))) for i, c in enumerate(clips)]
        made.insert(2, ("mismatched", TRUTH, "the motion of another recording", others))
    columns = [Column(name, kind, text, _by_name(evaluate(own, encoder, seed))) for name, kind, text, own in made]
    if encoder is not None:
        halves = [stack(map(encoder.of, half)) for half in _halves([c.reference for c in clips])]
        rows = _by_name(distribution(halves[0], halves[1], encoder))
        columns.insert(1, Column("split-half", TRUTH, "one half of the ground truth against the other", rows))
    drawn = [_random(c, seed) for c in clips]
    rate = "beats at random times, as many as the ground truth has"
    return [*columns, Column("random beats", FLOOR, rate, _by_name(rhythm(clips, drawn, seed)))]


def _by_name(rows: list[Row]) -> dict[str, Row]:
    return {row.metric: row for row in rows}


def _with(clip: Clip, motion: Motion) -> Clip:
    return replace(clip, motion=motion)


def _delay(clip: Clip, seed: int) -> float:
    """Between a third and two thirds of the clip, so that no echo of its own rhythm is left."""
    return clip.duration * generator(seed, "shift", clip.name).uniform(1 / 3, 2 / 3)


def _rolled(motion: Motion, frames: int) -> Motion:
    """``frames`` later, the end coming first; the path over the ground is carried on at the seam."""
    if not 0 < frames < len(motion):
        return motion
    root = np.concatenate([motion.root[-frames:], motion.root[:-frames]])
    step = motion.root[-1, [0, 2]] - motion.root[0, [0, 2]]
    root[frames:, [0, 2]] += step
    return Motion(motion.skeleton, np.roll(motion.rotations, frames, axis=0), root, motion.fps)


def _length(motion: Motion, frames: int) -> Motion:
    """Exactly ``frames`` long: cut, or begun again from its start."""
    index = np.arange(frames) % max(len(motion), 1)
    return Motion(motion.skeleton, motion.rotations[index], motion.root[index], motion.fps)


def _held(pose: Motion, like: Motion) -> Motion:
    """The first frame of ``pose`` for as long as ``like`` lasts."""
    index = np.zeros(len(like), int)
    return Motion(pose.skeleton, pose.rotations[index], pose.root[index], like.fps)


def _mean_motion(motions: Sequence[Motion]) -> Motion:
    first = motions[0]
    turns = mean_pose(np.concatenate([m.rotations for m in motions]))
    root = np.concatenate([m.root for m in motions]).mean(0)
    return Motion(first.skeleton, turns[None], root[None], first.fps)


def _halves(motions: Sequence[Motion]) -> tuple[list[Motion], list[Motion]]:
    """Every other clip, or the two halves of a single one."""
    if len(motions) > 1:
        return list(motions[::2]), list(motions[1::2])
    middle = len(motions[0]) // 2
    return [motions[0][:middle]], [motions[0][middle:]]


def _random(clip: Clip, seed: int) -> NDArray[np.float64]:
    count = len(beats_of(Body(clip.reference)))
    return np.sort(generator(seed, "random", clip.name).uniform(0, clip.duration, count))
