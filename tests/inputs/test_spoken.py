"""Numbers and short forms are read aloud as people do."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gengine.inputs.foreign import foreign_words
from gengine.inputs.letters import english_sounds
from gengine.inputs.number_words import cardinal, ordinal, year
from gengine.inputs.phone_symbols import ARPABET
from gengine.inputs.sounds import ANY_VOWEL, sound
from gengine.inputs.spelling import spell
from gengine.inputs.spoken import spoken_words


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
@example("فق", "en")  # between two consonants of Arabic stands some vowel, only the ear can tell which
@settings(deadline=None)
def test_any_text_can_be_said(written: str, language: str) -> None:
    said = spoken_words(written) if language == "en" else foreign_words(written, language)
    assert all(word and not word.isspace() and " " not in word for word in said)
    for word in said:
        assert set(english_sounds(word)) <= ARPABET
        assert all(sound(name).symbol or name == ANY_VOWEL for name in spell(word, language))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("21", "einundzwanzig"), ("1.000.000", "eine million"), ("2.500.000", "zwei millionen fünfhunderttausend"),
        ("1984", "neunzehnhundertvierundachtzig"), ("2024.", "zweitausendvierundzwanzig"),
        ("1990er", "neunzehnhundertneunziger"), ("21-mal,", "einundzwanzig mal"), ("3fach", "dreifach"),
        ("3,14", "drei komma eins vier"), ("0,5", "null komma fünf"), ("-5", "minus fünf"), ("007", "null null sieben"),
        ("50%", "fünfzig prozent"), ("3,50€", "drei euro fünfzig"), ("1€", "ein euro"), ("€5", "fünf euro"),
        ("10:30", "zehn uhr dreißig"), ("1:00", "ein uhr"), ("5km", "fünf kilometer"), ("1m", "ein meter"),
        ("Covid-19", "covid neunzehn"), ("§", "paragraf"), ("&", "und"), ("Straße", "straße"),
    ],
)  # fmt: skip
def test_german(written: str, said: str) -> None:
    assert " ".join(foreign_words(written, "de")) == said


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Am 3. Oktober", "am dritten oktober"), ("Der 21. Mann", "der einundzwanzigste mann"),
        ("Es waren 3.", "es waren drei"), ("für 3,50 € weg", "für drei euro fünfzig weg"),
        ("um 10:30 Uhr.", "um zehn uhr dreißig"), ("um 10 Uhr", "um zehn uhr"), ("kostet 5 €", "kostet fünf euro"),
    ],
)  # fmt: skip
def test_german_beside_other_words(sentence: str, said: str) -> None:
    words = ["", *sentence.split(), ""]
    beside = zip(words, words[1:], words[2:], strict=False)
    assert " ".join(w for before, word, after in beside for w in foreign_words(word, "de", before, after)) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "vingt et un|trois virgule un quatre|cinquante pour cent|cinq euros|deux mille"),
        ("es", "veintiuno|tres coma uno cuatro|cincuenta por ciento|cinco euros|dos mil"),
        ("it", "ventuno|tre virgola uno quattro|cinquanta per cento|cinque euro|duemila"),
        ("pt", "vinte e um|três vírgula um quatro|cinquenta por cento|cinco euros|dois mil"),
        ("nl", "eenentwintig|drie komma één vier|vijftig procent|vijf euro|tweeduizend"),
        ("pl", "dwadzieścia jeden|trzy przecinek jeden cztery|pięćdziesiąt procent|pięć euro|dwa tysiące"),
        ("ru", "двадцать один|три запятая один четыре|пятьдесят процентов|пять евро|две тысячи"),
    ],
)
def test_other_languages(language: str, said: str) -> None:
    written = ("21", "3,14", "50%", "5€", "2.000")
    assert "|".join(" ".join(foreign_words(w, language)) for w in written) == said


def test_german_numbers() -> None:
    assert cardinal(45, "de") == ["fünfundvierzig"] and cardinal(1121, "de") == ["eintausendeinhunderteinundzwanzig"]
    assert foreign_words("21-mal,", "de") == ["einundzwanzig", "mal"]
    assert foreign_words("ni3hao3", "zh") == ["ni3", "hao3"]
