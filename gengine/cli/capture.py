"""``gengine capture``: the face of a film becomes a face track. Parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import bar, report_run
from gengine.cli.options import AVATAR_HELP, FORMATS_HELP, AsJson, OptionSettings, Strict

app = typer.Typer(add_completion=False, rich_markup_mode=None)

CAPTURE_HELP = """Capture the face of a film: ARKit-52 weights, head and gaze, with its sound.

\b
Examples:
  gengine capture clip.mp4
  gengine capture interview.mov --face 2 --formats csv,npz
  gengine capture clip.mp4 --formats avatar,csv --avatar femi
  gengine animate clip.mp4 --face capture

\b
The last one adds a body that moves to the speech. Needs the extra vision.
"""


@app.command(name="capture", help=CAPTURE_HELP)
def capture(
    source: Annotated[Path, typer.Argument(metavar="FILM", help="A film with a face (mp4 mov mkv webm avi …).")],
    face: Annotated[int, typer.Option(min=1, help="Whose: 1 is the face that is largest over the film.")] = 1,
    formats: Annotated[str, typer.Option(help=FORMATS_HELP)] = "csv,json,npz",
    avatar: Annotated[str, typer.Option(help=AVATAR_HELP)] = "anna",
    settings_of: OptionSettings = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; default runs/<name>-captured.")] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    from gengine.capturing import capture_run

    folder = out or Path("runs") / f"{source.stem}-captured"
    with bar("reading faces", None, as_json) as progress:
        made, report = capture_run(
            source, folder, face, formats, avatar, tuple(settings_of or ()), strict,
            lambda done, total: progress(done, total=total),
        )  # fmt: skip
    report_run(made, report, as_json)
