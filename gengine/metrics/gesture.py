"""Body motion in numbers: the measures of gesture.md, the same code for real clips and ours.

``measure`` takes any motion whose arms ``limbs.find_rig`` knows and returns one flat table. ``ROWS`` names
every row, its unit and what it means; a row that a clip cannot have (palms without hand axes, fingers
without fingers, units of a still hand) is absent or NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, find_peaks, sosfiltfilt, welch

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.errors import GengineError
from gengine.metrics.hands import measure_hands
from gengine.metrics.joint_limits import joint_angles
from gengine.metrics.limbs import SIDES, Body, low_pass, velocity
from gengine.metrics.units import measure_units, stretches
from gengine.metrics.whole_body import measure_whole_body

Array = NDArray[np.float64]

MEASURE_RATE = 30.0
"""Faster motion is read at this rate, Hz, that of the real clips: jerk and angular speed depend on it."""


def measure(motion: Motion, speech_times: Sequence[float] | None = None) -> dict[str, float]:
    """Every row of ``ROWS`` that the motion has.

    ``speech_times`` are accented vowel onsets in seconds from the motion's first frame; with them the
    coupling of speed peaks to accents is measured too.
    """
    if motion.duration < 2.0:
        raise GengineError(f"measure: motion of {motion.duration:.2f} s, expected at least 2 s")
    if not (np.isfinite(motion.rotations).all() and np.isfinite(motion.root).all()):
        raise GengineError("measure: motion holds NaN or infinity, expected finite rotations and root")
    if motion.fps > MEASURE_RATE * 1.1:
        motion = motion.resample(MEASURE_RATE)
    body = Body(motion)
    out = {
        **measure_wrists(body),
        **measure_space(body),
        **measure_units(body),
        **measure_hands(body),
        **measure_head(body),
        **measure_trunk(body),
        **measure_posture(body),
        **measure_joints(body),
        **measure_rest(body),
        **measure_whole_body(body),
    }
    if speech_times is not None:
        from gengine.metrics.speech_coupling import coupling

        out |= coupling(body, speech_times)
    return out


def _decay(x: Array, fps: float) -> float:
    """Seconds after which the autocorrelation of ``x (T, D)`` has fallen to 1/e."""
    x = x - x.mean(0)
    n = len(x)
    spectrum = np.abs(np.fft.rfft(x, 2 * n, axis=0)) ** 2
    full = np.fft.irfft(spectrum.sum(1))[:n] / np.arange(n, 0, -1)
    if full[0] < 1e-12:
        return float("nan")
    below = np.flatnonzero(full / full[0] < np.exp(-1))
    return float(below[0] / fps) if len(below) else float("nan")


def measure_wrists(body: Body) -> dict[str, float]:
    """Speeds, accelerations, smoothness and timing of the wrists."""
    speed, fps = body.speed, body.fps
    acceleration = velocity(body.wrist_velocity, fps)
    jerk = velocity(acceleration, fps)
    out: dict[str, float] = {}
    for k, side in enumerate(SIDES):
        for q in (50, 90):
            out[f"speed_p{q}_{side}"] = float(np.percentile(speed[:, k], q))
        out[f"speed_max_{side}"] = float(speed[:, k].max())
    left, right = (speed - speed.mean(0)).T
    spread = float(np.sqrt((left**2).sum() * (right**2).sum()))
    peaks = sum(len(find_peaks(s, height=15, prominence=10)[0]) for s in speed.T)
    out |= {
        "below_5": float((speed < 5).mean()),
        "both_below_10": float((speed < 10).all(1).mean()),
        "peaks_above_15": peaks / 2 / body.motion.duration,
        "left_right_correlation": float((left * right).sum()) / spread if spread > 1e-6 else float("nan"),
        "acceleration": float(np.linalg.norm(acceleration, axis=2).mean()),
        "jerk": float(np.linalg.norm(jerk, axis=2).mean()),
        "position_decay": float(np.mean([_decay(body.wrists[:, k], fps) for k in (0, 1)])),
        "velocity_decay": float(np.mean([_decay(body.wrist_velocity[:, k], fps) for k in (0, 1)])),
        "ldlj": _ldlj(speed, jerk, fps),
        "power_above_6": _power_above(body.raw_wrists.reshape(len(speed), -1), fps, 6.0),
    }
    return out


def _ldlj(speed: Array, jerk: Array, fps: float, window: float = 5.0) -> float:
    """Log dimensionless jerk, median over 5 s windows and hands (less negative is smoother)."""
    n = min(round(window * fps), len(speed))
    values = []
    for start in range(0, len(speed) - n + 1, n):
        for k in (0, 1):
            peak = speed[start : start + n, k].max()
            if peak > 5:
                total = (jerk[start : start + n, k] ** 2).sum() / fps
                values.append(-np.log(total * (n / fps) ** 3 / peak**2))
    return float(np.median(values)) if values else float("nan")


def _power_above(x: Array, fps: float, limit: float) -> float:
    """Share of velocity power above ``limit`` Hz (velocity, so that slow posture does not hide jitter)."""
    v = velocity(x, fps)
    frequency, power = welch(v, fps, nperseg=min(len(v), round(4 * fps)), axis=0)
    power = power.sum(1)
    return float(power[frequency > limit].sum() / max(power.sum(), 1e-12)) if fps > 2 * limit else float("nan")


def _percentile(x: Array, q: float) -> float:
    x = x[np.isfinite(x)]
    return float(np.percentile(x, q)) if len(x) else float("nan")


def measure_space(body: Body) -> dict[str, float]:
    """Where the hands are: heights, reach, spread, elbow."""
    places, reach, flexion = body.places, body.reach, body.elbow_flexion
    out: dict[str, float] = {}
    for k, side in enumerate(SIDES):
        out[f"height_p50_{side}"] = float(np.percentile(places[:, k, 1], 50))
        out[f"height_p95_{side}"] = float(np.percentile(places[:, k, 1], 95))
        out[f"outward_p50_{side}"] = float(np.percentile(places[:, k, 0], 50))
        out[f"forward_p50_{side}"] = float(np.percentile(places[:, k, 2], 50))
        out[f"reach_p50_{side}"] = float(np.percentile(reach[:, k], 50))
        out[f"reach_p95_{side}"] = float(np.percentile(reach[:, k], 95))
        out[f"elbow_p50_{side}"] = float(np.percentile(flexion[:, k], 50))
        out[f"elbow_p90_{side}"] = float(np.percentile(flexion[:, k], 90))
        out[f"swivel_p50_{side}"] = _percentile(body.swivel[:, k], 50)
    # Where the forearm points as seen from the front: real elbows hang inside the hands, not outside them.
    elbow = low_pass(body.seen(body.both("elbow")), body.fps)
    fore = (body.wrists - elbow) * np.array([[1, 1, 1], [-1, 1, 1]])
    fore /= np.maximum(np.linalg.norm(fore, axis=2, keepdims=True), 1e-9)
    for i, axis in enumerate(("out", "up", "forward")):
        out[f"forearm_{axis}_p50"] = float(np.median(fore[..., i]))
    out["forearm_inward_share"] = float((fore[..., 0] < -0.3).mean())
    half = np.linalg.norm(body.both("shoulder")[:, 0] - body.both("shoulder")[:, 1], axis=1) / 2
    inside = np.abs(places[..., 0]) < (half / body.arm_length.mean())[:, None]
    inside &= (places[..., 1] > -0.75) & (places[..., 1] < -0.2)
    gap = np.linalg.norm(body.wrists[:, 0] - body.wrists[:, 1], axis=1)
    out |= {
        "wrist_std_up": float(places[..., 1].std(0).mean()),
        "wrist_std_out": float(places[..., 0].std(0).mean()),
        "wrist_std_forward": float(places[..., 2].std(0).mean()),
        "before_trunk_share": float(inside.mean()),
        "above_shoulder_share": float((places[..., 1] > 0).mean()),
        "across_midline_share": float((places[..., 0] < 0).mean()),
        "hands_apart_p50": float(np.median(gap)),
        "swivel_spread": (_percentile(body.swivel, 75) - _percentile(body.swivel, 25)) / 1.35,
    }
    return out


def _moves(angle: Array, fps: float, least: float = 2.0) -> tuple[Array, Array]:
    """Sizes (degrees) and durations (s) of the moves of one angle between turning points ``least`` apart."""
    high, _ = find_peaks(angle, prominence=least)
    low, _ = find_peaks(-angle, prominence=least)
    turns = np.sort(np.concatenate([high, low]))
    size = np.abs(np.diff(angle[turns]))
    duration = np.diff(turns) / fps
    keep = size >= least
    return size[keep], duration[keep]


def measure_head(body: Body) -> dict[str, float]:
    """Head relative to the chest: spread, speed, moves of at least 2 degrees."""
    if body.rig == "bandai":
        return {}  # its bones have no common rest axes
    angles = body.head_angles
    rate = np.abs(velocity(angles, body.fps))
    out: dict[str, float] = {}
    for i, axis in enumerate(("yaw", "pitch", "roll")):
        size, duration = _moves(angles[:, i], body.fps)
        out |= {
            f"head_{axis}_std": float(angles[:, i].std()),
            f"head_{axis}_speed": float(rate[:, i].mean()),
            f"head_{axis}_moves": len(size) / body.motion.duration,
        }
        if axis != "roll":
            out[f"head_{axis}_size_p50"] = float(np.median(size)) if len(size) else float("nan")
            out[f"head_{axis}_size_p90"] = float(np.percentile(size, 90)) if len(size) else float("nan")
            out[f"head_{axis}_duration"] = float(np.median(duration)) if len(size) else float("nan")
    return out


def measure_trunk(body: Body) -> dict[str, float]:
    """Pelvis sway (above 0.05 Hz, so pacing across a room counts less), chest turns, feet."""
    hips = body.at("hips")
    if len(hips) > 10 * body.fps:
        sections = butter(2, 0.05 / (body.fps / 2), "high", output="sos")
        sway = sosfiltfilt(sections, hips, axis=0)
    else:
        sway = hips - hips.mean(0)
    sway = np.einsum("tij,tj->ti", body.axes, sway)
    out = {
        "pelvis_std_side": float(sway[:, 0].std()),
        "pelvis_std_up": float(sway[:, 1].std()),
        "pelvis_std_forward": float(sway[:, 2].std()),
    }
    shifts, _ = find_peaks(sway[:, 0], prominence=2.0)
    backs, _ = find_peaks(-sway[:, 0], prominence=2.0)
    out["weight_shifts_per_min"] = 60 * (len(shifts) + len(backs)) / body.motion.duration
    if body.rig != "bandai":
        chest = rotation.multiply(rotation.conjugate(_heading(body)), body.turn("chest"))
        angles = low_pass(np.degrees(np.unwrap(rotation.to_euler(chest, "YXZ"), axis=0)), body.fps)
        for i, axis in enumerate(("yaw", "pitch", "roll")):
            out[f"chest_{axis}_std"] = float(angles[:, i].std())
            out[f"chest_{axis}_speed"] = float(np.abs(velocity(angles[:, i], body.fps)).mean())
    if "left_ankle" in body.parts and body.motion.root.std() > 1e-6:
        feet = np.linalg.norm(velocity(low_pass(body.both("ankle"), body.fps), body.fps), axis=2)
        out["feet_moving_share"] = float((feet > 15).any(1).mean())
    return out


def measure_posture(body: Body) -> dict[str, float]:
    """How the body stands on average: head over shoulders, trunk over hips, knees, feet apart."""
    arm = body.arm_length.mean()
    head = body.seen(body.at("head")[:, None])[:, 0] / arm
    hips = body.seen(body.at("hips")[:, None])[:, 0]
    out = {
        "posture_head_up": float(np.median(head[:, 1])),
        "posture_head_forward": float(np.median(head[:, 2])),
        "posture_lean": float(np.degrees(np.median(np.arctan2(-hips[:, 2], -hips[:, 1])))),
    }
    if "left_knee" in body.parts and "left_ankle" in body.parts:
        thigh, shank = body.both("knee") - body.both("hip"), body.both("ankle") - body.both("knee")
        lengths = np.linalg.norm(thigh, axis=2) * np.linalg.norm(shank, axis=2)
        bend = np.degrees(np.arccos(np.clip((thigh * shank).sum(2) / np.maximum(lengths, 1e-9), -1, 1)))
        ankles = body.both("ankle")
        out["posture_knee"] = float(np.median(bend))
        out["posture_stance"] = float(np.median(np.linalg.norm((ankles[:, 0] - ankles[:, 1])[:, [0, 2]], axis=1)))
    if body.rig == "beat":
        angles = joint_angles(body)
        for name in ("clavicle_up", "clavicle_forward", "wrist_bend", "wrist_deviation", "pronation"):
            out[f"posture_{name}"] = float(np.median([angles[f"{s}_{name}"] for s in SIDES]))
    return out


def _heading(body: Body) -> Array:
    """Rotations ``(T, 4)`` of the heading frame about world up."""
    forward = body.axes[:, 2]
    return rotation.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.arctan2(forward[:, 0], forward[:, 2]))


_JOINTS = {"clavicle": "clavicle", "upper_arm": "shoulder", "forearm": "elbow", "hand": "wrist", "neck": "neck",
           "spine": "spine"}  # fmt: skip


def measure_joints(body: Body) -> dict[str, float]:
    """Spread (degrees from the mean pose) and mean angular speed (degrees/s) of single joints."""
    out: dict[str, float] = {}
    for name, part in _JOINTS.items():
        sides = SIDES if f"left_{part}" in body.parts else ("",)
        spread, rate = [], []
        for side in sides:
            joint = body.parts.get(f"{side}_{part}" if side else part)
            if joint is None:
                continue
            q = rotation.continuous(body.motion.rotations[:, joint])
            mean = rotation.normalize(q.mean(0))
            spread.append(np.sqrt((np.degrees(rotation.angle(q, mean)) ** 2).mean()))
            rate.append(np.degrees(np.linalg.norm(rotation.angular_velocity(q, body.fps), axis=1)).mean())
        if spread:
            out[f"joint_{name}_rms"] = float(np.mean(spread))
            out[f"joint_{name}_speed"] = float(np.mean(rate))
    return out


def measure_rest(body: Body, least: float = 2.0) -> dict[str, float]:
    """Idle life: what still moves in stretches of ``least`` seconds with both hands slower than 10 cm/s."""
    still = low_pass(body.speed, body.fps, 1.0).max(1) < 8
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]]).astype(int)))
    head, drift, rate = [], [], []
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        if b - a >= least * body.fps:
            head.append(np.sqrt((body.head_angles[a:b].std(0) ** 2).sum()) if body.rig != "bandai" else np.nan)
            drift.append(np.sqrt((body.wrists[a:b].std(0) ** 2).sum(1)).mean())
            rate.append(np.linalg.norm(velocity(body.head_angles[a:b], body.fps), axis=1).mean())
    out = {"rest_share": float(stretches(still, body.fps, least).sum() / body.motion.duration)}
    for key, values in (("rest_head_rms", head), ("rest_wrist_drift", drift), ("rest_head_speed", rate)):
        out[key] = float(np.median(values)) if values else float("nan")
    return out


def _rows() -> dict[str, tuple[str, str]]:
    rows: dict[str, tuple[str, str]] = {
        "unit_rate": ("1/s", "movement units per hand"),
        "unit_duration": ("s", "length of a unit"),
        "unit_chord": ("cm", "start-to-end distance of a unit"),
        "unit_peak": ("cm/s", "peak speed of a unit"),
        "unit_peak_over_mean": ("x", "peak over mean speed"),
        "unit_time_to_peak": ("share", "time of the peak in the unit"),
        "unit_chord_over_path": ("share", "straightness"),
        "unit_bulge": ("share", "bulge over chord"),
        "peak_law_exponent": ("", "e in peak = k chord^e"),
        "duration_law_exponent": ("", "e in duration = k chord^e"),
        "peak_interval": ("s", "between speed peaks of one hand"),
        "peak_interval_cv": ("", "its coefficient of variation"),
        "reversal_share": ("share", "next unit goes back (cos < -0.7)"),
        "continuation_share": ("share", "next unit goes on (cos > 0.4)"),
        "neighbour_ratio": ("x", "size of a unit over the one before"),
        "ends_above_10": ("share", "unit ends faster than 10 cm/s"),
        "ends_above_quarter": ("share", "unit ends above a quarter of its peak"),
        "hold_rate": ("1/s", "holds (< 15 cm/s for 0.15 s) per hand"),
        "hold_length": ("s", "length of a hold"),
        "hold_share": ("share", "time in holds"),
        "hold_drift": ("cm/s", "median speed of a hand that holds"),
        "two_hand_share": ("share", "strokes with the other hand above half speed"),
        "two_hand_lag": ("s", "between the hands' peaks"),
        "same": ("share", "paired strokes in the same direction"),
        "one_hand_alone_share": ("share", "of moving time, one hand alone"),
        "left_of_alone_share": ("share", "of that, the left hand"),
        "drops_per_min": ("1/min", "a hand sinks below -0.75 AL"),
        "drop_length": ("s", "and stays there"),
        "speed": ("cm/s", "wrist speed"),
        "below_5": ("share", "a hand slower than 5 cm/s"),
        "both_below_10": ("share", "both hands slower than 10 cm/s"),
        "peaks_above_15": ("1/s", "speed peaks above 15 cm/s"),
        "left_right_correlation": ("", "speed of the two hands"),
        "acceleration": ("cm/s2", "mean"),
        "jerk": ("cm/s3", "mean"),
        "position_decay": ("s", "autocorrelation of wrist position to 1/e"),
        "velocity_decay": ("s", "autocorrelation of wrist velocity to 1/e"),
        "ldlj": ("", "log dimensionless jerk, 5 s windows"),
        "power_above_6": ("share", "wrist velocity power above 6 Hz"),
        "wrist_std": ("AL", "spread of the wrists"),
        "height": ("AL", "wrist above the shoulders"),
        "outward": ("AL", "wrist from mid-shoulder"),
        "forward": ("AL", "wrist before the shoulders"),
        "reach": ("AL", "shoulder to wrist"),
        "elbow": ("deg", "elbow flexion"),
        "swivel": ("deg", "elbow swing outward"),
        "forearm": ("", "forearm's direction: out, up, forward part of its length"),
        "forearm_inward_share": ("share", "forearm crossing inward by more than 17 degrees"),
        "before_trunk_share": ("share", "wrist before the trunk"),
        "above_shoulder_share": ("share", "wrist above the shoulders"),
        "across_midline_share": ("share", "wrist across the midline"),
        "hands_apart_p50": ("cm", "between the wrists"),
        "palm": ("share", "raised palms facing"),
        "finger_std": ("deg", "spread of a finger joint"),
        "finger_speed": ("deg/s", "speed of a finger joint"),
        "finger_synergy": ("share", "first component of finger variance"),
        "finger": ("deg", "median flexion"),
        "head": ("deg", "head relative to chest"),
        "pelvis_std": ("cm", "sway above 0.05 Hz"),
        "weight_shifts_per_min": ("1/min", "sideways turning points of the pelvis"),
        "chest": ("deg", "chest against the heading"),
        "posture_head": ("AL", "head joint from mid-shoulder, median"),
        "posture_lean": ("deg", "mid-shoulder before the hips, median"),
        "posture_stance": ("cm", "between the ankles, median"),
        "posture": ("deg", "joint's median"),
        "feet_moving_share": ("share", "a foot faster than 15 cm/s"),
        "joint": ("deg", "joint rotation"),
        "pelvis_yaw_std": ("deg", "turning of the pelvis within 4 s"),
        "pelvis_travel": ("cm/s", "speed of the pelvis on the ground"),
        "pelvis_vertical_share": ("share", "vertical part of the pelvis's speed bumps"),
        "trunk_speed": ("deg/s", "leaning of the chest in the world"),
        "trunk_pitch_std": ("deg", "of the chest in the world"),
        "head_pitch_power": ("share", "of the power of head pitch that lies in .5-1 Hz"),
        "energy_cv": ("", "variation of the hands' speed over 2 s windows"),
        "stroke_log_std": ("log", "spread of the sizes of units"),
        "stroke_autocorrelation": ("", "of the sizes of neighbouring units"),
        "mirrored_share": ("share", "1 s windows in which the hands mirror each other"),
        "both_holds_per_min": ("1/min", "both hands below 10 cm/s for .3 s"),
        "pose_share": ("share", "time in the most frequent pose of both wrists"),
        "rest_share": ("share", "2 s and more with both hands at rest"),
        "rest_head_rms": ("deg", "head during rest"),
        "rest_head_speed": ("deg/s", "head during rest"),
        "rest_wrist_drift": ("cm", "wrist during rest"),
        "coupling": ("share", "speed peaks within 150 ms of accents"),
    }
    return rows


ROWS = _rows()
"""Unit and meaning by row name, or by the first words of the names that share them."""


def describe(row: str) -> tuple[str, str]:
    """Unit and meaning of a row of ``measure``."""
    best = max((k for k in ROWS if row == k or row.startswith(k + "_")), key=len, default="")
    unit, meaning = ROWS.get(best, ("", ""))
    if row.startswith(("head", "joint", "chest")) and row.endswith("_speed"):
        unit = "deg/s"
    if row.endswith("_moves"):
        unit, meaning = "1/s", "moves of 2 degrees and more"
    if row.endswith("_duration") and row.startswith("head"):
        unit = "s"
    return unit, meaning
