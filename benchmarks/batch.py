"""Many recordings by one command: `python benchmarks/batch.py` compares processes, and a loop of the shell.

So many cuts of demos/speech.wav become bvh, csv and npz by `gengine batch` with one process and with several, in
turn, and by `gengine animate` for each (a part of them, scaled up). Wall clock counts, the best of several rounds;
processor time is printed beside it, since another program's work makes the one longer and not the other: what the
busiest process computes is what the clock would show on free cores (Linux tells it). `--kill` ends the command with
SIGKILL at random moments until it is done, and counts runs that were made twice or lost.
"""

from __future__ import annotations

import argparse
import os
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


def timed(arguments: list[str]) -> tuple[float, float, float]:
    """Wall and processor seconds of a command with its children, and processor seconds of the busiest of them."""
    before, began, used = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), {}
    process = subprocess.Popen(
        [sys.executable, "-m", "gengine", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    while process.poll() is None:
        used |= session_times(process.pid)
        time.sleep(0.05)
    assert process.returncode == 0, arguments
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, total, max(used.values(), default=float("nan"))


def session_times(session: int) -> dict[str, float]:
    """Processor seconds of every process of a session."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[3]) == session:
            found[path.parent.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


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
        best = {jobs: [float("inf")] * 3 for jobs in (1, options.jobs)}
        for number in range(options.rounds):
            for jobs in best:
                out = Path(place) / f"out-{jobs}-{number}"
                took = timed(["batch", str(sounds), *QUICK, "--jobs", str(jobs), "--out", str(out)])
                print(f"round {number + 1}, --jobs {jobs}: {took[0]:.1f} s, processor {took[1]:.1f} s, busiest "
                      f"process {took[2]:.1f} s", flush=True)  # fmt: skip
                best[jobs] = [min(pair) for pair in zip(best[jobs], took, strict=True)]
        some = sorted(sounds.iterdir())[: options.loop]
        one = [timed(["animate", str(p), *QUICK, "--out", str(Path(place) / "loop" / p.stem)]) for p in some]
        scale = options.files / len(some)
        loop = [sum(times) * scale for times in zip(*one, strict=True)]
    one, several = best[1], best[options.jobs]
    for name, (wall, total, busiest) in (("one process", one), (f"{options.jobs} processes", several)):
        print(f"{options.files} recordings of {options.seconds:g} s, {name}: {wall:.1f} s, processor {total:.1f} s, "
              f"busiest process {busiest:.1f} s")  # fmt: skip
    free = min(one[2] / several[2], options.jobs * one[2] / several[1])
    print(f"throughput x {one[0] / several[0]:.2f} by the clock, x {free:.2f} on free cores; target 1.8")
    print(
        f"a loop of the shell: {loop[0]:.1f} s, processor {loop[1]:.1f} s: x {loop[1] / several[2]:.1f} on free cores"
    )


if __name__ == "__main__":
    main()
