"""Words as sets of hashed letter groups, so that a word never seen in training still has a vector."""

from __future__ import annotations

import unicodedata
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gengine.errors import GengineError

BUCKETS = 4096
LONGEST = 12


@lru_cache(maxsize=32768)
def subword_ids(word: str, buckets: int = BUCKETS, longest: int = LONGEST) -> NDArray[np.int64]:
    """Ids ``(1..longest,)`` of ``word``: the whole word first, then its letter groups (fastText, Bojanowski 2017).

    The word is lower-cased, freed of punctuation at its ends and framed as ``<word>``; ``<word>`` itself and its
    groups of 3 to 5 characters are hashed into 1 .. ``buckets`` - 1 (CRC-32 of the UTF-8 bytes, the same on every
    machine). Groups that begin earliest are kept where there are more than ``longest``, so that forms of one stem
    share them. A word without letters and digits has the one id 0, which nothing else has. The array is read-only;
    a word's vector is the mean of its ids' rows.
    """
    if buckets < 2 or longest < 1:
        raise GengineError(f"subword_ids: buckets {buckets}, longest {longest}; expected at least 2 and 1")
    text = plain_word(word)
    hashed = [1 + zlib.crc32(group.encode()) % (buckets - 1) for group in _groups(text)] if text else [0]
    ids = np.array(list(dict.fromkeys(hashed))[:longest], np.int64)
    ids.setflags(write=False)
    return ids


def plain_word(word: str) -> str:
    """``word`` in lower case with plain apostrophes, without punctuation at its ends; "" where nothing is left."""
    text = unicodedata.normalize("NFKC", word).lower().replace("’", "'")
    first, last = 0, len(text)
    while first < last and not text[first].isalnum():
        first += 1
    while last > first and not (text[last - 1].isalnum() or unicodedata.category(text[last - 1])[0] == "M"):
        last -= 1
    return text[first:last]


def _groups(text: str) -> list[str]:
    framed = f"<{text}>"
    count = len(framed)
    groups = [framed[k : k + n] for k in range(count) for n in (3, 4, 5) if k + n <= count and n < count]
    return [framed, *groups]
