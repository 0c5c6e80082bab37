"""Which generative head? The same CaMN trained with each for the same number of steps, then evaluated.

python benchmarks/camn_heads.py --data runs/corpus --steps 1500 --out runs/heads

regression: the published Huber loss. noise: the same from a noisy input. adversary: noise against a discriminator
(non-saturating, weight 0.1, after a tenth of the steps). flow: flow matching in the plain. shortcut: flow matching that
is told the length of its steps and learns long ones from short ones, the default. Values are those of the evaluators
on held-out recordings (teacher's motion); ratios are network / teacher, so 1 is right.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from gengine.config import checked, find_config, read_yaml
from gengine.errors import GengineError
from gengine.training.camn_task import CamnTraining

HEADS: dict[str, dict] = {
    "regression": {"shape": {"head": "regression"}},
    "noise": {"shape": {"head": "adversary"}, "adversary_from": 2.0},
    "adversary": {"shape": {"head": "adversary"}},
    "flow": {"shape": {"head": "flow", "finest": 0}},
    "shortcut": {"shape": {"head": "flow"}},
}
COLUMNS = ("fgd", "coverage", "density", "diversity_l1_ratio", "wrist_speed_ratio", "joint_speed_ratio",
           "beat_rate_ratio", "ldlj_gap", "srgr")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="runs/corpus", help="corpus in BEAT's layout")
    parser.add_argument("--cache", default="runs/cache")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--heads", default=",".join(HEADS))
    parser.add_argument("--out", type=Path, default=Path("runs/heads"))
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    base = {k: v for k, v in read_yaml(find_config("train", "camn-synthetic")).items() if k != "train"}
    base |= {"data": options.data, "cache": options.cache, "steps": options.steps, "batch": options.batch}
    base |= {"evaluate_every": options.steps, "validation": 12, "noise_fit": 0}
    sys.stdout.write(f"{'head':<12}" + "".join(f"{c:>20}" for c in COLUMNS) + "\n")
    try:
        for name in options.heads.split(","):
            training = checked(CamnTraining, base | HEADS[name])
            out = training.run(options.out / f"{name}-{options.steps}")
            lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
            found = [line["evaluate"] for line in lines if "evaluate" in line][-1]
            row = "".join(f"{found.get(c, float('nan')):>20.3f}" for c in COLUMNS)
            sys.stdout.write(f"{name:<12}{row}\n")
            sys.stdout.flush()
    except GengineError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
