"""Letters to sounds in other languages than English, by the best means that is installed.

espeak-ng knows about a hundred languages; without it, rules serve those that are written as they are spoken
(``gengine.inputs.letters``). Where neither tells, a word is as many unknown syllables as its letters promise: its place
can be found all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from gengine.inputs.espeak import Sounds, espeak_sounds, speaks
from gengine.inputs.sounds import ANY_CONSONANT, ANY_VOWEL

LETTERS_A_SYLLABLE = 2.5
"""Letters of a syllable where a script's sounds are not known; a Han character is one syllable. Judgement."""

ESPEAK, RULES, UNKNOWN = "espeak-ng", "spelling rules", "unknown"
"""Where the sounds of a text came from."""

_HAN = range(0x3400, 0xA000)
_OWN_RULES = ("ja",)
"""Languages whose script says more by our rules than by espeak-ng, which reads character for character."""


def pronounce(words: Sequence[str], language: str) -> tuple[list[Sounds], str]:
    """Sounds of each written word of a text in order, and their source; never empty for a word that is said.

    Sounds are names for ``gengine.inputs.sounds.sound`` with their stress, 1, 0 or -1.
    """
    from gengine.inputs.foreign import foreign_words

    neighbours = zip(["", *words], words, [*words[1:], ""], strict=False)
    spoken = [foreign_words(word, language, before, after) for before, word, after in neighbours]
    flat = [w for said in spoken for w in said]
    found, source = _sounds(flat, language)
    found = [sounds or _syllables(word) for word, sounds in zip(flat, found, strict=True)]
    rest = iter(found)
    return [tuple(pair for _ in said for pair in next(rest)) for said in spoken], source


def _sounds(words: list[str], language: str) -> tuple[list[Sounds], str]:
    from gengine.inputs.letters import spell

    ruled = [tuple((s, -1) for s in spell(w, language)) for w in words]
    if speaks(language) and language not in _OWN_RULES:
        return [said or rule for said, rule in zip(espeak_sounds(words, language), ruled, strict=True)], ESPEAK
    return ruled, RULES if any(ruled) else UNKNOWN


def _syllables(word: str) -> Sounds:
    """Unknown syllables: a consonant and a vowel each."""
    letters = [c for c in word if c.isalpha()]
    count = sum(ord(c) in _HAN for c in letters) or round(len(letters) / LETTERS_A_SYLLABLE) or 1
    return ((ANY_CONSONANT, -1), (ANY_VOWEL, -1)) * count if letters else ()


def variants(sounds: Sounds, language: str) -> list[Sounds]:
    """Other ways in which the same word is said by many, to be told by ear."""
    return [_assimilated(sounds)] if language == "de" and _assimilated(sounds) != sounds else []


def _assimilated(sounds: Sounds) -> Sounds:
    """German "-ben", "-pen" said "-bm", "-pm": the lips stay closed (Kohler 1995, Einführung in die Phonetik)."""
    names, result, k = [n for n, _ in sounds], [], 0
    while k < len(names):
        result.append(sounds[k])
        if names[k] in ("p", "b") and names[k + 1 : k + 3] == ["ə", "n"]:
            result.append(("m", -1))
            k += 2
        k += 1
    return tuple(result)
