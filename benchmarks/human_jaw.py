"""Our jaw from sound alone against human-made curves: `python benchmarks/human_jaw.py [--data DIR]`.

The reference is FACEGOOD (one Mandarin speaker, curves made by people, 30 fps). The phone recogniser's jaw head
was trained on three of the five takes; the two others are held out and marked. Controls: the sound's own loudness,
and our curve shifted by five seconds.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from pathlib import Path

import numpy as np

from gengine import animate

HELD_OUT = ("1114_3_15", "1114_2_04")
RATE = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("GENGINE_DATA", beside)))
    folder = parser.parse_args().data / "facegood"
    names = json.loads((folder / "names.json").read_text())
    with (folder / "arkit_map.csv").open() as file:
        row = next(r for r in csv.DictReader(file) if r["arkit"] == "jawOpen")
    print(f"{'take':<14}{'ours':>8}{'loudness':>10}{'shifted 5 s':>13}   correlation with the human-made jawOpen")
    for path in sorted(folder.glob("*.npz")):
        human = np.load(path)["weights"][:, names.index(row["facegood"])]
        made = animate(path.with_suffix(".flac"))
        assert made.face is not None
        times = np.arange(len(human)) / RATE
        ours = np.interp(times, np.arange(len(made.face)) / made.face.fps, made.face.channel("jawOpen"))
        step = made.audio.rate // int(RATE)
        frames = made.audio.samples[: len(made.audio) // step * step].reshape(-1, step)
        loud = np.interp(times, np.arange(len(frames)) / RATE, np.log10(np.sqrt((frames**2).mean(1)) + 1e-4))
        values = [np.corrcoef(x, human)[0, 1] for x in (ours, loud, np.roll(ours, int(5 * RATE)))]
        mark = "  held out" if path.stem in HELD_OUT else ""
        print(f"{path.stem:<14}{values[0]:>8.2f}{values[1]:>10.2f}{values[2]:>13.2f}{mark}")


if __name__ == "__main__":
    main()
