"""Sound as the project sees it: mono float samples and their rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.timing import check_rate
from gengine.errors import AudioError, GengineError

SAMPLE_RATE = 16_000
"""Rate of all analysis, Hz."""

LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
"""Rates that recordings have, Hz: telephones begin at 8000, converters end at 768000. Judgement."""

MOST_COLUMNS = 8
"""Columns of an array that are taken for channels; more of them are samples, and the array lies on its side."""

OTHER_SCALE = 16.0
"""Floats beyond this count another scale: 24 dB above full scale is no overshoot. Judgement."""

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
        # of the extremes: an hour's truths would take 57 MB
        if not np.isfinite((self.samples.min(initial=0.0), self.samples.max(initial=0.0))).all():
            raise GengineError("AudioClip.samples: holds NaN or infinity, expected finite samples in [-1, 1]")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    def __getitem__(self, samples: slice) -> AudioClip:
        return replace(self, samples=self.samples[samples])


def check_sound_rate(what: str, rate: float) -> None:
    """``GengineError`` for a rate (Hz) that no recording has."""
    check_rate(what, rate)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise GengineError(f"{what}: {rate!r}, expected {LOWEST_RATE} to {HIGHEST_RATE} Hz")


def float_samples(samples: ArrayLike, what: str) -> NDArray[np.float32]:
    """Samples ``(N, channels)`` as float32 from those ``(N,)`` or ``(N, channels)`` of any usual kind.

    Floats are taken as they are, int16 and int32 divided by their full scale, uint8 counted from 128 as 8-bit WAVs
    have it; bytes are 16-bit PCM, little-endian, mono. Raises ``AudioError``, which begins with ``what``, for other
    types and shapes, NaN and infinity, and floats that count another scale.
    """
    if isinstance(samples, bytes | bytearray) or (isinstance(samples, memoryview) and samples.itemsize == 1):
        if len(raw := bytes(samples)) % 2:
            raise AudioError(f"{what}: {len(raw)} bytes, expected an even number: 16-bit PCM, little-endian, mono")
        samples = np.frombuffer(raw, "<i2")
    if isinstance(samples, str):
        raise AudioError(f"{what}: str, expected numbers (N,), or bytes of 16-bit PCM")
    try:
        given = np.asarray(samples)
    except ValueError:
        raise AudioError(f"{what}: rows of different lengths, expected samples (N,) mono") from None
    given = given[:, None] if given.ndim == 1 else given
    if given.ndim != 2 or given.shape[1] > MOST_COLUMNS:
        turned = "; (channels, N) is to be transposed" if given.ndim == 2 else ""
        raise AudioError(f"{what}: samples of shape {np.shape(samples)}, expected (N,) mono or (N, channels){turned}")
    kind = given.dtype.newbyteorder("=")
    if kind in FULL_SCALE:
        given = given / FULL_SCALE[kind]
    elif kind == np.uint8:
        given = (given - 128.0) / 128
    elif kind.kind != "f":
        raise AudioError(f"{what}: samples of {given.dtype}, expected floats in [-1, 1], int16, int32 or uint8")
    array = given.astype(np.float32, copy=False)
    highest, lowest = float(array.max(initial=0.0)), float(array.min(initial=0.0))
    if not math.isfinite(highest - lowest):
        bad = int(np.flatnonzero(~np.isfinite(array).all(1))[0])
        raise AudioError(f"{what}: sample {bad} is NaN or infinite; expected [-1, 1]")
    if kind.kind == "f" and (peak := max(highest, -lowest)) > OTHER_SCALE:
        raise AudioError(
            f"{what}: floats up to {peak:.6g}, expected [-1, 1]; give 16-bit numbers as int16, or divide them by 32768"
        )
    return array


def mono_samples(samples: ArrayLike, what: str) -> NDArray[np.float32]:
    """``float_samples`` as ``(N,)``: several channels are averaged."""
    array = float_samples(samples, what)
    return array[:, 0] if array.shape[1] == 1 else array.mean(1, dtype=np.float32)
