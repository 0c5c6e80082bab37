"""MP4 files, read back by a decoder."""

from __future__ import annotations

import av
import numpy as np
import pytest

from gengine.core.audio import AudioClip
from gengine.errors import GengineError
from gengine.renderers.video_writer import VideoWriter


def write_video(pictures, sound, path, fps, size=(160, 90)):
    writer = VideoWriter(path, fps, size, sound=sound is not None)
    if sound is not None:
        writer.add_sound(sound)
    for picture in pictures:
        writer.add_frame(picture)
    writer.close()
    return path


def frames(count, size=(160, 90), flash=()):
    for i in range(count):
        yield np.full((size[1], size[0], 3), 255 if i in flash else 30, np.uint8)


def clicks(seconds, at, rate=16_000):
    samples = np.zeros(round(seconds * rate), np.float32)
    for t in at:
        samples[round(t * rate) : round(t * rate) + rate // 200] = 0.9
    return AudioClip(samples, rate)


def flashes_and_clicks(path):
    with av.open(path) as video:
        seen = [f.time for f in video.decode(video=0) if f.to_ndarray(format="gray").mean() > 200]
    heard, time = [], 0.0
    with av.open(path) as video:
        for f in video.decode(audio=0):
            loud = np.flatnonzero(np.abs(f.to_ndarray()[0]) > 0.4)
            if len(loud) and f.time + loud[0] / f.sample_rate > time + 0.1:
                time = f.time + loud[0] / f.sample_rate
                heard.append(time)
    return seen, heard


@pytest.mark.parametrize("fps", [25.0, 29.97, 60.0])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_flash_and_a_click_coincide(tmp_path, fps, rate):
    at = [30, 60, 100]
    path = write_video(frames(120, flash=at), clicks(120 / fps, [i / fps for i in at], rate), tmp_path / "a.mp4", fps)
    seen, heard = flashes_and_clicks(path)
    assert len(seen) == len(heard) == 3
    assert np.abs(np.array(seen) - heard).max() < 0.5 / fps
    assert seen == pytest.approx([i / fps for i in at], abs=2e-3)


def test_what_players_need(tmp_path):
    path = write_video(frames(60), clicks(2.0, [1.0]), tmp_path / "a.mp4", 30)
    with av.open(path) as video:
        picture, sound = video.streams.video[0], video.streams.audio[0]
        assert (picture.codec_context.name, picture.pix_fmt) == ("h264", "yuv420p")
        assert (sound.codec_context.name, sound.rate) == ("aac", 48_000)
        assert picture.codec_context.colorspace == 1
        assert float(picture.duration * picture.time_base) == pytest.approx(2.0)
        assert float(sound.duration * sound.time_base) == pytest.approx(2.0, abs=0.03)
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_colours_survive(tmp_path):
    colour = np.array([200, 90, 40])
    path = write_video([np.full((90, 160, 3), colour, np.uint8)] * 5, None, tmp_path / "a.mp4", 30)
    with av.open(path) as video:
        assert not video.streams.audio
        picture = next(video.decode(video=0)).reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    assert np.abs(picture[45, 80].astype(int) - colour).max() <= 4


def test_sound_and_picture_interleave(tmp_path):
    """A player that streams needs both within a second of each other, though all the sound came first."""
    path = write_video(frames(300), clicks(10.0, [1.0]), tmp_path / "a.mp4", 30)
    with av.open(path) as video:
        last = {"video": 0.0, "audio": 0.0}
        for packet in video.demux():
            if packet.pts is not None:
                last[packet.stream.type] = float(packet.pts * packet.time_base)
                assert abs(last["video"] - last["audio"]) < 1.5


def test_the_same_frames_make_the_same_file(tmp_path):
    rng = np.random.default_rng(0)
    moving = [np.roll(rng.integers(0, 255, (90, 160, 3), np.uint8), i, 1) for i in range(40)]
    files = [write_video(moving, clicks(1.3, [1.0]), tmp_path / f"{i}.mp4", 30).read_bytes() for i in range(3)]
    assert files[0] == files[1] == files[2]


def test_bad_input(tmp_path):
    with pytest.raises(GengineError, match="even"):
        VideoWriter(tmp_path / "a.mp4", 30, (161, 90))
    with pytest.raises(GengineError, match="absent.*folder"):
        write_video(frames(2), None, tmp_path / "absent" / "a.mp4", 30)
    with pytest.raises(GengineError, match="no frame"):
        write_video([], None, tmp_path / "a.mp4", 30)
    for fps in (0, 0.5, 241, 1e9, float("inf")):
        with pytest.raises(GengineError, match="fps"):
            VideoWriter(tmp_path / "a.mp4", fps, (160, 90))
    with pytest.raises(GengineError, match="expected uint8"):
        write_video([*frames(2), np.zeros((90, 100, 3), np.uint8)], None, tmp_path / "a.mp4", 30)
    writer = VideoWriter(tmp_path / "b.mp4", 30, (160, 90))
    writer.add_sound(clicks(0.1, []))
    with pytest.raises(GengineError, match="one rate"):
        writer.add_sound(clicks(0.1, [], 8000))
    writer.abort()
