"""Streaming equals offline: joined stretches are the same however the sound was cut."""

from __future__ import annotations

import numpy as np
import pytest

import gengine.streaming
from gengine import Performance, Session
from gengine.config import EngineConfig
from gengine.core.face import ARKIT_NAMES
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import AudioError, GengineError
from gengine.inputs.audio import load_audio

SPEECH = "demos/speech.wav"


def run(samples: np.ndarray, cuts: list[int], **options: object) -> Performance:
    session = Session(**options)  # type: ignore[arg-type]
    parts = [session.push(part) for part in np.split(samples, cuts)] + [session.flush()]
    return Performance.join([p for p in parts if p is not None])


def same(a: Performance, b: Performance) -> None:
    assert a.motion is not None and b.motion is not None and a.face is not None and b.face is not None
    np.testing.assert_array_equal(a.audio.samples, b.audio.samples)
    np.testing.assert_array_equal(a.motion.rotations, b.motion.rotations)
    np.testing.assert_array_equal(a.motion.root, b.motion.root)
    np.testing.assert_array_equal(a.face.weights, b.face.weights)
    np.testing.assert_array_equal(a.face.head, b.face.head)
    np.testing.assert_array_equal(a.face.gaze, b.face.gaze)
    np.testing.assert_array_equal(a.emotion.weights, b.emotion.weights)
    assert a.words == b.words


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return load_audio(SPEECH).samples[: 16000 * 7]


@pytest.fixture(scope="module")
def whole(speech: np.ndarray) -> Performance:
    return run(speech, [], emotion="happy:0.7", seed=3)


def test_a_performance_covers_the_sound(speech: np.ndarray, whole: Performance) -> None:
    assert whole.motion is not None and whole.face is not None
    duration = len(speech) / 16000
    assert whole.duration == pytest.approx(duration)
    assert len(whole.motion) == np.ceil(duration * 30) and len(whole.face) == np.ceil(duration * 60)
    assert len(whole.emotion) == pytest.approx(duration * 100, abs=1)
    assert whole.face.weights.shape[1] == len(ARKIT_NAMES)
    assert whole.face.weights.min() >= 0 and whole.face.weights.max() <= 1
    for array in (whole.motion.rotations, whole.motion.root, whole.face.weights, whole.face.head, whole.face.gaze):
        assert np.isfinite(array).all()
    np.testing.assert_array_equal(whole.audio.samples, speech)


@pytest.mark.parametrize("seed", range(4))
def test_random_chunks_give_the_same_bits(seed: int, speech: np.ndarray, whole: Performance) -> None:
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.integers(0, len(speech), rng.integers(1, 40))).tolist()
    same(run(speech, cuts, emotion="happy:0.7", seed=3), whole)


def test_tiny_pushes_give_the_same_bits(speech: np.ndarray, whole: Performance) -> None:
    same(run(speech, list(range(480, len(speech), 480)), emotion="happy:0.7", seed=3), whole)


@pytest.mark.parametrize("rate", [8000, 44100])
def test_other_rates_and_auto_emotion_stream_alike(rate: int) -> None:
    samples = load_audio(SPEECH, rate).samples[: rate * 5]
    cuts = np.sort(np.random.default_rng(rate).integers(0, len(samples), 13)).tolist()
    same(run(samples, cuts, emotion="auto", rate=rate), run(samples, [], emotion="auto", rate=rate))


def test_a_live_configuration_has_lower_latency_and_streams_alike(speech: np.ndarray) -> None:
    live = EngineConfig(hop=0.2)
    cuts = list(range(1600, len(speech), 1600))
    same(run(speech, cuts, config=live), run(speech, [], config=live))
    assert Session(config=live).latency < Session().latency - 1.5


def test_motion_arrives_within_the_stated_latency(speech: np.ndarray) -> None:
    session = Session(config=EngineConfig(hop=0.2))
    made = 0.0
    for k in range(0, len(speech), 800):
        part = session.push(speech[k : k + 800])
        made += part.duration if part else 0.0
        assert (k + 800) / 16000 - made <= session.latency + 0.05 + 1e-6


