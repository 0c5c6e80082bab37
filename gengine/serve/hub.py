"""Who is connected, which worker runs whose session, and what waits to be sent: all of it in one event loop."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gengine.errors import FormatError
from gengine.serve import wire
from gengine.serve.messages import (
    LONGEST_MESSAGE,
    Error,
    Hello,
    Latency,
    Message,
    Names,
    Ping,
    Pong,
    Resume,
    Started,
    Welcome,
    read_message,
)
from gengine.serve.relay import Relay
from gengine.serve.workers import Worker

RING = 2.0
"""Seconds of session time whose frames are kept for a client that comes back."""
KEPT = 30.0
"""Seconds that a session waits for its client."""
BODY_WAITS, FACE_WAITS = 0.25, 0.5
"""Seconds that frames of body and face wait for a slow reader before they are dropped."""
SOUND_AHEAD = 30.0
"""Seconds of sound that a client may send ahead of time."""
TEXTS, TEXT_BURST = 100.0, 200.0
"""Text messages that a client may send in a second, and at once after a rest (judgement)."""
WRONG, PIECE = 10.0, 0.05
"""Text messages that a wrong one counts for, and that a piece of sound does: a browser's worklet sends 375 a second."""
WRITING = 10.0
"""Seconds that a client may take for one message before its connection is closed."""
OPENING = 30.0
"""Seconds in which a worker must open a session."""
RESTING = 5.0
"""Seconds before a process takes the place of one that did not even begin (judgement)."""
LATER = 5.0
"""Seconds after which a client that found no place may ask again."""
LINES = 4_000
"""Messages that wait for one client at most; a hundred a second are made."""


class Refusal(Exception):
    """The connection ends with this error and this WebSocket close code."""

    def __init__(self, code: Any, message: str, retry: float | None = None, closing: int = 1008) -> None:
        super().__init__(message)
        self.error, self.closing = Error(code=code, message=message, retry=retry), closing


@dataclass(eq=False)
class Guest:
    """A session as the server's first process knows it, with or without a connection."""

    name: str
    hello: Hello
    worker: Worker | None = None
    opened: asyncio.Future[tuple[Latency, Names]] = field(default_factory=lambda: asyncio.Future())
    about: tuple[Latency, Names] | None = None
    sequence: int = 0  # of the next message of frames
    clock: float = 0.0  # session time of the end of the newest face frames
    ring: deque[tuple[int, bytes]] = field(default_factory=deque)
    waiting: deque[tuple[float, int, Any]] = field(default_factory=deque)  # when, binary kind or 0, message
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    gap: bool = False  # the next frames follow on a gap
    sample: int = 0  # number of the sample that is expected next
    sound_until: float = 0.0  # when all sound that came will have been spoken
    texts: float = TEXT_BURST
    texts_at: float = field(default_factory=time.monotonic)
    watched: Guest | None = None  # whose session this one looks at, without one of its own
    watchers: list[Guest] = field(default_factory=list)
    started: Started | None = None  # where the sound is that plays
    visit: int = 0  # counts connections; an older one ends when a newer comes
    left_at: float | None = None


