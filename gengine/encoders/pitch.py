"""Pitch by the autocorrelation method of Boersma 1993 (Praat's ``To Pitch (ac)``), made causal.

The autocorrelation of a Hann-windowed frame, divided by the window's own, peaks at the period; up to three peaks are
candidates, and long lags pay a small cost per octave. Where Boersma finds the best path through all candidates of a
recording, ``PitchPath`` chooses frame by frame, near the pitch of the last voiced frame if that is recent.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.constants import Points, read_constants
from gengine.core.twins import flat_twin


@dataclass(frozen=True)
class PitchConstants:
    """``data/pitch.csv``, see there for units and sources."""

    lowest: float
    highest: float
    band: Points
    candidates: int
    octave_cost: float
    voiced: float
    near: int
    height_bonus: float
    height_reference: float
    jump_cost: float
    jump_limit: float
    strong: float
    median_span: int


PITCH = read_constants(PitchConstants, "gengine.encoders", "pitch")

WINDOW = 800
"""Samples of a frame: three periods of the lowest pitch."""
FFT = 1080
"""Samples transformed: the window and the longest lag, a fast length."""
TAPER = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
HERTZ = np.arange(FFT // 2 + 1) * (SAMPLE_RATE / FFT)
"""Frequency of every bin of a frame's spectrum, Hz ``(541,)``."""

_LAG_RATE = SAMPLE_RATE // 2  # the autocorrelation is read at 8 kHz, enough for what lies below 1.8 kHz
_LAGS = FFT // 2
_FIRST_LAG, _LAST_LAG = int(_LAG_RATE / PITCH.highest), int(math.ceil(_LAG_RATE / PITCH.lowest))
_PITCH_BINS = int(np.searchsorted(HERTZ, PITCH.band.x[-1]))
_PITCH_BAND = PITCH.band.at(HERTZ[:_PITCH_BINS]).astype(np.float32)
_TINY_POWER, _TINY_CURVE = 1e-12, -1e-6  # keep divisions away from zero
_SEMITONES = 12  # in an octave


def _window_correlation() -> NDArray[np.float32]:
    """Autocorrelation of the window at the lags read and one to each side."""
    power = np.abs(np.fft.rfft(TAPER.astype(float), 4 * FFT)) ** 2
    correlation = np.fft.irfft(power)[: 2 * _LAGS : 2]
    return (correlation / correlation[0])[_FIRST_LAG - 1 : _LAST_LAG + 2].astype(np.float32)


_WINDOW_CORRELATION = _window_correlation()


def pitch_candidates(power: NDArray[np.float32]) -> list[list[float]]:
    """Lags (samples at 8 kHz) and strengths (0..1) of the candidates of frames with ``power (N, 541)`` spectra.

    Lags and strengths take turns, the strongest candidate's first, each a list of N; strength 0 is no candidate.
    """
    correlation = np.fft.irfft(power[:, :_PITCH_BINS] * _PITCH_BAND, _LAGS)
    zero = np.maximum(correlation[:, :1], _TINY_POWER)
    r = (correlation[:, _FIRST_LAG - 1 : _LAST_LAG + 2] / zero).astype(np.float32) / _WINDOW_CORRELATION
    before, centre, after = r[:, :-2], r[:, 1:-1], r[:, 2:]
    peaks = np.where((centre > before) & (centre >= after), centre, np.float32(0))
    lags = np.arange(_FIRST_LAG, _LAST_LAG + 1, dtype=np.float32)
    # The cost settles ties between a period and its multiples for the shorter one.
    peaks = peaks * (1 - PITCH.octave_cost * np.log2(lags / _FIRST_LAG)).astype(np.float32)
    frames = np.arange(len(r))
    candidates = []
    for _ in range(PITCH.candidates):
        best = peaks.argmax(1)
        a, b, c = before[frames, best], centre[frames, best], after[frames, best]
        # the top of the parabola through the peak and its neighbours
        shift = np.minimum(np.maximum((a - c) / 2 / np.minimum(a - 2 * b + c, _TINY_CURVE), -1 / 2), 1 / 2)
        found = peaks[frames, best] > 0
        candidates += [(lags[best] + shift).tolist(), np.where(found, np.minimum(b, 1), 0).tolist()]
        peaks[frames, best] = 0
    return candidates


class PitchPath:
    """The candidate of each frame that goes on from the last voiced one."""

    def __init__(self) -> None:
        self._last, self._since = 0.0, PITCH.near + 1  # semitones, and frames since it was heard

    def choose(self, candidates: Iterable[tuple[float, float]]) -> tuple[float, float]:
        """Pitch in semitones above 1 Hz (0: none) and its strength, of a frame's (lag, strength)."""
        self._since += 1
        best = chosen = strength = 0.0
        near, last, p = self._since <= PITCH.near, self._last, PITCH
        for lag, s in candidates:
            if s <= 0:
                continue
            semitones = _SEMITONES * math.log2(_LAG_RATE / lag)
            score = s + p.height_bonus * (semitones - p.height_reference)
            if near:
                score -= p.jump_cost * min(abs(semitones - last), p.jump_limit)
            if score > best or not chosen:
                best, chosen, strength = score, semitones, s
        if strength > PITCH.voiced:
            self._last, self._since = chosen, 0
        return chosen, strength


class PitchMedian:
    """Running median of the clearly voiced frames: the speaker's usual pitch."""

    def __init__(self) -> None:
        self._sorted: list[float] = []
        self._recent: deque[float] = deque()

    __deepcopy__ = flat_twin

    def follow(self, pitch: float, strength: float) -> float:
        """The median in semitones, ``pitch`` included where it is clearly voiced; ``pitch`` itself before any is."""
        if strength > PITCH.strong:
            insort(self._sorted, pitch)
            self._recent.append(pitch)
            if len(self._recent) > PITCH.median_span:
                del self._sorted[bisect_left(self._sorted, self._recent.popleft())]
        return self._sorted[len(self._sorted) // 2] if self._sorted else pitch
