"""Speech sounds to mouth curves: every sound pulls at lips, width and jaw, and the stronger wins (face.md 1).

Cohen-Massaro dominance with a plateau, weights and times per class fitted to 480 talking-face clips:
``log D = log a - distance to the plateau / tau``, value = sum(D T) / sum(D), separately for the three groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, MOTION_RATE, Conditions
from gengine.networks.visemes.targets import GROUP_OF, PLATEAU, SILENCE, Targets

REACH = 0.6
"""Sounds further away than this from a frame do not matter to it, s."""

EDGE = 0.06
"""A sound keeps full dominance up to this near its ends, however long it is, s."""

CRISP = 0.78
"""Rise and fall times against the fitted ones: brings the openings per second up to real ones' 2.5-3.5."""

BRIEF = 0.07
"""Sounds shorter than this lose dominance in proportion, except closures: no shape under about 70 ms, s."""

SOFTNESS = 0.02
"""Rounds the plateaus' corners, s."""

NASAL_LAG = 0.018
"""The lips of an M close and open this much later than its sound says (26 ms, GRID; P and B 6 and -13 ms), s."""

HOLD_PAUSE, RELAX_PAUSE = 0.12, 0.35
"""Pauses shorter than the first keep the mouth as it is, up to the second they leave it slightly open, s."""

SMOOTHING = np.array([0.099, 0.24, 0.322, 0.24, 0.099])
"""Low-pass over mouth frames (60 Hz): quiet above 10 Hz, as lips are."""

_MARGIN = len(SMOOTHING) // 2


@dataclass(frozen=True, eq=False)
class Sounds:
    """The sounds around a hop as arrays over P parts; ``row`` into ``Targets``, -1 where only the sound is known."""

    row: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    lead: NDArray[np.float64]
    """Seconds by which the lips take shape early (rounding)."""
    stress: NDArray[np.float64]
    closures: NDArray[np.float64]
    """Bilabials ``(C, 4)``: start, end, and the durations of the neighbours before and after, s."""
    contacts: NDArray[np.float64]
    """Labiodentals, alike."""


def gather(conditions: Conditions, table: Targets) -> Sounds:
    """Sounds within reach of the hop; stretches without a sound become silence or, where speech goes on, -1."""
    lo, hi = conditions.hop_start - REACH, conditions.hop_end + REACH
    spans: list[tuple[float, float, tuple[int, ...], float]] = []

    def fill(start: float, end: float) -> None:
        # Known words leave no gap in speech; what their aligner calls a pause may still hold a breath.
        quiet = conditions.source in ("given", "aligned", "estimated") and (
            conditions.curve("speech", np.linspace(start, min(end, start + 0.6), 7)).mean() < 0.5
        )
        spans.append((start, end, table.rows[SILENCE] if quiet else (), 0.0))

    cursor = lo
    for phone in conditions.phones:
        if phone.end <= lo or phone.start >= hi:
            continue
        if phone.start > cursor + 0.02:
            fill(cursor, phone.start)
        spans.append((phone.start, phone.end, table.lookup(phone.symbol), 1.0 if phone.stress > 0 else 0.0))
        cursor = max(cursor, phone.end)
    if cursor < hi:
        fill(cursor, hi)
    return _parts(spans, table, (lo, hi))


