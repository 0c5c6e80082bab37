"""The web viewer: its files, its server, and the page in a real browser."""

from __future__ import annotations

import email.utils
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gengine.core.emotion import EMOTION_INDEX, EmotionTrack
from gengine.core.performance import Performance
from gengine.emotion import parse_emotion
from gengine.engine import animate
from gengine.errors import GengineError
from gengine.serve import viewer
from gengine.serve.viewer import keyframes_of, one_page, serve, strip_of
from gengine.showing import view

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("viewer") / "hello"
    run.mkdir()
    performance = animate("demos/speech.wav", "happy:0.8", text="demos/speech.txt").slice(0, 4.0)
    performance.save(run / "performance.npz")
    return view(run, "ben", run.parent / "site").parent


def test_the_folder_is_whole(folder: Path) -> None:
    assert {p.name for p in folder.iterdir()} == {"index.html", "avatar.glb", "sound.wav", "performance.json"}
    strip = json.loads((folder / "performance.json").read_text())
    assert strip["title"] == "hello" and strip["duration"] == pytest.approx(4.0)
    assert strip["emotions"]["names"] == ["happiness"]
    assert np.max(strip["emotions"]["values"]) == pytest.approx(0.8, abs=0.01)
    assert len(strip["curves"]["names"]) == len(strip["curves"]["values"]) == 52
    assert soundfile.info(folder / "sound.wav").duration == pytest.approx(4.0)
    page = (folder / "index.html").read_text()
    assert "cdn" not in page and 'src="http' not in page  # works offline


def test_one_page_is_written_whole_where_it_is_asked_for(folder: Path, tmp_path: Path) -> None:
    page = view(folder.parent / "hello", "ben", tmp_path / "hello.html")
    held = page.read_text("utf-8").partition('id="held">')[2].partition("</script>")[0]
    assert set(json.loads(held)) == {"avatar.glb", "sound.wav", "performance.json"}
    assert [p.name for p in tmp_path.iterdir()] == ["hello.html"]


def test_a_stretch_without_face_or_words_has_a_strip(folder: Path) -> None:
    performance = Performance.load(folder.parent / "hello" / "performance.npz")
    bare = Performance(performance.audio, type(performance.words)(), performance.emotion, motion=performance.motion)
    strip = strip_of(bare, "x")
    assert strip["curves"] == {"names": [], "values": []} and strip["words"] == []


def test_the_server_serves_the_folder_only(folder: Path) -> None:
    server = serve(folder)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/performance.json") as reply:
            assert json.load(reply)["title"] == "hello"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/../hello/performance.npz")
        with pytest.raises(GengineError, match="port"):
            serve(folder, port)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.browser
