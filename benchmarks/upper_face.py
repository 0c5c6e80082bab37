"""Upper faces and heads as networks move them beside real ones: can a judge tell them apart, and where do they differ?

    python benchmarks/upper_face.py --films runs/captured               rules and a2m
    python benchmarks/upper_face.py --films runs/captured --face runs/upper/best --seeds 3

Films are performances (.npz) captured from films of 3 s (``gengine.training.grid_faces``). A judge, a logistic
regression over what a take does (energies of brows, squint and head by band, largest speeds, blinks, glances, and how
all that goes with loudness, pitch and the end of speech), learns to tell real takes from made ones on films whose names
do not end in _held, and is asked about those that do: an area under the curve (AUC) of .5 means that it cannot.
Networks know the sound alone, and how far brows and head of that person go and how often the person blinks (traits, set
on the films that the judge learns from). Sizes equalled: every curve is divided by its own deviation, so that only how
it moves is judged.

Controls: real films beside others, a real take over another film's sound, a face that holds still, and real takes that
tremble. Beside them: band energies, blinks a minute, and how much a drawn face changes where only the sound does, the
draw being the same.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import detrend

from gengine.core.audio import AudioClip
from gengine.core.conditions import Conditions
from gengine.core.face import FaceTrack
from gengine.core.noise import generator, stable_seed
from gengine.core.speaker import Speaker, Traits
from gengine.data.faces import FaceCorpus, FaceRecording
from gengine.hearing import hear_recording
from gengine.network_run import run_network
from gengine.networks.a2m.upper_face import BROWS, HEAD, MOVES, RATE
from gengine.registry import build
from gengine.training.upper_face_examples import TREMBLE, eye_events, upper_moves

Array = NDArray[np.float64]

BANDS = ((0.0, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 8.0))
"""Hz."""
FLOOR = 1e-4
"""Added to deviations (weights, rad) before their logarithm."""
LAGS = (-6, 0, 6)
"""Frames of RATE by which movement follows the voice."""
SHRINK = 3.0
"""Weight of the judge's squared coefficients beside its loss, per standardised feature."""
AT_CAMERA = 0.97
"""Share of the time that someone who is filmed looks ahead."""
FEW = 24
"""Films on which a speaker's traits are set, and on which the sound is swapped."""
SHAKE = 0.5
"""Deviation of the trembling control's noise, in those of movement from frame to frame."""


@dataclass(frozen=True, eq=False)
class Take:
    """A face as it is judged: moves (T, 6), events (T, 2) and gaze places, over loudness, pitch and speech (T,)."""

    moves: Array
    events: NDArray[np.bool_]
    gaze: Array
    sound: Array

    def of(self, sound: Array) -> Take:
        return replace(self, sound=sound)


def take(face: FaceTrack, sound: Array, tremble: float = 0.0) -> Take:
    """``tremble``: a capture's own, which is filtered away as it was before anything learned from it, s."""
    count = min(int(face.duration * RATE), len(sound))
    events, places = eye_events(face)
    spread = places.std(0)[:2] if len(places) > 1 else np.zeros(2)
    return Take(upper_moves(face, tremble)[:count], events[:count], spread, sound[:count])


def heard(conditions: Conditions) -> Array:
    times = np.arange(int(conditions.hop_end * RATE)) / RATE
    return np.stack([conditions.curve(name, times) for name in ("level", "pitch", "speech")], 1)


