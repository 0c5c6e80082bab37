"""Hostile clients against a running server: what they are told, what others notice, what the server holds after.

    python benchmarks/hostile_clients.py                       all of it at full size (docs/trust.md has the table)
    python benchmarks/hostile_clients.py --messages 500 --connections 50

A server of two processes is started; in each a microphone speaks all the time. First nobody else comes (``calm``),
then one attack after the other; controls are that calm and ``full house``, two more sessions that only behave. Of the
two who speak the table tells the messages of frames that are missing, the marks of a gap, and the longest and the 99th
percentile of the time between two messages of face frames, which come ten a second; of the attackers what became of
them; of the server the memory of all its processes when the attack has ended, and what it wrote to its error output.
The exit status is 1 where others lost a message, somebody was told nothing, or the server wrote a traceback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

sys.path.insert(0, str(Path(__file__).parents[1]))
from gengine.core.face import FaceTrack
from gengine.inputs.audio import load_audio
from gengine.serve import wire
from gengine.serve.messages import LONGEST_MESSAGE
from tests.serve.live import Client, join

SPEECH = Path(__file__).parents[1] / "demos" / "speech.wav"
RATE, PIECE = 16_000, 320
"""Hz, and samples of a microphone's message."""
TOLD = 20.0
"""Seconds in which who did wrong must be told so, or closed."""
WORDS = ("hello", "resume", "say", "text", "emotion", "end", "interrupt", "listen", "think", "ping", "octopus")
VALUES = (
    None,
    True,
    -1,
    0,
    1,
    1e308,
    2**64,
    "",
    "a",
    "happy",
    "\x00\x1b[2J",
    "a" * 300,
    [],
    {},
    [[[]]],
    {"rate": 1},
    0.5,
)
FIELDS = (
    "v", "token", "audio", "source", "emotion", "intensity", "utterance", "words", "phones", "mix", "fade", "at",
    "played_until", "text", "last", "t", "session", "last_seq", "skeleton", "body_fps", "seed", "watch", "x",
)  # fmt: skip


def message(random: np.random.Generator) -> str | bytes:
    """A random message: text like the protocol's, text of anything, sound, bytes of anything, or one too long."""
    kind = random.random()
    if kind < 0.5:
        told = {"type": WORDS[random.integers(len(WORDS))]}
        for _ in range(random.integers(0, 4)):
            told[FIELDS[random.integers(len(FIELDS))]] = VALUES[random.integers(len(VALUES))]
        return json.dumps(told)
    if kind < 0.6:
        return random.bytes(int(random.integers(0, 200))).decode("latin-1")
    if kind < 0.8:
        sound = random.integers(-32768, 32768, int(random.integers(0, 2000)), np.int16).astype("<i2").tobytes()
        return wire.sound_message(sound, int(random.integers(2**32)))
    if kind < 0.98:
        return random.bytes(int(random.integers(0, 2000)))
    return bytes(LONGEST_MESSAGE + int(random.integers(1, 10 * LONGEST_MESSAGE)))


class Speaker(Client):
    """A microphone that speaks all the time; ``tell`` writes down what comes when."""

    def __init__(self, client: Client, number: int, tell: Any) -> None:
        super().__init__(client.socket)
        self._number, self._tell = number, tell

    def take(self, message: str | bytes) -> None:
        """A line of JSON for each message of frames (number, marks, whether of a face) and each error."""
        now = time.monotonic()
        if isinstance(message, bytes):
            frames = wire.decode(message, self.skeleton)
            told = {"n": frames.sequence, "gap": bool(frames.flags & wire.DISCONTINUITY),
                    "face": isinstance(frames.track, FaceTrack)}  # fmt: skip
        else:
            told = {k: v for k, v in json.loads(message).items() if k == "code"}
        self._tell(json.dumps({"who": self._number, "at": now, **told}) + "\n")

    async def speak(self) -> None:
        """Send the speech over and over, as it is spoken."""
        samples, began, k = load_audio(SPEECH).samples, time.monotonic(), 0
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(max(0.0, began + (k + 1) * PIECE / RATE - time.monotonic()))
                await self.sound(np.take(samples, range(k * PIECE, (k + 1) * PIECE), mode="wrap"), k * PIECE)
                k += 1


