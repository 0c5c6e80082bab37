"""Motion from BVH files, of any skeleton and any dialect."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.bounds import bordered
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError
from gengine.formats.bvh_parser import BvhParser, frame_rate, parsed, unique_names

_BLOCK = 1024
"""Frames decoded at a time."""
_STILL = 1e-3
"""Positions that move less (m) are a joint's offset: what is left of rounding to the file's digits."""
_LARGEST = 1e5
"""Largest position and offset (m): a hundred kilometres are no stage."""
_UNITS = ((10.0, 1.0), (30.0, 2.54 / 45), (60.0, 0.0254), (500.0, 0.01))
"""Longest chain from hips to leaf, in the file's unit, and metres per unit up to there, beyond it millimetres.

A body's chain is about 1.1 m, with arms and fingers (judgement). CMU's files count in 1/0.45 inch (its FAQ).
"""
_BODY = 15
"""Joints from which on a skeleton is a body's, so that its size tells CMU's unit and inches (judgement)."""


@bordered("give the path of a .bvh file")
def read_bvh(
    path: str | Path,
    fps: float | None = None,
    scale: float | None = None,
    *,
    ground: bool = False,
    add_offsets: bool = False,
) -> Motion:
    """Read any BVH file as a Motion on its own skeleton.

    - ``fps`` overrides the header's frame time (Hz); a header that is within 0.05 % of a whole rate is
      taken as that rate (0.008333 s is 120 Hz).
    - ``scale`` is metres per file unit. Without it the longest chain from hips to leaf decides: up to 10
      units means metres, up to 30 CMU's unit (5.64 cm), up to 60 inches, up to 500 centimetres, beyond millimetres
      (CMU's unit and inches for bodies of 15 joints and more).
    - ``ground`` shifts the whole clip vertically so that its lowest joint stands on y = 0, for files
      whose root starts at the origin (BEAT, MPI).
    - ``add_offsets`` adds position channels to the OFFSET, as three.js does. By default they replace it, as
      in Blender and in every published file with both (ZeroEGGS, Bandai Namco).

    End Sites are not part of the skeleton. A static or moving reference node above a translating joint is
    folded into that joint. Other joints' position channels become offsets where they are constant, and are
    dropped with a warning where they move. A row of the wrong width, a value that is no finite number or a
    broken header is a ``FormatError`` that names the line; a wrong ``Frames:`` count is only a warning.
    """
    path = Path(path)
    with parsed(path) as parser:
        rotations, moves = _decode(parser)
    frames = len(rotations)
    if frames == 0 and parser.stated_frames != 0:
        raise parser.fail("the file ends before its first row of motion; it is truncated")
    if parser.stated_frames is not None and parser.stated_frames != frames:
        warnings.warn(f"{path}: the header says {parser.stated_frames:g} frames, the file has {frames}", stacklevel=2)
    fps = frame_rate(path, parser.frame_time) if fps is None else fps

    names = unique_names([j.name for j in parser.joints])
    parents = np.array([j.parent for j in parser.joints])
    offsets = np.array([j.offset for j in parser.joints], float)
    scale = _guess_scale(parents, offsets) if scale is None else float(scale)
    for joint, values in moves.items():
        moves[joint] = (values + offsets[joint] * add_offsets) * scale
    offsets *= scale

    root = moves.pop(0, np.broadcast_to(offsets[0], (frames, 3)))
    offsets[0] = 0.0
    while (parents == 0).sum() == 1 and 1 in moves and frames and np.ptp(moves[1], axis=0).max() > _STILL:
        # a node above the true root (Bandai Namco's joint_Root): its only child carries the translation
        root = root + rotation.rotate(rotations[:, 0], moves[1])
        rotations[:, 1] = rotation.multiply(rotations[:, 0], rotations[:, 1])
        names, parents, offsets, rotations = names[1:], parents[1:] - 1, offsets[1:], rotations[:, 1:]
        parents[0], offsets[0] = -1, 0.0
        moves = {j - 1: values for j, values in moves.items() if j > 1}
    for joint, values in moves.items() if frames else ():
        offsets[joint] = np.median(values, axis=0)
        moved = np.abs(values - offsets[joint]).max()
        if moved > _STILL:
            warnings.warn(
                f"{path}: joint '{names[joint]}' changes its length by up to {moved:.3f} m; its position "
                "channels are dropped",
                stacklevel=2,
            )
    if not (np.abs(root) <= _LARGEST).all() or not (np.abs(offsets) <= _LARGEST).all():
        raise FormatError(f"{path}: positions or offsets of over {_LARGEST:g} m; it is damaged, or give scale=")
    motion = Motion(Skeleton(tuple(names), parents, offsets), rotations, np.asarray(root, np.float32), fps)
    return _grounded(motion) if ground and frames else motion


def _decode(parser: BvhParser) -> tuple[NDArray[np.float32], dict[int, NDArray[np.float64]]]:
    """All rotations ``(T, J, 4)`` and the position channels by joint, in file units."""
    joints = parser.joints
    groups: dict[str, list[int]] = {}
    for j, joint in enumerate(joints):
        if joint.order:
            groups.setdefault(joint.order, []).append(j)
    movers = [j for j, joint in enumerate(joints) if joint.positions]
    blocks: list[NDArray[np.float32]] = []
    moves: dict[int, list[NDArray[np.float64]]] = {j: [] for j in movers}
    for block in parser.rows() if parser.channels else ():
        for part in np.array_split(block, max(1, len(block) // _BLOCK)):
            local = np.zeros((len(part), len(joints), 4), np.float32)
            local[..., 0] = 1.0
            for order, members in groups.items():
                columns = np.array([joints[j].columns for j in members])
                local[:, members] = rotation.from_euler(np.radians(part[:, columns]), order)
            blocks.append(local)
        for j in movers:
            values = np.tile(np.array(joints[j].offset), (len(block), 1))
            for axis, column in joints[j].positions.items():
                values[:, axis] = block[:, column]
            moves[j].append(values)
    empty = np.zeros((0, len(joints), 4), np.float32)
    stacked = {j: np.concatenate(v) if v else np.zeros((0, 3)) for j, v in moves.items()}
    return np.concatenate(blocks) if blocks else empty, stacked


def file_scale(path: str | Path) -> float:
    """Metres per unit that ``read_bvh`` takes a file to be in, by the size of its skeleton."""
    with parsed(path) as parser:
        return _guess_scale(
            np.array([j.parent for j in parser.joints]), np.array([j.offset for j in parser.joints], float)
        )


def _guess_scale(parents: NDArray, offsets: NDArray) -> float:
    """Metres per file unit, by the size of the skeleton."""
    children = np.bincount(parents[1:], minlength=len(parents))
    # A reference node may lie metres away from the hips, where the body begins to branch.
    start = int(np.argmax(children > 1)) if (children > 1).any() else 0
    reach = np.zeros(len(parents))
    for j in range(start + 1, len(parents)):
        reach[j] = reach[parents[j]] + np.linalg.norm(offsets[j])
    units = _UNITS if len(parents) >= _BODY else [u for u in _UNITS if u[1] in (1.0, 0.01)]
    return next((scale for most, scale in units if reach.max() <= most), 0.001)


def _grounded(motion: Motion) -> Motion:
    """The clip shifted vertically until its lowest joint touches y = 0."""
    lowest = float("inf")
    for first in range(0, len(motion), _BLOCK):
        positions, _ = motion[first : first + _BLOCK].forward()
        lowest = min(lowest, float(positions[..., 1].min()))
    return replace(motion, root=motion.root - np.array([0.0, lowest, 0.0], np.float32))
