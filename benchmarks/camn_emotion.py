"""Does a body network answer the emotion dial? The same speech under eight emotions x five strengths, in numbers.

    python benchmarks/camn_emotion.py                          the default network against its teacher
    python benchmarks/camn_emotion.py --body runs/camn/best    a checkpoint's folder, or a registered name
    python benchmarks/camn_emotion.py --quick                  two recordings, a smaller reader

Recordings are the held-out ones of the synthetic corpus: no network that it trained has heard them. PASS or MISS:

1. Readable. A linear discriminant reader sees the teacher's body alone (other recordings, speakers and seeds,
   4 s windows, strength 1; posture, place, size and dynamics of the movement, no head, which comes from the face)
   and then reads the network: whole takes (the windows of 12 s together) and single windows.
2. Monotone. Rank correlation of the requested strength, 0 (neutral) to 1, with the expression, the place along
   the reader's line from neutral (0) to the teacher's full emotion (1): of every take alone, averaged, and of
   the means over takes; it must also grow by half of the teacher's. ``signs`` is the mean correlation of
   gengine.metrics.dial's own signature of the emotion.
3. Coupling. The share of speed peaks within 150 ms of an accent above chance, pooled over takes at strength 0.6
   and more, and movement units per second, beside neutral's. Teachers slow down in sadness too: it stands beside.
4. Transition. Neutral cuts to anger half-way; every joint but the neck's against its fastest in steady takes.
   (A speed above the neutral clip's 99th percentile is what one frame in a hundred of that clip has itself.)
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from dial import HIGHEST_JUMP, cut_jumps
from real_clips import data_folder

from gengine.config import EngineConfig
from gengine.core.audio import AudioClip
from gengine.core.emotion import BEAT_EMOTIONS
from gengine.core.performance import Performance
from gengine.core.words import WordTrack
from gengine.data.recordings import Recording, SpeechClip, recordings
from gengine.data.synthesis import load_take, split_of
from gengine.errors import GengineError
from gengine.metrics.dial import BODY_MEASURES, measure_body, responses
from gengine.metrics.evaluation import TEACHER, label, speech_of
from gengine.metrics.limbs import Body
from gengine.metrics.readability import Reader, Reading, body_features, readability, windows
from gengine.metrics.speech_coupling import coupling
from gengine.session import Session

SECONDS = 12.0
WINDOW = 4.0
STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
EMOTIONAL = BEAT_EMOTIONS[1:]
CORPORA = ("ljspeech", "kathleen", "librispeech")
TRAINING = ("alma", "bela", "cato", "dora", "emil", "finn", "gala", "hedy", "ivo", "jona", "kira", "leon", "mona",
            "wayne", "solomon", "miranda")  # fmt: skip
TESTED = ("conversational", "orator", "storyteller", "scott", "carla", "lu")
"""Speakers whom the reader sees, and others that it reads."""

NEEDED_ACCURACY = 0.9
NEEDED_RHO = (0.9, 0.7)
"""Mean over emotions, and the least of any."""
LEAST_SPAN = 0.5
"""Expression from strength 0 to 1, of the teacher's: ranks alone call a dial that moves by a hundredth perfect."""
LARGEST_LOSS = 0.05
"""Coupling above chance that an emotion may cost where two standard errors do not explain it."""
LOUD = 0.6
NEUTRAL_SEEDS = 3
"""Neutral takes of a recording: as many as an emotion has at ``LOUD`` and more, since all are compared with it."""
NECK = ("joint.Neck", "joint.Neck1", "joint.Head")


@dataclass(frozen=True)
class Job:
    """One recording under emotions at strengths, by every one of ``bodies``."""

    recording: Recording
    speaker: str
    seed: int
    bodies: tuple[str, ...]
    strengths: tuple[float, ...]
    whole: bool
    """Measure everything, not only the reader's features."""


