"""One run of a batch, wherever it is made: what is finished is kept, what fails says why."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gengine.batch.entry import Entry, key_of
from gengine.batch.run_options import KEY, make_run
from gengine.core.bounds import read_json
from gengine.core.placing import settle
from gengine.errors import GengineError
from gengine.runs import MANIFEST, Progress

State = Literal["made", "kept", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of an entry: made now, kept from before, or failed with an ``error`` in one line.

    ``audio_seconds`` is the length of its sound, ``elapsed_seconds`` what it took now, ``report`` the run's as JSON
    holds it.
    """

    name: str
    sound: str
    out: str
    state: State
    error: str | None = None
    audio_seconds: float = 0.0
    elapsed_seconds: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def warnings(self) -> list[str]:
        """The run's warnings."""
        return list(self.report.get("warnings", []))


def attempt(entry: Entry, out: Path, progress: Progress | None = None) -> Outcome:
    """Make an entry's run in its folder of ``out`` unless it is finished there; never raises an ``Exception``."""
    began, folder = time.perf_counter(), out / entry.name
    if entry.error is not None:
        return failed(entry, out, entry.error)
    try:
        key = key_of(entry.options)
        if (manifest := finished(folder, key)) is not None:
            seconds, report = manifest["audio_seconds"], manifest["report"]
            return Outcome(entry.name, str(entry.options.sound), str(folder), "kept", None, seconds, 0.0, report)
        made, report = make_run(entry.options, folder, progress, key)
    except GengineError as error:
        return failed(entry, out, str(error), began)
    except MemoryError:
        return failed(entry, out, "out of memory; try fewer --jobs, fewer --formats, or a shorter recording", began)
    except Exception as error:  # noqa: BLE001 - whatever strikes one recording must not stop the others
        where = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return failed(entry, out, f"an error that should not happen ({where}); animate it alone to see more", began)
    return Outcome(
        entry.name, str(entry.options.sound), str(folder), "made", None, made["audio_seconds"],
        round(time.perf_counter() - began, 3), report.as_dict(),
    )  # fmt: skip


def failed(entry: Entry, out: Path, error: str, began: float | None = None) -> Outcome:
    """The outcome of an entry that could not be made."""
    seconds = 0.0 if began is None else round(time.perf_counter() - began, 3)
    line = " ".join(error.split())
    return Outcome(entry.name, str(entry.options.sound), str(out / entry.name), "failed", line, 0.0, seconds)


def finished(folder: Path, key: str) -> dict[str, Any] | None:
    """The manifest of a folder, if that holds a whole run of this ``key``: the manifest is written last, and every
    file that it lists has the length it says."""
    settle(folder)
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, GengineError):
        manifest = read_json(folder / MANIFEST, "the run is made again")
        if manifest[KEY] == key and isinstance(manifest["report"], dict):
            float(manifest["audio_seconds"])
            if all((folder / name).stat().st_size == about["bytes"] for name, about in manifest["files"].items()):
                return manifest
    return None
