"""A run's folder: where its performance lies, and its ``manifest.json``, which says how to repeat the run and which
bytes every file of it has."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import gengine
from gengine.core.performance import Performance
from gengine.core.placing import settle, settled
from gengine.core.report import Report
from gengine.errors import FormatError, wrong_kind

MANIFEST = "manifest.json"
Progress = Callable[[float, float | None], None]  # seconds done, and of the whole, None where these are not known
TAKE = "performance.npz"
"""The file of a run's folder that holds the whole performance."""


class Run(Protocol):
    """What a manifest tells of a run: an ``engine.Take`` that has been iterated to its end."""

    source: Any
    text: Any
    settings: dict[str, Any]
    audio_seconds: float
    seconds: dict[str, float]
    report: Report


def saved(source: str | Path) -> Path:
    """Where a performance lies: ``performance.npz`` of a run's folder, or the file itself.

    A folder's must be the one that its manifest, where it has one, tells of; else it is a ``FormatError``.
    """
    if not isinstance(source, str | Path):
        raise wrong_kind("performance", source, "the path of a performance.npz or of a run's folder")
    path = Path(source)
    if not os.path.isdir(path):  # nor is a name that nothing can have
        return path
    _check_listed(path)
    return settled(path / TAKE)


def _check_listed(folder: Path) -> None:
    """``FormatError`` where a run's folder holds another run's performance beside its own files."""
    settle(folder)
    place = settled(folder / TAKE)
    content = amended(folder, {})
    if content is None or not place.is_file():
        return
    about = content["files"].get(TAKE)
    hint = f"animate again with npz among --formats, or give {place} itself"
    if about is None:
        raise FormatError(f"{folder}: its {MANIFEST} tells of no {TAKE}: the one there is another run's; {hint}")
    size = about.get("bytes") if isinstance(about, dict) else None
    if size != place.stat().st_size or about.get("sha256") != digest(place):
        raise FormatError(f"{folder}: its {TAKE} is not the one that {MANIFEST} tells of; {hint}")


def load(path: str | Path) -> Performance:
    """Read a ``performance.npz``, or that of a run's folder.

    Raises ``FormatError`` where there is none, or where it is damaged or another program's.

    >>> gengine.load("runs/talk").motion.fps
    """
    return Performance.load(saved(path))


def digest(path: str | Path) -> str:
    """SHA-256 of a file, read in blocks."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entry(path: Path, format: str, options: dict[str, Any]) -> dict[str, Any]:
    """What a manifest says of one file: its bytes, and the format and exporter options that made it."""
    made = {k: _plain(v) for k, v in options.items() if v is not None and not callable(v)}
    about = {"sha256": digest(path), "bytes": path.stat().st_size, "format": format}
    return about | ({"options": made} if made else {})


def manifest_of(run: Run, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What is needed to repeat a run: inputs with their hashes, versions, settings, timings; and ``files``,
    which are entries by file name."""
    import platform
    import sys

    import numpy as np

    inputs = {}
    for name, value in (("audio", run.source), ("text", run.text), ("emotion", run.settings["emotion"]),
                        ("stance", run.settings["stance"])):  # fmt: skip
        if isinstance(value, str | Path) and len(str(value)) < 1024 and os.path.isfile(Path(value)):
            inputs[name] = {"path": str(value), "sha256": digest(value)}
    return {
        "gengine": gengine.__version__,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "platform": platform.platform(),
        "inputs": inputs,
        "settings": run.settings,
        "audio_seconds": round(run.audio_seconds, 6),
        "stages": {k: round(v, 4) for k, v in run.seconds.items()},
        "warnings": list(run.report.warnings),
        "report": run.report.as_dict(),
        "files": files,
    }


def made_of(
    out: Path, files: Iterable[Path], audio_seconds: float, began: float, seconds: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """What a command says of what it made: ``out``, its ``files``, the seconds of sound in them, and those that it took
    since ``began`` (``time.perf_counter``), of which ``seconds`` tells by stage."""
    return {
        "out": str(out), "files": [str(path) for path in files], "audio_seconds": round(audio_seconds, 3),
        "elapsed_seconds": round(time.perf_counter() - began, 3),
        "stages": {stage: round(value, 4) for stage, value in (seconds or {}).items()},
    }  # fmt: skip


def is_run(folder: Path) -> bool:
    """Whether a folder has the manifest of a run."""
    return amended(folder, {}) is not None


def amended(folder: Path, files: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The manifest of a run's folder once ``files`` (entries by file name) stand in it; None where it has none.

    A later export into the folder of a run may replace a file that the manifest lists; its hash would be a lie.
    """
    settle(folder)
    place = settled(folder / MANIFEST)
    if not os.path.isfile(place):
        return None
    from gengine.core import bounds

    try:
        content = bounds.read_json(place, "the run is made again")
    except FormatError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict) or "gengine" not in content:
        return None  # some other program's
    content["files"] |= files
    return content


def write_manifest(content: dict[str, Any], folder: Path) -> Path:
    """Write ``manifest.json`` of a folder."""
    path = folder / MANIFEST
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    return value if isinstance(value, str | int | float) else str(value)
