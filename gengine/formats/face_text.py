"""What the text formats of faces share: one line a frame, written as the stretches arrive."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, TextIO

import numpy as np
from numpy.typing import NDArray

from gengine.core.exporter import Exporter
from gengine.core.face import FaceTrack
from gengine.core.performance import Performance
from gengine.errors import GengineError

_BLOCK = 512
"""Frames formatted at a time."""


class FaceTextExporter(Exporter):
    """A face at its own rate as ASCII text in flat memory.

    Subclasses give the ``header``, the ``values`` of frames and their ``text``; ``frames`` counts what was written
    before, ``fps`` is the face's rate in Hz.
    """

    needs: ClassVar[tuple[str, ...]] = ("face",)
    footer: ClassVar[str] = ""
    """What ends the file."""

    def __init__(self, path: str | Path, **options: Any) -> None:
        super().__init__(path, **options)
        self._file: TextIO | None = None
        self.fps, self.frames = 0.0, 0

    @abstractmethod
    def header(self, start: float) -> str:
        """What the file begins with; ``start`` is the time of the first frame in the recording, s."""

    @abstractmethod
    def values(self, face: FaceTrack) -> NDArray:
        """Numbers ``(T, D)`` of the next frames."""

    @abstractmethod
    def text(self, values: NDArray[np.float64]) -> str:
        """Those numbers, checked to be finite, as lines of the file."""

    def append(self, stretch: Performance) -> None:
        self.check(stretch)
        face = stretch.face
        assert face is not None
        if self._file is None:
            self.fps = face.fps
            self._file = self.partial.open("w", encoding="ascii", newline="\n")
            self._file.write(self.header(stretch.start))
        elif face.fps != self.fps:
            raise GengineError(f"{self.path.name}: a stretch at {face.fps} Hz does not continue one at {self.fps} Hz")
        for first in range(0, len(face), _BLOCK):
            values = self.values(face[first : first + _BLOCK])
            if not np.isfinite(values).all():
                raise GengineError(f"{self.path.name}: the face holds NaN or infinity from frame {self.frames} on")
            self._file.write(self.text(values))
            self.frames += len(values)

    def finish(self) -> None:
        if self._file is None:
            raise GengineError(f"{self.path}: no face was appended, expected at least one stretch")
        self._file.write(self.footer)
        self._file.close()

    def abort(self) -> None:
        if self._file is not None:
            self._file.close()
