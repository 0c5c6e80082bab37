"""Faces in numbers: every check of face.md section 6, the same code for our faces and for human curves.

``measure`` pools any number of clips and returns each row of ``ROWS`` with its value, n and limits. Times
follow one convention: a positive lag means that the lips come after the sound. Millimetres are those of an
87 mm head (outer-eye distance), from the linear lip model of the avatar (``core.lips``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks, welch

from gengine.core import rotation
from gengine.core.conditions import ANALYSIS_RATE
from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.core.lips import SealModel
from gengine.core.words import Phone
from gengine.errors import GengineError

Array = NDArray[np.float64]

CLOSED_MM = 0.8
"""Lips are closed below this gap."""

BILABIALS = frozenset("PBM")
LABIODENTALS = frozenset("FV")
VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
_ROUND_VOWELS = frozenset(("UW", "OW", "OY", "UH", "AO"))
_FAR_FROM_LIPS = frozenset("AA AE AH AY EH EY IH IY K G T D N S Z".split())
_SILENCE = frozenset(("sil", "", "sp"))


@dataclass(frozen=True, eq=False)
class FaceClip:
    """One face with what was said: ``phones`` and ``energy (N,)`` dBFS at 100 Hz share the face's clock."""

    face: FaceTrack
    phones: tuple[Phone, ...]
    energy: Array

    def __post_init__(self) -> None:
        if len(self.face) < 2:
            raise GengineError(f"FaceClip.face: {len(self.face)} frames, expected at least 2")
        if not np.isfinite(self.face.weights).all():
            raise GengineError("FaceClip.face: weights hold NaN or infinity, expected values in [0, 1]")

    @property
    def times(self) -> Array:
        return np.arange(len(self.face)) / self.face.fps

    def speaking(self) -> NDArray[np.bool_]:
        """Frames inside a phone that is not silence, ``(T,)``."""
        out = np.zeros(len(self.face), bool)
        for p in self.phones:
            if p.symbol not in _SILENCE:
                out[round(p.start * self.face.fps) : round(p.end * self.face.fps)] = True
        return out

    def silences(self, least: float = 0.3) -> list[tuple[float, float]]:
        """Stretches (s) of at least ``least`` s without a phone."""
        quiet = ~self.speaking()
        edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
        spans = edges.reshape(-1, 2) / self.face.fps
        return [(float(a), float(b)) for a, b in spans if b - a >= least]


@dataclass(frozen=True)
class Row:
    """What a row means: ``unit``, the limits ``low``..``high`` it must lie in, ``meaning``."""

    unit: str
    low: float
    high: float
    meaning: str


@dataclass(frozen=True)
class Measured:
    """One row's ``value`` over ``n`` items (closures, seconds, ...)."""

    value: float
    n: int

    def within(self, low: float, high: float) -> bool:
        """Whether the value lies in the limits; NaN does not."""
        return bool(low <= self.value <= high)


