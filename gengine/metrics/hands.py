"""Palms and fingers: where palms face, how far fingers curl, how many independent curls there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.metrics.limbs import SIDES, Body, low_pass, velocity

Array = NDArray[np.float64]

FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")
PALMS = ("out", "in", "up", "down", "forward", "back")
RAISED_AL = -0.6
"""A hand above this height (arm lengths from the shoulders) is raised."""


def palm_shares(body: Body) -> dict[str, float]:
    """Share of time that raised palms face each way, both hands pooled.

    The palm's normal stands on the plane of wrist, middle knuckle and the index-to-little knuckle line, on
    the palm's side; bodies without those joints have no palms.
    """
    counts = np.zeros(6)
    index = {name: i for i, name in enumerate(body.motion.skeleton.names)}
    places = body.world[0]
    for k, side in enumerate(SIDES):
        knuckles = [index.get(f"{side.capitalize()}Hand{f}1") for f in ("Middle", "Index", "Pinky")]
        if None in knuckles:
            return {}
        middle, first, last = (places[:, i] for i in knuckles)
        normal = np.cross(middle - body.at(f"{side}_wrist"), first - last)
        normal *= (1 if side == "left" else -1) / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        seen = np.einsum("tij,tj->ti", body.axes, normal)
        seen[:, 0] *= 1 if side == "left" else -1
        seen = seen[body.places[:, k, 1] > RAISED_AL]
        facing = np.argmax(np.concatenate([seen, -seen], axis=1), axis=1)  # out up forward in down back
        counts += np.bincount(facing, minlength=6)
    if counts.sum() == 0:
        return {f"palm_{name}": float("nan") for name in PALMS}
    share = counts / counts.sum()
    return {f"palm_{name}": float(share[i]) for name, i in zip(PALMS, (0, 3, 1, 4, 2, 5), strict=True)}


def curls(body: Body) -> tuple[list[str], Array]:
    """Finger flexion ``(T, K)`` degrees (size of the joint's rotation, signed by its bend towards the palm)."""
    names, columns = [], []
    index = {name: i for i, name in enumerate(body.motion.skeleton.names)}
    for side in SIDES:
        sign = -1.0 if side == "left" else 1.0
        for finger in FINGERS:
            for joint in (2, 3) if finger == "Thumb" else (1, 2, 3):
                i = index.get(f"{side.capitalize()}Hand{finger}{joint}")
                if i is None:
                    continue
                turn = rotation.to_rotvec(body.motion.rotations[:, i])
                axis = turn[:, 1] * -1 if finger == "Thumb" else turn[:, 2]
                bend = np.degrees(np.linalg.norm(turn, axis=1)) * np.where(sign * axis < 0, -1, 1)
                names.append(f"{side[0]}_{finger}_{joint}")
                columns.append(bend)
    return names, np.stack(columns, 1) if columns else np.zeros((len(body.motion), 0))


def measure_hands(body: Body) -> dict[str, float]:
    """Palm shares, finger medians, spread, speed and synergy; nothing for bodies without fingers."""
    out = palm_shares(body)
    names, bend = curls(body)
    if not names or float(np.ptp(bend, axis=0).max(initial=0)) < 1e-6:
        return out
    label = {1: "mcp", 2: "pip", 3: "dip"}
    for finger in FINGERS[1:]:
        for joint in (1, 2, 3):
            columns = [i for i, n in enumerate(names) if n.endswith(f"{finger}_{joint}")]
            out[f"finger_{finger.lower()}_{label[joint]}_p50"] = float(np.median(bend[:, columns], axis=0).mean())
    out["finger_std"] = float(bend.std(0).mean())
    out["finger_speed"] = float(np.abs(velocity(low_pass(bend, body.fps), body.fps)).mean())
    shares = []
    for side in "lr":
        curl = bend[:, [i for i, n in enumerate(names) if n[0] == side]]
        values = np.linalg.eigvalsh(np.cov(curl.T))
        if values.sum() > 1e-9:
            shares.append(values[-1] / values.sum())
    out["finger_synergy"] = float(np.mean(shares)) if shares else float("nan")
    return out
