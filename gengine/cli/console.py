"""What every command says to its user: results, progress, errors; and Ctrl-C."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from gengine.core.report import Report


def fail(message: str, code: int) -> NoReturn:
    """End with one line on stderr."""
    sys.stderr.write(f"gengine: error: {' '.join(message.split())}\n" if code == 2 else f"gengine: {message}\n")
    sys.exit(code)


def say(line: str) -> None:
    """A line of the result, on stdout."""
    sys.stdout.write(line + "\n")


@contextmanager
def bar(task: str, seconds: float | None, quiet: bool) -> Iterator[Any]:
    """A progress bar on stderr, where that is a terminal; gives what is called with the seconds (or items) done and
    changes, ``line`` to print above it among them. Ctrl-C is heard there at the latest."""
    if not quiet and sys.stderr.isatty():  # who has no terminal is spared the time that the library takes to load
        from gengine.cli.progress import drawn as shown
    else:
        shown = _unseen
    with shown(task, seconds) as draw:

        def progress(done: float, **changes: Any) -> None:
            draw(done, **changes)
            if Interrupt.asked:
                raise KeyboardInterrupt

        yield progress


@contextmanager
def _unseen(*_: object) -> Iterator[Any]:
    yield lambda _, line=None, **__: line is None or sys.stderr.write(f"{line}\n")


class Interrupt:
    """Ctrl-C that cannot be lost: an exception in a finaliser is swallowed, so that it was asked for is remembered."""

    asked, heard = False, -math.inf
    TIDYING = 2.0
    """Seconds after a signal in which another one is taken for the same."""

    @classmethod
    def hear(cls, *_: object) -> None:
        """Handler of the signal. One that follows at once does not disturb the tidying up after the first."""
        last, cls.heard, cls.asked = cls.heard, time.monotonic(), True
        sys.unraisablehook = lambda u: u.exc_type is KeyboardInterrupt or sys.__unraisablehook__(u)  # asked says it
        if cls.heard - last > cls.TIDYING:
            raise KeyboardInterrupt


def tell(report: Report) -> None:
    """The warnings and notes of a report, a line each on stderr."""
    for kind, sentences in (("warning", report.warnings), ("note", report.notes)):
        for sentence in sentences:
            sys.stderr.write(f"gengine: {kind}: {sentence}\n")


def report_run(about: dict[str, Any], report: Report, as_json: bool) -> None:
    """The end of a run: what it reports on stderr, then summary, files and speed (or one JSON object) on stdout."""
    tell(report)
    if as_json:
        say(json.dumps({**about, "report": report.as_dict()}))
        return
    speed = about["audio_seconds"] / max(about["elapsed_seconds"], 1e-9)
    say(f"{about['audio_seconds']:.1f} s of sound in {about['elapsed_seconds']:.1f} s ({speed:.1f} x real time)")
    for line in report.summary():
        say(line)
    for path in about["files"]:
        say(f"  {path}")
