"""How Han characters are read: Mandarin by pypinyin, Japanese by janome, where they are installed.

Both come with the extra ``languages``. Texts without spaces are taken character by character; each keeps its own
sounds, so a transcript stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff々]")
KANA = re.compile("[\u3041-\u30ff]")


def pinyin(characters: Sequence[str]) -> list[str] | None:
    """Each Han character as pinyin with its tone's digit ("hao3"), read in its context; None without pypinyin."""
    if find_spec("pypinyin") is None:
        return None
    from pypinyin import Style, lazy_pinyin

    read = list(characters)
    for first, last in _runs([bool(HAN.fullmatch(c)) for c in characters]):
        said = lazy_pinyin("".join(characters[first:last]), style=Style.TONE3, neutral_tone_with_five=True)
        if len(said) == last - first:
            read[first:last] = said
    return read


def kana(characters: Sequence[str]) -> list[str]:
    """Each character of Japanese text as the kana it is read by; Han characters stay where janome is not installed."""
    if find_spec("janome") is None or not any(map(HAN.search, characters)):
        return list(characters)
    read = list(characters)
    at = 0
    owner = [k for k, c in enumerate(characters) for _ in c]
    for token in _tokenizer().tokenize("".join(characters)):
        surface, said = token.surface, token.phonetic
        if KANA.search(said) and (HAN.search(surface) or len(surface) == 1):
            for k, part in zip(range(at, at + len(surface)), _shared(surface, said), strict=True):
                read[owner[k]] = part
        at += len(surface)
    return read


def _shared(surface: str, said: str) -> list[str]:
    """The kana of a token, character by character: its own kana at the end say themselves, the rest is shared out."""
    tail = 0
    while tail < len(surface) - 1 and tail < len(said) - 1 and _same(surface[-1 - tail], said[-1 - tail]):
        tail += 1
    head, rest = said[: len(said) - tail], len(surface) - tail
    borders = [round(k * len(head) / rest) for k in range(rest + 1)]
    return [head[a:b] for a, b in zip(borders, borders[1:], strict=False)] + list(said[len(said) - tail :])


def _same(written: str, said: str) -> bool:
    """Whether a letter is that katakana, in either kana."""
    return written == said or ("\u3041" <= written <= "\u3096" and ord(written) + 0x60 == ord(said))


def _runs(marks: Sequence[bool]) -> list[tuple[int, int]]:
    """First and end index of each run of true marks."""
    edges = [k for k, (a, b) in enumerate(zip([False, *marks], [*marks, False], strict=True)) if a != b]
    return list(zip(edges[::2], edges[1::2], strict=True))


@cache
def _tokenizer() -> Any:
    """janome's, with its dictionary (IPADIC); loading takes about 0.3 s."""
    from janome.tokenizer import Tokenizer

    return Tokenizer()
