"""Names that are no files: pipes, devices, folders, playlists, dangling links, and names too long or not text."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import gengine
from gengine.avatars import find_avatar
from gengine.checkpoint import load_checkpoint
from gengine.config import EngineConfig, load_config
from gengine.core.skeleton import beat_skeleton
from gengine.data.annotations import read_semantic
from gengine.data.beat2 import read_beat2
from gengine.data.recordings import recordings
from gengine.emotion import parse_emotion
from gengine.encoders.word_vectors import read_word_vectors
from gengine.engine import pose_of
from gengine.errors import GengineError
from gengine.formats.beat_json import read_beat_json
from gengine.formats.bvh_reader import read_bvh
from gengine.formats.livelink import read_livelink
from gengine.formats.smplx import read_smplx
from gengine.inputs.audio import open_audio
from gengine.inputs.text import read_text
from gengine.retarget.bone_map import read_bones
from tests.fuzz.attack import ring, watched

READERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "sound": (open_audio, ".wav"), "words": (read_text, ".srt"), "words json": (read_text, ".json"),
    "timeline": (parse_emotion, ".csv"), "take": (gengine.load, ".npz"), "bvh": (read_bvh, ".bvh"),
    "stance": (pose_of, ".bvh"), "live link": (read_livelink, ".csv"), "beat json": (read_beat_json, ".json"),
    "smplx": (read_smplx, ".npz"), "beat2": (read_beat2, ".npz"), "figure": (find_avatar, ".glb"),
    "head": (find_avatar, ".obj"), "avatar": (find_avatar, ".npz"), "checkpoint": (load_checkpoint, ""),
    "configuration": (lambda path: load_config(EngineConfig, path), ".yaml"),
    "bones": (lambda path: read_bones(path, beat_skeleton().names, beat_skeleton().parents.tolist()), ".json"),
    "gestures": (read_semantic, ".txt"), "list": (lambda path: recordings(path), ".txt"),
    "vectors": (lambda path: read_word_vectors(path, ["a"]), ".vec"),
}  # fmt: skip


@contextmanager
def awake() -> Iterator[None]:
    """A reader that waits for ever, as for a pipe, is found out too."""
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(60)
    try:
        with watched():
            yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def places(folder: Path, suffix: str) -> dict[str, Path]:
    """Every kind of name that holds nothing to read."""
    os.mkfifo(folder / f"pipe{suffix}")
    (folder / f"folder{suffix}").mkdir()
    (folder / f"dangling{suffix}").symlink_to(folder / "nowhere")
    (folder / f"circle{suffix}").symlink_to(folder / f"circle{suffix}")
    (folder / f"zero{suffix}").symlink_to("/dev/zero")
    (folder / f"empty{suffix}").write_bytes(b"")
    return {path.stem: path for path in folder.iterdir()} | {
        "long": folder / ("x" * 300 + suffix), "longer": folder / ("y/" * 4000 + suffix),
        "no text": folder / (os.fsdecode(b"\xff\xfe") + suffix), "zero byte": folder / f"a\0b{suffix}",
    }  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_in_one_line(reader: str, tmp_path: Path) -> None:
    read, suffix = READERS[reader]
    for kind, path in places(tmp_path, suffix).items():
        if kind == "empty" and reader in ("configuration", "gestures"):
            continue  # where nothing is said, nothing differs
        with awake(), pytest.raises(GengineError) as caught:
            read(path)
        assert "\n" not in str(caught.value), kind
        str(caught.value).encode()  # halves of characters are written out


@pytest.mark.parametrize("text", [
    "#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", "#EXTM3U\nhttp://127.0.0.1:9/a.wav\n",
    "ffconcat version 1.0\nfile /etc/passwd\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n", "[playlist]\nFile1=/etc/passwd\n",
])  # fmt: skip
@pytest.mark.parametrize("suffix", [".m3u8", ".m3u", ".wav", ".mp3", ".sdp"])
def test_playlists_are_no_sound(text: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"list{suffix}"
    path.write_text(text)
    with pytest.raises(GengineError, match=f"list{suffix}"):
        open_audio(path)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), 1e-9, 0.5, 1001, 1e9, float("inf"), 10**400])
def test_no_clock_is_slower_or_faster_than_motion(rate: Any, tmp_path: Path, make_performance) -> None:
    performance = make_performance(0.2)
    for give in (
        lambda: performance.motion.resample(rate), lambda: performance.face.resample(rate),
        lambda: gengine.export(performance, tmp_path / "a.vrma", fps=rate),
        lambda: gengine.export(performance, tmp_path / "a.npz", formats="smplx", fps=rate),
        lambda: gengine.export(performance, tmp_path / "a.glb", fps=rate),
        lambda: gengine.export(performance, tmp_path / "a.mp4", fps=rate),
        lambda: gengine.render(performance, tmp_path / "b.mp4", fps=rate),
        lambda: gengine.animate("demos/speech.wav", fps=rate),
    ):  # fmt: skip
        with watched(), pytest.raises(GengineError):
            give()
