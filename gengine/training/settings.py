"""A training by name: what can be set, strictly typed, and how it is run."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from gengine.config import checked
from gengine.errors import GengineError, unknown
from gengine.registry import names, resolve
from gengine.training.task import LoopSettings

DOTTED = {
    "gengine.training.camn:train": "camn",
    "gengine.training.camn_paper:train": "camn-paper",
    "gengine.training.fgd:train": "fgd",
    "gengine.training.phones:train": "phones",
}
"""How configurations named a training before trainings had names."""


class Training(BaseModel):
    """Settings of a training with their defaults; a configuration names only what differs.

    A training of an outside package is a subclass that says ``run``, by entry point in the group
    ``gengine.training``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    MACHINE: ClassVar[tuple[str, ...]] = ("data", "cache", "minutes", "threads")
    """Settings that tell of the machine and not of what is learned: no state and no checkpoint remembers them."""

    def run(self, out: Path) -> Path:
        """Train into the run folder ``out`` and return the folder of the checkpoint or of the run.

        Raises ``GengineError`` for data that cannot be learned from.
        """
        raise NotImplementedError

    def learned(self) -> dict[str, Any]:
        """The settings that decide what is learned, as JSON has them."""
        return self.model_dump(mode="json", exclude=set(self.MACHINE))

    def loop(self, **own: Any) -> LoopSettings:
        """The loop's settings: those of the same name, and ``own``."""
        shared = {f.name: getattr(self, f.name) for f in fields(LoopSettings) if f.name in type(self).model_fields}
        return LoopSettings(**(shared | own))


def training_of(values: dict[str, Any], where: str) -> Training:
    """The training that a configuration's ``train`` names, with its other ``values`` for settings.

    Raises ``GengineError``, which begins with ``where``, for an unknown name, setting or value.
    """
    values = dict(values)
    name = values.pop("train", None)
    if isinstance(name, str) and name in DOTTED:
        raise GengineError(f"{where}: train = '{name}' is now the name of a training: write train: {DOTTED[name]}")
    if not isinstance(name, str) or name not in names("training"):
        raise unknown(f"{where}: train =", name, names("training"))
    return checked(resolve("training", name), values, where)


def sizes_of(kind: type, values: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``values`` if they are sizes of the dataclass ``kind`` besides its ``own``; a ``ValueError`` if not."""
    allowed = [f.name for f in fields(kind) if f.name not in own]
    if strange := sorted(set(values) - set(allowed)):
        raise ValueError(f"unknown {', '.join(strange)}; choose from {', '.join(allowed)}")
    try:
        TypeAdapter(kind).validate_python(own | values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None
    return values
