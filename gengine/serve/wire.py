"""The binary half of the wire protocol, version 1: frames of face and body out, sound in (render/protocol.md).

A message of frames is a 24-byte header and ``count`` records on an even clock, little-endian, nothing padded. A
curve is a byte, a quaternion four 16-bit numbers (w, x, y, z; ``TURN`` is 1), a gaze two 16-bit angles (``ANGLE`` to
the radian), the root three 32-bit floats in metres: 64 bytes a face, 612 a body of 75 joints, 22 kB/s at 60 and 30 Hz.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.face import ARKIT_NAMES, FaceTrack
from gengine.core.motion import Motion
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError

VERSION = 1
MAGIC = b"GE"
FACE, BODY, SOUND = 1, 2, 16
"""Kinds of message."""
DISCONTINUITY = 1
"""Flag: frames are missing before this message, or were taken back; blend from what is shown."""
CURVE, TURN, ANGLE = 255, 32767, 10_000
"""Units of a curve, of a quaternion's part, and of a radian of gaze."""
MOST_FRAMES = 255
"""Frames of one message."""
RATE = 100
"""Units of a frame rate: hundredths of Hz."""
MICROSECONDS = 1_000_000

HEADER = struct.Struct("<2sBBIQHBBHH")
"""Magic, version, kind, sequence number, microseconds of the first frame, rate, count, flags, joints, 0."""
_SEQUENCE = struct.Struct("<I")
_AT_SEQUENCE, _AT_FLAGS = 4, 19
SOUND_HEADER = struct.Struct("<2sBBI")
"""Magic, version, kind, number of the first sample (modulo 2^32)."""
FACE_RECORD = np.dtype([("weights", "u1", len(ARKIT_NAMES)), ("gaze", "<i2", 2), ("head", "<i2", 4)])


def body_record(joints: int) -> np.dtype:
    """One frame of a body of so many joints."""
    return np.dtype([("root", "<f4", 3), ("rotations", "<i2", (joints, 4))])


@dataclass(frozen=True)
class Frames:
    """What a binary message says: a stretch of face or body from ``start`` s on, numbered ``sequence``."""

    sequence: int
    start: float
    flags: int
    track: FaceTrack | Motion


def encode(track: FaceTrack | Motion, start: float, flags: int = 0) -> list[bytes]:
    """``track``, whose first frame is at ``start`` s, as messages with the sequence number 0 (see ``numbered``).

    Values outside of what a unit can say are clipped.
    """
    if isinstance(track, FaceTrack):
        kind, joints = FACE, 0
        records = np.zeros(len(track), FACE_RECORD)
        records["weights"] = np.rint(np.clip(track.weights, 0, 1) * CURVE)
        records["gaze"] = np.rint(np.clip(track.gaze, -np.pi, np.pi) * ANGLE)
        records["head"] = _turns(track.head)
    else:
        kind, joints = BODY, len(track.skeleton)
        records = np.zeros(len(track), body_record(joints))
        records["root"] = track.root
        records["rotations"] = _turns(track.rotations)
    messages = []
    for first in range(0, len(track), MOST_FRAMES):
        part = records[first : first + MOST_FRAMES]
        at = round((start + first / track.fps) * MICROSECONDS)
        header = HEADER.pack(
            MAGIC, VERSION, kind, 0, at, round(track.fps * RATE), len(part), flags if first == 0 else 0, joints, 0
        )
        messages.append(header + part.tobytes())
    return messages


def numbered(message: bytes, sequence: int, flags: int = 0) -> bytes:
    """A message of frames with its sequence number (modulo 2^32), and ``flags`` besides its own."""
    edited = bytearray(message)
    _SEQUENCE.pack_into(edited, _AT_SEQUENCE, sequence % 2**32)
    edited[_AT_FLAGS] |= flags
    return bytes(edited)


def kind_and_span(message: bytes) -> tuple[int, float, float]:
    """Kind of a message of frames that ``encode`` made, and the seconds at which it begins and ends."""
    _, _, kind, _, at, rate, count, _, _, _ = HEADER.unpack_from(message)
    return kind, at / MICROSECONDS, at / MICROSECONDS + count * RATE / rate


def sequence_of(message: bytes) -> int:
    """Sequence number of a message of frames."""
    return _SEQUENCE.unpack_from(message, _AT_SEQUENCE)[0]


def decode(message: bytes, skeleton: Skeleton) -> Frames:
    """The frames of a message; ``FormatError`` for one that is damaged, of another version or of other joints."""
    if len(message) < HEADER.size:
        raise FormatError(f"message of frames: {len(message)} bytes, expected at least {HEADER.size}")
    magic, version, kind, sequence, at, rate, count, flags, joints, _ = HEADER.unpack_from(message)
    if magic != MAGIC or version != VERSION or kind not in (FACE, BODY):
        raise FormatError(f"message of frames: begins with {message[:4]!r}, expected GE, {VERSION}, 1 or 2")
    record = FACE_RECORD if kind == FACE else body_record(joints)
    if len(message) != HEADER.size + count * record.itemsize or rate == 0 or not count:
        raise FormatError(f"message of frames: {len(message)} bytes do not hold {count} frames of kind {kind}")
    rows = np.frombuffer(message, record, count, HEADER.size)
    if kind == FACE:
        weights, gaze = rows["weights"] / CURVE, rows["gaze"] / ANGLE
        track = FaceTrack(weights, rotation.normalize(rows["head"] / TURN), gaze, rate / RATE)
    elif joints != len(skeleton):
        raise FormatError(f"message of frames: {joints} joints, expected {len(skeleton)}")
    else:
        track = Motion(skeleton, rotation.normalize(rows["rotations"] / TURN), rows["root"], rate / RATE)
    return Frames(sequence, at / MICROSECONDS, flags, track)


def encode_sound(samples: NDArray, first: int) -> bytes:
    """Mono ``samples (N,)`` in [-1, 1] as a message of sound; ``first`` is the number of its first sample."""
    return sound_message(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes(), first)


def sound_message(pcm: bytes, first: int) -> bytes:
    """16-bit samples, little-endian, as a message of sound."""
    return SOUND_HEADER.pack(MAGIC, VERSION, SOUND, first % 2**32) + pcm


def decode_sound(message: bytes) -> tuple[int, bytes]:
    """Number of the first sample (modulo 2^32) and the 16-bit samples as bytes; ``FormatError`` for anything else."""
    if len(message) <= SOUND_HEADER.size or len(message) % 2:
        raise FormatError(f"message of sound: {len(message)} bytes, expected {SOUND_HEADER.size} and whole samples")
    magic, version, kind, first = SOUND_HEADER.unpack_from(message)
    if magic != MAGIC or version != VERSION or kind != SOUND:
        raise FormatError(f"message of sound: begins with {message[:4]!r}, expected GE, {VERSION}, {SOUND}")
    return first, message[SOUND_HEADER.size :]


def _turns(quaternions: NDArray) -> NDArray:
    return np.rint(np.clip(quaternions, -1, 1) * TURN)
