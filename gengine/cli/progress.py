"""Progress as a terminal shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def drawn(task: str, seconds: float | None) -> Iterator[Callable[..., None]]:
    """The bar of ``task`` while it lasts; gives what is called with seconds (or items) done, a ``line`` to print
    above it, and other changes."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        number = bar.add_task(task, total=seconds)

        def draw(done: float, line: str | None = None, **changes: Any) -> None:
            if line is not None:
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            bar.update(number, completed=done, **changes)

        yield draw


def percent(done: float, total: float, name: str) -> None:
    """Progress of long work by items: its share and the item's name, on one line of a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{min(done / max(total, 1e-9), 1):5.0%}  {name:<40}" + ("\n" if done >= total else ""))
        sys.stderr.flush()
