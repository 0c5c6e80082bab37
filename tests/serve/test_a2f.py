"""The Audio2Face-3D service, as NVIDIA's own published classes and stubs see it."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.serve.live import Server, serving

grpc = pytest.importorskip("grpc")

PACKAGES = ("nvidia-audio2face-3d==1.3.0", "nvidia-ace==1.0.0")
"""What NVIDIA publishes; nvidia-ace asks for an old grpcio, so it lives apart and without what it asks for."""


@pytest.fixture(scope="module")
def nvidia() -> Iterator[Any]:
    home = Path(__file__).parent / ".nvidia"
    home.mkdir(exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "nvidia_audio2face_3d").is_dir():
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(home), *PACKAGES]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("NVIDIA's packages cannot be installed")
    sys.path.append(str(home))
    from nvidia_ace import audio_pb2
    from nvidia_audio2face_3d import audio2face_pb2_grpc, messages_pb2

    class Published:
        messages, Audio, Stub = messages_pb2, audio_pb2.AudioHeader, audio2face_pb2_grpc.A2FControllerServiceStub

    yield Published
    sys.path.remove(str(home))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(sessions=2, a2f=port) as running:
        running.a2f = f"127.0.0.1:{port}"  # type: ignore[attr-defined]
        yield running


class Told:
    """What a call got."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.frames: list[tuple[float, list[float]]] = []
        self.sound, self.events, self.status = b"", 0, None
        self.code, self.details = grpc.StatusCode.OK, ""

    def curve(self, name: str) -> np.ndarray:
        return np.array([values for _, values in self.frames])[:, self.names.index(name)]


def header(nvidia: Any, rate: int = 16_000, bits: int = 16, channels: int = 1, **rest: Any) -> Any:
    audio = nvidia.Audio(samples_per_second=rate, bits_per_sample=bits, channel_count=channels)
    return nvidia.messages.AudioWithEmotionStream(
        audio_stream_header=nvidia.messages.AudioWithEmotionStreamHeader(audio_header=audio, **rest)
    )


def sound(nvidia: Any, pcm: bytes, emotions: Any = ()) -> Any:
    m = nvidia.messages
    felt = [m.EmotionWithTimeCode(time_code=at, emotion=values) for at, values in emotions]
    return m.AudioWithEmotionStream(audio_with_emotion=m.AudioWithEmotion(audio_buffer=pcm, emotions=felt))


async def _each(messages: AsyncIterator[Any] | list[Any]) -> AsyncIterator[Any]:
    if isinstance(messages, list):
        for message in messages:
            yield message
    else:
        async for message in messages:
            yield message


async def call(server: Any, nvidia: Any, messages: AsyncIterator[Any] | list[Any], most: int = 10**9) -> Told:
    """As the published client does: it writes all, never closes its side, and reads until the stream ends."""
    told = Told()
    async with grpc.aio.insecure_channel(server.a2f) as channel:
        stream = nvidia.Stub(channel).ProcessAudioStream()

        async def write() -> None:
            with suppress(grpc.aio.AioRpcError):  # a call that has ended tells why to who reads
                async for message in _each(messages):
                    await stream.write(message)

        async def read() -> None:
            while (reply := await stream.read()) is not grpc.aio.EOF:
                part = reply.WhichOneof("stream_part")
                if part == "animation_data_stream_header":
                    told.names = list(reply.animation_data_stream_header.skel_animation_header.blend_shapes)
                    assert reply.animation_data_stream_header.audio_header.samples_per_second
                elif part == "animation_data":
                    shapes = reply.animation_data.skel_animation.blend_shape_weights
                    told.frames += [(s.time_code, list(s.values)) for s in shapes]
                    told.sound += reply.animation_data.audio.audio_buffer
                    if len(told.frames) >= most:
                        stream.cancel()
                elif part == "event":
                    told.events += 1
                else:
                    told.status = reply.status

        try:
            await asyncio.wait_for(asyncio.gather(write(), read()), 120)
        except grpc.aio.AioRpcError as error:
            told.code, told.details = error.code(), error.details()
        except asyncio.CancelledError:
            told.code = grpc.StatusCode.CANCELLED
    return told


def pcm_of(samples: np.ndarray) -> bytes:
    return np.rint(samples * 32767).astype("<i2").tobytes()


