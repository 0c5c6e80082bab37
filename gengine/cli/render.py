"""``gengine render``: a video of an avatar that performs. Parse, call, print."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import bar, report_run
from gengine.cli.options import BONES_HELP, DECIMATE_HELP, AsJson
from gengine.core.report import Report

app = typer.Typer(add_completion=False, rich_markup_mode=None)

RENDER_HELP = """Film an avatar that performs: a video with sound, or transparent pictures.

\b
Examples:
  gengine render runs/speech-happy
  gengine render performance.npz --avatar ben --camera portrait --size 720x1280
  gengine render performance.npz --background transparent --format webm --out overlay.webm
  gengine render performance.npz --camera full --format png --out frames
"""


@app.command(name="render", help=RENDER_HELP)
def render(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a performance.npz.")],
    avatar: Annotated[str, typer.Option(help="A preset, or the path of a .glb, .vrm, .npz or .obj.")] = "anna",
    bones: Annotated[Path | None, typer.Option(help=BONES_HELP)] = None,
    decimate: Annotated[float | None, typer.Option(help=DECIMATE_HELP)] = None,
    camera: Annotated[str, typer.Option(help="portrait, upper or full.")] = "upper",
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels.")] = "720x720",
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 30.0,
    background: Annotated[str, typer.Option(help="A colour such as '#3a3f47' or white, or transparent.")] = "#3a3f47",
    format: Annotated[
        str | None, typer.Option(help="mp4, webm or mov (may be transparent), gif, or png (a folder); else by --out.")
    ] = None,
    backend: Annotated[str, typer.Option(help="auto, gl (OpenGL) or soft (no graphics driver).")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="File, or folder of png; default avatar.<format> beside the run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    from gengine.runs import load, made_of, saved
    from gengine.showing import render as draw

    began = time.perf_counter()
    path = saved(source)
    kind = format or (out.suffix.lstrip(".") if out is not None else "") or ("png" if out is not None else "mp4")
    target = out or path.parent / ("frames" if kind == "png" else f"avatar.{kind}")
    performance = load(path)
    seconds = performance.duration
    reports: list[Report] = []
    with bar("drawing", seconds, quiet=as_json) as progress:
        draw(
            performance, target, avatar=avatar, bones=bones, camera=camera, size=size, fps=fps, background=background,
            format=kind, backend=backend, decimate=decimate, progress=lambda drawn, _: progress(drawn),
            reports=reports.append,
        )  # fmt: skip
    report_run(made_of(target, [target], seconds, began), sum(reports, Report()), as_json)
