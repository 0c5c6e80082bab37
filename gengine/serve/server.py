"""``gengine serve``: the live protocol over WebSockets (render/protocol.md), health and metrics."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gengine.errors import GengineError, MissingExtraError
from gengine.serve.hub import BODY_WAITS, Guest, Hub, Refusal
from gengine.serve.messages import LONGEST_MESSAGE
from gengine.serve.relay import Relay
from gengine.serve.sources import Broadcast
from gengine.serve.workers import HOPS

try:
    import uvicorn
    from fastapi import FastAPI, Request, WebSocket
    from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
    from starlette.websockets import WebSocketDisconnect

    from gengine.serve.patience import FIRST, HELLO, ImpatientProtocol
except ImportError:
    raise MissingExtraError("gengine serve", "serve") from None

PORT = 8470
"""Where clients look by custom; unassigned by IANA."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
AT_ONCE = 8
"""Connections that are accepted before those who speak get their turn (judgement): each takes a millisecond or two."""
CONNECTIONS = 256
"""Connections at a time, with and without a session."""
ALIVE = 10.0
"""Seconds between pings, and seconds in which they must be answered: half-open sockets end after twice as many."""
SEND_BUFFER = 16_384
"""Bytes that the system holds for a slow reader (it doubles them): about a second of frames."""
SHORTEST_TOKEN = 16
"""Characters of a token at least."""


@dataclass(frozen=True)
class ServeOptions:
    """Where and for whom a server is. Raises ``GengineError`` for an address that is not safe as given."""

    host: str = "127.0.0.1"
    port: int = PORT
    workers: int = 1
    sessions: int = 4
    token: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    origins: tuple[str, ...] = ()
    pages: dict[str, Path] = field(default_factory=dict)
    relay: Relay | None = None
    broadcast: Broadcast | None = None
    behind_proxy: bool = False
    """TLS ends before this server, at a proxy or an ingress."""
    a2f: int = 0
    """Port of the Audio2Face-3D service; 0 for none."""
    hop: float | None = None
    """Seconds of motion that are made at once, of ``HOPS``; None: as bundled."""

    def __post_init__(self) -> None:
        for name, port in (("--port", self.port), ("--a2f", self.a2f)):
            if not 0 <= port <= 65535:
                raise GengineError(f"{name} {port}: is no port; give one from 1 to 65535, or 0 for any")
        for name, value, most in (("--workers", self.workers, 256), ("--sessions", self.sessions, 64)):
            if not 1 <= value <= most:
                raise GengineError(f"{name} {value}: expected 1 to {most}")
        if self.hop is not None and self.hop not in HOPS:
            raise GengineError(f"--hop {self.hop:g}: expected {', '.join(f'{hop:g}' for hop in HOPS)} seconds")
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise GengineError(f"--token: has {len(self.token)} characters, expected at least {SHORTEST_TOKEN}")
        if (self.certificate is None) != (self.key is None):
            raise GengineError("--certificate and --key belong together; give both, or neither")
        for path in (self.certificate, self.key):
            if path is not None and not path.is_file():
                raise GengineError(f"{path}: is no file; give the PEM file of the certificate and that of its key")
        if self.host not in LOOPBACK and not (self.token and (self.certificate or self.behind_proxy)):
            raise GengineError(
                f"--host {self.host}: is reached from elsewhere, which needs a token (GENGINE_TOKEN or --token-file) "
                "and TLS (--certificate, --key; --behind-proxy: a proxy ends it); pages of other sites need --origin"
            )

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"