def end(nvidia: Any) -> Any:
    return nvidia.messages.AudioWithEmotionStream(end_of_audio=nvidia.messages.AudioWithEmotionStream.EndOfAudio())


def test_a_burst_comes_back_whole(server: Server, nvidia: Any, speech: np.ndarray) -> None:
    pcm = pcm_of(speech[: 3 * 16_000 + 7])
    m = nvidia.messages
    shaping = m.BlendShapeParameters(
        bs_weight_multipliers={"JawOpen": 0.5, "Nothing": 9}, bs_weight_offsets={"CheekPuff": 0.25}
    )
    plain = asyncio.run(call(server, nvidia, [header(nvidia), sound(nvidia, pcm), end(nvidia)]))
    pieces = [sound(nvidia, pcm[k : k + 4_095]) for k in range(0, len(pcm), 4_095)]  # also between a sample's bytes
    shaped = asyncio.run(call(server, nvidia, [header(nvidia, blendshape_params=shaping), *pieces, end(nvidia)]))
    for told in (plain, shaped):
        assert told.status.code == 0 and told.events == 1 and told.sound == pcm
        assert told.names[:2] == ["EyeBlinkLeft", "EyeLookDownLeft"] and len(told.names) == 52
        assert [at for at, _ in told.frames] == pytest.approx([k / 30 for k in range(91)], abs=1e-4)
    assert plain.curve("JawOpen").max() > 0.1
    assert shaped.curve("JawOpen") == pytest.approx(plain.curve("JawOpen") / 2, abs=1e-6)
    assert shaped.curve("CheekPuff") == pytest.approx(plain.curve("CheekPuff") + 0.25, abs=1e-6)


def test_emotions_by_their_time(server: Server, nvidia: Any, speech: np.ndarray) -> None:
    pcm = pcm_of(speech[: 4 * 16_000])
    felt = [(0.0, {"joy": 1.0, "anger": 0.0}), (2.0, {"sadness": 1.0, "unheard-of": 1.0})]
    told = asyncio.run(call(server, nvidia, [header(nvidia), sound(nvidia, pcm, felt), end(nvidia)]))
    smile = told.curve("MouthSmileLeft")
    assert told.status.code == 0 and smile[30:55].mean() > 0.2 and smile[90:].mean() < 0.5 * smile[30:55].mean()


def test_sound_as_it_is_spoken(server: Server, nvidia: Any, speech: np.ndarray) -> None:
    pcm = pcm_of(speech[: 2 * 16_000])

    async def spoken() -> AsyncIterator[Any]:
        yield header(nvidia)
        for k in range(0, len(pcm), 3_200):
            yield sound(nvidia, pcm[k : k + 3_200])
            await asyncio.sleep(0.1)
        yield end(nvidia)

    told = asyncio.run(call(server, nvidia, spoken()))
    assert told.status.code == 0 and told.sound == pcm and len(told.frames) == 60


def test_who_hangs_up_leaves_a_place(server: Server, nvidia: Any, speech: np.ndarray) -> None:
    messages = [header(nvidia), sound(nvidia, pcm_of(speech))]
    for _ in range(3):  # there are two places
        assert asyncio.run(call(server, nvidia, messages, most=5)).code == grpc.StatusCode.CANCELLED
    for _ in range(100):
        if not server.hub.guests:
            break
        asyncio.run(asyncio.sleep(0.05))
    assert not server.hub.guests


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rate": 4_000}, "samples_per_second"), ({"bits": 24}, "bits_per_sample"), ({"channels": 2}, "channel_count"),
        (None, "audio_stream_header"), ("twice", "once"), ("early", "time_code"),
    ],
)  # fmt: skip
def test_a_wrong_header_is_told(server: Server, nvidia: Any, wrong: Any, said: str) -> None:
    first = [header(nvidia, **wrong)] if isinstance(wrong, dict) else [header(nvidia)] if wrong else []
    second = {"twice": header(nvidia), "early": sound(nvidia, b"", [(-1.0, {"joy": 1.0})])}
    told = asyncio.run(call(server, nvidia, [*first, second.get(str(wrong), sound(nvidia, bytes(3_200)))]))
    assert told.code == grpc.StatusCode.INVALID_ARGUMENT and said in told.details
    assert told.status.code == 3 and said in told.status.message
