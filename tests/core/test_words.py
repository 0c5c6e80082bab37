"""Word tracks."""

from __future__ import annotations

import pytest

from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import GengineError

TRACK = WordTrack(
    (Word("one", 0.0, 0.5), Word("two", 0.5, 1.0), Word("three", 1.2, 1.6)),
    (Phone("W", 0.0, 0.2), Phone("AH", 0.2, 0.5, 1)),
    "en",
    "given",
)


def test_between_keeps_what_touches_with_its_times():
    part = TRACK.between(0.4, 1.2)
    assert [w.text for w in part.words] == ["one", "two"]
    assert part.words[0] == Word("one", 0.0, 0.5)
    assert [p.symbol for p in part.phones] == ["AH"]
    assert (part.language, part.source) == ("en", "given")
    assert TRACK.between(0.5, 0.5) == WordTrack((), (), "en", "given")


def test_shift_moves_everything():
    late = TRACK.shift(2.5)
    assert late.words[2] == Word("three", 3.7, 4.1)
    assert late.phones[1] == Phone("AH", 2.7, 3.0, 1)
    assert late.source == "given"


@pytest.mark.parametrize(
    "words",
    [
        (Word("a", 1.0, 0.5),),
        (Word("a", 0.0, float("nan")),),
        (Word("a", 1.0, 1.5), Word("b", 0.5, 2.0)),
    ],
)
def test_impossible_times_are_errors(words):
    with pytest.raises(GengineError, match=r"WordTrack.words"):
        WordTrack(words)


def test_overlapping_words_in_order_are_fine():
    assert len(WordTrack([Word("a", 0.0, 1.0), Word("b", 0.5, 0.9)]).words) == 2


def test_edges_of_between_are_open_and_closed_as_times_are():
    assert [w.text for w in TRACK.between(0.5, 1.0).words] == ["two"]
    assert [w.text for w in TRACK.between(0.49, 1.0).words] == ["one", "two"]
    assert [w.text for w in TRACK.between(1.0, 1.2).words] == []
    assert [w.text for w in TRACK.between(1.0, 1.21).words] == ["three"]
    assert [p.symbol for p in TRACK.between(0.2, 0.3).phones] == ["AH"]
    assert [p.symbol for p in TRACK.between(0.1, 0.2).phones] == ["W"]


def test_words_may_touch_be_empty_and_begin_together():
    track = WordTrack((Word("a", 1.0, 1.0), Word("b", 1.0, 2.0)))
    assert (track.language, track.source, len(track.phones)) == ("en", "none", 0)
    with pytest.raises(GengineError, match=r"WordTrack.phones: Phone\(symbol='B'.*starts before its neighbour.*'A'"):
        WordTrack((), (Phone("A", 1.0, 2.0), Phone("B", 0.9, 3.0)))
    with pytest.raises(GengineError, match="WordTrack.phones: .* ends before it starts"):
        WordTrack((), (Phone("A", 1.0, 0.9),))


def test_shifted_words_keep_what_they_are():
    moved = TRACK.shift(-1.0)
    assert moved.words[0] == Word("one", -1.0, -0.5) and moved.phones[1] == Phone("AH", -0.8, -0.5, 1)
    assert (moved.language, moved.source) == ("en", "given")
    assert Phone("AA", 0.0, 1.0).stress == -1
