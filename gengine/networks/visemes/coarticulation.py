"""Phones to mouth curves: every phone pulls at lips, width and jaw, and the stronger wins (face.md section 1).

Cohen & Massaro's (1993) dominance functions with a plateau, weights and times per class fitted to 480 talking-face
clips: ``log D = log a - distance to the plateau / tau``, value = sum(D T) / sum(D), separately for three groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.core.constants import Span, read_constants
from gengine.networks.visemes.acoustic import acoustic_mouth
from gengine.networks.visemes.targets import GROUP_OF, GROUPS, SILENCE, VisemeTargets


@dataclass(frozen=True)
class CoarticulationConstants:
    """``data/coarticulation.csv``, see there for units and sources."""

    reach: float
    plateau: tuple[float, ...]
    edge: float
    corner: float
    pace: float
    short: float
    short_least: float
    lips_release: float
    smoothing: tuple[float, ...]
    gap: float
    gap_probe: float
    gap_probes: int
    gap_speech: float
    hold_pause: float
    cut_closure: float
    relax_pause: float
    diphthong: float
    nasal_lag: float
    cluster_gap: float
    neighbour: float
    rounding_lead: float
    rounding_share: float
    rounding_limit: float
    duration_swing: float
    duration_least: float
    duration_usual: float
    duration_limit: float
    level_swing: float
    level_usual: float
    level_limit: float
    stress_swing: float
    heard_size: Span
    heard_least: float


COARTICULATION = read_constants(CoarticulationConstants, "gengine.networks.visemes", "coarticulation")
_C = COARTICULATION
_MARGIN = len(_C.smoothing) // 2
_PLATEAU = np.array(_C.plateau)[:, None]
_LIPS, _WIDTH = GROUPS.index("lips"), GROUPS.index("width")


@dataclass(frozen=True, eq=False)
class PhoneSegments:
    """The phones around a hop as arrays over P parts; ``row`` of ``VisemeTargets``, -1 where only sound is known.

    ``start``, ``end`` and ``lead`` (by which the lips take shape early) s; ``stress`` 0 or 1. ``closures (C, 4)``
    are the bilabials and ``contacts (D, 4)`` the labiodentals: start, end, and their neighbours' durations, s.
    """

    row: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    lead: NDArray[np.float64]
    stress: NDArray[np.float64]
    closures: NDArray[np.float64]
    contacts: NDArray[np.float64]


@dataclass(frozen=True)
class _Stretch:
    """A phone, a pause or a stretch of unknown speech (no ``rows``), with its neighbours' durations, s."""

    start: float
    end: float
    rows: tuple[int, ...]
    stress: float = 0
    lead: float = 0
    before: float = _C.neighbour
    after: float = _C.neighbour

    @property
    def duration(self) -> float:
        return self.end - self.start


def gather(conditions: Conditions, table: VisemeTargets) -> PhoneSegments:
    """Phones within reach of the hop; stretches without a phone become silence or, where speech goes on, -1."""
    window = (conditions.hop_start - _C.reach, conditions.hop_end + _C.reach)
    stretches = _with_neighbours(_merge_rests(_cover(conditions, table, window), table))
    stretches = _with_leads(list(_hold_pauses(stretches, table, window)), table)
    parts = [part for stretch in stretches for part in _parts(stretch)]
    return PhoneSegments(
        row=np.array([p.rows[0] if p.rows else -1 for p in parts], np.int64),
        start=np.array([p.start for p in parts]),
        end=np.array([p.end for p in parts]),
        lead=np.array([p.lead for p in parts], float),
        stress=np.array([p.stress for p in parts], float),
        closures=_touches(parts, table, table.bilabial, _C.cluster_gap),
        contacts=_touches(parts, table, table.labiodental, -math.inf),
    )