class Hub:
    """All sessions of a server: ``workers`` processes of at most ``each`` sessions, which make ``hop`` s at once (None:
    as bundled). Started and stopped in a loop."""

    def __init__(
        self, workers: int, each: int, token: str | None = None, relay: Relay | None = None, hop: float | None = None
    ) -> None:
        self._count, self._each, self._token, self._hop = workers, each, token, hop
        self.workers: list[Worker] = []
        self.guests: dict[str, Guest] = {}
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.connections = 0
        self._leaving = False
        self._relay = relay

    # life

    async def start(self) -> None:
        """Start the workers; returns when the first can take sessions."""
        self._loop = asyncio.get_running_loop()
        self._first = asyncio.Event()
        self.workers = [self._new_worker() for _ in range(self._count)]
        self._tasks = [asyncio.create_task(self._keep_house())]
        if self._relay is not None:
            self._tasks.append(asyncio.create_task(self._relay.run()))
        await self._first.wait()

    async def stop(self) -> None:
        """End all processes."""
        self._leaving = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in self.workers))

    async def farewell(self) -> None:
        """Tell every client that the server goes, and that it may come again."""
        self._leaving = True
        for guest in self.guests.values():
            self._queue(guest, 0, Error(code="going_away", message="the server stops", retry=1))
        for _ in range(20):
            if not any(guest.waiting for guest in self.guests.values() if guest.left_at is None):
                break
            await asyncio.sleep(BODY_WAITS / 5)

    def _new_worker(self) -> Worker:
        def heard(worker: Worker, message: Any) -> None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._heard, worker, message)

        return Worker(heard, self._hop)

    async def _keep_house(self) -> None:
        """Forget who does not come back, and kill workers that are stuck."""
        while True:
            await asyncio.sleep(1)
            now = time.monotonic()
            for guest in list(self.guests.values()):
                if guest.left_at is not None and now - guest.left_at > KEPT:
                    self.forget(guest)
            for worker in self.workers:
                if worker.stuck:
                    worker.process.kill()

    # what workers say

    def _heard(self, worker: Worker, message: Any) -> None:
        if message is None:
            self._lost(worker)
            return
        kind, *rest = message
        if kind == "ready":
            worker.ready = True
            self._first.set()
            for guest in self.guests.values():  # who lost a worker and found none
                if guest.worker is None and guest.watched is None:
                    self._seat(guest)
        guest = self.guests.get(rest[0]) if rest else None
        if guest is None or guest.worker is not worker:
            return
        if kind == "opened":
            guest.about = (rest[1], rest[2])
            if not guest.opened.done():
                guest.opened.set_result(guest.about)
        elif kind == "refused":
            if not guest.opened.done():
                guest.opened.set_exception(Refusal("bad_value", rest[1].message))
        elif kind == "out":
            for item in rest[1]:
                if isinstance(item, bytes):
                    self._frames(guest, item)
                else:
                    self._queue(guest, 0, item)

    def _lost(self, worker: Worker) -> None:
        """A worker died: another takes its place, and its sessions go on elsewhere where there is room."""
        if self._leaving or worker not in self.workers:
            return
        self.counts["worker_restarts"] += 1
        self._loop.call_later(0.0 if worker.ready else RESTING, self._replace, worker)
        worker.ready = False
        for name in worker.names:
            if (guest := self.guests.get(name)) is not None:
                guest.worker, guest.gap = None, True
                self._queue(guest, 0, Error(code="worker_lost", message="the session goes on in a moment", retry=0))
                self._seat(guest)

    def _replace(self, worker: Worker) -> None:
        if not self._leaving and worker in self.workers:
            self.workers[self.workers.index(worker)] = self._new_worker()

    def _seat(self, guest: Guest) -> bool:
        """Give the guest's session to the worker with most room; False where there is none."""
        free = [w for w in self.workers if w.ready and len(w.names) < self._each]
        if not free or self._leaving:
            return False
        guest.worker = min(free, key=lambda w: len(w.names))
        guest.worker.names.add(guest.name)
        begin = -(-guest.clock // 1)  # whole seconds are on every clock of frames
        guest.worker.send(("open", guest.name, guest.hello, begin))
        return True

    def forget(self, guest: Guest) -> None:
        """End the guest's session."""
        self.guests.pop(guest.name, None)
        if guest.watched is not None:
            guest.watched.watchers.remove(guest)
        for watcher in guest.watchers:
            self._queue(watcher, 0, Error(code="no_session", message="the session that is watched has ended", retry=1))
        if guest.worker is not None:
            guest.worker.names.discard(guest.name)
            guest.worker.send(("close", guest.name))

    def _frames(self, guest: Guest, message: bytes) -> None:
        kind, _, end = wire.kind_and_span(message)
        if kind == wire.FACE:
            guest.clock = max(guest.clock, end)
        message = wire.numbered(message, guest.sequence, wire.DISCONTINUITY if guest.gap else 0)
        if self._relay is not None and guest.hello.skeleton == "beat":
            self._relay.take(guest.name, message)
        guest.gap = False
        guest.ring.append((guest.sequence, message))
        guest.sequence += 1
        while guest.ring and wire.kind_and_span(guest.ring[0][1])[2] < guest.clock - RING:
            guest.ring.popleft()
        self._queue(guest, kind, message)

    def _queue(self, guest: Guest, kind: int, item: Any) -> None:
        if isinstance(item, Error):
            self.errors[item.code] += 1
        if isinstance(item, Started):
            guest.started = item
        for watcher in guest.watchers:
            self._queue(watcher, kind, item)
        if guest.left_at is not None or len(guest.waiting) >= LINES:
            return
        guest.waiting.append((time.monotonic(), kind, item))
        guest.wake.set()

    # what clients say

    async def join(self, text: str) -> Guest:
        """The guest whose first message is ``text``; ``Refusal`` where it gets no session."""
        try:
            message = read_message(text)
        except FormatError as error:
            raise Refusal("bad_message", str(error)) from None
        if not isinstance(message, Hello | Resume):
            raise Refusal("bad_message", f"first message: {message.type}, expected hello or resume")
        if message.v != wire.VERSION:
            raise Refusal("bad_version", f"v={message.v}: this server speaks version {wire.VERSION}; update the client")
        if not self.trusts(message.token):
            await asyncio.sleep(BODY_WAITS)
            raise Refusal("bad_token", "token: is not this server's")
        if self._leaving:
            raise Refusal("going_away", "the server stops", 1, 1001)
        return self._resumed(message) if isinstance(message, Resume) else await self._opened(message)

    def trusts(self, token: str | None) -> bool:
        """Whether ``token`` is the server's, or it asks for none."""
        return not self._token or hmac.compare_digest((token or "").encode(), self._token.encode())

    def _resumed(self, message: Resume) -> Guest:
        guest = self.guests.get(message.session)
        if guest is None or guest.about is None:
            raise Refusal("no_session", "the session is gone; say hello", 0)
        guest.visit += 1
        guest.left_at = None
        guest.waiting.clear()
        rest = [(sequence, frames) for sequence, frames in guest.ring if sequence > message.last_seq]
        missed = bool(rest) and rest[0][0] > message.last_seq + 1
        self._welcome(guest, resumed=True)
        for sequence, frames in rest:
            flags = wire.DISCONTINUITY if missed else 0
            missed = False
            self._queue(guest, wire.kind_and_span(frames)[0], wire.numbered(frames, sequence, flags))
        return guest

    async def _opened(self, hello: Hello) -> Guest:
        if hello.watch is not None:
            return self._watching(hello)
        guest = await self.admit(hello.model_copy(update={"token": None}))
        guest.visit = 1
        self._welcome(guest, resumed=False)
        return guest

    def _watching(self, hello: Hello) -> Guest:
        watched = self.guests.get(hello.watch or "")
        if watched is None or watched.about is None or watched.watched is not None:
            raise Refusal("no_session", "watch: there is no such session", LATER)
        guest = Guest(secrets.token_urlsafe(16), watched.hello, about=watched.about, watched=watched, visit=1)
        guest.clock = watched.clock
        self.guests[guest.name] = guest
        self._welcome(guest, resumed=False)
        if watched.started is not None:
            self._queue(guest, 0, watched.started)
        for _, frames in watched.ring:
            self._queue(guest, wire.kind_and_span(frames)[0], frames)
        watched.watchers.append(guest)
        return guest

    async def admit(self, hello: Hello, name: str | None = None) -> Guest:
        """A new guest with a session of its own; ``Refusal`` where there is no place."""
        guest = Guest(name or secrets.token_urlsafe(16), hello)
        if not self._seat(guest):
            raise Refusal("busy", "all places are taken", LATER, 1013)
        self.guests[guest.name] = guest
        try:
            async with asyncio.timeout(OPENING):
                await guest.opened
        except TimeoutError:
            self.forget(guest)
            raise Refusal("busy", "the session could not be opened in time", LATER, 1013) from None
        except BaseException:
            self.forget(guest)
            raise
        return guest

    def _welcome(self, guest: Guest, resumed: bool) -> None:
        assert guest.about is not None
        latency, names = guest.about
        welcome = Welcome(
            session=guest.name, resumed=resumed, latency=latency, names=names, rate=guest.hello.audio.rate,
            sample=guest.sample, clock=guest.clock,
        )  # fmt: skip
        guest.waiting.appendleft((time.monotonic(), 0, welcome))
        guest.wake.set()

    def take(self, guest: Guest, message: str | bytes) -> None:
        """A message of a guest that has joined; ``Refusal`` where the connection must end."""
        if len(message) > LONGEST_MESSAGE:
            raise Refusal("too_large", f"message: {len(message):,} bytes, at most {LONGEST_MESSAGE:,}", None, 1009)
        if isinstance(message, bytes):
            self._charge(guest, PIECE)
            self._take_sound(guest, message)
            return
        self._charge(guest, 1)
        try:
            told = read_message(message)
            if isinstance(told, Hello | Resume):
                raise FormatError(f"{told.type}: is only the first message of a connection")
        except FormatError as error:
            self._wrong(guest, "bad_message", str(error))
            return
        own = guest.watched or guest
        if isinstance(told, Ping):
            self._queue(guest, 0, Pong(t=told.t, clock=own.clock))
        else:
            self.tell(own, told)

    def tell(self, guest: Guest, told: Message) -> None:
        """What the guest's session is to know."""
        if guest.worker is not None:
            guest.worker.send(("tell", guest.name, told))

    def tell_all(self, guest: Guest, what: str) -> None:
        """Something is wrong with the sound of a session that is watched."""
        self._queue(guest, 0, Error(code="bad_value", message=what))

    def feed(self, guest: Guest, pcm: bytes, heard: bool) -> None:
        """Sound of a source of the server's own, which those who watch are to play where they are to hear it."""
        first = guest.sample
        guest.sample = (first + len(pcm) // 2) % 2**32
        if guest.worker is not None:
            guest.worker.send(("sound", guest.name, first, pcm))
        for watcher in guest.watchers if heard else ():
            self._queue(watcher, wire.SOUND, wire.sound_message(pcm, first))

    def _take_sound(self, guest: Guest, message: bytes) -> None:
        if guest.watched is not None:
            self._wrong(guest, "bad_value", "sound: this connection watches a session that has its own")
            return
        try:
            first, pcm = wire.decode_sound(message)
        except FormatError as error:
            self._wrong(guest, "bad_message", str(error))
            return
        known = (guest.sample - first) % 2**32
        if known < 2**31:  # sent again, at least in part
            pcm, first = pcm[2 * known :], (first + known) % 2**32
        now, seconds = time.monotonic(), len(pcm) / 2 / guest.hello.audio.rate
        if not pcm:
            return
        if max(guest.sound_until, now) + seconds - now > SOUND_AHEAD:
            self._wrong(guest, "too_far_ahead", f"sound: at most {SOUND_AHEAD:g} s ahead; send it again later", 1)
            return
        guest.sound_until = max(guest.sound_until, now) + seconds
        guest.sample = (first + len(pcm) // 2) % 2**32
        if guest.worker is not None:
            guest.worker.send(("sound", guest.name, first, pcm))

    def _wrong(self, guest: Guest, code: Any, message: str, retry: float | None = None) -> None:
        self._charge(guest, WRONG)
        self._queue(guest, 0, Error(code=code, message=message, retry=retry))

    def _charge(self, guest: Guest, cost: float) -> None:
        now = time.monotonic()
        guest.texts = min(TEXT_BURST, guest.texts + (now - guest.texts_at) * TEXTS) - cost
        guest.texts_at = now
        if guest.texts < 0:
            self.forget(guest)  # who is sent away holds no place while others wait for one
            raise Refusal("rate_limit", f"more than {TEXTS:g} messages a second", LATER)

    # what clients get

    async def pump(self, guest: Guest, send: Callable[[str | bytes], Awaitable[None]]) -> None:
        """Send what waits, for as long as this is the guest's newest connection; drop what waited too long."""
        visit = guest.visit
        while guest.visit == visit:
            if not guest.waiting:
                guest.wake.clear()
                await guest.wake.wait()
                continue
            since, kind, item = guest.waiting.popleft()
            limit = {wire.BODY: BODY_WAITS, wire.FACE: FACE_WAITS}.get(kind)
            if limit is not None and time.monotonic() - since > limit:
                guest.gap = True
                self.counts["messages_dropped"] += 1
                continue
            if isinstance(item, Message):
                data: str | bytes = item.model_dump_json(exclude_none=True)
            elif kind == wire.SOUND:
                data = item
            else:
                data = wire.numbered(item, wire.sequence_of(item), wire.DISCONTINUITY if guest.gap else 0)
                guest.gap = False
            try:
                async with asyncio.timeout(WRITING):
                    await send(data)
            except TimeoutError:
                raise Refusal("too_slow", f"nothing was read for {WRITING:g} s", 1) from None
            self.counts["messages_sent"] += 1
            self.counts["bytes_sent"] += len(data)

    def leave(self, guest: Guest, visit: int) -> None:
        """The connection ended; the session waits for another, unless it has one already."""
        if guest.visit == visit:
            guest.left_at = time.monotonic()
            guest.waiting.clear()
            if guest.watched is not None:
                self.forget(guest)

    # what operators ask

    def health(self) -> dict[str, Any]:
        """Whether sessions can be had, and how many there are."""
        ready = sum(w.ready for w in self.workers)
        return {
            "status": "stopping" if self._leaving else "ok" if ready else "starting",
            "workers": ready, "places": ready * self._each,
            "sessions": sum(guest.watched is None for guest in self.guests.values()),
        }  # fmt: skip

    def metrics(self) -> str:
        """Prometheus' text format."""
        told = self.health()
        gauges = {"sessions": told["sessions"], "places": told["places"], "workers": told["workers"],
                  "connections": self.connections}  # fmt: skip
        lines = [f"# TYPE gengine_{name} gauge\ngengine_{name} {value}" for name, value in gauges.items()]
        totals = {name: self.counts[name] for name in ("messages_sent", "bytes_sent", "messages_dropped",
                                                       "worker_restarts")}  # fmt: skip
        lines += [f"# TYPE gengine_{name}_total counter\ngengine_{name}_total {n}" for name, n in totals.items()]
        lines.append("# TYPE gengine_errors_total counter")
        lines += [f'gengine_errors_total{{code="{code}"}} {n}' for code, n in sorted(self.errors.items())]
        return "\n".join(lines) + "\n"
