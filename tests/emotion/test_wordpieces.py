"""Texts as word pieces: BERT's cuts, and what a pruned vocabulary makes of the rest."""

from __future__ import annotations

import pytest

from gengine.emotion.wordpieces import WordPieces, split
from gengine.errors import FormatError

ALWAYS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def test_words_and_signs() -> None:
    assert split("I'm NOT naïve, ok?!") == ["i", "'", "m", "not", "naive", ",", "ok", "?", "!"]
    assert split("窗户 x\u200by\tz") == ["窗", "户", "xy", "z"]


def test_longest_pieces_first_and_shorter_ones_of_a_pruned_vocabulary() -> None:
    full = WordPieces([*ALWAYS, "happi", "##ness", "h", "##a", "##p", "##i", "happiness"])
    assert full.numbers(["happiness", "😀"], 9) == [2, 10, 1, 3]
    pruned = WordPieces([*ALWAYS, "happi", "##ness", "h", "##a", "##p", "##i"])
    assert pruned.numbers(["happiness", "hap"], 9) == [2, 4, 5, 6, 7, 8, 3]
    assert pruned.numbers(["happi"] * 20, 6) == [2, 4, 4, 4, 4, 3]
    assert pruned.word("x") == pruned.word("h" * 200) == [1]
    with pytest.raises(FormatError, match="CLS"):
        WordPieces(["[PAD]", "[UNK]", "[SEP]"])
