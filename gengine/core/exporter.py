"""The seam of every exporter: a performance, whole or in stretches, becomes one file."""

from __future__ import annotations

import inspect
import typing
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, TracebackType
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np

from gengine.core.performance import Performance
from gengine.core.placing import check_place, put, remove, scratch
from gengine.core.report import Report
from gengine.errors import GengineError, unknown

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class ExporterOption:
    """One setting of an exporter, as its constructor declares it.

    ``kind`` is what a text is read as (``str``, ``bool``, ``int`` or ``float``); ``choices`` are all allowed values,
    or empty where any will do.
    """

    name: str
    kind: type
    default: Any
    help: str
    choices: tuple[str, ...] = ()

    def parse(self, text: str) -> Any:
        """The value that a text stands for; a ``GengineError`` says what was expected instead."""
        if self.choices:
            if text not in self.choices:
                raise unknown(self.name, text, self.choices)
        elif self.kind is bool:
            if text.lower() not in _WORDS:
                raise GengineError(f"{self.name}={text}: expected true or false")
            return _WORDS[text.lower()]
        elif self.kind in (int, float):
            try:
                value = self.kind(text)
            except ValueError:
                value = np.nan
            if not np.isfinite(value):
                raise GengineError(f"{self.name}={text}: expected a {'whole ' * (self.kind is int)}number")
            return value
        return text


class Exporter(ABC):
    """Writes one format. Stretches are appended in order, so an hour of motion passes in flat memory.

    The file is built at a temporary name beside its target and appears whole when the exporter closes, or
    not at all: ``with BvhExporter(path) as out: out.append(stretch)``. Subclasses open ``self.partial``
    themselves in ``append`` or ``__init__`` and finish it in ``finish``.

    What may be set is a keyword argument of the constructor that says in its type what it does:
    ``fps: Annotated[float, "frames per second"] = 30.0``. ``options`` lists those, so that the command line offers
    them for every format, those of outside packages too. Arguments without such a text are for programs alone.
    """

    suffix: ClassVar[str]
    """Of the file, with its dot."""
    default_name: ClassVar[str]
    """File name in an output folder, for example ``body.bvh``."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Tracks of the performance that must be there: ``"motion"``, ``"face"``."""
    report: Report = Report()
    """What had to be guessed or left out of what it was given: add to it in ``append`` or ``finish``."""

    def __init__(self, path: str | Path, **options: Any) -> None:
        if options:
            raise self._unknown(options)
        self.path = Path(path)
        check_place(self.path)
        self.partial = scratch(self.path, self.suffix)

    @abstractmethod
    def append(self, stretch: Performance) -> None:
        """Add the next stretch (``self.check`` it first)."""

    def check(self, stretch: Performance) -> None:
        """Raise ``GengineError`` where a track that this format holds is missing."""
        for track in self.needs:
            if getattr(stretch, track) is None:
                raise GengineError(f"{self.path.name}: the performance has no {track}, which {self.suffix} files hold")

    @abstractmethod
    def finish(self) -> None:
        """Complete the file at ``self.partial`` and close it."""

    def abort(self) -> None:  # noqa: B027 - nothing to close is a fine default
        """Close whatever is open; called before the partial file is removed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
                put(self.partial, self.path)
        except BaseException:
            self.abort()
            raise
        finally:
            if kind is not None:
                self.abort()
            remove(self.partial)

    @classmethod
    def options(cls) -> dict[str, ExporterOption]:
        """What may be set, by name, in the constructor's order."""
        hints = typing.get_type_hints(cls.__init__, include_extras=True)
        found = {}
        for name, argument in inspect.signature(cls.__init__).parameters.items():
            if typing.get_origin(hints.get(name)) is Annotated:
                annotated, text = typing.get_args(hints[name])[:2]
                kinds = _kinds(annotated)
                choices = typing.get_args(annotated) if typing.get_origin(annotated) is Literal else ()
                kind = next((k for k in (bool, int, float) if k in kinds and str not in kinds), str)
                found[name] = ExporterOption(name, kind, argument.default, str(text), choices)
        return found

    @classmethod
    def parse_options(cls, texts: Mapping[str, str]) -> dict[str, Any]:
        """Keyword arguments of the constructor from texts, as a command line gives them.

        An unknown name or a value that does not fit is a ``GengineError``.
        """
        known = cls.options()
        if strange := [name for name in texts if name not in known]:
            raise cls._unknown(strange)
        return {name: known[name].parse(text) for name, text in texts.items()}

    @classmethod
    def _unknown(cls, names: Iterable[str]) -> GengineError:
        known, what = cls.options(), f"{cls.suffix} files: option"
        return unknown(what, " ".join(names), known or ["none: this format has no options"])

    @classmethod
    def write(cls, performance: Performance, path: str | Path, **options: Any) -> Path:
        """Write a whole performance to ``path``."""
        try:
            with cls(path, **options) as out:
                out.append(performance)
        except OSError as error:
            raise GengineError(f"{path}: cannot be written ({error.strerror}); free space or choose another") from None
        return out.path


def _kinds(hint: Any) -> tuple[Any, ...]:
    """The types that a hint allows, without None."""
    return tuple(kind for kind in typing.get_args(hint) or (hint,) if kind is not NoneType)
