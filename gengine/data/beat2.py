"""BEAT2: the same recordings as SMPL-X parameters (``poses (T, 165)``, ``trans (T, 3)``, ``expressions (T, 100)``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core import array_bounds
from gengine.core.bounds import bordered
from gengine.core.motion import Motion
from gengine.errors import FormatError
from gengine.formats.smplx import read_smplx


@dataclass(frozen=True, eq=False)
class Beat2Take:
    """``motion`` on BEAT's joints (through the bone map; joints without a partner rest), jaw and eyes as rotation
    vectors ``(T, 3)`` rad, FLAME's ``expressions (T, 100)`` and the body's ``betas``, all at ``motion.fps``."""

    motion: Motion
    jaw: NDArray[np.float32]
    eyes: NDArray[np.float32]
    expressions: NDArray[np.float32]
    betas: NDArray[np.float32]


@bordered("give a BEAT2 archive")
def read_beat2(path: str | Path, fps: float | None = None) -> Beat2Take:
    """Read one BEAT2 ``.npz`` (30 Hz), the body at ``fps`` (Hz) where that is given; ``FormatError`` on damage.

    Joint rotations are copied from SMPL-X's bones to BEAT's of the same place. The two rest poses differ
    slightly, so limbs may point a few degrees off; the root keeps BEAT2's world.
    """
    motion = read_smplx(path)
    names = ("poses", "expressions", "betas")
    with array_bounds.archive(path, "give a BEAT2 archive") as archive:
        poses, expressions, betas = (array_bounds.load_array(archive, name).astype(np.float32) for name in names)
    array_bounds.check_finite(betas, f"{path}: betas")
    if expressions.ndim != 2 or len(expressions) != len(poses) or not np.isfinite(expressions).all():
        raise FormatError(f"{path}: expressions {expressions.shape}, expected ({len(poses)}, 100) finite numbers")
    return Beat2Take(motion.resample(fps) if fps else motion, poses[:, 66:69], poses[:, 69:75], expressions, betas)
