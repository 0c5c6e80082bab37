"""Smooth random curves of absolute time, the same whatever window they are read through.

Streaming must equal offline, so a random value belongs to (seed, stream name, lattice point) and never
to a generator's position: reading a curve in any chunking gives the same numbers.
"""

from __future__ import annotations

import hashlib
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BLOCK = 64  # lattice points drawn at once
_BLOCKS_KEPT = 64  # flat memory over hours


def stable_seed(*parts: object) -> int:
    """A 64-bit seed from any printable parts, the same on every machine and run."""
    text = "\x1f".join(str(p) for p in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(*parts: object) -> np.random.Generator:
    """A random generator that belongs to ``parts`` (for example seed, "stroke", event index)."""
    return np.random.Generator(np.random.Philox(stable_seed(*parts)))


class SmoothNoise:
    """``channels`` independent curves of time with one octave at ``rate`` Hz and unit standard deviation.

    Normal values on a lattice of ``rate`` points per second, interpolated by a cubic B-spline: twice
    continuously differentiable, with power that falls steeply above ``rate`` / 2, as idle sway does.
    """

    # Standard deviation of a uniform cubic B-spline over white lattice values, averaged over a cell.
    _DEVIATION = float(np.sqrt(151 / 315))

    def __init__(self, channels: int, rate: float, *key: object) -> None:
        self.channels, self.rate, self.key = channels, float(rate), key
        self._blocks: dict[int, NDArray] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> SmoothNoise:
        twin = copy(self)  # values never change
        twin._blocks = dict(self._blocks)
        return twin

    def _block(self, index: int) -> NDArray:
        if index not in self._blocks:
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.pop(min(self._blocks))
            values = generator(*self.key, "noise", index).standard_normal((_BLOCK, self.channels))
            self._blocks[index] = values
        return self._blocks[index]

    def __call__(self, times: ArrayLike) -> NDArray[np.float64]:
        """Values ``(T, channels)`` at ``times (T,)`` seconds (negative times are fine)."""
        position = np.asarray(times, float) * self.rate
        if position.size == 0:
            return np.zeros((0, self.channels))
        cell = np.floor(position).astype(np.int64)
        t = (position - cell)[:, None]
        first, last = int(cell.min()) - 1, int(cell.max()) + 2
        blocks = range(first // _BLOCK, last // _BLOCK + 1)
        parts = [self._block(b) for b in blocks]
        lattice = parts[0] if len(parts) == 1 else np.concatenate(parts)
        i = cell - blocks[0] * _BLOCK
        weights = (
            (1 - t) ** 3 / 6,
            (3 * t**3 - 6 * t**2 + 4) / 6,
            (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
            t**3 / 6,
        )
        total = sum(w * lattice[i + k - 1] for k, w in enumerate(weights))
        return np.asarray(total) / self._DEVIATION
