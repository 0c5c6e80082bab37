"""Which emotion does a body show, and how strongly? A reader that is trained on one system and reads another.

The *readability* of metrics.md: a classifier that has only seen the reference (real motion, or the teacher of a
learned network) reads the motion under test, beside what it reads of the reference's own held-out motion. The same
reader gives a ruler for the dial: how far a body has gone from neutral (0) to the reference's full emotion (1).

The head is left out: in this project it comes from the face, so it would tell nothing about a body network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.errors import GengineError
from gengine.metrics.dial import measure_body
from gengine.metrics.gesture import MEASURE_RATE, measure_posture, measure_space, measure_trunk, measure_wrists
from gengine.metrics.hands import curls, palm_shares
from gengine.metrics.limbs import Body, low_pass, velocity
from gengine.metrics.units import measure_units

Array = NDArray[np.float64]
Table = Mapping[str, float]

BODY_FEATURES: dict[str, str] = {
    "speed": "log mean wrist speed", "speed_p90": "log 90th percentile of it", "acceleration": "log mean",
    "jerk": "log mean", "fluidity": "log mean acceleration over speed", "tremor": "log share of power above 5 Hz",
    "amplitude": "spread of the wrists, AL", "rate": "movement units per s and hand", "chord": "log median, cm",
    "hold": "share of time held", "peak_over_mean": "of a unit's speed", "asymmetry": "log speed ratio of the hands",
    "together": "correlation of the hands' speeds", "height": "wrists above the shoulders, AL",
    "height_p95": "their highest", "outward": "wrists from mid-shoulder, AL", "forward": "wrists, AL",
    "apart": "distance of the wrists, AL", "reach": "shoulder to wrist, AL", "elbows": "elbows outwards, AL",
    "elbow": "median flexion, degrees", "swivel": "elbow swing, degrees", "before_trunk": "share of time",
    "lean": "chest pitch, degrees", "trunk": "trunk pitch over the hips, degrees", "chest_speed": "log, degrees/s",
    "shoulders": "up, cm", "clavicles": "forward, degrees", "chest_yaw": "median turn against the hips, degrees",
    "sway": "log pelvis sideways, cm", "knees": "bend, degrees", "curl": "mean finger bend, degrees",
    "finger_speed": "log, degrees/s", "palm_up": "share of raised time", "palm_down": "share of raised time",
}  # fmt: skip
"""What a reader looks at: posture, place and size of the gestures, dynamics, hands. AL are arm lengths."""


def body_features(motion: Motion) -> dict[str, float]:
    """``BODY_FEATURES`` of a motion of at least 2 s on a BEAT-like skeleton; NaN where a body has no such part."""
    if motion.duration < 2.0:
        raise GengineError(f"body_features: motion of {motion.duration:.2f} s, expected at least 2 s")
    if motion.fps > MEASURE_RATE * 1.1:
        motion = motion.resample(MEASURE_RATE)
    body = Body(motion)
    dial, wrists, space, units = measure_body(motion), measure_wrists(body), measure_space(body), measure_units(body)
    trunk, posture, palms = measure_trunk(body), measure_posture(body), palm_shares(body)
    bend = curls(body)[1]
    turned = rotation.multiply(rotation.conjugate(body.turn("hips")), body.turn("chest"))

    def both(name: str) -> float:
        return (space[f"{name}_left"] + space[f"{name}_right"]) / 2

    hands = body.speed.mean(0) + 1.0
    speed = float(body.speed.mean())
    return {
        "speed": _log(speed),
        "speed_p90": _log(float(np.percentile(body.speed, 90))),
        "acceleration": _log(wrists["acceleration"]),
        "jerk": _log(wrists["jerk"]),
        "fluidity": _log(wrists["acceleration"]) - _log(speed),
        "tremor": _log(_fast_power(body), 1e-3),
        "amplitude": dial["amplitude"],
        "rate": dial["rate"],
        "chord": _log(units["unit_chord_p50"]),
        "hold": units["hold_share"],
        "peak_over_mean": units["unit_peak_over_mean"],
        "asymmetry": float(np.abs(np.log(hands[0] / hands[1]))),
        "together": wrists["left_right_correlation"],
        "height": dial["height"],
        "height_p95": both("height_p95"),
        "outward": both("outward_p50"),
        "forward": both("forward_p50"),
        "apart": dial["apart"],
        "reach": both("reach_p50"),
        "elbows": dial["elbows"],
        "elbow": both("elbow_p50"),
        "swivel": both("swivel_p50"),
        "before_trunk": space["before_trunk_share"],
        "lean": dial["lean"],
        "trunk": posture["posture_lean"],
        "chest_speed": _log(trunk.get("chest_pitch_speed", np.nan)),
        "shoulders": dial["shoulders"],
        "clavicles": posture.get("posture_clavicle_forward", np.nan),
        "chest_yaw": float(np.degrees(np.median(np.abs(rotation.to_euler(turned, "YXZ")[:, 0])))),
        "sway": _log(trunk["pelvis_std_side"], 0.1),
        "knees": posture.get("posture_knee", np.nan),
        "curl": float(bend.mean()) if bend.size else np.nan,
        "finger_speed": _log(float(np.abs(velocity(low_pass(bend, body.fps), body.fps)).mean()) if bend.size else 0.0),
        "palm_up": palms.get("palm_up", np.nan),
        "palm_down": palms.get("palm_down", np.nan),
    }


def _log(x: float, least: float = 1.0) -> float:
    return float(np.log(x + least))


def _fast_power(body: Body) -> float:
    """Share of the wrists' velocity power between 5 and 9 Hz, where fear trembles."""
    moves = velocity(body.raw_wrists.reshape(len(body.motion), -1), body.fps)
    power = (np.abs(np.fft.rfft(moves * np.hanning(len(moves))[:, None], axis=0)) ** 2).sum(1)
    hertz = np.fft.rfftfreq(len(moves), 1 / body.fps)
    return float(power[(hertz >= 5) & (hertz <= 9)].sum() / max(power.sum(), 1e-12))