def _parts(spans: list, table: Targets, window: tuple[float, float]) -> Sounds:
    quiet, nasal = table.rows[SILENCE], table.rows["M"][0]
    merged: list[tuple[float, float, tuple[int, ...], float]] = []
    for span in spans:
        if merged and span[2] == merged[-1][2] and span[2] in (quiet, ()):
            merged[-1] = (merged[-1][0], span[1], span[2], 0.0)
        else:
            merged.append(span)
    parts: list[tuple[float, float, float, float, float]] = []
    closures: list[tuple[float, ...]] = []
    contacts: list[tuple[float, ...]] = []
    run = None  # where a run of consonants that yield their lips began
    for i, (start, end, rows, stress) in enumerate(merged):
        duration = end - start
        if rows == quiet:
            inner = start > window[0] and end < window[1]
            if inner and duration < HOLD_PAUSE:
                continue
            if inner and duration < RELAX_PAUSE:
                rows = table.rows["pause"]
        if not rows:
            parts.append((-1, start, end, 0.0, 0.0))
            run = None
            continue
        row = rows[0]
        lead = 0.0
        if table.rounded_vowel[row]:  # earlier the more consonants leave the lips free (Noiray 2011)
            lead = 0.025 + (min(0.12, 0.7 * (start - run)) if run is not None else 0.0)
        if len(rows) == 2:
            middle = start + 0.6 * duration
            parts.append((row, start, middle, lead, stress))
            parts.append((rows[1], middle, end, 0.0, stress))
            marks = ((row, start, middle), (rows[1], middle, end))
        else:
            parts.append((row, start, end, lead, stress))
            marks = ((row, start, end),)
        for part, a, b in marks:
            if part == nasal:
                a, b = a + NASAL_LAG, b + NASAL_LAG
            if table.bilabial[part] or table.labiodental[part]:
                before = merged[i - 1][1] - merged[i - 1][0] if i else 1.0
                after = merged[i + 1][1] - merged[i + 1][0] if i + 1 < len(merged) else 1.0
                found = closures if table.bilabial[part] else contacts
                if found is closures and found and a - found[-1][1] < 0.03:
                    found[-1] = (found[-1][0], b, found[-1][2], after)
                else:
                    found.append((a, b, before, after))
        if not table.yielding[row]:
            run = None
        elif run is None:
            run = start
    columns = np.array(parts, float).reshape(-1, 5).T
    return Sounds(
        columns[0].astype(np.int64), columns[1], columns[2], columns[3], columns[4],
        np.array(closures).reshape(-1, 4), np.array(contacts).reshape(-1, 4),
    )  # fmt: skip


