"""Phone symbols of every notation."""

from __future__ import annotations

import pytest

from gengine.inputs.phone_symbols import ARPABET, EXTENDED, SILENCE, UNKNOWN, VOWELS, normalise, notation


@pytest.mark.parametrize(
    ("symbol", "kind", "expected"),
    [
        ("AA1", "arpabet", [("AA", 1)]),
        ("aa0", "arpabet", [("AA", 0)]),
        ("hh_B", "arpabet", [("HH", -1)]),
        ("ax", "arpabet", [("AH", -1)]),
        ("sp", "arpabet", [(SILENCE, -1)]),
        ("<p:>", "sampa", [(SILENCE, -1)]),
        ("spn", "arpabet", [(UNKNOWN, -1)]),
        ("%%", "ipa", [(UNKNOWN, -1)]),
        ("tʰ", "ipa", [("T", -1)]),
        ("t̪", "ipa", [("T", -1)]),
        ("ˈiː", "ipa", [("IY", 1)]),
        ("əw", "ipa", [("OW", -1)]),
        ("t͡ʃ", "ipa", [("CH", -1)]),
        ("dʒ", "ipa", [("JH", -1)]),
        ("n̩", "ipa", [("N", -1)]),
        ("øː", "ipa", [("ø", -1)]),
        ("ç", "ipa", [("ç", -1)]),
        ("tɕʰ", "ipa", [("ɕ", -1)]),
        ("a˥˩", "ipa", [("a", -1)]),
        ("pf", "ipa", [("P", -1), ("F", -1)]),
        ("S", "arpabet", [("S", -1)]),
        ("S", "sampa", [("SH", -1)]),
        ("2:", "sampa", [("ø", -1)]),
        ("aI", "sampa", [("AY", -1)]),
        ("tS", "sampa", [("CH", -1)]),
        ("6", "sampa", [("ɐ", -1)]),
        ("i:", "sampa", [("IY", -1)]),
    ],
)
def test_normalise(symbol: str, kind: str, expected: list[tuple[str, int]]) -> None:
    assert normalise(symbol, kind) == expected


def test_notation_is_told_from_the_whole_tier() -> None:
    assert notation(["DH", "AH0", "S", "T", ""]) == "arpabet"
    assert notation(["dh", "ax", "s", "t", "sil"]) == "arpabet"
    assert notation(["d", "ɪ", "s", "t"]) == "ipa"
    assert notation(["d", "I", "S", "2:", "@"]) == "sampa"
    assert notation([]) == "arpabet"


def test_everything_comes_out_in_one_alphabet() -> None:
    known = ARPABET | EXTENDED | {SILENCE, UNKNOWN}
    assert VOWELS <= known
    for kind in ("arpabet", "ipa", "sampa"):
        for code in [*range(33, 127), *range(0xE6, 0x2AF)]:
            assert all(symbol in known for symbol, _ in normalise(chr(code), kind))
