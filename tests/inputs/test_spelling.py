"""Letters of other languages get the sounds that they are read by."""

from __future__ import annotations

import pytest

from gengine.inputs.sounds import sound
from gengine.inputs.spelling import kana_sounds, spell


@pytest.mark.parametrize(
    ("word", "language", "sounds"),
    [
        ("Schule", "de", "ʃ ʊ l ə"), ("möchte", "de", "m œ ç t ə"), ("Buch", "de", "b u x"), ("Tag", "de", "t a k"),
        ("pfeffer", "de", "p f ɛ f ɐ"), ("zhongguo", "zh", "ʈʂ ʊŋ k uo"), ("ni3hao3", "zh", "n i x aʊ"),
        ("lü4", "zh", "l ü"), ("你", "zh", ""), ("bonjour", "fr", "b ɔ ʒ u ʁ"), ("petite", "fr", "p ə t i t"),
        ("вторник", "ru", "f t o r n i k"), ("его", "ru", "j e v o"), ("vaca", "es", "b a k a"),
        ("abuelo", "es", "a β w e l o"), ("guerra", "es", "g e r a"), ("niño", "es", "n i ɲ o"),
        ("gnocchi", "it", "ɲ o k i"), ("ciao", "it", "tʃ a o"), ("irmão", "pt", "i ɾ m ɐ ʊ"),
        ("dzień", "pl", "dʑ ɛ ɲ"), ("chleb", "pl", "x l ɛ p"), ("ağaç", "tr", "a tʃ"), ("lopen", "nl", "l o p ə n"),
        ("नमस्ते", "hi", "n ə m ə s t e"), ("समझाते", "hi", "s ə m dʒ a t e"), ("कंप", "hi", "k ə m p"),
        ("صباح", "ar", "s V* b a ħ"), ("합니다", "ko", "h a m n i t a"), ("μπορώ", "el", "b o r o"), ("สวัสดี", "th", ""),
    ],
)  # fmt: skip
def test_other_languages(word: str, language: str, sounds: str) -> None:
    assert spell(word, language) == sounds.split()


def test_kana_hear_what_follows() -> None:
    said = [" ".join(own) for own in kana_sounds(list("きょうさんぽでんわコーヒー"))]
    assert said == ["k", "j o", "ɯᵝ", "s a", "m", "p o", "d e", "ɴ", "w a", "k o", "", "ç i", ""]


def test_only_known_sounds_come_out() -> None:
    for code in range(0x80, 0x1000):
        for language in ("de", "zh", "fr", "ru", "hi", "ja"):
            for name in spell(f"a{chr(code)}b", language):
                sound(name)
