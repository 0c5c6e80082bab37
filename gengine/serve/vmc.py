"""Frames as VMC (Virtual Motion Capture protocol: OSC over UDP), which Unity, VSeeFace, Warudo and others receive.

https://protocol.vmc.info: bones by Unity's names with position and rotation relative to the parent, blend shapes by
name, all in Unity's left-handed axes. Addresses, names and types never change, so messages are packed once and only
their numbers are written anew.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from gengine.core.face import ARKIT_NAMES
from gengine.core.skeleton import Skeleton

PORT = 39539
"""Where receivers listen by custom."""
DATAGRAM = 1_400
"""Bytes of a datagram at most: what networks carry undivided."""
_BUNDLE = b"#bundle\0" + struct.pack(">Q", 1)
"""Head of a bundle that counts at once (OSC 1.0)."""
_MIRROR_PLACE, _MIRROR_TURN = np.array([-1.0, 1.0, 1.0]), np.array([1.0, -1.0, -1.0, 1.0])
"""Our x points to the left, Unity's to the right: place (x, y, z), and turn (x, y, z, w)."""


class VmcPacker:
    """Packs frames of a ``skeleton`` that has Unity's names (``to_humanoid(motion, "unity")``)."""

    def __init__(self, skeleton: Skeleton) -> None:
        self._offsets = skeleton.offsets * _MIRROR_PLACE
        messages = [_message("/VMC/Ext/OK", ",i", b"", 1, integer=True), _message("/VMC/Ext/T", ",f", b"", 1)]
        messages += [_message("/VMC/Ext/Bone/Pos", ",sfffffff", _text(name), 7) for name in skeleton.names]
        messages += [_message("/VMC/Ext/Blend/Val", ",sf", _text(name), 1) for name in ARKIT_NAMES]
        messages.append(_message("/VMC/Ext/Blend/Apply", ",", b"", 0))
        self._datagrams: list[tuple[NDArray, NDArray]] = []  # words of a datagram, and which of them are numbers
        data, places = _BUNDLE, []
        for body, numbers in messages:
            if len(data) + 4 + len(body) > DATAGRAM:
                self._datagrams.append((np.frombuffer(data, ">f4").copy(), np.array(places)))
                data, places = _BUNDLE, []
            end = (len(data) + 4 + len(body)) // 4
            data += struct.pack(">i", len(body)) + body
            places += range(end - numbers, end)
        self._datagrams.append((np.frombuffer(data, ">f4").copy(), np.array(places)))

    def pack(self, time: float, root: NDArray, rotations: NDArray, weights: NDArray) -> list[bytes]:
        """Datagrams of one frame: ``time`` s, ``root (3,)`` m, ``rotations (J, 4)`` local wxyz, ``weights (52,)``."""
        bones = np.concatenate([self._offsets, rotations[:, [1, 2, 3, 0]] * _MIRROR_TURN], axis=1)
        bones[0, :3] = root * _MIRROR_PLACE
        numbers = np.concatenate([[time], bones.ravel(), weights])
        out, at = [], 0
        for words, places in self._datagrams:
            words[places] = numbers[at : at + len(places)]
            at += len(places)
            out.append(words.tobytes())
        return out


def _text(text: str) -> bytes:
    """OSC's strings end in zeros and fill whole words."""
    data = text.encode()
    return data + bytes(4 - len(data) % 4)


def _message(address: str, types: str, first: bytes, numbers: int, integer: bool = False) -> tuple[bytes, int]:
    """A message with room for its numbers, and how many of them change."""
    head = _text(address) + _text(types) + first
    return (head + struct.pack(">i", 1), 0) if integer else (head + bytes(4 * numbers), numbers)
