"""Is a body possible? Joint ranges, hands through the body, sliding feet, jumps.

Solids are measured off BEAT's 1.8 m body and scale with the arm: the trunk is an elliptic capsule from
pelvis to mid-shoulder, the head a sphere, thighs and hands capsules. A hand that touches the body presses
up to about two centimetres into such solids, in real clips too, so depth is a number and not a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.metrics.joint_limits import Excess, limit_excess
from gengine.metrics.limbs import SIDES, Body, low_pass, velocity

Array = NDArray[np.float64]

BEAT_ARM_CM = 56.4
TRUNK_SIDE_CM, TRUNK_FRONT_CM = 15.0, 10.5
"""Half axes of the trunk; wrist and knuckles are points, their own thickness is in ``HAND_CM``."""
HEAD_CM, HEAD_UP_CM = 9.5, 8.0
THIGH_CM = 7.5
HAND_CM = 2.5

JUMP_JOINTS = ("chest", "neck", "head", "clavicle", "shoulder", "elbow", "wrist")


@dataclass(frozen=True)
class Safety:
    """What ``inspect`` found; depths in cm (0 = no contact), each with the time (s) of its worst frame."""

    finite: bool
    limits: list[Excess] = field(default_factory=list)
    depth: dict[str, float] = field(default_factory=dict)
    depth_time: dict[str, float] = field(default_factory=dict)
    depth_share: dict[str, float] = field(default_factory=dict)
    """Share of frames deeper than 2 cm."""
    sliding: dict[str, float] = field(default_factory=dict)
    jumps: dict[str, float] = field(default_factory=dict)
    jump_time: dict[str, float] = field(default_factory=dict)
    jump_joint: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, float]:
        """One flat table of numbers."""
        return {
            "finite": float(self.finite),
            "limits_beyond": float(len(self.limits)),
            "limits_worst": max((e.worst for e in self.limits), default=0.0),
            "limits_share": max((e.share for e in self.limits), default=0.0),
            **{f"depth_{k}": v for k, v in self.depth.items()},
            **{f"depth_share_{k}": v for k, v in self.depth_share.items()},
            **self.sliding,
            **self.jumps,
        }


def inspect(motion: Motion) -> Safety:
    """Everything this file knows about one motion."""
    if not (np.isfinite(motion.rotations).all() and np.isfinite(motion.root).all()):
        return Safety(finite=False)
    body = Body(motion)
    depth = penetration(body)
    jumps, when, joint = jump(body)
    return Safety(
        True,
        limit_excess(body),
        {k: float(v.max(initial=0)) for k, v in depth.items()},
        {k: float(np.argmax(v) / motion.fps) for k, v in depth.items()},
        {k: float((v > 2.0).mean()) for k, v in depth.items()},
        foot_sliding(body),
        jumps,
        when,
        joint,
    )


def _segment(points: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Nearest point on the segment a-b ``(T, 3)`` to ``points (T, K, 3)``: it and where along it (0-1)."""
    along = b - a
    t = ((points - a[:, None]) * along[:, None]).sum(2) / np.maximum((along**2).sum(1), 1e-9)[:, None]
    t = np.clip(t, 0, 1)
    return a[:, None] + t[..., None] * along[:, None], t


def _hand_points(body: Body, side: str) -> Array:
    """Wrist, middle knuckle and two finger joints ``(T, K, 3)`` cm; a point 9 cm on where a rig has no fingers."""
    index = {name: i for i, name in enumerate(body.motion.skeleton.names)}
    points = [body.at(f"{side}_wrist")]
    for name in ("Middle1", "Middle2", "Middle3", "Index3"):
        i = index.get(f"{side.capitalize()}Hand{name}")
        if i is not None:
            points.append(body.world[0][:, i])
    if len(points) == 1:
        fore = points[0] - body.at(f"{side}_elbow")
        points.append(points[0] + 9 * fore / np.maximum(np.linalg.norm(fore, axis=1, keepdims=True), 1e-9))
    return np.stack(points, axis=1)


