"""``gengine export``: a saved performance in other formats. Parse, call, print."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import report_run
from gengine.cli.options import (
    AVATAR_HELP,
    BONES_HELP,
    DECIMATE_HELP,
    FORMATS_HELP,
    SKELETON_HELP,
    AsJson,
    OptionSettings,
    Strict,
)
from gengine.core.report import Report

app = typer.Typer(add_completion=False, rich_markup_mode=None)

EXPORT_HELP = """Write a saved performance in other formats.

\b
Examples:
  gengine export runs/speech-happy/performance.npz --formats bvh --skeleton mixamo
  gengine export performance.npz --formats csv,mp4 --fps 60 --out exports
  gengine export runs/speech-happy --formats glb --option glb.fps=30 --option glb.animation_only=true

\b
Files go beside the performance unless --out says otherwise; where that is a run's folder, files of the same name are
replaced and its manifest.json is kept true.
"""


@app.command(name="export", help=EXPORT_HELP)
def export(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a performance.npz.")],
    formats: Annotated[str, typer.Option(help=FORMATS_HELP)] = "bvh,csv,json",
    fps: Annotated[float | None, typer.Option(help="Frames per second of the body, 15 to 120.")] = None,
    face_fps: Annotated[float | None, typer.Option(help="Frames per second of the face, 15 to 120.")] = None,
    skeleton: Annotated[str, typer.Option(help=SKELETON_HELP)] = "beat",
    avatar: Annotated[str, typer.Option(help=AVATAR_HELP)] = "anna",
    bones: Annotated[Path | None, typer.Option(help=BONES_HELP)] = None,
    decimate: Annotated[float | None, typer.Option(help=DECIMATE_HELP)] = None,
    settings_of: OptionSettings = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; default beside the performance.")] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    from gengine.engine import resampled
    from gengine.exporting import chosen_formats, export_folder, exporter_options
    from gengine.runs import load, made_of, saved

    began = time.perf_counter()
    folder = out or saved(source).parent
    chosen = chosen_formats(formats)
    shared = {"skeleton": skeleton, "avatar": avatar, "bones": bones, "decimate": decimate}
    options = exporter_options(chosen, settings_of, **shared)
    performance = resampled(load(source), fps, face_fps)
    reports: list[Report] = []

    def hear(report: Report) -> None:
        if strict:
            report.refuse_warnings()
        reports.append(report)

    files = export_folder([performance], folder, chosen, options, reports=hear)
    about = made_of(folder, files.values(), performance.duration, began)
    report_run(about, sum(reports, Report()), as_json)
