"""Where English words begin in letters without blanks between them, by the recogniser's language model."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

Piece = tuple[str, float, float | None]

LONGEST_WORD = 20
"""Letters."""

ENOUGH = 12
"""So many letters in a row without a blank are more than a word where none of the whole text has one."""

_LATIN = re.compile(r"[A-Za-z'’]+")


def parted(pieces: list[Piece]) -> list[Piece]:
    """Pieces of one character each, with a blank before every word where the text has none at all.

    Some services leave blanks out of the characters that they give times for. Other scripts than Latin, and texts with
    blanks, stay as they are. A word ends at punctuation and at a pause; between these where the words of English that
    the recogniser's model knows make the likeliest sentence.
    """
    text = "".join(p[0] for p in pieces)
    if any(len(p[0]) != 1 or p[0].isspace() for p in pieces) or len(text) < ENOUGH:
        return pieces
    latin = sum(c.isascii() and c.isalpha() for c in text)
    if latin < 0.7 * len(text) or any(c.isspace() for c in text):
        return pieces
    borders: set[int] = set()
    at = 0
    while at < len(pieces):
        end = at + 1
        # A run goes on while characters follow one another at once; behind punctuation the next word begins.
        while (
            end < len(pieces)
            and pieces[end][1] - (pieces[end - 1][2] or pieces[end][1]) < 0.02
            and not (text[end - 1] in ",.;:!?…" and text[end].isalpha())
        ):
            end += 1
        borders.add(at)
        for match in _LATIN.finditer(text[at:end]):
            position = at + match.start()
            for word in words_of(match[0]):
                if position > at + match.start():
                    borders.add(position)
                position += len(word)
        at = end
    made: list[Piece] = []
    for k, piece in enumerate(pieces):
        made += [(" ", piece[1], piece[1]), piece] if k in borders else [piece]
    return made


def words_of(letters: str) -> list[str]:
    """The likeliest English words that ``letters`` are without their blanks."""
    model, lower = _model(), letters.lower().replace("’", "'")
    best: list[tuple[float, int, str]] = [(0.0, 0, "<s>")]
    for end in range(1, len(letters) + 1):
        choices = []
        for start in range(max(0, end - LONGEST_WORD), end):
            word = lower[start:end]
            choices.append((best[start][0] + model(word, best[start][2]), start, word))
        best.append(max(choices))
    words, end = [], len(letters)
    while end:
        start = best[end][1]
        words.append(letters[start:end])
        end = start
    return words[::-1]


UNKNOWN = -12.0
"""Log probability of each letter of a word that is not known: a last resort (judgement)."""

RAREST = -20.0
"""Log probability of a word of the dictionary that the model lacks (judgement: its rarest have -16)."""

LOG_BASE = 1e-4
"""PocketSphinx counts probabilities in logarithms to the base 1.0001."""


@cache
def _model() -> Any:
    """Log probability of a word behind another one, by the language model that PocketSphinx brings."""
    from pocketsphinx import Decoder

    decoder = Decoder(loglevel="FATAL")
    model = decoder.get_lm()

    def score(word: str, before: str) -> float:
        if decoder.lookup_word(word) is None or (len(word) == 1 and word not in "aio"):
            return UNKNOWN * len(word)
        return max(LOG_BASE * model.prob([word, before]), RAREST)

    return score
