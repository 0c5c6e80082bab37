"""Frames as Live Link Face sends them over UDP, which Unreal's Live Link (source "Apple ARKit Face") receives.

A packet: version 6 (little-endian), ``$`` and the device's UUID, the subject's name with its length, frame number,
sub-frame, rate and its denominator, and 61 floats (big-endian): 52 curves in ARKit's order, then yaw, pitch and roll of
the head, the left and the right eye.
"""

from __future__ import annotations

import struct
import uuid

import numpy as np

from gengine.core import rotation
from gengine.core.face import FaceTrack
from gengine.errors import GengineError

PORT = 11111
"""Where Unreal listens by custom."""
VERSION, COUNT = 6, 61
LONGEST_NAME = 64
_MIRROR = np.array([-1.0, 1.0, -1.0])
"""Yaw, pitch, roll between this project's frame and the app's."""


class LiveLinkPacker:
    """Packs faces under a ``subject``'s name; raises ``GengineError`` for an empty or long one."""

    def __init__(self, subject: str = "gengine", fps: int = 60) -> None:
        name = subject.encode()
        if not 0 < len(name) <= LONGEST_NAME:
            raise GengineError(f"Live Link subject {subject!r:.80}: expected 1 to {LONGEST_NAME} bytes")
        device = f"${uuid.uuid5(uuid.NAMESPACE_DNS, subject)}".encode()
        self._head = struct.pack("<I", VERSION) + device + struct.pack(">i", len(name)) + name
        self._fps = fps

    def pack(self, time: float, face: FaceTrack) -> bytes:
        """A packet of the first frame of ``face``, shown at ``time`` s."""
        frame, part = divmod(time * self._fps, 1)
        yaw, pitch = float(face.gaze[0, 0]), -float(face.gaze[0, 1])
        inward = float(face[:1].convergence[0])
        eyes = [[yaw - inward, pitch, 0], [yaw + inward, pitch, 0]]
        angles = np.concatenate([rotation.to_euler(face.head[:1].astype(float), "YXZ"), eyes]) * _MIRROR
        values = np.concatenate([face.weights[0], angles.ravel()])
        clock = struct.pack(">IfII", int(frame) % 2**32, part, self._fps, 1)
        return self._head + clock + struct.pack(f">B{COUNT}f", COUNT, *values.tolist())
