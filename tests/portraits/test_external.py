"""An engine of the user's makes the film: here a program of a few lines that darkens what drives it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gengine.errors import GengineError

pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("numba")
from gengine.core.audio import AudioClip
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.performance import Performance
from gengine.core.words import WordTrack
from gengine.exporting import export_file

TILE, SIZE = 160, 192
ENGINE = """
import sys
import av
photo, driving, out, most = sys.argv[1:]
frames = [f.to_ndarray(format="rgb24") for f in av.open(driving).decode(video=0)]
print(len(frames), "frames", file=sys.stderr)
if int(most) < 0:
    sys.exit(3)
with av.open(out, "w") as film:
    stream = film.add_stream("libx264", rate=10)
    stream.width, stream.height, stream.pix_fmt = 96, 96, "yuv420p"
    for frame in frames[: int(most)]:
        film.mux(stream.encode(av.VideoFrame.from_ndarray(frame // 2, format="rgb24").reformat(96, 96)))
    film.mux(stream.encode())
"""


@pytest.fixture
def spoken(tmp_path: Path) -> tuple[Performance, Path, Path]:
    """Half a second of an open mouth, a photo and the engine."""
    tile = Image.open("docs/emotions.jpg").convert("RGB").crop((0, 0, TILE, TILE)).resize((SIZE, SIZE))
    tile.save(tmp_path / "face.png")
    (tmp_path / "engine.py").write_text(ENGINE)
    count = 15
    face = FaceTrack(
        np.full((count, 52), 0.1, np.float32), np.tile([1.0, 0, 0, 0], (count, 1)), np.zeros((count, 2), np.float32),
        30.0,
    )  # fmt: skip
    emotion = EmotionTrack(np.zeros((2, len(EMOTIONS))), np.zeros((2, 3)), 1.0)
    sound = AudioClip(np.zeros(8000, np.float32), 16000)
    return Performance(sound, WordTrack(), emotion, face=face), tmp_path / "face.png", tmp_path / "engine.py"


def made(spoken: tuple[Performance, Path, Path], command: str, out: Path) -> tuple[list[np.ndarray], list]:
    frames: list[np.ndarray] = []
    told: list = []
    options = {"photo": spoken[1], "size": SIZE, "fps": 10, "renderer": "external", "command": command, "mark": False,
               "seen": lambda f: frames.append(f.copy())}  # fmt: skip
    export_file([spoken[0]], out, "portrait", options, told.append)
    return frames, told


def test_the_engines_film_takes_the_warps_place(spoken: tuple[Performance, Path, Path], tmp_path: Path) -> None:
    run = f"{sys.executable} {spoken[2]} {{photo}} {{driving}} {{out}}"
    frames, told = made(spoken, f"{run} 3", tmp_path / "a.mp4")
    assert len(frames) == 5 and frames[0].shape == (SIZE, SIZE, 3) and (tmp_path / "a.mp4").is_file()
    photo = np.asarray(Image.open(spoken[1])).mean()
    assert abs(frames[0].mean() / photo - 0.5) < 0.05
    np.testing.assert_array_equal(frames[2], frames[4])
    assert any("3 frames" in note for report in told for note in report.notes)
    with pytest.raises(GengineError, match=r"code 3: 5 frames"):
        made(spoken, f"{run} -1", tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists()


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("", "no command"),
        ("engine {photo} {out}", "lacks {driving}"),
        ("engine '{photo} {driving} {out}", "quotation"),
        ("/no/engine {photo} {driving} {out}", "cannot be started"),
    ],
)
def test_commands_that_cannot_be_run_are_refused(command: str, what: str, tmp_path: Path) -> None:
    from gengine.portraits.external import parts_of, run_engine

    with pytest.raises(GengineError, match=what):
        run_engine(parts_of(command), tmp_path / "a", tmp_path / "b", tmp_path / "c")
