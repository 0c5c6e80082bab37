"""The upper face as real people move it, drawn by seed: brows, squints and the head stir, blinks and glances come.

A recurrent network turns white noise into movement while it listens: loudness, speech, voicing, pitch and hiss, up to
``AHEAD`` after a moment, whose movements they are (how lively that speaker's brows and head are) and the emotion's
valence, arousal and dominance. It learned by scores that reward the right distribution and not the right mean
(``gengine.training.upper_face_task``), so two seeds differ as two takes of one person do, and no seed is still. A
second small network tells at every frame how likely a blink and a glance begin there. Only numpy is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Conditions
from gengine.core.noise import generator
from gengine.errors import FormatError

Array = NDArray[np.float64]

RATE = 30
"""Frames of movement a second, Hz; what is shown at other times is a cubic B-spline through them."""
MOVES = ("brow_inner", "brow_outer", "squint", "pitch", "yaw", "roll")
"""What moves, each in deviations of its own: inner and outer brows (up above zero), squint, head (down, left, left side
up)."""
BROWS, SQUINT, HEAD = slice(0, 2), 2, slice(3, 6)
HEARD = ("level", "speech", "voicing", "pitch", "sibilance")
"""Curves that are listened to."""
OCTAVE = 6.0
"""Semitones that count as one."""
TAPS = (0, 1)
"""Frames at which they are read: the moment and a thirtieth of a second later."""
MINUTE = 60 * RATE
"""Frames."""
AHEAD = 3 / RATE
"""Seconds of sound after a moment that it depends on: two frames of the spline, and the last tap."""
LIVELINESS = ("brows", "head")
"""Of a speaker: logarithm of how far brows and head go beside what is usual."""
LIVELIEST = 0.35
"""Bound of it to both sides: how far the recordings of one person differ; what goes further is only larger."""
EVENTS = ("blink", "glance")
MEMORIES = (0.3, 1.0, 2.5)
"""Time constants, s, in which an event before, and the begin and end of speech, are forgotten (judgement)."""
WARM = RATE
"""Frames that run before the first one is shown, so that no take begins in the same pose."""
BLOCK = 64
"""Frames whose noise is drawn at once."""
UPPER = "upper.inward"
"""A tensor of checkpoints that have an upper face."""
TEMPER = 1.5
"""By how much the log-odds of a blink fall with every blink more than was asked for until then, and rise with each that
is missing: voices make the network blink 21 to 98 times a minute (three recordings). Judgement."""
FRESH = 1.0
"""Blinks that count as made when a recording begins: where few more are counted in long ones (measured: English voices
come to 1.3), so that short ones blink no more often."""
SPOKEN = 0.5
"""Speech above it is speech."""
ROW = len(HEARD) * len(TAPS)
"""Numbers that are heard a frame."""
GIVEN = ROW + 1 + len(LIVELINESS) + 3
"""Numbers a frame beside the noise: what is heard and that it is, whose, and the emotion."""
RECALLED = ROW + len(MEMORIES) * (len(EVENTS) + 2)
"""Numbers a frame that events depend on."""


def heard_rows(conditions: Conditions, first: int, last: int) -> Array:
    """What is heard at frames ``first`` to ``last`` of ``RATE``: ``(N, ROW)``."""
    frames = np.arange(first, last)
    rows = []
    for tap in TAPS:
        curves = np.stack([conditions.curve(name, (frames + tap) / RATE) for name in HEARD], 1)
        curves[:, HEARD.index("pitch")] /= OCTAVE
        rows.append(curves)
    return np.concatenate(rows, 1)


def given(rows: NDArray, liveliness: NDArray, vad: NDArray, heard: float = 1.0) -> Array:
    """Everything but noise ``(N, GIVEN)`` of ``rows (N, ROW)``, one ``liveliness (2,)`` and ``vad (N, 3)``."""
    count = len(rows)
    return np.concatenate([rows, np.full((count, 1), heard), np.tile(liveliness, (count, 1)), vad], 1)


class Recall:
    """How fresh the last events and the edges of speech are, frame by frame: 1 as they happen, then less."""

    def __init__(self) -> None:
        self._fresh = np.zeros((len(EVENTS) + 2, len(MEMORIES)))
        self._spoke = False
        self._fade = np.exp(-1 / (RATE * np.array(MEMORIES)))

    def row(self, heard: Array) -> Array:
        """``(RECALLED,)`` at a frame at which ``heard (ROW,)`` is heard, before its own events."""
        speaks = bool(heard[HEARD.index("speech")] > SPOKEN)
        self._fresh *= self._fade
        if speaks != self._spoke:
            self._fresh[len(EVENTS) + speaks] = 1
            self._spoke = speaks
        return np.concatenate([heard, self._fresh.reshape(-1)])

    def happened(self, events: NDArray[np.bool_]) -> None:
        """Take in which of ``EVENTS`` begin at this frame."""
        self._fresh[: len(EVENTS)][events] = 1


@dataclass(frozen=True, eq=False)
class UpperFaceNetwork:
    """The weights, shared by all sessions. ``sizes (6,)``: a deviation of each of ``MOVES`` in weights and rad of those
    who taught it; ``paces (6,)``: deviations a second that its draws pass a twentieth of the time; ``glance (3,)``:
    share of the last place that the next one keeps, and scatter of places, rad; ``rates (2,)``: how many of ``EVENTS``
    a minute they had."""

    inward: NDArray[np.float32]
    inward_bias: NDArray[np.float32]
    again: NDArray[np.float32]
    again_bias: NDArray[np.float32]
    outward: NDArray[np.float32]
    outward_bias: NDArray[np.float32]
    events: tuple[NDArray[np.float32], ...]
    sizes: Array
    paces: Array
    glance: Array
    rates: Array

    @staticmethod
    def of(tensors: Mapping[str, NDArray[Any]]) -> UpperFaceNetwork:
        """The network of a checkpoint's ``tensors``. Raises ``FormatError`` where they are of other sizes."""

        def named(*names: str) -> tuple[NDArray[np.float32], ...]:
            return tuple(np.asarray(tensors[f"upper.{name}"], np.float32) for name in names)

        inward, inward_bias, again, again_bias, outward, outward_bias, *told = named(
            "inward",
            "inward_bias",
            "again",
            "again_bias",
            "outward",
            "outward_bias",
            "sizes",
            "paces",
            "glance",
            "rates",
        )
        events = named("events0", "events0_bias", "events1", "events1_bias")
        network = UpperFaceNetwork(
            inward, inward_bias, again, again_bias, outward, outward_bias, events,
            *(part.astype(float) for part in told),
        )  # fmt: skip
        found = (len(inward), outward.shape[-1], len(events[0]), *map(len, told))
        if found != (len(MOVES) + GIVEN, len(MOVES), RECALLED, len(MOVES), len(MOVES), 3, len(EVENTS)):
            raise FormatError(
                f"a2m checkpoint: upper face of {found}, expected {(len(MOVES) + GIVEN, len(MOVES), RECALLED)}"
            )
        return network

    def __deepcopy__(self, memo: dict[int, Any]) -> UpperFaceNetwork:
        return self  # weights never change

    @property
    def width(self) -> int:
        """Units that are remembered."""
        return len(self.again)

    def step(self, known: NDArray, state: NDArray) -> NDArray:
        """The next state ``(width,)``: a gated recurrent unit (Cho et al. 2014, as torch lays it out), ``known
        (3 · width,)`` being what goes in."""
        w = self.width
        back = state @ self.again + self.again_bias
        gates = 1 / (1 + np.exp(-(known[: 2 * w] + back[: 2 * w])))
        new = np.tanh(known[2 * w :] + gates[:w] * back[2 * w :])
        return new + gates[w:] * (state - new)

    def chances(self, recalled: Array) -> Array:
        """Log-odds ``(…, 2)`` that each of ``EVENTS`` begins."""
        first, first_bias, second, second_bias = self.events
        return np.asarray(np.tanh(recalled @ first + first_bias) @ second + second_bias, float)


