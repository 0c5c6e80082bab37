"""A small client of the live protocol, for tests."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.serve import wire
from gengine.serve.server import ServeOptions, bind, make_server


class Server:
    """A running server: its port, its hub, and the loop they live in."""

    def __init__(self, options: ServeOptions) -> None:
        self.listener = bind(options)
        self.port = self.listener.getsockname()[1]
        self.server = make_server(options, self.listener)
        self.hub = self.server.config.app.state.hub
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],), daemon=True)

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}/live"


@contextmanager
def serving(**options: Any) -> Iterator[Server]:
    server = Server(ServeOptions(port=0, **options))
    server.thread.start()
    try:
        until = time.monotonic() + 240
        while not server.server.started and time.monotonic() < until:
            time.sleep(0.05)
        assert server.server.started
        yield server
    finally:
        server.server.should_exit = True
        server.thread.join(20)
        assert not server.thread.is_alive()


class Client:
    """A connection; what came is in ``texts`` and ``frames`` with when it came."""

    def __init__(self, socket: Any) -> None:
        self.socket, self.texts, self.frames, self.raw = socket, [], [], []
        self.skeleton: Skeleton = beat_skeleton()
        self.closed: int | None = None

    async def say(self, type: str, **values: Any) -> None:
        await self.socket.send(json.dumps({"type": type, **values}))

    async def sound(self, samples: np.ndarray, first: int = 0) -> None:
        for at in range(0, len(samples), 8000):
            await self.socket.send(wire.encode_sound(samples[at : at + 8000], first + at))

    async def listen(self, seconds: float, until: Any = lambda c: False) -> None:
        """Take what comes for so many seconds, or until ``until(self)``."""
        try:
            async with asyncio.timeout(seconds):
                while not until(self):
                    self.take(await self.socket.recv())
        except TimeoutError:
            pass
        except ConnectionClosed:
            self.closed = self.socket.close_code

    def take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.raw.append(message)
            self.frames.append((time.monotonic(), wire.decode(message, self.skeleton)))
            return
        told = json.loads(message)
        self.texts.append(told)
        if told["type"] == "welcome":
            names = told["names"]
            self.skeleton = Skeleton(names["joints"], np.array(names["parents"]), np.array(names["offsets"]))

    def told(self, type: str) -> list[dict]:
        return [t for t in self.texts if t["type"] == type]

    def of(self, kind: type) -> list[wire.Frames]:
        return [f for _, f in self.frames if isinstance(f.track, kind)]


async def join(server: Server, **hello: Any) -> Client:
    client = Client(await connect(server.address, max_size=None, compression=None))
    await client.say("hello", v=1, **hello)
    await client.listen(40, lambda c: c.told("welcome") or c.told("error"))
    return client
