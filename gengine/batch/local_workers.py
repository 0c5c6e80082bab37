"""Entries are made by processes of this machine: each loads what it needs once, and none takes others down with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from gengine.batch.entry import Entry
from gengine.batch.worker import Outcome, attempt, failed

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Variables by which numeric libraries are told how many threads to start."""

BEAT = 0.2
"""Seconds between two words of a worker on how far it is, and after which the bar looks for Ctrl-C."""

GRACE = 5.0
"""Seconds that a worker which is interrupted, or whose parent was killed, has to clear away what it has begun."""


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def outcomes(
    entries: Sequence[Entry], out: Path, jobs: int, share: Callable[[int, float], None] = lambda entry, done: None
) -> Generator[tuple[int, Outcome], None, None]:
    """Number and outcome of every entry, in the order in which they end.

    ``share(number, done)`` is called meanwhile with how much of an entry, 0 to 1, is done. An entry whose process dies,
    for want of memory for example, has failed; the others go on in a new one.
    """
    waiting = list(range(len(entries)))[::-1]
    workers: list[_Worker] = []
    try:
        with _few_threads(max(1, cores() // jobs)):
            workers += [_Worker() for _ in range(min(jobs, len(entries)))]
        for worker in workers:
            worker.take(waiting.pop(), entries, out)
        while any(w.entry is not None for w in workers):
            ready = set(wait([c for w in workers for c in (w.pipe, w.process.sentinel) if w.entry is not None], BEAT))
            share(-1, 0.0)
            for place, worker in enumerate(workers):
                if worker.entry is None or not ready & {worker.pipe, worker.process.sentinel}:
                    continue
                number = worker.entry
                try:
                    kind, said = worker.pipe.recv()
                except (EOFError, OSError):
                    worker.process.join()
                    code = worker.process.exitcode or 0
                    reason = f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
                    yield number, failed(entries[number], out, f"its process died ({reason}); is memory short? {RETRY}")
                    with _few_threads(max(1, cores() // jobs)):
                        worker = workers[place] = _Worker()
                else:
                    if kind == "share":
                        share(number, said)
                        continue
                    yield number, said
                if waiting:
                    worker.take(waiting.pop(), entries, out)
                else:
                    worker.release()
    finally:
        _end(workers)


RETRY = "The same command tries again, with --jobs 1 in less memory."


class _Worker:
    """A process with a pipe, and the number of the entry that it has in hand."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=_serve, args=(end,), daemon=True)
        self.process.start()
        end.close()
        self.entry: int | None = None

    def take(self, number: int, entries: Sequence[Entry], out: Path) -> None:
        self.entry = number
        with suppress(OSError):  # it is dead: that is heard when the pipe is read
            self.pipe.send((entries[number], out))

    def release(self) -> None:
        self.entry = None
        with suppress(OSError):
            self.pipe.send(None)


def _end(workers: list[_Worker]) -> None:
    """Let idle workers go, and stop those that are at work."""
    for worker in workers:
        if worker.entry is not None:
            worker.process.terminate()
    until = time.monotonic() + GRACE
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()


@contextmanager
def _few_threads(count: int) -> Iterator[None]:
    """Processes started inside give numeric libraries ``count`` threads, unless the user has said how many."""
    told = {name: str(count) for name in THREADS if name not in os.environ}
    os.environ.update(told)
    try:
        yield
    finally:
        for name in told:
            del os.environ[name]


def _serve(pipe: Connection) -> None:
    """A worker's life: entries in, outcomes out, until there is no more, or nobody to work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process decides
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from gengine.registry import kept

    with kept(), suppress(EOFError, OSError):
        while (task := pipe.recv()) is not None:
            pipe.send(("outcome", attempt(*task, progress=_Share(pipe))))


def _end_with_parent() -> None:
    """Nobody may go on writing where the same command is perhaps started again, nor leave what it had begun."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)  # the first thread clears away what it has begun
        time.sleep(GRACE)
        os._exit(1)


class _Share:
    """Says now and then how much of an entry is done."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.said = pipe, 0.0

    def __call__(self, done: float, total: float | None) -> Any:
        if total and time.monotonic() - self.said > BEAT:
            self.said = time.monotonic()
            self.pipe.send(("share", min(1.0, done / total)))
