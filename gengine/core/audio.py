"""Sound as the project sees it: mono float samples and their rate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.timing import check_rate
from gengine.errors import GengineError

SAMPLE_RATE = 16_000
"""Rate of all analysis, Hz."""


@dataclass(frozen=True, eq=False)
class AudioClip:
    """``samples (N,)`` float32 mono in [-1, 1] at ``rate`` Hz."""

    samples: NDArray[np.floating]
    rate: int = SAMPLE_RATE

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", np.asarray(self.samples, np.float32))
        check_rate("AudioClip.rate", self.rate)
        if self.samples.ndim != 1:
            raise GengineError(f"AudioClip.samples: shape {self.samples.shape}, expected (N,) mono")
        if not np.isfinite(self.samples).all():
            raise GengineError("AudioClip.samples: holds NaN or infinity, expected finite samples in [-1, 1]")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    def __getitem__(self, samples: slice) -> AudioClip:
        return replace(self, samples=self.samples[samples])
