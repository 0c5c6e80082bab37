"""Recordings as programs really write them: whatever the header, container, track or channel, the same speech is heard
at the same times, or a plain sentence says why not."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

import gengine
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.emotion import EMOTIONS
from gengine.errors import AudioError, GengineError
from gengine.inputs.audio import load_audio, open_audio
from gengine.inputs.part import Part, words_between
from gengine.inputs.text import read_text

RATE = 16_000
SECONDS = 5.6
TEXT = "Hello! I have something really big to show you. No, no! Not down here."
LATE = 2.0


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """The first 5.6 s of the demo, (N,) int16 at 16 kHz."""
    samples, rate = soundfile.read("demos/speech.wav", dtype="int16")
    assert rate == RATE
    return samples[: int(SECONDS * RATE)]


# ---- WAV by hand


def chunk(name: bytes, data: bytes, size: int | None = None, pad: bool = True) -> bytes:
    return name + struct.pack("<I", len(data) if size is None else size) + data + b"\0" * (len(data) % 2 if pad else 0)


FMT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))


def wav(
    speech: np.ndarray,
    size: int | None = None,
    before: bytes = b"",
    after: bytes = b"",
    fmt: bytes = FMT,
    riff: int | None = None,
    name: bytes = b"RIFF",
) -> bytes:
    """A 16-bit WAV whose data chunk claims ``size`` bytes, with chunks ``before`` and ``after`` it."""
    body = b"WAVE" + fmt + before + chunk(b"data", speech.astype("<i2").tobytes(), size) + after
    return name + struct.pack("<I", len(body) if riff is None else riff) + body


def rf64(speech: np.ndarray, name: bytes, size: int) -> bytes:
    sizes = chunk(b"ds64", struct.pack("<QQQI", size + 72 if size else 0, size, size // 2, 0))
    return wav(speech, 0xFFFF_FFFF, fmt=sizes + FMT, riff=0xFFFF_FFFF, name=name)


def as_soundfile(format: str, subtype: str, endian: str = "FILE") -> Callable[[np.ndarray, Path], None]:
    return lambda speech, path: soundfile.write(path, speech, RATE, subtype, endian, format)


def patched(format: str, subtype: str, mark: bytes, offset: int, value: bytes) -> Callable[[np.ndarray, Path], None]:
    """A file by libsndfile with bytes replaced ``offset`` after ``mark``."""

    def make(speech: np.ndarray, path: Path) -> None:
        soundfile.write(path, speech, RATE, subtype, format=format)
        data = bytearray(path.read_bytes())
        at = data.index(mark) + offset
        data[at : at + len(value)] = value
        path.write_bytes(data)

    return make


def unsigned(speech: np.ndarray) -> np.ndarray:
    return ((speech.astype(int) >> 8) + 128).astype(np.uint8)


def odd_bytes(speech: np.ndarray) -> bytes:
    """8-bit, an odd number of samples without padding, and a LIST right behind."""
    fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, RATE, 1, 8))
    body = b"WAVE" + fmt + chunk(b"data", unsigned(speech)[:-1].tobytes(), pad=False) + chunk(b"LIST", b"INFOxy" * 3)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def mp3(speech: np.ndarray) -> bytes:
    """Bare MPEG frames: what a streaming service sends."""
    codec = av.CodecContext.create("libmp3lame", "w")
    codec.rate, codec.layout, codec.format, codec.bit_rate = RATE, "mono", "s16p", 64_000
    frame = av.AudioFrame.from_ndarray(speech[None], format="s16p", layout="mono")
    frame.sample_rate = RATE
    fifo = av.AudioFifo()
    fifo.write(frame)
    out = b""
    while (part := fifo.read(codec.frame_size or 576, partial=True)) is not None:
        out += b"".join(bytes(p) for p in codec.encode(part))
    return out + b"".join(bytes(p) for p in codec.encode(None))


def mp3_wav(speech: np.ndarray) -> bytes:
    fmt = chunk(b"fmt ", struct.pack("<HHIIHHHHIHHH", 0x55, 1, RATE, 8000, 1, 0, 12, 1, 2, 576, 1, 0))
    body = b"WAVE" + fmt + chunk(b"fact", struct.pack("<I", len(speech))) + chunk(b"data", mp3(speech))
    return b"RIFF" + struct.pack("<I", len(body)) + body


ID3 = b"ID3\x04\x00\x00\x00\x00\x00\x15" + bytes(21)
EXTENSIBLE = chunk(
    b"fmt ",
    struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, 2 * RATE, 2, 16, 22, 16, 4) + struct.pack("<H", 1)
    + bytes.fromhex("000000001000800000aa00389b71"),
)  # fmt: skip

SAME: dict[str, Callable[[np.ndarray, Path], None] | Callable[[np.ndarray], bytes]] = {
    "control": lambda s: wav(s),
    "size 0": lambda s: wav(s, 0),
    "sizes 0": lambda s: wav(s, 0, riff=0),
    "size all ones": lambda s: wav(s, 0xFFFF_FFFF, riff=0xFFFF_FFFF),
    "size 0x7ffff000": lambda s: wav(s, 0x7FFF_F000, riff=0x7FFF_F024),
    "size 0x7fffffff": lambda s: wav(s, 0x7FFF_FFFF),
    "size 2000000000": lambda s: wav(s, 2_000_000_000),
    "16 bytes too much": lambda s: wav(s, 2 * len(s) + 16),
    "44 bytes too much": lambda s: wav(s, 2 * len(s) + 44),
    "an odd size": lambda s: wav(s, 2 * len(s) + 1),
    "size 0 behind a LIST": lambda s: wav(s, 0, before=chunk(b"LIST", b"INFOISFT\x06\0\0\0hello\0")),
    "LIST behind": lambda s: wav(s, after=chunk(b"LIST", b"INFOISFT\x06\0\0\0hello\0")),
    "odd LIST behind": lambda s: wav(s, after=chunk(b"LIST", b"INFOISFT\x05\0\0\0hello")),
    "odd LIST before, padded": lambda s: wav(s, before=chunk(b"LIST", b"INFOISFT\x05\0\0\0hello")),
    "odd LIST before, not padded": lambda s: wav(s, before=chunk(b"LIST", b"INFOISFT\x05\0\0\0hello", pad=False)),
    "odd bext and LIST, not padded": lambda s: wav(
        s, before=chunk(b"bext", bytes(603), pad=False) + chunk(b"LIST", bytes(7), pad=False)
    ),
    "LIST that claims too much": lambda s: wav(s, before=chunk(b"LIST", b"INFO", size=1_000_000_000)),
    "JUNK before": lambda s: wav(s, before=chunk(b"JUNK", bytes(4048))),
    "id3 chunk before": lambda s: wav(s, before=chunk(b"id3 ", ID3)),
    "id3 tag first": lambda s: ID3 + wav(s),
    "fmt of 18 bytes": lambda s: wav(s, fmt=chunk(b"fmt ", FMT[8:] + b"\0\0")),
    "extensible": lambda s: wav(s, fmt=EXTENSIBLE),
    "extensible, open size": lambda s: wav(s, 0xFFFF_FFFF, fmt=EXTENSIBLE),
    "odd 8-bit, LIST right behind": odd_bytes,
    "RF64": lambda s: rf64(s, b"RF64", 2 * len(s)),
    "RF64 of a pipe": lambda s: rf64(s, b"RF64", 0),
    "BW64": lambda s: rf64(s, b"BW64", 2 * len(s)),
    "two data chunks": lambda s: wav(s[:40_000], after=chunk(b"data", s[40_000:].tobytes())),
    "two WAVs joined": lambda s: wav(s[:40_000]) + wav(s[40_000:]),
    "five WAVs of a stream joined": lambda s: b"".join(wav(p) for p in np.array_split(s, 5)),
    "RIFX": as_soundfile("WAV", "PCM_16", "BIG"),
    "W64": as_soundfile("W64", "PCM_16"),
    "AIFF": as_soundfile("AIFF", "PCM_16"),
    "AIFF of a pipe": patched("AIFF", "PCM_16", b"SSND", 4, bytes(4)),
    "AIFF without a count": patched("AIFF", "PCM_16", b"COMM", 10, bytes(4)),
    "AIFC, little-endian": as_soundfile("AIFF", "PCM_16", "LITTLE"),
    "AU": as_soundfile("AU", "PCM_16"),
    "AU of a pipe": patched("AU", "PCM_16", b".snd", 8, b"\xff\xff\xff\xff"),
    "CAF": as_soundfile("CAF", "PCM_16"),
    "CAF of a pipe": patched("CAF", "PCM_16", b"data", 4, b"\xff" * 8),
    "WAV 24 bit": as_soundfile("WAV", "PCM_24"),
    "WAV 32 bit": as_soundfile("WAV", "PCM_32"),
    "WAV float": lambda s, p: soundfile.write(p, s / 32768, RATE, "FLOAT", format="WAV"),
    "WAV float that counts to 32768": as_soundfile("WAV", "FLOAT"),
    "WAV double": lambda s, p: soundfile.write(p, s / 32768, RATE, "DOUBLE", format="WAV"),
    "WAV 8 bit": as_soundfile("WAV", "PCM_U8"),
    "WAV mu-law": as_soundfile("WAV", "ULAW"),
    "WAV A-law": as_soundfile("WAV", "ALAW"),
    "WAV IMA ADPCM": as_soundfile("WAV", "IMA_ADPCM"),
    "WAV MS ADPCM": as_soundfile("WAV", "MS_ADPCM"),
    "WAV GSM": as_soundfile("WAV", "GSM610"),
    "mu-law, open size": patched("WAV", "ULAW", b"data", 4, b"\xff\xff\xff\x7f"),
    "float, open size": patched("WAV", "FLOAT", b"data", 4, b"\x00\xf0\xff\x7f"),
    "WAVEX": as_soundfile("WAVEX", "PCM_16"),
    "NIST Sphere": as_soundfile("NIST", "PCM_16"),
    "VOC": as_soundfile("VOC", "PCM_16"),
    "FLAC": as_soundfile("FLAC", "PCM_16"),
    "FLAC behind an id3 tag": lambda s: ID3 + flac(s),
    "Ogg Vorbis": as_soundfile("OGG", "VORBIS"),
    "Ogg Opus": as_soundfile("OGG", "OPUS"),
    "MP3 frames": mp3,
    "MP3 behind an id3 tag": lambda s: ID3 + mp3(s),
    "MP3 in a WAV": mp3_wav,
    "left = -right": lambda s, p: soundfile.write(p, np.stack([s, -s], 1), RATE, format="WAV"),
    "left alone": lambda s, p: soundfile.write(p, np.stack([s, 0 * s], 1), RATE, format="WAV"),
    "right alone": lambda s, p: soundfile.write(p, np.stack([0 * s, s], 1), RATE, format="WAV"),
    "5.1, centre alone": lambda s, p: soundfile.write(p, s[:, None] * (np.arange(6) == 2), RATE, format="WAV"),
    "right turned round and softer": lambda s, p: soundfile.write(p, np.stack([s, -(s // 2) * 1.6], 1) / 32768, RATE,
                                                                format="WAV"),
    "44.1 kHz stereo": lambda s, p: soundfile.write(p, np.stack([resampled(s, 44_100)] * 2, 1), 44_100, format="WAV"),
    "8 kHz": lambda s, p: soundfile.write(p, resampled(s, 8000), 8000, format="WAV"),
}  # fmt: skip
"""Files that hold the control's speech from second 0: makers ``(speech) -> bytes`` or ``(speech, path)``."""

