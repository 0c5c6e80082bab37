"""Where a skeleton keeps its arms: joint names of several rigs, and body-centred curves of one motion.

Every body measure of the project starts here, so real clips and ours pass through the same code. Axes are
those of gesture.md: origin between the shoulder joints, *out* along the shoulder line (positive away from
the trunk on either side), *up* along world +Y, *forward* where the shoulders face. Lengths in centimetres or
in arm lengths (AL: upper arm plus forearm), as each name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.errors import GengineError

Array = NDArray[np.float64]

CUTOFF_HZ = 6.0
"""Low-pass of all wrist curves (gesture.md): voluntary arm motion lies below, marker noise above."""

HEADING_HZ = 0.5
"""The heading follows body turns slower than this; faster shoulder twist counts as arm motion."""

SIDES = ("left", "right")

# Anatomical part -> joint, per family of skeletons. "shoulder" is the joint at the top of the upper arm.
_BEAT = {
    "hips": "Hips", "spine": "Spine", "chest": "Spine3", "neck": "Neck", "neck1": "Neck1", "head": "Head",
    "clavicle": "{S}Shoulder", "shoulder": "{S}Arm", "elbow": "{S}ForeArm", "wrist": "{S}Hand",
    "hip": "{S}UpLeg", "knee": "{S}Leg", "ankle": "{S}Foot", "toe": "{S}ToeBase",
}  # fmt: skip
_MPI = {
    "hips": "Hips", "spine": "Chest", "chest": "Chest4", "neck": "Neck", "head": "Head",
    "clavicle": "{S}Collar", "shoulder": "{S}Shoulder", "elbow": "{S}Elbow", "wrist": "{S}Wrist",
    "hip": "{S}Hip", "knee": "{S}Knee", "ankle": "{S}Ankle", "toe": "{S}Toe",
}  # fmt: skip
_BANDAI = {
    "hips": "Hips", "spine": "Spine", "chest": "Chest", "neck": "Neck", "head": "Head",
    "clavicle": "Shoulder_{s}", "shoulder": "UpperArm_{s}", "elbow": "LowerArm_{s}", "wrist": "Hand_{s}",
    "hip": "UpperLeg_{s}", "knee": "LowerLeg_{s}", "ankle": "Foot_{s}", "toe": "Toes_{s}",
}  # fmt: skip
RIGS: dict[str, dict[str, str]] = {"mpi": _MPI, "bandai": _BANDAI, "beat": _BEAT}
"""``beat`` also fits ZeroEGGS and Mixamo-like names; the first rig whose arm joints are all there is taken."""

_NEEDED = ("hips", "head", "chest", "shoulder", "elbow", "wrist")
_TWO_SIDED = ("clavicle", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "toe")


def _name(template: str, side: str) -> str:
    return template.format(S=side.capitalize(), s=side[0].upper())


def find_rig(skeleton: Skeleton) -> tuple[str, dict[str, int]]:
    """The rig of a skeleton and the index of every part it has (``left_wrist``, ``head``, ...)."""
    index = {name: i for i, name in enumerate(skeleton.names)}
    for rig, table in RIGS.items():
        parts: dict[str, int] = {}
        for part, template in table.items():
            sides = SIDES if part in _TWO_SIDED else ("",)
            for side in sides:
                joint = index.get(_name(template, side) if side else template)
                if joint is not None:
                    parts[f"{side}_{part}" if side else part] = joint
        wanted = [f"{s}_{p}" for p in _NEEDED if p in _TWO_SIDED for s in SIDES]
        wanted += [p for p in _NEEDED if p not in _TWO_SIDED]
        if all(w in parts for w in wanted):
            return rig, parts
    raise GengineError(
        f"skeleton with joints {', '.join(skeleton.names[:8])}, ...: no known arm joints; body measures know BEAT, "
        "ZeroEGGS, MPI and Bandai Namco names (retarget the motion to BEAT's skeleton first)"
    )


def low_pass(x: Array, fps: float, cutoff: float = CUTOFF_HZ) -> Array:
    """Zero-phase 4th-order Butterworth low-pass along the first axis; too short or too slow curves pass as they are."""
    if cutoff >= 0.49 * fps or len(x) < 20:
        return np.asarray(x, float)
    sections = butter(2, cutoff / (fps / 2), output="sos")
    return sosfiltfilt(sections, x, axis=0, padlen=min(len(x) - 1, 3 * int(fps / cutoff) + 9))


def velocity(x: Array, fps: float) -> Array:
    """Central differences along the first axis, per second."""
    return np.gradient(x, 1 / fps, axis=0) if len(x) > 1 else np.zeros_like(x)


@dataclass(frozen=True, eq=False)
class Body:
    """One motion seen from its own shoulders. Curves of the two sides are stacked (T, 2, ...), left first."""

    motion: Motion
    cutoff: float = CUTOFF_HZ

    @property
    def fps(self) -> float:
        return self.motion.fps

    @cached_property
    def rig(self) -> str:
        return find_rig(self.motion.skeleton)[0]

    @cached_property
    def parts(self) -> dict[str, int]:
        return find_rig(self.motion.skeleton)[1]

    @cached_property
    def world(self) -> tuple[Array, Array]:
        """World positions ``(T, J, 3)`` in cm and rotations ``(T, J, 4)``."""
        positions, rotations = self.motion.forward()
        return positions * 100.0, rotations

    def at(self, part: str) -> Array:
        """World positions ``(T, 3)`` cm of a part."""
        return self.world[0][:, self.parts[part]]

    def both(self, part: str) -> Array:
        """World positions ``(T, 2, 3)`` cm of a part, left first."""
        return np.stack([self.at(f"{s}_{part}") for s in SIDES], axis=1)

    def turn(self, part: str) -> Array:
        """World rotations ``(T, 4)`` of a part."""
        return self.world[1][:, self.parts[part]]

    @cached_property
    def arm_length(self) -> Array:
        """Upper arm plus forearm, cm, ``(2,)``."""
        offsets = np.linalg.norm(self.motion.skeleton.offsets, axis=1) * 100
        return np.array([offsets[self.parts[f"{s}_elbow"]] + offsets[self.parts[f"{s}_wrist"]] for s in SIDES])

    @cached_property
    def axes(self) -> Array:
        """Rows left, up, forward of the heading frame, ``(T, 3, 3)``; the shoulder line laid level."""
        shoulders = self.both("shoulder")
        left = shoulders[:, 0] - shoulders[:, 1]
        left[:, 1] = 0
        left = low_pass(left, self.fps, HEADING_HZ)
        left /= np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)
        up = np.broadcast_to([0.0, 1.0, 0.0], left.shape)
        return np.stack([left, up, np.cross(left, up)], axis=1)

    def seen(self, points: Array) -> Array:
        """Points ``(T, ..., 3)`` world cm → left, up, forward from mid-shoulder, cm."""
        middle = self.both("shoulder").mean(1)
        shape = (len(points),) + (1,) * (points.ndim - 2) + (3,)
        return np.einsum("tij,t...j->t...i", self.axes, points - middle.reshape(shape))

    @cached_property
    def raw_wrists(self) -> Array:
        """Unfiltered wrists ``(T, 2, 3)``: left, up, forward from mid-shoulder, cm."""
        return self.seen(self.both("wrist"))

    @cached_property
    def wrists(self) -> Array:
        """Wrists ``(T, 2, 3)`` below the cut-off: left, up, forward from mid-shoulder, cm."""
        return low_pass(self.raw_wrists, self.fps, self.cutoff)

    @cached_property
    def wrist_velocity(self) -> Array:
        """``(T, 2, 3)`` cm/s in the body's axes."""
        return velocity(self.wrists, self.fps)

    @cached_property
    def speed(self) -> Array:
        """Wrist speed ``(T, 2)`` cm/s in the body's axes."""
        return np.linalg.norm(self.wrist_velocity, axis=2)

    @cached_property
    def places(self) -> Array:
        """Wrists ``(T, 2, 3)``: outward, up, forward from mid-shoulder in arm lengths."""
        return self.wrists * np.array([[1, 1, 1], [-1, 1, 1]]) / self.arm_length.mean()

    @cached_property
    def reach(self) -> Array:
        """Distance shoulder to wrist ``(T, 2)`` in arm lengths."""
        return np.linalg.norm(self.both("wrist") - self.both("shoulder"), axis=2) / self.arm_length.mean()

    @cached_property
    def elbow_flexion(self) -> Array:
        """Degrees ``(T, 2)``; 0 is a straight arm."""
        upper = self.both("elbow") - self.both("shoulder")
        fore = self.both("wrist") - self.both("elbow")
        cosine = (upper * fore).sum(2) / np.maximum(np.linalg.norm(upper, axis=2) * np.linalg.norm(fore, axis=2), 1e-9)
        return np.degrees(np.arccos(np.clip(cosine, -1, 1)))

    @cached_property
    def swivel(self) -> Array:
        """Elbow swing ``(T, 2)`` degrees about the shoulder-wrist line: 0 hangs straight below, positive outward.

        It means little while the arm is nearly straight; NaN below 30 degrees of flexion.
        """
        line = self.both("wrist") - self.both("shoulder")
        line /= np.maximum(np.linalg.norm(line, axis=2, keepdims=True), 1e-9)
        elbow = self.both("elbow") - self.both("shoulder")
        elbow -= (elbow * line).sum(2, keepdims=True) * line
        down = np.array([0, -1.0, 0]) + line * line[..., 1:2]
        down /= np.maximum(np.linalg.norm(down, axis=2, keepdims=True), 1e-9)
        side = np.cross(line, down) * np.array([1.0, -1.0])[:, None]
        angle = np.degrees(np.arctan2((elbow * side).sum(2), (elbow * down).sum(2)))
        return np.where(self.elbow_flexion > 30, angle, np.nan)

    @cached_property
    def head_angles(self) -> Array:
        """Head relative to chest ``(T, 3)`` degrees: yaw (+ left), pitch (+ down), roll (+ to its right)."""
        relative = rotation.multiply(rotation.conjugate(self.turn("chest")), self.turn("head"))
        angles = np.degrees(np.unwrap(rotation.to_euler(relative, "YXZ"), axis=0))
        return low_pass(angles, self.fps, self.cutoff)
