"""Our motion beside real motion, row by row, measured by the same code (gengine/metrics/gesture.py).

    python benchmarks/gesture_table.py                   all rows: S, B, Z, three styles, controls, verdicts
    python benchmarks/gesture_table.py --quick           one recording and seed per style
    python benchmarks/gesture_table.py --real            real clips only, beside gesture.md's published values
    python benchmarks/gesture_table.py --performance take.npz
    python benchmarks/gesture_table.py --bvh body.bvh

Columns. S: median over the MPI clips; B, Z: one clip each; then our storyteller, conversational and orator
styles, mean over recordings and seeds. "one" is the coupling of the conversational style against another
recording's speech, the control for the coupling rows; a static pose and the mean pose have no units and no
speed, so they score nothing on the speed rows (printed with --controls).

Span. A row's real span runs from the least to the largest of: B, its two halves; Z, its two halves; the MPI
clips averaged in groups of six (about as long as our recordings). The halves and groups carry the spread
that one person shows from minute to minute. Verdict per style: "." inside the span, "<" or ">" outside it
with the distance in widths of the span. ``like`` counts the rows inside the style's own model (storyteller
S, conversational B, orator Z), whose halves or groups are widened by a fifth of the value.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import real_clips

import gengine
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.words import WordTrack
from gengine.errors import GengineError
from gengine.metrics.gesture import describe, measure
from gengine.metrics.limbs import Body
from gengine.metrics.safety import inspect
from gengine.metrics.speech_coupling import coupling, pauses, silence_motion, stressed_onsets

STYLES = {"storyteller": "S", "conversational": "B", "orator": "Z"}
FROM_BVH = ("joint_", "finger_", "palm_", "swivel_", "posture_clavicle", "posture_wrist", "posture_pronation",
            "posture_head")  # fmt: skip
"""Rows that BEAT's own file holds better than its SMPL-X twin (different finger and clavicle rest poses)."""
SAFETY = ("limits_beyond", "limits_worst", "depth_trunk", "depth_head", "depth_thighs", "depth_hands",
          "depth_share_trunk", "depth_share_thighs", "slide_mean", "slide_p95", "joint_speed_max",
          "joint_acceleration_max", "wrist_jump_max")  # fmt: skip

Table = dict[str, float]


def accents(words: WordTrack) -> list[float]:
    """Stressed vowel onsets of content words, s."""
    return stressed_onsets(words.phones, [(w.text, w.start, w.end) for w in words.words])


