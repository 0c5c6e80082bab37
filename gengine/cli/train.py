"""``gengine train``: a network learns from a configuration. Parse, call, print."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import fail, say
from gengine.config import bundled_configs

app = typer.Typer(add_completion=False, rich_markup_mode=None)

TRAIN_HELP = """Train a network from a configuration; the run folder receives checkpoints, log, curves and previews.

\b
Examples:
  gengine train phones --out runs/phones
  gengine train phones --set rate=1e-3 --set threads=2
  accelerate launch --multi_gpu -m gengine train my-own.yaml

\b
Bundled configurations: {names}.

\b
In the run folder: best/ and last/ (checkpoints), log.jsonl, curves.png, previews/, and state/, from which the same
command goes on after Ctrl-C, a crash or a power cut as though nothing had happened.
"""


@app.command(name="train", help=TRAIN_HELP.format(names=", ".join(bundled_configs("train"))))
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A bundled name, or a YAML file.")],
    out: Annotated[Path | None, typer.Option(help="Run folder; default runs/<config name>.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override the configuration: key=value.")] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on with an interrupted run of the same configuration, or start again.")
    ] = True,
) -> None:
    from gengine.engine import train as run

    first = os.environ.get("RANK", "0") == "0"  # of several processes one speaks
    if first and not sys.stderr.isatty():
        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("gengine").setLevel(logging.INFO)
    try:
        folder = run(config, out or Path("runs") / config.stem, settings or [], resume)
    except KeyboardInterrupt as stop:
        fail(str(stop) or "interrupted; the same command goes on from the state saved last", 130)
    if first:
        say(f"trained: {folder}")
