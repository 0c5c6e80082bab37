"""Words of a text as hashed TF-IDF features: words and pairs of them, and pieces of words, as scikit-learn counts them.

Words catch what is said, pieces what is misspelled, stretched ("sooo") or unseen. Hashing needs no vocabulary, so the
weights are all there is to ship. Term frequencies are sublinear; each kind has length 1 (Salton & Buckley 1988).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 17
"""Hash values of each of the two kinds: about three times the features that training keeps."""

PIECES = (2, 3, 4)
"""Lengths of pieces of words, characters, the spaces around a word included."""

PIECE_SHARE = 0.7
"""Length of the pieces' vector beside the words' (judgement, as in the prototype that chose it)."""

LONGEST_WORD = 40
"""Characters of a word that are looked at."""

NEGATED = 3
"""Words that a negation turns, at most up to the next sign or "but" (Pang, Lee & Vaithyanathan 2002: all up to it)."""

_TOKEN = re.compile(r"[\w']+|[^\w\s]")
_NEGATION = re.compile(
    r"not?|never|neither|nor|none|nothing|nobody|without|cannot|hardly|barely|\w+n't"
    r"|(?:do|does|did|is|are|was|were|wo|ca|could|would|should|have|has|had|ai)nt"
)
_ENDS_NEGATION = frozenset({"but"})


def tokens(text: str) -> list[str]:
    """Lower-case words and signs without accents."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
    return [t[:LONGEST_WORD] for t in _TOKEN.findall("".join(c for c in plain if not unicodedata.combining(c)))]


def turned(words: list[str], most: int = NEGATED) -> list[bool]:
    """Of each of the ``words`` whether a negation at most ``most`` words before turns it."""
    left, found = 0, []  # words that a negation still turns
    for word in words:
        found.append(False)
        if _NEGATION.fullmatch(word):
            left = most
        elif word in _ENDS_NEGATION or not word[0].isalnum():
            left = 0
        elif left:
            left -= 1
            found[-1] = True
    return found


def terms(words: list[str]) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Kind (0 word or pair, 1 piece), bucket, and the numbers of the ``words`` that each term is made of."""
    for k, (word, other) in enumerate(zip(words, turned(words), strict=True)):
        if k:
            yield 0, _bucket(f"{words[k - 1]} {word}"), (k - 1, k)
        if other:  # it means something else: a feature of its own, and nothing of what its pieces say
            yield 0, _bucket(f"not {word} not"), (k,)
            continue
        yield 0, _bucket(word), (k,)
        padded = f" {word} "
        for size in PIECES:
            for at in range(max(len(padded) - size + 1, 1)):
                yield 1, _bucket(padded[at : at + size]), (k,)


def counts(text: str) -> Counter[int]:
    """How often each feature, ``kind * BUCKETS + bucket``, is in ``text``."""
    return Counter(kind * BUCKETS + bucket for kind, bucket, _ in terms(tokens(text)))


def weighted(found: Counter[int], idf: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Features and their values; ``idf (2 * BUCKETS,)`` is 0 for features that are left out."""
    index = np.fromiter(found, np.int64, len(found))
    value = (1 + np.log(np.fromiter(found.values(), float, len(found)))) * idf[index].astype(np.float64)
    for kind, length in ((0, 1.0), (1, PIECE_SHARE)):
        own = index // BUCKETS == kind
        norm = np.sqrt((value[own] ** 2).sum())
        value[own] *= length / norm if norm > 0 else 0.0
    kept = value > 0
    return index[kept], value[kept]


def _bucket(term: str) -> int:
    return zlib.crc32(term.encode("utf-8")) % BUCKETS
