"""Biovision hierarchies (.bvh) in BEAT's layout; ``gengine.formats.read_bvh`` reads any.

Conventions of the format: local rotations are intrinsic Euler angles in degrees, in the order of the
channels; the rest pose is whatever the OFFSETs draw with zero rotations; +Y is up. Written files are in
centimetres and stand on the ground: y = 0 of the root's positions is the floor, as in every Motion (BEAT's own
files start with the hips at the origin instead).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.exporter import Exporter
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.report import Report
from gengine.core.skeleton import Skeleton
from gengine.errors import GengineError
from gengine.retarget.joint_names import RIGS, joint_names

if TYPE_CHECKING:
    from gengine.formats.humanoid_bvh import BvhTemplate

_WRITE = 512
"""Frames formatted at a time."""


class BvhExporter(Exporter):
    """Body motion exactly as BEAT lays it out: 75 joints, 228 channels, XYZ order, centimetres, LF, 6 decimals.

    - ``skeleton``: ``"beat"`` writes the motion's own skeleton; a rig of ``gengine.retarget.joint_names.RIGS``
      (``"mixamo"``, ``"vrm"``, …) moves it onto that rig's joints and names first; the path of a ``.bvh`` of any
      humanoid moves it onto that very skeleton: its names, offsets, channels and their order; ``skeleton_bones`` then
      is a map of its joints where nothing else tells them.
    - ``tpose_frame`` puts a T-pose before the first frame, which MotionBuilder's characterisation wants; the
      motion then starts one frame late.

    Euler angles are continuous across frames and stretches: each joint stays on the branch nearest the frame
    before. Leaves repeat their own offset as End Site, as BEAT's do.
    """

    suffix: ClassVar[str] = ".bvh"
    default_name: ClassVar[str] = "body.bvh"
    needs: ClassVar[tuple[str, ...]] = ("motion",)

    def __init__(
        self,
        path: str | Path,
        skeleton: Annotated[str, f"joint names: beat, {', '.join(RIGS)}, or a .bvh that has one's own"] = "beat",
        tpose_frame: Annotated[bool, "a T-pose before the first frame, for MotionBuilder"] = False,
        skeleton_bones: Annotated[str | Path | None, "a map (JSON) of the joints of that .bvh"] = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._rig, self._tpose = str(skeleton).lower(), tpose_frame
        self._template: BvhTemplate | None = None
        if self._rig.endswith(".bvh"):
            from gengine.formats.humanoid_bvh import BvhTemplate

            self._template = BvhTemplate(skeleton, skeleton_bones)
            self.report = Report(notes=tuple(self._template.notes))
            if tpose_frame:
                raise GengineError("tpose_frame: a skeleton of one's own has its rest pose already; leave it out")
        elif self._rig != "beat":
            joint_names(self._rig)  # an unknown rig is an error now, not after the first stretch
        self._file: BinaryIO | None = None
        self._clock: tuple[Skeleton, float] | None = None
        self._counts_at = self._frames = 0
        self._last: NDArray | None = None

    def append(self, stretch: Performance) -> None:
        self.check(stretch)
        assert stretch.motion is not None
        self.append_motion(stretch.motion)

    def append_motion(self, motion: Motion) -> None:
        """Add the next stretch of body motion."""
        if self._template is None and self._rig != "beat":
            from gengine.retarget.humanoid import to_humanoid

            motion = to_humanoid(motion, self._rig)
        if self._file is None or self._clock is None:
            self._start(motion)
        elif self._clock != (motion.skeleton, motion.fps):
            raise GengineError(
                f"{self.path}: a stretch at {motion.fps} Hz does not continue one of another rate or rig"
            )
        for first in range(0, len(motion), _WRITE):
            if self._template is not None:
                self._write(self._template.rows(motion[first : first + _WRITE]))
            else:
                self._rows(motion.rotations[first : first + _WRITE], motion.root[first : first + _WRITE])

    def finish(self) -> None:
        if self._file is None:
            raise GengineError(f"{self.path}: no motion was appended, expected at least one stretch")
        self._file.seek(self._counts_at)
        self._file.write(self._counts())
        self._file.close()

    def abort(self) -> None:
        if self._file is not None:
            self._file.close()

    def _start(self, motion: Motion) -> None:
        self._clock = (motion.skeleton, motion.fps)
        template = self._template
        channels = 3 + 3 * len(motion.skeleton) if template is None else template.channels
        self._format = " ".join(["%.6f"] * channels) + "\n"
        self._file = self.partial.open("wb")
        header = _hierarchy(motion.skeleton) if template is None else template.header
        self._file.write(header.encode() + b"MOTION\n")
        self._counts_at = self._file.tell()
        self._file.write(self._counts())
        if self._tpose and len(motion):
            rest = np.tile(rotation.IDENTITY, (1, len(motion.skeleton), 1))
            lowest = motion.skeleton.forward(rest, np.zeros((1, 3)))[0][..., 1].min()
            self._rows(rest, np.array([[motion.root[0, 0], -lowest, motion.root[0, 2]]]))

    def _counts(self) -> bytes:
        """The lines of frame count and frame time, always equally long: digits of one make room for the other."""
        assert self._clock is not None
        frames = str(self._frames)
        return f"Frames: {frames}\nFrame Time: {1 / self._clock[1]:.{17 - len(frames)}f}\n".encode()

    def _rows(self, rotations: NDArray, root: NDArray) -> None:
        angles = rotation.unwrap_euler(rotation.to_euler(rotations), self._last)
        values = np.concatenate([root * 100.0, np.degrees(angles).reshape(len(root), -1)], axis=1)
        self._last = angles[-1]
        self._write(values)

    def _write(self, values: NDArray[np.float64]) -> None:
        assert self._file is not None
        if not np.isfinite(values).all():
            raise GengineError(f"{self.path}: the motion holds NaN or infinity from frame {self._frames} on")
        values = np.round(values, 6) + 0.0  # no -0.000000
        self._file.write((self._format * len(values) % tuple(values.ravel().tolist())).encode())
        self._frames += len(values)


def write_bvh(motion: Motion, path: str | Path, **options: Any) -> Path:
    """Write a Motion alone, on any skeleton; ``options`` are those of ``BvhExporter``."""
    with BvhExporter(path, **options) as out:
        out.append_motion(motion)
    return out.path


def _hierarchy(skeleton: Skeleton) -> str:
    """The header up to MOTION. The root's OFFSET is zero, since readers disagree about any other."""
    children: list[list[int]] = [[] for _ in skeleton.names]
    for j, parent in enumerate(skeleton.parents[1:], 1):
        children[parent].append(j)
    lines = ["HIERARCHY"]

    def joint(j: int, depth: int) -> None:
        tab, inner = "\t" * depth, "\t" * (depth + 1)
        offset = skeleton.offsets[j] if j else np.zeros(3)
        lines.append(f"{tab}{'JOINT' if j else 'ROOT'} {'_'.join(skeleton.names[j].split())}")
        lines.append(f"{tab}{{")
        lines.append(inner + "OFFSET {:.6f} {:.6f} {:.6f}".format(*offset * 100))
        position = "" if j else "Xposition Yposition Zposition "
        lines.append(f"{inner}CHANNELS {3 if j else 6} {position}Xrotation Yrotation Zrotation")
        for child in children[j]:
            joint(child, depth + 1)
        if not children[j]:
            end = offset if np.abs(offset).max() > 1e-6 else np.array([0.0, 0.05, 0.0])  # readers need some length
            lines.append(f"{inner}End Site")
            lines.append(f"{inner}{{")
            lines.append(inner + "\tOFFSET {:.6f} {:.6f} {:.6f}".format(*end * 100))
            lines.append(f"{inner}}}")
        lines.append(f"{tab}}}")

    joint(0, 0)
    return "\n".join(lines) + "\n"
