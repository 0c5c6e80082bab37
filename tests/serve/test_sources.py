"""Sound of this machine: WAVs and PCM on a pipe, sessions that a page watches, times that a voice writes."""

from __future__ import annotations

import asyncio
import io
import json
import shlex
import struct
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from gengine.core.face import FaceTrack
from gengine.errors import AudioError, GengineError
from gengine.serve import wire
from gengine.serve.sources import Broadcast, Source, microphone, piped
from gengine.showing import live_page
from tests.serve.live import Client, join, serving

PCM = np.arange(-600, 600, dtype="<i2")


def wav(samples: np.ndarray, rate: int = 22_050, channels: int = 1, endless: bool = False) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, 2, rate, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    data = file.getvalue()
    return data[:40] + struct.pack("<I", 0x7FFFF000) + data[44:] if endless else data


def reader(data: bytes, size: int):
    file = io.BytesIO(data)
    return lambda most: file.read(min(size, most))


@pytest.mark.parametrize("size", [1, 7, 64, 5_000])
def test_wavs_behind_each_other_are_one_sound(size: int) -> None:
    stereo = np.repeat(PCM, 2)
    for data, channels in ((wav(PCM, endless=True) + wav(PCM), 1), (2 * wav(stereo, channels=2), 2)):
        source = piped(reader(data, size))
        pieces = np.frombuffer(b"".join(source.pieces), "<i2")
        assert source.rate == 22_050 and source.heard
        if size > 4 or channels == 1:
            assert (pieces == np.tile(PCM, 2)).all()


def test_sound_without_a_header_has_the_rate_that_is_said() -> None:
    source = piped(reader(PCM.tobytes() + b"\0", 33), 24_000)
    assert source.rate == 24_000 and b"".join(source.pieces) == PCM.tobytes()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"RIFF\0\0\0\0AVI fmt ", "no WAV"), (b"RIFF\0\0\0\0WAVE", "ends within"),
        (wav(PCM)[:34] + b"\x18" + wav(PCM)[35:], "16-bit"), (wav(PCM, 96_000), "96000"),
        (b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\x7f" + bytes(9), "does not begin"),
    ],
)  # fmt: skip
def test_other_sound_is_refused_in_a_line(data: bytes, says: str) -> None:
    with pytest.raises(AudioError, match=says):
        list(piped(reader(data, 4_096)).pieces)
    with pytest.raises(AudioError, match="keep to one"):
        list(piped(reader(wav(PCM) + wav(PCM, 16_000), 4_096)).pieces)


def test_a_machine_without_a_microphone_says_so() -> None:
    with pytest.raises(GengineError, match="--mic|extra"):
        microphone("a device that nobody has")


def test_who_watches_sees_and_hears_the_session(speech: np.ndarray) -> None:
    pcm = np.rint(speech[: 3 * 16_000] * 32767).astype("<i2").tobytes()
    source = Source(16_000, iter([pcm[k : k + 6_400] for k in range(0, len(pcm), 6_400)]), heard=True)

    async def run(server) -> None:
        assert (await join(server, watch="nobody")).told("error")[0]["code"] == "no_session"
        client = await join(server, watch="the-session")
        heard: list[tuple[int, bytes]] = []
        take = client.take
        client.take = lambda m: heard.append(wire.decode_sound(m)) if isinstance(m, bytes) and m[3] == 16 else take(m)
        await client.say("emotion", mix="happy", fade=0.1)
        await client.listen(20, lambda c: c.told("ended") and c.of(FaceTrack)[-1].start > c.told("ended")[0]["at"])
        (started, *_), (ended,) = client.told("started"), client.told("ended")
        jaw = [f.track.channel("jawOpen").max() for f in client.of(FaceTrack) if f.start > started["at"]]
        assert max(jaw) > 0.1 and client.told("welcome")[0]["rate"] == 16_000
        for first, piece in heard:  # what was sent before it came is not heard
            assert pcm[2 * first : 2 * first + len(piece)] == piece
        await client.sound(speech[:1_000])
        await client.listen(5, lambda c: c.told("error"))
        assert client.told("error")[0]["code"] == "bad_value"
        other: Client = await join(server, watch="the-session")
        await other.listen(5, lambda c: c.told("started"))
        assert other.told("started")
        assert ended["at"] - started["at"] < 3.5 and server.hub.health()["sessions"] == 1

    with serving(broadcast=Broadcast(source, "the-session", "neutral")) as server:
        asyncio.run(run(server))


def test_times_that_the_voice_writes_reach_the_page(tmp_path: Path) -> None:
    times = tmp_path / "times.json"
    script = (
        "import sys; text = sys.stdin.read(); assert text == 'Hello there', text;"
        f'open({str(times)!r}, \'w\').write(\'{{"words":[{{"word":"Hello","start":0.1,"end":0.4}}]}}\');'
        "sys.stdout.buffer.write(open('demos/speech.wav', 'rb').read())"
    )
    command = shlex.join([sys.executable, "-c", script])
    pages = live_page(tmp_path, "anna", "neutral", "Hello [laughs] there", command, times)
    about = json.loads(pages["/live.json"].read_text())
    assert about["words"] == [{"text": "Hello", "start": 0.1, "end": 0.4}] and about["phones"] == []
    assert about["text"] == "Hello [laughs] there" and about["watch"] is None
    with pytest.raises(GengineError, match="--times"):
        live_page(tmp_path, "anna", "neutral", "Hello there", command, tmp_path / "nothing.json")
