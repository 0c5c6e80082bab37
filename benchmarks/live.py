"""What live costs and loses: ages of frames, the body's listening, interruptions, processor time a session.

    python benchmarks/live.py ages                   ages of frames in sound time, share of a core, sessions per core
    python benchmarks/live.py body                   strokes near accents above chance and wrist speed, beside offline
    python benchmarks/live.py interrupt              six interruptions: new frames, lips, hands
    python benchmarks/live.py ceiling                what look-ahead allows: words told late, accents guessed by rhythm
    python benchmarks/live.py                        all of it
        --hop 0.1 --latency 0.4     instead of the bundled configuration "live"
        --seeds 2                   takes of each recording

The face's checks are ``face_checks.py --source sound --config live``. Ages count from a frame's moment to the sound
pushed when it was handed out, sound coming in pieces of 20 ms; time to compute comes on top (``push``, in real ms).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gesture_table
import numpy as np

import gengine
from gengine.config import EngineConfig, load_config
from gengine.core.lips import SealModel
from gengine.core.performance import Performance
from gengine.core.words import Word, WordTrack
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio
from gengine.inputs.text import read_text
from gengine.metrics.limbs import Body
from gengine.metrics.speech_coupling import WINDOW_S, coupling
from gengine.session import Session

SPEECH = Path(__file__).parents[1] / "demos" / "speech.wav"
STEP = 320
"""Samples of a push: 20 ms."""
CUTS = (1.4, 2.9, 4.3, 6.1, 8.2, 10.4)
"""Seconds of the demo's speech at which it is broken off."""
AHEAD = 2.0
"""Seconds before its sound that a word is said."""
TELLINGS = (
    ("2 s before their sound", 2.0, False), ("sentences as they begin", 0.0, False), ("each as it begins", 0.0, True),
)  # fmt: skip
"""How words become known: name, seconds before their sound, and whether each comes alone."""
EARLIEST = 0.6
"""Seconds after an accent's onset at which a stroke that it calls for can be at its height: its vowel (.2) and the
syllable encoder's wait (.3) less the look-ahead (.3), and a stroke (.4)."""


def ages(config: EngineConfig) -> None:
    """Ages of the first and of each frame, and what a session costs."""
    clip = load_audio(SPEECH)
    session = Session(emotion="happy", config=config)
    firsts, each, took = [], [], []
    began = time.process_time()
    for k in range(0, len(clip.samples), STEP):
        pushed = time.process_time()
        part = session.push(clip.samples[k : k + STEP])
        if part is not None and part.face is not None:
            took.append(1000 * (time.process_time() - pushed))
            now = min(k + STEP, len(clip.samples)) / clip.rate
            moments = part.start + np.arange(len(part.face)) / part.face.fps
            firsts.append(now - moments[0])
            each += (now - moments).tolist()
    share = (time.process_time() - began) / clip.duration
    print(f"latency {session.latency:.2f} s, hop {config.hop:g} s: face and body come together")
    for what, values in (("first frame of a hop", firsts), ("every frame", each)):
        p50, p99 = np.percentile(values, [50, 99])
        print(f"  age of the {what:22s} p50 {p50:.3f} s   p99 {p99:.3f} s   first of all {values[0]:.3f} s")
    p50, p99 = np.percentile(took, [50, 99])
    print(f"  a push that makes a hop           p50 {p50:.1f} ms   p99 {p99:.1f} ms of a core")
    print(f"  share of a core {100 * share:.1f} %: {1 / share:.1f} sessions in real time")
    stages = ", ".join(f"{name} {100 * seconds / clip.duration:.1f} %" for name, seconds in session.seconds.items())
    print(f"  of that by the clock: {stages}")
    began = time.process_time()
    twins = [session.fork() for _ in range(20)]
    print(f"  a fork {1000 * (time.process_time() - began) / len(twins):.1f} ms")


