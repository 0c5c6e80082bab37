"""Words of other languages than English as they are read aloud: numbers, money, times and signs."""

from __future__ import annotations

import re
import unicodedata

from gengine.inputs.number_words import cardinal, digits, ordinal, year

_POINT = {"de": "komma", "fr": "virgule", "es": "coma", "it": "virgola", "pt": "vírgula", "nl": "komma",
          "pl": "przecinek", "tr": "virgül", "ru": "запятая"}  # fmt: skip
"""Languages whose numbers have a decimal comma and points between thousands, and what they call it."""

_SIGNS: dict[str, dict[str, str]] = {
    "de": {"%": "prozent", "&": "und", "+": "plus", "=": "gleich", "°": "grad", "@": "ät", "-": "minus",
           "§": "paragraf"},
    "fr": {"%": "pour cent", "&": "et", "+": "plus", "=": "égale", "°": "degrés", "@": "arobase", "-": "moins"},
    "es": {"%": "por ciento", "&": "y", "+": "más", "=": "igual a", "°": "grados", "@": "arroba", "-": "menos"},
    "it": {"%": "per cento", "&": "e", "+": "più", "=": "uguale", "°": "gradi", "@": "chiocciola", "-": "meno"},
    "pt": {"%": "por cento", "&": "e", "+": "mais", "=": "igual a", "°": "graus", "@": "arroba", "-": "menos"},
    "nl": {"%": "procent", "&": "en", "+": "plus", "=": "is", "°": "graden", "@": "apenstaartje", "-": "min"},
    "pl": {"%": "procent", "&": "i", "+": "plus", "=": "równa się", "°": "stopni", "@": "małpa", "-": "minus"},
    "tr": {"%": "yüzde", "&": "ve", "+": "artı", "=": "eşittir", "°": "derece", "@": "et", "-": "eksi"},
    "ru": {"%": "процентов", "&": "и", "+": "плюс", "=": "равно", "°": "градусов", "@": "собака", "-": "минус"},
}  # fmt: skip

_MONEY: dict[str, dict[str, tuple[str, str]]] = {
    "de": {"€": ("euro", "euro"), "$": ("dollar", "dollar"), "£": ("pfund", "pfund")},
    "fr": {"€": ("euro", "euros"), "$": ("dollar", "dollars"), "£": ("livre", "livres")},
    "es": {"€": ("euro", "euros"), "$": ("dólar", "dólares"), "£": ("libra", "libras")},
    "it": {"€": ("euro", "euro"), "$": ("dollaro", "dollari"), "£": ("sterlina", "sterline")},
    "pt": {"€": ("euro", "euros"), "$": ("dólar", "dólares"), "£": ("libra", "libras")},
    "nl": {"€": ("euro", "euro"), "$": ("dollar", "dollar"), "£": ("pond", "pond")},
    "pl": {"€": ("euro", "euro"), "$": ("dolar", "dolarów"), "£": ("funt", "funtów")},
    "tr": {"€": ("euro", "euro"), "$": ("dolar", "dolar"), "£": ("sterlin", "sterlin")},
    "ru": {"€": ("евро", "евро"), "$": ("доллар", "долларов"), "£": ("фунт", "фунтов")},
}
"""Names of money, of one and of many."""

_HOUR = {"de": "uhr", "fr": "heures", "nl": "uur"}
"""What stands between hours and minutes."""

_GERMAN_UNITS = {"km": "kilometer", "m": "meter", "cm": "zentimeter", "mm": "millimeter", "kg": "kilogramm",
                 "g": "gramm", "l": "liter", "h": "stunden", "min": "minuten", "s": "sekunden", "ms": "millisekunden",
                 "hz": "hertz", "mio": "millionen", "mrd": "milliarden", "tsd": "tausend"}  # fmt: skip
_GERMAN_ENDINGS = re.compile(r"er[ns]?|fach|mal|s?te[nrsm]?|jährig\w*|prozentig\w*")
"""What is written right behind a figure and is one word with it: "1990er", "3fach"."""

_DATIVE = frozenset("am vom zum beim im den dem des".split())
"""German words after which an ordinal ends in -n."""

DAYS = 31
"""Figures up to here that end in a full stop are ordinals where German text goes on: days, floors, places."""

MOST_DIGITS = 16
"""Figures of so many digits are read digit by digit, as in English."""

_MARKS = "".join(chr(c) for c in range(0x300, 0x1200) if unicodedata.category(chr(c)).startswith("M"))
"""Vowel signs and other marks that stand at letters, from Devanagari's to Thai's."""

