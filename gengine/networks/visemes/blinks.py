"""Lids: blinks at a speaker's rate, at the ends of utterances and with large shifts of gaze (face.md section 3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.constants import Limits, Points, Span, read_constants
from gengine.core.noise import generator
from gengine.networks.visemes.expression import arkit_indices
from gengine.networks.visemes.movements import TransientMoves

_BLINK = arkit_indices("eyeBlink")
_WIDE = arkit_indices("eyeWide")
_SQUINT = arkit_indices("eyeSquint")


@dataclass(frozen=True)
class BlinkConstants:
    """``data/blinks.csv``, see there for units and sources."""

    first: Span
    interval: Span
    interval_limits: Limits
    refractory: float
    close: Span
    hold: Span
    open: Span
    close_power: float
    open_power: float
    peak: float
    peak_spread: float
    double_chance: float
    double_gap: float
    double_gap_spread: float
    double_peak: float
    double_length: float
    pause_before: float
    pause_after: float
    pause_lead: float
    end_spacing: float
    end_window: float
    end_look_ahead: float
    end_chance: float
    end_rate_limit: float
    end_lead: float
    end_spread: float
    end_rest: float
    shift_chance: Points
    shift_rest: float
    shift_lead: float
    wide_up: float
    close_down: float
    close_up: float
    squint_release: float


BLINKS = read_constants(BlinkConstants, "gengine.networks.visemes", "blinks")


class Draws(Iterator[int]):
    """1, 2, 3 …: numbers of what is drawn in eyes and lids."""

    def __init__(self) -> None:
        self._last = 0

    def __next__(self) -> int:
        self._last += 1
        return self._last


class LidMotion:
    """Blinks and lids of one recording; ``draws`` numbers what is random in eyes and lids."""

    def __init__(self, seed: int, draws: Iterator[int], first: float) -> None:
        self._seed, self._draws = seed, draws
        self._blinks = TransientMoves(1)
        self._next = BLINKS.first.at(first)
        self._last = self._last_end = -math.inf

    def forget(self, before: float) -> None:
        """Drop blinks that have ended before ``before`` s."""
        self._blinks.forget(before)

    def plan(self, start: float, end: float, ends: NDArray[np.float64], rate: float, slowness: float) -> None:
        """Plan the blinks of the hop ``start``..``end`` s.

        ``ends (N,)`` s of utterances draw blinks towards them; ``rate`` and ``slowness`` multiply the usual ones.
        """
        while self._next < end:
            self._blink(self._near_pause(self._next, ends, start), rate, slowness)
        for e in ends:
            if e > self._last_end + BLINKS.end_spacing and e - BLINKS.end_window < end + BLINKS.end_look_ahead:
                self._last_end = e
                rng = generator(self._seed, "end blink", round(e * 100))
                at = e - BLINKS.end_lead + BLINKS.end_spread * rng.random()
                likely = rng.random() < BLINKS.end_chance * min(rate, BLINKS.end_rate_limit)
                if likely and at > max(self._last + BLINKS.end_rest, start):
                    self._blink(at, rate, slowness)

    def with_gaze_shift(self, at: float, degrees: float, chance: float, slowness: float) -> None:
        """Large shifts of gaze come with a blink (Evinger 1994); ``chance`` is a uniform draw."""
        if chance < BLINKS.shift_chance.at(degrees) and at > self._last + BLINKS.shift_rest:
            self._blink(at - BLINKS.shift_lead, 1, slowness)

    def _near_pause(self, at: float, ends: NDArray[np.float64], earliest: float) -> float:
        near = ends[(ends - at > -BLINKS.pause_before) & (ends - at < BLINKS.pause_after)]
        if len(near):
            return max(float(near[0]) - BLINKS.pause_lead, earliest)
        return max(at, earliest)

    def _blink(self, at: float, rate: float, slowness: float, doubles: float = BLINKS.double_chance) -> None:
        """A blink at ``at`` s, with the chance ``doubles`` a double one, and the time of the next."""
        rng = generator(self._seed, "blink", next(self._draws))
        draw = rng.random(6)
        interval = np.exp(BLINKS.interval.at(rng.standard_normal()))
        interval = float(BLINKS.interval_limits.clip(interval)) / rate
        if at < self._last + BLINKS.refractory:
            self._next = max(self._next, at) + interval
            return
        close = BLINKS.close.at(draw[0]) * slowness**BLINKS.close_power
        hold = BLINKS.hold.at(draw[1]) * slowness
        reopen = BLINKS.open.at(draw[2]) * slowness**BLINKS.open_power
        peak = BLINKS.peak + BLINKS.peak_spread * (draw[3] - 1 / 2)
        self._blinks.add(at, close, hold, reopen, [peak])
        length = close + hold + reopen
        if draw[4] < doubles:
            second = at + length + BLINKS.double_gap + BLINKS.double_gap_spread * draw[5]
            self._blinks.add(second, close, hold, reopen, [peak * BLINKS.double_peak])
            length *= BLINKS.double_length
        self._last = at
        self._next = at + length + interval

    def add(self, weights: NDArray[np.float64], times: NDArray, up: NDArray, down: NDArray) -> None:
        """Let the lids follow the gaze and blink, in place; ``weights (T, 52)``, looking ``up`` and ``down (T,)``."""
        weights[:, _WIDE] += BLINKS.wide_up * up[:, None]
        weights[:, _BLINK] += (BLINKS.close_down * down - BLINKS.close_up * up)[:, None]
        if len(self._blinks):
            height, peaks = self._blinks.shape(times)
            shut = (height * peaks[:, 0]).max(axis=1)[:, None]
            weights[:, _BLINK] += shut * np.maximum(1 - weights[:, _BLINK], 0)
            weights[:, _WIDE] *= 1 - shut
            weights[:, _SQUINT] *= 1 - BLINKS.squint_release * shut
