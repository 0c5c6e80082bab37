"""The emotion dial: does the whole performance answer it, step by step, and without a jump?

Four questions (metrics.md): *response*, does a measure rise with the requested strength; *distinctness*, can
emotions at full strength be told apart; *independence*, left to the lip and coupling metrics; *transitions*,
does a change of emotion jump. Measures are plain sums of face channels and body curves, so that a reader
can check them against what they see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from gengine.core import rotation
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.errors import GengineError
from gengine.metrics.face_dial import expression
from gengine.metrics.limbs import Body, velocity
from gengine.metrics.units import measure_units

Array = NDArray[np.float64]

FACE_MEASURES = {
    "corners": "mouth corners up (smile - frown)", "brow_raise": "inner and outer brows up",
    "brow_lower": "brows down", "lids": "lids open (wide - squint)", "jaw": "jaw opening while speaking",
    "nose": "nose wrinkled", "press": "lips pressed", "lopsided": "one corner more than the other",
}  # fmt: skip
BODY_MEASURES = {
    "speed": "mean wrist speed, cm/s", "amplitude": "spread of the wrists, AL", "rate": "movement units per s and hand",
    "height": "wrists above the shoulders, AL", "apart": "distance of the wrists, AL",
    "expansion": "volume that hands, head and elbows take, AL³", "elbows": "elbows out from mid-shoulder, AL",
    "head_down": "head pitch against the world, degrees", "head_side": "head turned and tilted aside, degrees",
    "lean": "chest pitch forward, degrees", "shoulders": "shoulder joints above the neck's root, cm",
}  # fmt: skip

SIGNATURE: dict[str, dict[str, int]] = {
    "happiness": {"corners": 1, "speed": 1, "amplitude": 1, "height": 1, "lean": -1},
    "anger": {"brow_lower": 1, "press": 1, "speed": 1, "lean": 1, "head_down": 1},
    "sadness": {"corners": -1, "brow_raise": 1, "speed": -1, "amplitude": -1, "head_down": 1, "lean": 1},
    "contempt": {"lopsided": 1, "speed": -1, "amplitude": -1, "head_down": -1},
    "surprise": {"brow_raise": 1, "lids": 1, "shoulders": 1, "head_down": -1, "height": 1},
    "fear": {"brow_raise": 1, "lids": 1, "shoulders": 1, "amplitude": -1, "apart": -1},
    "disgust": {"nose": 1, "brow_lower": 1, "amplitude": -1, "speed": -1},
}
"""What must rise (+1) or fall (-1) with each emotion's strength: signs of gesture.md section 4 (Bandai Namco
styles, Wallbott, Coulson) and of ARKit's usual expressions (face.md section 5)."""


def measure_face(face: FaceTrack) -> dict[str, float]:
    """``FACE_MEASURES`` of one face, means over time in weights."""
    shown = expression(face)
    smile = face.channel("mouthSmileLeft") - face.channel("mouthSmileRight")
    dimple = face.channel("mouthDimpleLeft") - face.channel("mouthDimpleRight")
    return {
        "corners": shown["corners_up"],
        "brow_raise": (shown["brow_inner"] + shown["brow_outer"]) / 2,
        "brow_lower": shown["brow_down"],
        "lids": float(
            np.mean(
                [face.channel(f"eyeWide{s}").mean() - face.channel(f"eyeSquint{s}").mean() for s in ("Left", "Right")]
            )
        ),
        "jaw": float(np.percentile(face.channel("jawOpen"), 75)),
        "nose": shown["nose"],
        "press": shown["lips_pressed"],
        "lopsided": float(np.abs(smile + dimple).mean()),
    }


