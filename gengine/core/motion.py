"""Body motion: local joint rotations and a root path on one clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core import resampling
from gengine.core.skeleton import Skeleton
from gengine.core.timing import check_frame_rate
from gengine.errors import GengineError


@dataclass(frozen=True, eq=False)
class Motion:
    """``rotations (T, J, 4)`` local wxyz, ``root (T, 3)`` m (world position of joint 0), ``fps`` Hz."""

    ARRAYS: ClassVar[tuple[str, ...]] = ("rotations", "root")
    """Fields that hold one row a frame."""

    skeleton: Skeleton
    rotations: NDArray[np.floating]
    root: NDArray[np.floating]
    fps: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rotations", np.asarray(self.rotations, np.float32))
        object.__setattr__(self, "root", np.asarray(self.root, np.float32))
        check_frame_rate("Motion.fps", self.fps)
        joints = len(self.skeleton)
        if self.rotations.ndim != 3 or self.rotations.shape[1:] != (joints, 4):
            raise GengineError(f"Motion.rotations: shape {self.rotations.shape}, expected (T, {joints}, 4)")
        if self.root.shape != (len(self.rotations), 3):
            raise GengineError(f"Motion.root: shape {self.root.shape}, expected ({len(self.rotations)}, 3)")

    def __len__(self) -> int:
        return len(self.rotations)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / self.fps

    def forward(self) -> tuple[NDArray, NDArray]:
        """World positions ``(T, J, 3)`` m and rotations ``(T, J, 4)``."""
        return self.skeleton.forward(self.rotations, self.root)

    def __getitem__(self, frames: slice) -> Motion:
        return replace(self, rotations=self.rotations[frames], root=self.root[frames])

    def resample(self, fps: float) -> Motion:
        """The same motion at another rate (Hz): slerp for joints, linear for the root."""
        return resampling.resample(self, fps)
