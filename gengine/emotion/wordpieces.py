"""Texts as word pieces, as BERT's uncased vocabulary cuts them (Wu et al. 2016; Devlin et al. 2019).

A vocabulary may be pruned: a word whose longest pieces are not in it is cut into shorter ones, and only a sign that no
piece spells is unknown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from gengine.errors import FormatError

PAD, UNKNOWN, FIRST, LAST = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
CONTINUED = "##"
"""Before a piece that goes on a word."""
LONGEST_WORD = 100
"""Characters of a word beyond which it is unknown (BERT's)."""


class WordPieces:
    """Numbers of the ``pieces`` that texts are made of."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._number = {piece: k for k, piece in enumerate(pieces)}
        if missing := [p for p in (PAD, UNKNOWN, FIRST, LAST) if p not in self._number]:
            raise FormatError(f"vocabulary of word pieces: lacks {', '.join(missing)}")
        self.pad, self._unknown, self._first, self._last = (self._number[p] for p in (PAD, UNKNOWN, FIRST, LAST))
        self._longest = max(map(len, pieces))

    def numbers(self, words: Sequence[str], most: int) -> list[int]:
        """Of ``words`` (see ``split``): the first, pieces and the last, at most ``most`` of them."""
        inner = [number for word in words for number in self.word(word)]
        return [self._first, *inner[: most - 2], self._last]

    def word(self, word: str) -> list[int]:
        """Of one word: the longest pieces from the left."""
        found: list[int] = []
        at = 0
        while at < len(word) <= LONGEST_WORD:
            prefix = CONTINUED if at else ""
            for end in range(min(len(word), at + self._longest), at, -1):
                number = self._number.get(prefix + word[at:end])
                if number is not None:
                    found.append(number)
                    at = end
                    break
            else:
                return [self._unknown]
        return found or [self._unknown]


def split(text: str) -> list[str]:
    """Lower-case words without accents; signs and Chinese characters stand by themselves."""
    words: list[str] = []
    joins = False  # whether the next letter goes on the last word
    for sign in unicodedata.normalize("NFD", text.lower()):
        kind = unicodedata.category(sign)
        if kind == "Mn" or (kind in ("Cc", "Cf") and not sign.isspace()):
            continue
        if sign.isspace():
            joins = False
        elif kind[0] == "P" or sign in "$+<=>^`|~" or "\u4e00" <= sign <= "\u9fff":
            words.append(sign)
            joins = False
        elif joins:
            words[-1] += sign
        else:
            words.append(sign)
            joins = True
    return words
