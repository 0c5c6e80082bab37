"""The live server with real workers and real sockets: what guests get, and what hostile ones cannot do to others."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.errors import GengineError
from gengine.serve import wire
from gengine.serve.server import ServeOptions, bind
from tests.serve.live import Client, Server, join, serving

TOKEN = "a token of twenty-four."
"""Long enough for one."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(workers=2, sessions=2) as running:
        yield running


@pytest.fixture(autouse=True)
def empty(request: pytest.FixtureRequest) -> None:
    """No test finds the sessions of another, and each finds every worker ready (a server starts with its first)."""
    if "server" in request.fixturenames:
        running = request.getfixturevalue("server")
        for guest in list(running.hub.guests.values()):
            running.hub._loop.call_soon_threadsafe(running.hub.forget, guest)
        until = time.monotonic() + 240
        while running.hub.guests or not all(worker.ready for worker in running.hub.workers):
            assert time.monotonic() < until, "a worker is not ready"
            time.sleep(0.05)


def unbroken(client: Client, first: int = 0) -> bool:
    """Whether every message of frames came, in order, on one clock without a hole."""
    numbers = [f.sequence for _, f in client.frames]
    spans = [(round(f.start * 60), len(f.track)) for f in client.of(FaceTrack)]
    holes = [b[0] - a[0] - a[1] for a, b in zip(spans, spans[1:], strict=False)]
    return numbers == list(range(first, first + len(numbers))) and not any(holes) and len(spans) > 1


def test_speech_faster_than_it_is_spoken_moves_the_lips_at_the_time_that_is_told(server: Server, speech) -> None:
    async def run() -> None:
        client = await join(server, emotion="happy:0.5")
        await client.say("say", utterance="a")
        await client.sound(speech[:48_000])
        await client.say("end", utterance="a")
        await client.listen(20, lambda c: c.told("ended") and c.of(FaceTrack)[-1:][0].start > c.told("ended")[0]["at"])
        (started,), (ended,) = client.told("started"), client.told("ended")
        assert started["sample"] == 0 and ended["at"] - started["at"] == pytest.approx(3.0)
        assert unbroken(client) and {f.track.fps for f in client.of(Motion)} == {30.0}
        jaw = {f.start: float(f.track.channel("jawOpen").max()) for f in client.of(FaceTrack)}
        assert max(v for t, v in jaw.items() if started["at"] < t < ended["at"]) > 0.1
        assert max([v for t, v in jaw.items() if t < started["at"] - 0.4], default=0.0) < 0.05

    asyncio.run(run())


def test_the_skeleton_that_is_asked_for(server: Server) -> None:
    async def run() -> None:
        client = await join(server, skeleton="vrm", body_fps=60)
        await client.listen(20, lambda c: c.of(Motion))
        assert "leftUpperArm" in client.skeleton.names and client.skeleton.parents[0] == -1
        assert client.of(Motion)[0].track.fps == 60

    asyncio.run(run())


def test_who_comes_back_gets_what_was_missed_and_sound_sent_twice_counts_once(server: Server, speech) -> None:
    async def run() -> None:
        client = await join(server, source="microphone")
        await client.sound(speech[:16_000])
        await client.listen(20, lambda c: len(c.frames) > 3)
        session, last = client.told("welcome")[0]["session"], client.frames[-1][1].sequence
        await client.socket.close()
        await asyncio.sleep(0.5)
        again = Client(await connect(server.address))
        await again.say("resume", session=session, last_seq=last)
        await again.listen(20, lambda c: len(c.frames) > 3)
        welcome = again.told("welcome")[0]
        assert welcome["resumed"] and welcome["sample"] == 16_000
        assert unbroken(again, last + 1) and not any(f.flags for _, f in again.frames)
        await again.sound(speech[8_000:24_000], 8_000)
        await again.listen(20, lambda c: server.hub.guests[session].sample == 24_000)
        assert server.hub.guests[session].sample == 24_000

        taken = Client(await connect(server.address))  # a second visit ends the first, which may be half-open
        await taken.say("resume", session=session, last_seq=0)
        await taken.listen(20, lambda c: len(c.frames) > 1)
        assert taken.frames[0][1].flags == (wire.DISCONTINUITY if taken.frames[0][1].sequence > 1 else 0)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"type": "hello", "v": 2}, "bad_version"),
        ({"type": "hello", "v": 1, "emotion": "purple"}, "bad_value"),
        ({"type": "hello", "v": 1, "skeleton": "octopus"}, "bad_value"),
        ({"type": "hello", "v": 1, "audio": {"rate": 5}}, "bad_message"),
        ({"type": "ping"}, "bad_message"),
        ({"type": "resume", "session": "nobody", "last_seq": 3}, "no_session"),
        (b"GE\x01\x10\0\0\0\0\0\0", "bad_message"),
    ],
)
def test_a_first_message_that_is_refused_is_told_why(server: Server, first, code: str) -> None:
    async def run() -> None:
        client = Client(await connect(server.address))
        await client.socket.send(first if isinstance(first, bytes) else json.dumps(first))
        await client.listen(20)
        assert [t["code"] for t in client.texts] == [code] and client.closed == 1008
        assert not server.hub.guests

    asyncio.run(run())