PRIMING = {"MP3 frames": 0.08, "MP3 behind an id3 tag": 0.08, "MP3 in a WAV": 0.08, "WAV GSM": 0.03}
"""How late, at most, sound is where nothing in the file says how much the encoder put before it, seconds."""


def flac(speech: np.ndarray) -> bytes:
    import io

    buffer = io.BytesIO()
    soundfile.write(buffer, speech, RATE, format="FLAC")
    return buffer.getvalue()


def resampled(speech: np.ndarray, rate: int) -> np.ndarray:
    import soxr

    return soxr.resample(speech.astype(np.float32) / 32768, RATE, rate)


def written(make: Callable, speech: np.ndarray, path: Path) -> Path:
    if make.__code__.co_argcount == 1:
        path.write_bytes(make(speech))
    else:
        make(speech, path)
    return path


def lag_and_likeness(heard: np.ndarray, speech: np.ndarray) -> tuple[float, float]:
    """By how many seconds ``heard`` is late, and its correlation with the speech there."""
    size = len(heard) + len(speech)
    a, b = np.fft.rfft(heard, size), np.fft.rfft(speech.astype(float), size)
    found = np.fft.irfft(a * b.conj(), size)
    lag = int(np.argmax(found))
    lag -= size if lag > size // 2 else 0
    one, two = heard[max(0, lag) :], speech[max(0, -lag) :]
    n = min(len(one), len(two))
    return lag / SAMPLE_RATE, float(np.corrcoef(one[:n], two[:n])[0, 1])


