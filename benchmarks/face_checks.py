"""Every check of a talking face, PASS or FAIL, beside its controls.

    python benchmarks/face_checks.py performance.npz ...      measure saved performances
    python benchmarks/face_checks.py --data ljspeech          animate the reference recordings and measure
        --source text|sound     phones from the TextGrid, or heard from the sound alone
        --emotion neutral|all|anger,...   at strength 1
        --controls              also a static face, ours 300 ms late, and human-made curves (FACEGOOD)
        --limit 10              the first recordings only
        --config live --set latency=0.35    as a live session makes it

A row fails where its value leaves the limits; with several emotions one line per row shows all of them, a
star where one fails. Exit status 1 if a row of a face (not of a control) fails.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import real_clips
import soundfile
import soxr
from syllables import phones_of

import gengine
from gengine.config import EngineConfig, load_config
from gengine.core.audio import SAMPLE_RATE
from gengine.core.emotion import EMOTIONS
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.performance import Performance
from gengine.core.words import Phone
from gengine.encoders.prosody import ProsodyEncoder
from gengine.errors import GengineError
from gengine.metrics.face import ROWS, FaceClip, Measured, measure, viseme_confusion


def prosody(samples: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Energy (dBFS) and voice activity at 100 Hz."""
    encoder = ProsodyEncoder()
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32)
    parts = [encoder.push(samples), encoder.flush()]
    return np.concatenate([p.energy for p in parts]), np.concatenate([p.speech for p in parts])


def clip_of(performance: Performance, phones: tuple[Phone, ...] | None = None) -> FaceClip:
    """A performance's face with its own phones, or with better known ones."""
    if performance.face is None:
        raise GengineError("this performance holds no face")
    energy, _ = prosody(performance.audio.samples, performance.audio.rate)
    if phones is None:
        phones = performance.words.shift(-performance.start).phones
    return FaceClip(performance.face, phones, energy)


def animated(folder: Path, source: str, emotion: str, limit: int | None, config: EngineConfig) -> list[FaceClip]:
    """Every recording of ``folder`` with a TextGrid, each with its own seed, measured against the TextGrid."""
    clips = []
    sounds = {p.stem: p for p in folder.rglob("*.flac")}
    for seed, grid in enumerate(sorted(folder.rglob("*.TextGrid"))[:limit]):
        text = grid if source == "text" else None
        made = gengine.animate(sounds[grid.stem], emotion, text=text, seed=seed, config=config)
        clips.append(clip_of(made, tuple(phones_of(grid))))
    return clips


def static(clips: list[FaceClip]) -> list[FaceClip]:
    """The same speech under a face at rest."""
    return [replace(c, face=_like(c.face, np.zeros_like(c.face.weights))) for c in clips]


def late(clips: list[FaceClip], seconds: float = 0.3) -> list[FaceClip]:
    """The same faces ``seconds`` too late."""
    out = []
    for c in clips:
        by = round(seconds * c.face.fps)
        out.append(replace(c, face=_like(c.face, np.roll(c.face.weights, by, axis=0))))
    return out


def _like(face: FaceTrack, weights: np.ndarray) -> FaceTrack:
    still = not weights.any()
    head = np.tile(np.float32([1, 0, 0, 0]), (len(face), 1)) if still else face.head
    return FaceTrack(weights, head, np.zeros_like(face.gaze) if still else face.gaze, face.fps)