class UpperFace:
    """The drawn movement of one recording: ``run`` each hop first, then read it."""

    def __init__(self, network: UpperFaceNetwork, liveliness: Array, seed: int) -> None:
        self._network, self._liveliness, self._seed = network, liveliness, seed
        self._state = np.zeros(network.width, np.float32)
        self._recall = Recall()
        self.surplus = FRESH
        """Blinks more than were asked for."""
        self._moves = np.zeros((0, len(MOVES)))
        self._first = self._next = 0
        self._begin: int | None = None
        self._block: tuple[int | None, Array, Array] = (None, np.zeros((0, 0)), np.zeros((0, 0)))
        self.blinks: list[float] = []
        """Seconds at which blinks begin in the hop."""
        self.glances: list[float] = []
        """Seconds at which the eyes leave for another place in it."""

    def run(self, conditions: Conditions, blinks: float, haste: float = 1.0) -> None:
        """Draw what the hop needs: ``blinks`` a minute, ``haste`` multiplies how often glances come in it."""
        start, end = conditions.hop_start, conditions.hop_end
        if self._begin is None:
            self._begin = int(np.floor(start * RATE))
            self._first = self._next = self._begin - 1 - WARM
        until = int(np.floor(end * RATE)) + 3
        self.blinks, self.glances = [], []
        if until <= self._next:
            return
        rows = heard_rows(conditions, self._next, until)
        vad = conditions.emotion_at(np.arange(self._next, until) / RATE)[1]
        known = given(rows, self._liveliness, vad).astype(np.float32)
        often, moves = np.log([blinks / self._network.rates[0], haste]), []
        for k, row in enumerate(rows):
            frame = self._next + k
            noise, chance = self._noise(frame)
            u = np.concatenate([noise.astype(np.float32), known[k]])
            self._state = self._network.step(u @ self._network.inward + self._network.inward_bias, self._state)
            moves.append(self._state @ self._network.outward + self._network.outward_bias)
            odds = self._network.chances(self._recall.row(row)) + often - [TEMPER * self.surplus, 0]
            begin = chance[: len(EVENTS)] < 1 / (1 + np.exp(-odds))
            self._recall.happened(begin)
            self.surplus += float(begin[0]) - blinks / MINUTE
            at = (frame + chance[-1]) / RATE
            if frame >= self._begin:
                self.blinks += [at] * bool(begin[0])
                self.glances += [at] * bool(begin[1])
        keep = max(int(np.floor(start * RATE)) - 2 - self._first, 0)
        self._moves = np.concatenate([self._moves, np.array(moves)])[keep:]
        self._first += keep
        self._next = until

    def __call__(self, times: Array) -> Array:
        """Movement ``(T, 6)`` in deviations at ``times (T,)`` s of the hop."""
        position = times * RATE - self._first
        cell = np.floor(position).astype(int)
        t = (position - cell)[:, None]
        shares = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
        return sum(w / 6 * self._moves[cell + k - 1] for k, w in enumerate(shares))  # type: ignore[return-value]

    def _noise(self, frame: int) -> tuple[Array, Array]:
        """Normal and uniform draws of a frame."""
        number, at = divmod(frame, BLOCK)
        if self._block[0] != number:
            rng = generator(self._seed, "upper face", number)
            self._block = (number, rng.standard_normal((BLOCK, len(MOVES))), rng.random((BLOCK, len(EVENTS) + 1)))
        return self._block[1][at], self._block[2][at]
