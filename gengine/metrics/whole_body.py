"""The trunk and the run of a take in numbers: what a body does beyond its hands, and how its energy comes and goes.

Rows join those of ``gesture.py``; the same code reads real clips and ours. Pelvis rows are not filtered from below, so
slow turns count as they are seen within a few seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks, welch

from gengine.core import rotation
from gengine.metrics.limbs import Body, low_pass, velocity
from gengine.metrics.units import Units, find_units, hand_curves, stretches

Array = NDArray[np.float64]

YAW_WINDOW = 4.0
"""Seconds within which the pelvis's turning is measured."""
TRUNK_HZ = 3.0
"""Low-pass of trunk curves: a trunk's own motion lies below, marker noise above."""
NOD_BAND = (0.5, 1.0)
"""Hz: the band of head pitch where nods of a phrase lie; its share is of the power of ``NOD_RANGE``."""
NOD_RANGE = (0.1, 6.0)
ENERGY_WINDOW = 2.0
"""Seconds over which the hands' energy is averaged."""
MIRROR_WINDOW = 1.0
"""Seconds of a window of mirrored hands."""
MIRRORED = 0.8
"""Correlation of the hands' mirrored velocities from which a window counts as mirrored."""
STILL_HANDS = 10.0
"""cm/s: below it both hands hold; a hold counts from ``LONG_HOLD`` seconds."""
LONG_HOLD = 0.3
BUMP = (5.0, 3.0)
"""cm/s: least height and prominence of a bump of the pelvis's speed."""
POSE_CELL = 12.0
"""cm: edge of the cells in which both wrists' places count as one pose."""


def euler(turns: Array, fps: float) -> Array:
    """Yaw, pitch and roll ``(T, 3)`` degrees, unwrapped and smoothed."""
    angles = np.unwrap(rotation.to_euler(rotation.continuous(turns), "YXZ"), axis=0)
    return low_pass(np.degrees(angles), fps, TRUNK_HZ)


def measure_whole_body(body: Body) -> dict[str, float]:
    """Rows of the trunk, the pelvis, and how the hands' energy comes and goes."""
    position, speed = hand_curves(body)
    units = [find_units(position[:, k], speed[:, k]) for k in (0, 1)]
    return {**_pelvis(body), **_trunk(body), **_head(body), **_energy(body, units), **_hands(body)}


def within(curve: Array, fps: float, seconds: float) -> float:
    """Root mean of the variance of ``curve (T,)`` within windows of ``seconds``."""
    count = min(max(2, round(seconds * fps)), len(curve))
    windows = np.lib.stride_tricks.sliding_window_view(curve, count)[:: max(1, count // 8)]
    return float(np.sqrt(windows.var(1).mean()))


def _pelvis(body: Body) -> dict[str, float]:
    hips = low_pass(body.at("hips"), body.fps)
    speed = velocity(hips, body.fps)
    out = {
        "pelvis_travel": float(np.linalg.norm(speed[:, [0, 2]], axis=1).mean()),
    }
    whole = np.linalg.norm(speed, axis=1)
    bumps, _ = find_peaks(whole, height=BUMP[0], prominence=BUMP[1])
    if len(bumps):
        out["pelvis_vertical_share"] = float((np.abs(speed[bumps, 1]) / whole[bumps]).mean())
    if body.rig != "bandai":
        yaw = euler(body.turn("hips"), body.fps)[:, 0]
        out["pelvis_yaw_std"] = within(yaw, body.fps, YAW_WINDOW)
    return out


def _trunk(body: Body) -> dict[str, float]:
    if body.rig == "bandai":
        return {}
    leaning = euler(body.turn("chest"), body.fps)[:, 1:]
    speed = np.linalg.norm(velocity(leaning, body.fps), axis=1)
    return {"trunk_speed": float(speed.mean()), "trunk_pitch_std": float(leaning[:, 0].std())}


def _head(body: Body) -> dict[str, float]:
    if body.rig == "bandai":
        return {}
    pitch = body.head_angles[:, 1]
    count = min(len(pitch), round(8 * body.fps))
    frequency, power = welch(pitch - pitch.mean(), body.fps, nperseg=count)
    band = power[(frequency >= NOD_BAND[0]) & (frequency < NOD_BAND[1])].sum()
    whole = power[(frequency >= NOD_RANGE[0]) & (frequency < NOD_RANGE[1])].sum()
    return {"head_pitch_power": float(band / max(whole, 1e-12))}


def _energy(body: Body, units: list[Units]) -> dict[str, float]:
    count = round(ENERGY_WINDOW * body.fps)
    speed = body.speed.mean(1)
    parts = [speed[i : i + count].mean() for i in range(0, len(speed) - count + 1, count)]
    out = {
        "speed_p99": float(np.percentile(body.speed, 99)),
        "energy_cv": float(np.std(parts) / max(np.mean(parts), 1e-9)) if len(parts) > 2 else float("nan"),
    }
    sizes = [np.log(np.maximum(u.chord, 1.0)) for u in units if len(u) > 4]
    if sizes:
        out["stroke_log_std"] = float(np.mean([s.std() for s in sizes]))
        out["stroke_autocorrelation"] = float(np.mean([_correlation(s[1:], s[:-1]) for s in sizes]))
    return out


def _correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-9))


def _hands(body: Body) -> dict[str, float]:
    fps, speed = body.fps, body.speed
    count = round(MIRROR_WINDOW * fps)
    moves = body.wrist_velocity * np.array([[1, 1, 1], [-1, 1, 1]])
    scores = []
    for i in range(0, len(moves) - count + 1, max(1, count // 2)):
        a, b = (moves[i : i + count, k].ravel() for k in (0, 1))
        scores.append(_correlation(a, b))
    holds = stretches(np.asarray((speed < STILL_HANDS).all(1)), fps, LONG_HOLD)
    cells = np.floor(body.wrists.reshape(len(speed), 6) / POSE_CELL).astype(int)
    _, often = np.unique(cells, axis=0, return_counts=True)
    return {
        "mirrored_share": float((np.array(scores) > MIRRORED).mean()) if scores else float("nan"),
        "both_holds_per_min": 60 * len(holds) / body.motion.duration,
        "pose_share": float(often.max() / len(speed)),
    }
