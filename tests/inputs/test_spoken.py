"""Numbers and short forms are read aloud as people do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gengine.inputs.letters import english_sounds, spell
from gengine.inputs.phone_symbols import ARPABET, EXTENDED
from gengine.inputs.spoken import cardinal, foreign_words, german_cardinal, ordinal, spoken_words, year


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("“Hello!”", "hello"), ("don't", "don't"), ("I’m", "i'm"), ("well-known", "well known"),
        ("5", "five"), ("42", "forty two"), ("100", "one hundred"), ("1,234", "one thousand two hundred thirty four"),
        ("1984", "nineteen eighty four"), ("2007,", "two thousand seven"), ("2024", "twenty twenty four"),
        ("1905", "nineteen oh five"), ("1900", "nineteen hundred"), ("1990s", "nineteen nineties"),
        ("3.14", "three point one four"), ("007", "zero zero seven"), ("-5", "minus five"), ("10-20", "ten to twenty"),
        ("1st", "first"), ("22nd", "twenty second"), ("30th", "thirtieth"), ("12th", "twelfth"),
        ("$5", "five dollars"), ("$1", "one dollar"), ("$3.50", "three dollars fifty"), ("$0.99", "ninety nine cents"),
        ("£2m", "two million pounds"), ("50%", "fifty percent"), ("10:30", "ten thirty"), ("5:00", "five o'clock"),
        ("12:05", "twelve oh five"), ("Mr.", "mister"), ("Mrs", "missus"), ("Dr.", "doctor"), ("etc.", "et cetera"),
        ("e.g.", "for example"), ("U.S.", "u. s."), ("BBC", "b. b. c."), ("TVs", "t. v."),
        ("NO!", "no"), ("STOP", "stop"), ("COVID-19", "covid nineteen"), ("mp3", "m. p. three"), ("&", "and"),
        ("5km", "five kilometers"), ("90°", "ninety degrees"), ("Jan.", "january"), ("mar", "mar"), ("...", ""),
    ],
)  # fmt: skip
def test_spoken(written: str, said: str) -> None:
    listed = {"stop", "january", "mar", "well", "known", "hello"}
    assert " ".join(spoken_words(written, lambda word: word in listed)) == said


def test_every_number_can_be_said() -> None:
    for n in [*range(2200), 10**6, 10**9 + 7, 987_654_321_012]:
        assert cardinal(n) and all(word.isalpha() for word in cardinal(n) + ordinal(n) + year(n))
    assert len({" ".join(cardinal(n)) for n in range(2200)}) == 2200
    assert spoken_words("9" * 40) == ["nine"] * 40


@given(st.text(max_size=30), st.sampled_from(["en", "de", "zh", "fr"]))
@settings(deadline=None)
def test_any_text_can_be_said(written: str, language: str) -> None:
    said = spoken_words(written) if language == "en" else foreign_words(written, language)
    assert all(word and not word.isspace() and " " not in word for word in said)
    for word in said:
        assert set(english_sounds(word)) <= ARPABET and set(spell(word, language)) <= ARPABET | EXTENDED


def test_german_numbers() -> None:
    assert german_cardinal(45) == "fünfundvierzig" and german_cardinal(1121) == "eintausendeinhunderteinundzwanzig"
    assert foreign_words("21-mal,", "de") == ["einundzwanzig", "mal"]
    assert foreign_words("ni3hao3", "zh") == ["ni3", "hao3"]
