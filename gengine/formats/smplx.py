"""SMPL-X parameters (.npz) as AMASS and BEAT2 lay them out; joints of the model where the user has its files."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from gengine.core import array_bounds, bounds, rotation
from gengine.core.bounds import bordered
from gengine.core.exporter import Exporter
from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.skeleton import beat_skeleton
from gengine.core.timing import FRAME_RATES
from gengine.errors import FormatError, GengineError, MissingExtraError, unknown
from gengine.formats.tracks import Clocked
from gengine.retarget.avatar_pose import gaze_turns
from gengine.retarget.humanoid import to_humanoid
from gengine.retarget.joint_names import joint_names

_BODY = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "jaw", "left_eye_smplhf",
    "right_eye_smplhf",
)  # fmt: skip
JOINTS: tuple[str, ...] = (
    *_BODY,
    *(
        f"{s}_{f}{k}"
        for s in ("left", "right")
        for f in ("index", "middle", "pinky", "ring", "thumb")
        for k in (1, 2, 3)
    ),
)
"""SMPL-X's 55 joints in the order of its parameters."""
JAW_OPEN = 0.35
"""Turn of the jaw at jawOpen 1, rad (20 degrees, judgement)."""
MEAN_PELVIS = np.array([0.0031, -0.3514, 0.0120])
"""The pelvis of the neutral mean body in SMPL-X's own frame, m: ``trans`` counts from that frame's origin."""
BETAS, EXPRESSIONS = 300, 100
"""Shape and expression numbers of BEAT2's files."""
_ROW = 3 * len(JOINTS)
_HINT = "give an SMPL-X archive, which holds poses and trans"