@pytest.mark.parametrize("kind", SAME)
def test_the_same_speech_is_heard(kind: str, speech: np.ndarray, tmp_path: Path) -> None:
    path = written(SAME[kind], speech, tmp_path / "given.wav")
    with open_audio(path) as stream:
        heard = np.concatenate(list(stream))
        assert not stream.warnings, stream.warnings
    lag, likeness = lag_and_likeness(heard, speech)
    assert 0 <= lag <= PRIMING.get(kind, 0.001) and likeness > 0.95
    assert len(heard) / RATE == pytest.approx(SECONDS, abs=0.1)
    level = np.sqrt((heard**2).mean() / ((speech / 32768.0) ** 2).mean())
    assert level == pytest.approx(1, rel=0.12)


NOTED = {
    "size 0": "leaves its length open; all 5.60 s",
    "size 0x7ffff000": "leaves its length open",
    "size 2000000000": "leaves its length open",
    "16 bytes too much": "promises 16 bytes more than the 5.60 s it holds",
    "two WAVs joined": "holds 2 recordings one behind the other",
    "left = -right": "cancel each other .*; channel left is used",
    "left alone": "Channel right of .* is silent",
    "5.1, centre alone": "Channel 0, 1, 3, 4, 5 of .* is silent",
}


@pytest.mark.parametrize("kind", NOTED)
def test_what_was_made_of_a_file_is_said(kind: str, speech: np.ndarray, tmp_path: Path) -> None:
    import re

    with open_audio(written(SAME[kind], speech, tmp_path / "given.wav")) as stream:
        list(stream)
    assert [n for n in stream.notes if re.search(NOTED[kind], n)], stream.notes


