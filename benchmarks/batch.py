"""Many recordings by one command: `python benchmarks/batch.py` compares processes, and a loop of the shell.

So many cuts of demos/speech.wav become bvh, csv and npz by `gengine batch` with one process and with several, in
turn, and by `gengine animate` for each (a part of them, scaled up). Wall clock counts, the best of several rounds;
processor time is printed beside it, since another program's work makes the one longer and not the other: `bound` is
the ratio that the processor times allow on free cores. `--kill` ends the command with SIGKILL at random moments until
it is done, and counts runs that were made twice or lost.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile

SPEECH = Path(__file__).parents[1] / "demos" / "speech.wav"
QUICK = ["--words", "none", "--formats", "bvh,csv,npz"]


def recordings(folder: Path, count: int, seconds: float) -> Path:
    """``count`` different cuts of the demo."""
    samples, rate = soundfile.read(SPEECH, dtype="float32")
    folder.mkdir()
    last = len(samples) - int(seconds * rate)
    for number in range(count):
        first = number * last // max(count - 1, 1)
        soundfile.write(folder / f"cut{number:03}.wav", samples[first : first + int(seconds * rate)], rate)
    return folder


def timed(arguments: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a command and its children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "gengine", *arguments], check=True, capture_output=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def killed(sounds: Path, out: Path, count: int, seed: int) -> None:
    """The command, killed again and again."""
    rng, kills, twice, process = random.Random(seed), 0, 0, None
    while process is None or process.returncode != 0:
        before = {p: p.stat().st_mtime_ns for p in out.glob("*/manifest.json")}
        process = subprocess.Popen(
            [sys.executable, "-m", "gengine", "batch", str(sounds), *QUICK, "--out", str(out)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            process.wait(rng.uniform(1, 8) if kills < 10 else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        twice += sum(p.stat().st_mtime_ns != at for p, at in before.items())
    there = len(list(out.glob("*/manifest.json")))
    left = len(list(out.rglob(".*")))
    print(f"killed {kills} times: {there} of {count} runs, {twice} made twice, {left} unfinished folders left")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", type=int, default=20, help="files of the shell loop, whose time is scaled up")
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        sounds = recordings(Path(place) / "sounds", options.files, options.seconds)
        if options.kill:
            killed(sounds, Path(place) / "killed", options.files, seed=0)
            return
        best = {1: (float("inf"), 0.0), options.jobs: (float("inf"), 0.0)}
        for number in range(options.rounds):
            for jobs in best:
                out = Path(place) / f"out-{jobs}-{number}"
                took = timed(["batch", str(sounds), *QUICK, "--jobs", str(jobs), "--out", str(out)])
                print(f"round {number + 1}, --jobs {jobs}: {took[0]:.1f} s, processor {took[1]:.1f} s", flush=True)
                best[jobs] = min(best[jobs], took)
        some = sorted(sounds.iterdir())[: options.loop]
        one = [timed(["animate", str(p), *QUICK, "--out", str(Path(place) / "loop" / p.stem)]) for p in some]
        scale = options.files / len(some)
        loop = sum(wall for wall, _ in one) * scale, sum(used for _, used in one) * scale
    (wall1, used1), (wall, used) = best[1], best[options.jobs]
    print(f"{options.files} recordings of {options.seconds:g} s: one process {wall1:.1f} s (processor {used1:.1f} s)")
    print(f"{options.jobs} processes {wall:.1f} s (processor {used:.1f} s)")
    print(f"throughput x {wall1 / wall:.2f} (bound {options.jobs * used1 / used:.2f}); target 1.8")
    print(f"a loop of the shell {loop[0]:.1f} s (processor {loop[1]:.1f} s): x {loop[0] / wall:.1f}")


if __name__ == "__main__":
    main()
