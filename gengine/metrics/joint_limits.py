"""Anatomical joint angles of a body and how far they leave the normal range.

Ranges are the AAOS normal ranges of gesture.md section 5, degrees. Angles are anatomical rather than Euler
angles of a rig, so any skeleton in T-pose with identity rest rotations can be judged:

- *neck*, *trunk*: head against chest, chest against pelvis, turned (Y), bent (X, + forward), tilted (Z).
- *shoulder back*: how far the upper arm points behind the trunk's frontal plane; *shoulder rotation*: the
  elbow's plane of flexion about the upper arm, 0 where a hanging arm would bend straight forward, + inward.
- *elbow*: angle between upper arm and forearm, 0 straight.
- *pronation*: palm about the forearm, 0 = full supination, 90 = thumb up, 180 = full pronation; read where
  the elbow bends at least 25 degrees, as its hinge is the reference.
- *wrist*: + towards the palm; deviation + towards the thumb. *fingers*: + towards the palm.
- *knee*: + bends the usual way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.metrics.limbs import SIDES, Body

Array = NDArray[np.float64]

LIMITS: dict[str, tuple[float, float]] = {
    "neck_bend": (-45, 45), "neck_tilt": (-45, 45), "neck_turn": (-80, 80),
    "trunk_bend": (-25, 80), "trunk_tilt": (-35, 35), "trunk_turn": (-45, 45),
    "clavicle_up": (-15, 45), "clavicle_forward": (-35, 35),
    "shoulder_back": (-180, 60), "shoulder_rotation": (-90, 90),
    "elbow": (0, 150), "pronation": (0, 180),
    "wrist_bend": (-70, 80), "wrist_deviation": (-30, 20),
    "finger_mcp": (-45, 90), "finger_spread": (-25, 25), "finger_pip": (-5, 105), "finger_dip": (-10, 85),
    "knee": (-5, 145),
}  # fmt: skip
"""Degrees. Wider than AAOS where real clips need it: clavicle forward ±35 (BEAT rests 15 degrees back of its
bind pose), shoulder rotation 90 both ways (the plane of flexion is not measured exactly)."""

TOLERANCE = 5.0
"""Degrees beyond a limit that still count as inside: markers, skin and rest pose differ by as much."""


@dataclass(frozen=True)
class Excess:
    """How one joint leaves its range: share of frames beyond limit and tolerance, worst degrees beyond, when (s)."""

    name: str
    limit: tuple[float, float]
    share: float
    worst: float
    time: float
    value: float


def _euler(q: Array) -> Array:
    return np.degrees(rotation.to_euler(q, "YXZ"))


def _angle_about(axis: Array, a: Array, b: Array) -> Array:
    """Signed degrees from ``a`` to ``b`` about ``axis`` (all ``(T, 3)``, any length)."""
    a = a - (a * axis).sum(1, keepdims=True) * axis
    b = b - (b * axis).sum(1, keepdims=True) * axis
    return np.degrees(np.arctan2((np.cross(a, b) * axis).sum(1), (a * b).sum(1)))


def _unit(x: Array) -> Array:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)


def joint_angles(body: Body) -> dict[str, Array]:
    """Anatomical angles ``(T,)`` in degrees by name (``left_elbow``, ``neck_turn``, ``left_Index_pip``, ...)."""
    out: dict[str, Array] = {}
    chest = body.turn("chest")
    for name, lower, upper in (("neck", "chest", "head"), ("trunk", "hips", "chest")):
        angles = _euler(rotation.multiply(rotation.conjugate(body.turn(lower)), body.turn(upper)))
        out[f"{name}_turn"], out[f"{name}_bend"], out[f"{name}_tilt"] = angles.T
    for side in SIDES:
        out |= {f"{side}_{k}": v for k, v in _arm(body, side, chest).items()}
        out |= {f"{side}_{k}": v for k, v in _fingers(body, side).items()}
        knee = body.parts.get(f"{side}_knee")
        if knee is not None:
            out[f"{side}_knee"] = np.degrees(rotation.to_rotvec(body.motion.rotations[:, knee]))[:, 0]
    return out


def _arm(body: Body, side: str, chest: Array) -> dict[str, Array]:
    mirror = 1.0 if side == "left" else -1.0
    shoulder, elbow, wrist = (body.at(f"{side}_{p}") for p in ("shoulder", "elbow", "wrist"))
    inside = rotation.conjugate(chest)
    upper = rotation.rotate(inside, _unit(elbow - shoulder))
    fore = rotation.rotate(inside, _unit(wrist - elbow))
    flexion = np.degrees(np.arccos(np.clip((upper * fore).sum(1), -1, 1)))
    bent = flexion > 25
    # Where a hanging arm's forearm would point after the upper arm is swung, without twist, to where it is.
    forward = rotation.rotate(rotation.between(np.array([0.0, -1.0, 0.0]), upper), np.array([0.0, 0.0, 1.0]))
    twist = -mirror * _angle_about(upper, forward, fore)
    # Palm as the forearm carries it: the hand's own bend taken out.
    hand = body.motion.rotations[:, body.parts[f"{side}_wrist"]]
    _, roll = rotation.swing_twist(hand, np.array([1.0, 0.0, 0.0]))
    palm = rotation.rotate(
        rotation.multiply(inside, rotation.multiply(body.turn(f"{side}_elbow"), roll)), np.array([0.0, -1.0, 0.0])
    )
    supine = -upper + (upper * fore).sum(1, keepdims=True) * fore
    # The zero lies at palm towards the upper arm; the cut lies where no forearm goes.
    turned = (mirror * _angle_about(fore, supine, palm) + 90) % 360 - 90
    bend = np.degrees(rotation.to_rotvec(rotation.multiply(rotation.conjugate(roll), hand)))
    out = {
        "elbow": flexion,
        "shoulder_back": np.degrees(np.arctan2(-upper[:, 2], np.hypot(upper[:, 0], upper[:, 1]))),
        "shoulder_rotation": np.where(bent & (upper[:, 1] < 0.7), twist, 0.0),
    }
    if body.rig == "beat":  # other rigs do not rest in T-pose
        out |= {
            "pronation": np.where(bent, turned, 90.0),
            "wrist_bend": -mirror * bend[:, 2],
            "wrist_deviation": -mirror * bend[:, 1],
        }
    joint = body.parts.get(f"{side}_clavicle")
    if joint is not None:
        clavicle = np.degrees(rotation.to_rotvec(body.motion.rotations[:, joint]))
        out["clavicle_up"] = mirror * clavicle[:, 2]
        out["clavicle_forward"] = -mirror * clavicle[:, 1]
    return out


def _fingers(body: Body, side: str) -> dict[str, Array]:
    index = {name: i for i, name in enumerate(body.motion.skeleton.names)}
    mirror = 1.0 if side == "left" else -1.0
    out: dict[str, Array] = {}
    for finger in ("Index", "Middle", "Ring", "Pinky"):
        for joint, name in ((1, "mcp"), (2, "pip"), (3, "dip")):
            i = index.get(f"{side.capitalize()}Hand{finger}{joint}")
            if i is not None:
                turn = np.degrees(rotation.to_rotvec(body.motion.rotations[:, i]))
                out[f"{finger}_{name}"] = -mirror * turn[:, 2]
                if joint == 1:
                    out[f"{finger}_spread"] = mirror * turn[:, 1]
    return out


def _limit(name: str) -> tuple[float, float] | None:
    bare = name.split("_", 1)[1] if name.startswith(("left_", "right_")) else name
    head, _, kind = bare.partition("_")
    if head in ("Index", "Middle", "Ring", "Pinky"):
        bare = f"finger_{kind}"
    return LIMITS.get(bare)


def limit_excess(body: Body) -> list[Excess]:
    """Joints that leave their range by more than the tolerance, worst first; empty when all stay inside."""
    found = []
    for name, angle in joint_angles(body).items():
        limit = _limit(name)
        if limit is None:
            continue
        beyond = np.maximum(limit[0] - angle, angle - limit[1])
        worst = int(np.argmax(beyond))
        if beyond[worst] > TOLERANCE:
            found.append(
                Excess(name, limit, float((beyond > TOLERANCE).mean()), float(beyond[worst]), worst / body.fps,
                       float(angle[worst]))
            )  # fmt: skip
    return sorted(found, key=lambda e: -e.worst)