def test_nothing_is_said_of_plain_files(speech: np.ndarray, tmp_path: Path) -> None:
    for kind in ("control", "LIST behind", "odd LIST before, padded", "JUNK before", "extensible", "RF64", "WAV float"):
        with open_audio(written(SAME[kind], speech, tmp_path / "given.wav")) as stream:
            list(stream)
        assert not stream.notes and not stream.warnings, kind


# ---- cut off and damaged


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


CUT = {
    "WAV": lambda s: cut(wav(s), 0.6),
    "RF64": lambda s: cut(rf64(s, b"RF64", 2 * len(s)), 0.6),
    "FLAC": lambda s: cut(flac(s), 0.6),
    "MP3 in a WAV": lambda s: cut(mp3_wav(s), 0.6),
    "another format behind": lambda s: wav(s[:50_000]) + odd_bytes(s[50_000:]),
    "AIFF": lambda s, p: (as_soundfile("AIFF", "PCM_16")(s, p), p.write_bytes(cut(p.read_bytes(), 0.6))),
    "AU": lambda s, p: (as_soundfile("AU", "PCM_16")(s, p), p.write_bytes(cut(p.read_bytes(), 0.6))),
    "CAF": lambda s, p: (as_soundfile("CAF", "PCM_16")(s, p), p.write_bytes(cut(p.read_bytes(), 0.6))),
    "W64": lambda s, p: (as_soundfile("W64", "PCM_16")(s, p), p.write_bytes(cut(p.read_bytes(), 0.6))),
    "Ogg": lambda s, p: (as_soundfile("OGG", "VORBIS")(s, p), p.write_bytes(cut(p.read_bytes(), 0.6))),
}


@pytest.mark.parametrize("kind", CUT)
def test_what_is_there_is_read_with_a_warning(kind: str, speech: np.ndarray, tmp_path: Path) -> None:
    with open_audio(written(CUT[kind], speech, tmp_path / "given.wav")) as stream:
        heard = np.concatenate(list(stream))
    lag, likeness = lag_and_likeness(heard, speech)
    assert 0 <= lag < 0.09 and likeness > 0.95
    assert 2.2 < len(heard) / RATE < 4.0
    assert len(stream.warnings) == 1, stream.warnings


def test_a_wav_of_zeros_is_silent_and_one_of_no_samples_is_refused(speech: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(speech[:0], after=chunk(b"LIST", b"INFOISFT\x06\0\0\0hello\0")))
    with pytest.raises(AudioError, match="holds no sound"):
        load_audio(path)
    path.write_bytes(wav(speech)[:20])
    with pytest.raises(AudioError, match="without sound data"):
        load_audio(path)
    path.write_bytes(wav(speech, fmt=b""))
    with pytest.raises(AudioError, match="does not say its format"):
        load_audio(path)


# ---- videos