def _cover(conditions: Conditions, table: VisemeTargets, window: tuple[float, float]) -> list[_Stretch]:
    """The window without gaps: phones, and between them silence or unknown speech."""

    def fill(start: float, end: float) -> _Stretch:
        # Known words leave no gap in speech; what their aligner calls a pause may still hold a breath.
        probes = np.linspace(start, min(end, start + _C.gap_probe), _C.gap_probes)
        quiet = conditions.source in ("given", "aligned", "estimated") and (
            conditions.curve("speech", probes).mean() < _C.gap_speech
        )
        return _Stretch(start, end, table.rows[SILENCE] if quiet else ())

    stretches: list[_Stretch] = []
    cursor, last = window
    for phone in conditions.phones:
        if phone.end <= window[0] or phone.start >= last:
            continue
        if phone.start > cursor + _C.gap:
            stretches.append(fill(cursor, phone.start))
        stretches.append(_Stretch(phone.start, phone.end, table.lookup(phone.symbol), 1 if phone.stress > 0 else 0))
        cursor = max(cursor, phone.end)
    if cursor < last:
        stretches.append(fill(cursor, last))
    return stretches


def _merge_rests(stretches: list[_Stretch], table: VisemeTargets) -> list[_Stretch]:
    """Adjoining silences become one, and adjoining stretches of unknown speech."""
    merged: list[_Stretch] = []
    for stretch in stretches:
        rest = stretch.rows in (table.rows[SILENCE], ())
        if merged and rest and stretch.rows == merged[-1].rows:
            merged[-1] = _Stretch(merged[-1].start, stretch.end, stretch.rows)
        else:
            merged.append(stretch)
    return merged


def _with_neighbours(stretches: list[_Stretch]) -> list[_Stretch]:
    durations = [_C.neighbour, *(s.duration for s in stretches), _C.neighbour]
    return [
        _Stretch(s.start, s.end, s.rows, s.stress, s.lead, durations[i], durations[i + 2])
        for i, s in enumerate(stretches)
    ]


def _hold_pauses(stretches: list[_Stretch], table: VisemeTargets, window: tuple[float, float]) -> Iterator[_Stretch]:
    """Short pauses inside the window leave the mouth as it is, longer ones slightly open (Rhubarb's rule)."""
    for stretch in stretches:
        pause = stretch.rows == table.rows[SILENCE] and stretch.start > window[0] and stretch.end < window[1]
        if pause and stretch.duration < _C.hold_pause:
            if stretch.start <= 0 and stretch.duration >= _C.cut_closure:  # no mouth was before it to be left as it is
                yield replace(stretch, rows=table.rows["P"])
            continue
        yield replace(stretch, rows=table.rows["pause"]) if pause and stretch.duration < _C.relax_pause else stretch


def _with_leads(stretches: list[_Stretch], table: VisemeTargets) -> list[_Stretch]:
    """Rounding starts earlier the longer the consonants before it leave the lips free (Noiray 2011)."""
    free_since: float | None = None
    out = []
    for stretch in stretches:
        row = stretch.rows[0] if stretch.rows else None
        lead = 0
        if row is not None and table.rounded_vowel[row]:
            free = 0 if free_since is None else _C.rounding_share * (stretch.start - free_since)
            lead = _C.rounding_lead + min(_C.rounding_limit, free)
        out.append(replace(stretch, lead=lead) if lead else stretch)
        if row is None or not table.yielding[row]:
            free_since = None
        elif free_since is None:
            free_since = stretch.start
    return out


def _parts(stretch: _Stretch) -> list[_Stretch]:
    """The two parts of a diphthong or an affricate, else the stretch itself; each with one row."""
    if len(stretch.rows) < 2:
        return [stretch]
    middle = stretch.start + _C.diphthong * stretch.duration
    first, second = stretch.rows
    return [replace(stretch, end=middle, rows=(first,)), replace(stretch, start=middle, rows=(second,), lead=0)]


def _touches(
    parts: list[_Stretch], table: VisemeTargets, which: NDArray[np.bool_], cluster_gap: float
) -> NDArray[np.float64]:
    """Lip contacts ``(C, 4)`` of the rows ``which``; ones less than ``cluster_gap`` s apart are one."""
    found: list[tuple[float, float, float, float]] = []
    for part in parts:
        if not part.rows or not which[part.rows[0]]:
            continue
        lag = _C.nasal_lag if part.rows == table.rows["M"] else 0
        start, end = part.start + lag, part.end + lag
        if found and start - found[-1][1] < cluster_gap:
            found[-1] = (found[-1][0], end, found[-1][2], part.after)
        else:
            found.append((start, end, part.before, part.after))
    return np.array(found, float).reshape(-1, 4)


