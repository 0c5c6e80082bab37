"""What the pages tell a reader to type: every command of README and docs runs, on small recordings of those names."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?P<mark><!-- (?:not run|test command)[^>]*-->\n)?```(?P<kind>sh|python)\n(?P<code>.*?)```", re.S)
SECONDS = 2.5
"""Length of the recordings: pages are checked, not the engine."""

SRT = "1\n00:00:00,200 --> 00:00:02,300\nHello, this is really big.\n"
CALL = """1
00:00:00,000 --> 00:00:01,000
Anna: Hello!

2
00:00:01,000 --> 00:00:02,400
Anna: This is really big.

3
00:00:02,500 --> 00:00:04,900
Ben: Hello! This is really big.
"""
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.3
            text = ""
        intervals [2]:
            xmin = 0.3
            xmax = 1.2
            text = "hello"
        intervals [3]:
            xmin = 1.2
            xmax = 2.5
            text = ""
"""


def blocks(page: Path, kind: str) -> list[str]:
    """Code of a page's blocks of one kind, less those marked as not run (the mark says why)."""
    found = BLOCK.finditer(page.read_text("utf-8"))
    return [m["code"] for m in found if m["kind"] == kind and not m["mark"]]


def commands(page: Path) -> list[list[str]]:
    """Arguments of every ``gengine`` command of a page."""
    code = "\n".join(blocks(page, "sh")).replace("\\\n", " ").replace("demos/speech.wav", "speech.wav")
    parts = [
        part.strip() for line in code.splitlines() for part in shlex.split(line, comments=True) and line.split("&&")
    ]
    return [shlex.split(part, comments=True)[1:] for part in parts if part.startswith("gengine ")]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with what a reader would have: recordings, transcripts, a timeline, and a finished run."""
    samples, rate = soundfile.read(ROOT / "demos" / "speech.wav", dtype="float32")
    samples = samples[: int(SECONDS * rate)]
    for name in ("speech.wav", "talk.wav"):
        soundfile.write(tmp_path / name, samples, rate)
    call = np.zeros((2 * len(samples), 2), np.float32)
    call[: len(samples), 0] = call[len(samples) :, 1] = samples
    soundfile.write(tmp_path / "call.wav", call, rate)
    (tmp_path / "call.srt").write_text(CALL, "utf-8")
    with av.open(str(tmp_path / "talk.mp4"), "w") as file:
        stream = file.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.asarray(samples)[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        file.mux([*stream.encode(frame), *stream.encode(None)])
    (tmp_path / "talk.txt").write_text("Hello, this is really big.", "utf-8")
    (tmp_path / "talk.srt").write_text(SRT, "utf-8")
    (tmp_path / "talk.TextGrid").write_text(TEXTGRID, "utf-8")
    (tmp_path / "talks").mkdir()
    for name in ("talks/monday.wav", "talks/tuesday.wav"):
        soundfile.write(tmp_path / name, samples[:rate], rate)
    (tmp_path / "talks" / "monday.txt").write_text("Hello.", "utf-8")
    manifest = re.findall(r"```text\n(sound,.*?)```", (ROOT / "docs/how-to/many.md").read_text(), re.S)[0]
    (tmp_path / "manifest.csv").write_text(manifest, "utf-8")
    timeline = next(b for b in re.findall(r"```json\n(.*?)```", (ROOT / "docs/how-to/emotion.md").read_text(), re.S))
    (tmp_path / "timeline.json").write_text(timeline, "utf-8")
    return tmp_path


def run(desk: Path, *arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run([sys.executable, *arguments], cwd=desk, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(arguments)}: exit {done.returncode}: {done.stderr.strip()[-600:]}"


TYPED = [page for page in PAGES if commands(page)]


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED, ids=[str(p.relative_to(ROOT)) for p in TYPED])
def test_every_command_of_a_page_runs(page: Path, desk: Path) -> None:
    used = commands(page)
    if any("runs/" in part for command in used for part in command):  # pages may go on from Getting started
        quick = ["--formats", "bvh,csv,npz"]
        run(desk, "-m", "gengine", "animate", "speech.wav", "--emotion", "happy", *quick)
        run(desk, "-m", "gengine", "animate", "talk.wav", "--emotion", "neutral", *quick)
    for command in used:
        run(desk, "-m", "gengine", *command)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_python_of_a_page_runs(page: str, desk: Path) -> None:
    for code in blocks(ROOT / page, "python"):
        run(desk, "-c", code)


def test_not_a_page_is_left_out() -> None:
    assert len(TYPED) >= 10
    assert ["animate", "speech.wav", "--emotion", "happy"] in commands(ROOT / "README.md")
