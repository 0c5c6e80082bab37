"""Signs of IPA become sounds with mouth targets, and are heard as English phones with the same lips."""

from __future__ import annotations

import pytest

from gengine.encoders.phones import CLASS_OF, CLASSES, PHONES
from gengine.inputs.phone_symbols import ARPABET, EXTENDED
from gengine.inputs.sounds import _table, read_ipa, sound


@pytest.mark.parametrize(
    ("sign", "names"),
    [
        ("ˈyː", "y"), ("ts", "t s"), ("tʃʰ", "tʃ"), ("ɑ̃", "ɑ"), ("iɛ", "i ɛ"), ("ɡ", "g"), ("s.", "ʂ"), ("ʔ", ""),
        ("bʲ", "b"),        ("ɔø", "ɔø"), ("o̞", "o"), ("t͡ɕ", "tɕ"),
    ],
)  # fmt: skip
def test_signs(sign: str, names: str) -> None:
    assert [name for name, _ in read_ipa(sign)] == names.split()


def test_stress_is_a_vowels() -> None:
    assert read_ipa("ˈa") == (("a", 1),) and read_ipa("ˌa") == (("a", 0),) and read_ipa("a") == (("a", -1),)
    assert read_ipa("ˈb") == (("b", -1),)


@pytest.mark.parametrize(
    ("name", "symbol", "lips"),
    [("y", "y", "round"), ("ø", "ø", "round"), ("p", "P", "bilab"), ("β", "V", "labdent"), ("ɾ", "D", "tongue"),
     ("ç", "ç", "postalv"), ("ɯ", "IH", "round")],
)  # fmt: skip
def test_lips_of_foreign_sounds(name: str, symbol: str, lips: str) -> None:
    assert sound(name).symbol == symbol
    assert list(CLASSES)[CLASS_OF[sound(name).heard.argmax()]] == lips


def test_every_sound_has_a_target_and_an_ear() -> None:
    for name, one in _table().items():
        assert name.endswith("*") or one.symbol in ARPABET | EXTENDED | {"sil"}
        assert one.heard.shape == (len(PHONES),) and one.heard.max() == 1
