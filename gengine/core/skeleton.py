"""Skeletons: joint names, parents and rest offsets, and forward kinematics."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core import rotation
from gengine.errors import GengineError, unknown


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A joint tree in T-pose with identity rest rotations.

    ``parents (J,)`` holds the index of each joint's parent (-1 for the root, which is joint 0) and every
    parent precedes its children; ``offsets (J, 3)`` are metres in the parent's frame.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    offsets: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "parents", np.asarray(self.parents, np.int64))
        object.__setattr__(self, "offsets", np.asarray(self.offsets, float))
        joints = len(self.names)
        if self.parents.shape != (joints,):
            raise GengineError(f"Skeleton.parents: shape {self.parents.shape}, expected ({joints},)")
        if self.offsets.shape != (joints, 3):
            raise GengineError(f"Skeleton.offsets: shape {self.offsets.shape}, expected ({joints}, 3)")
        if joints and (self.parents[0] != -1 or (self.parents[1:] < 0).any()):
            raise GengineError("Skeleton.parents: joint 0 must be the only root (parent -1)")
        if (self.parents >= np.arange(joints)).any():
            raise GengineError("Skeleton.parents: every parent must precede its children")

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Skeleton)
            and self.names == other.names
            and np.array_equal(self.parents, other.parents)
            and np.array_equal(self.offsets, other.offsets)
        )

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Index of a joint; an unknown name is a ``GengineError``."""
        try:
            return self.names.index(name)
        except ValueError:
            raise unknown("joint", name, self.names) from None

    @property
    def levels(self) -> list[NDArray[np.int64]]:
        """Joints grouped by depth, root first: one vector operation per level makes FK fast."""
        depth = np.zeros(len(self), int)
        for j in range(1, len(self)):
            depth[j] = depth[self.parents[j]] + 1
        return [np.flatnonzero(depth == d) for d in range(depth.max(initial=0) + 1)]

    def forward(self, rotations: ArrayLike, root: ArrayLike) -> tuple[NDArray, NDArray]:
        """Forward kinematics.

        ``rotations (T, J, 4)`` local, ``root (T, 3)`` m → world positions ``(T, J, 3)`` m and world
        rotations ``(T, J, 4)``.
        """
        local = np.asarray(rotations, float)
        world = np.empty_like(local)
        positions = np.empty(local.shape[:-1] + (3,))
        world[:, 0] = local[:, 0]
        positions[:, 0] = np.asarray(root, float)
        for joints in _levels(self)[1:]:
            above = self.parents[joints]
            world[:, joints] = rotation.multiply(world[:, above], local[:, joints])
            positions[:, joints] = positions[:, above] + rotation.rotate(
                world[:, above], np.broadcast_to(self.offsets[joints], local.shape[:1] + (len(joints), 3))
            )
        return positions, world


def _levels(skeleton: Skeleton) -> list[NDArray[np.int64]]:
    cached = skeleton.__dict__.get("_levels")
    if cached is None:
        cached = skeleton.levels
        object.__setattr__(skeleton, "_levels", cached)
    return cached


@cache
def beat_skeleton() -> Skeleton:
    """BEAT's 75-joint body, about 1.8 m tall (offsets of speaker 2's header, formats.md section 1.1)."""
    text = resources.files("gengine.core").joinpath("data/beat_skeleton.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    names = tuple(r["name"] for r in rows)
    parents = [names.index(r["parent"]) if r["parent"] else -1 for r in rows]
    offsets = [[float(r[c]) / 100 for c in ("ox_cm", "oy_cm", "oz_cm")] for r in rows]
    return Skeleton(names, np.array(parents), np.array(offsets))


SOLE_HEIGHT = 0.0
"""World height of the ground, metres: every Motion stands on y = 0."""

BEAT_HIP_HEIGHT = 0.928
"""Height of BEAT's Hips above the sole in T-pose, metres (upper leg + leg + foot chain)."""
