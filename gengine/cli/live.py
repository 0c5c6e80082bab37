"""``gengine live``: talk to the microphone and see an avatar talk, in the browser. Parse, call, print."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import say as tell

app = typer.Typer(add_completion=False, rich_markup_mode=None)

LIVE_HELP = """Talk into the microphone and watch an avatar talk, in the browser.

\b
The page has the microphone, an emotion dial and a read-out of the latency. With --say it also speaks a text: --tts is a
command that reads the text from stdin and writes a WAV to stdout.

\b
Examples:
  gengine live
  gengine live --avatar femi --emotion happiness
  gengine live --vmc 127.0.0.1 --livelink 192.168.1.20:11111
  gengine live --say "Hello, nice to see you." --tts "espeak-ng --stdout"
"""


@app.command(name="live", help=LIVE_HELP)
def live(
    avatar: Annotated[str, typer.Option(help="A preset, or the path of a .glb or .vrm.")] = "anna",
    emotion: Annotated[str, typer.Option(help="Where the dial stands at first.")] = "neutral",
    say: Annotated[str | None, typer.Option(help="A text that the page can speak.")] = None,
    tts: Annotated[str, typer.Option(help="Command that makes a WAV of a text on stdin.")] = "espeak-ng --stdout",
    vmc: Annotated[str | None, typer.Option(help="Also send to a VMC receiver, HOST or HOST:PORT.")] = None,
    livelink: Annotated[str | None, typer.Option(help="Also send to Unreal's Live Link (ARKit face).")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    import tempfile
    import webbrowser

    from gengine.serve.relay import Relay
    from gengine.serve.server import ServeOptions, bind, serve_live
    from gengine.showing import live_page

    with tempfile.TemporaryDirectory() as folder:
        relay = Relay(vmc, livelink) if vmc or livelink else None
        options = ServeOptions(port=port, pages=live_page(Path(folder), avatar, emotion, say, tts), relay=relay)
        listener = bind(options)

        def started() -> None:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            tell(f"{address}  (Ctrl-C ends)")
            sys.stdout.flush()
            if browser:
                webbrowser.open(address)

        with suppress(KeyboardInterrupt):  # the signal that asked it to stop comes once more when it has
            serve_live(options, listener, started)
