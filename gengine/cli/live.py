"""``gengine live``: talk to the microphone and see an avatar talk, in the browser. Parse, call, print."""

from __future__ import annotations

import os
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
command that reads the text from stdin and writes a WAV to stdout; --times names a file to which it writes when it says
which words or phones (JSON of ElevenLabs, Azure, Polly or Piper, .pho of espeak-ng, TextGrid, SRT ...). Tags as in
"[laughs] Hi 😀" are acted.


--mic takes this machine's microphone instead of the browser's (extra microphone); --stdin takes what another program
says: WAV files, or 16-bit mono PCM at --rate. Both also work without a page, for --vmc and --livelink.

\b
Examples:
  gengine live
  gengine live --avatar femi --emotion happiness
  gengine live --vmc 127.0.0.1 --livelink 192.168.1.20:11111
  gengine live --say "Hello, nice to see you." --tts "espeak-ng --stdout"
  gengine live --mic --vmc 127.0.0.1 --no-browser
  espeak-ng --stdout "Hello from a pipe." | gengine live --stdin
"""


@app.command(name="live", help=LIVE_HELP)
def live(
    avatar: Annotated[str, typer.Option(help="A preset, or the path of a .glb or .vrm.")] = "anna",
    emotion: Annotated[str, typer.Option(help="Where the dial stands at first.")] = "neutral",
    say: Annotated[str | None, typer.Option(help="A text that the page can speak.")] = None,
    tts: Annotated[str, typer.Option(help="Command that makes a WAV of a text on stdin.")] = "espeak-ng --stdout",
    times: Annotated[Path | None, typer.Option(help="File of times that the --tts command writes.")] = None,
    mic: Annotated[bool, typer.Option("--mic", help="Take this machine's microphone.")] = False,
    device: Annotated[str | None, typer.Option(help="Which microphone: its number or a part of its name.")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Take the speech that comes on stdin.")] = False,
    rate: Annotated[int, typer.Option(help="Hz of sound on stdin that has no header.")] = 16_000,
    vmc: Annotated[str | None, typer.Option(help="Also send to a VMC receiver, HOST or HOST:PORT.")] = None,
    livelink: Annotated[str | None, typer.Option(help="Also send to Unreal's Live Link (ARKit face).")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    import secrets
    import tempfile
    import webbrowser

    from gengine.errors import GengineError
    from gengine.serve.relay import Relay
    from gengine.serve.server import ServeOptions, bind, serve_live
    from gengine.serve.sources import Broadcast, microphone, piped
    from gengine.showing import live_page

    if mic + stdin + (say is not None) > 1:
        raise GengineError("--mic, --stdin and --say: give one of them")
    source = microphone(device) if mic else piped(_read_stdin, rate) if stdin else None
    name = secrets.token_urlsafe(16)
    watch = {"name": name, "rate": source.rate, "heard": source.heard} if source else None
    with tempfile.TemporaryDirectory() as folder:
        relay = Relay(vmc, livelink) if vmc or livelink else None
        pages = live_page(Path(folder), avatar, emotion, say, tts, times, watch)
        broadcast = Broadcast(source, name, emotion, waits=source.heard and browser) if source else None
        options = ServeOptions(port=port, pages=pages, relay=relay, broadcast=broadcast)
        listener = bind(options)

        def started() -> None:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            tell(f"{address}  (Ctrl-C ends)")
            sys.stdout.flush()
            if browser:
                webbrowser.open(address)

        with suppress(KeyboardInterrupt):  # the signal that asked it to stop comes once more when it has
            serve_live(options, listener, started)


def _read_stdin(most: int) -> bytes:
    """What is there, as soon as something is."""
    return os.read(sys.stdin.fileno(), most)