class SmplxExporter(Exporter):
    """Poses of SMPL-X at ``fps`` (Hz; BEAT2 has 30): axis-angle ``poses (T, 165)``, ``trans (T, 3)`` m.

    Body and hands come from the motion, jaw and eyes from the face; ``expressions`` are zeros, since FLAME's are a
    basis of its own, and ``betas`` are zeros, the mean body. ``up="z"`` lays the world out like AMASS (z up),
    ``"y"`` like BEAT2. Vertical placement is right for the neutral mean body; another one may stand centimetres
    higher or lower.
    """

    suffix: ClassVar[str] = ".npz"
    default_name: ClassVar[str] = "smplx.npz"
    needs: ClassVar[tuple[str, ...]] = ("motion",)

    def __init__(
        self,
        path: str | Path,
        fps: Annotated[float, "rate of the poses, Hz"] = 30.0,
        up: Annotated[Literal["y", "z"], "axis that points up: y like BEAT2, z like AMASS"] = "y",
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        if up not in ("y", "z"):
            raise unknown("up", up, ("y", "z"), "(y as BEAT2, z as AMASS)")
        self._fps, self._up = fps, up
        self._clocked = Clocked(self.path, fps)
        self._body: Any = None
        self._face: Any = None

    def append(self, stretch: Performance) -> None:
        self.check(stretch)
        if self._body is None:
            folder = self.partial.parent
            self._body, self._face = tempfile.TemporaryFile(dir=folder), tempfile.TemporaryFile(dir=folder)
        self._take(*self._clocked.push(stretch))

    def finish(self) -> None:
        if self._body is None:
            raise GengineError(f"{self.path}: no motion was appended, expected at least one stretch")
        self._take(*self._clocked.flush())
        body = _rows(self._body, _ROW + 3)
        face = _rows(self._face, 9)
        poses = body[:, :_ROW].copy()
        if len(face):
            place = slice(3 * JOINTS.index("jaw"), 3 * JOINTS.index("jaw") + 9)
            both = min(len(face), len(poses))
            poses[:both, place] = face[:both]
            poses[both:, place] = face[-1]
        np.savez(
            self.partial,
            betas=np.zeros(BETAS, np.float32),
            poses=poses,
            expressions=np.zeros((len(poses), EXPRESSIONS), np.float32),
            trans=body[:, _ROW:],
            model=np.array("smplx2020"),
            gender=np.array("neutral"),
            mocap_frame_rate=np.array(self._fps),
        )
        self.abort()

    def abort(self) -> None:
        for file in (self._body, self._face):
            if file is not None:
                file.close()

    def _take(self, motion: Motion | None, face: FaceTrack | None) -> None:
        if motion is not None and len(motion):
            body = to_humanoid(motion, "smplx")
            rows = np.zeros((len(motion), _ROW + 3), "<f4")
            turns, root = body.rotations.astype(float), body.root.astype(float)
            if self._up == "z":
                turns[:, 0] = rotation.multiply(_Y_TO_Z, turns[:, 0])
                root = rotation.rotate(_Y_TO_Z, root)
            vectors = rotation.to_rotvec(turns)
            for j, name in enumerate(body.skeleton.names):
                k = JOINTS.index(name)
                rows[:, 3 * k : 3 * k + 3] = vectors[:, j]
            rows[:, _ROW:] = root - MEAN_PELVIS
            self._body.write(rows.tobytes())
        if face is not None and len(face):
            self._face.write(_jaw_and_eyes(face).astype("<f4").tobytes())


_Y_TO_Z = rotation.from_axis_angle([1.0, 0.0, 0.0], np.pi / 2)


def _rows(file: Any, width: int) -> NDArray[np.float32]:
    """What was spooled, mapped from disk."""
    file.flush()
    count = file.seek(0, 2) // (4 * width)
    return np.memmap(file, "<f4", "r", shape=(count, width)) if count else np.zeros((0, width), "<f4")


def _jaw_and_eyes(face: FaceTrack) -> NDArray[np.float64]:
    """Axis-angle of the jaw and both eyes ``(T, 9)``, rad."""
    rows = np.zeros((len(face), 9))
    rows[:, 0] = JAW_OPEN * face.weights[:, ARKIT_INDEX["jawOpen"]]
    rows[:, 3:6] = rotation.to_rotvec(gaze_turns(face, -1.0))
    rows[:, 6:9] = rotation.to_rotvec(gaze_turns(face, 1.0))
    return rows


@bordered(_HINT)
def read_smplx(path: str | Path, up: str = "y") -> Motion:
    """The body of an AMASS or BEAT2 file on BEAT's skeleton; joints without a partner stay at rest.

    Poses of 156 numbers (SMPL-H) or more are understood. A file of another kind is a ``FormatError``.
    """
    path = Path(path)
    with array_bounds.archive(path, _HINT) as archive:
        poses, trans = (array_bounds.load_array(archive, k).astype(float) for k in ("poses", "trans"))
        keys = [k for k in ("mocap_frame_rate", "mocap_framerate") if f"{k}.npy" in archive.namelist()]
        fps = float(array_bounds.load_array(archive, keys[0]).item()) if keys else 30.0
    bounds.number(fps, f"{path}: frames per second", *FRAME_RATES)
    if poses.ndim != 2 or poses.shape[1] != _ROW or trans.shape != (len(poses), 3):
        raise FormatError(f"{path}: poses {poses.shape} and trans {trans.shape}, expected (T, {_ROW}) and (T, 3)")
    if not (np.isfinite(poses).all() and np.isfinite(trans).all()):
        raise FormatError(f"{path}: holds NaN or infinity")
    if max(np.abs(poses).max(initial=0), np.abs(trans).max(initial=0)) > bounds.LARGEST:
        raise FormatError(f"{path}: holds numbers beyond {bounds.LARGEST:g}, expected radians and metres")
    skeleton = beat_skeleton()
    turns = np.tile(rotation.IDENTITY, (len(poses), len(skeleton), 1))
    for beat, theirs in joint_names("smplx").items():
        k = JOINTS.index(theirs)
        turns[:, skeleton.index(beat)] = rotation.from_rotvec(poses[:, 3 * k : 3 * k + 3])
    root = trans + MEAN_PELVIS
    if up == "z":
        back = rotation.conjugate(_Y_TO_Z)
        turns[:, 0], root = rotation.multiply(back, turns[:, 0]), rotation.rotate(back, root)
    return Motion(skeleton, turns, root, fps)


def smplx_joints(path: str | Path, model: str | Path) -> NDArray[np.float32]:
    """Joint positions ``(T, 55, 3)`` m of a written file on the user's own SMPL-X model file (``.npz`` or ``.pkl``).

    The model is not part of this project; its licence forbids commercial use. A file that is none is a
    ``FormatError``, a model that is absent or another a ``GengineError``.
    """
    try:
        import torch

        smplx = importlib.import_module("smplx")  # its authors' package, not this module of the same name
    except ImportError:
        raise MissingExtraError("SMPL-X joints", "smplx") from None
    model = Path(model)
    if not model.is_file():
        raise GengineError(f"{model}: no SMPL-X model file; get SMPLX_NEUTRAL.npz from its authors")
    with array_bounds.archive(path, _HINT) as archive:
        poses, trans = (
            torch.from_numpy(array_bounds.load_array(archive, k).astype(np.float32)) for k in ("poses", "trans")
        )
    count = len(poses)
    body = smplx.SMPLX(str(model), use_pca=False, flat_hand_mean=True, batch_size=count, num_betas=10,
                       num_expression_coeffs=10, ext=model.suffix.lstrip("."))  # fmt: skip
    with torch.no_grad():
        out = body(
            global_orient=poses[:, :3], body_pose=poses[:, 3:66], jaw_pose=poses[:, 66:69], leye_pose=poses[:, 69:72],
            reye_pose=poses[:, 72:75], left_hand_pose=poses[:, 75:120], right_hand_pose=poses[:, 120:165], transl=trans,
            betas=torch.zeros(count, 10), expression=torch.zeros(count, 10), return_verts=False,
        )  # fmt: skip
    return out.joints[:, : len(JOINTS)].numpy()
