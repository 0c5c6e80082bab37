"""One hearing: what is heard in chunks, at once, by a session or for a training is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core.audio import AudioClip
from gengine.core.conditions import Conditions
from gengine.core.emotion import EmotionTrack
from gengine.core.face import ARKIT_NAMES
from gengine.core.performance import Performance
from gengine.core.speaker import Speaker
from gengine.core.words import Phone, Word, WordTrack
from gengine.emotion import parse_emotion
from gengine.encoders.prosody import ProsodyEncoder
from gengine.hearing import Hearing, hear_recording
from gengine.inputs.audio import load_audio
from gengine.network_run import run_network
from gengine.networks.visemes.network import VisemeNetwork
from gengine.session import Session
from gengine.windows import WindowSpec

SECONDS = 4
WORDS = WordTrack(
    (Word("no", 0.3, 0.8), Word("big", 1.9, 2.3)),
    (Phone("sil", 0.0, 0.3), Phone("N", 0.3, 0.4), Phone("OW", 0.4, 0.8, 1), Phone("sil", 0.8, 1.9),
     Phone("B", 1.9, 2.0), Phone("IH", 2.0, 2.2, 1), Phone("G", 2.2, 2.3), Phone("sil", 2.3, 4.0)),
    source="given",
)  # fmt: skip


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return load_audio("demos/speech.wav").samples[: 16000 * SECONDS]


def recording(samples: np.ndarray, words: WordTrack | None = None, rate: int = 16000) -> Performance:
    calm = EmotionTrack(np.full((SECONDS * 10, 18), 0.25), np.zeros((SECONDS * 10, 3)), 10.0)
    return Performance(AudioClip(samples, rate), words or WordTrack(), calm, Speaker.named("orator"))


def same(a: Conditions, b: Conditions) -> None:
    for name in ("energy", "level", "speech", "pitch", "voicing", "sibilance"):
        np.testing.assert_array_equal(getattr(a.prosody, name), getattr(b.prosody, name))
    np.testing.assert_array_equal(a.sound, b.sound)
    for name in ("phones", "words", "syllables", "cues", "speaker", "language", "source", "ended", "known_until"):
        assert getattr(a, name) == getattr(b, name), name
    assert (a.jaw is None) == (b.jaw is None)
    if a.jaw is not None:
        np.testing.assert_array_equal(a.jaw, b.jaw)


@pytest.mark.parametrize("words", [None, WORDS, replace(WORDS, phones=())])
def test_chunks_are_heard_like_the_whole(samples, words):
    whole = hear_recording(recording(samples, words))
    stream = Hearing(words=words or WordTrack(), speaker=Speaker.named("orator"))
    for part in np.split(samples, [1, 900, 17000, 17001, 40000]):
        stream.push(part)
    stream.flush()
    same(replace(stream.whole(float(SECONDS)), emotion=whole.emotion), whole)


def test_what_is_heard(samples):
    heard, given = hear_recording(recording(samples)), hear_recording(recording(samples, WORDS))
    assert (heard.start, heard.hop_start, heard.hop_end, heard.known_until, heard.ended) == (0, 0, 4.0, 4.0, True)
    assert len(heard.prosody) == len(heard.emotion) == 100 * SECONDS
    assert heard.jaw is not None and len(heard.jaw) == 100 * SECONDS
    assert heard.phones[0].start == 0 and heard.phones[-1].end == SECONDS and len(heard.phones) > 20
    assert heard.words == heard.cues == ()
    assert given.phones == WORDS.phones and given.words == WORDS.words and given.jaw is None
    assert [(c.kind, c.start) for c in given.cues][0] == ("negation", 0.3)
    onsets = [s.onset for s in given.syllables]
    assert np.abs(np.subtract.outer([0.4, 2.0], onsets)).min(1).max() < 0.06  # the vowels of the transcript
    assert len(heard.syllables) > 5
    np.testing.assert_array_equal(heard.emotion.weights, np.float32(0.25))
    assert heard.speaker.name == "orator" and (given.source, given.language) == ("given", "en")


def strokes(seconds: int) -> np.ndarray:
    """Bursts of noise, three a second: to an ear that knows no speech they are syllables."""
    burst = 0.3 * np.random.default_rng(0).standard_normal(1600) * np.exp(-np.arange(1600) / 300)
    out = np.zeros((3 * seconds, 16000 // 3))
    out[:, :1600] = burst
    return np.append(out.ravel(), np.zeros(16000 * seconds - out.size)).astype(np.float32)


def test_what_is_no_speech_has_no_prosody(samples):
    noise = strokes(SECONDS)
    encoder = ProsodyEncoder()
    open_ear = encoder.push(noise)
    assert open_ear.speech.mean() > 0.3 and open_ear.level.max() > 0.5
    heard = hear_recording(recording(noise))
    for name in ("level", "speech", "pitch", "voicing", "sibilance"):
        assert not getattr(heard.prosody, name).any(), name
    assert heard.syllables == () and heard.prosody.energy.max() > -40  # how loud it is remains known
    after = hear_recording(recording(np.concatenate([noise[:32000], samples[:32000]])))
    assert after.syllables and all(s.onset > 1.9 for s in after.syllables)


def test_known_words_are_heard_whatever_the_gate_says():
    """The gate is closed all the time: around what is known to be said the sound counts, and nowhere else."""
    noise = strokes(SECONDS)
    encoder = ProsodyEncoder()
    open_ear = encoder.push(noise).speech.tolist() + encoder.flush().speech.tolist()
    for words in (WORDS, replace(WORDS, source="recognised")):
        speech = hear_recording(recording(noise, words)).prosody.speech
        for first, last in ((0.15, 1.0), (1.75, 2.5)):
            np.testing.assert_array_equal(speech[round(100 * first) + 1 : round(100 * last)],
                                          open_ear[round(100 * first) + 1 : round(100 * last)])  # fmt: skip
        assert speech.any() and not speech[110:170].any() and not speech[260:].any()


def test_speech_is_heard_as_without_a_gate(samples):
    encoder = ProsodyEncoder()
    whole = encoder.push(samples)
    heard = hear_recording(recording(samples)).prosody
    said = heard.speech[: len(whole)] > 0
    assert said.sum() > 0.97 * (whole.speech > 0).sum()
    np.testing.assert_array_equal(heard.level[: len(whole)][said], whole.level[said])
    np.testing.assert_array_equal(heard.energy[: len(whole)], whole.energy)


def test_other_rates_are_heard_at_16_khz(samples):
    slow = hear_recording(recording(samples[: 8000 * SECONDS], rate=8000))
    assert slow.sound is not None and len(slow.sound) == 16000 * SECONDS and len(slow.prosody) == 100 * SECONDS


def test_windows_hold_what_may_be_known_and_no_more(samples):
    hearing = Hearing(parse_emotion("happy"), WORDS)
    assert hearing.settled() < 0
    hearing.push(samples[: 16000 * 3])
    assert 2.5 < hearing.settled() <= 3 - 0.1
    hop = WindowSpec(0.5, 0.5, 0.25).at(3)  # 1.0 … 2.25 s are known
    assert hop is not None
    c = hearing.window(hop)
    assert (c.start, c.hop_start, c.hop_end, c.known_until, c.ended) == (1.0, 1.5, 2.0, 2.25, False)
    assert c.sound is not None and len(c.prosody) == len(c.emotion) == 125 and len(c.sound) == 20000
    np.testing.assert_array_equal(c.sound, samples[16000:36000])
    assert [w.text for w in c.words] == ["big"]  # begun by 2.25 s: given, so known whole
    assert all(1.0 < s.end <= 2.25 for s in c.syllables)
    hearing.drop(1.5)
    assert hearing.held["prosody"] == len(hearing.window(replace(hop, first=1.5, known=3.0)).prosody) < 151
    assert hearing.held["sound"] == 24000
    assert hearing.held["words"] == 1 and hearing.held["phones"] == 5 and hearing.held["cues"] == 1
    hearing.flush()
    assert hearing.settled() == float("inf")


def test_heard_phones_settle_later(samples):
    given, heard = Hearing(words=WORDS), Hearing()
    assert heard.latency > given.latency and heard.hears_phones and not given.hears_phones
    heard.push(samples)
    assert SECONDS - heard.latency <= heard.settled() < SECONDS


def test_phones_may_be_heard_soon(samples):
    soon, later = Hearing(soon=True), Hearing()
    assert soon.latency < 0.6 < later.latency
    for at in range(0, len(samples), 320):
        soon.push(samples[at : at + 320])
    later.push(samples)
    assert soon._heard_until > later._heard_until + 0.1
    whole = Hearing(soon=True)
    whole.push(samples)
    soon.flush(), whole.flush()
    assert soon.whole(SECONDS).phones == whole.whole(SECONDS).phones
    np.testing.assert_array_equal(soon.whole(SECONDS).jaw, whole.whole(SECONDS).jaw)


def test_a_network_runs_over_a_recording_as_in_a_session(samples):
    session = Session(seed=5)
    face = Performance.join([p for p in (session.push(samples), session.flush()) if p]).face
    whole = replace(hear_recording(recording(samples)), emotion=parse_track(), speaker=session.speaker)
    parts = run_network(VisemeNetwork(), whole, 5)
    assert [len(p) for p in parts] == [120, 120] and face is not None
    alone = np.concatenate([p.weights for p in parts])
    # Where the eyes look is settled in the session only, once the body is known.
    still = [k for k, name in enumerate(ARKIT_NAMES) if not name.startswith("eye")]
    assert np.abs(alone[:120] - face.weights[:120])[:, still].max() < 1e-5
    assert [len(p) for p in run_network(VisemeNetwork(), whole, 5, hop=1.5)] == [90, 90, 60]


def parse_track() -> EmotionTrack:
    weights = np.zeros((SECONDS * 100, 18))
    weights[:, 0] = 1
    return EmotionTrack(weights, np.zeros((SECONDS * 100, 3)), 100)
