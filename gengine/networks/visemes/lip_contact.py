"""Lips that meet: closed for P B M, the lower one on the teeth for F V, and what they do while nothing is said.

The gap between the lips is linear in the weights (``SealModel``), so the mouthClose that closes it is solved
for, not guessed: it comes after everything, emotion included (face.md section 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Conditions
from gengine.core.constants import Span, read_constants
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.core.noise import generator
from gengine.networks.visemes.expression import arkit_indices
from gengine.networks.visemes.movements import STEEPEST, TransientMoves, plateau
from gengine.networks.visemes.targets import viseme_targets


@dataclass(frozen=True)
class LipContactConstants:
    """``data/lip_contact.csv``, see there for units and sources."""

    closed_gap: float
    overlap: float
    contact_gap: tuple[float, ...]
    contact_roll: float
    closing: float
    fastest: float
    opening: float
    lag: float
    release: float
    least_hold: float
    most_hold: float
    neighbour_share: float
    vowel_share: float
    least_rise: float
    contact_share: float
    contact_least: float
    contact_rise: float
    contact_fall: float
    close_beyond_jaw: float
    speaking: float
    quiet_before: float
    quiet_step: float
    speech_after: tuple[float, ...]
    first_parting: float
    parting_rest: float
    parting_times: tuple[float, ...]
    parting: tuple[float, ...]
    swallow_times: tuple[float, ...]
    swallow: tuple[float, ...]
    first_swallow: Span
    swallow_interval: float
    swallow_interval_spread: float
    swallow_retry: float


CONTACT = read_constants(LipContactConstants, "gengine.networks.visemes", "lip_contact")

_J, _C = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
_ROLL, _SHRUG = ARKIT_INDEX["mouthRollLower"], ARKIT_INDEX["mouthShrugLower"]
_OPENERS = [ARKIT_INDEX[n] for n in (
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft",
    "noseSneerRight", "mouthFunnel", "mouthShrugUpper",
)]  # fmt: skip
_UPPER = [ARKIT_INDEX["mouthUpperUpLeft"], ARKIT_INDEX["mouthUpperUpRight"]]
_IDLE = [arkit_indices(n) for n in ("jawOpen", "mouthLowerDown", "mouthPress", "mouthShrugLower")]
"""Channels of ``parting`` and ``swallow``."""
_TINY_GAP = 1e-6
"""Keeps a division away from zero, mm."""


def closure_curve(
    times: NDArray[np.float64],
    closures: NDArray[np.float64],
    stretch: NDArray[np.float64],
    gap: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Seal 0..1 ``(T,)`` of bilabials ``(C, 4)`` (start, end, neighbours' durations before and after, s).

    ``stretch (T,)`` >= 1 lengthens the ramps where the mouth opens wider, so that lips keep to real speeds. With the
    ``gap (T,)`` mm that they close, they begin early enough to close no faster than ``fastest``.
    """
    if not len(closures):
        return np.zeros(len(times))
    start, end, before, after = closures.T
    start, end = start + CONTACT.lag, end - CONTACT.release
    missing = np.maximum(CONTACT.least_hold - (end - start), 0) / 2
    closed = start - np.minimum(missing, CONTACT.neighbour_share * before)
    parted = end + np.minimum(missing, CONTACT.neighbour_share * after)
    closed = np.maximum(closed, parted - CONTACT.most_hold)  # a long one closes late: its release is what is heard
    # A short vowel before it is seen open first.
    rise = np.minimum(CONTACT.closing, np.maximum(CONTACT.vowel_share * before, CONTACT.least_rise)) * stretch[:, None]
    if gap is not None:
        rise = np.maximum(rise, STEEPEST * gap[:, None] / CONTACT.fastest)
    return plateau(times, closed, parted, rise, CONTACT.opening * stretch[:, None]).max(axis=1)


