"""Throws hostile files at every reader and counts what became of them (docs/trust.md).

    python benchmarks/hostile.py --cases 100000 --seed 1

Every reader runs in a process of its own, so that one that crashes or never comes back is counted too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

COLUMNS = ("reader", "cases", "read", "refused", "traceback", "hang", "memory", "wrong", "message", "crash")
SLOWEST = 900.0
"""Seconds for all cases of one reader at most, per thousand."""
ONE = """
import json, sys
from tests.fuzz.attack import attack
from tests.fuzz.readers import READERS
reader = next(r for r in READERS if r.name == sys.argv[1])
o = attack(reader, int(sys.argv[2]), int(sys.argv[3]), patient=False)
print(json.dumps({
    "cases": o.cases, "read": o.read, "refused": o.refused, "slowest": o.slowest, "largest": o.largest,
    "faults": [(kind, what, data[:200].hex()) for kind, what, data in o.faults],
}))
"""


def strike(name: str, cases: int, seed: int) -> dict:
    """What became of the cases of one reader."""
    command = [sys.executable, "-c", ONE, name, str(cases), str(seed)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60 + SLOWEST * cases / 1000)
        return json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        return {"cases": cases, "read": 0, "refused": 0, "slowest": 0, "largest": 0, "faults": [("crash", "", "")]}


def main() -> None:
    from tests.fuzz.readers import READERS

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    weight = sum(reader.weight for reader in READERS)
    began, total, slowest, largest = time.time(), dict.fromkeys(COLUMNS[1:], 0), 0.0, 0
    print("| " + " | ".join(COLUMNS) + " | slowest, s | MB |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for reader in READERS:
        found = strike(reader.name, max(1, round(options.cases * reader.weight / weight)), options.seed)
        row = {name: found.get(name, 0) for name in COLUMNS[1:4]}
        row |= {kind: sum(k == kind for k, _, _ in found["faults"]) for kind in COLUMNS[4:]}
        for name, value in row.items():
            total[name] += value
        slowest, largest = max(slowest, found["slowest"]), max(largest, found["largest"])
        cells = [reader.name, *map(str, row.values()), f"{found['slowest']:.2f}", str(found["largest"] >> 20)]
        print("| " + " | ".join(cells) + " |", flush=True)
        for kind, what, data in found["faults"][:5]:
            sys.stderr.write(f"{reader.name}: {kind}: {what}: {data}\n")
    cells = ["all", *map(str, total.values()), f"{slowest:.2f}", str(largest >> 20)]
    print("| " + " | ".join(f"**{c}**" for c in cells) + " |")
    sys.stderr.write(f"{time.time() - began:.0f} s\n")


if __name__ == "__main__":
    main()