def penetration(body: Body) -> dict[str, Array]:
    """Depth ``(T,)`` cm of the deeper hand in trunk, head and thighs, and of the hands in one another."""
    size = float(body.arm_length.mean() / BEAT_ARM_CM)
    hands = {side: _hand_points(body, side) for side in SIDES}
    both = np.concatenate(list(hands.values()), axis=1)
    reach = HAND_CM * size
    pelvis, middle = body.at("hips"), body.both("shoulder").mean(1)

    nearest, along = _segment(both, pelvis, middle)
    offset = both - nearest
    left = body.both("shoulder")[:, 0] - body.both("shoulder")[:, 1]
    left /= np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)
    side = np.einsum("tkj,tj->tk", offset, left)
    rest = np.sqrt(np.maximum((offset**2).sum(2) - side**2, 0))
    a, b = TRUNK_SIDE_CM * size + reach, TRUNK_FRONT_CM * size + reach
    rho = np.sqrt((side / a) ** 2 + (rest / b) ** 2)
    radius = np.sqrt(side**2 + rest**2) / np.maximum(rho, 1e-9)
    # The capsule ends flat at the shoulders: above them there is neck, not trunk.
    trunk = np.where((along > 0) & (along < 1), radius * (1 - rho), 0.0)

    up = rotation.rotate(body.turn("head"), np.array([0.0, 1.0, 0.0]))
    centre = body.at("head") + up * (HEAD_UP_CM * size)
    head = HEAD_CM * size + reach - np.linalg.norm(both - centre[:, None], axis=2)

    out = {"trunk": trunk.max(1), "head": head.max(1)}
    if "left_knee" in body.parts and "left_hip" in body.parts:
        thighs = []
        for s in SIDES:
            near, t = _segment(both, body.at(f"{s}_hip"), body.at(f"{s}_knee"))
            thighs.append(np.where(t > 0.1, THIGH_CM * size + reach - np.linalg.norm(both - near, axis=2), 0.0))
        out["thighs"] = np.concatenate(thighs, axis=1).max(1)
    apart = np.linalg.norm(hands["left"][:, :, None] - hands["right"][:, None], axis=3)
    out["hands"] = 2 * reach - apart.min((1, 2))
    return {k: np.maximum(v, 0.0) for k, v in out.items()}


def foot_sliding(body: Body) -> dict[str, float]:
    """Horizontal speed (cm/s) of a foot while planted: a toe within 1 cm of its resting height.

    The resting height of each foot is the 10th percentile of its heights. Seated bodies and bodies without
    a moving root have nothing to slide and give nothing.
    """
    if "left_toe" not in body.parts or "right_toe" not in body.parts:
        return {}
    speeds, planted = [], []
    for side in SIDES:
        foot = low_pass(body.at(f"{side}_toe"), body.fps, 8.0)
        rest = np.percentile(foot[:, 1], 10)
        down = foot[:, 1] < rest + 1.0
        speed = np.linalg.norm(velocity(foot[:, [0, 2]], body.fps), axis=1)
        speeds.append(speed[down])
        planted.append(down.mean())
    speed = np.concatenate(speeds)
    if len(speed) == 0:
        return {}
    return {
        "slide_mean": float(speed.mean()),
        "slide_p95": float(np.percentile(speed, 95)),
        "slide_max": float(speed.max()),
        "planted_share": float(np.mean(planted)),
    }


def jump(body: Body) -> tuple[dict[str, float], dict[str, float], dict[str, str]]:
    """Largest joint speed (deg/s) and acceleration (deg/s²), and wrist jumps (cm off a straight course).

    Read at 30 Hz at most, so that one popped frame weighs alike at any rate; returns values, times and joints.
    """
    motion = body.motion.resample(30.0) if body.fps > 33 else body.motion
    parts = [p for name in JUMP_JOINTS for p in (f"left_{name}", f"right_{name}", name) if p in body.parts]
    values: dict[str, float] = {"joint_speed_max": 0.0, "joint_acceleration_max": 0.0}
    times, joints = dict.fromkeys(values, 0.0), dict.fromkeys(values, "")
    for part in parts:
        q = rotation.continuous(motion.rotations[:, body.parts[part]])
        omega = np.degrees(rotation.angular_velocity(q, motion.fps))
        for key, curve in (
            ("joint_speed_max", np.linalg.norm(omega, axis=1)),
            ("joint_acceleration_max", np.linalg.norm(np.diff(omega, axis=0), axis=1) * motion.fps),
        ):
            if len(curve) and curve.max() > values[key]:
                values[key], times[key] = float(curve.max()), float(np.argmax(curve) / motion.fps)
                joints[key] = part
    wrists = Body(motion).raw_wrists
    bend = (
        np.linalg.norm(wrists[2:] - 2 * wrists[1:-1] + wrists[:-2], axis=2).max(1) if len(wrists) > 2 else np.zeros(1)
    )
    values["wrist_jump_max"], times["wrist_jump_max"] = float(bend.max()), float((np.argmax(bend) + 1) / motion.fps)
    return values, times, joints
