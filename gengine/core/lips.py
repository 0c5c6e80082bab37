"""How open a face's lips are: the inner-lip gap and the mouth's width as linear maps of its ARKit weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.errors import GengineError

OUTER_EYE_DISTANCE = 87.0
"""Outer-eye distance of the head the millimetres of this module belong to (ICT-FaceKit), mm."""

ICT_REST = 0.8
"""Gap of that head's lips at rest, mm (face.md section 1)."""

_LEAST_CLOSING = 1.0
"""A mouthClose that closes the lips by less is taken for a mistake, mm (judgement)."""

# Measured on ICT-FaceKit's neutral head, mm at weight 1 (face.md, arkit_effect_mm_ict.csv): inner-lip gap, mouth width.
_ICT: dict[str, tuple[float, float]] = {
    "jawOpen": (28.2, -5.6), "mouthClose": (-36.3, 2.8), "mouthFunnel": (10.6, -6.7), "mouthPucker": (-1.3, -9.1),
    "mouthShrugUpper": (4.5, -0.1), "mouthShrugLower": (-6.2, 1.4), "mouthRollLower": (-2.4, 0.7),
    "mouthRollUpper": (1.5, 3.1), "mouthLowerDownLeft": (2.8, 0.0), "mouthLowerDownRight": (2.8, 0.0),
    "mouthUpperUpLeft": (3.4, 0.4), "mouthUpperUpRight": (3.4, 0.4), "noseSneerLeft": (3.1, -0.6),
    "noseSneerRight": (3.1, -0.6), "mouthPressLeft": (-1.1, -0.1), "mouthPressRight": (-1.1, -0.1),
    "mouthSmileLeft": (-0.1, 7.8), "mouthSmileRight": (-0.1, 7.8), "mouthStretchLeft": (-0.2, 6.5),
    "mouthStretchRight": (-0.2, 6.5), "mouthDimpleLeft": (-0.8, 0.9), "mouthDimpleRight": (-0.8, 0.9),
    "mouthFrownLeft": (-0.1, 2.0), "mouthFrownRight": (-0.1, 2.0), "cheekSquintLeft": (0.2, 0.7),
    "cheekSquintRight": (0.2, 0.7), "jawForward": (1.1, 0.9), "jawLeft": (-0.2, 0.5), "jawRight": (-0.2, 0.5),
    "mouthLeft": (-0.45, -8.8), "mouthRight": (-0.45, -8.8), "cheekPuff": (-0.1, -5.5),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class SealModel:
    """Lip gap (mm) of one head: ``rest + weights @ gap``; ``width (52,)`` mm changes the mouth's width alike.

    The default is ICT-FaceKit's head; ``SealModel.measure`` gives another head's own.
    """

    rest: float
    gap: NDArray[np.float64]
    width: NDArray[np.float64]

    @cached_property
    def close(self) -> float:
        """Gap change of mouthClose at weight 1, mm (negative)."""
        return float(self.gap[ARKIT_INDEX["mouthClose"]])

    def gap_mm(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Inner-lip gap ``(T,)`` mm of ARKit weights ``(T, 52)``; below zero the lips press on each other."""
        return self.rest + np.asarray(weights, float) @ self.gap

    def width_mm(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Mouth width ``(T,)`` mm relative to rest."""
        return np.asarray(weights, float) @ self.width

    @classmethod
    def ict(cls) -> SealModel:
        """The model of ICT-FaceKit's head."""
        table = np.zeros((len(ARKIT_NAMES), 2))
        for name, row in _ICT.items():
            table[ARKIT_INDEX[name]] = row
        return cls(ICT_REST, table[:, 0].copy(), table[:, 1].copy())

    @classmethod
    def measure(
        cls,
        neutral: ArrayLike,
        deltas: ArrayLike,
        upper_lip_idx: Sequence[int],
        lower_lip_idx: Sequence[int],
        names: Sequence[str] = ARKIT_NAMES,
        corner_idx: tuple[int, int] | None = None,
        outer_eye_distance: float | None = None,
    ) -> SealModel:
        """The model of a head from its mesh.

        ``neutral (V, 3)`` and ``deltas (K, V, 3)`` share one unit, +Y up; ``names (K,)`` orders the deltas.
        ``upper_lip_idx`` and ``lower_lip_idx`` are facing pairs of inner-lip vertices near the middle. The
        head's ``outer_eye_distance`` (same unit) scales the result to the 87 mm head that all limits
        of this project are given for; without it the unit is taken to be mm already. Raises GengineError where
        shapes do not fit or mouthClose does not close the lips.
        """
        neutral, deltas = np.asarray(neutral, float), np.asarray(deltas, float)
        if len(upper_lip_idx) != len(lower_lip_idx) or not len(upper_lip_idx):
            raise GengineError(
                f"SealModel.measure: {len(upper_lip_idx)} upper and {len(lower_lip_idx)} lower lip vertices, "
                "expected facing pairs, at least one"
            )
        if deltas.shape != (len(names), *neutral.shape):
            raise GengineError(
                f"SealModel.measure: deltas {deltas.shape}, expected {(len(names), *neutral.shape)}: names, vertices, 3"
            )
        scale = OUTER_EYE_DISTANCE / outer_eye_distance if outer_eye_distance else 1
        up, low = np.asarray(upper_lip_idx), np.asarray(lower_lip_idx)
        gap, width = np.zeros(len(ARKIT_NAMES)), np.zeros(len(ARKIT_NAMES))
        for k, name in enumerate(names):
            if name not in ARKIT_INDEX:
                continue
            gap[ARKIT_INDEX[name]] = scale * (deltas[k, up, 1] - deltas[k, low, 1]).mean()
            if corner_idx is not None:
                a, b = corner_idx
                axis = neutral[a] - neutral[b]
                width[ARKIT_INDEX[name]] = scale * (deltas[k, a] - deltas[k, b]) @ axis / np.linalg.norm(axis)
        if gap[ARKIT_INDEX["mouthClose"]] > -_LEAST_CLOSING:
            found = gap[ARKIT_INDEX["mouthClose"]]
            raise GengineError(
                f"SealModel.measure: mouthClose changes the lip gap by {found:.2f} mm, expected "
                "it to close the lips; check the lip vertices, the unit and the blendshape names"
            )
        rest = scale * float((neutral[up, 1] - neutral[low, 1]).mean())
        return cls(rest, gap, width)