_INF = float("inf")
ROWS: dict[str, Row] = {
    "closure_recall": Row("share", 0.98, 1.0, "P B M whose lip gap falls below 0.8 mm"),
    "closure_hold_ms": Row("ms", 80, 140, "median time below 0.8 mm of P B M inside speech"),
    "closure_two_frames": Row("share", 0.98, 1.0, "P B M closed in at least two frames of 30 fps video"),
    "labiodental_contact": Row("share", 0.95, 1.0, "F V with gap 1-3 mm and rollLower >= .2 at the centre"),
    "false_closures": Row("share", 0.0, 0.02, "sounds made far from the lips whose centre is seen closed (McGurk)"),
    "viseme_recall": Row("share", 0.6, 1.0, "phone centres whose mouth shape names the right one of six classes"),
    "gap_lag_ms": Row("ms", 0, 40, "lag of the lip gap's best correlation with the energy"),
    "burst_to_opening_ms": Row("ms", 0, 40, "median, P B: lips part after the burst"),
    "gap_p50_mm": Row("mm", 4.7, 8.8, "lip gap in speech, median (GRID 6.7, FACEGOOD 6.8)"),
    "gap_p90_mm": Row("mm", 8.0, 16.4, "lip gap in speech, 90th percentile (GRID 11.4, FACEGOOD 12.6)"),
    "gap_p99_mm": Row("mm", 9.9, 22.8, "lip gap in speech, 99th percentile (GRID 14.1, FACEGOOD 17.5)"),
    "jaw_p99": Row("weight", 0.15, 0.6, "jawOpen in speech, 99th percentile"),
    "jitter_8hz": Row("share", 0.0, 0.03, "power of the lip gap above 8 Hz"),
    "jitter_10hz": Row("share", 0.0, 0.01, "power of the lip gap above 10 Hz"),
    "quick_pairs": Row("share", 0.0, 0.06, "gap extrema (1 mm and more) less than 70 ms apart, away from seals (human-made curves .10)"),
    "opening_mm_s": Row("mm/s", 60, 280, "peak opening speed, 99th percentile of movements"),
    "closing_mm_s": Row("mm/s", 60, 350, "peak closing speed, 99th percentile of movements"),
    "cycles_per_s": Row("1/s", 2.5, 4.0, "openings of at least 1.5 mm per second of speech (real 3-3.5)"),
    "rounding_lead_ms": Row("ms", 0, 160, "median: lips half rounded before a rounded vowel's onset"),
    "loudness_r": Row("r", -0.3, 0.3, "lip gap against loudness within one vowel"),
    "jaw_in_silence": Row("weight", 0.0, 0.05, "mean jawOpen in pauses"),
    "blinks_per_min": Row("1/min", 15, 30, "blinks"),
    "brow_sd": Row("weight", 0.05, 0.3, "sd of the brows' height per 20 s, median"),
    "head_yaw_sd": Row("deg", 4.7, 14.0, "head yaw (stories 6.3, conversation 7.1, oratory 14)"),
    "head_pitch_sd": Row("deg", 3.4, 7.5, "head pitch (4.6, 4.6, 7.5)"),
    "head_roll_sd": Row("deg", 2.6, 6.1, "head roll (3.6, 4.0, 6.1)"),
    "head_speed_p95": Row("deg/s", 12, 65, "95th percentile of the pitch speed (22, 36, 65)"),
    "head_above_4hz": Row("share", 0.0, 0.02, "power of head angles above 4 Hz (jitter)"),
    "saccades_per_s": Row("1/s", 1.0, 1.5, "fast gaze shifts of at least 1 degree"),
    "lid_gaze_r": Row("r", 0.5, 1.0, "lid opening against vertical gaze, away from blinks"),
}
"""Every row: unit, limits and meaning (face.md section 6; head: gesture.md section 2)."""


def measure(clips: Sequence[FaceClip], model: SealModel | None = None) -> dict[str, Measured]:
    """All rows of ``ROWS`` pooled over ``clips``; a row that they cannot have is NaN with n = 0."""
    if not clips:
        raise GengineError("measure: no clips were given, expected at least one")
    model = model or SealModel.ict()
    out: dict[str, Measured] = {}
    for part in (_closures, _bands, _movement, _sound, _eyes_and_brows, _head):
        out |= part(clips, model)
    return {name: out[name] for name in ROWS}


def lip_band(clips: Sequence[FaceClip], model: SealModel | None = None) -> tuple[float, float, float]:
    """Lip gap (mm) in speech: 50th, 90th and 99th percentile."""
    model = model or SealModel.ict()
    gap = np.concatenate([model.gap_mm(c.face.weights)[c.speaking()] for c in clips])
    p50, p90, p99 = np.percentile(gap, [50, 90, 99]) if len(gap) else (np.nan,) * 3
    return float(p50), float(p90), float(p99)


def _quantile(values: Sequence[float] | Array, q: float = 50) -> Measured:
    return Measured(float(np.percentile(values, q)) if len(values) else float("nan"), len(values))


def _share(hits: Sequence[bool] | NDArray[np.bool_]) -> Measured:
    return Measured(float(np.mean(hits)) if len(hits) else float("nan"), len(hits))


# ------------------------------------------------------------------------------------- closures and contacts