_LETTERS = rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*"
_GROUPED = r"\d{1,3}(?:[.'\u202f]\d{3})+(?!\d)(?:,\d+)?"
_FIGURES = rf"{_GROUPED}|\d+(?:[.,]\d+)?"
_PIECE = re.compile(
    rf"(?P<clock>\d{{1,2}}:\d{{2}})(?!\d)|(?P<unit>[€$£])?(?P<number>{_FIGURES})(?P<behind>[€$£])?"
    rf"|(?P<sign>[%&+=°@§€$£])|(?P<letters>{_LETTERS}(?:['’]{_LETTERS})*)"
)
_PINYIN = re.compile(r"(?P<syllable>[^\W\d_]+(?:['’][^\W\d_]+)*\d?)|(?P<number>\d+)")
_SUM = re.compile(r"\d+[.,]\d{2}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")


def foreign_words(written: str, language: str, before: str = "", after: str = "") -> list[str]:
    """The lower-case words that a speaker of ``language`` (ISO 639-1) says for one written word.

    ``before`` and ``after`` are the written words beside it: "3." is an ordinal where German text goes on, and
    "3,50 €" is said "drei Euro fünfzig". Figures of languages that num2words lacks are read in English, Mandarin's
    digit by digit.
    """
    text = written.lower()
    if language == "zh":
        found = _PINYIN.finditer(text)
        return [w for m in found for w in ([m["syllable"]] if m["syllable"] else digits(m["number"], "zh"))]
    if _said_before(text, before, language):
        return []
    said: list[str] = []
    for match in _PIECE.finditer(text):
        if match["clock"]:
            said += _clock(match["clock"], language)
        elif match["number"]:
            said += _figures(match, text, language, before, after)
        elif match["sign"]:
            said += _sign(match["sign"], language)
        else:
            _add_letters(said, match, text, language)
    return said


def _said_before(text: str, before: str, language: str) -> bool:
    """The sign of a sum of money, or the word of the clock, that was said within the figures before it."""
    if text[:1] in _MONEY.get(language, ()):
        return bool(_SUM.fullmatch(before))
    return text.rstrip(".,;:!?") == _HOUR.get(language) and bool(_CLOCK.fullmatch(before))


def _figures(match: re.Match[str], text: str, language: str, before: str, after: str) -> list[str]:
    number, rest = match["number"], text[match.end() :]
    money = match["unit"] or match["behind"] or (after[:1] if _SUM.fullmatch(number) and not rest else "")
    negative = text[: match.start()].lstrip("(„\"'") in ("-", "−")
    said = _sign("-", language) if negative else []
    if money and money in _MONEY.get(language, ()):
        return said + _money(number, money, language)
    if language == "de" and number.isdecimal() and rest[:1] == "." and after and int(number[:9]) <= DAYS:
        return said + [ordinal(int(number), "de")[-1] + "n" * (before.lower() in _DATIVE)]
    whole, fraction = _parts(number)
    said += year(int(whole), language) if len(whole) == 4 and number.isdecimal() else _cardinal(whole, language)
    if fraction:
        said += [_POINT.get(language, "point"), *digits(fraction, language)]
    return said


def _parts(number: str) -> tuple[str, str]:
    """Whole and fraction; points and the like between groups of three digits are left out."""
    if re.fullmatch(_GROUPED, number):
        number = re.sub(r"[.'\u202f]", "", number)
    whole, _, fraction = number.replace(",", ".").partition(".")
    return whole, fraction


def _cardinal(whole: str, language: str) -> list[str]:
    if (whole[0] == "0" and len(whole) > 1) or len(whole) >= MOST_DIGITS:
        return digits("".join(str(int(c)) for c in whole), language)
    return cardinal(int(whole), language)


def _counted(whole: str, language: str) -> list[str]:
    """Before a noun: German says "ein Euro"."""
    words = _cardinal(whole, language)
    return ["ein"] if language == "de" and words == ["eins"] else words


def _money(number: str, sign: str, language: str) -> list[str]:
    whole, fraction = _parts(number)
    one, many = _MONEY[language][sign]
    said = [*_counted(whole, language), one if whole == "1" else many]
    return said + (_cardinal(f"{fraction:0<2}"[:2].lstrip("0") or "0", language) if fraction.strip("0") else [])


def _clock(text: str, language: str) -> list[str]:
    hour, minute = text.split(":")
    said = _counted(str(int(hour)), language) + [w for w in (_HOUR.get(language),) if w]
    return said + (cardinal(int(minute), language) if int(minute) else [])


def _sign(sign: str, language: str) -> list[str]:
    if sign in _MONEY.get(language, ()):
        return [_MONEY[language][sign][1]]
    return _SIGNS.get(language, {}).get(sign, "").split()


def _add_letters(said: list[str], match: re.Match[str], text: str, language: str) -> None:
    """Letters are a word; German ones right behind figures are their unit or their ending."""
    word = match["letters"]
    behind_figures = match.start() > 0 and text[match.start() - 1].isdecimal()
    if language == "de" and behind_figures and said:
        if word in _GERMAN_UNITS:
            word = _GERMAN_UNITS[word]
            said[-1] = "ein" if said[-1] == "eins" else said[-1]
        elif _GERMAN_ENDINGS.fullmatch(word):
            said[-1] += word
            return
    said.append(word)
