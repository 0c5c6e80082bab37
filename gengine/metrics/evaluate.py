"""One evaluation of body motion against recordings: the trainer and the command line both call ``evaluate``.

A ``Clip`` is one system's motion for one recording beside the recording's own motion and speech. ``evaluate``
turns clips into rows; each row has a value, its unit, which way is better, how much it was measured on and the
hash of the feature extractor where there is one. Everything is read at 15 fps, the rate of the published
metrics: speeds and smoothness depend on it. ``controls`` makes what every table prints beside a system.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core import rotation
from gengine.core.euler141 import JOINTS, to_141
from gengine.core.motion import Motion
from gengine.core.noise import generator
from gengine.errors import GengineError
from gengine.metrics import safety
from gengine.metrics.alignment import beat_alignment, motion_beats
from gengine.metrics.clip_metric import clip_metrics
from gengine.metrics.diversity import coverage, density, l1_diversity
from gengine.metrics.face_reference import FACE_METRICS
from gengine.metrics.fgd import FPS, FgdEncoder, fgd_of_features, in_posture_of, poses_at_15, stack
from gengine.metrics.gesture import measure_wrists
from gengine.metrics.limbs import Body
from gengine.metrics.portrait_films import EXPRESSION_METRICS, PORTRAIT_METRICS
from gengine.metrics.speech_coupling import coupling
from gengine.metrics.srgr import srgr, srgr_beat

NEIGHBOURS = 5
MOST_WINDOWS = 2000
"""Coverage and density compare every window with every other; more than these are thinned evenly."""
DRAWS = 20
"""Random-beat controls are the mean of this many draws."""
SHIFTS = 100
"""Circular shifts behind the chance level of accent coupling."""

METRICS: dict[str, tuple[str, str, str]] = {
    "srgr_beat": ("1", "higher", "SRGR as BEAT's code has it: |Euler error| < 4 degrees, weighted by meaning / 0.165"),
    "srgr": ("share", "higher", "SRGR: joints within 10 degrees, weighted by meaning; ground truth is 1"),
    "fgd": ("1", "lower", "Frechet gesture distance of windows"),
    "fgd_movement": ("1", "lower", "FGD with each joint's mean rotation turned to the recordings' own: no posture"),
    "coverage": ("share", "higher", "real windows with a generated one nearby"),
    "density": ("1", "truth", "generated windows in real neighbourhoods; 1 is expected of real motion"),
    "beat_alignment": ("share", "truth", "motion beats near syllable onsets, sigma 0.3 s"),
    "beat_random": ("share", "control", "the same for random beats at the same rate"),
    "beat_gain": ("share", "higher", "beat alignment beyond random beats"),
    "beat_rate": ("1/s", "truth", "motion beats: minima of the wrists' speed"),
    "accent_coupling": ("share", "higher", "speed peaks within 150 ms of accented vowels"),
    "accent_chance": ("share", "control", "the same with the speech shifted around the clip"),
    "accent_gain": ("share", "higher", "accent coupling beyond chance"),
    "diversity_l1": ("cm", "truth", "deviation from the clip's mean pose, summed over 47 joints x 3"),
    "wrist_speed": ("cm/s", "truth", "mean speed of the wrists"),
    "joint_speed": ("deg/s", "truth", "mean angular speed of the 47 joints"),
    "ldlj": ("1", "truth", "log dimensionless jerk of the wrists, 5 s windows; nearer to 0 is smoother"),
    "ldlj_gap": ("1", "zero", "the same, less the ground truth's"),
    "foot_sliding": ("cm/s", "lower", "horizontal speed of planted feet"),
}
"""Unit, better direction and meaning by name. Directions: "higher", "lower", "truth" (nearest to the ground truth's
value), "zero" (nearest to 0), "control" (read the row beside it)."""


def metrics() -> dict[str, tuple[str, str, str]]:
    """``METRICS``, those of faces and portraits, and those of outside packages."""
    own = METRICS | FACE_METRICS | PORTRAIT_METRICS | EXPRESSION_METRICS
    return own | {k: (m.unit, m.direction, m.meaning) for k, m in clip_metrics().items() if k not in own}


@dataclass(frozen=True, eq=False)
class Clip:
    """``motion`` of a system and ``reference``, the recording's own; both are brought to 15 fps and one length.

    ``semantic (T,)`` are scores at the reference's rate as given; ``onsets`` of syllables and ``accents`` (stressed
    vowels of content words) are seconds from the first frame.
    """

    name: str
    motion: Motion
    reference: Motion
    semantic: NDArray[np.floating]
    onsets: NDArray[np.floating]
    accents: NDArray[np.floating]

    def __post_init__(self) -> None:
        semantic = np.asarray(self.semantic, float)
        if semantic.shape != (len(self.reference),):
            raise GengineError(f"clip {self.name}: semantic {semantic.shape}, expected ({len(self.reference)},)")
        if abs(self.motion.duration - self.reference.duration) > 0.5:
            raise GengineError(
                f"clip {self.name}: motion of {self.motion.duration:.2f} s beside a reference of "
                f"{self.reference.duration:.2f} s; expected the same recording"
            )
        reference, motion = poses_at_15(self.reference), poses_at_15(self.motion)
        frames = min(len(reference), len(motion))
        index = np.minimum(
            np.round(np.arange(len(reference)) * self.reference.fps / FPS).astype(int), len(semantic) - 1
        )
        fields = {
            "reference": reference if len(reference) == frames else reference[:frames],
            "motion": motion if len(motion) == frames else motion[:frames],
            "semantic": semantic[index][:frames] if len(semantic) else semantic,
            "onsets": np.sort(np.asarray(self.onsets, float)),
            "accents": np.sort(np.asarray(self.accents, float)),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def duration(self) -> float:
        return self.reference.duration


@dataclass(frozen=True)
class Row:
    """One measured number. ``n`` counts what it was taken over, in ``of``; ``extractor`` is a SHA-256 or empty."""

    metric: str
    value: float
    n: int
    of: str
    extractor: str = ""

    @property
    def unit(self) -> str:
        return metrics()[self.metric][0]

    @property
    def direction(self) -> str:
        return metrics()[self.metric][1]

    def as_dict(self) -> dict[str, object]:
        value = self.value if math.isfinite(self.value) else None
        facts: dict[str, object] = {"metric": self.metric, "value": value, "unit": self.unit}
        facts |= {"direction": self.direction, "n": self.n, "of": self.of}
        return facts | ({"extractor": self.extractor} if self.extractor else {})


_angles: WeakKeyDictionary[Motion, NDArray] = WeakKeyDictionary()
_truth: WeakKeyDictionary[Motion, float] = WeakKeyDictionary()


def _once(known: WeakKeyDictionary[Motion, Any], motion: Motion, measure: Callable[[Motion], Any]) -> Any:
    """A reference is measured once, however many systems are held against it."""
    if motion not in known:
        known[motion] = measure(motion)
    return known[motion]


def evaluate(clips: Sequence[Clip], encoder: FgdEncoder | None = None, seed: int = 0) -> list[Row]:
    """Every row of ``METRICS`` that the clips allow, averaged over frames, beats or windows of all of them.

    Without ``encoder`` the rows that need one are left out. What cannot be measured is NaN (a static pose has no
    beats). Raises ``GengineError`` for no clips and for motions without BEAT's joints.
    """
    if not clips:
        raise GengineError("evaluate: no clips were given, expected at least one")
    rows = recall(clips)
    if encoder is not None:
        pred, ref = (stack([encoder.of(getattr(c, side)) for c in clips]) for side in ("motion", "reference"))
        rows += distribution(pred, ref, encoder)
        pred = stack(map(encoder.of, in_posture_of([c.motion for c in clips], [c.reference for c in clips])))
        rows.append(Row("fgd_movement", fgd_of_features(pred, ref), len(pred), "windows", encoder.sha256))
    bodies = [Body(c.motion) for c in clips]
    rows += rhythm(clips, [beats_of(b) for b in bodies], seed)
    rows += accents(clips, bodies)
    return rows + movement(clips, bodies) + outside(clips)


def outside(clips: Sequence[Clip]) -> list[Row]:
    """Rows of the metrics that outside packages bring."""
    measured = {k: m.mean(k, clips) for k, m in clip_metrics().items() if k not in METRICS}
    return [Row(name, value, count, "clips") for name, (value, count) in measured.items()]


def recall(clips: Sequence[Clip]) -> list[Row]:
    """Both SRGRs, weighted over all clips as if they were one."""
    hits = weights = total = 0.0
    frames = 0
    for c in clips:
        ours, theirs = (m.rotations[:, [m.skeleton.index(j) for j in JOINTS]] for m in (c.motion, c.reference))
        angles = _once(_angles, c.reference, to_141)
        total += srgr_beat(to_141(c.motion, angles), angles, c.semantic) * len(c.semantic)
        if (weight := float(c.semantic.sum())) > 0:
            hits += srgr(ours, theirs, c.semantic) * weight
            weights += weight
        frames += len(c.semantic)
    share = hits / weights if weights else math.nan
    return [Row("srgr_beat", total / max(frames, 1), frames, "frames"), Row("srgr", share, frames, "frames")]


def distribution(pred: NDArray, ref: NDArray, encoder: FgdEncoder) -> list[Row]:
    """FGD, coverage and density of two sets of latents ``(N, 300)`` and ``(M, 300)``."""
    rows = [Row("fgd", fgd_of_features(pred, ref), len(pred), "windows", encoder.sha256)]
    a, b = (x[:: -(-len(x) // MOST_WINDOWS) or 1] for x in (ref, pred))
    if len(a) > NEIGHBOURS and len(b):
        rows.append(Row("coverage", coverage(a, b, NEIGHBOURS), len(b), "windows", encoder.sha256))
        rows.append(Row("density", density(a, b, NEIGHBOURS), len(b), "windows", encoder.sha256))
    return rows


def beats_of(body: Body) -> NDArray[np.float64]:
    """Motion beats (s) of a body: local minima of the summed speed of its wrists."""
    return motion_beats(np.round(body.speed.sum(1), 2), body.fps)  # a held pose trembles in its last digits


def rhythm(clips: Sequence[Clip], beats: Sequence[ArrayLike], seed: int = 0) -> list[Row]:
    """Alignment of motion beats (s, one array per clip) with syllable onsets, and of random beats at their rate."""
    real = chance = 0.0
    count = heard = 0
    seconds = sum(c.duration for c in clips)
    for c, found in zip(clips, beats, strict=True):
        moved = np.asarray(found, float)
        heard += len(moved)
        if not len(moved) or not len(c.onsets):
            continue
        real += beat_alignment(c.onsets, moved) * len(moved)
        rng = generator(seed, "random beats", c.name)
        drawn = rng.uniform(0, c.duration, len(moved) * DRAWS)
        chance += beat_alignment(c.onsets, drawn) * len(moved)
        count += len(moved)
    value, control = (real / count, chance / count) if count else (math.nan, math.nan)
    found = {"beat_alignment": value, "beat_random": control, "beat_gain": value - control}
    rows = [Row(k, v, count, "motion beats") for k, v in found.items()]
    return [*rows, Row("beat_rate", heard / max(seconds, 1e-9), heard, "motion beats")]


def accents(clips: Sequence[Clip], bodies: Sequence[Body]) -> list[Row]:
    """Speed peaks near accented vowels, clips weighted by their peaks; short or still clips have none."""
    found = [t for c, b in zip(clips, bodies, strict=True) if (t := coupling(b, c.accents, SHIFTS))]
    weight = np.array([t["coupling_n"] for t in found])
    total = int(weight.sum()) if found else 0

    def mean(key: str) -> float:
        return float(np.average([t[key] for t in found], weights=weight)) if total else math.nan

    names = {"accent_coupling": "share", "accent_chance": "chance", "accent_gain": "gain"}
    return [Row(name, mean(f"coupling_{key}"), total, "speed peaks") for name, key in names.items()]


def movement(clips: Sequence[Clip], bodies: Sequence[Body]) -> list[Row]:
    """How much, how fast and how smoothly the body moves, and whether its feet stay where they stand."""
    frames = np.array([len(b.motion) for b in bodies], float)
    table: dict[str, list[float]] = {k: [] for k in ("diversity_l1", "wrist_speed", "joint_speed", "ldlj", "ldlj_gap")}
    sliding, planted = [], []
    for c, body in zip(clips, bodies, strict=True):
        joints = [body.motion.skeleton.index(name) for name in JOINTS]
        table["diversity_l1"].append(variety(body))
        table["wrist_speed"].append(float(body.speed.mean()))
        turning = rotation.angular_velocity(rotation.continuous(body.motion.rotations[:, joints]), body.fps)
        table["joint_speed"].append(float(np.degrees(np.linalg.norm(turning, axis=-1)).mean()))
        own = _smoothness(body)
        truth = own if c.reference is c.motion else _once(_truth, c.reference, lambda m: _smoothness(Body(m)))
        table["ldlj"].append(own)
        table["ldlj_gap"].append(own - truth)
        if feet := safety.foot_sliding(body):
            sliding.append(feet["slide_mean"])
            planted.append(feet["planted_share"] * len(body.motion))
    rows = []
    for name, values in table.items():
        known = np.isfinite(values)
        value = float(np.average(np.array(values)[known], weights=frames[known])) if known.any() else math.nan
        rows.append(Row(name, value, int(frames[known].sum()), "frames"))
    if sum(planted):
        rows.append(Row("foot_sliding", float(np.average(sliding, weights=planted)), int(sum(planted)), "frames"))
    return rows


def variety(body: Body) -> float:
    """L1 diversity of a body, cm: how far its 47 joints are from their mean place, summed."""
    positions = body.seen(body.world[0][:, [body.motion.skeleton.index(name) for name in JOINTS]])
    return l1_diversity(positions.reshape(len(positions), -1))


def _smoothness(body: Body) -> float:
    return measure_wrists(body)["ldlj"] if len(body.motion) > 3 * FPS and body.speed.max() > 5 else math.nan