def live_take(
    clip, words: WordTrack | None, config: EngineConfig, seed: int, ahead: float = AHEAD, single: bool = False
) -> Performance:
    """A recording as a stream; ``words`` are said ``ahead`` s before their sound, sentences at once or each alone."""
    settings = config.model_copy(update={"hears": words is None})
    session = Session(seed=seed, config=settings)
    said, parts = 0, []
    for k in range(0, len(clip.samples), STEP):
        while words is not None and said < len(words.words) and words.words[said].start <= k / clip.rate + ahead:
            sentence = _sentence(words, said, session.time, single)
            said += len(sentence.words)
            session.say(sentence.shift(-session.time))
        parts.append(session.push(clip.samples[k : k + STEP]))
    parts.append(session.flush())
    return Performance.join([p for p in parts if p is not None])


def _sentence(words: WordTrack, first: int, now: float, single: bool) -> WordTrack:
    """The words from number ``first`` on that are said together: up to a pause of .3 s, or that one alone."""
    last = first + 1
    while not single and last < len(words.words) and words.words[last].start - words.words[last - 1].end < 0.3:
        last += 1
    chosen: tuple[Word, ...] = words.words[first:last]
    inside = tuple(p for p in words.phones if p.start >= chosen[0].start - 0.01 and p.end <= chosen[-1].end + 0.01)
    keep = tuple(w for w in chosen if w.start >= now) or chosen
    return WordTrack(keep if len(keep) == len(chosen) else chosen, inside, words.language, "given")