def mouth_curves(conditions: Conditions, segments: PhoneSegments, table: VisemeTargets) -> NDArray[np.float64]:
    """Mouth weights ``(T, 12)`` by ``MOUTH`` at the frames of the hop, before gain, emotion and seal."""
    first, last = round(conditions.hop_start * MOTION_RATE), round(conditions.hop_end * MOTION_RATE)
    times = np.arange(first - _MARGIN, last + _MARGIN) / MOTION_RATE
    known = segments.row >= 0
    row = np.where(known, segments.row, table.silence)
    target = table.mouth[row] * _amplitude(conditions, segments, row, table)[:, None]
    driven = acoustic_mouth(conditions, times) if not known.all() else None
    values = np.empty((len(times), len(GROUP_OF)))
    log = _log_dominance(times, segments, row, table)
    weights = np.exp(log - log.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    for group, weight in enumerate(weights):
        channels = GROUP_OF == group
        values[:, channels] = weight @ target[:, channels]
        if driven is not None:
            values[:, channels] += weight[:, ~known].sum(axis=1, keepdims=True) * driven[:, channels]
    count = last - first
    return np.asarray(sum(k * values[i : i + count] for i, k in enumerate(_C.smoothing)))


def _log_dominance(
    times: NDArray[np.float64], segments: PhoneSegments, row: NDArray[np.int64], table: VisemeTargets
) -> NDArray[np.float64]:
    """How strongly each phone insists on the channels of each group at ``times (T,)``, ``(groups, T, P)``."""
    duration = segments.end - segments.start
    centre = (segments.start + segments.end) / 2
    half = _PLATEAU * duration / 2
    left = np.minimum(centre - half, segments.start + _C.edge)
    right = np.maximum(centre + half, segments.end - _C.edge)
    # The lips let go of a closure before its phone ends.
    released = np.maximum(left[_LIPS], right[_LIPS] - _C.lips_release)
    right[_LIPS] = np.where(table.bilabial[row], released, right[_LIPS])
    left[_WIDTH] -= segments.lead
    now = times[:, None]
    before, after = _rounded(left[:, None] - now), _rounded(now - right[:, None])
    # Short phones lose dominance in proportion, but not closures.
    firm = table.bilabial[row] | table.labiodental[row] | (row == table.silence)
    short = np.where(firm, 0, np.log(np.minimum(np.maximum(duration / _C.short, _C.short_least), 1)))
    rise, fall, usual = (np.ascontiguousarray(x[row].T)[:, None] for x in (table.rise, table.fall, table.log_dominance))
    return usual + short - before / (_C.pace * rise) - after / (_C.pace * fall)


def _rounded(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """``max(distance, 0)`` with its corner rounded off, s."""
    return (distance + np.sqrt(distance * distance + _C.corner**2)) / 2


def _amplitude(
    conditions: Conditions, segments: PhoneSegments, row: NDArray[np.int64], table: VisemeTargets
) -> NDArray[np.float64]:
    """Size of each phone, ``(P,)``: vowels grow a little with duration, stress and loudness, within 15 %."""
    duration = np.maximum(segments.end - segments.start, _C.duration_least)
    middle = (segments.start + segments.end) / 2
    level = conditions.curve("level", middle)
    swing = (
        np.clip(_C.duration_swing * np.log2(duration / _C.duration_usual), -_C.duration_limit, _C.duration_limit)
        + np.clip(_C.level_swing * (level - _C.level_usual), -_C.level_limit, _C.level_limit)
        + _C.stress_swing * segments.stress
    )
    factor = np.where(table.vowel[row], 1 + swing, 1)
    doubted = table.vowel[row] & (conditions.only_heard(middle) > 0)
    if doubted.any():  # a vowel recognised where there is hardly any sound is mostly a mistake
        factor *= np.where(doubted, np.clip(_C.heard_size.at(level), _C.heard_least, 1), 1)
    return factor
