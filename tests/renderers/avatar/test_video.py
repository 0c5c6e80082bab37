"""Videos of an avatar: frames, sound, transparency, and errors that say what to do."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("numba")

from gengine.avatars import load_avatar
from gengine.errors import GengineError
from gengine.renderers.avatar.video import AvatarVideoExporter, parse_color, parse_size
from gengine.renderers.frame_writers import straight

SECONDS = 0.5


@pytest.fixture(scope="module")
def write(make_performance, tmp_path_factory):
    moving, avatar = make_performance(SECONDS), load_avatar("anna")
    motion = moving.motion
    upright = np.broadcast_to(np.float32([1, 0, 0, 0]), motion.rotations.shape)
    still = replace(moving, motion=replace(motion, rotations=upright, root=np.repeat(motion.root[:1], len(motion), 0)))

    def run(name: str, rest: bool = False, **options):
        performance = still if rest else moving
        path = tmp_path_factory.mktemp("video") / name
        return AvatarVideoExporter.write(
            performance, path, **({"avatar": avatar, "size": "64x96", "fps": 20.0, "backend": "soft"} | options)
        )

    return run


def decoded(path, codec: str | None = None) -> list[np.ndarray]:
    """RGBA frames; VP9's transparency needs libvpx."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        if codec is None:
            return [frame.to_ndarray(format="rgba") for frame in file.decode(video=0)]
        context = av.CodecContext.create(codec, "r")
        packets = [p for p in file.demux(stream) if p.size]
        return [f.to_ndarray(format="rgba") for p in [*packets, None] for f in context.decode(p)]


def test_mp4_has_every_frame_and_the_sound(write):
    path = write("avatar.mp4")
    frames = decoded(path)
    assert len(frames) == SECONDS * 20
    assert frames[0].shape == (96, 64, 4)
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        sound = np.concatenate([f.to_ndarray()[0] for f in file.decode(audio=0)])
        assert abs(len(sound) / 48_000 - SECONDS) < 0.05
        assert np.abs(sound).max() > 0.3
    assert np.abs(frames[0][:8].astype(int) - [58, 63, 71, 255]).max() < 30


@pytest.mark.parametrize(("suffix", "codec"), [("webm", "libvpx-vp9"), ("mov", None)])
def test_transparent_video(write, suffix, codec):
    """At rest the head stays clear of the corners: in a moving take VP9's ringing beside its hair reaches them."""
    path = write(f"avatar.{suffix}", rest=True, background="transparent", camera="portrait")
    frames = decoded(path, codec)
    assert len(frames) == SECONDS * 20
    alpha = frames[-1][..., 3]
    assert alpha[:6, :6].max() < 3
    assert alpha[60, 32] > 252
    with av.open(str(path)) as file:
        assert file.streams.audio


def test_gif_and_pictures(write):
    gif = Image.open(write("avatar.gif", background="transparent"))
    assert gif.n_frames == SECONDS * 20
    assert gif.convert("RGBA").getpixel((1, 1))[3] == 0
    folder = write("frames", format="png", background="transparent", camera="portrait")
    files = sorted(folder.iterdir())
    assert [f.name for f in files] == [f"frame_{k:05d}.png" for k in range(10)]
    with Image.open(files[0]) as picture:
        assert picture.mode == "RGBA"
        assert picture.size == (64, 96)
    with pytest.raises(GengineError, match="new folder"):
        AvatarVideoExporter(folder, format="png")


def test_a_gif_on_a_background_is_opaque(write):
    with Image.open(write("avatar.gif", background="#c01020")) as gif:
        assert gif.n_frames == SECONDS * 20
        corner = np.array(gif.convert("RGBA").getpixel((1, 1)), int)
    assert corner[3] == 255
    assert np.abs(corner[:3] - [0xC0, 0x10, 0x20]).max() < 40


def test_straight_colour_divides_by_coverage():
    edge = np.array([[[100, 50, 0, 128], [9, 9, 9, 255], [0, 0, 0, 0]]], np.uint8)
    np.testing.assert_array_equal(straight(edge)[0], [[199, 100, 0, 128], [9, 9, 9, 255], [0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": "big"}, "WIDTHxHEIGHT"),
        ({"size": "65x64"}, "even"),
        ({"background": "#12"}, "#3a3f47"),
        ({"background": "transparent"}, "webm, mov, gif or png"),
        ({"camera": "behind"}, "portrait, upper, full"),
        ({"format": "avi"}, "mp4, webm, mov, gif, png"),
        ({"fps": 0.0}, "fps"),
        ({"fps": 1e9}, "1 to 240"),
        ({"fps": 0.9}, "1 to 240"),
        ({"format": "gif", "fps": 60.0}, "at most 50"),
        ({"avatar": "nobody"}, "anna"),
    ],
)
def test_bad_options_are_errors_and_leave_nothing(tmp_path, options, words):
    with pytest.raises(GengineError, match=words):
        AvatarVideoExporter(tmp_path / "avatar.mp4", **options)
    assert not list(tmp_path.iterdir())


def test_sizes_and_colours():
    assert parse_size("720x1280") == (720, 1280)
    assert parse_color("#3a3f47") == (58, 63, 71)
    assert parse_color("white") == (255, 255, 255)
    assert parse_color("transparent") is None
