"""Words of emotion mean what people mean by them."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.emotion import BEAT_EMOTIONS, BEAT_VAD, EMOTION_INDEX, EMOTIONS
from gengine.emotion import known_words, look_up, strengths_of_vad
from gengine.emotion.vocabulary import SYNONYMS, everyday, prototypes, terms
from gengine.errors import EmotionError


def strongest(word: str) -> str:
    return EMOTIONS[int(look_up(word).weights.argmax())]


@pytest.mark.parametrize("name", EMOTIONS)
def test_a_name_and_its_synonyms_are_that_emotion_alone_at_full_strength(name):
    for word in (name, name.upper(), f"  {name} ", *SYNONYMS[name]):
        meaning = look_up(word)
        assert meaning.weights[EMOTION_INDEX[name]] == 1.0
        assert meaning.weights.sum() == 1.0
        assert np.array_equal(meaning.vad, prototypes()[0][EMOTION_INDEX[name]])


def test_names_are_distinct_in_vad_and_neutral_is_the_origin():
    means = prototypes()[0]
    apart = np.linalg.norm(means[:, None] - means[None], axis=2) + np.eye(len(EMOTIONS))
    assert apart.min() > 0.05
    assert not means[EMOTION_INDEX["neutral"]].any()


@pytest.mark.parametrize(("word", "emotion"), [
    ("enraged", "anger"), ("furious", "anger"), ("hostile", "anger"), ("depressed", "sadness"), ("lonely", "sadness"),
    ("terrified", "fear"), ("astonished", "surprise"), ("excited", "happiness"), ("cheerful", "happiness"),
    ("relieved", "tender"), ("sleepy", "tired"), ("melancholic", "sadness"), ("worried", "anxious"),
    ("confident", "proud"), ("frustrated", "anger"), ("Mildly annoyed", "contempt"), ("in-love", "happiness"),
])  # fmt: skip
def test_other_words_lean_the_right_way(word, emotion):
    assert strongest(word) == emotion


def test_wistful_is_mildly_sad_and_tender():
    meaning = look_up("wistful")
    sad, tender = (meaning.weights[EMOTION_INDEX[n]] for n in ("sadness", "tender"))
    assert 0.3 < sad < 0.6 and 0.2 < tender < 0.6
    assert sad + tender > 0.8 * meaning.weights.sum()
    assert -0.5 < meaning.vad[0] < 0


def test_every_word_has_lawful_numbers_and_the_table_is_whole():
    assert len(terms()) == 151
    assert len(known_words()) >= 151 + len(EMOTIONS)
    for word in known_words():
        meaning = look_up(word)
        assert ((meaning.weights >= 0) & (meaning.weights <= 1)).all() and meaning.weights.sum() <= 1 + 1e-9
        assert (np.abs(meaning.vad) <= 1).all()
    for word, parts in everyday().items():
        assert parts and all(part in terms() for part in parts), word


def test_strength_grows_with_distance_from_neutral():
    assert not strengths_of_vad([0, 0, 0]).any()
    for name in BEAT_EMOTIONS[1:]:
        direction = prototypes()[0][EMOTION_INDEX[name]]
        sums = [strengths_of_vad(direction * s).sum() for s in np.linspace(0.05, 1, 12)]
        assert (np.diff(sums) > -0.02).all() and sums[-1] > 2 * sums[2], name
        assert strengths_of_vad(direction).argmax() == EMOTION_INDEX[name]


def test_strengths_are_smooth_in_vad():
    path = np.linspace([-0.8, -0.6, -0.5], [0.9, 0.8, 0.6], 2000)
    steps = np.abs(np.diff([strengths_of_vad(p) for p in path], axis=0)).max()
    assert steps < 0.02


def test_unknown_words_get_near_matches():
    with pytest.raises(EmotionError, match="'hapy'; did you mean 'happy'"):
        look_up("hapy")
    with pytest.raises(EmotionError, match="Use one of neutral, happiness"):
        look_up("xqzw")


def test_beats_emotions_lie_where_the_table_says():
    assert np.array_equal(prototypes()[0][: len(BEAT_EMOTIONS)], BEAT_VAD)
