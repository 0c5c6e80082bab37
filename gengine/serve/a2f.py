"""NVIDIA's Audio2Face-3D over gRPC: its published clients and ACE plug-ins get our face without a change.

``A2FControllerService.ProcessAudioStream``: a header, sound with emotions and the end of the sound come in; a header
with the names of the shapes, a message a frame with its sound, an event and a status go out. The client may never close
its side, so the service ends behind the end of the sound. Sound may come in a burst or as it is spoken.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from gengine.core.emotion import EMOTIONS
from gengine.core.face import ARKIT_NAMES
from gengine.emotion.label_sets import from_set, label_sets
from gengine.errors import GengineError, MissingExtraError
from gengine.serve.clip import Recital, Shapes
from gengine.serve.hub import Guest, Hub, Refusal
from gengine.serve.messages import Audio, Emotion, End, Ended, Error

try:
    import grpc

    from gengine.serve.a2f_messages import Reply, Request
except ImportError:
    raise MissingExtraError("gengine serve --a2f", "a2f") from None

PORT = 52000
"""Where NVIDIA's clients look by custom."""
SERVICE, METHOD = "nvidia_ace.services.a2f_controller.v1.A2FControllerService", "ProcessAudioStream"
FPS = 30.0
"""Frames in a second, as the published service sends them."""
NAMES = [name[0].upper() + name[1:] for name in ARKIT_NAMES]
"""The service's names of ARKit's shapes."""
FIRST = 5.0
"""Seconds in which the header must come."""
QUIET = 60.0
"""Seconds in which a client must send or read something."""
PASSING = 0.5
"""Seconds in which a client that is refused may read why (judgement)."""
AHEAD = 300.0
"""Seconds of sound that a client may send before it reads the frames of the first of them."""
LARGEST = 8 << 20
"""Bytes of a message."""
STREAMS = 64
"""Calls at a time, with and without a place."""
LEAST = 0.001
"""Of an emotion's weight: less is nothing."""
SUCCESS, ERROR = 0, 3
"""Codes of a status."""
_REFUSED = {"busy": "RESOURCE_EXHAUSTED", "worker_lost": "UNAVAILABLE", "going_away": "UNAVAILABLE"}


class Wrong(Exception):
    """What the client is told, with the gRPC status code of this name."""

    def __init__(self, message: str, code: str = "INVALID_ARGUMENT") -> None:
        super().__init__(message)
        self.code = code


async def start_a2f(hub: Hub, host: str, port: int, certificate: Path | None = None, key: Path | None = None) -> Any:
    """The service at ``host`` and ``port``, started; ``GengineError`` where the address cannot be had."""
    server = grpc.aio.server(
        options=(
            ("grpc.max_receive_message_length", LARGEST), ("grpc.so_reuseport", 0),
            ("grpc.keepalive_time_ms", 10_000), ("grpc.keepalive_timeout_ms", 10_000),
        ),
        maximum_concurrent_rpcs=STREAMS,
    )  # fmt: skip
    service = Service(hub)
    handler = grpc.stream_stream_rpc_method_handler(service.process, Request.FromString, Reply.SerializeToString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),))
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        if certificate is not None and key is not None:
            pair = (await asyncio.to_thread(key.read_bytes), await asyncio.to_thread(certificate.read_bytes))
            server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        else:
            server.add_insecure_port(address)
    except (RuntimeError, OSError) as error:
        raise GengineError(f"--a2f {port}: cannot be used ({error}); give another port") from None
    await server.start()
    return server