def test_a_wrong_token_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.hub, "_token", TOKEN)

    async def run() -> None:
        for token in (None, "wrong", TOKEN + "x"):
            assert (await join(server, token=token)).texts[0]["code"] == "bad_token"
        assert (await join(server, token=TOKEN)).texts[0]["type"] == "welcome"

    asyncio.run(run())


def test_pages_of_others_are_refused(server: Server) -> None:
    async def run() -> None:
        for headers in ({"origin": "http://evil.example"}, {"additional_headers": {"Host": "evil.example"}}):
            with pytest.raises(InvalidStatus) as refused:
                await connect(server.address, **headers)
            assert refused.value.response.status_code == 403
        async with connect(server.address, origin=f"http://127.0.0.1:{server.port}"):
            pass

    asyncio.run(run())
    with pytest.raises(urllib.error.HTTPError, match="401"):
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/metrics", headers={"Origin": "http://a"})
        urllib.request.urlopen(request)


def test_where_all_places_are_taken_guests_may_ask_later(server: Server) -> None:
    async def run() -> None:
        clients = [await join(server) for _ in range(4)]
        assert all(c.told("welcome") for c in clients)
        late = await join(server)
        assert late.texts[0]["code"] == "busy" and late.texts[0]["retry"] == 5

    asyncio.run(run())


