"""Films become face tracks: sound, rates, lost faces, several people."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import gengine
from gengine.core.face import ARKIT_INDEX
from gengine.errors import GengineError, VisionError
from gengine.vision.capture import capture_face

TILE, SIZE, RATE = 160, 240, 16000


def tile(row: int, column: int) -> np.ndarray:
    sheet = Image.open("docs/emotions.jpg").convert("RGB")
    cut = sheet.crop((column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE))
    return np.asarray(cut.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def write(path: Path, frames: list[np.ndarray], fps: int = 25, seconds: float | None = None, skip: tuple = ()) -> Path:
    """A film; ``skip`` are frames whose time passes without a picture."""
    with av.open(str(path), "w") as film:
        track = film.add_stream("mpeg4", rate=fps, bit_rate=4_000_000)
        track.height, track.width = frames[0].shape[:2]
        track.pix_fmt = "yuv420p"
        sound = film.add_stream("aac", rate=RATE, layout="mono") if seconds else None
        for k, picture in enumerate(frames):
            if k not in skip:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = k, Fraction(1, fps)
                film.mux(track.encode(frame))
        film.mux(track.encode(None))
        if sound is not None:
            samples = 0.2 * np.sin(np.arange(round(RATE * (seconds or 0))) / 20).astype(np.float32)
            heard = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            heard.sample_rate = RATE
            film.mux(sound.encode(heard))
            film.mux(sound.encode(None))
    return path


@pytest.fixture(scope="module")
def smiling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Neutral, then a smile, then hidden for a while, then neutral again; 1.2 s of sound beside 1.04 s of picture."""
    calm, smile, grey = tile(0, 0), tile(0, 1), np.full((SIZE, SIZE, 3), 90, np.uint8)
    frames = [calm] * 8 + [smile] * 8 + [grey] * 3 + [calm] * 7
    return write(tmp_path_factory.mktemp("films") / "smile.mp4", frames, seconds=1.2)


def test_a_film_becomes_a_performance_with_its_sound(smiling: Path) -> None:
    performance, report = gengine.capture(smiling)
    face = performance.face
    assert face is not None and face.fps == 25 and performance.motion is None
    assert performance.duration >= 1.2 and abs(len(face) / 25 - performance.duration) < 0.05
    assert np.abs(performance.audio.samples).max() > 0.1
    smile = face.channel("mouthSmileLeft") + face.channel("mouthSmileRight")
    assert smile[10:15].mean() > smile[2:6].mean() + 0.1
    assert report.facts["capture"]["seen"] == 23 and report.facts["capture"]["frames"] == 26
    assert any("out of sight for 0.12 s in 1 stretches" in w for w in report.warnings)


def test_animate_takes_the_captured_face(smiling: Path) -> None:
    captured = capture_face(smiling).face.resample(60)
    take = gengine.animate(smiling, config=gengine.EngineConfig(face="capture"), text="none")
    assert take.face is not None and take.motion is not None
    count = min(len(captured), len(take.face))
    assert np.abs(take.face.weights[:count] - captured.weights[:count]).max() < 1e-3
    part = gengine.animate(smiling, config=gengine.EngineConfig(face="capture"), text="none", start=0.4)
    assert part.face is not None
    assert np.abs(part.face.weights[:30] - captured.weights[24:54]).max() < 1e-3


def test_people_are_counted_by_size_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    large, small = tile(0, 1), np.full((SIZE, SIZE, 3), 60, np.uint8)
    small[60:204, 48:192] = np.asarray(Image.fromarray(tile(2, 0)).resize((144, 144)))
    film = write(tmp_path / "two.mp4", [np.concatenate([large, small], 1)] * 4)
    one, two = capture_face(film, 1), capture_face(film, 2)
    assert one.report.facts["capture"]["width px"] > 1.2 * two.report.facts["capture"]["width px"]
    assert "2 faces" in two.report.notes[0] and not one.sound
    with pytest.raises(VisionError, match="face 3 is not there; it shows 2"):
        capture_face(film, 3)
    with pytest.raises(GengineError, match="capture or capture:2"):
        gengine.animate("demos/speech.wav", config=gengine.EngineConfig(face="capture:x"))


def test_skipped_pictures_leave_time_as_it_is(tmp_path: Path) -> None:
    """A camera that drops frames does not hurry the face."""
    calm, smile = tile(0, 0), tile(0, 1)
    frames = [calm] * 10 + [smile] * 10
    film = write(tmp_path / "drops.mkv", frames, skip=(2, 3, 5, 6, 12, 13))
    face = capture_face(film).face
    smiles = face.weights[:, ARKIT_INDEX["mouthSmileLeft"]]
    seconds = np.arange(len(face)) / face.fps
    assert abs(len(face) / face.fps - 0.8) < 0.15
    assert smiles[seconds > 0.55].mean() > smiles[seconds < 0.3].mean() + 0.05


def test_a_film_that_memory_is_not_counted_on_for_is_refused(smiling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gengine.vision.capture.MOST_FRAMES", 5)
    with pytest.raises(VisionError, match="smile.mp4: it has more than 5 frames"):
        capture_face(smiling)


def test_a_film_upside_down_is_refused(tmp_path: Path) -> None:
    film = write(tmp_path / "down.mp4", [np.ascontiguousarray(tile(0, 1)[::-1, ::-1])] * 4)
    with pytest.raises(VisionError, match="down.mp4: the face is upside down; turn the film"):
        capture_face(film)


def test_what_is_no_film_of_a_face_is_refused(tmp_path: Path) -> None:
    grey = write(tmp_path / "grey.mp4", [np.full((64, 64, 3), 90, np.uint8)] * 3)
    with pytest.raises(VisionError, match=r"grey.mp4: no face was found in any of 3 frames"):
        capture_face(grey)
    (tmp_path / "text.mp4").write_text("no film")
    for path, said in ((tmp_path / "text.mp4", "is no film"), ("demos/speech.wav", "holds no moving picture")):
        with pytest.raises(VisionError, match=said):
            capture_face(path)
