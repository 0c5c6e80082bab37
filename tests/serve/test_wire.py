"""The wire protocol: what is lost in it, what it refuses, and the published schema and golden messages.

``python tests/serve/test_wire.py`` writes ``render/protocol`` anew.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError
from gengine.serve import messages, wire
from gengine.serve.messages import read_message

PUBLISHED = Path(__file__).parents[2] / "render" / "protocol"
THREE = Skeleton(("Hips", "Spine", "Head"), np.array([-1, 0, 1]), np.array([[0, 0, 0], [0, 0.1, 0], [0, 0.5, 0]]))
TEXTS = [
    messages.Hello(audio=messages.Audio(rate=48_000), source="microphone", emotion="happy:0.6"),
    messages.Resume(session="abc", last_seq=41),
    messages.Say(
        utterance="1",
        text="Hello.",
        words=[messages.SpokenWord(text="Hello", start=0.05, end=0.4)],
        phones=[messages.SpokenPhone(symbol="HH", start=0.05, end=0.1)],
    ),
    messages.Text(text="Hi [exci"),
    messages.Emotion(mix="sad:0.5", fade=0.5),
    messages.End(utterance="1"),
    messages.Interrupt(played_until=2.5),
    messages.Listen(),
    messages.Think(),
    messages.Ping(t=12.5),
    messages.Welcome(
        session="abc",
        latency=messages.Latency(face=0.4, body=0.6),
        names=messages.Names(curves=["jawOpen"], joints=["Hips"], parents=[-1], offsets=[[0.0, 0.0, 0.0]]),
        rate=16_000,
        clock=0.0,
    ),
    messages.Started(utterance="1", at=1.25, sample=0),
    messages.Spoken(text="Hi "),
    messages.Ended(utterance="1", at=3.5),
    messages.Interrupted(at=2.5),
    messages.Pong(t=12.5, clock=3.0),
    messages.Load(behind=0.7),
    messages.Error(code="busy", message="all places are taken", retry=5.0),
]


def golden() -> tuple[dict[str, bytes], dict]:
    """The binary messages, and what every decoder must read in them."""
    rng = np.random.default_rng(1)
    turns = rotation.from_rotvec(rng.uniform(-2, 2, (2, 4, 3)))
    face = FaceTrack(rng.random((2, 52)), turns[:, 3], rng.uniform(-0.5, 0.5, (2, 2)), 60.0)
    body = Motion(THREE, turns[:, :3], rng.uniform(-1, 1, (2, 3)), 29.97)
    files = {
        "face": wire.numbered(wire.encode(face, 1.5)[0], 7),
        "body": wire.numbered(wire.encode(body, 1.5, wire.DISCONTINUITY)[0], 2**32 + 8),
        "sound": wire.encode_sound(np.array([0.0, 0.25, -0.25, 1.0, -1.0]), 2**32 + 3),
    }
    numbers = {}
    for name in ("face", "body"):
        told = wire.decode(files[name], THREE)
        track = told.track
        numbers[name] = {
            "sequence": told.sequence, "start": told.start, "flags": told.flags, "fps": track.fps,
            **{field: np.round(getattr(track, field).astype(float), 6).tolist() for field in track.ARRAYS},
        }  # fmt: skip
    first, pcm = wire.decode_sound(files["sound"])
    numbers["sound"] = {"sample": first, "pcm": np.frombuffer(pcm, "<i2").tolist()}
    return files, numbers


def published() -> dict[str, bytes]:
    files, numbers = golden()
    texts = [t.model_dump(mode="json", exclude_none=True) for t in TEXTS]
    return {
        "schema.json": (json.dumps(messages.schema(), indent=1) + "\n").encode(),
        "golden/binary.json": (json.dumps(numbers, indent=1) + "\n").encode(),
        "golden/text.json": (json.dumps(texts, indent=1) + "\n").encode(),
        **{f"golden/{name}.bin": data for name, data in files.items()},
    }


@pytest.mark.parametrize("name", published())
def test_what_is_published_is_what_is_spoken(name: str) -> None:
    assert (PUBLISHED / name).read_bytes() == published()[name]


def test_every_kind_of_message_has_an_example() -> None:
    kinds = {d["properties"]["type"]["const"] for d in messages.schema()["$defs"].values() if "type" in d["properties"]}
    assert kinds == {t.type for t in TEXTS}
    for text in json.loads((PUBLISHED / "golden" / "text.json").read_text())[:10]:
        assert read_message(json.dumps(text)).type == text["type"]


def test_the_worst_error_on_the_wire(teacher: Performance) -> None:
    """Joints .12 mm, curves 1/510, gaze and head a hundredth of a degree."""
    body, face = teacher.motion, teacher.face
    back = [wire.decode(m, body.skeleton) for m in wire.encode(body, teacher.start)]
    assert [round(b.start * 30) for b in back] == list(range(0, len(body), wire.MOST_FRAMES))
    there = np.concatenate([b.track.forward()[0] for b in back])
    assert np.abs(there - body.forward()[0]).max() < 0.12e-3
    back = [wire.decode(m, body.skeleton).track for m in wire.encode(face, teacher.start)]
    assert np.abs(np.concatenate([b.weights for b in back]) - face.weights).max() <= 1 / 510 + 1e-6
    assert np.abs(np.concatenate([b.gaze for b in back]) - face.gaze).max() < 1e-4
    assert np.abs(np.concatenate([b.head for b in back]) - face.head).max() < np.radians(0.01) / 2


def test_sizes_are_those_the_protocol_states(teacher: Performance) -> None:
    assert wire.FACE_RECORD.itemsize == 64 and wire.body_record(75).itemsize == 612
    assert wire.HEADER.size == 24 and wire.SOUND_HEADER.size == 8
    part = teacher.face[:12]
    assert len(wire.encode(part, 0.0)[0]) == 24 + 12 * 64


def test_values_out_of_range_are_clipped_not_wrapped(teacher: Performance) -> None:
    face = replace(teacher.face[:1], weights=np.full((1, 52), 1.7), gaze=np.full((1, 2), 9.0))
    back = wire.decode(wire.encode(face, 0.0)[0], THREE).track
    assert (back.weights == 1).all() and np.abs(back.gaze - np.pi).max() < 1e-3
    _, pcm = wire.decode_sound(wire.encode_sound(np.array([3.0, -3.0]), 0))
    assert np.frombuffer(pcm, "<i2").tolist() == [32767, -32767]


@pytest.mark.parametrize("name", ["face", "body", "sound"])
def test_every_cut_and_every_other_byte_is_refused_or_read(name: str) -> None:
    whole = golden()[0][name]
    read = wire.decode_sound if name == "sound" else lambda m: wire.decode(m, THREE)
    read(whole)
    for end in range(len(whole) - (name != "sound")):
        if name == "sound" and end > wire.SOUND_HEADER.size and end % 2 == 0:
            continue  # shorter sound is sound
        with pytest.raises(FormatError):
            read(whole[:end])
    for at in range(len(whole)):
        for value in (0, 255, whole[at] ^ 1):
            try:
                read(whole[:at] + bytes([value]) + whole[at + 1 :])
            except FormatError:
                pass


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "JSON"),
        ("[]", "dictionary"),
        ('{"type":"dance"}', "expected tags"),
        ('{"type":"hello","speed":3}', "speed"),
        ('{"type":"ping","t":1e999}', "range"),
        ('{"type":"ping","t":NaN}', "NaN"),
        ('{"type":"hello","audio":{"rate":1}}', "rate"),
        ('{"type":"resume","session":"' + 100 * "a" + '","last_seq":1}', "session"),
        ('{"type":"say","utterance":"a","words":' + 100 * "[" + 100 * "]" + "}", "nest"),
    ],
)
def test_what_is_no_message_is_refused_in_a_line(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says) as error:
        read_message(text)
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)


if __name__ == "__main__":
    for name, data in published().items():
        (PUBLISHED / name).write_bytes(data)
