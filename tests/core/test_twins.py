"""Copies of what a session remembers: neither hears what the other is given."""

from __future__ import annotations

from collections import deque
from copy import deepcopy

from gengine.core.speaker import Speaker
from gengine.core.twins import flat_twin
from gengine.encoders.pitch import PitchMedian


class Remembers:
    """Numbers in containers, and one thing that changes by itself."""

    def __init__(self) -> None:
        self.rows, self.recent, self.seen = [1.0], deque([2.0], maxlen=3), {"a": 3.0}
        self.median = PitchMedian()

    __deepcopy__ = flat_twin


def test_twins_go_their_own_ways():
    first = Remembers()
    first.median.follow(100.0, 1.0)
    twin = deepcopy(first)
    twin.rows.append(0.0)
    twin.recent.append(0.0)
    twin.seen["b"] = 0.0
    assert twin.median.follow(200.0, 1.0) == 200.0
    assert (first.rows, list(first.recent), first.seen) == ([1.0], [2.0], {"a": 3.0})
    assert first.median.follow(90.0, 1.0) == 100.0 and twin.recent.maxlen == 3


def test_what_never_changes_has_no_twin():
    speaker = Speaker.named("orator")
    assert deepcopy(speaker) is speaker
