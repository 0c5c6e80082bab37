"""Sound of this machine for ``gengine live``: a microphone, or what another program writes to a pipe."""

from __future__ import annotations

import asyncio
import queue
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from gengine.core.audio import SAMPLE_RATE
from gengine.errors import AudioError, GengineError, MissingExtraError
from gengine.serve.hub import Guest, Hub
from gengine.serve.messages import Audio, End, Hello, Say

PIECE = 0.02
"""Seconds of a microphone's piece of sound."""
READ = 65_536
"""Bytes that are read from a pipe at once at most."""
LONGEST_HEADER = 4_096
"""Bytes of a WAV's header at most: a longer one is none."""
AHEAD = 5.0
"""Seconds that a pipe is read ahead of what is spoken (judgement)."""
LOWEST, HIGHEST = 8_000, 48_000
"""Rates, Hz, that a session takes."""
MOST_CHANNELS = 8


@dataclass(frozen=True)
class Source:
    """Mono 16-bit ``pieces`` at ``rate`` Hz; ``heard`` where they are speech that whoever watches is to hear."""

    rate: int
    pieces: Iterator[bytes]
    heard: bool


def microphone(device: str | None = None) -> Source:
    """This machine's microphone: the usual one, or the one whose name holds ``device``.

    Raises ``GengineError`` where there is none, and ``MissingExtraError`` without the extra ``microphone``.
    """
    try:
        import sounddevice
    except ImportError:
        raise MissingExtraError("gengine live --mic", "microphone") from None
    except OSError as error:
        raise GengineError(f"--mic: {error}; install PortAudio (Debian: apt install libportaudio2)") from None
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    try:
        named = int(device) if device and device.isdigit() else device
        rate = _rate(sounddevice, named)
        stream = sounddevice.RawInputStream(
            rate, round(PIECE * rate), named, 1, "int16", callback=lambda data, *_: waiting.put(bytes(data))
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise GengineError(f"--mic: no microphone can be used ({error}); name one of yours by --device") from None

    def pieces() -> Iterator[bytes]:
        with stream:
            while True:
                yield waiting.get()

    return Source(rate, pieces(), heard=False)


def _rate(sounddevice: Any, device: Any) -> int:
    """16 kHz where the device can, else its own rate."""
    try:
        sounddevice.check_input_settings(device, 1, "int16", None, SAMPLE_RATE)
        return SAMPLE_RATE
    except sounddevice.PortAudioError:
        return min(int(sounddevice.query_devices(device, "input")["default_samplerate"]), HIGHEST)


def piped(read: Callable[[int], bytes], rate: int = SAMPLE_RATE) -> Source:
    """What ``read(most)`` gives of a pipe: WAV files one behind the other, or 16-bit mono PCM at ``rate``.

    A WAV's lengths are not believed: programs that write as they go do not know them. Raises ``AudioError`` for
    another kind of sound, and for one that ends in its header.
    """
    buffer, channels = read(READ), 1
    while 0 < len(buffer) < 4 and (more := read(READ)):
        buffer += more
    if buffer[:4] == b"RIFF":
        while (found := _header(buffer)) is None:
            if not (more := read(READ)):
                raise AudioError("stdin: ends within its header; give a WAV or 16-bit mono PCM")
            buffer += more
        rate, channels, size = found
        buffer = buffer[size:]
    if not LOWEST <= rate <= HIGHEST:
        raise AudioError(f"stdin: {rate} Hz, expected {LOWEST} to {HIGHEST}; --rate says it of sound without a header")
    return Source(rate, _pieces(read, buffer, rate, channels), heard=True)


def _pieces(read: Callable[[int], bytes], buffer: bytes, rate: int, channels: int) -> Iterator[bytes]:
    frame, ended = 2 * channels, False
    while buffer or not ended:
        at = buffer.find(b"RIFF")
        if at >= 0 and (found := _header(buffer[at:])) is not None:
            if found[:2] != (rate, channels):
                raise AudioError(f"stdin: {found[0]} Hz, {found[1]} channels after {rate} Hz, {channels}; keep to one")
            buffer = buffer[:at] + buffer[at + found[2] :]
            continue
        whole = len(buffer) if at < 0 or ended or len(buffer) - at > LONGEST_HEADER else at
        if whole == len(buffer) and not ended:  # a header may begin with its last bytes
            whole -= next(k for k in (3, 2, 1, 0) if buffer.endswith(b"RIFF"[:k]))
        whole -= whole % frame
        samples = np.frombuffer(buffer[:whole], "<i2").reshape(-1, channels)
        if whole:
            yield samples.mean(axis=1).astype("<i2").tobytes() if channels > 1 else samples.tobytes()
        if ended:
            return
        more = read(READ)
        buffer, ended = buffer[whole:] + more, not more


def _header(data: bytes) -> tuple[int, int, int] | None:
    """Rate, channels and length of the header that ``data`` begins with; None where there is more to read of it."""
    if len(data) >= 12 and data[8:12] != b"WAVE":
        raise AudioError("stdin: begins like a RIFF file that is no WAV")
    at, form = 12, None
    while len(data) >= at + 8:
        kind, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if kind == b"data":
            if form is None or form[0] not in (1, 0xFFFE) or form[3] != 16 or not 1 <= form[1] <= MOST_CHANNELS:
                raise AudioError(f"stdin: a WAV of another kind than 16-bit PCM with up to {MOST_CHANNELS} channels")
            return form[2], form[1], at + 8
        if kind == b"fmt " and len(data) >= at + 24:
            layout, count, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, at + 8)
            form = (layout, count, rate, bits)
        at += 8 + size + size % 2
        if at > LONGEST_HEADER:
            raise AudioError("stdin: a WAV whose sound does not begin; give a WAV or 16-bit mono PCM")
    return None


class Broadcast:
    """A session of the server's own, ``name``, fed by ``source``; connections watch it, relays send it on.

    ``waits`` where its sound begins when the first who watches has come.
    """

    def __init__(self, source: Source, name: str, emotion: str = "neutral", waits: bool = False) -> None:
        self._source, self._waits = source, waits
        self._name = name
        kind = "speech" if source.heard else "microphone"
        self._hello = Hello(audio=Audio(rate=source.rate), source=kind, emotion=emotion)

    async def start(self, hub: Hub) -> None:
        """Open the session; its sound comes from a thread until the source ends."""
        guest = await hub.admit(self._hello, self._name)
        loop = asyncio.get_running_loop()

        def feed(call: Callable[..., None], *values: Any) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(call, *values)

        self._pump = asyncio.create_task(hub.pump(guest, _nobody))
        threading.Thread(target=self._run, args=(hub, guest, feed), daemon=True).start()

    def _run(self, hub: Hub, guest: Guest, feed: Callable[..., None]) -> None:
        while self._waits and not guest.watchers:
            time.sleep(PIECE)
        feed(hub.tell, guest, Say(utterance=self._name))
        until = time.monotonic()
        try:
            for pcm in self._source.pieces:
                feed(hub.feed, guest, pcm, self._source.heard)
                until = max(until, time.monotonic()) + len(pcm) / 2 / self._source.rate
                if self._source.heard:
                    time.sleep(max(0.0, until - time.monotonic() - AHEAD))
        except GengineError as error:
            feed(hub.tell_all, guest, str(error))
        feed(hub.tell, guest, End(utterance=self._name))


async def _nobody(data: str | bytes) -> None:
    """The session has no client of its own."""
