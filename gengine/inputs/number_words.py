"""Numbers as words, by num2words: bare words in lower case, English without "and" or hyphens."""

from __future__ import annotations

import re

COUNTED_OUT = 10**15
"""From here on a number is read digit by digit: nobody says quadrillions."""

YEARS = range(1100, 2100)
"""Whole numbers of four digits that are read as years ("nineteen eighty four", "neunzehnhundertvierundachtzig")."""

_PINYIN = "ling yi er san si wu liu qi ba jiu".split()
"""Mandarin's digits: num2words has no Mandarin, and digit by digit is how phone numbers and years are read."""


def cardinal(n: int, language: str = "en") -> list[str]:
    """45 gives forty five, fünfundvierzig, quarante cinq; English words for languages that num2words lacks."""
    return digits(str(n), language) if n >= COUNTED_OUT or language == "zh" else _words(n, language, "cardinal")


def ordinal(n: int, language: str = "en") -> list[str]:
    """21 gives twenty first, einundzwanzigste."""
    return _words(n, language, "ordinal")


def year(n: int, language: str = "en") -> list[str]:
    """1984 gives nineteen eighty four; 2007 two thousand seven; 2024 twenty twenty four; 1999 in German
    neunzehnhundertneunundneunzig. Numbers outside ``YEARS`` are said as such."""
    as_year = n in YEARS and language in ("en", "de", "nl")
    return _words(n, language, "year") if as_year else cardinal(n, language)


def digits(text: str, language: str = "en") -> list[str]:
    """Digit by digit; other signs are passed over."""
    numbers = [int(c) for c in text if c.isascii() and c.isdigit()]
    if language == "zh":
        return [_PINYIN[n] for n in numbers]
    return [word for n in numbers for word in _words(n, language, "cardinal")]


def _words(n: int, language: str, form: str) -> list[str]:
    from num2words import CONVERTER_CLASSES, num2words

    code = language if language in CONVERTER_CLASSES else "en"
    said = num2words(n, lang=code, to=form).lower()
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", said)
    return [w for w in words if w != "and"] if code == "en" else words