def measure_body(motion: Motion) -> dict[str, float]:
    """``BODY_MEASURES`` of one body, means over time."""
    if motion.fps > 33:
        motion = motion.resample(30.0)
    body = Body(motion)
    arm = float(body.arm_length.mean())
    elbows = body.seen(body.both("elbow")) / arm
    head = body.seen(body.at("head")[:, None])[:, 0] / arm
    points = np.concatenate([body.wrists / arm, elbows, head[:, None]], axis=1)
    extent = points.max(1) - points.min(1)
    forward = rotation.rotate(body.turn("head"), np.array([0.0, 0.0, 1.0]))
    seen = np.einsum("tij,tj->ti", body.axes, forward)
    chest = np.einsum("tij,tj->ti", body.axes, rotation.rotate(body.turn("chest"), np.array([0.0, 1.0, 0.0])))
    tilt = np.einsum("tij,tj->ti", body.axes, rotation.rotate(body.turn("head"), np.array([1.0, 0.0, 0.0])))[:, 1]
    shoulders = body.both("shoulder") - body.at("neck")[:, None]
    up = rotation.rotate(body.turn("chest"), np.array([0.0, 1.0, 0.0]))
    return {
        "speed": float(body.speed.mean()),
        "amplitude": float(np.sqrt((body.places.std(0) ** 2).sum(1)).mean()),
        "rate": measure_units(body)["unit_rate"],
        "height": float(body.places[..., 1].mean()),
        "apart": float(np.linalg.norm(body.wrists[:, 0] - body.wrists[:, 1], axis=1).mean() / arm),
        "expansion": float(extent.prod(1).mean()),
        "elbows": float((elbows[..., 0] * [1, -1]).mean()),
        "head_down": float(np.degrees(np.arcsin(np.clip(-seen[:, 1], -1, 1))).mean()),
        "head_side": float(np.degrees(np.abs(np.arctan2(seen[:, 0], seen[:, 2])) + np.abs(np.arcsin(tilt))).mean()),
        "lean": float(np.degrees(np.arctan2(chest[:, 2], chest[:, 1])).mean()),
        "shoulders": float(np.einsum("tkj,tj->tk", shoulders, up).mean()),
    }


def measure_dial(performance: Performance) -> dict[str, float]:
    """Face and body measures of a performance, as far as it has both."""
    out: dict[str, float] = {}
    if performance.face is not None:
        out |= measure_face(performance.face)
    if performance.motion is not None:
        out |= measure_body(performance.motion)
    return out


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Rank correlation; 0 where either does not vary."""
    a, b = rankdata(x), rankdata(y)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 1e-12 else 0.0


@dataclass(frozen=True)
class Response:
    """How one measure answers one emotion's strength.

    ``rho`` Spearman correlation of the means over takes; ``each`` the mean over takes of every take's own
    (strokes are drawn anew at every strength, so single takes scatter); ``change`` from the weakest to the
    strongest setting in the measure's unit; ``sign`` the expected direction (0 none); ``values`` by strength.
    """

    emotion: str
    measure: str
    rho: float
    each: float
    change: float
    sign: int
    values: tuple[float, ...]

    @property
    def passed(self) -> bool:
        """Moves the expected way at every step: .95 of rank correlation, of five strengths no swap."""
        return self.sign == 0 or self.sign * self.rho >= 0.95


def responses(
    emotion: str, strengths: Sequence[float], tables: Sequence[Sequence[Mapping[str, float]]]
) -> list[Response]:
    """Responses of every measure; ``tables[r][s]`` is ``measure_dial`` of take r at ``strengths[s]``."""
    if len(strengths) < 3 or any(len(t) != len(strengths) for t in tables) or not tables:
        raise GengineError(
            f"responses: {len(tables)} takes at {len(strengths)} strengths, expected each take at 3 or more"
        )
    found = []
    for measure in tables[0][0]:
        rows = np.array([[t[measure] for t in take] for take in tables], float)
        found.append(
            Response(
                emotion,
                measure,
                spearman(strengths, rows.mean(0).tolist()),
                float(np.mean([spearman(strengths, row.tolist()) for row in rows])),
                float((rows[:, -1] - rows[:, 0]).mean()),
                SIGNATURE.get(emotion, {}).get(measure, 0),
                tuple(rows.mean(0).tolist()),
            )
        )
    return found


@dataclass(frozen=True, eq=False)
class Distinctness:
    """How well emotions can be told apart by a nearest-centroid reader that never saw the recording.

    ``confusion (K, K)`` shares of takes (rows: shown, columns: read); ``d_prime (K, K)`` distance of two
    emotions' means over the pooled spread within emotions.
    """

    names: tuple[str, ...]
    accuracy: float
    confusion: Array
    d_prime: Array

    @property
    def chance(self) -> float:
        return 1 / len(self.names)

    def closest(self) -> tuple[str, str, float]:
        """The pair that is hardest to tell apart and its d'."""
        d = self.d_prime + np.diag(np.full(len(self.names), np.inf))
        i, j = np.unravel_index(int(np.argmin(d)), d.shape)
        return self.names[i], self.names[j], float(d[i, j])