class Service:
    """What a call is answered with; its sessions are guests of ``hub``."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def process(self, requests: AsyncIterator[Any], context: Any) -> None:
        """One call."""
        try:
            await self._converse(requests, context)
        except Refusal as refusal:
            code = _REFUSED.get(refusal.error.code, "INVALID_ARGUMENT")
            await self._refuse(requests, context, Wrong(refusal.error.message, code))
        except Wrong as wrong:
            await self._refuse(requests, context, wrong)
        except TimeoutError:
            await self._refuse(requests, context, Wrong("nothing was sent or read for too long", "DEADLINE_EXCEEDED"))

    async def _refuse(self, requests: AsyncIterator[Any], context: Any, wrong: Wrong) -> None:
        """Both ways in which clients look: a status among the answers, and that of the call.

        A client that is still writing when a call ends takes that for a fault of the network: what it is about to send
        is let pass.
        """
        await context.write(Reply(status={"code": ERROR, "message": str(wrong)}))
        with suppress(TimeoutError, asyncio.InvalidStateError):
            async with asyncio.timeout(PASSING):
                while (request := await _next(requests, PASSING)) is not None:
                    if request.WhichOneof("stream_part") == "end_of_audio":
                        break
        await context.abort(grpc.StatusCode[wrong.code], str(wrong))

    async def _converse(self, requests: AsyncIterator[Any], context: Any) -> None:
        said = dict(context.invocation_metadata() or ()).get("authorization", "")
        if not self._hub.trusts(said.removeprefix("Bearer ")):
            raise Wrong("authorization: is not this server's token", "UNAUTHENTICATED")
        header = _header(await _next(requests, FIRST))
        guest = await self._hub.admit(_recital(header))
        try:
            call = _Call(guest, header, requests, context)
            listening = asyncio.create_task(call.listen())
            try:
                await call.answer(listening)
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await listening
        finally:
            self._hub.forget(guest)


class _Call:
    """A call that has its session."""

    def __init__(self, guest: Guest, header: Any, requests: AsyncIterator[Any], context: Any) -> None:
        self._guest, self._header, self._requests, self._context = guest, header, requests, context
        self._rate = header.audio_header.samples_per_second
        self._came = self._went = 0.0  # s of sound
        self._read = asyncio.Event()
        self._multipliers, self._offsets, self._clamps = _shaping(header.blendshape_params)

    async def listen(self) -> None:
        """Hand on what the client sends, and no more than it reads."""
        fade = self._header.emotion_params.live_transition_time or Emotion.model_fields["fade"].default
        strength = _strength(self._header)
        while (request := await _next(self._requests, QUIET)) is not None:
            part = request.WhichOneof("stream_part")
            if part == "end_of_audio":
                break
            if part != "audio_with_emotion":
                raise Wrong("audio_stream_header: comes once; sound or the end of the sound was expected")
            for felt in request.audio_with_emotion.emotions:
                try:
                    told = Emotion(mix=_mix(felt.emotion, strength), fade=min(max(fade, 0.0), 60.0), at=felt.time_code)
                except ValueError:
                    raise Wrong(f"emotions: time_code {felt.time_code}: expected seconds from 0 on") from None
                self._tell(("tell", self._guest.name, told))
            if pcm := request.audio_with_emotion.audio_buffer:
                self._tell(("sound", self._guest.name, 0, pcm))
                self._came += len(pcm) / 2 / self._rate
            while self._came - self._went > AHEAD:
                self._read.clear()
                await asyncio.wait_for(self._read.wait(), QUIET)
        self._tell(("tell", self._guest.name, End(utterance="")))

    def _tell(self, message: Any) -> None:
        if self._guest.worker is None:
            raise Wrong("the session was lost; call again", "UNAVAILABLE")
        self._guest.worker.send(message)

    async def answer(self, listening: asyncio.Task[None]) -> None:
        """Send the frames as they are made, until the last or until ``listening`` failed."""
        header = {
            "audio_header": self._header.audio_header, "skel_animation_header": {"blend_shapes": NAMES},
            "start_time_code_since_epoch": time.time(),
        }  # fmt: skip
        await self._context.write(Reply(animation_data_stream_header=header))
        while not isinstance(item := await self._item(listening), Ended):
            if isinstance(item, Error):
                raise Wrong(item.message, _REFUSED.get(item.code, "INVALID_ARGUMENT"))
            if isinstance(item, Shapes):
                await self._send(item)
        await self._context.write(Reply(event={"event_type": 0}))
        await self._context.write(Reply(status={"code": SUCCESS, "message": "all of the sound was animated"}))

    async def _item(self, listening: asyncio.Task[None]) -> Any:
        while not self._guest.waiting:
            if listening.done() and (error := listening.exception()) is not None:
                raise error
            self._guest.wake.clear()
            woken = asyncio.create_task(self._guest.wake.wait())
            waited = {woken} if listening.done() else {woken, listening}
            try:
                done, _ = await asyncio.wait(waited, timeout=2 * QUIET, return_when=asyncio.FIRST_COMPLETED)
            finally:
                woken.cancel()
            if not done:
                raise TimeoutError
        return self._guest.waiting.popleft()[2]

    async def _send(self, shapes: Shapes) -> None:
        weights = shapes.weights * self._multipliers + self._offsets
        weights = np.clip(weights, 0, 1) if self._clamps else weights
        count, at = max(len(weights), 1), 0
        for k in range(count):
            start = shapes.start + k / FPS
            end = len(shapes.pcm) if k == count - 1 else 2 * round((k + 1) * self._rate / FPS)
            data: dict[str, Any] = {"audio": {"time_code": start, "audio_buffer": shapes.pcm[at:end]}}
            if len(weights):
                frame = {"time_code": start, "values": weights[k].tolist()}
                data["skel_animation"] = {"blend_shape_weights": [frame]}
            at = end
            await asyncio.wait_for(self._context.write(Reply(animation_data=data)), QUIET)
        self._went = shapes.start + count / FPS
        self._read.set()


async def _next(requests: AsyncIterator[Any], seconds: float) -> Any:
    """The next request; None where the client has closed its side."""
    try:
        return await asyncio.wait_for(anext(requests), seconds)
    except StopAsyncIteration:
        return None


def _header(request: Any) -> Any:
    """The stream's header; ``Wrong`` for anything else, and for sound that is not taken."""
    if request is None or request.WhichOneof("stream_part") != "audio_stream_header":
        raise Wrong("the first message must be audio_stream_header")
    audio = request.audio_stream_header.audio_header
    for name, value, allowed in (
        ("audio_format", audio.audio_format, "0 (PCM)"), ("channel_count", audio.channel_count, "1"),
        ("bits_per_sample", audio.bits_per_sample, "16"),
    ):  # fmt: skip
        if value != int(allowed.split()[0]):
            raise Wrong(f"audio_header.{name}: {value}, expected {allowed}")
    return request.audio_stream_header


