"""The seam of every exporter: a performance, whole or in stretches, becomes one file."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from gengine.core.performance import Performance
from gengine.errors import GengineError


class Exporter(ABC):
    """Writes one format. Stretches are appended in order, so an hour of motion passes in flat memory.

    The file is built at a temporary name beside its target and appears whole when the exporter closes, or
    not at all: ``with BvhExporter(path) as out: out.append(stretch)``. Subclasses open ``self.partial``
    themselves in ``append`` or ``__init__`` and finish it in ``finish``.
    """

    suffix: ClassVar[str]
    """Of the file, with its dot."""
    default_name: ClassVar[str]
    """File name in an output folder, for example ``body.bvh``."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Tracks of the performance that must be there: ``"motion"``, ``"face"``."""

    def __init__(self, path: str | Path, **options: Any) -> None:
        if options:
            raise GengineError(f"{type(self).__name__}: unknown option(s) {', '.join(options)}")
        self.path = Path(path)
        self.partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial{self.suffix}")

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
                os.replace(self.partial, self.path)
        except BaseException:
            self.abort()
            raise
        finally:
            if kind is not None:
                self.abort()
            self.partial.unlink(missing_ok=True)

    @classmethod
    def write(cls, performance: Performance, path: str | Path, **options: Any) -> Path:
        """Write a whole performance to ``path``."""
        try:
            with cls(path, **options) as out:
                out.append(performance)
        except OSError as error:
            raise GengineError(f"{path}: cannot be written ({error.strerror}); free space or choose another") from None
        return out.path