def everything(motion: Motion, onsets: list[float] | None = None) -> Table:
    """Gesture rows and safety rows of one motion."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = inspect(motion).summary()
        return {**measure(motion, onsets), **{k: found[k] for k in SAFETY if k in found}}


def mean(tables: Iterable[Table]) -> Table:
    """Row-wise mean over the tables that have a row."""
    tables = list(tables)
    keys = dict.fromkeys(k for t in tables for k in t)
    out = {}
    for key in keys:
        values = [t[key] for t in tables if math.isfinite(t.get(key, math.nan))]
        out[key] = float(np.mean(values)) if values else math.nan
    return out


# ---- real clips


def _halves(motion: Motion) -> list[Motion]:
    return [motion[: len(motion) // 2], motion[len(motion) // 2 :]]


def _beat_table(body: Motion, own: Motion, onsets: list[float] | None) -> Table:
    table = everything(body, onsets)
    better = {k: v for k, v in measure(own).items() if k.startswith(FROM_BVH)}
    return {**{k: v for k, v in table.items() if not k.startswith(FROM_BVH)}, **better}


def real() -> tuple[dict[str, Table], dict[str, list[Table]]]:
    """Columns S, B, Z, and by column the tables whose extremes make its span."""
    body, own = real_clips.beat(), real_clips.beat_bvh()
    onsets = accents(beat_words(real_clips.BEAT_CLIP))
    parts = [_within(onsets, i * body.duration / 2, (i + 1) * body.duration / 2) for i in (0, 1)]
    b = _beat_table(body, own, onsets)
    b_parts = [_beat_table(*x) for x in zip(_halves(body), _halves(own), parts, strict=True)]
    # Coupling has one speaker only; quarters of the clip show how much 16 s of real motion scatter.
    quarter = body.duration / 4
    for i in range(4):
        part = body[round(i * quarter * body.fps) : round((i + 1) * quarter * body.fps)]
        b_parts.append(coupling(Body(part), _within(onsets, i * quarter, (i + 1) * quarter)))
    z = everything(real_clips.zeggs())
    z_parts = [everything(m) for m in _halves(real_clips.zeggs())]
    stories = [everything(m) for m in real_clips.mpi()]
    absent = (
        "finger_",
        "palm_",
        "pelvis_",
        "weight_",
        "feet_",
        "slide_",
        "drops_",
        "drop_",
        "posture_knee",
        "posture_stance",
        "posture_lean",
    )  # seated, no fingers
    stories = [{k: v for k, v in t.items() if not k.startswith(absent)} for t in stories]
    groups = [mean(stories[i : i + 6]) for i in range(0, len(stories) - 5, 6)]
    s = {k: _median([t.get(k, math.nan) for t in stories]) for k in stories[0]}
    return {"S": s, "B": b, "Z": z}, {"S": groups, "B": [b, *b_parts], "Z": [z, *z_parts]}


def _within(times: list[float], start: float, end: float) -> list[float]:
    return [t - start for t in times if start <= t < end]


def _median(values: list[float]) -> float:
    values = [v for v in values if math.isfinite(v)]
    return float(np.median(values)) if values else math.nan


def beat_words(clip: str) -> WordTrack:
    """Words and phones of a BEAT clip from its TextGrid."""
    from gengine.inputs.text import read_text

    folder = real_clips.data_folder() / "beat"
    path = next(p for p in (folder / f"{clip}.TextGrid", folder / clip / f"{clip}.TextGrid") if p.exists())
    track = read_text(path).track
    if track is None:
        raise GengineError(f"{path}: holds no timed words")
    return track


def span(key: str, samples: dict[str, list[Table]], only: str | None = None) -> tuple[float, float] | None:
    """Least and largest real value of a row, or of one model's, or None where no real clip has it."""
    values = [t[key] for name, ts in samples.items() if only in (None, name) for t in ts if key in t]
    values = [v for v in values if math.isfinite(v)]
    return (min(values), max(values)) if values else None


# ---- ours


def recordings(quick: bool) -> list[tuple[str, Path, Path]]:
    """Recordings (name, sound, text) that the styles are measured on: BEAT's own speech, so that B is a twin."""
    folder = real_clips.data_folder() / "beat"
    all_of_them = [
        (
            "beat 0_1_1",
            folder / "2_scott_0_1_1" / "2_scott_0_1_1.flac",
            folder / "2_scott_0_1_1/2_scott_0_1_1.TextGrid",
        ),
        ("beat 0_2_2", folder / "2_scott_0_2_2.flac", folder / "2_scott_0_2_2.TextGrid"),
        ("beat 0_3_3", folder / "2_scott_0_3_3.flac", folder / "2_scott_0_3_3.TextGrid"),
    ]
    return all_of_them[:1] if quick else all_of_them


def perform(style: str, quick: bool, emotion: str = "neutral", body: str | None = None) -> list[Performance]:
    """Performances of one style over recordings and seeds."""
    seeds = (0,) if quick else (0, 1)
    return [
        gengine.animate(sound, emotion, text=text, speaker=style, seed=seed, body=body)
        for _, sound, text in recordings(quick)
        for seed in seeds
    ]


