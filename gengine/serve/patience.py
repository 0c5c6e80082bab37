"""What a connection may take of the server before it has asked for anything: a little time, a few bytes.

A server of HTTP waits for a request for ever, and for the end of its headers; a thousand sockets that send nothing,
or a byte now and then, would keep everyone else out, and one that sends headers without end would take all memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

FIRST = 5.0
"""Seconds in which a new connection must bring a whole request (judgement)."""
HELLO = 20.0
"""Seconds in which a WebSocket must bring its first message: a browser that draws on a busy machine may need more than
five."""
VISIT = 60.0
"""Seconds that a connection of HTTP lasts at most: what is served over it is small (judgement)."""
LONGEST_REQUEST = 65_536
"""Bytes of requests at most; browsers send about a thousand in each (judgement)."""


_Protocol: Any = AutoHTTPProtocol
"""One of two classes, by which parser of HTTP is installed."""


class ImpatientProtocol(_Protocol):
    """uvicorn's protocol of HTTP, which ends connections that ask for nothing."""

    def connection_made(self, transport: Any) -> None:
        """A client has come."""
        super().connection_made(transport)
        self._taken = 0
        self._timers: list[asyncio.TimerHandle] = [
            self.loop.call_later(FIRST, self._end_silent), self.loop.call_later(VISIT, self._end)
        ]  # fmt: skip

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a request."""
        self._taken += len(data)
        if self._taken > LONGEST_REQUEST:
            self._end()
            return
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # a WebSocket has taken over
            self._forget()

    def _end_silent(self) -> None:
        if self.cycle is None:  # no request has come whole
            self._end()

    def _end(self) -> None:
        self._forget()
        self.transport.abort()

    def _forget(self) -> None:
        for timer in self._timers:
            timer.cancel()
