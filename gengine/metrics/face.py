"""Faces in numbers: every check of face.md section 6, the same code for our faces and for human curves.

``measure`` pools any number of clips and returns each row of ``ROWS`` with its value and n. Times follow one
convention: a positive lag means that the lips come after the sound. Millimetres are those of an 87 mm head
(outer-eye distance), from the linear lip model of the avatar (``core.lips``).
"""

from __future__ import annotations

from collections.abc import Sequence

from gengine.core.lips import SealModel
from gengine.errors import GengineError
from gengine.metrics.face_clip import FaceClip, FaceRow, Measured
from gengine.metrics.face_lips import (
    gap_lag,
    lip_band,
    measure_bands,
    measure_closures,
    measure_movement,
    measure_timing,
    viseme_confusion,
)
from gengine.metrics.face_upper import blinks, head_angles, measure_eyes_and_brows, measure_head, saccades

__all__ = [
    "ROWS", "FaceClip", "Measured", "FaceRow", "blinks", "gap_lag", "head_angles", "lip_band", "measure", "saccades",
    "viseme_confusion",
]  # fmt: skip

ROWS: dict[str, FaceRow] = {
    "closure_recall": FaceRow("share", 0.98, 1.0, "P B M whose lip gap falls below 0.8 mm"),
    "closure_hold_ms": FaceRow("ms", 80, 140, "median time below 0.8 mm of P B M inside speech"),
    "closure_two_frames": FaceRow("share", 0.98, 1.0, "P B M closed in at least two frames of 30 fps video"),
    "labiodental_contact": FaceRow("share", 0.95, 1.0, "F V with gap 1-3 mm and rollLower >= .2 at the centre"),
    "false_closures": FaceRow("share", 0.0, 0.02, "sounds made far from the lips whose centre is seen closed (McGurk)"),
    "viseme_recall": FaceRow("share", 0.6, 1.0, "phone centres whose mouth shape names the right one of six classes"),
    "gap_lag_ms": FaceRow("ms", 0, 40, "lag of the lip gap's best correlation with the energy"),
    "burst_to_opening_ms": FaceRow("ms", 0, 40, "median, P B: lips part after the burst"),
    "gap_p50_mm": FaceRow("mm", 4.7, 8.8, "lip gap in speech, median (GRID 6.7, FACEGOOD 6.8)"),
    "gap_p90_mm": FaceRow("mm", 8.0, 16.4, "lip gap in speech, 90th percentile (GRID 11.4, FACEGOOD 12.6)"),
    "gap_p99_mm": FaceRow("mm", 9.9, 22.8, "lip gap in speech, 99th percentile (GRID 14.1, FACEGOOD 17.5)"),
    "jaw_p99": FaceRow("weight", 0.15, 0.6, "jawOpen in speech, 99th percentile"),
    "jitter_8hz": FaceRow("share", 0.0, 0.03, "power of the lip gap above 8 Hz"),
    "jitter_10hz": FaceRow("share", 0.0, 0.01, "power of the lip gap above 10 Hz"),
    "quick_pairs": FaceRow(
        "share", 0.0, 0.06, "gap extrema of 1 mm less than 70 ms apart, away from seals (human-made .10)"
    ),
    "opening_mm_s": FaceRow("mm/s", 60, 280, "peak opening speed, 99th percentile of movements"),
    "closing_mm_s": FaceRow("mm/s", 60, 350, "peak closing speed, 99th percentile of movements"),
    "cycles_per_s": FaceRow("1/s", 2.5, 4.0, "openings of at least 1.5 mm per second of speech (real 3-3.5)"),
    "rounding_lead_ms": FaceRow("ms", 0, 160, "median: lips half rounded before a rounded vowel's onset"),
    "loudness_r": FaceRow("r", -0.3, 0.3, "lip gap against loudness within one vowel"),
    "jaw_in_silence": FaceRow("weight", 0.0, 0.05, "mean jawOpen in pauses"),
    "blinks_per_min": FaceRow("1/min", 15, 30, "blinks"),
    "brow_sd": FaceRow("weight", 0.05, 0.3, "sd of the brows' height per 20 s, median"),
    "head_yaw_sd": FaceRow("deg", 4.7, 14.0, "head yaw (stories 6.3, conversation 7.1, oratory 14)"),
    "head_pitch_sd": FaceRow("deg", 3.4, 7.5, "head pitch (4.6, 4.6, 7.5)"),
    "head_roll_sd": FaceRow("deg", 2.6, 6.1, "head roll (3.6, 4.0, 6.1)"),
    "head_speed_p95": FaceRow("deg/s", 12, 65, "95th percentile of the pitch speed (22, 36, 65)"),
    "head_above_4hz": FaceRow("share", 0.0, 0.02, "power of head angles above 4 Hz (jitter)"),
    "saccades_per_s": FaceRow("1/s", 1.0, 1.5, "fast gaze shifts of at least 1 degree"),
    "lid_gaze_r": FaceRow("r", 0.5, 1.0, "lid opening against vertical gaze, away from blinks"),
}
"""Every row: unit, limits and meaning (face.md section 6; head: gesture.md section 2)."""


def measure(clips: Sequence[FaceClip], model: SealModel | None = None) -> dict[str, Measured]:
    """All rows of ``ROWS`` pooled over ``clips``; a row that they cannot have is NaN.

    ``model`` is the lip model of the head the faces were made for (default ICT-FaceKit).
    """
    if not clips:
        raise GengineError("measure: no clips were given, expected at least one")
    model = model or SealModel.ict()
    found = {
        **measure_closures(clips, model),
        **measure_bands(clips, model),
        **measure_movement(clips, model),
        **measure_timing(clips, model),
        **measure_eyes_and_brows(clips),
        **measure_head(clips),
    }
    return {name: found[name] for name in ROWS}
