"""The folder of one training: what it needs to go on, its log, and its checkpoints, each whole or absent.

``state/`` holds everything a killed run needs to go on as though nothing had happened; ``log.jsonl`` one line
per log step and evaluation; ``best/`` and ``last/`` exported checkpoints; ``previews/`` and ``curves.png``
something to look at; ``train_log.json`` how it was made.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gengine.core.bounds import FOREIGN, border
from gengine.core.placing import sweep, sync, whole
from gengine.errors import FormatError, GengineError

STATE = "state.safetensors"


class RunFolder:
    """Files of one training under ``path``; every write replaces the old file at once."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.state, self.log = self.path / "state" / STATE, self.path / "log.jsonl"
        self.previews, self.curves = self.path / "previews", self.path / "curves.png"

    def prepare(self) -> None:
        """Make the folder and finish or undo what a killed run left half done."""
        try:
            self.state.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GengineError(f"run folder {self.path}: cannot be made ({error.strerror or error})") from None
        for left in self.path.glob("*.old"):
            if left.with_suffix("").exists():
                shutil.rmtree(left)
            else:
                left.rename(left.with_suffix(""))
        for left in [*self.path.glob("*.part"), *self.state.parent.glob("*.part")]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        sweep(self.path)
        sweep(self.state.parent)

    def append(self, line: dict[str, Any]) -> None:
        """Add one line to the log."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def lines(self) -> Iterator[dict[str, Any]]:
        """The log so far."""
        if self.log.is_file():
            with border(self.log, "its lines are no whole JSON; delete it, or start this training again"):
                for line in self.log.read_text("utf-8").splitlines():
                    if not isinstance(said := json.loads(line), dict):
                        raise FormatError(f"{self.log}: a line is no object; delete it, or start this training again")
                    yield said

    def cut_log(self, size: int) -> None:
        """Drop what was logged after ``size`` bytes: a run that goes on writes those lines again."""
        if self.log.is_file() and self.log.stat().st_size > size:
            os.truncate(self.log, size)

    def write(self, path: Path, data: bytes) -> None:
        """Write a file whole or not at all, also when the machine loses power."""
        try:
            with whole(path) as made:
                made.write_bytes(data)
        except OSError as error:
            raise GengineError(f"{path}: cannot be written ({error.strerror or error})") from None

    def write_state(self, tensors: dict[str, Any], facts: dict[str, Any]) -> None:
        """Replace the state: torch ``tensors`` by name and JSON ``facts``; the log's length belongs to it."""
        from safetensors.torch import save

        if self.log.is_file():
            with self.log.open("rb+") as file:
                os.fsync(file.fileno())
        facts = {**facts, "log_size": self.log.stat().st_size if self.log.is_file() else 0}
        whole = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()}
        self.write(self.state, save(whole, {"facts": json.dumps(facts)}))

    def read_state(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """``(tensors, facts)`` of an earlier run, or None where there is none."""
        from safetensors import SafetensorError, safe_open

        if not self.state.is_file():
            return None
        try:
            with safe_open(self.state, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}
                facts = json.loads(file.metadata()["facts"])
            if not isinstance(facts, dict):
                raise TypeError("its facts are no object")
        except (SafetensorError, *FOREIGN) as error:
            raise FormatError(
                f"{self.state}: not a readable training state ({error}); delete it to start this training again"
            ) from None
        return tensors, facts

    def publish(self, name: str, make: Callable[[Path], None]) -> None:
        """Replace the folder ``name`` by what ``make(folder)`` writes, once all of it is written."""
        final, part, old = (self.path / f"{name}{end}" for end in ("", ".part", ".old"))
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        make(part)
        sync(part)
        if final.exists():
            final.rename(old)
        part.rename(final)
        shutil.rmtree(old, ignore_errors=True)


def forget(path: str | Path) -> None:
    """Delete the states of a run folder, so that the training starts again; its checkpoints stay until replaced."""
    for state in Path(path).rglob(f"state/{STATE}"):
        state.unlink()


def differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """What two nested settings disagree on, as ``name: value there, value here``."""
    found = []
    for key in dict.fromkeys([*there, *here]):
        a, b = there.get(key), here.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b)
        elif a != b:
            found.append(f"{key}: {json.dumps(a)} there, {json.dumps(b)} here")
    return found
