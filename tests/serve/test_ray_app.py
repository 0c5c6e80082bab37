"""A whole server on Ray Serve, asked as any other."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from gengine.core.face import FaceTrack
from tests.serve.live import join

TOKEN = "a token of twenty-four."

START = """
import sys, time
from ray import serve
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
from gengine.serve.ray_app import app
serve.run(app)
print("RUNS", flush=True)
time.sleep(300)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("GENGINE_SLOW") != "1", reason="GENGINE_SLOW=1 starts a Ray cluster")
@pytest.mark.skipif(find_spec("ray") is None or find_spec("ray.serve") is None, reason="Ray is not installed")
def test_the_protocol_on_ray(speech) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"GENGINE_TOKEN": TOKEN, "GENGINE_PORT": str(port), "GENGINE_SESSIONS": "2"}
    command = [sys.executable, "-c", START, str(port)]
    cluster = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    try:
        assert cluster.stdout is not None
        until = time.monotonic() + 240
        while "RUNS" not in cluster.stdout.readline():
            assert cluster.poll() is None and time.monotonic() < until
        server = SimpleNamespace(address=f"ws://127.0.0.1:{port}/live")

        async def run() -> None:
            assert (await join(server, token="a wrong one")).told("error")[0]["code"] == "bad_token"
            client = await join(server, token=TOKEN)
            await client.say("say", utterance="a")
            await client.sound(speech[:32_000])
            await client.say("end", utterance="a")
            await client.listen(30, lambda c: c.told("ended") and len(c.of(FaceTrack)) > 30)
            assert client.told("started") and max(f.track.channel("jawOpen").max() for f in client.of(FaceTrack)) > 0.1

        asyncio.run(run())
    finally:
        os.killpg(cluster.pid, signal.SIGTERM)
        cluster.wait(60)
