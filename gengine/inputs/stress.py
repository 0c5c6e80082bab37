"""Which vowel of an English word carries its stress: the aligner's dictionary does not say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gengine.inputs.phone_symbols import VOWELS

_WEAK = frozenset(
    "the of to a an and in for from is are was were be been am will would can could shall should may might must have "
    "has had do does did with at by on or as if than that them us him her his my your our their its it he she we they "
    "i'm it's i you but so into onto there's 'em".split()
)
"""Words that a sentence leaves unstressed."""

_REDUCED = frozenset(("AH", "IH", "IY", "ER"))
_PREFIXES = ("be", "de", "re", "ex", "pre", "per", "pro", "con", "com", "sur", "sub", "sus", "for", "a", "e", "o")
_SHORT_PREFIXES = ("in", "im", "en", "em")

# "-tion", "-sion", "-cial" and "-ic" draw the stress to the vowel before them, "-ity" to the one before that.
_BEFORE = re.compile(r"(?:(?:SH|ZH|CH) AH [NL]|IH K)(?: Z| S| AH L| IY| L IY| AH L IY)?$")
_ITY = re.compile(r"(?:AH|IH) T IY(?: Z)?$")


def stresses(word: str, sounds: Sequence[str]) -> list[int]:
    """0 or 1 for each vowel of a lower-case word, -1 for consonants; at most one 1.

    A rule of thumb: right for 93 % of the words of several syllables in read and free speech (the labels of
    LJ Speech and BEAT); the first vowel would be right for 72 % (``python benchmarks/alignment.py``).
    """
    vowels = [k for k, s in enumerate(sounds) if s in VOWELS]
    result = [0 if k in vowels else -1 for k in range(len(sounds))]
    if vowels and word not in _WEAK:
        result[vowels[_stressed(word, sounds, vowels)]] = 1
    return result


def _stressed(word: str, sounds: Sequence[str], vowels: list[int]) -> int:
    count = len(vowels)
    said = " ".join(sounds)
    ending = _BEFORE.search(said)
    if ending and count > 1:
        before = [i for i, k in enumerate(vowels) if k < len(said[: ending.start()].split())]
        if before:
            return before[-1]
    if count > 2 and _ITY.search(said):
        return count - 3
    first = sounds[vowels[0]]
    hiatus = count > 1 and vowels[1] == vowels[0] + 1  # "being": two vowels in a row
    if count > 1 and first in _REDUCED and not hiatus:
        prefixed = word.startswith(_PREFIXES) and not (first == "ER" and word[0] in "eo") and word[:3] != "oth"
        full_second = sounds[vowels[1]] not in _REDUCED
        if prefixed or (word.startswith(_SHORT_PREFIXES) and (count == 2 or full_second)):
            return 1
    if first == "AH" and word[0] not in "u" and word[1:2] not in ("u", "o", "") and word[:3] != "oth":
        full = [i for i, k in enumerate(vowels) if sounds[k] not in ("AH", "ER")]
        return full[0] if full else 0
    return 0