def _recital(header: Any) -> Recital:
    rate = header.audio_header.samples_per_second
    emotions = header.emotion_params.beginning_emotion
    emotion = _mix(emotions, _strength(header)) if emotions else "auto"
    try:
        return Recital(audio=Audio(rate=rate), emotion=emotion, face_fps=FPS)
    except ValueError:
        raise Wrong(f"audio_header.samples_per_second: {rate}, expected 8000 to 48000") from None


def _strength(header: Any) -> float:
    settings = header.emotion_post_processing_params
    told = settings.emotion_strength if settings.HasField("emotion_strength") else 1.0
    return min(max(told, 0.0), 1.0) if told == told else 1.0


def _mix(emotions: Any, strength: float) -> str:
    """The service's weights as a mixture of the emotion grammar; names that it does not have are left out."""
    known = label_sets()["audio2face"]
    given = {name: strength * min(weight, 1.0) for name, weight in emotions.items() if name in known and weight > 0}
    weights = from_set(given, "audio2face").weights
    parts = [f"{name}:{w:.3f}" for name, w in zip(EMOTIONS, weights, strict=True) if w >= LEAST and name != "neutral"]
    return "+".join(parts) or "neutral"


def _shaping(params: Any) -> tuple[Any, Any, bool]:
    """What each shape is multiplied with, what is added, and whether the result is kept from 0 to 1."""
    rows = []
    for told, usual in ((params.bs_weight_multipliers, 1.0), (params.bs_weight_offsets, 0.0)):
        given = {name.lower(): value for name, value in told.items() if np.isfinite(value)}
        rows.append(np.array([given.get(name.lower(), usual) for name in NAMES], np.float32))
    return rows[0], rows[1], params.enable_clamping_bs_weight