def mouth_curves(
    conditions: Conditions, sounds: Sounds, table: Targets, heard: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Mouth weights ``(T, 12)`` by ``MOUTH`` at the frames of the hop, before gain, emotion and seal."""
    first, last = round(conditions.hop_start * MOTION_RATE), round(conditions.hop_end * MOTION_RATE)
    times = np.arange(first - _MARGIN, last + _MARGIN) / MOTION_RATE
    known = sounds.row >= 0
    row = np.where(known, sounds.row, table.silence)
    target = table.mouth[row] * _amplitude(conditions, sounds, row, table)[:, None]
    values = np.empty((len(times), len(GROUP_OF)))
    driven = acoustic_mouth(conditions, times) if not known.all() else None
    duration = sounds.end - sounds.start
    centre = (sounds.start + sounds.end) / 2
    firm = table.bilabial[row] | table.labiodental[row] | (row == table.silence)
    brief = np.where(firm, 0.0, np.log(np.clip(duration / BRIEF, 0.2, 1.0)))
    t = times[:, None]
    for g in range(3):
        half = PLATEAU[g] * duration / 2
        left = np.minimum(centre - half, sounds.start + EDGE)
        right = np.maximum(centre + half, sounds.end - EDGE)
        if g == 0:  # the lips let go of a closure before its sound ends
            right = np.where(table.bilabial[row], np.maximum(left, right - 0.02), right)
        elif g == 1:
            left = left - sounds.lead
        before, after = left - t, t - right
        before = 0.5 * (before + np.sqrt(before * before + SOFTNESS**2))
        after = 0.5 * (after + np.sqrt(after * after + SOFTNESS**2))
        log = (
            table.log_dominance[row, g]
            + brief
            - before / (CRISP * table.rise[row, g])
            - after / (CRISP * table.fall[row, g])
        )
        weight = np.exp(log - log.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        channels = GROUP_OF == g
        values[:, channels] = weight @ target[:, channels]
        if driven is not None:
            values[:, channels] += weight[:, ~known].sum(axis=1, keepdims=True) * driven[:, channels]
    count = last - first
    return sum(k * values[i : i + count] for i, k in enumerate(SMOOTHING))  # pyright: ignore[reportReturnType]


def _amplitude(conditions: Conditions, sounds: Sounds, row: NDArray, table: Targets) -> NDArray[np.float64]:
    """Size of each sound, ``(P,)``: vowels grow a little with duration, stress and loudness, within 15 %."""
    duration = sounds.end - sounds.start
    level = conditions.curve("level", (sounds.start + sounds.end) / 2)
    swing = (
        np.clip(0.07 * np.log2(np.maximum(duration, 0.03) / 0.1), -0.08, 0.08)
        + np.clip(0.1 * (level - 0.7), -0.04, 0.04)
        + 0.03 * sounds.stress
    )
    factor = np.where(table.vowel[row], 1.0 + swing, 1.0)
    if conditions.source == "heard":  # a vowel recognised where there is hardly any sound is mostly a mistake
        factor *= np.where(table.vowel[row], np.clip(0.45 + 1.2 * level, 0.3, 1.0), 1.0)
    return factor


def acoustic_mouth(conditions: Conditions, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mouth weights ``(T, 12)`` from the sound alone: loud opens, hiss narrows and spreads, dips close."""
    # The kernels reach 0.15 s to each side.
    pad = round(0.2 * ANALYSIS_RATE)
    first, last = round(times[0] * ANALYSIS_RATE) - pad, round(times[-1] * ANALYSIS_RATE) + pad
    at = np.arange(first, last + 1) / ANALYSIS_RATE
    speech = conditions.curve("speech", at)
    level = np.clip(conditions.curve("level", at), 0.0, 1.2) * speech
    hiss = conditions.curve("sibilance", at) * (level > 0.05)
    opening = np.convolve(level, _gauss(0.03), "same")
    envelope = np.convolve(level, _gauss(0.09), "same")
    hiss = np.convolve(hiss, _gauss(0.025), "same")

    def read(curve: NDArray) -> NDArray:
        return np.interp(times, at, curve)

    opening, envelope, hiss = read(opening), read(envelope), np.clip(1.6 * read(hiss), 0.0, 1.0)
    # A short deep dip without hiss is taken for closing lips, a shallow one for a tongue sound.
    dip = np.clip((envelope - opening) / (envelope + 0.1), 0.0, 1.0) * (1.0 - hiss)
    shut = np.clip((dip - 0.16) / 0.14, 0.0, 1.0)
    size = opening**0.5 * (1.0 - 0.5 * np.clip(4.0 * dip, 0.0, 1.0))
    # Vowel colour wanders from spread to rounded at the pace of syllables, a fixed mix of slow sines of time.
    colour = 0.6 * np.sin(5.3 * times) + 0.4 * np.sin(11.7 * times + 1.3)
    rounded, spread = np.maximum(colour - 0.25, 0.0), np.maximum(-colour, 0.0)
    apart = np.minimum(1.0, 2.0 * opening) * (1.0 - shut)
    out = np.zeros((len(times), len(GROUP_OF)))
    out[:, 0] = 0.23 * size * (1.0 - 0.65 * hiss) * (1.0 - 0.35 * rounded)
    out[:, 1] = shut * (0.85 * out[:, 0] + 0.03)
    out[:, 2] = 0.14 * rounded * opening
    out[:, 3] = 0.4 * rounded * opening
    out[:, 4] = (0.14 * hiss + 0.1 * spread * size) * apart
    out[:, 9] = (0.2 * size * (1.0 - rounded) + 0.12 * hiss) * apart
    out[:, 10] = (0.11 * size * (1.0 - rounded) + 0.12 * hiss) * apart
    return out


def _gauss(deviation: float) -> NDArray[np.float64]:
    half = int(np.ceil(2.5 * deviation * ANALYSIS_RATE))
    x = np.arange(-half, half + 1) / (deviation * ANALYSIS_RATE)
    kernel = np.exp(-0.5 * x * x)
    return kernel / kernel.sum()
