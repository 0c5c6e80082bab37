"""The seam of every recogniser of words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray


class Recogniser(ABC):
    """Hears words in stretches of one recording, in order.

    ``argument`` is what the user wrote after the colon ("whisper:ARGUMENT"), empty without one; ``language`` an
    ISO 639-1 code or None. Raises ``GengineError`` where the recogniser or its model is not there.
    """

    least_agreement: ClassVar[float]
    """A word is believed where it agrees with the sound at least so well (``gengine.recognition.agreement``)."""

    def __init__(self, argument: str = "", language: str | None = None) -> None:
        self.language = language
        """Of the words; a recogniser that tells languages sets it at the first speech."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the run's report calls it, its model included."""

    @abstractmethod
    def words(self, samples: NDArray[np.float32]) -> str:
        """The words said in ``samples (N,)`` at 16 kHz, at most ``stretches.LONGEST`` seconds; may be none."""