def body(config: EngineConfig, seeds: int) -> None:
    """Listening and liveliness of the body, live and offline."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for _, sound, text in gesture_table.recordings(False):
        clip = load_audio(sound)
        words, _ = align(clip, read_text(text))
        onsets = gesture_table.accents(words)
        for seed in range(seeds):
            takes = {
                "offline, transcript": gengine.animate(clip, text=text, seed=seed),
                "live, words ahead": live_take(clip, words, config, seed),
                "offline, sound": gengine.animate(clip, words="none", seed=seed),
                "live, sound": live_take(clip, None, config, seed),
            }
            for name, take in takes.items():
                assert take.motion is not None
                limbs = Body(take.motion)
                rows.setdefault(name, []).append((coupling(limbs, onsets)["coupling_gain"], float(limbs.speed.mean())))
    print(f"{'':22s}{'above chance':>14s}{'SE':>8s}{'wrist speed':>14s}")
    for name, values in rows.items():
        gains, speeds = np.array(values).T
        error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.nan
        print(f"{name:22s}{gains.mean():+14.3f}{error:8.3f}{speeds.mean():9.1f} cm/s")


def ceiling(config: EngineConfig, seeds: int) -> None:
    """What can be met of accents that are known late: by the body with its words told ever later (each with its own
    sound at last, which no recogniser of sound betters), and by one who guesses the next accent from the rhythm of
    those that were, which needs no body."""
    print(f"{'words are told':36s}{'above chance':>14s}{'SE':>8s}")
    for how, ahead, single in TELLINGS:
        gains = []
        for _, sound, text in gesture_table.recordings(False):
            clip = load_audio(sound)
            words, _ = align(clip, read_text(text))
            for seed in range(seeds):
                take = live_take(clip, words, config, seed, ahead, single)
                assert take.motion is not None
                gains.append(coupling(Body(take.motion), gesture_table.accents(words))["coupling_gain"])
        print(f"{how:36s}{np.mean(gains):+14.3f}{_error(gains):8.3f}", flush=True)
    print(f"\n{'accents guessed from earlier ones':36s}{'above chance':>14s}{'SE':>8s}{'knowing':>9s}{'clips':>7s}")
    folder = gesture_table.real_clips.data_folder()
    corpora = {"BEAT": sorted((folder / "beat").rglob("*.TextGrid")),
               "LJ Speech": sorted((folder / "ljspeech").rglob("*.TextGrid"))}  # fmt: skip
    for name, files in corpora.items():
        for guess in (_usual_interval, _last_interval):
            met = []
            for file in files:
                track = read_text(file, "en").track
                assert track is not None
                onsets = np.array(gesture_table.accents(track))
                if len(onsets) >= 5:
                    met.append(_met(onsets, guess, track.words[-1].end))
            gains, sure = np.array(met).T
            print(f"{name + ', ' + (guess.__doc__ or ''):36s}{gains.mean():+14.3f}{_error(gains):8.3f}"
                  f"{sure.mean():+9.3f}{len(met):7d}")  # fmt: skip


def _usual_interval(onsets: np.ndarray) -> float:
    """usual interval"""
    return float(np.median(np.diff(onsets)))


def _last_interval(onsets: np.ndarray) -> float:
    """last interval"""
    return float(onsets[-1] - onsets[-2])


def _met(onsets: np.ndarray, guess: Callable[[np.ndarray], float], seconds: float) -> tuple[float, float]:
    """Share of accents guessed from those before within ``WINDOW_S``, less what they meet in shifted speech; and what
    that would be for who knows them."""
    guesses = []
    for k in range(2, len(onsets)):
        step = max(guess(onsets[:k]), 0.05)
        guesses.append(onsets[k - 1] + step * max(1, np.ceil(EARLIEST / step - 1e-9)))
    near = [np.abs(np.subtract.outer(guesses, np.sort((onsets + shift) % seconds))).min(1) <= WINDOW_S
            for shift in (0.0, *np.linspace(1.0, max(seconds - 1.0, 1.1), 100))]  # fmt: skip
    return float(near[0].mean() - np.mean(near[1:])), float(1 - np.mean(near[1:]))


def _error(values: Any) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def interrupt(config: EngineConfig) -> None:
    """Speech broken off: time to new frames, to shut lips and still hands, and the largest steps."""
    clip, lips = load_audio(SPEECH), SealModel.ict()
    print(f"{'cut':>6s}{'new frames':>12s}{'lips shut':>11s}{'hands still':>13s}{'lip step':>10s}{'speech p99':>12s}")
    for cut in CUTS:
        session = Session(seed=round(10 * cut), speaker="orator", config=config)
        ahead = round(min(cut + config.hop + (config.latency or 0) + 1.0, clip.duration) * clip.rate)
        made = [session.push(clip.samples[k : k + STEP]) for k in range(0, ahead, STEP)]
        whole = Performance.join([p for p in made if p])
        began = time.process_time()
        at = session.interrupt(cut)
        parts = [session.push(np.zeros(round(config.hop * clip.rate), np.float32))]
        came = time.process_time() - began
        parts += [session.push(np.zeros(3 * clip.rate, np.float32))]
        rest = Performance.join([p for p in parts if p])
        assert whole.face and rest.face and rest.motion
        kept = round(at * whole.face.fps)
        gap = lips.gap_mm(np.concatenate([whole.face.weights[:kept], rest.face.weights]))
        step = np.abs(np.diff(gap))
        shut = _last(gap[kept:] > gap[-30:].max() + 0.5) / rest.face.fps + at - cut
        still = _last(Body(rest.motion).speed.max(1) > 10) / rest.motion.fps + at - cut
        usual = np.percentile(step[60:kept], 99) if kept > 120 else np.nan
        largest = step[kept - 1 : kept + 30].max()
        print(f"{cut:5.1f}s{1000 * came:9.0f} ms{shut:9.2f} s{still:11.2f} s{largest:7.1f} mm{usual:9.1f} mm")


def _last(flags: np.ndarray) -> int:
    """Number of frames up to the last that is set."""
    found = np.flatnonzero(flags)
    return int(found[-1]) + 1 if len(found) else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "what", nargs="*", choices=[[], "ages", "body", "interrupt", "ceiling"], help="the first three unless named"
    )
    parser.add_argument("--hop", type=float)
    parser.add_argument("--latency", type=float)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    given = {k: v for k, v in (("hop", options.hop), ("latency", options.latency)) if v is not None}
    config = load_config(EngineConfig, "live").model_copy(update=given)
    warnings.simplefilter("ignore")
    what = options.what or ["ages", "interrupt", "body"]
    if "ages" in what:
        ages(config)
    if "interrupt" in what:
        interrupt(config)
    if "body" in what:
        body(config, options.seeds)
    if "ceiling" in what:
        ceiling(config, options.seeds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
