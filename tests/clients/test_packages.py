"""The clients as projects get them: compiled, their drivers tried on rigs, and talking to the real server through a
connection that is cut in the middle."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.clients.test_golden import HERE, RENDER, SANITISED, need, run
from tests.serve.live import Server, serving

CUT = 3.0
"""Seconds after which the first connection is cut: a client is speaking then."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(sessions=4) as running:
        yield running


@contextmanager
def cutting(server: Server, after: float = CUT) -> Iterator[int]:
    """A port that leads to the server, where the first connection ends ``after`` seconds, and later ones last."""
    loop, seen, ready = asyncio.new_event_loop(), 0, threading.Event()
    port = 0

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        there = await asyncio.open_connection("127.0.0.1", server.port)
        head = await reader.readuntil(b"\r\n\r\n")  # which names the port that was asked for
        there[1].write(head.replace(b":%d" % port, b":%d" % server.port))
        work = asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(work, after if seen == 1 else 600)
        for end in (writer, there[1]):
            end.transport.abort()

    async def serve() -> None:
        nonlocal port
        listening = await asyncio.start_server(lead, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        ready.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.run_forever()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield port
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def versions() -> dict[str, str]:
    return {
        "live-web": json.loads((RENDER / "live-web" / "package.json").read_text())["version"],
        "unity": json.loads((RENDER / "unity" / "package.json").read_text())["version"],
        "unreal": json.loads((RENDER / "unreal" / "GengineLive" / "GengineLive.uplugin").read_text())["VersionName"],
    }


def test_packages_have_one_version_and_a_licence() -> None:
    assert len(set(versions().values())) == 1
    packages = ("live-web", "unity", "godot", "unreal")
    kinds = {".cs", ".gd", ".h", ".cpp", ".js", ".ts"}
    sources = [p for name in packages for p in (RENDER / name).rglob("*") if p.suffix in kinds]
    assert len(sources) > 20
    for path in sources:
        assert "SPDX-License-Identifier: Apache-2.0" in path.read_text("utf-8")[:80], path


def test_unity_package(server: Server, tmp_path: Path) -> None:
    need("mcs", "mono")
    package = RENDER / "unity"
    samples = json.loads((package / "package.json").read_text())["samples"]
    sources = [
        *package.glob("Runtime/*.cs"),
        *(s for sample in samples for s in (package / sample["path"]).glob("*.cs")),
    ]
    assert len(sources) == 9
    out = tmp_path / "trial.exe"
    run("mcs", "-warnaserror", f"-out:{out}", *sources, HERE / "UnityStubs.cs", HERE / "UnityTrial.cs")
    with cutting(server) as port:
        assert "ALL HOLDS" in run("mono", out, f"ws://127.0.0.1:{port}/live")


@pytest.mark.godot
def test_godot_core(server: Server, tmp_path: Path) -> None:
    need("godot3-server")
    for path in (RENDER / "godot" / "addons" / "gengine_live").glob("*.gd"):
        if path.name not in ("avatar.gd", "plugin.gd"):  # which are of Godot 4
            shutil.copy(path, tmp_path)
    shutil.copy(HERE / "godot_trial.gd", tmp_path)
    (tmp_path / "project.godot").write_text("config_version=4\n")
    with cutting(server) as port:
        (tmp_path / "port.txt").write_text(str(port))
        told = run("godot3-server", "--path", tmp_path, "-s", "res://godot_trial.gd")
    assert "FAILED [][]" in told, told[-3000:]


def test_godot_4_scripts_are_whole() -> None:
    parser = pytest.importorskip("gdtoolkit.parser").parser
    scripts = list((RENDER / "godot").rglob("*.gd"))
    assert len(scripts) == 7
    for path in scripts:
        parser.parse(path.read_text("utf-8"))
    plugin = (RENDER / "godot" / "addons" / "gengine_live" / "plugin.cfg").read_text()
    assert f'version="{versions()["unity"]}"' in plugin and 'script="plugin.gd"' in plugin


def test_unreal_core_under_sanitizers(tmp_path: Path) -> None:
    need("g++")
    module = RENDER / "unreal" / "GengineLive" / "Source" / "GengineLive"
    run(
        "g++",
        *SANITISED,
        "-I",
        module / "Public",
        HERE / "timeline_trial.cpp",
        "-fno-sanitize-recover=all",
        "-o",
        tmp_path / "trial",
    )
    assert "ALL HOLDS" in run(tmp_path / "trial")


@pytest.mark.node
def test_npm_package(server: Server, node_modules: Path) -> None:
    with cutting(server) as port:
        command = ["node", "--experimental-websocket", HERE / "web_trial.mjs", f"ws://127.0.0.1:{port}/live"]
        assert "ALL HOLDS" in run(*command, environment={"NODE_MODULES": str(node_modules)})
    package = json.loads((RENDER / "live-web" / "package.json").read_text())
    assert all((RENDER / "live-web" / path).exists() for path in package["files"])
