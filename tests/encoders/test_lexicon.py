"""Words to cues: longest match, streaming, accents, languages."""

from __future__ import annotations

import pytest

from gengine.core.words import Phone, Word
from gengine.encoders.lexicon import LexiconEncoder, languages, lexicon
from gengine.networks.choreographer.gesture_forms import GESTURES


def timed(text: str) -> list[Word]:
    return [Word(w, 0.4 * i, 0.4 * i + 0.35) for i, w in enumerate(text.split())]


def cues(text: str, language: str = "en"):
    encoder = LexiconEncoder(language)
    return encoder.push(timed(text)) + encoder.flush()


def test_the_longest_trigger_wins() -> None:
    found = cues("But I don't know what THIS is!")
    assert [c.kind for c in found] == ["contrast", "uncertainty", "question", "deictic"]
    know = found[1]
    assert know.text == "I don't know" and know.start == pytest.approx(0.4) and know.end == pytest.approx(1.55)
    assert 1.2 <= know.accent < 1.55


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_cuts_do_not_matter(cut: int) -> None:
    text = "on the other hand I don't care who knows over there and wait a minute please you know"
    words = timed(text)
    encoder = LexiconEncoder()
    found = []
    for i in range(0, len(words), cut):
        found += encoder.push(words[i : i + cut])
    assert found + encoder.flush() == cues(text)


def test_a_cue_is_told_as_soon_as_it_is_certain() -> None:
    encoder = LexiconEncoder()
    assert [c.kind for c in encoder.push(timed("never"))] == ["negation"]
    assert encoder.push(timed("wait")) == []  # "wait a minute" may follow
    assert [c.kind for c in encoder.flush()] == ["stop_wait"]
    assert encoder.flush() == []


def test_phones_place_the_accent() -> None:
    word = [Word("completely", 1.0, 1.6)]
    phones = [Phone("AH", 1.05, 1.1, 0), Phone("IY", 1.3, 1.4, 1), Phone("IY", 1.5, 1.6, 0)]
    assert LexiconEncoder().push(word, phones)[0].accent == pytest.approx(1.3)


def test_punctuation_and_curly_apostrophes() -> None:
    assert [c.kind for c in cues("\u201cDon\u2019t!\u201d")] == ["negation"]
    assert cues("...") == []


def test_other_languages() -> None:
    assert [c.kind for c in cues("aber das ist sehr groß", "de")] == ["contrast", "intensification", "size_big"]
    assert [c.kind for c in cues("我们 不 知道", "zh-CN")][0] == "group"
    assert cues("hola mundo", "xx") == []
    assert set(languages()) == {"en", "de", "zh"}


def test_every_class_has_a_gesture() -> None:
    for language in languages():
        assert set(lexicon(language).values()) <= set(GESTURES)
