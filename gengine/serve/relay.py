"""What a session shows, sent on to programs that speak VMC or Live Link Face, frame by frame as time goes."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from contextlib import suppress

from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.skeleton import beat_skeleton
from gengine.errors import GengineError
from gengine.retarget.humanoid import to_humanoid
from gengine.serve import livelink_udp, vmc, wire
from gengine.serve.livelink_udp import LiveLinkPacker
from gengine.serve.vmc import VmcPacker

CUSHION = 0.1
"""Seconds of frames that are kept ahead of what is sent: one hop."""
TICKS = 60
"""Frames sent in a second, Hz."""


def place_of(text: str, port: int) -> tuple[str, int]:
    """``HOST`` or ``HOST:PORT`` of a receiver; ``GengineError`` for anything else."""
    host, colon, number = text.rpartition(":")
    host, number = (host, number) if colon else (text, str(port))
    if not host or not number.isdigit() or not 0 < int(number) < 65536:
        raise GengineError(f"receiver {text!r:.80}: expected HOST or HOST:PORT, for example 127.0.0.1:{port}")
    return host, int(number)


class Relay:
    """Sends the frames of the newest session of BEAT's joints to the receivers by UDP."""

    def __init__(self, to_vmc: str | None = None, to_livelink: str | None = None) -> None:
        self._vmc = place_of(to_vmc, vmc.PORT) if to_vmc else None
        self._livelink = place_of(to_livelink, livelink_udp.PORT) if to_livelink else None
        self._packer: VmcPacker | None = None
        self._subject = LiveLinkPacker(fps=TICKS)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._guest = ""
        self._waiting: dict[type, deque[tuple[float, FaceTrack | Motion]]] = {}
        self._lag: float | None = None  # steady clock less session time

    def take(self, guest: str, message: bytes) -> None:
        """A message of frames of a guest's, of BEAT's joints."""
        if guest != self._guest:
            self._guest, self._lag = guest, None
            self._waiting = {FaceTrack: deque(), Motion: deque()}
        frames = wire.decode(message, beat_skeleton())
        waiting = self._waiting[type(frames.track)]
        while frames.flags & wire.DISCONTINUITY and waiting and waiting[-1][0] >= frames.start:
            waiting.pop()
        waiting.extend((frames.start + k / frames.track.fps, frames.track[k : k + 1]) for k in range(len(frames.track)))

    def tick(self, now: float) -> int:
        """Send what is due at ``now`` (s of a steady clock); how many datagrams."""
        faces, bodies = self._waiting.get(FaceTrack, deque()), self._waiting.get(Motion, deque())
        if not faces or not bodies:
            return 0
        if self._lag is None or now - self._lag > faces[-1][0]:  # the first frames, or they came late
            self._lag = now - max(faces[0][0], faces[-1][0] - CUSHION)
        at = now - self._lag + 1 / wire.MICROSECONDS
        for waiting in (faces, bodies):
            while len(waiting) > 1 and waiting[1][0] <= at:
                waiting.popleft()
        return self._send(at, faces[0][1], bodies[0][1])

    def _send(self, at: float, face: FaceTrack | Motion, body: FaceTrack | Motion) -> int:
        assert isinstance(face, FaceTrack) and isinstance(body, Motion)
        letters = []
        if self._vmc is not None:
            pose = to_humanoid(body, "unity")
            self._packer = self._packer or VmcPacker(pose.skeleton)
            data = self._packer.pack(at, pose.root[0], pose.rotations[0], face.weights[0])
            letters += [(datagram, self._vmc) for datagram in data]
        if self._livelink is not None:
            letters.append((self._subject.pack(at, face), self._livelink))
        for datagram, place in letters:
            with suppress(OSError):  # nobody listens, or the network is busy: the next frame comes at once
                self._socket.sendto(datagram, place)
        return len(letters)

    async def run(self) -> None:
        """Tick until it is cancelled."""
        try:
            while True:
                self.tick(time.monotonic())
                await asyncio.sleep(1 / TICKS)
        finally:
            self._socket.close()
