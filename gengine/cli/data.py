"""``gengine data …``: check a corpus, make one. Parse, call, print."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import say
from gengine.cli.options import AsJson
from gengine.cli.progress import percent
from gengine.errors import GengineError

app = typer.Typer(
    help="Corpora in BEAT's layout: check one, make one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

CHECK_HELP = """Say what a corpus in BEAT's layout has, lacks, and which files are damaged; exit code 1 unless clean.

\b
Examples:
  gengine data check beat_english_v0.2.1
  gengine data check runs/corpus --json
"""


@app.command(help=CHECK_HELP)
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds the speakers.")],
    as_json: AsJson = False,
) -> None:
    from gengine.data.check import check as run

    report = run(folder, None if as_json else percent)
    say(json.dumps(report.as_dict()) if as_json else "\n".join(report.lines()))
    if not report.clean:
        raise typer.Exit(1)


SYNTHESIZE_HELP = """Make a corpus in BEAT's layout: recordings x emotions x speakers, animated by the engine.

\b
Examples:
  gengine data synthesize --source recordings --out runs/corpus --hours 2 --seed 0
  gengine data synthesize --source spoken --out runs/corpus --limit 20

--source may be given several times: a folder of sounds (with .txt or .TextGrid beside them), a list with one
path<TAB>words per line, a folder of known corpora, or the word spoken (espeak-ng and flite). Without it the
folder in GENGINE_DATA is read.
"""


@app.command(help=SYNTHESIZE_HELP)
def synthesize(
    out: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    source: Annotated[list[str] | None, typer.Option(help="Where the speech comes from.")] = None,
    hours: Annotated[float | None, typer.Option(help="Hours of motion to make; default every recording once.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many sequences.")] = None,
    seed: Annotated[int, typer.Option(help="Another number gives another corpus.")] = 0,
    emotion: Annotated[list[str] | None, typer.Option(help="Choose from these emotions; default all, mixed.")] = None,
    speaker: Annotated[list[str] | None, typer.Option(help="Choose from these speakers; default sixteen.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default one per core.")] = None,
    fps: Annotated[float, typer.Option(help="Frames per second of the body, 15 to 120.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    from gengine.data.recordings import recordings
    from gengine.data.synthesis import SPEAKERS
    from gengine.data.synthesis import synthesize as run

    sources = source or ([os.environ["GENGINE_DATA"]] if os.environ.get("GENGINE_DATA") else [])
    if not sources:
        raise GengineError("--source: missing; give a folder, a list of files, or spoken (or set GENGINE_DATA)")
    found = [r for s in sources for r in recordings(s, out / ".speech", seed)]
    try:
        made = run(
            out, found, emotions=emotion, speakers=speaker or SPEAKERS, seed=seed, hours=hours, limit=limit,
            workers=workers, fps=fps, progress=None if as_json else percent,
        )  # fmt: skip
    except KeyboardInterrupt:
        sys.stderr.write("gengine: interrupted; finished sequences are kept, the same command goes on from there\n")
        sys.exit(130)
    for note in made.notes:
        sys.stderr.write(f"gengine: note: {note}\n")
    if as_json:
        say(json.dumps(made.__dict__))
        return
    say(
        f"{made.out}: {made.sequences} sequences ({made.reused} kept), {made.hours:.3f} h of motion in "
        f"{made.minutes:.2f} min: {made.rate:.2f} h of motion per minute"
    )
