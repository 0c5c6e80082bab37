"""Do the hands move with the voice? Speed peaks against accented vowels, and motion in pauses.

Acoustic beat alignment rewards jitter and real motion sits at chance on it (metrics.md), so the measure here
is the share of movement units whose speed peak lies within 150 ms of an accented vowel's onset, beside what
the same units score when the speech is shifted around the clip. On BEAT's test clip that is 43 % against
36 % (gesture.md section 2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.motion import Motion
from gengine.core.words import Phone, is_function_word
from gengine.errors import GengineError
from gengine.metrics.limbs import Body
from gengine.metrics.units import find_units, hand_curves

Array = NDArray[np.float64]

WINDOW_S = 0.15
PAUSE_S = 1.0

_VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())


def stressed_onsets(phones: Sequence[Phone], words: Sequence[tuple[str, float, float]] = ()) -> list[float]:
    """Onsets (s) of vowels with primary stress, leaving out function words where ``words`` are given.

    ``words`` are (text, start, end). Phones may carry their stress in the symbol ("AH1") or in ``stress``.
    """
    weak = [(start, end) for text, start, end in words if is_function_word(text)]
    onsets = []
    for phone in phones:
        stressed = phone.stress == 1 or phone.symbol.endswith("1")
        if stressed and phone.symbol.rstrip("012").upper() in _VOWELS:
            middle = (phone.start + phone.end) / 2
            if not any(start <= middle < end for start, end in weak):
                onsets.append(phone.start)
    return onsets


def _nearest(times: Array, events: Array) -> Array:
    """Signed seconds from the nearest of the sorted ``events`` to each of ``times`` (+ when later)."""
    after = (
        np.clip(np.searchsorted(events, times), 1, len(events) - 1) if len(events) > 1 else np.zeros(len(times), int)
    )
    before = np.maximum(after - 1, 0)
    late, early = times - events[before], times - events[after]
    return np.where(np.abs(late) <= np.abs(early), late, early)


def coupling(body: Body, onsets: ArrayLike, shifts: int = 400) -> dict[str, float]:
    """Share of speed peaks near accents, chance by circular shifts, median lag (s; negative = peak first).

    ``onsets`` are seconds from the first frame. Chance comes from ``shifts`` evenly spread circular shifts
    of the onsets of at least 1 s; ``coupling_p`` is the share of them that score as high.
    """
    events = np.sort(np.asarray(onsets, float))
    seconds = body.motion.duration
    events = events[(events >= 0) & (events < seconds)]
    position, speed = hand_curves(body)
    peaks = np.concatenate([find_units(position[:, k], speed[:, k]).peak_time for k in (0, 1)])
    if len(events) < 5 or len(peaks) < 5 or seconds < 4:
        return {}
    lags = _nearest(peaks, events)
    share = float((np.abs(lags) <= WINDOW_S).mean())
    chance = np.array([
        (np.abs(_nearest(peaks, np.sort((events + s) % seconds))) <= WINDOW_S).mean()
        for s in np.linspace(1.0, seconds - 1.0, shifts)
    ])  # fmt: skip
    near = np.abs(lags) < 0.5
    return {
        "coupling_share": share,
        "coupling_chance": float(chance.mean()),
        "coupling_gain": share - float(chance.mean()),
        "coupling_p": float((chance >= share).mean()),
        "coupling_lag": float(np.median(lags)),
        "coupling_spread": float(lags[near].std()) if near.any() else float("nan"),
        "coupling_n": float(len(peaks)),
    }


def onset_response(body: Body, onsets: ArrayLike, reach: float = 0.8, step: float = 1 / 30) -> tuple[Array, Array]:
    """Mean speed of both wrists around onsets, over its mean: lags (s) ``(L,)`` and ratios ``(L,)``."""
    total = body.speed.sum(1)
    times = np.arange(len(total)) / body.fps
    lags = np.arange(-reach, reach + 1e-9, step)
    events = np.asarray(onsets, float)
    events = events[(events > reach) & (events < times[-1] - reach)]
    if len(events) == 0:
        raise GengineError(f"onset_response: no onset lies {reach} s inside the motion of {times[-1]:.1f} s")
    return lags, np.interp(events[:, None] + lags, times, total).mean(0) / max(total.mean(), 1e-9)


def pauses(speech: ArrayLike, rate: float, least: float = PAUSE_S) -> list[tuple[float, float]]:
    """Stretches (start, end in s) of at least ``least`` seconds where ``speech`` (0/1 at ``rate`` Hz) is 0."""
    silent = np.asarray(speech, float) < 0.5
    edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]]).astype(int))) / rate
    return [(float(a), float(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]


def silence_motion(motion: Motion, silences: Sequence[tuple[float, float]], settle: float = 0.7) -> dict[str, float]:
    """Wrist speed (cm/s, mean of both) in silences, from ``settle`` seconds after the voice stops.

    ``silence_share`` is that over the speed while speaking: 1 means that the hands do not notice.
    """
    body = Body(motion)
    times = np.arange(len(motion)) / motion.fps
    quiet = np.zeros(len(motion), bool)
    inside = np.zeros(len(motion), bool)
    for start, end in silences:
        inside |= (times >= start) & (times < end)
        quiet |= (times >= start + settle) & (times < end)
    speed = body.speed.mean(1)
    if quiet.sum() < 5 or (~inside).sum() < 5:
        return {}
    talking = float(speed[~inside].mean())
    silent = float(speed[quiet].mean())
    return {
        "silence_speed": silent,
        "speech_speed": talking,
        "silence_share": silent / max(talking, 1e-9),
        "silence_seconds": float(quiet.sum() / motion.fps),
    }


def unit_times(motion: Motion) -> Array:
    """Times (s) of all speed peaks of both hands, sorted."""
    position, speed = hand_curves(Body(motion))
    return np.sort(np.concatenate([find_units(position[:, k], speed[:, k]).peak_time for k in (0, 1)]))


__all__ = [
    "PAUSE_S", "WINDOW_S", "coupling", "onset_response", "pauses", "silence_motion", "stressed_onsets",
    "unit_times",
]  # fmt: skip
