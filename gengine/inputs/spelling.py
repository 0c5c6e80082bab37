"""Letter-to-sound rules of languages that are written about as they are spoken.

``data/spelling.csv`` lists what letters say, the longest entry that fits from left to right, "_" a word's edge, by each
language's published orthography; French and Portuguese are rougher than Spanish, Italian, Polish or Turkish. Scripts
of syllables (kana, Hangul, Devanagari) follow from Unicode's order. The result is for finding words in a sound and for
moving lips, not a pronouncing dictionary.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import resources

from gengine.inputs.sounds import ANY_VOWEL, sound

_ALPHABETS = (("cyrillic", "\u0400", "\u052f"), ("greek", "\u0370", "\u03ff"), ("arabic", "\u0600", "\u06ff"))
"""Alphabets whose letters have one table for all languages: the table, its first and last letter."""


@cache
def _tables() -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    path = resources.files("gengine.inputs") / "data" / "spelling.csv"
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            tables.setdefault(row["language"], {})[row["letters"]] = row["sounds"]
    return tables


def spell(word: str, language: str) -> list[str]:
    """Approximate sounds of a word in another language than English; [] where its script is not known.

    Names are those of ``gengine.inputs.sounds.sound``.
    """
    word = unicodedata.normalize("NFC", word.lower())
    for script, first, last in _ALPHABETS:
        if any(first <= c <= last for c in word):
            said = _longest(word, _tables()[script])
            return _voweled(said) if script == "arabic" else said
    for reads, letters in ((_kana, "\u3041-\u30ff"), (_hangul, "\uac00-\ud7a3"), (_devanagari, "\u0900-\u097f")):
        if re.search(f"[{letters}]", word):
            return reads(word)
    table = _tables().get(language) or _tables()["latin"]
    own = set("".join(table))
    kept = "".join(c if c in own else ascii_letters(c) for c in word)
    if language == "zh":  # tone digits and apostrophes part the syllables
        return [s for part in re.split(r"[\d'’]+", kept) for s in _longest(re.sub(r"[^a-zü]", "", part), table)]
    return _longest("".join(c for c in kept if c.isalpha()), table)


def _longest(word: str, table: dict[str, str]) -> list[str]:
    if not word:
        return []
    padded, at, sounds = f"_{word}_", 0, []
    longest = max(map(len, table))
    while at < len(padded):
        for size in range(min(longest, len(padded) - at), 0, -1):
            said = table.get(padded[at : at + size])
            if said is not None:
                sounds += [s for s in said.split() if s != "_"]
                # An edge may begin one entry and end another: "_el" and "el_".
                at += size - (size > 1 and padded[at + size - 1] == "_" and at + size < len(padded))
                break
        else:
            at += 1
    return merged(sounds)


def merged(sounds: Iterable[str]) -> list[str]:
    """Doubled letters are one sound."""
    result: list[str] = []
    for sound_name in sounds:
        if not result or result[-1] != sound_name:
            result.append(sound_name)
    return result


def ascii_letters(text: str) -> str:
    """Letters without their marks, as far as ASCII has them."""
    text = text.lower().replace("ß", "ss").replace("œ", "oe").replace("æ", "ae").replace("ø", "o").replace("ł", "l")
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _voweled(sounds: list[str]) -> list[str]:
    """Arabic leaves out short vowels: between two consonants there may be any."""
    result: list[str] = []
    for before, name in zip(["a", *sounds], sounds, strict=False):
        consonants = not sound(before).vowel and not sound(name).vowel
        result += [ANY_VOWEL, name] if consonants and result else [name]
    return result


# ---- kana

_KANA_ROWS = (("かきくけこ", "k"), ("さしすせそ", "s"), ("たちつてと", "t"), ("なにぬねの", "n"), ("はひふへほ", "h"),
              ("まみむめも", "m"), ("らりるれろ", "ɾ"), ("がぎぐげご", "g"), ("ざじずぜぞ", "z"), ("だぢづでど", "d"),
              ("ばびぶべぼ", "b"), ("ぱぴぷぺぽ", "p"), ("あいうえお", ""), ("ぁぃぅぇぉ", ""), ("ゃゐゅゑょ", "j"),
              ("や\0ゆ\0よ", "j"), ("わ\0\0\0を", "w"))  # fmt: skip
_KANA_ODD = {"し": "ɕ i", "ち": "tɕ i", "つ": "t s ɯᵝ", "ふ": "ɸ ɯᵝ", "じ": "dʑ i", "ぢ": "dʑ i", "づ": "d z ɯᵝ",
             "ひ": "ç i", "を": "o", "ゔ": "v ɯᵝ"}  # fmt: skip
_KANA_VOWELS = ("a", "i", "ɯᵝ", "e", "o")
_SMALL = "ゃゅょぁぃぅぇぉ"
_PALATAL = ("ɕ", "tɕ", "dʑ", "dʒ", "ç")


@cache
def _kana_table() -> dict[str, list[str]]:
    table = {
        letter: [*consonant.split(), vowel]
        for row, consonant in _KANA_ROWS
        for letter, vowel in zip(row, _KANA_VOWELS, strict=True)
    }
    return table | {letter: said.split() for letter, said in _KANA_ODD.items()}


def _kana(word: str) -> list[str]:
    return merged(name for own in kana_sounds(list(word)) for name in own)


def kana_sounds(letters: list[str]) -> list[list[str]]:
    """Sounds of each kana in its context: "ん" closes the lips before P, B and M; "っ" and "ー" only lengthen.

    Other characters say nothing. Small kana take the vowel of the letter before them.
    """
    plain = [chr(ord(c) - 0x60) if "\u30a1" <= c <= "\u30f6" else c for c in letters]
    said: list[list[str]] = []
    for k, letter in enumerate(plain):
        own = list(_kana_table().get(letter, []))
        if letter == "ん":
            following = _kana_table().get(plain[k + 1] if k + 1 < len(plain) else "", [""])[0]
            own = ["m"] if following in ("p", "b", "m") else ["ɴ"]
        before = said[-1] if said else []
        if letter in _SMALL and len(before) > 1 and before[-1] in ("i", "ɯᵝ", "e"):
            before.pop()
            own = own[1:] if before[-1] in _PALATAL and own[0] == "j" else own
        said.append(own)
    return said


# ---- Hangul: 19 initials x 21 vowels x 28 finals, in Unicode's order

_INITIALS = "k k n t t ɾ m p p s s  tɕ tɕ tɕ k t p h".split(" ")
_MEDIALS = ("a", "ɛ", "j a", "j ɛ", "ʌ", "e", "j ʌ", "j e", "o", "w a", "w ɛ", "w e", "j o", "u", "w ʌ", "w e", "w i",
            "j u", "ɯ", "ɯ i", "i")  # fmt: skip
_FINALS = ("", "k", "k", "k s", "n", "n", "n", "t", "l", "l k", "l m", "l b", "l", "l", "l p", "l", "m", "p", "p", "t",
           "t", "ŋ", "t", "t", "k", "t", "p", "t")  # fmt: skip


def _hangul(word: str) -> list[str]:
    sounds: list[str] = []
    for c in word:
        number = ord(c) - 0xAC00
        if 0 <= number < 11_172:
            initial, medial, final = number // 588, number // 28 % 21, number % 28
            before = _INITIALS[initial].split()
            if before and before[0] in ("n", "m") and sounds and sounds[-1] in ("p", "t", "k"):
                sounds[-1] = {"p": "m", "t": "n", "k": "ŋ"}[sounds[-1]]  # "-pn-" is said "-mn-"
            sounds += [*before, *_MEDIALS[medial].split(), *_FINALS[final].split()]
    return merged(sounds)


# ---- Devanagari: a consonant says a schwa after it, unless a vowel sign, a virama or the word's end follows

_CONSONANTS = dict(zip("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहळ",
                       "k k g g ŋ tʃ tʃ dʒ dʒ ɲ ʈ ʈ ɖ ɖ n t t d d n p p b b m j r l ʋ ʃ ʃ s h ɭ".split(),
                       strict=True)) | {"ड़": "ɽ", "ढ़": "ɽ"}  # fmt: skip
_VOWEL_SIGNS = dict(zip("ािीुूृेैोौॅॉ", "a i i u u ri e ɛ o ɔ ɛ ɔ".split(), strict=True))
_LETTERS = dict(zip("अआइईउऊऋएऐओऔऑ", "ə a i i u u ri e ɛ o ɔ ɔ".split(), strict=True))
_VIRAMA, _NUKTA, _NASAL = "\u094d", "\u093c", "\u0902"


def _devanagari(word: str) -> list[str]:
    sounds: list[str] = []
    letters = unicodedata.normalize("NFD", word).replace(_NUKTA, "")
    for k, c in enumerate(letters):
        following = letters[k + 1] if k + 1 < len(letters) else ""
        vowel = _VOWEL_SIGNS.get(c) or _LETTERS.get(c)
        if vowel:
            sounds += ["r", "i"] if vowel == "ri" else [vowel]
        elif c in _CONSONANTS:
            sounds.append(_CONSONANTS[c])
            if following and following != _VIRAMA and following not in _VOWEL_SIGNS:
                sounds.append("ə")
        elif c == _NASAL:
            labial = _CONSONANTS.get(following) in ("p", "b", "m")
            sounds += ["m"] if labial else ["n"] if following in _CONSONANTS else []
    return merged(_without_schwa(sounds))


def _without_schwa(sounds: list[str]) -> list[str]:
    """Hindi drops a schwa between a vowel and consonant before, a consonant and vowel after (Ohala 1983)."""
    result = list(sounds)
    for k in range(len(sounds) - 3, 1, -1):
        around = [sound(n).vowel for n in (result[k - 2], result[k - 1], result[k + 1], result[k + 2])]
        if result[k] == "ə" and around == [True, False, False, True]:
            del result[k]
    return result
