"""Entries are made by actors of a Ray cluster, on as many machines as it has: the same worker, elsewhere."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from gengine.batch.entry import Entry
from gengine.batch.worker import Outcome, attempt, failed
from gengine.errors import GengineError, MissingExtraError

ANSWER = 10.0
"""Seconds in which a cluster must answer."""

BEAT = 0.5
"""Seconds after which the bar looks for Ctrl-C."""


class Actor:
    """What Ray keeps alive on some machine: networks are loaded once and kept."""

    def __init__(self) -> None:
        from contextlib import ExitStack

        from gengine.registry import kept

        self._stack = ExitStack()
        self._stack.enter_context(kept())

    def attempt(self, entry: Entry, out: Path) -> Outcome:
        """See ``worker.attempt``."""
        return attempt(entry, out)


def outcomes(
    entries: Sequence[Entry], out: Path, jobs: int | None, address: str | None, share: Callable[[int, float], None]
) -> Generator[tuple[int, Outcome], None, None]:
    """Number and outcome of every entry, in the order in which they end, by ``jobs`` actors (None: one a core).

    ``address`` is a cluster's, "auto" the one that runs here; None starts one on this machine, or takes what
    RAY_ADDRESS says. Every machine needs gengine and sees the recordings and ``out`` under the same paths. An entry
    whose actor dies has failed; the others go on.
    """
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError:
        raise MissingExtraError("--ray", "ray") from None
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, address)
    try:
        actor: Any = ray.remote(num_cpus=1)(Actor)
        count = max(1, min(jobs or int(ray.cluster_resources().get("CPU", 1)), len(entries)))
        waiting = list(range(len(entries)))[::-1]
        actors = [actor.remote() for _ in range(count)]
        hands: dict[Any, tuple[int, Any]] = {}

        def give(worker: Any) -> None:
            if waiting:
                number = waiting.pop()
                hands[worker.attempt.remote(entries[number], out)] = (number, worker)

        for worker in actors:
            give(worker)
        while hands:
            ready, _ = ray.wait(list(hands), timeout=BEAT)
            share(-1, 0.0)
            for reference in ready:
                number, worker = hands.pop(reference)
                try:
                    yield number, ray.get(reference)
                except RayError as error:
                    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                    yield number, failed(entries[number], out, f"its process on the cluster died ({reason})")
                    worker = actor.remote()
                give(worker)
    finally:
        if ours:
            ray.shutdown()


def _connect(ray: Any, address: str | None) -> None:
    """Join the cluster; Ray itself waits minutes for one that is not there."""
    try:
        host, _, port = (address or "").removeprefix("ray://").rpartition(":")
        if port.isdecimal():
            socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, include_dashboard=None)
    except Exception as error:  # noqa: BLE001 - Ray raises bare exceptions where it does not start in time
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if address is None:
            raise GengineError(f"--ray: no cluster starts on this machine ({reason}); leave --ray out") from None
        raise GengineError(
            f"--ray: no cluster answers at {address} ({reason}); start one with 'ray start --head', or leave "
            "--address out"
        ) from None
