"""The emotion dial in numbers: response to strength, distinctness, transitions. PASS or FAIL per line.

python benchmarks/dial.py            eight emotions x five strengths over the reference recordings
python benchmarks/dial.py --quick    two recordings, one seed
python benchmarks/dial.py --face a2m the learned face in place of the rules'
python benchmarks/dial.py --faces --face a2m --seeds 1
                                     responses of the face alone, each recording heard once: minutes
python benchmarks/dial.py --seeds 4 --only happiness sadness disgust
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import real_clips

import gengine
from gengine.core.audio import AudioClip
from gengine.core.conditions import ANALYSIS_RATE, Conditions
from gengine.core.emotion import BEAT_EMOTIONS, EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.performance import Performance
from gengine.core.words import WordTrack
from gengine.emotion import parse_emotion
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.inputs.audio import load_audio
from gengine.metrics.dial import (
    BODY_MEASURES,
    FACE_MEASURES,
    SIGNATURE,
    Jump,
    Response,
    distinctness,
    jumps,
    measure_dial,
    measure_face,
    responses,
)
from gengine.networks.base import MotionNetwork
from gengine.registry import build

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
NEEDED_ACCURACY = {"face": 0.9, "body": 0.6, "both": 0.9}
"""Of eight emotions (chance 12.5 %). A classifier reads held-out real BEAT bodies at 64 % (metrics.md)."""

HIGHEST_JUMP = 1.25
"""Fastest speed after a cut over the fastest of the same emotions held steady; above it a viewer sees a jump."""


def recordings(quick: bool) -> list[Path]:
    """Five short real recordings: LJ Speech and a president."""
    folder = real_clips.data_folder()
    names = ("LJ001-0001.wav", "jfk.flac", "LJ001-0004.wav", "LJ001-0002.wav", "LJ001-0008.wav")
    files = [folder / "speech" / name for name in names]
    return files[:2] if quick else files


def take(path: Path, emotion: str, strength: float, seed: int, face: str | None = None) -> dict[str, float]:
    """Measures of one animated recording."""
    return measure_dial(gengine.animate(path, f"{emotion}:{strength}", seed=seed, face=face))


def felt(emotion: str, strength: float, duration: float) -> EmotionTrack:
    """One emotion for ``duration`` s."""
    times = np.arange(int(duration * ANALYSIS_RATE) + 1) / ANALYSIS_RATE
    weights, vad, _ = parse_emotion(emotion, strength)(times)
    return EmotionTrack(weights, vad, ANALYSIS_RATE)


def face_take(heard: Conditions, emotion: str, strength: float, seed: int, network: MotionNetwork) -> dict[str, float]:
    """Measures of the face alone over a recording that was heard before, a hop a second."""
    duration = heard.known_until
    known, state = replace(heard, emotion=felt(emotion, strength, duration)), network.start(heard.speaker, seed)
    hops = [replace(known, hop_start=t, hop_end=t + 1.0) for t in np.arange(int(duration))]
    parts = [network.generate(hop, state) for hop in hops]
    weights, head, gaze = (np.concatenate([getattr(p, k) for p in parts]) for k in ("weights", "head", "gaze"))
    return measure_face(FaceTrack(weights, head, gaze, network.spec.fps))


def face_responses(files: list[Path], face: str, seeds: int, emotions: Iterable[str]) -> int:
    """Print what the faces of ``files`` make of every emotion's strength; returns how many measures fail."""
    network: MotionNetwork = build("face network", face)
    failed = 0
    sounds = [load_audio(path) for path in files]
    all_heard = [hear_recording(Performance(s, WordTrack(), felt("neutral", 1.0, s.duration))) for s in sounds]
    print(f"Response of the face {face}: mean over {len(files)} recordings x {seeds} seeds at strengths {STRENGTHS}")
    for emotion in emotions:
        print(emotion)
        tables = [
            [face_take(heard, emotion if k else "neutral", k or 1.0, s, network) for k in STRENGTHS]
            for heard in all_heard
            for s in range(seeds)
        ]
        passed, total = show_response([r for r in responses(emotion, STRENGTHS, tables) if r.measure in FACE_MEASURES])
        failed += total - passed
    return failed


def show_response(found: list[Response]) -> tuple[int, int]:
    """Print one emotion's signature; returns passed and all."""
    passed = total = 0
    for r in sorted(found, key=lambda r: (r.sign == 0, -abs(r.rho))):
        if r.sign == 0:
            continue
        total += 1
        passed += r.passed
        steps = " ".join(f"{v:8.3f}" for v in r.values)
        sign, good = "+" if r.sign > 0 else "-", "PASS" if r.passed else "FAIL"
        print(f"  {r.measure:11s} {sign} rho {r.rho:+.2f} ({r.each:+.2f})  {steps}  {good}")
    free = [r for r in found if r.sign == 0 and abs(r.rho) >= 0.8]
    if free:
        print("  also: " + ", ".join(f"{r.measure} {r.change:+.3f}" for r in free))
    return passed, total