async def listen(port: int, path: Path) -> None:
    """Two who speak and listen, in a process of their own, so that only the server has them wait for attackers."""
    with path.open("w", buffering=1) as out:
        server = SimpleNamespace(address=f"ws://127.0.0.1:{port}/live")
        joined = [await join(server, source="microphone", seed=k) for k in range(2)]  # type: ignore[arg-type]
        speakers = [Speaker(client, k, out.write) for k, client in enumerate(joined)]
        for speaker, client in zip(speakers, joined, strict=True):
            speaker.skeleton = client.skeleton
        await asyncio.gather(*(task for s in speakers for task in (s.speak(), s.listen(1e6))))


def noticed(path: Path, who: int, since: float) -> dict[str, Any]:
    """Of what came to one of the two since then: missing messages, marks of a gap, waits between those of the face (s),
    errors."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]
    came = [line for line in lines if line["who"] == who and line["at"] >= since]
    numbers = [line["n"] for line in came if "n" in line]
    faces = np.array([since] + [line["at"] for line in came if line.get("face")] + [time.monotonic()])
    return {
        "missing": numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0,
        "gaps": sum(line.get("gap", False) for line in came),
        "waits": np.diff(faces),
        "errors": sorted({line["code"] for line in came if "code" in line}),
    }


class Run:
    """A server under attack."""

    def __init__(self, port: int, process: subprocess.Popen, options: argparse.Namespace) -> None:
        self.server = SimpleNamespace(address=f"ws://127.0.0.1:{port}/live")
        self.port, self.process, self.options = port, process, options
        self.random, self.told = np.random.default_rng(options.seed), Counter[str]()

    def family(self) -> list[int]:
        """The server's processes, itself first."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        children = [int(c) for task in tasks for c in (task / "children").read_text().split()]
        return [self.process.pid, *children]

    def memory(self) -> float:
        """MB that the server's processes hold."""
        total = 0
        for pid in self.family():
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        return total / 1e3

    async def calm(self) -> None:
        """Nobody else comes."""
        await asyncio.sleep(self.options.seconds)

    async def full_house(self) -> None:
        """Two more sessions, which behave."""
        clients = [await join(self.server, seed=k) for k in range(2)]
        await asyncio.gather(*(client.listen(self.options.seconds) for client in clients))
        for client in clients:
            await self._leave(client)

    async def wrong_hellos(self) -> None:
        """Wrong versions, rates, faces, and messages of anything as the first one of a connection."""
        slots = asyncio.Semaphore(16)

        async def one() -> None:
            async with slots:
                await self._ask([message(self.random)])

        await asyncio.gather(*(one() for _ in range(self.options.messages // 4)))

    async def random_messages(self) -> None:
        """Two sessions that say anything; cut off they come back, sent away they come as somebody new."""
        self.left = self.options.messages - self.options.messages // 4
        await asyncio.gather(self._ravers(), self._ravers())

    async def _ravers(self) -> None:
        name: str | None = None
        while self.left > 0:
            with suppress(ConnectionClosed, OSError):
                client = await self._again(name) if name else await join(self.server, source="speech")
                welcome = client.told("welcome")
                if not welcome:
                    name = None
                    await asyncio.sleep(0.5)
                    continue
                most = min(self.left, 200)
                self.left -= most
                self.left += most - await self._rave(client, most)
                name = None if client.told("error")[-1:] and self._sent_away(client) else welcome[0]["session"]
                await self._leave(client)

    async def _again(self, name: str) -> Client:
        client = Client(await connect(self.server.address, max_size=None, compression=None))
        await client.say("resume", v=1, session=name, last_seq=-1)
        await client.listen(TOLD, lambda c: c.told("welcome") or c.told("error"))
        return client

    @staticmethod
    def _sent_away(client: Client) -> bool:
        return any(t["code"] == "rate_limit" for t in client.told("error"))

    async def _rave(self, client: Client, most: int) -> int:
        """Send up to ``most`` random messages; how many it could."""
        listening, sent = asyncio.create_task(client.listen(TOLD)), 0
        try:
            while sent < most and not listening.done():
                await client.socket.send(message(self.random))
                sent += 1
                await asyncio.sleep(0)
        except ConnectionClosed:
            pass
        with suppress(asyncio.CancelledError):
            if sent < most:
                await listening  # it is being closed
            listening.cancel()
            await listening
        self._count(client)
        return sent

    async def _leave(self, client: Client) -> None:
        with suppress(ConnectionClosed, OSError, TimeoutError):
            async with asyncio.timeout(5):
                await client.socket.close()

    async def connections(self) -> None:
        """So many at once that say nothing, then as many that all want a session."""
        count = self.options.connections
        held = await asyncio.gather(*(connect(self.server.address) for _ in range(count)), return_exceptions=True)
        for socket in held:
            if isinstance(socket, BaseException):  # this process took longer than 5 s to ask
                self.told["closed"] += 1
                continue
            client = Client(socket)
            await client.listen(TOLD)
            self._count(client)
        await asyncio.gather(*(self._ask([json.dumps({"type": "hello", "v": 1})]) for _ in range(count)))

    async def silent_sockets(self) -> None:
        """Sockets that never ask: nothing, half a request, headers without end, half a frame."""
        pieces = [
            b"",
            b"GET /live HTTP/1.1\r\nHost:",
            b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 50_000,
            b"\x16\x03\x01\x02",
        ]

        async def one(piece: bytes) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                with suppress(ConnectionError):
                    writer.write(piece)
                    async with asyncio.timeout(TOLD):
                        while await reader.read(65_536):
                            pass
                self.told["closed"] += 1
            except TimeoutError:
                self.told["NOTHING"] += 1
            finally:
                writer.close()

        await asyncio.gather(*(one(pieces[k % len(pieces)]) for k in range(self.options.connections)))

    async def slow_readers(self) -> None:
        """Sessions that never read, nor answer pings, and speak on."""
        slow = []
        for k in range(2):
            socket = await connect(self.server.address, max_queue=1, ping_interval=None)
            await socket.send(json.dumps({"type": "hello", "v": 1, "seed": k}))
            socket.transport.pause_reading()
            slow.append(socket)
        until = time.monotonic() + 45
        for socket in slow:
            while time.monotonic() < until:
                try:
                    await socket.send(wire.sound_message(bytes(640), 0))
                except ConnectionClosed:
                    break
                await asyncio.sleep(0.1)
                if socket.transport.is_closing():
                    break
            with suppress(Exception):
                socket.transport.resume_reading()
                async with asyncio.timeout(5):
                    while True:
                        await socket.recv()
            self.told["closed" if socket.close_code or socket.transport.is_closing() else "NOTHING"] += 1
            socket.transport.abort()

    async def kill(self) -> None:
        """SIGKILL to a process in mid-sentence: its session must go on."""
        victim = next(pid for pid in self.family()[1:] if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(victim, signal.SIGKILL)
        await asyncio.sleep(3 * self.options.seconds)

    async def _ask(self, messages: list[str | bytes]) -> None:
        """One connection that says these and waits to be answered."""
        try:
            async with connect(self.server.address, max_size=None, open_timeout=TOLD) as socket:
                client = Client(socket)
                with suppress(ConnectionClosed):
                    for told in messages:
                        await socket.send(told)
                await client.listen(TOLD, lambda c: c.texts and c.texts[-1]["type"] == "welcome")
                self._count(client)
        except InvalidHandshake:
            self.told["handshake refused"] += 1
        except (OSError, TimeoutError):
            self.told["NOTHING"] += 1

    def _count(self, client: Client) -> None:
        """What a client was told, once for each kind."""
        codes = {t.get("code", t["type"]) for t in client.texts}
        codes &= {*CODES, "welcome"}
        if not codes - {"welcome"} and client.closed == 1009:
            codes.add("too_large")
        self.told.update(codes or {"NOTHING" if client.closed is None else f"closed {client.closed}"})


CODES = ("bad_message", "bad_token", "bad_version", "bad_value", "busy", "no_session", "rate_limit", "too_far_ahead",
         "too_large", "too_slow", "worker_lost")  # fmt: skip
ATTACKS = (
    "calm",
    "full_house",
    "wrong_hellos",
    "random_messages",
    "connections",
    "silent_sockets",
    "slow_readers",
    "kill",
)


async def attack(run: Run, others: Path, errors: Path) -> int:
    """All of it; prints the table and returns the exit status."""
    until = time.monotonic() + 60
    while time.monotonic() < until and not (others.exists() and len(others.read_bytes()) > 2000):
        await asyncio.sleep(0.5)
    print(f"the machine's load {os.getloadavg()[0]:.1f}")
    print("| attack | s | missing | gaps | wait p99, s | longest, s | MB after | attackers were told |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    bad = 0
    for name in run.options.attacks:
        since, run.told = time.monotonic(), Counter()
        await getattr(run, name)()
        took = time.monotonic() - since
        seen = [noticed(others, who, since) for who in range(2)]
        if name == "kill":  # the one whose process died is told apart from the other
            seen.sort(key=lambda s: bool(s["errors"]))
            hurt = seen.pop()
            told = ", ".join(hurt["errors"]) or "NOTHING"
            run.told[f"whose process died: {told}; went on after {hurt['waits'].max():.1f} s"] = 1
            bad += hurt["missing"] or not hurt["errors"]
        waits = np.concatenate([s["waits"] for s in seen])
        missing, gaps = (sum(s[k] for s in seen) for k in ("missing", "gaps"))
        bad += missing + gaps + run.told["NOTHING"]
        told = ", ".join(f"{code} {n}" if n > 1 else code for code, n in sorted(run.told.items()))
        print(f"| {name.replace('_', ' ')} | {took:.0f} | {missing} | {gaps} | {np.percentile(waits, 99):.2f} | "
              f"{waits.max():.2f} | {run.memory():.0f} | {told} |", flush=True)  # fmt: skip
    wrote = errors.read_text("utf-8", "replace")
    print(f"the server wrote {len(wrote.splitlines())} lines of errors, {wrote.count('Traceback')} tracebacks")
    sys.stderr.write(wrote[-4000:])
    return int(bool(bad or "Traceback" in wrote))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", help=f"of {', '.join(ATTACKS)}; all unless named")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the control, and after the kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--listen", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.listen:
        asyncio.run(listen(int(options.listen[0]), Path(options.listen[1])))
        return 0
    options.attacks = options.attacks or list(ATTACKS)
    if unknown := set(options.attacks) - set(ATTACKS):
        parser.error(f"{', '.join(unknown)}: is none of {', '.join(ATTACKS)}")
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "errors"
        with errors.open("w") as log:
            command = ["-m", "gengine", "serve", "--port", "0", "--workers", "2", "--sessions", "2"]
            process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=log, text=True)
        others, listening = Path(folder) / "others", None
        try:
            assert process.stdout is not None
            port = int(json.loads(process.stdout.readline())["live"].rpartition(":")[2].split("/")[0])
            while not _places(port):
                time.sleep(0.5)
            listening = subprocess.Popen([sys.executable, __file__, "--listen", str(port), str(others)])
            return asyncio.run(attack(Run(port, process, options), others, errors))
        finally:
            for child in (listening, process):
                if child is not None:
                    child.terminate()
                    child.wait(30)


def _places(port: int) -> bool:
    """Whether both processes can take sessions."""
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=20) as reply:
        return json.loads(reply.read())["workers"] == 2


if __name__ == "__main__":
    sys.exit(main())
