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
_AROUND = np.array([-1, 0, 1, 2])  # lattice points that a value lies among, counted from its cell
_FEW, _AHEAD = 16, 64  # so few frames are read with those that come next: calls cost more than arithmetic


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
        self._held: dict[float, tuple[int, NDArray, NDArray]] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> SmoothNoise:
        twin = copy(self)  # values never change
        twin._blocks, twin._held = dict(self._blocks), dict(self._held)
        return twin

    def _block(self, index: int) -> NDArray:
        if index not in self._blocks:
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.pop(min(self._blocks))
            values = generator(*self.key, "noise", index).standard_normal((_BLOCK, self.channels))
            self._blocks[index] = values
        return self._blocks[index]

    def __call__(self, times: ArrayLike, delay: float = 0.0) -> NDArray[np.float64]:
        """Values ``(T, channels)`` at ``times (T,)`` + ``delay`` s (negative ones are fine); not to be changed."""
        times = np.asarray(times, float)
        if times.size == 0:
            return np.zeros((0, self.channels))
        if 1 < times.size <= _FEW and times[1] > times[0]:
            return self._few(times, delay)
        return self._read(times + delay)

    def _few(self, times: NDArray[np.float64], delay: float) -> NDArray[np.float64]:
        """Values at ``times`` out of many that were read at once, where they are neighbours at a whole rate."""
        rate = round(1 / (times[1] - times[0]))
        first, count = round(times[0] * rate), len(times)
        start, frames, values = self._held.get(delay, (0, times[:0], times[:0]))
        rows = slice(first - start, first - start + count)
        if rows.start >= 0 and frames[rows].tobytes() == times.tobytes():
            return values[rows]
        frames = np.arange(first, first + _AHEAD) / max(rate, 1)
        if frames[:count].tobytes() != times.tobytes():
            return self._read(times + delay)
        values = self._read(frames + delay)
        values.setflags(write=False)
        self._held[delay] = first, frames, values
        return values[:count]

    def _read(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        position = times * self.rate
        cell = np.floor(position).astype(np.int64)
        t = (position - cell)[:, None]
        square, cube = t**2, t**3
        first, last = int(cell.min()) - 1, int(cell.max()) + 2
        blocks = range(first // _BLOCK, last // _BLOCK + 1)
        parts = [self._block(b) for b in blocks]
        lattice = parts[0] if len(parts) == 1 else np.concatenate(parts)
        i = cell - blocks[0] * _BLOCK
        weights = np.empty((len(t), 4, 1))
        weights[:, 0] = (1 - t) ** 3 / 6
        weights[:, 1] = (3 * cube - 6 * square + 4) / 6
        weights[:, 2] = (-3 * cube + 3 * square + 3 * t + 1) / 6
        weights[:, 3] = cube / 6
        around = lattice.take(i[:, None] + _AROUND, axis=0)
        return np.add.reduce(weights * around, axis=1) / self._DEVIATION
