"""``gengine portrait``: a photo speaks a performance. Parse, call, print."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import bar, report_run, say
from gengine.cli.options import AsJson
from gengine.core.report import Report

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIT = "fit"
"""In a run's place: measure the photo, and draw what was found."""

PORTRAIT_HELP = """One photo and one performance: a film of that person speaking.

\b
Examples:
  gengine portrait runs/speech-happy face.jpg
  gengine portrait performance.npz face.jpg --size 768 --fps 30 --out talk.mp4
  gengine portrait runs/speech-happy face.jpg --renderer diffusion --steps 4
  gengine portrait runs/speech-happy face.jpg --renderer external --command "engine {photo} {driving} {out}"
  gengine portrait fit face.jpg --out fitted          # landmarks.json, mask.png and a drawing: edit, and give back:
  gengine portrait runs/speech-happy face.jpg --fit fitted
  gengine animate speech.wav --emotion happy --portrait face.jpg --renderer warp

Show only people who agreed to it. A small sign in the corner and the file's description say that the film is
generated; --no-mark leaves the sign away, the description stays. Needs the extras vision and portrait.
"""


@app.command(name="portrait", help=PORTRAIT_HELP)
def portrait(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, a performance.npz, or the word fit.")],
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="A picture with a face from the front.")],
    size: Annotated[int, typer.Option(help="Pixels of the longer side, 128 to 2048.")] = 512,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 25.0,
    face: Annotated[int, typer.Option(help="Which of several faces, the largest first.")] = 1,
    fit: Annotated[Path | None, typer.Option(help="A folder of gengine portrait fit, perhaps edited.")] = None,
    mark: Annotated[bool, typer.Option(help="A small sign that says the film is generated.")] = True,
    renderer: Annotated[
        str, typer.Option(help="Who paints the mouth: warp, regressor, diffusion, external, or a checkpoint's folder.")
    ] = "warp",
    scene: Annotated[
        str | None, typer.Option(help="A sentence about the scene, for diffusion; default from the emotion.")
    ] = None,
    guidance: Annotated[float, typer.Option(help="How far diffusion follows emotion and scene, 1 as learned.")] = 1.0,
    steps: Annotated[int | None, typer.Option(help="Steps of diffusion, 1 to 50.")] = None,
    command: Annotated[
        str | None, typer.Option(help="Of --renderer external: an engine's command with {photo}, {driving} and {out}.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File, or folder for portrait.mp4; default beside the run.")] = None,
    as_json: AsJson = False,
) -> None:
    from gengine.runs import load, made_of, saved
    from gengine.showing import fit_portrait
    from gengine.showing import portrait as draw

    if str(source) == FIT:
        say("\n".join(map(str, fit_portrait(photo, out or Path(f"{photo.stem}-fit"), size=size, face=face).values())))
        return
    began = time.perf_counter()
    path = saved(source)
    target = out or path.parent
    if not target.suffix or target.is_dir():
        target /= "portrait.mp4"
    performance = load(path)
    reports: list[Report] = []
    with bar("drawing", performance.duration, quiet=as_json) as progress:
        draw(
            performance, photo, target, size=size, fps=fps, face=face, fit=fit, mark=mark, renderer=renderer,
            scene=scene, guidance=guidance, steps=steps, command=command,
            progress=lambda drawn, _: progress(drawn), reports=reports.append,
        )  # fmt: skip
    report_run(made_of(target, [target], performance.duration, began), sum(reports, Report()), as_json)
