"""Two-bone inverse kinematics in closed form: arms and legs whose end is given.

Root, middle joint (elbow, knee) and end make a triangle whose three sides are known, by the law of cosines; what is
free is the turn of that triangle about the line from root to end. A *pole*, a direction across that line, settles it.
Arrays are ``(..., 3)`` m in any common frame, lengths ``(..., 1)`` m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation

Array = NDArray[np.float64]

STRETCH = 0.9995
"""How far a limb may straighten, share of its length: a straight one would lose its plane (judgement)."""
_LEAST = 1e-6
"""Shortest length (m) by which a vector is divided."""


def towards(root: Array, end: Array) -> tuple[Array, Array]:
    """Unit direction ``(..., 3)`` and distance ``(..., 1)`` m from ``root`` to ``end``."""
    line = end - root
    distance = rotation.length(line)
    return line / np.maximum(distance, _LEAST), distance


def across(hint: Array, direction: Array) -> Array:
    """The unit vector nearest to ``hint (..., 3)`` that is at right angles to the unit ``direction (..., 3)``."""
    pole = hint - (hint * direction).sum(-1, keepdims=True) * direction
    return pole / np.maximum(rotation.length(pole), _LEAST)


@dataclass(frozen=True, eq=False)
class TwoBones:
    """A limb whose end lies ``distance`` m from ``root`` in ``direction``.

    ``along`` and ``height`` ``(..., 1)`` m place the middle joint: so far along the line, and so far aside from it.
    """

    root: Array
    direction: Array
    distance: Array
    along: Array
    height: Array

    @classmethod
    def lay(cls, root: Array, direction: Array, distance: Array, upper: float, lower: float) -> TwoBones:
        """Bones of ``upper`` and ``lower`` m; ``distance`` must be one that they can span."""
        along = (upper**2 - lower**2 + distance**2) / (2 * distance)
        return cls(root, direction, distance, along, np.sqrt(np.maximum(upper**2 - along**2, 0)))

    @property
    def end(self) -> Array:
        """Where the limb ends (wrist, ankle)."""
        return self.root + self.distance * self.direction

    def middle(self, pole: Array) -> Array:
        """Where the middle joint lies (elbow, knee) with the limb bent towards ``pole``."""
        return self.root + self.along * self.direction + self.height * pole

    def bones(self, pole: Array) -> tuple[Array, Array]:
        """Both bones as vectors, the upper and the lower one, with the limb bent towards ``pole``."""
        upper = self.along * self.direction + self.height * pole
        return upper, self.distance * self.direction - self.along * self.direction - self.height * pole