@dataclass(frozen=True, eq=False)
class Reader:
    """Linear discriminant analysis of feature tables: class means and one covariance within the classes.

    ``centre``, ``scale (D,)`` standardise; ``means (K, D)`` of the ``names`` and ``precision (D, D)`` are in
    standard units. Missing values (NaN) read as the centre.
    """

    names: tuple[str, ...]
    features: tuple[str, ...]
    centre: Array
    scale: Array
    means: Array
    precision: Array

    @classmethod
    def trained(cls, tables: Sequence[Table], labels: Sequence[str], shrink: float = 0.1) -> Reader:
        """Fit ``tables[n]`` of class ``labels[n]``; the covariance is pulled ``shrink`` of the way to the identity."""
        names = tuple(dict.fromkeys(labels))
        least = min((list(labels).count(n) for n in names), default=0)
        if len(names) < 2 or least < 2 or len(tables) != len(labels):
            raise GengineError(
                f"Reader: {len(tables)} tables, {len(labels)} labels of {len(names)} classes with {least} or more "
                "each; expected as many tables as labels, two or more classes, two or more tables of each"
            )
        features = tuple(tables[0])
        rows = np.array([[t[f] for f in features] for t in tables], float)
        centre = np.nanmean(np.where(np.isfinite(rows).any(0), rows, 0.0), axis=0)
        scale = np.nanstd(np.where(np.isfinite(rows).any(0), rows, 0.0), axis=0)
        scale = np.where(scale > 1e-9, scale, np.inf)
        x = np.nan_to_num((rows - centre) / scale)
        which = np.array([names.index(label) for label in labels])
        means = np.array([x[which == k].mean(0) for k in range(len(names))])
        within = (x - means[which]).T @ (x - means[which]) / max(len(x) - len(names), 1)
        spread = np.trace(within) / len(within)
        within = (1 - shrink) * within + shrink * max(spread, 1e-6) * np.eye(len(within))
        return cls(names, features, centre, scale, means, np.linalg.inv(within))

    def _standard(self, tables: Sequence[Table]) -> Array:
        rows = np.array([[t[f] for f in self.features] for t in tables], float)
        return np.nan_to_num((rows - self.centre) / self.scale)

    def scores(self, tables: Sequence[Table]) -> Array:
        """``(N, K)``: how well each table fits each class (log likelihood up to a constant)."""
        away = self._standard(tables)[:, None] - self.means
        return -0.5 * np.einsum("nkd,de,nke->nk", away, self.precision, away)

    def read(self, take: Sequence[Table]) -> str:
        """The class that the tables of one take, for example its windows, fit best together."""
        return self.names[int(self.scores(take).sum(0).argmax())]

    def expression(self, tables: Sequence[Table], name: str, start: str = "neutral") -> Array:
        """How far each table lies from ``start`` (0) to ``name`` (1), along the line that tells the two apart."""
        first, last = (self.means[self.names.index(n)] for n in (start, name))
        axis = self.precision @ (last - first)
        return (self._standard(tables) - first) @ axis / max(float((last - first) @ axis), 1e-9)


@dataclass(frozen=True, eq=False)
class Reading:
    """What a reader read: ``confusion (K, K)`` shares (rows: shown, columns: read), ``n`` how many were read."""

    names: tuple[str, ...]
    confusion: Array
    n: int

    @property
    def accuracy(self) -> float:
        """Mean recall over the classes shown."""
        shown = self.confusion.sum(1) > 0
        return float(np.diag(self.confusion)[shown].mean())

    def mistakes(self) -> dict[str, dict[str, float]]:
        """Shown → read as → share, most frequent first, of what was read as something else."""
        out: dict[str, dict[str, float]] = {}
        for i, name in enumerate(self.names):
            wrong = {n: float(s) for n, s in zip(self.names, self.confusion[i], strict=True) if n != name and s > 0}
            if wrong:
                out[name] = dict(sorted(wrong.items(), key=lambda item: -item[1]))
        return out


def readability(reader: Reader, takes: Sequence[Sequence[Table]], labels: Sequence[str]) -> Reading:
    """``reader`` reads ``takes``, each the tables of one or more windows, which show ``labels``."""
    confusion = np.zeros((len(reader.names), len(reader.names)))
    for shown, take in zip(labels, takes, strict=True):
        confusion[reader.names.index(shown), reader.names.index(reader.read(take))] += 1
    return Reading(reader.names, confusion / np.maximum(confusion.sum(1, keepdims=True), 1), len(labels))


def windows(motion: Motion, seconds: float) -> list[Motion]:
    """A motion cut into whole windows of ``seconds``, the rest left out."""
    frames = round(seconds * motion.fps)
    return [motion[i : i + frames] for i in range(0, len(motion) - frames + 1, frames)]
