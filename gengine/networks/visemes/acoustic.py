"""A mouth from the sound alone, where no phones are known: loud opens, hiss narrows and spreads, dips close."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Conditions
from gengine.core.constants import Span, read_constants
from gengine.networks.visemes.targets import MOUTH


@dataclass(frozen=True)
class AcousticMouthConstants:
    """``data/acoustic.csv``, see there for units and sources."""

    margin: float
    level_limit: float
    audible: float
    opening_width: float
    envelope_width: float
    hiss_width: float
    kernel_reach: float
    hiss_gain: float
    dip_floor: float
    shut_dip: Span
    dip_gain: float
    dip_narrowing: float
    colour_weight: tuple[float, ...]
    colour_rate: tuple[float, ...]
    colour_phase: tuple[float, ...]
    colour_neutral: float
    apart_gain: float
    jaw: float
    jaw_hiss: float
    jaw_rounded: float
    close_jaw: float
    close_least: float
    funnel: float
    pucker: float
    stretch_hiss: float
    stretch_spread: float
    lower_down: float
    upper_up: float
    lips_hiss: float


_A = read_constants(AcousticMouthConstants, "gengine.networks.visemes", "acoustic")


def acoustic_mouth(conditions: Conditions, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mouth weights ``(T, 12)`` by ``MOUTH`` at ``times (T,)`` s, from loudness and hiss."""
    opening, envelope, hiss = _loudness(conditions, times)
    # A short deep dip without hiss is taken for closing lips, a shallow one for a tongue sound.
    dip = np.minimum(np.maximum((envelope - opening) / (envelope + _A.dip_floor), 0), 1) * (1 - hiss)
    shut = _A.shut_dip.share(dip)
    size = np.sqrt(opening) * (1 - _A.dip_narrowing * np.clip(_A.dip_gain * dip, 0, 1))
    # Vowel colour wanders from spread to rounded at the pace of syllables, a fixed mix of slow sines of time.
    waves = zip(_A.colour_weight, _A.colour_rate, _A.colour_phase, strict=True)
    colour = sum(weight * np.sin(rate * times + phase) for weight, rate, phase in waves)
    rounded, spread = np.maximum(colour - _A.colour_neutral, 0), np.maximum(-colour, 0)
    apart = np.minimum(1, _A.apart_gain * opening) * (1 - shut)
    jaw = _A.jaw * size * (1 - _A.jaw_hiss * hiss) * (1 - _A.jaw_rounded * rounded)
    weights = {
        "jawOpen": jaw,
        "mouthClose": shut * (_A.close_jaw * jaw + _A.close_least),
        "mouthFunnel": _A.funnel * rounded * opening,
        "mouthPucker": _A.pucker * rounded * opening,
        "mouthStretch": (_A.stretch_hiss * hiss + _A.stretch_spread * spread * size) * apart,
        "mouthLowerDown": (_A.lower_down * size * (1 - rounded) + _A.lips_hiss * hiss) * apart,
        "mouthUpperUp": (_A.upper_up * size * (1 - rounded) + _A.lips_hiss * hiss) * apart,
    }
    return np.stack([weights.get(name, np.zeros(len(times))) for name in MOUTH], axis=1)


def _loudness(conditions: Conditions, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Loudness over a syllable's part, over a syllable, and hiss, each ``(T,)``."""
    pad = round(_A.margin * ANALYSIS_RATE)
    first, last = round(times[0] * ANALYSIS_RATE) - pad, round(times[-1] * ANALYSIS_RATE) + pad
    at = np.arange(first, last + 1) / ANALYSIS_RATE
    level = np.clip(conditions.curve("level", at), 0, _A.level_limit) * conditions.curve("speech", at)
    hiss = conditions.curve("sibilance", at) * (level > _A.audible)

    def read(curve: NDArray[np.float64], width: float) -> NDArray[np.float64]:
        return np.interp(times, at, np.convolve(curve, _gaussian(width), "same"))

    hiss = np.clip(_A.hiss_gain * read(hiss, _A.hiss_width), 0, 1)
    return read(level, _A.opening_width), read(level, _A.envelope_width), hiss


@cache
def _gaussian(deviation: float) -> NDArray[np.float64]:
    """A normalised Gaussian kernel over analysis frames; ``deviation`` s."""
    half = int(np.ceil(_A.kernel_reach * deviation * ANALYSIS_RATE))
    x = np.arange(-half, half + 1) / (deviation * ANALYSIS_RATE)
    kernel = np.exp(-x * x / 2)
    return kernel / kernel.sum()