def _closures(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
    closed, hold, frames, contact, false = [], [], [], [], []
    for clip in clips:
        gap, fps, at = model.gap_mm(clip.face.weights), clip.face.fps, clip.times
        at30 = np.arange(int(clip.face.duration * 30)) / 30
        video = np.interp(at30, at, gap)
        roll = clip.face.channel("mouthRollLower")
        for i, p in enumerate(clip.phones):
            before = clip.phones[i - 1] if i else None
            after = clip.phones[i + 1] if i + 1 < len(clip.phones) else None
            centre = (p.start + p.end) / 2
            if p.symbol in BILABIALS:
                near = (at >= p.start - 0.04) & (at <= p.end + 0.04)
                if not near.any():
                    continue
                closed.append(bool(gap[near].min() < CLOSED_MM))
                near30 = (at30 >= p.start - 0.07) & (at30 <= p.end + 0.07)
                shut = video[near30] < CLOSED_MM
                frames.append(bool((shut[1:] & shut[:-1]).any()))
                inside = all(q is not None and q.symbol not in _SILENCE | BILABIALS for q in (before, after))
                if inside and closed[-1]:
                    low = np.flatnonzero(near)[np.argmin(gap[near])]
                    hold.append(1000 * _time_below(gap, int(low), CLOSED_MM) / fps)
            k = min(round(centre * fps), len(gap) - 1)
            if p.symbol in LABIODENTALS:
                contact.append(bool(0.95 <= gap[k] <= 3.05 and roll[k] >= 0.195))
            elif p.symbol in _FAR_FROM_LIPS and p.end - p.start >= 0.05:
                false.append(bool(gap[k] < CLOSED_MM))
    return {
        "closure_recall": _share(closed),
        "closure_hold_ms": _quantile(hold),
        "closure_two_frames": _share(frames),
        "labiodental_contact": _share(contact),
        "false_closures": _share(false),
        "viseme_recall": _viseme_recall(clips, model),
    }


def _time_below(curve: Array, at: int, limit: float) -> float:
    """Frames around ``at`` during which ``curve`` stays below ``limit``, with interpolated ends."""
    a = b = at
    while a > 0 and curve[a - 1] < limit:
        a -= 1
    while b < len(curve) - 1 and curve[b + 1] < limit:
        b += 1
    left = (limit - curve[a]) / (curve[a - 1] - curve[a]) if a > 0 else 0.0
    right = (limit - curve[b]) / (curve[b + 1] - curve[b]) if b < len(curve) - 1 else 0.0
    return b - a + left + right


_CLASSES = {
    "bilabial": "P B M", "labiodental": "F V", "round": "UW OW W AO UH R", "open": "AA AE AY AW AH",
    "spread": "IY EY IH EH Y", "narrow": "S Z SH ZH CH JH TH DH",
}  # fmt: skip


def viseme_confusion(clips: Sequence[FaceClip], model: SealModel | None = None) -> tuple[tuple[str, ...], Array]:
    """Classes and row-normalised confusion ``(6, 6)`` of a nearest-centroid lip reader on phone centres.

    Each clip is read with centroids of the others (of itself, if alone). Rows are what was said, NaN
    where a class was not.
    """
    model = model or SealModel.ict()
    names = tuple(_CLASSES)
    of = {s: i for i, n in enumerate(names) for s in _CLASSES[n].split()}
    features, labels, source = [], [], []
    for c, clip in enumerate(clips):
        w = clip.face.weights.astype(float)
        jaw, roll, pucker, funnel = (
            w[:, ARKIT_INDEX[n]] for n in ("jawOpen", "mouthRollLower", "mouthPucker", "mouthFunnel")
        )
        both = np.stack([model.gap_mm(w), model.width_mm(w), 28 * jaw, 12 * roll, 12 * (pucker + funnel)], axis=1)
        for p in clip.phones:
            k = round((p.start + p.end) / 2 * clip.face.fps)
            if p.symbol in of and k < len(both):
                features.append(both[k]), labels.append(of[p.symbol]), source.append(c)
    x, y, s = np.array(features).reshape(-1, 5), np.array(labels, int), np.array(source, int)
    confusion = np.zeros((len(names), len(names)))
    for c in np.unique(s):
        train = s != c if len(np.unique(s)) > 1 else np.ones(len(s), bool)
        present = [k for k in range(len(names)) if (y[train] == k).any()]
        centroids = np.array([x[train & (y == k)].mean(axis=0) for k in present])
        test = s == c
        nearest = ((x[test][:, None] - centroids) ** 2).sum(-1).argmin(axis=1)
        np.add.at(confusion, (y[test], np.array(present)[nearest]), 1.0)
    total = confusion.sum(axis=1, keepdims=True)
    return names, np.divide(confusion, total, out=np.full_like(confusion, np.nan), where=total > 0)


def _viseme_recall(clips: Sequence[FaceClip], model: SealModel) -> Measured:
    _, confusion = viseme_confusion(clips, model)
    diagonal = np.diag(confusion)
    known = ~np.isnan(diagonal)
    return Measured(float(diagonal[known].mean()) if known.any() else float("nan"), int(known.sum()))


# -------------------------------------------------------------------------------------------------- movement


def _bands(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
    p50, p90, p99 = lip_band(clips, model)
    jaw = np.concatenate([c.face.channel("jawOpen")[c.speaking()] for c in clips]).astype(float)
    quiet = []
    for c in clips:
        for a, b in c.silences():
            inside = (c.times >= a + 0.15) & (c.times <= b - 0.15)
            quiet.append(c.face.channel("jawOpen")[inside])
    still = np.concatenate(quiet) if quiet else np.zeros(0)
    return {
        "gap_p50_mm": Measured(p50, len(jaw)),
        "gap_p90_mm": Measured(p90, len(jaw)),
        "gap_p99_mm": Measured(p99, len(jaw)),
        "jaw_p99": _quantile(jaw, 99),
        "jaw_in_silence": Measured(float(still.mean()) if len(still) else float("nan"), len(still)),
    }


def _movement(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
    power: dict[float, list[tuple[float, float]]] = {8.0: [], 10.0: []}
    quick, opening, closing, cycles, seconds = [], [], [], 0, 0.0
    for clip in clips:
        gap, fps = model.gap_mm(clip.face.weights), clip.face.fps
        for limit, rows in power.items():
            rows.append(_power_above(gap, fps, limit))
        turns = _extrema(gap, 1.0)
        sealed = np.array([(p.start + p.end) / 2 for p in clip.phones if p.symbol in BILABIALS | LABIODENTALS])
        at = turns / fps
        for a, b in zip(at, at[1:], strict=False):
            if not (len(sealed) and np.abs(sealed - (a + b) / 2).min() < 0.16):
                quick.append(b - a < 0.07)
        wide = _extrema(gap, 1.5)
        for a, b in zip(wide, wide[1:], strict=False):
            step = np.diff(gap[a : b + 1]) * fps
            (opening if gap[b] > gap[a] else closing).append(float(np.abs(step).max()))
        speaking = clip.speaking()
        peaks, _ = find_peaks(gap, prominence=1.5)
        cycles += int(speaking[peaks].sum())
        seconds += speaking.sum() / fps
    out = {}
    for limit, rows in power.items():
        above, total = np.sum(rows, axis=0)
        out[f"jitter_{limit:.0f}hz"] = Measured(float(above / total) if total > 0 else float("nan"), len(rows))
    return out | {
        "quick_pairs": _share(quick),
        "opening_mm_s": _quantile(opening, 99),
        "closing_mm_s": _quantile(closing, 99),
        "cycles_per_s": Measured(cycles / seconds if seconds else float("nan"), cycles),
    }


def _extrema(curve: Array, prominence: float) -> NDArray[np.int64]:
    high, _ = find_peaks(curve, prominence=prominence)
    low, _ = find_peaks(-curve, prominence=prominence)
    return np.sort(np.concatenate([high, low]))


def _power_above(curve: Array, fps: float, limit: float) -> tuple[float, float]:
    """Power above ``limit`` Hz and in all, of the curve around its mean."""
    frequency, density = welch(curve - curve.mean(), fps, nperseg=min(len(curve), round(4 * fps)))
    return float(density[frequency > limit].sum()) * len(curve), float(density.sum()) * len(curve)


# ------------------------------------------------------------------------------------------------ with sound


def gap_lag(clips: Sequence[FaceClip], model: SealModel | None = None) -> tuple[Array, Array]:
    """Lags (s, positive = lips after the sound) and the correlation of lip gap and energy (dB) at each."""
    model = model or SealModel.ict()
    lags = np.arange(-20, 21)
    rows, lengths = [], []
    for clip in clips:
        energy = np.clip(clip.energy, np.max(clip.energy) - 40.0, None)
        gap = np.interp(np.arange(len(energy)) / ANALYSIS_RATE, clip.times, model.gap_mm(clip.face.weights))
        if len(energy) < 100 or gap.std() < 1e-6 or energy.std() < 1e-6:
            continue
        row = [np.corrcoef(gap[20 + k : len(gap) - 20 + k], energy[20 : len(energy) - 20])[0, 1] for k in lags]
        rows.append(row), lengths.append(len(energy))
    curve = np.average(rows, axis=0, weights=lengths) if rows else np.full(len(lags), np.nan)
    return lags / ANALYSIS_RATE, curve


def _sound(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
    lags, curve = gap_lag(clips, model)
    best = 1000 * float(lags[np.argmax(curve)]) if np.isfinite(curve).all() else float("nan")
    openings, leads = [], []
    vowels: dict[str, list[tuple[float, float]]] = {}
    for clip in clips:
        gap, fps, at = model.gap_mm(clip.face.weights), clip.face.fps, clip.times
        rounding = (clip.face.channel("mouthPucker") + clip.face.channel("mouthFunnel")).astype(float)
        for i, p in enumerate(clip.phones):
            after = clip.phones[i + 1] if i + 1 < len(clip.phones) else None
            if p.symbol in ("P", "B") and after is not None and after.symbol in VOWELS:
                burst = _burst(clip.energy, p)
                later = np.flatnonzero((at > (p.start + p.end) / 2) & (gap > CLOSED_MM))
                if burst is not None and len(later) and later[0]:
                    k = int(later[0])
                    share = (gap[k] - CLOSED_MM) / max(gap[k] - gap[k - 1], 1e-9)
                    openings.append(1000 * (at[k] - min(share, 1.0) / fps - burst))
            elif p.symbol in _ROUND_VOWELS:
                before = clip.phones[i - 1].symbol if i else "sil"
                if before not in _ROUND_VOWELS | {"W", "R", "SH", "CH", "JH", "ZH"}:
                    lead = _half_rounded(rounding, at, p)
                    if lead is not None:
                        leads.append(1000 * lead)
            if p.symbol in VOWELS and p.end - p.start >= 0.04:
                inside = slice(round(p.start * ANALYSIS_RATE), round(p.end * ANALYSIS_RATE))
                k = min(round((p.start + p.end) / 2 * fps), len(gap) - 1)
                if len(clip.energy[inside]):
                    vowels.setdefault(p.symbol, []).append((float(clip.energy[inside].max()), float(gap[k])))
    pairs = [np.array(v) - np.mean(v, axis=0) for v in vowels.values() if len(v) >= 5]
    pooled = np.concatenate(pairs) if pairs else np.zeros((0, 2))
    moving = len(pooled) > 5 and float(pooled.std(axis=0).min()) > 1e-6
    return {
        "gap_lag_ms": Measured(best, len(clips)),
        "burst_to_opening_ms": _quantile(openings),
        "rounding_lead_ms": _quantile(leads),
        "loudness_r": Measured(float(np.corrcoef(pooled.T)[0, 1]) if moving else float("nan"), len(pooled)),
    }


def _burst(energy: Array, stop: Phone) -> float | None:
    """Time (s) of the steepest rise of energy in the later part of a stop, or None without a clear one."""
    first = round((stop.start + 0.3 * (stop.end - stop.start)) * ANALYSIS_RATE)
    last = round((stop.end + 0.02) * ANALYSIS_RATE)
    rise = np.diff(energy[max(first - 1, 0) : last + 1])
    if len(rise) < 2 or rise.max() < 4.0:
        return None
    return float(max(first - 1, 0) + int(np.argmax(rise)) + 0.5) / ANALYSIS_RATE


def _half_rounded(rounding: Array, at: Array, vowel: Phone) -> float | None:
    """Seconds by which the lips are half way to the vowel's rounding before its onset."""
    inside = np.flatnonzero((at >= vowel.start) & (at <= vowel.end))
    if not len(inside) or rounding[inside].max() < 0.1:
        return None
    peak = inside[np.argmax(rounding[inside])]
    k = peak
    while k > 0 and rounding[k - 1] > 0.5 * rounding[peak] and at[peak] - at[k] < 0.5:
        k -= 1
    return float(vowel.start - at[k])


# ------------------------------------------------------------------------------------------ upper face, head


def blinks(face: FaceTrack) -> Array:
    """Times (s) of blinks: both lids together rise by at least 0.25 and fall back within 0.5 s."""
    lids = (face.channel("eyeBlinkLeft") + face.channel("eyeBlinkRight")).astype(float) / 2
    peaks, _ = find_peaks(np.concatenate([[0.0], lids, [0.0]]), prominence=0.25, width=(1, 0.5 * face.fps))
    return (peaks - 1) / face.fps


def saccades(face: FaceTrack) -> Array:
    """Times (s) of gaze shifts of at least 1 degree at 30 deg/s and more."""
    step = np.degrees(np.hypot(*np.diff(face.gaze.astype(float), axis=0).T))
    # The slow counter-rotation while the head moves is no saccade.
    fast = np.concatenate([[False], step * face.fps > 40.0, [False]])
    edges = np.flatnonzero(np.diff(fast.astype(int))).reshape(-1, 2)
    size = np.array([step[a:b].sum() for a, b in edges])
    return edges[size >= 1.0, 0] / face.fps if len(edges) else np.zeros(0)


def _eyes_and_brows(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
    minutes = sum(c.face.duration for c in clips) / 60
    winks = sum(len(blinks(c.face)) for c in clips)
    jumps = sum(len(saccades(c.face)) for c in clips)
    spread, lids, look = [], [], []
    for clip in clips:
        face = clip.face
        brow = face.channel("browInnerUp") + 0.25 * (
            face.channel("browOuterUpLeft") + face.channel("browOuterUpRight")
        ) - 0.5 * (face.channel("browDownLeft") + face.channel("browDownRight"))  # fmt: skip
        length = round(20 * face.fps)
        if face.duration >= 5:
            spread += [float(brow[k : k + length].std()) for k in range(0, max(len(brow) - length // 2, 1), length)]
        open_ = 0.5 * (
            face.channel("eyeWideLeft")
            + face.channel("eyeWideRight")
            - face.channel("eyeBlinkLeft")
            - face.channel("eyeBlinkRight")
        )
        away = np.ones(len(face), bool)
        for t in blinks(face):
            away[max(0, round((t - 0.2) * face.fps)) : round((t + 0.3) * face.fps)] = False
        lids.append(open_[away]), look.append(face.gaze[away, 1])
    lid, gaze = np.concatenate(lids), np.concatenate(look)
    moving = len(lid) > 10 and lid.std() > 1e-6 and gaze.std() > 1e-6
    return {
        "blinks_per_min": Measured(winks / minutes, winks),
        "brow_sd": _quantile(spread),
        "saccades_per_s": Measured(jumps / (60 * minutes), jumps),
        "lid_gaze_r": Measured(float(np.corrcoef(lid, gaze)[0, 1]) if moving else float("nan"), len(lid)),
    }


def head_angles(face: FaceTrack) -> Array:
    """Head yaw (left), pitch (down), roll (left side up) ``(T, 3)`` in degrees."""
    return np.degrees(rotation.to_euler(face.head, "YXZ"))


def _head(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
    angles = [head_angles(c.face) for c in clips]
    pooled = np.concatenate(angles)
    speed = np.concatenate([np.abs(np.diff(a[:, 1])) * c.face.fps for a, c in zip(angles, clips, strict=True)])
    rows = [_power_above(a[:, k], c.face.fps, 4.0) for a, c in zip(angles, clips, strict=True) for k in range(3)]
    above, total = np.sum(rows, axis=0)
    sd = pooled.std(axis=0)
    return {
        "head_yaw_sd": Measured(float(sd[0]), len(pooled)),
        "head_pitch_sd": Measured(float(sd[1]), len(pooled)),
        "head_roll_sd": Measured(float(sd[2]), len(pooled)),
        "head_speed_p95": _quantile(speed, 95),
        "head_above_4hz": Measured(float(above / total) if total > 0 else float("nan"), len(rows)),
    }
