"""Speed and memory of the main path: `python benchmarks/speed.py` prints one table (add --long for an hour of sound).

Generation is audio to Performance in memory, without import, drawing or files; the median of several runs after
a warm-up. Memory is the peak of a separate process over the whole `gengine animate` command.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gengine import animate
from gengine.inputs.audio import load_audio

SPEECH = Path(__file__).parents[1] / "demos" / "speech.wav"
TEXT = SPEECH.with_suffix(".txt")


def timed(function, runs: int) -> float:
    function()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        function()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def row(what: str, value: str, target: str, good: bool) -> None:
    print(f"{what:<58} {value:>14} {target:>14}  {'PASS' if good else 'MISS'}")


def command(*arguments: str) -> tuple[float, float, dict]:
    """Seconds, peak MB and the report of one `gengine` process."""
    began = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run([sys.executable, "-m", "gengine", *arguments], capture_output=True, text=True, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    report = json.loads(done.stdout) if "--json" in arguments else {}
    return time.perf_counter() - began, max(before, peak) / 1024, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--long", action="store_true", help="also an hour of sound (about two minutes)")
    options = parser.parse_args()
    print(f"{'measure':<58} {'value':>14} {'target':>14}")
    helps = statistics.median(command("--help")[0] for _ in range(options.runs))
    row("gengine --help", f"{helps:.2f} s", "< 0.5 s", helps < 0.5)

    clip = load_audio(SPEECH)
    alone = clip.duration / timed(lambda: animate(clip, "happy"), options.runs)
    row("generation from sound alone", f"{alone:.0f} x", ">= 40 x", alone >= 40)
    aligned = clip.duration / timed(lambda: animate(clip, "happy", text=TEXT), options.runs)
    row("generation with forced alignment", f"{aligned:.0f} x", ">= 15 x", aligned >= 15)

    with tempfile.TemporaryDirectory() as folder:
        seconds, memory, report = command("animate", str(SPEECH), "--json", "--out", f"{folder}/out")
        row(f"{report['audio_seconds']:.0f} s to all files, cold", f"{seconds:.1f} s, {memory:.0f} MB", "-", True)
        if options.long:
            import soundfile

            long = Path(folder) / "hour.flac"
            hour = np.tile(clip.samples, round(3600 / clip.duration))
            soundfile.write(long, hour, clip.rate)
            seconds, memory, report = command(
                "animate", str(long), "--json", "--out", f"{folder}/long", "--formats", "bvh,csv,npz"
            )
            speed = report["audio_seconds"] / seconds
            row("60 min to bvh,csv,npz: peak memory", f"{memory:.0f} MB", "< 1500 MB", memory < 1500)
            row("60 min to bvh,csv,npz: whole command", f"{speed:.0f} x", "-", True)


if __name__ == "__main__":
    main()
