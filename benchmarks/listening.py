"""Does the body listen? One seed over other sounds, silence and speakers, and a listener who is shown two sounds.

    python benchmarks/listening.py                         choreographer and CaMN
    python benchmarks/listening.py --systems choreographer
    python benchmarks/listening.py --systems "camn, equal noise"
    python benchmarks/listening.py --checkpoint runs/camn/best
Needs the reference recordings (GENGINE_DATA) and, for CaMN, the extra camn. BEAT's speaker was never trained on.

Rows. *other sound*: distance of both wrists (cm, from between the shoulders) of eight recordings' takes at one seed, at
the same time over at random times: 1 where a take has nothing of the others', near 0 where the noise alone decides.
*silence*: wrist speed in 20 s of silence over that in speech. *other speaker*: the same distance between five speakers
of one recording. *pauses*: wrist speed in the sound's pauses over that in its speech. *strokes on stress*: share of
movement units within 150 ms of a stressed vowel beyond shifted speech. *picked*: a ridge regression hears level, speech
and accents from 1 s before to 1 s after and learns how fast the system's hands are on two of three recordings; of two
sounds of 10 s from the third it picks the one that a motion was made for (chance .5), by the correlation of what it
expects with what the hands do. Each beside its error over takes.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
from gesture_table import accents, recordings
from numpy.typing import NDArray

import gengine
from gengine.core.noise import generator
from gengine.core.performance import Performance
from gengine.hearing import hear_recording
from gengine.metrics.limbs import Body
from gengine.metrics.speech_coupling import coupling
from gengine.networks.camn.stroke_plan import StrokePlanner

Array = NDArray[np.float64]

EQUAL = "camn, equal noise"
"""CaMN whose noise belongs to the seed and the time alone, so that only what it hears can tell two takes apart."""
SYSTEMS = ("choreographer", "camn", EQUAL)
STYLES = ("storyteller", "conversational", "orator")
SPEAKERS = ("conversational", "orator", "alma", "kira", "wayne")
PARTS = [(recording, start) for recording in range(3) for start in (0, 20, 40)][:8]
"""Recording and first second of the eight sounds of 20 s."""
PART, WINDOW, STEP = 20.0, 10.0, 5.0
RATE = 15.0
"""Hz of what the listener hears and sees."""
REACH = 15
"""Frames to either side that it hears."""
RIDGE = 30.0
"""Of its regression, on rows of unit variance (judgement)."""
PAUSE = 0.35
"""Seconds of silence that count as a pause."""


def take(recording: int, body: str, style: str, seed: int, part: tuple[float, float] | None = None) -> Performance:
    """A neutral take of a BEAT recording or of a part of it (s)."""
    _, sound, text = recordings(quick=False)[recording]
    start, end = part or (None, None)
    return gengine.animate(sound, text=text, speaker=style, seed=seed, body=body, start=start, end=end)


def wrists(p: Performance) -> Array:
    """Both wrists' places ``(T, 2, 3)`` cm from between the shoulders."""
    assert p.motion is not None
    body = Body(p.motion.resample(RATE))
    return body.seen(body.both("wrist"))


def speeds(p: Performance) -> Array:
    """Mean speed of both wrists ``(T,)`` cm/s at ``RATE``."""
    assert p.motion is not None
    body = Body(p.motion)
    speed = body.speed.mean(1)
    times = np.arange(int(len(speed) / body.fps * RATE)) / RATE
    return np.interp(times, np.arange(len(speed)) / body.fps, speed)


def apart(places: list[Array], rng: np.random.Generator) -> tuple[float, float]:
    """Mean distance of pairs at the same and at random times, cm."""
    length = min(len(p) for p in places)
    same, other = [], []
    for a, b in itertools.combinations(places, 2):
        a, b = a[:length], b[:length]
        same.append(np.linalg.norm(a - b, axis=-1).mean())
        other.append(np.linalg.norm(a - b[rng.permutation(length)], axis=-1).mean())
    return float(np.mean(same)), float(np.mean(other))


def heard(p: Performance) -> Array:
    """What the listener hears at every frame ``(T, 3 (2 REACH + 1))``: level, speech and accents around it."""
    c = hear_recording(p)
    times = np.arange(int(p.duration * RATE)) / RATE
    pulses = np.zeros(len(times))
    for s in c.syllables:
        if s.prominence >= 0.5:
            pulses += np.exp(-0.5 * ((times - s.onset) / 0.06) ** 2)
    rows = np.stack([c.curve("level", times), c.curve("speech", times), pulses], 1)
    rows = (rows - rows.mean(0)) / (rows.std(0) + 1e-6)
    padded = np.pad(rows, ((REACH, REACH), (0, 0)))
    return np.concatenate([padded[i : i + len(rows)] for i in range(2 * REACH + 1)], 1)