def human(folder: Path) -> list[FaceClip]:
    """FACEGOOD's human-made mouth curves; without phones, so only the rows of the lip band and movement count."""
    names = json.loads((folder / "names.json").read_text("utf-8"))
    names = list(names)
    rows = list(csv.DictReader((folder / "arkit_map.csv").read_text("utf-8").splitlines()))
    by_lower = {n.lower(): n for n in ARKIT_NAMES}
    clips = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as data:
            curves, fps = data["weights"], float(data["fps"])
        weights = np.zeros((len(curves), len(ARKIT_NAMES)), np.float32)
        for row in rows:
            if row["status"] == "valid":
                text = row["facegood"]
                parts = text[4:-1].split(",") if text.startswith("max(") else [text]
                columns = [names.index(p.strip()) for p in parts]
                weights[:, ARKIT_INDEX[by_lower[row["arkit"].lower()]]] = curves[:, columns].max(axis=1)
        samples, rate = soundfile.read(path.with_suffix(".flac"), dtype="float32")
        energy, speech = prosody(samples, rate)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], speech > 0.5, [0]]))).reshape(-1, 2) / 100
        phones = tuple(Phone("spn", float(a), float(b)) for a, b in edges)
        head = np.tile(np.float32([1, 0, 0, 0]), (len(weights), 1))
        face = FaceTrack(np.clip(weights, 0, 1), head, np.zeros((len(weights), 2), np.float32), fps)
        clips.append(FaceClip(face, phones, energy))
    return clips


def table(columns: dict[str, dict[str, Measured]]) -> int:
    """Print every row; how many (row, column) pairs fail."""
    single = len(columns) == 1
    failures = 0
    print(f"{'':22s}" + "".join(f"{name[:9]:>10s}" for name in columns) + "   limits")
    for name, row in ROWS.items():
        cells = ""
        for values in columns.values():
            m = values[name]
            ok = m.within(row.low, row.high)
            failures += not ok
            cells += f"{m.value:9.3g}" + (" " if ok else "*")
        limits = f"{row.low:g}..{row.high:g} {row.unit}"
        if single:
            (m,) = (values[name] for values in columns.values())
            verdict = "PASS" if m.within(row.low, row.high) else "FAIL"
            print(f"{name:22s}{cells}   {limits:22s} n {m.n:6d}  {verdict}  {row.meaning}")
        else:
            print(f"{name:22s}{cells}   {limits}")
    return failures


def columns_of(arguments: argparse.Namespace) -> Iterator[tuple[str, list[FaceClip]]]:
    """(name, clips) of everything that was asked for."""
    for path in arguments.performances:
        yield Path(path).parent.name or Path(path).stem, [clip_of(gengine.load(path))]
    if arguments.data:
        folder = real_clips.data_folder() / arguments.data
        emotions = EMOTIONS if arguments.emotion == "all" else arguments.emotion.split(",")
        for emotion in emotions:
            config = load_config(EngineConfig, arguments.config, arguments.set)
            yield emotion, animated(folder, arguments.source, emotion, arguments.limit, config)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("performances", nargs="*", help="performance.npz files")
    parser.add_argument("--data", help="folder of the reference recordings with TextGrids, e.g. ljspeech")
    parser.add_argument("--source", choices=("text", "sound"), default="text")
    parser.add_argument("--emotion", default="neutral")
    parser.add_argument("--config", help="an engine configuration, e.g. live")
    parser.add_argument("--set", action="append", help="key=value of it, e.g. latency=0.3")
    parser.add_argument("--controls", action="store_true")
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    if not arguments.performances and not arguments.data:
        parser.error("give performance.npz files or --data ljspeech")
    warnings.simplefilter("ignore")
    measured: dict[str, dict[str, Measured]] = {}
    first: list[FaceClip] = []
    for name, clips in columns_of(arguments):
        first = first or clips
        measured[name] = measure(clips)
    failures = table(measured)
    names, confusion = viseme_confusion(first)
    print("\nlip reading of " + next(iter(measured)) + " (rows said, columns seen, %)")
    for name, row in zip(names, 100 * confusion, strict=True):
        print(f"  {name:12s}" + "".join(f"{v:6.0f}" for v in row))
    if arguments.controls:
        print("\ncontrols (a star is a control doing what it should: failing)")
        controls = {"static": measure(static(first)), "300 ms": measure(late(first))}
        facegood = real_clips.data_folder() / "facegood"
        if facegood.is_dir():
            controls["human"] = measure(human(facegood))
        table(controls)
    print(f"\n{failures} of {len(ROWS) * len(measured)} checks fail")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
