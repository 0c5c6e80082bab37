"""Whole performances (.npz), bit for bit; ``gengine.load`` reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from gengine.core.archive import PerformanceArchive, load_performance
from gengine.core.exporter import Exporter
from gengine.core.performance import Performance

__all__ = ["NpzExporter", "load_performance"]


class NpzExporter(Exporter):
    """Everything a performance holds, in the format of ``gengine.core.archive``."""

    suffix: ClassVar[str] = ".npz"
    default_name: ClassVar[str] = "performance.npz"

    def __init__(self, path: str | Path, **options: Any) -> None:
        super().__init__(path, **options)
        self._archive = PerformanceArchive(self.partial)

    def append(self, stretch: Performance) -> None:
        self._archive.append(stretch)

    def finish(self) -> None:
        self._archive.close()

    def abort(self) -> None:
        self._archive.abort()
