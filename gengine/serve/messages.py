"""The text half of the wire protocol, version 1: what client and server say to each other in JSON.

``render/protocol/schema.json`` is ``schema()``. Everything that a client sends is held against these models before
anything is done with it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gengine.core import bounds
from gengine.errors import FormatError, brief
from gengine.serve.wire import VERSION

LONGEST_MESSAGE = 65_536
"""Bytes of a message at most, text or binary."""
Seconds = Annotated[float, Field(ge=0, le=bounds.LONGEST, description="seconds")]
Name = Annotated[str, Field(max_length=64)]
Token = Annotated[str | None, Field(max_length=512)]
MOST_WORDS, MOST_PHONES = 500, 2_000
"""Of one ``say``: two minutes of speech (judgement)."""


class Message(BaseModel):
    """Fields that are not known are an error: a misspelt one would be silently without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Audio(Message):
    """The sound that the client will send: 16-bit, mono."""

    rate: int = Field(default=16_000, ge=8_000, le=48_000, description="Hz")


class Hello(Message):
    """First message of a client that is new here."""

    type: Literal["hello"] = "hello"
    v: int = VERSION
    token: Token = None
    audio: Audio = Audio()
    source: Literal["microphone", "speech"] = Field(
        default="speech", description="microphone: sound without end; speech: utterances, between which it is still"
    )
    emotion: str = Field(default="neutral", max_length=200)
    intensity: float = Field(default=1.0, ge=0, le=2)
    speaker: Name | None = None
    watch: Name | None = Field(default=None, description="a session that this connection only looks at and hears")
    skeleton: Name = Field(default="beat", description="whose joints: beat, vrm, unity, mixamo, godot, ue5 …")
    body_fps: float = Field(default=30.0, ge=15, le=60, description="Hz")
    face_fps: float = Field(default=60.0, ge=15, le=60, description="Hz")
    calm: float = Field(default=0.0, ge=0, le=1)
    seed: int = Field(default=0, ge=0, lt=2**31)


class Resume(Message):
    """First message of a client that was here before."""

    type: Literal["resume"] = "resume"
    v: int = VERSION
    token: Token = None
    session: Name
    last_seq: int = Field(ge=-1, lt=2**32, description="number of the last message of frames that came; -1 if none")


class SpokenWord(Message):
    """A word with its time from the beginning of the utterance."""

    text: Name
    start: Seconds
    end: Seconds


class SpokenPhone(Message):
    """A phone of ARPABET, without its stress, with its time from the beginning of the utterance."""

    symbol: Annotated[str, Field(max_length=4)]
    start: Seconds
    end: Seconds
    stress: int = Field(default=-1, ge=-1, le=2)


class Say(Message):
    """The sound that follows is this utterance; what of its words is known ahead."""

    type: Literal["say"] = "say"
    utterance: Name
    text: Annotated[str, Field(max_length=10_000)] | None = None
    words: Annotated[list[SpokenWord], Field(max_length=MOST_WORDS)] = []
    phones: Annotated[list[SpokenPhone], Field(max_length=MOST_PHONES)] = []


class Text(Message):
    """A piece of a text that is being written, cut anywhere: its tags act at once. Answered by ``spoken``."""

    type: Literal["text"] = "text"
    text: Annotated[str, Field(max_length=10_000)]
    last: bool = Field(default=False, description="nothing of it follows: what was held back for a tag is spoken")


class Emotion(Message):
    """From ``at`` (session time; at once where it is left out) on, within ``fade`` seconds."""

    type: Literal["emotion"] = "emotion"
    mix: Annotated[str, Field(max_length=200)]
    fade: Annotated[float, Field(ge=0, le=60)] = 0.4
    at: Seconds | None = None


class End(Message):
    """All sound of the utterance has been sent."""

    type: Literal["end"] = "end"
    utterance: Name


class Interrupt(Message):
    """The speaker stops: what was not played until ``played_until`` (session time) is forgotten."""

    type: Literal["interrupt"] = "interrupt"
    played_until: Seconds


class Listen(Message):
    """The avatar listens to someone."""

    type: Literal["listen"] = "listen"


class Think(Message):
    """The avatar thinks before it answers."""

    type: Literal["think"] = "think"


class Ping(Message):
    """Answered by ``pong`` with the same ``t``."""

    type: Literal["ping"] = "ping"
    t: float = 0.0


FromClient = Annotated[
    Hello | Resume | Say | Text | Emotion | End | Interrupt | Listen | Think | Ping, Field(discriminator="type")
]


class Latency(Message):
    """Seconds from a sound to its motion."""

    face: float
    body: float


class Names(Message):
    """What the numbers in the frames belong to."""

    curves: list[str]
    joints: list[str]
    parents: list[int]
    offsets: list[list[float]] = Field(description="metres in the parent's frame, in T-pose without rotations")


class Welcome(Message):
    """Answer to ``hello`` and ``resume``."""

    type: Literal["welcome"] = "welcome"
    v: int = VERSION
    session: str
    resumed: bool = Field(default=False, description="whether the session goes on where it was")
    latency: Latency
    names: Names
    rate: int = Field(description="Hz of the sound that is expected")
    sample: int = Field(default=0, description="number of the sample (modulo 2^32) that is expected next")
    clock: float = Field(description="session time now, s")


class Started(Message):
    """Sample ``sample`` (modulo 2^32) of the client's sound is at session time ``at``; later ones follow it."""

    type: Literal["started"] = "started"
    utterance: str
    at: float
    sample: int


class Spoken(Message):
    """What is to be spoken of the pieces that ``text`` brought: the tags are out."""

    type: Literal["spoken"] = "spoken"
    text: str


class Ended(Message):
    """The last sound of an utterance is at ``at``."""

    type: Literal["ended"] = "ended"
    utterance: str
    at: float


class Interrupted(Message):
    """Frames from ``at`` on are made anew."""

    type: Literal["interrupted"] = "interrupted"
    at: float


class Pong(Message):
    """Answer to ``ping``; ``clock`` is the session time now."""

    type: Literal["pong"] = "pong"
    t: float
    clock: float


class Load(Message):
    """The server is ``behind`` seconds late."""

    type: Literal["load"] = "load"
    behind: float


Code = Literal[
    "bad_message", "bad_token", "bad_version", "bad_value", "busy", "going_away", "no_session", "rate_limit",
    "too_far_ahead", "too_large", "too_slow", "worker_lost",
]  # fmt: skip


class Error(Message):
    """What went wrong; where ``retry`` is a number the same may be tried again after so many seconds."""

    type: Literal["error"] = "error"
    code: Code
    message: str
    retry: float | None = None


FromServer = Annotated[
    Welcome | Started | Spoken | Ended | Interrupted | Pong | Load | Error, Field(discriminator="type")
]
_FROM_CLIENT: TypeAdapter[Any] = TypeAdapter(FromClient)


def read_message(text: str) -> Any:
    """The message of a client that ``text`` is; ``FormatError`` that names the field for anything else."""
    values = bounds.parse_json(text, "message", "send one JSON object of render/protocol.md")
    try:
        return _FROM_CLIENT.validate_python(values)
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "type"
        raise FormatError(f"message: {where}: {first['msg']} (given: {brief(first.get('input'))})") from None


def schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of both directions."""
    both: dict[str, Any] = {"client": FromClient, "server": FromServer}
    parts: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for side, kind in both.items():
        parts[side] = TypeAdapter(kind).json_schema(ref_template="#/$defs/{model}")
        definitions |= parts[side].pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"gengine live protocol, version {VERSION}: text messages",
        "properties": parts,
        "$defs": definitions,
    }
