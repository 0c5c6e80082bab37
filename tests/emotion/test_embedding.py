"""Voice and words in one space: what says nothing moves nothing, any chunks give the same vectors."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.emotion import parse_emotion
from gengine.emotion.embedding import CHECKPOINT, EmotionEmbedding, embedding, pooled
from gengine.emotion.voice import CATEGORIES
from gengine.errors import FormatError, GengineError
from gengine.hearing import Hearing
from gengine.inputs.audio import load_audio
from gengine.inputs.guess import guessed

SURE = "I hate you, you stupid liar!"


def vectors(samples: np.ndarray, text: str | None, sizes: tuple[int, ...] = (10**9,)) -> np.ndarray:
    hearing = Hearing(parse_emotion("auto"), guessed(text) if text else None, hears=False, embedding=embedding())
    at, turn = 0, 0
    while at < len(samples):
        hearing.push(samples[at : at + sizes[turn % len(sizes)]].astype(np.float32))
        at, turn = at + sizes[turn % len(sizes)], turn + 1
    hearing.flush()
    return hearing.embedded(0, round(len(samples) / 160))


def reading(category: str) -> tuple[np.ndarray, np.ndarray]:
    sure = 0.88 * np.eye(7)[CATEGORIES.index(category)] + 0.02
    return sure / sure.sum(), np.array([-0.4, 0.5, 0.2, 0.7])


def test_a_neutral_voice_and_what_is_missing_add_nothing() -> None:
    space = embedding()
    assert np.abs(space.of_voice(*reading("neutral"))).max() <= 0.01
    assert np.abs(space.of_voice(*reading("anger"), 0.0)).max() == 0
    assert np.abs(space.of_state(np.zeros(len(EMOTIONS)))).max() == 0
    angry = space.of_voice(*reading("anger"))
    assert 0.5 < np.linalg.norm(angry) <= 1
    both = pooled(np.array([2.0 * angry, angry]))
    assert np.linalg.norm(both[0]) == pytest.approx(1) and np.array_equal(both[1], angry)


def test_what_shows_the_same_is_near_in_every_modality() -> None:
    space, shared = embedding(), ("anger", "happiness", "sadness", "fear", "disgust")
    voices = np.array([space.project("voice", reading(name)[0]) for name in shared])
    states = space.of_state(np.eye(len(EMOTIONS))[[EMOTION_INDEX[name] for name in shared]])
    assert ((voices @ states.T).argmax(axis=1) == np.arange(len(shared))).all()


def test_words_join_a_stream_and_any_chunks_give_the_same_vectors() -> None:
    samples = load_audio("demos/speech.wav").samples[: 16000 * 4]
    whole, silent = vectors(samples, SURE), vectors(np.zeros(len(samples)), SURE)
    assert whole.shape == (400, embedding().width) and np.linalg.norm(silent, axis=1).max() > 0.3
    assert np.array_equal(whole, vectors(samples, SURE, (777, 16_000, 3)))
    assert np.array_equal(vectors(samples, "There are twelve chairs in the room."), vectors(samples, None))
    assert np.linalg.norm(whole, axis=1).max() <= 1 + 1e-9


def test_another_checkpoint_and_a_plan_without_reading_are_refused(tmp_path) -> None:
    config, tensors = load_checkpoint(CHECKPOINT)
    with pytest.raises(FormatError, match="not an emotion embedding"):
        EmotionEmbedding({**config, "modalities": {}}, tensors)
    short = {**tensors, "words.2.weight": tensors["words.2.weight"][:3], "words.2.bias": tensors["words.2.bias"][:3]}
    save_checkpoint(tmp_path, config, short)
    with pytest.raises(FormatError, match="'words' is not projected"):
        embedding(tmp_path)
    with pytest.raises(GengineError, match="nothing is embedded"):
        Hearing(parse_emotion("happy"), embedding=embedding()).embedded(0, 1)
