"""Phone symbols of every common notation, brought to one: ARPAbet without digits, plus stress.

Sounds that English lacks keep the IPA symbol under which the mouth targets list them (``EXTENDED``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from gengine.core.words import Phone

ARPABET = frozenset(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()
)
ENGLISH_VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
VOWELS = ENGLISH_VOWELS | frozenset("y ø œ oː eː ɐ ɿ ü ɤ uo a u ʊŋ".split())

EXTENDED = frozenset("y ø œ oː eː ç x ʁ ɐ ɕ ʂ ɻ ɿ ü ɤ uo a u ʊŋ".split())
"""German and Mandarin sounds with mouth targets of their own (phone_arkit_targets.csv)."""

SILENCE = "sil"
UNKNOWN = "spn"
"""Speech whose sounds the aligner could not name (Kaldi's and MFA's "spoken noise")."""

_SILENT = frozenset(("", "sil", "sp", "pau", "<sil>", "<eps>", "<p:>", "<p>", "silence", "_", "#", "h#", "<s>", "</s>",
                     "sp1", "<usb>", "nib"))  # fmt: skip
_NOISE = frozenset(("spn", "<unk>", "nsn", "+nsn+", "+spn+", "+noise+", "<nib>", "?", "<noise>", "oov"))

_TIMIT = {"ax": "AH", "axr": "ER", "ix": "IH", "ux": "UW", "dx": "D", "nx": "N", "el": "L", "em": "M", "en": "N",
          "eng": "NG", "hv": "HH", "ax-h": "AH", "wh": "W", "bcl": "B", "dcl": "D", "gcl": "G", "pcl": "P",
          "tcl": "T", "kcl": "K", "epi": SILENCE, "q": SILENCE}  # fmt: skip

_IPA = {
    "ɑ": "AA", "ɒ": "AO", "æ": "AE", "ʌ": "AH", "ə": "AH", "ɔ": "AO", "ɛ": "EH", "ɜ": "ER", "ɝ": "ER", "ɚ": "ER",
    "ɪ": "IH", "i": "IY", "ʊ": "UH", "ʉ": "UW", "ɨ": "IH", "ɵ": "UH", "ɘ": "EH", "ɯ": "UH", "a": "a", "u": "UW",
    "e": "eː", "o": "oː", "y": "y", "ʏ": "y", "ø": "ø", "œ": "œ", "ɐ": "ɐ", "ɤ": "ɤ", "ɿ": "ɿ", "ʅ": "ɿ",
    "aɪ": "AY", "ai": "AY", "aj": "AY", "aʊ": "AW", "au": "AW", "aw": "AW", "eɪ": "EY", "ei": "EY", "ej": "EY",
    "oʊ": "OW", "ow": "OW", "əʊ": "OW", "əw": "OW", "ou": "OW", "ɔɪ": "OY", "ɔj": "OY", "ɔʏ": "OY", "ɔy": "OY",
    "ɔø": "OY", "eə": "EH", "ɪə": "IY", "ʊə": "UH", "uo": "uo", "ʊŋ": "ʊŋ",
    "p": "P", "b": "B", "m": "M", "ɱ": "M", "f": "F", "v": "V", "ʋ": "V", "ɸ": "F", "β": "V", "θ": "TH", "ð": "DH",
    "t": "T", "d": "D", "ʈ": "T", "ɖ": "D", "n": "N", "ɲ": "N", "ɳ": "N", "l": "L", "ɫ": "L", "ʎ": "L", "ɭ": "L",
    "ɾ": "D", "r": "R", "ɹ": "R", "ɻ": "ɻ", "ʐ": "ɻ", "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH", "tʃ": "CH", "dʒ": "JH",
    "ʂ": "ʂ", "tʂ": "ʂ", "ʈʂ": "ʂ", "ɕ": "ɕ", "ʑ": "ɕ", "tɕ": "ɕ", "dʑ": "ɕ", "ç": "ç", "x": "x", "χ": "x", "ɣ": "x",
    "ħ": "HH", "ʁ": "ʁ", "ʀ": "ʁ", "k": "K", "g": "G", "ɡ": "G", "c": "K", "ɟ": "G", "q": "K", "ŋ": "NG", "j": "Y",
    "ɥ": "y", "w": "W", "ʍ": "W", "h": "HH", "ɦ": "HH", "ʔ": SILENCE, "pf": "P F", "ts": "T S", "dz": "D Z",
}  # fmt: skip

_SAMPA = {  # German SAMPA where it differs from IPA's own letters (Wells 1997)
    "I": "ɪ", "E": "ɛ", "E:": "ɛ", "O": "ɔ", "U": "ʊ", "Y": "ʏ", "9": "œ", "2": "ø", "2:": "ø", "6": "ɐ", "@": "ə",
    "A": "ɑ", "A:": "ɑ", "Q": "ɒ", "V": "ʌ", "{": "æ", "3": "ɜ", "3:": "ɜ", "@U": "əʊ", "aI": "aɪ", "aU": "aʊ",
    "OY": "ɔʏ", "OI": "ɔɪ", "eI": "eɪ", "oU": "oʊ", "S": "ʃ", "Z": "ʒ", "C": "ç", "N": "ŋ", "T": "θ", "D": "ð",
    "I@": "ɪə", "e@": "eə", "U@": "ʊə", "r=": "ɚ",
    "tS": "tʃ", "dZ": "dʒ", "R": "ʁ", "?": "ʔ", "a:": "a", "i:": "i", "u:": "u", "o:": "o", "e:": "e", "y:": "y",
}  # fmt: skip

_MARKS = re.compile(r"[ˈˌ'\"ʰʲʷˠˤ˞˥˦˧˨˩ˀ̯̪̩̥̃̚͡ˑː:ʼ̝̞̟̠̬̆-]|\d+$")


MOSTLY = 0.9
"""Share of a tier's symbols that are ARPAbet where it is written so; the rest are marks of its own. Judgement."""


