"""Lips against speech: closures, contacts, size, speed and timing (face.md section 6)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from gengine.core.conditions import ANALYSIS_RATE
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.core.words import Phone
from gengine.metrics.face_clip import SILENCE, Array, FaceClip, Measured, power_above, quantile, share

CLOSED_MM = 0.8
"""Lips are closed below this gap."""

BILABIALS = frozenset("PBM")
LABIODENTALS = frozenset("FV")
VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
_ROUND_VOWELS = frozenset(("UW", "OW", "OY", "UH", "AO"))
_FAR_FROM_LIPS = frozenset("AA AE AH AY EH EY IH IY K G T D N S Z".split())


def lip_band(clips: Sequence[FaceClip], model: SealModel | None = None) -> tuple[float, float, float]:
    """Lip gap (mm) in speech: 50th, 90th and 99th percentile."""
    model = model or SealModel.ict()
    gap = np.concatenate([model.gap_mm(c.face.weights)[c.speaking()] for c in clips])
    p50, p90, p99 = np.percentile(gap, [50, 90, 99]) if len(gap) else (np.nan,) * 3
    return float(p50), float(p90), float(p99)


def measure_closures(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
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
                inside = all(q is not None and q.symbol not in SILENCE | BILABIALS for q in (before, after))
                if inside and closed[-1]:
                    low = np.flatnonzero(near)[np.argmin(gap[near])]
                    hold.append(1000 * _time_below(gap, int(low), CLOSED_MM) / fps)
            k = min(round(centre * fps), len(gap) - 1)
            if p.symbol in LABIODENTALS:
                contact.append(bool(0.95 <= gap[k] <= 3.05 and roll[k] >= 0.195))
            elif p.symbol in _FAR_FROM_LIPS and p.end - p.start >= 0.05:
                false.append(bool(gap[k] < CLOSED_MM))
    return {
        "closure_recall": share(closed),
        "closure_hold_ms": quantile(hold),
        "closure_two_frames": share(frames),
        "labiodental_contact": share(contact),
        "false_closures": share(false),
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


def measure_bands(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
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
        "jaw_p99": quantile(jaw, 99),
        "jaw_in_silence": Measured(float(still.mean()) if len(still) else float("nan"), len(still)),
    }


def measure_movement(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
    power: dict[float, list[tuple[float, float]]] = {8.0: [], 10.0: []}
    quick, opening, closing, cycles, seconds = [], [], [], 0, 0.0
    for clip in clips:
        gap, fps = model.gap_mm(clip.face.weights), clip.face.fps
        for limit, rows in power.items():
            rows.append(power_above(gap, fps, limit))
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
        "quick_pairs": share(quick),
        "opening_mm_s": quantile(opening, 99),
        "closing_mm_s": quantile(closing, 99),
        "cycles_per_s": Measured(cycles / seconds if seconds else float("nan"), cycles),
    }


def _extrema(curve: Array, prominence: float) -> NDArray[np.int64]:
    high, _ = find_peaks(curve, prominence=prominence)
    low, _ = find_peaks(-curve, prominence=prominence)
    return np.sort(np.concatenate([high, low]))


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


def measure_timing(clips: Sequence[FaceClip], model: SealModel) -> dict[str, Measured]:
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
    moving = len(pooled) > 5 and bool((np.std(pooled, axis=0) > 1e-6).all())
    r = float(np.corrcoef(pooled[:, 0], pooled[:, 1])[0, 1]) if moving else float("nan")
    return {
        "gap_lag_ms": Measured(best, len(clips)),
        "burst_to_opening_ms": quantile(openings),
        "rounding_lead_ms": quantile(leads),
        "loudness_r": Measured(r, len(pooled)),
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
