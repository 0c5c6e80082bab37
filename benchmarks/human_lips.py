"""Our lips against real ones: how far they part, moment by moment, beside what is easier.

    python benchmarks/human_lips.py                                    viseme rules and a2m from sound
    python benchmarks/human_lips.py --face runs/a2m/best               another checkpoint beside the rules
    python benchmarks/human_lips.py --films runs/captured              and films that gengine capture has read
    python benchmarks/human_lips.py --halves                           what half a take teaches of its other half
Needs the reference recordings (GENGINE_DATA).

References. FACEGOOD: curves made by people for one Mandarin speaker; the two takes that no network of ours learned
from. Films: performances (.npz) captured from films, of which those named *_held are read. Words are given to nobody.

Rows: r and mean error (mm) of the lips' gap; size, deviation over the reference's; lag (ms) of the best correlation.
Controls: loudness fitted to the reference itself, a mean face, the same face five seconds late, our face for another
recording, our face for silence of that length. ``--halves`` (extra train) tells how much the sound can tell: a network
learns from one half of a take, the very speaker in the very style, and is asked about the other, before the seal.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import gengine
from gengine.core.audio import AudioClip
from gengine.core.face import FaceTrack
from gengine.core.lips import SealModel
from gengine.core.performance import Performance
from gengine.data import facegood
from gengine.inputs.audio import load_audio

Array = NDArray[np.float64]

HELD = ("1114_2_04", "1114_3_15")
RATE = 30.0
LATE = 5.0
"""Seconds by which the late control comes late."""
LAGS = range(-6, 7)
"""Frames that are tried for the best correlation."""
SEAL = SealModel.ict()


def gap_of(face: FaceTrack, count: int) -> Array:
    """Gap of the lips ``(count,)`` mm at ``RATE``."""
    gap = np.maximum(SEAL.gap_mm(face.weights), 0)
    return np.interp(np.arange(count) / RATE, np.arange(len(gap)) / face.fps, gap)


def references(data: Path, films: Path | None) -> Iterator[tuple[str, str, AudioClip, Array]]:
    """Set, name, sound and true gap at ``RATE``."""
    for name in HELD:
        path = data / "facegood" / f"{name}.npz"
        face = facegood.read_face(path)
        yield f"FACEGOOD {name}", name, load_audio(path.with_suffix(".flac")), gap_of(face, len(face))
    for path in sorted(films.glob("*_held.npz")) if films else ():
        p = Performance.load(path)
        if p.face is not None:
            yield "films", path.stem, p.audio, gap_of(p.face, int(p.face.duration * RATE))


def loudness(sound: AudioClip, count: int) -> Array:
    """Level of the sound ``(count,)``, log10 of the rms."""
    step = sound.rate / RATE
    edges = np.round(np.arange(count + 1) * step).astype(int)
    return np.array([np.log10(np.sqrt(np.mean(sound.samples[a:b] ** 2)) + 1e-4) if b <= len(sound.samples) and b > a
                     else -4.0 for a, b in zip(edges, edges[1:], strict=False)])  # fmt: skip


def row(made: Array, true: Array) -> str:
    """r, error, size and lag of a curve."""
    if made.std() < 1e-6:
        return f"     –  {np.abs(made - true).mean():6.2f}      –      –"
    r = np.corrcoef(made, true)[0, 1]
    fits = {k: np.corrcoef(made[max(k, 0) : len(made) + min(k, 0)], true[max(-k, 0) : len(true) - max(k, 0)])[0, 1]
            for k in LAGS}  # fmt: skip
    lag = max(fits, key=fits.__getitem__) / RATE * 1000
    return f"{r:6.2f}  {np.abs(made - true).mean():6.2f} {made.std() / true.std():6.2f} {lag:6.0f}"


def halves(data: Path) -> None:
    """r and error (mm) of the gap in each half of the held takes, after training on its other half."""
    from gengine.checkpoint import load_checkpoint
    from gengine.training.a2m_task import A2mTraining

    for name in HELD:
        path = data / "facegood" / f"{name}.npz"
        with np.load(path, allow_pickle=False) as file:
            curves = file["weights"]
        sound = load_audio(path.with_suffix(".flac"))
        middle = len(curves) // 2
        cut = round(middle * sound.rate / facegood.FPS)
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made) / "halves"
            folder.mkdir()
            for table in (facegood.MAP, facegood.NAMES):
                shutil.copy(path.parent / table, folder)
            for half, frames, samples in (("a", curves[:middle], sound.samples[:cut]),
                                          ("b", curves[middle:], sound.samples[cut:])):  # fmt: skip
                np.savez(folder / f"{half}.npz", weights=frames)
                soundfile.write(folder / f"{half}.flac", samples, sound.rate)
            for held in "ab":
                settings = A2mTraining(data=[folder], cache=Path(made), held=[held], steps=1000)
                config, _ = load_checkpoint(settings.run(Path(made) / f"run-{held}") / "best")
                best = config["trained"]["best"]
                print(f"{name}, half {held} by the other: r {best['lip_r']:.2f}, {best['lip_error']:.2f} mm, "
                      f"loudness r {best['loudness_r']:.2f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("GENGINE_DATA", beside)))
    parser.add_argument("--films", type=Path, help="folder of captured performances")
    parser.add_argument("--face", default="a2m", help="the learned face: a name or a checkpoint's folder")
    parser.add_argument("--halves", action="store_true", help="train on half of each held take, measure on the other")
    args = parser.parse_args()
    if args.halves:
        halves(args.data)
        return
    found: dict[str, list[tuple[AudioClip, Array]]] = {}
    for kind, _, sound, gap in references(args.data, args.films):
        found.setdefault(kind, []).append((sound, gap))
    for kind, items in found.items():
        true = np.concatenate([gap for _, gap in items])
        print(f"\n{kind}: {len(items)} recordings, {len(true) / RATE:.0f} s      r      mm   size    lag")
        for system in ("visemes", args.face):
            made = []
            for sound, gap in items:
                face = gengine.animate(sound, words="none", face=system).face
                assert face is not None
                made.append(gap_of(face, len(gap)))
            print(f"  {system[-24:]:28} {row(np.concatenate(made), true)}")
        late = [np.roll(curve, round(LATE * RATE)) for curve in made]
        other = [np.resize(curve, len(gap)) for curve, (_, gap) in zip(made[1:] + made[:1], items, strict=True)]
        print(f"  {'… five seconds late':28} {row(np.concatenate(late), true)}")
        if len(items) > 1:
            print(f"  {'… of another recording':28} {row(np.concatenate(other), true)}")
        sound = items[0][0]
        silent = gengine.animate(AudioClip(0 * sound.samples, sound.rate), words="none", face=args.face).face
        assert silent is not None
        still = gap_of(silent, len(items[0][1]))
        print(f"  {'… of silence, gap mm':28} {still.mean():6.2f}")
        level = np.concatenate([loudness(sound, len(gap)) for sound, gap in items])
        print(f"  {'loudness, fitted here':28} {row(np.polyval(np.polyfit(level, true, 1), level), true)}")
        print(f"  {'mean face':28} {row(np.full(len(true), true.mean()), true)}")


if __name__ == "__main__":
    main()
