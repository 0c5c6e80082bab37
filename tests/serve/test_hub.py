"""What a slow reader gets: the newest, with a flag where something is missing."""

from __future__ import annotations

import asyncio
import json

from gengine.core.performance import Performance
from gengine.core.skeleton import beat_skeleton
from gengine.serve import hub as hubs
from gengine.serve import wire
from gengine.serve.hub import Guest, Hub
from gengine.serve.messages import Hello, Pong


async def _read(hub: Hub, guest: Guest, waits: list[float]) -> list[str | bytes]:
    """What a reader gets who takes ``waits`` seconds for its messages, one after the other."""
    got: list[str | bytes] = []

    async def send(data: str | bytes) -> None:
        got.append(data)
        await asyncio.sleep(waits.pop(0) if waits else 0)

    task = asyncio.create_task(hub.pump(guest, send))
    await asyncio.sleep(sum(waits) + 0.2)
    task.cancel()
    return got


def test_frames_that_waited_too_long_are_dropped_body_first_and_a_flag_says_so(teacher: Performance) -> None:
    async def run() -> None:
        hub = Hub(1, 1)
        guest = Guest("a", Hello())
        first = wire.encode(teacher.face[:12], 0.0)[0]
        for start in (0.0, 0.2):
            hub._frames(guest, first)
            hub._frames(guest, wire.encode(teacher.motion[:6], start)[0])
        hub._queue(guest, 0, Pong(t=1, clock=2))
        got = await _read(hub, guest, [hubs.BODY_WAITS + 0.1])
        told = [wire.decode(m, beat_skeleton()) for m in got if isinstance(m, bytes)]
        assert [(f.sequence, f.flags) for f in told] == [(0, 0), (2, wire.DISCONTINUITY)]  # both bodies are dropped
        assert json.loads(got[-1])["type"] == "pong"  # what is said is never dropped
        assert hub.counts["messages_dropped"] == 2

        hub._frames(guest, first)
        hub._frames(guest, first)
        hub._frames(guest, first)
        got = await _read(hub, guest, [hubs.FACE_WAITS + 0.1])
        assert len(got) == 1
        hub._frames(guest, first)
        (last,) = await _read(hub, guest, [])
        assert wire.decode(last, beat_skeleton()).flags == wire.DISCONTINUITY

    asyncio.run(run())


def test_a_reader_who_never_reads_is_sent_away(teacher: Performance, monkeypatch) -> None:
    monkeypatch.setattr(hubs, "WRITING", 0.1)

    async def run() -> None:
        hub, guest = Hub(1, 1), Guest("a", Hello())
        hub._frames(guest, wire.encode(teacher.face[:12], 0.0)[0])
        try:
            await hub.pump(guest, lambda data: asyncio.sleep(60))
        except hubs.Refusal as refusal:
            assert refusal.error.code == "too_slow" and refusal.error.retry == 1
        else:
            raise AssertionError("was not sent away")

    asyncio.run(run())


def test_only_the_last_two_seconds_are_kept(teacher: Performance) -> None:
    async def run() -> None:
        hub, guest = Hub(1, 1), Guest("a", Hello(), left_at=0.0)
        for k in range(60):
            hub._frames(guest, wire.encode(teacher.face[:12], k / 5)[0])
        assert [sequence for sequence, _ in guest.ring] == list(range(49, 60))
        assert not guest.waiting  # nobody is there

    asyncio.run(run())
