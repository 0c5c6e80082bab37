"""Closed lips for P B M and lower lip on the teeth for F V, whatever the rest of the face does.

The gap between the lips is linear in the weights (``SealModel``), so the mouthClose that closes it is solved
for, not guessed: it comes after everything, emotion included (face.md 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.networks.visemes.pulses import ramp_window

__all__ = ["CLOSED_GAP", "SealModel", "closure_curve", "contact_curve", "solve"]

CLOSED_GAP = -0.4
"""Gap of sealed lips, mm: slightly pressed."""

CONTACT_GAP = (1.3, 2.6)
"""Gap while the lower lip touches the teeth, mm."""

CLOSING, OPENING = 0.052, 0.11
"""Lips close and part within this, s: at the speed of real ones, about 150 and at most 300 mm/s."""

RELEASE = 0.05
"""Lips begin to part this long before the sound's end, s, so that they are seen open just after the burst."""

MIN_HOLD, MAX_HOLD = 0.04, 0.075
"""Shortest and longest full closure, s; with the ramps lips stay below 0.8 mm for 80-140 ms, as real ones (GRID)."""

_J, _C = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
_ROLL, _SHRUG = ARKIT_INDEX["mouthRollLower"], ARKIT_INDEX["mouthShrugLower"]
_OPENERS = [ARKIT_INDEX[n] for n in (
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft",
    "noseSneerRight", "mouthFunnel", "mouthShrugUpper",
)]  # fmt: skip
_UPPER = [ARKIT_INDEX["mouthUpperUpLeft"], ARKIT_INDEX["mouthUpperUpRight"]]


def closure_curve(
    times: NDArray[np.float64], closures: NDArray[np.float64], stretch: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Seal 0..1 ``(T,)`` of bilabials ``(C, 4)`` (start, end, neighbours' durations before and after, s).

    ``stretch (T,)`` >= 1 lengthens the ramps where the mouth opens wider, so that lips keep to real speeds.
    """
    if not len(closures):
        return np.zeros(len(times))
    start, end, before, after = closures.T
    start, end = start + 0.008, end - RELEASE
    extra = np.maximum(MIN_HOLD - (end - start), 0.0) / 2
    a = start - np.minimum(extra, 0.4 * before)
    b = end + np.minimum(extra, 0.4 * after)
    a = np.maximum(a, b - MAX_HOLD)  # a long one closes late: its release is what is heard
    # A short vowel before it is seen open first.
    rise = np.minimum(CLOSING, np.maximum(0.6 * before, 0.03)) * stretch[:, None]
    return ramp_window(times, a, b, rise, OPENING * stretch[:, None]).max(axis=1)


def contact_curve(
    times: NDArray[np.float64], contacts: NDArray[np.float64], stretch: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Contact 0..1 ``(T,)`` of labiodentals ``(C, 4)``; the rest as in ``closure_curve``."""
    if not len(contacts):
        return np.zeros(len(times))
    start, end, *_ = contacts.T
    centre, half = (start + end) / 2, np.maximum(0.32 * (end - start), 0.025)
    slow = stretch[:, None]
    return ramp_window(times, centre - half, centre + half, 0.055 * slow, 0.085 * slow).max(axis=1)


def solve(weights: NDArray[np.float64], seal: NDArray, contact: NDArray, model: SealModel) -> None:
    """Close the lips where ``seal`` and touch where ``contact`` says, in place; ``weights (T, 52)``."""
    contact = contact * (1.0 - seal)
    if contact.any():
        weights[:, _ROLL] += contact * np.maximum(0.27 - weights[:, _ROLL], 0.0)
        gap = model.gap_mm(weights)
        _close(weights, contact * np.maximum(gap - CONTACT_GAP[1], 0.0), model)
        lift = contact * np.maximum(CONTACT_GAP[0] - gap, 0.0) / model.gap[_UPPER].sum()
        weights[:, _UPPER] += lift[:, None]
    if seal.any():
        _close(weights, seal * np.maximum(model.gap_mm(weights) - CLOSED_GAP, 0.0), model)
    # Lips meet; they do not pass through each other.
    over = np.maximum(CLOSED_GAP - 0.1 - model.gap_mm(weights), 0.0) / -model.close
    weights[:, _C] -= np.minimum(over, weights[:, _C])


def _close(weights: NDArray[np.float64], amount: NDArray, model: SealModel) -> None:
    """Narrow the gap by ``amount (T,)`` mm: mouthClose as far as the jaw is open, then whatever lifts the lips."""
    weights[:, _C] += amount / -model.close
    # mouthClose undoes an open jaw; far beyond it the lips would pass through each other.
    excess = np.maximum(weights[:, _C] - weights[:, _J] - 0.08, 0.0)
    if not excess.any():
        return
    weights[:, _C] -= excess
    left = excess * -model.close
    opening = weights[:, _OPENERS] @ model.gap[_OPENERS]
    share = np.minimum(left / np.maximum(opening, 1e-6), 1.0)
    weights[:, _OPENERS] *= (1.0 - share)[:, None]
    left = np.maximum(left - opening, 0.0)
    weights[:, _SHRUG] += left / -model.gap[_SHRUG]
