"""Upper faces of recordings as the audio-to-motion network learns them: movement at ``RATE``, what was heard, events.

Faces come with their sound (performances whose faces were captured from films), or without, as shots of acted emotion
(Live Link Face recordings): those tell how an emotion stirs brows and lids, and nothing of what is heard.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from gengine.core.face import FaceTrack
from gengine.core.words import WordTrack
from gengine.data.faces import FaceCorpus, FaceRecording, muted_shots
from gengine.emotion import parse_emotion
from gengine.hearing import hear_recording
from gengine.metrics.face_upper import blinks, head_angles, saccades
from gengine.networks.a2m.upper_face import EVENTS, HEAD, MOVES, RATE, RECALLED, ROW, Recall, heard_rows

TREMBLE = 0.04
"""Deviation, s, of the filter that takes a capture's own trembling away: brows and heads have little above 6 Hz."""
CLOSING = 0.1
"""Seconds from a blink's begin to its peak."""
SHUT = (0.17, 0.27)
"""Seconds before and after a blink's peak in which neither squint nor gaze can be read."""
FIXED = 3
"""Frames that a fixation has at least whose place is believed."""


@dataclass(frozen=True, eq=False)
class UpperExample:
    """One recording: ``moves (T, 6)`` in weights and rad, which of them are ``known (6,)``, what is heard ``rows (T,
    ROW)`` (``heard`` tells whether anything is), ``vad (T, 3)``, ``events (T, 2)`` that begin, what they depend on
    ``recalled (T, RECALLED)``, and ``places (N, 4)``: of each glance the place (yaw, pitch, rad) before and after."""

    name: str
    moves: NDArray[np.float32]
    known: NDArray[np.bool_]
    rows: NDArray[np.float32]
    heard: bool
    vad: NDArray[np.float32]
    events: NDArray[np.bool_]
    recalled: NDArray[np.float32]
    places: NDArray[np.float32]


def upper_moves(face: FaceTrack, tremble: float = TREMBLE) -> NDArray[np.float64]:
    """Movement ``(T, 6)`` by ``MOVES`` at ``RATE`` of a face, in weights and rad; ``tremble`` s is filtered away."""

    def both(name: str) -> NDArray[np.float64]:
        return (face.channel(name + "Left") + face.channel(name + "Right")).astype(float) / 2

    face = face.resample(RATE)
    down, squint, at = both("browDown"), both("eyeSquint"), np.arange(len(face))
    away = ~_shut(face)
    if away.any():
        squint = np.interp(at, at[away], squint[away])
    yaw, pitch, roll = np.radians(head_angles(face)).T
    moves = np.stack([face.channel("browInnerUp") - down, both("browOuterUp") - down, squint, pitch, yaw, roll], 1)
    return gaussian_filter1d(moves, tremble * RATE, axis=0, mode="nearest") if tremble else moves


def eye_events(face: FaceTrack) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """``(T, 2)`` frames of ``RATE`` at which ``EVENTS`` begin, and the places ``(N, 4)`` before and after glances."""
    face = face.resample(RATE)
    events = np.zeros((len(face), len(EVENTS)), bool)
    for peak in blinks(face):
        events[max(round((peak - CLOSING) * RATE), 0), 0] = True
    away = ~_shut(face)
    at = np.arange(len(face))
    gaze = face.gaze.astype(float)
    if away.any():  # a lid that closes drags the point between the lids along
        gaze = np.stack([np.interp(at, at[away], column[away]) for column in gaze.T], 1)
    begins = [round(t * RATE) for t in saccades(replace(face, gaze=gaze.astype(np.float32)))]
    events[[k for k in begins if k < len(face)], 1] = True
    edges = [0, *begins, len(face)]
    rest = [np.median(gaze[a + 1 : b], 0) if b - a > FIXED else None for a, b in zip(edges, edges[1:], strict=False)]
    usual = np.median(gaze, 0)
    pairs = [np.concatenate([a - usual, b - usual]) for a, b in zip(rest, rest[1:], strict=False)
             if a is not None and b is not None]  # fmt: skip
    return events, np.array(pairs).reshape(-1, 4)


def example_of(recording: FaceRecording) -> UpperExample:
    """What a recording with sound teaches."""
    heard = replace(recording.performance, words=WordTrack())
    conditions = hear_recording(heard, hears=False)
    moves = upper_moves(recording.face)
    count = min(len(moves), int(conditions.hop_end * RATE))
    rows = heard_rows(conditions, 0, count)
    events, places = eye_events(recording.face)
    recall, recalled = Recall(), np.zeros((count, RECALLED))
    for k, row in enumerate(rows):
        recalled[k] = recall.row(row)
        recall.happened(events[k])
    vad = conditions.emotion_at(np.arange(count) / RATE)[1]
    known = np.ones(len(MOVES), bool)
    return _example(recording.name, moves[:count], known, rows, True, vad, events[:count], recalled, places)


def shots_of(folder: Path, emotions: dict[str, str]) -> list[UpperExample]:
    """What the takes of a folder teach whose names fit a pattern of ``emotions`` (→ an emotion): no sound, no head."""
    found = []
    known = np.ones(len(MOVES), bool)
    known[HEAD] = False
    for name, face in muted_shots(folder):
        felt = next((emotion for pattern, emotion in emotions.items() if fnmatch.fnmatch(name, pattern)), None)
        if felt is None:
            continue
        moves = upper_moves(face)
        vad = np.tile(parse_emotion(felt)(np.zeros(1))[1], (len(moves), 1))
        nothing = np.zeros((len(moves), len(EVENTS)), bool)
        found.append(_example(name, moves, known, np.zeros((len(moves), ROW)), False, vad, nothing,
                              np.zeros((len(moves), RECALLED)), np.zeros((0, 4))))  # fmt: skip
    return found


def examples(folders: list[Path], shots: list[Path], emotions: dict[str, str]) -> list[UpperExample]:
    """All recordings with eyes and brows of ``folders``, and all fitting ones of ``shots``."""
    read = [r for folder in folders for r in FaceCorpus(folder)]
    return [example_of(r) for r in read] + [e for folder in shots for e in shots_of(folder, emotions)]


def _shut(face: FaceTrack) -> NDArray[np.bool_]:
    """``(T,)`` whether a blink hides the eye."""
    shut = np.zeros(len(face), bool)
    for peak in blinks(face):
        shut[max(round((peak - SHUT[0]) * face.fps), 0) : round((peak + SHUT[1]) * face.fps)] = True
    return shut


def _example(
    name: str, moves: NDArray, known: NDArray, rows: NDArray, heard: bool, vad: NDArray, events: NDArray,
    recalled: NDArray, places: NDArray,
) -> UpperExample:  # fmt: skip
    numbers = [x.astype(np.float32) for x in (moves, rows, vad, recalled, places)]
    return UpperExample(name, numbers[0], known, numbers[1], heard, numbers[2], events, numbers[3], numbers[4])