def memory(process: int) -> float:
    """Resident memory of a process, MB."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_hostile_clients_do_nothing_to_others(server: Server, speech) -> None:
    """Two hundred silent sockets, ten thousand random messages, huge ones, and one who never reads."""

    async def noise(seed: int) -> list[str]:
        rng, codes = np.random.default_rng(seed), []
        for _ in range(50):
            client = await join(server)
            if not client.told("welcome"):
                codes += [t["code"] for t in client.told("error")]
                await asyncio.sleep(0.05)
                continue
            try:
                for k in range(200):
                    data = rng.bytes(rng.integers(0, 300))
                    await client.socket.send(data if k % 2 else data.decode("latin1"))
            except ConnectionClosed:
                pass
            await client.listen(5)
            codes += [t["code"] for t in client.told("error")]
            session = client.told("welcome")[0]["session"]
            server.hub._loop.call_soon_threadsafe(lambda name: server.hub.forget(server.hub.guests[name]), session)
        return codes

    async def never_reads() -> None:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        raw.connect(("127.0.0.1", server.port))
        lazy = await connect(server.address, sock=raw, max_queue=1, compression=None)
        await lazy.send(json.dumps({"type": "hello", "body_fps": 60}))
        await asyncio.sleep(6)
        lazy.transport.abort()

    async def too_large() -> list[int | None]:
        codes = []
        for data in (70_000 * "x", bytes(70_000)):
            client = Client(await connect(server.address))
            await client.socket.send(data)
            await client.listen(5)
            codes.append(client.closed)
        return codes

    async def run() -> None:
        good = await join(server, source="microphone")
        before = memory(os.getpid())
        listening = asyncio.create_task(good.listen(9))
        silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(100)]
        silent += [(c, c) for c in [await connect(server.address) for _ in range(100)]]
        lazy = asyncio.create_task(never_reads())
        assert await too_large() == [1009, 1009]
        codes = await noise(1)
        assert set(codes) <= {"bad_message", "rate_limit", "busy"} and {"bad_message", "rate_limit"} <= set(codes)
        await lazy
        await listening
        assert unbroken(good) and len(good.frames) > 20 and not any(f.flags for _, f in good.frames)
        assert memory(os.getpid()) - before < 60
        late = await connect(server.address)
        await late.send(json.dumps({"type": "ping"}))
        assert silent

    asyncio.run(run())


def test_sound_far_ahead_is_refused_and_the_session_goes_on(server: Server) -> None:
    async def run() -> None:
        client = await join(server, audio={"rate": 8000})
        await client.sound(np.zeros(8000 * 33), 0)
        await client.listen(10, lambda c: c.told("error"))
        assert client.told("error")[0]["code"] == "too_far_ahead" and client.told("error")[0]["retry"] == 1
        count = len(client.frames)
        await client.listen(10, lambda c: len(c.frames) > count + 2)
        assert unbroken(client)

    asyncio.run(run())


def test_a_worker_killed_in_mid_sentence_is_replaced_and_others_never_notice(server: Server, speech) -> None:
    async def run() -> None:
        clients = [await join(server, source="microphone") for _ in range(2)]
        guests = [server.hub.guests[c.told("welcome")[0]["session"]] for c in clients]
        assert guests[0].worker is not guests[1].worker
        for client in clients:
            await client.sound(speech[:80_000])
        waits = [asyncio.create_task(c.listen(5)) for c in clients]
        await asyncio.sleep(1.5)
        os.kill(guests[0].worker.process.pid, signal.SIGKILL)
        await asyncio.gather(*waits)
        struck, other = clients
        (error,) = struck.told("error")
        assert error["code"] == "worker_lost" and error["retry"] == 0
        count = len(struck.frames)
        await struck.listen(30, lambda c: len(c.frames) > count + 2)
        assert [f.flags for _, f in struck.frames].count(wire.DISCONTINUITY) == 1
        assert [f.sequence for _, f in struck.frames] == list(range(len(struck.frames)))
        await struck.sound(speech[80_000:96_000], 80_000)
        await struck.listen(20, lambda c: len(c.told("started")) > 1)
        assert struck.told("started")[-1]["sample"] == 80_000
        assert unbroken(other) and not other.told("error")

    asyncio.run(run())


def test_metrics_and_health(server: Server) -> None:
    asyncio.run(join(server))
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health") as reply:
        assert json.load(reply)["status"] == "ok"
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as reply:
        lines = reply.read().decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(values["gengine_sessions"]) == 1 and float(values["gengine_bytes_sent_total"]) > 0


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"host": "0.0.0.0"}, "token"),
        ({"host": "0.0.0.0", "token": TOKEN}, "TLS"),
        ({"token": "short"}, "16"),
        ({"port": 99_999}, "port"),
        ({"sessions": 0}, "sessions"),
        ({"hop": 0.3}, "--hop 0.3: expected 0.05, 0.1, 0.2"),
        ({"certificate": Path("cert.pem")}, "together"),
        ({"certificate": Path("no.pem"), "key": Path("no.pem")}, "no file"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(values: dict, says: str) -> None:
    with pytest.raises(GengineError, match=says):
        ServeOptions(**values)


def test_a_port_that_is_taken_is_named(server: Server) -> None:
    with pytest.raises(GengineError, match=str(server.port)):
        bind(ServeOptions(port=server.port))


def test_the_command_serves_over_tls_and_says_goodbye(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    command = ["serve", "--host", "0.0.0.0", "--port", "0", "--certificate", str(certificate), "--key", str(key)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gengine", *command, "--origin", "https://a.example"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"GENGINE_TOKEN": TOKEN},
    )  # fmt: skip
    told = json.loads(process.stdout.readline())
    address = told["live"].replace("0.0.0.0", "localhost")
    assert address.startswith("wss://") and told["places"] == 4
    trust = ssl.create_default_context(cafile=certificate)

    async def run() -> None:
        with pytest.raises(InvalidStatus):
            await connect(address, ssl=trust, origin="https://b.example")
        client = Client(await connect(address, ssl=trust, origin="https://a.example"))
        await client.say("hello", token=TOKEN)
        await client.listen(40, lambda c: c.frames)
        process.send_signal(signal.SIGTERM)
        await client.listen(20)
        assert client.told("error")[-1]["code"] == "going_away" and client.closed in (1001, 1012)

    try:
        asyncio.run(run())
        assert process.wait(30) == 0, process.stderr.read()
    finally:
        process.kill()
        process.communicate()
