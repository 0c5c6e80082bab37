"""Any humanoid's BVH as motion of BEAT's joints, and BEAT's motion on the very skeleton of someone's BVH."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.bounds import bordered
from gengine.core.motion import Motion
from gengine.errors import FormatError, GengineError
from gengine.formats.bvh_parser import parsed, unique_names
from gengine.formats.bvh_reader import file_scale, read_bvh
from gengine.retarget.bone_map import read_bones
from gengine.retarget.humanoid_rig import HumanoidRig

_UNITS = {1.0: "metres", 0.0254: "inches", 0.01: "centimetres", 0.001: "millimetres"}


@bordered("give the path of a .bvh file")
def read_humanoid_bvh(
    path: str | Path, fps: float | None = None, bones: str | Path | None = None
) -> tuple[Motion, list[str]]:
    """The motion of any humanoid's BVH on BEAT's joints, standing on y = 0, and notes on what was told of the file.

    ``fps`` overrides the header's rate (Hz); ``bones`` is the path of a map of its joints. A file that is no whole BVH,
    or no humanoid's, is a ``FormatError``.
    """
    motion, rig, notes = _read(Path(path), fps, bones)
    return rig.to_beat(motion), notes


def _read(path: Path, fps: float | None, bones: str | Path | None) -> tuple[Motion, HumanoidRig, list[str]]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        motion = read_bvh(path, fps)
    try:
        joints = None if bones is None else read_bones(bones, motion.skeleton.names, motion.skeleton.parents.tolist())
        rig = HumanoidRig.of(motion, joints)
    except FormatError:
        raise
    except GengineError as error:
        raise FormatError(f"{path}: {error}; give --bones, or the motion of a whole body") from None
    scale = file_scale(path)
    unit = _UNITS.get(scale, f"units of {scale:.4g} m (CMU's)")
    notes = [f"{path.name}: taken to be in {unit}, {len(rig.joints)} joints matched", *rig.notes]
    return motion, rig, ["; ".join(notes) + ".", *(str(w.message) for w in said)]


class BvhTemplate:
    """Someone's skeleton as their BVH declares it: ``header`` is the file's own text, up to MOTION.

    Names, offsets, channels and their order stay as they are. A file that is no humanoid's is a ``FormatError``;
    ``notes`` say what had to be told or cannot be done.
    """

    def __init__(self, path: str | Path, bones: str | Path | None = None) -> None:
        path = Path(path)
        motion, self.rig, self.notes = _read(path, None, bones)
        with parsed(path) as parser:
            self._joints, self.channels = parser.joints, parser.channels
        text = path.read_text("utf-8-sig", "replace").splitlines()
        end = next(k for k, line in enumerate(text) if line.strip().upper().startswith("MOTION"))
        self.header = "\n".join(text[:end]) + "\n"
        self._scale = file_scale(path)
        names = unique_names([joint.name for joint in self._joints])
        place = {name: j for j, name in enumerate(motion.skeleton.names)}
        self._places = [place.get(name) for name in names]  # reference nodes above the hips were folded away
        self._mover = self._moving_joint(names)
        self._last: dict[int, NDArray] = {}
        if self._mover is None:
            self.notes.append(f"{path.name}: neither the hips nor a joint above them have position channels: it stays")

    def _moving_joint(self, names: list[str]) -> int | None:
        """The joint that carries the body through the room: the hips, or the nearest above that can."""
        joint = names.index(self.rig.skeleton.names[self.rig.joints["Hips"]])
        below = np.zeros(3)
        while joint >= 0:
            if len(self._joints[joint].positions) == 3:
                self._under = below
                return joint
            below = below + np.array(self._joints[joint].offset)
            joint = self._joints[joint].parent
        return None

    def rows(self, motion: Motion) -> NDArray[np.float64]:
        """Channels ``(T, C)`` of the next stretch of BEAT's motion, angles continuous with those before."""
        local, places = self.rig.from_beat(motion)
        values = np.zeros((len(motion), self.channels))
        for j, joint in enumerate(self._joints):
            for axis, column in joint.positions.items():
                values[:, column] = joint.offset[axis] if self._places[j] is not None else 0.0
            if j == self._mover:
                for axis, column in joint.positions.items():
                    values[:, column] = places[:, axis] / self._scale - self._under[axis]
            at = self._places[j]
            if not joint.order or at is None:
                continue
            order = joint.order + "".join(axis for axis in "XYZ" if axis not in joint.order)
            angles = rotation.to_euler(local[:, [at]], order)
            if len(joint.order) == 3:
                angles = rotation.unwrap_euler(angles, self._last.get(j))
                self._last[j] = angles[-1]
            values[:, joint.columns] = np.degrees(angles[:, 0, : len(joint.order)])
        return values
