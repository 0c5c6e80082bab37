"""``gengine batch``: many recordings become a folder of runs. Parse, call, print."""

from __future__ import annotations

import functools
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gengine.batch.run_options import RunOptions
from gengine.cli.animate import animate
from gengine.cli.console import bar, fail, say

if TYPE_CHECKING:
    from gengine.batch.worker import Outcome

app = typer.Typer(add_completion=False, rich_markup_mode=None)

BATCH_HELP = """Animate many recordings: parallel, resumable, also on a Ray cluster.

Files, folders and manifests become a folder of runs.

\b
Examples:
  gengine batch talks
  gengine batch talks --text talks --emotion auto --jobs 4 --out runs/talks
  gengine batch monday/*.wav tuesday/*.wav --formats bvh,csv,npz
  gengine batch manifest.csv
  gengine batch manifest.csv --ray
  gengine batch manifest.csv --ray --address auto --jobs 64 --out /shared/runs

\b
A folder gives the recordings in it and below. A manifest is a table with the column sound and any others named like
these options (text, emotion, speaker, seed, …; out names the run's folder): a cell wins over the option here, an empty
one leaves it, several values of set and option are divided by spaces. Its paths count from its own folder.
Every recording has a folder below --out; summary.csv there tells of all. The same command again, after Ctrl-C, a crash
or a change of some rows, makes what is missing or has changed and keeps the rest. --ray makes them on a Ray cluster
(extra ray), whose machines see the same paths.

\b
Exit code: 0 where every run is there, 1 where some recordings failed and the others are there, 2 where none began.
"""

SHOWN = 60
"""Rows up to which the table at the end is shown whole; beyond, those with a warning or an error."""


@app.command(name="batch", help=BATCH_HELP)
@functools.wraps(animate)
def batch(**given: Any) -> None:
    given["jobs"] = given["jobs"] or 0  # told or not, they are many
    animate(**given)


def animate_all(
    sources: list[Path], common: RunOptions, out: Path | None, jobs: int | None, cluster: str | None, as_json: bool
) -> None:
    """Make every run of ``sources`` and tell of it; ends the program with 1 where some failed.

    ``cluster`` is the address of a Ray cluster, "" for one here, None for processes of this machine.
    """
    from gengine.batch.listing import default_out, listed
    from gengine.batch.run_all import run_all
    from gengine.batch.summary import SUMMARY, row, totals

    began, folder = time.perf_counter(), out or default_out(sources)
    listing = listed(sources, common, folder)
    for note in listing.notes:
        sys.stderr.write(f"gengine: note: {note}\n")
    ended = 0
    try:
        with bar("animating", len(listing.entries), as_json) as progress:
            shares: dict[int, float] = {}

            def share(number: int, done: float) -> None:
                shares[number] = done
                progress(ended + sum(shares.values()))

            def hear(number: int, outcome: Outcome) -> None:
                nonlocal ended
                shares.pop(number, None)
                ended += 1
                count = f"{ended} of {len(listing.entries)}"
                line = None if as_json else f"gengine: {count}: {_told(outcome)}"
                progress(ended + sum(shares.values()), description=count, line=line)

            outcomes = run_all(listing, folder, jobs or None, cluster=cluster, hear=hear, share=share)
    except KeyboardInterrupt:
        fail(f"interrupted; {ended} of {len(listing.entries)} runs are in {folder}, the same command goes on", 130)
    about = totals(outcomes) | {"elapsed_seconds": round(time.perf_counter() - began, 3)}
    if as_json:
        runs = [asdict(outcome) for outcome in outcomes]
        say(json.dumps({"out": str(folder), **about, "notes": listing.notes, "runs": runs}))
    else:
        _show([row(outcome) for outcome in outcomes])
        say(f"{about['made']} made, {about['kept']} kept, {about['failed']} failed: {folder / SUMMARY}")
        say(f"{about['audio_seconds']:.1f} s of sound in {about['elapsed_seconds']:.1f} s")
    sys.exit(1 if about["failed"] else 0)


def _told(outcome: Outcome) -> str:
    """What is said of a run when it ends."""
    if outcome.state == "failed":
        return f"{outcome.name} failed: {outcome.error}"
    said = " ".join(outcome.warnings) if outcome.state == "made" else ""
    return f"{outcome.name} {outcome.state}{': ' * bool(said)}{said}"


def _show(rows: list[dict[str, Any]]) -> None:
    """The table of all runs, or of those that are worth a look."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = rows if len(rows) <= SHOWN else [r for r in rows if r["error"] or r["warnings"]]
    table = Table(box=None, pad_edge=False)
    for name in ("run", "state", "sound", "words", "found"):
        table.add_column(
            name, justify="right" if name in ("sound", "words", "found") else "left", no_wrap=name != "run"
        )
    table.add_column("warnings and errors", ratio=1)
    for r in shown:
        seconds = f"{r['audio_seconds']:.1f} s" if r["state"] != "failed" else ""
        cells = (
            r["run"],
            r["state"],
            seconds,
            str(r["words_given"]),
            str(r["words_found"]),
            r["error"] or r["warnings"],
        )
        table.add_row(*(escape(cell) for cell in cells))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    if shown:
        console.print(table)
