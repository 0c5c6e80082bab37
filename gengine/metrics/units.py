"""Movement units of the hands: one speed bump between two minima, as gesture.md section 1 counts them.

A unit has a wrist-speed peak above 20 cm/s that stands 10 cm/s out of its surroundings. It runs from the
valley before its peak to the valley after it, or to where the hand is slower than 5 cm/s and a tenth of the
peak, whichever is nearer. These definitions reproduce the published percentiles of the real clips
(``benchmarks/gesture_table.py --real``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import find_peaks

from gengine.metrics.limbs import Body

Array = NDArray[np.float64]

UNIT_RATE = 60.0
"""Units are cut on curves read at this rate, Hz: clips of 15 to 120 fps then share one time grid."""
PEAK_CM_S = 20.0
PROMINENCE_CM_S = 10.0
REST_CM_S = 5.0
REST_SHARE = 0.1
HOLD_CM_S = 15.0
HOLD_S = 0.15
LOW_AL = -0.75


@dataclass(frozen=True, eq=False)
class Units:
    """Movement units of one hand; every array is ``(N,)`` and times are seconds from the clip's start.

    ``displacement (N, 3)`` left, up, forward in cm; ``bulge`` is the largest distance from the chord as a
    share of it, ``end_speed`` the speed (cm/s) where the unit ends.
    """

    start: Array
    peak_time: Array
    end: Array
    peak: Array
    mean: Array
    chord: Array
    path: Array
    bulge: Array
    end_speed: Array
    displacement: Array

    def __len__(self) -> int:
        return len(self.peak)


def hand_curves(body: Body) -> tuple[Array, Array]:
    """Wrist positions ``(T, 2, 3)`` cm and speeds ``(T, 2)`` cm/s of a body at ``UNIT_RATE``."""
    times = np.arange(len(body.wrists)) / body.fps
    if len(times) < 4:
        return body.wrists, body.speed
    grid = np.arange(0, times[-1] + 1e-9, 1 / UNIT_RATE)
    speed = np.linalg.norm(CubicSpline(times, body.wrist_velocity, axis=0)(grid), axis=2)
    return CubicSpline(times, body.wrists, axis=0)(grid), speed


def find_units(position: Array, speed: Array) -> Units:
    """Units of one hand from ``position (T, 3)`` cm and ``speed (T,)`` cm/s at ``UNIT_RATE``."""
    peaks, _ = find_peaks(speed, height=PEAK_CM_S, prominence=PROMINENCE_CM_S)
    valleys = [a + int(np.argmin(speed[a:b])) for a, b in zip(peaks, peaks[1:], strict=False)]
    edges = [0, *valleys, len(speed) - 1]
    rows: list[list] = []
    moves: list[Array] = []
    for i, peak in enumerate(peaks):
        low, high = edges[i], edges[i + 1]
        rest = max(REST_CM_S, REST_SHARE * speed[peak])
        before = np.flatnonzero(speed[low:peak] < rest)
        after = np.flatnonzero(speed[peak : high + 1] < rest)
        first = low + int(before[-1]) if len(before) else low
        last = peak + int(after[0]) if len(after) else high
        if last - first < 4:
            continue
        track = position[first : last + 1]
        move = track[-1] - track[0]
        chord = float(np.linalg.norm(move))
        along = move / max(chord, 1e-9)
        offset = track - track[0]
        bulge = np.linalg.norm(offset - (offset @ along)[:, None] * along, axis=1).max() / max(chord, 1e-9)
        path = float(np.linalg.norm(np.diff(track, axis=0), axis=1).sum())
        moves.append(move)
        rows.append([
            first / UNIT_RATE, peak / UNIT_RATE, last / UNIT_RATE, speed[peak], speed[first : last + 1].mean(),
            chord, path, float(bulge), speed[last],
        ])  # fmt: skip
    table = np.array(rows).reshape(-1, 9).T
    return Units(*table, displacement=np.array(moves).reshape(-1, 3))


def holds(speed: Array, rate: float = UNIT_RATE) -> Array:
    """Lengths (s) of the stretches in which a hand stays below 15 cm/s for at least 0.15 s."""
    return stretches(speed < HOLD_CM_S, rate, HOLD_S)


def stretches(mask: NDArray[np.bool_], rate: float, at_least: float = 0.0) -> Array:
    """Lengths (s) of the runs of True of at least ``at_least`` seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    lengths = (edges[1::2] - edges[::2]) / rate
    return lengths[lengths >= at_least - 1e-9]


def _median(x: Array, q: float = 50) -> float:
    return float(np.percentile(x, q)) if len(x) else float("nan")


def _share(mask: NDArray[np.bool_]) -> float:
    return float(np.mean(mask)) if len(mask) else float("nan")


def _cosines(u: Units) -> tuple[Array, Array]:
    """Cosine and amplitude ratio between each unit and the one that follows it without a rest."""
    if len(u) < 2:
        return np.zeros(0), np.zeros(0)
    a, b = u.displacement[:-1], u.displacement[1:]
    chained = u.start[1:] - u.end[:-1] < 0.3
    cosine = (a * b).sum(1) / np.maximum(u.chord[:-1] * u.chord[1:], 1e-9)
    ratio = u.chord[1:] / np.maximum(u.chord[:-1], 1e-9)
    return cosine[chained], ratio[chained]


