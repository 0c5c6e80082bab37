"""Hand shapes and fingers: one flexion per joint, a little spread, a thumb that opposes.

Shapes are rounded library values and medians of real hands (data/handshapes.csv).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.constraints.body_limits import RANGES_DEG, soft_clip
from gengine.core import rotation
from gengine.core.constants import read_table
from gengine.core.skeleton import Skeleton
from gengine.networks.choreographer.parameters import PACKAGE

Array = NDArray[np.float64]

_X, _Y, _Z = np.eye(3)

FINGERS = ("Index", "Middle", "Ring", "Pinky")

SYNERGY = np.radians([10, 9, 5, 12, 11, 6, 13, 13, 6, 12, 14, 8, -1.5, 0, 0.5, 2, 3, 5, 4])
"""Change of a hand shape per unit of curl, radians ``(19,)``: one curl of all fingers carries 85-95 % of the variance
of real ones (measured on BEAT and ZeroEGGS)."""

OFFSET = np.radians([-5, -3, -2, -1, 0, 0, 2, 1, 0, 6, 4, 2, -1, 0, 0.5, 2, 0, 0, 0])
"""Second synergy: the index opens while the little finger closes, radians ``(19,)`` (measured: with it 92 %)."""

SPREAD_MOST = 0.34
"""How far fingers spread to either side, rad (20 deg: AAOS)."""
FLEXION_KNEE = np.radians(5.0)
"""Soft part of the fingers' ranges, rad. Judgement."""
THUMB_REST = np.radians(22.0)
"""Opposition of the thumb at rest, rad. Measured (BEAT)."""
# Flexion axis of the right thumb's outer joints in its own frame: across the bone, as real thumbs bend there.
_THUMB_AXIS = np.array([0.30, -0.50, 0.82]) / np.linalg.norm([0.30, -0.50, 0.82])
# Resting turn of the metacarpals (deg about X): the palm is slightly hollow. Medians of a real hand, halved.
_CUP = {"Index": -2.0, "Ring": -3.5, "Pinky": -4.0}


# -- shapes ------------------------------------------------------------------------------------------------------------

WIDTH = 19
"""Channels of a hand shape: MCP, PIP, DIP of index, middle, ring, little (12); spread of each (4); thumb (3).

Radians. Spread is positive towards the little finger. The thumb's are CMC opposition, MCP and IP flexion.
"""


@cache
def shapes() -> dict[str, Array]:
    """Every hand shape ``(19,)`` by name."""
    table = {row["shape"]: np.radians([float(v) for v in _numbers(row)]) for row in read_table(PACKAGE, "handshapes")}
    for value in table.values():
        value.setflags(write=False)
    return table


def shape(name: str) -> Array:
    """One hand shape ``(19,)``."""
    return shapes()[name]


def _numbers(row: dict[str, str]) -> list[float]:
    fingers = [float(v) for f in ("index", "middle", "ring", "pinky") for v in row[f].split("/")]
    return fingers + [float(v) for v in row["spread"].split()] + [float(v) for v in row["thumb"].split("/")]


# -- joints ------------------------------------------------------------------------------------------------------------


@cache
def joints(skeleton_names: tuple[str, ...]) -> NDArray[np.int64]:
    """Indices ``(2, 15)`` of MCP, PIP, DIP of four fingers and three thumb joints, left first."""
    rows = []
    for side in ("Left", "Right"):
        names = [f"{side}Hand{finger}{k}" for finger in FINGERS for k in (1, 2, 3)]
        names += [f"{side}HandThumb{k}" for k in (1, 2, 3)]
        rows.append([skeleton_names.index(n) for n in names])
    return np.array(rows)


_SIGN = np.array([[1.0], [-1.0]])
"""Of (left, right) ``(2, 1)``: flexion turns about Z, negative on the left hand, positive on the right."""
_THUMB_AXES = (_THUMB_AXIS * np.array([[1, -1, -1], [1, 1, 1]]))[:, None]
"""``(2, 1, 3)``, mirrored on the left."""
_LOW, _HIGH = np.radians([RANGES_DEG[joint] for joint in ("mcp", "pip", "dip")] * 4).T


@cache
def _cup(skeleton_names: tuple[str, ...]) -> tuple[NDArray[np.int64], Array]:
    """The metacarpals' joints and how they rest."""
    rests = {f"{side}Hand{finger}": angle for side in ("Left", "Right") for finger, angle in _CUP.items()}
    index = np.array([skeleton_names.index(name) for name in rests])
    return index, rotation.from_axis_angle(_X, np.radians(list(rests.values())))


def place(out: Array, skeleton: Skeleton, shape: Array) -> None:
    """Write the fingers of ``shape (T, 2, 19)`` rad into local rotations ``out (T, J, 4)``."""
    index = joints(skeleton.names)
    flexion = soft_clip(shape[..., :12], _LOW, _HIGH, FLEXION_KNEE)
    spread = np.minimum(np.maximum(shape[..., 12:16], -SPREAD_MOST), SPREAD_MOST)
    curl = rotation.from_axis_angle(_Z, -_SIGN * flexion)
    open_share = np.minimum(np.maximum(np.cos(flexion[..., 0::3]), 0), 1)  # a closed hand cannot spread
    apart = rotation.from_axis_angle(_Y, _SIGN * spread * open_share)
    curl[..., 0::3, :] = rotation.multiply(apart, curl[..., 0::3, :])
    out[:, index[:, :12]] = curl
    out[:, index[:, 12]] = rotation.from_axis_angle(_X, THUMB_REST + shape[..., 16])
    out[:, index[:, 13:]] = rotation.from_axis_angle(_THUMB_AXES, shape[..., 17:])
    metacarpals, rest = _cup(skeleton.names)
    out[:, metacarpals] = rest