def contact_curve(
    times: NDArray[np.float64], contacts: NDArray[np.float64], stretch: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Contact 0..1 ``(T,)`` of labiodentals ``(C, 4)``; the rest as in ``closure_curve``."""
    if not len(contacts):
        return np.zeros(len(times))
    start, end, *_ = contacts.T
    centre, half = (start + end) / 2, np.maximum(CONTACT.contact_share * (end - start), CONTACT.contact_least)
    slow = stretch[:, None]
    rise, fall = CONTACT.contact_rise * slow, CONTACT.contact_fall * slow
    return plateau(times, centre - half, centre + half, rise, fall).max(axis=1)


def solve(weights: NDArray[np.float64], seal: NDArray, contact: NDArray, model: SealModel) -> None:
    """Close the lips where ``seal (T,)`` and touch where ``contact (T,)`` says, in place; ``weights (T, 52)``."""
    contact = contact * (1 - seal)
    if contact.any():
        weights[:, _ROLL] += contact * np.maximum(CONTACT.contact_roll - weights[:, _ROLL], 0)
        gap, (narrowest, widest) = model.gap_mm(weights), CONTACT.contact_gap
        _close(weights, contact * np.maximum(gap - widest, 0), model)
        lift = contact * np.maximum(narrowest - gap, 0) / model.gap[_UPPER].sum()
        weights[:, _UPPER] += lift[:, None]
    if seal.any():
        _close(weights, seal * np.maximum(model.gap_mm(weights) - CONTACT.closed_gap, 0), model)
    # Lips meet; they do not pass through each other.
    over = np.maximum(CONTACT.closed_gap - CONTACT.overlap - model.gap_mm(weights), 0) / -model.close
    weights[:, _C] -= np.minimum(over, weights[:, _C])


def _close(weights: NDArray[np.float64], amount: NDArray, model: SealModel) -> None:
    """Narrow the gap by ``amount (T,)`` mm: mouthClose as far as the jaw is open, then whatever lifts the lips."""
    weights[:, _C] += amount / -model.close
    # mouthClose undoes an open jaw; far beyond it the lips would pass through each other.
    excess = np.maximum(weights[:, _C] - weights[:, _J] - CONTACT.close_beyond_jaw, 0)
    if not excess.any():
        return
    weights[:, _C] -= excess
    left = excess * -model.close
    opening = weights[:, _OPENERS] @ model.gap[_OPENERS]
    share = np.minimum(left / np.maximum(opening, _TINY_GAP), 1)
    weights[:, _OPENERS] *= (1 - share)[:, None]
    left = np.maximum(left - opening, 0)
    weights[:, _SHRUG] += left / -model.gap[_SHRUG]


class IdleLips:
    """Lips between utterances: they part a little before speech, and swallow now and then in a long silence."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._moves = TransientMoves(len(_IDLE))
        self._parted = CONTACT.first_parting - CONTACT.parting_rest
        self._next_swallow = CONTACT.first_swallow.at(generator(seed, "swallow").random())

    def plan(self, conditions: Conditions) -> None:
        """Plan the hop by the silence before its end and the speech after it."""
        start, end = conditions.hop_start, conditions.hop_end
        self._moves.forget(start)
        self._part(conditions)
        if start >= self._next_swallow:
            before = conditions.curve("speech", np.arange(start - CONTACT.quiet_before, end, CONTACT.quiet_step))
            now_and_soon = conditions.curve("speech", end + np.array([0, *CONTACT.speech_after]))
            if max(before.max(), now_and_soon.max()) <= CONTACT.speaking:
                rise, hold, fall = CONTACT.swallow_times
                self._moves.add(start, rise, hold, fall, CONTACT.swallow)
                draw = generator(self._seed, "swallow", round(start * 60)).random()
                self._next_swallow = start + CONTACT.swallow_interval + CONTACT.swallow_interval_spread * draw
            else:
                self._next_swallow = start + CONTACT.swallow_retry

    def _part(self, conditions: Conditions) -> None:
        """Lips part ahead of speech that follows a silence, so that they are parted when it begins."""
        rise, hold, fall = CONTACT.parting_times
        lead = rise + hold
        quiet = round((lead + CONTACT.quiet_before) * ANALYSIS_RATE)
        first, last = (int(np.ceil((t + lead) * ANALYSIS_RATE)) for t in (conditions.hop_start, conditions.hop_end))
        speech = conditions.curve("speech", np.arange(first - quiet, last) / ANALYSIS_RATE) > CONTACT.speaking
        for k in np.flatnonzero(speech[quiet:] & ~speech[quiet - 1 : -1]):
            onset = (first + int(k)) / ANALYSIS_RATE
            if speech[k : k + quiet].any() or onset - lead <= self._parted + CONTACT.parting_rest:
                continue
            self._parted = onset
            if not _begins_closed(conditions, onset):
                self._moves.add(onset - lead, rise, hold, fall, CONTACT.parting)

    def add(self, weights: NDArray[np.float64], times: NDArray[np.float64]) -> None:
        """Add to ``weights (T, 52)`` at ``times (T,)`` s, in place."""
        if len(self._moves):
            for channels, value in zip(_IDLE, self._moves(times).T, strict=True):
                weights[:, channels] += value[:, None]


def _begins_closed(conditions: Conditions, onset: float) -> bool:
    """Whether the first phone of the speech that begins at ``onset`` s is a bilabial, for which lips stay closed."""
    table = viseme_targets()
    coming = (table.lookup(p.symbol) for p in conditions.phones if p.end > onset)
    rows = next((rows for rows in coming if rows not in ((), (table.silence,))), (table.silence,))
    return bool(table.bilabial[rows[0]])