def _law(chord: Array, value: Array) -> float:
    """Exponent of value = k chord^e over units longer than 3 cm."""
    keep = (chord > 3) & (value > 0)
    if keep.sum() < 8:
        return float("nan")
    return float(np.polyfit(np.log(chord[keep]), np.log(value[keep]), 1)[0])


def measure_units(body: Body) -> dict[str, float]:
    """Section 1's measures, both hands pooled; NaN where a clip has too few units."""
    position, speed = hand_curves(body)
    seconds = max(len(speed) / UNIT_RATE, 1e-9)
    hands = [find_units(position[:, k], speed[:, k]) for k in (0, 1)]

    def pool(name: str) -> Array:
        return np.concatenate([getattr(u, name) for u in hands])

    chord, peak, mean = pool("chord"), pool("peak"), pool("mean")
    duration = pool("end") - pool("start")
    cosine, ratio = (np.concatenate(x) for x in zip(*(_cosines(u) for u in hands), strict=True))
    gaps = np.concatenate([np.diff(u.peak_time) for u in hands])
    held = [holds(speed[:, k]) for k in (0, 1)]
    all_held = np.concatenate(held)
    out = {
        "unit_rate": len(chord) / 2 / seconds,
        "unit_rate_left": len(hands[0]) / seconds,
        "unit_rate_right": len(hands[1]) / seconds,
    }
    for name, values in (("unit_duration", duration), ("unit_chord", chord), ("unit_peak", peak)):
        for q in (10, 50, 90):
            out[f"{name}_p{q}"] = _median(values, q)
    out |= {
        "unit_peak_over_mean": _median(peak / np.maximum(mean, 1e-9)),
        "unit_time_to_peak": _median((pool("peak_time") - pool("start")) / np.maximum(duration, 1e-9)),
        "unit_chord_over_path": _median(chord / np.maximum(pool("path"), 1e-9)),
        "unit_bulge": _median(pool("bulge")),
        "peak_law_exponent": _law(chord, peak),
        "duration_law_exponent": _law(chord, duration),
        "peak_interval": float(gaps.mean()) if len(gaps) else float("nan"),
        "peak_interval_cv": float(gaps.std() / gaps.mean()) if len(gaps) > 3 else float("nan"),
        "reversal_share": _share(cosine < -0.7),
        "continuation_share": _share(cosine > 0.4),
        "neighbour_ratio_p50": _median(ratio),
        "neighbour_ratio_p90": _median(ratio, 90),
        "ends_above_10": _share(pool("end_speed") > 10),
        "ends_above_quarter": _share(pool("end_speed") > 0.25 * peak),
        "hold_rate": len(all_held) / 2 / seconds,
        "hold_length_p50": _median(all_held),
        "hold_length_p90": _median(all_held, 90),
        "hold_share": float(all_held.sum() / 2 / seconds),
        "hold_drift": _median(speed[speed < HOLD_CM_S]),
        **_two_hands(hands, speed),
        **_excursions(body, seconds),
    }
    return out


def _two_hands(hands: list[Units], speed: Array) -> dict[str, float]:
    """How the hands share strokes: the other hand's speed within 0.15 s of a peak, and its lag."""
    joined, lags = [], []
    reach = round(0.15 * UNIT_RATE)
    for k, u in enumerate(hands):
        other = hands[1 - k].peak_time
        for time, peak in zip(u.peak_time, u.peak, strict=True):
            i = round(time * UNIT_RATE)
            joined.append(speed[max(i - reach, 0) : i + reach + 1, 1 - k].max() > 0.5 * peak)
            if len(other):
                lags.append(np.abs(other - time).min())
    lag = np.array(lags)
    moving = speed > HOLD_CM_S
    active = moving.any(1)
    same = [float("nan")] * 3
    pairs = []
    for a, move in zip(hands[0].peak_time, hands[0].displacement, strict=True):
        if len(hands[1]):
            j = int(np.argmin(np.abs(hands[1].peak_time - a)))
            if abs(hands[1].peak_time[j] - a) < 0.15:
                pairs.append((move, hands[1].displacement[j]))
    if len(pairs) >= 5:
        left, right = (np.array(x) for x in zip(*pairs, strict=True))
        sign = np.array([-1.0, 1.0, 1.0])  # outward is left for one hand and right for the other
        same = [float(x) for x in (left * right * sign > 0).mean(0)]
    return {
        "two_hand_share": _share(np.array(joined)),
        "two_hand_lag": _median(lag[lag < 0.3]),
        "same_outward_share": same[0],
        "same_up_share": same[1],
        "same_forward_share": same[2],
        "one_hand_alone_share": _share(moving[active].sum(1) == 1),
        "left_of_alone_share": _share((moving[:, 0] & ~moving[:, 1])[active & (moving.sum(1) == 1)]),
    }


def _excursions(body: Body, seconds: float) -> dict[str, float]:
    """Drops of a hand below -0.75 arm lengths (hanging beside the body)."""
    lows = [stretches(_hanging(body.places[:, k, 1]), body.fps, 0.2) for k in (0, 1)]
    pooled = np.concatenate(lows)
    return {"drops_per_min": 60 * len(pooled) / 2 / seconds, "drop_length": _median(pooled)}


def _hanging(height: Array) -> NDArray[np.bool_]:
    """True while a hand hangs low, with 0.03 AL of hysteresis so that a hand at the edge counts once."""
    low = np.zeros(len(height), bool)
    state = bool(height[0] < LOW_AL) if len(height) else False
    for i, y in enumerate(height):
        state = y < LOW_AL + (0.03 if state else 0.0)
        low[i] = state
    return low
