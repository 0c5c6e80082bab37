"""A worker's sessions take turns: who is told much at once waits for itself alone."""

from __future__ import annotations

import multiprocessing

from gengine.serve.messages import Hello, Interrupt
from gengine.serve.workers import LETTERS, _Place, _receive, _turn


def test_a_session_that_is_told_much_at_once_keeps_no_neighbour_waiting() -> None:
    server, worker = multiprocessing.Pipe()
    places: dict[str, _Place] = {}

    def read() -> None:
        while worker.poll(0):
            assert not _receive(worker, places, 0.0, None)

    for name in ("rude", "kind"):
        server.send(("open", name, Hello(source="microphone"), 0.0))
    read()
    assert [server.recv()[:2] for _ in places] == [("opened", "rude"), ("opened", "kind")]
    for _ in range(10):
        places["rude"].stream.session.push(bytes(3200))
    for k in range(60):
        server.send(("tell", "rude", Interrupt(played_until=0.5)))
        server.send(("sound", "kind", 320 * k, bytes(640)))
    read()
    told, rest = _turn(places, "rude", places["rude"])
    assert told and places["rude"].letters and rest == 0.0
    made, _ = _turn(places, "kind", places["kind"])
    assert not places["kind"].letters and made

    for _ in range(LETTERS + 20):
        places["rude"].letters.append(("tell", [Interrupt(played_until=0.5)]))
    server.send(("tell", "rude", Interrupt(played_until=0.5)))
    read()
    kind, name, (error,) = server.recv()
    assert (kind, name, error.code) == ("out", "rude", "rate_limit")
    server.send(("close", "rude"))
    read()
    assert list(places) == ["kind"]