@pytest.mark.parametrize("hop", [2.0, 0.2])
def test_short_pushes_are_heard_together_and_motion_comes_no_later(
    hop: float, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moments(gathered: float) -> tuple[list[int], int]:
        monkeypatch.setattr(gengine.streaming, "GATHERED", gathered)
        session, heard = Session(emotion="happy", config=EngineConfig(hop=hop)), []
        push = session._hearing.push
        monkeypatch.setattr(session._hearing, "push", lambda part: (heard.append(len(part)), push(part)))
        came = [at for at in range(0, len(speech), 320) if session.push(speech[at : at + 320]) is not None]
        return came, len(heard)

    (together, seldom), (singly, often) = moments(gengine.streaming.GATHERED), moments(0.0)
    assert together == singly and len(singly) >= 2
    assert seldom < (0.3 if hop == 2.0 else 0.9) * often


def test_given_words_stream_alike_and_are_listed_once(speech: np.ndarray) -> None:
    words = WordTrack(
        (Word("hello", 0.3, 0.8), Word("big", 1.9, 2.3)),
        (Phone("sil", 0.0, 0.3), Phone("HH", 0.3, 0.4), Phone("AH", 0.4, 0.55, 0), Phone("L", 0.55, 0.6),
         Phone("OW", 0.6, 0.8, 1), Phone("sil", 0.8, 1.9), Phone("B", 1.9, 2.0), Phone("IH", 2.0, 2.2, 1),
         Phone("G", 2.2, 2.3), Phone("sil", 2.3, 7.0)),
        source="given",
    )  # fmt: skip
    offline = run(speech, [], words=words)
    same(run(speech, [1234, 40000, 41000], words=words), offline)
    assert offline.words.words == words.words and offline.words.phones == words.phones


def test_seeds_and_speakers_and_emotions_differ(speech: np.ndarray, whole: Performance) -> None:
    assert whole.motion is not None
    for options in ({"seed": 4}, {"speaker": "orator", "seed": 3}, {"emotion": "sad", "seed": 3}):
        other = run(speech, [], **({"emotion": "happy:0.7"} | options))
        assert other.motion is not None
        assert not np.array_equal(other.motion.rotations, whole.motion.rotations)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.35, 2.0])
def test_very_short_sounds(seconds: float, speech: np.ndarray) -> None:
    short = run(speech[: int(seconds * 16000)], [])
    assert short.motion is not None and len(short.motion) == np.ceil(seconds * 30 - 1e-6)


def test_silence_and_nothing() -> None:
    still = run(np.zeros(16000 * 4, np.float32), [])
    assert still.face is not None and still.face.channel("jawOpen").max() < 0.05
    session = Session()
    assert session.push(np.zeros(0, np.float32)) is None and session.flush() is None and session.flush() is None


@pytest.mark.parametrize("given", [False, True])
def test_an_endless_stream_is_held_in_flat_memory(given: bool, speech: np.ndarray) -> None:
    rate, seconds = 16000, 30
    spoken = WordTrack(
        tuple(Word("yes", float(k), k + 0.5) for k in range(seconds)),
        tuple(Phone("EH", float(k), k + 0.5, 1) for k in range(seconds)),
        source="given",
    )
    session = Session(config=EngineConfig(hop=0.5), words=spoken if given else None)
    start = session.held
    assert set(start) == {"prosody", "emotion", "jaw", "sound", "phones", "words", "syllables", "cues", "audio"}
    most: dict[str, int] = dict.fromkeys(start, 0)
    for k in range(seconds):
        session.push(speech[k % 6 * rate : (k % 6 + 1) * rate])
        most = {name: max(most[name], count) for name, count in session.held.items()} if k else most
    window = session.window
    # before the hop that is waited for, up to the newest sample: what is pushed at once comes on top
    span = window.context + session.latency + 1.0 + window.hop
    rates = {"prosody": 100, "emotion": 100, "jaw": 100, "sound": rate}
    for name, per_second in rates.items():
        assert most[name] <= span * per_second, name
    assert 0 < most["audio"] <= (session.latency + 1.0) * rate
    if given:
        assert start["words"] - session.held["words"] > seconds - 10
        assert start["phones"] - session.held["phones"] > seconds - 10
        assert start["cues"] - session.held["cues"] > seconds - 10
        assert most["syllables"] <= 12
    else:
        assert most["phones"] <= span * 20 and most["syllables"] <= span * 8
    session.flush()
    assert session.held["audio"] == 0 and session.held["sound"] <= (window.context + window.hop) * rate


