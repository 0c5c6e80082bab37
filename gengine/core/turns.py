"""Who speaks when in a conversation, as one of its people has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.errors import GengineError


@dataclass(frozen=True, eq=False)
class Turns:
    """Seconds ``own (N, 2)`` in which a person speaks, and ``others (M, 2)`` in which somebody else does, each sorted
    and without overlap; who does not speak listens, and nods where ``nods``, by a rhythm of their ``name``."""

    own: NDArray[np.float64]
    others: NDArray[np.float64]
    nods: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        for name in ("own", "others"):
            spans = np.array(getattr(self, name), float).reshape(-1, 2)
            if not np.isfinite(spans).all() or (np.diff(spans.ravel()) < 0).any():
                raise GengineError(f"Turns.{name}: expected (start, end) in seconds, sorted, without overlap")
            spans.flags.writeable = False
            object.__setattr__(self, name, spans)

    def __deepcopy__(self, memo: dict[int, Any]) -> Turns:
        return self

    def role(self, time: float) -> str:
        """What the person does at a second: "speaking" or "listening"."""
        return "speaking" if within(self.own, [time])[0] else "listening"

    def heard(self, times: ArrayLike) -> NDArray[np.float64]:
        """1 at ``times (T,)`` s where others speak and the person does not, else 0."""
        return (within(self.others, times) & ~within(self.own, times)).astype(float)


def within(spans: NDArray[np.float64], times: ArrayLike) -> NDArray[np.bool_]:
    """Whether ``times (T,)`` lie in one of ``spans (N, 2)``, sorted and without overlap."""
    times = np.asarray(times, float)
    if not len(spans):
        return np.zeros(times.shape, bool)
    before = np.searchsorted(spans[:, 0], times, side="right") - 1
    return (before >= 0) & (times < spans[np.maximum(before, 0), 1])


def merged(spans: ArrayLike, gap: float = 0.0) -> NDArray[np.float64]:
    """Spans ``(N, 2)`` in any order as sorted ones without overlap; pauses of up to ``gap`` s are closed."""
    rows = np.array(spans, float).reshape(-1, 2)
    out: list[list[float]] = []
    for start, end in rows[np.argsort(rows[:, 0], kind="stable")].tolist():
        if out and start - out[-1][1] <= gap:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return np.array(out).reshape(-1, 2)