def of_performance(p: Performance) -> Table:
    """Rows of one performance, with coupling where it carries stressed phones and silence where there is any."""
    if p.motion is None:
        raise GengineError("the performance has no motion")
    table = everything(p.motion, [t - p.start for t in accents(p.words)] if p.words.phones else None)
    import soxr

    from gengine.core.audio import SAMPLE_RATE
    from gengine.encoders.prosody import ProsodyEncoder

    encoder = ProsodyEncoder()
    sound = soxr.resample(p.audio.samples, p.audio.rate, SAMPLE_RATE).astype(np.float32)
    curves = [encoder.push(sound), encoder.flush()]
    return {**table, **silence_motion(p.motion, pauses(np.concatenate([c.speech for c in curves]), 100))}


def shuffled(performances: list[Performance]) -> Table:
    """Coupling of each motion with the accents of the others' speech: what no coupling at all scores."""
    tables = []
    for p in performances:
        for other in performances:
            if p.motion is not None and other is not p and other.audio.samples.shape != p.audio.samples.shape:
                tables.append(measure(p.motion, accents(other.words)))
    if not tables and performances:  # one recording only: the same speech half a clip later
        p = performances[0]
        assert p.motion is not None
        tables.append(measure(p.motion, [(t + p.duration / 2) % p.duration for t in accents(p.words)]))
    return {k: v for k, v in mean(tables).items() if k.startswith("coupling")}


def controls(p: Performance) -> dict[str, Table]:
    """A static pose (the first frame held) and the mean pose."""
    assert p.motion is not None
    m = p.motion
    average = m.rotations.mean(0)
    average /= np.linalg.norm(average, axis=-1, keepdims=True)
    poses = {"static": m.rotations[0], "mean": average}
    return {
        name: everything(Motion(m.skeleton, np.repeat(pose[None], len(m), 0), np.repeat(m.root[:1], len(m), 0), m.fps))
        for name, pose in poses.items()
    }


# ---- printing


def verdict(value: float, limits: tuple[float, float] | None) -> str:
    """ "." inside, "<0.3" or ">0.3" outside by that many widths of the span, "" where there is nothing to compare."""
    if limits is None or not math.isfinite(value):
        return ""
    low, high = limits
    width = max(high - low, 0.1 * max(abs(low), abs(high)), 1e-9)
    if low - 1e-9 <= value <= high + 1e-9:
        return "."
    return f"<{(low - value) / width:.1f}" if value < low else f">{(value - high) / width:.1f}"


def widened(limits: tuple[float, float] | None, share: float = 0.2) -> tuple[float, float] | None:
    """A span stretched by a share of its values' size."""
    if limits is None:
        return None
    room = share * max(abs(limits[0]), abs(limits[1]))
    return limits[0] - room, limits[1] + room


NOT_JUDGED = ("coupling_n", "coupling_p", "coupling_lag", "limits_", "depth_", "slide_", "joint_speed_max",
              "joint_acceleration_max", "wrist_jump_max", "silence_", "speech_speed", "feet_", "rest_")  # fmt: skip
"""Rows without a verdict: counts, and safety, where less is better and benchmarks/recordings.py judges."""


