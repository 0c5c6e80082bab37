"""``gengine view``: a performance in the browser. Parse, call, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import say, tell
from gengine.cli.options import BONES_HELP, DECIMATE_HELP

app = typer.Typer(add_completion=False, rich_markup_mode=None)

VIEW_HELP = """Watch a performance in the browser: play, scrub, emotion timeline, ARKit curves.

\b
Examples:
  gengine view runs/speech-happy
  gengine view performance.npz --avatar femi
  gengine view runs/speech-happy --out happy.html   (one page that holds everything: open it, mail it)
  gengine view runs/speech-happy --out site         (a folder to put on any web server)
"""


@app.command(name="view", help=VIEW_HELP)
def view(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a performance.npz.")],
    avatar: Annotated[str | None, typer.Option(help="A preset, or the path of a .glb or .vrm.")] = None,
    bones: Annotated[Path | None, typer.Option(help=BONES_HELP)] = None,
    decimate: Annotated[float | None, typer.Option(help=DECIMATE_HELP)] = None,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    out: Annotated[
        Path | None,
        typer.Option(help="Write it here and do not serve it: a page (.html), or a folder for a web server."),
    ] = None,
) -> None:
    import tempfile
    import webbrowser

    from gengine.serve.viewer import serve
    from gengine.showing import view as write

    if out is not None:
        say(str(write(source, avatar, out, bones, decimate, tell)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(source, avatar, Path(folder), bones, decimate, tell)
        server = serve(Path(folder), port)
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        say(f"{address}  (Ctrl-C ends)")
        sys.stdout.flush()
        if browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()
