"""Body networks on BEAT's real clip (2_scott_0_1_1, a test clip), beside ground truth and every control.

    python benchmarks/camn_table.py                       choreographer, and camn where its weights are installed
    python benchmarks/camn_table.py --network runs/camn/best --seeds 5 --out runs/camn-table

One minute of one speaker: 93 windows of 300 numbers make singular covariances, so FGD here orders systems on this
clip and is no figure to hold against print. The motion file's true rate is 15 fps (its header says otherwise), which
``gengine.data.beat_motion`` finds by itself; it has the 47 joints that the published networks predict and legs that
stand still, so the recording's own feet are measured on the same take's SMPL-X version. Columns "+ stance" are
systems that were handed the clip's first four poses, as published networks are, and keep their posture. System
columns are the mean over seeds; their spread (standard deviation) follows the table. Needs the reference recordings
(GENGINE_DATA).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import real_clips

from gengine.errors import GengineError, MissingExtraError
from gengine.metrics import report, safety
from gengine.metrics.controls import SYSTEM, Column, Table
from gengine.metrics.evaluation import TEACHER, evaluate_network
from gengine.metrics.fgd import DEFAULT, poses_at_15
from gengine.metrics.limbs import Body
from gengine.session import Session


def usable(network: str) -> bool:
    """Whether a network's weights and packages are there."""
    from gengine.config import EngineConfig

    try:
        Session(config=EngineConfig(body=network))
    except (GengineError, MissingExtraError) as error:
        print(f"{network} is left out: {error}", file=sys.stderr)
        return False
    return True


def mean_of(tables: list[Table]) -> tuple[Table, dict[str, dict[str, float]]]:
    """One table whose system columns are means over seeds, and their standard deviations by column and metric."""
    columns: list[Column] = []
    spread: dict[str, dict[str, float]] = {}
    for i, column in enumerate(tables[0].columns):
        if column.kind == SYSTEM:
            rows = {}
            for metric, row in column.rows.items():
                values = [t.columns[i].rows[metric].value for t in tables]
                rows[metric] = replace(row, value=float(np.mean(values)))
                spread.setdefault(column.name, {})[metric] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
            column = replace(column, rows=rows)
        columns.append(column)
    return Table(columns, {**tables[0].about, "seeds": len(tables)}), spread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", action="append", help="a name or a checkpoint's folder; may be repeated")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--encoder", default=DEFAULT)
    parser.add_argument("--out", type=Path, help="folder for table.json, table.txt and table.png")
    args = parser.parse_args()
    networks = [n for n in dict.fromkeys([*(args.network or ["camn"]), TEACHER]) if usable(n)]
    data = real_clips.data_folder() / "beat"
    tables = [
        evaluate_network(networks[0], data, seed=seed, encoder=args.encoder, beside=networks[1:], stance=True)
        for seed in range(args.seeds)
    ]
    table, spread = mean_of(tables)
    feet = safety.foot_sliding(Body(poses_at_15(real_clips.beat())))["slide_mean"]
    text = report.lines(table)
    text += ["", f"foot_sliding of the recording itself (SMPL-X version of the take, 15 fps): {feet:.2f} cm/s"]
    for column, values in spread.items():
        found = {m: v for m, v in values.items() if math.isfinite(v)}
        text.append(f"spread over seeds, {column}: " + "  ".join(f"{m} {v:.3g}" for m, v in found.items()))
    print("\n".join(text))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "table.txt").write_text("\n".join(text) + "\n", "utf-8")
        content = {**table.as_dict(), "spread": spread, "recording_foot_sliding": feet}
        (args.out / "table.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        report.plot(table, args.out / "table.png")


if __name__ == "__main__":
    main()
