"""Windows over a stream: how much is seen around each hop, and the buffers that hold it in flat memory."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, MOTION_RATE
from gengine.errors import GengineError

_NOTHING = 1e-9
"""Seconds; a recording that reaches this little into a hop does not begin it."""


@dataclass(frozen=True)
class WindowSpec:
    """Seconds of sound seen before a hop (``context``), made at once (``hop``), and seen after (``lookahead``).

    Latency of a live session is ``hop + lookahead`` plus what the encoders need to settle.
    """

    context: float
    hop: float
    lookahead: float

    def __post_init__(self) -> None:
        for name in ("context", "hop", "lookahead"):
            value = getattr(self, name)
            frames, steps = value * MOTION_RATE, value * ANALYSIS_RATE
            if value < 0 or abs(frames - round(frames)) > 1e-6 or abs(steps - round(steps)) > 1e-6:
                raise GengineError(f"window {name}: {value} s, expected a multiple of 0.05 s, not below zero")
        if self.hop < 0.05:
            raise GengineError(f"window hop: {self.hop} s, expected at least 0.05 s")

    def at(self, index: int, duration: float = float("inf"), until: float | None = None) -> Hop | None:
        """Hop number ``index`` (from 0) of a recording of ``duration`` seconds; None past its end.

        Before the end is known ``duration`` is infinite. Motion ends at ``until`` (s), the ``duration`` unless given.
        """
        start = index * self.hop
        if start >= duration - _NOTHING:
            return None
        known = start + self.hop + self.lookahead
        return Hop(
            first=max(0.0, start - self.context),
            start=start,
            end=min(start + self.hop, duration if until is None else until),
            known=min(known, duration),
            ended=known >= duration,
        )


@dataclass(frozen=True)
class Hop:
    """One step: motion is made for [``start``, ``end``) s, from what is known of [``first``, ``known``] s.

    ``ended`` says that the recording ends at ``known``.
    """

    first: float
    start: float
    end: float
    known: float
    ended: bool


class CurveBuffer:
    """Rows of several equally long arrays, addressed by their absolute frame number."""

    def __init__(self) -> None:
        self.first = 0
        self._rows: dict[str, NDArray] = {}

    def __len__(self) -> int:
        return self.end - self.first

    def __deepcopy__(self, memo: dict[int, Any]) -> CurveBuffer:
        twin = copy(self)  # rows are never changed where they lie
        twin._rows = dict(self._rows)
        return twin

    @property
    def end(self) -> int:
        """Absolute number of the frame after the last."""
        return self.first + len(next(iter(self._rows.values()), ()))

    def append(self, rows: dict[str, NDArray]) -> None:
        """Add arrays ``(N, ...)`` of one length under the names used before."""
        if not self._rows:
            self._rows = {k: np.asarray(v) for k, v in rows.items()}
        else:
            self._rows = {k: np.concatenate([self._rows[k], v]) for k, v in rows.items()}

    def read(self, start: int, end: int) -> dict[str, NDArray]:
        """Frames [start, end), which must not have been dropped."""
        return {k: v[start - self.first : end - self.first] for k, v in self._rows.items()}

    def until(self, end: int) -> CurveBuffer:
        """Another buffer with the frames before an absolute number."""
        other = CurveBuffer()
        other.first, other._rows = self.first, self.read(self.first, end)
        return other

    def drop(self, before: int) -> None:
        """Forget frames before an absolute number."""
        count = min(max(0, before - self.first), self.end - self.first)
        if count:
            self._rows = {k: v[count:].copy() for k, v in self._rows.items()}
            self.first += count


class EventBuffer:
    """Events with an ``end`` in seconds, in the order they were settled."""

    def __init__(self) -> None:
        self._events: list[Any] = []

    def __len__(self) -> int:
        return len(self._events)

    def __deepcopy__(self, memo: dict[int, Any]) -> EventBuffer:
        twin = EventBuffer()  # events never change
        twin._events = list(self._events)
        return twin

    def append(self, events: Iterable[Any]) -> None:
        """Add newly settled events."""
        self._events.extend(events)

    def read(self, start: float, end: float, given: bool = False) -> tuple[Any, ...]:
        """Events that end after ``start`` and no later than ``end`` (s).

        ``given`` events come from a transcript, so one that only begins before ``end`` is known whole too.
        """
        return tuple(e for e in self._events if e.end > start and (e.start if given else e.end) <= end + 1e-9)

    def cut(self, after: float) -> None:
        """Forget events that begin at ``after`` s or later."""
        self._events = [e for e in self._events if e.start < after]

    def drop(self, before: float) -> None:
        """Forget events that end at or before ``before`` (s)."""
        if self._events and self._events[0].end <= before:
            self._events = [e for e in self._events if e.end > before]
