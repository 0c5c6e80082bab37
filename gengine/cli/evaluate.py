"""``gengine evaluate``: a body network beside ground truth and controls. Parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import percent, say
from gengine.cli.options import AsJson

app = typer.Typer(add_completion=False, rich_markup_mode=None)

EVALUATE_HELP = """Measure a body network on recorded motion, beside ground truth and every control.

\b
Examples:
  gengine evaluate choreographer --data runs/corpus --limit 20
  gengine evaluate camn --data beat_english_v0.2.1 --speakers 2,4,6,8 --out runs/camn-beat
  gengine evaluate runs/camn/best --data runs/corpus --split val --beside choreographer,camn --json

\b
NETWORK is a registered name (choreographer, camn), a bundled checkpoint, or a checkpoint's folder. Every recording
of the split is performed with its own words, emotion and speaker at 15 fps. Files written to --out: evaluation.txt,
evaluation.json and evaluation.png. FGD figures are comparable only where encoder, data and number of windows agree.
"""


@app.command(name="evaluate", help=EVALUATE_HELP)
def evaluate(
    network: Annotated[str, typer.Argument(metavar="NETWORK", help="A name, or a checkpoint's folder.")],
    data: Annotated[Path, typer.Option(help="Corpus in BEAT's layout.")],
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    speakers: Annotated[str | None, typer.Option(help="Only these: ids or names, comma-separated.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many recordings, spread evenly.")] = None,
    seed: Annotated[int, typer.Option(help="Another number gives another take of every recording.")] = 0,
    encoder: Annotated[str, typer.Option(help="Checkpoint of the FGD encoder; none leaves FGD out.")] = "",
    beside: Annotated[
        str, typer.Option(help="Other networks to measure, comma-separated; none for none.")
    ] = "choreographer",
    stance: Annotated[
        bool,
        typer.Option("--stance", help="Also hand each network the recording's first poses, whose posture it keeps."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder; default runs/evaluate-<network>.")] = None,
    as_json: AsJson = False,
) -> None:
    from gengine.metrics.evaluation import evaluate_network, label, write
    from gengine.metrics.fgd import DEFAULT
    from gengine.metrics.report import lines

    wanted = [s.strip() for s in speakers.split(",") if s.strip()] if speakers else None
    judge = None if encoder.lower() == "none" else encoder or DEFAULT
    others = [] if beside.lower() == "none" else [s.strip() for s in beside.split(",") if s.strip()]
    found = evaluate_network(
        network, data, split=split, speakers=wanted, limit=limit, seed=seed, encoder=judge, beside=others,
        stance=stance, progress=None if as_json else percent,
    )  # fmt: skip
    folder = out or Path("runs") / f"evaluate-{label(network).replace('/', '-')}"
    files = write(found, folder)
    if as_json:
        say(json.dumps(found.as_dict()))
        return
    say("\n".join([*lines(found), "", *(str(path) for path in files.values())]))
