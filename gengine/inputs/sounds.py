"""Sounds of any language: which mouth target they have, and as which of the recogniser's phones they are heard.

``data/sounds.csv`` lists IPA's sounds (International Phonetic Association, chart of 2020; values of diphthongs and of
espeak-ng's own signs by its documentation) with the nearest symbol that has a mouth target and the English phones that
share tongue and lips with them, nearest first. Phones that German sounds are heard as are those that the recogniser
learned for them (``gengine.data.speech.GERMAN``); the others are judgement, checked by ``benchmarks/languages.py``.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from gengine.encoders.phones import CLASS_OF, PHONES
from gengine.inputs.phone_symbols import ARPABET, ENGLISH_VOWELS, SILENCE

NEXT_BEST = 0.6
"""Weight of each further phone that a sound may be heard as, of the one before it. Judgement."""

SAME_LIPS = 0.05
"""Weight of the phones that share its lip class alone. Judgement."""

ANY_VOWEL, ANY_CONSONANT = "V*", "C*"
"""Sounds of words whose spelling does not tell: some vowel, some consonant."""


@dataclass(frozen=True, eq=False)
class Sound:
    """``symbol`` of its mouth target ("" where only the ear can tell), ``heard (40,)`` weights by ``PHONES``."""

    name: str
    symbol: str
    heard: NDArray[np.float32]

    @property
    def vowel(self) -> bool:
        """Whether it is heard as a vowel."""
        return PHONES[int(self.heard.argmax())] in ENGLISH_VOWELS


@cache
def _table() -> dict[str, Sound]:
    table = {p: Sound(p, p, _weights([p])) for p in PHONES}
    path = resources.files("gengine.inputs") / "data" / "sounds.csv"
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            table[row["sound"]] = Sound(row["sound"], row["symbol"], _weights(row["heard"].split()))
    vowels = np.array([p in ENGLISH_VOWELS for p in PHONES])
    silent = np.array([p == SILENCE for p in PHONES])
    table[ANY_VOWEL] = Sound(ANY_VOWEL, "", vowels.astype(np.float32))
    table[ANY_CONSONANT] = Sound(ANY_CONSONANT, "", (~vowels & ~silent).astype(np.float32))
    return table


def _weights(heard: list[str]) -> NDArray[np.float32]:
    weights = np.zeros(len(PHONES), np.float32)
    for rank, phone in enumerate(heard):
        weights[PHONES.index(phone)] = NEXT_BEST**rank
    kin = np.isin(CLASS_OF, CLASS_OF[[PHONES.index(p) for p in heard[:1]]])
    return np.maximum(weights, SAME_LIPS * kin).astype(np.float32)


def sound(name: str) -> Sound:
    """The sound of that IPA sign, ARPAbet or ``EXTENDED`` symbol; KeyError where there is none."""
    return _table()[name]


_STRESS = {"ˈ": 1, "ˌ": 0}
_MARKS = re.compile(r"[\u0300-\u036f\u1d2c-\u1d6a\u1dc0-\u1dffʰʱʲʷˠˤⁿˡ˞ˀˑː˥˦˧˨˩ʼ'\-^.\"|‿0-9]")
"""What may stand at a sign and changes neither lips nor, much, what is heard: length, tone, breath, place."""

_SPLIT = {"ts": "t s", "dz": "d z", "pf": "p f", "ks": "k s", "cç": "k ç", "ɟʝ": "ɟ", "tɬ": "t l", "ʌu": "oʊ",
          "ɑu": "aʊ", "au": "aʊ", "ai": "aɪ", "ɑi": "aɪ", "ei": "eɪ", "ou": "oʊ", "əʊ": "oʊ", "ɔy": "ɔɪ", "ɔi": "ɔɪ",
          "oi": "ɔɪ", "ɪə": "i", "eə": "ɛ", "ʊə": "ʊ", "ɡ": "g", "l̩": "ə l", "n̩": "ə n", "əl": "ə l", "ɛɪ": "eɪ",
          "ɛi": "eɪ", "o̞o̞": "o", "ee": "e", "oo": "o", "aa": "a", "ii": "i", "uu": "u", "iu": "j u",
          "ʈɽ": "t", "s.": "ʂ", "ts.": "ʈʂ", "ts.h": "ʈʂ", "i.": "ɿ", "ph": "p",
          "th": "t", "kh": "k", "tɕh": "tɕ", "tsh": "t s", "ss": "s", "ʌʊ": "aʊ"}  # fmt: skip
"""Signs that stand for others, or for several sounds one after the other."""


@cache
def read_ipa(sign: str) -> tuple[tuple[str, int], ...]:
    """One IPA sign, marks and all, as (name for ``sound``, stress) pairs; () where it says nothing of lips.

    Stress is 1 or 0 for vowels that bear a mark, -1 else.
    """
    sign = unicodedata.normalize("NFD", sign.strip())
    stress = next((_STRESS[c] for c in sign if c in _STRESS), -1)
    sign = sign.replace("ˈ", "").replace("ˌ", "").replace("͡", "")
    for form in (sign, unicodedata.normalize("NFC", _MARKS.sub("", sign))):
        form = unicodedata.normalize("NFC", form)
        names = _SPLIT.get(form, form).split()
        if names and all(n in _table() and n not in ARPABET for n in names):
            break
    else:
        names = _pieces(unicodedata.normalize("NFC", _MARKS.sub("", sign)))
    return tuple((n, stress if sound(n).vowel else -1) for n in names)


def _pieces(sign: str) -> list[str]:
    """An unlisted sequence ("iɛ", "ŋg") read by its longest listed parts; letters that are none are passed over."""
    names: list[str] = []
    at = 0
    while at < len(sign):
        for size in (2, 1):
            part = _SPLIT.get(sign[at : at + size], sign[at : at + size])
            if len(sign) - at >= size and all(n in _table() and n not in ARPABET for n in part.split()):
                names += part.split()
                at += size
                break
        else:
            at += 1
    return names
