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
from collections.abc import Callable
from contextlib import suppress
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
NAP = 0.25
"""Seconds that a worker without work waits at most."""


class Worker:
    """A process with sessions. ``heard(worker, message)`` is called in a thread of its own; None is its end.

    Messages to it: ``("open", name, hello, begin)``, ``("sound", name, first, pcm)``, ``("tell", name, message)`` and
    ``("close", name)``; from it: ``("ready",)``, ``("opened", name, latency, names)``, ``("refused", name, error)``,
    ``("out", name, messages)`` and ``("beat",)``.
    """

    def __init__(self, heard: Callable[[Worker, Any], None]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self.process = context.Process(target=_work, args=(end,), daemon=True)
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


def _work(pipe: Connection) -> None:
    """A worker's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from gengine.registry import kept

    with kept(), suppress(EOFError, OSError, BrokenPipeError):
        _serve(pipe)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _serve(pipe: Connection) -> None:
    from gengine.serve.stream import Stream

    warm = Stream(Hello(), 0.0, time.monotonic())  # what is loaded once is loaded before the first guest comes
    for _ in range(4):
        warm.session.push(bytes(2 * 16_000))
    pipe.send(("ready",))
    streams: dict[str, Stream] = {}
    nap, beat = 0.0, time.monotonic()
    while True:
        while pipe.poll(nap):
            nap = 0.0
            message = pipe.recv()
            if message is None:
                return
            _take(pipe, streams, message)
        nap, now = NAP, time.monotonic()
        for name, stream in list(streams.items()):
            out, rest = _guarded(streams, name, lambda stream=stream: stream.advance(time.monotonic()), ([], NAP))
            if out:
                pipe.send(("out", name, out))
            nap = min(nap, max(rest, 0.0))
        if now - beat > BEAT:
            beat = now
            pipe.send(("beat",))


def _take(pipe: Connection, streams: dict[str, Any], message: Any) -> None:
    from gengine.serve.stream import Stream

    kind, name, *rest = message
    if kind == "open":
        try:
            hello, begin = rest
            streams[name] = stream = Stream(hello, begin, time.monotonic())
        except GengineError as error:
            pipe.send(("refused", name, Error(code="bad_value", message=str(error))))
        else:
            pipe.send(("opened", name, stream.latency, stream.names))
    elif kind == "close":
        streams.pop(name, None)
    elif (stream := streams.get(name)) is not None:
        act = stream.sound if kind == "sound" else stream.tell
        if out := _guarded(streams, name, lambda: act(*rest), None):
            pipe.send(("out", name, out))


def _guarded(streams: dict[str, Any], name: str, act: Callable[[], Any], otherwise: Any) -> Any:
    """What ``act`` gives. What a client said wrongly it is told; a fault of ours ends its stream and no other's."""
    try:
        return act()
    except GengineError as error:
        said = Error(code="bad_value", message=str(error))
    except Exception:  # noqa: BLE001  the other sessions of this process go on
        traceback.print_exc(file=sys.stderr)
        del streams[name]
        said = Error(code="worker_lost", message="the session broke; say hello again", retry=1)
    return ([said], NAP) if otherwise is not None else [said]
