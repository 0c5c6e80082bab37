"""Poses as the network sees them: 6D rotations and the root's place, on the axes along which they really vary.

A body of 75 joints has 450 numbers of 6D rotation (Zhou et al. 2019), most of them constant or tied to each
other. A principal basis, weighted so that a trunk which carries both arms counts more than a finger, keeps what
varies; the body and the hands have one each, as CaMN's cascade makes them one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import FormatError

Array = NDArray[np.float64]

KEPT = 0.9998
"""Share of the weighted variance that a basis keeps."""
MOST = {"body": 64, "hands": 48}
"""Most axes of each basis."""
ROOT_WEIGHT = 8.0
"""Weight of a metre of the root beside one unit of a wrist's 6D numbers: 12 cm weigh like a turn of about 60°."""


def finger_joints(skeleton: Skeleton) -> NDArray[np.int64]:
    """Joints below the two hands; all others belong to the body."""
    below = np.zeros(len(skeleton), bool)
    for j, parent in enumerate(skeleton.parents):
        above = skeleton.names[parent] if parent >= 0 else ""
        below[j] = parent >= 0 and (below[parent] or above in ("LeftHand", "RightHand"))
    return np.flatnonzero(below)


@dataclass(frozen=True, eq=False)
class Basis:
    """``mean (D,)``, ``axes (K, D)`` orthonormal in weighted numbers, ``weight (D,)``, ``deviation (K,)``."""

    mean: Array
    weight: Array
    axes: Array
    deviation: Array

    def encode(self, values: Array) -> Array:
        """``(T, D)`` → coordinates ``(T, K)`` of unit variance."""
        return ((values - self.mean) * self.weight) @ self.axes.T / self.deviation

    def decode(self, coordinates: Array) -> Array:
        """``(T, K)`` → ``(T, D)``."""
        return (coordinates * self.deviation) @ self.axes / self.weight + self.mean

    @classmethod
    def of(cls, values: Array, weight: Array, kept: float, most: int) -> Basis:
        """Principal axes of ``values (N, D)`` under ``weight``."""
        mean = values.mean(0)
        power, vectors = np.linalg.eigh(np.cov(((values - mean) * weight).T))
        power, vectors = np.maximum(power[::-1], 0.0), vectors[:, ::-1]
        share = np.cumsum(power) / max(power.sum(), 1e-12)
        count = int(min(np.searchsorted(share, kept) + 1, most, len(power)))
        return cls(mean, weight, vectors[:, :count].T.copy(), np.sqrt(power[:count] + 1e-8))