def number(value: float | None) -> str:
    """Three significant digits."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def show(columns: dict[str, Table], samples: dict[str, list[Table]], extra: dict[str, Table] | None = None) -> dict:
    """Print the table; returns counts of rows inside the span per column of ours."""
    ours = [c for c in columns if c not in real_clips.SOURCES]
    extra = extra or {}
    keys = list(dict.fromkeys(k for c in ("B", "Z", *ours) for k in columns.get(c, {})))
    head = f"{'row':26s}{'unit':7s}" + "".join(f"{c:>9s}" for c in real_clips.SOURCES) + f"{'span':>16s}"
    head += "".join(f"{c[:9]:>10s}{'':6s}" for c in ours) + "".join(f"{c:>9s}" for c in extra)
    print(head)
    counts = {c: {"inside": 0, "like": 0, "rows": 0, "out": []} for c in ours}
    for key in keys:
        limits = span(key, samples)
        line = f"{key:26s}{describe(key)[0]:7s}"
        line += "".join(f"{number(columns[c].get(key)):>9s}" for c in real_clips.SOURCES)
        line += f"{number(limits[0]) + '..' + number(limits[1]) if limits else '-':>16s}"
        for c in ours:
            value = columns[c].get(key, math.nan)
            judged = "" if key.startswith(NOT_JUDGED) else verdict(value, limits)
            line += f"{number(value):>10s} {judged:5s}"
            if judged:
                own = verdict(value, widened(span(key, samples, STYLES.get(c))))
                counts[c]["rows"] += 1
                counts[c]["inside"] += judged == "."
                counts[c]["like"] += own in (".", "")
                if judged != ".":
                    counts[c]["out"].append(f"{key} {judged}")
        line += "".join(f"{number(t.get(key)):>9s}" for t in extra.values())
        print(line)
    print()
    for c in ours:
        model = STYLES.get(c)
        like = f", {counts[c]['like']} like {model} ({real_clips.SOURCES[model]})" if model else ""
        print(f"{c}: {counts[c]['inside']} of {counts[c]['rows']} rows within the span of real clips{like}")
        if counts[c]["out"]:
            print("   outside: " + ", ".join(counts[c]["out"]))
    return counts


def show_published(columns: dict[str, Table]) -> int:
    """Print measured against published values of the real clips; returns how many differ by more than 12 %."""
    print(f"{'row':26s}" + "".join(f"{c:>10s}{'published':>11s}{'':4s}" for c in "SBZ"))
    far = 0
    for key, values in real_clips.PUBLISHED.items():
        line = f"{key:26s}"
        for c, value in zip("SBZ", values, strict=True):
            mine = columns[c].get(key)
            off = value is not None and mine is not None and abs(mine - value) > 0.12 * abs(value) + 0.012
            far += off
            line += f"{number(mine):>10s}{number(value):>11s}{' *' if off else '':4s}"
        print(line)
    print(f"\n{far} values differ by more than 12 %. Units of S are medians of short clips here and pooled there.")
    return far


def show_left_out(columns: dict[str, Table], samples: dict[str, list[Table]]) -> None:
    """Print how many rows a real clip has inside the span of the others: what the verdict is worth."""
    for name in "SBZ":
        others = {k: v for k, v in samples.items() if k != name}
        judged = [verdict(v, span(k, others)) for k, v in columns[name].items() if not k.startswith(NOT_JUDGED)]
        judged = [v for v in judged if v]
        print(
            f"{name} left out: {sum(v == '.' for v in judged)} of {len(judged)} rows within the span of the other two"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one recording and one seed per style")
    parser.add_argument("--real", action="store_true", help="real clips only, beside the published values")
    parser.add_argument("--controls", action="store_true", help="add a static pose and the mean pose")
    parser.add_argument("--emotion", default="neutral")
    parser.add_argument("--body", help="body network: choreographer, camn, or a checkpoint's folder")
    parser.add_argument("--performance", metavar="NPZ", help="measure this performance instead of ours")
    parser.add_argument("--bvh", metavar="FILE", help="measure this motion instead of ours")
    parser.add_argument("--json", metavar="FILE", help="also write everything here")
    options = parser.parse_args()
    try:
        columns, samples = real()
        if options.real:
            show_published(columns)
            show_left_out(columns, samples)
            return 0
        extra: dict[str, Table] = {}
        if options.performance:
            columns[Path(options.performance).stem] = of_performance(Performance.load(options.performance))
        elif options.bvh:
            from gengine.formats.bvh_reader import read_bvh

            columns[Path(options.bvh).stem] = everything(read_bvh(options.bvh))
        else:
            for style in STYLES:
                performances = perform(style, options.quick, options.emotion, options.body)
                columns[style] = mean(of_performance(p) for p in performances)
                if style == "conversational":
                    extra["other"] = shuffled(performances)
                    if options.controls:
                        extra |= controls(performances[0])
        counts = show(columns, samples, extra)
    except GengineError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        limits = {k: span(k, samples) for k in columns["B"]}
        content = {"columns": {**columns, **extra}, "span": limits, "counts": counts}
        Path(options.json).write_text(json.dumps(content, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
