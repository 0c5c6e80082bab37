"""Reading emotion from the voice: streams, references, silence, and what is shown of a reading."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.emotion import EMOTION_INDEX
from gengine.emotion import voice
from gengine.emotion.voice import CATEGORIES, Reading, Reference, VoiceHead, VoiceReader, neutral_reference
from gengine.errors import AudioError, FormatError
from gengine.inputs.audio import load_audio

DEMO = "demos/speech.wav"


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return load_audio(DEMO).samples[: 16000 * 4]


def read(samples, sizes, speech=None, **kwargs):
    """All frames of a recording pushed in pieces of ``sizes`` frames."""
    speech = np.ones(-(-len(samples) // 160), np.float32) if speech is None else speech
    reader, parts, at, i = VoiceReader(**kwargs), [], 0, 0
    while at < len(speech):
        to = at + sizes[i % len(sizes)]
        parts.append(reader.push(samples[at * 160 : to * 160], speech[at:to]))
        at, i = to, i + 1
    return np.concatenate([np.c_[p.weights, p.vad] for p in parts]), reader


def test_any_chunking_gives_the_same_bits(sound):
    whole, _ = read(sound[:50_001], (10_000,))
    assert len(whole) == 313
    for sizes in ((7, 0, 93), (1, 150)):
        assert np.array_equal(read(sound[:50_001], sizes)[0], whole)


def test_silence_says_nothing(sound):
    track, reader = read(sound, (50,), speech=np.zeros(400, np.float32))
    assert np.abs(track).max() == 0
    assert reader.report().facts["voice"]["read"] == 0 and reader.report().notes


def test_no_jumps(monkeypatch, sound):
    """Even where every reading is another emotion at full strength."""
    turn = iter(range(10))
    monkeypatch.setattr(
        voice.VoiceHead, "__call__", lambda *_: (np.eye(7)[1 + next(turn) % 6], np.array([1.0, -1, 1, 1]))
    )
    track, _ = read(sound, (37,))
    assert track.max() > 0.7
    assert np.abs(np.diff(track, axis=0, prepend=0)).max() < 0.03


def test_what_is_doubtful_is_not_shown():
    def strengths(anger: float, presence: float = 1.0):
        rest = (1 - anger) * np.array([0.9, 0, 0.02, 0.02, 0.02, 0.02, 0.02])
        return voice.shown(Reading(1.0, rest + anger * np.eye(7)[1], np.array([-0.5, 0.5, 0.2, 0.8]), presence))

    index = EMOTION_INDEX["anger"]
    assert np.abs(strengths(0.15)).max() == 0
    shown = [strengths(p)[index] for p in (0.3, 0.5, 0.7, 0.95)]
    assert shown == sorted(shown) and shown[2] > 0.4 and shown[-1] <= voice.STRONGEST
    assert strengths(0.9, 0.5)[index] == pytest.approx(0.5 * strengths(0.9)[index], rel=0.3)
    assert strengths(0.9)[-3] < -0.3  # valence goes along


def test_a_reference_moves_the_reading_to_neutral(sound):
    _, free = read(sound, (50,), keep_readings=True)
    _, known = read(sound, (50,), keep_readings=True, reference=neutral_reference(sound))
    calm = [np.mean([r.posterior[0] for r in reader.readings]) for reader in (free, known)]
    assert calm[1] > calm[0] or calm[1] > 0.95
    assert known.report().facts["voice"]["reference"] == "given"


def test_a_reference_is_learned_from_what_is_neutral():
    home = np.zeros(3)
    reference = Reference(home, inertia=4.0)
    for _ in range(100):
        reference.add(np.ones(3), 0.0)  # surely not neutral
    assert np.array_equal(reference.vector, home)
    for _ in range(36):
        reference.add(np.ones(3), 1.0)
    assert np.allclose(reference.vector, 0.9)


def test_a_reference_needs_speech():
    with pytest.raises(AudioError, match="at least 1 s"):
        neutral_reference(np.ones(8000, np.float32))


def test_another_checkpoint_is_refused():
    with pytest.raises(FormatError, match="voice reader"):
        VoiceHead.load("phones-v1")


def test_posteriors_are_chances_and_dimensions_bounded():
    head = VoiceHead.load()
    vectors = np.random.default_rng(0).normal(0, 5, (20, len(head.home))) + head.home
    posterior, dimensions = head(vectors, head.home)
    assert posterior.shape == (20, len(CATEGORIES)) and np.allclose(posterior.sum(axis=1), 1)
    assert np.abs(dimensions).max() <= 1 and dimensions[:, 3].min() >= 0