def test_a_real_browser_shows_the_face_we_made_from_one_file_without_a_server(folder: Path, node_modules: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    page = folder.parent / "hello.html"
    page.write_text(one_page(folder), "utf-8")
    command = ["node", str(HERE / "read_viewer.mjs"), chromium, page.as_uri(), "1.5"]
    environment = {**os.environ, "NODE_MODULES": str(node_modules)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    performance = Performance.load(folder.parent / "hello" / "performance.npz")
    assert performance.face is not None
    assert seen["errors"] == [] and seen["joints"] > 60
    for name in ("jawOpen", "mouthSmileLeft", "browInnerUp"):
        expected = np.interp(
            1.5, np.arange(len(performance.face)) / performance.face.fps, performance.face.channel(name)
        )
        assert seen["morphs"][name] == pytest.approx(expected, abs=0.02)
    assert seen["drawn"] > 0.02  # share of the picture that is not background


def asked(port: int, *lines: str) -> str:
    """Status line of a raw request."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        wire.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        return wire.makefile("rb").readline().decode().strip()


def test_other_pages_and_odd_names_are_refused(folder: Path) -> None:
    """A page of the web reaches the loopback address under its own name by DNS rebinding; it hears no voice."""
    server = serve(folder)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    own, get = f"Host: 127.0.0.1:{port}", "GET /sound.wav HTTP/1.1"
    try:
        assert " 200 " in asked(port, get, own)
        assert " 200 " in asked(port, get, f"Host: localhost:{port}", f"Origin: http://localhost:{port}")
        for bad in ("Host: evil.example", f"Host: evil.example:{port}", "X-No: host"):
            assert " 403 " in asked(port, get, bad)
        assert " 403 " in asked(port, get, own, "Origin: http://evil.example")
        assert " 400 " in asked(port, "GET /a%00b HTTP/1.1", own)
        assert " 404 " in asked(port, "GET /../../etc/passwd HTTP/1.1", own)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("asked_for", "status", "part"),
    [
        ("bytes=10-19", 206, slice(10, 20)), ("bytes=100-", 206, slice(100, None)), ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-99999999", 206, slice(0, None)), ("bytes=99999999-", 416, None), ("bytes=9-3", 416, None),
        ("bytes=-0", 416, None), ("bytes=0-1,4-5", 200, slice(0, None)), ("lines=1-2", 200, slice(0, None)),
        (f"bytes={'9' * 5000}-", 200, slice(0, None)),
    ],
)  # fmt: skip
def test_a_range_of_the_sound_is_served(folder: Path, asked_for: str, status: int, part: slice | None) -> None:
    server = serve(folder)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sound = (folder / "sound.wav").read_bytes()
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        wire.request("GET", "/sound.wav", headers={"Range": asked_for})
        reply = wire.getresponse()
        body = reply.read()
        assert reply.status == status and reply.getheader("Accept-Ranges") == "bytes"
        assert body == (b"" if part is None else sound[part]) and int(reply.getheader("Content-Length", "")) == len(
            body
        )
        if status == 206 and part is not None:
            first, end, _ = part.indices(len(sound))
            assert reply.getheader("Content-Range") == f"bytes {first}-{end - 1}/{len(sound)}"
            assert (reply.getheader("Content-Type") or "").startswith("audio/")
        if status == 416:
            assert reply.getheader("Content-Range") == f"bytes */{len(sound)}"
    finally:
        wire.close()
        server.shutdown()
        server.server_close()


def test_a_range_of_a_file_that_has_changed_is_the_whole_file(folder: Path) -> None:
    server = serve(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wire = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    try:
        status = {}
        for validator in ("Thu, 01 Jan 1970 00:00:00 GMT", wire_date(folder / "sound.wav")):
            wire.request("GET", "/sound.wav", headers={"Range": "bytes=0-9", "If-Range": validator})
            reply = wire.getresponse()
            reply.read()
            status[validator] = reply.status
        assert list(status.values()) == [200, 206]
    finally:
        wire.close()
        server.shutdown()
        server.server_close()


def wire_date(path: Path) -> str:
    return email.utils.formatdate(int(path.stat().st_mtime), usegmt=True)


def test_a_silent_connection_is_closed_and_many_wait_their_turn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer._Handler, "timeout", 0.3)
    server = serve(folder)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    silent = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(viewer.GUESTS + 4)]
    try:
        assert silent[0].recv(1) == b""  # closed by the server
        assert " 200 " in asked(port, "GET /performance.json HTTP/1.1", f"Host: 127.0.0.1:{port}")
    finally:
        for wire in silent:
            wire.close()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_is_none(folder: Path, port: int) -> None:
    with pytest.raises(GengineError, match="is no port"):
        serve(folder, port)


def test_keyframes_come_near_what_is_felt() -> None:
    timeline = [(0, "neutral"), (2, "happiness:0.8"), (5, "anger:0.6+surprise:0.3"), (8, "neutral")]
    times = np.arange(1000) / 100
    weights, vad, _ = parse_emotion(timeline)(times)
    keys = keyframes_of(EmotionTrack(weights, vad, 100.0))
    assert [k["time"] for k in keys] == [0, 2, 5, 8] and keys[0]["emotion"] == keys[3]["emotion"] == "neutral"
    again = parse_emotion([(k["time"], k["emotion"]) for k in keys])(times)[0]
    assert np.abs(again - weights).max() < 0.12
    assert keyframes_of(EmotionTrack(np.zeros((0, 18)), np.zeros((0, 3)), 100.0)) == [
        {"time": 0.0, "emotion": "neutral"}
    ]


def test_the_page_edits_keyframes_as_gengine_fades_them() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    module = Path(__file__).resolve().parents[2] / "render/web/src/timeline.js"
    keys = [{"time": 0, "emotion": "neutral"}, {"time": 2, "emotion": "happiness:0.8"},
            {"time": 2.5, "emotion": "anger:0.6+surprise:0.3"}]  # fmt: skip
    times = [0.5, 1.8, 2.0, 2.2, 2.6, 3.4]
    script = (
        f"import * as t from {json.dumps(module.as_uri())}; const keys = {json.dumps(keys)};"
        f"console.log(JSON.stringify({{felt: {json.dumps(times)}.map((s) => t.at(keys, s)),"
        " late: t.moved(keys, 1, 9, 10)[1].time,"
        " first: t.moved(keys, 0, 9, 10)[0].time, more: t.added(keys, 7), same: t.added(keys, 2.02)[1],"
        " odd: t.parsed('vad:1,0,0'), saved: JSON.parse(t.asJson(keys))}));"
    )
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    weights = parse_emotion([(k["time"], k["emotion"]) for k in keys])(np.array(times))[0]
    for name in ("happiness", "anger", "surprise"):
        np.testing.assert_allclose([f.get(name, 0) for f in seen["felt"]], weights[:, EMOTION_INDEX[name]], atol=1e-6)
    assert seen["late"] == 2.45 and seen["first"] == 0 and seen["same"] == 1 and seen["odd"] is None
    assert seen["more"] == [[*keys, {"time": 7, "emotion": "anger:0.6+surprise:0.3"}], 3] and seen["saved"] == keys


@pytest.mark.browser
def test_a_user_drags_a_keyframe_and_saves_the_timeline(folder: Path, node_modules: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    server = serve(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        environment = {**os.environ, "NODE_MODULES": str(node_modules)}
        command = ["node", str(HERE / "edit_timeline.mjs"), chromium, address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["errors"] == [] and seen["name"] == "timeline.json"
    assert seen["before"] == [{"time": 0.0, "emotion": "happiness:0.80"}]
    assert seen["saved"][1]["emotion"] == "anger:0.4" and seen["saved"][1]["time"] == pytest.approx(3.0, abs=0.05)
    assert seen["time"] == pytest.approx(2.0, abs=0.01) and seen["after"] == 1  # a drag seeks nothing
