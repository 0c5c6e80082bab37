"""Sound as the project sees it: mono float samples and their rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.timing import check_rate
from gengine.errors import AudioError, GengineError

SAMPLE_RATE = 16_000
"""Rate of all analysis, Hz."""

FULL_SCALE = {np.dtype(np.int16): 2.0**15, np.dtype(np.int32): 2.0**31}
"""What integer samples are divided by to lie in [-1, 1)."""


@dataclass(frozen=True, eq=False)
class AudioClip:
    """``samples (N,)`` float32 mono in [-1, 1] at ``rate`` Hz."""

    ARRAYS: ClassVar[tuple[str, ...]] = ("samples",)
    """Fields that hold one row a sample."""

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


def mono_samples(samples: ArrayLike, what: str) -> NDArray[np.float32]:
    """Samples ``(N,)`` as float32: floats are taken as they are, int16 and int32 divided by their full scale.

    Raises ``AudioError``, which begins with ``what``, for bytes, other types and shapes, NaN and infinity.
    """
    if isinstance(samples, bytes | bytearray | str):
        found = type(samples).__name__
        raise AudioError(f"{what}: {found}, expected numbers (N,); 16-bit PCM is np.frombuffer(data, np.int16)")
    try:
        given = np.asarray(samples)
    except ValueError:
        raise AudioError(f"{what}: rows of different lengths, expected samples (N,) mono") from None
    if given.ndim != 1:
        raise AudioError(f"{what}: samples of shape {given.shape}, expected (N,) mono")
    if given.dtype in FULL_SCALE:
        given = given / FULL_SCALE[given.dtype]
    elif given.dtype.kind != "f":
        raise AudioError(f"{what}: samples of {given.dtype}, expected floats in [-1, 1], int16 or int32")
    array = given.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        raise AudioError(f"{what}: sample {bad} is NaN or infinite; expected [-1, 1]")
    return array
