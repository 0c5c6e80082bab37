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
characters or more (GENGINE_TOKEN or --token-file), TLS, and the origins of pages that may connect. --a2f also answers
programs that speak to NVIDIA's Audio2Face-3D (gRPC, extra a2f), ACE plug-ins for instance.

\b
Examples:
  gengine serve
  gengine serve --port 9000 --workers 4 --sessions 4
  gengine serve --hop 0.2 --sessions 10            (half as much work a session, a tenth of a second later)
  gengine serve --a2f 52000
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
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="TLS ends at a proxy before this server: plain HTTP from there.")
    ] = False,
    hop: Annotated[
        float | None,
        typer.Option(help="Seconds made at once: 0.05, 0.1 (usual) or 0.2. More answers later, for more sessions."),
    ] = None,
    a2f: Annotated[int, typer.Option(help="Port of an Audio2Face-3D service beside it, 52000 by custom; 0: none.")] = 0,
) -> None:
    from gengine.serve.server import ServeOptions, bind, connection_line, serve_live, token_from

    options = ServeOptions(
        host,
        port,
        workers,
        sessions,
        token_from(token_file),
        certificate,
        key,
        tuple(o.lower() for o in origin or ()),
        behind_proxy=behind_proxy, a2f=a2f, hop=hop,
    )  # fmt: skip
    listener = bind(options)

    def started() -> None:
        say(connection_line(options, listener.getsockname()[1]))
        sys.stdout.flush()

    with suppress(KeyboardInterrupt):  # the signal that asked it to stop comes once more when it has
        serve_live(options, listener, started)