def cut_jumps(
    source: Path | AudioClip, timeline: list[tuple[float, str]], steady: Iterable[str], **options: Any
) -> list[Jump]:
    """Every curve's fastest moment after the cuts of ``timeline``, over its fastest in takes of one emotion each."""
    takes = [gengine.animate(source, emotion, **options) for emotion in steady]
    return jumps(gengine.animate(source, timeline, **options), takes, [at for at, _ in timeline[1:]])


def transitions(path: Path, seed: int, face: str | None = None) -> list[tuple[str, bool, str]]:
    """A timeline that cuts between all eight emotions every 1.2 s, against the steady takes."""
    sound = load_audio(path)
    order = [
        "neutral",
        "anger",
        "happiness",
        "sadness",
        "surprise",
        "contempt",
        "fear",
        "disgust",
        "neutral",
        "happiness",
    ]
    cuts = np.arange(1.2, sound.duration - 1.0, 1.2)
    timeline = [(0.0, order[0]), *((float(t), order[(i + 1) % len(order)]) for i, t in enumerate(cuts))]
    if not len(cuts):
        return []  # too short to be cut
    found = cut_jumps(sound, timeline, BEAT_EMOTIONS, seed=seed, face=face)
    lines = []
    for part in ("face", "joint"):
        of_part = [j for j in found if j.name.startswith(part)]
        worst = of_part[0]
        lines.append(
            (
                f"{path.stem} {part}",
                worst.ratio <= HIGHEST_JUMP,
                f"worst {worst.name} x{worst.ratio:.2f} at {worst.time:.2f} s",
            )
        )
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two recordings, one seed")
    parser.add_argument("--face", help="face network: a name or a checkpoint's folder (default: the engine's)")
    parser.add_argument("--seeds", type=int, default=2, help="takes of each recording (default 2)")
    parser.add_argument("--faces", action="store_true", help="the responses of faces alone, made without bodies")
    parser.add_argument("--only", nargs="+", choices=tuple(SIGNATURE), help="the responses of these emotions alone")
    parser.add_argument("--json", metavar="FILE", help="also write all numbers here")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        files = recordings(options.quick)
        seeds = range(1 if options.quick else options.seeds)
        if options.faces:
            found = face_responses(files, options.face or "visemes", len(seeds), options.only or SIGNATURE)
            print(f"\n{found} FAIL" if found else "\nall PASS")
            return 1 if found else 0
        failed = 0
        full: dict[str, dict[str, list[dict[str, float]]]] = {}
        everything: dict[str, object] = {}
        neutral = {(f, s): take(f, "neutral", 1.0, s, options.face) for f in files for s in seeds}
        full["neutral"] = {f.stem: [neutral[f, s] for s in seeds] for f in files}
        print(f"Response: mean over {len(files)} recordings x {len(seeds)} seeds at strengths {STRENGTHS}")
        for emotion in options.only or SIGNATURE:
            tables = [
                [neutral[f, s], *(take(f, emotion, k, s, options.face) for k in STRENGTHS[1:])]
                for f in files
                for s in seeds
            ]
            full[emotion] = {
                f.stem: [tables[i * len(seeds) + j][-1] for j in range(len(seeds))] for i, f in enumerate(files)
            }
            found = responses(emotion, STRENGTHS, tables)
            print(emotion)
            passed, total = show_response(found)
            failed += total - passed
            everything[emotion] = {r.measure: {"rho": r.rho, "values": r.values} for r in found}
        if options.only:
            return 1 if failed else 0
        print("\nDistinctness at strength 1, leaving one recording out (chance 12.5 %)")
        face, body = tuple(FACE_MEASURES), tuple(BODY_MEASURES)
        for name, measures in (("face", face), ("body", body), ("both", face + body)):
            d = distinctness(full, measures)
            a, b, least = d.closest()
            good = d.accuracy >= NEEDED_ACCURACY[name] and least >= 2
            failed += not good
            print(
                f"  {name:5s} {100 * d.accuracy:5.1f} %  closest {a} - {b} d' {least:.1f}  {'PASS' if good else 'FAIL'}"
            )
            everything[f"distinctness_{name}"] = {"accuracy": d.accuracy, "confusion": d.confusion.tolist()}
            for i, e in enumerate(d.names):
                wrong = [
                    (d.names[j], d.confusion[i, j]) for j in range(len(d.names)) if j != i and d.confusion[i, j] > 0
                ]
                if wrong:
                    print(f"        {e} read as " + ", ".join(f"{n} {100 * v:.0f} %" for n, v in wrong))
        print("\nTransitions: an emotion cut every 1.2 s, fastest speeds over the fastest of steady takes")
        for file in files:
            for name, good, text in transitions(file, 0, options.face):
                failed += not good
                print(f"  {name:24s} {text}  {'PASS' if good else 'FAIL'}")
        print(f"\n{failed} FAIL" if failed else "\nall PASS")
    except GengineError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        Path(options.json).write_text(json.dumps(everything, indent=1), "utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
