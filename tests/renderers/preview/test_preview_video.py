"""The whole preview: layout, stretches, missing tracks, chosen times and the file."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest

from gengine.errors import GengineError
from gengine.renderers.preview.preview_renderer import PreviewRenderer
from gengine.renderers.preview.preview_video import PreviewExporter


def test_one_frame_per_tick(make_performance):
    frames = list(PreviewRenderer(480, 270).frames(make_performance(0.5), 30))
    assert len(frames) == 15
    assert frames[0].shape == (270, 480, 3) and frames[0].dtype == np.uint8
    assert len({frame.tobytes() for frame in frames}) == 15
    assert len(list(PreviewRenderer(480, 270).frames(make_performance(0.5), 25))) == 13


@pytest.mark.parametrize("fps", [30.0, 24.0, 60.0])
def test_stretches_draw_as_one(make_performance, fps):
    """With the strip told beforehand, cutting changes nothing; without, nothing but the strip's future."""
    whole = make_performance(1.5)
    parts = [whole.slice(a, b) for a, b in ((0.0, 0.5), (0.5, 0.6), (0.6, 1.5))]
    expected = list(PreviewRenderer(480, 270).frames(whole, fps))
    told, live = PreviewRenderer(480, 270), PreviewRenderer(480, 270)
    for part in parts:
        told.push(part)
    cut = [f for p in parts for f in told.frames(p, fps)]
    assert all(np.array_equal(a, b) for a, b in zip(expected, cut, strict=True))
    streamed = [f for p in parts for f in live.frames(p, fps)]
    assert all(np.array_equal(a[:220], b[:220]) for a, b in zip(expected, streamed, strict=True))


def test_what_is_missing_is_left_out(make_performance):
    performance = make_performance(0.2)
    views = {
        "both": performance,
        "body": replace(performance, face=None),
        "face": replace(performance, motion=None),
    }
    pictures = {k: next(PreviewRenderer(640, 360).frames(p, 30)).astype(int) for k, p in views.items()}

    def skin(image):  # of the drawn face: the figure's is paler
        return ((image[..., 0] - image[..., 2] > 45) & (image[..., 0] > 200) & (image[..., 1] > 140)).sum()

    assert skin(pictures["both"]) > 5000 and skin(pictures["face"]) > 5000 > skin(pictures["body"])
    assert pictures["both"].shape == pictures["face"].shape == pictures["body"].shape


def test_neither_body_nor_face_is_an_error(make_performance, tmp_path):
    bare = replace(make_performance(0.2), motion=None, face=None)
    with pytest.raises(GengineError, match="neither"):
        PreviewExporter.write(bare, tmp_path / "preview.mp4")
    with pytest.raises(GengineError, match="absent/preview.mp4: cannot be written"):
        PreviewExporter(tmp_path / "absent" / "preview.mp4")
    assert list(tmp_path.iterdir()) == []


def test_the_file_holds_picture_and_sound(make_performance, tmp_path):
    path = PreviewExporter.write(make_performance(1.0), tmp_path / "preview.mp4", fps=25, width=480, height=270)
    with av.open(path) as video:
        picture = video.streams.video[0]
        assert (picture.width, picture.height, picture.frames) == (480, 270, 25)
        assert float(picture.average_rate) == 25
        assert float(video.duration) / 1e6 == pytest.approx(1.0, abs=0.05)
    with av.open(path) as video:
        assert sum(f.samples for f in video.decode(audio=0)) / 48_000 == pytest.approx(1.0, abs=0.03)


def test_a_recording_that_starts_later(make_performance):
    """A stretch that begins at 10 s is drawn from its own first frame."""
    early = make_performance(0.4)
    late = replace(early, start=10.0)
    a, b = (next(PreviewRenderer(480, 270).frames(p, 30)) for p in (early, late))
    assert np.array_equal(a[40:220], b[40:220])  # all but the clock and the strip


def test_sizes(make_performance):
    for size in ((481, 270), (480, 271), (100, 50)):
        with pytest.raises(GengineError, match="size"):
            PreviewRenderer(*size)
    assert next(PreviewRenderer(540, 960).frames(make_performance(0.1), 30)).shape == (960, 540, 3)
    for fps in (0, 0.5, 1e9):
        with pytest.raises(GengineError, match="fps"):
            next(PreviewRenderer().frames(make_performance(0.1), fps))


def test_frames_at_chosen_times(make_performance):
    performance = make_performance(1.0)
    every = list(PreviewRenderer(320, 180).frames(performance, 10))
    chosen = list(PreviewRenderer(320, 180).frames_at(performance, [0.0, 0.3, 0.9]))
    assert np.array_equal(chosen[0], every[0])
    for picture, k in zip(chosen, (0, 3, 9), strict=True):  # the face: the body's camera follows step by step
        assert np.array_equal(picture[:140, 210:], every[k][:140, 210:])


def test_memory_stays_flat(make_performance, tmp_path):
    """A stretch is drawn and let go two seconds after it came, and its sound with it."""
    stretch = make_performance(1.0)
    with PreviewExporter(tmp_path / "preview.mp4", fps=5, width=320, height=180) as out:
        for i in range(12):
            out.append(replace(stretch, start=float(i)))
            waiting = sum(p.duration for p in out._waiting)
            sound = sum(map(len, out._writer._waiting)) / stretch.audio.rate
            assert waiting <= 3.0 and sound <= 3.0
    with av.open(tmp_path / "preview.mp4") as video:
        assert video.streams.video[0].frames == 60


@pytest.mark.parametrize("seconds", [3.0, 2.5])
def test_only_the_first_seconds_are_drawn_where_asked_and_the_report_says_so(make_performance, tmp_path, seconds):
    stretch = make_performance(2.0)
    size = {"fps": 10, "width": 320, "height": 180}
    with PreviewExporter(tmp_path / "preview.mp4", seconds=seconds, **size) as out:
        for i in range(4):
            out.append(replace(stretch, start=2.0 * i))
    with av.open(tmp_path / "preview.mp4") as video:
        assert video.streams.video[0].frames == seconds * 10
        assert video.streams.audio[0].duration * video.streams.audio[0].time_base == pytest.approx(seconds, abs=0.05)
    assert out.report.notes == (f"preview.mp4 shows the first {seconds:g} s; --option mp4.seconds=8 draws all",)
    with PreviewExporter(tmp_path / "whole.mp4", seconds=2.0, **size) as out:
        out.append(stretch)
    assert not out.report.notes
    with pytest.raises(GengineError, match="seconds"):
        PreviewExporter(tmp_path / "none.mp4", seconds=0.0)
