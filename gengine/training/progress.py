"""What a person sees of a training while it runs, and how they stop it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Progress:
    """A bar on stderr with the last losses, where stderr is a terminal."""

    def __init__(self, steps: int, done: int, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        self._bar: Any = None
        if not quiet and console.is_terminal:
            columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
            self._bar = Bar(*columns, console=console, transient=True)
            self._task = self._bar.add_task("training", total=steps, completed=done)

    def __enter__(self) -> Progress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, step: int, losses: dict[str, float]) -> None:
        if self._bar:
            shown = "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
            self._bar.update(self._task, completed=step, description=shown)

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Say what takes long between two steps."""
        if self._bar:
            self._bar.update(self._task, description=what)
        yield


class Stopper:
    """Turns the first Ctrl-C (or SIGTERM) into a wish, ``asked``, heard between two steps; the second stops at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopper:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt("interrupted at once; the state saved last is kept")
        self.asked = True
        sys.stderr.write("\ngengine: saving the state after this step (Ctrl-C again stops at once)\n")