def pause_ratio(p: Performance, speed: Array) -> float:
    """Mean speed in pauses of at least ``PAUSE`` s over that in speech."""
    c = hear_recording(p)
    times = np.arange(len(speed)) / RATE
    silent = c.curve("speech", times) < 0.5
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(int), [0]])))
    paused = np.zeros(len(speed), bool)
    for a, b in edges.reshape(-1, 2):
        paused[a:b] = b - a >= PAUSE * RATE
    return float(speed[paused].mean() / speed[~silent].mean())


def picked(takes: list[tuple[int, Array, Array]]) -> list[float]:
    """Share of pairs in which the listener picks the right sound, for each take ``(recording, heard, speeds)``."""
    shares = []
    whole = {recording: rows for recording, rows, _ in takes}
    for recording, _, speed in takes:
        train = [(r, s) for other, r, s in takes if other != recording]
        x = np.concatenate([r[: len(s)] for r, s in train])
        y = np.concatenate([_scaled(s[: len(r)]) for r, s in train])
        ridge = x.T @ x + RIDGE * len(train) * np.eye(x.shape[1])
        weights = np.linalg.solve(ridge, x.T @ y)
        windows = [(r, a) for r in whole for a in np.arange(0, len(whole[r]) - WINDOW * RATE + 1, STEP * RATE)]
        expects = {w: whole[w[0]][int(w[1]) : int(w[1] + WINDOW * RATE)] @ weights for w in windows}
        right = []
        for own in (w for w in windows if w[0] == recording):
            did = np.log(speed[int(own[1]) : int(own[1] + WINDOW * RATE)] + 5)
            if len(did) < WINDOW * RATE:
                continue
            fits = {w: np.corrcoef(e, did)[0, 1] for w, e in expects.items()}
            # Windows that overlap the right one hold a part of it.
            others = [w for w in windows if w[0] != own[0] or abs(w[1] - own[1]) >= WINDOW * RATE]
            right += [float(fits[own] > fits[w]) for w in others]
        shares.append(float(np.mean(right)))
    return shares


def _scaled(speed: Array) -> Array:
    lively = np.log(speed + 5)
    return (lively - lively.mean()) / (lively.std() + 1e-6)


def measure(body: str, seeds: range) -> dict[str, list[float]]:
    """All rows of one system, each a list over styles and seeds."""
    rng = generator(0, "listening")
    rows: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        rows.setdefault(name, []).append(value)

    heard_of = {r: heard(take(r, "choreographer", "conversational", 0)) for r in range(3)}
    for style in STYLES:
        for seed in seeds:
            whole = [take(r, body, style, seed) for r in range(3)]
            pace = [speeds(p) for p in whole]
            for p, speed in zip(whole, pace, strict=True):
                add("pauses ÷ speech", pause_ratio(p, speed))
                assert p.motion is not None
                add("strokes on stress", coupling(Body(p.motion), accents(p.words))["coupling_gain"])
            for share in picked([(r, heard_of[r], pace[r]) for r in range(3)]):
                add("picked of two sounds", share)
            parts = [take(r, body, style, seed, (at, at + PART)) for r, at in PARTS]
            same, other = apart([wrists(p) for p in parts], rng)
            add("other sound, same time, cm", same)
            add("other sound ÷ random times", same / other)
            quiet = gengine.animate(np.zeros(round(PART * 16000), np.float32), rate=16000, text="none", speaker=style,
                                    seed=seed, body=body)  # fmt: skip
            add("silence ÷ speech", float(speeds(quiet)[30:].mean() / np.mean([speeds(p).mean() for p in parts])))
    for seed in seeds:
        said = [take(0, body, speaker, seed, (0.0, PART)) for speaker in SPEAKERS]
        same, other = apart([wrists(p) for p in said], rng)
        add("other speaker ÷ random times", same / other)
    return rows


@contextmanager
def equal_noise() -> Iterator[None]:
    """Noise that does not belong to the plan."""
    own = StrokePlanner.key
    StrokePlanner.key = property(lambda self: (0, 0))  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        StrokePlanner.key = own  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--checkpoint", default="camn", help="a CaMN's checkpoint in place of the bundled one")
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    for system in args.systems:
        body = system if system == "choreographer" else args.checkpoint
        with equal_noise() if system == EQUAL else nullcontext():
            rows = measure(body, range(args.seeds))
        print(f"\n{system}")
        for name, values in rows.items():
            error = np.std(values) / max(len(values) - 1, 1) ** 0.5
            print(f"  {name:32} {np.mean(values):7.3f} ± {error:.3f}  ({len(values)} takes)")


if __name__ == "__main__":
    main()
