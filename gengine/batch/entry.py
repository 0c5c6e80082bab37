"""One run of a batch: its name, its options, and what a finished one is known by."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import gengine
from gengine.batch.run_options import RunOptions


@dataclass(frozen=True)
class Entry:
    """One run to be made: its name, which is also its folder within the batch's, and its options.

    ``error`` says why there can be no run, where a manifest's row has a bad value.
    """

    name: str
    options: RunOptions
    error: str | None = None

    def absolute(self) -> Entry:
        """The entry with paths that are the same from every folder."""
        moved = {}
        for name in (f.name for f in fields(self.options)):
            value = getattr(self.options, name)
            if isinstance(value, Path) or (isinstance(value, str) and _path_of_a_file(value)):
                moved[name] = type(value)(Path(value).absolute())
        return replace(self, options=replace(self.options, **moved))


def _path_of_a_file(text: str) -> bool:
    """Whether an option's text is a path rather than a name (or words) and something lies there."""
    return (os.sep in text or "." in text) and os.path.exists(text)


def key_of(options: RunOptions) -> str:
    """A hash of all options and of the content of every file that they name: what a finished run is known by.

    Paths themselves do not count, so that a project may be moved.
    """
    told = {name: _content(value) for name, value in asdict(options).items()}
    return hashlib.sha256(json.dumps([gengine.__version__, told], sort_keys=True).encode()).hexdigest()


def _content(value: Any) -> Any:
    """A value, or a digest of the file or of a folder's files where it is the path of one."""
    from gengine.runs import digest

    if not isinstance(value, str | Path) or not 0 < len(str(value)) < 1024:
        return value
    path = Path(value)
    try:
        if os.path.isfile(path):
            return f"sha256:{digest(path)}"
        if os.path.isdir(path):
            parts = sorted(p for p in path.iterdir() if p.is_file())
            return {p.name: digest(p) if p.suffix in (".npz", ".json") else p.stat().st_size for p in parts}
    except (OSError, ValueError):  # not readable, or no path at all: the run will say so
        pass
    return str(value)
