"""Eyes, brows and head (face.md sections 3, 4 and 6)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import find_peaks

from gengine.core import rotation
from gengine.core.face import FaceTrack
from gengine.metrics.face_clip import Array, FaceClip, Measured, power_above, quantile


def blinks(face: FaceTrack) -> Array:
    """Times (s) of blinks: both lids together rise by at least 0.25 and fall back within 0.5 s."""
    lids = (face.channel("eyeBlinkLeft") + face.channel("eyeBlinkRight")).astype(float) / 2
    peaks, _ = find_peaks(np.concatenate([[0.0], lids, [0.0]]), prominence=0.25, width=(1, 0.5 * face.fps))
    return (peaks - 1) / face.fps


def saccades(face: FaceTrack) -> Array:
    """Times (s) of fast shifts (40 deg/s and more) of the line of sight by at least 1 degree.

    The line of sight is eyes and head together, so that eyes which hold a target while the head moves rest.
    """
    head = head_angles(face)
    sight = np.degrees(face.gaze.astype(float)) + np.stack([head[:, 0], -head[:, 1]], axis=1)
    step = np.hypot(*np.diff(sight, axis=0).T)
    fast = np.concatenate([[False], step * face.fps > 40.0, [False]])
    edges = np.flatnonzero(np.diff(fast.astype(int))).reshape(-1, 2)
    size = np.array([step[a:b].sum() for a, b in edges])
    return edges[size >= 1.0, 0] / face.fps if len(edges) else np.zeros(0)


def measure_eyes_and_brows(clips: Sequence[FaceClip]) -> dict[str, Measured]:
    minutes = sum(c.face.duration for c in clips) / 60
    winks = sum(len(blinks(c.face)) for c in clips)
    jumps = sum(len(saccades(c.face)) for c in clips)
    spread, lids, look = [], [], []
    for clip in clips:
        face = clip.face
        brow = face.channel("browInnerUp") + 0.25 * (
            face.channel("browOuterUpLeft") + face.channel("browOuterUpRight")
        ) - 0.5 * (face.channel("browDownLeft") + face.channel("browDownRight"))  # fmt: skip
        length = round(20 * face.fps)
        if face.duration >= 5:
            spread += [float(brow[k : k + length].std()) for k in range(0, max(len(brow) - length // 2, 1), length)]
        open_ = 0.5 * (
            face.channel("eyeWideLeft")
            + face.channel("eyeWideRight")
            - face.channel("eyeBlinkLeft")
            - face.channel("eyeBlinkRight")
        )
        away = np.ones(len(face), bool)
        for t in blinks(face):
            away[max(0, round((t - 0.2) * face.fps)) : round((t + 0.3) * face.fps)] = False
        lids.append(open_[away]), look.append(face.gaze[away, 1])
    lid, gaze = np.concatenate(lids), np.concatenate(look)
    moving = len(lid) > 10 and lid.std() > 1e-6 and gaze.std() > 1e-6
    return {
        "blinks_per_min": Measured(winks / minutes, winks),
        "brow_sd": quantile(spread),
        "saccades_per_s": Measured(jumps / (60 * minutes), jumps),
        "lid_gaze_r": Measured(float(np.corrcoef(lid, gaze)[0, 1]) if moving else float("nan"), len(lid)),
    }


def head_angles(face: FaceTrack) -> Array:
    """Head yaw (left), pitch (down), roll (left side up) ``(T, 3)`` in degrees."""
    return np.degrees(rotation.to_euler(face.head, "YXZ"))


def measure_head(clips: Sequence[FaceClip]) -> dict[str, Measured]:
    angles = [head_angles(c.face) for c in clips]
    pooled = np.concatenate(angles)
    speed = np.concatenate([np.abs(np.diff(a[:, 1])) * c.face.fps for a, c in zip(angles, clips, strict=True)])
    rows = [power_above(a[:, k], c.face.fps, 4.0) for a, c in zip(angles, clips, strict=True) for k in range(3)]
    above, total = np.sum(rows, axis=0)
    sd = pooled.std(axis=0)
    return {
        "head_yaw_sd": Measured(float(sd[0]), len(pooled)),
        "head_pitch_sd": Measured(float(sd[1]), len(pooled)),
        "head_roll_sd": Measured(float(sd[2]), len(pooled)),
        "head_speed_p95": quantile(speed, 95),
        "head_above_4hz": Measured(float(above / total) if total > 0 else float("nan"), len(rows)),
    }
