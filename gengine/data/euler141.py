"""BEAT's 141 numbers per frame: Euler angles, in degrees, of the 47 joints that the published networks predict.

Order and unit are those of the published normalisation statistics. The angles wrap and run over several turns
(their standard deviation on forearms is about 2200 degrees); they are here for parity of metrics alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import FormatError

_FINGERS = tuple(
    f"Hand{finger}{k}"
    for finger, parts in (
        ("Middle", "123"),
        ("Ring", ("", "1", "2", "3")),
        ("Pinky", ("", "1", "2", "3")),
        ("Index", ("", "1", "2", "3")),
        ("Thumb", "123"),
    )
    for k in parts
)
JOINTS: tuple[str, ...] = (
    "Spine", "Neck", "Neck1",
    *(f"{side}{part}" for side in ("Right", "Left") for part in ("Shoulder", "Arm", "ForeArm", "Hand", *_FINGERS)),
)  # fmt: skip
"""The 47 joints in BEAT's order, three channels (X, Y, Z) each."""


def to_141(motion: Motion, near: ArrayLike | None = None) -> NDArray[np.float64]:
    """Angles ``(T, 141)`` in degrees, continuous over time.

    ``near (141,)`` picks the branch of the first frame, for example the first row of a reference.
    """
    turns = motion.rotations[:, [motion.skeleton.index(name) for name in JOINTS]]
    previous = None if near is None else np.radians(np.asarray(near, float)).reshape(len(JOINTS), 3)
    angles = rotation.unwrap_euler(rotation.to_euler(turns), previous)
    return np.degrees(angles).reshape(len(motion), -1)


def from_141(values: ArrayLike, fps: float, skeleton: Skeleton | None = None, rest: Motion | None = None) -> Motion:
    """A Motion of ``values (T, 141)`` degrees at ``fps`` (Hz).

    The other 28 joints and the root hold the first frame of ``rest``, or stand in T-pose without it.
    """
    table = np.asarray(values, float)
    if table.ndim != 2 or table.shape[1] != 3 * len(JOINTS):
        raise FormatError(f"from_141: shape {table.shape}, expected (T, {3 * len(JOINTS)})")
    skeleton = rest.skeleton if rest is not None else skeleton or beat_skeleton()
    turns = np.tile(rotation.IDENTITY, (len(table), len(skeleton), 1))
    root = np.zeros((len(table), 3))
    if rest is not None:
        turns[:], root[:] = rest.rotations[0], rest.root[0]
    else:
        root[:, 1] = -skeleton.forward(turns[:1], root[:1])[0][..., 1].min() if len(table) else 0.0
    places = [skeleton.index(name) for name in JOINTS]
    turns[:, places] = rotation.from_euler(np.radians(table).reshape(len(table), len(JOINTS), 3))
    return Motion(skeleton, turns, root, fps)