def distinctness(
    takes: Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]], measures: Sequence[str]
) -> Distinctness:
    """Leave one recording out: ``takes[emotion][recording]`` are tables of one take per seed.

    Measures are taken against the neutral take of the same recording and seed where ``takes`` has one, so that
    recordings do not differ by their content, and divided by their spread within emotions.
    """
    names = tuple(takes)
    recordings = sorted({r for by in takes.values() for r in by})
    if len(names) < 2 or len(recordings) < 2:
        raise GengineError(
            f"distinctness: {len(names)} emotions on {len(recordings)} recordings, expected 2 or more of each"
        )
    base = takes.get("neutral")

    def vector(emotion: str, recording: str, seed: int) -> Array:
        x = np.array([takes[emotion][recording][seed][m] for m in measures])
        return x - np.array([base[recording][seed][m] for m in measures]) if base else x

    data = {(e, r): np.array([vector(e, r, s) for s in range(len(takes[e][r]))]) for e in names for r in takes[e]}
    whole = {e: np.concatenate([data[e, r] for r in takes[e]]) for e in names}
    spread = np.sqrt(np.mean([whole[e].var(0) for e in names], axis=0))
    spread = np.maximum(spread, 0.05 * np.std(np.concatenate(list(whole.values())), axis=0) + 1e-9)
    confusion = np.zeros((len(names), len(names)))
    for left_out in recordings:
        centre = np.array([np.concatenate([data[e, r] for r in takes[e] if r != left_out]).mean(0) for e in names])
        for i, e in enumerate(names):
            for x in data.get((e, left_out), ()):
                confusion[i, int(np.argmin((((x - centre) / spread) ** 2).sum(1)))] += 1
    confusion /= np.maximum(confusion.sum(1, keepdims=True), 1)
    centre = np.array([whole[e].mean(0) for e in names]) / spread
    distance = np.linalg.norm(centre[:, None] - centre[None], axis=2)
    return Distinctness(names, float(np.mean(np.diag(confusion))), confusion, distance)


def curves(performance: Performance) -> tuple[dict[str, Array], dict[str, float]]:
    """Speeds over time of every face channel (1/s), head, gaze and joint (rad/s): name → curve, name → rate Hz."""
    speeds: dict[str, Array] = {}
    rates: dict[str, float] = {}
    if performance.face is not None:
        from gengine.core.face import ARKIT_NAMES

        face = performance.face
        change = np.abs(velocity(face.weights.astype(float), face.fps))
        for i, name in enumerate(ARKIT_NAMES):
            speeds[f"face.{name}"] = change[:, i]
        speeds["face.head"] = np.linalg.norm(
            rotation.angular_velocity(rotation.continuous(face.head), face.fps), axis=1
        )
        rates |= dict.fromkeys(speeds, face.fps)
    if performance.motion is not None:
        motion = performance.motion
        omega = np.linalg.norm(rotation.angular_velocity(rotation.continuous(motion.rotations), motion.fps), axis=2)
        for i, name in enumerate(motion.skeleton.names):
            speeds[f"joint.{name}"] = omega[:, i]
            rates[f"joint.{name}"] = motion.fps
    return speeds, rates


@dataclass(frozen=True)
class Jump:
    """Fastest speed of one curve near a cut over its fastest in steady takes."""

    name: str
    ratio: float
    time: float


FAST_FLOOR = {"face": 2.3, "joint": 0.35}
"""Speeds (1/s, rad/s) below which nothing counts as a jump: a hardly moving curve has a p99 near zero. For the
face it is the 99th percentile of brows, lids and smiles in real iPhone captures (.8-2.9 per s, face.md section 5)."""


def jumps(cut: Performance, steady: Sequence[Performance], cuts: Sequence[float], window: float = 0.75) -> list[Jump]:
    """Every curve's fastest moment within ``window`` s after a cut over the fastest of ``steady`` takes, worst first.

    ``steady`` are takes of the same recording and seed with one emotion throughout, the neutral one and those
    of the timeline: what each emotion does anyway is no jump. The literal rule of metrics.md, nothing above
    the neutral clip's 99th percentile, fails any clip against itself one frame in a hundred.
    """
    speeds, rates = curves(cut)
    usual = [curves(p)[0] for p in steady]
    found = []
    for name, curve in speeds.items():
        fast = max(float(u[name].max()) for u in usual if name in u)
        fast = max(fast, FAST_FLOOR[name.split(".")[0]])
        times = np.arange(len(curve)) / rates[name]
        near = np.zeros(len(curve), bool)
        for at in cuts:
            near |= (times >= at - 0.25) & (times < at + window)
        if near.any():
            i = int(np.argmax(np.where(near, curve, 0)))
            found.append(Jump(name, float(curve[i] / fast), float(times[i])))
    return sorted(found, key=lambda j: -j.ratio)
