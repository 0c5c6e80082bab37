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

    ``near (141,)`` picks the branch of the first frame. ``near (T, 141)``, a reference's own angles, picks for every
    frame the branch closest to it, so that a metric that does not wrap angles compares poses and not turns.
    """
    turns = motion.rotations[:, [motion.skeleton.index(name) for name in JOINTS]]
    angles = rotation.to_euler(turns)
    goal = None if near is None else np.radians(np.asarray(near, float))
    if goal is None or goal.ndim == 1:
        angles = rotation.unwrap_euler(angles, None if goal is None else goal.reshape(len(JOINTS), 3))
        return np.degrees(angles).reshape(len(motion), -1)
    if goal.shape != (len(motion), 3 * len(JOINTS)):
        raise FormatError(f"to_141: near {goal.shape}, expected ({3 * len(JOINTS)},) or ({len(motion)}, 141)")
    goal = goal.reshape(angles.shape)
    both = np.stack([angles, angles * [1.0, -1.0, 1.0] + np.pi])  # the two triples of one rotation
    both += 2 * np.pi * np.round((goal - both) / (2 * np.pi))
    second = np.abs(both[1] - goal).sum(-1) < np.abs(both[0] - goal).sum(-1)
    return np.degrees(np.where(second[..., None], both[1], both[0])).reshape(len(motion), -1)


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