def bands(moves: Array) -> Array:
    """Deviation of each move by band, (4, 6)."""
    power = np.abs(np.fft.rfft(detrend(moves, axis=0) * np.hanning(len(moves))[:, None], axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(moves), 1 / RATE)
    scale = 2 / (len(moves) * (np.hanning(len(moves)) ** 2).sum())
    return np.stack([np.sqrt(power[(hertz >= a) & (hertz < b)].sum(0) * scale) for a, b in BANDS])


def together(a: Array, b: Array) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if min(a.std(), b.std()) > 1e-9 else 0.0


def features(t: Take, equalled: bool) -> Array:
    moves = detrend(t.moves, axis=0)  # films of 3 s show nothing of what is slower
    if equalled:
        moves = moves / (moves.std(0) + FLOOR)
    speed = np.diff(moves, axis=0)
    level, pitch, speech = t.sound.T
    found = [np.log(bands(moves) + FLOOR).reshape(-1), np.abs(speed).max(0) / (speed.std(0) + FLOOR)]
    stir = np.stack([np.abs(speed[:, part]).mean(1) for part in (BROWS, HEAD)], 1)
    for lag in LAGS:
        late, now = (slice(lag, None), slice(None, -lag)) if lag > 0 else (slice(None, lag or None), slice(-lag, None))
        found.append([together(stir[late, k], level[1:][now][: len(stir[late])]) for k in range(2)])
        found.append(
            [together(moves[late, k], curve[now][: len(moves[late])]) for k in (0, 3) for curve in (level, pitch)]
        )
    spoken = np.flatnonzero(speech > 0.5)
    begin, end = (spoken[0], spoken[-1]) if len(spoken) else (0, len(speech) - 1)
    said = np.zeros(len(stir), bool)
    said[begin:end] = True
    found.append([math.log((stir[said, k].mean() + FLOOR) / (stir[~said, k].mean() + FLOOR))
                  if said.any() and not said.all() else 0.0 for k in range(2)])  # fmt: skip
    close, glance = t.events.T
    at = np.arange(len(close))
    near_end = np.abs(at - end) < 0.6 * RATE
    found.append(
        [
            close.sum(),
            glance.sum(),
            close[near_end].sum(),
            glance[near_end].sum(),
            close[said[: len(close)].nonzero()[0]].sum(),
        ]
    )
    if not equalled:
        found.append(np.log(t.gaze + FLOOR))
    return np.concatenate([np.asarray(f, float).reshape(-1) for f in found])


class Judge:
    """Logistic regression on features and their squares, fitted by Newton's method."""

    def __init__(self, real: Array, made: Array) -> None:
        x = np.concatenate([real, made])
        self._mean, self._spread = x.mean(0), x.std(0) + 1e-9
        rows, goal = self._rows(x), np.repeat([1.0, 0.0], [len(real), len(made)])
        weight = np.where(goal > 0, len(goal) / (2 * len(real)), len(goal) / (2 * len(made)))
        self._w = np.zeros(rows.shape[1])
        ridge = SHRINK * np.eye(len(self._w))
        ridge[-1, -1] = 1e-6
        for _ in range(12):
            p = 1 / (1 + np.exp(-rows @ self._w))
            slope = rows.T @ (weight * (p - goal)) + ridge @ self._w
            self._w -= np.linalg.solve((rows * (weight * p * (1 - p) + 1e-9)[:, None]).T @ rows + ridge, slope)

    def _rows(self, x: Array) -> Array:
        z = np.clip((x - self._mean) / self._spread, -4, 4)
        return np.concatenate([z, z**2 - 1, np.ones((len(z), 1))], 1)

    def __call__(self, x: Array) -> Array:
        return self._rows(x) @ self._w


def auc(real: Array, made: Array) -> float:
    """How often a real one is judged the realer of two."""
    return float(np.mean((real[:, None] > made[None]) + 0.5 * (real[:, None] == made[None])))


def judged(real: dict[bool, list[Take]], made: dict[bool, list[Take]]) -> str:
    out = []
    for equalled in (False, True):
        rows = {kind: {held: np.stack([features(t, equalled) for t in side[held]]) for held in (False, True)}
                for kind, side in (("real", real), ("made", made))}  # fmt: skip
        judge = Judge(rows["real"][False], rows["made"][False])
        scores = judge(rows["real"][True]), judge(rows["made"][True])
        rng = generator("judge", equalled)
        draws = [auc(*(rng.choice(s, len(s)) for s in scores)) for _ in range(200)]
        out.append(f"{auc(*scores):.2f} ± {np.std(draws):.2f}")
    return " | ".join(out)


def sizes(takes: Sequence[Take]) -> tuple[float, float, float]:
    """Deviations of brows and head, and blinks a minute."""
    spread = np.sqrt(np.mean([detrend(t.moves, axis=0).var(0) for t in takes], 0))
    seconds = sum(len(t.moves) for t in takes) / RATE
    return (
        float(spread[BROWS].mean()),
        float(spread[HEAD].mean()),
        60 * sum(t.events[:, 0].sum() for t in takes) / seconds,
    )


def told(network: object, films: list[tuple[FaceRecording, Conditions]], goal: tuple[float, ...]) -> Speaker:
    """The speaker with whose traits a network's brows and head go as far, and blink as often, as ``goal``."""
    traits = Traits(gaze=AT_CAMERA)
    for _ in range(2):
        own = sizes([made(network, c, Speaker("film", traits), k) for k, (_, c) in enumerate(films)])
        ratio = [min(max(g / max(o, 1e-6), 0.1), 5) for g, o in zip(goal, own, strict=True)]
        traits = replace(
            traits, brow=traits.brow * ratio[0], head=traits.head * ratio[1], blink=traits.blink * ratio[2]
        )
    return Speaker("film", traits)


def made(network: object, conditions: Conditions, speaker: Speaker, seed: int, sound: Array | None = None) -> Take:
    parts = list(run_network(network, replace(conditions, speaker=speaker), seed))  # type: ignore[arg-type]
    face = FaceTrack(*(np.concatenate([getattr(p, k) for p in parts]) for k in FaceTrack.ARRAYS), parts[0].fps)
    return take(face, heard(conditions) if sound is None else sound)


def silent(recording: FaceRecording) -> Conditions:
    audio = recording.performance.audio
    return hear_recording(replace(recording.performance, audio=AudioClip(0 * audio.samples, audio.rate)), hears=False)


def changes(network: object, films: list[tuple[FaceRecording, Conditions]], speaker: Speaker) -> str:
    """How far moves differ where only the sound does, in deviations of the moves."""
    rows: dict[str, list[float]] = {"another film's sound": [], "silence": [], "another seed": []}
    others = films[1:] + films[:1]
    for k, ((recording, own), (_, other)) in enumerate(zip(films, others, strict=True)):
        base = made(network, own, speaker, k).moves
        spread = base.std(0).mean()
        for name, c, seed in (
            ("another film's sound", other, k),
            ("silence", silent(recording), k),
            ("another seed", own, k + 999),
        ):
            moves = made(network, c, speaker, seed).moves
            count = min(len(moves), len(base))
            apart = (base[:count] - base[:count].mean(0)) - (moves[:count] - moves[:count].mean(0))
            rows[name].append(float(np.sqrt((apart**2).mean(0)).mean() / spread))
    return ", ".join(f"{name} {np.mean(v):.2f}" for name, v in rows.items())


def trembling(t: Take, *key: object) -> Take:
    shake = SHAKE * np.diff(t.moves, axis=0).std(0)
    return replace(t, moves=t.moves + shake * generator("tremble", *key).standard_normal(t.moves.shape))


def controls(real: dict[bool, list[Take]]) -> None:
    first, second = ({held: side[k::2] for held, side in real.items()} for k in (0, 1))
    print(f"| other real takes | {judged(first, second)} |")
    swapped, still, shaken = ({}, {}, {})
    for held, side in real.items():
        pairs = zip(side, side[1:] + side[:1], strict=True)
        swapped[held] = [t.of(o.sound[: len(t.moves)]) for t, o in pairs if len(o.sound) >= len(t.moves)]
        still[held] = [replace(t, moves=0 * t.moves, events=t.events & False, gaze=0 * t.gaze) for t in side]
        shaken[held] = [trembling(t, held, k) for k, t in enumerate(side)]
    print(f"| real takes over another film's sound | {judged(real, swapped)} |")
    print(f"| a face that holds still | {judged(real, still)} |")
    print(f"| real takes that tremble | {judged(real, shaken)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="folder of captured performances")
    parser.add_argument("--face", default="a2m", help="the drawn face: a name or a checkpoint's folder")
    parser.add_argument("--seeds", type=int, default=2, help="draws of every film")
    args = parser.parse_args()
    films: dict[bool, list[tuple[FaceRecording, Conditions]]] = {False: [], True: []}
    for recording in FaceCorpus(args.films):
        conditions = hear_recording(recording.performance, hears=False)
        films[recording.name.endswith("_held")].append((recording, conditions))
    real = {held: [take(r.face, heard(c), TREMBLE) for r, c in side] for held, side in films.items()}
    goal = sizes(real[False])
    print(f"{len(real[False])} films to learn from, {len(real[True])} held out")
    print("\n| beside real held-out takes | AUC as it is | AUC, sizes equalled |\n|---|---|---|")
    controls(real)
    table: dict[str, list[Take]] = {"real": real[True]}
    notes = []
    for name in ("visemes", args.face):
        network = build("face network", name)
        speaker = told(network, films[False][:FEW], goal)
        takes = {held: [made(network, c, speaker, stable_seed(r.name, seed) % 2**31)
                        for r, c in side for seed in range(args.seeds)] for held, side in films.items()}  # fmt: skip
        print(f"| {name[-24:]} | {judged(real, takes)} |", flush=True)
        table[name] = takes[True]
        notes.append(f"{name[-24:]} changes by (in its deviations): {changes(network, films[True][:FEW], speaker)}")
    shown = ("brow_inner", "pitch", "yaw")
    print("\n| held out | " + " | ".join(f"{m} {a:g}-{b:g} Hz" for m in shown for a, b in BANDS), end="")
    print(" | blinks/min | glances/min |\n|" + "---|" * 15)
    for name, takes in table.items():
        energy = np.sqrt(np.mean([bands(t.moves) ** 2 for t in takes], 0))
        energy[:, HEAD] = np.degrees(energy[:, HEAD])
        rates = sum(t.events.sum(0) for t in takes) / (sum(len(t.moves) for t in takes) / RATE / 60)
        values = [energy[b, MOVES.index(m)] for m in shown for b in range(len(BANDS))]
        print(f"| {name[-24:]} | " + " | ".join(f"{v:.3f}" for v in values) + f" | {rates[0]:.0f} | {rates[1]:.0f} |")
    print("\n" + "\n".join(notes))


if __name__ == "__main__":
    main()
