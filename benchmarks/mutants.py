"""Which changes of the code does no test notice?

    pip install mutmut
    python benchmarks/mutants.py                       a sample of 300 over core, session, choreographer and visemes
    python benchmarks/mutants.py --room choreographer --count 200 --seed 1
    python benchmarks/mutants.py --show                and the survivors' differences, to be read

mutmut (pyproject.toml, ``[tool.mutmut]``) changes one expression at a time and runs the tests that reach it; of its
twenty thousand mutants a random sample is run. Printed by room: killed (a hang that is cut off counts), survived, and
the share killed with its 95 % interval (Wilson). Run it in a clean checkout: it works in the folder ``mutants``.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from math import sqrt
from pathlib import Path

WORK = Path("mutants")
ROOMS = {
    "core": "gengine/core/", "streaming": "gengine/streaming", "session": "gengine/session",
    "hearing": "gengine/hearing", "windows": "gengine/windows",
    "constraints": "gengine/constraints/", "choreographer": "gengine/networks/choreographer/",
    "visemes": "gengine/networks/visemes/",
}  # fmt: skip
KILLED = {1, 3, 24, -24, 36, 152, 255, -9, -11}
"""mutmut's exit codes: a test failed, pytest broke off, time ran out, or the process died."""


def mutmut(*arguments: str) -> str:
    """Output of a mutmut command; exit codes other than 0 are its way to say that mutants survived."""
    done = subprocess.run([sys.executable, "-m", "mutmut", *arguments], capture_output=True, text=True, check=False)
    if "Traceback" in done.stderr or "failed" in done.stdout[-300:].lower() and done.returncode not in (0, 1):
        raise SystemExit(f"mutmut {arguments[0]}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout


def mutants() -> dict[str, dict[str, int | None]]:
    """Exit code (None: not run) by mutant's name, by room."""
    found: dict[str, dict[str, int | None]] = defaultdict(dict)
    for path in WORK.rglob("*.meta"):
        place = path.relative_to(WORK).as_posix()
        room = next((name for name, start in ROOMS.items() if place.startswith(start)), None)
        if room is not None:
            found[room] |= json.loads(path.read_text("utf-8"))["exit_code_by_key"]
    return found


def wilson(killed: int, total: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z, p = 1.96, killed / total
    centre, half = p + z * z / (2 * total), z * sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return (centre - half) / (1 + z * z / total), (centre + half) / (1 + z * z / total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--room", choices=ROOMS, action="append", help="only these (default: all)")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--children", type=int, default=2, help="processes at a time")
    parser.add_argument("--show", action="store_true", help="print what survived")
    arguments = parser.parse_args()
    if not (WORK / "mutmut-stats.json").is_file():
        mutmut("run", "--max-children", "1", "gengine.core.timing*")  # writes all mutants, and which tests reach them
    rooms = arguments.room or list(ROOMS)
    names = sorted(name for room in rooms for name in mutants()[room])
    sample = random.Random(arguments.seed).sample(names, min(arguments.count, len(names)))
    for start in range(0, len(sample), 50):
        mutmut("run", "--max-children", str(arguments.children), *sample[start : start + 50])
        print(f"{min(start + 50, len(sample))} of {len(sample)}", file=sys.stderr, flush=True)
    print(f"{'room':<14}{'mutants':>8}{'sample':>8}{'killed':>8}{'survived':>9}{'share':>7}  95 %")
    chosen, total, survivors = set(sample), Counter[str](), []
    for room in rooms:
        codes = mutants()[room]
        run = {name: code for name, code in codes.items() if name in chosen and code is not None}
        killed = sum(code in KILLED for code in run.values())
        survivors += [name for name, code in run.items() if code not in KILLED]
        total += Counter(killed=killed, run=len(run), all=len(codes))
        if run:
            print(_row(room, len(codes), len(run), killed))
    print(_row("all", total["all"], total["run"], total["killed"]))
    for name in survivors:
        print(mutmut("show", name).strip() if arguments.show else f"survived: {name}")


def _row(room: str, every: int, run: int, killed: int) -> str:
    low, high = wilson(killed, run)
    share = f"{killed / run:>7.2f}  {low:.2f}-{high:.2f}"
    return f"{room:<14}{every:>8}{run:>8}{killed:>8}{run - killed:>9}{share}"


if __name__ == "__main__":
    main()