def video(
    path: Path,
    speech: np.ndarray,
    late: float = 0.0,
    pictures: float = 0.0,
    codec: str = "aac",
    gap: tuple[float, float] | None = None,
    tracks: list[dict] | None = None,
    picture: bool = True,
) -> Path:
    """Grey frames from ``pictures`` s on and speech from ``late`` s on; the speech of [gap) is not stored. ``tracks``
    are further sounds: dictionaries of samples, language, title, default."""
    listed = tracks or [{"samples": speech}]
    with av.open(str(path), "w") as out:
        film = None
        if picture:
            film = out.add_stream("libvpx" if path.suffix == ".webm" else "mpeg4", rate=25)
            film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
        rate = 48_000 if codec == "libopus" else 44_100 if path.suffix == ".flv" else RATE
        streams = []
        for about in listed:
            stream = out.add_stream(codec, rate=rate, layout="mono")
            for key in ("language", "title"):
                if about.get(key):
                    stream.metadata[key] = about[key]
            if "default" in about:
                from av.stream import Disposition

                stream.disposition = Disposition.default if about["default"] else Disposition(0)
            streams.append(stream)
        if film is not None:
            for i in range(int(8 * 25)):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), i % 200, np.uint8), format="rgb24")
                frame.pts = i + round(pictures * 25)
                out.mux(film.encode(frame))
            out.mux(film.encode())
        for about, stream in zip(listed, streams, strict=True):
            samples = resampled(about["samples"], rate)
            size = stream.codec_context.frame_size or 1024
            for at in range(0, len(samples), size):
                if gap and gap[0] <= at / rate < gap[1]:
                    continue
                block = np.pad(samples[at : at + size], (0, max(0, size - len(samples) + at)))
                frame = av.AudioFrame.from_ndarray(block[None], format="fltp", layout="mono")
                frame.sample_rate, frame.pts = rate, at + round(late * rate)
                frame.time_base = Fraction(1, rate)
                out.mux(stream.encode(frame))
            out.mux(stream.encode())
    return path


VIDEOS = {
    "mkv aac": (".mkv", "aac"), "mp4 aac": (".mp4", "aac"), "mov pcm": (".mov", "pcm_s16le"),
    "webm opus": (".webm", "libopus"), "mkv flac": (".mkv", "flac"), "ts aac": (".ts", "aac"),
    "mkv pcm": (".mkv", "pcm_s16le"), "mkv mp3": (".mkv", "libmp3lame"), "mp4 mp3": (".mp4", "libmp3lame"),
    "mp4 alac": (".mp4", "alac"), "mkv opus": (".mkv", "libopus"),
    "ts mp2": (".ts", "mp2"),
}  # fmt: skip
NEAR = 0.07
"""Encoders put up to 64 ms (AAC at 16 kHz) before the sound, and not every container says so."""


@pytest.mark.parametrize("kind", VIDEOS)
@pytest.mark.parametrize("late", [0.0, LATE])
def test_sound_stands_on_the_pictures_clock(kind: str, late: float, speech: np.ndarray, tmp_path: Path) -> None:
    suffix, codec = VIDEOS[kind]
    with open_audio(video(tmp_path / f"a{suffix}", speech, late, codec=codec)) as stream:
        heard = np.concatenate(list(stream))
    lag, likeness = lag_and_likeness(heard, speech)
    assert lag == pytest.approx(late, abs=NEAR) and likeness > 0.95
    assert not stream.warnings
    assert bool(late) == any("after the picture" in n for n in stream.notes)


@pytest.mark.parametrize("kind", ["mkv pcm", "mkv opus", "mp4 aac", "mkv aac", "ts mp2"])
def test_gaps_are_filled_with_silence(kind: str, speech: np.ndarray, tmp_path: Path) -> None:
    suffix, codec = VIDEOS[kind]
    with open_audio(video(tmp_path / f"a{suffix}", speech, codec=codec, gap=(2.0, 2.8))) as stream:
        heard = np.concatenate(list(stream))
    tail = speech[int(3.2 * RATE) :]
    assert lag_and_likeness(heard[int(3.2 * RATE) :], tail)[0] == pytest.approx(0, abs=NEAR)
    assert np.abs(heard[int(2.2 * RATE) : int(2.6 * RATE)]).max() < 0.02
    assert any("gap" in n for n in stream.notes) and not stream.warnings


def test_sound_before_the_picture_is_kept(speech: np.ndarray, tmp_path: Path) -> None:
    heard = load_audio(video(tmp_path / "a.mkv", speech, pictures=1.0, codec="pcm_s16le")).samples
    assert lag_and_likeness(heard, speech)[0] == pytest.approx(0, abs=0.002)


def test_sound_without_a_picture_begins_at_once(speech: np.ndarray, tmp_path: Path) -> None:
    heard = load_audio(video(tmp_path / "a.mka", speech, late=2.0, codec="pcm_s16le", picture=False)).samples
    assert lag_and_likeness(heard, speech)[0] == pytest.approx(0, abs=0.002)


