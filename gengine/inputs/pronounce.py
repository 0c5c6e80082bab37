"""Letters to sounds in other languages than English, by the best means that is installed.

espeak-ng knows about a hundred languages; without it, rules serve those that are written as they are spoken
(``gengine.inputs.spelling``). Where neither tells, a word is as many unknown syllables as its letters promise: its
place can be found all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from gengine.inputs.espeak import Sounds, espeak_sounds, speaks
from gengine.inputs.sounds import ANY_CONSONANT, ANY_VOWEL

LETTERS_A_SYLLABLE = 2.5
"""Letters of a syllable where a script's sounds are not known; a Han character is one syllable. Judgement."""

MORAS_A_KANJI = 1.8
"""Syllables of a Han character in Japanese, where its reading is not known. Judgement."""

ESPEAK, RULES, UNKNOWN = "espeak-ng", "spelling rules", "unknown"
"""Where the sounds of a text came from."""

_HAN = range(0x3400, 0xA000)


def pronounce(words: Sequence[str], language: str) -> tuple[list[Sounds], str]:
    """Sounds of each written word of a text in order, and their source; never empty for a word that is said.

    Sounds are names for ``gengine.inputs.sounds.sound`` with their stress, 1, 0 or -1.
    """
    from gengine.inputs.foreign import foreign_words

    neighbours = zip(["", *words], words, [*words[1:], ""], strict=False)
    spoken = [foreign_words(word, language, before, after) for before, word, after in neighbours]
    flat = [w for said in spoken for w in said]
    found, source = _SCRIPTS.get(language, _sounds)(flat, language)
    found = [_syllables(word, language) if own is None else own for word, own in zip(flat, found, strict=True)]
    rest = iter(found)
    return [tuple(pair for _ in said for pair in next(rest)) for said in spoken], source


def _sounds(words: list[str], language: str) -> tuple[list[Sounds | None], str]:
    """Sounds of each word, None where they are not known."""
    from gengine.inputs.spelling import spell

    ruled = [tuple((s, -1) for s in spell(w, language)) for w in words]
    if speaks(language):
        said = espeak_sounds(words, language)
        return [own or rule or None for own, rule in zip(said, ruled, strict=True)], ESPEAK
    return [own or None for own in ruled], RULES if any(ruled) else UNKNOWN


def _mandarin(words: list[str], language: str) -> tuple[list[Sounds | None], str]:
    from gengine.inputs.readings import pinyin

    read = pinyin(words)
    sounds, source = _sounds(read or words, language)
    return sounds, f"pypinyin, {source}" if read else source


def _japanese(words: list[str], _language: str) -> tuple[list[Sounds | None], str]:
    """By rules alone: espeak-ng 1.51 reads kana letter by letter and no Han characters."""
    from gengine.inputs.readings import HAN, KANA, kana
    from gengine.inputs.spelling import kana_sounds, spell

    read = kana(words)
    letters = [(c, k) for k, said in enumerate(read) for c in said]
    sounds: list[list[str]] = [[] for _ in words]
    for (_, k), own in zip(letters, kana_sounds([c for c, _ in letters]), strict=True):
        sounds[k] += own
    result: list[Sounds | None] = []
    for said, own in zip(read, sounds, strict=True):
        own = own or ([] if HAN.search(said) else spell(said, "latin"))
        lengthens = bool(KANA.search(said)) or not said
        result.append(tuple((n, -1) for n in own) if own or lengthens else None)
    source = "janome" if any(map(HAN.search, words)) and read != words else RULES
    return result, source if any(result) else UNKNOWN


_SCRIPTS = {"zh": _mandarin, "ja": _japanese}
"""Languages that are written without spaces, by what reads them."""


def _syllables(word: str, language: str) -> Sounds:
    """Unknown syllables: a consonant and a vowel each."""
    letters = [c for c in word if c.isalpha()]
    han = sum(ord(c) in _HAN for c in letters)
    count = round(han * (MORAS_A_KANJI if language == "ja" else 1)) or round(len(letters) / LETTERS_A_SYLLABLE) or 1
    return ((ANY_CONSONANT, -1), (ANY_VOWEL, -1)) * count if letters else ()


def variants(sounds: Sounds, language: str) -> list[Sounds]:
    """Other ways in which the same word is said by many, to be told by ear."""
    other = {"de": _assimilated, "es": _weakened}.get(language)
    return [other(sounds)] if other and other(sounds) != sounds else []


def _assimilated(sounds: Sounds) -> Sounds:
    """German "-ben", "-pen" said "-bm", "-pm": the lips stay closed (Kohler 1995, Einführung in die Phonetik)."""
    names, result, k = [n for n, _ in sounds], [], 0
    while k < len(names):
        result.append(sounds[k])
        if names[k] in ("p", "b", "P", "B") and names[k + 1 : k + 3] in (["ə", "n"], ["AH", "N"]):
            result.append(("m", -1))
            k += 2
        k += 1
    return tuple(result)


def _weakened(sounds: Sounds) -> Sounds:
    """Spanish B and V at a word's beginning do not close the lips behind a vowel (Navarro Tomás 1918)."""
    return (("β", -1), *sounds[1:]) if sounds and sounds[0][0] == "b" else sounds
