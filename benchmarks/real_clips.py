"""The real clips of gesture.md as Motions: [B] BEAT, [Z] ZeroEGGS, [S] MPI stories. A module, not a command."""

from __future__ import annotations

import os
import warnings
from functools import cache
from pathlib import Path

import numpy as np

from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import beat_skeleton
from gengine.errors import GengineError
from gengine.formats.bvh_reader import read_bvh

BEAT_CLIP = "2_scott_0_1_1"
SOURCES = {"B": "BEAT speaker 2, standing", "Z": "ZeroEGGS, oratory", "S": "MPI stories, seated"}

# SMPL-X joint -> BEAT joint; the two rest poses share axes (T-pose, Y up, Z forward), so rotations carry over.
_SMPLX = {
    0: "Hips", 3: "Spine", 6: "Spine1", 9: "Spine3", 12: "Neck", 15: "Head", 13: "LeftShoulder",
    14: "RightShoulder", 16: "LeftArm", 17: "RightArm", 18: "LeftForeArm", 19: "RightForeArm", 20: "LeftHand",
    21: "RightHand", 1: "LeftUpLeg", 2: "RightUpLeg", 4: "LeftLeg", 5: "RightLeg", 7: "LeftFoot", 8: "RightFoot",
    10: "LeftToeBase", 11: "RightToeBase",
}  # fmt: skip


def data_folder() -> Path:
    """The reference recordings: ``GENGINE_DATA``, or ``../shared/data`` beside the repository."""
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("GENGINE_DATA", default))
    if not folder.is_dir():
        raise GengineError(f"reference recordings are not at {folder}; set GENGINE_DATA to their folder")
    return folder


def _read(path: Path, **options: object) -> Motion:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_bvh(path, **options)  # type: ignore[arg-type]


@cache
def beat_bvh() -> Motion:
    """BEAT's own joints at their true 15 fps: arms, neck, one spine joint and fingers, no legs, no root."""
    path = data_folder() / "beat" / BEAT_CLIP / f"{BEAT_CLIP}.bvh"
    return _read(path, fps=15.0, ground=True)[1:957]  # row 0 is a raw frame, later rows are empty


@cache
def beat() -> Motion:
    """The same take from BEAT2's SMPL-X rotations at 30 fps on BEAT's bones: whole body, root in the room."""
    archive = np.load(data_folder() / "beat" / BEAT_CLIP / f"{BEAT_CLIP}_beat2_smplx.npz", allow_pickle=False)
    poses = rotation.from_rotvec(archive["poses"].reshape(-1, 55, 3))
    skeleton = beat_skeleton()
    local = np.zeros((len(poses), len(skeleton), 4))
    local[..., 0] = 1.0
    for joint, name in _SMPLX.items():
        local[:, skeleton.index(name)] = poses[:, joint]
    motion = Motion(skeleton, local, archive["trans"], 30.0)
    lowest = motion.forward()[0][..., 1].min()
    return Motion(skeleton, local, motion.root - np.float32([0, lowest, 0]), 30.0)


@cache
def zeggs() -> Motion:
    """ZeroEGGS "speech", 69 s at 30 fps."""
    return _read(next((data_folder() / "bvh_misc").glob("zeggs*.bvh")))


@cache
def mpi() -> tuple[Motion, ...]:
    """73 stories at 31.25 fps, without the frame of rest pose at either end."""
    return tuple(_read(p, ground=True)[2:-2] for p in sorted((data_folder() / "mocap_mpi").glob("*.bvh")))


PUBLISHED: dict[str, tuple[float | None, float | None, float | None]] = {
    "unit_rate": (0.29, 1.80, 1.62), "unit_duration_p50": (0.78, 0.54, 0.37), "unit_chord_p50": (16, 22, 21),
    "unit_peak_p50": (39, 79, 103), "unit_peak_over_mean": (1.71, 1.56, 1.68),
    "unit_time_to_peak": (0.48, 0.48, 0.50), "unit_chord_over_path": (0.87, 0.90, 0.90),
    "unit_bulge": (0.19, 0.17, 0.16), "peak_law_exponent": (0.56, 0.65, 0.62),
    "duration_law_exponent": (0.32, 0.38, 0.47), "peak_interval": (None, 0.55, 0.62),
    "reversal_share": (None, 0.52, 0.40), "continuation_share": (None, 0.12, 0.18), "hold_rate": (0.34, 0.21, 0.43),
    "hold_length_p50": (1.06, 0.27, 0.43), "hold_share": (0.80, 0.07, 0.29), "two_hand_share": (0.83, 0.90, 0.81),
    "one_hand_alone_share": (None, 0.14, 0.32), "speed_p50_right": (3, 45, 28), "speed_p90_right": (16, 118, 131),
    "speed_max_right": (31, 258, 320), "below_5": (0.60, 0.015, 0.10), "both_below_10": (0.70, 0.02, 0.13),
    "peaks_above_15": (0.25, 1.8, 1.6), "left_right_correlation": (0.80, 0.70, 0.57), "acceleration": (33, 420, 450),
    "position_decay": (1.0, 0.5, 1.0), "velocity_decay": (0.3, 0.2, 0.15), "wrist_std_up": (0.08, 0.29, 0.34),
    "wrist_std_out": (0.05, 0.17, 0.21), "wrist_std_forward": (0.04, 0.22, 0.26), "swivel_p50_left": (11, 23, 63),
    "swivel_p50_right": (11, 27, 66), "head_yaw_std": (6.3, 7.1, 14), "head_pitch_std": (4.6, 4.6, 7.5),
    "head_roll_std": (3.6, 4.0, 6.1), "head_yaw_speed": (7, 15, 18), "head_pitch_speed": (6, 13, 19),
    "head_roll_speed": (5, 9, 10), "head_yaw_moves": (0.46, 1.32, 1.05), "head_pitch_moves": (0.48, 1.67, 1.53),
    "palm_in": (None, 0.69, 0.39), "palm_up": (None, 0.12, 0.41), "palm_down": (None, 0.12, 0.055),
    "finger_synergy": (None, 0.85, 0.95), "joint_upper_arm_rms": (None, 24.4, None),
    "joint_forearm_rms": (None, 40, None), "joint_hand_rms": (None, 12, None),
    "joint_upper_arm_speed": (None, 70, None), "joint_forearm_speed": (None, 87, None),
    "joint_neck_speed": (None, 17, None), "pelvis_std_side": (None, 7.8, 8.9),
    "feet_moving_share": (None, 0.39, 0.07),
}  # fmt: skip
"""Row of ``gengine.metrics.gesture`` -> published S, B, Z of gesture.md sections 1, 2, 5 and 6."""
