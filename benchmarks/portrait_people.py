"""Mouths of people whom the portrait's small renderer never saw: each is left out of a training of its own.

``python benchmarks/portrait_people.py --data $GENGINE_DATA/grid_s1 --people $GENGINE_DATA/grid --leave brbk7n,lbbc2a``
trains portrait-regressor (``configs/train/portrait-regressor.yaml``) once for every clip of ``--people`` that is named,
each of which shows another person: on the clips of ``--data`` and on the other ones. It prints the evaluators' figures
of the last step, so that nothing is chosen by who is measured: PSNR of the crop and between the lips, dB, and sharpness
over the film's, beside the warp alone and the still photo. A run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import numpy as np

from gengine.config import checked, find_config, read_yaml
from gengine.training.portrait_task import RegressorTraining

CONFIG = "portrait-regressor"
MEASURED = ("psnr", "inner", "sharp")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of films that are always learned from")
    parser.add_argument("--people", type=Path, required=True, help="folder of films, one of each person")
    parser.add_argument("--leave", required=True, help="names of those of --people who are left out in turn")
    parser.add_argument("--out", type=Path, default=Path("runs/portrait-people"))
    parser.add_argument("--steps", type=int, help="of each training (the configuration's)")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    base = {k: v for k, v in read_yaml(find_config("train", CONFIG)).items() if k != "train"}
    base |= {"steps": args.steps} if args.steps else {}
    rows = []
    for name in args.leave.split(","):
        own = {"data": [args.data], "more": [args.people], "held": [*base["held"], name], "cache": args.out / "cache"}
        run = checked(RegressorTraining, base | own).run(args.out / name)
        found = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
        steps = [row["evaluate"] for row in found if "evaluate" in row]
        first = next(e for e in steps if "others_warp_psnr" in e)
        rows.append([[e[f"others_{way}{k}"] for k in MEASURED] for way, e in
                     (("still_", first), ("warp_", first), ("", steps[-1]))])  # fmt: skip
        print(name, *(" ".join(f"{v:6.2f}" for v in way) for way in rows[-1]), sep="  ", flush=True)
    print("mean", *(" ".join(f"{v:6.2f}" for v in way) for way in np.mean(rows, 0)), sep="  ")
    print("still photo, warp, regressor: crop dB, between the lips dB, sharpness")


if __name__ == "__main__":
    main()
