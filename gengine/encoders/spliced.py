"""Phones heard in the sound, with those of recognised words in their place where words are known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from gengine.core.words import Phone

SHORTEST_REST = 0.03
"""What is left of a heard sound beside a word goes to its neighbours up to this length, seconds: no sound that moves
the lips is so short."""

LEAST_REST = 0.5
"""... and of a sound that is no silence, up to this share of it: then it is the word's own first or last sound."""


class SplicedPhones:
    """Heard phones in, phones out, gap-free as they came: ``known`` ones (sorted) stand in place of what was heard
    there. What comes out depends on the phones alone, not on how they are cut into pushes.
    """

    def __init__(self, known: Iterable[Phone]) -> None:
        self._known = deque(known)
        self._at = 0.0

    def push(self, heard: Iterable[Phone]) -> list[Phone]:
        """What takes the place of the next ``heard`` phones. A known phone is handed out once a heard one reaches it,
        and may end after it."""
        out: list[Phone] = []
        for phone in heard:
            while self._known and self._known[0].start < phone.end:
                self._place(phone, out)
            rest, whole = phone.end - self._at, phone.end - phone.start
            least = SHORTEST_REST if phone.symbol == "sil" else max(SHORTEST_REST, LEAST_REST * whole)
            if self._at <= phone.start or rest > least:
                out.append(replace(phone, start=self._at))
                self._at = phone.end
        return out

    def _place(self, heard: Phone, out: list[Phone]) -> None:
        """The next known phone, and before it what ``heard`` leaves."""
        known = self._known.popleft()
        if known.start - self._at > SHORTEST_REST:
            out.append(replace(heard, start=self._at, end=known.start))
            self._at = known.start
        if known.end > self._at:
            out.append(replace(known, start=self._at))
            self._at = known.end