def make_app(options: ServeOptions, port: int) -> FastAPI:
    """The application of a server that is reached at ``port``; ``app.state.hub`` is its ``Hub``."""
    hub = Hub(options.workers, options.sessions, options.token, options.relay, options.hop)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await hub.start()
        if options.broadcast is not None:
            await options.broadcast.start(hub)
        a2f = await _start_a2f(hub, options) if options.a2f else None
        yield
        if a2f is not None:
            await a2f.stop(BODY_WAITS)
        await hub.stop()

    app = FastAPI(title="gengine", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.hub = hub

    def foreign(headers: Any) -> bool:
        """Whether another page asks: by its origin or, under a name of its own, by DNS rebinding."""
        return not _is_ours(headers, options, port)

    def operator(headers: Any) -> bool:
        return hub.trusts(headers.get("authorization", "").removeprefix("Bearer "))

    @app.get("/health")
    async def health() -> Response:
        return JSONResponse(hub.health(), 200 if hub.health()["status"] == "ok" else 503)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        if not operator(request.headers) or foreign(request.headers):
            return PlainTextResponse("the token is missing: Authorization: Bearer ...\n", 401)
        return PlainTextResponse(hub.metrics(), media_type="text/plain; version=0.0.4")

    def page_of(path: Path) -> Callable[[Request], Awaitable[Response]]:
        async def page(request: Request) -> Response:
            if foreign(request.headers):
                return PlainTextResponse("asked by another page\n", 403)
            return FileResponse(path, headers={"Cache-Control": "no-store"})

        return page

    for route, path in options.pages.items():
        app.add_route(route, page_of(path))

    @app.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        if foreign(websocket.headers):
            await websocket.close(1008)  # before it is accepted: HTTP 403
            return
        await websocket.accept()
        hub.connections += 1
        try:
            if hub.connections > CONNECTIONS:
                raise Refusal("busy", "too many connections", FIRST, 1013)
            await _converse(hub, websocket)
        except Refusal as refusal:
            hub.errors[refusal.error.code] += 1
            with suppress(Exception):
                async with asyncio.timeout(1):
                    await websocket.send_text(refusal.error.model_dump_json(exclude_none=True))
                    await websocket.close(refusal.closing)
        finally:
            hub.connections -= 1

    return app


async def _start_a2f(hub: Hub, options: ServeOptions) -> Any:
    from gengine.serve.a2f import start_a2f

    return await start_a2f(hub, options.host, options.a2f, options.certificate, options.key)


def _is_ours(headers: Any, options: ServeOptions, port: int) -> bool:
    origin, hosts = headers.get("origin"), {host.lower() for host in headers.getlist("host")}
    if origin is not None and origin.lower() in options.origins:
        return True
    if options.host not in LOOPBACK:
        return origin is None
    names = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    own = {f"{options.scheme}://{name}" for name in names}
    return hosts <= names and (origin is None or origin.lower() in own)


async def _converse(hub: Hub, websocket: Any) -> None:
    """One connection, from its first message to its end."""
    try:
        async with asyncio.timeout(HELLO):
            first = await _receive(websocket)
    except TimeoutError:
        raise Refusal("bad_message", f"no hello within {HELLO:g} s", 0) from None
    if first is None:
        return
    if isinstance(first, bytes):
        raise Refusal("bad_message", "first message: is binary, expected hello or resume")
    guest = await hub.join(first)
    visit = guest.visit

    async def send(data: str | bytes) -> None:
        await (websocket.send_text(data) if isinstance(data, str) else websocket.send_bytes(data))

    tasks = [asyncio.create_task(hub.pump(guest, send)), asyncio.create_task(_listen(hub, guest, websocket))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            with suppress(OSError, RuntimeError, WebSocketDisconnect):
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        hub.leave(guest, visit)
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(hub: Hub, guest: Guest, websocket: Any) -> None:
    while (message := await _receive(websocket)) is not None:
        hub.take(guest, message)


async def _receive(websocket: Any) -> str | bytes | None:
    """The next message; None where the connection has ended."""
    event = await websocket.receive()
    if event["type"] != "websocket.receive":
        return None
    return event["text"] if event.get("text") is not None else event["bytes"]


def bind(options: ServeOptions) -> socket.socket:
    """The listening socket; ``GengineError`` where the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.bind((options.host, options.port))
        listener.listen(CONNECTIONS)
        return listener
    except OSError as error:
        why = error.strerror or error
        raise GengineError(
            f"--host {options.host} --port {options.port}: cannot be used ({why}); give another"
        ) from None


def serve_live(options: ServeOptions, listener: socket.socket, started: Callable[[], None] = lambda: None) -> None:
    """Serve until a signal asks to stop (uvicorn's: SIGINT, SIGTERM), or ``stop`` of the server is asked for.

    ``started`` is called when sessions can be had.
    """
    asyncio.run(make_server(options, listener, started).serve(sockets=[listener]))


def make_server(
    options: ServeOptions, listener: socket.socket, started: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """A ``uvicorn.Server`` of the live protocol on ``listener``; it ends when its ``should_exit`` is set."""
    app = make_app(options, listener.getsockname()[1])

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            listener.listen(CONNECTIONS)  # what waits in the system is more than what is taken at once
            started()

        async def shutdown(self, sockets: Any = None) -> None:
            await app.state.hub.farewell()
            await super().shutdown(sockets=sockets)

    config = uvicorn.Config(
        app, ws_max_size=LONGEST_MESSAGE, ws_max_queue=16, ws_ping_interval=ALIVE, ws_ping_timeout=ALIVE,
        ws_per_message_deflate=False, log_level="warning", server_header=False, date_header=False,
        timeout_graceful_shutdown=3, backlog=AT_ONCE, limit_concurrency=4 * CONNECTIONS,
        ssl_certfile=options.certificate, ssl_keyfile=options.key,
        ws="websockets-sansio", http=ImpatientProtocol,
    )  # fmt: skip
    return Server(config)


def token_from(path: Path | None) -> str | None:
    """The token that the environment or a file holds: not an argument, which every user of the machine can read."""
    if path is None:
        return os.environ.get("GENGINE_TOKEN") or None
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise GengineError(f"--token-file {path}: cannot be read ({error}); give a text file") from None


def connection_line(options: ServeOptions, port: int) -> str:
    """What an operator is told, as one line of JSON."""
    scheme = "wss" if options.certificate else "ws"
    host = f"[{options.host}]" if ":" in options.host else options.host
    told = {"live": f"{scheme}://{host}:{port}/live", "places": options.workers * options.sessions}
    return json.dumps(told | ({"a2f": f"{host}:{options.a2f}"} if options.a2f else {}))
