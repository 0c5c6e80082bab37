"""English words as they are read aloud: numbers, money, times, abbreviations and signs."""

from __future__ import annotations

import re
from collections.abc import Callable

from gengine.inputs.number_words import cardinal, digits, ordinal, year

_MONEY = {"$": ("dollar", "dollars", "cent", "cents"), "€": ("euro", "euros", "cent", "cents"),
          "£": ("pound", "pounds", "penny", "pence"), "¥": ("yen", "yen", "sen", "sen")}  # fmt: skip
_SIGNS = {"%": "percent", "&": "and", "@": "at", "+": "plus", "=": "equals", "#": "number", "°": "degrees",
          "€": "euros", "$": "dollars", "£": "pounds", "½": "one half", "¼": "one quarter",
          "¾": "three quarters"}  # fmt: skip
_SHORT = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "prof": "professor", "st": "saint", "jr": "junior",
    "sr": "senior", "vs": "versus", "etc": "et cetera", "eg": "for example", "ie": "that is", "approx": "approximately",
    "dept": "department", "inc": "incorporated", "ltd": "limited", "co": "company", "mt": "mount", "ft": "feet",
    "gen": "general", "col": "colonel", "capt": "captain", "sgt": "sergeant", "rev": "reverend", "hon": "honorable",
    "gov": "governor", "sen": "senator", "rep": "representative", "fig": "figure", "vol": "volume", "jan": "january",
    "feb": "february", "aug": "august", "sept": "september", "sep": "september", "oct": "october", "nov": "november",
    "dec": "december",
}  # fmt: skip
_ALWAYS_SHORT = frozenset(("mr", "mrs", "dr", "prof", "vs", "etc", "ltd", "dept", "approx", "sgt", "capt"))
"""Short forms that are no words of their own, so the point may be missing."""
_UNITS = {"km": "kilometers", "kg": "kilograms", "cm": "centimeters", "mm": "millimeters", "m": "meters",
          "mph": "miles per hour", "hz": "hertz", "khz": "kilohertz", "gb": "gigabytes", "mb": "megabytes", "ms":
          "milliseconds", "s": "seconds", "h": "hours", "min": "minutes", "lb": "pounds", "lbs": "pounds", "am": "a m",
          "pm": "p m", "k": "thousand", "bn": "billion", "ft": "feet", "in": "inches", "c": "celsius"}  # fmt: skip

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_PIECE = re.compile(
    rf"(?P<money>[$€£¥](?:{_NUMBER}))(?P<scale>k|m|bn|million|billion)?(?![a-z\d])"
    r"|(?P<clock>\d{1,2}:\d{2})(?!\d)"
    r"|(?P<ordinal>\d+)(?:st|nd|rd|th)(?![a-z])"
    r"|(?P<decade>\d{2,4})'?s(?![a-z])"
    rf"|(?P<number>{_NUMBER})"
    r"|(?P<sign>[%&@+=#°€$£½¼¾])"
    r"|(?P<dotted>(?:[a-z]\.){2,}[a-z]?)"
    r"|(?P<letters>[^\W\d_]+(?:'[^\W\d_]+)*'?)"
)


def spoken_words(written: str, known: Callable[[str], bool] = lambda word: True) -> list[str]:
    """A written word as the lower-case English words that a speaker says: "$3.50" gives "three dollars fifty".

    ``known`` tells dictionary words; capitals that form none ("HTML") are spelt letter by letter, each as
    "h.", the dictionary's name of a letter.
    """
    text = written.replace("’", "'").replace("‘", "'").replace("`", "'").strip("'\"“”„«»()[]{}…")
    lower = text.lower()
    said: list[str] = []
    number = False
    for match in _PIECE.finditer(lower):
        kind, piece = match.lastgroup, match.group()
        if kind == "scale":
            kind = "money"
        before, after = lower[: match.start()], lower[match.end() :]
        if kind == "money":
            said += _money(match["money"], match["scale"])
        elif kind == "clock":
            said += _clock(match["clock"])
        elif kind == "ordinal":
            said += ordinal(int(match["ordinal"]))
        elif kind == "decade":
            said += _plural(year(int(match["decade"])))
        elif kind == "number":
            negative = bool(re.search(r"(?:^|\s)[-−]$", before))
            ranged = number and re.search(r"\d[-–]$", before)
            said += ["minus"] * negative + ["to"] * bool(ranged) + _number(piece)
        elif kind == "sign":
            said += _SIGNS[piece].split()
        elif kind == "dotted":
            said += _SHORT.get(piece.replace(".", ""), "").split() or [f"{c}." for c in piece if c != "."]
        else:
            said += _letters(piece, text[match.start() : match.end()], after, number, known)
        number = kind == "number"
    return said


def _letters(word: str, original: str, after: str, number: bool, known: Callable[[str], bool]) -> list[str]:
    if number and word in _UNITS:
        return _UNITS[word].split()
    if word in _SHORT and (after.startswith(".") or word in _ALWAYS_SHORT):
        return _SHORT[word].split()
    stem = word.removesuffix("'s")
    capitals = original.isupper() or (original[:-1].isupper() and original.endswith("s"))
    initials = capitals and 1 < len(stem) <= 3 and stem not in _CAPITAL_WORDS
    if initials or (len(stem) > 1 and not re.search("[aeiouy]", stem) and not known(stem)):
        plural = original.endswith("s") and not original.isupper()
        return [f"{c}." for c in (stem[:-1] if plural else stem) if c.isascii()]
    if len(word) == 1 and word not in "ai":
        return [f"{word}."]
    return [word]


_CAPITAL_WORDS = frozenset(
    "i a an the and but for not you me my we us all any big new now no yes oh so up out in on off of to do did "
    "go got get why who how was is are am be it he she his her him has had can may see say let ok too two one "
    "six ten day man men way our own old bad red top hot stop run nasa nato if or at by as".split()
)
"""Short words that people do shout; other capitals of up to three letters are initials."""


def _number(text: str) -> list[str]:
    whole, _, fraction = text.replace(",", "").partition(".")
    if len(whole) > 1 and whole[0] == "0" or len(whole) > 15:
        said = digits(whole)
    elif len(whole) == 4 and "," not in text and not fraction:
        said = year(int(whole))
    else:
        said = cardinal(int(whole))
    return said + (["point", *digits(fraction)] if fraction else [])


def _money(text: str, scale: str | None) -> list[str]:
    one, many, cent, cents = _MONEY[text[0]]
    whole, _, fraction = text[1:].replace(",", "").partition(".")
    if scale:
        names = {"k": "thousand", "m": "million", "bn": "billion"}
        return [*_number(text[1:]), names.get(scale, scale), many]
    said = [*cardinal(int(whole)), one if int(whole) == 1 else many] if int(whole) or not fraction else []
    part = int(f"{fraction:0<2}"[:2]) if fraction else 0
    if part:
        said += cardinal(part) if said else [*cardinal(part), cent if part == 1 else cents]
    return said


def _clock(text: str) -> list[str]:
    hour, minute = (int(part) for part in text.split(":"))
    tail = ["o'clock"] if minute == 0 and 0 < hour <= 12 else []
    if minute:
        tail = (["oh"] if minute < 10 else []) + cardinal(minute)
    return cardinal(hour) + tail


def _plural(words: list[str]) -> list[str]:
    last = words[-1]
    return [*words[:-1], last[:-1] + "ies" if last.endswith("y") else last + ("es" if last.endswith("x") else "s")]
