"""Face motion: ARKit-52 weights, head rotation and gaze on one clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core import resampling
from gengine.core.timing import check_frame_rate
from gengine.errors import GengineError, unknown

ARKIT_NAMES: tuple[str, ...] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose",
    "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip
"""Apple's documentation order: also Unreal's enum and the Live Link Face network order."""

ARKIT_INDEX: dict[str, int] = {name: i for i, name in enumerate(ARKIT_NAMES)}


LOOK_UP, LOOK_DOWN, LOOK_IN, LOOK_OUT = np.radians([23.0, 35.0, 33.0, 31.0])
"""Rotation of an eye at weight 1 of the eyeLook channels, rad (measured: iPhone captures, face.md section 3)."""

WIDEST_CONVERGENCE = np.radians(10.0)
"""Inward turn of each eye at most: a place 18 cm away, rad."""


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """``weights (T, 52)`` in [0, 1] by ``ARKIT_NAMES``; ``head (T, 4)`` wxyz; ``gaze (T, 2)`` rad; ``fps`` Hz.

    ``head`` is the head over a trunk at rest (identity = facing ahead); a body's neck takes back most of what its
    trunk does, so that the head looks there in the world too. ``gaze`` is the eyes' (yaw, pitch) relative to the
    head: yaw positive to the character's left, pitch positive up; each eye turns inward from there by ``convergence``.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("weights", "head", "gaze")
    """Fields that hold one row a frame."""

    weights: NDArray[np.floating]
    head: NDArray[np.floating]
    gaze: NDArray[np.floating]
    fps: float

    def __post_init__(self) -> None:
        for field in ("weights", "head", "gaze"):
            object.__setattr__(self, field, np.asarray(getattr(self, field), np.float32))
        check_frame_rate("FaceTrack.fps", self.fps)
        frames = len(self.weights)
        for field, width in (("weights", len(ARKIT_NAMES)), ("head", 4), ("gaze", 2)):
            shape = getattr(self, field).shape
            if shape != (frames, width):
                raise GengineError(f"FaceTrack.{field}: shape {shape}, expected ({frames}, {width})")

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / self.fps

    def __getitem__(self, frames: slice) -> FaceTrack:
        return replace(self, weights=self.weights[frames], head=self.head[frames], gaze=self.gaze[frames])

    def channel(self, name: str) -> NDArray[np.float32]:
        """One curve ``(T,)`` by its ARKit name; another name is a ``GengineError``."""
        if name not in ARKIT_INDEX:
            raise unknown("face curve", name, ARKIT_NAMES)
        return self.weights[:, ARKIT_INDEX[name]]

    @property
    def convergence(self) -> NDArray[np.float64]:
        """How far each eye turns inward from ``gaze``, rad ``(T,)``: half of what parts the sides' eyeLook channels.

        Zero where no gaze is given.
        """
        left, right = (
            self.channel(f"eyeLookIn{side}").astype(float) * LOOK_IN
            - self.channel(f"eyeLookOut{side}").astype(float) * LOOK_OUT
            for side in ("Left", "Right")
        )
        return np.where(self.gaze.any(axis=1), np.clip((left + right) / 2, 0, WIDEST_CONVERGENCE), 0)

    def resample(self, fps: float) -> FaceTrack:
        """The same face at another rate (Hz): linear for weights and gaze, slerp for the head."""
        return resampling.resample(self, fps)