def notation(symbols: Iterable[str]) -> str:
    """Which notation a whole tier is written in: ``"arpabet"``, ``"ipa"`` or ``"sampa"``.

    One symbol cannot tell ("S" is a hiss in ARPAbet, "sh" in SAMPA), the set can.
    """
    used = {s.strip() for s in symbols} - _SILENT - _NOISE
    if not used:
        return "arpabet"
    arpabet = sum(_arpabet(s) is not None for s in used)
    if arpabet >= MOSTLY * len(used) and (any(len(s) > 1 for s in used) or len(used) < 4):
        return "arpabet"
    if any(ord(c) > 127 for s in used for c in s):
        return "ipa"
    return "sampa"


def normalise(symbol: str, notation: str = "arpabet") -> list[tuple[str, int]]:
    """One symbol as (ARPAbet or ``EXTENDED`` symbol, stress) pairs; affricates like "pf" give two.

    Stress is 0, 1 or 2 where the symbol carries it, else -1. Silence gives ``"sil"``; what cannot be read
    gives ``UNKNOWN``.
    """
    symbol = unicodedata.normalize("NFC", symbol.strip())
    if symbol.lower() in _SILENT:
        return [(SILENCE, -1)]
    if symbol.lower() in _NOISE and not (notation == "sampa" and symbol == "?"):
        return [(UNKNOWN, -1)]
    if notation == "arpabet":
        found = _arpabet(symbol)
        if found:
            return [found]
        # Sounds that English lacks stand among ARPAbet's as IPA has them.
        return [(s, -1) for s in (symbol if symbol in EXTENDED else _IPA.get(symbol, UNKNOWN)).split()]
    if symbol in EXTENDED:
        return [(symbol, -1)]
    stress = 1 if symbol[0] in "ˈ'\"" else 2 if symbol[0] == "ˌ" else -1
    if notation == "sampa":
        symbol = symbol.strip("'\"")
        symbol = _SAMPA.get(symbol) or _SAMPA.get(symbol.rstrip(":")) or symbol
    decomposed = unicodedata.normalize("NFD", symbol)
    for form in (symbol, unicodedata.normalize("NFC", _MARKS.sub("", decomposed)), _MARKS.sub("", symbol)):
        if form in _IPA:
            return [(s, stress if s in VOWELS else -1) for s in _IPA[form].split()]
    found = _arpabet(symbol)
    if found:
        return [found]
    # An unlisted sequence ("ŋg", "iau"): read its letters one by one.
    letters = [_IPA[c] for c in _MARKS.sub("", decomposed) if c in _IPA]
    return [(s, stress) for s in " ".join(letters).split()] or [(UNKNOWN, -1)]


def phones_from(intervals: Sequence[tuple[float, float, str]], kind: str | None = None) -> list[Phone]:
    """Phones from (start s, end s, symbol) in whatever notation the whole tier is written; stress as far as it says.

    ``kind`` is that notation ("arpabet", "ipa" or "sampa") where it is known.

    A symbol that stands for several sounds ("pf") shares its time out evenly among them.
    """
    kind = kind or notation(label for *_, label in intervals)
    found: list[Phone] = []
    for start, end, label in intervals:
        parts = normalise(label, kind)
        step = (end - start) / len(parts)
        found += [Phone(s, start + k * step, start + (k + 1) * step, stress) for k, (s, stress) in enumerate(parts)]
    return found


def _arpabet(symbol: str) -> tuple[str, int] | None:
    """``"AA1"``, ``"aa1"``, ``"hh_B"`` (Kaldi's place in the word) and TIMIT's extra symbols."""
    match = re.fullmatch(r"([A-Za-z-]+)([0-2])?(?:_[BIES])?", symbol)
    if not match:
        return None
    name, digit = match.groups()
    name = name.upper() if name.upper() in ARPABET else _TIMIT.get(name.lower(), "")
    if not name:
        return None
    return name, int(digit) if digit and name in VOWELS else -1