@pytest.fixture(scope="module")
def film(speech: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tracks: music, French, and English, which is the default one."""
    rng = np.random.default_rng(0)
    music = (3000 * np.sin(np.arange(len(speech)) * 0.2)).astype(np.int16)
    noise = rng.normal(0, 2000, len(speech)).astype(np.int16)
    tracks = [
        {"samples": music, "language": "eng", "title": "Music and effects", "default": False},
        {"samples": noise, "language": "fre", "title": "Version française", "default": False},
        {"samples": speech, "language": "ger", "title": "Dialogue", "default": True},
    ]
    return video(tmp_path_factory.mktemp("film") / "a.mkv", speech, codec="pcm_s16le", tracks=tracks)


@pytest.mark.parametrize("track", [None, 2, "2", "de", "deu", "GER", "de-AT", "Dialogue", "dialog"])
def test_the_default_track_or_the_chosen_one_is_heard(film: Path, speech: np.ndarray, track: object) -> None:
    with open_audio(film, part=Part(track=track)) as stream:  # type: ignore[arg-type]
        assert lag_and_likeness(np.concatenate(list(stream)), speech)[1] > 0.95
    assert stream.facts["track"] == 2 and stream.facts["tracks"] == 3
    if track is None:
        assert "3 sound tracks (0 en 'Music and effects' 1 ch; 1 fr" in stream.notes[0]
    else:
        assert not stream.notes


@pytest.mark.parametrize("track", [3, "-1", "it", "Director", "", "99999999"])
def test_a_track_that_is_not_there_is_refused(film: Path, track: object) -> None:
    with pytest.raises(AudioError, match="3 sound tracks: 0 en"):
        open_audio(film, part=Part(track=track))  # type: ignore[arg-type]


# ---- channels and parts


def test_channels_can_be_chosen(speech: np.ndarray, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 3000, len(speech)).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", np.stack([noise, speech], 1), RATE)
    for channel in (1, "1", "right", "R"):
        assert lag_and_likeness(load_audio(tmp_path / "a.wav", part=Part(channel=channel)).samples, speech)[1] > 0.999
    mixed = load_audio(tmp_path / "a.wav", part=Part(channel="mix")).samples
    np.testing.assert_allclose(mixed, (noise / 65536.0 + speech / 65536.0), atol=1e-4)
    for wrong, said in ((2, "2 channels, 0 to 1"), ("middle", "expected left, right"), (True, "expected left")):
        with pytest.raises(AudioError, match=said):
            open_audio(tmp_path / "a.wav", part=Part(channel=wrong))


def test_channels_that_cancel_later_are_said(speech: np.ndarray, tmp_path: Path) -> None:
    long = np.tile(speech, 8)[: 44 * RATE].astype(np.int16)
    other = np.where(np.arange(len(long)) < 32 * RATE, long, -long)
    soundfile.write(tmp_path / "a.wav", np.stack([long, other], 1), RATE)
    with open_audio(tmp_path / "a.wav") as stream:
        list(stream)
    assert any("cancel each other in 1" in n for n in stream.notes)


@pytest.mark.parametrize(("start", "end"), [(1.0, 3.5), ("0:01", "3.5"), (1, None), (None, 2.25), ("1,5", 99)])
def test_a_part_is_those_samples(speech: np.ndarray, tmp_path: Path, start: object, end: object) -> None:
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    part = Part(start=start, end=end)  # type: ignore[arg-type]
    whole = load_audio(tmp_path / "a.wav").samples
    with open_audio(tmp_path / "a.wav", part=part) as stream:
        heard = np.concatenate(list(stream))
        assert stream.duration == pytest.approx(len(heard) / RATE)
    first, last = (round(float(t) * RATE) if t is not None else None for t in (part.first, end and part.last))
    np.testing.assert_array_equal(heard, whole[first:last])
    assert bool(end == 99) == any("ends at 5.60 s already" in n for n in stream.notes)


@pytest.mark.parametrize(
    ("values", "said"),
    [({"start": 9}, "ends at 5.60 s"), ({"start": 2, "end": 2}, "is not after"), ({"start": "abc"}, "m:s"),
     ({"end": -1}, "seconds from 0 on"), ({"start": float("nan")}, "seconds from 0"), ({"start": 5.55}, "0.05"),
     ({"raw": float("nan")}, "a layout such as"), ({"track": 0.5}, "a number from 0")],
)  # fmt: skip
def test_parts_that_are_none_are_refused(values: dict, said: str, speech: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    with pytest.raises(AudioError, match=said):
        load_audio(tmp_path / "a.wav", part=Part(**values))


def test_words_of_a_part_count_from_its_start(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(
        "1\n00:00:00,200 --> 00:00:01,000\nHello there!\n\n2\n00:00:02,000 --> 00:00:04,000\none two three four\n",
        "utf-8",
    )
    cues = words_between(read_text(tmp_path / "a.srt", "en"), 3.0, 9.0)
    assert [(s.text, s.start, s.end) for s in cues.segments] == [("three four", 0.0, 1.0)]
    (tmp_path / "a.json").write_text(
        '{"language": "en", "words": [{"word": "a", "start": 0, "end": 1}, {"word": "b", "start": 1.5, "end": 2.5}]}'
    )
    track = words_between(read_text(tmp_path / "a.json"), 1.0, 9.0).track
    assert track is not None and [(w.text, w.start, w.end) for w in track.words] == [("b", 0.5, 1.5)]
    same = read_text("hello there", "en")
    assert words_between(same, 1.0, 2.0) is same
    with pytest.raises(GengineError, match="no words between 5 s and the end"):
        words_between(read_text(tmp_path / "a.srt", "en"), 5.0, float("inf"))


# ---- memory


def test_samples_and_bytes_are_taken(speech: np.ndarray, tmp_path: Path) -> None:
    control = load_audio(AudioClip(speech / 32768.0, RATE)).samples
    for given in (speech, speech / 32768.0, (speech / 32768.0).astype(np.float32), speech.astype(np.int32) * 65536,
                  speech[:, None], np.stack([speech, speech], 1)):  # fmt: skip
        np.testing.assert_array_equal(load_audio(given, part=Part(rate=RATE)).samples, control)
    for given in (wav(speech), flac(speech), bytearray(wav(speech, 0))):
        np.testing.assert_array_equal(load_audio(given).samples, control)
    raw = speech.astype("<i2").tobytes()
    np.testing.assert_array_equal(load_audio(raw, part=Part(raw="s16le:16000:1")).samples, control)
    (tmp_path / "a.pcm").write_bytes(speech.astype(">i2").tobytes())
    np.testing.assert_array_equal(load_audio(tmp_path / "a.pcm", part=Part(raw="s16be:16000")).samples, control)
    (tmp_path / "a.f32").write_bytes((speech / 32768.0).astype("<f4").tobytes())
    np.testing.assert_array_equal(load_audio(tmp_path / "a.f32", part=Part(raw="f32:16000:1")).samples, control)
    with pytest.raises(AudioError, match="samples without a rate"):
        load_audio(speech)
    with pytest.raises(AudioError, match="samples without a header need raw="):
        load_audio(raw)
    with pytest.raises(AudioError, match="to be transposed"):
        load_audio(np.stack([speech, speech]), part=Part(rate=RATE))
    for wrong in ("s16le", "s16le:24000:900", "s17:16000", "s16le:7:1", "", "s16le:99999999"):
        with pytest.raises(AudioError, match="--raw"):
            load_audio(tmp_path / "a.pcm", part=Part(raw=wrong))


# ---- hostile


def test_rates_and_channels_that_no_recording_has_are_refused(speech: np.ndarray, tmp_path: Path) -> None:
    for rate in (1, 2, 7, 999, 800_000, 4_000_000_000):
        fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, rate, 2 * rate & 0xFFFFFFFF, 2, 16))
        (tmp_path / "a.wav").write_bytes(wav(speech, fmt=fmt))
        with pytest.raises(AudioError, match="samples a second; expected 1000 to 768000|no sound that can be read"):
            load_audio(tmp_path / "a.wav")
    fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 200, RATE, 400 * RATE, 400, 16))
    (tmp_path / "a.wav").write_bytes(wav(speech, fmt=fmt))
    with pytest.raises(AudioError, match="200 channels; expected 1 to 64"):
        load_audio(tmp_path / "a.wav")


LISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:5.6,\n{sound}\n#EXT-X-ENDLIST\n",
    "m3u": "\ufeff#EXTM3U\n{sound}\n",
    "concat": "ffconcat version 1.0\nfile '{sound}'\n",
    "pls": "[playlist]\nFile1={sound}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "mpd": "<?xml version='1.0'?><MPD><BaseURL>{sound}</BaseURL></MPD>",
    "address": "http://127.0.0.1:9/a.wav\n",
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_other_files_are_refused(kind: str, speech: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    path = tmp_path / f"list.{kind}"
    path.write_text(LISTS[kind].format(sound=tmp_path / "a.wav"), "utf-8")
    with pytest.raises(AudioError, match="a list of files or addresses"):
        load_audio(path)


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", Path("/dev/zero")):
        with pytest.raises(AudioError, match="a pipe or a device"):
            load_audio(path)


def test_random_damage_is_an_error_in_words_or_none(speech: np.ndarray, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    made = [wav(speech[:8000]), flac(speech[:8000]), mp3_wav(speech[:8000])]
    made.append(video(tmp_path / "v.mkv", speech[:8000]).read_bytes()[:30_000])
    for k in range(120):
        data = bytearray(made[k % len(made)])
        for _ in range(rng.integers(1, 8)):
            data[rng.integers(0, min(len(data), 400))] = rng.integers(0, 256)
        (tmp_path / "a.wav").write_bytes(data)
        try:
            clip = load_audio(tmp_path / "a.wav")
            assert clip.duration < 1000
        except AudioError:
            pass


# ---- through the whole engine


@pytest.fixture(scope="module")
def control(speech: np.ndarray) -> gengine.Performance:
    return gengine.animate(AudioClip(speech / 32768.0, RATE), text=TEXT)


def assert_same_mouth(made: gengine.Performance, control: gengine.Performance, late: float = 0.0) -> None:
    """Word times within 80 ms and the jaw's curve of the control, both ``late`` s."""
    assert [w.text for w in made.words.words] == [w.text for w in control.words.words]
    for one, two in zip(made.words.words, control.words.words, strict=True):
        assert one.start - late == pytest.approx(two.start, abs=0.08) and one.end - late == pytest.approx(
            two.end, abs=0.08
        )
    assert made.face is not None and control.face is not None
    jaw, wanted = (p.face.channel("jawOpen") for p in (made, control))
    jaw = jaw[round(late * made.face.fps) :]
    n = min(len(jaw), len(wanted))
    assert np.corrcoef(jaw[:n], wanted[:n])[0, 1] > 0.95


@pytest.mark.parametrize("kind", ["size 2000000000", "16 bytes too much", "left = -right", "two WAVs joined"])
def test_the_mouth_says_the_same(kind: str, speech: np.ndarray, control: gengine.Performance, tmp_path: Path) -> None:
    made = gengine.animate(written(SAME[kind], speech, tmp_path / "given.wav"), text=TEXT)
    assert_same_mouth(made, control)
    assert made.provenance["report"]["notes"]


@pytest.mark.parametrize("kind", ["mkv aac", "mp4 aac", "webm opus"])
def test_words_of_late_sound_stand_where_the_picture_has_them(
    kind: str, speech: np.ndarray, control: gengine.Performance, tmp_path: Path
) -> None:
    suffix, codec = VIDEOS[kind]
    made = gengine.animate(video(tmp_path / f"a{suffix}", speech, LATE, codec=codec), text=TEXT)
    assert_same_mouth(made, control, LATE)


def test_a_part_with_its_subtitles(speech: np.ndarray, control: gengine.Performance, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(
        "1\n00:00:00,200 --> 00:00:01,000\nHello!\n\n2\n00:00:01,300 --> 00:00:03,300\n"
        "I have something really big to show you.\n\n3\n00:00:03,600 --> 00:00:05,500\nNo, no! Not down here.\n",
        "utf-8",
    )  # fmt: skip
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    made = gengine.animate(tmp_path / "a.wav", text=tmp_path / "a.srt", start=1.2, end="0:03.4",
                           emotion=[(0, "neutral"), (2.2, "happy")])  # fmt: skip
    said = [w for w in control.words.words if 1.2 < w.start < 3.4]
    assert [w.text for w in made.words.words] == [w.text for w in said]
    assert made.duration == pytest.approx(2.2)
    for one, two in zip(made.words.words, said, strict=True):
        assert one.start + 1.2 == pytest.approx(two.start, abs=0.08)
    happy = made.emotion.weights[:, EMOTIONS.index("happiness")]
    assert happy[50] < 0.05 and happy[150] > 0.5  # at 1 s of the part it is second 2.2 of the recording


@pytest.mark.data
def test_the_files_that_failed(reference_data: Path, control: gengine.Performance) -> None:
    folder = reference_data / "faults"
    if not folder.is_dir():
        pytest.skip("the faulty files are not there")
    for name in ("base.wav", "01c_data_2000000000.wav", "01e_data_plus16.wav", "09a_opposite_polarity.wav"):
        assert_same_mouth(gengine.animate(folder / name, text=TEXT), control)
    for name in ("02_audio_starts_at_2s.mkv", "02_audio_starts_at_2s.mp4"):
        for text in (TEXT, folder / "02a_delay2s.srt"):
            assert_same_mouth(gengine.animate(folder / name, text=text), control, LATE)
    assert load_audio(folder / "01a_espeak_stdout.wav").duration == pytest.approx(2.5, abs=0.1)
    for path in (folder / "trust").glob("*.wav"):
        with pytest.raises(AudioError, match="samples a second"):
            load_audio(path)
    with pytest.raises(AudioError):
        load_audio(folder / "trust" / "audio_8455820e.flac")
