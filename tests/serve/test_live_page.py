"""The live page in a real browser, with a recording for a microphone and a command for a voice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gengine.errors import GengineError
from gengine.serve.server import ServeOptions
from gengine.serve.sources import Broadcast, piped
from gengine.showing import live_page
from tests.serve.live import serving

HERE = Path(__file__).parent
DEMO = Path("demos/speech.wav").resolve()


@pytest.mark.browser
@pytest.mark.parametrize("button", ["#microphone", "#say", "#sound"])
def test_the_avatar_moves_its_lips_in_the_browser(button: str, node_modules: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    name, broadcast, watch = "the-session", None, None
    if button == "#sound":
        source = piped(DEMO.open("rb").read)
        broadcast, watch = Broadcast(source, name, waits=True), {"name": name, "rate": source.rate, "heard": True}
    pages = live_page(tmp_path, "ben", "happiness", "This is a live page.", f"cat {DEMO}", watch=watch)
    with serving(pages=pages, broadcast=broadcast) as server:
        address = f"http://127.0.0.1:{server.port}/"
        command = ["node", str(HERE / "read_live.mjs"), chromium, address, str(DEMO), button, "4"]
        environment = {**os.environ, "NODE_MODULES": str(node_modules)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["errors"] == [] and seen["refused"] == []
    ends = [name for name in seen["missing"] if not name.endswith(("End", "4", "ForeFoot", "ToeBase"))]
    assert ends == []  # an avatar has no use for the tips that a skeleton ends in
    times, jaw = np.array(seen["jaw"]).T
    assert (np.diff(times) >= 0).all() and np.ptp(jaw) > 0.1
    if button == "#microphone":
        assert 0.3 < seen["latency"] < 10  # a busy machine is late


def test_a_page_needs_a_known_emotion_and_a_voice_that_speaks(tmp_path: Path) -> None:
    with pytest.raises(GengineError, match="happiness"):
        live_page(tmp_path, "anna", "hapiness", None, "")
    for command in ("false", "no-such-program", "echo no sound", ""):
        with pytest.raises(GengineError, match="--tts"):
            live_page(tmp_path, "anna", "neutral", "hello", command)
    pages = live_page(tmp_path, "anna", "neutral", None, "")
    assert set(pages) == {"/", "/avatar.glb", "/live.json"} and all(path.is_file() for path in pages.values())
    ServeOptions(pages=pages)
