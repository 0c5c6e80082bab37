"""Speed and memory of the main path: `python benchmarks/speed.py` prints one table (add --long for hours of sound).

All times are processor seconds of one thread, so that other work on the machine matters less; compare them with the
first row, the FFT and mel bands alone, measured in the same run. Generation is audio to Performance in memory,
without import, drawing or files; the median of several runs after a warm-up. What is cold is a process of its own
over the whole `gengine animate` command, and memory is its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from gengine import EngineConfig, Session, animate
from gengine.checkpoint import shared_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.encoders.attentive_phones import HOP, MARGIN
from gengine.encoders.logmel import MelBlocks
from gengine.encoders.phones import CHECKPOINT
from gengine.encoders.speech_encoder import ROW
from gengine.inputs.audio import load_audio

SPEECH = Path(__file__).parents[1] / "demos" / "speech.wav"
TEXT = SPEECH.with_suffix(".txt")
WATCH = """
import os, sys
_, status, used = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Starts a process and prints its seconds and peak: Linux counts a process's starter in that peak, so a small one."""


def timed(function, runs: int) -> float:
    function()
    taken = []
    for _ in range(runs):
        began = time.process_time()
        function()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def row(what: str, value: str, target: str, good: bool) -> None:
    print(f"{what:<58} {value:>14} {target:>14}  {'PASS' if good else 'MISS'}")


def process(bytecode: str, *arguments: str) -> tuple[float, float, dict]:
    """Processor seconds, peak MB and the report of one `gengine` process.

    Modules are compiled into the folder ``bytecode`` once, as pip compiles what it installs.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = bytecode
    done = subprocess.run(
        [sys.executable, "-c", WATCH, sys.executable, "-m", "gengine", *arguments],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    report = json.loads(done.stdout) if "--json" in arguments else {}
    seconds, kilobytes = map(float, done.stderr.splitlines()[-1].split())
    return seconds, kilobytes / 1024, report


def live(samples: np.ndarray, rate: int) -> None:
    """A stream that comes in pieces of 20 ms."""
    session, step = Session(emotion="happy", rate=rate), rate // 50
    for at in range(0, len(samples), step):
        session.push(samples[at : at + step])
    session.flush()


def hearing_products(runs: int) -> float:
    """How often real time the phone network would be heard if only the matrix products of its layers took time."""
    config, further = shared_checkpoint(CHECKPOINT)
    _, tensors = shared_checkpoint(config["encoder"])
    weights = [
        np.ascontiguousarray(t.T, np.float32)
        for name, t in (tensors | further).items()
        if name.startswith("layer") and t.ndim == 2
    ]
    stretches = {w.shape[0]: np.ones((HOP + 2 * MARGIN, w.shape[0]), np.float32) for w in weights}
    took = timed(lambda: [stretches[w.shape[0]] @ w for w in weights], 4 * runs)
    return HOP * ROW / SAMPLE_RATE / took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--long", action="store_true", help="also hours of sound (some eight minutes)")
    options = parser.parse_args()
    print(f"{'measure':<58} {'value':>14} {'target':>14}")

    clip = load_audio(SPEECH)
    alone = clip.duration / timed(lambda: animate(clip, "happy"), options.runs)
    row("generation from sound alone", f"{alone:.0f} x", ">= 100 x", alone >= 100)
    row("matrix products of its phone network alone", f"{hearing_products(options.runs):.0f} x", "-", True)
    small = EngineConfig(phones="phones-v1")
    quick = clip.duration / timed(lambda: animate(clip, "happy", config=small), options.runs)
    row("… with phones by the small network (phones-v1)", f"{quick:.0f} x", ">= 100 x", quick >= 100)
    floor = clip.duration / timed(lambda: MelBlocks().push(clip.samples), options.runs)
    row("FFT and mel bands alone", f"{floor:.0f} x", "-", True)
    minute = 60 / clip.duration * timed(lambda: live(clip.samples, clip.rate), options.runs)
    row("live, pushes of 20 ms: a minute", f"{minute:.1f} s", "<= 2.5 s", minute <= 2.5)
    aligned = clip.duration / timed(lambda: animate(clip, "happy", text=TEXT), options.runs)
    row("generation with forced alignment", f"{aligned:.0f} x", ">= 15 x", aligned >= 15)

    with tempfile.TemporaryDirectory() as folder:
        import soundfile

        command = partial(process, f"{folder}/bytecode")
        command("--help")  # compiles
        helps = statistics.median(command("--help")[0] for _ in range(options.runs))
        row("gengine --help", f"{helps:.2f} s", "< 0.5 s", helps < 0.5)
        short = Path(folder) / "short.wav"
        soundfile.write(short, clip.samples[: round(1.2 * clip.rate)], clip.rate)
        first = min(
            command("animate", str(short), "--formats", "bvh", "--out", f"{folder}/first")[0]
            for _ in range(1 + options.runs)  # the first compiles
        )
        row("first result of a 1.2 s clip, cold", f"{first:.2f} s", "<= 0.7 s", first <= 0.7)
        seconds, memory, report = command("animate", str(SPEECH), "--json", "--out", f"{folder}/out")
        what = f"{report['audio_seconds']:.0f} s to the default files with preview, cold"
        row(what, f"{seconds:.1f} s, {memory:.0f} MB", "<= 3 s", seconds <= 3)
        if options.long:
            long = Path(folder) / "hour.flac"
            hour = np.tile(clip.samples, round(3600 / clip.duration))
            soundfile.write(long, hour, clip.rate)
            seconds, memory, report = command(
                "animate", str(long), "--json", "--out", f"{folder}/long", "--formats", "bvh,csv,npz"
            )
            speed = report["audio_seconds"] / seconds
            row("60 min to bvh,csv,npz", f"{speed:.0f} x, {memory:.0f} MB", ">= 30 x", speed >= 30)
            seconds, memory, report = command("animate", str(long), "--json", "--out", f"{folder}/all")
            row("60 min to the default files", f"{seconds / 60:.1f} min, {memory:.0f} MB", "<= 5 min", seconds <= 300)
            words = Path(folder) / "hour.txt"
            words.write_text("\n".join([TEXT.read_text("utf-8").strip()] * round(3600 / clip.duration)), "utf-8")
            seconds, memory, report = command(
                "animate", str(long), "--text", str(words), "--json", "--out", f"{folder}/said", "--formats",
                "bvh,csv,npz",
            )  # fmt: skip
            speed = report["audio_seconds"] / seconds
            row(
                "60 min with a transcript to bvh,csv,npz", f"{speed:.0f} x, {memory:.0f} MB", "<= 400 MB", memory <= 400
            )


if __name__ == "__main__":
    main()
