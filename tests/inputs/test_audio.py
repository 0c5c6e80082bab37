"""Every format, rate, depth and channel count; every way in which a recording can be unusable."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from gengine.core.audio import SAMPLE_RATE
from gengine.errors import AudioError
from gengine.inputs.audio import KEEP_RATE, load_audio, open_audio

SECONDS = 2.5
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def tone(rate: int, channels: int = 1, seconds: float = SECONDS) -> np.ndarray:
    """440 Hz at -10 dB, (N, channels) float32."""
    t = np.arange(int(rate * seconds)) / rate
    return np.repeat((0.3 * np.sin(2 * np.pi * 440 * t))[:, None], channels, 1).astype(np.float32)


def encode(path: Path, codec: str | None, rate: int = 44_100, channels: int = 1, picture: bool = False) -> Path:
    """A tone (unless ``codec`` is None) and grey frames (if ``picture``) in the container of the file's suffix."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream(codec, rate=rate, layout=LAYOUTS[channels]) if codec else None
        if picture:
            film = container.add_stream("libvpx" if path.suffix == ".webm" else "libx264", rate=25)
            film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
            for i in range(int(SECONDS * 25)):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), i, np.uint8), format="rgb24")
                frame.pts = i
                container.mux(film.encode(frame))
            container.mux(film.encode())
        if sound is not None:
            planar = np.ascontiguousarray(tone(rate, channels).T)
            frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout=LAYOUTS[channels])
            frame.sample_rate, frame.pts = rate, 0
            container.mux(sound.encode(frame))
            container.mux(sound.encode())
    return path


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One file of every compressed kind and a WAV, by name."""
    folder = tmp_path_factory.mktemp("sounds")
    soundfile.write(folder / "tone.wav", tone(44_100, 2), 44_100)
    soundfile.write(folder / "tone.flac", tone(48_000, 2), 48_000)
    soundfile.write(folder / "tone.ogg", tone(44_100), 44_100)
    soundfile.write(folder / "tone.mp3", tone(44_100, 2), 44_100)
    files = {p.suffix[1:]: p for p in folder.iterdir()}
    files["opus"] = encode(folder / "tone.opus", "libopus", 48_000, 2)
    files["m4a"] = encode(folder / "tone.m4a", "aac")
    files["aac"] = encode(folder / "tone.aac", "aac")
    files["mp4"] = encode(folder / "tone.mp4", "aac", 48_000, 2, picture=True)
    files["mov"] = encode(folder / "tone.mov", "pcm_s16le", 48_000, 2)
    files["mkv"] = encode(folder / "tone.mkv", "flac", 16_000, picture=True)
    files["webm"] = encode(folder / "tone.webm", "libopus", 48_000, picture=True)
    return files


KINDS = ["wav", "flac", "ogg", "mp3", "opus", "m4a", "aac", "mp4", "mov", "mkv", "webm"]


def assert_tone(samples: np.ndarray, rate: int = SAMPLE_RATE, level: float = 0.3) -> None:
    """A 440 Hz tone of the right length and loudness, wherever its phase is."""
    assert abs(len(samples) / rate - SECONDS) < 0.06
    middle = samples[rate // 2 : 2 * rate]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * rate / len(middle) == pytest.approx(440, abs=1)
    assert np.sqrt(2 * (middle**2).mean()) == pytest.approx(level, rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_reads_every_format(sounds: dict[str, Path], kind: str) -> None:
    clip = load_audio(sounds[kind])
    assert clip.rate == SAMPLE_RATE and clip.samples.dtype == np.float32
    assert_tone(clip.samples)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_reads_every_rate(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(rate), rate)
    with open_audio(tmp_path / "a.wav") as stream:
        assert stream.rate == rate and stream.duration == pytest.approx(SECONDS, abs=1e-4)
        samples = np.concatenate(list(stream))
    assert abs(len(samples) - SECONDS * SAMPLE_RATE) <= 1
    assert_tone(samples)
    wanted = tone(SAMPLE_RATE)[: len(samples), 0]
    assert np.abs(samples - wanted)[800:-800].max() < 2e-3  # no delay either


@pytest.mark.parametrize("depth", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_reads_every_depth_and_channel_count(tmp_path: Path, depth: str, channels: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(16_000, channels), 16_000, subtype=depth)
    with open_audio(tmp_path / "a.wav") as stream:
        assert stream.channels == channels
        assert_tone(np.concatenate(list(stream)))


def test_channels_that_sound_are_averaged(tmp_path: Path) -> None:
    sound = tone(16_000, 3)
    sound[:, 1] *= 0.5
    sound[:, 2] = 0
    soundfile.write(tmp_path / "a.wav", sound, 16_000)
    assert_tone(load_audio(tmp_path / "a.wav").samples, level=0.225)


def test_blocks_are_one_second_and_memory_is_flat(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.tile(tone(44_100)[:, 0], 80), 44_100)  # 200 s, 17.6 MB
    tracemalloc.start()
    with open_audio(tmp_path / "a.wav") as stream:
        lengths = [len(block) for block in stream]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lengths[:-1] == [SAMPLE_RATE] * (len(lengths) - 1) and sum(lengths) == 200 * SAMPLE_RATE
    assert peak < 4e6


def test_own_rate_is_kept_up_to_48_khz(tmp_path: Path) -> None:
    for rate in (22_050, 96_000):
        soundfile.write(tmp_path / "a.wav", tone(rate), rate)
        with open_audio(tmp_path / "a.wav", rate=None) as stream:
            kept = min(rate, KEEP_RATE)
            assert stream.output_rate == kept
            assert_tone(np.concatenate(list(stream)), kept)


def test_a_stream_is_read_once(sounds: dict[str, Path]) -> None:
    with open_audio(sounds["wav"]) as stream:
        list(stream)
        with pytest.raises(AudioError, match="open it again"):
            list(stream)


def test_wav_with_open_length_is_read(tmp_path: Path, sounds: dict[str, Path]) -> None:
    data = bytearray(sounds["wav"].read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"  # as written to a pipe
    (tmp_path / "a.wav").write_bytes(data)
    assert_tone(load_audio(tmp_path / "a.wav").samples)


# ---- warnings


def warnings_of(path: Path) -> list[str]:
    with open_audio(path) as stream:
        assert sum(len(block) for block in stream)
        return stream.warnings


def test_good_sound_has_no_warnings(sounds: dict[str, Path]) -> None:
    assert [warnings_of(path) for path in sounds.values()] == [[]] * len(sounds)


def test_silence_is_allowed_and_said(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    assert "silent" in warnings_of(tmp_path / "a.wav")[0]


def test_clipping_is_allowed_and_said(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.clip(20 * tone(16_000), -1, 1), 16_000)
    assert "clipped" in warnings_of(tmp_path / "a.wav")[0]


def test_samples_beyond_full_scale_are_cut_and_said(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 10 * tone(16_000), 16_000, subtype="FLOAT")
    assert any("beyond -1 to 1" in w for w in warnings_of(tmp_path / "a.wav"))
    assert np.abs(load_audio(tmp_path / "a.wav").samples).max() == 1.0


def test_shortened_mp3_is_said(tmp_path: Path, sounds: dict[str, Path]) -> None:
    data = sounds["mp3"].read_bytes()
    (tmp_path / "a.mp3").write_bytes(data[: len(data) // 2])
    assert "promises" in warnings_of(tmp_path / "a.mp3")[0]


# ---- refusals


def refused(path: Path, saying: str) -> None:
    with pytest.raises(AudioError, match=saying) as caught:
        load_audio(path)
    assert str(path) in str(caught.value)


def test_missing_folder_and_empty(tmp_path: Path) -> None:
    refused(tmp_path / "none.wav", "does not exist")
    refused(tmp_path, "is a folder")
    (tmp_path / "a.wav").write_bytes(b"")
    refused(tmp_path / "a.wav", "empty file")


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.txt", "a.srt"])
def test_text_is_no_sound(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nhello there\n\n" * 50
    (tmp_path / name).write_text(text, encoding="utf-8")
    refused(tmp_path / name, "not sound|no sound")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.m4a", "a.flac", "a"])
def test_noise_bytes_are_no_sound(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(20_000))
    refused(tmp_path / name, "no sound")


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_picture_is_no_sound(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / f"a.{kind}")
    refused(tmp_path / f"a.{kind}", "is not sound")


def test_video_without_sound(tmp_path: Path) -> None:
    refused(encode(tmp_path / "a.mp4", None, picture=True), "without a sound track")


@pytest.mark.parametrize("kind", ["wav", "flac", "m4a", "mp4", "mkv", "webm"])
def test_cut_off_files_are_read_as_far_as_they_go(tmp_path: Path, sounds: dict[str, Path], kind: str) -> None:
    data, path = sounds[kind].read_bytes(), tmp_path / f"a.{kind}"
    path.write_bytes(data[: int(len(data) * 0.02)])
    refused(path, "cut off|no sound that can be read|holds no sound|at least 0.1 s")
    path.write_bytes(data[: int(len(data) * 0.6)])
    if kind in ("m4a", "mp4"):  # their index stands at the end
        refused(path, "no sound that can be read")
        return
    with open_audio(path) as stream:
        samples = np.concatenate(list(stream))
        assert any("cut off" in w or "breaks off" in w for w in stream.warnings), stream.warnings
    share = len(samples) / SAMPLE_RATE / SECONDS
    assert 0.35 < share < 0.9
    middle = samples[2000:-4000]
    assert np.sqrt(2 * (middle**2).mean()) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("kind", ["flac", "m4a", "aac"])
def test_damaged_files(tmp_path: Path, sounds: dict[str, Path], kind: str) -> None:
    data = bytearray(sounds[kind].read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = np.random.default_rng(1).bytes(600)
    (tmp_path / f"a.{kind}").write_bytes(data)
    refused(tmp_path / f"a.{kind}", "damaged or cut off")


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_header_never_crashes(tmp_path: Path, sounds: dict[str, Path], kind: str) -> None:
    data = bytearray(sounds[kind].read_bytes())
    data[:64] = np.random.default_rng(2).bytes(64)
    (tmp_path / f"a.{kind}").write_bytes(data)
    try:  # mp3 and aac frames may be found behind the damage; all else must be refused in words
        load_audio(tmp_path / f"a.{kind}")
    except AudioError:
        return
    assert kind in ("mp3", "aac")


def test_zero_length_and_too_short(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "zero.wav", np.zeros(0), 16_000)
    refused(tmp_path / "zero.wav", "holds no sound")
    soundfile.write(tmp_path / "short.wav", tone(16_000)[:1500], 16_000)
    refused(tmp_path / "short.wav", "0.094 s long; give at least 0.1 s")
    soundfile.write(tmp_path / "enough.wav", tone(16_000)[:1600], 16_000)
    assert len(load_audio(tmp_path / "enough.wav")) == 1600


def test_wav_without_data_chunk(tmp_path: Path, sounds: dict[str, Path]) -> None:
    (tmp_path / "a.wav").write_bytes(sounds["wav"].read_bytes()[:36])
    refused(tmp_path / "a.wav", "without sound data")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("depth", ["FLOAT", "DOUBLE"])
def test_bad_samples_are_named_by_time(tmp_path: Path, bad: float, depth: str) -> None:
    sound = tone(16_000, 2)
    sound[24_000, 1] = bad
    soundfile.write(tmp_path / "a.wav", sound, 16_000, subtype=depth)
    refused(tmp_path / "a.wav", "at 1.500 s")