def test_bytes_are_16_bit_samples_however_they_are_cut(speech: np.ndarray) -> None:
    whole = np.round(speech[: 16000 * 3] * 2**15).astype("<i2")
    data, session = whole.tobytes(), Session()
    parts = [session.push(data[a:b]) for a, b in ((0, 4001), (4001, 4002), (4002, 30_000), (30_000, None))]
    same(Performance.join([p for p in [*parts, session.flush()] if p is not None]), run(whole, []))
    same(run(np.stack([whole, whole], 1), [7000]), run(whole, []))


def test_integers_are_samples_of_their_full_scale(speech: np.ndarray) -> None:
    whole = np.round(speech[: 16000 * 3] * 2**15).astype(np.int16)
    expected = run(whole.astype(np.float32) / 2**15, [])
    same(run(whole, [7000]), expected)
    same(run(whole.astype(np.int32) * 2**16, []), expected)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ("\0\0", r"push \(after 0.00 s\): str.*bytes of 16-bit PCM"),
        (np.zeros(4, np.int64), "samples of int64, expected floats in .-1, 1., int16, int32 or uint8"),
        (np.zeros(4, bool), "samples of bool"),
        (np.zeros(4, complex), "samples of complex128"),
        (["a"], "samples of <U1"),
        ([[0.0], [0.0, 1.0]], "different lengths"),
        (0.5, "shape"),
        ([0.0, np.inf], "sample 1 is NaN or infinite"),
    ],
)
def test_what_is_no_sound_is_refused_in_plain_words(samples: object, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        Session().push(samples)  # type: ignore[arg-type]


def test_values_of_another_kind_are_refused() -> None:
    with pytest.raises(GengineError, match="Session stance: 'x.bvh' is of type str, expected Motion; gengine.animate"):
        Session(stance="x.bvh")  # type: ignore[arg-type]
    with pytest.raises(GengineError, match="Session words: recogniser 'hello' is unknown.*gengine.animate takes"):
        Session(words="hello")  # type: ignore[arg-type]
    with pytest.raises(GengineError, match="Session rate"):
        Session(rate=0)


def test_the_small_network_hears_sooner_where_it_is_asked_for(speech: np.ndarray) -> None:
    quick = Session(config=EngineConfig(phones="phones-v1"))
    assert quick.latency == pytest.approx(Session().latency - 2.08 + 0.3375)
    heard = [quick.push(speech[:48_000]), quick.flush()]
    assert {p.symbol for part in heard if part for p in part.words.phones} > {"sil"}
    with pytest.raises(GengineError, match="phones-v9"):
        Session(config=EngineConfig(phones="phones-v9"))


def test_latency_names_all_that_is_waited_for() -> None:
    known = WordTrack((), (Phone("sil", 0.0, 1.0),))
    quick, heard = Session(words=known), Session()
    assert quick.latency < heard.latency
    assert heard.latency == pytest.approx(quick.window.hop + quick.window.lookahead + 2.08 + 0.4)


def test_time_is_taken_by_stage(speech: np.ndarray) -> None:
    session = Session()
    session.push(speech)
    assert min(session.seconds.values()) > 0 and set(session.seconds) == {"analysis", "face", "body"}


def test_bad_pushes_are_refused() -> None:
    session = Session()
    with pytest.raises(AudioError, match="NaN"):
        session.push(np.array([0.0, np.nan]))
    with pytest.raises(AudioError, match="mono"):
        session.push(np.zeros((2, 100)))
    with pytest.raises(GengineError, match="Session rate: 7, expected 1000 to 768000 Hz"):
        Session(rate=7)
    session.flush()
    with pytest.raises(GengineError, match="flush"):
        session.push(np.zeros(10))