@dataclass(frozen=True, eq=False)
class PoseSpace:
    """Motion of one skeleton ↔ coordinates of the body ``(T, B)`` and of the hands ``(T, H)``."""

    body: Basis
    hands: Basis
    skeleton: Skeleton

    @property
    def sizes(self) -> tuple[int, int]:
        """Axes of the body and of the hands."""
        return len(self.body.axes), len(self.hands.axes)

    def encode(self, rotations: ArrayLike, root: ArrayLike) -> tuple[Array, Array]:
        """Rotations ``(T, J, 4)`` and root ``(T, 3)`` m → coordinates of body and hands."""
        body, hands = numbers(self.skeleton, rotations, root)
        return self.body.encode(body), self.hands.encode(hands)

    def decode(self, body: ArrayLike, hands: ArrayLike) -> tuple[Array, Array]:
        """Coordinates → rotations ``(T, J, 4)`` and root ``(T, 3)`` m."""
        fingers = finger_joints(self.skeleton)
        others = np.setdiff1d(np.arange(len(self.skeleton)), fingers)
        values = self.body.decode(np.asarray(body, float))
        count = len(values)
        six = np.empty((count, len(self.skeleton), 6))
        six[:, others] = values[:, :-3].reshape(count, -1, 6)
        six[:, fingers] = self.hands.decode(np.asarray(hands, float)).reshape(count, -1, 6)
        return rotation.from_6d(six), values[:, -3:]

    @classmethod
    def of(cls, rotations: ArrayLike, root: ArrayLike, skeleton: Skeleton | None = None) -> PoseSpace:
        """The space of training poses ``(N, J, 4)`` and roots ``(N, 3)``."""
        skeleton = skeleton or beat_skeleton()
        body, hands = numbers(skeleton, rotations, root)
        fingers = finger_joints(skeleton)
        others = np.setdiff1d(np.arange(len(skeleton)), fingers)
        carried = _carried(skeleton)
        weight = np.concatenate([np.repeat(carried[others], 6), np.full(3, ROOT_WEIGHT)])
        return cls(
            Basis.of(body, weight, KEPT, MOST["body"]),
            Basis.of(hands, np.repeat(carried[fingers], 6), KEPT, MOST["hands"]),
            skeleton,
        )

    def tensors(self) -> dict[str, NDArray]:
        """For a checkpoint."""
        return {
            f"pose.{part}.{name}": np.asarray(getattr(basis, name), np.float32)
            for part, basis in (("body", self.body), ("hands", self.hands))
            for name in ("mean", "weight", "axes", "deviation")
        } | {"pose.offsets": np.asarray(self.skeleton.offsets, np.float32)}  # fmt: skip

    @classmethod
    def from_tensors(cls, tensors: dict[str, NDArray]) -> PoseSpace:
        """Of a checkpoint; a missing tensor is a ``FormatError``."""
        standard = beat_skeleton()
        try:
            parts = [
                Basis(*(np.asarray(tensors[f"pose.{p}.{n}"], float) for n in ("mean", "weight", "axes", "deviation")))
                for p in ("body", "hands")
            ]
            offsets = np.asarray(tensors["pose.offsets"], float)
        except KeyError as error:
            raise FormatError(f"checkpoint: tensor {error} is missing; restore the checkpoint") from None
        return cls(parts[0], parts[1], Skeleton(standard.names, standard.parents, offsets))


def numbers(skeleton: Skeleton, rotations: ArrayLike, root: ArrayLike) -> tuple[Array, Array]:
    """6D numbers of the body with the root ``(T, 6 B + 3)`` and of the fingers ``(T, 6 F)``."""
    six = rotation.to_6d(np.asarray(rotations, float))
    fingers = finger_joints(skeleton)
    others = np.setdiff1d(np.arange(len(skeleton)), fingers)
    body = np.concatenate([six[:, others].reshape(len(six), -1), np.asarray(root, float)], axis=1)
    return body, six[:, fingers].reshape(len(six), -1)


def centred(motion: Motion) -> Motion:
    """The motion on BEAT's joints, turned to face forward and moved over the origin on the whole."""
    names = beat_skeleton().names
    if motion.skeleton.names != names:
        raise FormatError(
            f"motion of {len(motion.skeleton)} joints ({', '.join(motion.skeleton.names[:3])}, …): CaMN moves BEAT's 75"
        )
    hips = np.asarray(motion.rotations[:, 0], float)
    ahead = rotation.rotate(hips, np.broadcast_to([0.0, 0.0, 1.0], (len(hips), 3))).mean(0)
    back = rotation.from_axis_angle([0.0, 1.0, 0.0], -np.arctan2(ahead[0], ahead[2]))
    root = rotation.rotate(back, np.asarray(motion.root, float))
    middle = np.median(root, axis=0) * [1.0, 0.0, 1.0]
    rotations = np.array(motion.rotations)
    rotations[:, 0] = rotation.multiply(back, hips)
    return Motion(motion.skeleton, rotations, root - middle, motion.fps)


def _carried(skeleton: Skeleton) -> Array:
    """Reach of each joint: how far (m) the farthest joint below it lies, at least 5 cm."""
    reach = np.full(len(skeleton), 0.0)
    for j in range(len(skeleton) - 1, 0, -1):
        parent = skeleton.parents[j]
        reach[parent] = max(reach[parent], reach[j] + float(np.linalg.norm(skeleton.offsets[j])))
    return np.maximum(reach, 0.05)
