"""Connections that ask for nothing end, those that ask stay."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from gengine.serve import patience


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server of nothing but an answer, which waits .3 s for a request and 1.5 s for the end of a visit."""
    monkeypatch.setattr(patience, "FIRST", 0.3)
    monkeypatch.setattr(patience, "VISIT", 1.5)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(answer, http=patience.ImpatientProtocol, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def ends(connection: socket.socket) -> bool:
    """Whether the server ends the connection within two seconds."""
    connection.settimeout(2)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_a_socket_that_asks_for_nothing_or_slowly_is_ended(port: int) -> None:
    silent, slow = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
    slow.sendall(b"GET / HTTP/1.1\r\nHost: a")
    time.sleep(0.1)
    slow.sendall(b"b")
    assert ends(silent) and ends(slow)


def test_headers_without_end_are_not_kept(port: int) -> None:
    endless = socket.create_connection(("127.0.0.1", port))
    endless.sendall(b"GET / HTTP/1.1\r\n")
    sent = 0
    with pytest.raises(OSError):
        while sent < 4 << 20:
            sent += endless.send(b"X-More: " + b"a" * 1000 + b"\r\n")


def test_who_asks_is_answered_and_stays_no_longer_than_a_visit(port: int) -> None:
    asked = socket.create_connection(("127.0.0.1", port))
    asked.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    asked.settimeout(2)
    assert asked.recv(1000).startswith(b"HTTP/1.1 200")
    time.sleep(0.4)  # longer than a first request may take
    asked.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"200" in asked.recv(1000)
    assert ends(asked)  # sooner than uvicorn's own five seconds
