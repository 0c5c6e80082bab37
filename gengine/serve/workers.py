"""Processes that run the sessions, each several, and the pipes to them."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from gengine.errors import GengineError
from gengine.serve.messages import Error, Hello

BEAT = 1.0
"""Seconds between two signs of life of a worker."""
SILENT = 20.0
"""Seconds without a sign of life after which a worker is taken for stuck and killed."""
STARTING = 120.0
"""Seconds in which a worker must be ready; two on an idle machine."""
HOPS = (0.05, 0.1, 0.2)
"""Seconds of motion that may be made at once: less answers sooner, more leaves time for other sessions."""
NAP = 0.25
"""Seconds that a worker without work waits at most."""
TURN = 0.02
"""Seconds that a session reads letters before its neighbours get their turn (judgement: one interruption, which hears
anew what was made, takes as long or longer)."""
LETTERS, HANDED_OUT = 4_000, 256
"""Letters that wait for one session at most (half a minute of sound in pieces of 10 ms are 3,000), and that are handed
out before sessions get their turn. Judgement."""


class Worker:
    """A process with sessions in hops of ``hop`` s. ``heard(worker, message)`` is called in a thread of its own; None
    is its end.

    Messages to it: ``("open", name, hello, begin)``, ``("sound", name, first, pcm)``, ``("tell", name, message)`` and
    ``("close", name)``; from it: ``("ready",)``, ``("opened", name, latency, names)``, ``("refused", name, error)``,
    ``("out", name, messages)`` and ``("beat",)``.
    """

    def __init__(self, heard: Callable[[Worker, Any], None], hop: float | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self.process = context.Process(target=_work, args=(end, hop), daemon=True)
        self.process.start()
        end.close()
        self.ready, self.names, self.alive_at = False, set[str](), time.monotonic()
        self._letters: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._heard = heard
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._write, daemon=True).start()

    @property
    def stuck(self) -> bool:
        """Whether it has said nothing for so long that it never will."""
        return time.monotonic() - self.alive_at > (SILENT if self.ready else STARTING)

    def send(self, message: Any) -> None:
        """Never waits; to a dead process it is lost."""
        self._letters.put(message)

    def stop(self) -> None:
        """Let it end; kill it where it does not within two seconds."""
        self.send(None)
        self.process.join(2)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()

    def _read(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                message = self._pipe.recv()
                self.alive_at = time.monotonic()
                self._heard(self, message)
        self._heard(self, None)
        self.send(None)

    def _write(self) -> None:
        with suppress(OSError, ValueError):
            while (message := self._letters.get()) is not None:
                self._pipe.send(message)
            self._pipe.send(None)


def _work(pipe: Connection, hop: float | None) -> None:
    """A worker's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from gengine.registry import kept

    with kept(), suppress(EOFError, OSError, BrokenPipeError):
        _serve(pipe, hop)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _serve(pipe: Connection, hop: float | None) -> None:
    from gengine.serve.stream import Stream

    warm = Stream(Hello(), 0.0, time.monotonic(), hop)  # what is loaded once is loaded before the first guest comes
    for _ in range(4):
        warm.session.push(bytes(2 * 16_000))
    pipe.send(("ready",))
    places: dict[str, _Place] = {}
    nap, beat = 0.0, time.monotonic()
    while True:
        if _receive(pipe, places, nap, hop):
            return
        nap, now = NAP, time.monotonic()
        for name, place in list(places.items()):
            out, rest = _turn(places, name, place)
            if out:
                pipe.send(("out", name, out))
            nap = min(nap, max(rest, 0.0))
        if now - beat > BEAT:
            beat = now
            pipe.send(("beat",))


@dataclass
class _Place:
    """A session and the letters that it has not read yet."""

    stream: Any
    letters: deque[tuple[str, list[Any]]] = field(default_factory=deque)


def _receive(pipe: Connection, places: dict[str, _Place], nap: float, hop: float | None) -> bool:
    """Hand out what has come, after ``nap`` s at most; whether it is time to end."""
    for _ in range(HANDED_OUT):
        if not pipe.poll(nap):
            break
        nap = 0.0
        message = pipe.recv()
        if message is None:
            return True
        kind, name, *rest = message
        if kind == "open":
            _open(pipe, places, name, rest, hop)
        elif kind == "close":
            places.pop(name, None)
        elif (place := places.get(name)) is not None:
            if len(place.letters) < LETTERS:
                place.letters.append((kind, rest))
            else:
                pipe.send(("out", name, [Error(code="rate_limit", message="more than the session can take", retry=1)]))
    return False


def _turn(places: dict[str, _Place], name: str, place: _Place) -> tuple[list[Any], float]:
    """A session's turn: it reads its letters, but no longer than ``TURN`` s, and makes what is due. What comes of it,
    and in how many seconds there is more to do."""
    until, out, letters = time.monotonic() + TURN, [], place.letters
    while letters and name in places and time.monotonic() < until:
        kind, rest = letters.popleft()
        act = place.stream.sound if kind == "sound" else place.stream.tell
        out += _guarded(places, name, lambda act=act, rest=rest: act(*rest), None) or []
    if name not in places:
        return out, NAP
    made, nap = _guarded(places, name, lambda: place.stream.advance(time.monotonic()), ([], NAP))
    return out + made, 0.0 if letters else nap


def _open(pipe: Connection, places: dict[str, _Place], name: str, rest: list[Any], hop: float | None) -> None:
    from gengine.serve.clip import Clip, Recital
    from gengine.serve.stream import Stream

    try:
        hello, begin = rest
        stream = (Clip if isinstance(hello, Recital) else Stream)(hello, begin, time.monotonic(), hop)
        places[name] = _Place(stream)
    except GengineError as error:
        pipe.send(("refused", name, Error(code="bad_value", message=str(error))))
    else:
        pipe.send(("opened", name, stream.latency, stream.names))


def _guarded(places: dict[str, _Place], name: str, act: Callable[[], Any], otherwise: Any) -> Any:
    """What ``act`` gives. What a client said wrongly it is told; a fault of ours ends its stream and no other's."""
    try:
        return act()
    except GengineError as error:
        said = Error(code="bad_value", message=str(error))
    except Exception:  # noqa: BLE001  the other sessions of this process go on
        traceback.print_exc(file=sys.stderr)
        del places[name]
        said = Error(code="worker_lost", message="the session broke; say hello again", retry=1)
    return ([said], NAP) if otherwise is not None else [said]
