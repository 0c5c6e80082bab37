"""``gengine portrait``: a photo speaks a performance. Parse, call, print."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import bar, report_run
from gengine.cli.options import AsJson
from gengine.core.report import Report

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PORTRAIT_HELP = """One photo and one performance: a film of that person speaking.

\b
Examples:
  gengine portrait runs/speech-happy face.jpg
  gengine portrait performance.npz face.jpg --size 768 --fps 30 --out talk.mp4
  gengine animate speech.wav --emotion happy --portrait face.jpg

Show only people who agreed to it. A small sign in the corner and the file's description say that the film is
generated; --no-mark leaves the sign away, the description stays. Needs the extras vision and portrait.
"""


@app.command(name="portrait", help=PORTRAIT_HELP)
def portrait(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a performance.npz.")],
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="A picture with a face from the front.")],
    size: Annotated[int, typer.Option(help="Pixels of the longer side, 128 to 2048.")] = 512,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 25.0,
    face: Annotated[int, typer.Option(help="Which of several faces, the largest first.")] = 1,
    mark: Annotated[bool, typer.Option(help="A small sign that says the film is generated.")] = True,
    out: Annotated[Path | None, typer.Option(help="File; default portrait.mp4 beside the run.")] = None,
    as_json: AsJson = False,
) -> None:
    from gengine.runs import load, saved
    from gengine.showing import portrait as draw

    began = time.perf_counter()
    path = saved(source)
    target = out or path.parent / "portrait.mp4"
    performance = load(path)
    reports: list[Report] = []
    with bar("drawing", performance.duration, quiet=as_json) as progress:
        draw(
            performance, photo, target, size=size, fps=fps, face=face, mark=mark,
            progress=lambda drawn, _: progress(drawn), reports=reports.append,
        )  # fmt: skip
    report = {
        "out": str(target), "files": [str(target)], "audio_seconds": round(performance.duration, 3),
        "elapsed_seconds": round(time.perf_counter() - began, 3), "stages": {},
    }  # fmt: skip
    report_run(report, sum(reports, Report()), as_json)
