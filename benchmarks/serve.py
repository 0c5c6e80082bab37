"""What the live server keeps to: voice to face over the WebSocket, sessions of a core, long sessions.

    python benchmarks/serve.py voice                 a microphone at its own pace: ages of frames when they arrive
    python benchmarks/serve.py voice --sessions 6    so many at once, in one process: ages, and share of a core for one
    python benchmarks/serve.py long --hours 1        sound faster than real time: cost, lag, memory and movement

``--hop`` and ``--latency`` (``long`` alone) stand in for those of the configuration "live". Ages count from the moment
of a frame in the sound, as it was sent, to the frame's arrival: network, engine and queues. Processor time is that of
the worker process.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from gengine.config import EngineConfig, load_config
from gengine.core.conditions import MOTION_RATE
from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.inputs.audio import load_audio
from gengine.metrics.limbs import Body
from gengine.session import Session
from tests.serve.live import Client, join, serving

SPEECH = Path(__file__).parents[1] / "demos" / "speech.wav"
PIECE = 320
"""Samples of a microphone's message: 20 ms."""
RATE = 16_000
TOLD, LAPS = 8, 20
"""Lines of a long session, and turns whose median each tells."""
NEAR = 1e-6
"""Seconds of rounding."""


def worker_seconds(pid: int) -> float:
    """Processor time that a process has taken, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def speak(server: Any, seconds: float, ages: list[float], offset: int = 0) -> Client:
    """A microphone's client: sends sound as it is spoken; adds the age of each message's first frame to ``ages``."""
    samples = np.roll(load_audio(SPEECH).samples, -offset)
    client = await join(server, source="microphone", seed=offset)
    sent: list[float] = []  # when each piece was
    began = time.monotonic()

    async def send() -> None:
        for k in range(round(seconds * RATE / PIECE)):
            await asyncio.sleep(max(0.0, began + (k + 1) * PIECE / RATE - time.monotonic()))
            first = k * PIECE
            sent.append(time.monotonic())
            await client.sound(np.take(samples, range(first, first + PIECE), mode="wrap"), first)

    sending = asyncio.create_task(send())
    await client.listen(seconds + 30, lambda c: sending.done())
    started = client.told("started")[0]
    for came, frames in client.frames:
        if isinstance(frames.track, FaceTrack):
            piece = int((frames.start - started["at"]) * RATE / PIECE)
            if 0 <= piece < len(sent) - 50:
                ages.append(came - (sent[piece] - PIECE / RATE + (frames.start - started["at"]) % (PIECE / RATE)))
    client.behind = [t["behind"] for t in client.told("load")]  # type: ignore[attr-defined]
    return client


def voice(sessions: int, seconds: float, hop: float | None) -> None:
    """Ages of faces of ``sessions`` microphones at once, and what a session costs."""
    with serving(sessions=max(sessions, 1), hop=hop) as server:
        pid = server.hub.workers[0].process.pid
        ages: list[float] = []

        async def run() -> list[Client]:
            return await asyncio.gather(*(speak(server, seconds, ages, 7_777 * k) for k in range(sessions)))

        before, began = worker_seconds(pid), time.monotonic()
        clients = asyncio.run(run())
        share = (worker_seconds(pid) - before) / (time.monotonic() - began) / sessions
    p50, p99 = np.percentile(ages, [50, 99])
    late = sum(len(c.behind) for c in clients)  # type: ignore[attr-defined]
    load = os.getloadavg()[0]
    print(f"{sessions} sessions of {seconds:g} s, {len(ages)} hops; the machine's load {load:.1f}")
    print(f"  first frame of a hop, from sound to arrival: p50 {p50:.3f} s   p99 {p99:.3f} s   told late: {late}")
    print(f"  share of a core for a session {100 * share:.1f} %: {1 / share:.1f} sessions")


def resident() -> float:
    """Memory of this process, MB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def long(hours: float, config: EngineConfig) -> None:
    """A session of so many hours from a looped file, with silence after each turn of it. Each line is a turn: what it
    cost, how far frames are behind the sound, memory, and how jaw and wrists move (in a row of turns as in the first).
    """
    clip = load_audio(SPEECH).samples
    turn = np.concatenate([clip, np.zeros(3 * RATE, np.float32)])
    session, turns = Session(config=config), round(hours * 3600 / (len(turn) / RATE))
    step, seconds = round(config.hop * RATE), len(turn) / RATE
    told, frames, widest = {round(k * (turns - 1) / TOLD) for k in range(TOLD + 1)} | {3}, 0, 0.0
    recent: list[tuple[float, float, float]] = []
    for lap in range(turns):
        took, jaws, wrists = 0.0, [], []
        for k in range(0, len(turn), step):
            began = time.process_time()
            part = session.push(turn[k : k + step])
            took += time.process_time() - began
            widest = max(widest, session.time - session.made)
            if part is None:
                continue
            assert part.face is not None and part.motion is not None
            # frames lie where the sound is: none is lost or added in any hour
            assert abs(part.start - frames / part.face.fps) < NEAR, (part.start, frames)
            frames += len(part.face)
            jaws.append(part.face.weights[:, ARKIT_INDEX["jawOpen"]].mean())
            wrists.append(Body(part.motion).speed.mean())
        recent = [*recent[1 - LAPS :], (took, float(np.mean(jaws)), float(np.mean(wrists)))]
        if lap in told:
            took, jaw, wrist = np.median(recent, axis=0)
            share, rows = 100 * took / seconds, sum(session.held.values())
            print(f"{session.time / 3600:6.2f} h: {share:4.1f} % of a core, at most {widest:.2f} s behind, memory "
                  f"{resident():.0f} MB, rows held {rows}, jaw {jaw:.3f}, wrists {wrist:.1f} cm/s",
                  flush=True)  # fmt: skip
    print(f"{frames} frames of the face, {frames / MOTION_RATE:.2f} s of {session.made:.2f} s made")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["voice", "long"])
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--hop", type=float)
    parser.add_argument("--latency", type=float)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    given = {k: v for k, v in (("hop", options.hop), ("latency", options.latency)) if v is not None}
    if options.what == "voice":
        voice(options.sessions, options.seconds, options.hop)
    else:
        long(options.hours, load_config(EngineConfig, "live").model_copy(update=given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
