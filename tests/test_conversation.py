"""A session in the course of a conversation: latency in sound time, said, felt, interrupted, listening, forked."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

import gengine
from gengine import Performance, Session
from gengine.config import EngineConfig
from gengine.core.emotion import EMOTION_INDEX
from gengine.core.lips import SealModel
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio
from gengine.metrics.limbs import Body

LIVE = EngineConfig(hop=0.1, latency=0.4)
WORDS = WordTrack(
    (Word("no", 0.0, 0.25), Word("big", 0.25, 0.7)),
    (Phone("N", 0.0, 0.1), Phone("OW", 0.1, 0.25, 1), Phone("B", 0.25, 0.35), Phone("IH", 0.35, 0.55, 1),
     Phone("G", 0.55, 0.7)),
)  # fmt: skip


def heard(session: Session, samples: np.ndarray, step: int = 320) -> list[Performance]:
    """What comes of ``samples`` that are pushed in steps."""
    parts = [session.push(samples[k : k + step]) for k in range(0, len(samples), step)]
    return [p for p in parts if p is not None]


def same(a: Performance, b: Performance) -> None:
    assert a.motion is not None and b.motion is not None and a.face is not None and b.face is not None
    np.testing.assert_array_equal(a.motion.rotations, b.motion.rotations)
    np.testing.assert_array_equal(a.motion.root, b.motion.root)
    for name in ("weights", "head", "gaze"):
        np.testing.assert_array_equal(getattr(a.face, name), getattr(b.face, name))
    np.testing.assert_array_equal(a.audio.samples, b.audio.samples)
    assert a.words == b.words and a.start == b.start


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return load_audio("demos/speech.wav").samples[: 16000 * 6]


@pytest.mark.parametrize(("hop", "latency"), [(0.1, 0.4), (0.05, 0.35), (0.2, 0.35)])
def test_latency_is_kept_in_sound_time_however_it_is_cut(hop: float, latency: float, speech: np.ndarray) -> None:
    config = EngineConfig(hop=hop, latency=latency)
    session, ages = Session(seed=2, config=config), []
    parts = []
    for k in range(0, len(speech), 160):
        if (part := session.push(speech[k : k + 160])) is not None:
            ages.append((k + 160) / 16000 - part.start)
            parts.append(part)
    parts.append(session.flush())
    assert session.latency == pytest.approx(latency)
    assert max(ages) <= latency + 0.011 and len(ages) >= 0.9 * 5.6 / hop
    other = Session(seed=2, config=config)
    cuts = np.sort(np.random.default_rng(1).integers(0, len(speech), 25))
    pieces = [other.push(part) for part in np.split(speech, cuts)] + [other.flush()]
    same(Performance.join([p for p in pieces if p]), Performance.join([p for p in parts if p]))


def test_a_file_is_animated_with_a_latency_as_a_stream_is(speech: np.ndarray) -> None:
    config = LIVE.model_copy(update={"words": "none"})
    whole = gengine.animate(gengine.AudioClip(speech, 16000), "happy", seed=2, config=config)
    session = Session(emotion="happy", seed=2, config=config)
    parts = heard(session, speech, 777)
    same(Performance.join([*parts, *[p for p in [session.flush()] if p]]), whole)


def test_a_latency_that_networks_or_hops_cannot_keep_is_refused() -> None:
    with pytest.raises(GengineError, match="latency = 0.1: a hop of 0.2 s with these networks needs at least 0.2"):
        Session(config=EngineConfig(hop=0.2, latency=0.1))
    with pytest.raises(GengineError, match=r"needs at least 2.*"):
        Session(config=EngineConfig(hop=0.2, latency=0.4, body="camn"))
    with pytest.raises(GengineError, match="multiple of 0.05"):
        Session(config=EngineConfig(hop=0.2, latency=0.42))


def test_lips_follow_phones_that_are_said_ahead(speech: np.ndarray) -> None:
    lips = SealModel.ict()
    session = Session(config=EngineConfig(hop=0.05, latency=0.1, hears=False))
    heard(session, np.zeros(16000, np.float32))
    told = session.say(WORDS, at=1.6)
    assert told.words[0].start == 1.6
    parts = heard(session, 0.01 * np.random.default_rng(0).standard_normal(32000).astype(np.float32))
    whole = Performance.join(parts)
    assert whole.face is not None
    gap = lips.gap_mm(whole.face.weights)

    def around(t: float) -> slice:
        frame = round((t - whole.start) * 60)
        return slice(frame - 2, frame + 3)

    assert gap[around(1.6 + 0.30)].min() < 0.3 < gap[around(1.6 + 0.18)].max()
    assert [w.text for w in whole.words.words] == ["no", "big"]
    assert session.state("body").planner.judged  # the cue "no" was seen


def test_words_without_times_are_guessed() -> None:
    session = Session(config=LIVE)
    told = session.say("No, I really mean it!")
    assert [w.text for w in told.words] == ["No,", "I", "really", "mean", "it!"]
    assert 0.7 < told.words[-1].end < 2.5 and told.words[1].start > told.words[0].end
    with pytest.raises(GengineError, match="Session.say"):
        session.say(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("config", [LIVE, EngineConfig(hop=0.5)])
def test_an_emotion_comes_when_it_is_felt(config: EngineConfig, speech: np.ndarray) -> None:
    session = Session(config=config)
    before = heard(session, speech[:32000])
    session.feel("happy", fade=0.4)
    after = Performance.join([*before, *heard(session, speech[32000:]), *[p for p in [session.flush()] if p]])
    assert after.face is not None and after.motion is not None
    smile = after.face.channel("mouthSmileLeft")
    assert smile[: 2 * 60].max() < 0.2 < smile[4 * 60 :].mean()
    weights = after.emotion.weights[:, EMOTION_INDEX["happiness"]]
    at = int(np.argmax(weights > 0.02)) / 100
    assert 2.0 <= at <= 2.15 and weights[250:].min() > 0.99
    with pytest.raises(GengineError, match="made"):
        Session(config=config).feel("happy", at=-1)


def test_a_fork_goes_on_alike_and_by_itself(speech: np.ndarray) -> None:
    session = Session(seed=5, emotion="auto", config=LIVE)
    heard(session, speech[:40000])
    twin = session.fork()
    third = session.fork()
    a = Performance.join(heard(session, speech[40000:80000]))
    heard(third, np.zeros(20000, np.float32))
    same(Performance.join(heard(twin, speech[40000:80000])), a)
    assert twin.state("body") is not session.state("body") and twin.networks is session.networks


@pytest.mark.parametrize("rate", [44100, 48000, 7919])
def test_other_rates_are_heard_in_pieces_and_forked(rate: int) -> None:
    samples = load_audio("demos/speech.wav", rate).samples[: rate * 3]
    session = Session(seed=5, rate=rate, config=LIVE)
    heard(session, samples[: rate * 2], rate // 50)
    twin = session.fork()
    a, b = (Performance.join(heard(s, samples[rate * 2 :], step)) for s, step in ((session, 882), (twin, 5000)))
    same(a, b)
    sound = session._hearing._curves["sound"]
    first = sound.end - 8000
    assert sound.end >= 3 * 16000 - 0.011 * 16000
    expected = soxr.resample(samples, rate, 16000)[first : sound.end]
    np.testing.assert_allclose(sound.read(first, sound.end)["sound"], expected, atol=1e-4)
    with pytest.raises(GengineError, match="give a latency"):
        Session(rate=rate).fork()


def test_interrupted_speech_stops(speech: np.ndarray) -> None:
    lips = SealModel.ict()
    session = Session(seed=1, speaker="orator", config=EngineConfig(hop=0.05, latency=0.35))
    made = heard(session, speech[: round(4.0 * 16000)])
    whole = Performance.join(made)
    at = session.interrupt(3.12)
    assert at == pytest.approx(3.15) and session.made == at and session.time == pytest.approx(at + 0.3)
    rest = Performance.join(heard(session, np.zeros(3 * 16000, np.float32)))
    assert rest.start == pytest.approx(at)
    assert not rest.audio.samples[round(0.1 * 16000) :].any()
    kept = round(at * 60)
    assert whole.face is not None and rest.face is not None
    weights = np.concatenate([whole.face.weights[:kept], rest.face.weights])
    gap = lips.gap_mm(weights)
    usual = np.percentile(np.abs(np.diff(gap[60:kept])), 99)
    assert np.abs(np.diff(gap[kept - 1 : kept + 30])).max() <= max(usual, 1.0)
    assert gap[kept + round(0.35 * 60) :].max() < 1.0
    speed = Body(rest.motion).speed.max(1)  # cm/s
    assert speed[round(1.5 * 30) :].max() < 15
    with pytest.raises(GengineError, match="too far back"):
        session.interrupt(0.2)
    with pytest.raises(GengineError, match="needs a session with a latency"):
        Session().interrupt()


def test_interruption_forgets_no_frame_that_was_shown(speech: np.ndarray) -> None:
    """Up to where the sound was played, frames are those of a session that was never interrupted."""
    one, other = (Session(seed=1, config=LIVE) for _ in range(2))
    parts = heard(one, speech[:48000])
    at = one.interrupt(2.0)
    parts = [p for p in parts if p.start < at - 1e-6]
    calm = heard(other, speech[: round(one.time * 16000)])
    same(Performance.join(parts), Performance.join(calm))


def test_a_listener_keeps_its_mouth_shut_and_nods(speech: np.ndarray) -> None:
    session = Session(seed=1, config=LIVE)
    session.listen()
    whole = Performance.join(heard(session, np.concatenate([speech] * 3)))
    assert whole.face is not None and whole.motion is not None
    assert whole.face.channel("jawOpen").max() < 0.1
    session.speak()
    said = Performance.join(heard(session, speech))
    assert said.face is not None and said.face.channel("jawOpen").max() > 0.2


def test_who_thinks_looks_away_and_says_nothing(speech: np.ndarray) -> None:
    gaze = {}
    for role in ("listen", "think"):
        session = Session(seed=1, config=LIVE)
        getattr(session, role)()
        whole = Performance.join(heard(session, np.concatenate([speech] * 2)))
        assert whole.face is not None and whole.face.channel("jawOpen").max() < 0.1
        gaze[role] = float((np.hypot(*whole.face.gaze.T) > np.radians(8)).mean())
    assert gaze["listen"] < gaze["think"] - 0.1


def test_a_flood_of_calls_holds_no_memory(speech: np.ndarray) -> None:
    session = Session(config=LIVE)
    heard(session, speech[:16000], 1600)
    for _ in range(50):
        session.feel("happy")
        session.interrupt()
        session.listen()
        session.speak()
    assert len(session._hearing._said or ()) <= 8 and len(session._hearing._emotion._changes) <= 8
    assert session._past is not None and len(session._past._copies) <= 4
    part = Performance.join(heard(session, speech, 1600))
    assert part.face is not None and part.face.channel("jawOpen").max() > 0.1


def test_an_endless_conversation_is_held_in_flat_memory_and_never_freezes(speech: np.ndarray) -> None:
    session, most, latest = Session(config=EngineConfig(hop=0.2, latency=0.5)), {}, []
    for turn in range(12):
        if turn % 3 == 0:
            session.say(WORDS)
            session.feel("happy" if turn % 2 else "sad")
        getattr(session, ("speak", "listen", "think")[turn % 3])()
        parts = heard(session, speech[:48000] if turn % 3 < 2 else np.zeros(48000, np.float32), 1600)
        if turn % 3 == 0:
            session.interrupt(session.time - 1)
        held = session.held | {"said": len(session._hearing._said or ())}
        sizes = {name: max(count, most.get(name, 0)) for name, count in held.items()}
        if turn >= 6:
            assert all(sizes[name] <= 1.1 * most[name] + 16 for name in sizes), (turn, sizes, most)
        most = sizes
        latest = parts
        motion, face = Performance.join(parts).motion, Performance.join(parts).face
        assert motion is not None and face is not None
        assert np.abs(np.diff(motion.rotations[:, 4:20], axis=0)).max(axis=(1, 2)).min() > 0
        assert np.ptp(face.gaze, axis=0).max() > 0.005
    assert latest and session.latency == pytest.approx(0.5)


def test_tags_act_at_once_and_are_not_spoken(speech: np.ndarray) -> None:
    session = Session(config=LIVE)
    before = session.push(speech[:32_000])
    session.act("[very happy]")
    since = session.made
    after = session.push(speech[32_000:80_000])
    smile = after.face.channel("mouthSmileLeft")
    assert smile[round(0.6 * 60) :].mean() > before.face.channel("mouthSmileLeft").mean() + 0.2
    assert after.start == since
    for wrong in ("happy", "[unheard-of thing]", ""):
        with pytest.raises(GengineError, match="tag"):
            session.act(wrong)
    said = session.say("Well [laughs] hello there.")
    assert [w.text for w in said.words] == ["Well", "hello", "there."]
    assert [t.written for t in said.tags] == ["laughs"] and said.tags[0].start == said.words[1].start
