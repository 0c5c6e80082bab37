"""Sounds by the installed espeak-ng."""

from __future__ import annotations

import shutil

import pytest

from gengine.inputs.espeak import espeak_sounds, speaks
from gengine.inputs.sounds import sound

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.mark.parametrize(
    ("word", "language", "consonants"),
    [("perro", "es", "p r"), ("schön", "de", "ʃ n"), ("你", "zh", "n"), ("नमस्ते", "hi", "n m s t"), ("bon", "fr", "b"),
     ("dzień", "pl", "dʑ ɲ"), ("прибор", "ru", "p r b r")],
)  # fmt: skip
def test_words(word: str, language: str, consonants: str) -> None:
    """Vowels differ from version to version; consonants are what lips close for."""
    names = [name for name, _ in espeak_sounds([word], language)[0]]
    assert [n for n in names if not sound(n).vowel] == consonants.split() and len(names) > len(consonants.split())


def test_many_words_in_one_call_keep_their_places() -> None:
    words = ["uno", "", "dos", "¿?", "tres", "uno", "día"]
    found = espeak_sounds(words, "es")
    assert [bool(f) for f in found] == [True, False, True, False, True, True, True]
    assert found[0] == found[5] and found[2] != found[4]
    assert found == [espeak_sounds([w], "es")[0] for w in words]


def test_stress_is_told() -> None:
    assert [stress for name, stress in espeak_sounds(["mañana"], "es")[0] if name == "a"] == [-1, 1, -1]


def test_languages_it_does_not_speak() -> None:
    assert speaks("es") and speaks("fr") and speaks("zh") and not speaks("xx")


def test_words_that_are_no_words() -> None:
    assert len(espeak_sounds(["a" * 5000, "-v", "--help", "\x00", "a\nb"], "es")) == 5
