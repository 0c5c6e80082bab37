"""A session on its timeline, by a clock of the test's own: what is fed when, and which frames come of it."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.core.skeleton import beat_skeleton
from gengine.errors import GengineError
from gengine.serve import wire
from gengine.serve.messages import (
    Emotion,
    End,
    Ended,
    Hello,
    Interrupt,
    Interrupted,
    Listen,
    Say,
    SpokenPhone,
    Started,
    Text,
    Think,
)
from gengine.serve.stream import PATIENCE, Stream
from gengine.serve.workers import HOPS

TICK = 0.02


class Stage:
    """A stream and what it said, with the second at which it did."""

    def __init__(self, hop: float | None = None, **hello) -> None:
        self.now, self.stream = 0.0, Stream(Hello(**hello), 0.0, 0.0, hop)
        self.texts: list = []
        self.faces: list[tuple[float, wire.Frames]] = []

    def run(self, until: float) -> None:
        while self.now < until - 1e-9:
            rest = 0.0
            while rest <= 0:
                out, rest = self.stream.advance(self.now)
                for item in out:
                    if not isinstance(item, bytes):
                        self.texts.append((self.now, item))
                    elif isinstance((frames := wire.decode(item, beat_skeleton())).track, FaceTrack):
                        self.faces.append((self.now, frames))
            self.now += TICK

    def told(self, kind: type) -> list:
        return [t for t in self.texts if isinstance(t[1], kind)]

    def unbroken(self) -> bool:
        ends = [f.start + len(f.track) / f.track.fps for _, f in self.faces]
        return all(abs(f.start - end) < 1e-3 for (_, f), end in zip(self.faces[1:], ends, strict=False))

    def jaw(self, start: float, end: float, since: int = 0) -> float:
        faces = [f for _, f in self.faces[since:] if start <= f.start < end]
        parts = [f.track.weights[:, ARKIT_INDEX["jawOpen"]] for f in faces]
        return float(np.concatenate(parts).max())


@pytest.fixture(scope="module")
def pcm(speech: np.ndarray) -> bytes:
    return np.rint(speech[: 3 * 16_000] * 32767).astype("<i2").tobytes()


def test_an_utterance_is_heard_at_once_and_idle_life_never_stops(pcm: bytes) -> None:
    stage = Stage()
    stage.run(1.5)
    shown = stage.faces[-1][1].start + 0.1
    assert 0 <= shown - stage.now <= 0.3
    stage.stream.tell(Say(utterance="a"))
    stage.stream.sound(0, pcm)
    stage.stream.tell(End(utterance="a"))
    stage.run(6.0)
    ((_, started),), ((_, ended),) = stage.told(Started), stage.told(Ended)
    assert started.at == pytest.approx(shown) and ended.at == pytest.approx(shown + 3)
    assert stage.unbroken() and not any(f.flags for _, f in stage.faces)
    assert stage.jaw(started.at, ended.at) > 0.1
    assert min(f.start + 0.1 - at for at, f in stage.faces if at > 0.5) > 0  # no frame came too late


def test_speech_that_comes_slowly_begins_when_it_need_not_stop(pcm: bytes) -> None:
    stage = Stage()
    stage.run(1.0)
    stage.stream.tell(Say(utterance="a"))
    for k in range(0, 32_000, 640):  # 20 ms in 20 ms
        stage.stream.sound(k // 2, pcm[k : k + 640])
        stage.run(stage.now + TICK)
    (at, _) = stage.told(Started)[0]
    assert 0.3 < at - 1.0 < PATIENCE and len(stage.told(Started)) == 1
    assert stage.unbroken() and min(f.start + 0.1 - at for at, f in stage.faces if at > 0.5) > 0


def test_a_microphone_that_stops_is_followed_by_silence(pcm: bytes) -> None:
    stage = Stage(source="microphone")
    for k in range(0, 32_000, 640):
        stage.stream.sound(k // 2, pcm[k : k + 640])
        stage.run(stage.now + TICK)
    assert len(stage.told(Started)) == 1
    count = len(stage.faces)
    stage.run(stage.now + PATIENCE)
    assert len(stage.faces) <= count + 1
    stage.run(stage.now + 0.5)
    assert len(stage.faces) > count + 3 and stage.unbroken()


def test_an_interruption_makes_frames_anew_at_once_and_the_mouth_shuts(pcm: bytes) -> None:
    stage = Stage()
    stage.run(1.0)
    stage.stream.tell(Say(utterance="a", phones=[SpokenPhone(symbol="AA", start=0.2, end=0.6)]))
    stage.stream.sound(0, pcm)
    stage.run(2.5)
    (answer,) = stage.stream.tell(Interrupt(played_until=2.3))
    assert isinstance(answer, Interrupted) and 2.3 <= answer.at <= 2.4 + 1e-9
    count = len(stage.faces)
    stage.run(4.5)
    at, first = stage.faces[count]
    assert first.flags == wire.DISCONTINUITY and first.start == pytest.approx(answer.at) and at - 2.5 < 0.1
    assert not any(f.flags for _, f in stage.faces[count + 1 :])
    assert stage.jaw(answer.at + 0.4, 4.5, count) < 0.03
    (answer,) = stage.stream.tell(Interrupt(played_until=0.0))  # too far back: what was made stands
    stage.run(5.0)
    assert answer.at > 4


def test_what_is_told_in_mid_session_reaches_the_engine(pcm: bytes) -> None:
    stage = Stage()
    stage.run(0.5)
    stage.stream.tell(Emotion(mix="happy", fade=0.2))
    stage.run(2.5)
    smile = ARKIT_INDEX["mouthSmileLeft"]
    assert stage.faces[-1][1].track.weights[:, smile].mean() > stage.faces[0][1].track.weights[:, smile].mean() + 0.1
    stage.stream.tell(Emotion(mix="sad", at=0.0))  # the past is now
    stage.stream.tell(Listen())
    stage.stream.tell(Think())
    stage.run(3.0)
    with pytest.raises(GengineError, match="purple"):
        stage.stream.tell(Emotion(mix="purple"))


def test_an_engine_that_is_late_says_so_and_lets_the_time_go() -> None:
    stage = Stage()
    stage.run(1.0)
    stage.now += 5  # the process had no processor
    stage.run(stage.now + 0.5)
    assert [type(t).__name__ for _, t in stage.texts] == ["Load"]
    assert stage.faces[-1][1].start < 3 and stage.unbroken()


def test_tags_of_a_text_that_is_being_written_act_at_once() -> None:
    stage = Stage()
    stage.run(2.0)
    told = [stage.stream.tell(Text(text=piece)) for piece in ("Well, [very hap", "py] hello")]
    assert [[m.text for m in one] for one in told] == [["Well, "], ["hello"]]
    stage.run(4.5)
    smiles = [f.track.channel("mouthSmileLeft").mean() for t, f in stage.faces if t > 3.5]
    assert min(smiles) > 0.2


@pytest.mark.parametrize(("hop", "rate"), [(HOPS[0], 60.0), (HOPS[-1], 25.0)])
def test_frames_are_there_before_they_are_due_at_every_hop_and_rate(hop: float, rate: float, pcm: bytes) -> None:
    stage = Stage(hop, face_fps=rate)
    stage.run(0.4)
    stage.stream.tell(Say(utterance="a"))
    stage.stream.sound(0, pcm[:24_000])
    stage.stream.tell(End(utterance="a"))
    stage.run(1.4)
    assert stage.stream.latency.face == pytest.approx(0.3 + hop) and stage.unbroken()
    ends = [(now, f.start + len(f.track) / f.track.fps) for now, f in stage.faces]
    assert all(end > now for now, end in ends) and ends[-1][1] >= stage.now - 1e-6