@dataclass(frozen=True)
class Take:
    """Measures of one performance."""

    body: str
    recording: str
    emotion: str
    strength: float
    seed: int
    windows: list[dict[str, float]]
    dial: dict[str, float]
    coupling: dict[str, float]


def speech(data: Path | None, folder: Path, count: int, heard: int) -> tuple[list[Recording], list[Recording]]:
    """``count`` held-out recordings to test on and ``heard`` others for the reader, of at least 12 s.

    Without reference recordings espeak-ng and flite speak, and the demo's own speech is tested too.
    """
    if data is None:
        voices = recordings("spoken", folder)
        demo = SpeechClip(Path(__file__).parents[1] / "demos" / "speech.wav", SECONDS)
        test = [Recording("demos/speech", "demos", "demo", (demo,)), *voices[:: len(voices) // 5]]
        rest = [v for v in voices if v not in test]
        return test[:count], rest[:heard]
    found = [r for name in CORPORA if (data / name).is_dir() for r in recordings(data / name)]
    long = [r for r in found if r.seconds >= SECONDS]
    test, rest = ([r for r in long if split_of(r.name) == split] for split in ("test", "train"))
    # One of each corpus first, then the voices of the one with most.
    firsts = [next(r for r in test if r.corpus == c) for c in CORPORA if any(r.corpus == c for r in test)]
    test = [*firsts, *(r for r in reversed(test) if r not in firsts)]
    rest = list(reversed(rest))
    if not test or len(rest) < 2:
        raise GengineError(
            f"{data}: holds too few recordings of {SECONDS:g} s ({len(test)} held out, {len(rest)} others)"
        )
    return test[:count], rest[:heard]


def reference_data(named: str | None) -> Path | None:
    """The folder of reference recordings, None where there is none or the project's own speech is asked for."""
    if named is None:
        try:
            return data_folder()
        except GengineError:
            return None
    if named != "spoken" and not Path(named).is_dir():
        raise GengineError(f"--data {named}: is no folder; give the folder of reference recordings, or 'spoken'")
    return None if named == "spoken" else Path(named)


def load(recording: Recording) -> tuple[AudioClip, WordTrack | None]:
    """Its first 12 s and their words, where they are known."""
    needed, total = 0, 0.0
    while needed < len(recording.clips) and total < SECONDS:
        total += recording.clips[needed].seconds
        needed += 1
    audio, words = load_take(replace(recording, clips=recording.clips[:needed]), [])
    return audio[: round(SECONDS * audio.rate)], words.between(0.0, SECONDS) if words else None


def perform(audio: AudioClip, words: WordTrack | None, emotion: str, speaker: str, seed: int, body: str) -> Performance:
    session = Session(
        emotion=emotion, speaker=speaker, words=words, seed=seed, rate=audio.rate, config=EngineConfig(body=body)
    )
    return Performance.join([p for p in (session.push(audio.samples), session.flush()) if p is not None])


def settings(job: Job) -> list[tuple[str, float, int]]:
    """Emotion, strength and seed of every take; the first neutral one has the seed of the others."""
    seeds = range(job.seed, job.seed + 100 * (NEUTRAL_SEEDS if job.whole else 1), 100)
    return [("neutral", 0.0, seed) for seed in seeds] + [(e, s, job.seed) for e in EMOTIONAL for s in job.strengths]


def study(job: Job) -> tuple[list[Take], dict[str, tuple[str, float]]]:
    """All takes of a recording, and by body the worst joint and ratio of a cut from neutral to anger."""
    warnings.simplefilter("ignore")
    audio, words = load(job.recording)
    first = perform(audio, words, "neutral", job.speaker, job.seed, TEACHER)
    known = words is not None and bool(words.phones)
    accents = speech_of(first if known else replace(first, words=WordTrack()))[1]
    if not known:  # the phones that the engine hears in it: to hear them once is enough
        words = WordTrack((), first.words.phones, "en", "heard")
    takes, worst = [], {}
    for body in job.bodies:
        for emotion, strength, seed in settings(job):
            asked = emotion if emotion == "neutral" else f"{emotion}:{strength}"
            motion = perform(audio, words, asked, job.speaker, seed, body).motion
            assert motion is not None
            takes.append(
                Take(
                    body, job.recording.name, emotion, strength, seed,
                    [body_features(m) for m in windows(motion, WINDOW)],
                    measure_body(motion) if job.whole else {},
                    coupling(Body(motion), accents) if job.whole else {},
                )
            )  # fmt: skip
        if job.whole:
            timeline = [(0.0, "neutral"), (audio.duration / 2, "anger")]
            jumps = cut_jumps(
                audio, timeline, ("neutral", "anger"), speaker=job.speaker, seed=job.seed,
                config=EngineConfig(body=body),
            )  # fmt: skip
            jump = next(j for j in jumps if j.name.startswith("joint.") and j.name not in NECK)
            worst[body] = (f"{jump.name[6:]} at {jump.time:.2f} s", jump.ratio)
    return takes, worst


def work(jobs: Sequence[Job], processes: int) -> Iterator[tuple[list[Take], dict[str, tuple[str, float]]]]:
    if processes == 1:
        yield from map(study, jobs)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(study, jobs)


# ---- the four questions


def verdict(good: bool, found: list[bool]) -> str:
    found.append(good)
    return "PASS" if good else "MISS"


def readings(reader: Reader, takes: Sequence[Take], strength: float) -> tuple[Reading, Reading]:
    """Of whole takes and of single windows, at a strength; neutral is neutral at any."""
    shown = [t for t in takes if t.strength == strength or t.emotion == "neutral"]
    whole = readability(reader, [t.windows for t in shown], [t.emotion for t in shown])
    parts = [([w], t.emotion) for t in shown for w in t.windows]
    return whole, readability(reader, [w for w, _ in parts], [e for _, e in parts])


def show_readable(reader: Reader, by: dict[str, list[Take]], body: str, found: list[bool]) -> dict[str, Any]:
    print(f"1. Readable: accuracy of 8 emotions, chance {1 / len(reader.names):.3f}")
    print(f"{'':28s}{'strength':>9s}{'12 s takes':>12s}{f'{WINDOW:g} s windows':>13s}{'n takes':>9s}")
    out: dict[str, Any] = {}
    for name, takes in by.items():
        for strength in (1.0, LOUD):
            whole, parts = readings(reader, takes, strength)
            judged = ""
            if name == body and strength == 1.0:
                judged = f"  {verdict(whole.accuracy >= NEEDED_ACCURACY, found)} (target {NEEDED_ACCURACY:g})"
            print(f"  {label(name)[-25:]:26s}{strength:9.1f}{whole.accuracy:12.3f}{parts.accuracy:13.3f}{whole.n:9d}"
                  + judged)  # fmt: skip
            out[f"{label(name)} {strength:g}"] = {
                "takes": whole.accuracy, "windows": parts.accuracy, "n": whole.n,
                "confusion": parts.confusion.tolist(), "names": reader.names,
            }  # fmt: skip
    confusion = readings(reader, by[body], 1.0)[1].confusion
    print(f"  {label(body)}, strength 1, windows: rows shown, columns read, %")
    print(f"  {'':11s}" + "".join(f"{n[:9]:>11s}" for n in reader.names))
    for name, row in zip(reader.names, confusion, strict=True):
        print(f"  {name:11s}" + "".join(f"{100 * x:11.0f}" if x else f"{'.':>11s}" for x in row))
    return out


def show_monotone(reader: Reader, by: dict[str, list[Take]], body: str, found: list[bool]) -> dict[str, Any]:
    asked = (0.0, *sorted({t.strength for t in by[body]} - {0.0}))
    print("\n2. Monotone: expression (0 neutral, 1 the teacher's full emotion) by strength, and rank correlations")
    print(
        f"  {'':11s}"
        + "".join(f"{s:7.1f}" for s in asked)
        + f"{'takes':>8s}{'means':>7s}{'signs':>7s}{'teacher:':>10s}{'at 1':>6s}{'takes':>7s}{'means':>7s}{'signs':>7s}"
    )
    out: dict[str, Any] = {}
    each: list[float] = []
    for emotion in EMOTIONAL:
        cells = {}
        for name, takes in by.items():
            place = {(t.recording, t.emotion, t.strength): t for t in reversed(takes)}
            rows = [
                [place[r, emotion if s else "neutral", s] for s in asked]
                for r in dict.fromkeys(t.recording for t in takes)
            ]
            tables = [
                [t.dial | {"expression": float(reader.expression(t.windows, emotion).mean())} for t in row]
                for row in rows
            ]
            answers = {r.measure: r for r in responses(emotion, asked, tables)}
            signs = [r.sign * r.rho for r in answers.values() if r.sign and r.measure in BODY_MEASURES]
            cells[name] = answers["expression"], float(np.mean(signs)) if signs else np.nan
        shown, signs = cells[body]
        each.append(shown.each)
        line = f"  {emotion:11s}" + "".join(f"{v:7.2f}" for v in shown.values)
        line += f"{shown.each:8.2f}{shown.rho:7.2f}{signs:7.2f}"
        if TEACHER in cells:
            taught, teacher_signs = cells[TEACHER]
            line += f"{'':10s}{taught.values[-1]:6.2f}{taught.each:7.2f}{taught.rho:7.2f}{teacher_signs:7.2f}"
        answers_enough = shown.each >= NEEDED_RHO[1] and shown.change >= LEAST_SPAN
        print(line + f"  {verdict(answers_enough, found)}")
        out[emotion] = {label(n): {"takes": r.each, "means": r.rho, "signs": s, "expression": r.values}
                        for n, (r, s) in cells.items()}  # fmt: skip
    average = float(np.mean(each))
    print(f"  mean {average:.3f} {verdict(average >= NEEDED_RHO[0], found)} (targets: mean {NEEDED_RHO[0]:g}, each of "
          f"7 at least {NEEDED_RHO[1]:g} and from 0 to 1 by at least {LEAST_SPAN:g})")  # fmt: skip
    return out | {"mean": average}


def _pooled(takes: Sequence[Take], emotion: str) -> tuple[float, float, float]:
    """Coupling above chance over all takes, its standard error, and units per second and hand."""
    of = [t for t in takes if t.emotion == emotion and (t.strength >= LOUD or emotion == "neutral")]
    rate = float(np.mean([t.dial["rate"] for t in of]))
    known = [t.coupling for t in of if t.coupling]
    if not known:
        return np.nan, np.nan, rate
    count = np.array([c["coupling_n"] for c in known])
    gain = np.average([c["coupling_gain"] for c in known], weights=count)
    chance = np.average([c["coupling_share"] for c in known], weights=count)
    return float(gain), float(np.sqrt(chance * (1 - chance) / count.sum())), rate


def show_coupling(by: dict[str, list[Take]], body: str, found: list[bool]) -> dict[str, Any]:
    print(
        f"\n3. Coupling: gain over chance (± standard error) and units per second and hand, strength {LOUD:g} and more"
    )
    print(f"  {'':11s}{'gain':>15s}{'to neutral':>15s}{'rate':>8s}{'x neutral':>11s}{'teacher: gain':>18s}"
          f"{'to neutral':>11s}{'rate x':>8s}")  # fmt: skip
    out: dict[str, Any] = {}
    for emotion in BEAT_EMOTIONS:
        gain, error, rate = _pooled(by[body], emotion)
        base, base_error, base_rate = _pooled(by[body], "neutral")
        both = float(np.hypot(error, base_error))
        line = f"  {emotion:11s}{gain:+9.3f} ±{error:.3f}{gain - base:+9.3f} ±{both:.3f}"
        line += f"{rate:8.2f}{rate / base_rate:11.2f}"
        out[emotion] = {"gain": gain, "error": error, "to_neutral": gain - base, "rate": rate}
        if TEACHER in by:
            taught, taught_base = _pooled(by[TEACHER], emotion), _pooled(by[TEACHER], "neutral")
            line += f"{taught[0]:+18.3f}{taught[0] - taught_base[0]:+11.3f}{taught[2] / taught_base[2]:8.2f}"
            out[emotion]["teacher"] = {"gain": taught[0], "rate": taught[2]}
        if emotion != "neutral":
            harmless = not gain - base < -max(LARGEST_LOSS, 2 * both)
            line += f"  {verdict(harmless, found)}"
        print(line)
    return out


def show_transition(worst: dict[str, list[tuple[str, float]]], body: str, found: list[bool]) -> dict[str, Any]:
    print(
        "\n4. Transition: neutral to anger half-way; worst joint over its fastest in steady takes "
        f"(limit {HIGHEST_JUMP:g})"
    )
    for name, jumps in worst.items():
        where, ratio = max(jumps, key=lambda j: j[1])
        judged = f"  {verdict(ratio <= HIGHEST_JUMP, found)}" if name == body else ""
        print(f"  {label(name)[-25:]:26s}x{ratio:.2f} {where}, median of {len(jumps)} recordings "
              f"x{np.median([r for _, r in jumps]):.2f}{judged}")  # fmt: skip
    return {label(n): j for n, j in worst.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--body", default="camn", help="registered network or a checkpoint's folder (default: camn)")
    parser.add_argument("--data", help="reference recordings (default: GENGINE_DATA or ../shared/data; where there "
                        "are none, or with 'spoken', the demo's speech and voices of espeak-ng and flite)")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="two recordings, eight for the reader")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="also write all numbers here")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        Session(config=EngineConfig(body=options.body))  # a wrong name says so at once
        with tempfile.TemporaryDirectory() as folder:
            return measure(options, reference_data(options.data), Path(folder))
    except GengineError as error:
        print(error, file=sys.stderr)
        return 2


def measure(options: argparse.Namespace, data: Path | None, folder: Path) -> int:
    body = options.body
    bodies = tuple(dict.fromkeys((body, TEACHER)))
    test, heard = speech(data, folder, *((2, 8) if options.quick else (6, 16)))
    jobs = [Job(r, TRAINING[i % len(TRAINING)], i, (TEACHER,), (1.0,), False) for i, r in enumerate(heard)]
    jobs += [Job(r, TESTED[i % len(TESTED)], 1000 + i, bodies, STRENGTHS, True) for i, r in enumerate(test)]
    print(
        f"{label(body)} on {', '.join(r.name for r in test)}; the reader has seen the {TEACHER} on {len(heard)} others"
    )
    seen: list[Take] = []
    by: dict[str, list[Take]] = {name: [] for name in bodies}
    worst: dict[str, list[tuple[str, float]]] = {name: [] for name in bodies}
    for done, (job, (takes, jumps)) in enumerate(zip(jobs, work(jobs, options.processes), strict=True), 1):
        print(f"{done} of {len(jobs)}: {job.recording.name}", file=sys.stderr)
        for take in takes:
            (by[take.body] if job.whole else seen).append(take)
        for name, jump in jumps.items():
            worst[name].append(jump)
    reader = Reader.trained([w for t in seen for w in t.windows], [t.emotion for t in seen for _ in t.windows])
    found: list[bool] = []
    content = {
        "body": label(body), "seconds": SECONDS, "window": WINDOW, "recordings": [r.name for r in test],
        "readable": show_readable(reader, by, body, found),
        "monotone": show_monotone(reader, by, body, found),
        "coupling": show_coupling(by, body, found),
        "transition": show_transition(worst, body, found),
    }  # fmt: skip
    missed = found.count(False)
    print(f"\n{missed} MISS of {len(found)}" if missed else f"\nall {len(found)} PASS")
    if options.json:
        Path(options.json).write_text(json.dumps(content | {"passed": not missed}, indent=1) + "\n", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
