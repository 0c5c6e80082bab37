"""``gengine serve``: the live protocol for games, web pages and agents. Parse, call, print."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import say

app = typer.Typer(add_completion=False, rich_markup_mode=None)

SERVE_HELP = """Serve live performances over WebSockets: sound in, frames of face and body out.

\b
The protocol is render/protocol.md, clients are in render/. A line of JSON tells the address when sessions can be had;
/health and /metrics (Prometheus) are for operators. Elsewhere than on this machine the server wants a token of 16
characters or more (GENGINE_TOKEN or --token-file), TLS, and the origins of pages that may connect.

\b
Examples:
  gengine serve
  gengine serve --port 9000 --workers 4 --sessions 4
  gengine serve --origin http://localhost:5173     (a page of another server on this machine)
  GENGINE_TOKEN=... gengine serve --host 0.0.0.0 --certificate cert.pem --key key.pem --origin https://example.org
"""


@app.command(name="serve", help=SERVE_HELP)
def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8470,
    workers: Annotated[int, typer.Option(help="Processes; one a core.")] = 1,
    sessions: Annotated[int, typer.Option(help="Sessions of a process at most; more are told to try later.")] = 4,
    token_file: Annotated[Path | None, typer.Option(help="A file that holds the token clients must give.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="Key of the certificate (PEM).")] = None,
    origin: Annotated[list[str] | None, typer.Option(help="Origin of pages that may connect; may be repeated.")] = None,
) -> None:
    from gengine.serve.server import ServeOptions, bind, connection_line, serve_live, token_from

    options = ServeOptions(
        host, port, workers, sessions, token_from(token_file), certificate, key, tuple(o.lower() for o in origin or ())
    )
    listener = bind(options)

    def started() -> None:
        say(connection_line(options, listener.getsockname()[1]))
        sys.stdout.flush()

    with suppress(KeyboardInterrupt):  # the signal that asked it to stop comes once more when it has
        serve_live(options, listener, started)
